//! Agreement of two labellings of the same videos: of two annotators, or of an annotator and a model.
//!
//! By frame: a frame is compared if both label it, with a class or as background. Frames that one of them has not
//! labelled are excluded, unless [`Unlabelled::Background`] is chosen. Precision and recall treat `a` as the ground
//! truth; F1 and Cohen's kappa (Cohen 1960) are symmetric. The confusion matrix and the kappa of all classes count the
//! frames where neither has several classes.
//!
//! By bout: segments of the same class are matched one to one, in descending order of their intersection over union;
//! matches that reach a threshold agree. Intersection and union are counted in compared frames.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::bout_matches::{BoutAgreement, BoutMatches};
use super::compared::{ComparedStretch, TwiceLabelled, Unlabelled, ratio, stretches};
use crate::evaluation::Confusion;
use crate::frame_times::FrameTimes;

/// The name for frames without a class.
pub(super) const BACKGROUND: &str = "background";

/// Counts of frames or bouts of a class and the metrics derived from them; undefined ratios are `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct FrameAgreement {
    /// Number that both label.
    pub both: usize,
    /// Number that only `a` labels.
    pub only_a: usize,
    /// Number that only `b` labels.
    pub only_b: usize,
    /// Precision: fraction of those of `b` that `a` also labels.
    pub precision: Option<f64>,
    /// Recall: fraction of those of `a` that `b` also labels.
    pub recall: Option<f64>,
    /// F1 score.
    pub f1: Option<f64>,
    /// Cohen's kappa; `None` if chance alone explains full agreement, as without any frame of the class.
    pub kappa: Option<f64>,
}

/// Agreement on one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassAgreement {
    /// Name of the class.
    pub class: String,
    /// Seconds of compared frames that `a` and `b` label as this class.
    pub secs: [f64; 2],
    /// Agreement by frame.
    pub frames: FrameAgreement,
    /// Agreement by bout.
    pub bouts: BoutAgreement,
}

/// An interval of a video in which the labels differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Disagreement {
    /// Name of the video.
    pub video: String,
    /// The first frame.
    pub start_frame: usize,
    /// The frame after the last one.
    pub end_frame: usize,
    /// Start, seconds.
    pub start_secs: f64,
    /// End, seconds.
    pub end_secs: f64,
    /// Labels of `a`: the classes, or background.
    pub a: String,
    /// Labels of `b`.
    pub b: String,
}

/// How often the most probable class of a model is the labelled one, regardless of its probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LikeliestClass {
    /// Number of compared frames with one class, or with background if the model has that class.
    pub frames: usize,
    /// Fraction of these frames whose most probable class is the labelled one; `None` without frames.
    pub accuracy: Option<f64>,
}

impl LikeliestClass {
    /// Returns the accuracy from the confusion of labels and most probable classes, whose last row and column are
    /// background.
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
    /// How frames without any label are treated.
    pub unlabelled: Unlabelled,
    /// Minimum intersection over union of matched bouts.
    pub ious: Vec<f64>,
    /// Number of compared frames.
    pub frames: usize,
    /// Duration of compared frames, seconds.
    pub secs: f64,
    /// Duration of frames that are not compared because `a` or `b` has not labelled them, seconds.
    pub left_out_secs: f64,
    /// Number of compared frames with several classes, which are not in the confusion matrix.
    pub several: usize,
    /// Fraction of the frames in the confusion matrix with the same label; `None` without frames.
    pub accuracy: Option<f64>,
    /// Cohen's kappa of all classes and background.
    pub kappa: Option<f64>,
    /// Mean F1 by frame over the classes that have one.
    pub macro_f1: Option<f64>,
    /// Micro average over the classes by frame: precision, recall and F1 of the summed counts; the kappa is
    /// [`Self::kappa`].
    pub overall: FrameAgreement,
    /// Micro average over the classes by bout.
    pub bouts: BoutAgreement,
    /// Agreement by class.
    pub classes: Vec<ClassAgreement>,
    /// Names of the rows and columns of the confusion matrix: the classes, then background.
    pub labels: Vec<String>,
    /// Frames by the label of `a` (rows) and `b` (columns).
    pub confusion: Confusion,
    /// For models with one class per frame: how often the most probable class is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likeliest: Option<LikeliestClass>,
    /// Intervals with different labels, in the order of the videos.
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
    /// Compares the labellings of `videos`, whose spans refer to `classes` by index.
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

/// Counts by frame.
struct Counts {
    frames: usize,
    secs: f64,
    left_out_secs: f64,
    several: usize,
    /// For each class: labelled by both, only `a`, only `b`.
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

/// Returns Cohen's kappa of two labellings from their confusion matrix: agreement beyond chance as a fraction of the
/// possible one. `None` if nothing is labelled, or both label everything the same.
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
