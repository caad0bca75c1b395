//! Tests of the exported graphs.

use std::collections::BTreeSet;

use burn::tensor::{Device, Distribution, Tensor};
use prost::Message;

use super::proto::ModelProto;
use super::*;
use crate::nets::import::{Colours, import_motion, import_stream};
use crate::nets::{
    Architecture, Backbone, C3d, C3dWidths, CnnM, CnnMWidths, FlowReading, JointArchitecture, JointConfig, JointEntry,
    ModelCard, MotionConfig, MotionCue, MotionEntry, Origin, Preprocessing, StreamConfig, StreamEntry, StreamInput,
};

const SIZE: FrameSize = FrameSize { width: 64, height: 32 };
const OPTIONS: OnnxOptions = OnnxOptions { batch: 2, motion: SIZE, spatial: SIZE, precision: Precision::F32 };

fn stream(backbone: Backbone, input: StreamInput) -> Stream {
    StreamConfig { backbone, input, classes: 3, dropout: None }.init(&Device::flex())
}

fn model(backbone: Backbone, frames: usize) -> HiddenTwoStream {
    let config = MotionConfig { width: 2, frames, ..MotionConfig::default() };
    let entry = |weights: &str| StreamEntry::new(weights, backbone);
    let card = ModelCard {
        format: ModelCard::FORMAT,
        name: "small".into(),
        hash: None,
        licence: String::new(),
        precision: Precision::F32,
        classes: ["a", "b", "c"].map(str::to_owned).to_vec(),
        thresholds: Vec::new(),
        motion: Some(MotionEntry::new("motion.safetensors", config.clone())),
        joint: None,
        temporal: Some(entry("temporal.safetensors")),
        spatial: Some(entry("spatial.safetensors")),
        preprocessing: Preprocessing { motion: SIZE, spatial: SIZE.into() },
        fusion: Fusion::default(),
        origin: Origin::default(),
    };
    HiddenTwoStream {
        card,
        motion: config.init(&Device::flex()),
        temporal: Some(stream(backbone, StreamInput::STACK)),
        spatial: Some(stream(backbone, StreamInput::PICTURE)),
    }
}

/// Checks that nodes are topologically sorted, and that no value is produced twice.
fn check_graph(bytes: &[u8]) -> ModelProto {
    let model = ModelProto::decode(bytes).unwrap();
    let graph = model.graph.clone().unwrap();
    let mut known: BTreeSet<&str> = graph.input.iter().map(|input| input.name.as_str()).collect();
    for constant in &graph.initializer {
        assert!(known.insert(&constant.name));
        let bytes_each = if constant.data_type == super::proto::data_type::INT64 { 8 } else { 4 };
        let numbers: i64 = constant.dims.iter().product();
        assert_eq!(constant.raw_data.len(), bytes_each * numbers as usize, "{}", constant.name);
    }
    for node in &graph.node {
        for input in &node.input {
            assert!(known.contains(input.as_str()), "{} reads {input}", node.op_type);
        }
        for output in &node.output {
            assert!(known.insert(output), "{output} is made twice");
        }
    }
    assert!(graph.output.iter().all(|output| known.contains(output.name.as_str())));
    model
}

/// Returns the shape of an input or output.
fn shape(value: &super::proto::ValueInfoProto) -> Vec<i64> {
    let tensor = value.r#type.as_ref().unwrap().tensor_type.as_ref().unwrap();
    tensor.shape.as_ref().unwrap().dim.iter().map(|side| side.dim_value.unwrap()).collect()
}

