//! Networks for flow and action against an independent implementation, and as models in folders.

use std::path::Path;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor};
use motionscope::nets::fusion::Fusion;
use motionscope::nets::joint::{ActionFlowNet16, JointFlow, JointOutput};
use motionscope::nets::{
    FrameSize, HiddenTwoStream, JointArchitecture, JointConfig, JointEntry, JointNetwork, ModelCard, MotionConfig,
    MotionEntry, MotionNetwork, Origin, Precision, Preprocessing, weights,
};
use motionscope::training::losses::action::ActionLoss;
use motionscope::training::losses::supervised::LEVEL_WEIGHTS;
use motionscope::training::losses::taught_flow::summed_end_point_errors;

use super::{Reference, gpu, largest_difference, noise, pattern, values};
use crate::shared;

/// Reads the weights of `reference` into a network of `config`.
fn with_weights(reference: &Reference, config: &JointConfig, classes: usize, device: &Device) -> JointNetwork {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.safetensors");
    let is_parameter = |name: &str| {
        let ends = [".weight", ".bias", ".running_mean", ".running_var"];
        !name.starts_with("grad_") && ends.iter().any(|end| name.ends_with(end))
    };
    reference.write(&file, is_parameter);
    weights::load_module(config.init(classes, device), &file).unwrap()
}

fn agrees<const D: usize>(actual: Tensor<D>, reference: &Reference, name: &str, tolerance: f32) {
    assert_eq!(actual.dims().to_vec(), reference.tensors[name].shape().to_vec(), "{name}");
    let difference = largest_difference(&values(actual), reference.values(name));
    println!("{name} differs by {difference:e}");
    assert!(difference < tolerance, "{name} differs by {difference:e}");
}

fn branched_agrees(device: &Device) {
    for path in shared::reference("rivals_branched") {
        let reference = Reference::read(&path);
        let shape = |name: &str| reference.tensors[name].shape().to_vec();
        let [height, width] = [2, 3].map(|side| shape("input")[side] / 32);
        let config = JointConfig {
            width: shape("conv1.weight")[0],
            hidden: Some(shape("fc6.weight")[0]),
            map: Some([height, width]),
            ..JointConfig::default()
        };
        let network = with_weights(&reference, &config, shape("fc8.weight")[0], device);
        let JointOutput { flow, logits } = network.forward(reference.tensor("input", device));
        agrees(logits, &reference, "logits", 5e-6);
        for (level, flow) in (2..).zip(flow.into_pyramid().levels) {
            agrees(flow, &reference, &format!("predict_flow{level}"), 5e-6);
        }
    }
}

#[test]
fn the_branched_network_agrees_with_the_reference_on_the_cpu() {
    branched_agrees(&Device::flex());
}

#[test]
fn the_branched_network_agrees_with_the_reference_on_the_gpu() {
    gpu().inspect(branched_agrees);
}

fn action_flow_net2_agrees(device: &Device) {
    for path in shared::reference("rivals_actionflownet2") {
        let reference = Reference::read(&path);
        let shape = |name: &str| reference.tensors[name].shape().to_vec();
        let architecture = JointArchitecture::ActionFlowNet2;
        let config = JointConfig { architecture, width: shape("conv1.0.weight")[0], ..JointConfig::default() };
        let ours = reference.tensors.iter().map(|(name, values)| (name.replace(".0.", "."), values.clone()));
        let renamed = Reference { tensors: ours.collect(), ..Reference::default() };
        let JointNetwork::ActionFlowNet2(network) = with_weights(&renamed, &config, shape("fc.bias")[0], device) else {
            panic!("another network")
        };
        let (levels, logits) = network.levels_and_logits(reference.tensor("input", device));
        agrees(logits, &reference, "logits", 5e-6);
        for (level, flow) in (2..).zip(levels) {
            agrees(flow, &reference, &format!("predict_flow{level}"), 5e-6);
        }
    }
}

#[test]
fn action_flow_net_of_2_frames_agrees_with_the_reference_on_the_cpu() {
    action_flow_net2_agrees(&Device::flex());
}

