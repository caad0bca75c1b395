//! A linear support vector machine, one class against the rest.
//!
//! Dual coordinate descent (Hsieh et al., "A Dual Coordinate Descent Method for Large-scale Linear SVM", ICML 2008:
//! LIBLINEAR's solvers 3 and 1) on the Gram matrix. Fisher vectors have hundreds of thousands of features for thousands
//! of clips, so the dot products are computed once for all classes, and a step costs one row of them. The bias is the
//! weight of a constant feature of 1 and regularised with the others, as in LIBLINEAR; LIBSVM, used by the authors of
//! MV + FV, does not regularise it.
//!
//! No maintained crate does this: `linfa-svm` solves by SMO with a kernel function of two rows, which would read all
//! features at every step, and bindings to LIBLINEAR need its C++ library.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::FeatureRows;
use crate::error::{Error, Result};
use crate::named::named;

/// Limit of the features in memory at once, bytes.
const SLAB_BYTES: usize = 256 << 20;
/// Value of the constant feature.
const ONE: f64 = 1.0;

named! {
    /// The loss of a sample with margin m = y·(w·x + b).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum SvmLoss {
        /// Hinge loss max(0, 1 − m), as in LIBSVM.
        #[default]
        Hinge = "hinge",
        /// Squared hinge loss max(0, 1 − m)², the default of LIBLINEAR and of scikit-learn's LinearSVC.
        SquaredHinge = "squared-hinge",
    }
}

/// Parameters for fitting a classifier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SvmSettings {
    /// Weight C of the losses relative to ½|w|².
    pub c: f64,
    /// The loss.
    pub loss: SvmLoss,
    /// Maximum number of passes over the samples.
    pub passes: usize,
    /// Stopping criterion: largest difference of projected gradients.
    pub tolerance: f64,
    /// Seed of the order of the samples in each pass.
    pub seed: u64,
}

impl Default for SvmSettings {
    /// C = 1 and at most 10,000 passes, as in MV + FV.
    fn default() -> Self {
        Self { c: 1.0, loss: SvmLoss::Hinge, passes: 10_000, tolerance: 1e-3, seed: 1 }
    }
}

/// A linear classifier with one score per class; scores of different classes are compared directly.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearSvm {
    /// Number of features.
    pub length: usize,
    /// Weights, class after class.
    pub weights: Vec<f32>,
    /// One bias per class.
    pub biases: Vec<f32>,
}

impl LinearSvm {
    /// Fits a classifier to `rows`, whose classes are `labels`, below `classes`. `progress` is called with the number
    /// of steps done and of all steps, and stops the fit by returning false.
    ///
    /// # Errors
    /// If features cannot be read, or `progress` stopped it.
    ///
    /// # Panics
    /// If there is not exactly one label below `classes` per row.
    pub fn fit(
        rows: &dyn FeatureRows,
        labels: &[usize],
        classes: usize,
        settings: &SvmSettings,
        progress: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<Self> {
        assert!(labels.len() == rows.count() && labels.iter().all(|label| *label < classes), "a label for each row");
        let slabs = slabs(rows);
        // Steps: the products, the classifiers, and the weights.
        let of = 2 * slabs.len() + 1;
        let mut step = |done: usize| match progress(done, of) {
            true => Ok(()),
            false => Err(Error::cancelled("classifier", "it was stopped", "Run the same command again")),
        };
        let mut products = vec![0.0; labels.len() * labels.len()];
        for (number, slab) in slabs.iter().enumerate() {
            step(number)?;
            add_products(&mut products, rows.columns(slab.clone())?, labels.len());
        }
        step(slabs.len())?;
        let coefficients: Vec<Vec<f64>> =
            (0..classes).into_par_iter().map(|class| coefficients(&products, labels, class, settings)).collect();
        drop(products);
        let mut svm = Self { length: rows.length(), weights: vec![0.0; classes * rows.length()], biases: Vec::new() };
        svm.biases = coefficients.iter().map(|of_class| (ONE * of_class.iter().sum::<f64>()) as f32).collect();
        for (number, slab) in slabs.iter().enumerate() {
            step(slabs.len() + 1 + number)?;
            let features = rows.columns(slab.clone())?;
            let weights = svm.weights.par_chunks_mut(svm.length).zip(&coefficients);
            weights.for_each(|(weights, of_class)| add_rows(&mut weights[slab.clone()], &features, of_class));
        }
        step(of)?;
        Ok(svm)
    }

    /// Returns the number of classes.
    pub fn classes(&self) -> usize {
        self.biases.len()
    }

    /// Returns the score of each class, w·x + b.
    ///
    /// # Panics
    /// If the number of `features` is not [`Self::length`].
    pub fn scores(&self, features: &[f32]) -> Vec<f32> {
        assert_eq!(features.len(), self.length, "a feature for each weight");
        let score = |(weights, bias): (&[f32], &f32)| {
            let products = weights.iter().zip(features).map(|(weight, x)| f64::from(weight * x));
            (products.sum::<f64>() + f64::from(*bias)) as f32
        };
        self.weights.chunks_exact(self.length.max(1)).zip(&self.biases).map(score).collect()
    }
}

/// Returns ranges of features that fit into memory for all samples at once.
fn slabs(rows: &dyn FeatureRows) -> Vec<Range<usize>> {
    let width = (SLAB_BYTES / size_of::<f32>() / rows.count().max(1)).clamp(1, rows.length().max(1));
    (0..rows.length()).step_by(width).map(|first| first..(first + width).min(rows.length())).collect()
}

/// Adds the dot products of all pairs of `count` rows of features to `products`.
fn add_products(products: &mut [f32], features: Vec<f32>, count: usize) {
    let width = features.len() / count.max(1);
    let features: Tensor<2> = Tensor::from_data(TensorData::new(features, [count, width]), &Device::flex());
    let more = features.clone().matmul(features.transpose()).into_data();
    let more = more.as_slice::<f32>().expect("the product of tensors of 32 bits");
    products.par_iter_mut().zip(more).for_each(|(product, more)| *product += more);
}

/// Adds each row of features times its coefficient.
fn add_rows(weights: &mut [f32], features: &[f32], coefficients: &[f64]) {
    let rows = features.chunks_exact(weights.len()).zip(coefficients);
    for (row, &coefficient) in rows.filter(|(_, coefficient)| **coefficient != 0.0) {
        weights.iter_mut().zip(row).for_each(|(weight, x)| *weight += coefficient as f32 * x);
    }
}

/// Returns αᵢ·yᵢ of each sample for `class` against the rest: w = Σ αᵢ yᵢ xᵢ.
fn coefficients(products: &[f32], labels: &[usize], class: usize, settings: &SvmSettings) -> Vec<f64> {
    let count = labels.len();
    let signs: Vec<f64> = labels.iter().map(|&label| if label == class { 1.0 } else { -1.0 }).collect();
    let (added, largest) = match settings.loss {
        SvmLoss::Hinge => (0.0, settings.c),
        SvmLoss::SquaredHinge => (0.5 / settings.c, f64::INFINITY),
    };
    let mut alphas = vec![0.0; count];
    let mut outputs = vec![0.0; count]; // w·xᵢ + b
    let mut order: Vec<usize> = (0..count).collect();
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed.wrapping_add(class as u64));
    for _ in 0..settings.passes {
        order.shuffle(&mut random);
        let (mut smallest_gradient, mut largest_gradient) = (0.0_f64, 0.0_f64);
        for &i in &order {
            let gradient = signs[i] * outputs[i] - 1.0 + added * alphas[i];
            let projected = match alphas[i] {
                alpha if alpha <= 0.0 => gradient.min(0.0),
                alpha if alpha >= largest => gradient.max(0.0),
                _ => gradient,
            };
            smallest_gradient = smallest_gradient.min(projected);
            largest_gradient = largest_gradient.max(projected);
            if projected.abs() < 1e-12 {
                continue;
            }
            let row = &products[i * count..][..count];
            let curvature = f64::from(row[i]) + ONE * ONE + added;
            let alpha = (alphas[i] - gradient / curvature).clamp(0.0, largest);
            let change = (alpha - alphas[i]) * signs[i];
            alphas[i] = alpha;
            outputs.iter_mut().zip(row).for_each(|(output, &x)| *output += change * (f64::from(x) + ONE * ONE));
        }
        if largest_gradient - smallest_gradient <= settings.tolerance {
            break;
        }
    }
    alphas.iter().zip(signs).map(|(alpha, sign)| alpha * sign).collect()
}

