//! The unsupervised loss on the CPU, in one pass over each pair instead of some three hundred operations of Burn.
//!
//! It computes the same as the compositions in [`level_terms`](super::level_terms) and
//! [`loss_images`](super::loss_images()), which are used on a GPU and as the reference in tests. Each pair is a task
//! and sums are added in the order of pairs, so results do not depend on the number of threads.

mod census;
mod images;
mod pair;
mod power;
#[cfg(test)]
mod tests;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{DType, Tensor, TensorData};
use rayon::prelude::*;

use super::visibility::LEAST_PIXELS;
use crate::gpu::is_gpu;
use crate::nets::Vectors;
use census::{CensusBuffers, PairCensus};
pub(super) use images::SparseMatrix;
pub(super) use pair::LevelShape;
use pair::{COLOURS, LOSSES, PairBuffers, PairLosses, PairSums};

/// Returns `true` if the kernels support `x`.
pub(super) fn applies(x: &Tensor<4>) -> bool {
    x.dtype() == DType::F32 && !is_gpu(&x.device().without_autodiff())
}

/// Returns the mean losses of a level, `[4]`: photometric, smoothness of u and of v, 1 − SSIM. Gradients flow to the
/// flow only.
///
/// * `images`: [n, 3·(pairs+1), h, w], the loss images of the level
/// * `raw`: [n, 2·pairs, h, w]
/// * `visible`: [n, pairs, h, w], the visible fraction of each cell, for the first and the last loss
pub(super) fn level_losses(
    images: Tensor<4>,
    raw: Tensor<4>,
    visible: Option<Tensor<4>>,
    shape: LevelShape,
) -> Tensor<1> {
    let visible = visible.map(numbers);
    Tensor::from_dispatch(<Dispatch as Losses>::level_losses(
        images.into_dispatch(),
        raw.into_dispatch(),
        visible,
        shape,
    ))
}

/// Returns the census term of a level, `[1]`, like [`composed`](super::census::composed).
pub(super) fn census(grey: Tensor<4>, raw: Tensor<4>, visible: Option<Tensor<4>>, shape: LevelShape) -> Tensor<1> {
    let visible = visible.map(numbers);
    Tensor::from_dispatch(<Dispatch as Losses>::census(grey.into_dispatch(), raw.into_dispatch(), visible, shape))
}

/// Returns the values of a tensor on the CPU, row by row.
fn numbers(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("what the kernels apply to holds f32")
}

/// Normalises frames [n, 3·frames, h, w] over their colours, without gradient.
pub(super) fn normalised(frames: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Losses>::normalised(frames.into_dispatch()))
}

/// Multiplies the rows and the columns of maps [n, c, h, w] by one matrix each, without gradient.
pub(super) fn resized(maps: Tensor<4>, matrices: [SparseMatrix; 2]) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Losses>::resized(maps.into_dispatch(), matrices))
}

/// Backend operations of the losses.
#[backend_extension(Flex, Autodiff)]
pub(super) trait Losses: Backend {
    /// See [`level_losses`].
    fn level_losses(
        images: FloatTensor<Self>,
        raw: FloatTensor<Self>,
        visible: Option<Vec<f32>>,
        shape: LevelShape,
    ) -> FloatTensor<Self>;

    /// See [`census()`].
    fn census(
        grey: FloatTensor<Self>,
        raw: FloatTensor<Self>,
        visible: Option<Vec<f32>>,
        shape: LevelShape,
    ) -> FloatTensor<Self>;

    /// See [`normalised`].
    fn normalised(frames: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`resized`].
    fn resized(maps: FloatTensor<Self>, matrices: [SparseMatrix; 2]) -> FloatTensor<Self>;
}

type FlexTensor = FloatTensor<Flex>;

impl Losses for Flex {
    fn level_losses(images: FlexTensor, raw: FlexTensor, visible: Option<Vec<f32>>, shape: LevelShape) -> FlexTensor {
        LevelResult::new(&images, &raw, visible, &shape).losses
    }

    fn census(grey: FlexTensor, raw: FlexTensor, visible: Option<Vec<f32>>, shape: LevelShape) -> FlexTensor {
        CensusResult::new(&grey, &raw, visible, &shape).mean
    }

    fn normalised(frames: FlexTensor) -> FlexTensor {
        let frames = frames.to_contiguous();
        let shape = frames.layout().shape();
        tensor(images::normalised(values(&frames), shape[2] * shape[3]), &shape[..])
    }

