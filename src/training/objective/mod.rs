//! The training objective: the unsupervised loss of MotionNet, the action loss of a stream, or both end to end.

mod clip_flow_target;
pub mod losses;
mod stream_teacher;
#[cfg(test)]
mod tests;
mod true_flow;

use std::path::Path;
use std::sync::Arc;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

use super::config::plan::{ClassBalance, Network, TemporalMode, TrainingPlan};
use super::flow::frozen_flow::FrozenFlow;
use super::flow::teacher::TeacherFlow;
use super::loader::{Batch, Pixels};
use super::motion_squares::MotionSquares;
use super::next_frames::NextFrames;
use super::optim::gradient_shares::{GradientShares, gradient_shares};
use super::optim::optimizer::{Gradient, Optimizer};
use super::optim::param_groups::{NetworkPart, frozen_parameters};
use super::probe::features::{FeatureExtractor, Features, of_views};
use super::probe::linear::{RowInit, fit_to};
use super::probe::views::ProbeViews;
use super::run::clock::Clock;
use super::run::events::TrainingEvent;
use crate::data::TruePairs;
use crate::data::clips::Clips;
use crate::error::{Error, Result};
use crate::nets::joint::JointFlow;
use crate::nets::{
    FLOW_UNIT_PX, FlowPyramid, JointNetwork, Modality, MotionNetwork, Stream, mean_of_views, read_back, weights,
};
use crate::ranking::arg_max;
use clip_flow_target::{CLIP_FLOW_WEIGHT, ClipFlowTarget};
use losses::action::{ActionLoss, class_weights, consensus, mixed_samples, positive_weights};
use losses::taught_flow::levels_of_teacher;
use losses::visibility::{reversed, visible_pairs};
use losses::{Evidence, LevelLoss, LossSwitches, LossTerm, SupervisedLevel};
use stream_teacher::StreamTeacher;
use true_flow::TrueFlowLosses;

/// Maximum share of a time budget for fitting a new last layer before the first step.
const HEAD_SHARE: f64 = 0.4;

/// The networks of a run, with the losses and optimisers that train them.
pub struct Objective {
    /// MotionNet, if it is trained.
    pub motion: Option<Optimizer<MotionNetwork>>,
    /// The stream, if one is trained.
    pub stream: Option<Optimizer<Stream>>,
    frozen: Option<FrozenFlow>,
    teacher: Option<Arc<TeacherFlow>>,
    /// Target flow of a stream with a flow decoder.
    clip_flow: Option<ClipFlowTarget>,
    /// A trained stream whose scores are targets in addition to the labels.
    stream_teacher: Option<StreamTeacher>,
    /// Pairs with true flow, in supervised training.
    truth: Option<Arc<TruePairs>>,
    /// Clips from which NextFlow learns the next frame.
    next_frames: Option<Arc<NextFrames>>,
    action_loss: ActionLoss,
    /// The enabled loss terms.
    switches: LossSwitches,
    /// Outcomes of the batches in the current step.
    measured: Vec<Outcome>,
    plan: TrainingPlan,
    device: Device,
}

/// The measurements of a step, or of one of its batches.
pub struct Outcome {
    /// The total loss that is minimised.
    pub loss: f32,
    /// Loss terms by name.
    pub terms: Vec<(String, f32)>,
    /// Weight of each term in the loss; 0 if disabled.
    pub weights: Vec<f32>,
    /// Accuracy on the batch, if there are classes.
    pub accuracy: Option<f32>,
    /// `true` if the networks were not updated because of a non-finite value.
    pub skipped: bool,
}

/// The outputs of the networks for a batch.
#[derive(Default)]
struct Forward {
    /// Enabled unsupervised losses.
    levels: Vec<LevelLoss>,
    /// End-point errors of a joint network's flow against its teacher's, finest first.
    by_teacher: Vec<SupervisedLevel>,
    /// Logits of the stream or the joint network, if any, one row per sample.
    logits: Option<Tensor<2>>,
    /// Loss of the flow predicted by a stream with a flow decoder.
    clip_flow: Option<Tensor<1>>,
}

