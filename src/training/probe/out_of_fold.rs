//! Out-of-fold logits of a stream, stored next to its model, so the run of the other stream can measure the fused
//! accuracy.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::data::LabelledClip;
use crate::error::{Error, Result};
use crate::files;

const FILE: &str = "left_out.json";

/// Out-of-fold logits by clip.
#[derive(Debug, Default, PartialEq)]
pub(in crate::training) struct OutOfFold {
    clips: Vec<FoldEntry>,
    /// Index of each clip's logits.
    places: HashMap<FoldKey, usize>,
}

/// Key of a clip: its path, and its segment in microseconds, as seconds may not survive a round trip exactly.
type FoldKey = (PathBuf, Option<[i64; 2]>);

/// File format.
#[derive(Serialize, Deserialize)]
struct StoredFold<Clips> {
    clips: Clips,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct FoldEntry {
    path: PathBuf,
    segment_secs: Option<[f64; 2]>,
    logits: Vec<f32>,
}

impl OutOfFold {
    /// Creates the collection from clips and their logits `[K]`.
    pub fn new<'a>(clips: impl Iterator<Item = (&'a LabelledClip, Vec<f32>)>) -> Self {
        let entry = |(clip, logits): (&LabelledClip, Vec<f32>)| FoldEntry {
            path: clip.path.clone(),
            segment_secs: clip.segment_secs,
            logits,
        };
        Self::of(clips.map(entry).collect())
    }

    fn of(clips: Vec<FoldEntry>) -> Self {
        let mut places = HashMap::new();
        for (place, entry) in clips.iter().enumerate() {
            places.entry(key(&entry.path, entry.segment_secs)).or_insert(place);
        }
        Self { clips, places }
    }

    /// Reads the logits stored by the run in `run_dir`; `None` if there are none or they cannot be read.
    pub fn read(run_dir: &Path) -> Option<Self> {
        let stored: StoredFold<Vec<FoldEntry>> = serde_json::from_slice(&files::read(run_dir.join(FILE)).ok()?).ok()?;
        Some(Self::of(stored.clips))
    }

    /// Writes the logits to `run_dir`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, run_dir: &Path) -> Result<()> {
        let path = run_dir.join(FILE);
        let text = serde_json::to_vec(&StoredFold { clips: &self.clips })
            .map_err(|error| Error::file(&path, error.to_string(), "Report this, with the run's folder"))?;
        atomic::replace(&path, |writer| std::io::Write::write_all(writer, &text))
    }

    /// Deletes the logits stored by the run in `run_dir`, if any.
    pub fn discard(run_dir: &Path) {
        let _ = std::fs::remove_file(run_dir.join(FILE)); // A run can do without them.
    }

    /// Returns the logits of `clip`, if their number is `classes`.
    pub fn logits(&self, clip: &LabelledClip, classes: usize) -> Option<&[f32]> {
        let found = &self.clips[*self.places.get(&key(&clip.path, clip.segment_secs))?];
        (found.logits.len() == classes).then_some(&found.logits)
    }
}

fn key(path: &Path, segment_secs: Option<[f64; 2]>) -> FoldKey {
    (path.to_owned(), segment_secs.map(|segment| segment.map(|secs| (secs * 1e6).round() as i64)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn logits_are_found_again_by_clip_and_number_of_classes() {
        let dir = tempfile::tempdir().unwrap();
        let clip =
            |segment_secs| LabelledClip { path: "a.mp4".into(), label: 0, segment_secs, group: None, also: Vec::new() };
        let (whole, part) = (clip(None), clip(Some([1.0, 2.5])));
        assert!(OutOfFold::read(dir.path()).is_none());
        let left = OutOfFold::new([(&whole, vec![1.5, -2.0]), (&part, vec![0.25, 0.1])].into_iter());
        left.write(dir.path()).unwrap();
        let read = OutOfFold::read(dir.path()).unwrap();
        assert_eq!(read, left);
        assert_eq!((read.logits(&part, 2), read.logits(&part, 3)), (Some(&[0.25, 0.1][..]), None));
        assert_eq!(read.logits(&clip(Some([0.0, 1.0])), 2), None);
        let pieces: Vec<_> = (0..5000).map(|i| clip(Some([f64::from(i) / 30.0, f64::from(i) / 29.97 + 1.0]))).collect();
        OutOfFold::new(pieces.iter().map(|piece| (piece, vec![0.5]))).write(dir.path()).unwrap();
        let read = OutOfFold::read(dir.path()).unwrap();
        assert!(pieces.iter().all(|piece| read.logits(piece, 1).is_some()), "seconds of any frame are found again");
        fs::write(dir.path().join(FILE), "{").unwrap();
        assert!(OutOfFold::read(dir.path()).is_none());
    }
}