#[test]
fn action_flow_net_of_2_frames_agrees_with_the_reference_on_the_gpu() {
    gpu().inspect(action_flow_net2_agrees);
}

/// A network with its batch norms frozen, which then keep to the stored statistics.
fn action_flow_net16(reference: &Reference, device: &Device) -> ActionFlowNet16 {
    let shape = |name: &str| reference.tensors[name].shape().to_vec();
    let architecture = JointArchitecture::ActionFlowNet16;
    let config = JointConfig { architecture, width: shape("stem.0.weight")[0], ..JointConfig::default() };
    match with_weights(reference, &config, shape("fc.weight")[0], device) {
        JointNetwork::ActionFlowNet16(network) => network.map(&mut FreezeNorms::default()),
        other => panic!("{:?}", other.architecture()),
    }
}

#[derive(Default)]
struct FreezeNorms(usize);

impl ModuleMapper for FreezeNorms {
    fn enter_module(&mut self, _name: &str, container: &str) {
        self.0 += usize::from(container == "Struct:BatchNorm");
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.0 -= usize::from(container == "Struct:BatchNorm");
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.0 > 0 { param.set_require_grad(false) } else { param }
    }
}

fn action_flow_net16_agrees(device: &Device) {
    for path in shared::reference("rivals_actionflownet16") {
        let reference = Reference::read(&path);
        let network = action_flow_net16(&reference, device);
        let (levels, logits) = network.forward(Tensor::from_data(reference.tensors["input"].clone(), device));
        agrees(logits, &reference, "logits", 1e-5);
        for (level, flow) in (1..).zip(levels) {
            agrees(flow, &reference, &format!("predict_flow{level}"), 1e-5);
        }
    }
}

#[test]
fn action_flow_net_of_16_frames_agrees_with_the_reference_on_the_cpu() {
    action_flow_net16_agrees(&Device::flex());
}

#[test]
fn action_flow_net_of_16_frames_agrees_with_the_reference_on_the_gpu() {
    gpu().inspect(action_flow_net16_agrees);
}

/// True flow [n, 2, t, h, w] in pixels as what a teacher knows of all pairs but those of the last frame: [n, 3·(t−1), h, w].
fn known_flow(reference: &Reference, device: &Device) -> Tensor<4> {
    let truth = Tensor::<5>::from_data(reference.tensors["gt"].clone(), device) / 20.0;
    let [batch, _, times, height, width] = truth.dims();
    let known = Tensor::ones([batch, 1, times, height, width], device);
    let planes = Tensor::cat(vec![truth, known], 1).swap_dims(1, 2).narrow(1, 0, times - 1);
    planes.reshape([batch, 3 * (times - 1), height, width])
}

#[test]
fn losses_of_action_flow_net_and_their_gradients_agree_with_the_reference() {
    let device = Device::flex().autodiff();
    for path in shared::reference("rivals_actionflownet16") {
        let reference = Reference::read(&path);
        let network = action_flow_net16(&reference, &device);
        let (levels, logits) = network.forward(Tensor::from_data(reference.tensors["input"].clone(), &device));
        let labels: Vec<Vec<usize>> = reference.integers["labels"].iter().map(|&label| vec![label as usize]).collect();
        let action =
            ActionLoss { smoothing: 0.0, class_weights: Vec::new(), multi_label: false }.forward(logits, &labels, &[]);
        let errors = summed_end_point_errors(&levels, &known_flow(&reference, &device));
        let weighted = errors.into_iter().zip(LEVEL_WEIGHTS).map(|(error, weight)| error * weight);
        let flow = weighted.reduce(|sum, error| sum + error).unwrap();
        agrees(action.clone(), &reference, "loss_action", 1e-5);
        agrees(flow.clone(), &reference, "loss_flow", 3e-5);
        let gradients = (action + flow).backward();
        let gradient = |name: &str, gradient: Vec<f32>| {
            let expected = reference.values(&format!("grad_{name}"));
            let largest = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
            let difference = largest_difference(&gradient, expected) / largest;
            println!("gradient of {name} differs by {difference:e} of its maximum");
            assert!(difference < 1e-4, "gradient of {name} differs by {difference:e} of its maximum");
        };
        gradient("fc.weight", values(network.fc.weight.grad(&gradients).unwrap().transpose()));
        gradient("predict_flow1.weight", values(network.predict_flow1.weight.grad(&gradients).unwrap()));
        gradient("layer4.1.conv2.0.weight", values(network.layer4[1].conv2.0.weight.grad(&gradients).unwrap()));
        gradient("stem.0.weight", values(network.stem.0.weight.grad(&gradients).unwrap()));
    }
}

