//! Conventions in which the releases of the flow networks differ; they belong to the weights.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::operators::{Enlargement, WarpBorder};
use crate::named::named;
use crate::nets::preprocessing::MEAN_BGR;

named! {
    /// The mean colour subtracted from the frames of a pair.
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
    /// Returns the stored colour in red, green, blue, in the range 0…1; `None` for the mean of the pair.
    pub(in crate::nets) fn stored(self) -> Option<[f32; 3]> {
        match self {
            Self::Pair => None,
            Self::Chairs => Some([0.450_141, 0.432_060, 0.411_451]),
            Self::Flownet2 => Some([0.401_194, 0.395_349, 0.376_552]),
            Self::Pytorch => Some([0.411, 0.432, 0.45]),
        }
    }
}

/// Preprocessing, warping and upsampling of a flow network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FlowNetConventions {
    /// The mean colour that is subtracted.
    pub mean: MeanColour,
    /// Border handling of the warps.
    pub border: WarpBorder,
    /// Interpolation that upsamples flow between two networks and at the end.
    pub enlargement: Enlargement,
}

impl FlowNetConventions {
    /// Conventions of networks trained here.
    pub const DEFAULT: Self =
        Self { mean: MeanColour::Pair, border: WarpBorder::Zero, enlargement: Enlargement::AlignCorners };
    /// Conventions of NVIDIA's PyTorch port under the versions of PyTorch it was published for.
    pub const NVIDIA: Self =
        Self { mean: MeanColour::Pair, border: WarpBorder::Clamp, enlargement: Enlargement::AlignCorners };
    /// Conventions of FlowNetPytorch.
    pub const PYTORCH: Self = Self { mean: MeanColour::Pytorch, ..Self::DEFAULT };

    /// Returns the conventions of the Caffe release, of a single network or of one `stacked` with others.
    pub const fn caffe(stacked: bool) -> Self {
        let mean = if stacked { MeanColour::Flownet2 } else { MeanColour::Chairs };
        Self { mean, ..Self::DEFAULT }
    }

    /// Returns `true` if the weights are those of NVIDIA's port, the only one that clamps at the border.
    pub(super) fn is_nvidia(&self) -> bool {
        self.border == WarpBorder::Clamp
    }

    /// Returns `true` for the conventions of networks trained here.
    pub(in crate::nets) fn is_default(&self) -> bool {
        *self == Self::DEFAULT
    }

    /// Converts frames prepared by [`motion_input`](crate::nets::preprocessing::motion_input) to the networks' input:
    /// [b, 3n, h, w] in blue, green, red minus a fixed mean → red, green, blue minus the mean of these conventions.
    pub(in crate::nets) fn network_input(self, frames: Tensor<4>) -> Tensor<4> {
        let shape = frames.dims();
        let planes = rgb_planes(frames);
        (planes.clone() + self.offsets(&planes)).reshape(shape)
    }

    /// Converts further frames `next` [b, 3n, h, w] of the same clip to the unit of
    /// [`network_input`](Self::network_input), minus the mean of `frames`.
    pub(in crate::nets) fn like_input(self, frames: Tensor<4>, next: Tensor<4>) -> Tensor<4> {
        let shape = next.dims();
        (rgb_planes(next) + self.offsets(&rgb_planes(frames))).reshape(shape)
    }

    /// Returns the offsets added to each colour of `planes` [b, n, 3, h·w]: [1, 1, 3, 1], or one per clip where the
    /// mean is that of the pair.
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
