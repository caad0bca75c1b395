//! What a run measures on clips it does not train on.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use image::RgbImage;

use super::clip_cache::ClipCache;
use super::clips::Clips;
use super::dataset::Dataset;
use super::event::TrainingEvent;
use super::losses::{separable::Separable, warp};
use super::objective::Objective;
use super::plan::{Network, TrainingPlan};
use crate::error::Result;
use crate::nets::flow_normalisation::classifier_input;
use crate::nets::preprocessing::{motion_input, spatial_input};
use crate::nets::{FLOW_UNIT_PX, MotionNetwork, Stream, WINDOW_FRAMES};

/// Clips measured at most at a checkpoint, evenly spread over the list.
const CLIPS: usize = 60;
/// Share of each side left out at every border, where the scene leaves the frame.
const BORDER: f64 = 0.1;

/// Clips to measure on; none if the plan names none.
pub struct Validator {
    clips: Option<Clips>,
    network: Network,
}

impl Validator {
    /// Reads the list of validation clips, which are decoded through `cache` if there is one.
    pub fn new(plan: &TrainingPlan, cache: Option<Arc<ClipCache>>) -> Result<Self> {
        let clips = plan.validation.as_ref().map(Dataset::open).transpose()?.map(|dataset| {
            let every = dataset.clips.len().div_ceil(CLIPS);
            Clips::new(dataset.clips.into_iter().step_by(every).collect(), plan.frame).with_cache(cache)
        });
        Ok(Self { clips, network: plan.network })
    }

    /// Measures the networks as they stand and reports each figure. `frozen` is MotionNet where it is not trained.
    pub fn measure(
        &self,
        objective: &Objective,
        frozen: &MotionNetwork,
        step: usize,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<()> {
        let Some(clips) = &self.clips else { return Ok(()) };
        let motion = objective.motion.as_ref().map_or_else(|| frozen.valid(), |solver| solver.network().valid());
        let stream = objective.stream.as_ref().map(|solver| solver.network().valid());
        let mut report = |name: &str, value| on_event(TrainingEvent::Validation { step, name: name.into(), value });
        if self.network != Network::Spatial {
            let mut error = PhotometricError::default();
            for index in 0..clips.len() {
                error.add_clip(&motion, &clips.frames(index)?);
            }
            report("photometric ratio", error.ratio());
        }
        if let Some(stream) = stream {
            let mut right = 0;
            for index in 0..clips.len() {
                let frames = clips.frames(index)?;
                let logits = match self.network {
                    Network::Spatial => spatial_logits(&stream, &[&frames[frames.len() / 2]]),
                    _ => temporal_logits(&motion, &stream, &[centre_window(&frames)]),
                };
                right += usize::from(arg_max(&logits[0]) == Some(clips.label(index)));
            }
            report("top-1", right as f32 / clips.len() as f32);
        }
        Ok(())
    }
}

/// Logits of single frames, a row each.
pub fn spatial_logits(stream: &Stream, frames: &[&RgbImage]) -> Vec<Vec<f32>> {
    rows(stream.forward(spatial_input(frames, &device_of(stream))))
}

/// Logits of windows of 11 frames of any size, a row each.
pub fn temporal_logits(motion: &MotionNetwork, stream: &Stream, windows: &[Vec<&RgbImage>]) -> Vec<Vec<f32>> {
    let flow = motion.forward_any_size(motion_input(windows, &device_of(stream)));
    rows(stream.forward(classifier_input(flow.finest().clone())))
}

/// The 11 frames in the middle, the last one repeated in shorter clips.
pub fn centre_window(frames: &[RgbImage]) -> Vec<&RgbImage> {
    let start = frames.len().saturating_sub(WINDOW_FRAMES) / 2;
    (start..start + WINDOW_FRAMES).map(|i| &frames[i.min(frames.len() - 1)]).collect()
}

/// Index of the largest value; none if there are no values.
pub fn arg_max(values: &[f32]) -> Option<usize> {
    (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b]))
}

fn rows(logits: Tensor<2>) -> Vec<Vec<f32>> {
    let classes = logits.dims()[1];
    let values: Vec<f32> = logits.into_data().convert::<f32>().try_to_vec().unwrap_or_default();
    values.chunks(classes).map(<[f32]>::to_vec).collect()
}

fn device_of<M: Module>(module: &M) -> Device {
    module.devices().pop().unwrap_or_else(Device::flex)
}

/// Mean |I₀ − rebuilt I₀| against mean |I₀ − I₁|: what MotionNet explains of the change between frames.
#[derive(Debug, Clone, Copy, Default)]
pub struct PhotometricError {
    rebuilt: f64,
    zero_flow: f64,
}

impl PhotometricError {
    /// Adds the pair (or window) in the middle of a clip.
    pub fn add_clip(&mut self, motion: &MotionNetwork, frames: &[RgbImage]) {
        let span = motion.frames();
        let start = frames.len().saturating_sub(span) / 2;
        let window = (start..start + span).map(|i| &frames[i.min(frames.len() - 1)]).collect();
        let frames = motion_input(&[window], &device_of(motion)); // [1, 3·span, h, w]
        let [_, _, height, width] = frames.dims();
        let pairs = span - 1;

        let raw = motion.forward_any_size(frames.clone()).levels.swap_remove(0);
        let [_, _, rows, columns] = raw.dims();
        let flow = Separable::bilinear([rows, columns], [height, width], &raw.device()).apply(raw) * FLOW_UNIT_PX;
        let first = frames.clone().narrow(1, 0, 3 * pairs).reshape([pairs, 3, height, width]);
        let second = frames.narrow(1, 3, 3 * pairs).reshape([pairs, 3, height, width]);
        let rebuilt = warp(second.clone(), flow.reshape([pairs, 2, height, width]));
        self.rebuilt += centre_difference(first.clone(), rebuilt);
        self.zero_flow += centre_difference(first, second);
    }

    /// 1 for zero flow, 0 for a perfect reconstruction.
    pub fn ratio(&self) -> f32 {
        (self.rebuilt / self.zero_flow.max(f64::MIN_POSITIVE)) as f32
    }
}

/// Mean |a − b| without a border of a tenth of each side.
fn centre_difference(a: Tensor<4>, b: Tensor<4>) -> f64 {
    let [_, _, height, width] = a.dims();
    let [top, left] = [height, width].map(|side| (BORDER * side as f64) as usize);
    let difference = (a - b).abs().narrow(2, top, height - 2 * top).narrow(3, left, width - 2 * left);
    f64::from(difference.mean().into_scalar::<f32>())
}
