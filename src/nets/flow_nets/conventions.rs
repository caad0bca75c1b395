//! The conventions in which the releases of the flow networks differ: they belong to the weights.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::operators::{Enlargement, WarpBorder};
use crate::named::named;
use crate::nets::preprocessing::MEAN_BGR;

named! {
    /// The colour that is subtracted from the frames of a pair.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum MeanColour {
        /// The mean of each channel over both frames of the pair (NVIDIA).
        #[default]
        Pair = "pair",
        /// The mean of FlyingChairs that the Caffe release stores with FlowNetS and FlowNetC.
        Chairs = "chairs",
        /// The mean that the Caffe release stores with FlowNet2.
        Flownet2 = "flownet2",
        /// The mean of FlowNetPytorch at inference.
        Pytorch = "pytorch",
    }
}

impl MeanColour {
    /// Returns the stored colour in red, green, blue, of 1; `None` for that of the pair.
    pub(in crate::nets) fn stored(self) -> Option<[f32; 3]> {
        match self {
            Self::Pair => None,
            Self::Chairs => Some([0.450_141, 0.432_060, 0.411_451]),
            Self::Flownet2 => Some([0.401_194, 0.395_349, 0.376_552]),
            Self::Pytorch => Some([0.411, 0.432, 0.45]),
        }
    }
}

/// How a flow network prepares frames, warps and enlarges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FlowNetConventions {
    /// The colour that is subtracted.
    pub mean: MeanColour,
    /// What its warps see outside the frame.
    pub border: WarpBorder,
    /// How flow becomes full size between two networks and at the end.
    pub enlargement: Enlargement,
}

impl FlowNetConventions {
    /// Those of networks trained here.
    pub const DEFAULT: Self =
        Self { mean: MeanColour::Pair, border: WarpBorder::Zero, enlargement: Enlargement::AlignCorners };
    /// Those of NVIDIA's PyTorch port under the versions of PyTorch that it was published for.
    pub const NVIDIA: Self =
        Self { mean: MeanColour::Pair, border: WarpBorder::Clamp, enlargement: Enlargement::AlignCorners };
    /// Those of FlowNetPytorch.
    pub const PYTORCH: Self = Self { mean: MeanColour::Pytorch, ..Self::DEFAULT };

    /// Those of the Caffe release, of a network alone or `stacked` with others.
    pub const fn caffe(stacked: bool) -> Self {
        let mean = if stacked { MeanColour::Flownet2 } else { MeanColour::Chairs };
        Self { mean, ..Self::DEFAULT }
    }

    /// Returns whether the weights are those of NVIDIA's port, the only one that clamps.
    pub(super) fn is_nvidia(&self) -> bool {
        self.border == WarpBorder::Clamp
    }

    /// Returns whether these are those of networks trained here.
    pub(in crate::nets) fn is_default(&self) -> bool {
        *self == Self::DEFAULT
    }

    /// Turns frames as [`motion_input`](crate::nets::preprocessing::motion_input) makes them into those that the networks read:
    /// [b, 3n, h, w] in blue, green, red less a fixed mean → red, green, blue less the mean of these conventions.
    pub(in crate::nets) fn network_input(self, frames: Tensor<4>) -> Tensor<4> {
        let shape = frames.dims();
        let planes = rgb_planes(frames);
        (planes.clone() + self.offsets(&planes)).reshape(shape)
    }

    /// Turns other frames of the same clip, as `next` [b, 3n, h, w], into the unit of [`network_input`](Self::network_input): less the
    /// mean of `frames`.
    pub(in crate::nets) fn like_input(self, frames: Tensor<4>, next: Tensor<4>) -> Tensor<4> {
        let shape = next.dims();
        (rgb_planes(next) + self.offsets(&rgb_planes(frames))).reshape(shape)
    }

    /// Returns what is added to each colour of `planes` [b, n, 3, h·w]: [1, 1, 3, 1], or of each clip where that is its own mean.
    fn offsets(self, planes: &Tensor<4>) -> Tensor<4> {
        match self.mean.stored() {
            Some(stored) => {
                let offset = |channel: usize| MEAN_BGR[2 - channel] / 255.0 - stored[channel];
                let offsets = Tensor::<1>::from_floats([0, 1, 2].map(offset), &planes.device());
                offsets.reshape([1, 1, 3, 1])
            }
            None => planes.clone().mean_dim(3).mean_dim(1).neg(),
        }
    }
}

/// Frames [b, 3n, h, w] in blue, green, red → planes [b, n, 3, h·w] in red, green, blue.
fn rgb_planes(frames: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = frames.dims();
    frames.reshape([batch, channels / 3, 3, height * width]).flip([2])
}
