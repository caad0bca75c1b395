//! Fine-tuning a recogniser to new classes: converts a few choices to the plans of one run, or of two in sequence.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::config::freeze::Freeze;
use super::config::plan::{Network, TemporalMode, TrainingPlan};
use super::config::recipe::Recipe;
use super::config::run_kind::RunKind;
use super::config::stream_checks::no_motion_below;
use super::optim::param_groups::{LayerSize, layer_sizes};
use super::probe::views::ProbeViews;
use crate::data::DataSource;
use crate::error::{Error, Result};
use crate::named::named;
use crate::nets::{FlowSource, FrameSize, Modality, ModelCard, StreamEntry};
use crate::video::Geometry;

/// Steps of a linear probe.
const HEAD_UPDATES: usize = 200;
/// Share of the time limit for the spatial stream if both streams are tuned.
const SPATIAL_SHARE: f64 = 0.4;
/// Fraction of a stream's stages that are frozen if only the last ones are tuned.
const FROZEN_SHARE: f64 = 0.67;

named! {
    /// The fine-tuning depth; each level includes the ones before it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
    pub enum Depth {
        /// Classifier layers only (linear probe on cached features).
        #[default]
        Heads = "heads",
        /// Last stages of the streams.
        LastStages = "last-stages",
        /// Whole streams.
        Streams = "streams",
        /// Whole streams and MotionNet below the temporal one.
        Everything = "everything",
    }
}

named! {
    /// The streams to fine-tune.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    pub enum Streams {
        /// Both streams, one after the other.
        #[default]
        Both = "both",
        /// The spatial stream.
        Spatial = "spatial",
        /// The temporal stream.
        Temporal = "temporal",
    }
}

named! {
    /// A preset of fine-tuning settings.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    pub enum Preset {
        /// Linear probes: a dozen clips, a minute or two.
        #[default]
        Quick = "quick",
        /// Whole streams: half an hour.
        Thorough = "thorough",
        /// The authors' released end-to-end training.
        Paper = "paper",
    }
}

impl Depth {
    /// Returns the preset whose settings suit this depth.
    fn preset(self) -> Preset {
        if self == Self::Heads { Preset::Quick } else { Preset::Thorough }
    }

    /// Returns the default share of recordings that is held out; linear probes are cross-validated instead.
    pub fn hold_out(self) -> f64 {
        FineTune::of(self.preset()).hold_out
    }
}

/// Settings of a fine-tuning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FineTune {
    /// Fine-tuning depth.
    pub depth: Depth,
    /// Streams to tune.
    pub streams: Streams,
    /// Training mode of MotionNet, if it is tuned: action loss only (b), or with the unsupervised losses (c).
    pub mode: TemporalMode,
    /// `true` to keep the other classes of the base.
    pub keep_classes: bool,
    /// `true` for multi-label classes, if streams are trained: see [`TrainingPlan::multi_label`].
    pub multi_label: bool,
    /// Share of the recordings of each class that is held out for validation.
    pub hold_out: f64,
    /// Time limit of all runs together in seconds; `None` to run all steps.
    pub budget_secs: Option<f64>,
    /// `true` to use the frame and crop sizes of the plans instead of the model's.
    pub own_sizes: bool,
    /// Settings of the spatial stream's run.
    pub spatial: TrainingPlan,
    /// Settings of the temporal stream's run.
    pub temporal: TrainingPlan,
}

impl Default for FineTune {
    fn default() -> Self {
        Self::of(Preset::default())
    }
}

/// A summary of the trainable layers of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainableSummary {
    /// Display name of the network.
    pub network: String,
    /// Description of the layers.
    pub layers: String,
    /// Number of trained parameters.
    pub trained: usize,
    /// Total number of parameters.
    pub of: usize,
}

impl FineTune {
    /// Returns the settings of `preset`.
    pub fn of(preset: Preset) -> Self {
        let [spatial, temporal] = [Network::Spatial, Network::Temporal];
        let quick = Self {
            depth: Depth::Heads,
            streams: Streams::Both,
            mode: TemporalMode::C,
            keep_classes: false,
            multi_label: false,
            hold_out: 0.0,
            budget_secs: None,
            own_sizes: false,
            spatial: TrainingPlan { steps: HEAD_UPDATES, ..TrainingPlan::of(spatial).of_last_layer() },
            temporal: TrainingPlan { steps: HEAD_UPDATES, ..TrainingPlan::of(temporal).of_last_layer() },
        };
        match preset {
            Preset::Quick => quick,
            Preset::Thorough => Self {
                depth: Depth::Streams,
                hold_out: 0.2,
                budget_secs: Some(1800.0),
                spatial: TrainingPlan { steps: 400, checkpoint_every: 20, ..TrainingPlan::of(spatial) },
                temporal: TrainingPlan { steps: 1200, checkpoint_every: 25, ..TrainingPlan::of(temporal) },
                ..quick
            },
            Preset::Paper => Self {
                depth: Depth::Everything,
                hold_out: 0.2,
                own_sizes: true,
                spatial: Recipe::Paper.plan(spatial, None),
                temporal: Recipe::Paper.plan(temporal, None),
                ..quick
            },
        }
    }

