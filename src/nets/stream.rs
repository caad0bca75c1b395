//! A classifier of any backbone: the spatial stream reads a frame, the temporal stream a stack of flow.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use image::RgbImage;

use super::efficientnet_lite::CompoundScale;
use super::flow_normalisation::stream_input;
use super::layers::Head;
use super::motion_square::{MotionSquare, flow_in_squares};
use super::preprocessing::{clip_input, rgb_differences};
use super::read_back::{device_of, read_rows};
use super::resnet::ResNetLayout;
use super::stream_input::{FlowMean, FlowReading, FlowResolution, Modality, StreamInput};
use super::{
    Backbone, BnInception, C3d, CnnM, EfficientNetLite, I3d, MobileNetV2, ResNet, SqueezeNet, StreamConfig, Vgg16,
    weights,
};
use crate::error::Result;

impl StreamConfig {
    /// Returns the number of trained parameters of the stream.
    pub fn parameters(&self) -> usize {
        // Parameters are created lazily, so little is allocated here.
        self.init(&Device::flex()).parameters()
    }

    /// Builds the stream with fresh parameters: He normal, the last layer near zero, zero biases.
    pub fn init(&self, device: &Device) -> Stream {
        let lite = |scale: CompoundScale| Layers::EfficientNetLite(EfficientNetLite::new(scale, self, device));
        let layers = match self.backbone {
            Backbone::SqueezeNet => Layers::SqueezeNet(SqueezeNet::new(self, device)),
            Backbone::MobileNetV2 => Layers::MobileNetV2(MobileNetV2::new(self, device)),
            Backbone::EfficientNetLite0 => lite(CompoundScale::LITE0),
            Backbone::EfficientNetLite1 => lite(CompoundScale::LITE1),
            Backbone::EfficientNetLite2 => lite(CompoundScale::LITE2),
            Backbone::BnInception => Layers::BnInception(BnInception::new(self, device)),
            Backbone::I3d => Layers::I3d(I3d::new(self, device)),
            Backbone::ResNet18 => Layers::ResNet(ResNet::new(ResNetLayout::RESNET18, self, device)),
            Backbone::ResNet50 => Layers::ResNet(ResNet::new(ResNetLayout::RESNET50, self, device)),
            Backbone::C3d | Backbone::C3dPadded | Backbone::ThreeDNet => Layers::C3d(C3d::new(self, device)),
            Backbone::CnnM2048 | Backbone::Emv => Layers::CnnM(CnnM::new(self, device)),
            Backbone::Vgg16 => Layers::Vgg16(Vgg16::new(self, device)),
        };
        Stream::of(layers)
    }
}

/// The spatial or the temporal stream. Dropout and batch statistics are used on autodiff devices only.
#[derive(Module, Debug)]
pub struct Stream {
    /// The classifier.
    pub layers: Layers,
    #[module(skip)]
    reading: FlowReading,
}

/// The classifier of a stream.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are a handful of these in the whole program")]
pub enum Layers {
    /// SqueezeNet 1.0.
    SqueezeNet(SqueezeNet),
    /// MobileNetV2.
    MobileNetV2(MobileNetV2),
    /// EfficientNet-Lite0, 1 or 2.
    EfficientNetLite(EfficientNetLite),
    /// BN-Inception.
    BnInception(BnInception),
    /// I3D.
    I3d(I3d),
    /// ResNet-18 or ResNet-50.
    ResNet(ResNet),
    /// C3D, or 3DNet.
    C3d(C3d),
    /// CNN-M-2048 or EMV-CNN.
    CnnM(CnnM),
    /// VGG16.
    Vgg16(Vgg16),
}

impl Stream {
    /// Returns the stream of these layers. If it reads flow, it reads the whole flow at the resolution of the frames.
    pub fn of(layers: Layers) -> Self {
        Self { layers, reading: FlowReading::default() }
    }

    /// Returns the stream with another flow input configuration.
    pub fn with_reading(self, reading: FlowReading) -> Self {
        Self { reading, ..self }
    }

    /// Returns the flow input configuration.
    pub fn reading(&self) -> FlowReading {
        self.reading
    }

