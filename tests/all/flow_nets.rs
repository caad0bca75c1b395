//! The supervised flow networks, their operators and losses against the independent reference.

use std::collections::HashMap;
use std::path::Path;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::nets::flow_operators::{channel_norm, correlation, enlarged, stretched_back, warp};
use motionscope::nets::import::import_motion;
use motionscope::nets::preprocessing::{MEAN_BGR, motion_input};
use motionscope::nets::{
    Architecture, Enlargement, FlowNet2, FlowNetConventions, FlowNetLayers, MeanColour, MotionConfig, MotionNetwork,
    NativeFlow, WarpBorder, weights,
};
use motionscope::training::losses::{SupervisedLoss, supervised::frame_loss};
use safetensors::tensor::{Dtype, TensorView};

use crate::losses::tensors;
use crate::shared;

/// The tensors of a reference file on a device.
struct Reference {
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
    device: Device,
}

impl Reference {
    /// Every seed of the reference file `name`.
    fn all(name: &str, device: &Device) -> Vec<Self> {
        let files = shared::reference(&format!("rivals_{name}"));
        files.iter().map(|path| Self { tensors: tensors(path), device: device.clone() }).collect()
    }

    fn data(&self, name: &str) -> TensorData {
        let (shape, values) = &self.tensors[name];
        TensorData::new(values.clone(), shape.clone())
    }

    fn tensor(&self, name: &str) -> Tensor<4> {
        Tensor::from_data(self.data(name), &self.device)
    }

    fn assert_close<const D: usize>(&self, name: &str, actual: Tensor<D>, tolerance: f32) {
        assert_eq!(actual.dims().to_vec(), self.tensors[name].0, "{name}");
        let actual: Vec<f32> = actual.into_data().try_to_vec().unwrap();
        for (place, (a, e)) in actual.iter().zip(&self.tensors[name].1).enumerate() {
            let is_same = a.is_nan() && e.is_nan() || (a - e).abs() <= tolerance;
            assert!(is_same, "{name} is {a} instead of {e} at place {place} on {:?}", self.device);
        }
    }

    /// A gradient is compared with `share` of its largest value.
    fn assert_gradient<const D: usize>(&self, name: &str, actual: Tensor<D>, share: f32) {
        let largest = self.tensors[name].1.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        self.assert_close(name, actual, share * largest);
    }

    fn assert_scalar(&self, name: &str, actual: Tensor<1>, tolerance: f32) {
        let (expected, actual): (f32, f32) = (self.tensors[name].1[0], actual.into_scalar());
        assert!(((actual - expected) / expected).abs() <= tolerance, "{name}: {actual}, not {expected}");
    }