#[test]
fn joint_networks_have_the_numbers_of_parameters_of_their_descriptions() {
    let of = |architecture| JointConfig { architecture, ..JointConfig::default() }.parameters(101);
    assert_eq!(of(JointArchitecture::Branched), 265_038_921);
    assert_eq!(of(JointArchitecture::ActionFlowNet2), 38_780_031);
    assert_eq!(of(JointArchitecture::ActionFlowNet16), 46_951_729);
}

/// Whether values agree but for rounding, whose order depends on the threads that are free.
fn are_alike(one: &[f32], other: &[f32]) -> bool {
    let largest = one.iter().fold(1.0f32, |largest, value| largest.max(value.abs()));
    largest_difference(one, other) < 1e-5 * largest
}

fn small(architecture: JointArchitecture, device: &Device) -> JointNetwork {
    let map = (architecture == JointArchitecture::Branched).then_some([1, 2]);
    JointConfig { architecture, width: 2, map, ..JointConfig::default() }.init(3, device)
}

#[test]
fn a_clip_is_read_in_red_green_and_blue_and_gives_flow_of_every_pair() {
    let device = Device::flex();
    let network = small(JointArchitecture::ActionFlowNet16, &device);
    let frames = noise([2, 48, 32, 64], &device);
    let output = network.forward(frames.clone());
    let colour = |place: usize| {
        let planes = (0..16).map(|frame| frames.clone().narrow(1, 3 * frame + 2 - place, 1)).collect();
        Tensor::cat(planes, 1).unsqueeze_dim::<5>(1)
    };
    let JointNetwork::ActionFlowNet16(inner) = &network else { panic!("another network") };
    let (levels, logits) = inner.forward(Tensor::cat((0..3).map(colour).collect(), 1));
    assert!(are_alike(&values(output.logits), &values(logits)));
    let JointFlow::Clip(of_frames) = output.flow.clone() else { panic!("flow of a clip") };
    assert!(are_alike(&values(of_frames[0].clone()), &values(levels[0].clone())));
    let pyramid = output.flow.into_pyramid();
    let dims: Vec<_> = pyramid.levels.iter().map(Tensor::dims).collect();
    assert_eq!(dims, [[2, 30, 16, 32], [2, 30, 8, 16], [2, 30, 4, 8], [2, 30, 2, 4]]);
    // The third level has a map for four frames: pairs 4 to 7 share the second.
    for pair in [4, 7] {
        let of_pair = pyramid.levels[2].clone().narrow(0, 1, 1).narrow(1, 2 * pair, 2);
        let of_map = levels[2].clone().narrow(0, 1, 1).narrow(2, 1, 1);
        assert_eq!(values(of_pair), values(of_map), "pair {pair}");
    }
}

#[test]
fn windows_of_any_length_and_size_get_flow_and_logits_from_one_pass() {
    let device = Device::flex();
    for architecture in JointArchitecture::ALL {
        let joint = small(architecture, &device);
        let reach = joint.frames();
        let motion = MotionNetwork::Joint(joint);
        for frames in [5, reach, reach + 4] {
            let window = noise([2, 3 * frames, 64, 64], &device);
            let output = motion.window_output(window.clone());
            assert_eq!(output.flow.finest().dims(), [2, 2 * (frames - 1), 32, 32], "{architecture:?} of {frames}");
            assert_eq!(output.logits.as_ref().map(Tensor::dims), Some([2, 3]));
            if frames == reach {
                let whole = motion.joint().unwrap().forward(window);
                assert!(are_alike(&values(output.logits.unwrap()), &values(whole.logits)));
            }
        }
        let odd = motion.forward_any_size(noise([1, 3 * reach, 45, 67], &device));
        assert_eq!(odd.finest().dims(), [1, 2 * (reach - 1), 23, 34]);
    }
}

