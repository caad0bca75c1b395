//! `model.toml`: the contents of a model folder, the input of its networks, and their origin.

use std::collections::HashSet;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::card_entries::{CardFault, unknown_choice, unknown_entry};
use super::fusion::{Fusion, UNSURE_BELOW};
use super::precision::Precision;
use super::{
    Architecture, Backbone, FlowMean, FlowReading, FlowResolution, FlowSource, JointConfig, Modality, MotionConfig,
    MotionCrop, MotionCue, StreamConfig, StreamInput,
};
use crate::error::{Error, Result};
use crate::files;
use crate::names::composed;
use crate::plural::counted;

/// Default remedy for a faulty card.
const REMEDY: &str = "Correct that entry or download the model again";

/// Metadata of a model, stored next to its weights; version 1. Files of later versions are rejected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Version of this file's layout: [`ModelCard::FORMAT`].
    pub format: u32,
    /// Display name of the model.
    pub name: String,
    /// Hash of the model: 16 hexadecimal digits over its weights files and class names, a hyphen, and 8 digits over the
    /// settings that affect its scores. Written with the weights and recomputed when they are loaded; cards of older
    /// versions have only the first part, or no hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Licence of the weights, and of the data or weights they are derived from.
    pub licence: String,
    /// Width of the stored parameters.
    #[serde(default)]
    pub precision: Precision,
    /// Names of the classes, in the order of the streams' scores.
    pub classes: Vec<String>,
    /// Per-class probability from which a class is shown; only in multi-label models with thresholds chosen on held-out
    /// clips.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<f64>,
    /// The motion network, unless the model has a joint network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion: Option<MotionEntry>,
    /// The network that predicts flow and classifies, replacing the motion network and the temporal stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joint: Option<JointEntry>,
    /// The temporal stream, if any.
    pub temporal: Option<StreamEntry>,
    /// The spatial stream, if any.
    pub spatial: Option<StreamEntry>,
    /// Sizes to which frames are resized.
    pub preprocessing: Preprocessing,
    /// Default fusion of the streams.
    #[serde(default)]
    pub fusion: Fusion,
    /// Origin of the weights.
    pub origin: Origin,
}

/// The motion network of a model: its configuration and weights file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MotionEntry {
    /// Safetensors file in the model's folder.
    pub weights: String,
    /// `true` if its weights are random: a stream that needs no flow was trained without a base model.
    #[serde(default, skip_serializing_if = "is_default")]
    pub untrained: bool,
    /// The network.
    #[serde(flatten)]
    pub config: MotionConfig,
}

/// The joint network of a model: its configuration and weights file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointEntry {
    /// Safetensors file in the model's folder.
    pub weights: String,
    /// The network.
    #[serde(flatten)]
    pub config: JointConfig,
}

impl MotionEntry {
    /// Returns the entry of a trained network whose weights are in the file `weights`.
    pub fn new(weights: &str, config: MotionConfig) -> Self {
        Self { weights: weights.into(), untrained: false, config }
    }
}

