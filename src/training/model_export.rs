//! The result of a run as a model: the trained networks replace those of the base, with a card that documents their
//! origin.

use std::path::Path;

use burn::module::Module;

use super::config::choices::FlowTeacher;
use super::config::plan::{Network, TrainingPlan};
use super::model_init::ModelInit;
use super::objective::Objective;
use super::optim::optimizer::Optimizer;
use crate::calendar::today;
use crate::data::DataSource;
use crate::error::{Error, Result};
use crate::names::are_alike;
use crate::nets::fusion::{Fusion, FusionRule};
use crate::nets::{
    Backbone, BaseModel, FlowReading, FlowSource, FrameSize, HiddenTwoStream, JointEntry, Modality, ModelCard,
    MotionCue, MotionEntry, MotionNetwork, Origin, Precision, Preprocessing, SpatialFrames, Stream, StreamEntry,
    StreamInput, device_of,
};
use crate::plural::counted;
use crate::video::Geometry;

impl ModelInit {
    /// Returns the origin of the result: its clips, date and base, and the commands that produced the base followed by
    /// this run.
    fn origin(&self, plan: &TrainingPlan, steps: usize, seconds: f64) -> Origin {
        let base = self.base.as_ref().map(|base| &base.card);
        let mut commands = base.map(|card| card.origin.commands.clone()).unwrap_or_default();
        commands.push(described(plan, steps, seconds));
        Origin {
            trained_on: self.trained_on.clone(),
            commands,
            date: today(),
            motionscope_version: env!("CARGO_PKG_VERSION").into(),
            base: base.map(|card| BaseModel {
                name: card.name.clone(),
                hash: card.hash.clone(),
                trained_on: card.origin.trained_on.clone(),
            }),
        }
    }

    /// Returns a model in which the trained networks replace the old ones, with a card that documents their origin.
    ///
    /// # Errors
    /// Same as [`ModelInit::assembled`].
    pub fn finish(
        &self,
        objective: &Objective,
        plan: &TrainingPlan,
        steps: usize,
        seconds: f64,
    ) -> Result<HiddenTwoStream> {
        let motion = objective.motion.as_ref().map_or_else(|| self.motion.valid(), Optimizer::result);
        self.assembled(motion, objective.stream.as_ref().map(Optimizer::result), plan, steps, seconds)
    }

