//! Agreement of two labellings of the same videos: of two people, or of a person and a model.
//!
//! By frame: a frame is compared where both say something of it, be it that it is background. Frames that one of them has not
//! labelled are left out, unless [`Unlabelled::Background`] is chosen. Precision and recall take `a` for the truth; F1 and Cohen's
//! kappa (Cohen 1960) are the same both ways. The confusion matrix and the kappa of all classes count the frames where neither
//! names several classes at a time.
//!
//! By bout: segments of the same class are matched one to one, those with the largest intersection over union first; those whose
//! intersection over union reaches a threshold agree. Both are counted in compared frames.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::bout_matches::{BoutAgreement, BoutMatches};
use super::compared::{ComparedStretch, TwiceLabelled, Unlabelled, ratio, stretches};
use crate::evaluation::Confusion;
use crate::frame_times::FrameTimes;

/// The name of frames of no class.
pub(super) const BACKGROUND: &str = "background";

/// Counts of frames with two answers, and what follows from them; undefined ratios are `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct FrameAgreement {
    /// Frames that both label.
    pub both: usize,
    /// Frames that only `a` labels.
    pub only_a: usize,
    /// Frames that only `b` labels.
    pub only_b: usize,
    /// Share of the frames of `b` that `a` labels as well.
    pub precision: Option<f64>,
    /// Share of the frames of `a` that `b` labels as well.
    pub recall: Option<f64>,
    /// F1 score.
    pub f1: Option<f64>,
    /// Cohen's kappa; none where chance alone explains full agreement, as without a frame of the class.
    pub kappa: Option<f64>,
}

/// Agreement on one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassAgreement {
    /// Its name.
    pub class: String,
    /// Seconds of compared frames that `a` and `b` label as this class.
    pub secs: [f64; 2],
    /// By frame.
    pub frames: FrameAgreement,
    /// By bout.
    pub bouts: BoutAgreement,
}

/// A stretch of a video of which the two say different things.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Disagreement {
    /// The video.
    pub video: String,
    /// The first frame.
    pub start_frame: usize,
    /// The frame after the last one.
    pub end_frame: usize,
    /// When it begins, seconds.
    pub start_secs: f64,
    /// When it ends.
    pub end_secs: f64,
    /// What `a` says: the classes, or background.
    pub a: String,
    /// What `b` says.
    pub b: String,
}

/// How often the likeliest class of a model is the labelled one, whatever its probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LikeliestClass {
    /// Compared frames with one class; of background as well where the model has that class.
    pub frames: usize,
    /// Share of them of which the likeliest class is that one; none without frames.
    pub accuracy: Option<f64>,
}

impl LikeliestClass {
    /// Returns the figure from the confusion of labels and likeliest classes, of which the last row and column are background.
    pub fn of(confusion: &Confusion, has_background: bool) -> Self {
        let all = confusion.counts.len();
        let known = if has_background { all } else { all.saturating_sub(1) };
        let rows = confusion.counts[..known].iter().map(|row| row[..known].to_vec());
        let (right, frames) = Confusion { counts: rows.collect() }.right();
        Self { frames, accuracy: ratio(right, frames) }
    }
}

/// Agreement of two labellings of the same videos.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The meaning of frames without any label.
    pub unlabelled: Unlabelled,
    /// Least intersection over union of matched bouts.
    pub ious: Vec<f64>,
    /// Compared frames.
    pub frames: usize,
    /// Seconds of compared frames.
    pub secs: f64,
    /// Seconds of frames that are not compared because `a` or `b` has not labelled them.
    pub left_out_secs: f64,
    /// Compared frames with several classes at a time, which are not in the confusion matrix.
    pub several: usize,
    /// Share of the frames of the confusion matrix with the same label; none without frames.
    pub accuracy: Option<f64>,
    /// Cohen's kappa of all classes and background.
    pub kappa: Option<f64>,
    /// Mean F1 by frame of the classes that have one.
    pub macro_f1: Option<f64>,
    /// Sums over the classes by frame, with their precision, recall and F1 (micro); the kappa is [`Self::kappa`].
    pub overall: FrameAgreement,
    /// Sums over the classes by bout.
    pub bouts: BoutAgreement,
    /// The classes.
    pub classes: Vec<ClassAgreement>,
    /// Names of the rows and columns of the confusion matrix: the classes, then background.
    pub labels: Vec<String>,
    /// Frames by the label of `a` (rows) and `b` (columns).
    pub confusion: Confusion,
    /// Of a model that answers one class at a time: how often its likeliest class is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likeliest: Option<LikeliestClass>,
    /// Where they disagree, video by video.
    pub disagreements: Vec<Disagreement>,
}

impl FrameAgreement {
    fn of(both: usize, only_a: usize, only_b: usize, neither: usize) -> Self {
        Self { kappa: cohen_kappa(&[vec![both, only_a], vec![only_b, neither]]), ..Self::summed(both, only_a, only_b) }
    }

    /// Returns the same without a kappa.
    fn summed(both: usize, only_a: usize, only_b: usize) -> Self {
        Self {
            both,
            only_a,
            only_b,
            precision: ratio(both, both + only_b),
            recall: ratio(both, both + only_a),
            f1: ratio(2 * both, 2 * both + only_a + only_b),
            kappa: None,
        }
    }
}

