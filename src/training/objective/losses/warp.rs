//! Backward warping: reconstructs each frame from the next by sampling it along the flow (spec, section 2).

use burn::tensor::{Int, Tensor};

/// Samples `images` bilinearly at (column + u, row + v). Taps outside the image contribute 0, without clamping or
/// renormalisation. Gradients flow to the flow only; at integer positions they follow `floor`.
///
/// * `images`: [n, c, h, w], constants
/// * `flow`: [n, 2, h, w] in pixels of these images, u then v
///
/// Built from differentiable operations: the images are constants, so the gathers need no backward pass and the
/// gradient is that of the four bilinear weights.
pub fn warp(images: Tensor<4>, flow: Tensor<4>) -> Tensor<4> {
    let [n, c, h, w] = images.dims();
    let device = images.device();
    let ramp = |side: usize| Tensor::<1, Int>::arange(0..side as i64, &device).float();
    let columns = ramp(w).reshape([1, 1, 1, w]);
    let rows = ramp(h).reshape([1, 1, h, 1]);

    let x = flow.clone().narrow(1, 0, 1) + columns; // [n, 1, h, w]
    let y = flow.narrow(1, 1, 1) + rows;
    let (left, top) = (x.clone().detach().floor(), y.clone().detach().floor());
    let (fx, fy) = (x - left.clone(), y - top.clone());

    let images = images.reshape([n, c, h * w]);
    let tap = |dx: f32, dy: f32| {
        let (column, row) = (left.clone() + dx, top.clone() + dy);
        let inside = within(column.clone(), w) * within(row.clone(), h);
        let index = row.clamp(0.0, (h - 1) as f32) * w as f32 + column.clamp(0.0, (w - 1) as f32);
        let index = index.int().reshape([n, 1, h * w]).expand([n, c, h * w]);
        images.clone().gather(2, index).reshape([n, c, h, w]) * inside
    };
    let top_row = tap(0.0, 0.0) * (fx.clone() * -1.0 + 1.0) + tap(1.0, 0.0) * fx.clone();
    let bottom_row = tap(0.0, 1.0) * (fx.clone() * -1.0 + 1.0) + tap(1.0, 1.0) * fx;
    top_row * (fy.clone() * -1.0 + 1.0) + bottom_row * fy
}

/// Returns 1 where 0 ≤ position ≤ side − 1, else 0.
fn within(position: Tensor<4>, side: usize) -> Tensor<4> {
    let last = (side - 1) as f32;
    position.clone().greater_equal_scalar(0.0).bool_and(position.lower_equal_scalar(last)).float()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    fn image(device: &Device) -> Tensor<4> {
        let values: Vec<f32> = (0..30).map(|i| ((i * 7919) % 31) as f32 / 31.0).collect();
        Tensor::from_data(TensorData::new(values, [1, 1, 5, 6]), device)
    }

    #[test]
    fn taps_outside_contribute_nothing() {
        let device = Device::flex();
        let flow = Tensor::<4>::full([1, 2, 5, 6], 100.0, &device);
        let sum: f32 = warp(image(&device), flow).abs().sum().into_scalar();
        assert_eq!(sum, 0.0);
        let half = Tensor::cat(vec![Tensor::full([1, 1, 5, 6], 5.5, &device), Tensor::zeros([1, 1, 5, 6], &device)], 1);
        let warped: f32 = warp(image(&device), half).slice([0..1, 0..1, 2..3, 0..1]).into_scalar();
        let last: f32 = image(&device).slice([0..1, 0..1, 2..3, 5..6]).into_scalar();
        assert!((warped - last * 0.5).abs() < 1e-6, "half of the last column, half of nothing");
    }

    #[test]
    fn gradient_agrees_with_finite_differences() {
        let device = Device::flex().autodiff();
        let values: Vec<f32> = (0..60).map(|i| ((i * 37) % 23) as f32 / 7.0 - 1.53).collect();
        let weights: Vec<f32> = (0..30).map(|i| ((i * 13) % 11) as f32 / 11.0 - 0.4).collect();
        let weights = Tensor::<4>::from_data(TensorData::new(weights, [1, 1, 5, 6]), &device);
        let loss = |values: &[f32]| {
            let flow = Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, 2, 5, 6]), &device).require_grad();
            ((warp(image(&device), flow.clone()) * weights.clone()).sum(), flow)
        };
        let (total, flow) = loss(&values);
        let gradient: Vec<f32> = flow.grad(&total.backward()).unwrap().into_data().try_to_vec().unwrap();
        for i in (0..60).step_by(7) {
            let shifted = |by: f32| {
                let mut values = values.clone();
                values[i] += by;
                loss(&values).0.into_scalar::<f32>()
            };
            let numeric = (shifted(1e-3) - shifted(-1e-3)) / 2e-3;
            assert!(
                (numeric - gradient[i]).abs() < 2e-3,
                "element {i}: {numeric} numerically, {} by backward",
                gradient[i]
            );
        }
    }
}
