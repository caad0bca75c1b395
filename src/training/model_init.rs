//! The initial model of a run and the export of its result as a model folder.

use std::collections::BTreeSet;
use std::path::Path;

use burn::module::Module;
use burn::tensor::Device;

use super::config::plan::{Network, TrainingPlan};
use super::dataset::{DataSource, Dataset, LabelledClip};
use super::flow::source::FlowSource;
use super::hold_out;
use super::objective::Objective;
use super::optim::optimizer::Optimizer;
use super::probe::linear::RowInit;
use super::run::date::today;
use super::validation::relabelled;
use crate::error::{Error, Result};
use crate::names::{are_alike, composed};
use crate::nets::fusion::Fusion;
use crate::nets::import::stream_from_imagenet;
use crate::nets::{
    Backbone, BaseModel, FrameSize, HiddenTwoStream, Modality, ModelCard, MotionEntry, MotionNetwork, Origin,
    Precision, Preprocessing, Stream, StreamConfig, StreamEntry, StreamInput, device_of,
};
use crate::plural::counted;
use crate::video::Geometry;

/// The networks before the first step.
pub struct ModelInit {
    /// MotionNet: the base's, or a fresh one.
    pub motion: MotionNetwork,
    /// The stream to be trained, if one is.
    pub stream: Option<Stream>,
    /// Whether the stream comes from another task and needs a last layer for these classes.
    pub new_head: bool,
    base: Option<HiddenTwoStream>,
    classes: Vec<String>,
    /// The index of each class among the classes that the stream already knows.
    known: Vec<Option<usize>>,
    /// Whether the stream is the base's, whatever its last layer.
    from_base: bool,
    /// The clips in words.
    trained_on: String,
}

/// Returns the clips that a plan trains on, and those that it measures on: those that it names, else those that it holds out.
///
/// # Errors
/// If clips cannot be listed or held out, the base's card not be read, or if clips to measure on show a class that those to train on
/// do not.
pub fn datasets(plan: &TrainingPlan) -> Result<(Dataset, Vec<LabelledClip>)> {
    let mut training = dataset(plan)?;
    let held = hold_out::take(&mut training, plan.hold_out, plan.seed)?;
    let measured = match &plan.validation {
        Some(source) => relabelled(Dataset::open(source)?, &training.classes, plan)?,
        None => held,
    };
    Ok((training, measured))
}

/// Returns the clips of a plan, labelled by the classes that its networks are to tell: those of the clips or, where the base's
/// are kept, these followed by the new ones.
///
/// # Errors
/// If the clips cannot be listed or the base's card not be read.
fn dataset(plan: &TrainingPlan) -> Result<Dataset> {
    let mut dataset = Dataset::open(&plan.data)?;
    if let Some(base) = plan.base.as_ref().filter(|_| plan.keep_classes) {
        let own = std::mem::replace(&mut dataset.classes, ModelCard::read(base)?.classes);
        let mut place = |class: String| {
            dataset.classes.iter().position(|known| *known == class).unwrap_or_else(|| {
                dataset.classes.push(class);
                dataset.classes.len() - 1
            })
        };
        let places: Vec<usize> = own.into_iter().map(&mut place).collect();
        dataset.clips.iter_mut().for_each(|clip| clip.label = places[clip.label]);
    }
    Ok(dataset)
}

