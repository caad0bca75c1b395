//! Late fusion of the two streams' class scores (paper, Section 4.2, and the authors' released code).

use serde::{Deserialize, Serialize};

use crate::ranking::{arg_max, falling};

/// A fusion rule: the transformation of each stream's logits before averaging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FusionRule {
    /// The authors' code: negative logits are clipped to 0, the rest divided by their sum; uniform if none is positive.
    Released,
    /// Softmax.
    Softmax,
    /// No transformation.
    Logits,
    /// Sigmoid of each class independently: the rule of multi-label models, whose classes may occur together.
    Sigmoid,
}

/// Weighted late fusion: (spatial + `temporal_weight` · temporal) / (1 + `temporal_weight`), after the rule is applied.
///
/// The default is the authors': the released rule, 1 : 1.5. Their code adds without dividing, which predicts the same
/// class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fusion {
    /// Transformation applied to the logits before averaging.
    pub rule: FusionRule,
    /// Weight of the temporal stream relative to the spatial stream's weight of 1.
    pub temporal_weight: f64,
    /// Probability below which a prediction counts as unsure, chosen on held-out clips; [`UNSURE_BELOW`] if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsure_below: Option<f64>,
}

/// Text shown when a multi-label model finds none of its classes.
pub const NO_CLASS: &str = "none of its classes";
/// Default probability below which a prediction counts as unsure, without a threshold from held-out clips.
pub const UNSURE_BELOW: f64 = 0.5;
/// Smallest margin over the second class; a prediction with a smaller one is unsure too.
const LEAST_LEAD: f32 = 0.1;

impl Default for Fusion {
    fn default() -> Self {
        Self { rule: FusionRule::Released, temporal_weight: 1.5, unsure_below: None }
    }
}

impl Fusion {
    /// Returns the fused score of each class from the logits of both streams: their weighted mean, so the two streams
    /// together are never more confident than the more confident one. A missing stream (an empty slice) has no weight.
    pub fn fuse(&self, spatial: &[f32], temporal: &[f32]) -> Vec<f32> {
        let [spatial, temporal] = [spatial, temporal].map(|logits| self.rule.normalise(logits));
        let at = |scores: &[f32], class: usize| scores.get(class).copied().map_or(0.0, f64::from);
        let weight = |scores: &[f32], weight: f64| if scores.is_empty() { 0.0 } else { weight };
        let sum = weight(&spatial, 1.0) + weight(&temporal, self.temporal_weight);
        let divisor = if sum > 0.0 { sum } else { 1.0 }; // the only stream may have weight 0
        (0..spatial.len().max(temporal.len()))
            .map(|class| ((at(&spatial, class) + self.temporal_weight * at(&temporal, class)) / divisor) as f32)
            .collect()
    }

    /// Returns [fused](Self::fuse) scores as probabilities, comparable with those of the streams: normalised to a sum
    /// of 1 where the rule averages shares, their softmax where it averages logits. Multi-label probabilities are
    /// unchanged.
    pub fn shares(&self, fused: &[f32]) -> Vec<f32> {
        if self.is_multi_label() {
            return fused.to_vec();
        }
        let sum: f32 = fused.iter().sum();
        // The sum is 0 if the only stream has weight 0; softmax then returns a uniform distribution.
        if self.rule == FusionRule::Logits || sum <= 0.0 {
            return softmax(fused);
        }
        fused.iter().map(|score| score / sum).collect()
    }

    /// Returns `true` if classes are predicted independently and several may apply.
    pub fn is_multi_label(&self) -> bool {
        self.rule == FusionRule::Sigmoid
    }

    /// Returns whether a multi-label model shows `class` at this probability: from its threshold on, where there are `thresholds`.
    pub fn shows(&self, thresholds: &[f64], class: usize, probability: f32) -> bool {
        let below = thresholds.get(class).copied().or(self.unsure_below).unwrap_or(UNSURE_BELOW);
        f64::from(probability) >= below
    }

    /// Returns the names of the classes that a multi-label model [shows](Self::shows) at these probabilities, the
    /// likeliest first; `None` for other models.
    pub fn found(&self, thresholds: &[f64], classes: &[String], probabilities: &[f32]) -> Option<Vec<String>> {
        if !self.is_multi_label() {
            return None;
        }
        let known = classes.iter().zip(probabilities).enumerate();
        let mut found: Vec<_> =
            known.filter(|(class, (_, probability))| self.shows(thresholds, *class, **probability)).collect();
        found.sort_by(|(_, (_, a)), (_, (_, b))| falling(a, b));
        Some(found.into_iter().map(|(_, (name, _))| name.clone()).collect())
    }

