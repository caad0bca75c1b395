//! Videos of many kinds, each damaged in many ways, read in every order in a process of their own.

use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use motionscope::video::{Geometry, MotionVectorReader, Sizes, VideoReader};
use rayon::prelude::*;

use super::corruption::corrupt;
use super::recipes::{self, Recipe};

/// Names the file with the list of videos that the reading process goes through.
const LIST: &str = "MOTIONSCOPE_HOSTILE_LIST";
/// Damaged copies of each kind in the whole campaign.
const COPIES: &str = "MOTIONSCOPE_HOSTILE_COPIES";
/// Longest time that a process may work on one file, seconds of its processor time.
const LONGEST_SECS: f64 = 10.0;
/// The same in seconds of the clock, for a process that waits for ever.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// Most memory for a video of 320×240, bytes.
const MOST_BYTES: u64 = 1 << 30;

#[test]
fn a_sample_of_damaged_videos_is_read_or_refused() {
    let copies = 2;
    let kinds: Vec<Recipe> = recipes::all().into_iter().step_by(7).collect();
    let read = campaign(&kinds, copies, 0);
    assert!(read.kinds >= 10, "only {} kinds could be written", read.kinds);
    assert!(read.opened > 0 && read.refused > 0, "{read:?}");
}

#[test]
#[ignore = "the whole campaign takes an hour: just hostile"]
fn every_kind_of_damaged_video_is_read_or_refused() {
    let copies = std::env::var(COPIES).ok().and_then(|count| count.parse().ok()).unwrap_or(50);
    let read = campaign(&recipes::all(), copies, 1);
    println!("{read:?}");
    assert!(read.kinds >= 200, "only {} kinds could be written; install an FFmpeg with more encoders", read.kinds);
}

/// Reads the files of the list; not a test by itself, but the process that the campaign watches.
#[test]
#[ignore = "reads the list of another test"]
fn reads_listed_videos() {
    let Some(list) = std::env::var_os(LIST) else { return };
    let mut output = std::io::stdout();
    for path in std::fs::read_to_string(list).unwrap().lines() {
        forget_peak_memory();
        writeln!(output, "\nHOSTILE begin {path}").unwrap();
        let said = match read_in_every_order(Path::new(path)) {
            Ok(frames) => format!("read {frames}"),
            Err(sentence) => format!("refused {sentence}"),
        };
        writeln!(output, "HOSTILE end {} {said}", peak_memory()).unwrap();
        output.flush().unwrap();
    }
}

/// Numbers of one campaign.
#[derive(Debug, Default)]
struct Tally {
    kinds: usize,
    opened: usize,
    refused: usize,
    peak_bytes: u64,
    slowest_secs: f64,
}

fn campaign(kinds: &[Recipe], copies: u64, first_seed: u64) -> Tally {
    let seed = |place: usize| first_seed + place as u64 * copies;
    let read: Vec<_> = kinds
        .par_iter()
        .enumerate()
        .filter_map(|(place, recipe)| damage_and_read(*recipe, seed(place)..seed(place) + copies))
        .collect();
    let mut tally = Tally::default();
    let mut faults = Vec::new();
    for (of_kind, proofs) in read {
        tally.add(&of_kind);
        faults.extend(proofs);
    }
    assert!(faults.is_empty(), "{}\n{tally:?}", faults.join("\n"));
    tally
}

/// Reads a file of one kind, whole and damaged by each of `seeds`; what was counted and the faults. `None` where this FFmpeg
/// lacks the encoder or refuses the combination.
fn damage_and_read(recipe: Recipe, seeds: Range<u64>) -> Option<(Tally, Vec<String>)> {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join(recipe.name());
    recipe.write(&whole).ok()?;
    let bytes = std::fs::read(&whole).unwrap();
    let mut files = vec![whole];
    for seed in seeds {
        let path = folder.path().join(format!("{}-{seed}", recipe.name()));
        std::fs::write(&path, corrupt(&bytes, seed)).unwrap();
        files.push(path);
    }
    let mut tally = Tally { kinds: 1, ..Tally::default() };
    let faults = watch(&files, &mut tally).iter().map(keep_proof).collect(); // While the folder is there.
    println!("{}: {tally:?}", recipe.name());
    Some((tally, faults))
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.kinds += other.kinds;
        self.opened += other.opened;
        self.refused += other.refused;
        self.peak_bytes = self.peak_bytes.max(other.peak_bytes);
        self.slowest_secs = self.slowest_secs.max(other.slowest_secs);
    }
}

/// A file that the reading process did not survive, or not as it should.
struct Fault {
    path: PathBuf,
    what: String,
}

/// Keeps the file of a fault beside the temporary files of the system, and names it.
fn keep_proof(fault: &Fault) -> String {
    let folder = std::env::temp_dir().join("motionscope-hostile");
    let kept = folder.join(fault.path.file_name().unwrap_or_default());
    let copied = std::fs::create_dir_all(&folder).and_then(|()| std::fs::copy(&fault.path, &kept).map(|_| ()));
    format!(
        "{}: {} ({})",
        fault.path.display(),
        fault.what,
        copied.map_or("not kept".into(), |()| kept.display().to_string())
    )
}

