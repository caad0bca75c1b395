//! The training objective: the unsupervised loss of MotionNet, the action loss of a stream, or both end to end.

pub mod losses;

use std::path::Path;
use std::sync::Arc;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

use super::config::plan::{ClassBalance, Network, TemporalMode, TrainingPlan};
use super::flow::frozen_flow::FrozenFlow;
use super::loader::{Batch, Pixels};
use super::motion_squares::MotionSquares;
use super::optim::gradient_shares::{GradientShares, gradient_shares};
use super::optim::optimizer::{Gradient, Optimizer};
use super::optim::param_groups::NetworkPart;
use super::probe::features::{FeatureExtractor, Features, of_views};
use super::probe::linear::{RowInit, fit_to};
use super::probe::views::ProbeViews;
use super::run::clock::Clock;
use super::run::events::TrainingEvent;
use crate::data::clips::Clips;
use crate::error::{Error, Result};
use crate::nets::{MotionNetwork, Stream, mean_of_views, read_back};
use crate::ranking::arg_max;
use losses::action::{ActionLoss, class_weights, consensus, mixed};
use losses::{LevelLoss, LossSwitches, LossTerm};

/// Share of a time budget that the fit of a new last layer before the first step may take.
const HEAD_SHARE: f64 = 0.4;

/// The networks of a run and how they are trained together.
pub struct Objective {
    /// MotionNet, where it is trained.
    pub motion: Option<Optimizer<MotionNetwork>>,
    /// The stream, where one is trained.
    pub stream: Option<Optimizer<Stream>>,
    frozen: Option<FrozenFlow>,
    action_loss: ActionLoss,
    /// What of the loss counts.
    switches: LossSwitches,
    /// What the batches of the step in progress measured.
    measured: Vec<Outcome>,
    plan: TrainingPlan,
    device: Device,
}

/// The measurements of a step, or of one batch of it.
pub struct Outcome {
    /// The minimised loss.
    pub loss: f32,
    /// Its terms by name.
    pub terms: Vec<(String, f32)>,
    /// The weight of each term in the loss; 0 for one that does not count.
    pub weights: Vec<f32>,
    /// Share of the batch that was classified right, where there are classes.
    pub accuracy: Option<f32>,
    /// Whether the networks were left as they were because a number was not finite.
    pub skipped: bool,
}