    /// `x` [b, c, h, w] → logits [b, K].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        self.classify(self.features(x))
    }

    /// Returns the first layer's input for images [b, 3n, h, w], x − mean: the images, or the differences of adjacent
    /// ones.
    pub fn picture_input(&self, pictures: Tensor<4>) -> Tensor<4> {
        if self.input().modality == Modality::RgbDifference { rgb_differences(pictures) } else { pictures }
    }

    /// Returns the logits of clips of images, one row each. A clip has one image for a spatial stream, several for a
    /// network for clips, and six for a stream that reads differences.
    ///
    /// # Errors
    /// If the device fails.
    pub fn spatial_logits(&self, clips: &[Vec<&RgbImage>]) -> Result<Vec<Vec<f32>>> {
        read_rows(self.classify(self.picture_features(clips)))
    }

    /// Returns the last layer's input for the same clips, [b, F].
    pub fn picture_features(&self, clips: &[Vec<&RgbImage>]) -> Tensor<2> {
        self.features(self.picture_input(clip_input(clips, &device_of(self))))
    }

    /// Returns the logits of raw finest flow [b, 2n, h/2, w/2], as in [`FlowPyramid`](super::FlowPyramid), one row
    /// each.
    ///
    /// # Errors
    /// If the device fails.
    pub fn temporal_logits(&self, flow: Tensor<4>) -> Result<Vec<Vec<f32>>> {
        read_rows(self.classify(self.flow_features(flow)?))
    }

    /// Converts the raw finest flow [b, 2n, h/2, w/2] to the first layer's inputs, −128…127 around the level of no
    /// motion, one per view: the whole flow, [b, 2n, h, w], and the square around the motion, whose side is the shorter
    /// of h and w. At the resolution of the flow, both are half as large.
    ///
    /// # Errors
    /// If the device fails.
    pub fn flow_inputs(&self, flow: Tensor<4>) -> Result<Vec<Tensor<4>>> {
        Ok(self.flow_views(flow)?.into_iter().map(|flow| stream_input(flow, self.reading)).collect())
    }

    /// Returns the last layer's input [b, F] for the raw finest flow [b, 2n, h/2, w/2], averaged over the views. As the
    /// last layer is linear, this averages their logits.
    ///
    /// # Errors
    /// If the device fails.
    pub fn flow_features(&self, flow: Tensor<4>) -> Result<Tensor<2>> {
        match (&self.layers, self.reading) {
            (
                Layers::SqueezeNet(network),
                FlowReading { resolution: FlowResolution::Frames, mean: FlowMean::Middle, .. },
            ) => {
                let views = self.flow_views(flow)?.into_iter();
                Ok(mean_of_views(views.map(|flow| network.flow_features(flow)).collect()))
            }
            _ => {
                let inputs = self.flow_inputs(flow)?.into_iter();
                Ok(mean_of_views(inputs.map(|x| self.features(x)).collect()))
            }
        }
    }

    /// Returns the whole flow, the flow within the square around the motion, or both.
    fn flow_views(&self, flow: Tensor<4>) -> Result<Vec<Tensor<4>>> {
        let mut views = Vec::new();
        if self.reading.crop.sees_motion() {
            let squares = MotionSquare::of_each(flow.clone().detach())?;
            views.push(flow_in_squares(flow.clone(), &squares));
        }
        if self.reading.crop.sees_whole() {
            views.insert(0, flow);
        }
        Ok(views)
    }

    /// `x` [b, c, h, w] → the last layer's input, [b, F].
    pub fn features(&self, x: Tensor<4>) -> Tensor<2> {
        match &self.layers {
            Layers::SqueezeNet(network) => network.features(x),
            Layers::MobileNetV2(network) => network.features(x),
            Layers::EfficientNetLite(network) => network.features(x),
            Layers::BnInception(network) => network.features(x),
            Layers::I3d(network) => network.features(x),
            Layers::ResNet(network) => network.features(x),
            Layers::C3d(network) => network.features(x),
            Layers::CnnM(network) => network.features(x),
            Layers::Vgg16(network) => network.features(x),
        }
    }

    /// Applies the last layer: `features` [b, F] → logits [b, K].
    pub fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        match &self.layers {
            Layers::SqueezeNet(network) => network.classify(features),
            Layers::MobileNetV2(network) => network.classify(features),
            Layers::EfficientNetLite(network) => network.classify(features),
            Layers::BnInception(network) => network.classify(features),
            Layers::I3d(network) => network.classify(features),
            Layers::ResNet(network) => network.classify(features),
            Layers::C3d(network) => network.classify(features),
            Layers::CnnM(network) => network.classify(features),
            Layers::Vgg16(network) => network.classify(features),
        }
    }
}

