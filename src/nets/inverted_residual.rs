//! Inverted residuals (Sandler et al. 2018), of which the networks for small machines are made.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::batch_norm::ConvNorm;
use super::convolve::Convolve;

/// A row of a network's table: `blocks` inverted residuals of `maps` maps, inside `expansion` times as many as come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MobileStage {
    expansion: usize,
    /// Maps behind every block.
    pub maps: usize,
    /// How many there are.
    pub blocks: usize,
    stride: usize,
    kernel: usize,
}

impl MobileStage {
    /// Returns a row as the paper writes it: t, c, n, s, with kernels of 3×3.
    pub const fn new(expansion: usize, maps: usize, blocks: usize, stride: usize) -> Self {
        Self { expansion, maps, blocks, stride, kernel: 3 }
    }

    /// Returns the row with kernels of `kernel`×`kernel`.
    pub const fn with_kernel(self, kernel: usize) -> Self {
        Self { kernel, ..self }
    }
}

/// Few maps → many → few, with a convolution of each map by itself in between and a shortcut where shapes allow.
#[derive(Module, Debug)]
pub struct InvertedResidual {
    /// 1×1 to many maps; the first block has none.
    pub expand: Option<ConvNorm>,
    /// 3×3 or 5×5, each map by itself.
    pub depthwise: ConvNorm,
    /// 1×1 to few maps, without activation.
    pub project: ConvNorm,
}

impl InvertedResidual {
    /// Returns the blocks of all `stages`, one behind the other; `from` maps come into the first.
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

    /// Returns the same with TensorFlow's conventions, see [`ConvNorm::like_tensorflow`].
    pub(super) fn like_tensorflow(self) -> Self {
        Self {
            expand: self.expand.map(ConvNorm::like_tensorflow),
            depthwise: self.depthwise.like_tensorflow(),
            project: self.project.like_tensorflow(),
        }
    }

    /// [b, from, h, w] → [b, to, h/stride, w/stride].
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
