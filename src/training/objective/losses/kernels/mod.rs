//! The unsupervised loss on the CPU, in one pass over each pair where Burn's operations take some three hundred.
//!
//! The same as the compositions in [`level_terms`](super::level_terms) and [`loss_images`](super::loss_images()), which a GPU
//! uses and which the tests compare with. Each pair is a task of its own and sums are added in the order of pairs, so
//! results do not depend on the number of threads.

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

use crate::gpu::is_gpu;
use crate::nets::Vectors;
pub(super) use images::SparseMatrix;
pub(super) use pair::LevelShape;
use pair::{COLOURS, LOSSES, PairBuffers, PairLosses};

/// Returns whether the kernels can compute with `x`.
pub(super) fn applies(x: &Tensor<4>) -> bool {
    x.dtype() == DType::F32 && !is_gpu(&x.device().without_autodiff())
}

/// Returns the means of the losses of a level, `[4]`: photometric, smoothness of u and of v, 1 − SSIM. The gradient reaches the
/// flow only.
///
/// * `images`: [n, 3·(pairs+1), h, w], the loss images of the level
/// * `raw`: [n, 2·pairs, h, w]
pub(super) fn level_losses(images: Tensor<4>, raw: Tensor<4>, shape: LevelShape) -> Tensor<1> {
    Tensor::from_dispatch(<Dispatch as Losses>::level_losses(images.into_dispatch(), raw.into_dispatch(), shape))
}

/// Returns frames [n, 3·frames, h, w] normalised over their colours, without gradient.
pub(super) fn normalised(frames: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Losses>::normalised(frames.into_dispatch()))
}

/// Returns maps [n, c, h, w] multiplied by two matrices, one for their rows and one for their columns, without gradient.
pub(super) fn resized(maps: Tensor<4>, matrices: [SparseMatrix; 2]) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Losses>::resized(maps.into_dispatch(), matrices))
}

/// The operations of a backend.
#[backend_extension(Flex, Autodiff)]
pub(super) trait Losses: Backend {
    /// See [`level_losses`].
    fn level_losses(images: FloatTensor<Self>, raw: FloatTensor<Self>, shape: LevelShape) -> FloatTensor<Self>;

    /// See [`normalised`].
    fn normalised(frames: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`resized`].
    fn resized(maps: FloatTensor<Self>, matrices: [SparseMatrix; 2]) -> FloatTensor<Self>;
}

type FlexTensor = FloatTensor<Flex>;

impl Losses for Flex {
    fn level_losses(images: FlexTensor, raw: FlexTensor, shape: LevelShape) -> FlexTensor {
        LevelResult::new(&images, &raw, &shape).losses
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
    fn level_losses(images: FloatTensor<Self>, raw: FloatTensor<Self>, shape: LevelShape) -> FloatTensor<Self> {
        let node = raw.node();
        let LevelResult { losses, gradients } =
            LevelResult::new(&images.into_primitive(), &raw.into_primitive(), &shape);
        match Derivative.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::UnTracked(prepared) => prepared.finish(losses),
            OpsKind::Tracked(prepared) => prepared.finish(gradients, losses),
        }
    }

    fn normalised(frames: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::from_inner(Flex::normalised(frames.into_primitive()))
    }

    fn resized(maps: FloatTensor<Self>, matrices: [SparseMatrix; 2]) -> FloatTensor<Self> {
        Self::from_inner(Flex::resized(maps.into_primitive(), matrices))
    }
}

/// The losses of a level and what their gradients are made of.
struct LevelResult {
    losses: FlexTensor,
    gradients: LevelGradients,
}

/// The gradients of the losses by raw flow: of the photometric one, of both of smoothness, each in its maps, and of SSIM.
#[derive(Clone, Debug)]
struct LevelGradients {
    fields: [Vec<f32>; 3],
    /// Of raw flow.
    shape: Vec<usize>,
    divisors: [f64; LOSSES],
}

impl LevelResult {
    fn new(images: &FlexTensor, raw: &FlexTensor, shape: &LevelShape) -> Self {
        let (images, raw) = (images.to_contiguous(), raw.to_contiguous());
        let raw_shape = raw.layout().shape()[..].to_vec();
        let (images, raw) = (values(&images), values(&raw));
        let (pairs, frame) = (raw_shape[1] / 2, COLOURS * shape.cells());
        let frames = |pair: usize| {
            let first = (pair / pairs * (pairs + 1) + pair % pairs) * frame;
            images[first..first + 2 * frame].split_at(frame)
        };
        let mut fields = [(); 3].map(|()| vec![0.0; raw.len()]);
        let flow = 2 * shape.cells();
        let [of_pixel, of_smooth, of_ssim] = fields.each_mut().map(|field| field.par_chunks_exact_mut(flow));
        let sums: Vec<[f64; LOSSES]> = (raw.par_chunks_exact(flow), of_pixel, of_smooth, of_ssim)
            .into_par_iter()
            .enumerate()
            .map_init(
                || PairBuffers::new(shape),
                |buffers, (pair, (raw, of_pixel, of_smooth, of_ssim))| {
                    let ((first, second), gradients) = (frames(pair), [of_pixel, of_smooth, of_ssim]);
                    Vectors::best().run(PairLosses { shape, first, second, raw, gradients, buffers })
                },
            )
            .collect();
        let divisors = shape.divisors().map(|divisor| divisor * sums.len() as f64);
        let mut means = [0.0; LOSSES];
        for (mean, sum) in sums.iter().flat_map(|sums| sums.iter().enumerate()) {
            means[mean] += sum;
        }
        let means = means.iter().zip(divisors).map(|(sum, divisor)| (sum / divisor) as f32).collect();
        let gradients = LevelGradients { fields, shape: raw_shape, divisors };
        Self { losses: tensor(means, &[LOSSES]), gradients }
    }
}

/// The derivative of the losses of a level by its raw flow.
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
        // A loss that does not count adds nothing, not even where its gradient is no number.
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

/// The numbers of a contiguous tensor.
fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("a contiguous tensor of f32")
}

fn tensor(values: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.to_vec()))
}