    /// Returns the preset that these settings equal, ignoring classes and hold-out.
    pub fn preset(&self) -> Option<Preset> {
        let &Self { keep_classes, multi_label, hold_out, .. } = self;
        let is_this = |preset: &Preset| Self { keep_classes, multi_label, hold_out, ..Self::of(*preset) } == *self;
        Preset::ALL.into_iter().find(is_this)
    }

    /// Changes the depth, and the settings with it if the preset changes, since a linear probe needs other settings
    /// than training.
    pub fn set_depth(&mut self, depth: Depth) {
        if depth.preset() != self.depth.preset() {
            let Self { budget_secs, own_sizes, spatial, temporal, .. } = Self::of(depth.preset());
            (self.budget_secs, self.own_sizes) = (budget_secs, own_sizes);
            (self.spatial, self.temporal) = (spatial, temporal);
        }
        self.depth = depth;
    }

    /// Returns the networks to tune in a model with this card, in the order of their runs.
    pub fn networks(&self, card: &ModelCard) -> Vec<Network> {
        let spatial = (self.streams != Streams::Temporal && card.spatial.is_some()).then_some(Network::Spatial);
        let temporal = (self.streams != Streams::Spatial && card.temporal.is_some()).then_some(Network::Temporal);
        [spatial, temporal].into_iter().flatten().collect()
    }

    /// Returns the runs that fine-tune the model in folder `base` with this card on `data`. The last run is saved in
    /// `run_dir`, and its model combines the results of all; one before it is saved in `run_dir`-spatial.
    ///
    /// # Errors
    /// If the model lacks the streams, or a plan is invalid.
    pub fn plans(&self, base: &Path, card: &ModelCard, data: &DataSource, run_dir: &Path) -> Result<Vec<TrainingPlan>> {
        let networks = self.networks(card);
        if networks.is_empty() && card.joint.is_some() {
            let remedy = "Continue it with `motionscope train joint --base`, or choose a model with a stream";
            return Err(Error::file(base, "its classifier is a joint network's, which is trained as a whole", remedy));
        }
        if networks.is_empty() {
            let remedy = "Choose a model with a spatial or temporal stream, or tune the other stream";
            return Err(Error::file(base, "it has no such stream to fine-tune", remedy));
        }
        self.check_flow(base, card, &networks)?;
        let mut before = run_dir.as_os_str().to_owned();
        before.push("-spatial");
        let is_joined = networks.len() > 1;
        let plan = |network: Network| {
            let numbers = if network == Network::Spatial { &self.spatial } else { &self.temporal };
            let entry = if network == Network::Spatial { &card.spatial } else { &card.temporal };
            let frame = frame(card, network);
            let is_first = is_joined && network == Network::Spatial;
            let share = match (is_joined, is_first) {
                (false, _) => 1.0,
                (true, true) => SPATIAL_SHARE,
                (true, false) => 1.0 - SPATIAL_SHARE,
            };
            let plan = TrainingPlan {
                network,
                data: data.clone(),
                base: Some(base.to_owned()),
                join: (is_joined && !is_first).then(|| Path::new(&before).join("model")),
                run_dir: if is_first { Path::new(&before).to_owned() } else { run_dir.to_owned() },
                keep_classes: self.keep_classes,
                multi_label: self.multi_label && self.depth != Depth::Heads,
                hold_out: self.hold_out,
                budget_secs: self.budget_secs.map(|secs| secs * share),
                kind: match self.depth {
                    Depth::Heads => RunKind::LinearProbe { windows: ProbeViews::FIT.windows },
                    _ => RunKind::Training,
                },
                mode: if self.depth == Depth::Everything { self.mode } else { TemporalMode::A },
                freeze: self.freeze(network, entry.as_ref(), card.classes.len()),
                ..numbers.clone()
            };
            if self.own_sizes { plan } else { TrainingPlan { frame, crop: crop_of(frame), ..plan } }
        };
        let plans: Vec<TrainingPlan> = networks.into_iter().map(plan).collect();
        plans.iter().try_for_each(TrainingPlan::check)?;
        Ok(plans)
    }

