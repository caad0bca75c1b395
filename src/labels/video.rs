//! A video of a project with its labels.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ClassId;
use crate::error::{Error, Result};
use crate::plural::counted;

/// Identifier of a video for the lifetime of the project, wherever its file moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VideoId(pub u32);

/// A label of a clip or segment: a class or background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Label {
    /// None of the classes, set deliberately; an unreviewed clip has no label at all.
    Background,
    /// A class.
    Class(ClassId),
}

/// Identifier of a segment within its video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SegmentId(pub u32);

/// A part of a video with a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Identifier that the window and undo refer to.
    pub id: SegmentId,
    /// Its label.
    pub label: Label,
    /// Its first frame.
    pub start: usize,
    /// The frame after its last one; greater than `start`.
    pub end: usize,
    /// A note.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Segment {
    /// Returns `true` if both share a frame.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// A predicted bout that a person rejected: it is not proposed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RejectedBout {
    /// Its first frame.
    pub start: usize,
    /// The frame after its last one; greater than `start`.
    pub end: usize,
    /// The predicted class.
    pub class: ClassId,
}

impl RejectedBout {
    /// Returns the bout with its class replaced by the result of `put`; `None` if that is not a class.
    pub(super) fn relabelled(&self, put: impl Fn(Label) -> Option<Label>) -> Option<Self> {
        match put(Label::Class(self.class))? {
            Label::Class(class) => Some(Self { class, ..*self }),
            Label::Background => None,
        }
    }

    /// Returns its frames.
    pub fn frames(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// Properties of a video file when it was probed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Number of frames.
    pub frames: usize,
    /// Frames per second; the mean for variable rates.
    pub fps: f64,
    /// Time of the first frame on the clock of the file, in seconds. `None` if an earlier version, which did not read
    /// it, scanned the video: it is scanned again before its seconds are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_secs: Option<f64>,
    /// `true` if the frames are unevenly spaced; their times are then kept in a file of the project.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub variable_rate: bool,
    /// Display width and height in pixels.
    pub size: [u32; 2],
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Hash of the file's content, for finding moved files and detecting changed ones.
    pub hash: String,
}

/// A video with its labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Video {
    /// The path of its file, in the format of [`StoredPath`](super::StoredPath).
    pub path: String,
    /// Facts read from the file; `None` until it was scanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// Labels of the whole clip: empty while it is unlabelled, [`Label::Background`] alone, or classes in rising order,
    /// one of them unless the project is multi-label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// Segments by start, then end, then id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    /// Rejected predictions by start, then end. They are not labels and make no statement about the video's content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<RejectedBout>,
    /// The recording it belongs to: clips of one recording are never on both sides of a split. Empty: a recording of
    /// its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// A note.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The last reviewer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reviewer: String,
    /// Error of reading its label file when the project was opened. Its labels are unknown then and cannot be edited:
    /// the file is not changed until it can be read again. Never stored.
    #[serde(skip)]
    pub locked: Option<Box<Error>>,
}

