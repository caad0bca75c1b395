//! The initial model of a run: the networks of its base, or fresh ones.

use std::collections::BTreeSet;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;

use super::config::joint::{suits, unsuited_crop};
use super::config::plan::{Network, TemporalMode, TrainingPlan};
use super::config::run_kind::RunKind;
use super::config::stream_checks::{no_motion_below, no_squares};
use super::config::truth::refuse_next_frames;
use super::joint_init::{check_joint_base, joint_network};
use super::located_path::located;
use super::motion_squares::MotionSquares;
use super::probe::linear::RowInit;
use super::relabelling::relabelled;
use crate::data::clip_cache::ClipCache;
use crate::data::{DataSource, Dataset, LabelledClip, hold_out};
use crate::error::{Error, Result};
use crate::names::{Alike, are_alike, class_alike};
use crate::nets::fusion::Fusion;
use crate::nets::import::stream_from_imagenet;
use crate::nets::{
    Backbone, FlowReading, FlowResolution, FlowSource, HiddenTwoStream, JointConfig, Modality, ModelCard, MotionCrop,
    MotionCue, MotionEntry, MotionNetwork, Stream, StreamConfig, StreamInput,
};
use crate::plural::counted;

/// The networks before the first step.
pub struct ModelInit {
    /// MotionNet, the base's or a fresh one, or the joint network to be trained.
    pub motion: MotionNetwork,
    /// The stream to be trained, if any.
    pub stream: Option<Stream>,
    /// `true` if the stream comes from another task and needs a last layer for these classes.
    pub new_head: bool,
    pub(super) base: Option<HiddenTwoStream>,
    /// Configuration of the joint network to be trained, if any.
    pub(super) joint: Option<JointConfig>,
    pub(super) classes: Vec<String>,
    /// Index of each class among the classes that the stream already knows.
    known: Vec<Option<usize>>,
    /// `true` if the stream is the base's, whatever its last layer.
    pub(super) from_base: bool,
    /// Description of the training clips.
    pub(super) trained_on: String,
    /// Frame crop of the trained spatial stream.
    pub(super) spatial_crop: MotionCrop,
}

/// Returns the training clips and the validation clips of a plan; the latter are either listed in the plan or held out.
///
/// # Errors
/// If clips cannot be listed or held out, if the base's card cannot be read, or if validation clips show a class that
/// the training clips do not.
pub fn datasets(plan: &TrainingPlan) -> Result<(Dataset, Vec<LabelledClip>)> {
    let mut training = dataset(plan)?;
    let held = hold_out::take(&mut training, plan.hold_out, plan.seed)?;
    let measured = match &plan.validation {
        Some(source) => relabelled(opened(source, plan)?, &training.classes, plan)?,
        None => held,
    };
    Ok((training, measured))
}

/// Returns the clips of a plan, labelled with the classes that its networks predict: those of the clips or, if the
/// base's classes are kept, these followed by the new ones. A class of the base that is spelt differently in the clips
/// is the same class, under the base's name.
///
/// # Errors
/// If the clips cannot be listed or the base's card cannot be read, and if a class of the clips matches several of the
/// base's.
pub(super) fn dataset(plan: &TrainingPlan) -> Result<Dataset> {
    let mut dataset = opened(&plan.data, plan)?;
    let Some(base) = plan.base.as_ref().filter(|_| plan.network != Network::Flow) else { return Ok(dataset) };
    let known = ModelCard::read(base)?.classes;
    let places: Vec<Option<usize>> =
        dataset.classes.iter().map(|class| place_in_base(&known, class, plan)).collect::<Result<_>>()?;
    if plan.keep_classes {
        add_to_classes(&mut dataset, known, &places);
    } else if places.iter().copied().eq((0..known.len()).map(Some)) {
        dataset.classes = known; // they differ only in spelling
    }
    Ok(dataset)
}

/// Returns the clips of `source`, with several labels each if `plan` is multi-label.
fn opened(source: &DataSource, plan: &TrainingPlan) -> Result<Dataset> {
    let dataset = Dataset::open(&source.clone().with_several(plan.multi_label))?;
    Ok(if plan.multi_label { dataset.cut_at_changes() } else { dataset })
}

/// Returns the index of `class`, a class of the clips of `plan`, among the classes `known` of its base; `None` if it is
/// new.
///
/// # Errors
/// If it matches several.
fn place_in_base(known: &[String], class: &str, plan: &TrainingPlan) -> Result<Option<usize>> {
    match class_alike(known.iter().map(String::as_str), class) {
        Alike::One(place) => Ok(Some(place)),
        Alike::None => Ok(None),
        Alike::Several(places) => {
            let meant: Vec<String> = places.iter().map(|&place| format!("'{}'", known[place])).collect();
            let cause = format!("its class '{class}' may be any of the base's classes {}", meant.join(", "));
            Err(Error::file(plan.data.path(), cause, "Name the class exactly as in the base"))
        }
    }
}

