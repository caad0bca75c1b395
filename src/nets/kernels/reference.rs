//! Plain reference implementation of the kernels, and tests against it.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::correlation::{Finish, convolve, convolve_back};
use super::simd::Vectors;
use super::sizes::ConvolutionSizes;
use super::tile::Activation;
use super::weight_gradient::{bias_gradient, weight_gradient};

const EVERY_VECTORS: [Vectors; 3] = [Vectors::Portable, Vectors::Avx2, Vectors::Widest];

/// Calls `product` with the indices in x, y and weight of every product of a convolution.
fn for_each_product(sizes: &ConvolutionSizes, mut product: impl FnMut([usize; 3])) {
    let ([of_x, of_y], [kh, kw]) = (sizes.maps_of_group(), sizes.kernel);
    let inside = |axis: usize, y: usize, k: usize| {
        let x = (y * sizes.stride[axis] + k).checked_sub(sizes.padding[axis])?;
        (x < sizes.x[axis]).then_some(x)
    };
    for (picture, to) in (0..sizes.batch).flat_map(|b| (0..sizes.maps[1]).map(move |to| (b, to))) {
        for (from, ky, kx) in (0..of_x).flat_map(|c| (0..kh).flat_map(move |ky| (0..kw).map(move |kx| (c, ky, kx)))) {
            let map = to / of_y * of_x + from;
            for (row, column) in (0..sizes.y[0]).flat_map(|r| (0..sizes.y[1]).map(move |c| (r, c))) {
                let (Some(y), Some(x)) = (inside(0, row, ky), inside(1, column, kx)) else { continue };
                product([
                    ((picture * sizes.maps[0] + map) * sizes.x[0] + y) * sizes.x[1] + x,
                    ((picture * sizes.maps[1] + to) * sizes.y[0] + row) * sizes.y[1] + column,
                    ((to * of_x + from) * kh + ky) * kw + kx,
                ]);
            }
        }
    }
}

/// Returns the numbers of elements of x, y and weight.
fn lengths(sizes: &ConvolutionSizes) -> [usize; 3] {
    [
        sizes.batch * sizes.maps[0] * sizes.x[0] * sizes.x[1],
        sizes.batch * sizes.maps[1] * sizes.y[0] * sizes.y[1],
        sizes.maps[1] * sizes.maps_of_group()[0] * sizes.taps(),
    ]
}

/// Computes x, y or the weights (0, 1 or 2 by `index`) as the sum of products of the other two.
fn plainly(sizes: &ConvolutionSizes, index: usize, a: &[f32], b: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0; lengths(sizes)[index]];
    let [first, second] = [[1, 2], [0, 2], [0, 1]][index];
    for_each_product(sizes, |at| sums[at[index]] += f64::from(a[at[first]]) * f64::from(b[at[second]]));
    sums.into_iter().map(|sum| sum as f32).collect()
}

fn agree(kernel: &[f32], plain: &[f32], of: &str) {
    assert_eq!(kernel.len(), plain.len(), "{of}");
    let scale = plain.iter().fold(1.0_f32, |scale, value| scale.max(value.abs()));
    for (at, (kernel, plain)) in kernel.iter().zip(plain).enumerate() {
        assert!((kernel - plain).abs() <= 2e-5 * scale, "{of} at {at}: {kernel} instead of {plain}");
    }
}

fn check(sizes: &ConvolutionSizes, seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let [x, y, weight] = lengths(sizes).map(|n| (0..n).map(|_| random.random_range(-1.0..1.0)).collect::<Vec<f32>>());
    let [of_x, of_y, of_weight] =
        [plainly(sizes, 0, &y, &weight), plainly(sizes, 1, &x, &weight), plainly(sizes, 2, &x, &y)];
    for vectors in EVERY_VECTORS {
        agree(&convolve(vectors, sizes, &x, &weight, Finish::NONE), &of_y, &format!("y, {vectors:?}"));
        agree(&convolve_back(vectors, sizes, &y, &weight, Finish::NONE), &of_x, &format!("x, {vectors:?}"));
        agree(&weight_gradient(vectors, sizes, &x, &y), &of_weight, &format!("weight, {vectors:?}"));
    }
}