/// A joint network as a model.
fn model(architecture: JointArchitecture) -> HiddenTwoStream {
    let map = (architecture == JointArchitecture::Branched).then_some([1, 2]);
    let config = JointConfig { architecture, width: 2, map, ..JointConfig::default() };
    let size = FrameSize { width: 64, height: 64 };
    let card = ModelCard {
        format: ModelCard::FORMAT,
        name: "Joint".into(),
        hash: None,
        licence: "CC0".into(),
        precision: Precision::F32,
        classes: ["walk", "jump", "sit"].map(String::from).to_vec(),
        thresholds: Vec::new(),
        motion: None,
        joint: Some(JointEntry { weights: "joint.safetensors".into(), config: config.clone() }),
        temporal: None,
        spatial: None,
        preprocessing: Preprocessing { motion: size, spatial: size.into() },
        fusion: Fusion::default(),
        origin: Origin::default(),
    };
    let motion = MotionNetwork::Joint(config.init(3, &Device::flex()));
    HiddenTwoStream { card, motion, temporal: None, spatial: None }
}

fn logits(model: &HiddenTwoStream) -> Vec<f32> {
    let frames = 3 * model.motion.frames();
    values(model.motion.window_output(pattern([1, frames, 64, 64], &Device::flex())).logits.unwrap())
}

#[test]
fn a_joint_model_survives_its_folder_and_its_settings_count_in_the_hash() {
    for architecture in JointArchitecture::ALL {
        let folder = tempfile::tempdir().unwrap();
        let model = model(architecture);
        model.save(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the card and the weights");
        let loaded = HiddenTwoStream::load(folder.path(), &Device::flex()).unwrap();
        assert_eq!(ModelCard { hash: None, ..loaded.card.clone() }, model.card);
        assert!(loaded.classifies_motion() && loaded.parameters() == model.parameters());
        assert!(are_alike(&logits(&loaded), &logits(&model)));
        assert!(HiddenTwoStream::is_whole(folder.path()));
    }
}

/// Loads the model in `folder` with other text in its card.
fn with_card(folder: &Path, change: impl Fn(&str) -> String) -> String {
    let path = folder.join(ModelCard::FILE_NAME);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, change(&text)).unwrap();
    let error = HiddenTwoStream::load(folder, &Device::flex()).unwrap_err();
    std::fs::write(&path, text).unwrap();
    error.cause
}

#[test]
fn wrong_cards_and_weights_of_joint_models_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    model(JointArchitecture::Branched).save(folder.path()).unwrap();
    let refused = |change: &dyn Fn(&str) -> String| with_card(folder.path(), change);
    let of_clips = tempfile::tempdir().unwrap();
    model(JointArchitecture::ActionFlowNet16).save(of_clips.path()).unwrap();
    let other = with_card(of_clips.path(), |text| text.replace("\"actionflownet-16\"", "\"branched\""));
    assert_eq!(other, "tensor `conv1.weight` is missing");
    let wider = refused(&|text| text.replace("width = 2\n", "width = 3\n"));
    assert_eq!(wider, "tensor `conv1.weight` is 2×33×3×3, not 3×33×3×3");
    let twice = refused(&|text| {
        let config = MotionConfig { width: 2, ..MotionConfig::default() };
        let motion = toml::to_string(&MotionEntry::new("joint.safetensors", config)).unwrap();
        format!("{text}\n[motion]\n{motion}")
    });
    assert_eq!(twice, "it has [motion] beside [joint], which predicts flow itself");
    let misspelt = refused(&|text| text.replace("width = 2\nmap", "witdh = 2\nmap"));
    assert!(misspelt.contains("`witdh` under [joint]"), "{misspelt}");
}