    fn resized(maps: FlexTensor, [down, across]: [SparseMatrix; 2]) -> FlexTensor {
        let maps = maps.to_contiguous();
        let shape = maps.layout().shape();
        let resized = images::resized(values(&maps), [shape[2], shape[3]], &down, &across);
        tensor(resized, &[shape[0], shape[1], down.rows(), across.rows()])
    }
}

impl<C: CheckpointStrategy> Losses for Autodiff<Flex, C> {
    fn level_losses(
        images: FloatTensor<Self>,
        raw: FloatTensor<Self>,
        visible: Option<Vec<f32>>,
        shape: LevelShape,
    ) -> FloatTensor<Self> {
        let node = raw.node();
        let LevelResult { losses, gradients } =
            LevelResult::new(&images.into_primitive(), &raw.into_primitive(), visible, &shape);
        match Derivative.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::UnTracked(prepared) => prepared.finish(losses),
            OpsKind::Tracked(prepared) => prepared.finish(gradients, losses),
        }
    }

    fn census(
        grey: FloatTensor<Self>,
        raw: FloatTensor<Self>,
        visible: Option<Vec<f32>>,
        shape: LevelShape,
    ) -> FloatTensor<Self> {
        let node = raw.node();
        let CensusResult { mean, gradient } =
            CensusResult::new(&grey.into_primitive(), &raw.into_primitive(), visible, &shape);
        match CensusDerivative.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::UnTracked(prepared) => prepared.finish(mean),
            OpsKind::Tracked(prepared) => prepared.finish(gradient, mean),
        }
    }

    fn normalised(frames: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::from_inner(Flex::normalised(frames.into_primitive()))
    }

    fn resized(maps: FloatTensor<Self>, matrices: [SparseMatrix; 2]) -> FloatTensor<Self> {
        Self::from_inner(Flex::resized(maps.into_primitive(), matrices))
    }
}

/// The losses of a level and the data for their gradients.
struct LevelResult {
    losses: FlexTensor,
    gradients: LevelGradients,
}

/// Gradients of the losses with respect to raw flow: of the photometric loss, of both smoothness losses (each on its
/// own map), and of SSIM.
#[derive(Clone, Debug)]
struct LevelGradients {
    fields: [Vec<f32>; 3],
    /// Shape of the raw flow.
    shape: Vec<usize>,
    divisors: [f64; LOSSES],
}

impl LevelResult {
    fn new(images: &FlexTensor, raw: &FlexTensor, visible: Option<Vec<f32>>, shape: &LevelShape) -> Self {
        let (images, raw) = (images.to_contiguous(), raw.to_contiguous());
        let raw_shape = raw.layout().shape()[..].to_vec();
        let (images, raw, visible) = (values(&images), values(&raw), visible.as_deref());
        let (pairs, frame) = (raw_shape[1] / 2, COLOURS * shape.cells());
        let frames = |pair: usize| {
            let first = (pair / pairs * (pairs + 1) + pair % pairs) * frame;
            images[first..first + 2 * frame].split_at(frame)
        };
        let mut fields = [(); 3].map(|()| vec![0.0; raw.len()]);
        let flow = 2 * shape.cells();
        let [of_pixel, of_smooth, of_ssim] = fields.each_mut().map(|field| field.par_chunks_exact_mut(flow));
        let sums: Vec<PairSums> = (raw.par_chunks_exact(flow), of_pixel, of_smooth, of_ssim)
            .into_par_iter()
            .enumerate()
            .map_init(
                || PairBuffers::new(shape),
                |buffers, (pair, (raw, of_pixel, of_smooth, of_ssim))| {
                    let ((first, second), gradients) = (frames(pair), [of_pixel, of_smooth, of_ssim]);
                    let visible = visible.map(|visible| &visible[pair * shape.cells()..][..shape.cells()]);
                    Vectors::best().run(PairLosses { shape, first, second, raw, visible, gradients, buffers })
                },
            )
            .collect();
        let (mut means, mut divisors) = ([0.0; LOSSES], [0.0; LOSSES]);
        for PairSums { losses, divisors: of_pair } in &sums {
            for index in 0..LOSSES {
                means[index] += losses[index];
                divisors[index] += of_pair[index];
            }
        }
        let divisors = divisors.map(|divisor| divisor.max(f64::from(LEAST_PIXELS)));
        let means = means.iter().zip(divisors).map(|(sum, divisor)| (sum / divisor) as f32).collect();
        let gradients = LevelGradients { fields, shape: raw_shape, divisors };
        Self { losses: tensor(means, &[LOSSES]), gradients }
    }
}

