//! What a step minimises: the unsupervised loss of MotionNet, the action loss of a stream, or both end to end.

use std::path::Path;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use super::clips::Clips;
use super::event::{TrainingControl, TrainingEvent};
use super::frozen_flow::FrozenFlow;
use super::head;
use super::last_layer::Row;
use super::loader::{Batch, Pixels};
use super::losses::LevelLoss;
use super::losses::action::{ActionLoss, class_weights, consensus, mixed};
use super::parts::Part;
use super::plan::{ClassBalance, Network, TemporalMode, TrainingPlan};
use super::solver::Solver;
use crate::error::{Error, Result};
use crate::nets::{MotionNetwork, Stream, flow_normalisation::classifier_input};

/// The networks of a run and how they are trained together.
pub struct Objective {
    /// MotionNet, where it is trained.
    pub motion: Option<Solver<MotionNetwork>>,
    /// The stream, where one is trained.
    pub stream: Option<Solver<Stream>>,
    frozen: Option<FrozenFlow>,
    action_loss: ActionLoss,
    /// What the batches of the step in progress measured.
    measured: Vec<Outcome>,
    plan: TrainingPlan,
    device: Device,
}

/// What a step, or one batch of it, measured.
pub struct Outcome {
    /// The minimised loss.
    pub loss: f32,
    /// Its terms by name.
    pub terms: Vec<(String, f32)>,
    /// Share of the batch that was classified right, where there are classes.
    pub accuracy: Option<f32>,
    /// Whether the networks were left as they were because a number was not finite.
    pub skipped: bool,
}

impl Objective {
    /// Puts `motion` and `stream`, which tells `classes`, to work as `plan` wants. `device` has autodiff on.
    ///
    /// # Errors
    /// If the plan freezes what is not there.
    pub fn new(
        plan: &TrainingPlan,
        motion: MotionNetwork,
        stream: Option<Stream>,
        classes: usize,
        clips: &Arc<Clips>,
        device: &Device,
    ) -> Result<Self> {
        let weighted = plan.balance == ClassBalance::Weighting && stream.is_some();
        let class_weights = if weighted { class_weights(clips.labels(), classes) } else { Vec::new() };
        let frozen_flow = plan.network == Network::Temporal && !plan.trains_motion();
        Ok(Self {
            frozen: frozen_flow.then(|| FrozenFlow::new(plan.flow_source, motion.valid(), clips.clone())),
            motion: plan.trains_motion().then(|| Solver::new(motion, plan, Part::Motion)).transpose()?,
            stream: stream.map(|stream| Solver::new(stream, plan, Part::Stream)).transpose()?,
            action_loss: ActionLoss { smoothing: plan.label_smoothing as f32, class_weights },
            measured: Vec::new(),
            plan: plan.clone(),
            device: device.clone(),
        })
    }

