//! The confusion matrix, and precision, recall and F1 of each class.

use serde::{Deserialize, Serialize};

use super::wilson_interval;

/// A confusion matrix: clips by true class (rows) and predicted class (columns).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Confusion {
    /// Number of clips per cell, `[classes][classes]`.
    pub counts: Vec<Vec<usize>>,
}

/// The metrics of one class; undefined ratios are `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassFigures {
    /// Number of clips of the class.
    pub clips: usize,
    /// Precision: fraction of the clips predicted as this class that belong to it.
    pub precision: Option<f64>,
    /// Recall: fraction of the clips of this class that are predicted as it.
    pub recall: Option<f64>,
    /// F1 score: 2·correct / (clips + predictions of it).
    pub f1: Option<f64>,
    /// 95 % Wilson interval of the recall; `None` without clips, and in reports of earlier versions until they are
    /// read.
    #[serde(default)]
    pub interval: Option<[f64; 2]>,
}

/// A pair of confused classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusedPair {
    /// The true class.
    pub label: usize,
    /// The predicted class.
    pub guess: usize,
    /// Number of clips.
    pub clips: usize,
}

impl Confusion {
    /// Counts pairs of true and predicted class, all below `classes`.
    pub fn of(classes: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut counts = vec![vec![0; classes]; classes];
        pairs.for_each(|(label, guess)| counts[label][guess] += 1);
        Self { counts }
    }

    /// Returns the number of correct clips, and of all clips.
    pub fn right(&self) -> (usize, usize) {
        let right = self.counts.iter().enumerate().map(|(class, row)| row[class]).sum();
        (right, self.counts.iter().flatten().sum())
    }

    /// Returns the figures of every class.
    pub fn classes(&self) -> Vec<ClassFigures> {
        (0..self.counts.len()).map(|class| self.class(class)).collect()
    }

    fn class(&self, class: usize) -> ClassFigures {
        let right = self.counts[class][class];
        let clips = self.counts[class].iter().sum();
        let taken: usize = self.counts.iter().map(|row| row[class]).sum();
        let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        ClassFigures {
            clips,
            precision: share(right, taken),
            recall: share(right, clips),
            f1: share(2 * right, clips + taken),
            interval: wilson_interval(right, clips),
        }
    }

    /// Returns the mean of the accuracies of all classes that have clips; `None` without clips.
    pub fn mean_class_accuracy(&self) -> Option<f64> {
        let recalls: Vec<f64> = self.classes().iter().filter_map(|class| class.recall).collect();
        (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
    }

    /// Returns the `count` largest confusions, the largest first.
    pub fn most_confused(&self, count: usize) -> Vec<ConfusedPair> {
        let rows = self.counts.iter().enumerate();
        let pairs = rows.flat_map(|(label, row)| {
            row.iter().enumerate().map(move |(guess, &clips)| ConfusedPair { label, guess, clips })
        });
        let mut pairs: Vec<_> = pairs.filter(|pair| pair.label != pair.guess && pair.clips > 0).collect();
        pairs.sort_by_key(|pair| std::cmp::Reverse(pair.clips)); // stable: equal counts stay in class order
        pairs.truncate(count);
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: class 0 has 4 clips, 3 right; class 1 has 2, 1 right; class 2 has none and is predicted once.
    #[test]
    fn figures_follow_from_the_counts() {
        let pairs = [(0, 0), (0, 0), (0, 0), (0, 2), (1, 1), (1, 0)];
        let confusion = Confusion::of(3, pairs.into_iter());
        assert_eq!(confusion.counts, [[3, 0, 1], [1, 1, 0], [0, 0, 0]]);
        let [first, second, third] = &confusion.classes()[..] else { panic!("three classes") };
        let figures = |clips, precision, recall, f1, interval| ClassFigures { clips, precision, recall, f1, interval };
        assert_eq!(*first, figures(4, Some(0.75), Some(0.75), Some(0.75), wilson_interval(3, 4)));
        assert_eq!(*second, figures(2, Some(1.0), Some(0.5), Some(2.0 / 3.0), wilson_interval(1, 2)));
        assert_eq!(*third, figures(0, Some(0.0), None, Some(0.0), None));
        assert_eq!(confusion.mean_class_accuracy(), Some(0.625));
        assert_eq!(confusion.right(), (4, 6));
        let pair = |label, guess| ConfusedPair { label, guess, clips: 1 };
        assert_eq!(confusion.most_confused(5), [pair(0, 2), pair(1, 0)]);
        assert_eq!(confusion.most_confused(1), [pair(0, 2)]);
    }

    #[test]
    fn nothing_has_no_accuracy() {
        let confusion = Confusion::of(1, std::iter::empty());
        assert_eq!(confusion.mean_class_accuracy(), None);
        assert_eq!(
            confusion.classes(),
            [ClassFigures { clips: 0, precision: None, recall: None, f1: None, interval: None }]
        );
    }
}
