//! The gradient shares of MotionNet: the gradient norm of each kind of loss, and its angle to the whole gradient.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::nets::read_back;
use crate::training::objective::losses::LossTerm;

/// The parts of the gradient of one batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GradientShares {
    /// The step of the batch, from 1.
    pub step: usize,
    /// Euclidean norm of the whole gradient, before clipping.
    pub norm: f64,
    /// The share of each kind of loss, in the order of [`LossTerm::ALL`]; including a teacher if there is one.
    pub terms: Vec<GradientShare>,
}

/// The gradient of one kind of loss, weighted as in the total loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GradientShare {
    /// The loss.
    pub term: LossTerm,
    /// Euclidean norm; 0 for a disabled loss.
    pub norm: f64,
    /// The norm's share of the sum of the norms, 0…1.
    pub share: f64,
    /// Cosine of the angle to the whole gradient, −1…1; 0 if either is zero.
    pub cosine: f64,
}

/// Returns the shares in the gradient `total` of `network`: `parts` are the gradients of some losses, and the remainder
/// is that of `rest`, if given.
pub(in crate::training) fn gradient_shares<M: Module>(
    network: &M,
    total: &GradientsParams,
    parts: &[(LossTerm, GradientsParams)],
    rest: Option<LossTerm>,
    step: usize,
) -> Result<GradientShares> {
    let mut sums = GradientSums { total, parts, has_rest: rest.is_some(), products: Vec::new() };
    network.visit(&mut sums);
    let products = sums.products.into_iter().reduce(|sum, of_parameter| sum + of_parameter);
    let values: Vec<f64> = match products {
        Some(sum) => read_back(sum)?.into_iter().map(f64::from).collect(),
        None => vec![0.0; 2 * parts.len() + 3],
    };
    let norm = values[0].sqrt();
    let terms = parts.iter().map(|(term, _)| *term).chain(rest);
    let measured: Vec<(LossTerm, f64, f64)> =
        terms.zip(values[1..].chunks(2)).map(|(term, pair)| (term, pair[0].sqrt(), pair[1])).collect();
    let sum: f64 = measured.iter().map(|(_, norm, _)| norm).sum();
    let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let share = |term: LossTerm| {
        let found = measured.iter().find(|(other, ..)| *other == term);
        let (own, product) = found.map_or((0.0, 0.0), |(_, own, product)| (*own, *product));
        GradientShare { term, norm: own, share: ratio(own, sum), cosine: ratio(product, own * norm).clamp(-1.0, 1.0) }
    };
    let is_teacher_there = measured.iter().any(|(term, ..)| *term == LossTerm::Teacher);
    let terms = LossTerm::ALL.into_iter().filter(|term| *term != LossTerm::Teacher || is_teacher_there);
    Ok(GradientShares { step, norm, terms: terms.map(share).collect() })
}

/// Scalar products of gradients, summed over parameters.
struct GradientSums<'a> {
    total: &'a GradientsParams,
    parts: &'a [(LossTerm, GradientsParams)],
    has_rest: bool,
    /// For each parameter: |total|², then |part|² and part · total for each part and for the rest.
    products: Vec<Tensor<1>>,
}

impl ModuleVisitor for GradientSums<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(total) = self.total.get::<D>(param.id) else { return };
        let parts: Vec<Tensor<D>> =
            self.parts.iter().map(|(_, part)| part.get::<D>(param.id).unwrap_or_else(|| total.zeros_like())).collect();
        let rest = self.has_rest.then(|| parts.iter().fold(total.clone(), |rest, part| rest - part.clone()));
        let mut products = vec![total.clone().powi_scalar(2).sum()];
        for part in parts.into_iter().chain(rest) {
            products.push(part.clone().powi_scalar(2).sum());
            products.push((part * total.clone()).sum());
        }
        self.products.push(Tensor::cat(products, 0));
    }
}
