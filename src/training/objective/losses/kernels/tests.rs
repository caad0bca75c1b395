//! Tests of the kernels against compositions of Burn's operations.

use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::super::census::composed as composed_census;
use super::super::level_terms::{LevelInputs, LevelTerms};
use super::super::loss_images::{composed_images, composed_normalisation, local_response_normalisation, loss_images};
use super::super::ssim::{CAFFE_WINDOW, DENSE_WINDOW};
use super::{LevelShape, census};
use crate::nets::separable::SeparableWindow;

/// Returns random numbers between −`reach` and `reach`.
fn numbers(seed: u64, count: usize, reach: f32) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| rng.random_range(-reach..=reach)).collect()
}

fn tensor(values: Vec<f32>, shape: [usize; 4], device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn vector<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("f32")
}

type Terms = fn(LevelInputs) -> LevelTerms;
/// An implementation of the census term: the kernel, or Burn's operations.
type CensusTerm = fn(Tensor<4>, Tensor<4>, Option<Tensor<4>>, LevelShape) -> Tensor<1>;

/// A level with random input.
#[derive(Clone, Debug)]
struct Level {
    /// Numbers of windows and of pairs in each, height, width.
    sizes: [usize; 4],
    px_from_raw: f32,
    window: SeparableWindow,
    images: Vec<f32>,
    raw: Vec<f32>,
    /// Visible fraction of each pixel.
    visible: Option<Vec<f32>>,
}

impl Level {
    fn new(sizes: [usize; 4], px_from_raw: f32, dense: bool, reach: f32, seed: u64) -> Self {
        let [n, pairs, h, w] = sizes;
        let images = numbers(seed, n * 3 * (pairs + 1) * h * w, 0.5);
        let raw = numbers(seed + 1, n * 2 * pairs * h * w, reach);
        let window = if dense { DENSE_WINDOW } else { CAFFE_WINDOW };
        Self { sizes, px_from_raw, window, images, raw, visible: None }
    }

    /// Returns the level with some pixels hidden and some half hidden.
    fn partly_hidden(self, seed: u64) -> Self {
        let [n, pairs, h, w] = self.sizes;
        let share = |number: f32| if number < -0.3 { 0.0 } else { (number + 0.7).min(1.0) };
        let visible = numbers(seed + 2, n * pairs * h * w, 1.0).into_iter().map(share).collect();
        Self { visible: Some(visible), ..self }
    }

    /// Returns the raw flow and the visibility as tensors.
    fn flow(&self, device: &Device) -> (Tensor<4>, Option<Tensor<4>>) {
        let [n, pairs, h, w] = self.sizes;
        let raw = tensor(self.raw.clone(), [n, 2 * pairs, h, w], device).require_grad();
        (raw, self.visible.clone().map(|visible| tensor(visible, [n, pairs, h, w], device)))
    }

    /// Returns the census term of the first colour as grey values, and its gradient with respect to the flow.
    fn census(&self, term: CensusTerm) -> (f32, Vec<f32>) {
        let [n, pairs, h, w] = self.sizes;
        let device = Device::flex().autodiff();
        let grey = self.images[..n * (pairs + 1) * h * w].iter().map(|value| 255.0 * value).collect();
        let grey = tensor(grey, [n, pairs + 1, h, w], &device);
        let (raw, visible) = self.flow(&device);
        let term = term(grey, raw.clone(), visible, LevelShape::new([h, w], self.px_from_raw, self.window));
        let value = term.clone().into_scalar();
        // Scaled by 3, to test that the weight is passed on.
        (value, vector(raw.grad(&(term * 3.0).backward()).expect("tracked")))
    }

    /// Returns the four terms, and the gradient of each with respect to the flow.
    fn results(&self, terms: Terms) -> (Vec<f32>, Vec<Vec<f32>>) {
        let [n, pairs, h, w] = self.sizes;
        let device = Device::flex().autodiff();
        let mut values = Vec::new();
        let gradients = (0..4).map(|index| {
            let images = tensor(self.images.clone(), [n, 3 * (pairs + 1), h, w], &device);
            let (raw, visible) = self.flow(&device);
            let (px_from_raw, window) = (self.px_from_raw, self.window);
            let inputs = LevelInputs { images, grey: None, raw: raw.clone(), visible, px_from_raw, window };
            let LevelTerms { pixel, smooth_u, smooth_v, ssim } = terms(inputs);
            let term = [pixel, smooth_u, smooth_v, ssim][index].clone();
            values.extend(vector(term.clone()));
            // Scaled by 3, to test that the weight is passed on.
            vector(raw.grad(&(term * 3.0).backward()).expect("tracked"))
        });
        let gradients = gradients.collect();
        (values, gradients)
    }
}

fn burns_census(grey: Tensor<4>, raw: Tensor<4>, visible: Option<Tensor<4>>, shape: LevelShape) -> Tensor<1> {
    composed_census(grey, raw, visible, shape.px_from_raw)
}

