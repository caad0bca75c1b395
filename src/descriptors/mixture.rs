//! Gaussian mixtures with diagonal covariances: the vocabulary of a descriptor type.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::error::{Error, Result};

/// Iterations of k-means before expectation–maximisation.
const KMEANS_STEPS: usize = 10;
/// Minimum variance.
const VARIANCE_FLOOR: f64 = 1e-6;
/// Minimum weight of a component.
const WEIGHT_FLOOR: f64 = 1e-8;
/// Number of partial sums: fixed, so that the result does not depend on the number of threads.
const PARTS: usize = 32;

/// Parameters for fitting a mixture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MixtureSettings {
    /// Number of Gaussians.
    pub components: usize,
    /// Steps of expectation–maximisation.
    pub steps: usize,
    /// Seed of the initial means.
    pub seed: u64,
}

/// A mixture of Gaussians.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    /// Length of a descriptor.
    pub length: usize,
    /// Weight of each component; their sum is 1.
    pub weights: Vec<f32>,
    /// Means, component after component.
    pub means: Vec<f32>,
    /// Variances, component after component.
    pub variances: Vec<f32>,
}

/// Returns Σ (x − mean)² · inverse, the squared Mahalanobis distance.
pub(super) fn mahalanobis(x: &[f32], mean: &[f32], inverse: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let chunks = x.chunks_exact(LANES).zip(mean.chunks_exact(LANES)).zip(inverse.chunks_exact(LANES));
    for ((x, mean), inverse) in chunks {
        for lane in 0..LANES {
            let difference = x[lane] - mean[lane];
            sums[lane] += difference * difference * inverse[lane];
        }
    }
    let rest = x.len() / LANES * LANES;
    let mut sum: f32 = sums.iter().sum();
    for place in rest..x.len() {
        let difference = x[place] - mean[place];
        sum += difference * difference * inverse[place];
    }
    sum
}

/// Returns log w − ½ log |Σ| of each component: its log density without the distance and a common constant.
pub(super) fn log_constants(weights: &[f32], variances: &[f32], length: usize) -> Vec<f32> {
    let constant = |(weight, variances): (&f32, &[f32])| {
        let determinant: f64 = variances.iter().map(|&variance| f64::from(variance).ln()).sum();
        (f64::from(*weight).ln() - 0.5 * determinant) as f32
    };
    weights.iter().zip(variances.chunks_exact(length)).map(constant).collect()
}

/// Converts log densities to normalised shares (softmax).
pub(super) fn shares(logs: &mut [f32]) {
    let largest = logs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logs.iter_mut().for_each(|log| *log = (*log - largest).exp());
    let sum: f32 = logs.iter().sum();
    logs.iter_mut().for_each(|share| *share /= sum);
}

impl Mixture {
    /// Returns the number of Gaussians.
    pub fn components(&self) -> usize {
        self.weights.len()
    }

