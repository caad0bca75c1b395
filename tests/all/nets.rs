//! The networks against independent implementations, and what they make of windows and sizes.

mod files;
mod imports;
mod joint;
mod rival_streams;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use image::RgbImage;
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::nets::fusion::{Fusion, FusionRule};
use motionscope::nets::import::stream_from_imagenet;
use motionscope::nets::preprocessing::{motion_input, spatial_input};
use motionscope::nets::{
    Architecture, Backbone, Layers, MotionConfig, MotionNetwork, StreamConfig, StreamInput, cross_modality,
    flow_normalisation, weights,
};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::shared;

/// The GPU, real or software; `None`, reported, where there is none.
fn gpu() -> Option<Device> {
    choose(DeviceChoice::Gpu).map(|compute| compute.device).inspect_err(|error| shared::skip("gpu", error)).ok()
}

/// A file of named f32 tensors.
#[derive(Default)]
struct Reference {
    tensors: BTreeMap<String, TensorData>,
    /// Those of whole numbers.
    integers: BTreeMap<String, Vec<i64>>,
}

impl Reference {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let floats = |view: &TensorView<'_>| -> Vec<f32> {
            view.data().as_chunks().0.iter().map(|&x| f32::from_le_bytes(x)).collect()
        };
        let is_float = |view: &TensorView<'_>| view.dtype() == Dtype::F32;
        let tensors = file.iter().filter(|(_, view)| is_float(view));
        let tensors =
            tensors.map(|(name, view)| (name.to_owned(), TensorData::new(floats(&view), view.shape().to_vec())));
        let integers = file.iter().filter(|(_, view)| view.dtype() == Dtype::I64);
        let numbers =
            |view: &TensorView<'_>| view.data().as_chunks().0.iter().map(|&x| i64::from_le_bytes(x)).collect();
        Self {
            tensors: tensors.collect(),
            integers: integers.map(|(name, view)| (name.to_owned(), numbers(&view))).collect(),
        }
    }

    /// Writes what is left after `keep` to a file.
    fn write(&self, path: &Path, keep: impl Fn(&str) -> bool) {
        let kept = self.tensors.iter().filter(|(name, _)| keep(name));
        let views = kept
            .map(|(name, data)| (name, TensorView::new(Dtype::F32, data.shape().to_vec(), data.as_bytes()).unwrap()));
        std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
    }

    fn tensor(&self, name: &str, device: &Device) -> Tensor<4> {
        Tensor::from_data(self.tensors[name].clone(), device)
    }

    fn values(&self, name: &str) -> &[f32] {
        self.tensors[name].as_slice().unwrap()
    }
}

