//! The networks of hidden two-stream action recognition (Zhu et al.), and their files.
//!
//! In the order of the data flow: [`preprocessing`] converts images to tensors, a [`MotionNetwork`] predicts optical
//! flow from them, [`flow_normalisation`] converts flow to the input of the temporal [`Stream`], the spatial [`Stream`]
//! reads one frame, and [`fusion`] combines the scores of both. [`HiddenTwoStream`] is a complete model in one folder,
//! described by its [`ModelCard`]. All inference goes from frames to logits through [`MotionNetwork::flows`],
//! [`Stream::temporal_logits`] and [`Stream::spatial_logits`]. [`weights`] reads and writes parameters, and [`import`]
//! converts those of PyTorch, Caffe and ONNX.

mod backbone;
mod batch_norm;
mod bn_inception;
mod c3d;
mod card_entries;
mod cnn_m;
mod conv_norm3d;
mod convolve;
mod efficientnet_lite;
mod flow_decoder3d;
mod flow_nets;
pub mod flow_normalisation;
mod flow_pyramid;
mod flow_source;
pub mod fusion;
mod hidden_two_stream;
mod i3d;
pub mod import;
mod inverted_residual;
pub mod joint;
mod kernels;
mod layers;
mod local_response;
mod mobilenet_v2;
mod model_card;
mod model_hash;
mod motion_config;
mod motion_net;
mod motion_network;
mod motion_square;
mod multiply_adds;
pub mod onnx;
mod pooling;
mod precision;
mod prelu;
pub mod preprocessing;
mod read_back;
mod resnet;
pub(crate) mod separable;
mod sequence_net;
mod squeezenet;
mod stream;
mod stream_config;
mod stream_input;
mod tiny_motion_net;
mod vgg16;
pub mod weights;

pub use backbone::Backbone;
pub use batch_norm::{BatchNorm, ConvNorm};
pub use bn_inception::{BnInception, Inception};
pub use c3d::{C3d, C3dWidths};
pub use cnn_m::{CnnM, CnnMWidths};
pub use conv_norm3d::ConvNorm3d;
pub use efficientnet_lite::EfficientNetLite;
pub use flow_decoder3d::{FLOW3D_UNIT_PX, FlowDecoder3d};
pub use flow_nets::{
    Enlargement, FlowNet, FlowNet2, FlowNet2Steps, FlowNetConventions, FlowNetLayers, FlowNetS, MeanColour, NativeFlow,
    WarpBorder, operators as flow_operators,
};
pub use flow_pyramid::{FLOW_UNIT_PX, FlowPyramid};
pub use flow_source::FlowSource;
pub use hidden_two_stream::HiddenTwoStream;
pub use i3d::{I3d, Mixed};
pub use inverted_residual::InvertedResidual;
pub use joint::{JointArchitecture, JointConfig, JointNetwork};
pub(crate) use kernels::Vectors;
pub use local_response::local_response_norm;
pub use mobilenet_v2::MobileNetV2;
pub use model_card::{
    BaseModel, FrameSize, JointEntry, ModelCard, MotionEntry, Origin, Preprocessing, SpatialFrames, StreamEntry,
};
pub use motion_config::{Architecture, MotionConfig, WINDOW_FRAMES};
pub use motion_net::MotionNet;
pub use motion_network::{Evaluation, MotionNetwork, MotionOutput};
pub use motion_square::{MotionCrop, MotionSquare};
pub use multiply_adds::multiply_adds;
pub use precision::Precision;
pub use prelu::PRelu;
pub use read_back::{device_failed, device_of, is_device_failure, read_back, read_rows};
pub use resnet::{Block, ResNet};
pub use separable::{Separable, SeparableWindow};
pub use sequence_net::{DilatedBlock, SequenceConfig, SequenceNet};
pub use squeezenet::SqueezeNet;
pub(crate) use stream::mean_of_views;
pub use stream::{Layers, Stream, cross_modality};
pub use stream_config::StreamConfig;
pub use stream_input::{FlowMean, FlowReading, FlowResolution, Modality, MotionCue, StreamInput};
pub use tiny_motion_net::TinyMotionNet;
pub use vgg16::Vgg16;
