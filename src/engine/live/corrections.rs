//! Corrections: wrong live predictions saved as clips of the right class, for the next training.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::clip_file::{ClipFile, slow_capture};
use crate::engine::runtime::events::EventSender;
use crate::engine::{LiveEvent, Message, RemovedCorrection, Topic};
use crate::error::{Error, Result};
use crate::output::move_to_deleted;
use crate::panic_guard::caught;
use crate::video::{LIVE_NAME, LiveFrame, SlowCapture, is_hidden, is_video};

/// Length of a correction clip in seconds.
pub const CLIP_SECS: f64 = 3.0;

/// Most clips that wait to be written, whose frames are in memory: a disk that is slower than a person costs clips, never all memory.
const MOST_WAITING: usize = 6;

/// Something for the thread to do.
enum CorrectionWork {
    Save { frames: Vec<LiveFrame>, source_fps: Option<f64>, folder: PathBuf, class: String },
    List(PathBuf),
    Remove { folder: PathBuf, clip: PathBuf },
    Restore(RemovedCorrection),
}

/// The thread "corrections", which writes, lists and moves clips; dropping this waits for what is in work.
pub struct Corrections {
    work: Option<Sender<CorrectionWork>>,
    /// How many clips wait to be written.
    waiting: Arc<AtomicUsize>,
    events: EventSender,
    thread: Option<JoinHandle<()>>,
}

impl Corrections {
    /// Starts the thread.
    pub(in crate::engine) fn start(events: EventSender) -> Self {
        let (work, inbox) = unbounded(); // What takes memory is counted.
        let (waiting, out) = (Arc::<AtomicUsize>::default(), events.clone());
        let written = waiting.clone();
        let thread = Builder::new().name("corrections".into()).spawn(move || run(&inbox, &written, &out));
        Self { work: Some(work), waiting, events, thread: thread.ok() }
    }

    /// Saves `frames` of a source that claims `source_fps` as a clip of `class`. Answered by [`LiveEvent::Corrected`] or a problem.
    pub fn save(&self, frames: Vec<LiveFrame>, source_fps: Option<f64>, folder: PathBuf, class: String) {
        if self.waiting.load(Ordering::Acquire) >= MOST_WAITING {
            let cause = format!("{MOST_WAITING} clips are still being written");
            // That the ones before it are saved does not make up for this one.
            return self.events.problem(Topic::Other, Error::new("correction", cause, "Wait and correct it again"));
        }
        self.waiting.fetch_add(1, Ordering::AcqRel);
        self.hand_over(CorrectionWork::Save { frames, source_fps, folder, class });
    }

    /// Lists the clips in `folder`. Answered by [`LiveEvent::Corrections`].
    pub fn list(&self, folder: PathBuf) {
        self.hand_over(CorrectionWork::List(folder));
    }

    /// Moves `clip` out of `folder`. Answered by [`LiveEvent::CorrectionRemoved`] or a problem.
    pub fn remove(&self, folder: PathBuf, clip: PathBuf) {
        self.hand_over(CorrectionWork::Remove { folder, clip });
    }

    /// Moves a clip back that was removed. Answered by [`LiveEvent::Corrections`].
    pub fn restore(&self, removed: RemovedCorrection) {
        self.hand_over(CorrectionWork::Restore(removed));
    }

    fn hand_over(&self, work: CorrectionWork) {
        let Some(sender) = &self.work else { return };
        if sender.send(work).is_err() {
            self.waiting.store(0, Ordering::Release);
            let cause = "the thread that saves clips could not be started";
            self.events.problem(
                Topic::Corrections,
                Error::new("correction", cause, "Restart the program and correct it again"),
            );
        }
    }
}

impl Drop for Corrections {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            // Its panics are caught inside; there is nothing left to learn from the result.
            let _ = thread.join();
        }
    }
}