/// Relabels the clips of `dataset` with the classes `known`, followed by its own classes that are not among them.
fn add_to_classes(dataset: &mut Dataset, known: Vec<String>, places: &[Option<usize>]) {
    let own = std::mem::replace(&mut dataset.classes, known);
    let mut place = |(class, place): (String, &Option<usize>)| {
        place.unwrap_or_else(|| {
            dataset.classes.push(class);
            dataset.classes.len() - 1
        })
    };
    let places: Vec<usize> = own.into_iter().zip(places).map(&mut place).collect();
    for clip in &mut dataset.clips {
        clip.label = places[clip.label];
        clip.also.iter_mut().for_each(|class| *class = places[*class]);
    }
}

/// Returns the name of the network that a run trains from random weights; `None` if it starts from trained ones.
pub fn random_part(plan: &TrainingPlan) -> Option<&'static str> {
    let card = plan.base.as_ref().and_then(|base| ModelCard::read(base).ok());
    let is_fresh = |has: fn(&ModelCard) -> bool| plan.imagenet.is_none() && !card.as_ref().is_some_and(has);
    match plan.network {
        Network::Flow => plan.base.is_none().then_some(plan.motion.architecture.title()),
        Network::Joint => plan.base.is_none().then_some("The joint network"),
        Network::Spatial => is_fresh(|card| card.spatial.is_some()).then_some("The spatial stream"),
        Network::Temporal => is_fresh(|card| card.temporal.is_some()).then_some("The temporal stream"),
    }
}

impl ModelInit {
    /// Loads the base or builds fresh networks for the classes of `dataset`, the training clips, on `device`.
    ///
    /// A stream of the base is used unchanged if it has the same classes. For other classes the run starts from
    /// ImageNet weights if the plan has them, else from the base's stream, in both cases with a new last layer, in
    /// which classes that the base's stream knows by name keep their weights; without either, it starts from scratch.
    /// If the run is `resumed`, a new last layer already has its size, and the checkpoint fills it.
    pub fn build(plan: &TrainingPlan, dataset: &Dataset, resumed: bool, device: &Device) -> Result<Self> {
        let classes = &dataset.classes[..];
        device.seed(plan.seed); // fresh layers
        let base = plan.base.as_ref().map(|dir| HiddenTwoStream::load(dir, device)).transpose()?;
        let cue = base.as_ref().and_then(|base| base.card.temporal.as_ref()).map(|entry| entry.input);
        let modality = plan.modality(cue);
        let needs_motion = !modality.is_of_frames() && plan.flow_source().needs_network();
        let has_flow = base.as_ref().is_some_and(|base| !base.card.has_untrained_motion());
        if !has_flow && plan.network == Network::Temporal && needs_motion {
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
                with_parts(plan.motion.init(device), plan, device)?
            }
        };
        let reads_same = |stream: &Stream| stream.input().modality == modality;
        let (modality, known) = match plan.network {
            Network::Flow | Network::Joint => (None, None),
            Network::Spatial => (Some(modality), base.as_ref().and_then(|base| base.spatial.clone())),
            // A stream with another input has no layers that could be kept.
            Network::Temporal => {
                (Some(modality), base.as_ref().and_then(|base| base.temporal.clone()).filter(reads_same))
            }
        };
        check_cue(plan, modality)?;
        let new_head =
            modality.is_some() && !(known.is_some() && same_classes) && (known.is_some() || plan.imagenet.is_some());
        let card = base.as_ref().map(|base| &base.card);
        let from_base = known.is_some() && (same_classes || plan.imagenet.is_none());
        let place = |class: &String| {
            let known = &card.filter(|_| from_base)?.classes;
            match class_alike(known.iter().map(String::as_str), class) {
                Alike::One(place) => Some(place),
                _ => None,
            }
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
        check_stride(plan, &motion)?;
        if plan.next_frames.is_some() && !motion.predicts_next() {
            refuse_next_frames()?;
        }
        check_crop(plan, stream.as_ref())?;
        check_flow_decoder(plan, has_flow, stream.as_ref())?;
        let classes = if plan.network == Network::Flow { Vec::new() } else { classes.to_vec() };
        let trained_on = trained_on(plan, dataset);
        let spatial_crop = spatial_crop(plan, card)?;
        let known = known_classes;
        Ok(Self { motion, stream, new_head, base, joint, classes, known, from_base, trained_on, spatial_crop })
    }

