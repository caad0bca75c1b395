//! Supervised losses against true flow, from the networks' releases: FlowNet2's in Caffe, FlowNetPytorch's and those of
//! NVIDIA's port.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::named::named;
use crate::nets::flow_operators::channel_norm;
use crate::nets::{NativeFlow, Separable};

/// Weights of the levels, finest first, for sums over pixels.
pub const LEVEL_WEIGHTS: [f32; 5] = [0.005, 0.01, 0.02, 0.08, 0.32];
/// Weight of the finest level in the multi-scale losses, for means; halved at each coarser level.
const FINEST_MEAN_WEIGHT: f32 = 0.32;
/// Caffe's ε inside the square root, in squared units of the network.
const EPSILON: f32 = 0.01;
/// Exponent of the robust norm at full resolution.
const FUSION_POWER: f32 = 0.2;
/// Known fraction below which Caffe's target is unknown: the missing weight is more than half of the known weight.
const LEAST_KNOWN: f32 = 2.0 / 3.0;
/// Tolerance for rounding in fractions that sum to 1.
const ROUNDING: f32 = 1e-5;

named! {
    /// A published loss against true flow.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum SupervisedLoss {
        /// The Caffe release: end-point error with ε = 0.01, largest weight on the coarsest level
        #[default]
        Caffe = "caffe",
        /// FlowNetPytorch: plain end-point error against block means, the same weights
        AreaEpe = "area-epe",
        /// NVIDIA's port: mean absolute difference, largest weight on the finest level
        MultiscaleL1 = "multiscale-l1",
        /// NVIDIA's port: mean end-point error, largest weight on the finest level
        MultiscaleL2 = "multiscale-l2",
    }
}

/// The loss of one level against true flow.
#[derive(Debug, Clone)]
pub struct SupervisedLevel {
    /// Level number: 0 at full resolution; each level has half the size of the one before.
    pub level: usize,
    /// Weight in the total loss.
    pub weight: f32,
    /// The sum over pixels divided by the batch size, or the mean in the multi-scale losses, `[1]`.
    pub error: Tensor<1>,
}

/// True flow resized to a level; both maps are 0 where it is unknown.
#[derive(Debug, Clone)]
pub struct LevelTruth {
    /// Flow [n, 2, h, w], in the network's unit.
    pub flow: Tensor<4>,
    /// Mask [n, 1, h, w]: 1 where flow is known, else 0.
    pub known: Tensor<4>,
}

impl SupervisedLoss {
    /// Returns the loss of each level of `predicted`, finest first.
    ///
    /// * `truth`: [n, 2, h, w], full-resolution flow in pixels, NaN where unknown
    ///
    /// Full-resolution predictions, which only the fusion network of FlowNet2 has, are supervised alone, with a robust
    /// norm.
    pub fn levels(self, predicted: &NativeFlow, truth: Tensor<4>) -> Vec<SupervisedLevel> {
        let height = truth.dims()[2];
        let finest = &predicted.levels[0];
        if finest.dims()[2] == height {
            let truth = self.at_level(truth, [finest.dims()[2], finest.dims()[3]], predicted.unit_px);
            return vec![SupervisedLevel { level: 0, weight: LEVEL_WEIGHTS[0], error: robust(finest.clone(), &truth) }];
        }
        let levels = predicted.levels.iter().enumerate();
        levels
            .map(|(index, flow)| {
                let [_, _, rows, columns] = flow.dims();
                let target = self.at_level(truth.clone(), [rows, columns], predicted.unit_px);
                let level = (height as f32 / rows as f32).log2().round() as usize;
                SupervisedLevel { level, weight: self.weight(index), error: self.error(flow.clone(), &target) }
            })
            .collect()
    }

    /// Returns the weight of the level at `index`, counted from the finest.
    pub fn weight(self, index: usize) -> f32 {
        match self {
            Self::Caffe | Self::AreaEpe => LEVEL_WEIGHTS[index.min(LEVEL_WEIGHTS.len() - 1)],
            Self::MultiscaleL1 | Self::MultiscaleL2 => FINEST_MEAN_WEIGHT / 2f32.powi(index as i32),
        }
    }

    /// Resizes `truth` [n, 2, H, W] in pixels, NaN where unknown, to the `size` of a level, in units of `unit_px`
    /// pixels.
    pub fn at_level(self, truth: Tensor<4>, size: [usize; 2], unit_px: f32) -> LevelTruth {
        let [_, _, height, width] = truth.dims();
        let unknown = truth.clone().is_nan();
        let known = unknown.clone().float().sum_dim(1).equal_scalar(0.0).float(); // [n, 1, H, W]
        let flow = truth.mask_fill(unknown, 0.0) * known.clone() / unit_px;
        if [height, width] == size {
            return LevelTruth { flow, known };
        }
        let (from, device) = ([height, width], flow.device());
        let (resize, least) = match self {
            Self::Caffe => (Separable::truth_tent(from, size, &device), LEAST_KNOWN - ROUNDING),
            _ => (Separable::area(from, size, &device), ROUNDING),
        };
        let (flow, share) = (resize.apply(flow), resize.apply(known));
        let known = share.clone().greater_equal_scalar(least).float();
        LevelTruth { flow: flow / share.clamp_min(ROUNDING) * known.clone(), known }
    }

    /// Returns the unweighted error of `flow` at a level.
    pub fn error(self, flow: Tensor<4>, truth: &LevelTruth) -> Tensor<1> {
        let samples = flow.dims()[0] as f32;
        let difference = (flow - truth.flow.clone()) * truth.known.clone();
        match self {
            Self::Caffe => {
                let squared = difference.powi_scalar(2).sum_dim(1) + EPSILON;
                (squared.sqrt() * truth.known.clone()).sum() / samples
            }
            Self::AreaEpe => channel_norm(difference).sum() / samples,
            Self::MultiscaleL1 => difference.abs().sum() / (truth.known.clone().sum() * 2.0).clamp_min(1.0),
            Self::MultiscaleL2 => channel_norm(difference).sum() / truth.known.clone().sum().clamp_min(1.0),
        }
    }
}

/// Returns the robust norm of Caffe's FlowNet2 training at full resolution, p = 2 and q = 0.2, unweighted.
fn robust(flow: Tensor<4>, truth: &LevelTruth) -> Tensor<1> {
    let samples = flow.dims()[0] as f32;
    let squared = ((flow - truth.flow.clone()) * truth.known.clone()).powi_scalar(2).sum_dim(1) + EPSILON;
    (squared.powf_scalar(FUSION_POWER) * truth.known.clone()).sum() / samples
}

/// Returns the weighted loss of NextFlow's frame heads: absolute differences of the `frames`, finest first, from the
/// block means of the frame after the pair, `next` [n, 3, H, W] in the unit of the network's input. `taught` `[n]` is 1
/// for samples with a next frame, 0 for those with true flow.
pub fn frame_loss(frames: &[Tensor<4>], next: &Tensor<4>, taught: Tensor<1>) -> Tensor<1> {
    let [samples, _, height, width] = next.dims();
    let taught = taught.reshape([samples, 1, 1, 1]);
    let of_level = |(frame, weight): (&Tensor<4>, f32)| {
        let [_, _, rows, columns] = frame.dims();
        let target = Separable::area([height, width], [rows, columns], &next.device()).apply(next.clone());
        ((frame.clone() - target).abs() * taught.clone()).sum() * (weight / samples as f32)
    };
    let levels = frames.iter().zip(LEVEL_WEIGHTS).map(of_level);
    levels.reduce(|sum, level| sum + level).expect("there are levels")
}
