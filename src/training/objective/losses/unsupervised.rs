//! The unsupervised loss: photometric + smoothness + SSIM terms at every level of the flow pyramid
//! (paper, equations 1–5; weights and normalisers of the released Caffe training files, spec section 2).

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::level_terms::LevelTerms;
use super::separable::SeparableWindow;
use super::ssim::{CAFFE_WINDOW, DENSE_WINDOW};
use super::switches::{LossSwitches, LossTerm};
use super::{local_response_normalisation, loss_images};
use crate::named::named;

/// Flow stacks of the paper's window; pairs are weighted as if ten of them stood on the channels of one stack.
const PAIRS_IN_WINDOW: f32 = 10.0;

named! {
    /// A published weighting of the unsupervised loss terms.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum LossPreset {
        /// The released Caffe weights, rescaled to hold for any batch and crop size.
        #[default]
        Balanced = "balanced",
        /// The authors' released MotionNet training: SSIM summed over patches, divided by the batch size.
        CaffeMotionnet = "caffe-motionnet",
        /// The same with SSIM ÷ 10, as in the authors' end-to-end training.
        CaffeEndToEnd = "caffe-end-to-end",
        /// The formula in the paper: λ1 = λ3 = 1, level weights 0.01 to 0.16.
        Paper = "paper",
        /// The DeepEthogram implementation: plain means, dense SSIM, smoothness weighted by level.
        Deepethogram = "deepethogram",
    }
}

/// The unsupervised loss, with its terms on or off (the paper's ablations, Table 2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnsupervisedLoss {
    /// The balance of the terms.
    pub preset: LossPreset,
    /// The smoothness term.
    pub smoothness: bool,
    /// The SSIM term.
    pub ssim: bool,
    /// All levels, or only the finest.
    pub multi_scale: bool,
}

impl Default for UnsupervisedLoss {
    fn default() -> Self {
        Self { preset: LossPreset::default(), smoothness: true, ssim: true, multi_scale: true }
    }
}

impl LossSwitches {
    /// Returns the initial switches of a run with this loss.
    pub fn of(loss: &UnsupervisedLoss) -> Self {
        let mut scales = [loss.multi_scale; Self::SCALES];
        scales[0] = true;
        let if_on = |on: bool| scales.map(|scale| scale && on);
        Self { pixel: scales, ssim: if_on(loss.ssim), smooth: if_on(loss.smoothness), action: 1.0 }
    }
}

/// The loss of one pyramid level. Terms are plain means, comparable between presets; `total` is weighted.
#[derive(Debug, Clone)]
pub struct LevelLoss {
    /// Pyramid level: 2 is half resolution, 6 is 1/32.
    pub level: usize,
    /// The weights of the terms in `total`, 0 for those that are off.
    pub weights: Weights,
    /// Weighted sum of the terms that are on, `[1]`; none if none is.
    pub total: Option<Tensor<1>>,
    /// Mean Charbonnier distance between frame and rebuilt frame inside the border mask, `[1]`.
    pub pixel: Tensor<1>,
    /// Mean Charbonnier penalty of the differences of u, `[1]`.
    pub smooth_u: Tensor<1>,
    /// Mean Charbonnier penalty of the differences of v, `[1]`.
    pub smooth_v: Tensor<1>,
    /// Mean of 1 − SSIM over samples, channels and windows, `[1]`.
    pub ssim: Tensor<1>,
}

impl UnsupervisedLoss {
    /// Returns the loss of `pyramid` for `frames`, a level each, finest first. Of levels of which no term counts only those are
    /// computed that the plan wants or that are before one that counts.
    ///
    /// * `frames`: [n, 3·(pairs+1), h, w], (x − mean)/255, at the network's input resolution
    /// * `pyramid`: raw flow [n, 2·pairs, h_l, w_l] (full-resolution pixels / 20), finest first
    pub fn levels(&self, frames: Tensor<4>, pyramid: &[Tensor<4>], switches: &LossSwitches) -> Vec<LevelLoss> {
        let wanted = if self.multi_scale { pyramid.len() } else { switches.scales_used().clamp(1, pyramid.len()) };
        let pyramid = &pyramid[..wanted];
        let sizes: Vec<[usize; 2]> = pyramid.iter().map(|flow| [flow.dims()[2], flow.dims()[3]]).collect();
        let full_width = frames.dims()[3];
        let images = loss_images(&local_response_normalisation(frames), &sizes);
        images
            .into_iter()
            .zip(pyramid)
            .enumerate()
            .map(|(index, (images, raw))| {
                let halvings = (full_width as f32 / raw.dims()[3] as f32).log2().round() as usize;
                let is_on = LossTerm::UNSUPERVISED.map(|term| switches.is_on(term, index));
                self.level(halvings + 1, images, raw.clone(), is_on)
            })
            .collect()
    }

