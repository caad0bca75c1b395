//! A summary of a model from its card and its networks.

use std::path::{Path, PathBuf};

use crate::nets::fusion::{Fusion, found_text};
use crate::nets::{Architecture, FlowSource, HiddenTwoStream, JointConfig, Modality, ModelCard, Stream, WINDOW_FRAMES};
use crate::plural::counted;
use crate::ranking::falling;

/// A description of the networks in use, from their model card.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    /// The model folder.
    pub dir: PathBuf,
    /// The generation number of its results, see
    /// [`InferencePipeline::generation`](crate::engine::InferencePipeline::generation); 0 if it is not in use.
    pub generation: u64,
    /// Name on the model card.
    pub name: String,
    /// The hash of the model, see [`ModelCard::hash`](crate::nets::ModelCard::hash).
    pub hash: Option<String>,
    /// Name of the model that it was trained from.
    pub base: Option<String>,
    /// The data it was trained on.
    pub trained_on: String,
    /// Licence of the weights, and of the data or weights they are derived from.
    pub licence: String,
    /// Date, YYYY-MM-DD.
    pub date: String,
    /// Class names in the order of the scores.
    pub classes: Vec<String>,
    /// Whether the model has a spatial stream.
    pub has_spatial: bool,
    /// Whether the model has a temporal stream, or a joint network in its place.
    pub has_temporal: bool,
    /// The flow that the temporal stream was trained on.
    pub trained_flow: FlowSource,
    /// Whether a temporal stream reads flow.
    pub reads_flow: bool,
    /// Whether it can classify the flow of other sources, which provide ten flows.
    pub compares_flow: bool,
    /// Levels of the flow pyramid, finest first: 2 … 6, for Tiny-MotionNet 2 … 4.
    pub levels: Vec<usize>,
    /// Number of trainable parameters of all networks together.
    pub parameters: usize,
    /// The architecture of the motion network; `None` for a joint one.
    pub architecture: Option<Architecture>,
    /// The motion or joint network, such as `MotionNet-16, 2 frames`.
    pub motion: String,
    /// The paper of the motion network, if it is not the one about hidden two-stream networks.
    pub paper: Option<&'static str>,
    /// The fusion rule and weight on the model card.
    pub fusion: Fusion,
    /// Display threshold of each class's probability for a multi-label model; empty if not chosen.
    pub thresholds: Vec<f64>,
}

impl ModelInfo {
    /// Creates the description of `model`, which was loaded from `dir`.
    pub fn of(model: &HiddenTwoStream, dir: &Path) -> Self {
        let input = model.temporal.as_ref().map(Stream::input);
        Self {
            dir: dir.to_owned(),
            generation: 0,
            name: model.card.name.clone(),
            hash: model.card.hash.clone(),
            base: model.card.origin.base.as_ref().map(|base| base.name.clone()),
            trained_on: model.card.origin.trained_on.clone(),
            licence: model.card.licence.clone(),
            date: model.card.origin.date.clone(),
            classes: model.card.classes.clone(),
            has_spatial: model.spatial.is_some(),
            has_temporal: model.classifies_motion(),
            reads_flow: input.is_some_and(|input| input.modality == Modality::Flow),
            compares_flow: input.is_some_and(|input| input.modality == Modality::Flow && input.count < WINDOW_FRAMES),
            trained_flow: model.card.flow_source(),
            levels: levels(&model.card).collect(),
            parameters: model.parameters(),
            architecture: model.card.motion.as_ref().map(|entry| entry.config.architecture),
            motion: in_words(&model.card),
            paper: paper(&model.card),
            fusion: model.card.fusion,
            thresholds: model.card.thresholds.clone(),
        }
    }
}

impl ModelInfo {
    /// Returns the number of classes as a suffix to a name; empty without classes.
    pub fn knows(&self) -> String {
        match self.classes.len() {
            0 => String::new(),
            count => format!(", {}", counted(count, "class")),
        }
    }

    /// Returns whether a multi-label model displays `class` at this probability.
    pub fn shows(&self, class: usize, probability: f32) -> bool {
        self.fusion.shows(&self.thresholds, class, probability)
    }

    /// Returns the classes that a multi-label model of this kind shows at these probabilities, the likeliest first.
    pub fn shown(&self, probabilities: &[f32]) -> Vec<(&str, f32)> {
        let known = self.classes.iter().zip(probabilities).enumerate();
        let mut shown: Vec<(&str, f32)> = known
            .filter(|(class, (_, probability))| self.shows(*class, **probability))
            .map(|(_, (name, probability))| (name.as_str(), *probability))
            .collect();
        shown.sort_by(|(_, a), (_, b)| falling(a, b));
        shown
    }

    /// Returns the names of those classes, or what stands for none.
    pub fn shown_names(&self, probabilities: &[f32]) -> String {
        let names: Vec<String> = self.shown(probabilities).into_iter().map(|(name, _)| name.to_owned()).collect();
        found_text(&names)
    }

    /// Returns identifying details of the model, one per line: folder and hash, networks, and origin.
    pub fn details(&self) -> Vec<String> {
        let hash = self.hash.as_ref().map(|hash| format!("Hash {hash}"));
        let base = self.base.as_ref().map(|base| format!("Trained from {base}"));
        let on = Some(&self.trained_on).filter(|data| !data.is_empty()).map(|data| format!("Trained on {data}"));
        let date = Some(&self.date).filter(|date| !date.is_empty()).map(|date| format!("Made on {date}"));
        let networks = format!("{}{}", self.motion, self.knows());
        let flow = (self.trained_flow != FlowSource::MotionNet)
            .then(|| format!("Temporal stream trained on {}", self.trained_flow.in_words()));
        let paper = self.paper.map(|paper| format!("From {paper}; {} parameters", self.parameters));
        [Some(self.dir.display().to_string()), hash, Some(networks), paper, flow, base, on, date]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// Returns the pyramid levels of a model's flow, finest first.
pub(in crate::engine) fn levels(card: &ModelCard) -> std::ops::RangeInclusive<usize> {
    match (&card.joint, &card.motion) {
        (Some(joint), _) => joint.config.architecture.levels(),
        (None, motion) => motion.as_ref().map_or(Architecture::MotionNet, |entry| entry.config.architecture).levels(),
    }
}

/// Returns the paper of a network, if it is not the one about hidden two-stream networks.
fn paper(card: &ModelCard) -> Option<&'static str> {
    match (&card.joint, &card.motion) {
        (Some(joint), _) => {
            Some(joint.config.architecture).filter(|joint| joint.is_taught()).map(|joint| joint.paper())
        }
        (None, motion) => {
            let architecture = motion.as_ref().map(|entry| entry.config.architecture);
            architecture.filter(|network| network.is_supervised()).map(|network| network.paper())
        }
    }
}

fn in_words(card: &ModelCard) -> String {
    if let Some(joint) = &card.joint {
        let architecture = joint.config.architecture;
        let (name, frames) = (architecture.name(), architecture.frames());
        let name = match joint.config.width {
            width if !architecture.is_taught() => format!("{name}-{width}"),
            // The number in the name is that of the frames.
            JointConfig::PUBLISHED_WIDTH => name.to_owned(),
            width => format!("{name}, width {width}"),
        };
        return format!("{name}, {frames} frames, flow and action");
    }
    let Some(motion) = card.motion.as_ref().map(|entry| &entry.config) else { return String::new() };
    format!("{}-{}, {} frames", motion.architecture.title(), motion.width, motion.frames)
}
