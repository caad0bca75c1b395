//! Calibration of a stream: reliability diagram and ECE (Guo et al. 2017, section 3).

use serde::{Deserialize, Serialize};

/// Number of bins between 0 and 1.
const BINS: usize = 10;

/// Calibration of a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Expected calibration error: mean |accuracy − confidence| of the bins, weighted by their clips.
    pub ece: f64,
    /// Ten bins of equal width, from 0 to 1.
    pub bins: Vec<ReliabilityBin>,
}

/// A bin of the reliability diagram: the clips with confidence in ((i−1)/10, i/10].
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Number of clips.
    pub clips: usize,
    /// Mean confidence, 0 without clips.
    pub confidence: f64,
    /// Accuracy, 0 without clips.
    pub accuracy: f64,
}

impl Calibration {
    /// Computes the calibration from the confidence in [0, 1] of every prediction and whether it is right.
    pub fn of(guesses: impl Iterator<Item = (f64, bool)>) -> Self {
        let mut bins = vec![ReliabilityBin::default(); BINS];
        for (confidence, is_right) in guesses {
            let bin = (confidence * BINS as f64).ceil() as usize;
            let bin = &mut bins[bin.clamp(1, BINS) - 1];
            bin.clips += 1;
            bin.confidence += confidence;
            bin.accuracy += f64::from(u8::from(is_right));
        }
        let total: usize = bins.iter().map(|bin| bin.clips).sum();
        let gaps = bins.iter().map(|bin| (bin.accuracy - bin.confidence).abs()); // sums at first, divided below
        let ece = gaps.sum::<f64>() / total.max(1) as f64;
        for bin in bins.iter_mut().filter(|bin| bin.clips > 0) {
            bin.confidence /= bin.clips as f64;
            bin.accuracy /= bin.clips as f64;
        }
        Self { ece, bins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: (0.9, 1.0] contains 0.95 ✓ and 1.0 ✗: gap |0.5 − 0.975|; (0.5, 0.6] contains 0.6 ✓: gap 0.4. ECE =
    /// (2·0.475 + 0.4) / 3.
    #[test]
    fn gaps_are_weighted_by_clips() {
        let calibration = Calibration::of([(0.95, true), (1.0, false), (0.6, true)].into_iter());
        assert!((calibration.ece - 0.45).abs() < 1e-12, "{}", calibration.ece);
        let last = calibration.bins[9];
        assert_eq!((last.clips, last.accuracy, calibration.bins[5].clips), (2, 0.5, 1));
        assert!((last.confidence - 0.975).abs() < 1e-12);
        assert_eq!(calibration.bins[0], ReliabilityBin::default());
    }

    #[test]
    fn the_edges_have_bins_too() {
        let calibration = Calibration::of([(0.0, false), (0.1, false)].into_iter());
        assert_eq!(calibration.bins[0].clips, 2);
        assert_eq!(Calibration::of(std::iter::empty()).ece, 0.0);
    }
}
