//! Accuracy of the fusion over the weight of the temporal stream.

use serde::{Deserialize, Serialize};

use super::ScoreTable;
use crate::nets::fusion::FusionRule;
use crate::ranking::arg_max;

/// Accuracy at one weight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SweepPoint {
    /// Weight of the temporal stream; that of the spatial stream is 1.
    pub weight: f64,
    /// Number of correct clips.
    pub correct: usize,
    /// Top-1 accuracy.
    pub top1: f64,
}

/// Returns the weights 0, 0.25 … 4 and `also`, in ascending order, each with the accuracy on clips that show the
/// classes `shown`.
pub fn weight_sweep(
    spatial: &ScoreTable,
    temporal: &ScoreTable,
    shown: &[impl AsRef<[usize]>],
    rule: FusionRule,
    also: f64,
) -> Vec<SweepPoint> {
    let mut weights: Vec<f64> = (0..=16).map(|quarters| f64::from(quarters) / 4.0).chain([also]).collect();
    weights.sort_by(f64::total_cmp);
    weights.dedup();
    // The transformation of the logits by the rule does not depend on the weight.
    let rows: Vec<_> =
        spatial.rows().zip(temporal.rows()).map(|(s, t)| (rule.normalise(s), rule.normalise(t))).collect();
    let mut fused = Vec::new();
    let mut is_right = |(s, t): &(Vec<f32>, Vec<f32>), shown: &[usize], weight: f64| {
        fused.clear();
        fused.extend(s.iter().zip(t).map(|(s, t)| (f64::from(*s) + weight * f64::from(*t)) as f32));
        arg_max(&fused).is_some_and(|best| shown.contains(&best))
    };
    let point = |weight: f64| {
        let correct = rows.iter().zip(shown).filter(|(row, shown)| is_right(row, shown.as_ref(), weight)).count();
        SweepPoint { weight, correct, top1: correct as f64 / shown.len().max(1) as f64 }
    };
    weights.into_iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: spatial is right about clip 0 by a margin of 1, temporal about clip 1 by 1 and wrong about clip 0 by
    /// 0.4: both are right between 1 < w (clip 1) and w < 2.5 (clip 0).
    #[test]
    fn each_stream_rules_at_its_end() {
        let table = |rows: [[f32; 2]; 2]| {
            let mut table = ScoreTable::new(2);
            rows.iter().for_each(|row| table.push(row));
            table
        };
        let spatial = table([[1.0, 0.0], [1.0, 0.0]]);
        let temporal = table([[0.0, 0.4], [0.0, 1.0]]);
        let points = weight_sweep(&spatial, &temporal, &[[0], [1]], FusionRule::Logits, 1.6);
        assert_eq!(points.len(), 18);
        for SweepPoint { weight, correct, top1 } in points {
            let expected = usize::from(weight <= 2.5) + usize::from(weight > 1.0);
            assert_eq!((correct, top1), (expected, expected as f64 / 2.0), "weight {weight}");
        }
    }
}
