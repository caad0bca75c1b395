//! Late fusion of the two streams' class scores (paper, Section 4.2, and the authors' released code).

use serde::{Deserialize, Serialize};

/// A fusion rule: the transformation of each stream's logits before averaging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FusionRule {
    /// The authors' code: clip at 0, divide by the sum. Logits without a positive one count as uniform.
    Released,
    /// Softmax.
    Softmax,
    /// Nothing.
    Logits,
}

/// (spatial + `temporal_weight` · temporal) / (1 + `temporal_weight`), after the rule. The default is the authors': released rule,
/// 1 : 1.5. They add without dividing, which leads to the same class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fusion {
    /// What is averaged.
    pub rule: FusionRule,
    /// Weight of the temporal stream, where the spatial stream's is 1.
    pub temporal_weight: f64,
}

impl Default for Fusion {
    fn default() -> Self {
        Self { rule: FusionRule::Released, temporal_weight: 1.5 }
    }
}

impl Fusion {
    /// Fused score of each class from the logits of both streams: their weighted mean, so that two streams together are no more
    /// confident than the surer of them. A stream that is absent (an empty slice) has no weight.
    pub fn fuse(&self, spatial: &[f32], temporal: &[f32]) -> Vec<f32> {
        let [spatial, temporal] = [spatial, temporal].map(|logits| self.rule.normalise(logits));
        let at = |scores: &[f32], class: usize| scores.get(class).copied().map_or(0.0, f64::from);
        let weight = |scores: &[f32], weight: f64| if scores.is_empty() { 0.0 } else { weight };
        let sum = weight(&spatial, 1.0) + weight(&temporal, self.temporal_weight);
        let divisor = if sum > 0.0 { sum } else { 1.0 }; // a single stream without weight says nothing
        (0..spatial.len().max(temporal.len()))
            .map(|class| ((at(&spatial, class) + self.temporal_weight * at(&temporal, class)) / divisor) as f32)
            .collect()
    }
}

impl FusionRule {
    /// Returns one stream's logits as this rule averages them.
    pub fn normalise(self, logits: &[f32]) -> Vec<f32> {
        match self {
            Self::Released => share_of_positive(logits),
            Self::Softmax => softmax(logits),
            Self::Logits => logits.to_vec(),
        }
    }
}

/// Each positive logit's share of their sum; uniform if there is none.
fn share_of_positive(logits: &[f32]) -> Vec<f32> {
    let sum: f32 = logits.iter().map(|logit| logit.max(0.0)).sum();
    if sum > 0.0 {
        logits.iter().map(|logit| logit.max(0.0) / sum).collect()
    } else {
        vec![1.0 / logits.len() as f32; logits.len()]
    }
}

/// Returns whether probabilities name no class with some certainty: the likeliest has less than one half, or leads the next by
/// less than a tenth.
pub fn is_unsure(probabilities: &[f32]) -> bool {
    let known = probabilities.iter().copied().filter(|share| !share.is_nan());
    let [first, second] =
        known.fold(
            [0.0_f32; 2],
            |[first, second], share| {
                if share > first { [share, first] } else { [first, second.max(share)] }
            },
        );
    first < 0.5 || first - second < 0.1
}

/// Returns a probability in percent with so many decimals and without the sign. No network is certain: what would be rounded to 100 is
/// `>99`.
pub fn percent(probability: impl Into<f64>, decimals: usize) -> String {
    let percent = 100.0 * probability.into();
    let step = 0.1_f64.powi(decimals as i32);
    if percent < 100.0 - step / 2.0 || percent.is_nan() {
        format!("{percent:.decimals$}")
    } else {
        format!(">{:.decimals$}", 100.0 - step)
    }
}

/// Probability of each class: exp(logit) divided by the sum over the classes.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exps: Vec<f32> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let sum: f32 = exps.iter().sum();
    exps.iter().map(|exp| exp / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: one stream is sure of the first class, the other leans to the second. Added, the logits 10 and 6 would give
    /// 98 %; their mean gives 1 / (1 + e^(−4/2.5)) = 83 %.
    #[test]
    fn fused_confidence_is_that_of_a_weighted_mean() {
        let (spatial, temporal) = ([10.0, 0.0], [0.0, 4.0]);
        let fusion = Fusion { rule: FusionRule::Logits, temporal_weight: 1.5 };
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
        let fusion = Fusion { rule: FusionRule::Logits, temporal_weight: 1.5 };
        assert_eq!((fusion.fuse(&[3.0, 1.0], &[]), fusion.fuse(&[], &[3.0, 1.0])), (vec![3.0, 1.0], vec![3.0, 1.0]));
        let weightless = Fusion { temporal_weight: 0.0, ..fusion };
        assert_eq!((weightless.fuse(&[], &[3.0, 1.0]), weightless.fuse(&[3.0], &[1.0])), (vec![0.0; 2], vec![3.0]));
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
        assert!(is_unsure(&[0.49, 0.2, 0.31]) && is_unsure(&[0.54, 0.46]) && is_unsure(&[]) && is_unsure(&[f32::NAN]));
        assert!(!is_unsure(&[0.2, 0.6, 0.2]) && !is_unsure(&[0.51, 0.3, 0.19]) && !is_unsure(&[1.0]));
    }
}
