//! What a run measures on clips it does not train on, and which of two measurements is better.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::augmentation::{Crop, Draw};
use super::clip_cache::ClipCache;
use super::clips::Clips;
use super::dataset::{Dataset, LabelledClip};
use super::event::TrainingEvent;
use super::flow_source::FlowSource;
use super::frozen_flow::FrozenFlow;
use super::losses::{separable::Separable, warp};
use super::objective::Objective;
use super::plan::{Network, TrainingPlan};
use super::solver::Solver;
use crate::error::{Error, Result};
use crate::nets::flow_normalisation::classifier_input;
use crate::nets::preprocessing::{clip_input, motion_input};
use crate::nets::{FLOW_UNIT_PX, MotionNetwork, Stream};

/// Share of each side left out at every border, where the scene leaves the frame.
const BORDER: f64 = 0.1;

/// The figure by which a run chooses its best networks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// What it is.
    pub name: &'static str,
    /// The value.
    pub value: f32,
    more_is_better: bool,
}

impl Measurement {
    /// Whether the networks are better than where the same figure was `before`; NaN is no better than anything.
    pub fn beats(&self, before: Option<f32>) -> bool {
        match before {
            None => !self.value.is_nan(),
            Some(before) if self.more_is_better => self.value > before,
            Some(before) => self.value < before,
        }
    }
}

/// Clips to measure on; none if the plan names none.
pub struct Validator {
    clips: Option<Arc<Clips>>,
    network: Network,
    flow_source: FlowSource,
    /// The flow of the clips where it is not the network's own.
    flow: Option<FrozenFlow>,
}

impl Validator {
    /// `clips` to measure on, or as many of them as `plan` says, decoded through `cache` if there is one.
    pub fn new(plan: &TrainingPlan, clips: Vec<LabelledClip>, cache: Option<Arc<ClipCache>>) -> Self {
        let every = clips.len().div_ceil(plan.validation_clips).max(1);
        let clips: Vec<_> = clips.into_iter().step_by(every).collect();
        Self {
            clips: (!clips.is_empty()).then(|| Arc::new(Clips::new(clips, plan.frame).with_cache(cache))),
            network: plan.network,
            flow_source: plan.flow_source,
            flow: None,
        }
    }

