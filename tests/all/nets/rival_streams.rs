//! The streams of the systems that the paper compares itself with, against reference numbers.

use std::path::PathBuf;

use burn::tensor::{Device, Tensor};
use motionscope::evaluation::mean_of_length_one;
use motionscope::flow::emv::emv_grey;
use motionscope::nets::import::import_stream;
use motionscope::nets::preprocessing::rgb_differences;
use motionscope::nets::{
    Backbone, C3d, C3dWidths, CnnM, CnnMWidths, Layers, Modality, Stream, StreamConfig, StreamInput, cross_modality,
    local_response_norm,
};
use motionscope::training::losses::action::consensus;
use motionscope::training::losses::distillation::soft_loss;
use motionscope::training::losses::flow3d::flow3d_loss;
use safetensors::SafeTensors;

use super::{Reference, gpu, largest_difference, values};
use crate::shared;

const CLASSES: usize = 7;

/// The reference file for one system; none, reported, where there is none.
fn file(name: &str) -> Option<PathBuf> {
    shared::data(&format!("reference/rivals_{name}.safetensors"))
}

fn config(backbone: Backbone, input: StreamInput) -> StreamConfig {
    StreamConfig { backbone, input, classes: CLASSES, dropout: Some(0.0) }
}

/// `narrow` with the weights of the reference, by their names in other programs.
fn with_weights(reference: &Reference, narrow: Stream) -> Stream {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let is_weight = |name: &str| !name.starts_with("grad_") && name.contains('.');
    reference.write(&path, is_weight);
    let imported = import_stream(&path, narrow, None).unwrap();
    assert!(imported.left_out.is_empty(), "{:?}", imported.left_out);
    imported.network
}

fn flat<const D: usize>(reference: &Reference, name: &str, device: &Device) -> Tensor<D> {
    Tensor::from_data(reference.tensors[name].clone(), device)
}

/// Compares what a network says with the tensor `name`: `tolerance` is relative to its largest value.
fn agrees<const D: usize>(reference: &Reference, name: &str, actual: Tensor<D>, tolerance: f32) {
    assert_eq!(actual.dims().to_vec(), reference.tensors[name].shape().to_vec(), "{name}");
    let expected = reference.values(name);
    let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    let difference = largest_difference(&values(actual), expected);
    println!("{name} differs by {:e} of the largest", difference / largest);
    assert!(difference <= tolerance * largest, "{name} differs by {difference:e} of {largest:e}");
}

/// CNN-M-2048 or the network for motion vectors, narrow.
fn cnn_m(name: &str, backbone: Backbone, input: StreamInput, side: usize, device: &Device) {
    let Some(path) = file(name) else { return };
    let reference = Reference::read(&path);
    let widths = CnnMWidths { conv1: 6, conv2: 16, conv3: 32, fc6: 64, fc7: 32, side };
    let narrow = Stream::of(Layers::CnnM(CnnM::with_widths(widths, &config(backbone, input), device)));
    assert_eq!((narrow.backbone(), narrow.input()), (backbone, input));
    let stream = with_weights(&reference, narrow);
    let Layers::CnnM(network) = &stream.layers else { panic!("it was built as CNN-M") };
    let input = || reference.tensor("input", device);
    agrees(&reference, "norm1", network.normalised(input()), 1e-5);
    agrees(&reference, "pool5", network.maps(input()), 1e-5);
    agrees(&reference, "fc6_output", network.fc6(input()), 1e-5);
    agrees(&reference, "fc7_output", stream.features(input()), 1e-5);
    agrees(&reference, "logits", stream.forward(input()), 1e-5);
}

fn networks_of_stills_and_stacks(device: &Device) {
    cnn_m("cnn_m_spatial", Backbone::CnnM2048, StreamInput::PICTURE, 3, device);
    cnn_m("cnn_m_temporal", Backbone::CnnM2048, StreamInput::STACK, 2, device);
    cnn_m("emv", Backbone::Emv, StreamInput::STACK, 2, device);
}

#[test]
fn cnn_m_and_emv_agree_with_the_references() {
    networks_of_stills_and_stacks(&Device::flex());
    networks_of_stills_and_stacks(&Device::flex().autodiff());
}

#[test]
fn cnn_m_and_emv_agree_with_the_references_on_the_gpu() {
    gpu().inspect(networks_of_stills_and_stacks);
}

fn normalisation(device: &Device) {
    let Some(path) = file("cnn_m_spatial") else { return };
    let reference = Reference::read(&path);
    for (k, name) in [(1.0, "lrn_k1"), (2.0, "lrn_k2")] {
        let x = reference.tensor("lrn_input", device).require_grad();
        let normalised = local_response_norm(x.clone(), k);
        let gradients = (normalised.clone() * reference.tensor("lrn_upstream", device)).sum().backward();
        for (name, actual) in
            [(name.to_owned(), normalised.inner()), (format!("{name}_grad"), x.grad(&gradients).unwrap())]
        {
            let difference = largest_difference(&values(actual), reference.values(&name));
            assert!(difference < 5e-5, "{name} differs by {difference:e}");
        }
    }
}