fn run(inbox: &Receiver<CorrectionWork>, waiting: &AtomicUsize, events: &EventSender) {
    for work in inbox {
        let folder = match work {
            CorrectionWork::List(folder) => folder,
            CorrectionWork::Remove { folder, clip } => {
                match move_to_deleted(&clip) {
                    Ok(place) => {
                        let removed = RemovedCorrection { folder: folder.clone(), clip, place };
                        events.send(Message::Live(LiveEvent::CorrectionRemoved(removed)));
                    }
                    Err(error) => events.problem(Topic::Corrections, error),
                }
                folder
            }
            CorrectionWork::Restore(removed) => {
                match restore(&removed) {
                    Ok(()) => events.send(Message::Live(LiveEvent::CorrectionRestored(removed.clip))),
                    Err(error) => events.problem(Topic::Corrections, error),
                }
                removed.folder
            }
            CorrectionWork::Save { frames, source_fps, folder, class } => {
                let slow = slow_capture(&frames, source_fps);
                match caught("correction", || save(&frames, slow, &folder, &class)) {
                    Ok(path) => {
                        let frames = frames.len();
                        events.send(Message::Live(LiveEvent::Corrected { path, class, frames, slow }));
                    }
                    Err(error) => events.problem(Topic::Corrections, error),
                }
                waiting.fetch_sub(1, Ordering::AcqRel);
                folder
            }
        };
        let clips = listed(&folder);
        events.send(Message::Live(LiveEvent::Corrections { folder, clips }));
    }
}

/// Writes a clip and returns its path.
fn save(frames: &[LiveFrame], slow: Option<SlowCapture>, folder: &Path, class: &str) -> Result<PathBuf> {
    let name = folder_name(class).ok_or_else(|| {
        Error::new("correction", format!("“{class}” is not a valid class name"), "Use a name with at least one letter")
    })?;
    let dir = folder.join(&name);
    fs::create_dir_all(&dir).map_err(|error| Error::io(&dir, &error))?;
    let path = free_path(&dir, &name)?;
    let mut file = ClipFile::create(&path, frames, slow)?;
    frames.iter().try_for_each(|live| file.push(&live.frame.display))?;
    file.finish()?;
    Ok(path)
}

/// Moves a clip back to where it was, unless another one is there by now.
fn restore(removed: &RemovedCorrection) -> Result<()> {
    let RemovedCorrection { clip, place, .. } = removed;
    if clip.symlink_metadata().is_ok() {
        let remedy = format!("Rename that file; the removed one is {}", place.display());
        return Err(Error::file(clip, "there is another file of this name by now", remedy));
    }
    fs::rename(place, clip).map_err(|error| Error::io(place, &error))
}

/// Returns the class as the name of a folder on any system, another for each class: characters that some system refuses become
/// their full-width twins. `None` if nothing is left of it.
fn folder_name(class: &str) -> Option<String> {
    let class = class.trim();
    let is_refused = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    if !class.chars().any(|c| !is_refused(c) && c != '.' && !c.is_whitespace()) {
        return None;
    }
    // No folder may begin with a dot, which hides it, or end with one.
    let first = class.len() - class.trim_start_matches('.').len();
    let last = class.trim_end_matches('.').len();
    let is_outer_dot = |(at, c): (usize, char)| c == '.' && (at < first || at >= last);
    let safe = |(at, c): (usize, char)| match u32::from(c) {
        _ if is_outer_dot((at, c)) => '．',
        code @ 0..=0x1f => char::from_u32(0x2400 + code).unwrap_or('_'), // pictures of control characters
        code @ 0x20..=0x7e if is_refused(c) => char::from_u32(0xfee0 + code).unwrap_or('_'),
        _ if is_refused(c) => '_',
        _ => c,
    };
    Some(class.char_indices().map(safe).collect())
}

/// `<class>_live_001.mp4`, or the first number that is not there.
fn free_path(dir: &Path, class: &str) -> Result<PathBuf> {
    let path = |number: u32| dir.join(format!("{class}_{LIVE_NAME}_{number:03}.mp4"));
    let taken = |number: &u32| path(*number).symlink_metadata().is_ok();
    (1..100_000)
        .find(|number| !taken(number))
        .map(path)
        .ok_or_else(|| Error::file(dir, "there are too many clips in it", "Choose another folder for corrections"))
}

