//! Labels by name, as in files of other programs: the intermediate form of all formats.

use std::path::{Path, PathBuf};

use super::super::{Document, Facts, StoredPath, Video, times};
use crate::error::Error;
use crate::frame_times::FrameTimes;

/// Labels of some videos. The label `background` stands for none of the classes.
#[derive(Debug, Clone, Default)]
pub(super) struct AnnotationSet {
    /// Classes in order, used or not.
    pub classes: Vec<AnnotationClass>,
    /// The labelled clips; a video may have several.
    pub clips: Vec<AnnotatedClip>,
    /// The folder that paths were relative to when the file was written, if the file has it.
    pub folder: Option<PathBuf>,
    /// Notes on what could not be read.
    pub notes: Vec<Error>,
    /// Assumptions made in reading the rest.
    pub remarks: Vec<Error>,
}

/// A class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AnnotationClass {
    pub name: String,
    pub color: Option<[u8; 3]>,
}

/// The labels of a video.
#[derive(Debug, Clone, Default)]
pub(super) struct AnnotatedClip {
    /// Path as in the file; relative to the project's folder for videos of a project.
    pub path: String,
    /// `true` if the path is percent-encoded.
    pub is_escaped: bool,
    /// Its unique number in the project, from 1.
    pub number: usize,
    /// Path as stored in the project.
    pub stored: String,
    /// Its absolute path, for videos of a project.
    pub absolute: PathBuf,
    /// Its location in the file, such as `line 3`.
    pub place: String,
    pub facts: Option<Facts>,
    /// Times of its frames, for videos of a project.
    pub clock: Option<AnnotationClock>,
    /// Its length in seconds, if the file has it.
    pub length_secs: Option<f64>,
    /// The frame rate at which the file counts frames, if given.
    pub rate: Option<f64>,
    /// Number of its labels that could not be read.
    pub left_out: usize,
    /// `true` if it is an additional view of another clip, whose absence from the project loses nothing.
    pub is_extra: bool,
    /// Labels of the whole clip.
    pub labels: Vec<String>,
    pub spans: Vec<Span>,
    pub group: String,
    pub note: String,
    pub reviewer: String,
}

/// A part of a video with a label.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub label: String,
    pub extent: Extent,
    pub note: String,
    /// Its location in the file, if it differs from that of the clip.
    pub place: String,
}

/// A part of a video in seconds or frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Extent {
    /// The first frame and the one after the last.
    Frames(usize, usize),
    /// The time of the first frame and of the one after the last, on the clock of the video's file.
    Secs(f64, f64),
}

/// The times of a video's frames, and their origin.
#[derive(Debug, Clone)]
pub(super) struct AnnotationClock {
    pub times: FrameTimes,
    /// `true` if the average rate replaces time stamps that were not read yet.
    pub is_assumed: bool,
}

impl AnnotationClock {
    /// Returns the clock of a video of the project in `dir`; `None` if not even its frame rate is known.
    pub fn of(facts: Option<&Facts>, dir: &Path) -> Option<Self> {
        let facts = facts?;
        if let Ok(times) = times::read(dir, facts) {
            return Some(Self { times, is_assumed: false });
        }
        let times = FrameTimes::even(facts.frames, facts.fps, facts.start_secs.unwrap_or(0.0))?;
        Some(Self { times, is_assumed: true })
    }
}

impl AnnotationSet {
    /// Returns the labels of a project in `dir`.
    pub fn of(document: &Document, dir: &Path) -> Self {
        let classes = document.classes.iter();
        let classes =
            classes.map(|class| AnnotationClass { name: class.name.clone(), color: Some(class.color) }).collect();
        let clips = document.videos.iter();
        let clips = clips
            .map(|(id, video)| AnnotatedClip {
                number: id.0 as usize + 1,
                ..AnnotatedClip::of(&video.within_frames(), document, dir)
            })
            .collect();
        Self { classes, clips, ..Self::default() }
    }