    /// Fits a new last layer for the classes `rows` to the clips before the first step, see [`head::fit`].
    pub fn fit_head(
        &mut self,
        rows: &[Row],
        clips: &Arc<Clips>,
        control: &TrainingControl,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<()> {
        let Some(stream) = &self.stream else { return Ok(()) };
        let stream = stream.network().clone();
        let source = self.plan.flow_source;
        let end_to_end =
            self.motion.as_ref().map(|motion| FrozenFlow::new(source, motion.network().valid(), clips.clone()));
        let mut flow = self.frozen.take().or(end_to_end);
        let fitted = head::fit(stream, rows, &self.plan, clips, flow.as_mut(), control, on_event)?;
        self.stream = Some(Solver::new(fitted, &self.plan, Part::Stream)?);
        self.frozen = flow.filter(|_| self.motion.is_none());
        Ok(())
    }

    /// Frames of a training window.
    pub fn window(&self, motion: &MotionNetwork) -> usize {
        self.stream.as_ref().map_or_else(|| motion.frames(), |stream| stream.network().input().frames())
    }

    /// What the loader must prepare.
    pub fn pixels(&self) -> Pixels {
        match self.plan.network {
            Network::Flow => Pixels::Motion,
            Network::Spatial => Pixels::Spatial,
            Network::Temporal if self.frozen.is_some() => Pixels::None,
            Network::Temporal => Pixels::Motion,
        }
    }

    /// Number of parameters that are trained.
    pub fn parameters(&self) -> usize {
        let motion = self.motion.as_ref().map_or(0, |solver| solver.network().num_params());
        motion + self.stream.as_ref().map_or(0, |solver| solver.network().parameters())
    }

    /// Adds a batch to the step in progress: its share of the gradient, and what it measured.
    ///
    /// A step is the mean of its batches. Of losses that are means over samples, that is the step on all of them at once.
    pub fn accumulate(&mut self, batch: &Batch) -> Result<()> {
        let (levels, logits) = self.forward(batch)?;
        let unsupervised = (!levels.is_empty()).then(|| sum(levels.iter().map(|level| level.total.clone())));
        let action = logits.clone().map(|logits| self.action_loss.forward(logits, &batch.labels, &batch.mixing));
        let loss = match (unsupervised, action.clone()) {
            (Some(unsupervised), Some(action)) => unsupervised * self.plan.unsupervised_weight + action,
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => unreachable!("every objective has a loss"),
        };
        let (values, names) = named_terms(&loss, &levels, action);
        let mut gradients = (loss / self.plan.accumulate as f64).backward();
        self.motion.iter_mut().for_each(|motion| motion.accumulate(&mut gradients));
        self.stream.iter_mut().for_each(|stream| stream.accumulate(&mut gradients));

        // One read of all numbers: each read waits for the device.
        let values = read(Tensor::cat(values, 0))?;
        let skipped = values.iter().any(|value| !value.is_finite());
        let accuracy = logits.map(|logits| accuracy(logits, &batch.labels));
        let terms = names.into_iter().zip(values.iter().skip(1).copied()).collect();
        self.measured.push(Outcome { loss: values[0], terms, accuracy, skipped });
        Ok(())
    }

    /// Makes step `step` (from 0) along the mean of the batches since the last one, at `rate`.
    pub fn step(&mut self, rate: f64, step: usize) -> Outcome {
        let mut outcome = Outcome::mean(std::mem::take(&mut self.measured));
        let motion = self.motion.as_mut().map(Solver::gradient);
        let stream = self.stream.as_mut().map(Solver::gradient);
        outcome.skipped |= [&motion, &stream].into_iter().flatten().any(|gradient| !gradient.norm.is_finite());
        if outcome.skipped {
            return outcome;
        }
        let motion_rate = if self.stream.is_some() { rate * self.plan.motion_rate } else { rate };
        if let (Some(solver), Some(gradient)) = (&mut self.motion, motion) {
            solver.step(gradient, motion_rate, step);
        }
        if let (Some(solver), Some(gradient)) = (&mut self.stream, stream) {
            solver.step(gradient, rate, step);
        }
        outcome
    }

    /// Writes the trained networks and their optimisers into `dir`.
    pub fn save(&self, dir: &Path) -> Result<()> {
        self.motion.as_ref().map_or(Ok(()), |motion| motion.save(dir, "motion"))?;
        self.stream.as_ref().map_or(Ok(()), |stream| stream.save(dir, "stream"))
    }

    /// Restores what [`Self::save`] wrote.
    pub fn load(mut self, dir: &Path) -> Result<Self> {
        self.motion = self.motion.map(|motion| motion.load(dir, "motion")).transpose()?;
        self.stream = self.stream.map(|stream| stream.load(dir, "stream")).transpose()?;
        Ok(self)
    }

    /// The unsupervised losses that count, and the logits of the batch where there is a stream.
    fn forward(&mut self, batch: &Batch) -> Result<(Vec<LevelLoss>, Option<Tensor<2>>)> {
        if let Some(frozen) = &mut self.frozen {
            let flows = self.stream.as_ref().map_or(0, |stream| stream.network().input().count);
            let flow = frozen.windows(&batch.draws, flows, self.plan.crop, &self.device)?;
            return Ok((Vec::new(), self.classify(classifier_input(flow), batch)));
        }
        let frames = self.frames(batch);
        let Some(motion) = &self.motion else {
            return Ok((Vec::new(), self.classify(frames, batch)));
        };
        let pyramid = motion.network().window_flows(frames.clone());
        let stacked = self.stream.is_some().then(|| classifier_input(pyramid.finest().clone()));
        let logits = stacked.and_then(|flow| self.classify(flow, batch));
        let supervised_only = self.stream.is_some() && self.plan.mode != TemporalMode::C;
        let levels = if supervised_only { Vec::new() } else { self.plan.loss.levels(frames, &pyramid.levels) };
        Ok((levels, logits))
    }

    /// The stream's logits of its `input`, a row a sample: the consensus of its segments. The input is mixed here and not
    /// before: the flow of two videos shown over each other would be neither's.
    fn classify(&self, input: Tensor<4>, batch: &Batch) -> Option<Tensor<2>> {
        let stream = self.stream.as_ref()?;
        let input = if batch.mixing.is_empty() { input } else { self.mixed(input, &batch.mixing) };
        Some(consensus(stream.network().forward(input), self.plan.segments))
    }

    /// Mixes samples as wholes: segment by segment in equal shares.
    fn mixed(&self, input: Tensor<4>, mixing: &[f32]) -> Tensor<4> {
        let [windows, channels, height, width] = input.dims();
        let segments = self.plan.segments;
        let samples = input.reshape([windows / segments, segments * channels, height, width]);
        mixed(samples, mixing).reshape([windows, channels, height, width])
    }

    /// [draws, c, h, w]
    fn frames(&self, batch: &Batch) -> Tensor<4> {
        let [height, width] = [self.plan.crop.height as usize, self.plan.crop.width as usize];
        let windows = batch.draws.len();
        let channels = batch.frames.len() / (windows * height * width);
        Tensor::from_data(TensorData::new(batch.frames.clone(), [windows, channels, height, width]), &self.device)
    }
}

impl Outcome {
    /// The means over the batches of a step; skipped if any was.
    fn mean(batches: Vec<Self>) -> Self {
        let count = batches.len() as f32;
        let mut batches = batches.into_iter();
        let first = batches.next().expect("a step has at least one batch");
        let mut mean = batches.fold(first, |mut sum, batch| {
            sum.loss += batch.loss;
            sum.terms.iter_mut().zip(batch.terms).for_each(|((_, sum), (_, value))| *sum += value);
            sum.accuracy = sum.accuracy.zip(batch.accuracy).map(|(sum, value)| sum + value);
            sum.skipped |= batch.skipped;
            sum
        });
        mean.loss /= count;
        mean.terms.iter_mut().for_each(|(_, value)| *value /= count);
        mean.accuracy = mean.accuracy.map(|value| value / count);
        mean
    }
}

/// Reads numbers back from the device.
fn read(tensor: Tensor<1>) -> Result<Vec<f32>> {
    let lost = |error: String| {
        Error::new("device", format!("the computation failed ({error})"), "Resume the run, perhaps with --device cpu")
    };
    let data = tensor.try_into_data().map_err(|error| lost(format!("{error:?}")))?;
    data.convert::<f32>().try_to_vec().map_err(|error| lost(format!("{error:?}")))
}

fn sum(terms: impl Iterator<Item = Tensor<1>>) -> Tensor<1> {
    terms.reduce(|total, term| total + term).expect("a pyramid has at least one level")
}

/// The loss followed by its terms, and the terms' names.
fn named_terms(loss: &Tensor<1>, levels: &[LevelLoss], action: Option<Tensor<1>>) -> (Vec<Tensor<1>>, Vec<String>) {
    let (mut values, mut names) = (vec![loss.clone().detach()], Vec::new());
    let mut push = |name: String, value: &Tensor<1>| {
        names.push(name);
        values.push(value.clone().detach());
    };
    for level in levels {
        let smooth = (level.smooth_u.clone() + level.smooth_v.clone()) / 2.0;
        push(format!("pixel {}", level.level), &level.pixel);
        push(format!("smooth {}", level.level), &smooth);
        push(format!("ssim {}", level.level), &level.ssim);
    }
    if let Some(action) = action {
        push("action".into(), &action);
    }
    (values, names)
}

fn accuracy(logits: Tensor<2>, labels: &[usize]) -> f32 {
    let best = logits.detach().argmax(1).into_data().convert::<i64>().try_to_vec::<i64>().unwrap_or_default();
    let right = best.iter().zip(labels).filter(|&(&best, &label)| best == label as i64).count();
    right as f32 / labels.len() as f32
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Distribution, Tolerance};