impl Objective {
    /// Creates the objective of `plan` for `motion` and a `stream` with `classes` classes, on an autodiff `device`.
    ///
    /// # Errors
    /// If the plan freezes layers that do not exist.
    pub fn new(
        plan: &TrainingPlan,
        motion: MotionNetwork,
        stream: Option<Stream>,
        classes: usize,
        clips: &Arc<Clips>,
        device: &Device,
    ) -> Result<Self> {
        let weighted = plan.balance == ClassBalance::Weighting && plan.network != Network::Flow;
        let class_weights = match (weighted, plan.multi_label) {
            (false, _) => Vec::new(),
            (true, false) => class_weights(clips.labels(), classes),
            (true, true) => positive_weights(clips.shown(), classes),
        };
        let reads_flow = stream.as_ref().is_some_and(|stream| stream.input().modality == Modality::Flow);
        let frozen_flow = reads_flow && !plan.trains_motion();
        let clip_flow =
            stream.as_ref().and_then(|stream| ClipFlowTarget::of(plan, stream, motion.valid(), clips, device));
        Ok(Self {
            clip_flow,
            frozen: frozen_flow.then(|| FrozenFlow::new(plan.flow_source(), motion.valid(), clips.clone())),
            motion: plan.trains_motion().then(|| Optimizer::new(motion, plan, NetworkPart::Motion)).transpose()?,
            stream: stream.map(|stream| Optimizer::new(stream, plan, NetworkPart::Stream)).transpose()?,
            teacher: plan.loss.teacher.map(|teacher| Arc::new(TeacherFlow::new(teacher))),
            stream_teacher: None,
            truth: plan.true_pairs()?,
            next_frames: NextFrames::of(plan)?,
            action_loss: ActionLoss {
                smoothing: plan.label_smoothing as f32,
                class_weights,
                multi_label: plan.multi_label,
            },
            switches: LossSwitches::of(&plan.loss),
            measured: Vec::new(),
            plan: plan.clone(),
            device: device.clone(),
        })
    }

    /// Loads the teacher of the stream if the plan has one; `classes` are those of the stream.
    ///
    /// # Errors
    /// If the teacher cannot be loaded or cannot teach this stream.
    pub fn with_stream_teacher(mut self, classes: &[String], clips: &Arc<Clips>) -> Result<Self> {
        if let Some(stream) = &self.stream {
            self.stream_teacher =
                StreamTeacher::load(&self.plan, stream.network().input(), classes, clips, &self.device)?;
        }
        Ok(self)
    }

    /// Fits a new last layer for the classes `rows` to the clips before the first step. The stream is unchanged if no
    /// clip can be read or the work is stopped.
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
        let source = self.plan.flow_source();
        // Flow that changes in training cannot be reused after the fit.
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

    /// Returns the number of frames in a training window.
    pub fn window(&self, motion: &MotionNetwork) -> usize {
        self.stream.as_ref().map_or_else(|| motion.frames(), |stream| stream.network().input().frames())
    }

    /// Returns the input the loader must prepare.
    pub fn pixels(&self) -> Pixels {
        match self.plan.network {
            Network::Flow => match &self.truth {
                Some(pairs) => Pixels::Supervised(pairs.clone(), self.next_frames.clone()),
                None => Pixels::Motion(self.teacher.clone()),
            },
            Network::Joint => Pixels::Motion(self.teacher.clone()),
            Network::Spatial => Pixels::Spatial,
            Network::Temporal if self.reads_frames() => Pixels::Spatial,
            Network::Temporal => {
                self.frozen.as_ref().map_or(Pixels::Motion(None), |frozen| Pixels::Flow(frozen.kept()))
            }
        }
    }

