//! The end-point error against a teacher's flow, which guides the network where frames alone do not (MDFlow: Kong &
//! Yang 2022).
//!
//! As in FlowNet's training (Fischer et al. 2015), it is the norm of the difference, neither squared nor further
//! robustified; cells where the teacher's forward and backward flow disagree are ignored.

use burn::tensor::Tensor;

use crate::nets::FLOW_UNIT_PX;
use crate::nets::separable::Separable;

/// Weights of the mean errors at the levels, finest first: those of FlowNet (0.005 … 0.32) for sums over pixels,
/// relative to the finest.
pub const LEVEL_WEIGHTS: [f32; 5] = [1.0, 0.5, 0.25, 0.25, 0.25];
/// Added in pixels to keep the gradient finite where flow and teacher agree.
const ROUNDING: f32 = 1e-3;
/// Lower limit of the number of cells in a mean, which makes the mean over no cells zero.
const LEAST_CELLS: f32 = 1e-6;

/// Returns the mean end-point error of a level in pixels of the frames, over the cells where the teacher is known,
/// `[1]`.
///
/// * `raw`: [n, 2·pairs, h, w], raw flow
/// * `teacher`: [n, 3·pairs, H, W], a constant: u and v, raw, multiplied by the known fraction of the cell, and that
///   fraction. It is averaged over the cells of the level.
pub fn end_point_error(raw: Tensor<4>, teacher: &Tensor<4>) -> Tensor<1> {
    let [n, channels, h, w] = raw.dims();
    let pairs = channels / 2;
    let [_, _, height, width] = teacher.dims();
    let known = Separable::area([height, width], [h, w], &teacher.device()).apply(teacher.clone());
    let known = known.reshape([n * pairs, 3, h, w]);
    let share = known.clone().narrow(1, 2, 1);
    let target = known.narrow(1, 0, 2) / share.clone().clamp_min(LEAST_CELLS);
    let difference = (raw.reshape([n * pairs, 2, h, w]) - target) * FLOW_UNIT_PX;
    let squared = difference.powi_scalar(2).sum_dim(1);
    let error = (squared + ROUNDING * ROUNDING).sqrt() - ROUNDING;
    (error * share.clone()).sum() / share.sum().clamp_min(LEAST_CELLS)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn maps(values: Vec<f32>, shape: [usize; 4], device: &Device) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    #[test]
    fn it_is_zero_where_the_flow_is_the_teacher_s_and_ignores_what_is_unknown() {
        let device = Device::flex().autodiff();
        // Two cells of four: the first two are known, the others have zero flow and a known fraction of zero.
        let teacher = maps(vec![0.5, 0.5, 0.0, 0.0, -0.25, -0.25, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0], [1, 3, 1, 4], &device);
        let flow = |u: [f32; 4]| {
            let v = [-0.25, -0.25, 7.0, 7.0];
            maps([u, v].concat(), [1, 2, 1, 4], &device).require_grad()
        };
        let equal: f32 = end_point_error(flow([0.5, 0.5, 9.0, -9.0]), &teacher).into_scalar();
        assert_eq!(equal, 0.0);
        let raw = flow([0.5, 0.75, 9.0, -9.0]);
        let error = end_point_error(raw.clone(), &teacher);
        let gradient: Vec<f32> = raw.grad(&error.clone().backward()).unwrap().into_data().try_to_vec().unwrap();
        let error: f32 = error.into_scalar();
        assert!((error - 0.25 * 20.0 / 2.0).abs() < 1e-3, "five pixels at one of two cells: {error}");
        assert!((gradient[1] - 10.0).abs() < 1e-3, "{gradient:?}");
        let rest = [0, 2, 3, 4, 5, 6, 7].map(|at: usize| gradient[at]);
        assert_eq!(rest, [0.0; 7], "neither what agrees nor what is unknown");
        let half = end_point_error(maps(vec![0.5, 0.0, -0.25, 0.0], [1, 2, 1, 2], &device), &teacher);
        assert_eq!(half.into_scalar::<f32>(), 0.0, "coarser cells see the mean of what is known");
        let unknown = maps(vec![0.0; 12], [1, 3, 1, 4], &device);
        assert_eq!(end_point_error(flow([1.0; 4]), &unknown).into_scalar::<f32>(), 0.0);
    }

    #[test]
    fn gradient_agrees_with_finite_differences() {
        let device = Device::flex().autodiff();
        let teacher: Vec<f32> =
            (0..96).map(|i| ((i * 37) % 19) as f32 / 19.0 - if i % 48 < 32 { 0.5 } else { 0.0 }).collect();
        let teacher = maps(teacher, [2, 3, 4, 4], &device);
        let values: Vec<f32> = (0..16).map(|i| ((i * 7919) % 31) as f32 / 31.0 - 0.5).collect();
        let error = |values: &[f32]| {
            let raw = maps(values.to_vec(), [2, 2, 2, 2], &device).require_grad();
            (end_point_error(raw.clone(), &teacher), raw)
        };
        let (total, raw) = error(&values);
        let gradient: Vec<f32> = raw.grad(&total.backward()).unwrap().into_data().try_to_vec().unwrap();
        for at in 0..16 {
            let shifted = |by: f32| {
                let mut values = values.clone();
                values[at] += by;
                error(&values).0.into_scalar::<f32>()
            };
            let numeric = (shifted(1e-2) - shifted(-1e-2)) / 2e-2;
            assert!((numeric - gradient[at]).abs() < 0.02, "element {at}: {numeric}, {}", gradient[at]);
        }
    }
}