impl Agreement {
    /// Compares the labellings of `videos`, whose spans name `classes` by their places.
    pub fn of(classes: &[String], videos: &[TwiceLabelled<'_>], unlabelled: Unlabelled, ious: &[f64]) -> Self {
        let mut counts = Counts::new(classes.len());
        let mut matches = BoutMatches::new(classes.len());
        let mut disagreements = Vec::new();
        for video in videos {
            let stretches = stretches(video, unlabelled);
            counts.add(&stretches, video.times);
            matches.add(video, &stretches);
            disagreements.extend(disagreements_in(video, &stretches, classes));
        }
        let labels = classes.iter().cloned().chain([BACKGROUND.to_owned()]).collect();
        counts.finish(classes, &matches, ious, labels, unlabelled, disagreements)
    }
}

/// What is counted frame by frame.
struct Counts {
    frames: usize,
    secs: f64,
    left_out_secs: f64,
    several: usize,
    /// Of each class: both, only `a`, only `b`.
    classes: Vec<[usize; 3]>,
    class_secs: Vec<[f64; 2]>,
    confusion: Vec<Vec<usize>>,
}

impl Counts {
    fn new(classes: usize) -> Self {
        Self {
            frames: 0,
            secs: 0.0,
            left_out_secs: 0.0,
            several: 0,
            classes: vec![[0; 3]; classes],
            class_secs: vec![[0.0; 2]; classes],
            confusion: vec![vec![0; classes + 1]; classes + 1],
        }
    }

    fn add(&mut self, stretches: &[ComparedStretch], times: &FrameTimes) {
        let background = self.classes.len();
        for stretch in stretches {
            let [start, end] = times.span_secs(&stretch.frames);
            let Some((a, b)) = stretch.compared() else {
                self.left_out_secs += end - start;
                continue;
            };
            let count = stretch.frames.len();
            self.frames += count;
            self.secs += end - start;
            for &class in a.union(b) {
                let place = match (a.contains(&class), b.contains(&class)) {
                    (true, true) => 0,
                    (true, false) => 1,
                    _ => 2,
                };
                self.classes[class][place] += count;
            }
            a.iter().for_each(|&class| self.class_secs[class][0] += end - start);
            b.iter().for_each(|&class| self.class_secs[class][1] += end - start);
            if a.len() > 1 || b.len() > 1 {
                self.several += count;
            } else {
                let label = |said: &BTreeSet<usize>| said.first().copied().unwrap_or(background);
                self.confusion[label(a)][label(b)] += count;
            }
        }
    }

    fn finish(
        self,
        classes: &[String],
        matches: &BoutMatches,
        ious: &[f64],
        labels: Vec<String>,
        unlabelled: Unlabelled,
        disagreements: Vec<Disagreement>,
    ) -> Agreement {
        let of_class = |(place, class): (usize, &String)| {
            let [both, only_a, only_b] = self.classes[place];
            let neither = self.frames - both - only_a - only_b;
            ClassAgreement {
                class: class.clone(),
                secs: self.class_secs[place],
                frames: FrameAgreement::of(both, only_a, only_b, neither),
                bouts: matches.class(place, ious),
            }
        };
        let classes: Vec<ClassAgreement> = classes.iter().enumerate().map(of_class).collect();
        let sum = |place: usize| self.classes.iter().map(|counts| counts[place]).sum();
        let f1: Vec<f64> = classes.iter().filter_map(|class| class.frames.f1).collect();
        let kappa = cohen_kappa(&self.confusion);
        let confusion = Confusion { counts: self.confusion };
        let (right, all) = confusion.right();
        Agreement {
            unlabelled,
            ious: ious.to_vec(),
            frames: self.frames,
            secs: self.secs,
            left_out_secs: self.left_out_secs,
            several: self.several,
            accuracy: ratio(right, all),
            kappa,
            macro_f1: (!f1.is_empty()).then(|| f1.iter().sum::<f64>() / f1.len() as f64),
            overall: FrameAgreement { kappa, ..FrameAgreement::summed(sum(0), sum(1), sum(2)) },
            bouts: matches.all(ious),
            classes,
            labels,
            confusion,
            likeliest: None,
            disagreements,
        }
    }
}

/// Returns Cohen's kappa of two labellings from their confusion matrix: agreement beyond chance as a share of what is possible.
/// `None` without anything labelled, or where both give everything the same label.
pub fn cohen_kappa(counts: &[Vec<usize>]) -> Option<f64> {
    let all = counts.iter().flatten().sum::<usize>() as f64;
    let agreed = counts.iter().enumerate().map(|(place, row)| row[place]).sum::<usize>() as f64 / all;
    let by_chance = |place: usize| {
        let row: usize = counts[place].iter().sum();
        let column: usize = counts.iter().map(|row| row[place]).sum();
        row as f64 / all * (column as f64 / all)
    };
    let is_one_label = (0..counts.len()).any(|place| counts[place][place] as f64 == all);
    let chance: f64 = (0..counts.len()).map(by_chance).sum();
    (all > 0.0 && !is_one_label).then(|| (agreed - chance) / (1.0 - chance))
}

fn disagreements_in(video: &TwiceLabelled<'_>, stretches: &[ComparedStretch], classes: &[String]) -> Vec<Disagreement> {
    let name = |said: &BTreeSet<usize>| match said.is_empty() {
        true => BACKGROUND.to_owned(),
        false => said.iter().map(|&class| classes[class].as_str()).collect::<Vec<_>>().join(" + "),
    };
    let same = |one: &ComparedStretch, next: &ComparedStretch| (&one.a, &one.b) == (&next.a, &next.b);
    let found = stretches.chunk_by(same).filter_map(|run| {
        let (a, b) = run[0].compared().filter(|(a, b)| a != b)?;
        let frames = run[0].frames.start..run[run.len() - 1].frames.end;
        let [start_secs, end_secs] = video.times.span_secs(&frames);
        Some(Disagreement {
            video: video.video.to_owned(),
            start_frame: frames.start,
            end_frame: frames.end,
            start_secs,
            end_secs,
            a: name(a),
            b: name(b),
        })
    });
    found.collect()
}

#[cfg(test)]
#[path = "agreement_tests.rs"]
mod tests;