    /// Like [`ModelInit::finish`], for networks that are not on an autodiff device.
    ///
    /// # Errors
    /// If the model to be joined cannot be read or has other classes.
    pub fn assembled(
        &self,
        motion: MotionNetwork,
        trained: Option<Stream>,
        plan: &TrainingPlan,
        steps: usize,
        seconds: f64,
    ) -> Result<HiddenTwoStream> {
        let backbone = trained.as_ref().map_or(plan.backbone, Stream::backbone);
        let input = trained.as_ref().map(Stream::input);
        let is_named =
            |input: &StreamInput| backbone.reads_clips() || *input != StreamInput::of(input.modality, backbone, None);
        let clip = input.filter(is_named).map(|input| input.count);
        let cue = match input.map(|input| input.modality) {
            Some(Modality::RgbDifference) => MotionCue::RgbDifference,
            _ => MotionCue::Flow,
        };
        let reading = trained.as_ref().map_or_else(FlowReading::default, Stream::reading);
        let kept = self.base.as_ref();
        // Scores of other classes would be useless next to the new ones.
        let answers_alike = |card: &ModelCard| card.fusion.is_multi_label() == plan.multi_label;
        let same_classes = |base: &&HiddenTwoStream| {
            self.classes.is_empty() || (are_alike(&base.card.classes, &self.classes) && answers_alike(&base.card))
        };
        let kept_streams = kept.filter(same_classes);
        let mut card = kept.map_or_else(|| fresh_card(plan), |base| base.card.clone());
        let card_of_base = kept.filter(|_| self.from_base).map(|base| base.card.clone());
        let [temporal_before, spatial_before] = card_of_base.map_or([None, None], |card| [card.temporal, card.spatial]);
        if kept_streams.is_none() {
            (card.temporal, card.spatial) = (None, None);
            card.classes = self.classes.clone();
        }
        let mut temporal = kept_streams.and_then(|base| base.temporal.as_ref().map(Module::valid));
        let mut spatial = kept_streams.and_then(|base| base.spatial.as_ref().map(Module::valid));
        let frame_size = |Geometry { width, height }| FrameSize { width, height };
        match plan.network {
            Network::Flow => card.preprocessing.motion = frame_size(plan.frame),
            Network::Joint => {
                card.preprocessing.motion = frame_size(plan.frame);
                let entry = |config| JointEntry { weights: "joint.safetensors".into(), config };
                card.joint = self.joint.clone().map(entry);
                (card.motion, card.temporal, temporal) = (None, None, None);
            }
            Network::Temporal => {
                card.preprocessing.motion = frame_size(plan.frame);
                let entry = entry(temporal_before, "temporal.safetensors", backbone, clip, reading, plan.dropout);
                card.temporal = Some(StreamEntry { input: cue, flow_source: plan.flow_source(), ..entry });
                temporal = trained;
            }
            Network::Spatial => {
                card.preprocessing.spatial = SpatialFrames { crop: self.spatial_crop, ..frame_size(plan.frame).into() };
                card.spatial =
                    Some(entry(spatial_before, "spatial.safetensors", backbone, clip, reading, plan.dropout));
                spatial = trained;
            }
        }
        if let Some(entry) = &mut card.motion {
            entry.untrained = !plan.trains_motion() && kept.is_none_or(|base| base.card.has_untrained_motion());
        }
        card.name = name_of(plan);
        card.precision = Precision::F32; // as validated, whatever the base is stored in
        card.origin = self.origin(plan, steps, seconds);
        if plan.network != Network::Flow {
            card.fusion.rule = match card.fusion.rule {
                _ if plan.multi_label => FusionRule::Sigmoid,
                FusionRule::Sigmoid => Fusion::default().rule,
                rule => rule,
            };
        }
        let model = HiddenTwoStream { card, motion, temporal, spatial };
        let mut model = match &plan.join {
            Some(other) => joined(model, plan.network, other)?,
            None => model,
        };
        // The threshold was chosen for the scores of other weights.
        model.card.fusion.unsure_below = None;
        model.card.thresholds.clear();
        Ok(model)
    }
}

/// Returns the name of a model: the data it was trained on, and the folder of its run.
fn name_of(plan: &TrainingPlan) -> String {
    let run = file_name(&plan.run_dir);
    match data_name(&plan.data) {
        data if data.is_empty() || data == run => run,
        data => format!("{data} ({run})"),
    }
}

/// Returns a short name of the data: its folder, list or project.
fn data_name(data: &DataSource) -> String {
    match data {
        DataSource::List(list) if list.list.is_file() => {
            list.list.file_stem().unwrap_or_default().to_string_lossy().into_owned()
        }
        _ => file_name(data.path()),
    }
}

/// Returns the last component of a path, also if it ends in `.` or `..`.
fn file_name(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.file_name().or(whole.file_name()).unwrap_or_default().to_string_lossy().into_owned()
}

/// Returns `model`, whose stream `network` was trained by the run, with the other stream of the model in folder
/// `other`.
fn joined(mut model: HiddenTwoStream, network: Network, other: &Path) -> Result<HiddenTwoStream> {
    let device = device_of(&model.motion);
    let other_model = HiddenTwoStream::load(other, &device)?;
    if !are_alike(&other_model.card.classes, &model.card.classes) {
        let cause = "its classes are not those of the stream that was trained";
        return Err(Error::file(other, cause, "Train both streams on the same clips"));
    }
    if other_model.card.fusion.is_multi_label() != model.card.fusion.is_multi_label() {
        let cause = "only one of both streams answers each class by itself";
        return Err(Error::file(other, cause, "Train both streams with or both without multi-label classes"));
    }
    let HiddenTwoStream { card, motion, temporal, spatial } = other_model;
    let (into, preprocessing) = (&mut model.card, card.preprocessing);
    match network {
        Network::Spatial => {
            // A temporal stream depends on its own MotionNet.
            (model.motion, model.temporal) = (motion, temporal);
            (into.motion, into.joint, into.temporal) = (card.motion, card.joint, card.temporal);
            into.preprocessing.motion = preprocessing.motion;
        }
        _ => {
            (model.spatial, into.spatial) = (spatial, card.spatial);
            into.preprocessing.spatial = preprocessing.spatial;
        }
    }
    let mut commands = card.origin.commands;
    commands.retain(|command| !into.origin.commands.contains(command));
    let own = into.origin.commands.len().saturating_sub(1);
    into.origin.commands.splice(own..own, commands);
    Ok(model)
}