    /// Returns the probabilities of the classes by the logits of one stream.
    pub fn of_stream(&self, logits: &[f32]) -> Vec<f32> {
        if self.is_multi_label() { sigmoid(logits) } else { softmax(logits) }
    }

    /// Returns the reason why the prediction is unsure, or `None` if it is sure: the highest fused probability is below
    /// the threshold, leads the second by less than 0.1, or is the top class of neither stream. For multi-label models
    /// only the threshold applies, as several classes may be likely. `streams` are the logits or probabilities of the
    /// spatial and the temporal stream, empty for a missing one.
    pub fn doubt(&self, fused: &[f32], streams: [&[f32]; 2]) -> Option<Doubt> {
        let known = fused.iter().copied().filter(|share| !share.is_nan());
        let [first, second] =
            known.fold(
                [0.0_f32; 2],
                |[first, second], share| {
                    if share > first { [share, first] } else { [first, second.max(share)] }
                },
            );
        let below = self.unsure_below.unwrap_or(UNSURE_BELOW);
        if self.is_multi_label() {
            return (f64::from(first) < below).then_some(Doubt::Absent { below });
        }
        if f64::from(first) < below || first - second < LEAST_LEAD {
            return Some(Doubt::Small { below });
        }
        let leader = arg_max(fused)?;
        let is_other = |stream: &[f32]| stream.iter().any(|share| stream.get(leader).is_some_and(|own| share > own));
        streams.into_iter().all(is_other).then_some(Doubt::NoStream)
    }
}

/// A reason why a prediction is unsure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Doubt {
    /// The probability or its margin over the second class is too small.
    Small {
        /// Probability below which a prediction is unsure.
        below: f64,
    },
    /// No class of a multi-label model is probable enough to be shown.
    Absent {
        /// Probability from which a class is shown.
        below: f64,
    },
    /// Each stream prefers another class.
    NoStream,
    /// The prediction is held by smoothing although another class leads.
    Held,
}

impl Doubt {
    /// Returns the text shown for the unsure prediction `class`.
    pub fn answer(self, class: &str) -> String {
        if let Self::Absent { .. } = self { NO_CLASS.to_owned() } else { unsure_text(class) }
    }

    /// Returns the reason as text for the interface.
    pub fn in_words(self) -> String {
        match self {
            Self::Small { below } => {
                format!("Unsure: below {:.0} % or less than {:.0} % ahead", 100.0 * below, 100.0 * LEAST_LEAD)
            }
            Self::Absent { below } => format!("No class reaches {:.0} %", 100.0 * below),
            Self::NoStream => "Unsure: each stream finds another class likelier".into(),
            Self::Held => "Unsure: another class leads at present".into(),
        }
    }
}

/// Minimum number of held-out predictions for choosing a threshold, and minimum number of them at or above it.
const FEWEST_ANSWERS: [usize; 2] = [20, 10];
/// Required accuracy of the predictions at or above the threshold.
const RIGHT_ABOVE: f64 = 0.9;
/// Candidate thresholds in percent: lower ones would mark nothing as unsure, higher ones nearly everything.
const THRESHOLDS: std::ops::RangeInclusive<u8> = 30..=90;

/// Returns the lowest threshold above which 90 % of the held-out predictions are correct, given the probability of each
/// prediction and whether it is correct. Returns the highest candidate if none qualifies, and `None` for too few
/// predictions.
pub fn unsure_threshold(answers: &[(f32, bool)]) -> Option<f64> {
    if answers.len() < FEWEST_ANSWERS[0] {
        return None;
    }
    let is_enough = |percent: &u8| {
        let above = || answers.iter().filter(|(share, _)| *share >= f32::from(*percent) / 100.0);
        let (count, right) = (above().count(), above().filter(|(_, is_right)| *is_right).count());
        count >= FEWEST_ANSWERS[1] && right as f64 >= RIGHT_ABOVE * count as f64
    };
    let percent = THRESHOLDS.step_by(5).find(is_enough).unwrap_or(*THRESHOLDS.end());
    Some(f64::from(percent) / 100.0)
}

