//! The unsupervised loss against the independent reference, on the CPU and on the software GPU.

use std::collections::HashMap;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::training::LossPreset;
use motionscope::training::losses::{
    Evidence, LossSwitches, UnsupervisedLoss, local_response_normalisation, loss_images, warp,
};
use safetensors::SafeTensors;

use crate::shared;

/// Named tensors of a safetensors file as (shape, values).
pub fn tensors(path: &Path) -> HashMap<String, (Vec<usize>, Vec<f32>)> {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let floats = |data: &[u8]| data.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    file.iter().map(|(name, view)| (name.to_owned(), (view.shape().to_vec(), floats(view.data())))).collect()
}

struct Reference {
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
    device: Device,
}

impl Reference {
    fn tensor(&self, name: &str) -> Tensor<4> {
        let (shape, values) = &self.tensors[name];
        Tensor::from_data(TensorData::new(values.clone(), shape.clone()), &self.device)
    }

    fn scalar(&self, name: &str) -> f32 {
        self.tensors[name].1[0]
    }

    fn assert_close(&self, name: &str, actual: Tensor<4>, tolerance: f32) {
        assert_eq!(actual.dims().to_vec(), self.tensors[name].0, "{name}");
        let worst: f32 = (actual - self.tensor(name)).abs().max().into_scalar();
        assert!(worst <= tolerance, "{name} differs by {worst}");
    }

    fn assert_scalar(&self, name: &str, actual: f32) {
        let expected = self.scalar(name);
        assert!(((actual - expected) / expected).abs() <= 1e-4, "{name}: {actual}, not {expected}");
    }
}

fn agrees_on(device: Device) {
    for path in shared::reference("losses") {
        let device = device.clone().autodiff();
        let reference = Reference { tensors: tensors(&path), device };
        images_agree(&reference);
        losses_agree(&reference, LossPreset::CaffeMotionnet, "");
        losses_agree(&reference, LossPreset::CaffeEndToEnd, "_end_to_end");
        gradients_agree(&reference, true);
    }
}

fn images_agree(reference: &Reference) {
    let normalised = local_response_normalisation(reference.tensor("input"));
    reference.assert_close("lrn", normalised.clone(), 1e-5);
    for level in 2..=6 {
        let raw = reference.tensor(&format!("predict_flow{level}"));
        let [n, channels, h, w] = raw.dims();
        let images = loss_images(&normalised, &[[h, w]]).swap_remove(0);
        reference.assert_close(&format!("images{level}"), images.clone(), 1e-5);
        let pairs = n * channels / 2;
        let next = images.narrow(1, 3, 30).reshape([pairs, 3, h, w]);
        let px = raw.reshape([pairs, 2, h, w]) * (20.0 / 2f32.powi(level - 1));
        reference.assert_close(&format!("warped{level}"), warp(next, px).reshape([n, 30, h, w]), 1e-5);
    }
}

fn pyramid(reference: &Reference) -> Vec<Tensor<4>> {
    (2..=6).map(|level| reference.tensor(&format!("predict_flow{level}")).require_grad()).collect()
}

fn losses_agree(reference: &Reference, preset: LossPreset, suffix: &str) {
    let loss = UnsupervisedLoss { preset, ..UnsupervisedLoss::default() };
    let levels =
        loss.levels(reference.tensor("input"), &pyramid(reference), &Evidence::default(), &LossSwitches::of(&loss));
    let mut total = 0.0;
    for level in levels {
        let number = level.level;
        reference.assert_scalar(&format!("pixel{number}"), level.pixel.into_scalar());
        reference.assert_scalar(&format!("smooth_u{number}"), level.smooth_u.into_scalar());
        reference.assert_scalar(&format!("smooth_v{number}"), level.smooth_v.into_scalar());
        reference.assert_scalar(&format!("ssim{number}"), level.ssim.into_scalar());
        let loss: f32 = level.total.unwrap().into_scalar();
        reference.assert_scalar(&format!("caffe_loss{suffix}{number}"), loss);
        total += loss;
    }
    reference.assert_scalar(&format!("total{suffix}"), total);
}

/// The gradient of the total with respect to a level is that of the level's own loss, so fewer levels test as sharply.
fn gradients_agree(reference: &Reference, multi_scale: bool) {
    let loss = UnsupervisedLoss { preset: LossPreset::CaffeMotionnet, multi_scale, ..UnsupervisedLoss::default() };
    let pyramid = pyramid(reference);
    let levels = loss.levels(reference.tensor("input"), &pyramid, &Evidence::default(), &LossSwitches::of(&loss));
    let tested = levels.len();
    let total = levels.into_iter().filter_map(|level| level.total).reduce(|a, b| a + b).unwrap();
    let gradients = total.backward();
    for (level, flow) in (2..=6).zip(&pyramid).take(tested) {
        let name = format!("grad_predict_flow{level}");
        let actual: Vec<f32> = flow.grad(&gradients).unwrap().into_data().try_to_vec().unwrap();
        let expected = &reference.tensors[&name].1;
        let rms = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>().sqrt();
        let difference = || actual.iter().zip(expected).map(|(a, e)| a - e);
        let largest = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0f32, |m, v| m.max(v.abs()));
        assert!(rms(&mut difference()) <= 1e-3 * rms(&mut expected.iter().copied()), "{name}: RMS");
        assert!(largest(&mut difference()) <= 1e-2 * largest(&mut expected.iter().copied()), "{name}: largest");
    }
}

#[test]
fn losses_agree_with_the_reference_on_the_cpu() {
    agrees_on(Device::flex());
}

/// The finest level alone: on an emulated GPU every new shape costs seconds of tuning.
#[test]
fn losses_agree_with_the_reference_on_the_gpu() {
    let gpu = match choose(DeviceChoice::Gpu) {
        Ok(gpu) => gpu.device.autodiff(),
        Err(error) => return shared::skip("gpu", error),
    };
    for path in shared::reference("losses") {
        gradients_agree(&Reference { tensors: tensors(&path), device: gpu.clone() }, false);
    }
}
