//! Corrections: wrong live predictions saved as clips of the correct class, for the next training.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::clip_file::{ClipFile, slow_capture};
use super::session::HeldFrames;
use crate::atomic;
use crate::data::{LIVE_NAME, live_recording};
use crate::engine::runtime::events::EventSender;
use crate::engine::{LiveEvent, Message, RemovedCorrection, Topic};
use crate::error::{Error, Result};
use crate::names::{CLASS_FILE, class_of_folder, folder_name};
use crate::output::move_to_deleted;
use crate::panic_guard::caught;
use crate::video::{SlowCapture, is_hidden, is_video};

/// Maximum number of clips waiting to be written, as their frames are in memory: on a slow disk clips are rejected.
const MOST_WAITING: usize = 6;

/// A task of the thread.
enum CorrectionWork {
    Save { held: HeldFrames, folder: PathBuf, class: String },
    List(PathBuf),
    Remove { folder: PathBuf, clip: PathBuf },
    Restore(RemovedCorrection),
}

/// The thread "corrections", which writes, lists and moves clips; dropping this waits for its current work.
pub(in crate::engine) struct Corrections {
    work: Option<Sender<CorrectionWork>>,
    /// Number of clips waiting to be written.
    waiting: Arc<AtomicUsize>,
    events: EventSender,
    thread: Option<JoinHandle<()>>,
}

impl Corrections {
    /// Starts the thread.
    pub fn start(events: EventSender) -> Self {
        let (work, inbox) = unbounded(); // Unbounded; the number of clips is limited separately.
        let (waiting, out) = (Arc::<AtomicUsize>::default(), events.clone());
        let written = waiting.clone();
        let thread = Builder::new().name("corrections".into()).spawn(move || run(&inbox, &written, &out));
        Self { work: Some(work), waiting, events, thread: thread.ok() }
    }

    /// Saves the frames from `take` as a clip of `class`. The reply is [`LiveEvent::Corrected`] or a problem; if too
    /// many clips are waiting, `take` is not called.
    pub fn save(&self, take: impl FnOnce() -> HeldFrames, folder: PathBuf, class: String) {
        if self.waiting.load(Ordering::Acquire) >= MOST_WAITING {
            let cause = format!("{MOST_WAITING} clips are still being written");
            // A saved earlier clip does not remove this problem.
            return self.events.problem(Topic::Other, Error::new("correction", cause, "Wait and correct it again"));
        }
        self.waiting.fetch_add(1, Ordering::AcqRel);
        self.hand_over(CorrectionWork::Save { held: take(), folder, class });
    }

    /// Lists the clips in `folder`. The reply is [`LiveEvent::Corrections`].
    pub fn list(&self, folder: PathBuf) {
        self.hand_over(CorrectionWork::List(folder));
    }

    /// Moves `clip` out of `folder`. The reply is [`LiveEvent::CorrectionRemoved`] or a problem.
    pub fn remove(&self, folder: PathBuf, clip: PathBuf) {
        self.hand_over(CorrectionWork::Remove { folder, clip });
    }