fn is_parameter(name: &str) -> bool {
    name.ends_with(".weight") || name.ends_with(".bias")
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

/// Largest difference; NaN counts as infinite.
fn largest_difference(actual: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(actual.len(), expected.len());
    let differences = actual.iter().zip(expected).map(|(a, e)| (a - e).abs());
    differences.fold(0.0, |largest, d| if d.is_nan() { f32::INFINITY } else { d.max(largest) })
}

/// Loads the reference's weights into a network of `architecture` and compares all levels of its prediction.
fn motion_agrees(prefix: &str, architecture: Architecture, device: &Device) {
    for path in shared::reference(prefix) {
        let reference = Reference::read(&path);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weights.safetensors");
        reference.write(&file, is_parameter);
        let [width, channels, ..] = reference.tensors["conv1.weight"].shape()[..] else { panic!("conv1 has no shape") };
        let config = MotionConfig { architecture, frames: channels / 3, width, ..MotionConfig::default() };
        let network = weights::load_module(config.init(device), &file).unwrap();

        let pyramid = network.forward(reference.tensor("input", device));
        for (level, flow) in (2..).zip(pyramid.levels) {
            let name = format!("predict_flow{level}");
            assert_eq!(flow.dims().to_vec(), reference.tensors[&name].shape().to_vec());
            let difference = largest_difference(&values(flow), reference.values(&name));
            println!("{}: {name} differs by {difference:e} on {device:?}", path.display());
            assert!(difference < 2e-5, "{}: {name} differs by {difference:e} on {device:?}", path.display());
        }
    }
}

#[test]
fn motion_net_agrees_with_the_reference_on_the_cpu() {
    motion_agrees("motionnet", Architecture::MotionNet, &Device::flex());
    motion_agrees("motionnet", Architecture::MotionNet, &Device::flex().autodiff());
}

#[test]
fn motion_net_agrees_with_the_reference_on_the_gpu() {
    gpu().inspect(|gpu| motion_agrees("motionnet", Architecture::MotionNet, gpu));
}

#[test]
fn tiny_motion_net_agrees_with_the_reference_on_the_cpu() {
    motion_agrees("tiny_motionnet", Architecture::TinyMotionNet, &Device::flex());
}

#[test]
fn tiny_motion_net_agrees_with_the_reference_on_the_gpu() {
    gpu().inspect(|gpu| motion_agrees("tiny_motionnet", Architecture::TinyMotionNet, gpu));
}

/// Compares the flow normalisation layer and its gradient.
fn temporal_input_agrees(device: Device) {
    let device = device.autodiff();
    for path in shared::reference("temporal_input") {
        let reference = Reference::read(&path);
        let flow = reference.tensor("flow2", &device).require_grad();
        let output = flow_normalisation::classifier_input(flow.clone());
        let difference = largest_difference(&values(output.clone()), reference.values("output"));
        println!("temporal input differs by {difference:e} on {device:?}");
        assert!(difference < 1e-3, "{}: the output differs by {difference:e}", path.display());

        let gradients = (output * reference.tensor("upstream_grad", &device)).sum().backward();
        let expected = reference.values("grad_flow2");
        let largest = expected.iter().fold(0.0f32, |largest, g| largest.max(g.abs()));
        let difference = largest_difference(&values(flow.grad(&gradients).unwrap()), expected);
        println!("temporal gradient differs by {:e} of its maximum on {device:?}", difference / largest);
        assert!(difference < 1e-5 * largest, "{}: the gradient differs by {difference:e}", path.display());
    }
}

#[test]
fn temporal_input_agrees_with_the_reference_on_the_cpu() {
    temporal_input_agrees(Device::flex());
}

#[test]
fn temporal_input_agrees_with_the_reference_on_the_gpu() {
    gpu().into_iter().for_each(temporal_input_agrees);
}

#[test]
fn fusion_agrees_with_the_reference() {
    for path in shared::reference("fusion") {
        let reference = Reference::read(&path);
        let [_, classes] = reference.tensors["spatial"].shape()[..] else { panic!("logits are a table") };
        let rules = [
            (FusionRule::Released, "fused_released"),
            (FusionRule::Softmax, "fused_softmax"),
            (FusionRule::Logits, "fused_raw"),
        ];
        for (rule, name) in rules {
            let fusion = Fusion { rule, ..Fusion::default() };
            let streams = ["spatial", "temporal"].map(|name| reference.values(name).chunks(classes));
            let [spatial, temporal] = streams;
            for ((spatial, temporal), expected) in spatial.zip(temporal).zip(reference.values(name).chunks(classes)) {
                // The reference adds without dividing.
                let sum: Vec<f32> = fusion.fuse(spatial, temporal).iter().map(|score| 2.5 * score).collect();
                let difference = largest_difference(&sum, expected);
                assert!(difference < 1e-5, "{}: {name} differs by {difference:e}", path.display());
            }
        }
    }
}

#[test]
fn a_stream_without_a_positive_logit_or_without_logits_decides_nothing() {
    let fusion = Fusion::default();
    let expected = [(0.5 + 1.5 * 0.25) / 2.5, (0.5 + 1.5 * 0.75) / 2.5];
    assert!(largest_difference(&fusion.fuse(&[-1.0, -2.0], &[1.0, 3.0]), &expected) < 1e-6);
    assert_eq!(fusion.fuse(&[1.0, 3.0], &[]), [0.25, 0.75]);
}

#[test]
fn networks_have_the_published_numbers_of_parameters() {
    let full = MotionConfig::default();
    assert_eq!(full.parameters(), 42_318_820);
    assert_eq!(MotionConfig { frames: 2, ..full.clone() }.parameters(), 41_800_906);
    assert_eq!(MotionConfig { architecture: Architecture::TinyMotionNet, ..full.clone() }.parameters(), 1_950_076);
    let vgg = StreamConfig { backbone: Backbone::Vgg16, input: StreamInput::STACK, classes: 101, dropout: None };
    // The published sum counts the bilinear upsampling's fixed weights, and biases of the transposed convolutions,
    // which the released training files leave out.
    let (bilinear_weights, deconv_biases) = (320, 512 + 256 + 128 + 64 + 4 * 20);
    let sum = full.parameters() + vgg.init(&Device::flex()).num_params();
    assert_eq!(sum + bilinear_weights + deconv_biases, 177_004_313);
}

fn noise(shape: [usize; 4], device: &Device) -> Tensor<4> {
    Tensor::random(shape, Distribution::Uniform(-0.5, 0.5), device)
}

/// The network `config` describes at the smallest width at which no layer has but one map.
fn small_network(config: MotionConfig) -> MotionNetwork {
    MotionConfig { width: 2, ..config }.init(&Device::flex())
}

#[test]
fn a_network_of_two_frames_sees_each_pair_of_each_window() {
    let device = Device::flex();
    let network = small_network(MotionConfig { frames: 2, ..MotionConfig::default() });
    let windows = noise([2, 33, 32, 64], &device);
    let stack = network.window_flows(windows.clone());
    for (window, pair) in [(0, 0), (0, 9), (1, 4)] {
        let frames = windows.clone().narrow(0, window, 1).narrow(1, 3 * pair, 6);
        for (level, alone) in stack.levels.iter().zip(network.forward(frames).levels) {
            let stacked = level.clone().narrow(0, window, 1).narrow(1, 2 * pair, 2);
            assert_eq!(stacked.dims(), alone.dims());
            assert!(largest_difference(&values(stacked), &values(alone)) < 1e-6, "pair {pair} of window {window}");
        }
    }
}

#[test]
fn frames_of_any_size_get_flow_of_their_size() {
    let device = Device::flex();
    for (architecture, levels) in [(Architecture::MotionNet, 5), (Architecture::TinyMotionNet, 3)] {
        let network = small_network(MotionConfig { architecture, frames: 2, ..MotionConfig::default() });
        for [height, width] in [[1, 1], [32, 64], [45, 67]] {
            let pyramid = network.forward_any_size(noise([1, 6, height, width], &device));
            let expected: Vec<[usize; 4]> =
                (1..=levels).map(|level| [1, 2, height.div_ceil(1 << level), width.div_ceil(1 << level)]).collect();
            assert_eq!(pyramid.levels.iter().map(Tensor::dims).collect::<Vec<_>>(), expected);
        }
    }
}

#[test]
fn ablated_networks_keep_their_levels() {
    let device = Device::flex();
    for architecture in [Architecture::MotionNet, Architecture::TinyMotionNet] {
        for (small_displacement, cdc, reduction) in [(true, false, 2), (false, true, 4), (false, false, 4)] {
            let config = MotionConfig { architecture, frames: 2, small_displacement, cdc, ..MotionConfig::default() };
            let pyramid = small_network(config.clone()).forward_any_size(noise([1, 6, 64, 128], &device));
            assert_eq!(pyramid.finest().dims(), [1, 2, 64 / reduction, 128 / reduction], "{config:?}");
        }
    }
}

#[test]
fn pictures_become_planes_of_blue_green_and_red() {
    let device = Device::flex();
    let picture = RgbImage::from_fn(2, 1, |x, _| image::Rgb([10 + x as u8, 20, 30]));
    let spatial = spatial_input(&[&picture], &device);
    assert_eq!(spatial.dims(), [1, 3, 1, 2]);
    assert_eq!(values(spatial), [30.0 - 104.0, 30.0 - 104.0, 20.0 - 117.0, 20.0 - 117.0, 10.0 - 123.0, 11.0 - 123.0]);

    let black = RgbImage::new(2, 1);
    let windows = motion_input(&[vec![&black, &picture], vec![&picture, &black]], &device);
    assert_eq!(windows.dims(), [2, 6, 1, 2]);
    let second = values(windows.narrow(0, 1, 1));
    assert_eq!(second[5], (11.0 - 123.0) * (1.0 / 255.0)); // red of the first frame's second pixel
    assert_eq!(second[6], -104.0 * (1.0 / 255.0));
}

fn imagenet() -> Option<PathBuf> {
    shared::data("weights/squeezenet1_0_imagenet_f16.safetensors")
}

/// Something deterministic to look at: x[i] = (7919·i mod 256) − 128.
fn pattern(shape: [usize; 4], device: &Device) -> Tensor<4> {
    let values: Vec<f32> = (0..shape.iter().product()).map(|i: usize| ((i * 7919) % 256) as f32 - 128.0).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

#[test]
fn squeezenet_agrees_with_pytorch() {
    let Some(path) = imagenet() else { return };
    // PyTorch 2.9, float64, the same weights, conv10 without its ReLU, averaged.
    let expected = [-22.872_953, 3.076_634_7, -23.197_89, -15.704_764, -13.724_988];
    let config =
        StreamConfig { backbone: Backbone::SqueezeNet, input: StreamInput::PICTURE, classes: 1000, dropout: None };
    for device in [Some(Device::flex()), gpu()].into_iter().flatten() {
        let stream = weights::load_module(config.init(&device), &path).unwrap();
        let logits = values(stream.forward(pattern([1, 3, 96, 128], &device)));
        let difference = largest_difference(&logits[..5], &expected);
        println!("SqueezeNet differs by {difference:e} on {device:?}");
        assert!(difference < 1e-3, "the logits differ by {difference:e} on {device:?}");
        let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        assert_eq!(best, 753);
    }
}

#[test]
fn a_temporal_stream_starts_from_the_averaged_colours() {
    let Some(path) = imagenet() else { return };
    let device = Device::flex();
    let config = StreamConfig { backbone: Backbone::SqueezeNet, input: StreamInput::STACK, classes: 21, dropout: None };
    let stream = stream_from_imagenet(&path, &config, &device).unwrap();
    // A stack of one map repeated must excite the first layer 20/3 times as much as grey of that map does.
    let grey = weights::load_module(
        StreamConfig { input: StreamInput::PICTURE, classes: 1000, ..config }.init(&device),
        &path,
    );
    let (Layers::SqueezeNet(temporal), Layers::SqueezeNet(grey)) = (stream.layers, grey.unwrap().layers) else {
        panic!("a SqueezeNet was asked for")
    };
    let map = pattern([1, 1, 32, 32], &device);
    let bias = grey.conv1.bias.as_ref().unwrap().val().reshape([1, 96, 1, 1]);
    let excited = temporal.conv1.forward(map.clone().repeat_dim(1, 20)) - bias.clone();
    let expected = (grey.conv1.forward(map.repeat_dim(1, 3)) - bias).mul_scalar(20.0 / 3.0);
    let expected = values(expected);
    let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    assert!(largest_difference(&values(excited), &expected) < 1e-5 * largest);
    assert_eq!(temporal.conv10.weight.dims(), [21, 512, 1, 1]);
    assert_eq!(cross_modality(noise([4, 3, 7, 7], &device), 5).dims(), [4, 5, 7, 7]);
}

/// Checks that all weights of a network are drawn as published: He normal with zero biases, MotionNet's predictors near zero.
#[derive(Default)]
struct DrawnWeights(Vec<String>);

impl ModuleVisitor for DrawnWeights {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.0.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.0.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let (name, dims, drawn) = (self.0.join("."), param.val().dims(), values(param.val()));
        let [_, inputs, rows, columns] = dims[..] else {
            return assert!(drawn.iter().all(|bias| *bias == 0.0), "{name}");
        };
        // Transposed convolutions count their outputs, as Caffe does; those are second in their weights.
        let he = (2.0 / (inputs * rows * columns) as f64).sqrt();
        let expected = if name.contains("conv_pr") { 1e-3 } else { he };
        let count = drawn.len() as f64;
        let std = (drawn.iter().map(|weight| f64::from(*weight).powi(2)).sum::<f64>() / count).sqrt();
        // Five standard errors of a standard deviation.
        let tolerance = 5.0 / (2.0 * count).sqrt();
        assert!((std / expected - 1.0).abs() < tolerance, "{name}: {std} instead of {expected}");
    }
}

#[test]
fn fresh_weights_are_drawn_as_published() {
    for architecture in Architecture::ALL {
        let config = MotionConfig { architecture, frames: 2, width: 8, ..MotionConfig::default() };
        config.init(&Device::flex()).visit(&mut DrawnWeights::default());
    }
}
