//! Weights of other programs: networks of PyTorch's model collections answer as they do there, and files of every
//! format that are damaged, hostile or another network's are refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use motionscope::error::Error;
use motionscope::nets::import::{Colours, import_motion, import_stream, stream_from_imagenet};
use motionscope::nets::preprocessing::MEAN_BGR;
use motionscope::nets::{
    Architecture, Backbone, FlowNetConventions, Modality, MotionConfig, MotionNetwork, Precision, StreamConfig,
    StreamInput, weights,
};
use serde::Deserialize;
use serde::de::value::{Error as NoName, StrDeserializer};

use super::{Reference, largest_difference, noise, values};
use crate::shared;

/// The weights files `tests/make_imports.py` wrote; none, reported, where it has not run.
fn cases() -> Vec<PathBuf> {
    let Some(folder) = std::env::var_os("MOTIONSCOPE_IMPORTS") else {
        shared::skip(
            "imports",
            "no networks of PyTorch's (run tests/make_imports.py DIR and set MOTIONSCOPE_IMPORTS=DIR)",
        );
        return Vec::new();
    };
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> = entries.filter(|path| path.extension().is_none_or(|end| end != "reference")).collect();
    cases.sort();
    assert!(!cases.is_empty(), "the folder of imports is empty");
    cases
}

/// The largest difference as a share of the largest expected value.
fn share_of_largest(actual: &[f32], expected: &[f32]) -> f32 {
    let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    largest_difference(actual, expected) / largest
}

#[test]
fn imported_networks_answer_as_in_pytorch() {
    for path in cases() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let reference = Reference::read(&path.with_file_name(format!("{name}.reference")));
        let input = reference.tensor("input", &Device::flex());
        if name.starts_with("motion-net") {
            motion_answers(&path, &reference, input);
        } else {
            stream_answers(&path, name, &reference, input);
        }
    }
}

fn motion_answers(path: &Path, reference: &Reference, input: Tensor<4>) {
    let config = MotionConfig { width: 2, ..MotionConfig::default() };
    let imported = import_motion(path, config.init(&Device::flex())).unwrap();
    let share =
        share_of_largest(&values(imported.network.forward(input).levels.swap_remove(0)), reference.values("output"));
    println!("{}: {share:e}, left out: {:?}", path.display(), imported.left_out);
    assert!(share < 1e-4, "{} differs by {share:e}", path.display());
    if path.extension().is_some_and(|end| end == "caffemodel") {
        for left_out in ["deconv5.bias", "FlowDeltas2_0.weight", "conv1_1_vgg16.weight"] {
            assert!(imported.left_out.iter().any(|name| name == left_out), "{:?}", imported.left_out);
        }
    }
}

fn stream_answers(path: &Path, name: &str, reference: &Reference, input: Tensor<4>) {
    let named = |end: &usize| Backbone::deserialize(StrDeserializer::<NoName>::new(&name[..*end]));
    let ends: Vec<usize> = name.match_indices('-').map(|(end, _)| end).collect();
    let backbone = ends.iter().rev().find_map(|end| named(end).ok()).expect("a case begins with its backbone");
    let classes = reference.tensors["output"].shape()[1];
    let channels = input.dims()[1];
    let modality = if channels.is_multiple_of(3) { Modality::Pictures } else { Modality::Flow };
    let planes = StreamInput { modality, count: 1 }.planes();
    let input_of = StreamInput { modality, count: channels / planes };
    let config = StreamConfig { backbone, input: input_of, classes, dropout: None };
    let fresh = || config.init(&Device::flex());

    let imported = import_stream(path, fresh(), Some(Colours::Bgr)).unwrap();
    let share = share_of_largest(&values(imported.network.forward(input)), reference.values("output"));
    println!("{name}: {share:e}, left out: {:?}", imported.left_out);
    assert!(share < 1e-4, "{name} differs by {share:e}");

    if let Some(ours) = ["picture", "flow"].into_iter().find(|name| reference.tensors.contains_key(*name)) {
        let picture = reference.tensor(ours, &Device::flex());
        let imported = import_stream(path, fresh(), None).unwrap();
        let share = share_of_largest(&values(imported.network.forward(picture)), reference.values("output"));
        println!("{name}: {share:e} on pictures taken for {:?}", imported.colours);
        // For the colour of the padding, which networks that take the middle off themselves have right.
        let is_exact = matches!(imported.colours, Colours::Signed | Colours::Lite);
        let tolerance = if is_exact { 1e-4 } else { 3e-2 };
        assert!(share < tolerance, "{name} differs by {share:e} on our pictures");
    }
}