    /// Returns the squares around the motion of `clips`, if the trained stream reads them.
    pub(super) fn motion_squares(
        &self,
        plan: &TrainingPlan,
        clips: Vec<LabelledClip>,
        cache: Option<Arc<ClipCache>>,
    ) -> Option<MotionSquares> {
        let card = &self.base.as_ref()?.card;
        let (size, flow) = (card.preprocessing.motion, (self.motion.valid(), card.flow_source()));
        MotionSquares::new(flow, size, clips, cache, self.spatial_crop, plan.frame)
    }

    /// Returns the initialisation of the rows of a new classifier layer: rows of known classes are kept.
    pub fn rows(&self) -> Vec<RowInit> {
        self.known.iter().map(|known| known.map_or(RowInit::New, RowInit::Kept)).collect()
    }

    /// Returns the initialisation of the rows for a linear probe: known classes with clips, according to `has_clips`,
    /// start from their known weights unless they start `afresh`; known classes without clips are kept.
    pub fn rows_to_fit(&self, has_clips: impl Fn(usize) -> bool, afresh: bool) -> Vec<RowInit> {
        let row = |(class, known): (usize, &Option<usize>)| match known {
            Some(_) if has_clips(class) && afresh => RowInit::New,
            Some(known) if has_clips(class) => RowInit::From(*known),
            Some(known) => RowInit::Kept(*known),
            None => RowInit::New,
        };
        self.known.iter().enumerate().map(row).collect()
    }

    /// Returns the fusion of the result's streams, which is that of the base.
    pub fn fusion(&self) -> Fusion {
        self.base.as_ref().map(|base| base.card.fusion).unwrap_or_default()
    }

    /// Returns the number of classes of the trained stream; 0 if none is trained.
    pub fn classes(&self) -> usize {
        self.classes.len()
    }
}

/// Returns the stack `motion` with the networks of the plan's parts.
///
/// # Errors
/// If a part cannot be read, has another width or other conventions, or does not belong to the stack.
fn with_parts(motion: MotionNetwork, plan: &TrainingPlan, device: &Device) -> Result<MotionNetwork> {
    plan.parts.iter().try_fold(motion, |motion, dir| {
        let part = HiddenTwoStream::load(dir, device)?;
        let Some(MotionEntry { config, .. }) = &part.card.motion else {
            let remedy = "Choose the networks before the stack";
            return Err(Error::file(dir, "it has a joint network, which is no part of a stack", remedy));
        };
        let wanted = &plan.motion;
        let [stack, title] = [wanted, config].map(|config| config.architecture.title());
        let refuse = |cause: String, remedy: &str| Error::file(dir, cause, remedy);
        if config.width != wanted.width {
            let cause = format!("{title} has a width of {}, not {} as the stack", config.width, wanted.width);
            return Err(refuse(cause, "Use networks of one width"));
        }
        if config.conventions != wanted.conventions {
            return Err(refuse(
                format!("{title} has weights of other conventions"),
                "Use it as --base of its own kind",
            ));
        }
        let cause = format!("{title} is no part of {stack}");
        motion.with_part(&part.motion).ok_or_else(|| refuse(cause, "Choose the networks before it, or its FlowNet-SD"))
    })
}

/// Returns the frame crop of the stream that `plan` trains: the plan's, else that of the base with this card.
fn spatial_crop(plan: &TrainingPlan, base: Option<&ModelCard>) -> Result<MotionCrop> {
    if plan.network != Network::Spatial {
        return Ok(MotionCrop::Whole);
    }
    let of_base = base.map(|card| card.preprocessing.spatial.crop);
    let crop = plan.spatial_crop.or(of_base).unwrap_or_default();
    if crop.sees_motion() && base.is_none_or(ModelCard::has_untrained_squares) {
        return Err(no_squares());
    }
    Ok(crop)
}