impl Video {
    /// Returns a video without labels.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            facts: None,
            labels: Vec::new(),
            segments: Vec::new(),
            rejected: Vec::new(),
            group: String::new(),
            note: String::new(),
            reviewer: String::new(),
            locked: None,
        }
    }

    /// Returns `true` if it is unlabelled, as a whole and in part. A locked video may have labels.
    pub fn is_unlabelled(&self) -> bool {
        self.labels.is_empty() && self.segments.is_empty() && self.locked.is_none()
    }

    /// Checks that it may be changed.
    ///
    /// # Errors
    /// If its labels are locked, with the remedy.
    pub fn check_unlocked(&self) -> Result<()> {
        self.locked.as_deref().cloned().map_or(Ok(()), Err)
    }

    /// Returns all labels of the clip and its segments.
    pub fn all_labels(&self) -> impl Iterator<Item = Label> {
        self.labels.iter().copied().chain(self.segments.iter().map(|segment| segment.label))
    }

    /// Returns `true` if a label or a rejected bout is of this class.
    pub(super) fn knows(&self, class: ClassId) -> bool {
        let is_rejected = self.rejected.iter().any(|bout| bout.class == class);
        is_rejected || self.all_labels().any(|label| label == Label::Class(class))
    }

    /// Returns the segment with this identifier.
    pub fn segment(&self, id: SegmentId) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.id == id)
    }

    /// Returns an unused segment identifier.
    pub fn free_segment_id(&self) -> SegmentId {
        let last = self.segments.iter().map(|segment| segment.id.0).max();
        let free = || (0..=u32::MAX).find(|id| self.segment(SegmentId(*id)).is_none());
        let next = last.map_or(Some(0), |last| last.checked_add(1)).or_else(free);
        SegmentId(next.expect("a video does not have every number of a segment"))
    }

    /// Gives new ids to segments that repeat an earlier one's, since ids identify segments.
    pub(super) fn rename_repeated(&mut self) {
        for place in 1..self.segments.len() {
            let id = self.segments[place].id;
            if self.segments[..place].iter().any(|other| other.id == id) {
                self.segments[place].id = self.free_segment_id();
            }
        }
    }

    /// Returns the number of segments that end after the last frame of the file, if known: the file was shortened, or
    /// they were edited manually.
    pub fn beyond_end(&self) -> usize {
        let frames = self.facts.as_ref().map_or(usize::MAX, |facts| facts.frames);
        self.segments.iter().filter(|segment| segment.end > frames).count()
    }

    /// Returns a note about such segments.
    pub fn note_beyond_end(&self, path: &Path) -> Option<Error> {
        let (count, frames) = (self.beyond_end(), self.facts.as_ref()?.frames);
        let segments = if count == 1 { "1 segment reaches".into() } else { format!("{count} segments reach") };
        let frames = counted(frames, "frame");
        let cause = format!("{segments} beyond its {frames}; exports and training skip the part beyond the end");
        let remedy = "Move or delete the segments, or restore the longer file";
        (count > 0).then(|| Error::file(path, cause, remedy))
    }

    /// Returns the video without segments beyond the last frame of its file.
    pub fn within_frames(&self) -> Cow<'_, Self> {
        if self.beyond_end() == 0 {
            return Cow::Borrowed(self);
        }
        let (mut video, frames) = (self.clone(), self.facts.as_ref().map_or(usize::MAX, |facts| facts.frames));
        video.segments.retain(|segment| segment.start < frames);
        video.segments.iter_mut().for_each(|segment| segment.end = segment.end.min(frames));
        Cow::Owned(video)
    }

    /// Returns the frames of rejected predictions outside all segments, by their starts: as far as known they show none
    /// of the classes. Empty for a clip with a label for its whole length.
    pub fn negatives(&self) -> Vec<Range<usize>> {
        if !self.labels.is_empty() {
            return Vec::new();
        }
        let frames = self.facts.as_ref().map_or(usize::MAX, |facts| facts.frames);
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        for rejected in &self.rejected {
            let end = rejected.end.min(frames);
            from = from.max(rejected.start);
            for segment in self.segments.iter().filter(|segment| segment.start < end) {
                add_frames(&mut found, from..segment.start);
                from = from.max(segment.end);
            }
            add_frames(&mut found, from..end);
            from = from.max(end);
        }
        found
    }

    /// Sorts segments and rejected bouts.
    pub(super) fn sort(&mut self) {
        self.segments.sort_by_key(|segment| (segment.start, segment.end, segment.id));
        self.rejected.sort_unstable();
        self.rejected.dedup();
    }
}

/// Adds a range of frames, merging it with the last one where they touch.
fn add_frames(found: &mut Vec<Range<usize>>, frames: Range<usize>) {
    match found.last_mut() {
        _ if frames.is_empty() => {}
        Some(last) if last.end == frames.start => last.end = frames.end,
        _ => found.push(frames),
    }
}