impl Stream {
    /// Returns the architecture.
    pub fn backbone(&self) -> Backbone {
        match &self.layers {
            Layers::SqueezeNet(_) => Backbone::SqueezeNet,
            Layers::MobileNetV2(_) => Backbone::MobileNetV2,
            Layers::EfficientNetLite(network) => network.backbone(),
            Layers::BnInception(_) => Backbone::BnInception,
            Layers::I3d(_) => Backbone::I3d,
            Layers::ResNet(network) => network.backbone(),
            Layers::C3d(network) => network.backbone(),
            Layers::CnnM(network) => network.backbone(),
            Layers::Vgg16(_) => Backbone::Vgg16,
        }
    }

    /// Returns the input that the stream takes.
    pub fn input(&self) -> StreamInput {
        let first = match &self.layers {
            Layers::SqueezeNet(network) => &network.conv1.weight,
            Layers::MobileNetV2(network) => &network.first.conv.weight,
            Layers::EfficientNetLite(network) => &network.first.conv.weight,
            Layers::BnInception(network) => &network.conv1.conv.weight,
            Layers::ResNet(network) => &network.conv1.conv.weight,
            Layers::CnnM(network) => &network.conv1.weight,
            Layers::Vgg16(network) => &network.conv1_1.weight,
            Layers::C3d(network) => return network.input(),
            Layers::I3d(network) => return network.input(),
        };
        StreamInput::of_channels(first.lazy_shape()[1])
    }

    /// Returns the number F of features that the last layer reads.
    pub fn feature_width(&self) -> usize {
        let name = format!("{}.weight", self.backbone().last_layer());
        let shapes = weights::shapes(self); // as in files: classes first
        shapes.iter().find(|(layer, _)| *layer == name).map_or(0, |(_, shape)| shape[1])
    }

    /// Returns the number of trained parameters, without running statistics.
    pub fn parameters(&self) -> usize {
        weights::parameters(self)
    }

    /// Returns the number of trained parameters with a last layer for `classes` classes.
    pub fn parameters_with(&self, classes: usize) -> usize {
        let name = format!("{}.weight", self.backbone().last_layer());
        let shapes = weights::shapes(self); // as in files: classes first
        let own = shapes.iter().find(|(layer, _)| *layer == name).map_or(0, |(_, shape)| shape[0]);
        let row = self.feature_width() + 1; // the weights of a class and its bias
        self.parameters() + classes * row - own * row
    }

    /// Returns the stream with its last layer replaced: `weight` `[F, K]` and `bias` `[K]` are applied to the features
    /// divided by `scale`.
    ///
    /// The features of ImageNet networks without batch normalisation are in the tens. They are scaled down permanently,
    /// because a new last layer learns at the rate of the other layers only if they are of the order of one.
    pub fn with_head(self, scale: f32, weight: Tensor<2>, bias: Tensor<1>) -> Self {
        let head = Head { scale, weight, bias };
        let layers = match self.layers {
            Layers::SqueezeNet(network) => Layers::SqueezeNet(network.with_head(head)),
            Layers::MobileNetV2(network) => Layers::MobileNetV2(network.with_head(head)),
            Layers::EfficientNetLite(network) => Layers::EfficientNetLite(network.with_head(head)),
            Layers::BnInception(network) => Layers::BnInception(network.with_head(head)),
            Layers::I3d(network) => Layers::I3d(network.with_head(head)),
            Layers::ResNet(network) => Layers::ResNet(network.with_head(head)),
            Layers::C3d(network) => Layers::C3d(network.with_head(head)),
            Layers::CnnM(network) => Layers::CnnM(network.with_head(head)),
            Layers::Vgg16(network) => Layers::Vgg16(network.with_head(head)),
        };
        Self { layers, reading: self.reading }
    }
}

