//! All figures of one stream, or of both fused, on a list of clips.

use serde::{Deserialize, Serialize};

use super::{Calibration, ClassFigures, ConfusedPair, Confusion, MultiLabelFigures, ScoreTable, wilson_interval};
use crate::nets::fusion::{FusionRule, softmax};
use crate::ranking::{arg_max, rank};

/// Maximum number of listed confusions.
const CONFUSED: usize = 20;
/// Maximum number of listed misclassified clips.
const WORST: usize = 20;

/// Inverse of the rounding unit of a confidence: 32-bit scores have no more precision, and further digits would be
/// noise.
const DECIMALS: f64 = 1e6;

/// The figures of a stream; accuracies are fractions of the clips.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamReport {
    /// Top-1 accuracy.
    pub top1: f64,
    /// 95 % Wilson interval of top-1; `None` without clips, and in reports of earlier versions until they are read.
    #[serde(default)]
    pub interval: Option<[f64; 2]>,
    /// Top-5 accuracy; `None` below [`Self::TOP5_CLASSES`] classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top5: Option<f64>,
    /// Number of correct clips by top-1.
    pub correct: usize,
    /// Mean of the accuracies of all classes that have clips.
    pub mean_class: Option<f64>,
    /// Calibration: confidence against accuracy.
    pub calibration: Calibration,
    /// Figures of every class.
    pub classes: Vec<ClassFigures>,
    /// True classes (rows) against predicted classes (columns).
    pub confusion: Confusion,
    /// The largest confusions.
    pub most_confused: Vec<ConfusedPair>,
    /// Indices of the misclassified clips, the most confident first.
    pub worst: Vec<usize>,
    /// The metrics of a multi-label model. The figures of every class are then at its threshold, and a clip is correct
    /// if its likeliest class is one that it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_label: Option<MultiLabelFigures>,
}

/// The prediction for one clip.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Guess {
    /// The most probable class.
    pub class: usize,
    /// Its probability.
    pub confidence: f64,
}

/// The conversion of scores to probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// By softmax.
    Logits,
    /// By normalising the sum: the scores are sums of probabilities.
    Shares,
    /// None: the scores are independent class probabilities.
    Probabilities,
}

impl Scale {
    /// Returns the scale of scores fused by `rule`.
    pub fn of(rule: FusionRule) -> Self {
        match rule {
            FusionRule::Logits => Self::Logits,
            FusionRule::Released | FusionRule::Softmax => Self::Shares,
            FusionRule::Sigmoid => Self::Probabilities,
        }
    }

    /// Returns the best class of a row of scores.
    pub fn guess(self, scores: &[f32]) -> Guess {
        let class = arg_max(scores).unwrap_or_default(); // the scorer rejects NaN
        let confidence = match self {
            Self::Logits => f64::from(softmax(scores)[class]),
            Self::Probabilities => f64::from(scores[class]),
            Self::Shares => f64::from(scores[class]) / scores.iter().copied().map(f64::from).sum::<f64>(),
        };
        Guess { class, confidence: (DECIMALS * confidence).round() / DECIMALS }
    }
}

impl StreamReport {
    /// Minimum number of classes for top-5: with fewer, it is trivial.
    pub const TOP5_CLASSES: usize = 10;

    /// Returns the figures of `scores` against the true classes of the same clips.
    pub fn of(scores: &ScoreTable, labels: &[usize], scale: Scale) -> Self {
        let guesses: Vec<Guess> = scores.rows().map(|row| scale.guess(row)).collect();
        let is_right = |clip: usize| guesses[clip].class == labels[clip];
        let clips = labels.len();
        let share = |count: usize| count as f64 / clips.max(1) as f64;
        let correct = (0..clips).filter(|&clip| is_right(clip)).count();
        let among_five = scores.rows().zip(labels).filter(|(row, label)| rank(row, **label) < 5).count();
        let confusion = Confusion::of(scores.classes(), (0..clips).map(|clip| (labels[clip], guesses[clip].class)));
        let mut worst: Vec<usize> = (0..clips).filter(|&clip| !is_right(clip)).collect();
        worst.sort_by(|&a, &b| guesses[b].confidence.total_cmp(&guesses[a].confidence));
        worst.truncate(WORST);
        Self {
            top1: share(correct),
            interval: wilson_interval(correct, clips),
            top5: (scores.classes() >= Self::TOP5_CLASSES).then(|| share(among_five)),
            correct,
            mean_class: confusion.mean_class_accuracy(),
            calibration: Calibration::of((0..clips).map(|clip| (guesses[clip].confidence, is_right(clip)))),
            classes: confusion.classes(),
            most_confused: confusion.most_confused(CONFUSED),
            confusion,
            worst,
            multi_label: None,
        }
    }

