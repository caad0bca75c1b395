//! A classifier of either backbone: the spatial stream reads a frame, the temporal stream a stack of flow.

use std::path::Path;

use burn::module::{Module, Param};
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::weights;
use super::{SqueezeNet, Vgg16};
use crate::error::Result;

/// The architectures a stream can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backbone {
    /// SqueezeNet 1.0: 1.2 million parameters, for small machines.
    #[serde(rename = "squeezenet1-0")]
    SqueezeNet,
    /// VGG16: the paper's, 138 million parameters.
    #[serde(rename = "vgg16")]
    Vgg16,
}

/// A stream to be built.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamConfig {
    /// The architecture.
    pub backbone: Backbone,
    /// Channels of its input: 3 for a frame, 20 for the flow of a window.
    pub input_channels: usize,
    /// Number of classes K.
    pub classes: usize,
    /// Probability of every dropout, in [0, 1); `None` is the architecture's own.
    pub dropout: Option<f64>,
}

impl StreamConfig {
    /// Builds the stream with fresh parameters: He normal, the last layer near zero, zero biases.
    pub fn init(&self, device: &Device) -> Stream {
        match self.backbone {
            Backbone::SqueezeNet => Stream::SqueezeNet(SqueezeNet::new(self, device)),
            Backbone::Vgg16 => Stream::Vgg16(Vgg16::new(self, device)),
        }
    }
}

/// The spatial or the temporal stream. Dropout acts on autodiff devices only.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are a handful of these in the whole program")]
pub enum Stream {
    /// SqueezeNet 1.0.
    SqueezeNet(SqueezeNet),
    /// VGG16.
    Vgg16(Vgg16),
}

impl Stream {
    /// `x` [b, c, h, w] → logits [b, K].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        self.classify(self.features(x))
    }

    /// `x` [b, c, h, w] → what the last layer reads, [b, F].
    pub fn features(&self, x: Tensor<4>) -> Tensor<2> {
        match self {
            Self::SqueezeNet(network) => network.features(x),
            Self::Vgg16(network) => network.features(x),
        }
    }

    /// The last layer: `features` [b, F] → logits [b, K].
    pub fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        match self {
            Self::SqueezeNet(network) => network.classify(features),
            Self::Vgg16(network) => network.classify(features),
        }
    }
}

impl Stream {
    /// Its architecture.
    pub fn backbone(&self) -> Backbone {
        match self {
            Self::SqueezeNet(_) => Backbone::SqueezeNet,
            Self::Vgg16(_) => Backbone::Vgg16,
        }
    }

    /// The same function with features divided by `scale` and the last layer replaced: `weight` `[F, K]` and `bias` `[K]` act on
    /// the divided features. All layers are positively homogeneous, so dividing the parameters before the features is exact.
    ///
    /// The features of ImageNet networks run into the tens; at a scale of one, a new last layer learns at the rate of the others.
    pub fn with_head(self, scale: f32, weight: Tensor<2>, bias: Tensor<1>) -> Self {
        match self {
            Self::SqueezeNet(mut network) => {
                let [features, classes] = weight.dims();
                let weight = weight.transpose().reshape([classes, features, 1, 1]);
                network.fire9.expand1x1 = divided(network.fire9.expand1x1, scale);
                network.fire9.expand3x3 = divided(network.fire9.expand3x3, scale);
                network.conv10.weight = replaced(network.conv10.weight, |_| weight);
                network.conv10.bias = network.conv10.bias.map(|old| replaced(old, |_| bias));
                Self::SqueezeNet(network)
            }
            Self::Vgg16(mut network) => {
                network.fc7.weight = replaced(network.fc7.weight, |old| old / scale);
                network.fc7.bias = network.fc7.bias.map(|old| replaced(old, |old| old / scale));
                network.fc8.weight = replaced(network.fc8.weight, |_| weight);
                network.fc8.bias = network.fc8.bias.map(|old| replaced(old, |_| bias));
                Self::Vgg16(network)
            }
        }
    }
}

/// The convolution with all its parameters divided.
fn divided(mut conv: Conv2d, by: f32) -> Conv2d {
    conv.weight = replaced(conv.weight, |old| old / by);
    conv.bias = conv.bias.map(|old| replaced(old, |old| old / by));
    conv
}

/// The parameter with another value, on its own device and as trainable as before. The value comes without the graph of
/// the operations that made it: a parameter is a leaf.
fn replaced<const D: usize>(
    parameter: Param<Tensor<D>>,
    value: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Param<Tensor<D>> {
    let trainable = parameter.is_require_grad();
    parameter.map(|old| Tensor::from_data(value(old.clone()).into_data(), &old.device())).set_require_grad(trainable)
}

/// Cross-modality initialisation (Wang et al. 2015): the first layer `conv1` [o, 3, k, k] of a network for pictures,
/// averaged over the colours and repeated for each of `channels` → [o, channels, k, k].
pub fn cross_modality(conv1: Tensor<4>, channels: usize) -> Tensor<4> {
    conv1.mean_dim(1).repeat_dim(1, channels)
}

/// The SqueezeNet `config` describes, with the parameters of the ImageNet network in the safetensors file at `path`
/// except for a fresh last layer. The first layer is initialised across modalities unless it reads three channels.
pub fn squeezenet_from_imagenet(path: &Path, config: &StreamConfig, device: &Device) -> Result<Stream> {
    let fresh = StreamConfig { backbone: Backbone::SqueezeNet, ..config.clone() }.init(device);
    let mut tensors = weights::read(path)?;
    tensors.extend(weights::collect(&fresh).filter(|(name, _)| name.starts_with("conv10.")));
    if config.input_channels != 3
        && let Some(conv1) = tensors.get_mut("conv1.weight")
        && conv1.rank() == 4
    {
        let pictures = Tensor::<4>::from_data(conv1.clone(), &Device::flex());
        *conv1 = cross_modality(pictures, config.input_channels).into_data();
    }
    weights::apply(fresh, tensors, path)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Distribution, Tolerance};

    use super::*;

    #[test]
    fn a_new_head_acts_on_the_features_divided_by_the_scale() {
        let device = Device::flex();
        let config = StreamConfig { backbone: Backbone::SqueezeNet, input_channels: 3, classes: 2, dropout: None };
        let stream = config.init(&device);
        let x = Tensor::random([2, 3, 64, 64], Distribution::Uniform(-100.0, 100.0), &device);
        let weight = Tensor::<2>::random([512, 5], Distribution::Default, &device);
        let bias = Tensor::<1>::random([5], Distribution::Default, &device);
        let expected = (stream.features(x.clone()) / 7.0).matmul(weight.clone()) + bias.clone().unsqueeze();
        let logits = stream.with_head(7.0, weight, bias).forward(x);
        logits.into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::relative(1e-4));
    }
}