/// The derivative of the losses of a level with respect to raw flow.
#[derive(Debug)]
struct Derivative;

impl Backward<Flex, 1> for Derivative {
    type State = LevelGradients;

    fn backward(self, ops: Ops<LevelGradients, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let of_losses = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let LevelGradients { fields: [of_pixel, of_smooth, of_ssim], shape, divisors } = ops.state;
        let [Some(raw)] = &ops.parents else { return };
        let weights: Vec<f32> =
            values(&of_losses).iter().zip(divisors).map(|(g, d)| (f64::from(*g) / d) as f32).collect();
        // A loss without weight contributes nothing, even where its gradient is NaN.
        let weighted = |weight: f32, gradient: f32| if weight == 0.0 { 0.0 } else { weight * gradient };
        let cells = shape[2] * shape[3];
        let mut sum = of_pixel;
        let maps = sum.par_chunks_exact_mut(cells).zip(of_smooth.par_chunks_exact(cells));
        maps.zip(of_ssim.par_chunks_exact(cells)).enumerate().for_each(|(map, ((sum, of_smooth), of_ssim))| {
            let (pixel, smooth, ssim) = (weights[0], weights[1 + map % 2], weights[3]);
            for ((sum, of_smooth), of_ssim) in sum.iter_mut().zip(of_smooth).zip(of_ssim) {
                *sum = weighted(pixel, *sum) + weighted(smooth, *of_smooth) + weighted(ssim, *of_ssim);
            }
        });
        gradients.register::<Flex>(raw.id, tensor(sum, &shape));
    }
}

/// The census term of a level and its gradient with respect to raw flow.
struct CensusResult {
    mean: FlexTensor,
    gradient: CensusGradient,
}

/// Gradient of the sum in the census term, and its divisor.
#[derive(Clone, Debug)]
struct CensusGradient {
    field: Vec<f32>,
    /// Shape of the raw flow.
    shape: Vec<usize>,
    divisor: f64,
}

impl CensusResult {
    fn new(grey: &FlexTensor, raw: &FlexTensor, visible: Option<Vec<f32>>, shape: &LevelShape) -> Self {
        let (grey, raw) = (grey.to_contiguous(), raw.to_contiguous());
        let raw_shape = raw.layout().shape()[..].to_vec();
        let (grey, raw, visible) = (values(&grey), values(&raw), visible.as_deref());
        let (pairs, cells) = (raw_shape[1] / 2, shape.cells());
        let mut field = vec![0.0; raw.len()];
        let sums: Vec<[f64; 2]> = (raw.par_chunks_exact(2 * cells), field.par_chunks_exact_mut(2 * cells))
            .into_par_iter()
            .enumerate()
            .map_init(
                || CensusBuffers::new(shape),
                |buffers, (pair, (raw, gradient))| {
                    let first = (pair / pairs * (pairs + 1) + pair % pairs) * cells;
                    let (first, second) = grey[first..first + 2 * cells].split_at(cells);
                    let visible = visible.map(|visible| &visible[pair * cells..][..cells]);
                    Vectors::best().run(PairCensus { shape, first, second, raw, visible, gradient, buffers })
                },
            )
            .collect();
        let [sum, count] = sums.iter().fold([0.0; 2], |[sum, count], [of_pair, cells]| [sum + of_pair, count + cells]);
        let divisor = count.max(f64::from(LEAST_PIXELS));
        let gradient = CensusGradient { field, shape: raw_shape, divisor };
        Self { mean: tensor(vec![(sum / divisor) as f32], &[1]), gradient }
    }
}

/// The derivative of the census term with respect to the raw flow of its level.
#[derive(Debug)]
struct CensusDerivative;

impl Backward<Flex, 1> for CensusDerivative {
    type State = CensusGradient;

    fn backward(self, ops: Ops<CensusGradient, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let of_mean = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let CensusGradient { mut field, shape, divisor } = ops.state;
        let [Some(raw)] = &ops.parents else { return };
        let weight = (f64::from(values(&of_mean)[0]) / divisor) as f32;
        field.par_iter_mut().with_min_len(4096).for_each(|value| *value *= weight);
        gradients.register::<Flex>(raw.id, tensor(field, &shape));
    }
}

/// Returns the elements of a contiguous tensor.
fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("a contiguous tensor of f32")
}

fn tensor(values: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.to_vec()))
}
