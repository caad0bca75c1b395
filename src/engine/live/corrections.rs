//! Corrections: wrong live predictions saved as clips of the right class, for the next training.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::clip_file::ClipFile;
use crate::engine::runtime::events::EventSender;
use crate::engine::{LiveEvent, Message};
use crate::error::{Error, Result};
use crate::panic_guard::caught;
use crate::video::{LiveFrame, is_hidden, is_video};

/// Length of a correction clip in seconds.
pub const CLIP_SECS: f64 = 3.0;

/// Something for the thread to do.
enum CorrectionWork {
    Save { frames: Vec<LiveFrame>, folder: PathBuf, class: String },
    Count(PathBuf),
}

/// The thread "corrections", which writes and counts clips; dropping this waits for what is in work.
pub struct Corrections {
    work: Option<Sender<CorrectionWork>>,
    events: EventSender,
    thread: Option<JoinHandle<()>>,
}

impl Corrections {
    /// Starts the thread.
    pub(in crate::engine) fn start(events: EventSender) -> Self {
        // Without a bound: what is corrected is gone from the camera's memory a moment later, and people correct slowly.
        let (work, inbox) = unbounded();
        let out = events.clone();
        let thread = Builder::new().name("corrections".into()).spawn(move || run(&inbox, &out));
        Self { work: Some(work), events, thread: thread.ok() }
    }

    /// Saves `frames` as a clip of `class`. Answered by [`LiveEvent::Corrected`] or a problem.
    pub fn save(&self, frames: Vec<LiveFrame>, folder: PathBuf, class: String) {
        self.hand_over(CorrectionWork::Save { frames, folder, class });
    }

    /// Counts the clips in `folder`. Answered by [`LiveEvent::Corrections`].
    pub fn count(&self, folder: PathBuf) {
        self.hand_over(CorrectionWork::Count(folder));
    }

    fn hand_over(&self, work: CorrectionWork) {
        let Some(sender) = &self.work else { return };
        if sender.send(work).is_err() {
            let cause = "the thread that saves clips could not be started";
            self.events.problem(Error::new("correction", cause, "Restart the program and correct it again"));
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

fn run(inbox: &Receiver<CorrectionWork>, events: &EventSender) {
    for work in inbox {
        let folder = match work {
            CorrectionWork::Count(folder) => folder,
            CorrectionWork::Save { frames, folder, class } => {
                match caught("correction", || save(&frames, &folder, &class)) {
                    Ok(path) => {
                        let frames = frames.len();
                        events.send(Message::Live(LiveEvent::Corrected { path, class, frames }));
                    }
                    Err(error) => events.problem(error),
                }
                folder
            }
        };
        let counts = counts(&folder);
        events.send(Message::Live(LiveEvent::Corrections { folder, counts }));
    }
}

/// Writes a clip and returns its path.
fn save(frames: &[LiveFrame], folder: &Path, class: &str) -> Result<PathBuf> {
    let name = folder_name(class).ok_or_else(|| {
        Error::new("correction", format!("“{class}” is not a valid class name"), "Use a name with at least one letter")
    })?;
    let dir = folder.join(&name);
    fs::create_dir_all(&dir).map_err(|error| Error::io(&dir, &error))?;
    let path = free_path(&dir, &name)?;
    let mut file = ClipFile::create(&path, frames)?;
    frames.iter().try_for_each(|live| file.push(&live.frame.display))?;
    file.finish()?;
    Ok(path)
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
    let path = |number: u32| dir.join(format!("{class}_live_{number:03}.mp4"));
    let taken = |number: &u32| path(*number).symlink_metadata().is_ok();
    (1..100_000)
        .find(|number| !taken(number))
        .map(path)
        .ok_or_else(|| Error::file(dir, "there are too many clips in it", "Choose another folder for corrections"))
}

/// Classes with their numbers of clips, by name; an unreadable folder has none.
fn counts(folder: &Path) -> Vec<(String, usize)> {
    let entries = |dir: &Path| fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut counts: Vec<_> = entries(folder)
        .filter(|dir| dir.is_dir() && !is_hidden(dir))
        .filter_map(|dir| {
            let clips = entries(&dir).filter(|path| is_video(path)).count();
            let name = dir.file_name()?.to_string_lossy().into_owned();
            (clips > 0).then_some((name, clips))
        })
        .collect();
    counts.sort();
    counts
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
        assert_eq!(counts(dir.path()), [("wave".into(), 2)]);
        assert_eq!(counts(&dir.path().join("missing")), []);
    }
}