impl FusionRule {
    /// Returns one stream's logits transformed by this rule.
    pub fn normalise(self, logits: &[f32]) -> Vec<f32> {
        match self {
            Self::Released => share_of_positive(logits),
            Self::Softmax => softmax(logits),
            Self::Logits => logits.to_vec(),
            Self::Sigmoid => sigmoid(logits),
        }
    }
}

/// Returns each positive logit divided by their sum; uniform if none is positive.
fn share_of_positive(logits: &[f32]) -> Vec<f32> {
    let sum: f32 = logits.iter().map(|logit| logit.max(0.0)).sum();
    if sum > 0.0 {
        logits.iter().map(|logit| logit.max(0.0) / sum).collect()
    } else {
        vec![1.0 / logits.len() as f32; logits.len()]
    }
}

/// The certainty of a prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Firmness {
    /// The prediction is certain enough to be shown.
    Sure,
    /// The leading class is probable enough and will be predicted after this many seconds if it keeps leading.
    Waiting(f32),
    /// The prediction is unsure.
    Unsure(Doubt),
}

impl Firmness {
    /// Returns the prediction `class` as it is shown.
    pub fn text(self, class: &str) -> String {
        match self {
            Self::Sure => class.to_owned(),
            Self::Waiting(secs) => format!("{class}, waiting {secs:.1} s"),
            Self::Unsure(doubt) => doubt.answer(class),
        }
    }
}

/// Returns the classes that a multi-label model shows as text, or what stands for none.
pub fn found_text(found: &[String]) -> String {
    if found.is_empty() { NO_CLASS.to_owned() } else { found.join(", ") }
}

/// Returns the text shown for an unsure prediction.
pub fn unsure_text(class: &str) -> String {
    format!("unsure, {class}?")
}

/// Formats a probability in percent with `decimals` decimals, without the percent sign. Values that would round to 100
/// become `>99`, as no network is certain.
pub fn percent(probability: impl Into<f64>, decimals: usize) -> String {
    let percent = 100.0 * probability.into();
    let step = 0.1_f64.powi(decimals as i32);
    if percent < 100.0 - step / 2.0 || percent.is_nan() {
        format!("{percent:.decimals$}")
    } else {
        format!(">{:.decimals$}", 100.0 - step)
    }
}

/// Returns the softmax: exp(logit) divided by its sum over the classes.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exps: Vec<f32> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let sum: f32 = exps.iter().sum();
    exps.iter().map(|exp| exp / sum).collect()
}

