//! The layers of a network in order, for freezing and per-group learning rates.

use std::collections::HashMap;

use burn::module::{Module, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::error::{Error, Result};
use crate::nets::weights;
use crate::training::config::freeze::Freeze;
use crate::training::config::plan::{Network, TrainingPlan};

/// A network of a run: MotionNet or the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkPart {
    /// MotionNet.
    Motion,
    /// The spatial or temporal stream.
    Stream,
}

/// A layer and its parameters.
#[derive(Debug, Clone, PartialEq)]
struct GroupLayer {
    name: String,
    /// `true` for batch normalisation.
    is_norm: bool,
    parameters: Vec<Parameter>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Parameter {
    id: ParamId,
    is_bias: bool,
    /// `true` for a running statistic of batch normalisation.
    is_statistic: bool,
    /// `true` if it receives gradients.
    is_trained: bool,
    /// Number of elements.
    size: usize,
}

/// Learning rates of a network's parameter groups relative to the network's rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParamGroupRates {
    body: f64,
    head: f64,
    bias: f64,
}

/// Freezes the layers that the plan names: they receive no gradients, and batch normalisation among them uses its
/// running statistics. A backbone with a learning rate of 0 is frozen too.
///
/// # Errors
/// If the plan names a layer that the network does not have, or leaves nothing to train.
pub fn freeze<M: Module>(network: M, plan: &TrainingPlan, part: NetworkPart) -> Result<M> {
    let layers = layers(&network);
    let mut frozen = 0;
    let still_body = (part == NetworkPart::Stream && plan.body_rate == 0.0).then_some(&Freeze::Body);
    for freeze in plan.freeze.iter().chain(still_body) {
        frozen = frozen.max(frozen_layers(&layers, freeze, plan.network, part)?);
    }
    if frozen == layers.len() {
        let remedy = "Name an earlier layer; 'motion' freezes all of MotionNet below a stream";
        return Err(Error::new("freeze", "nothing is left to train", remedy));
    }
    let first_norm = layers.iter().position(|layer| layer.is_norm);
    let keeps_all = plan.freeze.contains(&Freeze::Norms);
    let keeps_later = plan.freeze.contains(&Freeze::NormsBehindFirst);
    let keeps_norm = |place: usize| keeps_all || (keeps_later && Some(place) != first_norm);
    let still =
        layers.iter().enumerate().filter(|(place, layer)| *place < frozen || (layer.is_norm && keeps_norm(*place)));
    let ids: Vec<ParamId> =
        still.flat_map(|(_, layer)| layer.parameters.iter().map(|parameter| parameter.id)).collect();
    Ok(if ids.is_empty() { network } else { network.set_require_grad_group(ParamGroup::from_ids(ids), false) })
}

/// Returns the number of layers, counted from the input, that a setting freezes in a network.
fn frozen_layers(layers: &[GroupLayer], freeze: &Freeze, network: Network, part: NetworkPart) -> Result<usize> {
    let up_to = |name: &String| {
        let within = |layer: &GroupLayer| layer.name == *name || layer.name.starts_with(&format!("{name}."));
        layers.iter().rposition(within).map(|last| last + 1).ok_or_else(|| {
            let names: Vec<_> = layers.iter().map(|layer| layer.name.as_str()).collect();
            Error::new("freeze", format!("there is no layer '{name}'"), format!("The layers are {}", names.join(", ")))
        })
    };
    let is_motion = matches!(network, Network::Flow | Network::Joint);
    let trained = if is_motion { NetworkPart::Motion } else { NetworkPart::Stream };
    match freeze {
        Freeze::Body if part == NetworkPart::Stream => Ok(layers.len() - 1),
        Freeze::UpTo(name) if part == trained => up_to(name),
        Freeze::MotionUpTo(name) if part == NetworkPart::Motion => up_to(name),
        _ => Ok(0),
    }
}

impl ParamGroupRates {
    /// Returns the plan's relative rates for a part of the run. All parameters of MotionNet have the same rate.
    pub fn new(plan: &TrainingPlan, part: NetworkPart) -> Self {
        match part {
            NetworkPart::Motion => Self { body: 1.0, head: 1.0, bias: 1.0 },
            NetworkPart::Stream => Self { body: plan.body_rate, head: plan.head_rate, bias: plan.bias_rate },
        }
    }