#[test]
fn graphs_of_all_backbones_are_sound() {
    for backbone in [
        Backbone::SqueezeNet,
        Backbone::MobileNetV2,
        Backbone::EfficientNetLite0,
        Backbone::BnInception,
        Backbone::ResNet18,
    ] {
        let export = export(&model(backbone, 2), &OPTIONS).unwrap();
        let names: Vec<&str> = export.files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["motion.onnx", "temporal.onnx", "spatial.onnx", "two-stream.onnx"], "{backbone:?}");
        assert!(export.left_out.is_empty());
        let models: Vec<ModelProto> = export.files.iter().map(|(_, bytes)| check_graph(bytes)).collect();
        let whole = models[3].graph.as_ref().unwrap();
        let outputs: Vec<&str> = whole.output.iter().map(|output| output.name.as_str()).collect();
        assert_eq!(outputs, ["flow", "temporal_logits", "spatial_logits", "probabilities"]);
        let metadata = &models[3].metadata_props;
        assert!(metadata.iter().any(|entry| entry.key == "classes" && entry.value == "a\nb\nc"));
    }
}

#[test]
fn supervised_flow_networks_without_warps_have_graphs() {
    let size = FrameSize { width: 128, height: 64 };
    let exported = |architecture| {
        let mut model = model(Backbone::SqueezeNet, 2);
        let config = MotionConfig { architecture, width: 2, frames: 2, ..MotionConfig::default() };
        model.card.motion = Some(MotionEntry::new("motion.safetensors", config.clone()));
        model.motion = config.init(&Device::flex());
        (model.temporal, model.spatial) = (None, None);
        export(&model, &OnnxOptions { motion: size, ..OPTIONS })
    };
    for architecture in
        [Architecture::FlowNetS, Architecture::FlowNetC, Architecture::FlowNetSd, Architecture::NextFlow]
    {
        let export = exported(architecture).unwrap();
        let graph = check_graph(&export.files[0].1).graph.unwrap();
        assert_eq!((export.files.len(), shape(&graph.output[0])), (1, vec![2, 1, 2, 32, 64]), "{architecture:?}");
    }
    let error = exported(Architecture::FlowNet2).unwrap_err();
    assert_eq!(error.cause, "motion.onnx: FlowNet2 warps frames between its networks, which is not exported");
}

#[test]
fn c3d_reads_clips_of_pictures_and_fuses_with_another_stream() {
    let mut model = model(Backbone::SqueezeNet, 2);
    for (backbone, decoder) in [(Backbone::C3d, 0), (Backbone::C3dPadded, 0), (Backbone::ThreeDNet, 2)] {
        let input = StreamInput { modality: Modality::Pictures, count: 16 };
        let config = StreamConfig { backbone, input, classes: 3, dropout: None };
        let widths = C3dWidths { base: 2, hidden: 8, side: 2, decoder };
        model.spatial = Some(Stream::of(Layers::C3d(C3d::with_widths(widths, &config, &Device::flex()))));
        model.card.spatial = Some(StreamEntry::new("spatial.safetensors", backbone));
        let export = export(&model, &OPTIONS).unwrap();
        assert!(export.left_out.is_empty() && export.files.len() == 4, "{backbone:?}: {:?}", export.left_out);
        let graph = check_graph(&export.files[2].1).graph.unwrap();
        assert_eq!(graph.input[0].name, "pictures");
        assert_eq!((shape(&graph.input[0]), shape(&graph.output[0])), (vec![2, 16, 3, 32, 64], vec![2, 3]));
        let whole = check_graph(&export.files[3].1).graph.unwrap();
        let inputs: Vec<&str> = whole.input.iter().map(|input| input.name.as_str()).collect();
        assert_eq!(inputs, ["frames", "pictures"]);
    }
}

