//! Fisher vectors: encoding of a clip's descriptors relative to a mixture.

use serde::{Deserialize, Serialize};

use super::Mixture;
use super::mixture::{log_constants, mahalanobis, shares, squared_distance};
use super::pyramid::{PARTS, ROWS, part_of, parts_of_row};
use crate::named::named;

/// Constant that the released code adds to the variances.
const VARIANCE_ADDED: f32 = 1e-4;
/// Number of nearest components per descriptor in the released code.
const NEAREST: usize = 5;
/// Clipping limit of entries before the power normalisation.
const LARGEST: f32 = 1000.0;
/// Constant added to the norm of a row before the division.
const LENGTH_ADDED: f32 = 1e-4;

named! {
    /// The formula of Fisher vectors.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum FisherRule {
        /// Sums of q·(x − μ)/σ² over the five nearest components, first order only.
        #[default]
        Released = "released",
        /// First and second order over all components, as in the paper's text.
        Standard = "standard",
    }
}

/// An encoder of descriptors of one type.
#[derive(Debug, Clone)]
pub struct FisherEncoder {
    rule: FisherRule,
    length: usize,
    weights: Vec<f32>,
    means: Vec<f32>,
    variances: Vec<f32>,
    inverses: Vec<f32>,
    constants: Vec<f32>,
}

/// The running sums of a clip.
pub struct FisherSums {
    /// One entry per part of the clip: number of descriptors, Σ q(x − μ), and for the standard rule Σ q((x − μ)²/σ² −
    /// 1).
    parts: Vec<PartSums>,
    logs: Vec<f32>,
    distances: Vec<(f32, usize)>,
}