    /// Rejects training MotionNet below a temporal stream that reads other flow.
    fn check_flow(&self, base: &Path, card: &ModelCard, networks: &[Network]) -> Result<()> {
        let source = card.flow_source();
        let trains_motion = self.depth == Depth::Everything && self.mode != TemporalMode::A;
        if !trains_motion || source == FlowSource::MotionNet || !networks.contains(&Network::Temporal) {
            return Ok(());
        }
        let remedy = "Tune the streams alone (depth streams, or mode a), or another model";
        Err(no_motion_below(base, source, remedy))
    }

    /// Returns the trainable layers of a model with this card and `all` classes, `own` of which have clips. A linear
    /// probe learns only these and keeps the others unchanged.
    pub fn reach(&self, card: &ModelCard, [own, all]: [usize; 2]) -> Vec<TrainableSummary> {
        let mut reaches = Vec::new();
        for network in self.networks(card) {
            let (name, entry) = match network {
                Network::Spatial => ("Spatial stream", &card.spatial),
                _ => ("Temporal stream", &card.temporal),
            };
            let Some(entry) = entry else { continue };
            let layers = stream_layers(entry, network, all);
            let first = match self.depth {
                Depth::Heads => layers.len() - 1,
                Depth::LastStages => frozen_layers(&layers),
                Depth::Streams | Depth::Everything => 0,
            };
            let mut stream = reach(format!("{name} ({})", entry.backbone.name()), &layers, first);
            if self.depth == Depth::Heads && (1..all).contains(&own) {
                stream.trained = stream.trained / all * own;
            }
            reaches.push(stream);
            if network == Network::Temporal && self.depth == Depth::Everything {
                let motion = layer_sizes(&card.init_flow_network(&burn::tensor::Device::flex()));
                reaches.push(reach("MotionNet".into(), &motion, 0));
            }
        }
        reaches
    }

    fn freeze(&self, network: Network, entry: Option<&StreamEntry>, classes: usize) -> Vec<Freeze> {
        match (self.depth, entry) {
            (Depth::Heads, _) => vec![Freeze::Body],
            (Depth::LastStages, Some(entry)) => {
                let layers = stream_layers(entry, network, classes);
                let last = frozen_layers(&layers).saturating_sub(1);
                vec![Freeze::UpTo(layers[last].name.clone()), Freeze::Norms]
            }
            _ => vec![Freeze::Norms],
        }
    }
}

fn reach(network: String, layers: &[LayerSize], first: usize) -> TrainableSummary {
    let [from, to] = [first, layers.len() - 1].map(|layer| stage(&layers[layer].name));
    let layers_words = match first {
        0 => format!("all layers, {from} to {to}"),
        _ if from == to => format!("the last layer, {to}"),
        _ => format!("the last stages, {from} to {to}"),
    };
    let trained = layers[first..].iter().filter(|layer| !layer.is_norm).map(|layer| layer.size).sum();
    TrainableSummary { network, layers: layers_words, trained, of: layers.iter().map(|layer| layer.size).sum() }
}

fn stream_layers(entry: &StreamEntry, network: Network, classes: usize) -> Vec<LayerSize> {
    let modality = if network == Network::Spatial { Modality::Pictures } else { Modality::Flow };
    layer_sizes(&entry.config(modality, classes.max(1)).init(&burn::tensor::Device::flex()))
}

/// Returns the number of layers before the last stages.
fn frozen_layers(layers: &[LayerSize]) -> usize {
    let mut stages: Vec<&str> = layers.iter().map(|layer| stage(&layer.name)).collect();
    stages.dedup();
    let first = ((stages.len() as f64 * FROZEN_SHARE) as usize).clamp(1, stages.len() - 1);
    layers.iter().position(|layer| stage(&layer.name) == stages[first]).unwrap_or(1)
}

/// Returns the stage of a network that a layer belongs to: `fire7` of `fire7.squeeze1x1`, `layer4.0` of
/// `layer4.0.conv1`.
fn stage(layer: &str) -> &str {
    let mut parts = layer.split('.');
    let first = parts.next().unwrap_or(layer);
    match parts.next().filter(|second| second.bytes().all(|byte| byte.is_ascii_digit())) {
        Some(second) => &layer[..first.len() + 1 + second.len()],
        None => first,
    }
}

/// Returns the frame size of the model's network.
fn frame(card: &ModelCard, network: Network) -> Geometry {
    let sizes = card.preprocessing;
    let FrameSize { width, height } = if network == Network::Spatial { sizes.spatial.size() } else { sizes.motion };
    Geometry { width, height }
}

/// Returns the largest crop smaller than `frame` with sides that are multiples of 32.
fn crop_of(frame: Geometry) -> Geometry {
    let side = |side: u32| ((side - 1) / 32 * 32).max(32);
    Geometry { width: side(frame.width), height: side(frame.height) }
}

#[cfg(test)]
mod tests {
    use super::super::probe::linear;
    use super::*;
    use crate::nets::{Backbone, FrameSize, Origin};