#[test]
fn cnn_m_and_emv_have_graphs_of_both_streams() {
    let size = FrameSize { width: 128, height: 96 };
    for backbone in [Backbone::CnnM2048, Backbone::Emv] {
        let mut model = model(Backbone::SqueezeNet, 2);
        let widths = CnnMWidths { conv1: 2, conv2: 4, conv3: 4, fc6: 8, fc7: 4, side: 2 };
        let narrow = |input| {
            let config = StreamConfig { backbone, input, classes: 3, dropout: None };
            Some(Stream::of(Layers::CnnM(CnnM::with_widths(widths, &config, &Device::flex()))))
        };
        (model.temporal, model.spatial) = (narrow(StreamInput::STACK), narrow(StreamInput::PICTURE));
        model.card.temporal = Some(StreamEntry::new("temporal.safetensors", backbone));
        model.card.spatial = Some(StreamEntry::new("spatial.safetensors", backbone));
        let export = export(&model, &OnnxOptions { motion: size, spatial: size, ..OPTIONS }).unwrap();
        assert!(export.left_out.is_empty() && export.files.len() == 4, "{backbone:?}: {:?}", export.left_out);
        let graphs: Vec<_> = export.files.iter().map(|(_, bytes)| check_graph(bytes).graph.unwrap()).collect();
        let slopes = |file: usize| graphs[file].node.iter().filter(|node| node.op_type == "PRelu").count();
        let expected = if backbone == Backbone::Emv { 7 } else { 0 };
        assert_eq!([slopes(1), slopes(2)], [expected, 0], "only motion vectors have slopes of their own");
        assert_eq!(shape(&graphs[1].output[0]), [2, 3]);
    }
}

#[test]
fn rgb_differences_are_made_of_frames_in_the_graph() {
    let mut model = model(Backbone::SqueezeNet, 2);
    model.temporal = Some(stream(Backbone::SqueezeNet, StreamInput::DIFFERENCES));
    model.card.temporal.as_mut().unwrap().input = MotionCue::RgbDifference;
    let export = export(&model, &OPTIONS).unwrap();
    assert_eq!(export.left_out, ["two-stream.onnx: the temporal stream reads no flow"]);
    let (name, bytes) = &export.files[1];
    let graph = check_graph(bytes).graph.unwrap();
    assert_eq!((name.as_str(), graph.input[0].name.as_str()), ("temporal.onnx", "frames"));
    assert_eq!((shape(&graph.input[0]), shape(&graph.output[0])), (vec![2, 6, 3, 32, 64], vec![2, 3]));
}

#[test]
fn joint_networks_are_refused_by_name() {
    for architecture in JointArchitecture::ALL {
        let mut model = model(Backbone::SqueezeNet, 2);
        let config = JointConfig { architecture, width: 2, ..JointConfig::default() };
        model.motion = MotionNetwork::Joint(config.init(3, &Device::flex()));
        model.card.joint = Some(JointEntry { weights: "joint.safetensors".into(), config });
        (model.card.motion, model.temporal, model.spatial) = (None, None, None);
        let square = |side| OnnxOptions { motion: FrameSize { width: side, height: side }, ..OPTIONS };
        let error = export(&model, &square(64)).unwrap_err();
        assert_eq!(error.cause, "motion.onnx: networks for flow and action are not exported");
        let error = export(&model, &square(72)).unwrap_err();
        assert!(error.cause.starts_with(&format!("72x72 does not suit {}", architecture.name())), "{error}");
    }
}

#[test]
fn the_mean_that_a_stream_subtracts_is_in_its_files() {
    let mut model = model(Backbone::SqueezeNet, 2);
    let means_in = |model: &HiddenTwoStream| {
        let export = export(model, &OPTIONS).unwrap();
        [1, 3].map(|file| {
            let graph = check_graph(&export.files[file].1).graph.unwrap(); // the temporal stream, and the whole model
            graph.node.iter().filter(|node| node.op_type == "ReduceMean").count()
        })
    };
    assert_eq!(means_in(&model), [0, 0]);
    let reading = FlowReading { mean: FlowMean::Field, ..FlowReading::default() };
    model.temporal = model.temporal.map(|stream| stream.with_reading(reading));
    assert_eq!(means_in(&model), [2, 2], "over rows and over columns");
}

