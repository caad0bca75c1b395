//! Linear classifiers: full-batch logistic regression on fixed features.

use burn::module::Module;
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::nets::{Stream, device_of};

/// Default number of updates, after which a layer has usually converged.
pub const UPDATES: usize = 300;
/// Peak learning rate.
pub const RATE: f64 = 1e-2;
const DROPOUT: f64 = 0.5;
/// L2 penalty on weights and biases.
pub const WEIGHT_DECAY: f64 = 1e-3;
/// Batch size of the identity matrix with which a layer's weights are read out.
const PROBES: usize = 512;

/// The initialisation of the weights of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowInit {
    /// Random initialisation; the row is trained.
    New,
    /// Copied from this class of the old layer and frozen.
    Kept(usize),
    /// Copied from this class of the old layer and trained further.
    From(usize),
}

/// Returns the learning rate of update `update` of `updates`.
fn rate_at(update: usize, updates: usize) -> f64 {
    RATE * (1.0 - update as f64 / updates as f64)
}

/// The existing last layer of a stream: logits are features `[n, F]` · weight + bias.
pub struct KnownLayer {
    weight: Tensor<2>, // [F, K]
    bias: Tensor<1>,   // [K]
}

impl KnownLayer {
    /// Returns the last layer of `stream` if any of `rows` uses it, see [`Self::of`].
    pub fn for_rows(stream: &Stream, rows: &[RowInit]) -> Option<Self> {
        rows.iter().any(|row| *row != RowInit::New).then(|| Self::of(stream))
    }

    /// Returns the last layer of `stream`, which must not be on an autodiff device, to disable dropout.
    pub fn of(stream: &Stream) -> Self {
        let width = stream.feature_width();
        let device = device_of(stream);
        let bias = stream.classify(Tensor::zeros([1, width], &device)); // [1, K]
        let probes = Tensor::<2>::eye(width, &device).split(PROBES, 0);
        let weight = Tensor::cat(probes.into_iter().map(|probe| stream.classify(probe)).collect(), 0) - bias.clone();
        Self { weight, bias: bias.squeeze_dim(0) }
    }

    /// Returns the weights `[F, 1]` and bias `[1]` of a class.
    fn class(&self, class: usize) -> (Tensor<2>, Tensor<1>) {
        (self.weight.clone().narrow(1, class, 1), self.bias.clone().narrow(0, class, 1))
    }
}

/// Returns `stream` with a last layer for the classes `rows`, fitted to `features` `[n, F]` with the classes `labels`;
/// kept rows are unchanged.
///
/// The first gradients of a random last layer would damage the features of a pretrained stream.
pub fn fit_to(stream: Stream, rows: &[RowInit], features: Tensor<2>, labels: &[i64]) -> Stream {
    let known = KnownLayer::for_rows(&stream.valid(), rows);
    let inputs = ProbeInputs::new(&features);
    let mut layer = LastLayer::new(features, labels, rows, known.as_ref());
    for update in 0..UPDATES {
        layer.update(&inputs.dropped(), rate_at(update, UPDATES));
    }
    layer.put_into(stream)
}

/// Features that layers are fitted to. In cross-validation all layers share them and their dropout mask, because
/// drawing the mask, not the layers, dominates the cost of an update.
pub struct ProbeInputs {
    /// Features `[n, F]`, on an autodiff device.
    features: Tensor<2>,
    dropout: Dropout,
}

impl ProbeInputs {
    /// Creates the inputs from `features` `[n, F]`, which are not on an autodiff device.
    pub fn new(features: &Tensor<2>) -> Self {
        Self {
            features: on(features.clone(), &features.device().autodiff()),
            dropout: DropoutConfig::new(DROPOUT).init(),
        }
    }

    /// Returns the features `[n, F]` with dropout, for one update.
    pub fn dropped(&self) -> Tensor<2> {
        self.dropout.forward(self.features.clone())
    }
}

