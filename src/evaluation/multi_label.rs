//! Metrics of multi-label models: several classes of a clip may be right at the same time.

use serde::{Deserialize, Serialize};

use super::{ClassFigures, ScoreTable, wilson_interval};
use crate::training::{DEFAULT_THRESHOLD, average_precision};

/// Metrics of independent class probabilities; precision, recall and F1 of each class at its threshold are in the
/// report of the stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MultiLabelFigures {
    /// Mean average precision over the classes that occur.
    pub map: Option<f64>,
    /// Macro F1: mean of the F1 scores of the classes that have one.
    pub macro_f1: Option<f64>,
    /// Micro F1: F1 score of all classes together.
    pub micro_f1: Option<f64>,
    /// Threshold of each class: from this probability on it is predicted.
    pub thresholds: Vec<f64>,
    /// Average precision of each class, as in scikit-learn; `None` if no clip shows it.
    pub average_precision: Vec<Option<f64>>,
}

impl MultiLabelFigures {
    /// Computes the metrics of independent class probabilities against the classes that the same clips show. Also
    /// returns the metrics of each class at its threshold; the default threshold is one half.
    pub(super) fn of(
        probabilities: &ScoreTable,
        shown: &[Vec<usize>],
        thresholds: &[f64],
    ) -> (Self, Vec<ClassFigures>) {
        let threshold = |class| thresholds.get(class).copied().unwrap_or(DEFAULT_THRESHOLD);
        let thresholds: Vec<f64> = (0..probabilities.classes()).map(threshold).collect();
        let counts: Vec<Counts> =
            (0..thresholds.len()).map(|class| Counts::of(probabilities, shown, class, thresholds[class])).collect();
        let of_class = |class| {
            let clips = probabilities.rows().zip(shown).map(|(row, shown)| (row[class], shown.contains(&class)));
            average_precision(&clips.collect::<Vec<_>>())
        };
        let average_precision: Vec<Option<f64>> = (0..thresholds.len()).map(of_class).collect();
        let all = counts.iter().fold(Counts::default(), Counts::plus);
        let figures = Self {
            map: mean(average_precision.iter().copied()),
            macro_f1: mean(counts.iter().map(Counts::f1)),
            micro_f1: all.f1(),
            thresholds,
            average_precision,
        };
        (figures, counts.iter().map(Counts::figures).collect())
    }
}

/// Number of clips of a class at its threshold.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    shown: usize,
    found: usize,
    both: usize,
}

impl Counts {
    fn of(probabilities: &ScoreTable, shown: &[Vec<usize>], class: usize, threshold: f64) -> Self {
        probabilities.rows().zip(shown).fold(Self::default(), |counts, (row, shown)| {
            let (is_shown, is_found) = (shown.contains(&class), f64::from(row[class]) >= threshold);
            let one = |is: bool| usize::from(is);
            counts.plus(&Self { shown: one(is_shown), found: one(is_found), both: one(is_shown && is_found) })
        })
    }

    fn plus(self, other: &Self) -> Self {
        Self { shown: self.shown + other.shown, found: self.found + other.found, both: self.both + other.both }
    }

    fn f1(&self) -> Option<f64> {
        share(2 * self.both, self.shown + self.found)
    }

    fn figures(&self) -> ClassFigures {
        ClassFigures {
            clips: self.shown,
            precision: share(self.both, self.found),
            recall: share(self.both, self.shown),
            f1: self.f1(),
            interval: wilson_interval(self.both, self.shown),
        }
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let known: Vec<f64> = values.flatten().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}