impl Objective {
    /// Creates the objective of `plan` for `motion` and `stream`, which has `classes`. `device` has autodiff enabled.
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
            motion: plan.trains_motion().then(|| Optimizer::new(motion, plan, NetworkPart::Motion)).transpose()?,
            stream: stream.map(|stream| Optimizer::new(stream, plan, NetworkPart::Stream)).transpose()?,
            action_loss: ActionLoss { smoothing: plan.label_smoothing as f32, class_weights },
            switches: LossSwitches::of(&plan.loss),
            measured: Vec::new(),
            plan: plan.clone(),
            device: device.clone(),
        })
    }

    /// Fits a new last layer for the classes `rows` to the clips before the first step. The stream stays as it is if no clip can
    /// be read or the work is stopped.
    pub fn fit_head(
        &mut self,
        rows: &[RowInit],
        clips: &Arc<Clips>,
        squares: Option<&MotionSquares>,
        clock: &mut Clock,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<()> {
        let Some(stream) = &self.stream else { return Ok(()) };
        let stream = stream.network().clone();
        let source = self.plan.flow_source;
        // Flow that will change in training is of no use after this.
        let end_to_end =
            self.motion.as_ref().map(|motion| FrozenFlow::new(source, motion.network().valid(), clips.clone()));
        let (flow, root) = (self.frozen.take().or(end_to_end), self.plan.runs_dir());
        let views = ProbeViews::FIT.of(MotionSquares::crop_of(squares));
        let mut extractor = FeatureExtractor::new(stream.valid(), flow, squares.cloned(), clips.clone(), views, root);
        let taken = extractor.take(0..clips.len(), HEAD_SHARE, clock, on_event)?;
        self.frozen = extractor.into_flow().filter(|_| self.motion.is_none());
        if let Some(Features { clips, rows: Some(features) }) = taken {
            let labels = of_views(clips.iter().map(|clip| clip.label), views);
            let fitted = fit_to(stream, rows, features, &labels);
            self.stream = Some(Optimizer::new(fitted, &self.plan, NetworkPart::Stream)?);
        }
        Ok(())
    }

    /// Frames of a training window.
    pub fn window(&self, motion: &MotionNetwork) -> usize {
        self.stream.as_ref().map_or_else(|| motion.frames(), |stream| stream.network().input().frames())
    }

    /// Returns the input the loader must prepare.
    pub fn pixels(&self) -> Pixels {
        match self.plan.network {
            Network::Flow => Pixels::Motion,
            Network::Spatial => Pixels::Spatial,
            Network::Temporal => self.frozen.as_ref().map_or(Pixels::Motion, |frozen| Pixels::Flow(frozen.kept())),
        }
    }

    /// Number of parameters that are trained.
    pub fn parameters(&self) -> usize {
        let motion = self.motion.as_ref().map_or(0, |solver| solver.network().num_params());
        motion + self.stream.as_ref().map_or(0, |solver| solver.network().parameters())
    }

    /// Returns the loss switches.
    pub fn switches(&self) -> LossSwitches {
        self.switches
    }

    /// Changes what of the loss counts, from the next batch on.
    ///
    /// # Errors
    /// If all loss terms are off.
    pub fn switch(&mut self, switches: LossSwitches) -> Result<()> {
        let is_supervised = self.stream.is_some() && switches.action > 0.0;
        let is_unsupervised = self.is_unsupervised() && switches.is_unsupervised();
        if !(is_supervised || is_unsupervised) || !(switches.action.is_finite() && switches.action >= 0.0) {
            let remedy = "Turn on a term, or set the action loss weight above 0";
            return Err(Error::new("loss terms", "all loss terms are off", remedy));
        }
        self.switches = switches;
        Ok(())
    }

    /// Returns whether the run learns from the clips themselves too.
    fn is_unsupervised(&self) -> bool {
        self.motion.is_some() && (self.stream.is_none() || self.plan.mode == TemporalMode::C)
    }

    /// Adds a batch to the step in progress: its share of the gradient, and what it measured.
    ///
    /// A step is the mean of its batches. Of losses that are means over samples, that is the step on all of them at once.
    ///
    /// # Errors
    /// If the device fails.
    pub fn accumulate(&mut self, batch: Batch) -> Result<()> {
        self.accumulate_and(batch, |_, _, _| ())
    }

    /// The same, and of what the gradient of MotionNet consists, if it is trained: see [`GradientShares`].
    ///
    /// Burn keeps no graph for a second backward pass, so each of the three unsupervised kinds of terms that counts costs a forward
    /// and a backward pass of MotionNet of its own: all of them about three steps (measured: 2.8 in mode (c) with SqueezeNet). The
    /// action loss has what they leave of the whole, at no cost. The step stays what it is: MotionNet draws no random numbers and
    /// keeps no statistics.
    pub fn accumulate_and_share(&mut self, batch: Batch, step: usize) -> Result<Option<GradientShares>> {
        let mut shares = None;
        let look = |objective: &Self, frames: Tensor<4>, total: &GradientsParams| {
            shares = Some(objective.shares(frames, total, step));
        };
        self.accumulate_and(batch, look)?;
        shares.transpose()
    }

    /// Adds a batch and lets `look` see its frames and MotionNet's gradient, if there is one.
    fn accumulate_and(
        &mut self,
        mut batch: Batch,
        look: impl FnOnce(&Self, Tensor<4>, &GradientsParams),
    ) -> Result<()> {
        let frames = self.frames(&mut batch);
        let (levels, logits) = self.forward(frames.clone(), &batch)?;
        let action = logits.clone().map(|logits| self.action_loss.forward(logits, &batch.labels, &batch.mixing));
        let loss = match (self.unsupervised(&levels), action.clone().and_then(|action| self.weighted(action))) {
            (Some(unsupervised), Some(action)) => unsupervised + action,
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => unreachable!("every objective has a loss"),
        };
        let terms = self.terms(&levels, action);
        let values = std::iter::once(&loss).chain(terms.iter().map(|(_, _, value)| value));
        let mut values: Vec<Tensor<1>> = values.map(|value| value.clone().detach()).collect();
        values.extend(logits.as_ref().map(|logits| logits.clone().detach().flatten::<1>(0, 1)));
        let mut gradients = (loss / self.plan.accumulate as f64).backward();
        let of_motion = self.motion.as_ref().map(|motion| motion.part(&mut gradients));
        if let (Some(gradient), Some(frames)) = (&of_motion, frames) {
            look(self, frames, gradient);
        }
        if let (Some(motion), Some(gradient)) = (&mut self.motion, of_motion) {
            motion.accumulate(gradient);
        }
        if let Some(stream) = &mut self.stream {
            let gradient = stream.part(&mut gradients);
            stream.accumulate(gradient);
        }

        // One read of all numbers: each read waits for the device.
        let mut values = read_back(Tensor::cat(values, 0))?;
        let scores = values.split_off(terms.len() + 1);
        let skipped = values.iter().any(|value| !value.is_finite());
        let accuracy = logits.is_some().then(|| accuracy(&scores, &batch.labels));
        let weights = terms.iter().map(|(_, weight, _)| *weight).collect();
        let terms = terms.into_iter().zip(values.iter().skip(1)).map(|((name, ..), value)| (name, *value)).collect();
        self.measured.push(Outcome { loss: values[0], terms, weights, accuracy, skipped });
        Ok(())
    }

    /// Returns the weighted sum of the unsupervised terms that count.
    fn unsupervised(&self, levels: &[LevelLoss]) -> Option<Tensor<1>> {
        let sum = levels.iter().filter_map(|level| level.total.clone()).reduce(|total, level| total + level)?;
        Some(if self.stream.is_some() { sum * self.plan.unsupervised_weight } else { sum })
    }

    /// Returns the action loss at its weight, if it counts.
    fn weighted(&self, action: Tensor<1>) -> Option<Tensor<1>> {
        match self.switches.action {
            0.0 => None,
            1.0 => Some(action),
            weight => Some(action * weight),
        }
    }

    /// Returns the terms by name, each with its weight in the loss.
    fn terms(&self, levels: &[LevelLoss], action: Option<Tensor<1>>) -> Vec<(String, f32, Tensor<1>)> {
        let scale = if self.stream.is_some() { self.plan.unsupervised_weight as f32 } else { 1.0 };
        let mut terms = Vec::new();
        for LevelLoss { level, weights, pixel, smooth_u, smooth_v, ssim, .. } in levels {
            let smooth = (smooth_u.clone() + smooth_v.clone()) / 2.0;
            terms.push((format!("pixel {level}"), scale * weights.pixel, pixel.clone()));
            terms.push((format!("smooth {level}"), scale * 2.0 * weights.smooth, smooth)); // of u and of v
            terms.push((format!("ssim {level}"), scale * weights.ssim, ssim.clone()));
        }
        terms.extend(action.map(|action| ("action".into(), self.switches.action, action)));
        terms
    }

    /// Of what MotionNet's gradient `total` of a batch consists.
    fn shares(&self, frames: Tensor<4>, total: &GradientsParams, step: usize) -> Result<GradientShares> {
        let motion = self.motion.as_ref().expect("the gradient is of MotionNet");
        let mut parts = Vec::new();
        for term in LossTerm::UNSUPERVISED {
            if !self.is_unsupervised() || !self.switches.counts(term) {
                continue;
            }
            let pyramid = motion.network().window_flows(frames.clone());
            let levels = self.plan.loss.levels(frames.clone(), &pyramid.levels, &self.switches.only(term));
            if let Some(loss) = self.unsupervised(&levels) {
                let mut gradients = (loss / self.plan.accumulate as f64).backward();
                parts.push((term, motion.part(&mut gradients)));
            }
        }
        let is_supervised = self.stream.is_some() && self.switches.counts(LossTerm::Action);
        gradient_shares(motion.network(), total, &parts, is_supervised.then_some(LossTerm::Action), step)
    }

    /// Makes step `step` (from 0) along the mean of the batches since the last one, at `rate`.
    ///
    /// # Errors
    /// If the device fails.
    pub fn step(&mut self, rate: f64, step: usize) -> Result<Outcome> {
        let mut outcome = Outcome::mean(std::mem::take(&mut self.measured));
        let motion = self.motion.as_mut().map(Optimizer::gradient);
        let stream = self.stream.as_mut().map(Optimizer::gradient);
        let [motion_norm, stream_norm] = norms([&motion, &stream])?;
        outcome.skipped |= !(motion_norm.is_finite() && stream_norm.is_finite());
        if outcome.skipped {
            return Ok(outcome);
        }
        let motion_rate = if self.stream.is_some() { rate * self.plan.motion_rate } else { rate };
        if let (Some(solver), Some(gradient)) = (&mut self.motion, motion) {
            solver.step(gradient, motion_norm, motion_rate, step);
        }
        if let (Some(solver), Some(gradient)) = (&mut self.stream, stream) {
            solver.step(gradient, stream_norm, rate, step);
        }
        Ok(outcome)
    }

    /// Writes the trained networks and their optimisers into `dir`.
    pub fn save(&self, dir: &Path) -> Result<()> {
        self.motion.as_ref().map_or(Ok(()), |motion| motion.save(dir, "motion"))?;
        self.stream.as_ref().map_or(Ok(()), |stream| stream.save(dir, "stream"))
    }

    /// Restores what [`Self::save`] wrote; if that fails, everything is as it was.
    pub fn load(&mut self, dir: &Path) -> Result<()> {
        let motion = self.motion.as_ref().map(|motion| motion.load(dir, "motion")).transpose()?;
        self.stream = self.stream.as_ref().map(|stream| stream.load(dir, "stream")).transpose()?;
        self.motion = motion;
        self.measured.clear();
        Ok(())
    }

    /// Returns the unsupervised losses that count, and the logits of the batch where there is a stream.
    fn forward(&mut self, frames: Option<Tensor<4>>, batch: &Batch) -> Result<(Vec<LevelLoss>, Option<Tensor<2>>)> {
        if let Some(frozen) = &mut self.frozen {
            let flows = self.stream.as_ref().map_or(0, |stream| stream.network().input().count);
            let flow = frozen.windows(&batch.draws, flows, self.plan.crop, &batch.ahead, &self.device)?;
            return Ok((Vec::new(), self.classify_flow(flow, batch)?));
        }
        let Some(frames) = frames else { return Ok((Vec::new(), None)) };
        let Some(motion) = &self.motion else {
            return Ok((Vec::new(), self.stream.as_ref().map(|stream| self.classify(stream, frames, batch))));
        };
        let pyramid = motion.network().window_flows(frames.clone());
        let logits = self.classify_flow(pyramid.finest().clone(), batch)?;
        let levels = match self.is_unsupervised() {
            true => self.plan.loss.levels(frames, &pyramid.levels, &self.switches),
            false => Vec::new(),
        };
        Ok((levels, logits))
    }

    /// Returns the stream's logits of raw flow, if there is a stream: the mean over its views.
    fn classify_flow(&self, flow: Tensor<4>, batch: &Batch) -> Result<Option<Tensor<2>>> {
        let Some(stream) = &self.stream else { return Ok(None) };
        let views = stream.network().flow_inputs(flow)?.into_iter();
        Ok(Some(mean_of_views(views.map(|input| self.classify(stream, input, batch)).collect())))
    }

    /// Returns the stream's logits of its `input`, a row a sample: the consensus of its segments. The input is mixed here and not
    /// before: the flow of two videos shown over each other would be neither's.
    fn classify(&self, stream: &Optimizer<Stream>, input: Tensor<4>, batch: &Batch) -> Tensor<2> {
        let input = if batch.mixing.is_empty() { input } else { self.mixed(input, &batch.mixing) };
        consensus(stream.network().forward(input), self.plan.segments)
    }

    /// Mixes samples as wholes: segment by segment in equal shares.
    fn mixed(&self, input: Tensor<4>, mixing: &[f32]) -> Tensor<4> {
        let [windows, channels, height, width] = input.dims();
        let segments = self.plan.segments;
        let samples = input.reshape([windows / segments, segments * channels, height, width]);
        mixed(samples, mixing).reshape([windows, channels, height, width])
    }

    /// Returns the frames of a batch, which are moved to the device: [draws, c, h, w]. None where the batch has draws only.
    fn frames(&self, batch: &mut Batch) -> Option<Tensor<4>> {
        let frames = std::mem::take(&mut batch.frames);
        let [height, width] = [self.plan.crop.height as usize, self.plan.crop.width as usize];
        let windows = batch.draws.len();
        let channels = frames.len() / (windows * height * width);
        let data = TensorData::new(frames, [windows, channels, height, width]);
        (channels > 0).then(|| Tensor::from_data(data, &self.device))
    }
}

