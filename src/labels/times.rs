//! Frame times of variable-rate videos, in files of the project, so that nothing is decoded twice for them.
//!
//! A file is named after the content hash of its video and contains one line per frame with its time stamp and a last
//! line with the end of the last frame, in seconds on the clock of the file.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Facts, disk};
use crate::error::{Error, Result};
use crate::files;
use crate::frame_times::FrameTimes;
use crate::plural::counted;

/// The folder of these files in a project.
pub(super) const DIR: &str = "times";

/// Returns the times of the frames of a video of the project in `dir`.
///
/// # Errors
/// If they are not known: an earlier version scanned the video, or the file of its times is missing or damaged.
/// Scanning the video again fixes all of these.
pub fn read(dir: &Path, facts: &Facts) -> Result<FrameTimes> {
    let start_secs = facts.start_secs.ok_or_else(|| unknown(dir))?;
    if !facts.variable_rate {
        return FrameTimes::even(facts.frames, facts.fps, start_secs).ok_or_else(|| unknown(dir));
    }
    if let Some(times) = held().get(&facts.hash).filter(|times| times.frames() == facts.frames) {
        return Ok(times.clone());
    }
    let path = file(dir, facts).ok_or_else(|| unknown(dir))?;
    let text = files::read_to_string(&path).map_err(|error| Error::io(&path, &error))?;
    let times: Option<Vec<f64>> = text.lines().map(|line| line.trim().parse().ok()).collect();
    let times = times.and_then(|mut times| times.pop().and_then(|end_secs| FrameTimes::listed(times, end_secs)));
    times.filter(|times| times.frames() == facts.frames).ok_or_else(|| {
        let cause = format!("it does not hold the times of {}", counted(facts.frames, "frame"));
        Error::file(&path, cause, "Check the project's videos again to rewrite it")
    })
}

/// Stores the times of a variable-rate video in the project in `dir`; those of other videos follow from their facts.
///
/// # Errors
/// If the file cannot be written.
pub fn keep(dir: &Path, facts: &Facts, times: &FrameTimes) -> Result<()> {
    let (Some(path), Some(stamps)) = (file(dir, facts), times.as_listed()) else { return Ok(()) };
    if path.exists() && read(dir, facts).is_ok_and(|kept| kept == *times) {
        return Ok(());
    }
    let folder = dir.join(DIR);
    fs::create_dir_all(&folder).map_err(|error| Error::io(&folder, &error))?;
    let mut text = String::with_capacity(stamps.len() * 12);
    for secs in stamps.iter().chain([&times.end_secs()]) {
        let _ = writeln!(text, "{secs}"); // Writing to a string cannot fail.
    }
    disk::replace(&path, &text)
}

/// Holds the times of a variable-rate video in memory, for a read-only project; they are read like stored ones.
pub fn hold(facts: &Facts, times: &FrameTimes) {
    if facts.variable_rate {
        held().insert(facts.hash.clone(), times.clone());
    }
}

/// Returns the times that are held, by the content of their videos.
fn held() -> MutexGuard<'static, BTreeMap<String, FrameTimes>> {
    static HELD: Mutex<BTreeMap<String, FrameTimes>> = Mutex::new(BTreeMap::new());
    // Each change is complete in itself, so a panic leaves no inconsistent state.
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn file(dir: &Path, facts: &Facts) -> Option<PathBuf> {
    let is_hash = !facts.hash.is_empty() && facts.hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| dir.join(DIR).join(format!("{}.txt", facts.hash)))
}

fn unknown(dir: &Path) -> Error {
    Error::file(dir, "the times of a video's frames are not known", "Check the videos of the project again")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(frames: usize, variable_rate: bool) -> Facts {
        let (size, bytes, hash) = ([4, 4], 1, "00ff".into());
        Facts { frames, fps: 20.0, start_secs: Some(0.5), variable_rate, size, bytes, hash }
    }

    #[test]
    fn times_come_back_as_they_were_kept() {
        let dir = tempfile::tempdir().unwrap();
        let even = read(dir.path(), &facts(10, false)).unwrap();
        assert_eq!((even.frames(), even.secs(2)), (10, 0.6));
        let listed = FrameTimes::listed(vec![0.5, 0.5 + 1.0 / 3.0, 2.0], 2.1).unwrap();
        assert!(read(dir.path(), &facts(3, true)).is_err(), "nobody kept them yet");
        keep(dir.path(), &facts(3, true), &listed).unwrap();
        assert_eq!(read(dir.path(), &facts(3, true)).unwrap(), listed);
        keep(dir.path(), &facts(3, true), &listed).unwrap();
    }

    #[test]
    fn held_times_are_read_without_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let facts = Facts { hash: "00held".into(), ..facts(2, true) };
        let listed = FrameTimes::listed(vec![0.0, 1.0], 2.0).unwrap();
        hold(&facts, &listed);
        assert_eq!(read(dir.path(), &facts).unwrap(), listed);
        assert!(read(dir.path(), &Facts { frames: 3, ..facts }).is_err(), "of another video");
        assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "nothing is written");
    }

    #[test]
    fn times_of_other_frames_and_of_earlier_versions_are_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let listed = FrameTimes::listed(vec![0.0, 1.0], 2.0).unwrap();
        keep(dir.path(), &facts(2, true), &listed).unwrap();
        assert!(read(dir.path(), &facts(3, true)).is_err());
        assert!(read(dir.path(), &Facts { start_secs: None, ..facts(2, false) }).is_err());
        fs::write(dir.path().join(DIR).join("00ff.txt"), "0\nx\n2\n").unwrap();
        assert!(read(dir.path(), &facts(2, true)).is_err());
        keep(dir.path(), &facts(2, true), &listed).unwrap();
        assert_eq!(read(dir.path(), &facts(2, true)).unwrap(), listed, "a damaged file is written again");
        assert!(read(dir.path(), &Facts { hash: "../x".into(), ..facts(2, true) }).is_err());
    }
}