    /// Returns the figures of independent class probabilities against the classes that the same clips show, at least
    /// one each. The default threshold of a class is one half.
    ///
    /// A clip counts as correct in top-1 if its likeliest class is one that it shows; in the confusion matrix its row
    /// is the likeliest class that it shows.
    pub fn multi_label(probabilities: &ScoreTable, shown: &[Vec<usize>], thresholds: &[f64]) -> Self {
        let likeliest = |(row, shown): (&[f32], &Vec<usize>)| {
            let known = shown.iter().copied();
            known.reduce(|best, next| if row[next] > row[best] { next } else { best }).unwrap_or_default()
        };
        let labels: Vec<usize> = probabilities.rows().zip(shown).map(likeliest).collect();
        let (figures, classes) = MultiLabelFigures::of(probabilities, shown, thresholds);
        let report = Self::of(probabilities, &labels, Scale::Probabilities);
        Self { classes, mean_class: None, multi_label: Some(figures), ..report }
    }

    /// Adds figures that reports of earlier versions lack, and removes meaningless ones.
    pub(super) fn complete(&mut self) {
        let (right, clips) = self.confusion.right();
        self.interval = wilson_interval(right, clips);
        self.top5 = self.top5.filter(|_| self.classes.len() >= Self::TOP5_CLASSES);
        if self.multi_label.is_none() {
            self.classes = self.confusion.classes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: of 3 clips with 10 classes the first is right, the second has its class at rank 2, the third at rank 6.
    #[test]
    fn accuracies_and_the_worst_clips() {
        let mut scores = ScoreTable::new(10);
        scores.push(&[9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        scores.push(&[1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        scores.push(&[7.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        let report = StreamReport::of(&scores, &[0, 0, 5], Scale::Logits);
        assert_eq!((report.correct, report.top1, report.top5), (1, 1.0 / 3.0, Some(2.0 / 3.0)));
        assert_eq!(report.interval, wilson_interval(1, 3));
        assert_eq!(report.mean_class, Some(0.25), "half of class 0 and none of class 5");
        assert_eq!(report.worst, [2, 1], "e⁷ outweighs more than e² does");
        assert_eq!(report.most_confused[1], ConfusedPair { label: 5, guess: 0, clips: 1 });
    }

    #[test]
    fn top_5_of_few_classes_is_not_reported() {
        let mut scores = ScoreTable::new(9);
        scores.push(&[1.0; 9]);
        let mut report = StreamReport::of(&scores, &[8], Scale::Logits);
        assert_eq!(report.top5, None);
        let json = serde_json::to_value(&report).unwrap();
        assert!(json.get("top5").is_none() && json["interval"].is_array() && json["classes"][8]["interval"].is_array());
        // The format of earlier versions.
        let whole = report.clone();
        (report.top5, report.interval) = (Some(1.0), None);
        report.classes.iter_mut().for_each(|class| class.interval = None);
        report.complete();
        assert_eq!(report, whole);
    }

    #[test]
    fn confidence_is_a_probability_on_either_scale() {
        let guess = Scale::Shares.guess(&[0.5, 1.5, 0.5]);
        assert_eq!((guess.class, guess.confidence), (1, 0.6));
        let guess = Scale::Logits.guess(&[0.0, 3.0_f32.ln()]);
        assert!(guess.class == 1 && (guess.confidence - 0.75).abs() < 2e-6);
        let guess = Scale::Logits.guess(&[0.0, 2.0, 1.0]);
        assert_eq!(serde_json::to_string(&guess).unwrap(), r#"{"class":1,"confidence":0.665241}"#, "without noise");
    }

    /// By hand, at thresholds of 0.5, 0.3 and the default: class 0 occurs in clips 0 and 1 and is predicted in 0 and 2;
    /// class 1 occurs in 1 and 2 and is predicted in 1 and 2; class 2 never occurs and is predicted in 2.
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
        // Class 0 in descending order: positive, negative, positive. 1/2 · 1 + 1/2 · 2/3.
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