fn tiny() -> MotionConfig {
    MotionConfig { architecture: Architecture::TinyMotionNet, frames: 2, width: 1, ..MotionConfig::default() }
}

/// Protocol buffers, written by hand.
mod wire {
    pub fn varint(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number > 0x7f {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }

    pub fn number(field: u64, number: u64) -> Vec<u8> {
        [varint(field << 3), varint(number)].concat()
    }

    pub fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
        [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
    }

    pub fn packed(field: u64, values: &[f32]) -> Vec<u8> {
        bytes(field, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
    }

    pub fn one_by_one(field: u64, values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| [varint(field << 3 | 5), value.to_le_bytes().to_vec()].concat()).collect()
    }
}

/// Tensors of a fresh tiny network in the order in which it uses them.
struct Tensors {
    folder: tempfile::TempDir,
    network: MotionNetwork,
    reference: Reference,
}

const LAYERS: [&str; 13] = [
    "conv1",
    "conv2",
    "conv3",
    "conv4",
    "conv_pr4",
    "deconv3",
    "upsample_flow4_to_3",
    "smooth_conv3",
    "conv_pr3",
    "deconv2",
    "upsample_flow3_to_2",
    "smooth_conv2",
    "conv_pr2",
];

impl Tensors {
    fn fresh() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let network = tiny().init(&Device::flex());
        let file = folder.path().join("ours.safetensors");
        weights::save_module(&network, &file, Precision::F32).unwrap();
        Self { reference: Reference::read(&file), network, folder }
    }

    fn blobs(&self, layer: &str) -> Vec<(Vec<u64>, &[f32])> {
        let names = ["weight", "bias"].map(|parameter| format!("{layer}.{parameter}"));
        let present = names.iter().filter(|name| self.reference.tensors.contains_key(*name));
        let shape = |name: &str| self.reference.tensors[name].shape().iter().map(|&side| side as u64).collect();
        present.map(|name| (shape(name), self.reference.values(name))).collect()
    }

    /// A `.caffemodel` of the current version.
    fn caffemodel(&self) -> Vec<u8> {
        let mut file = wire::bytes(1, b"net");
        for layer in LAYERS {
            let mut content = wire::bytes(1, layer.replace("_to_", "to").as_bytes());
            for (shape, values) in self.blobs(layer) {
                let sides: Vec<u8> = shape.iter().flat_map(|&side| wire::varint(side)).collect();
                let shape = wire::bytes(7, &wire::bytes(1, &sides));
                content.extend(wire::bytes(7, &[wire::packed(5, values), shape].concat()));
            }
            file.extend(wire::bytes(100, &content));
        }
        file
    }

    /// A `.caffemodel` of version 1.
    fn caffemodel_v1(&self) -> Vec<u8> {
        let layer = |layer: &str| {
            let mut content = wire::bytes(4, layer.as_bytes());
            for (shape, values) in self.blobs(layer) {
                let sides: Vec<u64> = std::iter::repeat_n(1, 4 - shape.len()).chain(shape).collect();
                let sides = (1..).zip(sides).flat_map(|(field, side)| wire::number(field, side));
                content.extend(wire::bytes(6, &sides.chain(wire::one_by_one(5, values)).collect::<Vec<_>>()));
            }
            wire::bytes(2, &content)
        };
        LAYERS.iter().flat_map(|name| layer(name)).collect()
    }