#[test]
fn local_response_normalisation_and_its_gradient_agree_with_the_references() {
    normalisation(&Device::flex().autodiff());
}

#[test]
fn local_response_normalisation_and_its_gradient_agree_with_the_references_on_the_gpu() {
    gpu().inspect(|gpu| normalisation(&gpu.clone().autodiff()));
}

#[test]
fn the_grey_levels_of_motion_vectors_are_the_reference_s() {
    let Some(path) = file("emv") else { return };
    let components = Reference::read(&path);
    let bytes = std::fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let levels: Vec<u8> = components.values("vector_component").iter().map(|&px| emv_grey(px)).collect();
    assert_eq!(levels, file.tensor("vector_grey").unwrap().data());
}

/// Clips [b, 3, t, h, w] as streams read them, picture by picture.
fn picture_by_picture(clips: Tensor<5>) -> Tensor<4> {
    let [batch, planes, frames, height, width] = clips.dims();
    clips.swap_dims(1, 2).reshape([batch, frames * planes, height, width])
}

fn narrow_c3d(backbone: Backbone, widths: C3dWidths, device: &Device) -> Stream {
    let input = StreamInput { modality: Modality::Pictures, count: 16 };
    Stream::of(Layers::C3d(C3d::with_widths(widths, &config(backbone, input), device)))
}

fn c3d(device: &Device) {
    let Some(path) = file("c3d") else { return };
    let reference = Reference::read(&path);
    let widths = C3dWidths { base: 4, hidden: 64, side: 2, decoder: 0 };
    for (backbone, prefix) in [(Backbone::C3d, ""), (Backbone::C3dPadded, "padded_")] {
        let stream = with_weights(&reference, narrow_c3d(backbone, widths, device));
        assert_eq!(stream.backbone(), backbone);
        let Layers::C3d(network) = &stream.layers else { panic!("it was built as C3D") };
        let x = || picture_by_picture(flat(&reference, "input", device));
        let name = |name: &str| format!("{prefix}{name}");
        agrees(&reference, &name("pool5"), network.maps(x()), 1e-5);
        agrees(&reference, &name("fc6_output"), network.fc6(x()), 1e-5);
        if backbone == Backbone::C3d {
            let rows = values(network.fc6(x())).chunks(64).map(<[f32]>::to_vec).collect::<Vec<_>>();
            let difference = largest_difference(&mean_of_length_one(&rows), reference.values("descriptor"));
            assert!(difference < 1e-5, "the descriptor differs by {difference:e}");
        }
        agrees(&reference, &name("fc7_output"), stream.features(x()), 1e-5);
        agrees(&reference, &name("logits"), stream.forward(x()), 1e-5);
    }
}

#[test]
fn c3d_agrees_with_the_reference_with_either_last_pooling() {
    c3d(&Device::flex());
}

#[test]
fn c3d_agrees_with_the_reference_on_the_gpu() {
    gpu().inspect(c3d);
}

#[test]
fn three_d_net_agrees_with_the_reference_and_so_do_its_gradients() {
    let Some(path) = file("3dnet") else { return };
    let reference = Reference::read(&path);
    let device = Device::flex().autodiff();
    let widths = C3dWidths { base: 3, hidden: 24, side: 1, decoder: 4 };
    let stream = with_weights(&reference, narrow_c3d(Backbone::ThreeDNet, widths, &device));
    assert_eq!((stream.backbone(), stream.parameters()), (Backbone::ThreeDNet, 83_007));
    let Layers::C3d(network) = &stream.layers else { panic!("it was built as C3D") };
    let x = picture_by_picture(flat(&reference, "input", &device));
    let (logits, flow) = network.logits_and_flow(x).expect("it has a decoder");
    agrees(&reference, "logits", logits.clone().inner(), 1e-5);
    agrees(&reference, "flow", flow.clone().inner(), 1e-5);

    let of_flow = flow3d_loss(flow, flat(&reference, "gt", &device));
    agrees(&reference, "loss_flow", of_flow.clone().inner(), 1e-5);
    let bytes = std::fs::read(&path).unwrap();
    let label = i64::from_le_bytes(
        SafeTensors::deserialize(&bytes).unwrap().tensor("label").unwrap().data().try_into().unwrap(),
    );
    let action = motionscope::training::losses::action::ActionLoss {
        smoothing: 0.0,
        class_weights: Vec::new(),
        multi_label: false,
    };
    let loss = action.forward(logits, &[vec![label as usize]], &[]) + of_flow * 1e-4;
    agrees(&reference, "loss", loss.clone().inner(), 1e-5);
    let gradients = loss.backward();
    let decoder = network.decoder.as_ref().unwrap();
    agrees(&reference, "grad_conv1.weight", network.conv1a.weight.grad(&gradients).unwrap(), 1e-4);
    agrees(&reference, "grad_deconv5b.weight", decoder.deconv5b.weight.grad(&gradients).unwrap(), 1e-4);
    agrees(&reference, "grad_predict.weight", decoder.predict.weight.grad(&gradients).unwrap(), 1e-4);
    agrees(&reference, "grad_fc8.weight", network.fc8.weight.grad(&gradients).unwrap().transpose(), 1e-4);
}