    use super::super::augmentation::{Crop, Draw};
    use super::*;
    use crate::nets::{Backbone, MotionConfig, StreamConfig, StreamInput};
    use crate::video::Geometry;

    const CROP: Geometry = Geometry { width: 64, height: 32 };

    /// Two samples of three segments, what a spatial stream says of them, and the stream.
    fn samples(mixing: Vec<f32>) -> (Tensor<4>, Tensor<2>, Stream) {
        let device = Device::flex().autodiff();
        let plan = TrainingPlan { segments: 3, crop: CROP, ..TrainingPlan::of(Network::Spatial) };
        let config = StreamConfig {
            backbone: Backbone::SqueezeNet,
            input: StreamInput::PICTURE,
            classes: 4,
            dropout: Some(0.0),
        };
        let stream = config.init(&device);
        let motion = MotionConfig { width: 2, ..MotionConfig::default() }.init(&device);
        let clips = Arc::new(Clips::new(Vec::new(), CROP));
        let mut objective = Objective::new(&plan, motion, Some(stream), 4, &clips, &device).unwrap();
        let frames = Tensor::<4>::random([6, 3, 32, 64], Distribution::Normal(0.0, 50.0), &Device::flex());
        let batch = Batch {
            frames: frames.to_data().try_to_vec().unwrap(),
            labels: vec![0, 1],
            mixing,
            draws: vec![Draw { clip: 0, start: 0, stride: 1, crop: Crop::whole(CROP) }; 6],
            warnings: Vec::new(),
        };
        let (_, logits) = objective.forward(&batch).unwrap();
        (frames, logits.unwrap().inner(), objective.stream.unwrap().result())
    }