    /// An `.onnx` file whose names say nothing.
    fn onnx(&self) -> Vec<u8> {
        let (mut nodes, mut initialisers, mut names) = (Vec::new(), Vec::new(), (0..100).rev());
        for layer in LAYERS {
            let mut node = wire::bytes(1, b"x");
            for (shape, values) in self.blobs(layer) {
                let name = format!("onnx::{}", names.next().unwrap());
                let dims = shape.iter().flat_map(|&side| wire::number(1, side));
                let kind = wire::number(2, 1);
                let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                let content = [dims.collect(), kind, wire::bytes(8, name.as_bytes()), wire::bytes(9, &data)].concat();
                initialisers.extend(wire::bytes(5, &content));
                node.extend(wire::bytes(1, name.as_bytes()));
            }
            let operation =
                if layer.contains("conv") && !layer.starts_with("deconv") { "Conv" } else { "ConvTranspose" };
            node.extend(wire::bytes(4, operation.as_bytes()));
            nodes.extend(wire::bytes(1, &node));
        }
        wire::bytes(7, &[nodes, initialisers].concat())
    }

    fn import(&self, file: &str, bytes: &[u8]) -> Result<MotionNetwork, Error> {
        let path = self.folder.path().join(file);
        std::fs::write(&path, bytes).unwrap();
        import_motion(&path, tiny().init(&Device::flex())).map(|imported| imported.network)
    }
}

#[test]
fn caffe_and_onnx_give_the_same_network_again() {
    let tensors = Tensors::fresh();
    let frames = noise([1, 6, 32, 64], &Device::flex());
    let flow = |network: &MotionNetwork| values(network.forward(frames.clone()).levels.swap_remove(0));
    let files = [
        ("current.caffemodel", tensors.caffemodel()),
        ("version1.CAFFEMODEL", tensors.caffemodel_v1()),
        ("nameless.onnx", tensors.onnx()),
    ];
    for (file, bytes) in files {
        let network = tensors.import(file, &bytes).unwrap();
        assert_eq!(flow(&network), flow(&tensors.network), "{file}");
    }
}

#[test]
fn damaged_files_are_refused_with_the_place() {
    let tensors = Tensors::fresh();
    for (file, whole, field) in [
        ("a.caffemodel", tensors.caffemodel(), "NetParameter.layer:"),
        ("b.caffemodel", tensors.caffemodel_v1(), "NetParameter.layers:"),
        ("c.onnx", tensors.onnx(), "ModelProto.graph:"),
    ] {
        for length in (0..whole.len()).step_by(whole.len() / 97) {
            let error = tensors.import(file, &whole[..length]).expect_err(file);
            assert!(error.subject.ends_with(file) && !error.remedy.is_empty(), "{error}");
        }
        let error = tensors.import(file, &whole[..whole.len() - 1]).unwrap_err();
        assert!(error.cause.contains("cut off") && error.cause.contains(field), "{error}");
        // Any byte may be another one: no panic, and memory for what is there only.
        for at in (0..whole.len()).step_by(whole.len() / 97) {
            for byte in [0x00, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                drop(tensors.import(file, &damaged));
            }
        }
    }
}