#[derive(Clone)]
struct PartSums {
    count: usize,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl FisherEncoder {
    /// Creates the encoder of a mixture.
    pub fn new(mixture: &Mixture, rule: FisherRule) -> Self {
        let added = if rule == FisherRule::Released { VARIANCE_ADDED } else { 0.0 };
        let variances: Vec<f32> = mixture.variances.iter().map(|variance| variance + added).collect();
        Self {
            rule,
            length: mixture.length,
            weights: mixture.weights.clone(),
            means: mixture.means.clone(),
            inverses: variances.iter().map(|variance| 1.0 / variance).collect(),
            constants: log_constants(&mixture.weights, &variances, mixture.length),
            variances,
        }
    }

    /// Returns the length of a row: K·D, twice that with the second order.
    pub fn row_length(&self) -> usize {
        let orders = if self.rule == FisherRule::Standard { 2 } else { 1 };
        orders * self.means.len()
    }

    /// Returns the length of a clip's vector: the six rows of the pyramid.
    pub fn vector_length(&self) -> usize {
        ROWS * self.row_length()
    }

    /// Returns empty sums.
    pub fn begin(&self) -> FisherSums {
        let first = vec![0.0; self.means.len()];
        let second = if self.rule == FisherRule::Standard { first.clone() } else { Vec::new() };
        let part = PartSums { count: 0, first, second };
        FisherSums { parts: vec![part; PARTS], logs: Vec::new(), distances: Vec::new() }
    }

    /// Adds descriptors of patches whose centres are at `positions`.
    pub fn add(&self, sums: &mut FisherSums, descriptors: &[f32], positions: &[[f32; 3]]) {
        for (x, position) in descriptors.chunks_exact(self.length).zip(positions) {
            self.find_components(x, &mut sums.distances);
            sums.logs.clear();
            sums.logs.extend(sums.distances.iter().map(|&(_, k)| self.log_density(x, k)));
            shares(&mut sums.logs);
            let part = &mut sums.parts[part_of(*position)];
            part.count += 1;
            for (&(_, component), &share) in sums.distances.iter().zip(&sums.logs) {
                self.add_share(part, x, component, share);
            }
        }
    }

    /// Writes the components that `x` contributes to into `found`: the nearest ones, or all.
    fn find_components(&self, x: &[f32], found: &mut Vec<(f32, usize)>) {
        found.clear();
        if self.rule == FisherRule::Standard {
            found.extend((0..self.weights.len()).map(|component| (0.0, component)));
            return;
        }
        let means = self.means.chunks_exact(self.length);
        found.extend(means.enumerate().map(|(component, mean)| (squared_distance(x, mean), component)));
        if found.len() > NEAREST {
            found.select_nth_unstable_by(NEAREST - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            found.truncate(NEAREST);
        }
    }

    fn places(&self, component: usize) -> std::ops::Range<usize> {
        component * self.length..(component + 1) * self.length
    }

    fn log_density(&self, x: &[f32], component: usize) -> f32 {
        let places = self.places(component);
        self.constants[component] - 0.5 * mahalanobis(x, &self.means[places.clone()], &self.inverses[places])
    }

    fn add_share(&self, part: &mut PartSums, x: &[f32], component: usize, share: f32) {
        let places = self.places(component);
        let means = &self.means[places.clone()];
        for ((sum, x), mean) in part.first[places.clone()].iter_mut().zip(x).zip(means) {
            *sum += f64::from(share * (x - mean));
        }
        if self.rule == FisherRule::Standard {
            let gaussian = means.iter().zip(&self.inverses[places.clone()]);
            for ((sum, x), (mean, inverse)) in part.second[places].iter_mut().zip(x).zip(gaussian) {
                *sum += f64::from(share * ((x - mean) * (x - mean) * inverse - 1.0));
            }
        }
    }

    /// Returns the six rows of the pyramid, one after the other, before normalisation.
    pub fn rows(&self, sums: &FisherSums) -> Vec<f32> {
        let mut rows = Vec::with_capacity(self.vector_length());
        for row in 0..ROWS {
            let parts: Vec<&PartSums> = parts_of_row(row).map(|part| &sums.parts[part]).collect();
            let count: usize = parts.iter().map(|part| part.count).sum();
            let sum = |order: fn(&PartSums) -> &[f64], place: usize| -> f64 {
                parts.iter().map(|part| order(part)[place]).sum()
            };
            let places = 0..self.means.len();
            rows.extend(places.clone().map(|place| {
                let factor = self.first_factor(place, count);
                (sum(|part| &part.first, place) * factor) as f32
            }));
            if self.rule == FisherRule::Standard {
                rows.extend(places.map(|place| {
                    let weight = f64::from(self.weights[place / self.length]);
                    let factor = 1.0 / (count.max(1) as f64 * (2.0 * weight).sqrt());
                    (sum(|part| &part.second, place) * factor) as f32
                }));
            }
        }
        rows
    }

    fn first_factor(&self, place: usize, count: usize) -> f64 {
        let variance = f64::from(self.variances[place]);
        match self.rule {
            FisherRule::Released => 1.0 / variance,
            FisherRule::Standard => {
                let weight = f64::from(self.weights[place / self.length]);
                1.0 / (count.max(1) as f64 * weight.sqrt() * variance.sqrt())
            }
        }
    }

    /// Returns the vector of a clip: its rows, each [`power_normalised`].
    pub fn finish(&self, sums: &FisherSums) -> Vec<f32> {
        let mut rows = self.rows(sums);
        rows.chunks_exact_mut(self.row_length()).for_each(power_normalised);
        rows
    }
}

/// Normalises a row in place: clips to ±1000, applies sign(x)·√|x|, divides by its norm + 10⁻⁴.
pub fn power_normalised(row: &mut [f32]) {
    row.iter_mut().for_each(|value| {
        let clipped = value.clamp(-LARGEST, LARGEST);
        *value = clipped.signum() * clipped.abs().sqrt();
    });
    let length = row.iter().map(|&value| f64::from(value * value)).sum::<f64>().sqrt() as f32;
    row.iter_mut().for_each(|value| *value /= LENGTH_ADDED + length);
}
