//! Max pooling: own implementation for inference on the CPU; Burn's on a GPU and for autodiff.

use std::ops::Range;

use burn::nn::PaddingConfig2d;
use burn::nn::pool::MaxPool2d;
use burn::tensor::{DType, Tensor, TensorData};
use rayon::prelude::*;

use crate::gpu::is_gpu;

/// Minimum number of output values per task.
const TASK: usize = 8 * 1024;

/// Returns the max pooling of `x` with `pool`: [b, c, h, w] → [b, c, h', w'].
pub(super) fn max_pool(pool: &MaxPool2d, x: Tensor<4>) -> Tensor<4> {
    let device = x.device();
    let is_ours = x.dtype() == DType::F32 && !device.is_autodiff() && !is_gpu(&device);
    let [batch, maps, height, width] = x.dims();
    let Some([rows, columns]) = PoolAxis::of(pool, [height, width]).filter(|_| is_ours) else {
        return pool.forward(x);
    };
    let data = x.into_data();
    let pooled = data.as_slice::<f32>().ok().map(|values| pooled(values, &rows, &columns));
    let shape = [batch, maps, rows.to, columns.to];
    Tensor::from_data(TensorData::new(pooled.expect("numbers of the checked type"), shape), &device)
}

/// Positions of a pooling window along rows or columns.
#[derive(Debug, Clone, Copy)]
struct PoolAxis {
    from: usize,
    to: usize,
    window: usize,
    stride: usize,
    /// Padding before the first value.
    padding: usize,
}

impl PoolAxis {
    /// Returns the rows and columns of `pool` on maps of `size`; `None` for dilated windows, asymmetric padding and
    /// empty maps.
    fn of(pool: &MaxPool2d, size: [usize; 2]) -> Option<[Self; 2]> {
        let padding = match pool.padding {
            PaddingConfig2d::Valid => [0, 0],
            PaddingConfig2d::Explicit(top, left, bottom, right) if [top, left] == [bottom, right] => [top, left],
            _ => return None,
        };
        let axis = |axis: usize| {
            let (from, padding) = (size[axis], padding[axis]);
            let (window, stride) = (pool.kernel_size[axis], pool.stride[axis]);
            let room = (from + 2 * padding).checked_sub(window)?;
            let to = if pool.ceil_mode { room.div_ceil(stride) } else { room / stride } + 1;
            // A window that starts after the last value would be empty.
            let to = if (to - 1) * stride >= from + padding { to - 1 } else { to };
            (2 * padding <= window && from > 0).then_some(Self { from, to, window, stride, padding })
        };
        if pool.dilation == [1, 1] { Some([axis(0)?, axis(1)?]) } else { None }
    }

    /// Returns the values under the window at `position`.
    fn seen(&self, position: usize) -> Range<usize> {
        let start = position * self.stride;
        start.saturating_sub(self.padding)..(start + self.window - self.padding).min(self.from)
    }
}

/// Returns the pooled maps, in order.
fn pooled(maps: &[f32], rows: &PoolAxis, columns: &PoolAxis) -> Vec<f32> {
    let (from, to) = (rows.from * columns.from, rows.to * columns.to);
    let mut out = vec![0.0; maps.len() / from * to];
    let pairs = out.par_chunks_mut(to).zip(maps.par_chunks(from)).with_min_len(TASK.div_ceil(to));
    pairs.for_each_init(
        || vec![0.0; columns.from],
        |highest, (out, map)| {
            for (position, out) in out.chunks_mut(columns.to).enumerate() {
                let mut seen = map[rows.seen(position).start * columns.from..].chunks(columns.from);
                highest.copy_from_slice(seen.next().unwrap_or_default());
                for row in seen.take(rows.seen(position).len() - 1) {
                    highest.iter_mut().zip(row).for_each(|(highest, value)| *highest = larger(*highest, *value));
                }
                for (position, out) in out.iter_mut().enumerate() {
                    *out = highest[columns.seen(position)].iter().copied().reduce(larger).unwrap_or(f32::NEG_INFINITY);
                }
            }
        },
    );
    out
}

/// Returns the larger value, or NaN if `a` or `b` is NaN: divergence must not be hidden.
fn larger(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}

#[cfg(test)]
mod tests {
    use burn::nn::pool::MaxPool2dConfig;
    use burn::tensor::{Device, Distribution};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn pooling_is_burns(
            size in [1_usize..14, 1_usize..40],
            window in [1_usize..5, 1_usize..5],
            stride in [1_usize..4, 1_usize..4],
            padded in any::<bool>(),
            ceil_mode in any::<bool>(),
        ) {
            let padding = if padded { window.map(|window| window / 2) } else { [0, 0] };
            prop_assume!((0..2).all(|axis| size[axis] + 2 * padding[axis] >= window[axis]));
            let [top, left] = padding;
            let pool = MaxPool2dConfig::new(window)
                .with_strides(stride)
                .with_padding(PaddingConfig2d::Explicit(top, left, top, left))
                .with_ceil_mode(ceil_mode)
                .init();
            let x = Tensor::random([2, 3, size[0], size[1]], Distribution::Normal(0.0, 1.0), &Device::flex());
            prop_assert!(PoolAxis::of(&pool, size).is_some());
            prop_assert_eq!(max_pool(&pool, x.clone()).into_data(), pool.forward(x).into_data());
        }
    }

    #[test]
    fn what_diverged_shows() {
        let pool = MaxPool2dConfig::new([2, 2]).init();
        for place in 0..4 {
            let mut values = [f32::INFINITY; 4];
            values[place] = f32::NAN;
            let x = Tensor::<1>::from_floats(values, &Device::flex()).reshape([1, 1, 2, 2]);
            assert!(max_pool(&pool, x).into_scalar::<f32>().is_nan(), "{place}");
        }
    }

    #[test]
    fn gradients_are_left_to_burn() {
        let pool = MaxPool2dConfig::new([2, 2]).init();
        let x = Tensor::<1>::from_floats([1.0, 4.0, 2.0, 3.0], &Device::flex().autodiff()).require_grad();
        let gradients = max_pool(&pool, x.clone().reshape([1, 1, 2, 2])).sum().backward();
        assert_eq!(x.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap(), [0.0, 1.0, 0.0, 0.0]);
    }
}
