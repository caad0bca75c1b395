//! The flow loss of ActionFlowNet (Ng, Choi, Neumann & Davis 2018): end-point errors against another method's flow at
//! every level, in space and time, as in the training of FlowNet (Fischer et al. 2015).
//!
//! It is the sum over the cells of a level divided by the batch size, without robust penalty, against the mean true
//! flow in each cell.

use burn::tensor::{Tensor, TensorData};

use super::SupervisedLevel;
use super::supervised::LEVEL_WEIGHTS;
use crate::nets::Separable;

/// Added to keep the gradient finite where flow and truth agree, in squared raw units.
const ROUNDING: f32 = 1e-12;
/// Lower limit of the known fraction of a cell, which makes the mean over nothing zero.
const LEAST_SHARE: f32 = 1e-6;

/// Returns the losses of `levels`, see [`summed_end_point_errors`], with FlowNet's weights times `weight`; frames are
/// `height` pixels high.
pub fn levels_of_teacher(levels: &[Tensor<5>], truth: &Tensor<4>, height: usize, weight: f32) -> Vec<SupervisedLevel> {
    let errors = summed_end_point_errors(levels, truth).into_iter().zip(levels).zip(LEVEL_WEIGHTS);
    let of_level = |((error, maps), of_sum): ((Tensor<1>, &Tensor<5>), f32)| {
        let level = (height / maps.dims()[3]).ilog2() as usize;
        SupervisedLevel { level, weight: of_sum * weight, error }
    };
    errors.map(of_level).collect()
}

/// Returns Σ EPE / N of each of `levels`, `[1]`, in raw units; cells are weighted by their known fraction over the
/// frames that have flow.
///
/// * `levels`: [n, 2, t, h, w] each, raw flow; the finest has a map for every frame
/// * `truth`: [n, 3·pairs, H, W], a constant: u and v of each pair, raw, multiplied by the known fraction of the cell,
///   and that fraction. The frames after the last pair have no flow.
pub fn summed_end_point_errors(levels: &[Tensor<5>], truth: &Tensor<4>) -> Vec<Tensor<1>> {
    let frames = levels.first().map_or(0, |finest| finest.dims()[2]);
    levels.iter().map(|level| summed_end_point_error(level, truth, frames)).collect()
}

fn summed_end_point_error(level: &Tensor<5>, truth: &Tensor<4>, frames: usize) -> Tensor<1> {
    let [batch, components, times, rows, columns] = level.dims();
    let [_, planes, height, width] = truth.dims();
    let (device, pairs, span) = (truth.device(), planes / 3, frames / times);
    let mut known = Separable::area([height, width], [rows, columns], &device).apply(truth.clone());
    if pairs < frames {
        let without = Tensor::zeros([batch, 3 * (frames - pairs), rows, columns], &device);
        known = Tensor::cat(vec![known, without], 1);
    }
    let known: Tensor<5> =
        known.reshape([batch * times, span, 3, rows, columns]).sum_dim(1).reshape([batch, times, 3, rows, columns]);
    let share = known.clone().narrow(2, 2, 1);
    let target = known.narrow(2, 0, components) / share.clone().clamp_min(LEAST_SHARE);
    // Number of frames with flow among those of a map.
    let counts = (0..times).map(|time| (pairs.min((time + 1) * span) - pairs.min(time * span)).max(1) as f32).collect();
    let counts = Tensor::<5>::from_data(TensorData::new(counts, [1, times, 1, 1, 1]), &device);
    let difference = level.clone().swap_dims(1, 2) - target;
    let error = (difference.powi_scalar(2).sum_dim(2) + ROUNDING).sqrt();
    (error * (share / counts)).sum() / batch as f64
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// By hand: two frames of two cells; the second frame has no flow, and the right cell is half known.
    #[test]
    fn what_is_unknown_costs_nothing_and_coarse_cells_see_the_mean() {
        let device = Device::flex().autodiff();
        let truth = tensor(vec![0.5, 0.25, 0.0, 0.0, 1.0, 0.5], [1, 3, 1, 2], &device); // u 0.5 in both
        let fine = tensor(vec![0.5, 0.9, 7.0, 7.0, 0.0, 0.3, 7.0, 7.0], [1, 2, 2, 1, 2], &device).require_grad();
        let coarse = tensor(vec![0.1, 0.3], [1, 2, 1, 1, 1], &device);
        let errors = summed_end_point_errors(&[fine.clone(), coarse], &truth);
        let values: Vec<f32> = errors.iter().map(|error| error.clone().into_scalar()).collect();
        assert!((values[0] - 0.5 * 0.5).abs() < 1e-5, "0.4 and 0.3 off in a half known cell: {values:?}");
        assert!((values[1] - 0.5 * 0.75).abs() < 1e-5, "three of four quarters are known: {values:?}");
        let gradient: Vec<f32> = fine.grad(&errors[0].clone().backward()).unwrap().into_data().try_to_vec().unwrap();
        assert!(gradient.iter().all(|value| value.is_finite()), "{gradient:?}");
        assert!((gradient[1] - 0.4).abs() < 1e-4 && (gradient[5] - 0.3).abs() < 1e-4, "{gradient:?}");
        assert_eq!([gradient[2], gradient[3], gradient[6], gradient[7]], [0.0; 4], "the last frame");
    }
}
