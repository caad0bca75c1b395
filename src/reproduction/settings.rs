//! The settings of a reproduction: everything that determines the numbers, saved as `config.toml`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::data::{DataSource, PairAugmentation, PairSource};
use crate::error::{Error, Result};
use crate::evaluation::Protocol;
use crate::evaluation::flow_benchmarks::FlowDataset;
use crate::named::named;
use crate::nets::{
    Architecture, Backbone, FlowReading, JointArchitecture, ModelCard, MotionConfig, MotionCrop, MotionCue,
    WINDOW_FRAMES,
};
use crate::training::{
    LossPreset, NO_CLIPPING, Network, Recipe, ScheduleKind, SupervisedLoss, TemporalMode, TrainingPlan,
};
use crate::video::Geometry;

/// A table of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PaperTable {
    /// Two-stage flow, the stacked temporal stream and both streams together: accuracy and speed.
    Table1,
    /// MotionNet without one or the other of its parts.
    Table2,
    /// Errors of the flow itself.
    Table3,
    /// Systems for action recognition in real time.
    Table4,
}

named! {
    /// The scale of an experiment.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum ReproductionScale {
        /// Minutes on two cores: a smoke test.
        #[default]
        Tiny = "tiny",
        /// One to several hours: shows trends.
        Small = "small",
        /// Days on a GPU: the authors' released training.
        Paper = "paper",
    }
}

/// Clips for training and testing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lists {
    /// Training clips.
    pub train: DataSource,
    /// Test clips.
    pub test: DataSource,
}

/// A flow benchmark on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowRoot {
    /// The benchmark.
    pub dataset: FlowDataset,
    /// The folder it was unpacked to.
    pub root: PathBuf,
}

/// All settings that determine the numbers. Two calls with the same settings and folder are one experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReproductionSettings {
    /// The table.
    pub table: PaperTable,
    /// Source of the other values, and the training recipe.
    pub scale: ReproductionScale,
    /// Random seed.
    pub seed: u64,
    /// Feature maps of MotionNet's first layer.
    pub width: usize,
    /// Number of frames that MotionNet reads at once: 2 or 11.
    pub frames: usize,
    /// The backbone of both streams.
    pub backbone: Backbone,
    /// Base model of all trainings of Table 1, in place of networks with the above width, frames and backbone.
    pub base: Option<PathBuf>,
    /// ImageNet weights that the streams start from; `None` trains from scratch.
    pub imagenet: Option<PathBuf>,
    /// Size to which clips are decoded, pixels.
    pub frame: Geometry,
    /// Views of a test clip, such as `25x10`.
    pub views: String,
    /// Number of unsupervised training steps of MotionNet.
    pub flow_steps: usize,
    /// Number of training steps of each stream.
    pub steps: usize,
    /// Batch size.
    pub batch: usize,
    /// Whether Tables 1 and 3 include the rows of other systems.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rivals: bool,
    /// Pairs with ground-truth flow for supervised flow networks; `None` generates pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<PairSource>,
    /// Model whose MotionNet is measured in Table 3.
    pub model: Option<PathBuf>,
    /// The clips; `None` uses the generated sample.
    pub data: Option<Lists>,
    /// Benchmarks of Table 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flow_roots: Vec<FlowRoot>,
}

impl ReproductionSettings {
    /// Returns the settings of `scale` for `table`, on the generated sample.
    pub fn of(table: PaperTable, scale: ReproductionScale) -> Self {
        let (views, backbone) = match scale {
            ReproductionScale::Tiny => ("3x2", Backbone::SqueezeNet),
            ReproductionScale::Small => ("5x2", Backbone::ResNet18),
            ReproductionScale::Paper => ("25x10", Backbone::Vgg16),
        };
        let frame = match (scale, table) {
            (ReproductionScale::Tiny, PaperTable::Table2) => Geometry { width: 160, height: 128 },
            (ReproductionScale::Tiny, _) => Geometry { width: 128, height: 96 },
            (ReproductionScale::Small, PaperTable::Table2) => Geometry { width: 192, height: 160 },
            (ReproductionScale::Small, _) => Geometry { width: 160, height: 120 },
            (ReproductionScale::Paper, _) => PAPER_FRAME,
        };
        let (width, frames) = match scale {
            ReproductionScale::Tiny => (8, 2),
            ReproductionScale::Small => (16, 2),
            ReproductionScale::Paper => (64, WINDOW_FRAMES),
        };
        let (flow_steps, steps, batch) = match scale {
            ReproductionScale::Tiny => (150, 60, 8),
            ReproductionScale::Small => (3000, 1000, 16),
            ReproductionScale::Paper => (400_000, 16_000, 16),
        };
        Self {
            table,
            scale,
            seed: 1,
            width,
            frames,
            backbone,
            base: None,
            imagenet: None,
            frame,
            views: views.into(),
            flow_steps,
            steps,
            batch,
            rivals: false,
            pairs: None,
            model: None,
            data: None,
            flow_roots: Vec::new(),
        }
    }

