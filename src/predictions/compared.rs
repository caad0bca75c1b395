//! Two labellings of a video, cut into intervals of constant labels.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::labelled::LabelledSpan;
use crate::frame_times::FrameTimes;

/// How frames without any label are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unlabelled {
    /// Unknown: they are not compared.
    #[default]
    Excluded,
    /// Background: they show none of the classes.
    Background,
}

/// Two labellings of a video.
#[derive(Debug, Clone)]
pub struct TwiceLabelled<'a> {
    /// Its name.
    pub video: &'a str,
    /// Times of its frames.
    pub times: &'a FrameTimes,
    /// The labelling treated as the ground truth.
    pub a: Vec<LabelledSpan>,
    /// The other labelling.
    pub b: Vec<LabelledSpan>,
}

/// The labelled classes; `None` for unlabelled frames.
type Said = Option<BTreeSet<usize>>;

/// A range of frames with constant labels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ComparedStretch {
    pub frames: Range<usize>,
    pub a: Said,
    pub b: Said,
}

impl ComparedStretch {
    /// Returns both labels, if both are present.
    pub fn compared(&self) -> Option<(&BTreeSet<usize>, &BTreeSet<usize>)> {
        self.a.as_ref().zip(self.b.as_ref())
    }
}

/// Returns all frames of a video, cut where a label of either starts or ends.
pub(super) fn stretches(video: &TwiceLabelled<'_>, unlabelled: Unlabelled) -> Vec<ComparedStretch> {
    let end = video.times.frames();
    let edges = video.a.iter().chain(&video.b).flat_map(|span| [span.frames.start, span.frames.end]);
    let edges: BTreeSet<usize> = edges.map(|frame| frame.min(end)).chain([0, end]).collect();
    let edges: Vec<usize> = edges.into_iter().collect();
    let said = |spans| said_between(spans, &edges, unlabelled);
    let (a, b) = (said(&video.a), said(&video.b));
    let frames = edges.windows(2).map(|pair| pair[0]..pair[1]);
    frames.zip(a.into_iter().zip(b)).map(|(frames, (a, b))| ComparedStretch { frames, a, b }).collect()
}

/// Returns the labels in `spans` between each of the `edges` and the next.
fn said_between(spans: &[LabelledSpan], edges: &[usize], unlabelled: Unlabelled) -> Vec<Said> {
    let mut events: BTreeMap<usize, Vec<(Option<usize>, bool)>> = BTreeMap::new();
    for span in spans.iter().filter(|span| !span.frames.is_empty()) {
        events.entry(span.frames.start).or_default().push((span.class, true));
        events.entry(span.frames.end).or_default().push((span.class, false));
    }
    let mut open: BTreeMap<Option<usize>, usize> = BTreeMap::new();
    let mut said = Vec::new();
    for edge in edges {
        for &(class, begins) in events.get(edge).into_iter().flatten() {
            let count = open.entry(class).or_default();
            *count = if begins { *count + 1 } else { count.saturating_sub(1) };
        }
        open.retain(|_, count| *count > 0);
        let is_said = !open.is_empty() || unlabelled == Unlabelled::Background;
        said.push(is_said.then(|| open.keys().copied().flatten().collect()));
    }
    said
}

/// Returns a fraction; `None` for a total of 0.
pub(super) fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