impl Outcome {
    /// Returns the means over the batches of a step; skipped if any was.
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

/// Returns the norms of gradients, in one read; 0 where there is none.
fn norms(gradients: [&Option<Gradient>; 2]) -> Result<[f64; 2]> {
    let squares = gradients.map(|gradient| gradient.as_ref().and_then(|gradient| gradient.squares.clone()));
    let there: Vec<Tensor<1>> = squares.iter().flatten().cloned().collect();
    let mut values = if there.is_empty() { Vec::new() } else { read_back(Tensor::cat(there, 0))? }.into_iter();
    Ok(squares.map(|squares| squares.and_then(|_| values.next()).map_or(0.0, |sum| f64::from(sum).sqrt())))
}

/// Returns the share of samples whose class has the highest of their `scores`, which are in rows.
fn accuracy(scores: &[f32], labels: &[usize]) -> f32 {
    let rows = scores.chunks((scores.len() / labels.len()).max(1));
    let right = rows.zip(labels).filter(|(row, label)| arg_max(*row) == Some(**label)).count();
    right as f32 / labels.len() as f32
}

#[cfg(test)]
mod tests {
    use burn::module::{ModuleVisitor, Param};
    use burn::tensor::{Distribution, Tolerance};

    use super::*;
    use crate::data::augmentation::{Crop, Draw};
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
        let mut batch = Batch {
            frames: frames.to_data().try_to_vec().unwrap(),
            labels: vec![0, 1],
            mixing,
            draws: vec![Draw { clip: 0, start: 0, stride: 1, crop: Crop::whole(CROP) }; 6],
            ..Batch::default()
        };
        let input = objective.frames(&mut batch);
        let (_, logits) = objective.forward(input, &batch).unwrap();
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