#[test]
fn what_was_exported_is_imported_again() {
    let dir = tempfile::tempdir().unwrap();
    let before = model(Backbone::SqueezeNet, 11);
    let export = export(&before, &OPTIONS).unwrap();
    for (name, bytes) in &export.files {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    let device = Device::flex();
    let close = |one: Tensor<4>, other: Tensor<4>| {
        let apart = (one - other).abs().max().into_scalar::<f32>();
        assert!(apart < 1e-5, "{apart}");
    };
    let motion = import_motion(&dir.path().join("motion.onnx"), before.card.init_flow_network(&device)).unwrap();
    let frames = Tensor::random([1, 33, 32, 64], Distribution::Default, &device);
    close(before.motion.forward(frames.clone()).into_finest(), motion.network.forward(frames).into_finest());

    let fresh = stream(Backbone::SqueezeNet, StreamInput::PICTURE);
    let spatial = import_stream(&dir.path().join("spatial.onnx"), fresh, Some(Colours::Bgr)).unwrap();
    let picture = Tensor::random([1, 3, 32, 64], Distribution::Normal(0.0, 60.0), &device);
    let logits = |stream: &Stream| stream.forward(picture.clone()).reshape([1, 3, 1, 1]);
    close(logits(before.spatial.as_ref().unwrap()), logits(&spatial.network));
}

#[test]
fn what_cannot_be_exported_is_named() {
    let odd = OnnxOptions { motion: FrameSize { width: 100, height: 32 }, ..OPTIONS };
    let error = export(&model(Backbone::SqueezeNet, 2), &odd).unwrap_err();
    assert!(error.cause.contains("100x32 does not suit MotionNet"), "{error}");
    assert_eq!(error.remedy, "Use --size 128x32");

    let mut two_stage = model(Backbone::SqueezeNet, 2);
    two_stage.card.temporal.as_mut().unwrap().flow_source = FlowSource::Dis;
    let export = export(&two_stage, &OPTIONS).unwrap();
    assert_eq!(export.left_out, ["two-stream.onnx: the temporal stream reads DIS flow (preset medium)"]);
    assert_eq!(export.files.len(), 3);
}

#[test]
fn a_size_that_does_not_suit_motion_net_matters_where_its_flow_is_read() {
    let odd = FrameSize { width: 96, height: 72 };
    let mut model = model(Backbone::SqueezeNet, 2);
    model.card.preprocessing.motion = odd;
    assert_eq!(usual_size(&model), FrameSize { width: 96, height: 96 }, "the next that suits");

    model.card.temporal.as_mut().unwrap().flow_source = FlowSource::Dis;
    assert_eq!(usual_size(&model), odd, "the stream reads flow of this size");
    let options = OnnxOptions { motion: odd, ..OPTIONS };
    let export = export(&model, &options).unwrap();
    let names: Vec<&str> = export.files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["temporal.onnx", "spatial.onnx"]);
    assert!(export.left_out[0].starts_with("motion.onnx: 96x72 does not suit"), "{:?}", export.left_out);
    assert!(export.left_out[0].ends_with("no part in the scores"), "{:?}", export.left_out);
    let temporal = check_graph(&export.files[0].1).graph.unwrap();
    let of_flow = &temporal.input[0];
    assert_eq!(of_flow.name, "flow");
    assert!(!example(&model, &options).unwrap().is_empty());
}

#[test]
fn half_precision_is_cast_at_the_ends() {
    let half = OnnxOptions { precision: Precision::F16, ..OPTIONS };
    let model = model(Backbone::SqueezeNet, 2);
    let [full, half] = [OPTIONS, half].map(|options| export(&model, &options).unwrap().files[3].1.clone());
    assert!(half.len() < full.len() * 6 / 10, "{} of {}", half.len(), full.len());
    let graph = ModelProto::decode(&half[..]).unwrap().graph.unwrap();
    let casts = graph.node.iter().filter(|node| node.op_type == "Cast").count();
    assert_eq!(casts, graph.input.len() + graph.output.len());
}
