//! The bare networks at the paper's size: their rows of the table.

use burn::tensor::{Device, Distribution, Tensor};

use super::fixture::{INPUT, PAIRWISE};
use super::table::{BenchmarkTable, NetworkCost};
use crate::error::Result;
use crate::gpu::Compute;
use crate::nets::{Backbone, MotionConfig, StreamConfig, StreamInput, device_failed, multiply_adds};

/// The classifiers that are measured.
const BACKBONES: [Backbone; 3] = [Backbone::SqueezeNet, Backbone::EfficientNetLite2, Backbone::ResNet18];
/// Their classes: ImageNet's.
const CLASSES: usize = 1000;

/// All rows.
pub(super) fn rows(table: &mut BenchmarkTable, compute: &Compute) -> Result<()> {
    let device = &compute.device;
    let full = MotionConfig::default();
    let narrow = MotionConfig { width: PAIRWISE.width, ..MotionConfig::default() };
    for config in [full, narrow, PAIRWISE] {
        let name = format!("MotionNet-{}, {} frames, forward", config.width, config.frames);
        if table.wants(&name) {
            let network = config.init(device);
            let forward = |x: Tensor<4>| _ = network.forward(x);
            row(table, &name, config.parameters(), 3 * config.frames, device, forward)?;
        }
    }
    for backbone in BACKBONES {
        let name = format!("{}, forward", backbone.name());
        if table.wants(&name) {
            let input = StreamInput::PICTURE;
            let stream = StreamConfig { backbone, input, classes: CLASSES, dropout: None }.init(device);
            let forward = |x: Tensor<4>| _ = stream.forward(x);
            row(table, &name, stream.parameters(), input.channels(), device, forward)?;
        }
    }
    Ok(())
}

/// Measures `forward` of a network that reads `channels`.
fn row(
    table: &mut BenchmarkTable,
    name: &str,
    parameters: usize,
    channels: usize,
    device: &Device,
    forward: impl Fn(Tensor<4>),
) -> Result<()> {
    let shape = [1, channels, INPUT.height as usize, INPUT.width as usize];
    let input = Tensor::random(shape, Distribution::Uniform(-0.5, 0.5), device);
    let sync = || device.sync().map_err(device_failed);
    let multiply_adds = multiply_adds(|| forward(input.clone())).into_iter().sum();
    sync()?;
    table.measure_network(name, NetworkCost { parameters, multiply_adds }, || {
        forward(input.clone());
        sync()
    })
}
