//! The sum of squares of a gradient, in a single read pass on the CPU, whereas Burn's operations write the squares
//! first.

use burn::backend::Flex;
use burn::tensor::{DType, Tensor};
use rayon::prelude::*;

use crate::gpu::is_gpu;

/// Number of elements per task. The partial sums are added in order, independently of the number of threads.
const CHUNK: usize = 1 << 15;
/// Number of parallel sums, which the compiler vectorises.
const LANES: usize = 16;

/// Returns the sum of squares of `x`, which must be detached, `[1]`.
pub fn sum_of_squares<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let device = x.device();
    if x.dtype() != DType::F32 || device.is_autodiff() || is_gpu(&device) {
        return x.powi_scalar(2).sum();
    }
    let tensor = x.try_into_primitive::<Flex>().expect("a tensor on the CPU").to_contiguous();
    let values: &[f32] = tensor.as_slice().expect("a contiguous tensor of f32");
    let sums: Vec<f64> = values.par_chunks(CHUNK).map(of_chunk).collect();
    Tensor::from_data([sums.into_iter().sum::<f64>() as f32], &device)
}

fn of_chunk(values: &[f32]) -> f64 {
    let (rows, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for row in rows {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value * value;
        }
    }
    sums.iter().map(|sum| f64::from(*sum)).sum::<f64>() + rest.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn it_is_the_plain_sum(rows in 1usize..300, columns in 1usize..300, deviation in 1e-6_f64..1e3) {
            let x = Tensor::<2>::random([rows, columns], Distribution::Normal(0.0, deviation), &Device::flex());
            let x = x.slice([rows / 3..rows, 0..columns]).transpose();
            let plain: f64 = x.clone().into_data().iter::<f64>().map(|value| value * value).sum();
            prop_assert!((f64::from(sum_of_squares(x).into_scalar::<f32>()) / plain - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn what_is_no_number_is_passed_on() {
        for bad in [f32::NAN, f32::INFINITY, 1e30] {
            let x = Tensor::<1>::from_data([1.0, bad, 2.0], &Device::flex());
            assert!(!sum_of_squares(x).into_scalar::<f32>().is_finite());
        }
    }
}