    fn mean_of_segments(stream: &Stream, frames: &Tensor<4>) -> Tensor<2> {
        let alone = (0..6).map(|i| stream.forward(frames.clone().narrow(0, i, 1))).collect::<Vec<_>>();
        let mean = |sample: usize| Tensor::cat(alone[3 * sample..3 * sample + 3].to_vec(), 0).mean_dim(0);
        Tensor::cat(vec![mean(0), mean(1)], 0)
    }

    #[test]
    fn a_sample_s_logits_are_the_mean_of_its_segments_alone() {
        let (frames, logits, stream) = samples(Vec::new());
        let expected = mean_of_segments(&stream, &frames).into_data();
        logits.into_data().assert_approx_eq::<f32>(&expected, Tolerance::relative(1e-4));
    }

    #[test]
    fn samples_are_mixed_segment_by_segment() {
        let (frames, logits, stream) = samples(vec![0.75, 0.5]);
        let [first, second] = [0, 3].map(|from| frames.clone().narrow(0, from, 3));
        let mixed = vec![first.clone() * 0.75 + second.clone() * 0.25, second * 0.5 + first * 0.5];
        let expected = mean_of_segments(&stream, &Tensor::cat(mixed, 0)).into_data();
        logits.into_data().assert_approx_eq::<f32>(&expected, Tolerance::relative(1e-4));
    }
}