#[test]
fn rgb_differences_and_their_first_layer_agree_with_the_reference() {
    let Some(path) = file("rgbdiff") else { return };
    let reference = Reference::read(&path);
    let device = Device::flex();
    let frames = flat::<5>(&reference, "frames", &device);
    let differences = rgb_differences(picture_by_picture(frames));
    assert_eq!(values(differences.clone()), reference.values("difference"));
    let weight = cross_modality(reference.tensor("conv1_rgb_weight", &device), 15);
    agrees(&reference, "conv1_diff_weight", weight.clone(), 1e-5);
    let bias = flat::<1>(&reference, "conv1_bias", &device);
    let options = burn::tensor::ops::ConvOptions::new([2, 2], [3, 3], [1, 1], 1);
    agrees(&reference, "conv1_output", burn::tensor::module::conv2d(differences, weight, Some(bias), options), 1e-5);
    let logits = flat::<3>(&reference, "segment_logits", &device);
    let [batch, segments, classes] = logits.dims();
    agrees(&reference, "consensus", consensus(logits.reshape([batch * segments, classes]), segments), 1e-5);
}

#[test]
fn the_loss_of_a_student_agrees_with_the_reference() {
    let Some(path) = file("distillation") else { return };
    let reference = Reference::read(&path);
    let device = Device::flex().autodiff();
    let bytes = std::fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let labels: Vec<Vec<usize>> = file
        .tensor("labels")
        .unwrap()
        .data()
        .as_chunks()
        .0
        .iter()
        .map(|&x| vec![i64::from_le_bytes(x) as usize])
        .collect();
    let action = motionscope::training::losses::action::ActionLoss {
        smoothing: 0.0,
        class_weights: Vec::new(),
        multi_label: false,
    };
    for temperature in [1.0, 2.0, 4.0] {
        let student = flat::<2>(&reference, "student", &device).require_grad();
        let soft = soft_loss(student.clone(), flat(&reference, "teacher", &device), temperature);
        let hard = action.forward(student.clone(), &labels, &[]);
        agrees(&reference, "hard", hard.clone().inner(), 1e-5);
        agrees(&reference, &format!("soft_t{temperature}"), soft.clone().inner(), 1e-5);
        let total = hard + soft * temperature.powi(2);
        agrees(&reference, &format!("total_t{temperature}"), total.clone().inner(), 1e-5);
        let gradient = student.grad(&total.backward()).unwrap();
        let difference = largest_difference(&values(gradient), reference.values(&format!("grad_t{temperature}")));
        assert!(difference < 1e-5, "the gradient at T = {temperature} differs by {difference:e}");
    }
}

#[test]
fn networks_of_the_tables_have_the_published_numbers_of_parameters() {
    let pictures = StreamInput { modality: Modality::Pictures, count: 16 };
    for (backbone, input, parameters) in [
        (Backbone::CnnM2048, StreamInput::PICTURE, 90_627_813),
        (Backbone::CnnM2048, StreamInput::STACK, 90_707_781),
        (Backbone::Emv, StreamInput::STACK, 90_715_813),
        (Backbone::C3d, pictures, 78_409_573),
        (Backbone::C3dPadded, pictures, 78_409_573),
        (Backbone::ThreeDNet, pictures, 84_459_047),
    ] {
        let config = StreamConfig { backbone, input, classes: 101, dropout: None };
        assert_eq!(config.parameters(), parameters, "{backbone:?}");
    }
}

#[test]
fn weights_of_another_variant_are_refused_with_the_first_wrong_tensor() {
    let Some(path) = file("emv") else { return };
    let reference = Reference::read(&path);
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("emv.safetensors");
    reference.write(&weights, |name| name.contains('.'));
    let widths = CnnMWidths { conv1: 6, conv2: 16, conv3: 32, fc6: 64, fc7: 32, side: 2 };
    let narrow = |backbone, input| {
        Stream::of(Layers::CnnM(CnnM::with_widths(widths, &config(backbone, input), &Device::flex())))
    };
    let refused = |stream| import_stream(&weights, stream, None).unwrap_err().to_string();
    assert!(refused(narrow(Backbone::CnnM2048, StreamInput::STACK)).contains("it has `relu1.weight`"));
    let five = StreamInput { count: 5, ..StreamInput::STACK };
    let error = refused(narrow(Backbone::Emv, five));
    assert!(error.contains("`conv1.weight` is 6×20×7×7, not 6×10×7×7"), "{error}");
}