    /// Splits the gradients of `network` by the rate of their parameters. Parameters with a rate of 0 are not updated.
    pub fn split<M: Module>(&self, network: &M, gradients: GradientsParams) -> Vec<(f64, GradientsParams)> {
        let mut split = Split { rates: self.of(network), gradients, groups: Vec::new() };
        network.visit(&mut split);
        split.groups.retain(|(rate, _)| *rate > 0.0);
        split.groups
    }

    /// Returns the rate of every parameter.
    fn of<M: Module>(&self, network: &M) -> HashMap<ParamId, f64> {
        let layers = layers(network);
        let last = layers.len().saturating_sub(1);
        let mut rates = HashMap::new();
        for (index, layer) in layers.iter().enumerate() {
            let of_layer = if index == last { self.head } else { self.body };
            for parameter in &layer.parameters {
                rates.insert(parameter.id, of_layer * if parameter.is_bias { self.bias } else { 1.0 });
            }
        }
        rates
    }
}

/// Sorts gradients by rate, in the order in which the rates occur in the network.
struct Split {
    rates: HashMap<ParamId, f64>,
    gradients: GradientsParams,
    groups: Vec<(f64, GradientsParams)>,
}

impl ModuleVisitor for Split {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.remove::<D>(param.id) else { return };
        let rate = self.rates.get(&param.id).copied().unwrap_or(1.0);
        let index = self.groups.iter().position(|(known, _)| *known == rate).unwrap_or_else(|| {
            self.groups.push((rate, GradientsParams::new()));
            self.groups.len() - 1
        });
        self.groups[index].1.register(param.id, gradient);
    }
}

/// Name and size of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSize {
    /// Name of the layer.
    pub name: String,
    /// Number of parameters, without running statistics.
    pub size: usize,
    /// `true` for batch normalisation.
    pub is_norm: bool,
}

/// Returns the layers of `network` in order from its input.
pub fn layer_sizes<M: Module>(network: &M) -> Vec<LayerSize> {
    let size = |layer: &GroupLayer| {
        layer.parameters.iter().filter(|parameter| !parameter.is_statistic).map(|parameter| parameter.size).sum()
    };
    let of = |layer: GroupLayer| LayerSize { size: size(&layer), name: layer.name, is_norm: layer.is_norm };
    layers(network).into_iter().map(of).collect()
}

/// Returns the number of frozen parameters of `network`, without running statistics.
pub fn frozen_parameters<M: Module>(network: &M) -> usize {
    let layers = layers(network);
    let parameters = layers.iter().flat_map(|layer| &layer.parameters);
    parameters
        .filter(|parameter| !parameter.is_statistic && !parameter.is_trained)
        .map(|parameter| parameter.size)
        .sum()
}

/// Returns the layers of `network` in the order in which it is built: from the input to the last layer.
fn layers<M: Module>(network: &M) -> Vec<GroupLayer> {
    let mut lister = Lister::default();
    network.visit(&mut lister);
    lister.layers
}

/// Burn's name of batch normalisation in module paths.
const BATCH_NORM: &str = "Struct:BatchNorm";

#[derive(Default)]
struct Lister {
    path: Vec<(String, bool)>, // name, and `true` if it is part of layer names
    /// `true` if the innermost module is batch normalisation.
    in_norm: bool,
    layers: Vec<GroupLayer>,
}

impl ModuleVisitor for Lister {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.push((name.to_owned(), weights::counts_in_names(container_type)));
        self.in_norm |= container_type == BATCH_NORM;
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.path.pop();
        self.in_norm &= container_type != BATCH_NORM;
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let mut names: Vec<&str> =
            self.path.iter().filter(|(_, counts)| *counts).map(|(name, _)| name.as_str()).collect();
        let own = names.pop().unwrap_or_default();
        let parameter = Parameter {
            id: param.id,
            is_bias: own == "bias",
            is_statistic: weights::is_statistic(own),
            is_trained: param.is_require_grad(),
            size: param.lazy_shape().num_elements(),
        };
        let name = names.join(".");
        match self.layers.last_mut() {
            Some(layer) if layer.name == name => layer.parameters.push(parameter),
            _ => self.layers.push(GroupLayer { name, is_norm: self.in_norm, parameters: vec![parameter] }),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, Tolerance};

