//! The figures of a flow: their names, their units, and whether larger is better.

use crate::engine::FlowStatistics;

/// One figure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Figure {
    /// Mean length.
    Mean,
    /// Median length.
    Median,
    /// The length that 95 % of the vectors stay below.
    Percentile95,
    /// Photometric error.
    #[default]
    Photometric,
    /// Photometric error relative to that of no motion.
    PhotometricRatio,
    /// Structural similarity.
    Ssim,
    /// End-point error.
    EndPoint,
    /// Angular error.
    Angular,
    /// Outliers.
    Outliers,
}

impl Figure {
    /// All figures, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::Mean,
        Self::Median,
        Self::Percentile95,
        Self::Photometric,
        Self::PhotometricRatio,
        Self::Ssim,
        Self::EndPoint,
        Self::Angular,
        Self::Outliers,
    ];

    /// Returns the name with its unit.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "Mean |uv| (px)",
            Self::Median => "Median |uv| (px)",
            Self::Percentile95 => "95th percentile |uv| (px)",
            Self::Photometric => "Photometric error (grey levels)",
            Self::PhotometricRatio => "Photometric error / zero flow",
            Self::Ssim => "SSIM",
            Self::EndPoint => "EPE (px)",
            Self::Angular => "AAE (°)",
            Self::Outliers => "Fl (%)",
        }
    }

    /// Returns its meaning in one sentence.
    pub fn tooltip(self) -> &'static str {
        match self {
            Self::Mean => "Mean flow magnitude in video pixels",
            Self::Median => "Median flow magnitude",
            Self::Percentile95 => "95th percentile of flow magnitude",
            Self::Photometric => "Mean |I₀ − warped I₁| inside the border mask, in grey levels",
            Self::PhotometricRatio => "Photometric error divided by that of zero flow (below 1 is better)",
            Self::Ssim => "Mean SSIM of I₀ and warped I₁ (1: identical)",
            Self::EndPoint => "Mean end-point error in video pixels; missing flow counts as zero",
            Self::Angular => "Mean angular error against ground truth",
            Self::Outliers => "KITTI outliers: error above 3 px and 5 %, or missing flow",
        }
    }

    /// Returns its value.
    pub fn of(self, statistics: &FlowStatistics) -> Option<f32> {
        let errors = statistics.errors;
        let value = match self {
            Self::Mean => statistics.magnitudes.mean,
            Self::Median => statistics.magnitudes.median,
            Self::Percentile95 => statistics.magnitudes.p95,
            Self::Photometric => statistics.photometric,
            Self::PhotometricRatio => statistics.photometric_ratio,
            Self::Ssim => statistics.ssim,
            Self::EndPoint => errors?.epe as f32,
            Self::Angular => errors?.aae_deg as f32,
            Self::Outliers => 100.0 * errors?.fl as f32,
        };
        value.is_finite().then_some(value)
    }

    /// Returns `true` if a flow of this value explains the second picture worse than no flow at all.
    pub fn is_worse_than_no_motion(self, value: f32) -> bool {
        self == Self::PhotometricRatio && value > 1.0
    }

    /// Returns `true` if it compares a flow with the ground truth.
    pub fn needs_truth(self) -> bool {
        matches!(self, Self::EndPoint | Self::Angular | Self::Outliers)
    }

    /// Returns the index of the best of several values; `None` if no value is better than another, or there is only
    /// one.
    pub fn best(self, values: &[Option<f32>]) -> Option<usize> {
        let known: Vec<(usize, f32)> =
            values.iter().enumerate().filter_map(|(i, value)| Some((i, (*value)?))).collect();
        if known.len() < 2 || matches!(self, Self::Mean | Self::Median | Self::Percentile95) {
            return None;
        }
        let order = |a: &&(usize, f32), b: &&(usize, f32)| a.1.total_cmp(&b.1);
        let best = if self == Self::Ssim { known.iter().max_by(order) } else { known.iter().min_by(order) };
        best.map(|(i, _)| *i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_the_smallest_error_and_the_largest_similarity() {
        let values = [Some(0.9), None, Some(0.4)];
        assert_eq!(Figure::EndPoint.best(&values), Some(2));
        assert_eq!(Figure::Ssim.best(&values), Some(0));
        assert!(
            Figure::PhotometricRatio.is_worse_than_no_motion(1.01) && !Figure::Photometric.is_worse_than_no_motion(9.0)
        );
        assert!(!Figure::PhotometricRatio.is_worse_than_no_motion(1.0));
        assert_eq!(Figure::Mean.best(&values), None, "motion is neither good nor bad");
        assert_eq!(Figure::Ssim.best(&values[..2]), None, "nothing to compare with");
    }
}