/// Returns `plan` with the settings that its stream inherits from the base filled in: its flow source and flow input,
/// or its frame crop. `classes` are those of the clips, which decide whether the stream of the base is used if there
/// are ImageNet weights as well.
///
/// # Errors
/// If the base's card or the clips' `classes` cannot be read, or if the base lacks the flow network that the plan
/// needs.
pub(super) fn with_inherited(
    plan: &TrainingPlan,
    classes: impl FnOnce() -> Result<Vec<String>>,
) -> Result<TrainingPlan> {
    let card = || plan.base.as_ref().map(|base| ModelCard::read(base)).transpose();
    match plan.network {
        Network::Spatial if plan.spatial_crop.is_none_or(MotionCrop::sees_motion) => {
            let crop = spatial_crop(plan, card()?.as_ref())?;
            Ok(TrainingPlan { spatial_crop: Some(crop), ..plan.clone() })
        }
        Network::Temporal
            if plan.flow_resolution.is_none()
                || plan.temporal_crop.is_none()
                || plan.flow_mean.is_none()
                || plan.input.is_none()
                || plan.flow_source.is_none() =>
        {
            let card = card()?;
            let cue = card.as_ref().and_then(|card| card.temporal.as_ref()).map(|entry| entry.input);
            let input = plan.input.or(cue).unwrap_or_default();
            let (of_base, source) = match card.map(|card| (card.temporal, card.classes)) {
                Some((Some(entry), known))
                    if entry.input == input && (plan.imagenet.is_none() || are_alike(&known, &classes()?)) =>
                {
                    (entry.reading(), entry.flow_source)
                }
                _ => (FlowReading::usual(plan.backbone, input.into()), FlowSource::default()),
            };
            let remedy = "Use mode a, or --flow-source motionnet to train it on MotionNet's flow";
            let is_beside =
                plan.flow_source.is_none() && plan.mode != TemporalMode::A && source != FlowSource::MotionNet;
            if let Some(base) = plan.base.as_ref().filter(|_| is_beside) {
                return Err(no_motion_below(base, source, remedy));
            }
            let FlowReading { resolution, crop, mean } = plan.flow_reading(of_base);
            Ok(TrainingPlan {
                flow_resolution: Some(resolution),
                temporal_crop: Some(crop),
                flow_mean: Some(mean),
                input: Some(input),
                flow_source: plan.flow_source.or(Some(source)),
                ..plan.clone()
            })
        }
        _ => Ok(plan.clone()),
    }
}

/// Returns a description of the clips of a plan.
fn trained_on(plan: &TrainingPlan, dataset: &Dataset) -> String {
    // The model may be inspected from another folder than the one in which the run was started.
    let path = located(plan.data.path());
    let (clips, path) = (dataset.clips.len(), path.display());
    if plan.supervised.is_some() {
        return format!("{} with true flow in {path}", counted(clips, "pair"));
    }
    let shown: BTreeSet<usize> = dataset.clips.iter().flat_map(LabelledClip::shown).collect();
    let classes = match (plan.network, shown.len()) {
        (Network::Flow, _) => String::new(),
        (_, 1) => " of 1 class".into(),
        (_, count) => format!(" of {count} classes"),
    };
    format!("{}{classes} in {path}", counted(clips, "clip"))
}

/// Returns a stream initialised from ImageNet weights if the plan has them, else from scratch.
fn new_stream(plan: &TrainingPlan, modality: Modality, classes: &[String], device: &Device) -> Result<Stream> {
    let input = StreamInput::of(modality, plan.backbone, plan.clip_frames);
    let config = StreamConfig { backbone: plan.backbone, input, classes: classes.len(), dropout: plan.dropout };
    let reading = plan.flow_reading(FlowReading::usual(plan.backbone, modality));
    match &plan.imagenet {
        Some(path) => Ok(stream_from_imagenet(path, &config, device)?.with_reading(reading)),
        None => Ok(config.init(device).with_reading(reading)),
    }
}

