//! A new last layer for a stream from another task: fitted to the features of the otherwise unchanged network before
//! anything else is trained. A random last layer would spoil the features with its first gradients.

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{DropoutConfig, LinearConfig};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData};
use image::RgbImage;
use image::imageops::flip_horizontal;

use super::augmentation::{Crop, Draw};
use super::clips::Clips;
use super::event::{TrainingControl, TrainingEvent};
use super::frozen_flow::FrozenFlow;
use super::plan::TrainingPlan;
use crate::error::Result;
use crate::nets::Stream;
use crate::nets::flow_normalisation::classifier_input;
use crate::nets::preprocessing::clip_input;
use crate::video::Geometry;

/// Frames or windows of each clip whose features are taken, each also mirrored.
const VIEWS: usize = 2;
/// Rows of features of each clip.
pub(super) const ROWS: usize = 2 * VIEWS;
/// Updates of the last layer, each with all features at once.
const UPDATES: usize = 300;
const RATE: f64 = 1e-2;
const DROPOUT: f64 = 0.5;
const WEIGHT_DECAY: f32 = 1e-3;

/// Gives `stream` a last layer for `classes` that is fitted to what the rest of it says about `clips`. `flow` is the source of the
/// temporal stream's input, none for the spatial stream. Returns the stream as it is if `control` stops the work.
///
/// Clips that cannot be read are reported and left out.
pub fn fit(
    stream: Stream,
    classes: usize,
    plan: &TrainingPlan,
    clips: &Clips,
    mut flow: Option<&mut FrozenFlow>,
    control: &TrainingControl,
    on_event: &mut dyn FnMut(TrainingEvent),
) -> Result<Stream> {
    let frozen = stream.valid();
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    for index in 0..clips.len() {
        hold(control, on_event);
        if control.is_stopped() {
            return Ok(stream);
        }
        match clip_features(&frozen, plan.frame, clips, index, flow.as_deref_mut()) {
            Ok(features) => {
                rows.push(features);
                labels.extend([clips.label(index) as i64; ROWS]);
            }
            Err(error) => on_event(TrainingEvent::Warning(error)),
        }
        on_event(TrainingEvent::Preparing { done: index + 1, of: clips.len() });
    }
    if rows.is_empty() {
        return Ok(stream);
    }
    Ok(fit_to(stream, classes, Tensor::cat(rows, 0), labels))
}

/// Waits while the run is paused.
fn hold(control: &TrainingControl, on_event: &mut dyn FnMut(TrainingEvent)) {
    if control.is_paused() {
        on_event(TrainingEvent::Paused);
        control.wait_while_paused();
        on_event(TrainingEvent::Resumed);
    }
}

/// What `frozen` makes of the views of clip `index` before its last layer, [2·VIEWS, F]; `flow` as in [`fit`].
pub(super) fn clip_features(
    frozen: &Stream,
    frame: Geometry,
    clips: &Clips,
    index: usize,
    flow: Option<&mut FrozenFlow>,
) -> Result<Tensor<2>> {
    let device = frozen.devices().pop().unwrap_or_else(Device::flex);
    let input = match flow {
        Some(flow) => temporal_views(frozen, frame, clips, index, flow, &device)?,
        None => spatial_views(frozen, clips, index, &device)?,
    };
    Ok(frozen.features(input))
}

/// Whole frames or clips of them, evenly spread and mirrored: [2·VIEWS, 3·n, h, w].
fn spatial_views(stream: &Stream, clips: &Clips, index: usize, device: &Device) -> Result<Tensor<4>> {
    let frames = clips.frames(index)?;
    let count = stream.input().count;
    let last = frames.len().saturating_sub(count);
    let picked: Vec<Vec<&RgbImage>> = (1..=VIEWS)
        .map(|i| i * last / (VIEWS + 1))
        .map(|start| (start..start + count).map(|index| &frames[index.min(frames.len() - 1)]).collect())
        .collect();
    let mirrored: Vec<Vec<_>> =
        picked.iter().map(|clip| clip.iter().map(|frame| flip_horizontal(*frame)).collect()).collect();
    let views: Vec<_> = picked.into_iter().chain(mirrored.iter().map(|clip| clip.iter().collect())).collect();
    Ok(clip_input(&views, device))
}

/// Flow of whole frames in evenly spread windows, also mirrored: [2·VIEWS, 2·n, h, w].
fn temporal_views(
    stream: &Stream,
    frame: Geometry,
    clips: &Clips,
    index: usize,
    flow: &mut FrozenFlow,
    device: &Device,
) -> Result<Tensor<4>> {
    let input = stream.input();
    let last = clips.frames(index)?.len().saturating_sub(input.frames());
    let whole = Crop::whole(frame);
    let draws: Vec<Draw> = (1..=VIEWS)
        .flat_map(|i| [false, true].map(|mirrored| (i * last / (VIEWS + 1), mirrored)))
        .map(|(start, mirrored)| Draw { clip: index, start, stride: 1, crop: Crop { mirrored, ..whole } })
        .collect();
    Ok(classifier_input(flow.windows(&draws, input.count, frame, device)?))
}

/// Logistic regression on features [n, F] of unit size, whose classes are `labels`.
pub(super) fn fit_to(stream: Stream, classes: usize, features: Tensor<2>, labels: Vec<i64>) -> Stream {
    let scale: f32 = features.clone().powi_scalar(2).mean().sqrt().into_scalar();
    let scale = scale.max(f32::MIN_POSITIVE);

    let device = features.device().autodiff();
    let [_, width] = features.dims();
    let inputs = Tensor::<2>::from_data((features / scale).into_data(), &device);
    let labels = Tensor::<1, Int>::from_data(TensorData::from(labels.as_slice()), &device);
    let dropout = DropoutConfig::new(DROPOUT).init();
    let loss = CrossEntropyLossConfig::new().init(&device);
    let decay = Some(WeightDecayConfig::new(WEIGHT_DECAY));
    let mut optimiser = AdamConfig::new().with_weight_decay(decay).init();
    let mut layer = LinearConfig::new(width, classes).init(&device);
    for update in 0..UPDATES {
        let logits = layer.forward(dropout.forward(inputs.clone()));
        let gradients = GradientsParams::from_grads(loss.forward(logits, labels.clone()).backward(), &layer);
        let rate = RATE * (1.0 - update as f64 / UPDATES as f64);
        layer = optimiser.step(rate, layer, gradients);
    }
    let layer = layer.valid();
    let bias = layer.bias.map_or_else(|| Tensor::zeros([classes], &layer.weight.device()), |bias| bias.val());
    stream.with_head(scale, layer.weight.val(), bias)
}