    /// A run in mode (c) without dropout, and a batch for it.
    fn end_to_end() -> (Objective, Batch) {
        let device = Device::flex().autodiff();
        device.seed(7);
        let plan = TrainingPlan {
            mode: TemporalMode::C,
            crop: Geometry { width: 64, height: 64 },
            unsupervised_weight: 0.5,
            ..TrainingPlan::of(Network::Temporal)
        };
        let backbone = Backbone::SqueezeNet;
        let config = StreamConfig { backbone, input: StreamInput::STACK, classes: 4, dropout: Some(0.0) };
        let motion = MotionConfig { frames: 2, width: 2, ..MotionConfig::default() }.init(&device);
        let clips = Arc::new(Clips::new(Vec::new(), plan.crop));
        let objective = Objective::new(&plan, motion, Some(config.init(&device)), 4, &clips, &device).unwrap();
        let frames = Tensor::<4>::random([2, 33, 64, 64], Distribution::Normal(0.0, 0.3), &Device::flex());
        let batch = Batch {
            frames: frames.to_data().try_to_vec().unwrap(),
            labels: vec![0, 3],
            draws: vec![Draw { clip: 0, start: 0, stride: 1, crop: Crop::whole(plan.crop) }; 2],
            ..Batch::default()
        };
        (objective, batch)
    }

