//! Inverted residual blocks (Sandler et al. 2018), the building blocks of the networks for small machines.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::batch_norm::ConvNorm;
use super::convolve::Convolve;

/// A row of a network's table: `blocks` inverted residuals of `maps` output maps, with `expansion` times the input maps
/// inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MobileStage {
    expansion: usize,
    /// Output maps of every block.
    pub maps: usize,
    /// Number of blocks.
    pub blocks: usize,
    stride: usize,
    kernel: usize,
}

impl MobileStage {
    /// Returns a row in the paper's notation: t, c, n, s, with 3×3 kernels.
    pub const fn new(expansion: usize, maps: usize, blocks: usize, stride: usize) -> Self {
        Self { expansion, maps, blocks, stride, kernel: 3 }
    }

    /// Returns the row with kernels of `kernel`×`kernel`.
    pub const fn with_kernel(self, kernel: usize) -> Self {
        Self { kernel, ..self }
    }
}

/// An inverted residual: few maps → many → few, with a depthwise convolution in between and a shortcut where shapes
/// allow.
#[derive(Module, Debug)]
pub struct InvertedResidual {
    /// 1×1 convolution to many maps; `None` in the first block.
    pub expand: Option<ConvNorm>,
    /// Depthwise convolution, 3×3 or 5×5.
    pub depthwise: ConvNorm,
    /// 1×1 convolution to few maps, without activation.
    pub project: ConvNorm,
}

impl InvertedResidual {
    /// Returns the blocks of all `stages` in sequence; `from` is the number of input maps of the first.
    pub(super) fn chain(mut from: usize, stages: &[MobileStage], device: &Device) -> Vec<Self> {
        let mut blocks = Vec::new();
        for &stage in stages {
            for number in 0..stage.blocks {
                let stride = if number == 0 { stage.stride } else { 1 };
                blocks.push(Self::new(from, MobileStage { stride, ..stage }, device));
                from = stage.maps;
            }
        }
        blocks
    }

    fn new(from: usize, MobileStage { expansion, maps, stride, kernel, .. }: MobileStage, device: &Device) -> Self {
        let inner = from * expansion;
        Self {
            expand: (expansion != 1).then(|| ConvNorm::new([from, inner], 1, 1, 1, device)),
            depthwise: ConvNorm::new([inner, inner], kernel, stride, inner, device),
            project: ConvNorm::new([inner, maps], 1, 1, 1, device),
        }
    }

    /// Returns the block with TensorFlow's conventions, see [`ConvNorm::like_tensorflow`].
    pub(super) fn like_tensorflow(self) -> Self {
        Self {
            expand: self.expand.map(ConvNorm::like_tensorflow),
            depthwise: self.depthwise.like_tensorflow(),
            project: self.project.like_tensorflow(),
        }
    }

    /// `x` [b, from, h, w] → [b, to, h/stride, w/stride].
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let shortcut = x.clone();
        let x = match &self.expand {
            Some(expand) => expand.relu6(x),
            None => x,
        };
        let x = self.project.linear(self.depthwise.relu6(x));
        if x.dims() == shortcut.dims() { x + shortcut } else { x }
    }
}