#[test]
fn hostile_files_are_refused() {
    let tensors = Tensors::fresh();
    let huge = u64::MAX / 2;
    let blob = |content: &[u8]| wire::bytes(100, &[wire::bytes(1, b"conv1"), wire::bytes(7, content)].concat());
    let shape = |sides: &[u64]| {
        wire::bytes(7, &wire::bytes(1, &sides.iter().flat_map(|&side| wire::varint(side)).collect::<Vec<_>>()))
    };
    let hundred = [wire::number(1, 100), wire::number(2, 1), wire::bytes(8, b"x"), wire::bytes(9, &[0; 400])].concat();
    let tensor = wire::bytes(5, &hundred);
    let odd = [wire::number(1, 2), wire::number(2, 1), wire::bytes(9, &[0; 7])].concat();
    let copy = |name: u8| [wire::bytes(1, b"x"), wire::bytes(2, &[name]), wire::bytes(4, b"Identity")].concat();
    let copies: Vec<u8> = (b'A'..=b'Z').flat_map(|name| wire::bytes(1, &copy(name))).collect();
    let cases = [
        ("a.caffemodel", [wire::varint(100 << 3 | 2), wire::varint(huge)].concat(), "buffer underflow"),
        ("b.caffemodel", blob(&shape(&[huge, huge, 2, 2])), "has 0 numbers"),
        ("c.caffemodel", blob(&[shape(&[huge, 0]), wire::packed(5, &[])].concat()), "has 0 numbers"),
        ("d.caffemodel", blob(&[shape(&[2]), wire::bytes(5, &[0; 7])].concat()), "BlobProto.data"),
        ("e.caffemodel", vec![0xff; 30], "invalid varint"),
        ("f.caffemodel", blob(&[shape(&[1]), wire::packed(5, &[f32::NAN])].concat()), "it lacks `conv1.bias`"),
        ("g.caffemodel", vec![0x0f], "wire type value: 7"),
        ("h.caffemodel", Vec::new(), "no layer with parameters"),
        ("i.caffemodel", [tensors.caffemodel(), tensors.caffemodel()].concat(), "duplicate tensor"),
        ("j.onnx", wire::bytes(7, &wire::bytes(5, &wire::number(1, huge))), "no initialiser"),
        (
            "k.onnx",
            wire::bytes(7, &wire::bytes(5, &[wire::number(1, huge), wire::number(2, 1)].concat())),
            "has 0 numbers",
        ),
        ("l.onnx", wire::bytes(7, &wire::bytes(5, &wire::number(14, 1))), "in an external file"),
        ("m.onnx", wire::bytes(7, &[tensor, copies].concat()), "more room than the file"),
        ("n.onnx", wire::bytes(7, &wire::bytes(5, &odd)), "7 bytes are not numbers of 4 bytes"),
    ];
    for (file, bytes, cause) in cases {
        let error = tensors.import(file, &bytes).unwrap_err();
        assert!(error.cause.contains(cause), "{file}: {error}");
    }
}

#[test]
fn temporal_streams_start_from_the_averaged_colours() {
    // EfficientNet-Lite brings pictures, and no flow, from their mean to the middle.
    for (backbone, middle) in [(Backbone::ResNet18, MEAN_BGR), (Backbone::EfficientNetLite2, [127.0; 3])] {
        starts_from_the_averaged_colours(backbone, middle);
    }
}

fn starts_from_the_averaged_colours(backbone: Backbone, middle: [f32; 3]) {
    let device = Device::flex();
    let config = |input, classes| StreamConfig { backbone, input, classes, dropout: None };
    let pictures = config(StreamInput::PICTURE, 5).init(&device);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pictures.safetensors");
    weights::save_module(&pictures, &file, Precision::F32).unwrap();
    let flow = stream_from_imagenet(&file, &config(StreamInput::STACK, 2), &device).unwrap();
    // A stack of one map repeated must excite the first layer, and so all, 20/3 times as much as grey of that map does.
    let map = noise([1, 1, 64, 64], &device);
    let taken_off: Vec<f32> = middle.iter().zip(MEAN_BGR).map(|(middle, mean)| middle - mean).collect();
    let taken_off = Tensor::<4>::from_data(TensorData::new(taken_off, [1, 3, 1, 1]), &device);
    let expected = values(pictures.features(map.clone().repeat_dim(1, 3) * (20.0 / 3.0) + taken_off));
    let share = share_of_largest(&values(flow.features(map.clone().repeat_dim(1, 20))), &expected);
    assert!(share < 1e-4, "the features of {} differ by {share:e}", backbone.name());
    assert_eq!(flow.forward(map.repeat_dim(1, 20)).dims(), [1, 2]);
}

/// A supervised network of two channels and its parameters by our names.
fn flow_net(architecture: Architecture) -> (MotionNetwork, Reference) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ours.safetensors");
    let network = MotionConfig { architecture, frames: 2, width: 2, ..MotionConfig::default() }.init(&Device::flex());
    weights::save_module(&network, &file, Precision::F32).unwrap();
    (network, Reference::read(&file))
}