    /// Measures the networks as they stand (or their averages) and reports each figure. The last of them decides: top-1 of a
    /// stream, else the photometric ratio of MotionNet. `frozen` is MotionNet where it is not trained. Nothing without clips.
    pub fn measure(
        &mut self,
        objective: &Objective,
        frozen: &MotionNetwork,
        step: usize,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<Vec<Measurement>> {
        let Some(clips) = self.clips.clone() else { return Ok(Vec::new()) };
        let motion = objective.motion.as_ref().map_or_else(|| frozen.valid(), Solver::result);
        let stream = objective.stream.as_ref().map(Solver::result);
        let mut measurements = Vec::new();
        let mut tell = |measurement: Measurement, guesses: Vec<[usize; 2]>| {
            let Measurement { name, value, .. } = measurement;
            on_event(TrainingEvent::Validation { step, name: name.into(), value, guesses });
            measurements.push(measurement);
        };
        if self.network != Network::Spatial && self.flow_source.needs_network() {
            let mut error = PhotometricError::default();
            for index in 0..clips.len() {
                error.add_clip(&motion, &clips.frames(index)?);
            }
            let ratio = Measurement { name: "photometric ratio", value: error.ratio(), more_is_better: false };
            tell(ratio, Vec::new());
        }
        if let Some(stream) = stream {
            let guesses = self.guesses(&clips, &motion, &stream)?;
            let right = guesses.iter().filter(|[label, guess]| label == guess).count();
            let value = right as f32 / guesses.len() as f32;
            tell(Measurement { name: "top-1", value, more_is_better: true }, guesses);
        }
        Ok(measurements)
    }

    /// The class of every clip and what a stream takes its middle for.
    fn guesses(&mut self, clips: &Arc<Clips>, motion: &MotionNetwork, stream: &Stream) -> Result<Vec<[usize; 2]>> {
        let mut guesses = Vec::new();
        for index in 0..clips.len() {
            let frames = clips.frames(index)?;
            let logits = match self.network {
                Network::Spatial => spatial_logits(stream, &[centre_window(&frames, stream.input().frames())]),
                _ if self.flow_source != FlowSource::MotionNet => {
                    let start = centre_start(frames.len(), stream.input().frames());
                    self.two_stage_logits(clips, index, start, motion, stream)?
                }
                _ => temporal_logits(motion, stream, &[centre_window(&frames, stream.input().frames())]),
            };
            guesses.push([clips.label(index), arg_max(&logits[0]).unwrap_or_default()]);
        }
        Ok(guesses)
    }

    /// Logits of the window of clip `index` that starts at frame `start`, from flow that is made once.
    fn two_stage_logits(
        &mut self,
        clips: &Arc<Clips>,
        index: usize,
        start: usize,
        motion: &MotionNetwork,
        stream: &Stream,
    ) -> Result<Vec<Vec<f32>>> {
        let source = self.flow_source;
        let flow = self.flow.get_or_insert_with(|| FrozenFlow::new(source, motion.clone(), clips.clone()));
        let draw = Draw { clip: index, start, stride: 1, crop: Crop::whole(clips.geometry()) };
        let flow = flow.windows(&[draw], stream.input().count, clips.geometry(), &device_of(stream))?;
        Ok(rows(stream.forward(classifier_input(flow))))
    }
}

/// The clips of `dataset` with the labels that their classes have among `classes`: a folder that lacks a class numbers the others
/// differently. Without a stream the labels do not matter.
pub(super) fn relabelled(dataset: Dataset, classes: &[String], plan: &TrainingPlan) -> Result<Vec<LabelledClip>> {
    if plan.network == Network::Flow {
        return Ok(dataset.clips);
    }
    let label = |clip: LabelledClip| {
        let class = &dataset.classes[clip.label];
        let label = classes.iter().position(|known| known == class).ok_or_else(|| {
            let cause = format!("the class '{class}' of the validation clips is none of the training clips'");
            Error::file(&clip.path, cause, "Measure on clips of the classes that are trained")
        })?;
        Ok(LabelledClip { label, ..clip })
    };
    dataset.clips.into_iter().map(label).collect()
}

/// Logits of windows, of single frames unless the stream reads clips, a row each.
pub fn spatial_logits(stream: &Stream, windows: &[Vec<&RgbImage>]) -> Vec<Vec<f32>> {
    rows(stream.forward(clip_input(windows, &device_of(stream))))
}

/// Logits of windows of as many frames as the stream reads, of any size, a row each.
pub fn temporal_logits(motion: &MotionNetwork, stream: &Stream, windows: &[Vec<&RgbImage>]) -> Vec<Vec<f32>> {
    let flow = motion.forward_any_size(motion_input(windows, &device_of(stream)));
    rows(stream.forward(classifier_input(flow.finest().clone())))
}

/// The `count` frames in the middle, the last one repeated in shorter clips.
pub fn centre_window(frames: &[RgbImage], count: usize) -> Vec<&RgbImage> {
    let start = centre_start(frames.len(), count);
    (start..start + count).map(|i| &frames[i.min(frames.len() - 1)]).collect()
}

/// Where the `count` frames in the middle of `frames` start: of two frames in the middle the second, of two windows the first.
fn centre_start(frames: usize, count: usize) -> usize {
    if count == 1 { frames / 2 } else { frames.saturating_sub(count) / 2 }
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
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
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

    /// Adds what was found on other clips.
    pub fn add(&mut self, other: Self) {
        self.rebuilt += other.rebuilt;
        self.zero_flow += other.zero_flow;
    }

    /// 1 for zero flow, 0 for a perfect reconstruction; not a number without clips, or where all of them are stills.
    pub fn ratio(&self) -> f32 {
        if self.zero_flow > 0.0 { (self.rebuilt / self.zero_flow) as f32 } else { f32::NAN }
    }
}

/// Mean |a − b| without a border of a tenth of each side.
fn centre_difference(a: Tensor<4>, b: Tensor<4>) -> f64 {
    let [_, _, height, width] = a.dims();
    let [top, left] = [height, width].map(|side| (BORDER * side as f64) as usize);
    let difference = (a - b).abs().narrow(2, top, height - 2 * top).narrow(3, left, width - 2 * left);
    f64::from(difference.mean().into_scalar::<f32>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_should_fall_and_accuracies_rise() {
        let ratio = Measurement { name: "photometric ratio", value: 0.5, more_is_better: false };
        let top_1 = Measurement { name: "top-1", value: 0.5, more_is_better: true };
        assert!(ratio.beats(Some(0.6)) && !ratio.beats(Some(0.5)) && !ratio.beats(Some(0.4)));
        assert!(top_1.beats(Some(0.4)) && !top_1.beats(Some(0.5)) && !top_1.beats(Some(0.6)));
        assert!(ratio.beats(None) && !Measurement { value: f32::NAN, ..ratio }.beats(None));
    }
}