    use super::*;
    use crate::nets::{Backbone, MotionConfig, Stream, StreamConfig, StreamInput};

    fn stream(backbone: Backbone) -> Stream {
        StreamConfig { backbone, input: StreamInput::PICTURE, classes: 3, dropout: None }
            .init(&Device::flex().autodiff())
    }

    /// Ids of the parameters that receive gradients.
    #[derive(Default)]
    struct Trained(Vec<ParamId>);

    impl ModuleVisitor for Trained {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.is_require_grad() {
                self.0.push(param.id);
            }
        }
    }

    fn trained_layers(network: &impl Module) -> Vec<String> {
        let mut trained = Trained::default();
        network.visit(&mut trained);
        let is_trained =
            |layer: &&GroupLayer| layer.parameters.iter().any(|parameter| trained.0.contains(&parameter.id));
        layers(network).iter().filter(is_trained).map(|layer| layer.name.clone()).collect()
    }

    fn plan(network: Network, freeze: &[&str]) -> TrainingPlan {
        let freeze = freeze.iter().map(|text| text.parse().unwrap()).collect();
        TrainingPlan { freeze, ..TrainingPlan::of(network) }
    }

    #[test]
    fn the_last_layer_is_the_one_that_predicts_the_classes() {
        let lasts =
            [(Backbone::SqueezeNet, "conv10"), (Backbone::EfficientNetLite0, "classifier"), (Backbone::Vgg16, "fc8")];
        for (backbone, last) in lasts {
            assert_eq!(layers(&stream(backbone)).last().map(|layer| layer.name.as_str()), Some(last));
        }
        let frozen =
            freeze(stream(Backbone::SqueezeNet), &plan(Network::Spatial, &["body"]), NetworkPart::Stream).unwrap();
        assert_eq!(trained_layers(&frozen), ["conv10"]);
    }

    #[test]
    fn partial_batch_normalisation_trains_the_first_norm_alone() {
        let plan = plan(Network::Spatial, &["partial-bn"]);
        let trained = trained_layers(&freeze(stream(Backbone::BnInception), &plan, NetworkPart::Stream).unwrap());
        let norms: Vec<&String> = trained.iter().filter(|layer| layer.ends_with(".bn")).collect();
        assert_eq!(norms, ["conv1.bn"]);
        assert!(trained.contains(&"inception_5b.pool_proj.conv".to_owned()));
    }

    #[test]
    fn layers_up_to_a_name_are_frozen_in_the_network_that_is_meant() {
        let trained = |freeze_: &[&str]| {
            let plan = plan(Network::Temporal, freeze_);
            trained_layers(&freeze(stream(Backbone::SqueezeNet), &plan, NetworkPart::Stream).unwrap())
        };
        assert_eq!(trained(&["fire9"]), ["conv10"]);
        assert_eq!(trained(&["conv1", "fire9.squeeze1x1"])[0], "fire9.expand1x1");
        let up_to_a_block = plan(Network::Spatial, &["blocks.14"]);
        let lite = freeze(stream(Backbone::EfficientNetLite0), &up_to_a_block, NetworkPart::Stream).unwrap();
        assert_eq!(trained_layers(&lite)[..2], ["blocks.15.expand.conv", "blocks.15.expand.bn"]);
        assert_eq!(trained(&["motion:conv1"])[0], "conv1", "another network is meant");
        let motion = || MotionConfig { width: 4, ..MotionConfig::default() }.init(&Device::flex().autodiff());
        let frozen = freeze(motion(), &plan(Network::Temporal, &["motion:conv3"]), NetworkPart::Motion).unwrap();
        assert_eq!(trained_layers(&frozen)[0], "conv3_1");
        let frozen = freeze(motion(), &plan(Network::Flow, &["conv1_1"]), NetworkPart::Motion).unwrap();
        assert_eq!(trained_layers(&frozen)[0], "conv2");
    }

    /// In validation, normalisation is folded into the convolutions, which rounds differently; batch statistics would
    /// differ in the first digits.
    fn assert_same_features<const D: usize>(training: Tensor<D>, measured: Tensor<D>) {
        let scale: f32 = measured.clone().abs().max().into_scalar();
        let [training, measured] = [training.inner(), measured].map(|features| (features / scale).into_data());
        training.assert_approx_eq::<f32>(&measured, Tolerance::rel_abs(1e-3, 1e-5));
    }

    #[test]
    fn a_frozen_body_answers_as_when_it_is_measured() {
        let plan = TrainingPlan { body_rate: 0.0, ..plan(Network::Spatial, &[]) };
        let frozen = freeze(stream(Backbone::ResNet18), &plan, NetworkPart::Stream).unwrap();
        assert_eq!(trained_layers(&frozen), ["fc"]);
        let shape = [2, 3, 32, 32];
        let x = Tensor::random(shape, Distribution::Normal(0.0, 50.0), &Device::flex());
        let [training, measured] =
            [frozen.features(Tensor::from_data(x.to_data(), &Device::flex().autodiff())), frozen.valid().features(x)];
        assert_same_features(training, measured);
    }

    #[test]
    fn batch_normalisation_keeps_its_statistics_while_what_lies_around_it_is_trained() {
        for backbone in [Backbone::EfficientNetLite0, Backbone::ResNet18, Backbone::BnInception] {
            let stream = freeze(stream(backbone), &plan(Network::Spatial, &["norms"]), NetworkPart::Stream).unwrap();
            let sizes = layer_sizes(&stream);
            let expected: Vec<String> =
                sizes.iter().filter(|layer| !layer.is_norm).map(|layer| layer.name.clone()).collect();
            assert_eq!(trained_layers(&stream), expected);
            assert!(sizes.len() > expected.len() + 10, "there are many");
            let x = Tensor::<4>::random([2, 3, 64, 64], Distribution::Normal(0.0, 50.0), &Device::flex());
            let on_graph = Tensor::from_data(x.to_data(), &Device::flex().autodiff());
            let [training, measured] = [stream.features(on_graph.clone()), stream.valid().features(x)];
            assert_same_features(training, measured);
            // Layers before the norm receive their gradient through it.
            let gradients =
                GradientsParams::from_grads(stream.forward(on_graph).powi_scalar(2).sum().backward(), &stream);
            let first = layers(&stream)[0].parameters[0].id;
            let sum: f32 = gradients.get::<4>(first).unwrap().abs().sum().into_scalar();
            assert!(sum > 0.0 && sum.is_finite(), "{backbone:?}: {sum}");
        }
    }

    #[test]
    fn unknown_layers_and_nothing_left_are_refused() {
        let refused = |name: &str| {
            let plan = plan(Network::Spatial, &[name]);
            freeze(stream(Backbone::SqueezeNet), &plan, NetworkPart::Stream).unwrap_err().to_string()
        };
        assert!(refused("fire10").contains("fire9.expand3x3"), "the layers are listed");
        assert!(refused("conv10").contains("nothing is left"));
    }

    #[test]
    fn parts_have_rates_of_their_own() {
        let network = stream(Backbone::SqueezeNet);
        let plan =
            TrainingPlan { body_rate: 0.5, head_rate: 10.0, bias_rate: 2.0, ..TrainingPlan::of(Network::Spatial) };
        let rates = ParamGroupRates::new(&plan, NetworkPart::Stream).of(&network);
        let of = |name: &str| {
            let layers = layers(&network);
            let layer = layers.iter().find(|layer| layer.name == name).unwrap();
            layer.parameters.iter().map(|parameter| rates[&parameter.id]).collect::<Vec<_>>()
        };
        assert_eq!(of("conv1"), [0.5, 1.0], "weight and bias");
        assert_eq!(of("conv10"), [10.0, 20.0]);
    }
}