    struct ObjectiveValues<'a>(&'a GradientsParams, Vec<f64>);

    impl ModuleVisitor for ObjectiveValues<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let zeros = || param.val().inner().zeros_like();
            let gradient = self.0.get::<D>(param.id).unwrap_or_else(zeros);
            self.1.extend(gradient.into_data().iter::<f64>());
        }
    }

    /// MotionNet's gradient of a batch, number by number, with these switches.
    fn gradient(objective: &mut Objective, batch: &Batch, switches: LossSwitches) -> Vec<f64> {
        objective.switch(switches).unwrap();
        let mut values = Vec::new();
        objective
            .accumulate_and(batch.clone(), |objective, _, gradient| {
                let mut visitor = ObjectiveValues(gradient, Vec::new());
                objective.motion.as_ref().unwrap().network().visit(&mut visitor);
                values = visitor.1;
            })
            .unwrap();
        values
    }

    fn norm(values: &[f64]) -> f64 {
        values.iter().map(|value| value * value).sum::<f64>().sqrt()
    }

    #[test]
    fn the_parts_of_a_gradient_add_up_to_it_and_are_those_of_their_losses_alone() {
        let (mut objective, batch) = end_to_end();
        // The action loss weighs more than its gradient in fresh networks, so that all parts are of one order.
        let all = LossSwitches { action: 20.0, ..objective.switches() };
        let shares_of = |objective: &mut Objective, switches: LossSwitches| {
            objective.switch(switches).unwrap();
            objective.accumulate_and_share(batch.clone(), 1).unwrap().unwrap()
        };
        let shares = shares_of(&mut objective, all);
        let total = gradient(&mut objective, &batch, all);
        assert!((shares.norm / norm(&total) - 1.0).abs() < 1e-4);

        let none = [false; LossSwitches::SCALES];
        let without = LossSwitches { pixel: none, ssim: none, smooth: none, ..all };
        let alone = |term| match term {
            LossTerm::Action => without,
            _ => LossSwitches { action: 0.0, ..all.only(term) },
        };
        let mut sum = vec![0.0; total.len()];
        for part in &shares.terms {
            let own = gradient(&mut objective, &batch, alone(part.term));
            assert!((part.norm / norm(&own) - 1.0).abs() < 1e-3, "{part:?}, alone {}", norm(&own));
            let product: f64 = own.iter().zip(&total).map(|(own, total)| own * total).sum();
            let cosine = product / (norm(&own) * norm(&total));
            assert!((part.cosine - cosine).abs() < 1e-3, "{part:?}, alone {cosine}");
            sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
        let left: Vec<f64> = sum.iter().zip(&total).map(|(sum, total)| sum - total).collect();
        assert!(norm(&left) < 1e-4 * norm(&total), "{} of {} is left", norm(&left), norm(&total));
        assert!((shares.terms.iter().map(|part| part.share).sum::<f64>() - 1.0).abs() < 1e-9);

        let off = shares_of(&mut objective, LossSwitches { ssim: none, action: 0.0, ..all });
        for part in off.terms {
            let is_off = matches!(part.term, LossTerm::Ssim | LossTerm::Action);
            assert_eq!(is_off, part.norm == 0.0 && part.share == 0.0 && part.cosine == 0.0, "{part:?}");
        }
    }

    #[test]
    fn the_loss_is_its_terms_by_their_weights() {
        let (mut objective, batch) = end_to_end();
        let all = LossSwitches { action: 0.25, ..objective.switches() };
        for switches in
            [all, all.with(LossTerm::Ssim, 0, false).with(LossTerm::Pixel, 4, false), all.only(LossTerm::Smooth)]
        {
            objective.switch(switches).unwrap();
            objective.accumulate(batch.clone()).unwrap();
            let outcome = objective.measured.pop().unwrap();
            let sum: f32 = outcome.terms.iter().zip(&outcome.weights).map(|((_, value), weight)| value * weight).sum();
            assert!((sum / outcome.loss - 1.0).abs() < 1e-4, "{sum} {}", outcome.loss);
            assert_eq!(outcome.terms.len(), 16, "what is off is still told");
        }
        let nothing = LossSwitches { action: 0.0, ..all.only(LossTerm::Action) };
        assert!(objective.switch(nothing).unwrap_err().cause.contains("are off"));
        assert_eq!(objective.switches(), all.only(LossTerm::Smooth));
    }
}
