//! Labelled pieces listed individually: the labels of a project, stored in the plan so that the run can be repeated
//! after the project changes.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::LabelledClip;
use super::labelled_clip::group_of;
use super::listing::{Listing, ListingPlace, ListingRow, Problem, ProblemKind};
use crate::error::Result;
use crate::video::counted_frames;

/// Pieces of videos and their classes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pieces {
    /// The folder of their project, for messages.
    pub project: PathBuf,
    /// Names of the classes, in label order.
    pub classes: Vec<String>,
    /// The pieces.
    pub pieces: Vec<Piece>,
}

/// A video, or a part of one, that shows a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The video.
    pub path: PathBuf,
    /// Name of the class.
    pub class: String,
    /// First frame, and the frame after the last one; `None` for the whole video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<[usize; 2]>,
    /// Its recording; `None` for its video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// The number of pieces of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassPieces {
    /// Name of the class.
    pub name: String,
    /// Number of its pieces.
    pub pieces: usize,
    /// Number of their recordings.
    pub recordings: usize,
}

impl Pieces {
    /// Returns the pieces as clips without segment times, which suffices to count and to split them.
    pub fn unread(&self) -> Vec<LabelledClip> {
        let label = |piece: &Piece| self.classes.iter().position(|class| *class == piece.class);
        self.pieces.iter().filter_map(|piece| Some(piece.clip(label(piece)?, None))).collect()
    }

    /// Returns the same with the first frame of each stretch and the one after its last in the place of seconds: enough to see which
    /// overlap.
    pub fn unread_in_frames(&self) -> Vec<LabelledClip> {
        let label = |piece: &Piece| self.classes.iter().position(|class| *class == piece.class);
        let in_frames = |piece: &Piece| piece.frames.map(|frames| frames.map(|frame| frame as f64));
        self.pieces.iter().filter_map(|piece| Some(piece.clip(label(piece)?, in_frames(piece)))).collect()
    }

    /// Returns the pieces of each class.
    pub fn counts(&self) -> Vec<ClassPieces> {
        let clips = self.unread();
        let count = |(label, name): (usize, &String)| {
            let of_class = || clips.iter().filter(|clip| clip.label == label);
            let recordings: BTreeSet<String> = of_class().map(LabelledClip::recording).collect();
            ClassPieces { name: name.clone(), pieces: of_class().count(), recordings: recordings.len() }
        };
        self.classes.iter().enumerate().map(count).collect()
    }
}

impl Piece {
    fn clip(&self, label: usize, segment_secs: Option<[f64; 2]>) -> LabelledClip {
        let group = self.group.clone().or_else(|| group_of(&self.path, &self.class));
        LabelledClip { path: self.path.clone(), label, segment_secs, group, also: Vec::new() }
    }
}

/// Returns the pieces as a listing; the videos of parts are read for the times of their frames.
pub(super) fn read(pieces: &Pieces) -> Result<Listing> {
    let labels: HashMap<&str, usize> =
        pieces.classes.iter().enumerate().map(|(label, name)| (name.as_str(), label)).collect();
    let mut listing = Listing::of(pieces.classes.clone());
    let file: Arc<Path> = pieces.project.as_path().into();
    for (number, piece) in pieces.pieces.iter().enumerate() {
        let place = ListingPlace { file: file.clone(), within: Some(format!("piece {}", number + 1)) };
        listing.push(row(piece, place, &labels));
    }
    Ok(listing)
}

fn row(piece: &Piece, place: ListingPlace, labels: &HashMap<&str, usize>) -> std::result::Result<ListingRow, Problem> {
    let Some(label) = labels.get(piece.class.as_str()) else {
        let cause = format!("there is no class '{}'", piece.class);
        return Err(place.problem(ProblemKind::Label, &cause, "Choose the clips again"));
    };
    if !piece.path.exists() {
        let cause = format!("{} does not exist any more", piece.path.display());
        return Err(place.problem(ProblemKind::Missing, &cause, "Restore the file, or choose the clips again"));
    }
    let counted = piece.frames.map(|[start, end]| counted_frames(&piece.path, start..end, None)).transpose();
    let counted = counted.map_err(|error| Problem::of(ProblemKind::Malformed, error))?;
    let segment = counted.map(|counted| counted.secs);
    Ok(ListingRow { clip: piece.clip(*label, segment), place, frames: piece.frames.map(|[start, end]| end - start) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DataSource, Dataset};

    fn piece(path: &str, class: &str, frames: Option<[usize; 2]>, group: Option<&str>) -> Piece {
        Piece { path: path.into(), class: class.into(), frames, group: group.map(str::to_owned) }
    }

    #[test]
    fn pieces_are_counted_by_class_and_recording() {
        let pieces = vec![
            piece("a.mp4", "jump", Some([0, 20]), None),
            piece("a.mp4", "jump", Some([30, 50]), None),
            piece("b.mp4", "jump", None, Some("hall")),
            piece("c.mp4", "wave", None, Some("hall")),
        ];
        let pieces = Pieces { project: "p".into(), classes: vec!["jump".into(), "wave".into(), "run".into()], pieces };
        let counts: Vec<_> = pieces.counts().into_iter().map(|class| (class.pieces, class.recordings)).collect();
        assert_eq!(counts, [(3, 2), (1, 1), (0, 0)]);
    }

    #[test]
    fn a_plan_keeps_them() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct PiecePlan {
            data: DataSource,
        }
        let pieces =
            vec![piece("/a \"b\".mp4", "jump, high", Some([3, 9]), Some("g")), piece("c.mp4", "🙂", None, None)];
        let classes = vec!["jump, high".into(), "🙂".into()];
        let plan = PiecePlan { data: DataSource::Pieces(Pieces { project: "/p".into(), classes, pieces }) };
        assert_eq!(toml::from_str::<PiecePlan>(&toml::to_string_pretty(&plan).unwrap()).unwrap(), plan);
    }

    #[test]
    fn what_has_vanished_is_named() {
        let pieces = Pieces {
            project: "/p".into(),
            classes: vec!["jump".into()],
            pieces: vec![piece("/nowhere/a.mp4", "jump", None, None), piece("/nowhere/a.mp4", "hop", None, None)],
        };
        let (dataset, problems) = Dataset::with_problems(&DataSource::Pieces(pieces.clone())).unwrap();
        assert!(dataset.clips.is_empty());
        let kinds: Vec<_> = problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [ProblemKind::Missing, ProblemKind::Label]);
        let error = Dataset::open(&DataSource::Pieces(pieces)).unwrap_err();
        assert!(error.cause.contains("/nowhere/a.mp4 does not exist any more"), "{error}");
    }
}
