//! The share of the change between frames that a flow network explains.

use burn::tensor::Tensor;
use image::RgbImage;
use serde::{Deserialize, Deserializer, Serialize};

use super::objective::losses::warp;
use crate::error::Result;
use crate::nets::preprocessing::motion_input;
use crate::nets::{FLOW_UNIT_PX, MotionNetwork, Separable, device_of, read_back};

/// Fraction of each side excluded at every border, where the scene leaves the frame.
const BORDER: f64 = 0.1;

/// Sums of |I₀ − reconstructed I₀| and |I₀ − I₁|, whose ratio is the unexplained part of the change between frames.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct PhotometricError {
    #[serde(deserialize_with = "number_or_nan")]
    rebuilt: f64,
    #[serde(deserialize_with = "number_or_nan")]
    zero_flow: f64,
}

/// Reads a number from JSON: `null` is read as NaN, as JSON cannot represent non-finite values.
fn number_or_nan<'de, D: Deserializer<'de>>(reader: D) -> std::result::Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(reader)?.unwrap_or(f64::NAN))
}

impl PhotometricError {
    /// Adds windows of clips, each with as many frames as `motion` reads, all of one size.
    ///
    /// # Errors
    /// If the device fails.
    pub fn add_windows(&mut self, motion: &MotionNetwork, windows: &[Vec<&RgbImage>]) -> Result<()> {
        let frames = motion_input(windows, &device_of(motion)); // [b, 3·span, h, w]
        let [clips, _, height, width] = frames.dims();
        let channels = 3 * (motion.frames() - 1);
        let pairs = clips * (motion.frames() - 1);

        let raw = motion.forward_any_size(frames.clone()).into_finest();
        let [_, _, rows, columns] = raw.dims();
        let flow = Separable::bilinear([rows, columns], [height, width], &raw.device()).apply(raw) * FLOW_UNIT_PX;
        let first = frames.clone().narrow(1, 0, channels).reshape([pairs, 3, height, width]);
        let second = frames.narrow(1, 3, channels).reshape([pairs, 3, height, width]);
        let rebuilt = warp(second.clone(), flow.reshape([pairs, 2, height, width]));
        let differences = [centre_difference(first.clone(), rebuilt), centre_difference(first, second)];
        let of_clips = differences.map(|difference| {
            let each = difference.dims().iter().product::<usize>() / clips;
            difference.reshape([clips, each]).mean_dim(1).reshape([clips])
        });
        let means = read_back(Tensor::cat(of_clips.to_vec(), 0))?;
        let (rebuilt, zero_flow) = means.split_at(clips);
        self.rebuilt += rebuilt.iter().copied().map(f64::from).sum::<f64>();
        self.zero_flow += zero_flow.iter().copied().map(f64::from).sum::<f64>();
        Ok(())
    }

    /// Adds the sums of other clips.
    pub fn add(&mut self, other: Self) {
        self.rebuilt += other.rebuilt;
        self.zero_flow += other.zero_flow;
    }

    /// Returns 1 for zero flow, 0 for a perfect reconstruction; NaN without clips, or if all of them are still.
    pub fn ratio(&self) -> f32 {
        if self.zero_flow > 0.0 { (self.rebuilt / self.zero_flow) as f32 } else { f32::NAN }
    }
}

/// Returns |a − b| without a border of a tenth of each side.
fn centre_difference(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = a.dims();
    let [top, left] = [height, width].map(|side| (BORDER * side as f64) as usize);
    (a - b).abs().narrow(2, top, height - 2 * top).narrow(3, left, width - 2 * left)
}
