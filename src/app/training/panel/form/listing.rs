//! The clips of a source, class by class, and how they are split.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::data::{DataSource, Dataset, FromLabels, LabelledClip, Piece, Pieces, hold_out, slow_captures};
use crate::error::{Error, Result};
use crate::names::{Alike, class_alike};

/// What there is to be learned.
#[derive(Debug, Clone)]
pub struct ClipListing {
    /// The clips as a plan names them.
    pub data: DataSource,
    classes: Vec<String>,
    /// How many of them have clips.
    used: usize,
    clips: Vec<LabelledClip>,
    /// What was left out, and why.
    pub left_out: Vec<Error>,
    /// Where fresh runs go.
    pub runs: PathBuf,
    /// What else is to be known.
    pub notes: Vec<Error>,
    /// How many of the clips are corrections that joined those of a folder.
    pub joined: usize,
    /// The classes of a model that were asked about last, and how many of them are lacking: it is asked in every repaint.
    lacking: RefCell<Option<(Vec<String>, usize)>>,
}

/// The clips that there are to learn from and to measure on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipSplit {
    /// All clips.
    pub clips: usize,
    /// Those that are measured on.
    pub held: usize,
    /// The classes. A clip of several counts in each.
    pub classes: Vec<ClassShare>,
}

/// A class of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassShare {
    /// The class.
    pub name: String,
    /// Its clips.
    pub clips: usize,
    /// The recordings these come from.
    pub recordings: usize,
    /// Clips of the recording that has most of them.
    pub largest: usize,
    /// Its clips that are measured on.
    pub held: usize,
}

impl ClipListing {
    /// The clips of a folder or list.
    pub fn of(data: DataSource) -> Result<Self> {
        let (Dataset { classes, clips, .. }, mut notes) = Dataset::with_notes(&data)?;
        notes.extend(slow_captures(&clips));
        let (runs, used, lacking) = (runs_folder(data.clips()), used(&clips), RefCell::default());
        Ok(Self { data, classes, used, clips, left_out: Vec::new(), runs, notes, joined: 0, lacking })
    }

    /// The clips of a folder with a sub-folder per class, and the corrected ones of another.
    pub fn joined(folder: PathBuf, corrections: &Path) -> Result<Self> {
        let mut pieces = Pieces { project: folder.clone(), ..Pieces::default() };
        let mut notes = Vec::new();
        let mut add = |folder: &Path| -> Result<usize> {
            let source = DataSource::Folder(folder.to_owned());
            let (Dataset { classes, clips, .. }, of_folder) = Dataset::with_notes(&source)?;
            notes.extend(of_folder);
            for class in &classes {
                if !pieces.classes.contains(class) {
                    pieces.classes.push(class.clone());
                }
            }
            let count = clips.len();
            pieces.pieces.extend(clips.into_iter().map(|clip| {
                let class = classes[clip.label].clone(); // Labels are places in this list.
                Piece { path: clip.path, class, frames: None, group: clip.group }
            }));
            Ok(count)
        };
        add(&folder)?;
        let joined = add(corrections)?;
        let (classes, clips) = (pieces.classes.clone(), pieces.unread());
        notes.extend(slow_captures(&clips));
        let (runs, data, used) = (runs_folder(&folder), DataSource::Pieces(pieces), used(&clips));
        Ok(Self { data, classes, used, clips, left_out: Vec::new(), runs, notes, joined, lacking: RefCell::default() })
    }

    /// The pieces of a labelled project.
    pub fn of_labels(found: FromLabels) -> Self {
        let (classes, clips) = (found.pieces.classes.clone(), found.pieces.unread());
        let (runs, used) = (runs_folder(&found.pieces.project), used(&clips));
        let data = DataSource::Pieces(found.pieces);
        let (left_out, mut notes, lacking) = (found.left_out, found.remarks, RefCell::default());
        notes.extend(slow_captures(&clips));
        Self { data, classes, used, clips, left_out, runs, notes, joined: 0, lacking }
    }

    /// Number of clips.
    pub fn clips(&self) -> usize {
        self.clips.len()
    }

    /// Number of classes that have clips.
    pub fn classes(&self) -> usize {
        self.used
    }

    /// Returns how many of the classes `model` none of the clips is of.
    pub fn lacking(&self, model: &[String]) -> usize {
        let mut known = self.lacking.borrow_mut();
        if let Some((_, lacking)) = known.as_ref().filter(|(of, _)| of == model) {
            return *lacking;
        }
        let used: BTreeSet<usize> = self.clips.iter().map(|clip| clip.label).collect();
        let place = |label: &usize| match class_alike(model.iter().map(String::as_str), &self.classes[*label]) {
            Alike::One(place) => Some(place),
            _ => None,
        };
        let lacking = model.len() - used.iter().filter_map(place).collect::<BTreeSet<_>>().len();
        *known = Some((model.to_vec(), lacking));
        lacking
    }