/// A stream of a model: its configuration and weights file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamEntry {
    /// Safetensors file in the model's folder.
    pub weights: String,
    /// The architecture.
    pub backbone: Backbone,
    /// Type of motion input of the temporal stream.
    #[serde(default, skip_serializing_if = "is_default")]
    pub input: MotionCue,
    /// Dropout used in training; `None` for the architecture's default.
    pub dropout: Option<f64>,
    /// Number of images or flows in a clip, or of flows in a stack; `None` for the published number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<usize>,
    /// Resolution at which the temporal stream reads flow.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolution: FlowResolution,
    /// Crop of the flow that the temporal stream reads.
    #[serde(default, skip_serializing_if = "is_default")]
    pub crop: MotionCrop,
    /// Grey level subtracted from the flow that the temporal stream reads.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mean: FlowMean,
    /// The flow method that the temporal stream was trained on; MotionNet in files without this entry.
    #[serde(default, skip_serializing_if = "is_default")]
    pub flow_source: FlowSource,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl StreamEntry {
    /// Returns the entry of a stream of `backbone` whose weights are in the file `weights`, with defaults for all else.
    pub fn new(weights: &str, backbone: Backbone) -> Self {
        let (input, flow_source) = (MotionCue::default(), FlowSource::default());
        let FlowReading { resolution, crop, mean } = FlowReading::default();
        let (weights, dropout, frames) = (weights.into(), None, None);
        Self { weights, backbone, input, dropout, frames, resolution, crop, mean, flow_source }
    }

    /// Returns the entry with another flow input configuration.
    pub fn with_reading(self, FlowReading { resolution, crop, mean }: FlowReading) -> Self {
        Self { resolution, crop, mean, ..self }
    }

    /// Returns the flow input configuration of the temporal stream.
    pub fn reading(&self) -> FlowReading {
        FlowReading { resolution: self.resolution, crop: self.crop, mean: self.mean }
    }

    /// Returns the modality of the stream as the temporal or the spatial one.
    pub fn modality(&self, is_temporal: bool) -> Modality {
        if is_temporal { self.input.into() } else { Modality::Pictures }
    }

    /// Returns the configuration of the stream for `modality` and `classes`. The modality of a temporal stream is that
    /// of the entry.
    pub fn config(&self, modality: Modality, classes: usize) -> StreamConfig {
        let input = StreamInput::of(self.modality(modality != Modality::Pictures), self.backbone, self.frames);
        StreamConfig { backbone: self.backbone, input, classes, dropout: self.dropout }
    }
}

/// Sizes in pixels to which frames are resized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// For the motion network.
    pub motion: FrameSize,
    /// For the spatial stream.
    pub spatial: SpatialFrames,
}

/// Size and crop of the spatial stream's frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpatialFrames {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Crop of the frame.
    #[serde(default, skip_serializing_if = "is_default")]
    pub crop: MotionCrop,
}

impl SpatialFrames {
    /// Returns the size of the frames.
    pub fn size(self) -> FrameSize {
        FrameSize { width: self.width, height: self.height }
    }
}

/// Uncropped frames of a size.
impl From<FrameSize> for SpatialFrames {
    fn from(FrameSize { width, height }: FrameSize) -> Self {
        Self { width, height, crop: MotionCrop::Whole }
    }
}

/// A size in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameSize {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// The origin of weights.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// The data they were trained on.
    pub trained_on: String,
    /// The commands that produced the weights, in order.
    pub commands: Vec<String>,
    /// Date of the training, as YYYY-MM-DD.
    pub date: String,
    /// Version of the program.
    pub motionscope_version: String,
    /// The model that the training started from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseModel>,
}

/// The model that another was trained from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BaseModel {
    /// Name of the model.
    pub name: String,
    /// Hash of the model, see [`ModelCard::hash`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The data the model was trained on.
    pub trained_on: String,
}

impl ModelCard {
    /// The file format version that this program reads and writes.
    pub const FORMAT: u32 = 1;
    /// File name of the card in a model's folder.
    pub const FILE_NAME: &str = "model.toml";
    /// Largest accepted side of frames; larger ones would need hundreds of gigabytes for activations.
    const MAX_SIDE: u32 = 8192;
    /// Smallest side of frames for a temporal stream that reads flow at half their resolution.
    pub const MIN_SIDE_OF_FLOW: u32 = 64;

