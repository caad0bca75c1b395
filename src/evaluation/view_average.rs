//! The mean over the views of a clip: of their logits, or of their softmax.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::named::named;
use crate::nets::fusion::{Fusion, FusionRule, softmax};
use crate::nets::{Backbone, ModelCard};

named! {
    /// The quantity averaged over the views of a clip.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum ViewAverage {
        /// The logits, as in temporal segment networks and the paper.
        #[default]
        Logits = "logits",
        /// The softmax scores, as in the tests of EMV (Zhang et al. 2016).
        Softmax = "softmax",
    }
}

impl ViewAverage {
    /// Returns what was averaged where a stream of `backbone` was published.
    pub fn of(backbone: Backbone) -> Self {
        if backbone == Backbone::Emv { Self::Softmax } else { Self::Logits }
    }
}

/// Returns the scores of a model of this `card` that are not means of logits, given `chosen` or, without it, each
/// network's published average; `None` if all are.
pub fn average_remark(card: &ModelCard, chosen: Option<ViewAverage>) -> Option<String> {
    let streams = [("spatial", &card.spatial), ("temporal", &card.temporal)];
    let by_softmax = streams.into_iter().filter_map(|(name, entry)| {
        let average = chosen.unwrap_or(ViewAverage::of(entry.as_ref()?.backbone));
        (average == ViewAverage::Softmax).then_some(name)
    });
    let mut names: Vec<&str> = by_softmax.collect();
    if card.joint.is_some() && chosen == Some(ViewAverage::Softmax) {
        names.push("temporal");
    }
    let names = match names[..] {
        [] => return None,
        [one] => format!("{one} stream"),
        _ => "streams".into(),
    };
    Some(format!(
        "The views of the {names} were averaged after softmax, which the released rule cannot fuse; --average logits \
         averages their logits."
    ))
}

/// Returns the fusion of scores of a model of this `card`, given `chosen` or each network's published average. Softmax
/// replaces the released rule where that rule would give only zeros: it keeps scores above 0, and the logarithm of a
/// probability never is. The softmax of such scores is the averaged softmax.
pub fn fusion_of_views(card: &ModelCard, chosen: Option<ViewAverage>, fusion: Fusion) -> Fusion {
    let rule = rule_of_views(average_remark(card, chosen).is_some(), fusion.rule);
    Fusion { rule, ..fusion }
}

/// Returns the fusion rule for scores averaged `by_softmax`, if `rule` is requested.
pub fn rule_of_views(by_softmax: bool, rule: FusionRule) -> FusionRule {
    if by_softmax && rule == FusionRule::Released { FusionRule::Softmax } else { rule }
}

/// A running mean of rows.
#[derive(Default)]
pub(super) struct Mean {
    average: ViewAverage,
    sum: Vec<f64>,
    count: usize,
}

impl Mean {
    /// Returns the mean of no rows.
    pub fn of(average: ViewAverage) -> Self {
        Self { average, ..Self::default() }
    }