    /// Fits a mixture to `descriptors` of `length` numbers each: k-means from k-means++ seeds (Arthur & Vassilvitskii
    /// 2007), then expectation–maximisation. `progress` is called after each step with its number and the number of
    /// steps, and stops the fit by returning false.
    ///
    /// # Errors
    /// If there are fewer descriptors than components, or `progress` stopped it.
    pub fn fit(
        descriptors: &[f32],
        length: usize,
        settings: &MixtureSettings,
        progress: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<Self> {
        let (count, components) = (descriptors.len() / length, settings.components);
        if count < components {
            return Err(too_few(count, components));
        }
        let of = KMEANS_STEPS + settings.steps;
        let mut step = |number: usize| match progress(number, of) {
            true => Ok(()),
            false => Err(Error::cancelled("mixture", "it was stopped", "Start it again")),
        };
        let mut means = first_means(descriptors, length, settings);
        let mut mixture = Self::around(means.clone(), descriptors, length);
        for number in 0..KMEANS_STEPS {
            step(number)?;
            let sums = sums(descriptors, length, components, |x, shares| {
                shares.fill(0.0);
                shares[nearest(x, &means, length)] = 1.0;
            });
            mixture.update(&sums, count);
            means.clone_from(&mixture.means);
        }
        for number in 0..settings.steps {
            step(KMEANS_STEPS + number)?;
            let posterior = Posterior::of(&mixture);
            let sums = sums(descriptors, length, components, |x, shares| posterior.fill(x, shares));
            mixture.update(&sums, count);
        }
        step(of)?;
        Ok(mixture)
    }

    /// Creates equally weighted Gaussians at `means` with the variances of all `descriptors`.
    fn around(means: Vec<f32>, descriptors: &[f32], length: usize) -> Self {
        let components = means.len() / length;
        let whole = sums(descriptors, length, 1, |_, shares| shares.fill(1.0));
        let count = (descriptors.len() / length) as f64;
        let variance = |place: usize| {
            let mean = whole.first[place] / count;
            (whole.second[place] / count - mean * mean).max(VARIANCE_FLOOR) as f32
        };
        let variances: Vec<f32> = (0..length).map(variance).collect();
        let weights = vec![1.0 / components as f32; components];
        Self { length, weights, means, variances: variances.repeat(components) }
    }

    /// Updates weights, means and variances from `sums`; a component without descriptors keeps its mean and variance.
    fn update(&mut self, sums: &Sums, count: usize) {
        let length = self.length;
        for (component, &share) in sums.shares.iter().enumerate() {
            self.weights[component] = (share / count as f64).max(WEIGHT_FLOOR) as f32;
            if share < 1e-6 {
                continue;
            }
            for place in component * length..(component + 1) * length {
                let mean = sums.first[place] / share;
                self.means[place] = mean as f32;
                self.variances[place] = (sums.second[place] / share - mean * mean).max(VARIANCE_FLOOR) as f32;
            }
        }
        let total: f32 = self.weights.iter().sum();
        self.weights.iter_mut().for_each(|weight| *weight /= total);
    }
}

/// Returns the error for a vocabulary with more components than sampled descriptors.
fn too_few(descriptors: usize, components: usize) -> Error {
    let cause = format!("{components} components, but only {descriptors} descriptors were sampled to fit them");
    Error::new("vocabulary", cause, "Use fewer --components, a larger --sample-share or more clips")
}

/// The assignment of descriptors to components.
pub(super) struct Posterior<'a> {
    mixture: &'a Mixture,
    inverses: Vec<f32>,
    constants: Vec<f32>,
}

impl<'a> Posterior<'a> {
    pub fn of(mixture: &'a Mixture) -> Self {
        let inverses = mixture.variances.iter().map(|variance| 1.0 / variance).collect();
        let constants = log_constants(&mixture.weights, &mixture.variances, mixture.length);
        Self { mixture, inverses, constants }
    }

    /// Writes the posterior probability of every component given descriptor `x` to `shares`.
    pub fn fill(&self, x: &[f32], shares: &mut [f32]) {
        let length = self.mixture.length;
        let gaussians = self.mixture.means.chunks_exact(length).zip(self.inverses.chunks_exact(length));
        for ((log, constant), (mean, inverse)) in shares.iter_mut().zip(&self.constants).zip(gaussians) {
            *log = constant - 0.5 * mahalanobis(x, mean, inverse);
        }
        self::shares(shares);
    }
}

/// Sums over descriptors, weighted by their posterior per component.
struct Sums {
    shares: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Sums {
    fn new(components: usize, length: usize) -> Self {
        let zeros = vec![0.0; components * length];
        Self { shares: vec![0.0; components], first: zeros.clone(), second: zeros }
    }

    fn add(&mut self, x: &[f32], shares: &[f32]) {
        /// Below this, a component's share is lost in 32-bit rounding.
        const NEGLIGIBLE: f32 = 1e-7;
        for (component, &share) in shares.iter().enumerate().filter(|(_, share)| **share > NEGLIGIBLE) {
            let share = f64::from(share);
            self.shares[component] += share;
            let places = component * x.len()..(component + 1) * x.len();
            let sums = self.first[places.clone()].iter_mut().zip(&mut self.second[places]);
            for ((first, second), &value) in sums.zip(x) {
                let value = f64::from(value);
                *first += share * value;
                *second += share * value * value;
            }
        }
    }

    fn join(mut self, other: &Self) -> Self {
        let add = |into: &mut [f64], from: &[f64]| into.iter_mut().zip(from).for_each(|(sum, more)| *sum += more);
        add(&mut self.shares, &other.shares);
        add(&mut self.first, &other.first);
        add(&mut self.second, &other.second);
        self
    }
}

/// Computes sums over all descriptors, on all cores; `assign` writes the shares of one of them.
fn sums(descriptors: &[f32], length: usize, components: usize, assign: impl Fn(&[f32], &mut [f32]) + Sync) -> Sums {
    let part = (descriptors.len() / length).div_ceil(PARTS).max(1) * length;
    let sum = |part: &[f32]| {
        let (mut sums, mut shares) = (Sums::new(components, length), vec![0.0; components]);
        for x in part.chunks_exact(length) {
            assign(x, &mut shares);
            sums.add(x, &shares);
        }
        sums
    };
    let parts: Vec<Sums> = descriptors.par_chunks(part).map(sum).collect();
    parts.iter().fold(Sums::new(components, length), Sums::join)
}

fn nearest(x: &[f32], means: &[f32], length: usize) -> usize {
    let distances = means.chunks_exact(length).map(|mean| squared_distance(x, mean));
    distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(place, _)| place)
}

pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Chooses the initial means by k-means++: each is drawn with a probability proportional to its squared distance to the
/// nearest so far.
fn first_means(descriptors: &[f32], length: usize, settings: &MixtureSettings) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    let count = descriptors.len() / length;
    let row = |index: usize| &descriptors[index * length..][..length];
    let mut means = row(random.random_range(0..count)).to_vec();
    let mut distances = vec![f32::INFINITY; count];
    while means.len() < settings.components * length {
        let newest = &means[means.len() - length..];
        distances.par_iter_mut().zip(descriptors.par_chunks_exact(length)).for_each(|(distance, x)| {
            *distance = distance.min(squared_distance(x, newest));
        });
        let total: f64 = distances.iter().copied().map(f64::from).sum();
        let mut left = random.random_range(0.0..1.0) * total;
        // If all descriptors are equal, any will do.
        let drawn = distances.iter().position(|&distance| {
            left -= f64::from(distance);
            left < 0.0
        });
        means.extend_from_slice(row(drawn.unwrap_or_else(|| random.random_range(0..count))));
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 400 points around (0, 0) with deviations 1 and 0.1, and 200 around (10, 5) with 0.2 and 2.
    fn clouds() -> Vec<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut normal = || (0..12).map(|_| random.random_range(0.0..1.0f32)).sum::<f32>() - 6.0;
        let mut points = Vec::new();
        for index in 0..600 {
            let (x, y) = (normal(), normal());
            points.extend(if index % 3 < 2 { [x, 0.1 * y] } else { [10.0 + 0.2 * x, 5.0 + 2.0 * y] });
        }
        points
    }

    fn fit(components: usize, seed: u64) -> Result<Mixture> {
        Mixture::fit(&clouds(), 2, &MixtureSettings { components, steps: 30, seed }, &mut |_, _| true)
    }

    #[test]
    fn a_mixture_finds_the_clouds_it_was_drawn_from() {
        let mixture = fit(2, 1).unwrap();
        let narrow = usize::from(mixture.means[0] > 5.0);
        let wide = 1 - narrow;
        assert!((mixture.weights[narrow] - 2.0 / 3.0).abs() < 0.01, "{mixture:?}");
        let deviation = |component: usize, place: usize| mixture.variances[2 * component + place].sqrt();
        for (found, drawn) in [
            (deviation(narrow, 0), 1.0),
            (deviation(narrow, 1), 0.1),
            (deviation(wide, 0), 0.2),
            (deviation(wide, 1), 2.0),
        ] {
            assert!((found / drawn - 1.0).abs() < 0.15, "{found} instead of {drawn}");
        }
        assert!((mixture.means[2 * wide] - 10.0).abs() < 0.1);
    }

    #[test]
    fn a_seed_gives_the_same_mixture_on_any_number_of_threads() {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit(5, 7).unwrap())
        };
        assert_eq!(on(1), on(3));
        assert_ne!(fit(5, 7).unwrap(), fit(5, 8).unwrap());
    }

    #[test]
    fn a_vocabulary_larger_than_the_descriptors_is_refused_with_both_numbers() {
        let error = fit(601, 1).unwrap_err();
        assert!(error.cause.contains("601") && error.cause.contains("600"), "{error}");
    }
}