/// A last layer that is being fitted.
pub struct LastLayer {
    /// Rows of the inputs that the layer is fitted to; `None` for all.
    places: Option<Tensor<1, Int>>,
    labels: Tensor<1, Int>,
    /// Divisor of the features.
    scale: f32,
    /// Weights `[F, K']` and biases `[K']` of frozen classes.
    fixed: Option<(Tensor<2>, Tensor<1>)>,
    /// Weights and biases of trained classes; `None` if all are frozen.
    layer: Option<Linear>,
    /// Index of each class among the frozen ones followed by the trained ones; `None` if that is the order of the
    /// classes.
    order: Option<Tensor<1, Int>>,
    starts_from_known: bool,
    optimiser: ModuleOptimizer,
    loss: CrossEntropyLoss,
}

impl LastLayer {
    /// Creates a layer for the classes `rows` before its first update. `labels` are those of the `features` `[n, F]`,
    /// which are not on an autodiff device; `known` is the layer that rows are copied from.
    ///
    /// # Panics
    /// If rows are to be copied and `known` is `None`.
    pub fn new(features: Tensor<2>, labels: &[i64], rows: &[RowInit], known: Option<&KnownLayer>) -> Self {
        let scale: f32 = features.clone().powi_scalar(2).mean().sqrt().into_scalar();
        let scale = scale.max(f32::MIN_POSITIVE);
        let device = features.device().autodiff();
        let width = features.dims()[1];
        let known_class = |class| {
            let (weight, bias) = known.expect("rows are taken from a layer").class(class);
            (weight * scale, bias) // for features of unit scale
        };
        let places = |wanted: fn(&RowInit) -> bool| (0..rows.len()).filter(move |&class| wanted(&rows[class]));
        let is_fixed: fn(&RowInit) -> bool = |row| matches!(row, RowInit::Kept(_));
        let is_fitted: fn(&RowInit) -> bool = |row| !matches!(row, RowInit::Kept(_));
        let fixed: Vec<_> = rows
            .iter()
            .filter_map(|row| if let RowInit::Kept(class) = row { Some(known_class(*class)) } else { None })
            .collect();
        let order: Vec<usize> = places(is_fixed).chain(places(is_fitted)).collect();
        let fitted = rows.len() - fixed.len();
        let layer = (fitted > 0).then(|| {
            let fresh = LinearConfig::new(width, fitted).init(&device);
            let from: Vec<_> = places(is_fitted)
                .map(|class| if let RowInit::From(old) = rows[class] { Some(known_class(old)) } else { None })
                .collect();
            started_from(fresh, from)
        });
        Self {
            places: None,
            labels: Tensor::from_data(TensorData::from(labels), &device),
            scale,
            fixed: joined(fixed).map(|(weight, bias)| (on(weight, &device), on(bias, &device))),
            layer,
            order: (!order.is_sorted())
                .then(|| Tensor::from_data(TensorData::from(inverse(&order).as_slice()), &device)),
            starts_from_known: rows.iter().any(|row| *row != RowInit::New),
            optimiser: optimiser(WEIGHT_DECAY),
            loss: CrossEntropyLossConfig::new().init(&device),
        }
    }

    /// Returns the layer with another L2 penalty.
    pub fn with_weight_decay(self, weight_decay: f64) -> Self {
        Self { optimiser: optimiser(weight_decay), ..self }
    }

    /// Returns the layer restricted to some rows of the inputs, those of its features and labels.
    pub fn with_places(self, places: &[i64]) -> Self {
        let places = Tensor::from_data(TensorData::from(places), &self.labels.device());
        Self { places: Some(places), ..self }
    }

    /// Performs one update on `inputs` `[n, F]` and returns the loss before it, `[1]`; does nothing if all classes are
    /// frozen.
    pub fn update(&mut self, inputs: &Tensor<2>, rate: f64) -> Option<Tensor<1>> {
        let (weight, bias) = self.weights();
        let layer = self.layer.take()?;
        let logits = inputs.clone().matmul(weight / self.scale) + bias.unsqueeze();
        let logits = match &self.places {
            Some(places) => logits.select(0, places.clone()),
            None => logits,
        };
        let loss = self.loss.forward(logits, self.labels.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &layer);
        self.layer = Some(self.optimiser.step(rate, layer, gradients));
        Some(loss.inner())
    }

    /// Returns the logits `[n, K]` of `features` `[n, F]`, which are not on an autodiff device.
    pub fn logits(&self, features: Tensor<2>) -> Tensor<2> {
        let (weight, bias) = self.weights();
        features.matmul(weight.inner() / self.scale) + bias.inner().unsqueeze()
    }