    /// The clips and classes, and what is held out of each where a `share` of the recordings is. With `multi_label` the clips are those
    /// that are left after videos were cut where the set of their classes changes.
    pub fn split(&self, share: f64, seed: u64, multi_label: bool) -> ClipSplit {
        let clips = if multi_label { self.cut_at_changes() } else { self.clips.clone() };
        let held = hold_out::held_out(&clips, share, seed);
        let is_held = |clip: &&LabelledClip| held.contains(&clip.recording());
        let count = |(label, name): (usize, &String)| {
            let of_class = || clips.iter().filter(|clip| clip.shows(label));
            let mut recordings = BTreeMap::<String, usize>::new();
            of_class().for_each(|clip| *recordings.entry(clip.recording()).or_default() += 1);
            ClassShare {
                name: name.clone(),
                clips: of_class().count(),
                recordings: recordings.len(),
                largest: recordings.into_values().max().unwrap_or_default(),
                held: of_class().filter(is_held).count(),
            }
        };
        let classes = self.classes.iter().enumerate().map(count).collect();
        ClipSplit { clips: clips.len(), held: clips.iter().filter(is_held).count(), classes }
    }

    /// Returns the clips as a multi-label training has them.
    fn cut_at_changes(&self) -> Vec<LabelledClip> {
        let clips = match &self.data {
            // What is labelled in a project is not read yet, and known in frames.
            DataSource::Pieces(pieces) => pieces.unread_in_frames(),
            _ => self.clips.clone(),
        };
        Dataset { classes: self.classes.clone(), clips, ambiguous: Vec::new() }.cut_at_changes().clips
    }
}

/// Number of classes of these clips.
fn used(clips: &[LabelledClip]) -> usize {
    let labels: BTreeSet<usize> = clips.iter().map(|clip| clip.label).collect();
    labels.len()
}

/// `runs` beside the folder of the clips, or in that of the project; the disk is asked which it is.
pub fn runs_folder(clips: &Path) -> PathBuf {
    let is_project = clips.join(crate::labels::Project::FILE).exists();
    if is_project { clips } else { clips.parent().unwrap_or(clips) }.join("runs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrections_join_the_classes_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["train/bend/1.mp4", "train/wave/1.mp4", "train/wave/2.mp4", "mine/wave/c.mp4", "mine/hop/d.mp4"] {
            std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            std::fs::write(at(name), "").unwrap();
        }
        let listing = ClipListing::joined(at("train"), &at("mine")).unwrap();
        let classes = listing.split(0.0, 0, false).classes.into_iter();
        let counts: Vec<_> = classes.map(|class| (class.name, class.clips)).collect();
        let expected = [("bend", 1), ("wave", 3), ("hop", 1)].map(|(name, clips)| (name.to_owned(), clips));
        assert_eq!((counts, listing.joined), (expected.to_vec(), 2));
        assert_eq!(listing.data.clips(), at("train"), "runs are kept beside the folder that was trained on");
        for _ in 0..2 {
            assert_eq!(listing.lacking(&["Wave", "jump", "run"].map(str::to_owned)), 2);
            assert_eq!(listing.lacking(&["hop".to_owned()]), 0);
        }
        assert!(ClipListing::joined(at("train"), &at("none")).is_err());
    }

    /// By hand: jump from 0 to 60 and wave from 40 to 90 are three clips, of which one shows both; the second recording has one of each.
    #[test]
    fn clips_of_several_classes_count_after_videos_are_cut() {
        let piece = |path: &str, class: &str, frames| Piece {
            path: path.into(),
            class: class.into(),
            frames: Some(frames),
            group: None,
        };
        let pieces = vec![
            piece("a.mp4", "jump", [0, 60]),
            piece("a.mp4", "wave", [40, 90]),
            piece("b.mp4", "jump", [0, 60]),
            piece("b.mp4", "wave", [60, 90]),
        ];
        let classes = ["jump", "wave"].map(str::to_owned).to_vec();
        let pieces = Pieces { project: "p".into(), classes, pieces };
        let listing = ClipListing::of_labels(FromLabels { pieces, left_out: Vec::new(), remarks: Vec::new() });
        let counts = |split: &ClipSplit| split.classes.iter().map(|class| class.clips).collect::<Vec<_>>();
        let several = listing.split(0.5, 1, true);
        assert_eq!((several.clips, counts(&several)), (5, vec![3, 3]));
        assert!([2, 3].contains(&several.held), "the clips of one recording");
        let single = listing.split(0.5, 1, false);
        assert_eq!((single.clips, single.held, counts(&single)), (4, 2, vec![2, 2]));
    }
}
