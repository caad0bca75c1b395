//! What the form that predicts videos remembers.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// The choices of the last predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PredictingSettings {
    /// Every how many frames a video is scored.
    pub stride: usize,
}

impl Default for PredictingSettings {
    fn default() -> Self {
        Self { stride: 4 }
    }
}

impl PredictingSettings {
    /// The strides that can be chosen.
    pub const STRIDES: RangeInclusive<usize> = 1..=1000;

    /// Returns the stride, whatever the file of the settings says.
    pub fn stride(self) -> NonZeroUsize {
        NonZeroUsize::new(self.stride.min(*Self::STRIDES.end())).unwrap_or(NonZeroUsize::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stride_out_of_range_is_put_back() {
        let stride = |stride| PredictingSettings { stride }.stride().get();
        assert_eq!([stride(0), stride(4), stride(usize::MAX)], [1, 4, 1000]);
    }
}