    /// Returns `stream` with this as its last layer. A layer with rows from the stream keeps the scale of the features;
    /// otherwise the features are scaled down permanently, see [`Stream::with_head`].
    pub fn put_into(&self, stream: Stream) -> Stream {
        let (weight, bias) = self.weights();
        let (weight, bias) = (weight.inner(), bias.inner());
        match self.starts_from_known {
            true => stream.with_head(1.0, weight / self.scale, bias),
            false => stream.with_head(self.scale, weight, bias),
        }
    }

    /// Returns the weights `[F, K]` and biases `[K]` of all classes in order, for features of unit scale.
    fn weights(&self) -> (Tensor<2>, Tensor<1>) {
        let fitted = self.layer.as_ref().map(|layer| {
            let weight = layer.weight.val();
            let classes = weight.dims()[1];
            let bias =
                layer.bias.as_ref().map_or_else(|| Tensor::zeros([classes], &weight.device()), |bias| bias.val());
            (weight, bias)
        });
        let parts = [self.fixed.clone(), fitted].into_iter().flatten().collect();
        let (weight, bias) = joined(parts).expect("there is a class");
        match &self.order {
            Some(order) => (weight.select(1, order.clone()), bias.select(0, order.clone())),
            None => (weight, bias),
        }
    }
}

fn optimiser(weight_decay: f64) -> ModuleOptimizer {
    let decay = Some(WeightDecayConfig::new(weight_decay as f32)).filter(|_| weight_decay > 0.0);
    AdamConfig::new().with_weight_decay(decay).init()
}

/// Returns `layer` with the weights `[F, 1]` and biases `[1]` of some classes replaced.
fn started_from(mut layer: Linear, known: Vec<Option<(Tensor<2>, Tensor<1>)>>) -> Linear {
    if known.iter().all(Option::is_none) {
        return layer;
    }
    let drawn = layer.clone().valid();
    let classes = known.into_iter().enumerate().map(|(class, known)| {
        known.unwrap_or_else(|| {
            let weight = drawn.weight.val().narrow(1, class, 1);
            let bias = Tensor::zeros([1], &weight.device());
            (weight, bias)
        })
    });
    let (weight, bias) = joined(classes.collect()).expect("there is a class");
    layer.weight = layer.weight.map(|old| on(weight, &old.device())).set_require_grad(true);
    layer.bias = layer.bias.map(|old| old.map(|old| on(bias, &old.device())).set_require_grad(true));
    layer
}

/// Returns the tensor on a device, detached.
fn on<const D: usize>(tensor: Tensor<D>, device: &Device) -> Tensor<D> {
    Tensor::from_data(tensor.into_data(), device)
}

fn joined(classes: Vec<(Tensor<2>, Tensor<1>)>) -> Option<(Tensor<2>, Tensor<1>)> {
    if classes.is_empty() {
        return None;
    }
    let (weights, biases): (Vec<_>, Vec<_>) = classes.into_iter().unzip();
    Some((Tensor::cat(weights, 1), Tensor::cat(biases, 0)))
}

