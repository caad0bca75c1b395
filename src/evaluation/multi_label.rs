//! Figures of models that answer each class by itself: several classes of a clip may be right at the same time.

use serde::{Deserialize, Serialize};

use super::{ClassFigures, Scale, ScoreTable, StreamReport, wilson_interval};
use crate::training::{DEFAULT_THRESHOLD, average_precision};

/// What is measured of probabilities of classes by themselves; the precision, recall and F1 of each class at its threshold are those
/// of [`StreamReport::classes`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MultiLabelFigures {
    /// Mean of the average precisions of the classes that clips show.
    pub map: Option<f64>,
    /// Mean of the F1 scores of the classes that have one.
    pub macro_f1: Option<f64>,
    /// F1 score of all classes together.
    pub micro_f1: Option<f64>,
    /// Threshold of each class: from this probability on it is answered.
    pub thresholds: Vec<f64>,
    /// Average precision of each class, as scikit-learn has it; none where no clip shows it.
    pub average_precision: Vec<Option<f64>>,
}

impl StreamReport {
    /// Measures the probabilities of classes by themselves against the classes that the same clips show, at least one each. Classes
    /// without a threshold have that of one half.
    ///
    /// A clip counts as correct in top-1 where the likeliest class is one that it shows; in the confusion matrix its row is the
    /// likeliest class that it shows.
    pub fn multi_label(probabilities: &ScoreTable, shown: &[Vec<usize>], thresholds: &[f64]) -> Self {
        let likeliest = |(row, shown): (&[f32], &Vec<usize>)| {
            let known = shown.iter().copied();
            known.reduce(|best, next| if row[next] > row[best] { next } else { best }).unwrap_or_default()
        };
        let labels: Vec<usize> = probabilities.rows().zip(shown).map(likeliest).collect();
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
        let figures = MultiLabelFigures {
            map: mean(average_precision.iter().copied()),
            macro_f1: mean(counts.iter().map(Counts::f1)),
            micro_f1: all.f1(),
            thresholds,
            average_precision,
        };
        Self {
            classes: counts.iter().map(Counts::figures).collect(),
            mean_class: None,
            multi_label: Some(figures),
            ..Self::of(probabilities, &labels, Scale::Probabilities)
        }
    }
}

/// Clips of a class at its threshold.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand, at thresholds of 0.5, 0.3 and the default: class 0 is shown by clips 0 and 1 and found in 0 and 2; class 1 is shown by
    /// 1 and 2 and found in 1 and 2; class 2 is never shown and found in 2.
    #[test]
    fn each_class_counts_at_its_threshold() {
        let mut table = ScoreTable::new(3);
        [[0.9, 0.1, 0.2], [0.45, 0.4, 0.1], [0.6, 0.8, 0.7]].iter().for_each(|row| table.push(row));
        let report = StreamReport::multi_label(&table, &[vec![0], vec![0, 1], vec![1]], &[0.5, 0.3]);
        let of = |class: usize| {
            let ClassFigures { clips, precision, recall, f1, .. } = report.classes[class];
            (clips, precision, recall, f1)
        };
        assert_eq!(of(0), (2, Some(0.5), Some(0.5), Some(0.5)));
        assert_eq!(of(1), (2, Some(1.0), Some(1.0), Some(1.0)));
        assert_eq!(of(2), (0, Some(0.0), None, Some(0.0)));
        let figures = report.multi_label.as_ref().unwrap();
        assert_eq!(figures.thresholds, [0.5, 0.3, 0.5]);
        // Class 0 in falling order: shown, not, shown. 1/2 · 1 + 1/2 · 2/3.
        let expected = [Some(0.5 + 1.0 / 3.0), Some(1.0), None];
        let close = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => (one - other).abs() < 1e-12,
            (one, other) => one == other,
        };
        assert!(figures.average_precision.iter().zip(expected).all(|(found, expected)| close(*found, expected)));
        assert!(close(figures.map, Some((0.5 + 1.0 / 3.0 + 1.0) / 2.0)), "of the classes that are shown");
        assert!(close(figures.macro_f1, Some(0.5)) && close(figures.micro_f1, Some(6.0 / 9.0)), "{figures:?}");
        assert_eq!((report.correct, report.mean_class), (3, None), "the likeliest class of each is shown");
    }

    #[test]
    fn a_report_that_is_read_keeps_the_figures_at_the_thresholds() {
        let mut table = ScoreTable::new(2);
        [[0.9, 0.8], [0.4, 0.6]].iter().for_each(|row| table.push(row));
        let report = StreamReport::multi_label(&table, &[vec![0, 1], vec![1]], &[]);
        let mut read: StreamReport = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
        read.complete();
        assert_eq!(read, report);
        assert_ne!(read.confusion.classes(), read.classes);
    }
}
