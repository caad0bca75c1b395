//! The unsupervised loss: photometric, smoothness and SSIM terms at every level of the flow pyramid (paper, equations
//! 1–5; weights and normalisers of the released Caffe training files, spec section 2), and optional extensions: census
//! transforms, occlusion masking, and a teacher.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::census::grey;
use super::end_point::{LEVEL_WEIGHTS, end_point_error};
use super::level_terms::{LevelInputs, LevelTerms};
use super::ssim::{CAFFE_WINDOW, DENSE_WINDOW};
use super::switches::{LossSwitches, LossTerm};
use super::{local_response_normalisation, loss_images};
use crate::named::named;
use crate::nets::separable::{Separable, SeparableWindow};
use crate::training::config::choices::FlowTeacher;

/// Number of pairs in the paper's window; pairs are weighted as if ten of them were stacked in one window.
const PAIRS_IN_WINDOW: f32 = 10.0;

/// Weight of the mean census distance relative to that of grey differences.
///
/// Chosen to give MotionNet gradients of similar length from both. Without it, the gradient of census distances was 2.6
/// times as long for the network of `models/flow`, and 2.0 and 6.3 times for a new one after 8 and 4 steps
/// (`--gradient-shares`, the same batches of the generated sample).
const CENSUS_WEIGHT: f32 = 0.4;

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
        /// Like caffe-motionnet but SSIM ÷ 10, as in the authors' end-to-end training.
        CaffeEndToEnd = "caffe-end-to-end",
        /// The formula in the paper: λ1 = λ3 = 1, level weights 0.01 to 0.16.
        Paper = "paper",
        /// The DeepEthogram implementation: plain means, dense SSIM, smoothness weighted by level.
        Deepethogram = "deepethogram",
    }
}

/// The unsupervised loss, with its terms switched on or off (the paper's ablations, Table 2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnsupervisedLoss {
    /// Weighting of the terms.
    pub preset: LossPreset,
    /// `true` to use the smoothness term.
    pub smoothness: bool,
    /// `true` to use the SSIM term.
    pub ssim: bool,
    /// `true` to compute the loss at all levels, `false` for only the finest.
    pub multi_scale: bool,
    /// `true` if the photometric term compares census transforms.
    pub census: bool,
    /// `true` to mask occlusions: the photometric term and SSIM use only pixels visible in both frames, according to
    /// the flow in both directions.
    pub occlusion: bool,
    /// The flow method whose flow supervises the network, in addition to the other terms.
    pub teacher: Option<FlowTeacher>,
    /// Weight of the end-point error against the teacher, in pixels.
    pub teacher_weight: f64,
}

impl Default for UnsupervisedLoss {
    fn default() -> Self {
        Self {
            preset: LossPreset::default(),
            smoothness: true,
            ssim: true,
            multi_scale: true,
            census: false,
            occlusion: false,
            teacher: None,
            teacher_weight: 1.0,
        }
    }
}

/// Additional constant inputs of the loss for a batch.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Visible fraction of each pixel in both frames of a pair, [n, pairs, h, w] at the finest level: see
    /// [`visible_pairs`](super::visibility::visible_pairs).
    pub visible: Option<Tensor<4>>,
    /// Flow of the teacher, [n, 3·pairs, h, w]: u and v of each pair, raw, multiplied by the known fraction of the
    /// cell, and that fraction.
    pub teacher: Option<Tensor<4>>,
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
    /// Weights of the terms in `total`, 0 for those that are off.
    pub weights: Weights,
    /// Weighted sum of the enabled terms, `[1]`; `None` if all are off.
    pub total: Option<Tensor<1>>,
    /// Mean Charbonnier distance between frame and reconstruction inside the border mask, `[1]`.
    pub pixel: Tensor<1>,
    /// Mean Charbonnier penalty of the differences of u, `[1]`.
    pub smooth_u: Tensor<1>,
    /// Mean Charbonnier penalty of the differences of v, `[1]`.
    pub smooth_v: Tensor<1>,
    /// Mean of 1 − SSIM over samples, channels and windows, `[1]`.
    pub ssim: Tensor<1>,
    /// Mean end-point error against the teacher in pixels, `[1]`, and its weight in `total`; `None` without a teacher.
    pub teacher: Option<(Tensor<1>, f32)>,
}

