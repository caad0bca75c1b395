//! `kill -9` at random moments: what is found afterwards is a state that was committed, and never a mixture.
//!
//! Fifty kills run with the other tests; `MOTIONSCOPE_KILLS=1000`, which `just kill` sets, runs as many as it says.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use motionscope::cli::bench::fixture;
use motionscope::labels::{ClassId, Facts, Label, Opened, Project, Settings, Video, VideoId, edits};
use motionscope::output::Existing;
use motionscope::video::{Geometry, Sizes, VideoReader, VideoWriter};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::cli::program;
use crate::video::{coded_picture, read_code};

/// Where the writers below write.
const TARGET: &str = "MOTIONSCOPE_KILLED_TARGET";
/// How often all campaigns together kill.
const KILLS: &str = "MOTIONSCOPE_KILLS";
/// Videos of the project that is labelled and saved.
const VIDEOS: usize = 40;
/// Classes of that project.
const CLASSES: usize = 3;

/// So many of fifty kills, or of as many as are asked for.
fn kills(of_fifty: usize) -> usize {
    let all: usize = env::var(KILLS).ok().and_then(|count| count.parse().ok()).unwrap_or(50);
    all * of_fifty / 50
}

/// A process of this test binary that runs one of the writers below.
fn writer(name: &str, target: &Path) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([&format!("hostile::kills::{name}"), "--exact", "--ignored", "--nocapture"]);
    command.env(TARGET, target).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().unwrap()
}

fn target() -> Option<PathBuf> {
    env::var_os(TARGET).map(PathBuf::from)
}

fn say(words: &str) {
    let mut output = std::io::stdout();
    writeln!(output, "\n{words}").unwrap();
    output.flush().unwrap();
}

/// Kills the process and returns the last number that it said was done.
fn kill_and_hear(child: &mut Child, heard: impl Iterator<Item = String>, mut last: usize) -> usize {
    let _ = child.kill(); // It may have ended by itself.
    for line in heard {
        last = done(&line).unwrap_or(last);
    }
    child.wait().unwrap();
    last
}

fn done(line: &str) -> Option<usize> {
    line.strip_prefix("done ")?.parse().ok()
}

fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok)
}

/// A project of [`VIDEOS`] videos and [`CLASSES`] classes that have been looked into.
fn create(dir: &Path) {
    let mut project = Project::create(dir, Settings::default()).unwrap();
    for class in 0..CLASSES {
        let (_, step) = edits::add_class(project.document(), &format!("class{class}")).unwrap();
        project.perform(step).unwrap();
    }
    let videos = (0..VIDEOS).map(|number| {
        let facts = Facts {
            frames: 300,
            fps: 30.0,
            start_secs: Some(0.0),
            variable_rate: false,
            size: [64, 48],
            bytes: 1000,
            hash: format!("{number:016x}"),
        };
        Video { facts: Some(facts), ..Video::new(format!("clip{number:02}.mp4")) }
    });
    project.perform(edits::add_videos(project.document(), videos.collect())).unwrap();
    project.save().unwrap();
}

/// The first step that labels number `number`: which video, and its class.
fn labelled_at(number: usize) -> (VideoId, ClassId) {
    (VideoId((number % VIDEOS) as u32), ClassId((number / VIDEOS % CLASSES) as u32))
}

/// What the project says after so many steps.
fn labels_after(steps: usize) -> Vec<Option<ClassId>> {
    let mut labels = vec![None; VIDEOS];
    for (video, class) in (1..=steps).map(labelled_at) {
        labels[video.0 as usize] = Some(class);
    }
    labels
}

fn labels_of(project: &Project) -> Vec<Option<ClassId>> {
    let class = |video: &Video| match video.labels.first() {
        Some(Label::Class(class)) => Some(*class),
        _ => None,
    };
    project.document().videos.values().map(class).collect()
}

