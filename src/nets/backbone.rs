//! The backbone architectures of streams.

use serde::{Deserialize, Serialize};

use super::batch_norm;
use super::preprocessing::MEAN_BGR;

/// Middle of the grey-level range (also the level of zero motion), which the published I3D networks read as 0.
pub(super) const I3D_MIDDLE: f32 = 127.5;
/// Grey level in 0…255 that the published EfficientNet-Lite networks read as 0.
pub(super) const EFFICIENTNET_MIDDLE: f32 = 127.0;

/// Backbone architecture of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backbone {
    /// SqueezeNet 1.0: 1.2 million parameters, for small machines.
    #[serde(rename = "squeezenet1-0")]
    SqueezeNet,
    /// MobileNetV2: 3.5 million parameters, for small machines.
    #[serde(rename = "mobilenet-v2")]
    MobileNetV2,
    /// EfficientNet-Lite0: 4.7 million parameters, for small machines.
    #[serde(rename = "efficientnet-lite0")]
    EfficientNetLite0,
    /// EfficientNet-Lite1: 5.4 million parameters, for small machines.
    #[serde(rename = "efficientnet-lite1")]
    EfficientNetLite1,
    /// EfficientNet-Lite2: 6.1 million parameters, for small machines.
    #[serde(rename = "efficientnet-lite2")]
    EfficientNetLite2,
    /// BN-Inception: 11 million parameters, the network of temporal segment networks.
    #[serde(rename = "bn-inception")]
    BnInception,
    /// I3D: 13 million parameters; takes clips.
    #[serde(rename = "i3d")]
    I3d,
    /// ResNet-18: 12 million parameters.
    #[serde(rename = "resnet18")]
    ResNet18,
    /// ResNet-50: 26 million parameters.
    #[serde(rename = "resnet50")]
    ResNet50,
    /// C3D: 80 million parameters; takes clips of 16 images. The last pooling is that of Caffe.
    #[serde(rename = "c3d")]
    C3d,
    /// C3D as converted for PyTorch: the last pooling is zero-padded.
    #[serde(rename = "c3d-padded")]
    C3dPadded,
    /// 3DNet: C3D with a flow decoder; 84 million parameters with 101 classes; takes clips.
    #[serde(rename = "3dnet")]
    ThreeDNet,
    /// CNN-M-2048: 92 million parameters, the network of the first two-stream networks.
    #[serde(rename = "cnn-m-2048")]
    CnnM2048,
    /// EMV-CNN for motion vectors: CNN-M-2048 with PReLUs in the temporal stream.
    #[serde(rename = "emv")]
    Emv,
    /// VGG16, the paper's backbone: 138 million parameters.
    #[serde(rename = "vgg16")]
    Vgg16,
}

impl Backbone {
    /// All backbones, by number of parameters.
    pub const ALL: [Self; 15] = [
        Self::SqueezeNet,
        Self::MobileNetV2,
        Self::EfficientNetLite0,
        Self::EfficientNetLite1,
        Self::EfficientNetLite2,
        Self::BnInception,
        Self::ResNet18,
        Self::I3d,
        Self::ResNet50,
        Self::C3d,
        Self::C3dPadded,
        Self::ThreeDNet,
        Self::CnnM2048,
        Self::Emv,
        Self::Vgg16,
    ];

    /// Returns the architecture's name in the literature.
    pub fn name(self) -> &'static str {
        match self {
            Self::SqueezeNet => "SqueezeNet 1.0",
            Self::MobileNetV2 => "MobileNetV2",
            Self::EfficientNetLite0 => "EfficientNet-Lite0",
            Self::EfficientNetLite1 => "EfficientNet-Lite1",
            Self::EfficientNetLite2 => "EfficientNet-Lite2",
            Self::BnInception => "BN-Inception",
            Self::I3d => "I3D",
            Self::ResNet18 => "ResNet-18",
            Self::ResNet50 => "ResNet-50",
            Self::C3d => "C3D",
            Self::C3dPadded => "C3D (padded)",
            Self::ThreeDNet => "3DNet",
            Self::CnnM2048 => "CNN-M-2048",
            Self::Emv => "EMV",
            Self::Vgg16 => "VGG16",
        }
    }

    /// Returns `true` for architectures that take clips of any length.
    pub fn reads_clips(self) -> bool {
        matches!(self, Self::I3d | Self::C3d | Self::C3dPadded | Self::ThreeDNet)
    }

    /// Returns the published clip length in images or flows: 64 for I3D (Carreira & Zisserman 2017), 16 for C3D.
    pub(super) fn clip(self) -> usize {
        if self == Self::I3d { 64 } else { 16 }
    }

    /// Returns the epsilon of the architecture's batch normalisation.
    pub(super) fn epsilon(self) -> f64 {
        if self == Self::I3d || self.is_efficientnet_lite() {
            batch_norm::TENSORFLOW_EPSILON
        } else {
            batch_norm::EPSILON
        }
    }

    /// Returns the blue, green and red levels (0…255) that the first layer reads as 0, and therefore pads with.
    pub(super) fn zero_levels(self) -> [f32; 3] {
        match self {
            Self::I3d => [I3D_MIDDLE; 3],
            _ if self.is_efficientnet_lite() => [EFFICIENTNET_MIDDLE; 3],
            _ => MEAN_BGR,
        }
    }

    fn is_efficientnet_lite(self) -> bool {
        matches!(self, Self::EfficientNetLite0 | Self::EfficientNetLite1 | Self::EfficientNetLite2)
    }

    /// Returns the name of the convolution that reads the input.
    pub(super) fn first_layer(self) -> &'static str {
        match self {
            Self::SqueezeNet => "conv1",
            Self::MobileNetV2 | Self::EfficientNetLite0 | Self::EfficientNetLite1 | Self::EfficientNetLite2 => {
                "first.conv"
            }
            Self::BnInception | Self::ResNet18 | Self::ResNet50 => "conv1.conv",
            Self::I3d => "conv3d_1a.conv",
            Self::C3d | Self::C3dPadded | Self::ThreeDNet => "conv1a",
            Self::CnnM2048 | Self::Emv => "conv1",
            Self::Vgg16 => "conv1_1",
        }
    }

    /// Returns the name of the layer that predicts the classes.
    pub(crate) fn last_layer(self) -> &'static str {
        match self {
            Self::SqueezeNet => "conv10",
            Self::MobileNetV2 | Self::EfficientNetLite0 | Self::EfficientNetLite1 | Self::EfficientNetLite2 => {
                "classifier"
            }
            Self::BnInception | Self::ResNet18 | Self::ResNet50 => "fc",
            Self::I3d => "logits",
            Self::C3d | Self::C3dPadded | Self::ThreeDNet | Self::CnnM2048 | Self::Emv | Self::Vgg16 => "fc8",
        }
    }
}