impl UnsupervisedLoss {
    /// Returns the loss of `pyramid` for `frames`, one element per level, finest first. Levels without enabled terms
    /// are computed only if the plan uses them or if a coarser level is enabled.
    ///
    /// * `frames`: [n, 3·(pairs+1), h, w], (x − mean)/255, at the network's input resolution
    /// * `pyramid`: raw flow [n, 2·pairs, h_l, w_l] (full-resolution pixels / 20), finest first
    /// * `evidence`: additional inputs; a teacher is used at all levels, or only at the finest
    pub fn levels(
        &self,
        frames: Tensor<4>,
        pyramid: &[Tensor<4>],
        evidence: &Evidence,
        switches: &LossSwitches,
    ) -> Vec<LevelLoss> {
        // Supervised networks have one more level, coarser than any of MotionNet's.
        let known = pyramid.len().min(LossSwitches::SCALES);
        let wanted = if self.multi_scale { known } else { switches.scales_used().clamp(1, known) };
        let pyramid = &pyramid[..wanted];
        let sizes: Vec<[usize; 2]> = pyramid.iter().map(|flow| [flow.dims()[2], flow.dims()[3]]).collect();
        let full_width = frames.dims()[3];
        let mut grey = self.census.then(|| loss_images(&grey(frames.clone()), &sizes)).into_iter().flatten();
        let images = loss_images(&local_response_normalisation(frames), &sizes);
        images
            .into_iter()
            .zip(pyramid)
            .enumerate()
            .map(|(index, (images, raw))| {
                let [_, _, h, w] = raw.dims();
                let halvings = (full_width as f32 / w as f32).log2().round() as usize;
                let level = halvings + 1;
                let inputs = LevelInputs {
                    images,
                    grey: grey.next(),
                    raw: raw.clone(),
                    visible: evidence.visible.as_ref().map(|visible| averaged(visible, [h, w])),
                    px_from_raw: level_px_from_raw(level),
                    window: self.preset.ssim_window(),
                };
                let teacher = evidence.teacher.as_ref().filter(|_| self.multi_scale || index == 0);
                let teacher_weight = self.teacher_weight as f32 * LEVEL_WEIGHTS.get(index).copied().unwrap_or_default();
                let teacher = teacher.map(|teacher| (end_point_error(raw.clone(), teacher), teacher_weight));
                self.level(level, inputs, teacher, LossTerm::UNSUPERVISED.map(|term| switches.is_on(term, index)))
            })
            .collect()
    }

    /// Returns the loss of one level, given the error against the teacher with its weight, and the enabled terms in the
    /// order of [`LossTerm::UNSUPERVISED`].
    fn level(
        &self,
        level: usize,
        inputs: LevelInputs,
        teacher: Option<(Tensor<1>, f32)>,
        is_on: [bool; 3],
    ) -> LevelLoss {
        let [n, _, h, w] = inputs.raw.dims();
        let window = inputs.window;
        let LevelTerms { pixel, smooth_u, smooth_v, ssim } = LevelTerms::new(inputs);

        let [pixel_on, ssim_on, smooth_on] = is_on;
        let weights = self.preset.weights(level, n, window.count(h) * window.count(w));
        let balance = if self.census { CENSUS_WEIGHT } else { 1.0 };
        let weights = Weights {
            pixel: if pixel_on { balance * weights.pixel } else { 0.0 },
            smooth: if smooth_on { weights.smooth } else { 0.0 },
            ssim: if ssim_on { weights.ssim } else { 0.0 },
        };
        let terms = [
            pixel_on.then(|| pixel.clone() * weights.pixel),
            smooth_on.then(|| (smooth_u.clone() + smooth_v.clone()) * weights.smooth),
            ssim_on.then(|| ssim.clone() * weights.ssim),
            teacher.clone().map(|(error, weight)| error * weight),
        ];
        let total = terms.into_iter().flatten().reduce(|total, term| total + term);
        LevelLoss { level, weights, total, pixel, smooth_u, smooth_v, ssim, teacher }
    }
}

/// Weights of the means of the terms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Weight of the photometric term.
    pub pixel: f32,
    /// Weight of the smoothness of each of u and v.
    pub smooth: f32,
    /// Weight of the SSIM term.
    pub ssim: f32,
}

impl LossPreset {
    fn ssim_window(self) -> SeparableWindow {
        if self == Self::Deepethogram { DENSE_WINDOW } else { CAFFE_WINDOW }
    }

    /// Returns the weights at `level` for a batch of `n` and `patches` SSIM windows per channel.
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
            // The original code orders levels from fine to coarse, so coarse levels have the largest smoothness weight.
            Self::Deepethogram => Weights { pixel: 1.0, smooth: fine_to_coarse, ssim: 1.0 },
        }
    }
}

/// Averages maps [n, c, h, w] over the cells of a level of [height, width].
fn averaged(maps: &Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    let [_, _, h, w] = maps.dims();
    if [h, w] == size { maps.clone() } else { Separable::area([h, w], size, &maps.device()).apply(maps.clone()) }
}

/// Level pixels per raw unit: 10 at level 2 … 0.625 at level 6.
fn level_px_from_raw(level: usize) -> f32 {
    20.0 / 2f32.powi(level as i32 - 1)
}