    /// Returns one level: `images` [n, 3·(pairs+1), h, w] and raw flow [n, 2·pairs, h, w]; which terms are on, in the order of
    /// [`LossTerm::UNSUPERVISED`].
    fn level(&self, level: usize, images: Tensor<4>, raw: Tensor<4>, is_on: [bool; 3]) -> LevelLoss {
        let [n, _, h, w] = raw.dims();
        let window = self.preset.ssim_window();
        let LevelTerms { pixel, smooth_u, smooth_v, ssim } =
            LevelTerms::new(images, raw, level_px_from_raw(level), window);

        let [pixel_on, ssim_on, smooth_on] = is_on;
        let weights = self.preset.weights(level, n, window.count(h) * window.count(w));
        let weights = Weights {
            pixel: if pixel_on { weights.pixel } else { 0.0 },
            smooth: if smooth_on { weights.smooth } else { 0.0 },
            ssim: if ssim_on { weights.ssim } else { 0.0 },
        };
        let terms = [
            pixel_on.then(|| pixel.clone() * weights.pixel),
            smooth_on.then(|| (smooth_u.clone() + smooth_v.clone()) * weights.smooth),
            ssim_on.then(|| ssim.clone() * weights.ssim),
        ];
        let total = terms.into_iter().flatten().reduce(|total, term| total + term);
        LevelLoss { level, weights, total, pixel, smooth_u, smooth_v, ssim }
    }
}

/// Coefficients on the mean of each term.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Of the photometric term.
    pub pixel: f32,
    /// Of the smoothness of each of u and v.
    pub smooth: f32,
    /// Of the SSIM term.
    pub ssim: f32,
}

impl LossPreset {
    fn ssim_window(self) -> SeparableWindow {
        if self == Self::Deepethogram { DENSE_WINDOW } else { CAFFE_WINDOW }
    }

    /// Returns the coefficients at `level` for a batch of `n` and `patches` SSIM windows a channel.
    fn weights(self, level: usize, n: usize, patches: usize) -> Weights {
        let fine_to_coarse = 0.01 * 2f32.powi(level as i32 - 2); // .01 at level 2 … .16 at level 6
        let channels = 3.0 * PAIRS_IN_WINDOW;
        let caffe = |ssim: f32| Weights {
            pixel: 1.0 / n as f32,
            smooth: 2.0 / 3.0 / n as f32,
            ssim: ssim * channels * patches as f32, // a sum over channels and patches, a mean over the batch
        };
        match self {
            Self::CaffeMotionnet => caffe(fine_to_coarse),
            Self::CaffeEndToEnd => caffe(fine_to_coarse / 10.0),
            Self::Balanced => {
                let side = 224 >> (level - 1);
                let patches = CAFFE_WINDOW.count(side).pow(2) as f32;
                Weights { pixel: 1.0 / 16.0, smooth: 1.0 / 24.0, ssim: fine_to_coarse * channels * patches }
            }
            Self::Paper => Weights { pixel: fine_to_coarse, smooth: fine_to_coarse, ssim: fine_to_coarse },
            // Written for fine → coarse: the smoothness of the coarse levels counts most.
            Self::Deepethogram => Weights { pixel: 1.0, smooth: fine_to_coarse, ssim: 1.0 },
        }
    }
}

/// Level pixels per raw unit: 10 at level 2 … 0.625 at level 6.
fn level_px_from_raw(level: usize) -> f32 {
    20.0 / 2f32.powi(level as i32 - 1)
}