/// Returns `true` if two vectors agree, relative to the largest value.
fn agree(ours: &[f32], burns: &[f32], tolerance: f32) -> bool {
    let scale = burns.iter().fold(1e-12_f32, |scale, value| scale.max(value.abs()));
    ours.len() == burns.len() && ours.iter().zip(burns).all(|(a, b)| (a - b).abs() <= tolerance * scale)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_losses_of_a_level_and_their_gradients_are_the_composition_s(
        sizes in [1usize..3, 1usize..4, 2usize..22, 2usize..26],
        px_from_raw in 0.6_f32..10.0,
        dense: bool,
        reach in 0.01_f32..3.0,
        is_whole: bool,
        seed in 0u64..1000,
    ) {
        let level = Level::new(sizes, px_from_raw, dense, reach, seed);
        let level = if is_whole { level } else { level.partly_hidden(seed) };
        let (values, gradients) = level.results(LevelTerms::without_census);
        let (expected, expected_gradients) = level.results(LevelTerms::composed);
        for (value, expected) in values.iter().zip(&expected) {
            prop_assert!((value - expected).abs() <= 2e-5 * expected.abs(), "{values:?} {expected:?}");
        }
        for (index, (ours, burns)) in gradients.iter().zip(&expected_gradients).enumerate() {
            prop_assert!(agree(ours, burns, 1e-3), "gradient {index}");
        }
    }

    #[test]
    fn the_census_term_and_its_gradient_are_the_composition_s(
        sizes in [1usize..3, 1usize..4, 1usize..22, 1usize..26],
        px_from_raw in 0.6_f32..10.0,
        reach in 0.01_f32..0.5,
        is_whole: bool,
        seed in 0u64..1000,
    ) {
        let level = Level::new(sizes, px_from_raw, false, reach, seed);
        let level = if is_whole { level } else { level.partly_hidden(seed) };
        let (value, gradient) = level.census(census);
        let (expected, expected_gradient) = level.census(burns_census);
        prop_assert!((value - expected).abs() <= 2e-5 * expected.abs(), "{value} {expected}");
        prop_assert!(agree(&gradient, &expected_gradient, 1e-3));
    }

    #[test]
    fn the_loss_images_are_the_composition_s(
        sizes in [1usize..3, 1usize..4, 2usize..30, 2usize..40],
        level in [1usize..20, 1usize..20],
        reach in 0.1_f32..3.0,
        seed in 0u64..1000,
    ) {
        let ([n, frames, h, w], device) = (sizes, Device::flex().autodiff());
        let frames = tensor(numbers(seed, n * 3 * frames * h * w, reach), [n, 3 * frames, h, w], &device);
        let [ours, burns] = [local_response_normalisation(frames.clone()), composed_normalisation(frames)];
        let levels = [level.map(|side| side.min(h).min(w)), [h, w]];
        let [small, expected] = [loss_images(&ours, &levels), composed_images(&burns, &levels)];
        prop_assert!(agree(&vector(ours), &vector(burns), 1e-5));
        for (small, expected) in small.into_iter().zip(expected) {
            prop_assert_eq!(small.dims(), expected.dims());
            prop_assert!(agree(&vector(small), &vector(expected), 1e-5));
        }
    }
}

#[test]
fn flow_that_is_no_number_gives_losses_and_gradients_that_are_none() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut level = Level::new([1, 2, 12, 16], 5.0, false, 1.0, 3);
        let at = 12 * 16 / 2 + 8; // u at the centre of the first pair
        level.raw[at] = bad;
        let (values, gradients) = level.results(LevelTerms::new);
        let (expected, expected_gradients) = level.results(LevelTerms::composed);
        let finite = |values: &[f32]| values.iter().map(|value| value.is_finite()).collect::<Vec<_>>();
        assert_eq!(finite(&values), finite(&expected), "{bad}: {values:?} {expected:?}");
        // Burn also multiplies by the zeros outside a window, which spreads NaN further.
        for (index, (ours, burns)) in gradients.iter().zip(&expected_gradients).enumerate() {
            let both = || finite(ours).into_iter().zip(finite(burns));
            assert!(both().all(|(ours, burns)| ours || !burns), "{bad}: gradient {index}");
            assert_eq!(finite(ours).contains(&false), finite(burns).contains(&false), "{bad}: gradient {index}");
        }
    }
}

/// The composition's gradient is derived by hand too, so it is compared with finite differences.
#[test]
fn the_census_gradient_agrees_with_finite_differences() {
    let mut level = Level::new([1, 1, 9, 10], 2.0, false, 0.3, 5).partly_hidden(5);
    // Low contrast: the transform is nonlinear at differences of one grey level, and a finite step must be much
    // smaller.
    level.images.iter_mut().for_each(|value| *value *= 0.02);
    let (value, gradient) = level.census(census);
    assert!(value > 0.1 && gradient.iter().any(|slope| slope.abs() > 1e-3), "{value}");
    let scale = gradient.iter().fold(0.0_f32, |scale, slope| scale.max(slope.abs()));
    let mut compared = 0;
    for (at, slope) in gradient.iter().enumerate() {
        let place = level.raw[at] * level.px_from_raw;
        if (place - place.round()).abs() < 0.02 {
            continue; // the slope changes at whole pixels
        }
        let shifted = |by: f32| {
            let mut level = level.clone();
            level.raw[at] += by;
            f64::from(level.census(census).0)
        };
        let numeric = 3.0 * (shifted(4e-3) - shifted(-4e-3)) / 8e-3;
        let slope = f64::from(*slope);
        assert!((numeric - slope).abs() < 0.03 * f64::from(scale), "{at}: {numeric} numerically, {slope}");
        compared += 1;
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn threads_do_not_change_the_results() {
    let level = Level::new([3, 2, 20, 24], 5.0, false, 1.0, 9).partly_hidden(9);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be made");
        pool.install(|| (level.results(LevelTerms::new), level.census(census)))
    };
    assert_eq!(with(1), with(3));
}