impl ModelInit {
    /// Loads the base or builds fresh networks for the classes of `dataset`, which is trained on, all on `device`.
    ///
    /// A stream of the base is taken over as it is if it has the same classes. For other classes the run starts from ImageNet
    /// weights where the plan names them, else from the base's stream, both with a new last layer, in which classes that the base's
    /// stream knows by name keep their weights; without either, from scratch. Where the run is `resumed` a new last layer
    /// has its size already, for the checkpoint to fill.
    pub fn build(plan: &TrainingPlan, dataset: &Dataset, resumed: bool, device: &Device) -> Result<Self> {
        let classes = &dataset.classes[..];
        device.seed(plan.seed); // fresh layers
        let base = plan.base.as_ref().map(|dir| HiddenTwoStream::load(dir, device)).transpose()?;
        if base.is_none() && plan.network == Network::Temporal && plan.flow_source.needs_network() {
            return Err(Error::new(
                "temporal stream",
                "it needs a trained MotionNet",
                "Train the flow network first and name its model folder as the base",
            ));
        }
        let motion = match &base {
            Some(base) => base.motion.clone(),
            None => {
                plan.motion.validate()?;
                plan.motion.init(device)
            }
        };
        let (modality, known) = match plan.network {
            Network::Flow => (None, None),
            Network::Spatial => (Some(Modality::Pictures), base.as_ref().and_then(|base| base.spatial.clone())),
            Network::Temporal => (Some(Modality::Flow), base.as_ref().and_then(|base| base.temporal.clone())),
        };
        let same_classes = base.as_ref().is_some_and(|base| are_alike(&base.card.classes, classes));
        let new_head =
            modality.is_some() && !(known.is_some() && same_classes) && (known.is_some() || plan.imagenet.is_some());
        let card = base.as_ref().map(|base| &base.card);
        let from_base = known.is_some() && (same_classes || plan.imagenet.is_none());
        let place = |class: &String| {
            card.filter(|_| from_base)?.classes.iter().position(|known| composed(known) == composed(class))
        };
        let known_classes: Vec<Option<usize>> = classes.iter().map(place).collect();
        let stream = match (modality, known) {
            (None, _) => None,
            (Some(modality), Some(known)) if same_classes || plan.imagenet.is_none() => {
                let refilled = (resumed && new_head).then_some(classes.len());
                Some(adapted(known, plan, modality, card, refilled, device)?)
            }
            (Some(modality), _) => Some(new_stream(plan, modality, classes, device)?),
        };
        check_reach(&motion, stream.as_ref())?;
        let classes = if plan.network == Network::Flow { Vec::new() } else { classes.to_vec() };
        let trained_on = trained_on(plan, dataset);
        Ok(Self { motion, stream, new_head, base, classes, known: known_classes, from_base, trained_on })
    }

    /// Returns the initialisation of the rows of a new classifier layer: rows of known classes stay.
    pub fn rows(&self) -> Vec<RowInit> {
        self.known.iter().map(|known| known.map_or(RowInit::New, RowInit::Kept)).collect()
    }

    /// Returns the same for a last layer that is all that is trained: what is known of classes that have clips, as `has_clips`
    /// knows, is where they start from.
    pub fn rows_to_fit(&self, has_clips: impl Fn(usize) -> bool) -> Vec<RowInit> {
        let row = |(class, known): (usize, &Option<usize>)| match known {
            Some(known) if has_clips(class) => RowInit::From(*known),
            Some(known) => RowInit::Kept(*known),
            None => RowInit::New,
        };
        self.known.iter().enumerate().map(row).collect()
    }

    /// Returns how the streams of the result are fused: as those of the base.
    pub fn fusion(&self) -> Fusion {
        self.base.as_ref().map(|base| base.card.fusion).unwrap_or_default()
    }

    /// Number of classes of the trained stream; 0 where none is trained.
    pub fn classes(&self) -> usize {
        self.classes.len()
    }

    /// Returns the origin of the result: its own clips, date and name, after what the base was made by.
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

    /// Returns the trained networks in the place of the old ones, with a card that says how they came about.
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

