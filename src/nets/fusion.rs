//! Late fusion of the two streams' class scores (paper, Section 4.2, and the authors' released code).

use serde::{Deserialize, Serialize};

/// What is done to each stream's logits before they are added.
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

/// spatial + `temporal_weight` · temporal, after the rule. The default is the authors': released rule, 1 : 1.5.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fusion {
    /// What is added.
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
    /// Fused score of each class from the logits of both streams. Scores are comparable within one result only: they
    /// are not divided by the sum of the weights. A stream that is absent (an empty slice) adds nothing.
    pub fn fuse(&self, spatial: &[f32], temporal: &[f32]) -> Vec<f32> {
        let [spatial, temporal] = [spatial, temporal].map(|logits| self.rule.normalise(logits));
        let at = |scores: &[f32], class: usize| scores.get(class).copied().map_or(0.0, f64::from);
        (0..spatial.len().max(temporal.len()))
            .map(|class| (at(&spatial, class) + self.temporal_weight * at(&temporal, class)) as f32)
            .collect()
    }
}

impl FusionRule {
    /// One stream's logits as this rule adds them.
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

/// Probability of each class: exp(logit) divided by the sum over the classes.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exps: Vec<f32> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let sum: f32 = exps.iter().sum();
    exps.iter().map(|exp| exp / sum).collect()
}