/// The parameters of `reference` in a `.caffemodel`, under the names that `theirs` has for our layers.
fn caffemodel_of(reference: &Reference, theirs: impl Fn(&str) -> String) -> Vec<u8> {
    let layers: std::collections::BTreeSet<&str> =
        reference.tensors.keys().filter_map(|name| Some(name.rsplit_once('.')?.0)).collect();
    let mut file = wire::bytes(1, b"net");
    for layer in layers {
        let mut content = wire::bytes(1, theirs(layer).as_bytes());
        for parameter in ["weight", "bias"] {
            let Some(data) = reference.tensors.get(&format!("{layer}.{parameter}")) else { continue };
            let sides: Vec<u8> = data.shape().iter().flat_map(|&side| wire::varint(side as u64)).collect();
            let shape = wire::bytes(7, &wire::bytes(1, &sides));
            content.extend(wire::bytes(7, &[wire::packed(5, data.as_slice().unwrap()), shape].concat()));
        }
        file.extend(wire::bytes(100, &content));
    }
    file
}

/// What the Caffe release of FlowNet2 calls our layers.
fn caffe_name(layer: &str) -> String {
    let (part, layer) = layer.split_once('.').map_or(("", layer), |(part, layer)| (part, layer));
    let level =
        |prefix: &str| layer.strip_prefix(prefix).map(|level| level.chars().next().unwrap() as usize - '0' as usize);
    let prefix = match part {
        "flownets_1" => "net2_",
        "flownets_2" => "net3_",
        "flownets_d" => "netsd_",
        "flownetfusion" => "fuse_",
        _ => "",
    };
    let is_stacked = ["flownets_1", "flownets_2"].contains(&part);
    if let Some(level) = level("predict_flow") {
        return match part {
            _ if is_stacked => format!("{prefix}predict_conv{level}"),
            "flownetfusion" => format!("fuse__Convolution{}", 7 - level),
            _ => format!("{prefix}Convolution{}", 7 - level),
        };
    }
    if let Some(level) = level("upsampled_flow") {
        let twice = if is_stacked { prefix } else { "" };
        return format!("{prefix}{twice}upsample_flow{level}to{}", level - 1);
    }
    format!("{prefix}{}", layer.replace("inter_conv", "interconv"))
}