#[cfg(test)]
mod tests {
    use super::super::RowMatrix;
    use super::*;

    /// 24 samples of three classes with five features, the same as in `tests/compare_svm.py`.
    fn samples() -> (RowMatrix, Vec<usize>) {
        let labels: Vec<usize> = (0..24).map(|i| i % 3).collect();
        let feature = |i: usize, j: usize| {
            let wave = ((7 * i + 3 * j + i * j) as f64).sin();
            (wave + 0.8 * ((labels[i] * (j + 1)) as f64).cos()) as f32
        };
        let values = (0..24).flat_map(|i| (0..5).map(move |j| feature(i, j)).collect::<Vec<_>>()).collect();
        (RowMatrix::new(5, values), labels)
    }

    fn fitted(loss: SvmLoss) -> LinearSvm {
        let (rows, labels) = samples();
        let settings = SvmSettings { loss, tolerance: 1e-8, ..SvmSettings::default() };
        LinearSvm::fit(&rows, &labels, 3, &settings, &mut |_, _| true).unwrap()
    }

    #[test]
    fn classifiers_are_those_of_liblinear() {
        // Weights and bias of the second class, from `tests/compare_svm.py` (scikit-learn's LinearSVC).
        for (loss, expected) in [
            (SvmLoss::Hinge, [0.36483, -0.20988, -1.28197, -0.65726, 0.10068, -0.65346]),
            (SvmLoss::SquaredHinge, [0.41889, -0.37191, -1.06703, -0.18682, 0.41031, -0.68980]),
        ] {
            let svm = fitted(loss);
            let found: Vec<f32> = svm.weights[5..10].iter().chain(&svm.biases[1..2]).copied().collect();
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-4, "{loss:?}: {svm:?}");
            }
        }
    }

    #[test]
    fn scores_are_those_of_the_weights_and_the_bias() {
        let svm = LinearSvm { length: 2, weights: vec![1.0, 2.0, -1.0, 0.5], biases: vec![0.25, -1.0] };
        assert_eq!((svm.classes(), svm.scores(&[2.0, -1.0])), (2, vec![0.25, -3.5]));
    }

    #[test]
    fn fitting_ends_when_it_is_asked_to() {
        let (rows, labels) = samples();
        let stopped = LinearSvm::fit(&rows, &labels, 3, &SvmSettings::default(), &mut |done, _| done < 1);
        assert!(stopped.unwrap_err().is_cancelled());
    }
}