/// Returns the sigmoid of each logit: 1 / (1 + exp(−logit)).
pub fn sigmoid(logits: &[f32]) -> Vec<f32> {
    logits.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: one stream is sure of the first class, the other leans to the second. Summed, the logits 10 and 6 would
    /// give 98 %; their mean gives 1 / (1 + e^(−4/2.5)) = 83 %.
    #[test]
    fn fused_confidence_is_that_of_a_weighted_mean() {
        let (spatial, temporal) = ([10.0, 0.0], [0.0, 4.0]);
        let fusion = Fusion { rule: FusionRule::Logits, temporal_weight: 1.5, ..Fusion::default() };
        let fused = fusion.fuse(&spatial, &temporal);
        assert_eq!(fused, [4.0, 2.4]);
        assert!((softmax(&fused)[0] - 0.832).abs() < 1e-3, "{:?}", softmax(&fused));
        for rule in [FusionRule::Softmax, FusionRule::Released] {
            let fused = Fusion { rule, ..fusion }.fuse(&spatial, &temporal);
            assert!((fused.iter().sum::<f32>() - 1.0).abs() < 1e-6, "shares stay shares: {fused:?}");
        }
    }

    #[test]
    fn a_stream_alone_is_as_confident_as_it_is() {
        let fusion = Fusion { rule: FusionRule::Logits, temporal_weight: 1.5, ..Fusion::default() };
        assert_eq!((fusion.fuse(&[3.0, 1.0], &[]), fusion.fuse(&[], &[3.0, 1.0])), (vec![3.0, 1.0], vec![3.0, 1.0]));
        let weightless = Fusion { temporal_weight: 0.0, ..fusion };
        assert_eq!((weightless.fuse(&[], &[3.0, 1.0]), weightless.fuse(&[3.0], &[1.0])), (vec![0.0; 2], vec![3.0]));
    }

    /// By hand: the sigmoids of 0, ln 3 and −ln 3 are ½, ¾ and ¼; 1 : 3 of ¾ and ¼ is ⅜.
    #[test]
    fn classes_of_a_multi_label_model_are_fused_by_themselves() {
        let fusion = Fusion { rule: FusionRule::Sigmoid, temporal_weight: 3.0, ..Fusion::default() };
        let fused = fusion.fuse(&[3f32.ln(), 3f32.ln()], &[-(3f32.ln()), 3f32.ln()]);
        let shares = fusion.shares(&fused);
        assert!((shares[0] - 0.375).abs() < 1e-6 && (shares[1] - 0.75).abs() < 1e-6, "{shares:?}");
        assert_eq!(fusion.doubt(&shares, [&[], &[]]), None, "both may be likely");
        assert_eq!(fusion.doubt(&[0.4, 0.45], [&[], &[]]).unwrap().in_words(), "No class reaches 50 %");
        let names = ["walk", "wave", "bow"].map(str::to_owned);
        let found =
            |thresholds: &[f64]| fusion.found(thresholds, &names, &[0.6, 0.9, 0.3]).map(|found| found_text(&found));
        assert_eq!(found(&[]).as_deref(), Some("wave, walk"), "from 50 % on, the likeliest first");
        assert_eq!(found(&[0.7, 0.95, 0.2]).as_deref(), Some("bow"), "each class has its own threshold");
        assert_eq!(found(&[1.0; 3]).as_deref(), Some(NO_CLASS));
        assert_eq!(Fusion::default().found(&[], &names, &[0.6, 0.9, 0.3]), None, "the other rules give one class");
    }

    #[test]
    fn one_hundred_percent_is_never_shown() {
        let texts = [0.0_f32, 0.514, 0.994, 0.996, 1.0].map(|share| percent(share, 0));
        assert_eq!(texts, ["0", "51", "99", ">99", ">99"]);
        let texts = [0.9949, 0.9994, 0.9996, 1.0, f32::NAN].map(|share| percent(share, 1));
        assert_eq!(texts, ["99.5", "99.9", ">99.9", ">99.9", "NaN"]);
    }

    #[test]
    fn a_small_share_or_lead_is_unsure() {
        let is_unsure = |shares: &[f32]| Fusion::default().doubt(shares, [&[], &[]]).is_some();
        assert!(is_unsure(&[0.49, 0.2, 0.31]) && is_unsure(&[0.54, 0.46]) && is_unsure(&[]) && is_unsure(&[f32::NAN]));
        assert!(!is_unsure(&[0.2, 0.6, 0.2]) && !is_unsure(&[0.51, 0.3, 0.19]) && !is_unsure(&[1.0]));
        let strict = Fusion { unsure_below: Some(0.8), ..Fusion::default() };
        let doubt = |shares: &[f32]| strict.doubt(shares, [&[], &[]]);
        assert_eq!(doubt(&[0.81, 0.19]), None);
        assert_eq!(doubt(&[0.79, 0.21]).unwrap().in_words(), "Unsure: below 80 % or less than 10 % ahead");
    }

    #[test]
    fn an_answer_that_neither_stream_gives_is_unsure() {
        let fused = [0.6, 0.2, 0.2];
        let doubt = |spatial: &[f32], temporal: &[f32]| Fusion::default().doubt(&fused, [spatial, temporal]);
        assert_eq!(doubt(&[0.4, 0.6, 0.0], &[0.45, 0.0, 0.55]), Some(Doubt::NoStream));
        assert_eq!(doubt(&[0.4, 0.6, 0.0], &[0.5, 0.0, 0.5]), None, "the temporal stream finds no class likelier");
        assert_eq!(doubt(&[], &[0.4, 0.6, 0.0]), None, "a stream alone is the answer");
        assert_eq!(doubt(&[0.4, 0.6, 0.0], &[]), None);
    }

    #[test]
    fn the_threshold_is_the_lowest_above_which_nine_of_ten_held_out_answers_are_right() {
        let answers = |wrong_below: f32| -> Vec<(f32, bool)> {
            (0..100).map(|i| i as f32 / 100.0).map(|share| (share, share >= wrong_below)).collect()
        };
        // From 0.55 there are 45 predictions, of which 40 are correct; from 0.6 all are.
        assert_eq!(unsure_threshold(&answers(0.6)), Some(0.6));
        assert_eq!(unsure_threshold(&answers(0.0)), Some(0.3));
        assert_eq!(unsure_threshold(&answers(2.0)), Some(0.9), "a model that is always wrong is always unsure");
        assert_eq!(unsure_threshold(&answers(0.6)[81..]), None, "nineteen answers say nothing");
    }
}