/// Returns the inverse of the permutation `order`.
fn inverse(order: &[usize]) -> Vec<i64> {
    let mut inverse = vec![0; order.len()];
    order.iter().enumerate().for_each(|(at, &place)| inverse[place] = at as i64);
    inverse
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Distribution, Tolerance};

    use super::*;
    use crate::nets::{Backbone, StreamConfig, StreamInput};

    fn stream(backbone: Backbone, classes: usize) -> Stream {
        StreamConfig { backbone, input: StreamInput::PICTURE, classes, dropout: None }.init(&Device::flex())
    }

    fn fitted(stream: &Stream, rows: &[RowInit], features: &Tensor<2>, labels: &[i64], updates: usize) -> Stream {
        let known = KnownLayer::of(stream);
        let mut layer = LastLayer::new(features.clone(), labels, rows, Some(&known));
        let inputs = ProbeInputs::new(features);
        (0..updates).for_each(|update| drop(layer.update(&inputs.dropped(), rate_at(update, updates))));
        layer.put_into(stream.clone())
    }

    #[test]
    fn a_layer_that_leaves_rows_out_is_fitted_as_if_they_were_not_there() {
        let device = Device::flex();
        let features = Tensor::<2>::random([6, 8], Distribution::Normal(0.0, 1.0), &device);
        let places = [0_i64, 2, 3, 5];
        let index = Tensor::<1, Int>::from_data(TensorData::from(places.as_slice()), &device);
        let some = features.clone().select(0, index);
        let weight = features.clone().narrow(0, 0, 2).transpose(); // initial weights of both
        let known = KnownLayer { weight, bias: Tensor::zeros([2], &device) };
        let rows = [RowInit::From(0), RowInit::From(1)];
        let layer = || LastLayer::new(some.clone(), &[0, 1, 0, 1], &rows, Some(&known));
        let (mut alone, mut sharing) = (layer(), layer().with_places(&places));
        let [all, some] = [&features, &some].map(|features| on(features.clone(), &device.clone().autodiff()));
        for _ in 0..5 {
            let losses = [alone.update(&some, 0.1), sharing.update(&all, 0.1)].map(|loss| loss.unwrap().into_data());
            losses[0].assert_approx_eq::<f32>(&losses[1], Tolerance::relative(1e-4).set_absolute(1e-5));
        }
        let logits = [alone, sharing].map(|layer| layer.logits(features.clone()).into_data());
        logits[0].assert_approx_eq::<f32>(&logits[1], Tolerance::relative(1e-3).set_absolute(1e-4));
    }

    #[test]
    fn classes_that_are_kept_have_the_logits_they_had() {
        for backbone in [Backbone::SqueezeNet, Backbone::ResNet18, Backbone::MobileNetV2] {
            let old = stream(backbone, 4);
            let x = Tensor::<4>::random([3, 3, 64, 64], Distribution::Normal(0.0, 50.0), &Device::flex());
            let features = old.features(x.clone());
            let rows = [RowInit::New, RowInit::Kept(3), RowInit::From(0), RowInit::Kept(1)];
            let before = old.forward(x.clone());
            let after = fitted(&old, &rows, &features, &[0, 1, 2], 5).forward(x.clone());
            assert_eq!(after.dims(), [3, 4]);
            for (now, then) in [(1, 3), (3, 1)] {
                let (now, then) = (after.clone().narrow(1, now, 1), before.clone().narrow(1, then, 1));
                now.into_data()
                    .assert_approx_eq::<f32>(&then.into_data(), Tolerance::relative(1e-3).set_absolute(1e-4));
            }
            let unfitted = fitted(&old, &rows, &features, &[0, 1, 2], 0).forward(x).narrow(1, 2, 1);
            let then = before.narrow(1, 0, 1).into_data();
            unfitted.into_data().assert_approx_eq::<f32>(&then, Tolerance::relative(1e-3).set_absolute(1e-4));
        }
    }

    #[test]
    fn new_classes_are_told_apart_from_each_other_and_from_kept_ones() {
        let old = stream(Backbone::SqueezeNet, 2);
        let device = Device::flex();
        let width = old.feature_width();
        // Four clusters of features, the first in the direction of the old stream's class 0.
        let centres = Tensor::<2>::random([4, width], Distribution::Normal(0.0, 1.0), &device);
        let known = KnownLayer::of(&old).weight.narrow(1, 0, 1).transpose();
        let size: f32 = known.clone().powi_scalar(2).sum().sqrt().into_scalar();
        let centres = Tensor::cat(vec![known * (20.0 / size), centres.narrow(0, 1, 3)], 0);
        let features = centres.clone().repeat_dim(0, 5);
        let noise = Tensor::<2>::random(features.dims(), Distribution::Normal(0.0, 0.3), &device);
        let labels: Vec<i64> = (0..20).map(|i| i % 4).collect();
        let rows = [RowInit::From(0), RowInit::New, RowInit::New, RowInit::New];
        let stream = fitted(&old, &rows, &(features + noise), &labels, UPDATES);
        let best = stream.classify(centres).argmax(1).into_data().convert::<i64>().try_to_vec::<i64>().unwrap();
        assert_eq!(best, [0, 1, 2, 3]);
    }
}