    /// Reads the card of the model in folder `dir`.
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join(Self::FILE_NAME);
        let text = files::read_to_string(&path).map_err(|error| Error::io(&path, &error))?;
        let damaged = |error: toml::de::Error| {
            let cause = error.to_string().trim_end().to_owned();
            Error::file(&path, cause, REMEDY)
        };
        let table: toml::Table = toml::from_str(&text).map_err(damaged)?;
        if let Some(format) = table.get("format").and_then(toml::Value::as_integer)
            && format != i64::from(Self::FORMAT)
        {
            let cause = format!("its format is {format}, this program reads {}", Self::FORMAT);
            return Err(Error::file(&path, cause, "Use a version of Motionscope that reads it"));
        }
        if let Some(fault) = unknown_entry(&table).or_else(|| unknown_choice(&table)) {
            return Err(Error::file(&path, fault.cause, fault.remedy));
        }
        let card: Self = toml::from_str(&text).map_err(damaged)?;
        card.validate().map_err(|fault| Error::file(&path, fault.cause, fault.remedy))?;
        Ok(card)
    }

    /// Returns the weights files in the model's folder, in the order in which they are hashed.
    pub fn weights(&self) -> impl Iterator<Item = &str> {
        let streams = [&self.temporal, &self.spatial].into_iter().flatten().map(|entry| entry.weights.as_str());
        std::iter::once(self.flow_weights()).chain(streams)
    }

    /// Returns the weights file of the network that predicts flow: the motion network or the joint one.
    pub fn flow_weights(&self) -> &str {
        let joint = self.joint.as_ref().map(|entry| entry.weights.as_str());
        joint.or(self.motion.as_ref().map(|entry| entry.weights.as_str())).unwrap_or_default()
    }

    /// Returns `true` if the motion network was never trained.
    pub fn has_untrained_motion(&self) -> bool {
        self.motion.as_ref().is_some_and(|entry| entry.untrained)
    }

    /// Rejects the motion network of the model in folder `dir` if it was never trained, as its flow is noise.
    ///
    /// # Errors
    /// If it is untrained.
    pub fn check_motion(&self, dir: &Path) -> Result<()> {
        if !self.has_untrained_motion() {
            return Ok(());
        }
        let cause = "its MotionNet was never trained: the model was trained without a base";
        Err(Error::file(dir, cause, "Use another model's flow, or train the stream from a --base with a MotionNet"))
    }

    /// Returns the flow method that the temporal stream was trained on; MotionNet if no temporal stream reads flow. The
    /// square around the motion is located in this flow, also for the spatial stream.
    pub fn flow_source(&self) -> FlowSource {
        let reads_flow = |entry: &&StreamEntry| !Modality::from(entry.input).is_of_frames();
        self.temporal.as_ref().filter(reads_flow).map(|entry| entry.flow_source).unwrap_or_default()
    }

    /// Returns `true` if the square around the motion would be located in the flow of an untrained MotionNet.
    pub fn has_untrained_squares(&self) -> bool {
        self.has_untrained_motion() && self.flow_source().needs_network()
    }

    /// Returns a warning for the model in folder `dir` if only frames are available but its temporal stream was trained
    /// on motion vectors or flow images, which MotionNet's flow then replaces. Returns `None` for flow that is computed
    /// from frames.
    pub fn flow_fault(&self, dir: &Path) -> Option<Error> {
        let source = self.flow_source();
        (!source.needs_pictures()).then(|| {
            let cause = format!(
                "its temporal stream was trained on {}, which single frames do not have; it reads MotionNet's flow \
                 instead, so its scores are not to be trusted",
                source.in_words()
            );
            let remedy = "Use `motionscope evaluate actions`, or a model trained on MotionNet's, TV-L1 or DIS flow";
            Error::file(dir, cause, remedy)
        })
    }

    /// Returns the name of the network that predicts flow, such as `MotionNet`.
    pub fn flow_network(&self) -> &'static str {
        match (&self.joint, &self.motion) {
            (Some(joint), _) => joint.config.architecture.name(),
            (None, motion) => {
                motion.as_ref().map_or(Architecture::MotionNet, |entry| entry.config.architecture).title()
            }
        }
    }

    /// Returns the card as TOML text, which [`ModelCard::read`] can read.
    ///
    /// # Errors
    /// If an entry cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String> {
        let defect =
            |error: toml::ser::Error| Error::new(Self::FILE_NAME, error.to_string(), "Report this as a defect");
        toml::to_string_pretty(self).map_err(defect)
    }

    /// Returns an error for the first invalid entry of the card.
    fn validate(&self) -> std::result::Result<(), CardFault> {
        let unsure_below = self.fusion.unsure_below;
        if let Some(share) = unsure_below.filter(|share| !(0.0..=1.0).contains(share)) {
            let cause = format!("`unsure_below` under [fusion] is {share}, but it is a probability, from 0 to 1");
            let remedy = format!("Write 0.5 for 50 %, or remove the entry: {UNSURE_BELOW} is the default");
            return Err(CardFault { cause, remedy });
        }
        self.check_classes()?;
        self.check_thresholds()?;
        self.check_networks().map_err(|cause| CardFault { cause, remedy: REMEDY.into() })
    }

    /// Rejects thresholds unless there is one per class.
    fn check_thresholds(&self) -> std::result::Result<(), CardFault> {
        let (thresholds, classes) = (self.thresholds.len(), self.classes.len());
        let cause = match self.thresholds.iter().find(|threshold| !(0.0..=1.0).contains(*threshold)) {
            Some(wrong) => format!("{wrong} in `thresholds` is no probability from 0 to 1"),
            None if thresholds > 0 && thresholds != classes => {
                format!("it has {} for {}", counted(thresholds, "threshold"), counted(classes, "class"))
            }
            None => return Ok(()),
        };
        Err(CardFault { cause, remedy: "Give one for each class, or remove `thresholds`: 0.5 is the default".into() })
    }

    /// Rejects duplicate class names, regardless of Unicode normalisation: their scores would be indistinguishable.
    fn check_classes(&self) -> std::result::Result<(), CardFault> {
        let mut seen = HashSet::new();
        let Some(double) = self.classes.iter().find(|class| !seen.insert(composed(class))) else { return Ok(()) };
        let cause = format!("`classes` names '{double}' twice");
        Err(CardFault { cause, remedy: "Give each class a name of its own, in the order of the scores".into() })
    }

    fn check_networks(&self) -> std::result::Result<(), String> {
        let built = match (&self.motion, &self.joint) {
            (Some(entry), None) => entry.config.validate().map_err(|error| ("motion", error)),
            (None, Some(entry)) => entry.config.validate().map_err(|error| ("joint", error)),
            (None, None) => return Err("it has neither [motion] nor [joint]".into()),
            (Some(_), Some(_)) => return Err("it has [motion] beside [joint], which predicts flow itself".into()),
        };
        built.map_err(|(network, error)| format!("the {network} network cannot be built: {}", error.cause))?;
        if self.joint.is_some() && self.temporal.is_some() {
            return Err("it has [temporal] beside [joint], which takes the temporal stream's place".into());
        }
        let streams = [&self.temporal, &self.spatial].into_iter().flatten();
        if self.classes.is_empty() && (self.joint.is_some() || streams.clone().next().is_some()) {
            return Err("it has a stream but no classes".into());
        }
        for stream in streams.clone() {
            if stream.dropout.is_some_and(|p| !(0.0..1.0).contains(&p)) {
                return Err("dropout is outside 0 to 1".into());
            }
        }
        for (stream, is_temporal) in [(&self.temporal, true), (&self.spatial, false)] {
            let Some(stream) = stream else { continue };
            let modality = stream.modality(is_temporal);
            if let Some(frames) = stream.frames {
                StreamInput::check_clip(stream.backbone, modality, frames)?;
            }
            stream.input.check(stream.backbone, stream.reading())?;
        }
        for name in self.weights() {
            if !is_plain_name(name) {
                return Err(format!("weights `{name}` are not a file name within the model's folder"));
            }
        }
        for FrameSize { width, height } in [self.preprocessing.motion, self.preprocessing.spatial.size()] {
            if ![width, height].iter().all(|side| (32..=Self::MAX_SIDE).contains(side)) {
                return Err(format!("frames of {width}×{height} are outside 32 to {} pixels a side", Self::MAX_SIDE));
            }
        }
        let FrameSize { width, height } = self.preprocessing.motion;
        let reads_flow = self.temporal.as_ref().is_some_and(|entry| entry.resolution == FlowResolution::Flow);
        if reads_flow && width.min(height) < Self::MIN_SIDE_OF_FLOW {
            let least = Self::MIN_SIDE_OF_FLOW;
            return Err(format!(
                "flow of {width}×{height} frames is too small for a temporal stream at its resolution: {least} pixels a side"
            ));
        }
        // Far beyond this limit, scores overflow.
        if !(0.0..=1e6).contains(&self.fusion.temporal_weight) {
            return Err("the weight of the temporal stream is not a number from 0 to 1000000".into());
        }
        Ok(())
    }
}

/// Returns `true` if `name` is a plain file name without path components.
fn is_plain_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(_)), None))
}