#[test]
fn flownet2_of_caffe_is_read_by_its_names_and_sees_the_colours_the_other_way_round() {
    let (network, reference) = flow_net(Architecture::FlowNet2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("FlowNet2.caffemodel");
    std::fs::write(&path, caffemodel_of(&reference, caffe_name)).unwrap();
    let imported = import_motion(&path, network).unwrap().network;
    let MotionNetwork::FlowNet(flow_net) = &imported else { panic!("a supervised network") };
    assert_eq!(flow_net.conventions(), FlowNetConventions::caffe(true));
    let file = folder.path().join("imported.safetensors");
    weights::save_module(&imported, &file, Precision::F32).unwrap();
    let imported = Reference::read(&file);
    for (layer, source) in [
        ("flownetc.conv1", vec![2, 1, 0]),
        ("flownets_1.conv1", vec![2, 1, 0, 5, 4, 3, 8, 7, 6, 9, 10, 11]),
        ("flownets_d.conv0", vec![2, 1, 0, 5, 4, 3]),
        ("flownetfusion.conv0", vec![2, 1, 0, 3, 4, 5, 6, 7, 8, 9, 10]),
    ] {
        let name = format!("{layer}.weight");
        let kernel = imported.tensors[&name].shape()[2].pow(2);
        let of = |values: &[f32], channel: usize| values[channel * kernel..(channel + 1) * kernel].to_vec();
        for (channel, source) in source.into_iter().enumerate() {
            let (ours, theirs) = (of(imported.values(&name), channel), of(reference.values(&name), source));
            assert_eq!(ours, theirs, "{name}, channel {channel}");
        }
    }
    for name in ["flownetc.upsampled_flow6_to_5.bias", "flownets_d.conv1.weight", "flownetfusion.inter_conv0.weight"] {
        assert_eq!(imported.values(name), reference.values(name), "{name}");
    }
}

#[test]
fn weights_of_another_variant_are_refused_by_the_first_wrong_tensor() {
    let folder = tempfile::tempdir().unwrap();
    let import = |file: &str, reference: &Reference, rename: &dyn Fn(&str) -> Option<String>, into: Architecture| {
        let path = folder.path().join(file);
        let tensors = reference.tensors.iter().filter_map(|(name, data)| Some((rename(name)?, data.clone())));
        Reference { tensors: tensors.collect(), ..Reference::default() }.write(&path, |_| true);
        import_motion(&path, flow_net(into).0)
    };
    // The second network of a stack by itself: it reads twelve channels.
    let (_, stack) = flow_net(Architecture::FlowNet2Cs);
    let second = |name: &str| name.strip_prefix("flownets_1.").map(str::to_owned);
    let error = import("stacked.safetensors", &stack, &second, Architecture::FlowNetS).unwrap_err();
    assert_eq!(error.cause, "tensor `conv1.weight` is 2×12×7×7, not 2×6×7×7");
    let (_, alone) = flow_net(Architecture::FlowNetS);
    let all = |name: &str| Some(name.to_owned());
    let error = import("s.safetensors", &alone, &all, Architecture::FlowNetC).unwrap_err();
    assert!(error.cause.starts_with("it lacks `conv_redir.bias`, `conv_redir.weight`"), "{error}");
    let error = import("s2.safetensors", &alone, &all, Architecture::FlowNetSd).unwrap_err();
    let some = "it lacks `conv0.bias`, `conv0.weight`, `conv1_1.bias`, `conv1_1.weight` and 10 more";
    assert!(error.cause.starts_with(some), "{error}");
    // FlowNetPytorch has biases in its convolutions alone.
    let pytorch = |name: &str| {
        let (layer, parameter) = name.rsplit_once('.')?;
        let has_bias = layer.starts_with("conv");
        let in_block = has_bias || layer.starts_with("deconv");
        (has_bias || parameter == "weight").then(|| format!("{layer}{}.{parameter}", if in_block { ".0" } else { "" }))
    };
    let imported = import("pinard.safetensors", &alone, &pytorch, Architecture::FlowNetS).unwrap().network;
    let MotionNetwork::FlowNet(flow_net) = &imported else { panic!("a supervised network") };
    assert_eq!(flow_net.conventions(), FlowNetConventions::PYTORCH);
}

#[test]
fn batch_normalisation_of_flow_net_pytorch_becomes_part_of_the_convolutions() {
    let (network, alone) = flow_net(Architecture::FlowNetS);
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = (folder.path().join("flownets_bn.safetensors"), folder.path().join("imported.safetensors"));
    let mut tensors = BTreeMap::new();
    for (name, data) in &alone.tensors {
        let (layer, parameter) = name.rsplit_once('.').unwrap();
        if parameter == "bias" {
            continue; // none but those of batch normalisation
        }
        let is_in_block = layer.starts_with("conv") || layer.starts_with("deconv");
        tensors.insert(format!("{layer}{}.weight", if is_in_block { ".0" } else { "" }), data.clone());
        if layer.starts_with("conv") {
            let maps = data.shape()[0];
            // Twice what comes in, less 0.5, and 0.25 more.
            for (part, value) in
                [("weight", 2.0), ("bias", 0.25), ("running_mean", 0.5), ("running_var", 1.0 - 1e-5_f32)]
            {
                tensors.insert(format!("{layer}.1.{part}"), TensorData::new(vec![value; maps], [maps]));
            }
        }
    }
    Reference { tensors, ..Reference::default() }.write(&path, |_| true);
    let imported = import_motion(&path, network).unwrap().network;
    weights::save_module(&imported, &file, Precision::F32).unwrap();
    let imported = Reference::read(&file);
    let (weight, before) = (imported.values("conv3_1.weight"), alone.values("conv3_1.weight"));
    assert!(weight.iter().zip(before).all(|(new, old)| (new - 2.0 * old).abs() < 1e-6));
    assert!(imported.values("conv3_1.bias").iter().all(|bias| (bias + 0.75).abs() < 1e-6));
    assert_eq!(imported.values("predict_flow2.weight"), alone.values("predict_flow2.weight"));
}