    /// Learning rate of untrained networks at the small scales.
    pub(super) const FRESH_RATE: f64 = 1e-3;

    /// Returns whether the published training is followed.
    pub(super) fn is_paper(&self) -> bool {
        self.scale == ReproductionScale::Paper
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// If a value is invalid; the message states which values are possible.
    pub fn check(&self) -> Result<()> {
        self.protocol()?;
        if self.rivals && !matches!(self.table, PaperTable::Table1 | PaperTable::Table3) {
            let cause = "the rows of other systems are added to Tables 1 and 3";
            return Err(Error::new("rivals", cause, "Leave --rivals out"));
        }
        if self.pairs.is_some() && !self.rivals {
            let cause = "pairs with true flow are for the flow networks of other systems";
            return Err(Error::new("pairs", cause, "Add --rivals, or leave them out"));
        }
        if self.table == PaperTable::Table3 {
            self.check_counts()?;
            return match self.flow_roots.is_empty() {
                true => Err(Error::new(
                    "table 3",
                    "no flow data set is given",
                    "Pass one or more, such as --flow-root middlebury=DIR",
                )),
                false => Ok(()),
            };
        }
        if self.table == PaperTable::Table2 && self.base.is_some() {
            let cause = "every row has a different MotionNet, so none can start from a model";
            return Err(Error::new("table 2", cause, "Leave --base out"));
        }
        self.check_counts()?;
        let Geometry { width, height } = self.frame;
        let least = 2 * self.crop_unit();
        if width < least || height < least {
            let cause = format!("frames of {width}×{height} are too small for MotionNet");
            return Err(Error::new("frame size", cause, format!("Use at least {least}×{least}")));
        }
        Ok(())
    }

    /// Rejects a base whose temporal stream cannot serve as that of the rows, which reads flow.
    ///
    /// # Errors
    /// If the base's model card cannot be read, or it has a joint network or a stream of RGB differences.
    pub(super) fn check_base(&self) -> Result<()> {
        let Some(base) = self.base.as_ref().filter(|_| self.table != PaperTable::Table3) else { return Ok(()) };
        let card = ModelCard::read(base)?;
        let cause = match &card.temporal {
            _ if card.joint.is_some() => "its joint network is in the place of the temporal stream that the rows train",
            Some(entry) if entry.input != MotionCue::Flow => {
                "its temporal stream reads RGB differences, the rows read flow"
            }
            _ => return Ok(()),
        };
        Err(Error::file(base, cause, "Choose another --base, or train --from-scratch"))
    }

    fn check_counts(&self) -> Result<()> {
        self.motion().validate()?;
        if self.steps == 0 || self.flow_steps == 0 || self.batch == 0 {
            return Err(Error::new("reproduction", "a count is zero", "Steps and batches start at 1"));
        }
        Ok(())
    }

    /// Returns the views of test clips.
    ///
    /// # Errors
    /// If `views` is not a valid protocol.
    pub fn protocol(&self) -> Result<Protocol> {
        self.views.parse().map_err(|cause: String| Error::new("views", cause, "Use for example 25x10"))
    }

    /// Returns the motion network with all parts enabled.
    pub fn motion(&self) -> MotionConfig {
        MotionConfig { frames: self.frames, width: self.width, ..MotionConfig::default() }
    }

    /// Returns the unsupervised training of MotionNet.
    pub fn flow_plan(&self, data: &DataSource, run_dir: PathBuf) -> TrainingPlan {
        let plan = match self.scale {
            ReproductionScale::Paper => Recipe::Paper.plan(Network::Flow, Some(self.flow_steps)),
            _ => {
                let rate = if self.base.is_some() { TRAINED_RATE } else { 2e-3 };
                TrainingPlan { rate, ..TrainingPlan::of(Network::Flow) }
            }
        };
        self.common(plan, data, run_dir, self.flow_steps)
    }

    /// Returns the training of a flow network on the ground-truth flow of `pairs`: at the paper's scale with the long
    /// schedule of FlowNet2's release (spec `rivals.md`, section 1.10), scaled to the number of steps.
    pub(super) fn supervised_plan(
        &self,
        architecture: Architecture,
        pairs: &DataSource,
        run_dir: PathBuf,
    ) -> TrainingPlan {
        let of_flow = TrainingPlan::of(Network::Flow);
        let (plan, batch) = match self.is_paper() {
            false => (TrainingPlan { rate: Self::FRESH_RATE, ..of_flow }, self.batch),
            true => {
                let plan = TrainingPlan {
                    rate: 1e-4,
                    schedule: ScheduleKind::Step,
                    milestones: LONG_SCHEDULE.map(|share| (share * self.flow_steps as f64) as usize).to_vec(),
                    factor: 0.5,
                    weight_decay: 4e-4,
                    warm_up: 0,
                    clip_norm: NO_CLIPPING,
                    augmentation: PairAugmentation::Published,
                    ..of_flow
                };
                (plan, self.batch.min(SUPERVISED_BATCH))
            }
        };
        let (frame, crop) = self.pair_sizes();
        TrainingPlan {
            base: None,
            motion: MotionConfig { architecture, frames: 2, width: self.width, ..MotionConfig::default() },
            supervised: Some(SupervisedLoss::default()),
            batch,
            frame,
            crop,
            ..self.common(plan, pairs, run_dir, self.flow_steps)
        }
    }

    /// Returns the sizes of pairs with ground-truth flow and of their crops, which are multiples of 64, in pixels.
    fn pair_sizes(&self) -> (Geometry, Geometry) {
        if self.is_paper() {
            return (Geometry { width: 512, height: 384 }, Geometry { width: 448, height: 320 });
        }
        let [width, height] = [self.frame.width, self.frame.height].map(|side| side.next_multiple_of(64));
        (Geometry { width, height }, Geometry { width, height })
    }

    /// Returns the number and the size of the generated pairs for supervised networks if none are given; `None` where
    /// the published training is followed, which uses FlyingChairs.
    pub(super) fn generated_pairs(&self) -> Option<(usize, Geometry)> {
        let count = match self.scale {
            ReproductionScale::Tiny => 200,
            ReproductionScale::Small => 2000,
            ReproductionScale::Paper => return None,
        };
        // A few pairs suffice for a few steps.
        Some((count.min(self.flow_steps * self.batch), self.pair_sizes().0))
    }

    /// Returns the pairs with ground-truth flow: those of the settings, or the generated ones in folder `dir`.
    pub(super) fn true_pairs(&self, dir: &Path) -> PairSource {
        self.pairs.clone().unwrap_or_else(|| {
            let (count, Geometry { width, height }) = self.generated_pairs().unwrap_or((0, self.frame));
            let root = dir.join(format!("pairs-{count}-{width}x{height}"));
            PairSource { benchmark: FlowDataset::FlyingChairs, root }
        })
    }

    /// Returns the training of the temporal stream, which reads flow at full frame size; modes (b) and (c) continue
    /// from (a) at a third of the learning rate.
    pub fn temporal_plan(&self, mode: TemporalMode, data: &DataSource, run_dir: PathBuf) -> TrainingPlan {
        let plan = self.stream_plan(Network::Temporal);
        let rate =
            if mode == TemporalMode::A || self.scale == ReproductionScale::Paper { plan.rate } else { plan.rate / 3.0 };
        let mut plan = self.common(TrainingPlan { mode, rate, ..plan }, data, run_dir, self.steps);
        plan.loss.preset = LossPreset::CaffeEndToEnd;
        // As in the paper, regardless of how the stream of the base reads flow.
        let FlowReading { resolution, crop, mean } = FlowReading::default();
        TrainingPlan { flow_resolution: Some(resolution), temporal_crop: Some(crop), flow_mean: Some(mean), ..plan }
    }

    /// Returns the training of the spatial stream, which reads whole frames.
    pub fn spatial_plan(&self, data: &DataSource, run_dir: PathBuf) -> TrainingPlan {
        let plan = TrainingPlan { spatial_crop: Some(MotionCrop::Whole), ..self.stream_plan(Network::Spatial) };
        self.common(plan, data, run_dir, self.steps)
    }

    /// Returns the training of a joint network, with crops of a size that it can read.
    pub fn joint_plan(&self, joint: JointArchitecture, data: &DataSource, run_dir: PathBuf) -> TrainingPlan {
        let plan = self.stream_plan(Network::Joint);
        let mut plan = TrainingPlan { joint, ..self.common(plan, data, run_dir, self.steps) };
        plan.fit_joint_crop();
        plan
    }

    fn stream_plan(&self, network: Network) -> TrainingPlan {
        match self.scale {
            ReproductionScale::Paper => {
                let plan = Recipe::Paper.plan(network, Some(self.steps));
                TrainingPlan { accumulate: Recipe::Paper.effective_batch(network).div_ceil(self.batch), ..plan }
            }
            _ => {
                let trained = self.imagenet.is_some() || self.base.is_some();
                let rate = if trained { TRAINED_RATE } else { Self::FRESH_RATE };
                TrainingPlan { rate, ..TrainingPlan::of(network) }
            }
        }
    }

    fn common(&self, plan: TrainingPlan, data: &DataSource, run_dir: PathBuf, steps: usize) -> TrainingPlan {
        let warm_up = if self.scale == ReproductionScale::Paper { plan.warm_up } else { steps / 10 };
        TrainingPlan {
            data: data.clone(),
            run_dir,
            base: self.base.clone(),
            motion: self.motion(),
            backbone: self.backbone,
            imagenet: self.imagenet.clone().filter(|_| plan.network != Network::Flow),
            frame: self.frame,
            crop: self.crop(),
            steps,
            warm_up,
            batch: self.batch,
            seed: self.seed,
            checkpoint_every: if self.scale == ReproductionScale::Paper { 500 } else { 50 },
            snapshots: 2, // only the final models of the rows are used
            ..plan
        }
    }

    /// Returns the size of training crops: the paper's 224² of 340×256; of other frames about 7/8, as the network's
    /// stride allows.
    fn crop(&self) -> Geometry {
        let unit = self.crop_unit();
        if self.frame == PAPER_FRAME && unit == 32 {
            return Geometry { width: 224, height: 224 };
        }
        let side = |side: u32| (side * 7 / 8 / unit * unit).max(2 * unit);
        Geometry { width: side(self.frame.width), height: side(self.frame.height) }
    }

    /// Returns the divisor of crop sizes, which are at least twice as large. Without the layers for small
    /// displacements, MotionNet's stride is 64; all rows of Table 2 use the same crops.
    fn crop_unit(&self) -> u32 {
        if self.table == PaperTable::Table2 { 64 } else { 32 }
    }

    /// Returns the clips; those of the generated sample are in folder `sample`.
    pub fn lists(&self, sample: &Path) -> Lists {
        self.data.clone().unwrap_or_else(|| Lists::of_sample(sample))
    }
}

/// Learning rate of pretrained networks; the rates of untrained networks would destroy their weights.
const TRAINED_RATE: f64 = 1e-4;
/// Fractions of all steps at which the learning rate is halved: 400k, 600k, 800k and 1M of 1.2M.
const LONG_SCHEDULE: [f64; 4] = [1.0 / 3.0, 0.5, 2.0 / 3.0, 5.0 / 6.0];
/// Batch size, in pairs, of the published supervised training on FlyingChairs.
const SUPERVISED_BATCH: usize = 8;
/// Frame size in the paper.
const PAPER_FRAME: Geometry = Geometry { width: 340, height: 256 };

impl Lists {
    /// Returns the lists of the sample in `dir`.
    pub fn of_sample(dir: &Path) -> Self {
        let list = |name: &str| DataSource::list(dir.join("clips"), dir.join(name), dir.join("classInd.txt"));
        Self { train: list("trainlist01.txt"), test: list("testlist01.txt") }
    }
}

impl PaperTable {
    /// Returns the name of the table.
    pub fn title(self) -> &'static str {
        match self {
            Self::Table1 => "Table 1: accuracy and speed of two-stage and hidden two-stream networks",
            Self::Table2 => "Table 2: MotionNet ablations",
            Self::Table3 => "Table 3: flow errors",
            Self::Table4 => "Table 4: action recognition in real time",
        }
    }