/// Classes with their clips, by name; an unreadable folder has none.
fn listed(folder: &Path) -> Vec<(String, Vec<PathBuf>)> {
    let entries = |dir: &Path| fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut classes: Vec<_> = entries(folder)
        .filter(|dir| dir.is_dir() && !is_hidden(dir))
        .filter_map(|dir| {
            let mut clips: Vec<_> = entries(&dir).filter(|path| is_video(path)).collect();
            clips.sort();
            let name = dir.file_name()?.to_string_lossy().into_owned();
            (!clips.is_empty()).then_some((name, clips))
        })
        .collect();
    classes.sort();
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_class_has_a_folder_of_its_own_that_every_system_takes() {
        assert_eq!(folder_name("wave"), Some("wave".into()));
        assert_eq!(folder_name(" a/b: “c”, d\\e? "), Some("a／b： “c”, d＼e？".into()));
        assert_eq!(folder_name("../../etc"), Some("．．／..／etc".into()));
        let names = ["a/b", "a:b", "a_b", "a\\b", "a?b", "a.b", "ab.", "ab", ".ab", "a\tb", "a|b"].map(folder_name);
        let distinct: std::collections::HashSet<_> = names.iter().flatten().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
        assert_eq!(folder_name("手を振る 👋"), Some("手を振る 👋".into()));
        for class in ["", "  ", ".", "..", "/", "\0"] {
            assert_eq!(folder_name(class), None, "{class:?}");
        }
    }

    #[test]
    fn clips_are_numbered_and_counted_by_class() {
        let dir = tempfile::tempdir().unwrap();
        let wave = dir.path().join("wave");
        fs::create_dir_all(&wave).unwrap();
        assert_eq!(free_path(&wave, "wave").unwrap(), wave.join("wave_live_001.mp4"));
        for name in ["wave_live_001.mp4", "wave_live_002.mp4", "notes.txt", ".motionscope-x.partial"] {
            fs::write(wave.join(name), "").unwrap();
        }
        fs::create_dir_all(dir.path().join("empty")).unwrap();
        assert_eq!(free_path(&wave, "wave").unwrap(), wave.join("wave_live_003.mp4"));
        let clips = ["wave_live_001.mp4", "wave_live_002.mp4"].map(|name| wave.join(name));
        assert_eq!(listed(dir.path()), [("wave".into(), clips.to_vec())]);
        assert_eq!(listed(&dir.path().join("missing")), []);
    }

    #[test]
    fn clips_that_wait_to_be_written_have_a_bound_and_one_too_many_is_a_problem() {
        let (events, messages) = EventSender::new(Arc::new(|| ()));
        let (work, inbox) = unbounded();
        let mut corrections = Corrections { work: Some(work), waiting: Arc::default(), events, thread: None };
        (0..=MOST_WAITING).for_each(|_| corrections.save(Vec::new(), None, "/none".into(), "?".into()));
        assert_eq!((inbox.len(), messages.len()), (MOST_WAITING, 1));
        corrections.work = None;
        run(&inbox, &corrections.waiting, &corrections.events);
        assert_eq!(corrections.waiting.load(Ordering::Acquire), 0);
    }

    #[test]
    fn a_removed_clip_is_kept_beside_and_comes_back_unless_its_name_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let wave = dir.path().join("wave");
        fs::create_dir_all(&wave).unwrap();
        let clip = wave.join("wave_live_001.mp4");
        fs::write(&clip, "first").unwrap();
        let place = move_to_deleted(&clip).unwrap();
        assert_eq!((listed(dir.path()), fs::read_to_string(&place).unwrap().as_str()), (vec![], "first"));
        let removed = RemovedCorrection { folder: dir.path().into(), clip: clip.clone(), place: place.clone() };
        fs::write(&clip, "second").unwrap();
        assert!(restore(&removed).unwrap_err().cause.contains("another file"));
        assert_eq!(fs::read_to_string(&clip).unwrap(), "second");
        fs::remove_file(&clip).unwrap();
        restore(&removed).unwrap();
        assert_eq!((fs::read_to_string(&clip).unwrap().as_str(), place.exists()), ("first", false));
    }
}