    /// Returns the names of the classes, followed by `background` if it is used.
    pub fn label_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.classes.iter().map(|class| class.name.as_str()).collect();
        let mut used = self.clips.iter().flat_map(AnnotatedClip::label_names);
        if used.any(|name| name == super::BACKGROUND) {
            names.push(super::BACKGROUND);
        }
        names
    }
}

impl AnnotationClass {
    /// Creates a class with this name and unknown colour.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), color: None }
    }

    /// Returns its colour as `#rrggbb`, grey if unknown.
    pub fn hex(&self) -> String {
        let [red, green, blue] = self.color.unwrap_or([0x80; 3]);
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Returns the colour encoded by `#rrggbb`.
pub(super) fn color_of_hex(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some([red, green, blue])
}

impl AnnotatedClip {
    fn of(video: &Video, document: &Document, dir: &Path) -> Self {
        let name = |label| document.label_name(label).to_owned();
        let spans = video.segments.iter().map(|segment| Span {
            label: name(segment.label),
            extent: Extent::Frames(segment.start, segment.end),
            note: segment.note.clone(),
            place: String::new(),
        });
        Self {
            path: StoredPath::plain(&video.path),
            is_escaped: false,
            number: 0,
            stored: video.path.clone(),
            absolute: StoredPath::decode(&video.path, dir),
            place: String::new(),
            facts: video.facts.clone(),
            clock: AnnotationClock::of(video.facts.as_ref(), dir),
            length_secs: None,
            rate: None,
            left_out: 0,
            is_extra: false,
            labels: video.labels.iter().copied().map(name).collect(),
            spans: spans.collect(),
            group: video.group.clone(),
            note: video.note.clone(),
            reviewer: video.reviewer.clone(),
        }
    }

    /// Creates a clip with this path in a file, at the position `place`.
    pub fn named(path: impl Into<String>, place: impl Into<String>) -> Self {
        Self { path: path.into(), place: place.into(), ..Self::default() }
    }

    /// Like [`named`](Self::named), for a percent-encoded path.
    pub fn escaped(path: impl Into<String>, place: impl Into<String>) -> Self {
        Self { is_escaped: true, ..Self::named(path, place) }
    }

    /// Returns its name in readable form, without escapes.
    pub fn shown(&self) -> String {
        if self.is_escaped { StoredPath::plain(&self.path) } else { self.path.clone() }
    }

    /// Returns all labels of the clip and its parts.
    pub fn label_names(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(String::as_str).chain(self.spans.iter().map(|span| span.label.as_str()))
    }

    /// Returns `true` if it has any label.
    pub fn is_labelled(&self) -> bool {
        self.label_names().next().is_some()
    }

    /// Returns the times of its frames, if they are known.
    pub fn times(&self) -> Option<&FrameTimes> {
        self.clock.as_ref().map(|clock| &clock.times)
    }

    /// Returns the start of the first frame of a part and the end of its last one.
    pub fn secs_of(&self, part: &Span) -> Option<[f64; 2]> {
        match part.extent {
            Extent::Frames(start, end) => Some(self.times()?.span_secs(&(start..end))),
            Extent::Secs(start, end) => Some([start, end]),
        }
    }

    /// Returns the start of its first frame and the end of its last one.
    pub fn whole_secs(&self) -> Option<[f64; 2]> {
        self.times().map(|times| [times.start_secs(), times.end_secs()])
    }

    /// Returns the file name in its path.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the file name without its extension.
    pub fn stem(&self) -> &str {
        let name = self.file_name();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }
}

impl Span {
    /// Returns a span with a label and no note.
    pub fn new(label: impl Into<String>, extent: Extent) -> Self {
        Self { label: label.into(), extent, note: String::new(), place: String::new() }
    }

    /// Returns the first frame and the one after the last, if the span is given in frames, as every span of a project
    /// is.
    pub fn frames(&self) -> Option<(usize, usize)> {
        match self.extent {
            Extent::Frames(start, end) => Some((start, end)),
            Extent::Secs(..) => None,
        }
    }
}
