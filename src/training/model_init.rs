//! The initial model of a run: the networks of its base, or fresh ones.

use std::collections::BTreeSet;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;

use super::config::plan::{Network, TrainingPlan};
use super::joint_init::{check_joint_base, joint_network};
use super::motion_squares::MotionSquares;
use super::probe::linear::RowInit;
use super::validation::relabelled;
use crate::data::clip_cache::ClipCache;
use crate::data::{Dataset, LabelledClip, hold_out};
use crate::error::{Error, Result};
use crate::names::{are_alike, composed};
use crate::nets::fusion::Fusion;
use crate::nets::import::stream_from_imagenet;
use crate::nets::{
    FlowReading, FlowResolution, HiddenTwoStream, JointConfig, Modality, ModelCard, MotionCrop, MotionNetwork, Stream,
    StreamConfig, StreamInput,
};
use crate::plural::counted;

/// The networks before the first step.
pub struct ModelInit {
    /// MotionNet, the base's or a fresh one, or the joint network to be trained.
    pub motion: MotionNetwork,
    /// The stream to be trained, if one is.
    pub stream: Option<Stream>,
    /// Whether the stream comes from another task and needs a last layer for these classes.
    pub new_head: bool,
    pub(super) base: Option<HiddenTwoStream>,
    /// What describes the joint network to be trained, if one is.
    pub(super) joint: Option<JointConfig>,
    pub(super) classes: Vec<String>,
    /// The index of each class among the classes that the stream already knows.
    known: Vec<Option<usize>>,
    /// Whether the stream is the base's, whatever its last layer.
    pub(super) from_base: bool,
    /// The clips in words.
    pub(super) trained_on: String,
    /// What of a frame the trained spatial stream sees.
    pub(super) spatial_crop: MotionCrop,
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
pub(super) fn dataset(plan: &TrainingPlan) -> Result<Dataset> {
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

/// Returns the name of what a run trains from random weights; none if it starts from trained ones.
pub fn random_part(plan: &TrainingPlan) -> Option<&'static str> {
    let card = plan.base.as_ref().and_then(|base| ModelCard::read(base).ok());
    let is_fresh = |has: fn(&ModelCard) -> bool| plan.imagenet.is_none() && !card.as_ref().is_some_and(has);
    match plan.network {
        Network::Flow => plan.base.is_none().then_some("MotionNet"),
        Network::Joint => plan.base.is_none().then_some("The joint network"),
        Network::Spatial => is_fresh(|card| card.spatial.is_some()).then_some("The spatial stream"),
        Network::Temporal => is_fresh(|card| card.temporal.is_some()).then_some("The temporal stream"),
    }
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
                "Train the flow network first and start from its model (--base)",
            ));
        }
        let same_classes = base.as_ref().is_some_and(|base| are_alike(&base.card.classes, classes));
        base.as_ref().map_or(Ok(()), |base| check_joint_base(plan, base, same_classes))?;
        let mut joint = None;
        let motion = match &base {
            base if plan.network == Network::Joint => {
                let (network, config) = joint_network(plan, base.as_ref(), classes.len(), same_classes, device)?;
                joint = Some(config);
                MotionNetwork::Joint(network)
            }
            Some(base) => base.motion.clone(),
            None => {
                plan.motion.validate()?;
                plan.motion.init(device)
            }
        };
        let (modality, known) = match plan.network {
            Network::Flow | Network::Joint => (None, None),
            Network::Spatial => (Some(Modality::Pictures), base.as_ref().and_then(|base| base.spatial.clone())),
            Network::Temporal => (Some(Modality::Flow), base.as_ref().and_then(|base| base.temporal.clone())),
        };
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
        check_crop(plan, stream.as_ref())?;
        let classes = if plan.network == Network::Flow { Vec::new() } else { classes.to_vec() };
        let trained_on = trained_on(plan, dataset);
        let spatial_crop = spatial_crop(plan, base.as_ref())?;
        let known = known_classes;
        Ok(Self { motion, stream, new_head, base, joint, classes, known, from_base, trained_on, spatial_crop })
    }

    /// Returns the squares around the motion of `clips`, where the trained stream looks at them.
    pub(super) fn motion_squares(
        &self,
        plan: &TrainingPlan,
        clips: Vec<LabelledClip>,
        cache: Option<Arc<ClipCache>>,
    ) -> Option<MotionSquares> {
        let size = self.base.as_ref()?.card.preprocessing.motion;
        MotionSquares::new(self.motion.valid(), size, clips, cache, self.spatial_crop, plan.frame)
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
}