/// Has `files` read by processes, each continuing after the file that ended the one before.
fn watch(files: &[PathBuf], tally: &mut Tally) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut left = files;
    while !left.is_empty() {
        let list = tempfile::NamedTempFile::new().unwrap();
        let lines: Vec<String> = left.iter().map(|path| path.display().to_string()).collect();
        std::fs::write(list.path(), lines.join("\n")).unwrap();
        let mut child = start(list.path());
        let lines = lines_of(&mut child);
        let mut done = 0;
        let end = loop {
            match watch_one(&mut child, &lines, &left[done..], tally) {
                Step::Done(fault) => {
                    faults.extend(fault);
                    done += 1;
                }
                Step::Ended => break None,
                Step::Hung => break Some("hangs".to_owned()),
            }
        };
        let _ = child.kill(); // It may have ended by itself.
        let status = child.wait().unwrap();
        if done < left.len() {
            let what = end.unwrap_or_else(|| format!("ends the program ({status})"));
            faults.push(Fault { path: left[done].clone(), what });
            done += 1;
        }
        left = &left[done..];
    }
    faults
}

enum Step {
    /// The file is through, perhaps with a fault.
    Done(Option<Fault>),
    /// The process is no more.
    Ended,
    /// The process works or waits for too long.
    Hung,
}

fn watch_one(child: &mut Child, lines: &Receiver<String>, left: &[PathBuf], tally: &mut Tally) -> Step {
    let (began, used) = (Instant::now(), processor_secs(child.id()));
    loop {
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => {
                let Some(said) = line.strip_prefix("HOSTILE end ") else { continue };
                tally.slowest_secs = tally.slowest_secs.max(processor_secs(child.id()) - used);
                return Step::Done(judge(said, &left[0], tally));
            }
            Err(RecvTimeoutError::Disconnected) => return Step::Ended,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if processor_secs(child.id()) - used > LONGEST_SECS || began.elapsed() > LONGEST_WAIT {
            return Step::Hung;
        }
    }
}

/// Counts what was said of a file; a fault where it took too much memory or the refusal is no sentence.
fn judge(said: &str, path: &Path, tally: &mut Tally) -> Option<Fault> {
    let (bytes, said) = said.split_once(' ')?;
    let bytes: u64 = bytes.parse().unwrap();
    tally.peak_bytes = tally.peak_bytes.max(bytes);
    let fault = |what: String| Some(Fault { path: path.to_owned(), what });
    if bytes > MOST_BYTES {
        return fault(format!("takes {} MiB", bytes >> 20));
    }
    if let Some(sentence) = said.strip_prefix("refused ") {
        tally.refused += 1;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        return if sentence.contains(&*name) { None } else { fault(format!("is not named in “{sentence}”")) };
    }
    tally.opened += 1;
    None
}

fn start(list: &Path) -> Child {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", "hostile::videos::reads_listed_videos", "--ignored", "--nocapture"]);
    process.env(LIST, list).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    process.spawn().unwrap()
}

fn lines_of(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let output = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    receiver
}

/// Opens a video and reads its frames forward, backward, at random, and its motion vectors.
fn read_in_every_order(path: &Path) -> Result<usize, String> {
    let sentence = |error: motionscope::error::Error| error.to_string().replace('\n', " ");
    let sizes = Sizes { display_max: 320, scaled: vec![Geometry { width: 32, height: 24 }] };
    let mut reader = VideoReader::open(path, sizes).map_err(sentence)?;
    let frames = reader.info().frames;
    assert!(frames > 0, "a video without frames was opened");
    // Damaged time stamps may claim any number of frames; the ends and the middle stand for all.
    let looked_at: Vec<usize> = (0..frames.min(40)).chain(frames.saturating_sub(10)..frames).collect();
    let random = looked_at.iter().enumerate().map(|(place, _)| looked_at[place * 7 % looked_at.len()]);
    for index in looked_at.iter().copied().chain(looked_at.iter().rev().copied()).chain(random) {
        // A file that breaks off in the middle may refuse later frames, in a sentence.
        if let Err(error) = reader.frame(index) {
            return Err(sentence(error));
        }
    }
    if let Ok(mut vectors) = MotionVectorReader::open(path) {
        let _ = (0..vectors.frames().min(10)).try_for_each(|index| vectors.vectors(index).map(|_| ()));
    }
    Ok(frames)
}

/// Processor time of a process and its threads, seconds; 0 once it has ended.
fn processor_secs(process: u32) -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0; // As Linux has it on every machine of ours.
    let Ok(text) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { return 0.0 };
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS_PER_SECOND
}

/// Lets the kernel measure the peak of memory from now on.
fn forget_peak_memory() {
    let _ = std::fs::write("/proc/self/clear_refs", "5"); // Not permitted everywhere; then the peak is that of all files.
}

/// Largest memory of this process, bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}