    /// Moves a removed clip back. The reply is [`LiveEvent::Corrections`].
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
            // Panics are caught inside, so the result is irrelevant.
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
            CorrectionWork::Save { held, folder, class } => {
                let slow = slow_capture(&held.frames, held.source_fps);
                match caught("correction", || save(&held, slow, &folder, &class)) {
                    Ok(path) => {
                        let frames = held.frames.len();
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
fn save(held: &HeldFrames, slow: Option<SlowCapture>, folder: &Path, class: &str) -> Result<PathBuf> {
    let name = folder_name(class).ok_or_else(|| {
        Error::new("correction", format!("“{class}” is not a valid class name"), "Use a name with at least one letter")
    })?;
    let dir = folder.join(&name);
    fs::create_dir_all(&dir).map_err(|error| Error::io(&dir, &error))?;
    if name != class.trim() {
        atomic::replace(&dir.join(CLASS_FILE), |file| writeln!(file, "{}", class.trim()))?;
    }
    let path = free_path(&dir, &name, held.played.as_deref())?;
    let mut file = ClipFile::create(&path, &held.frames, slow)?;
    held.frames.iter().try_for_each(|live| file.push(&live.frame.display))?;
    file.finish()?;
    Ok(path)
}

/// Moves a clip back to its place, unless another one is there now.
fn restore(removed: &RemovedCorrection) -> Result<()> {
    let RemovedCorrection { clip, place, .. } = removed;
    if clip.symlink_metadata().is_ok() {
        let remedy = format!("Rename that file; the removed one is {}", place.display());
        return Err(Error::file(clip, "there is another file of this name by now", remedy));
    }
    fs::rename(place, clip).map_err(|error| Error::io(place, &error))
}

/// Returns the path `<class>_live_001.mp4`, or the first free number. For a `played` video, the name contains its
/// recording, as its clips belong together.
fn free_path(dir: &Path, class: &str, played: Option<&Path>) -> Result<PathBuf> {
    let source = played.map_or_else(|| LIVE_NAME.to_owned(), live_recording);
    let path = |number: u32| dir.join(format!("{class}_{source}_{number:03}.mp4"));
    let taken = |number: &u32| path(*number).symlink_metadata().is_ok();
    (1..100_000)
        .find(|number| !taken(number))
        .map(path)
        .ok_or_else(|| Error::file(dir, "there are too many clips in it", "Choose another folder for corrections"))
}

/// Returns the classes with their clips, by name; none for an unreadable folder.
fn listed(folder: &Path) -> Vec<(String, Vec<PathBuf>)> {
    let entries = |dir: &Path| fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut classes: Vec<_> = entries(folder)
        .filter(|dir| dir.is_dir() && !is_hidden(dir))
        .filter_map(|dir| {
            let mut clips: Vec<_> = entries(&dir).filter(|path| is_video(path)).collect();
            clips.sort();
            let name = class_of_folder(&dir).or_else(|| Some(dir.file_name()?.to_string_lossy().into_owned()))?;
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
    fn clips_are_numbered_and_counted_by_class() {
        let dir = tempfile::tempdir().unwrap();
        let wave = dir.path().join("wave");
        fs::create_dir_all(&wave).unwrap();
        assert_eq!(free_path(&wave, "wave", None).unwrap(), wave.join("wave_live_001.mp4"));
        for name in ["wave_live_001.mp4", "wave_live_002.mp4", "notes.txt", ".motionscope-x.partial"] {
            fs::write(wave.join(name), "").unwrap();
        }
        let played = dir.path().join("street.mp4");
        let of_video = free_path(&wave, "wave", Some(&played)).unwrap();
        let name = of_video.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with("wave_live-street-") && name.ends_with("_001.mp4"), "{name}");
        fs::create_dir_all(dir.path().join("empty")).unwrap();
        assert_eq!(free_path(&wave, "wave", None).unwrap(), wave.join("wave_live_003.mp4"));
        let clips = ["wave_live_001.mp4", "wave_live_002.mp4"].map(|name| wave.join(name));
        assert_eq!(listed(dir.path()), [("wave".into(), clips.to_vec())]);
        assert_eq!(listed(&dir.path().join("missing")), []);
    }

    #[test]
    fn clips_that_wait_to_be_written_have_a_bound_and_one_too_many_is_a_problem() {
        let (events, messages) = EventSender::new(Arc::new(|| ()));
        let (work, inbox) = unbounded();
        let mut corrections = Corrections { work: Some(work), waiting: Arc::default(), events, thread: None };
        let mut taken = 0;
        for _ in 0..=MOST_WAITING {
            let take = || {
                taken += 1;
                HeldFrames::default()
            };
            corrections.save(take, "/none".into(), "?".into());
        }
        assert_eq!((inbox.len(), messages.len(), taken), (MOST_WAITING, 1, MOST_WAITING));
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
