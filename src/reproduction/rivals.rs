//! The rows of the systems that the paper compares with (spec `rivals.md`): the original and the very deep two-stream
//! networks and enhanced motion vectors in Table 1, and Table 4.
//!
//! A system with its own backbone is trained from scratch; for unpublished details, the defaults of that backbone are
//! used.

use std::path::Path;

use super::experiment::{ExperimentRow, Training, Work, run_dir};
use super::published;

use super::settings::ReproductionSettings;
use crate::data::DataSource;
use crate::descriptors::FisherSettings;
use crate::nets::fusion::{Fusion, FusionRule};
use crate::nets::{Backbone, FlowReading, JointArchitecture, Modality, MotionCue};
use crate::training::{Distillation, FlowSource, FlowTeacher, OptimiserKind, TemporalMode, TrainingPlan};

/// Logits of both streams with equal weights: our interpretation of averaged scores.
const EQUAL: Fusion = Fusion { rule: FusionRule::Logits, temporal_weight: 1.0, unsure_below: None };
/// The weights of the very deep two-stream networks (Wang et al. 2015).
const VERY_DEEP: Fusion = Fusion { rule: FusionRule::Logits, temporal_weight: 2.0, unsure_below: None };
/// Number of components of the Gaussian mixture at the small scales; the paper uses 256.
const FEW_COMPONENTS: usize = 32;

/// Adam's learning rate at the small scales for untrained networks with wide fully connected layers.
const WIDE_RATE: f64 = 1e-4;

/// Settings that the trainings of a table share.
pub(super) struct Rivals<'a> {
    pub settings: &'a ReproductionSettings,
    pub dir: &'a Path,
    pub train: &'a DataSource,
}