    fn card(backbone: Backbone) -> ModelCard {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/models/default/model.toml")).unwrap();
        let mut card: ModelCard = toml::from_str(&text).unwrap();
        for entry in [&mut card.spatial, &mut card.temporal] {
            entry.as_mut().unwrap().backbone = backbone;
        }
        card.preprocessing.spatial = FrameSize { width: 227, height: 227 }.into();
        card.preprocessing.motion = FrameSize { width: 160, height: 128 };
        ModelCard { origin: Origin::default(), ..card }
    }

    fn plans(tuning: &FineTune, card: &ModelCard) -> Vec<TrainingPlan> {
        let data = DataSource::Folder("clips".into());
        tuning.plans(Path::new("base"), card, &data, Path::new("runs/tune-01")).unwrap()
    }

    #[test]
    fn both_streams_are_tuned_in_turn_and_joined() {
        let card = card(Backbone::SqueezeNet);
        let [spatial, temporal] = &plans(&FineTune::default(), &card)[..] else { panic!("two runs") };
        assert_eq!((spatial.network, temporal.network), (Network::Spatial, Network::Temporal));
        assert_eq!((spatial.frame.width, spatial.crop.width, temporal.frame.height), (227, 224, 128));
        assert_eq!((&spatial.join, temporal.join.as_deref()), (&None, Some(Path::new("runs/tune-01-spatial/model"))));
        assert_eq!(temporal.run_dir, Path::new("runs/tune-01"));
        let alone = plans(&FineTune { streams: Streams::Spatial, ..FineTune::default() }, &card);
        assert_eq!((alone.len(), alone[0].run_dir.as_path()), (1, Path::new("runs/tune-01")));
        let lacking = ModelCard { temporal: None, ..card };
        assert_eq!(plans(&FineTune::default(), &lacking).len(), 1);
        let temporal = FineTune { streams: Streams::Temporal, ..FineTune::default() };
        let data = DataSource::Folder("clips".into());
        assert!(temporal.plans(Path::new("base"), &lacking, &data, Path::new("run")).is_err());
    }

    #[test]
    fn the_deeper_the_more_is_tuned() {
        for backbone in Backbone::ALL {
            let card = card(backbone);
            let trained = |depth| -> Vec<usize> {
                let tuning = FineTune { depth, streams: Streams::Temporal, ..FineTune::default() };
                tuning.reach(&card, [3, 3]).iter().map(|reach| reach.trained).collect()
            };
            let counts = Depth::ALL.map(|depth| trained(depth).iter().sum::<usize>());
            assert!(counts.is_sorted_by(|a, b| a < b), "{backbone:?}: {counts:?}");
            assert_eq!(trained(Depth::Everything).len(), 2, "the stream and MotionNet");
        }
        let squeeze = card(Backbone::SqueezeNet);
        let words = |depth| FineTune { depth, ..FineTune::default() }.reach(&squeeze, [3, 3])[0].layers.clone();
        let heads = FineTune { depth: Depth::Heads, streams: Streams::Temporal, ..FineTune::default() };
        let trained = |classes| heads.reach(&squeeze, classes)[0].trained;
        assert_eq!(trained([2, 21]), trained([2, 2]), "classes without clips are kept as they are");
        assert_eq!(words(Depth::Heads), "the last layer, conv10");
        assert_eq!(words(Depth::LastStages), "the last stages, fire7 to conv10");
        assert_eq!(words(Depth::Streams), "all layers, conv1 to conv10");
    }

    #[test]
    fn every_preset_and_depth_can_be_trained() {
        let card = card(Backbone::SqueezeNet);
        for preset in Preset::ALL {
            let mut tuning = FineTune::of(preset);
            assert_eq!(tuning.preset(), Some(preset));
            for depth in Depth::ALL {
                tuning.set_depth(depth);
                for mode in [TemporalMode::B, TemporalMode::C] {
                    tuning.mode = mode;
                    assert_eq!(plans(&tuning, &card).len(), 2, "{preset:?} {depth:?}");
                }
            }
        }
        let quick = plans(&FineTune::default(), &card);
        assert!(
            quick.iter().all(|plan| (plan.rate, plan.warm_up) == (linear::RATE, 0)),
            "what is used is what is written"
        );
        let mut deep = FineTune::default();
        deep.set_depth(Depth::Streams);
        assert!(plans(&deep, &card).iter().all(|plan| plan.rate < linear::RATE), "deeper tuning has rates of its own");
        let thorough = plans(&FineTune::of(Preset::Thorough), &card);
        let budget: f64 = thorough.iter().filter_map(|plan| plan.budget_secs).sum();
        assert!((budget - 1800.0).abs() < 1e-6, "both share the time: {budget}");
    }
}