/// Labels one video after the other, and saves every few labels.
#[test]
#[ignore = "run and killed by other tests"]
fn labels_without_end() {
    let Some(dir) = target() else { return };
    let mut project = Project::open(&dir).unwrap().project;
    let start: usize = project.document().videos[&VideoId(0)].note.parse().unwrap_or(0);
    for number in start + 1.. {
        let (video, class) = labelled_at(number);
        project.perform(edits::label_clip(project.document(), video, Label::Class(class)).unwrap()).unwrap();
        say(&format!("done {number}"));
        if number % 20 == 0 {
            say("saving");
            project.save().unwrap();
            say("saved");
        }
    }
}

/// Opens a project for changes. A process that another test is starting may hold the lock for the moment between its two halves.
fn opened(dir: &Path) -> Opened {
    for _ in 0..500 {
        let opened = Project::open(dir).unwrap();
        if !opened.project.is_read_only() {
            return opened;
        }
        drop(opened);
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the lock of a killed process stays");
}

/// The number of labels that the project holds, from its own content: the state must be that after so many steps.
fn committed(dir: &Path, said: usize) -> usize {
    let Opened { project, notes } = opened(dir);
    let found = labels_of(&project);
    // One more may have been written than was said.
    let steps = [said, said + 1].into_iter().find(|&steps| labels_after(steps) == found);
    steps.unwrap_or_else(|| panic!("{said} labels were made, and this is there: {found:?} ({notes:?})"))
}

#[test]
fn labels_are_whole_after_a_kill_while_labelling() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for round in 0..kills(16) {
        let dir = tempfile::tempdir().unwrap();
        create(dir.path());
        let mut child = writer("labels_without_end", dir.path());
        let mut heard = lines(&mut child);
        let until = random.random_range(1..150);
        let last = heard.by_ref().find_map(|line| done(&line).filter(|&number| number >= until)).unwrap();
        std::thread::sleep(Duration::from_micros(random.random_range(0..3000)));
        let last = kill_and_hear(&mut child, heard, last);
        let steps = committed(dir.path(), last);
        assert!(steps >= last, "round {round}");
        // And once more without a kill: opening again changes nothing.
        assert_eq!(committed(dir.path(), steps), steps, "round {round}");
    }
}

#[test]
fn labels_are_whole_after_a_kill_while_saving() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    for round in 0..kills(12) {
        let dir = tempfile::tempdir().unwrap();
        create(dir.path());
        let mut child = writer("labels_without_end", dir.path());
        let mut heard = lines(&mut child);
        let (mut last, mut saves) = (0, random.random_range(1..4));
        for line in heard.by_ref() {
            last = done(&line).unwrap_or(last);
            saves -= usize::from(line == "saving");
            if saves == 0 {
                break;
            }
        }
        std::thread::sleep(Duration::from_micros(random.random_range(0..40_000)));
        let last = kill_and_hear(&mut child, heard, last);
        assert!(committed(dir.path(), last) >= last, "round {round}");
    }
}