impl Rivals<'_> {
    /// Returns the rows that follow the paper's own in Table 1. The very deep networks are the table's spatial stream
    /// and its stream on TV-L1.
    pub fn table_1(&self) -> Vec<ExperimentRow> {
        let row = |id: &str, name: &str, work| experiment(id, name, work, published::table_1(id).to_vec());
        let mut rows = vec![
            row(
                "two-stream-spatial",
                "Two-stream (CNN-M), spatial",
                self.spatial("two-stream-spatial", Backbone::CnnM2048),
            ),
            row(
                "two-stream-temporal",
                "Two-stream (CNN-M), TV-L1",
                stream(self.temporal("two-stream-temporal", Backbone::CnnM2048, FlowSource::Tvl1)),
            ),
            row("two-stream", "Two-stream (CNN-M), fused", fusion("two-stream-spatial", "two-stream-temporal", EQUAL)),
            row("very-deep", "Very deep two-stream, fused", fusion("spatial", "tvl1", VERY_DEEP)),
        ];
        rows.extend(self.motion_vectors(|id| published::table_1(id).to_vec()));
        let pairs = self.joint("actionflownet-2", JointArchitecture::ActionFlowNet2);
        rows.push(row("actionflownet-2", "ActionFlowNet, 2 frames", pairs));
        rows
    }

    /// Returns Table 4 up to the hidden two-stream network itself, whose rows are `hidden`.
    pub fn table_4(&self, hidden: Vec<ExperimentRow>) -> Vec<ExperimentRow> {
        let row =
            |id: &str, name: &str, work| experiment(id, name, work, published::table_4(id, self.settings.backbone));
        // The SVMs use the networks of the rows before them.
        let (c3d, three_d_net) = (self.spatial_training("c3d", Backbone::C3d), self.three_d_net());
        let mut rows = vec![row("mv-fv", "MV + FV", Work::Fisher(self.fisher()))];
        rows.extend(self.motion_vectors(|id| published::table_4(id, self.settings.backbone)));
        rows.extend([
            row("emv-spatial", "EMV, spatial stream", self.spatial("emv-spatial", Backbone::Emv)),
            row("rgb-emv", "RGB + EMV", fusion("emv-spatial", "emv", EQUAL)),
            row("c3d", "C3D, fine-tuned", stream(c3d.clone())),
            row("c3d-svm", "C3D, fc6 and linear SVM", Work::Descriptors(vec![c3d.clone()])),
            row("actionflownet", "ActionFlowNet", self.joint("actionflownet", JointArchitecture::ActionFlowNet16)),
            row("3dnet", "3DNet alone", stream(three_d_net.clone())),
            row("3dnet-svm", "3DNet + C3D, fc6 and linear SVM", Work::Descriptors(vec![three_d_net, c3d])),
            row("rgb-difference", "RGB difference alone", stream(self.rgb_difference())),
        ]);
        // The spatial stream, the first of the hidden rows, must come before the rows that fuse it.
        let mut hidden = hidden.into_iter();
        rows.extend(hidden.next());
        rows.push(row("rgb-rgb-difference", "RGB + RGB difference", fusion("spatial", "rgb-difference", EQUAL)));
        rows.extend(hidden);
        rows
    }

    /// The teacher network on TV-L1, then the network on motion vectors that starts from it and is trained by
    /// distillation (Zhang et al. 2016).
    fn motion_vectors(&self, published: impl Fn(&str) -> Vec<Option<f64>>) -> [ExperimentRow; 2] {
        let teacher = self.temporal("emv-teacher", Backbone::Emv, FlowSource::Tvl1);
        let mut student = self.temporal("emv", Backbone::Emv, FlowSource::Emv);
        student.plan.distillation = Some(Distillation {
            flow_source: FlowSource::Tvl1,
            ..Distillation::of(teacher.plan.run_dir.join("model"))
        });
        student.base = Some(Box::new(teacher.clone()));
        [("emv-teacher", "EMV, teacher on TV-L1", teacher), ("emv", "Enhanced motion vectors", student)]
            .map(|(id, name, training)| experiment(id, name, stream(training), published(id)))
    }

    fn fisher(&self) -> FisherSettings {
        let usual = FisherSettings { seed: self.settings.seed, ..FisherSettings::default() };
        if self.settings.is_paper() { usual } else { FisherSettings { components: FEW_COMPONENTS, ..usual } }
    }

    fn temporal(&self, id: &str, backbone: Backbone, flow_source: FlowSource) -> Training {
        let plan = self.settings.temporal_plan(TemporalMode::A, self.train, run_dir(self.dir, id));
        let FlowReading { mean, .. } = FlowReading::usual(backbone, Modality::Flow);
        from_scratch(TrainingPlan { backbone, flow_source: Some(flow_source), flow_mean: Some(mean), ..plan })
    }

    fn spatial(&self, id: &str, backbone: Backbone) -> Work {
        stream(self.spatial_training(id, backbone))
    }

    fn spatial_training(&self, id: &str, backbone: Backbone) -> Training {
        let plan = self.settings.spatial_plan(self.train, run_dir(self.dir, id));
        from_scratch(TrainingPlan { backbone, ..plan })
    }

    /// A joint network trained on TV-L1 flow in addition to the labels.
    fn joint(&self, id: &str, architecture: JointArchitecture) -> Work {
        let mut plan = self.settings.joint_plan(architecture, self.train, run_dir(self.dir, id));
        plan.loss.teacher = Some(FlowTeacher::Tvl1);
        stream(from_scratch(plan))
    }

    /// A spatial stream whose decoder is also trained on TV-L1 flow.
    fn three_d_net(&self) -> Training {
        let plan = self.settings.spatial_plan(self.train, run_dir(self.dir, "3dnet"));
        from_scratch(TrainingPlan { backbone: Backbone::ThreeDNet, flow_source: Some(FlowSource::Tvl1), ..plan })
    }

    /// The table's backbone, from the same ImageNet weights as its spatial stream; BN-Inception if that reads clips.
    fn rgb_difference(&self) -> Training {
        let plan = self.settings.temporal_plan(TemporalMode::A, self.train, run_dir(self.dir, "rgb-difference"));
        let mut plan = TrainingPlan { input: Some(MotionCue::RgbDifference), base: None, ..plan };
        if plan.backbone.reads_clips() {
            (plan.backbone, plan.imagenet) = (Backbone::BnInception, None);
        }
        Training { plan: if plan.imagenet.is_none() { fresh(plan) } else { plan }, base: None }
    }
}

fn from_scratch(plan: TrainingPlan) -> Training {
    let plan = fresh(TrainingPlan { base: None, imagenet: None, ..plan });
    // At the learning rate of small networks, Adam makes fully connected layers of thousands of units diverge within a
    // few steps.
    let rate = if plan.optimiser == OptimiserKind::Adam { WIDE_RATE } else { plan.rate };
    Training { plan: TrainingPlan { rate, ..plan }, base: None }
}

/// An untrained network gets a higher learning rate than a trained one. The published schedules define their own.
pub(super) fn fresh(plan: TrainingPlan) -> TrainingPlan {
    TrainingPlan { rate: plan.rate.max(ReproductionSettings::FRESH_RATE), ..plan }
}

fn stream(training: Training) -> Work {
    Work::Stream(Box::new(training))
}

fn fusion(spatial: &'static str, temporal: &'static str, fusion: Fusion) -> Work {
    Work::Fusion { spatial, temporal, fusion }
}

fn experiment(id: &str, name: &str, work: Work, published: Vec<Option<f64>>) -> ExperimentRow {
    ExperimentRow { id: id.into(), name: name.into(), work, published }
}