    /// Returns whether the speeds of its rows are measured.
    pub(super) fn has_speeds(self) -> bool {
        matches!(self, Self::Table1 | Self::Table4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::{FlowResolution, FlowSource};
    use crate::training::inherited;

    #[test]
    fn every_plan_of_every_scale_can_train() {
        let data = DataSource::Folder("clips".into());
        for table in [PaperTable::Table1, PaperTable::Table2] {
            for scale in ReproductionScale::ALL {
                let settings = ReproductionSettings::of(table, scale);
                settings.check().unwrap();
                settings.flow_plan(&data, "run".into()).check().unwrap();
                settings.spatial_plan(&data, "run".into()).check().unwrap();
                for mode in [TemporalMode::A, TemporalMode::B, TemporalMode::C] {
                    settings.temporal_plan(mode, &data, "run".into()).check().unwrap();
                }
            }
        }
        let paper = ReproductionSettings::of(PaperTable::Table1, ReproductionScale::Paper).temporal_plan(
            TemporalMode::C,
            &data,
            "run".into(),
        );
        assert_eq!((paper.crop, paper.batch * paper.accumulate), (Geometry { width: 224, height: 224 }, 128));
        assert_eq!((paper.rate, paper.motion_rate), (1e-3, 1e-3));
    }

    /// Returns the card of the shipped two-stage model, whose streams also read the square around the motion, with
    /// other entries.
    fn base(dir: &Path, [entry, other]: [&str; 2]) -> ReproductionSettings {
        let card = concat!(env!("CARGO_MANIFEST_DIR"), "/models/dis/model.toml");
        let card = std::fs::read_to_string(card).unwrap();
        assert!(card.contains(entry));
        std::fs::write(dir.join("model.toml"), card.replace(entry, other)).unwrap();
        let base = Some(dir.to_owned());
        ReproductionSettings { base, ..ReproductionSettings::of(PaperTable::Table1, ReproductionScale::Tiny) }
    }

    #[test]
    fn streams_of_a_base_see_what_the_paper_s_see() {
        let (dir, data) = (tempfile::tempdir().unwrap(), DataSource::Folder("clips".into()));
        let settings = base(dir.path(), ["", ""]);
        settings.check_base().unwrap();
        let plan = inherited(&settings.temporal_plan(TemporalMode::A, &data, "run".into())).unwrap();
        assert_eq!(plan.flow_source, Some(FlowSource::Dis), "the rest is the base's");
        assert_eq!((plan.flow_resolution, plan.temporal_crop), (Some(FlowResolution::Frames), Some(MotionCrop::Whole)));
        let plan = inherited(&settings.spatial_plan(&data, "run".into())).unwrap();
        assert_eq!(plan.spatial_crop, Some(MotionCrop::Whole));

        let notes = super::super::table::ReproductionTable::notes(&settings);
        let note = notes.last().unwrap();
        assert!(note.contains("trained on DIS flow (preset medium)") && note.contains("see whole frames"), "{note}");

        let rgb = ["resolution = \"flow\"\ncrop = \"both\"", "input = \"rgb-difference\""];
        let error = base(dir.path(), rgb).check_base().unwrap_err();
        assert!(error.cause.contains("RGB differences") && error.remedy.contains("--from-scratch"), "{error}");
    }

    #[test]
    fn settings_survive_their_file_and_bad_ones_are_refused() {
        let mut settings = ReproductionSettings::of(PaperTable::Table1, ReproductionScale::Tiny);
        settings.data = Some(Lists::of_sample(Path::new("sample")));
        settings.imagenet = Some("squeezenet.safetensors".into());
        let text = toml::to_string_pretty(&settings).unwrap();
        assert_eq!(toml::from_str::<ReproductionSettings>(&text).unwrap(), settings);
        let refused = |change: &dyn Fn(&mut ReproductionSettings)| {
            let mut settings = ReproductionSettings::of(PaperTable::Table2, ReproductionScale::Tiny);
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        assert!(refused(&|settings| settings.views = "25x3".into()).contains("25x10"));
        assert!(refused(&|settings| settings.base = Some("model".into())).contains("--base"));
        assert!(refused(&|settings| settings.steps = 0).contains("zero"));
        assert!(refused(&|settings| settings.width = 999).contains("width"));
        assert!(refused(&|settings| settings.frame = Geometry { width: 128, height: 127 }).contains("128×127"));
        assert!(refused(&|settings| settings.table = PaperTable::Table3).contains("--flow-root"));
        assert!(refused(&|settings| settings.rivals = true).contains("Tables 1 and 3"));
        let pairs = PairSource { benchmark: FlowDataset::FlyingChairs, root: "chairs".into() };
        assert!(refused(&|settings| settings.pairs = Some(pairs.clone())).contains("--rivals"));
    }
}