/// Returns the sizes of a convolution of a map of `x` with symmetric padding.
fn sizes(
    batch: usize,
    maps: [usize; 2],
    groups: usize,
    x: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> ConvolutionSizes {
    let y = [0, 1].map(|i| (x[i] + 2 * padding[i] + stride[i]).saturating_sub(kernel[i]) / stride[i]);
    ConvolutionSizes { batch, maps, groups, x, y, kernel, stride, padding }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kernels_agree_with_the_plain_sums(
        batch in 0_usize..3,
        (groups, from, to) in prop_oneof![
            (Just(1_usize), 1_usize..20, 1_usize..22),
            (2_usize..6, 1_usize..3, 1_usize..4),
        ],
        x in prop_oneof![[1_usize..8, 1_usize..8], [1_usize..14, 1_usize..60]],
        kernel in prop_oneof![Just([1_usize, 1]), Just([3, 3]), [1_usize..6, 1_usize..6]],
        stride in [1_usize..4, 1_usize..4],
        padding in [0_usize..4, 0_usize..4],
        odd in [0_usize..2, 0_usize..2],
        seed: u64,
    ) {
        let padding = [0, 1].map(|i| padding[i].min(kernel[i]));
        let mut sizes = sizes(batch, [groups * from, groups * to], groups, x, kernel, stride, padding);
        // One more zero on the far side than on the near one.
        for i in 0..2 {
            sizes.y[i] += usize::from(odd[i] == 1 && sizes.y[i] > 0 && (sizes.y[i] + 1) * stride[i] <= x[i] + stride[i]);
        }
        prop_assume!(sizes.y[0] > 0 && sizes.y[1] > 0);
        check(&sizes, seed);
    }
}

#[test]
fn maps_in_many_bands_tiles_and_chunks_agree() {
    check(&sizes(1, [3, 9], 1, [150, 131], [3, 3], [1, 1], [1, 1]), 1);
    check(&sizes(2, [67, 66], 1, [9, 7], [3, 3], [1, 1], [1, 1]), 2);
    check(&sizes(1, [40, 33], 1, [24, 24], [1, 1], [1, 1], [0, 0]), 3);
    check(&sizes(1, [4, 8], 1, [90, 70], [4, 4], [2, 2], [1, 1]), 4);
    check(&sizes(9, [15, 7], 1, [4, 3], [3, 3], [1, 1], [1, 1]), 5);
}

#[test]
fn more_maps_than_one_pass_takes_agree() {
    check(&sizes(1, [130, 20], 1, [7, 18], [3, 3], [1, 1], [1, 1]), 6);
    check(&sizes(1, [50, 96], 1, [8, 6], [4, 4], [2, 2], [1, 1]), 7);
    check(&sizes(1, [300, 13], 1, [3, 7], [1, 1], [1, 1], [0, 0]), 8);
    check(&sizes(2, [90, 90], 2, [5, 6], [5, 5], [2, 1], [2, 2]), 9);
}

#[test]
fn scale_bias_and_activation_follow_the_sum() {
    let sizes = sizes(1, [1, 2], 1, [1, 20], [1, 1], [1, 1], [0, 0]);
    let x: Vec<f32> = (0..20).map(|i| i as f32 - 10.0).collect();
    for vectors in EVERY_VECTORS {
        for (slope, ceiling) in [(0.0, f32::INFINITY), (0.1, f32::INFINITY), (1.0, f32::INFINITY), (0.0, 6.0)] {
            let activation = Activation { slope, ceiling };
            let finish = Finish { scale: Some(&[2.0, -1.0]), bias: Some(&[0.5, 3.0]), activation };
            let y = convolve(vectors, &sizes, &x, &[0.5, 2.0], finish);
            let activated = |sum: f32| if sum < 0.0 { slope * sum } else { sum.min(ceiling) };
            let maps = [(1.0, 0.5), (-2.0, 3.0)];
            let expected: Vec<f32> =
                maps.iter().flat_map(|(w, b)| x.iter().map(move |x| activated(w * x + b))).collect();
            agree(&y, &expected, &format!("{vectors:?}, {activation:?}"));
        }
    }
}

#[test]
fn what_is_not_finite_stays_where_it_is_seen() {
    let sizes = sizes(1, [2, 3], 1, [6, 40], [3, 3], [1, 1], [1, 1]);
    let mut x = vec![1.0; 2 * 6 * 40];
    x[3 * 40 + 39] = f32::NAN; // on the right edge
    x[6 * 40] = f32::INFINITY; // in the corner of the second map
    for vectors in EVERY_VECTORS {
        let y = convolve(
            vectors,
            &sizes,
            &x,
            &[1.0; 3 * 2 * 9],
            Finish { activation: Activation { slope: 0.1, ceiling: f32::INFINITY }, ..Finish::NONE },
        );
        for (at, y) in y.iter().enumerate() {
            let (row, column) = (at / 40 % 6, at % 40);
            let (near_nan, near_infinity) = (row.abs_diff(3) <= 1 && column >= 38, row <= 1 && column <= 1);
            assert_eq!(
                [y.is_nan(), y.is_infinite()],
                [near_nan, near_infinity],
                "{vectors:?}: row {row}, column {column}"
            );
        }
    }
}

#[test]
fn the_gradient_of_the_bias_is_the_sum_of_its_map() {
    let gradient: Vec<f32> = (0..2 * 3 * 37).map(|i| (i % 11) as f32).collect();
    let sums = bias_gradient(3, 37, &gradient);
    for (map, sum) in sums.iter().enumerate() {
        let plain: f32 = [0, 1].iter().flat_map(|b| &gradient[(b * 3 + map) * 37..][..37]).sum();
        assert!((sum - plain).abs() < 1e-3);
    }
    assert_eq!(bias_gradient(3, 0, &[]), [0.0; 3]);
}
