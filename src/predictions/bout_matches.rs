//! Bouts of two labellings, matched one to one.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::compared::{ComparedStretch, TwiceLabelled, ratio};
use super::labelled::LabelledSpan;

/// Tolerance: IoUs that differ only by rounding are equal.
const ROUNDING: f64 = 1e-9;

/// Agreement by bout at several thresholds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BoutAgreement {
    /// Number of bouts of `a`.
    pub a: usize,
    /// Number of bouts of `b`.
    pub b: usize,
    /// Number of matched bouts, one for each threshold.
    pub matched: Vec<usize>,
    /// F1 score at each threshold; `None` without bouts.
    pub f1: Vec<Option<f64>>,
}

impl BoutAgreement {
    fn of(a: usize, b: usize, matched: Vec<usize>) -> Self {
        let f1 = matched.iter().map(|&matched| ratio(2 * matched, a + b)).collect();
        Self { a, b, matched, f1 }
    }
}

/// Matched bouts of every class.
pub(super) struct BoutMatches(Vec<ClassMatches>);

#[derive(Default, Clone)]
struct ClassMatches {
    a: usize,
    b: usize,
    /// The intersection over union of each matched pair.
    ious: Vec<f64>,
}

impl BoutMatches {
    pub fn new(classes: usize) -> Self {
        Self(vec![ClassMatches::default(); classes])
    }

    /// Matches the bouts of a video. A bout without compared frames is excluded.
    pub fn add(&mut self, video: &TwiceLabelled<'_>, stretches: &[ComparedStretch]) {
        let compared = ComparedFrames::of(stretches);
        for (class, matches) in self.0.iter_mut().enumerate() {
            let bouts = |spans: &[LabelledSpan]| {
                let own = spans.iter().filter(|span| span.class == Some(class)).map(|span| span.frames.clone());
                let mut own: Vec<_> = own.filter(|frames| compared.count(frames) > 0).collect();
                own.sort_by_key(|frames| (frames.start, frames.end));
                own
            };
            let (a, b) = (bouts(&video.a), bouts(&video.b));
            matches.a += a.len();
            matches.b += b.len();
            matches.ious.extend(greedy(&a, &b, &compared));
        }
    }

    /// Returns the agreement on one class.
    pub fn class(&self, class: usize, ious: &[f64]) -> BoutAgreement {
        agreement(&self.0[class..=class], ious)
    }

    /// Returns the agreement on all classes together.
    pub fn all(&self, ious: &[f64]) -> BoutAgreement {
        agreement(&self.0, ious)
    }
}

fn agreement(classes: &[ClassMatches], ious: &[f64]) -> BoutAgreement {
    let reaching = |&least: &f64| {
        let found = classes.iter().flat_map(|class| &class.ious);
        found.filter(|&&iou| iou >= least - ROUNDING).count()
    };
    let sum = |count: fn(&ClassMatches) -> usize| classes.iter().map(count).sum();
    BoutAgreement::of(sum(|class| class.a), sum(|class| class.b), ious.iter().map(reaching).collect())
}

/// Returns the intersection over union of the matched pairs, by greedy matching: the remaining pair with the largest
/// value is matched next, the earlier one among equals. A higher threshold only stops earlier, so that one matching
/// serves all thresholds.
fn greedy(a: &[Range<usize>], b: &[Range<usize>], compared: &ComparedFrames) -> Vec<f64> {
    let mut pairs = Vec::new();
    for (i, one) in a.iter().enumerate() {
        let before = b.partition_point(|other| other.start < one.end);
        for (j, other) in b[..before].iter().enumerate().filter(|(_, other)| other.end > one.start) {
            let shared = compared.count(&(one.start.max(other.start)..one.end.min(other.end)));
            let union = compared.count(one) + compared.count(other) - shared;
            if shared > 0 {
                pairs.push((shared as f64 / union as f64, i, j));
            }
        }
    }
    pairs.sort_by(|one, other| other.0.total_cmp(&one.0)); // stable: the earlier one among equals
    let (mut is_taken_a, mut is_taken_b) = (vec![false; a.len()], vec![false; b.len()]);
    pairs.retain(|&(_, i, j)| {
        let is_free = !is_taken_a[i] && !is_taken_b[j];
        if is_free {
            (is_taken_a[i], is_taken_b[j]) = (true, true);
        }
        is_free
    });
    pairs.into_iter().map(|(iou, ..)| iou).collect()
}

/// Counts compared frames.
struct ComparedFrames {
    /// Intervals of compared frames and the number of compared frames before each.
    stretches: Vec<(Range<usize>, usize)>,
}

impl ComparedFrames {
    fn of(stretches: &[ComparedStretch]) -> Self {
        let mut before = 0;
        let compared = stretches.iter().filter(|stretch| stretch.compared().is_some()).map(|stretch| {
            let own = (stretch.frames.clone(), before);
            before += stretch.frames.len();
            own
        });
        Self { stretches: compared.collect() }
    }

    /// Returns the number of compared frames among `frames`.
    fn count(&self, frames: &Range<usize>) -> usize {
        self.before(frames.end).saturating_sub(self.before(frames.start))
    }

    fn before(&self, frame: usize) -> usize {
        let after = self.stretches.partition_point(|(own, _)| own.start < frame);
        let Some((own, before)) = after.checked_sub(1).map(|place| &self.stretches[place]) else { return 0 };
        before + frame.min(own.end) - own.start
    }
}