    /// Like [`ModelInit::finish`], of these networks, which lie on no autodiff device.
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
        let clip = trained.as_ref().filter(|_| backbone.reads_clips()).map(|stream| stream.input().count);
        let kept = self.base.as_ref();
        // Scores of other classes would be of no use beside the new ones.
        let same_classes =
            |base: &&HiddenTwoStream| self.classes.is_empty() || are_alike(&base.card.classes, &self.classes);
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
            Network::Temporal => {
                card.preprocessing.motion = frame_size(plan.frame);
                card.temporal = Some(entry(temporal_before, "temporal.safetensors", backbone, clip, plan.dropout));
                temporal = trained;
            }
            Network::Spatial => {
                card.preprocessing.spatial = frame_size(plan.frame);
                card.spatial = Some(entry(spatial_before, "spatial.safetensors", backbone, clip, plan.dropout));
                spatial = trained;
            }
        }
        card.name = name_of(plan);
        card.precision = Precision::F32; // what was measured, whatever the base is stored in
        card.origin = self.origin(plan, steps, seconds);
        let model = HiddenTwoStream { card, motion, temporal, spatial };
        match &plan.join {
            Some(other) => joined(model, plan.network, other),
            None => Ok(model),
        }
    }
}

/// Returns the name of a model: the data it learned, and the folder of its run.
fn name_of(plan: &TrainingPlan) -> String {
    let run = file_name(&plan.run_dir);
    match data_name(&plan.data) {
        data if data.is_empty() || data == run => run,
        data => format!("{data} ({run})"),
    }
}

/// Returns the data in a word: the folder, list or project that it is.
fn data_name(data: &DataSource) -> String {
    match data {
        DataSource::List(list) if list.list.is_file() => {
            list.list.file_stem().unwrap_or_default().to_string_lossy().into_owned()
        }
        _ => file_name(data.path()),
    }
}

/// Returns the last name of a path, also of one that ends in `.` or `..`.
fn file_name(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.file_name().or(whole.file_name()).unwrap_or_default().to_string_lossy().into_owned()
}

/// Returns the clips of a plan in words.
fn trained_on(plan: &TrainingPlan, dataset: &Dataset) -> String {
    let (clips, path) = (dataset.clips.len(), plan.data.path().display());
    let shown: BTreeSet<usize> = dataset.clips.iter().map(|clip| clip.label).collect();
    let classes = match (plan.network, shown.len()) {
        (Network::Flow, _) => String::new(),
        (_, 1) => " of 1 class".into(),
        (_, count) => format!(" of {count} classes"),
    };
    format!("{}{classes} in {path}", counted(clips, "clip"))
}