    /// Writes the parameters behind `prefix` to a file, under our names or those of the file.
    fn write_parameters(&self, path: &Path, ours: bool) {
        let is_parameter =
            |name: &str| (name.ends_with(".weight") || name.ends_with(".bias")) && !name.starts_with("grad_");
        let named = self.tensors.iter().filter(|(name, _)| is_parameter(name)).map(|(name, (shape, values))| {
            let name = if ours { name.replace(".0.", ".") } else { name.clone() };
            (name, shape.clone(), values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
        });
        let named: Vec<_> = named.collect();
        let views =
            named.iter().map(|(name, shape, bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
        std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
    }

    /// Returns the network with the reference's parameters, imported under NVIDIA's names.
    fn network(&self, architecture: Architecture, width: usize, conventions: FlowNetConventions) -> MotionNetwork {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        self.write_parameters(&path, false);
        let config = MotionConfig { architecture, frames: 2, width, conventions, ..MotionConfig::default() };
        match import_motion(&path, config.init(&self.device)).unwrap().network {
            // The names are NVIDIA's, the conventions those that are compared.
            MotionNetwork::FlowNet(network) => MotionNetwork::FlowNet(network.with_conventions(conventions)),
            other => other,
        }
    }

    /// Compares flow of levels 2 to 6 in the network's unit.
    fn assert_levels(&self, levels: &[Tensor<4>], finest: usize, tolerance: f32) {
        for (level, flow) in (finest..).zip(levels) {
            self.assert_close(&format!("predict_flow{level}"), flow.clone(), tolerance);
        }
    }
}

/// The GPU, real or software; `None`, reported, where there is none.
fn gpu() -> Option<Device> {
    choose(DeviceChoice::Gpu).map(|compute| compute.device).inspect_err(|error| shared::skip("gpu", error)).ok()
}

fn layers(network: &MotionNetwork) -> &FlowNetLayers {
    let MotionNetwork::FlowNet(network) = network else { panic!("not a supervised network") };
    &network.layers
}

fn grad<const D: usize>(tensor: &Tensor<D>, gradients: &burn::tensor::Gradients) -> Tensor<D> {
    tensor.grad(gradients).expect("it is on the graph")
}

fn of<const D: usize>(parameter: &Param<Tensor<D>>, gradients: &burn::tensor::Gradients) -> Tensor<D> {
    grad(&parameter.val(), gradients)
}

fn correlation_agrees(reference: &Reference) {
    let [a, b] = ["corr_a", "corr_b"].map(|name| reference.tensor(name).require_grad());
    let correlated = correlation(a.clone(), b.clone());
    reference.assert_close("corr", correlated.clone(), 5e-6);
    let gradients = (correlated * reference.tensor("corr_upstream")).sum().backward();
    reference.assert_close("corr_grad_a", grad(&a, &gradients), 2e-5);
    reference.assert_close("corr_grad_b", grad(&b, &gradients), 2e-5);
}

fn norm_and_warps_agree(reference: &Reference) {
    let x = reference.tensor("norm_input").require_grad();
    let norm = channel_norm(x.clone());
    reference.assert_close("norm", norm.clone(), 5e-6);
    let gradients = (norm * reference.tensor("norm_upstream")).sum().backward();
    reference.assert_close("norm_grad", grad(&x, &gradients), 2e-5);
    for border in WarpBorder::ALL {
        let [image, flow] = ["warp_image", "warp_flow"].map(|name| reference.tensor(name).require_grad());
        let warped = warp(image.clone(), flow.clone(), border);
        let name = format!("warp_{}", border.key());
        reference.assert_close(&name, warped.clone(), 5e-6);
        let gradients = (warped * reference.tensor("warp_upstream")).sum().backward();
        reference.assert_close(&format!("{name}_grad_image"), grad(&image, &gradients), 2e-5);
        reference.assert_close(&format!("{name}_grad_flow"), grad(&flow, &gradients), 2e-5);
    }
}

fn enlargements_agree(reference: &Reference) {
    for (name, enlargement) in [
        ("up_corners", Enlargement::AlignCorners),
        ("up_half_pixel", Enlargement::HalfPixel),
        ("up_nearest", Enlargement::Nearest),
    ] {
        reference.assert_close(name, enlarged(reference.tensor("up_input"), 4, enlargement), 5e-6);
    }
    let back = stretched_back(reference.tensor("resize_back_input"), [64, 64], [37, 50], [37, 50]);
    reference.assert_close("resize_back", back, 5e-6);
}

#[test]
fn flow_operators_agree_with_the_reference_on_the_cpu() {
    for reference in Reference::all("flow_ops", &Device::flex().autodiff()) {
        correlation_agrees(&reference);
        norm_and_warps_agree(&reference);
        enlargements_agree(&reference);
    }
}

#[test]
fn flow_operators_agree_with_the_reference_on_the_gpu() {
    let Some(gpu) = gpu() else { return };
    // Values alone: on an emulated GPU every new shape costs seconds of tuning.
    for reference in Reference::all("flow_ops", &gpu) {
        let [a, b] = ["corr_a", "corr_b"].map(|name| reference.tensor(name));
        reference.assert_close("corr", correlation(a, b), 5e-6);
        reference.assert_close("norm", channel_norm(reference.tensor("norm_input")), 5e-6);
        let [image, flow] = ["warp_image", "warp_flow"].map(|name| reference.tensor(name));
        reference.assert_close("warp_zero", warp(image, flow, WarpBorder::Zero), 5e-6);
    }
}

fn supervised_losses_agree(reference: &Reference, losses: &[(SupervisedLoss, &str)]) {
    for (loss, name) in losses {
        let levels: Vec<_> =
            (2..=6).map(|level| reference.tensor(&format!("predict_flow{level}")).require_grad()).collect();
        let predicted = NativeFlow { levels: levels.clone(), unit_px: 20.0 };
        let each = loss.levels(&predicted, reference.tensor("gt"));
        let total = each.iter().map(|level| level.error.clone() * level.weight).reduce(|a, b| a + b).unwrap();
        let unweighted = format!("{name}2");
        for (level, of_level) in (2..).zip(&each).filter(|_| reference.tensors.contains_key(&unweighted)) {
            assert_eq!(of_level.level, level);
            reference.assert_scalar(&format!("{name}{level}"), of_level.error.clone(), 1e-5);
        }
        reference.assert_scalar(&format!("total_{name}"), total.clone(), 1e-5);
        let gradients = total.backward();
        for (level, flow) in (2..).zip(&levels) {
            reference.assert_gradient(&format!("grad_{name}{level}"), grad(flow, &gradients), 1e-4);
        }
    }
}

const LOSSES: [(SupervisedLoss, &str); 4] = [
    (SupervisedLoss::Caffe, "caffe"),
    (SupervisedLoss::AreaEpe, "area_epe"),
    (SupervisedLoss::MultiscaleL1, "multiscale_l1"),
    (SupervisedLoss::MultiscaleL2, "multiscale_l2"),
];

#[test]
fn supervised_losses_agree_with_the_reference_on_the_cpu() {
    for reference in Reference::all("flow_losses", &Device::flex().autodiff()) {
        supervised_losses_agree(&reference, &LOSSES);
        for (level, size) in [(2, [16, 32]), (3, [8, 16]), (4, [4, 8]), (5, [2, 4]), (6, [1, 2])] {
            for (loss, name) in [(SupervisedLoss::Caffe, "tent"), (SupervisedLoss::AreaEpe, "area")] {
                let target = loss.at_level(reference.tensor("gt"), size, 20.0);
                reference.assert_close(&format!("target_{name}{level}"), target.flow, 1e-5);
            }
        }
        let flow = reference.tensor("fusion_predict_flow0").require_grad();
        let predicted = NativeFlow { levels: vec![flow.clone()], unit_px: 1.0 };
        let level = SupervisedLoss::Caffe.levels(&predicted, reference.tensor("gt")).swap_remove(0);
        let loss = level.error * level.weight;
        reference.assert_scalar("fusion_lpq", loss.clone(), 1e-5);
        reference.assert_gradient("fusion_grad", grad(&flow, &loss.backward()), 1e-4);
    }
}

#[test]
fn supervised_losses_agree_with_the_reference_on_the_gpu() {
    let Some(gpu) = gpu() else { return };
    for reference in Reference::all("flow_losses", &gpu.autodiff()) {
        let flow = reference.tensor("predict_flow4").require_grad();
        let target = SupervisedLoss::Caffe.at_level(reference.tensor("gt"), [4, 8], 20.0);
        let error = SupervisedLoss::Caffe.error(flow.clone(), &target);
        reference.assert_scalar("caffe4", error.clone(), 1e-5);
        let gradient = grad(&flow, &(error * SupervisedLoss::Caffe.weight(2)).backward());
        reference.assert_gradient("grad_caffe4", gradient, 1e-4);
    }
}

#[test]
fn unknown_truth_is_left_out_and_spoils_no_gradient() {
    for reference in Reference::all("flow_losses", &Device::flex().autodiff()) {
        for (level, size) in [(4, [4, 8]), (2, [16, 32])] {
            let target = SupervisedLoss::Caffe.at_level(reference.tensor("gt_nan"), size, 20.0);
            let unknown = target.known.equal_scalar(0.0).expand(target.flow.dims());
            reference.assert_close(&format!("target_nan{level}"), target.flow.mask_fill(unknown, f32::NAN), 1e-5);
        }
        for loss in SupervisedLoss::ALL {
            let flow = reference.tensor("predict_flow2").require_grad();
            let predicted = NativeFlow { levels: vec![flow.clone()], unit_px: 20.0 };
            let level = loss.levels(&predicted, reference.tensor("gt_nan")).swap_remove(0);
            let gradient: f32 = grad(&flow, &level.error.backward()).abs().sum().into_scalar();
            assert!(gradient.is_finite() && gradient > 0.0, "{loss:?}: {gradient}");
        }
    }
}

fn caffe_loss(levels: Vec<Tensor<4>>, truth: Tensor<4>) -> Tensor<1> {
    let levels = SupervisedLoss::Caffe.levels(&NativeFlow { levels, unit_px: 20.0 }, truth).into_iter();
    levels.map(|level| level.error * level.weight).reduce(|a, b| a + b).unwrap()
}

fn flownet_s_agrees(device: &Device) {
    for reference in Reference::all("flownets", device) {
        if !reference.tensors.contains_key("conv1.0.weight") || reference.tensors.contains_key("inter_conv5.0.weight") {
            continue; // FlowNet-SD's file has the same beginning
        }
        let network = reference.network(Architecture::FlowNetS, 4, FlowNetConventions::default());
        let FlowNetLayers::S(layers) = layers(&network) else { panic!("not FlowNetS") };
        let levels = layers.forward(reference.tensor("input"));
        reference.assert_levels(&levels, 2, 5e-6);
        let loss = caffe_loss(levels, reference.tensor("gt"));
        reference.assert_scalar("loss", loss.clone(), 1e-5);
        if !device.is_autodiff() {
            continue;
        }
        let gradients = loss.backward();
        let weight = |name: &str, gradient| reference.assert_gradient(&format!("grad_{name}.weight"), gradient, 1e-4);
        weight("conv1.0", of(&layers.first.conv1.weight, &gradients));
        weight("conv3_1.0", of(&layers.trunk.conv3_1.weight, &gradients));
        weight("deconv5.0", of(&layers.decoder.deconv5.weight, &gradients));
        weight("upsampled_flow6_to_5", of(&layers.decoder.upsampled_flow6_to_5.weight, &gradients));
        weight("predict_flow2", of(&layers.decoder.predict_flow2.weight, &gradients));
        let bias = layers.decoder.deconv2.bias.as_ref().unwrap();
        reference.assert_gradient("grad_deconv2.0.bias", of(bias, &gradients), 1e-4);
    }
}

#[test]
fn flownet_s_agrees_with_the_reference_on_the_cpu() {
    flownet_s_agrees(&Device::flex());
    flownet_s_agrees(&Device::flex().autodiff());
}

#[test]
fn flownet_s_agrees_with_the_reference_on_the_gpu() {
    gpu().inspect(flownet_s_agrees);
}

#[test]
fn flownet_c_agrees_with_the_reference() {
    for reference in Reference::all("flownetc", &Device::flex().autodiff()) {
        let network = reference.network(Architecture::FlowNetC, 4, FlowNetConventions::default());
        let FlowNetLayers::C(layers) = layers(&network) else { panic!("not FlowNetC") };
        let levels = layers.forward(reference.tensor("input"));
        reference.assert_levels(&levels, 2, 5e-6);
        let loss = caffe_loss(levels, reference.tensor("gt"));
        reference.assert_scalar("loss", loss.clone(), 1e-5);
        let gradients = loss.backward();
        let shared = [
            ("conv1.0", &layers.first.conv1.weight),
            ("conv3.0", &layers.first.conv3.weight),
            ("conv_redir.0", &layers.redirection.conv_redir.weight),
            ("conv3_1.0", &layers.trunk.conv3_1.weight),
        ];
        let mut compared = 0;
        for (name, weight) in shared {
            let name = format!("grad_{name}.weight");
            if reference.tensors.contains_key(&name) {
                reference.assert_gradient(&name, of(weight, &gradients), 1e-4);
                compared += 1;
            }
        }
        assert!(compared > 0, "the file holds gradients");
    }
}

#[test]
fn flownet_sd_agrees_with_the_reference() {
    for reference in Reference::all("flownetsd", &Device::flex()) {
        let network = reference.network(Architecture::FlowNetSd, 4, FlowNetConventions::default());
        let FlowNetLayers::Sd(layers) = layers(&network) else { panic!("not FlowNet-SD") };
        reference.assert_levels(&layers.forward(reference.tensor("input")), 2, 5e-6);
    }
}

#[test]
fn the_fusion_network_agrees_with_the_reference() {
    for reference in Reference::all("flownetfusion", &Device::flex()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        reference.write_parameters(&path, true);
        let config =
            MotionConfig { frames: 2, width: 4, architecture: Architecture::FlowNet2, ..MotionConfig::default() };
        let network = config.init(&reference.device);
        let FlowNetLayers::Stack(FlowNet2 { flownetfusion: Some(fusion), .. }) = layers(&network) else {
            panic!("no fusion network")
        };
        let fusion = weights::load_module(fusion.clone(), &path).unwrap();
        reference.assert_levels(&fusion.forward(reference.tensor("input")), 0, 5e-5);
    }
}

/// The pair as the product's networks read it: blue, green, red less the mean colour, frame by frame.
fn as_motion_input(reference: &Reference) -> Tensor<4> {
    let (shape, values) = &reference.tensors["pair"]; // [1, 3, 2, h, w]
    let plane = shape[3] * shape[4];
    let planes = (0..2).flat_map(|frame| [2, 1, 0].map(|colour| (frame, colour)));
    let values = planes.flat_map(|(frame, colour)| {
        let from = (2 * colour + frame) * plane;
        values[from..from + plane].iter().map(move |value| (value - MEAN_BGR[2 - colour]) / 255.0)
    });
    Tensor::from_data(TensorData::new(values.collect::<Vec<f32>>(), [1, 6, shape[3], shape[4]]), &reference.device)
}

#[test]
fn flownet2_agrees_with_the_reference_in_both_conventions() {
    let caffe =
        FlowNetConventions { border: WarpBorder::Zero, enlargement: Enlargement::AlignCorners, mean: MeanColour::Pair };
    let nvidia =
        FlowNetConventions { border: WarpBorder::Clamp, enlargement: Enlargement::HalfPixel, mean: MeanColour::Pair };
    for (conventions, name) in [(caffe, "caffe"), (nvidia, "nvidia")] {
        for reference in Reference::all("flownet2", &Device::flex()) {
            let network = reference.network(Architecture::FlowNet2, 2, conventions);
            let MotionNetwork::FlowNet(flow_net) = &network else { panic!("not a supervised network") };
            let steps = flow_net.steps(as_motion_input(&reference)).expect("it is a stack");
            reference.assert_close(&format!("{name}_flow_c"), steps.flows[0].clone(), 1e-4);
            if name == "caffe" {
                reference.assert_close("caffe_stack1", steps.stacks[0].clone(), 1e-5);
            }
            reference.assert_close(&format!("{name}_flow_cs"), steps.flows[1].clone(), 1e-4);
            let third = enlarged(steps.levels[0].clone() * 20.0, 4, Enlargement::HalfPixel);
            reference.assert_close(&format!("{name}_flow_css_half_pixel"), third, 1e-4);
            let (input, fused) = steps.fusion.expect("it is whole");
            reference.assert_close(&format!("{name}_fusion_input"), input, 1e-4);
            reference.assert_close(&format!("{name}_flow"), fused[0].clone(), 1e-4);
            let native = network.native(as_motion_input(&reference));
            assert_eq!(native.unit_px, 1.0);
            reference.assert_close(&format!("{name}_flow"), native.levels[0].clone(), 1e-4);
        }
    }
}

#[test]
fn next_flow_agrees_with_the_reference() {
    for reference in Reference::all("nextflow", &Device::flex().autodiff()) {
        let network = reference.network(Architecture::NextFlow, 3, FlowNetConventions::default());
        let FlowNetLayers::Next(layers) = layers(&network) else { panic!("not NextFlow") };
        let (flows, frames) = layers.forward(reference.tensor("input"));
        reference.assert_levels(&flows, 2, 5e-6);
        for (level, frame) in (2..).zip(&frames) {
            reference.assert_close(&format!("predict_frame{level}"), frame.clone(), 5e-6);
        }
        // The first sample is taught flow, the second the frame.
        let truth = reference.tensor("gt");
        let [_, _, h, w] = truth.dims();
        let known =
            Tensor::cat(vec![truth.narrow(0, 0, 1), Tensor::full([1, 2, h, w], f32::NAN, &reference.device)], 0);
        let levels = SupervisedLoss::AreaEpe.levels(&NativeFlow { levels: flows, unit_px: 20.0 }, known).into_iter();
        let of_flow = levels.map(|level| level.error * level.weight).reduce(|a, b| a + b).unwrap();
        let taught = Tensor::from_floats([0.0, 1.0], &reference.device);
        let of_frame = frame_loss(&frames, &reference.tensor("next_frame"), taught);
        reference.assert_scalar("loss_flow", of_flow.clone(), 1e-5);
        reference.assert_scalar("loss_frame", of_frame.clone(), 1e-5);
        let gradients = (of_flow + of_frame).backward();
        let decoder = &layers.decoder;
        reference.assert_gradient("grad_predict_flow2.weight", of(&decoder.predict_flow2.weight, &gradients), 1e-4);
        let frame_head = &layers.heads.predict_frame2.weight;
        reference.assert_gradient("grad_predict_frame2.weight", of(frame_head, &gradients), 1e-4);
        let bias = layers.first.conv1.bias.as_ref().unwrap();
        reference.assert_gradient("grad_conv1.0.bias", of(bias, &gradients), 1e-4);
    }
}

#[test]
fn parameter_counts_at_full_width_are_the_published_ones() {
    let published = [
        (Architecture::FlowNetS, 38_676_506),
        (Architecture::FlowNetC, 39_175_298),
        (Architecture::FlowNetSd, 45_371_666),
        (Architecture::FlowNet2Cs, 77_870_620),
        (Architecture::FlowNet2Css, 116_565_942),
        (Architecture::FlowNet2, 162_518_834),
        (Architecture::NextFlow, 38_790_941),
    ];
    for (architecture, parameters) in published {
        let config = MotionConfig { architecture, frames: 2, ..MotionConfig::default() };
        assert_eq!(config.parameters(), parameters, "{architecture:?}");
        let fusion = match layers(&config.init(&Device::flex())) {
            FlowNetLayers::Stack(FlowNet2 { flownetfusion: Some(fusion), .. }) => fusion.num_params(),
            _ => continue,
        };
        assert_eq!(fusion, 581_226);
    }
}

/// A picture in which a square stands `shift` pixels to the right.
fn square_at(shift: u32) -> RgbImage {
    RgbImage::from_fn(70, 50, |x, y| {
        let is_inside = (20 + shift..40 + shift).contains(&x) && (15..35).contains(&y);
        image::Rgb(if is_inside { [200, (7 * x % 50) as u8, 90] } else { [(3 * y) as u8, 40, 60] })
    })
}

#[test]
fn nvidias_third_network_is_enlarged_by_the_nearest_pixel() {
    let pictures =
        [0, 2].map(|shift| RgbImage::from_fn(64, 64, |x, y| image::Rgb([(9 * (x + shift) + 5 * y) as u8; 3])));
    for (conventions, is_nearest) in [(FlowNetConventions::NVIDIA, true), (FlowNetConventions::DEFAULT, false)] {
        let architecture = Architecture::FlowNet2Css;
        let config = MotionConfig { architecture, frames: 2, width: 1, conventions, ..MotionConfig::default() };
        let flow = config.init(&Device::flex()).best_flow(&[pictures.iter().collect()]);
        assert_eq!(flow.dims(), [1, 2, 64, 64]);
        let values: Vec<f32> = flow.into_data().try_to_vec().unwrap();
        let in_blocks = (0..64 * 64).all(|at| values[at] == values[at / 256 * 256 + at % 64 / 4 * 4]);
        assert_eq!(in_blocks, is_nearest);
    }
}

#[test]
fn supervised_networks_are_motion_networks_of_pairs_of_any_size() {
    let device = Device::flex();
    for architecture in Architecture::ALL.into_iter().filter(|architecture| architecture.is_supervised()) {
        let config = MotionConfig { architecture, frames: 2, width: 2, ..MotionConfig::default() };
        config.validate().unwrap();
        let network = config.init(&device);
        assert_eq!((network.frames(), network.stride()), (2, 64));
        let pictures = [square_at(0), square_at(3), square_at(6)];
        let window = motion_input(&[pictures.iter().collect()], &device);
        let pyramid = network.forward_any_size(window);
        let sizes: Vec<_> = pyramid.levels.iter().map(|level| level.dims()).collect();
        assert_eq!(sizes.len(), architecture.levels().count(), "{architecture:?}");
        for (halvings, size) in (1..).zip(&sizes) {
            let cells = |side: usize| side.div_ceil(1 << halvings);
            assert_eq!(*size, [1, 4, cells(50), cells(70)], "{architecture:?}: two pairs");
        }
    }
    let wrong = MotionConfig { architecture: Architecture::FlowNetS, ..MotionConfig::default() };
    assert_eq!(wrong.validate().unwrap_err().cause, "FlowNetS reads pairs, not 11 frames");
}