/// Returns what of a frame the stream sees that `plan` trains: as the plan says, else as that of the base.
fn spatial_crop(plan: &TrainingPlan, base: Option<&HiddenTwoStream>) -> Result<MotionCrop> {
    if plan.network != Network::Spatial {
        return Ok(MotionCrop::Whole);
    }
    let of_base = base.map(|base| base.card.preprocessing.spatial.crop);
    let crop = plan.spatial_crop.or(of_base).unwrap_or_default();
    if crop.sees_motion() && base.is_none() {
        let cause = "the square around the motion needs a trained MotionNet";
        return Err(Error::new("spatial crop", cause, "Start from a model (--base)"));
    }
    Ok(crop)
}

/// Returns `plan` with what its stream takes over from the base written out: how it reads flow, or what of a frame it sees. `classes`
/// are those of the clips, which decide whether a stream beside ImageNet weights is that of the base.
///
/// # Errors
/// If the base's card cannot be read, or those of `classes`.
pub(super) fn with_inherited(
    plan: &TrainingPlan,
    classes: impl FnOnce() -> Result<Vec<String>>,
) -> Result<TrainingPlan> {
    let card = || plan.base.as_ref().map(|base| ModelCard::read(base)).transpose();
    match plan.network {
        Network::Spatial if plan.spatial_crop.is_none() => {
            let crop = card()?.map(|card| card.preprocessing.spatial.crop).unwrap_or_default();
            Ok(TrainingPlan { spatial_crop: Some(crop), ..plan.clone() })
        }
        Network::Temporal if plan.flow_resolution.is_none() || plan.temporal_crop.is_none() => {
            let of_base = match card()?.map(|card| (card.temporal, card.classes)) {
                Some((Some(entry), known)) if plan.imagenet.is_none() || are_alike(&known, &classes()?) => {
                    entry.reading()
                }
                _ => FlowReading::default(),
            };
            let FlowReading { resolution, crop } = plan.flow_reading(of_base);
            Ok(TrainingPlan { flow_resolution: Some(resolution), temporal_crop: Some(crop), ..plan.clone() })
        }
        _ => Ok(plan.clone()),
    }
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

/// Returns a stream from ImageNet weights where the plan names them, else from scratch.
fn new_stream(plan: &TrainingPlan, modality: Modality, classes: &[String], device: &Device) -> Result<Stream> {
    let input = StreamInput::of(modality, plan.backbone, plan.clip_frames);
    let config = StreamConfig { backbone: plan.backbone, input, classes: classes.len(), dropout: plan.dropout };
    let reading = plan.flow_reading(FlowReading::default());
    match &plan.imagenet {
        Some(path) => Ok(stream_from_imagenet(path, &config, device)?.with_reading(reading)),
        None => Ok(config.init(device).with_reading(reading)),
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
    let reading = plan.flow_reading(stream.reading());
    let stream = stream.with_reading(reading);
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
    let fresh = config.init(device).with_reading(reading);
    if refilled.is_some() {
        return Ok(fresh);
    }
    let refuse = |error: burn::store::RecordError| Error::new("base", error.to_string(), "Choose another base");
    fresh.try_load_record(stream.into_record()).map_err(refuse)
}

/// Refuses crops whose flow would be too small for a temporal stream that reads it as it is.
fn check_crop(plan: &TrainingPlan, stream: Option<&Stream>) -> Result<()> {
    let reads_flow = stream.is_some_and(|stream| stream.input().modality == Modality::Flow);
    let is_small = plan.crop.width.min(plan.crop.height) < ModelCard::MIN_SIDE_OF_FLOW;
    if !reads_flow || !is_small || stream.map(|stream| stream.reading().resolution) == Some(FlowResolution::Frames) {
        return Ok(());
    }
    let cause = format!("{}×{} gives flow of less than 32 pixels a side", plan.crop.width, plan.crop.height);
    Err(Error::new("crop", cause, format!("Use at least {0}x{0}", ModelCard::MIN_SIDE_OF_FLOW)))
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