    /// Adds a row of logits `count` times.
    fn add(&mut self, row: &[f32], times: usize) {
        let probabilities = (self.average == ViewAverage::Softmax).then(|| softmax(row));
        let row = probabilities.as_deref().unwrap_or(row);
        self.sum.resize(row.len(), 0.0);
        self.sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += times as f64 * f64::from(*value));
        self.count += times;
    }

    /// Adds the rows of batches, each with its count.
    pub fn add_batches<W>(&mut self, rows: &[Vec<Vec<f32>>], batches: &[&[(W, usize)]]) {
        let times = batches.iter().copied().flatten();
        rows.iter().flatten().zip(times).for_each(|(row, (_, times))| self.add(row, *times));
    }

    /// Returns the mean logits, or the logarithms of the mean softmax, whose softmax is the mean softmax.
    ///
    /// # Errors
    /// If a value is not finite: the networks diverged.
    pub fn finished(self, stream: &str) -> Result<Vec<f32>> {
        let mean = self.sum.iter().map(|sum| sum / self.count as f64);
        let mean: Vec<f32> = match self.average {
            ViewAverage::Logits => mean.map(|mean| mean as f32).collect(),
            // A probability that underflows is not impossible.
            ViewAverage::Softmax => {
                let floor = f64::from(f32::MIN_POSITIVE);
                mean.map(|mean| (if mean < floor { floor } else { mean }).ln() as f32).collect()
            }
        };
        match mean.iter().position(|value| !value.is_finite()) {
            Some(class) => Err(Error::new(
                format!("{stream} stream"),
                format!("the score of class {} is {}", class + 1, mean[class]),
                "Use weights of a training that did not diverge",
            )),
            None => Ok(mean),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn logits_are_averaged_and_checked() {
        let mut mean = Mean::default();
        mean.add(&[1.0, 4.0], 3);
        mean.add(&[5.0, 0.0], 1);
        assert_eq!(mean.finished("temporal").unwrap(), [2.0, 3.0]);
        for average in ViewAverage::ALL {
            let mut mean = Mean::of(average);
            mean.add(&[1.0, f32::NAN], 1);
            assert!(mean.finished("temporal").is_err_and(|error| error.cause.contains("is NaN")), "{average:?}");
        }
    }

    /// By hand: the softmax of (0, ln 3) is (¼, ¾), that of (0, 0) is (½, ½); with counts of two and one, the mean is
    /// (⅓, ⅔).
    #[test]
    fn softmax_is_averaged_and_stays_a_score() {
        let mut mean = Mean::of(ViewAverage::Softmax);
        mean.add(&[0.0, 3f32.ln()], 2);
        mean.add(&[0.0, 0.0], 1);
        let scores = mean.finished("temporal").unwrap();
        let shares = softmax(&scores);
        assert!((shares[0] - 1.0 / 3.0).abs() < 1e-6 && (scores[1] - (2.0f32 / 3.0).ln()).abs() < 1e-6, "{scores:?}");
        let mut mean = Mean::of(ViewAverage::Softmax);
        mean.add(&[0.0, 500.0], 1);
        assert_eq!(mean.finished("temporal").unwrap(), [f32::MIN_POSITIVE.ln(), 0.0]);
    }

    #[test]
    fn streams_whose_softmax_is_averaged_are_named() {
        let mut card = ModelCard::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/models/default"))).unwrap();
        assert_eq!(average_remark(&card, None), None);
        assert!(
            average_remark(&card, Some(ViewAverage::Softmax)).unwrap().starts_with("The views of the streams were")
        );
        card.temporal.as_mut().unwrap().backbone = Backbone::Emv;
        assert!(average_remark(&card, None).unwrap().starts_with("The views of the temporal stream were"));
        assert_eq!(average_remark(&card, Some(ViewAverage::Logits)), None);
    }

    #[test]
    fn the_released_rule_does_not_erase_the_mean_of_softmax() {
        let mut card = ModelCard::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/models/default"))).unwrap();
        card.temporal.as_mut().unwrap().backbone = Backbone::Emv;
        let released = Fusion { rule: FusionRule::Released, temporal_weight: 1.0, unsure_below: None };
        let mut mean = Mean::of(ViewAverage::Softmax);
        mean.add(&[0.0, 3f32.ln()], 1);
        let scores = mean.finished("temporal").unwrap();
        let fused = fusion_of_views(&card, None, released).fuse(&[], &scores);
        assert!((fused[0] - 0.25).abs() < 1e-6 && (fused[1] - 0.75).abs() < 1e-6, "{fused:?}");
        assert_eq!(fusion_of_views(&card, Some(ViewAverage::Logits), released), released);
        let logits = Fusion { rule: FusionRule::Logits, ..released };
        assert_eq!(fusion_of_views(&card, None, logits), logits, "a rule that keeps them stays");
    }
}