/// Returns the entry of a trained stream: the base's or a fresh one, with the plan's dropout if set. Networks for clips
/// read the given number of images or flows.
fn entry(
    of_base: Option<StreamEntry>,
    weights: &str,
    backbone: Backbone,
    clip: Option<usize>,
    reading: FlowReading,
    dropout: Option<f64>,
) -> StreamEntry {
    let entry = of_base.unwrap_or_else(|| StreamEntry::new(weights, backbone));
    StreamEntry { dropout: dropout.or(entry.dropout), frames: clip, ..entry.with_reading(reading) }
}

fn fresh_card(plan: &TrainingPlan) -> ModelCard {
    let size = |Geometry { width, height }| FrameSize { width, height };
    ModelCard {
        format: ModelCard::FORMAT,
        name: name_of(plan),
        hash: None,
        licence: "as the training data allow".into(),
        precision: Precision::F32,
        classes: Vec::new(),
        thresholds: Vec::new(),
        motion: Some(MotionEntry::new("motion.safetensors", plan.motion.clone())),
        joint: None,
        temporal: None,
        spatial: None,
        preprocessing: Preprocessing {
            motion: size(plan.frame),
            spatial: size(TrainingPlan::of(Network::Spatial).frame).into(),
        },
        fusion: Fusion::default(),
        origin: Origin::default(),
    }
}

/// Returns one line of a model's origin: the network, its data and the training time.
fn described(plan: &TrainingPlan, steps: usize, seconds: f64) -> String {
    let data = plan.data.path().display();
    if let Some(views) = plan.kind.views() {
        return format!(
            "{:?}{}, last layer alone: {steps} updates on {} views of every clip of {data}, rate {:e}, seed {}, {seconds:.0} s",
            plan.network,
            on_flow(plan),
            views.count(),
            plan.rate,
            plan.seed
        );
    }
    let mode = match (plan.network, plan.flow_source()) {
        (Network::Temporal, FlowSource::MotionNet) => format!(" mode {:?}", plan.mode),
        (Network::Joint, _) => format!(" {}", plan.joint.key()),
        _ => on_flow(plan),
    };
    let segments = if plan.segments > 1 { format!("×{} segments", plan.segments) } else { String::new() };
    format!(
        "{:?}{mode}: {} of {}{segments} on {data}, rate {:e}, seed {}{}, {seconds:.0} s",
        plan.network,
        counted(steps, "step"),
        plan.batch,
        plan.rate,
        plan.seed,
        beyond_the_paper(plan)
    )
}

/// Returns the flow source that a temporal stream was trained on, if it is not MotionNet.
fn on_flow(plan: &TrainingPlan) -> String {
    match (plan.network, plan.flow_source()) {
        (Network::Temporal, source) if source != FlowSource::MotionNet => format!(" on {}", source.in_words()),
        _ => String::new(),
    }
}

/// Returns the loss options that are not in the paper, each after a comma.
fn beyond_the_paper(plan: &TrainingPlan) -> String {
    let loss = &plan.loss;
    if let Some(supervised) = plan.supervised {
        return format!(", supervised ({})", supervised.key());
    }
    let option = |is_on: bool, name: &str| if is_on { format!(", {name}") } else { String::new() };
    let teacher = |teacher: FlowTeacher| format!(", teacher {} × {}", teacher.key(), loss.teacher_weight);
    option(loss.census, "census")
        + &option(loss.occlusion, "occlusion")
        + &loss.teacher.map(teacher).unwrap_or_default()
}