    /// Returns `true` if there is a stream that reads frames without flow.
    fn reads_frames(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.network().input().modality.is_of_frames())
    }

    /// Returns the pairs with true flow for training and validation.
    pub(in crate::training) fn true_pairs(&self) -> Option<&TruePairs> {
        self.truth.as_deref()
    }

    /// Returns the number of trained parameters, without frozen ones; for a stream, with the last layer for `classes`
    /// classes that it gets before the first step.
    pub fn parameters(&self, classes: usize) -> usize {
        let motion = self.motion.as_ref().map(|solver| solver.network());
        let motion = motion.map_or(0, |network| weights::parameters(network) - frozen_parameters(network));
        let stream = self.stream.as_ref().map(|solver| solver.network());
        motion + stream.map_or(0, |network| network.parameters_with(classes) - frozen_parameters(network))
    }

    /// Returns the loss switches.
    pub fn switches(&self) -> LossSwitches {
        self.switches
    }

    /// Changes the enabled loss terms, starting with the next batch.
    ///
    /// # Errors
    /// If all loss terms are off.
    pub fn switch(&mut self, switches: LossSwitches) -> Result<()> {
        let has_labels = self.classifies() && switches.action > 0.0;
        let is_unsupervised = self.is_unsupervised() && switches.is_unsupervised();
        if !(has_labels || is_unsupervised || self.truth.is_some() || self.is_taught())
            || !(switches.action.is_finite() && switches.action >= 0.0)
        {
            let remedy = "Turn on a term, or set the action loss weight above 0";
            return Err(Error::new("loss terms", "all loss terms are off", remedy));
        }
        self.switches = switches;
        Ok(())
    }

    /// Returns `true` if the run also uses unsupervised losses.
    fn is_unsupervised(&self) -> bool {
        let learns = self.stream.is_none() || self.plan.mode == TemporalMode::C;
        self.motion.is_some() && self.truth.is_none() && !self.is_taught() && learns
    }

    /// Returns `true` if flow is learned only from a teacher.
    fn is_taught(&self) -> bool {
        self.plan.network == Network::Joint && self.plan.joint.is_taught()
    }

    /// Returns `true` if there is a classifier: a stream, or that of a joint network.
    fn classifies(&self) -> bool {
        self.stream.is_some() || self.plan.network == Network::Joint
    }

    /// Processes a batch of the current step: accumulates its gradient and its measurements.
    ///
    /// The gradient of a step is the mean over its batches. For losses that are means over samples, this equals a step
    /// on all samples at once.
    ///
    /// # Errors
    /// If the device fails.
    pub fn accumulate(&mut self, batch: Batch) -> Result<()> {
        self.accumulate_and(batch, |_, _, _| ())
    }

    /// Like [`accumulate`](Self::accumulate), and returns the gradient shares of MotionNet if it is trained: see
    /// [`GradientShares`].
    ///
    /// Burn keeps no graph for a second backward pass, so each enabled kind of unsupervised term costs another forward
    /// and backward pass of MotionNet: all three cost about three steps (measured: 2.8 in mode (c) with SqueezeNet).
    /// The action loss has the rest of the gradient, at no cost. The step is unaffected: MotionNet draws no random
    /// numbers and has no running statistics. Networks whose flow is learned only from a teacher have no shares.
    pub fn accumulate_and_share(&mut self, batch: Batch, step: usize) -> Result<Option<GradientShares>> {
        if self.is_taught() {
            return self.accumulate(batch).map(|()| None);
        }
        let mut shares = None;
        let look = |objective: &Self, frames: Tensor<4>, total: &GradientsParams| {
            shares = Some(objective.shares(frames, total, step));
        };
        self.accumulate_and(batch, look)?;
        shares.transpose()
    }

    /// Processes a batch, and calls `look` with its frames and MotionNet's gradient, if there is one.
    fn accumulate_and(
        &mut self,
        mut batch: Batch,
        look: impl FnOnce(&Self, Tensor<4>, &GradientsParams),
    ) -> Result<()> {
        let frames = self.frames(&mut batch);
        let soft_targets = match &mut self.stream_teacher {
            Some(teacher) => Some(teacher.logits(frames.as_ref(), &batch, &self.plan)?),
            None => None,
        };
        let TrueFlowLosses { levels: taught, next_frame } = self.taught(frames.as_ref(), &mut batch);
        let Forward { levels, by_teacher, logits, clip_flow } =
            if taught.is_empty() { self.forward(frames.clone(), &batch)? } else { Forward::default() };
        let action = logits.clone().map(|logits| self.action_loss.forward(logits, &batch.labels, &batch.mixing));
        let soft = match (&self.stream_teacher, logits.clone(), soft_targets) {
            (Some(teacher), Some(student), Some(targets)) => Some(teacher.loss(student, targets)),
            _ => None,
        };
        let levels_taught = taught.iter().chain(&by_teacher);
        let supervised = levels_taught.map(|level| level.error.clone() * level.weight).reduce(|sum, level| sum + level);
        let parts = [
            supervised,
            next_frame.clone(),
            self.unsupervised(&levels),
            action.clone().and_then(|action| self.weighted(action)),
            soft.clone().map(|(soft, weight)| soft * weight),
            clip_flow.clone().map(|loss| loss * CLIP_FLOW_WEIGHT),
        ];
        let loss = parts.into_iter().flatten().reduce(|sum, part| sum + part).expect("every objective has a loss");
        let mut terms = self.terms(&levels, action);
        terms.extend(soft.map(|(soft, weight)| ("teacher".into(), weight as f32, soft)));
        terms.extend(clip_flow.map(|loss| ("flow".into(), CLIP_FLOW_WEIGHT as f32, loss)));
        let of_levels = |name, levels: Vec<SupervisedLevel>| {
            levels.into_iter().map(move |level| (format!("{name} {}", level.level + 1), level.weight, level.error))
        };
        terms.extend(next_frame.map(|loss| ("next frame".into(), 1.0, loss)));
        terms.extend(of_levels("flow", taught).chain(of_levels("teacher", by_teacher)));
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

        // All values are read at once, as each read waits for the device.
        let mut values = read_back(Tensor::cat(values, 0))?;
        let scores = values.split_off(terms.len() + 1);
        let skipped = values.iter().any(|value| !value.is_finite());
        let accuracy = logits.is_some().then(|| accuracy(&scores, &batch.labels));
        let weights = terms.iter().map(|(_, weight, _)| *weight).collect();
        let terms = terms.into_iter().zip(values.iter().skip(1)).map(|((name, ..), value)| (name, *value)).collect();
        self.measured.push(Outcome { loss: values[0], terms, weights, accuracy, skipped });
        Ok(())
    }

    /// Returns the losses of a batch against true flow; empty without supervision.
    fn taught(&self, frames: Option<&Tensor<4>>, batch: &mut Batch) -> TrueFlowLosses {
        match (self.plan.supervised, &self.motion, frames) {
            (Some(loss), Some(motion), Some(frames)) => {
                true_flow::losses(loss, motion.network(), frames, batch, &self.device)
            }
            _ => TrueFlowLosses::default(),
        }
    }

    /// Returns the weighted sum of the enabled unsupervised terms.
    fn unsupervised(&self, levels: &[LevelLoss]) -> Option<Tensor<1>> {
        let sum = levels.iter().filter_map(|level| level.total.clone()).reduce(|total, level| total + level)?;
        Some(if self.classifies() { sum * self.plan.unsupervised_weight } else { sum })
    }

    /// Returns the weighted action loss, if enabled.
    fn weighted(&self, action: Tensor<1>) -> Option<Tensor<1>> {
        match self.switches.action {
            0.0 => None,
            1.0 => Some(action),
            weight => Some(action * weight),
        }
    }

    /// Returns the terms by name, each with its weight in the loss.
    fn terms(&self, levels: &[LevelLoss], action: Option<Tensor<1>>) -> Vec<(String, f32, Tensor<1>)> {
        let scale = if self.classifies() { self.plan.unsupervised_weight as f32 } else { 1.0 };
        let mut terms = Vec::new();
        for LevelLoss { level, weights, pixel, smooth_u, smooth_v, ssim, teacher, .. } in levels {
            let smooth = (smooth_u.clone() + smooth_v.clone()) / 2.0;
            terms.push((format!("pixel {level}"), scale * weights.pixel, pixel.clone()));
            terms.push((format!("smooth {level}"), scale * 2.0 * weights.smooth, smooth)); // u and v
            terms.push((format!("ssim {level}"), scale * weights.ssim, ssim.clone()));
            terms.extend(teacher.clone().map(|(error, weight)| (format!("teacher {level}"), weight, error)));
        }
        terms.extend(action.map(|action| ("action".into(), self.switches.action, action)));
        terms
    }

    /// Returns the shares of the loss terms in MotionNet's gradient `total` of a batch.
    fn shares(&self, frames: Tensor<4>, total: &GradientsParams, step: usize) -> Result<GradientShares> {
        let motion = self.motion.as_ref().expect("the gradient is of MotionNet");
        let mut parts = Vec::new();
        let mut visible = None;
        for term in LossTerm::UNSUPERVISED {
            if !self.is_unsupervised() || !self.switches.counts(term) {
                continue;
            }
            let pyramid = motion.network().window_flows(frames.clone());
            visible = visible.or_else(|| self.visible(motion.network(), &frames, &pyramid));
            let evidence = Evidence { visible: visible.clone(), teacher: None };
            let levels = self.plan.loss.levels(frames.clone(), &pyramid.levels, &evidence, &self.switches.only(term));
            if let Some(loss) = self.unsupervised(&levels) {
                let mut gradients = (loss / self.plan.accumulate as f64).backward();
                parts.push((term, motion.part(&mut gradients)));
            }
        }
        let is_supervised = self.classifies() && self.switches.counts(LossTerm::Action);
        let teacher = self.teacher.as_ref().map(|_| LossTerm::Teacher);
        gradient_shares(motion.network(), total, &parts, is_supervised.then_some(LossTerm::Action).or(teacher), step)
    }

    /// Performs step `step` (from 0) with the mean gradient of the batches since the last step, at learning rate
    /// `rate`.
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

    /// Restores the state written by [`Self::save`]; on failure, everything is unchanged.
    pub fn load(&mut self, dir: &Path) -> Result<()> {
        let motion = self.motion.as_ref().map(|motion| motion.load(dir, "motion")).transpose()?;
        self.stream = self.stream.as_ref().map(|stream| stream.load(dir, "stream")).transpose()?;
        self.motion = motion;
        self.measured.clear();
        Ok(())
    }

    /// Returns the outputs of the networks for a batch.
    fn forward(&mut self, frames: Option<Tensor<4>>, batch: &Batch) -> Result<Forward> {
        if let Some(frozen) = &mut self.frozen {
            let flows = self.stream.as_ref().map_or(0, |stream| stream.network().input().count);
            let flow = frozen.windows(&batch.draws, flows, self.plan.crop, &batch.ahead, &self.device)?;
            return Ok(Forward { logits: self.classify_flow(flow, batch)?, ..Forward::default() });
        }
        let Some(frames) = frames else { return Ok(Forward::default()) };
        let Some(motion) = &self.motion else {
            let Some(stream) = &self.stream else { return Ok(Forward::default()) };
            let input = stream.network().picture_input(frames);
            if let Some(target) = &mut self.clip_flow
                && let Some((logits, loss)) =
                    target.logits_and_loss(stream.network(), input.clone(), batch, &self.plan)?
            {
                let logits = Some(consensus(logits, self.plan.segments));
                return Ok(Forward { logits, clip_flow: Some(loss), ..Forward::default() });
            }
            return Ok(Forward { logits: Some(self.classify(stream, input, batch)), ..Forward::default() });
        };
        if let Some(joint) = motion.network().joint() {
            return Ok(self.joint_forward(joint, frames, batch));
        }
        let pyramid = motion.network().window_flows(frames.clone());
        let logits = self.classify_flow(pyramid.finest().clone(), batch)?;
        let levels = match self.is_unsupervised() {
            true => {
                let visible = self.visible(motion.network(), &frames, &pyramid);
                let evidence = Evidence { visible, teacher: self.teacher_flow(batch) };
                self.plan.loss.levels(frames, &pyramid.levels, &evidence, &self.switches)
            }
            false => Vec::new(),
        };
        Ok(Forward { levels, logits, ..Forward::default() })
    }

    /// Like [`forward`](Self::forward), for a joint network: consensus logits of the segments, flow losses of all.
    fn joint_forward(&self, joint: &JointNetwork, frames: Tensor<4>, batch: &Batch) -> Forward {
        let height = frames.dims()[2];
        let output = joint.forward(frames.clone());
        let logits = Some(consensus(output.logits, self.plan.segments));
        let maps = match output.flow {
            JointFlow::Pairs(pyramid) => {
                let levels = self.plan.loss.levels(frames, &pyramid.levels, &Evidence::default(), &self.switches);
                return Forward { levels, logits, ..Forward::default() };
            }
            JointFlow::Taught(native) => native.levels.into_iter().map(|level| level.unsqueeze_dim(2)).collect(),
            JointFlow::Clip(levels) => levels,
        };
        let weight = self.plan.loss.teacher_weight as f32;
        let truth = self.teacher_flow(batch);
        let by_teacher = truth.map(|truth| levels_of_teacher(&maps, &truth, height, weight)).unwrap_or_default();
        Forward { by_teacher, logits, ..Forward::default() }
    }

    /// Returns the pixels visible in both frames of each pair, according to the forward flow `pyramid` and the backward
    /// flow of `motion`, [n, pairs, h, w] at the finest level; `None` unless the plan masks occlusions.
    ///
    /// Visibility is computed only there, in pixels of that level, and averaged for the other levels: at coarse levels,
    /// hardly any motion is long enough for the flows to disagree by more than half a squared pixel.
    fn visible(&self, motion: &MotionNetwork, frames: &Tensor<4>, pyramid: &FlowPyramid) -> Option<Tensor<4>> {
        if !self.plan.loss.occlusion {
            return None;
        }
        let finest = pyramid.finest().clone().inner();
        let px_from_raw = FLOW_UNIT_PX * finest.dims()[3] as f32 / frames.dims()[3] as f32;
        let backward = motion.valid().window_flows(reversed(frames.clone().inner())).into_finest();
        Some(Tensor::from_inner(visible_pairs(finest, backward, px_from_raw)))
    }

    /// Returns the teacher's flow of a batch, if there is a teacher.
    fn teacher_flow(&self, batch: &Batch) -> Option<Tensor<4>> {
        self.teacher.as_ref()?;
        let [height, width] = [self.plan.crop.height, self.plan.crop.width].map(|side| side as usize / 2);
        let (windows, flow) = (batch.draws.len(), batch.teacher.clone());
        let planes = flow.len() / (windows * height * width);
        Some(Tensor::from_data(TensorData::new(flow, [windows, planes, height, width]), &self.device))
    }

    /// Returns the stream's logits for raw flow, averaged over its views; `None` without a stream.
    fn classify_flow(&self, flow: Tensor<4>, batch: &Batch) -> Result<Option<Tensor<2>>> {
        let Some(stream) = &self.stream else { return Ok(None) };
        let views = stream.network().flow_inputs(flow)?.into_iter();
        Ok(Some(mean_of_views(views.map(|input| self.classify(stream, input, batch)).collect())))
    }

    /// Returns the stream's logits for its `input`, one row per sample: the consensus of its segments. Mixup is applied
    /// here, not to frames: the flow of two superimposed videos would be that of neither.
    fn classify(&self, stream: &Optimizer<Stream>, input: Tensor<4>, batch: &Batch) -> Tensor<2> {
        let input = mixed_samples(input, &batch.mixing, self.plan.segments);
        consensus(stream.network().forward(input), self.plan.segments)
    }

    /// Returns the frames of a batch, moved to the device: [draws, c, h, w]; `None` if the batch has only draws.
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
    /// Averages the outcomes of the batches of a step; it is skipped if any batch was.
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

/// Returns the norms of gradients, with a single read from the device; 0 for a missing gradient.
fn norms(gradients: [&Option<Gradient>; 2]) -> Result<[f64; 2]> {
    let squares = gradients.map(|gradient| gradient.as_ref().and_then(|gradient| gradient.squares.clone()));
    let there: Vec<Tensor<1>> = squares.iter().flatten().cloned().collect();
    let mut values = if there.is_empty() { Vec::new() } else { read_back(Tensor::cat(there, 0))? }.into_iter();
    Ok(squares.map(|squares| squares.and_then(|_| values.next()).map_or(0.0, |sum| f64::from(sum).sqrt())))
}

/// Returns the fraction of samples that show the class with the highest score. `scores` has one row per sample.
fn accuracy(scores: &[f32], labels: &[Vec<usize>]) -> f32 {
    let rows = scores.chunks((scores.len() / labels.len()).max(1));
    let right =
        rows.zip(labels).filter(|(row, shown)| arg_max(*row).is_some_and(|class| shown.contains(&class))).count();
    right as f32 / labels.len() as f32
}