/// Returns the mean of the features or logits of at least one view, [b, n] each.
pub(crate) fn mean_of_views(views: Vec<Tensor<2>>) -> Tensor<2> {
    let count = views.len() as f32;
    let sum = views.into_iter().reduce(|sum, view| sum + view).expect("a stream has at least one view");
    if count > 1.0 { sum / count } else { sum }
}

/// Cross-modality initialisation (Wang et al. 2015): the first layer `conv1` [o, 3, k, k] of an image network, averaged
/// over the colours and repeated for each of `channels` → [o, channels, k, k].
pub fn cross_modality(conv1: Tensor<4>, channels: usize) -> Tensor<4> {
    conv1.mean_dim(1).repeat_dim(1, channels)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Distribution, Tolerance};

    use super::*;

    #[test]
    fn a_new_head_acts_on_the_features_divided_by_the_scale() {
        let device = Device::flex();
        let is_large = |backbone: &Backbone| backbone.last_layer() == "fc8"; // 80 million parameters or more
        for backbone in Backbone::ALL.into_iter().filter(|backbone| !is_large(backbone)) {
            let stream =
                StreamConfig { backbone, input: StreamInput::PICTURE, classes: 2, dropout: None }.init(&device);
            let x = Tensor::random([2, 3, 64, 64], Distribution::Uniform(-100.0, 100.0), &device);
            let features = stream.features(x.clone());
            assert_eq!(features.dims()[1], stream.feature_width());
            let weight = Tensor::<2>::random([features.dims()[1], 5], Distribution::Default, &device);
            let bias = Tensor::<1>::random([5], Distribution::Default, &device);
            let expected = (features / 7.0).matmul(weight.clone()) + bias.clone().unsqueeze();
            let parameters = stream.parameters_with(5);
            let stream = stream.with_head(7.0, weight, bias);
            assert_eq!((parameters, stream.parameters_with(5)), (stream.parameters(), stream.parameters()));
            let logits = stream.forward(x);
            logits.into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::relative(1e-4));
        }
    }

    #[test]
    fn streams_have_the_published_numbers_of_parameters() {
        let published = [
            (Backbone::MobileNetV2, 3_504_872),
            (Backbone::EfficientNetLite0, 4_652_008),
            (Backbone::EfficientNetLite1, 5_416_680),
            (Backbone::EfficientNetLite2, 6_092_072),
            (Backbone::BnInception, 11_295_240),
            (Backbone::ResNet18, 11_689_512),
            (Backbone::I3d, 12_287_264 + 1025 * 1000), // the PyTorch module and the last layer
            (Backbone::ResNet50, 25_557_032),
            (Backbone::C3d, 79_991_015 + 4097 * 513), // with the 487 classes of Sports-1M
            (Backbone::C3dPadded, 79_991_015 + 4097 * 513),
            (Backbone::ThreeDNet, 84_459_047 + 4097 * 899), // with the 101 classes of UCF101
            (Backbone::CnnM2048, 92_469_864),
            (Backbone::Emv, 92_469_864), // as a spatial stream
            (Backbone::Vgg16, 138_357_544),
            (Backbone::SqueezeNet, 1_248_424),
        ];
        for (backbone, parameters) in published {
            let config = StreamConfig { backbone, input: StreamInput::PICTURE, classes: 1000, dropout: None };
            let stream = config.init(&Device::flex());
            assert_eq!((stream.backbone(), stream.parameters()), (backbone, parameters));
            let names = weights::shapes(&stream).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
            assert!(names.contains(&format!("{}.weight", backbone.first_layer())), "{names:?}");
            assert!(names.contains(&format!("{}.bias", backbone.last_layer())), "{names:?}");
        }
    }

    #[test]
    fn frames_of_any_size_are_classified() {
        let device = Device::flex();
        let backbones = [
            Backbone::MobileNetV2,
            Backbone::EfficientNetLite0,
            Backbone::BnInception,
            Backbone::I3d,
            Backbone::ResNet18,
        ];
        for backbone in backbones {
            let stream =
                StreamConfig { backbone, input: StreamInput::PICTURE, classes: 2, dropout: None }.init(&device);
            for [height, width] in [[32, 32], [33, 47], [57, 120]] {
                let x = Tensor::random([2, 3, height, width], Distribution::Default, &device);
                assert_eq!(stream.forward(x).dims(), [2, 2], "{backbone:?} of {width}×{height}");
            }
        }
    }
}