/// `model`, of which the stream of a run of `network` is new, with the other stream of the model in folder `other`.
fn joined(mut model: HiddenTwoStream, network: Network, other: &Path) -> Result<HiddenTwoStream> {
    let device = device_of(&model.motion);
    let other_model = HiddenTwoStream::load(other, &device)?;
    if !are_alike(&other_model.card.classes, &model.card.classes) {
        let cause = "its classes are not those of the stream that was trained";
        return Err(Error::file(other, cause, "Train both streams on the same clips"));
    }
    let HiddenTwoStream { card, motion, temporal, spatial } = other_model;
    let (into, preprocessing) = (&mut model.card, card.preprocessing);
    match network {
        Network::Spatial => {
            // A temporal stream stands on its own MotionNet.
            (model.motion, model.temporal, into.temporal, into.motion) = (motion, temporal, card.temporal, card.motion);
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

/// Returns a stream from ImageNet weights where the plan names them, else from scratch.
fn new_stream(plan: &TrainingPlan, modality: Modality, classes: &[String], device: &Device) -> Result<Stream> {
    let input = StreamInput::of(modality, plan.backbone, plan.clip_frames);
    let config = StreamConfig { backbone: plan.backbone, input, classes: classes.len(), dropout: plan.dropout };
    match &plan.imagenet {
        Some(path) => stream_from_imagenet(path, &config, device),
        None => Ok(config.init(device)),
    }
}

/// Returns the stream of the base, which `card` describes, with the plan's dropout and clips, where it names them; a fresh one
/// like it if it is to be `refilled` for so many classes.
fn adapted(
    stream: Stream,
    plan: &TrainingPlan,
    modality: Modality,
    card: Option<&ModelCard>,
    refilled: Option<usize>,
    device: &Device,
) -> Result<Stream> {
    if plan.dropout.is_none() && plan.clip_frames.is_none() && refilled.is_none() {
        return Ok(stream);
    }
    let entry = card.and_then(|card| if modality == Modality::Flow { &card.temporal } else { &card.spatial }.as_ref());
    let backbone = stream.backbone();
    if let Some(count) = plan.clip_frames {
        let remedy = "Train another stream, or leave the clip frames out";
        let refuse = |cause| Error::new("clip frames", format!("of the base's stream: {cause}"), remedy);
        StreamInput::check_clip(backbone, count).map_err(refuse)?;
    }
    let config = StreamConfig {
        backbone,
        input: StreamInput::of(modality, backbone, plan.clip_frames.or(Some(stream.input().count))),
        classes: refilled.or(card.map(|card| card.classes.len())).unwrap_or_default(),
        dropout: plan.dropout.or(entry.and_then(|entry| entry.dropout)),
    };
    if refilled.is_some() {
        return Ok(config.init(device));
    }
    let refuse = |error: burn::store::RecordError| Error::new("base", error.to_string(), "Choose another base");
    config.init(device).try_load_record(stream.into_record()).map_err(refuse)
}

/// Refuses a temporal stream of shorter windows than MotionNet reads.
fn check_reach(motion: &MotionNetwork, stream: Option<&Stream>) -> Result<()> {
    let Some(input) = stream.map(Stream::input).filter(|input| input.modality == Modality::Flow) else { return Ok(()) };
    if motion.frames() <= input.frames() {
        return Ok(());
    }
    let cause = format!("{} flows are fewer than MotionNet predicts from {} frames", input.count, motion.frames());
    Err(Error::new("clip frames", cause, "Choose longer clips, or a MotionNet of 2 frames"))
}

/// Returns the entry of a trained stream, which reads a clip of so many pictures or flows if it reads clips: the base's, or a
/// fresh one, with the plan's dropout where it names one.
fn entry(
    of_base: Option<StreamEntry>,
    weights: &str,
    backbone: Backbone,
    clip: Option<usize>,
    dropout: Option<f64>,
) -> StreamEntry {
    let fresh = || StreamEntry { weights: weights.into(), backbone, dropout: None, frames: None };
    let entry = of_base.unwrap_or_else(fresh);
    StreamEntry { dropout: dropout.or(entry.dropout), frames: clip, ..entry }
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
        motion: MotionEntry { weights: "motion.safetensors".into(), config: plan.motion.clone() },
        temporal: None,
        spatial: None,
        preprocessing: Preprocessing {
            motion: size(plan.frame),
            spatial: size(TrainingPlan::of(Network::Spatial).frame),
        },
        fusion: Fusion::default(),
        origin: Origin::default(),
    }
}

/// Returns one line of a model's origin: what was trained on what, for how long.
fn described(plan: &TrainingPlan, steps: usize, seconds: f64) -> String {
    let data = plan.data.path().display();
    if let Some(views) = plan.kind.views() {
        return format!(
            "{:?}, last layer alone: {steps} updates on {} views of every clip of {data}, rate {:e}, seed {}, {seconds:.0} s",
            plan.network,
            views.count(),
            plan.rate,
            plan.seed
        );
    }
    let mode = match (plan.network, plan.flow_source) {
        (Network::Temporal, FlowSource::MotionNet) => format!(" mode {:?}", plan.mode),
        (Network::Temporal, source) => format!(" on {} flow", source.name()),
        _ => String::new(),
    };
    let segments = if plan.segments > 1 { format!("×{} segments", plan.segments) } else { String::new() };
    format!(
        "{:?}{mode}: {steps} steps of {}{segments} on {data}, rate {:e}, seed {}, {seconds:.0} s",
        plan.network, plan.batch, plan.rate, plan.seed
    )
}
