//! The output of a motion network: flow at several resolutions.

use std::ops::Range;

use burn::tensor::Tensor;

use super::flow_operators::stretched_back;

/// Full-resolution pixels per raw unit of predicted flow, at every level.
pub const FLOW_UNIT_PX: f32 = 20.0;

/// Predicted flow in the network's raw unit (full-resolution pixels / [`FLOW_UNIT_PX`]), finest level first.
///
/// A level is [b, 2n, h/r, w/r]: u₀, v₀, u₁, v₁ … of the window's n pairs (x right, y down; flow i samples frame i+1 to
/// reconstruct frame i). MotionNet has levels 2 to 6 with r = 2, 4, 8, 16, 32; Tiny-MotionNet levels 2 to 4. The levels
/// of supervised networks are resized to the same resolutions, starting with r = 2.
#[derive(Debug, Clone)]
pub struct FlowPyramid {
    /// Levels 2, 3, …, finest first.
    pub levels: Vec<Tensor<4>>,
}

impl FlowPyramid {
    /// Returns level 2, the finest, which the temporal stream reads.
    pub fn finest(&self) -> &Tensor<4> {
        &self.levels[0]
    }

    /// Returns level 2 by value.
    pub fn into_finest(mut self) -> Tensor<4> {
        self.levels.swap_remove(0)
    }

    /// Returns the flow of window `row` of the batch.
    pub fn row(&self, row: usize) -> Self {
        Self { levels: self.levels.iter().map(|level| level.clone().narrow(0, row, 1)).collect() }
    }

    /// Returns the flow of a window assembled from its parts, each with the range of its pairs to use.
    pub fn joined(parts: &[(&Self, Range<usize>)]) -> Self {
        let pairs = |level: usize| {
            let of_part = |(part, pairs): &(&Self, Range<usize>)| {
                part.levels[level].clone().narrow(1, 2 * pairs.start, 2 * pairs.len())
            };
            Tensor::cat(parts.iter().map(of_part).collect(), 1)
        };
        Self { levels: (0..parts[0].0.levels.len()).map(pairs).collect() }
    }

    /// Converts the flow of frames that were stretched from `frame` to `stretched`, both (height, width), to that of
    /// the original frames.
    pub(super) fn stretched_back(self, stretched: [usize; 2], frame: [usize; 2]) -> Self {
        let back = |level: Tensor<4>| {
            let [_, _, rows, columns] = level.dims();
            let cells = [(0, rows), (1, columns)].map(|(axis, cells)| frame[axis].div_ceil(stretched[axis] / cells));
            stretched_back(level, stretched, frame, cells)
        };
        Self { levels: self.levels.into_iter().map(back).collect() }
    }

    /// Crops the padding below row `height` and right of column `width` of the `padded` frame (height, width). Pixels
    /// of a level that partly cover the frame are kept.
    pub(super) fn crop(self, [height, width]: [usize; 2], padded: [usize; 2]) -> Self {
        let crop = |level: Tensor<4>| {
            let [_, _, rows, columns] = level.dims();
            let kept_rows = height.div_ceil(padded[0] / rows);
            let kept_columns = width.div_ceil(padded[1] / columns);
            level.narrow(2, 0, kept_rows).narrow(3, 0, kept_columns)
        };
        Self { levels: self.levels.into_iter().map(crop).collect() }
    }
}