#[test]
fn labels_are_whole_after_a_kill_while_importing() {
    let dir = tempfile::tempdir().unwrap();
    let project = dir.path().join("project");
    create(&project);
    // Two files of other programs, each of which replaces all that the other said.
    for class in 0..2 {
        let rows: String = (0..VIDEOS).map(|number| format!("clip{number:02}.mp4,class{class},,\n")).collect();
        fs::write(dir.path().join(format!("{class}.csv")), format!("path,label,start,end\n{rows}")).unwrap();
    }
    let import = |class: usize| {
        let file = format!("{class}.csv");
        let mut program = program(dir.path(), &["project", "import", "project", &file, "--replace"]);
        program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let began = Instant::now();
    assert!((0..5).any(|_| import(0).wait().unwrap().success()), "as for `opened`");
    let whole = began.elapsed();
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut held = 0;
    for round in 0..kills(12) {
        let next = 1 - held;
        let mut running = import(next);
        std::thread::sleep(whole.mul_f64(random.random_range(0.0..1.2)));
        let _ = running.kill(); // It may be through.
        running.wait().unwrap();
        let Opened { project, notes } = Project::open(&project).unwrap();
        let found = labels_of(&project);
        let class = found[0].map(|class| class.0 as usize);
        assert!(found.iter().all(|other| *other == found[0]), "round {round}: a mixture: {found:?} ({notes:?})");
        assert!(class == Some(held) || class == Some(next), "round {round}: {found:?}");
        held = class.unwrap_or(held);
    }
}

#[test]
fn a_training_goes_on_after_kills_and_leads_to_the_same_weights() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("clips/wave")).unwrap();
    fixture::clip(&dir.path().join("clips/wave"), 12, Geometry { width: 96, height: 80 }).unwrap();
    let train = |run: &str| {
        let words = format!(
            "train flow --folder clips --run {run} --device cpu --width 2 --batch 1 --frame 64x64 --crop 64x64 --steps 12 --checkpoint-every 1 --snapshots 3 --ema 0.9"
        );
        let words: Vec<&str> = words.split(' ').collect();
        program(dir.path(), &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let began = Instant::now();
    assert!(train("whole").wait().unwrap().success());
    let whole = began.elapsed();
    let read = |run: &str, name: &str| fs::read(dir.path().join(run).join(name)).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let (mut left, mut torn) = (kills(4), 0);
    while left > 0 {
        torn += 1;
        let run = format!("torn{torn}");
        for _ in 0..left.min(4) {
            let mut running = train(&run);
            std::thread::sleep(whole.mul_f64(random.random_range(0.1..0.9)));
            let is_over = running.try_wait().unwrap().is_some();
            let _ = running.kill(); // It may be through.
            running.wait().unwrap();
            left -= 1;
            if is_over {
                break;
            }
        }
        assert!(train(&run).wait().unwrap().success(), "{run} cannot be resumed");
        for name in ["metrics.csv", "model/motion.safetensors"] {
            assert!(read("whole", name) == read(&run, name), "{name} of {run} differs");
        }
    }
}

/// Size of the recorded pictures.
const RECORDED: Geometry = Geometry { width: 128, height: 64 };
/// Frames of a fragment at most, and those that an encoder may hold back.
const UNWRITTEN: usize = 2 * 30;

/// Records numbered pictures as the recorder of a live source does.
#[test]
#[ignore = "run and killed by other tests"]
fn records_without_end() {
    let Some(path) = target() else { return };
    let mut writer = VideoWriter::create_growing(&path, RECORDED, 30.0, None, Existing::Keep).unwrap();
    for number in 0..256 {
        writer.push(&coded_picture(number, RECORDED)).unwrap();
        say(&format!("done {number}"));
    }
    std::thread::sleep(Duration::from_secs(60)); // For whoever kills it late.
}

#[test]
fn a_recording_that_is_killed_keeps_what_was_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for round in 0..kills(6) {
        let path = dir.path().join(format!("{round}.mp4"));
        let mut child = writer("records_without_end", &path);
        let mut heard = lines(&mut child);
        let until = random.random_range(UNWRITTEN + 1..250);
        let last = heard.by_ref().find_map(|line| done(&line).filter(|&number| number >= until)).unwrap();
        let last = kill_and_hear(&mut child, heard, last);
        let mut reader = VideoReader::open(&path, Sizes::default()).unwrap();
        let frames = reader.info().frames;
        assert!(frames + UNWRITTEN > last, "round {round}: {frames} frames are left of {last}");
        for number in 0..frames {
            let shown = read_code(&reader.frame(number).unwrap().display);
            // The last one may be cut off within its data; the one before stands in for it.
            let is_cut = number + 1 == frames && shown + 1 == number;
            assert!(shown == number || is_cut, "round {round}: {shown} for {number} of {frames}");
        }
    }
}