/// Returns the stream of the base described by `card`, with the plan's dropout and clip length if set; a freshly
/// initialised one of the same kind if it is to be `refilled` for a number of classes.
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
    let entry =
        card.and_then(|card| if modality == Modality::Pictures { &card.spatial } else { &card.temporal }.as_ref());
    let backbone = stream.backbone();
    if let Some(count) = plan.clip_frames {
        let remedy = "Train another stream, or leave the clip frames out";
        let refuse = |cause| Error::new("clip frames", format!("of the base's stream: {cause}"), remedy);
        StreamInput::check_clip(backbone, modality, count).map_err(refuse)?;
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

/// Rejects flow settings if the base's stream reads RGB differences.
fn check_cue(plan: &TrainingPlan, modality: Option<Modality>) -> Result<()> {
    if modality != Some(Modality::RgbDifference) {
        return Ok(());
    }
    TrainingPlan { input: Some(MotionCue::RgbDifference), ..plan.clone() }.check()
}

/// Rejects settings with which a stream with a flow decoder cannot learn flow; a linear probe learns none.
fn check_flow_decoder(plan: &TrainingPlan, has_flow: bool, stream: Option<&Stream>) -> Result<()> {
    let learns_flow = |stream: &&Stream| stream.backbone() == Backbone::ThreeDNet && plan.kind == RunKind::Training;
    let Some(stream) = stream.filter(learns_flow) else { return Ok(()) };
    let refuse = |cause: String, remedy: &str| Err(Error::new("3DNet", cause, remedy));
    if plan.flow_source().needs_network() && !has_flow {
        return refuse(
            "the flow that it learns needs a trained MotionNet".into(),
            "Use `motionscope train spatial --flow-source tvl1`, or a --base with a trained MotionNet",
        );
    }
    if plan.mixup > 0.0 {
        return refuse("there is no flow of two videos shown over each other".into(), "Train it without mixup");
    }
    if plan.max_stride > 1 {
        return refuse("the flow that it learns is that of adjacent frames".into(), "Use a maximum stride of 1");
    }
    let frames = stream.input().count;
    if plan.network != Network::Spatial || !frames.is_multiple_of(8) {
        let cause = format!("its flow decoder reads multiples of 8 pictures, not {frames} of another kind");
        return refuse(cause, "Train it as a spatial stream of 16 pictures");
    }
    Ok(())
}

/// Rejects crops whose flow is too small for a temporal stream that reads it at its own resolution.
fn check_crop(plan: &TrainingPlan, stream: Option<&Stream>) -> Result<()> {
    let reads_flow = stream.is_some_and(|stream| stream.input().modality == Modality::Flow);
    let is_small = plan.crop.width.min(plan.crop.height) < ModelCard::MIN_SIDE_OF_FLOW;
    if !reads_flow || !is_small || stream.map(|stream| stream.reading().resolution) == Some(FlowResolution::Frames) {
        return Ok(());
    }
    let cause = format!("{}×{} gives flow of less than 32 pixels a side", plan.crop.width, plan.crop.height);
    Err(Error::new("crop", cause, format!("Use at least {0}x{0}", ModelCard::MIN_SIDE_OF_FLOW)))
}

/// Rejects crops that the motion network cannot read, if it reads crops, and true flow for a network of whole windows.
fn check_stride(plan: &TrainingPlan, motion: &MotionNetwork) -> Result<()> {
    let (stride, crop) = (motion.stride() as u32, plan.crop);
    if plan.supervised.is_some() && motion.frames() != 2 {
        let cause = format!("the base's motion network reads {} frames, true flow is of pairs", motion.frames());
        return Err(Error::new("supervised training", cause, "Choose a base that reads pairs"));
    }
    if !plan.trains_motion() || suits(crop, stride) { Ok(()) } else { Err(unsuited_crop(crop, stride)) }
}

/// Rejects a temporal stream with windows shorter than MotionNet's.
fn check_reach(motion: &MotionNetwork, stream: Option<&Stream>) -> Result<()> {
    let Some(input) = stream.map(Stream::input).filter(|input| input.modality == Modality::Flow) else { return Ok(()) };
    if motion.frames() <= input.frames() {
        return Ok(());
    }
    let cause = format!("{} flows are fewer than MotionNet predicts from {} frames", input.count, motion.frames());
    Err(Error::new("clip frames", cause, "Choose longer clips, or a MotionNet of 2 frames"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::{C3d, C3dWidths, FlowSource, Layers};

    #[test]
    fn a_flow_decoder_learns_the_flow_of_adjacent_frames_and_only_where_it_is_trained() {
        let input = StreamInput { modality: Modality::Pictures, count: 16 };
        let config = StreamConfig { backbone: Backbone::ThreeDNet, input, classes: 2, dropout: None };
        let widths = C3dWidths { base: 4, hidden: 8, side: 2, decoder: 4 };
        let stream = Stream::of(Layers::C3d(C3d::with_widths(widths, &config, &Device::flex())));
        let plan = TrainingPlan::of(Network::Spatial);
        let refused =
            |plan: &TrainingPlan| check_flow_decoder(plan, false, Some(&stream)).err().map(|error| error.cause);
        assert!(refused(&plan).unwrap().contains("needs a trained MotionNet"));
        let probe = TrainingPlan { kind: RunKind::LinearProbe { windows: 3 }, ..plan.clone() };
        assert_eq!(refused(&probe), None, "its decoder stays as it is");
        let taught = TrainingPlan { flow_source: Some(FlowSource::Tvl1), max_stride: 1, ..plan };
        assert_eq!(refused(&taught), None);
        assert!(refused(&TrainingPlan { max_stride: 2, ..taught }).unwrap().contains("adjacent frames"));
    }
}
