//! The rows of the flow networks that the paper compares with MotionNet: FlowNet, FlowNet2 and NextFlow (spec
//! `rivals.md`, sections 1 and 2). Each is trained on ground-truth flow, then a temporal stream is trained on its
//! frozen flow, quantised to 256 levels as in stored images.

use std::path::{Path, PathBuf};

use super::experiment::{ExperimentRow, FlowTraining, Training, Work, run_dir};
use super::published;
use super::rivals::fresh;
use super::settings::{FlowRoot, ReproductionSettings};
use crate::data::DataSource;
use crate::nets::Architecture;
use crate::training::{FlowSource, Freeze, SupervisedLoss, TemporalMode, TrainingPlan};

/// The folder of FlowNet2 and its parts, shared with Table 3.
pub(super) const FLOWNET2: &str = "flownet2";

/// Settings that the trainings of flow networks share.
pub(super) struct FlowRivals<'a> {
    pub settings: &'a ReproductionSettings,
    pub dir: &'a Path,
}

impl FlowRivals<'_> {
    /// Returns the rows of Table 1, whose streams are trained on `train`. The paper says only FlowNet; taking it as
    /// FlowNetS is our interpretation.
    pub fn table_1(&self, train: &DataSource) -> [ExperimentRow; 3] {
        let row = |id: &str, name: &str, flow: FlowTraining| {
            let plan = self.settings.temporal_plan(TemporalMode::A, train, run_dir(self.dir, id));
            let base = Some(model(&flow.plan));
            // The stream of the settings' base was trained on other flow, so this one starts like that of a model
            // without streams.
            let plan = TrainingPlan { flow_source: Some(FlowSource::MotionNetStored), base, ..plan };
            let plan = if plan.imagenet.is_none() { fresh(plan) } else { plan };
            let stream = Box::new(Training { plan, base: None });
            let work = Work::TwoStage { flow: Box::new(flow), stream };
            ExperimentRow { id: id.into(), name: name.into(), work, published: published::table_1(id).to_vec() }
        };
        [
            row("flownet", "FlowNetS, two-stage", self.alone("flownet", Architecture::FlowNetS)),
            row(FLOWNET2, "FlowNet2, two-stage", self.flownet2()),
            row("nextflow", "NextFlow, two-stage", self.next_flow(train)),
        ]
    }

    /// Returns the row of FlowNet2 on the benchmark at `number` of Table 3.
    pub fn table_3(&self, number: usize, root: &FlowRoot) -> ExperimentRow {
        ExperimentRow {
            id: format!("{}-{FLOWNET2}", number + 1),
            name: format!("{}, FlowNet2", root.dataset.title()),
            work: Work::TaughtFlowError {
                dataset: root.dataset,
                root: root.root.clone(),
                flow: Box::new(self.flownet2()),
            },
            published: published::table_3_of_flownet2(root.dataset).to_vec(),
        }
    }

    fn alone(&self, row: &str, architecture: Architecture) -> FlowTraining {
        FlowTraining { plan: self.plan(architecture, row, "motion"), before: Vec::new() }
    }

    /// Returns NextFlow, which is also trained to predict the next frames of the clips of `train`, as the published one
    /// was on real videos.
    fn next_flow(&self, train: &DataSource) -> FlowTraining {
        let training = self.alone("nextflow", Architecture::NextFlow);
        let next_frames = (training.plan.batch > 1).then(|| train.clone());
        let plan = TrainingPlan { next_frames, supervised: Some(SupervisedLoss::AreaEpe), ..training.plan };
        FlowTraining { plan, ..training }
    }

    /// FlowNetC, then each next network with the earlier ones frozen; FlowNet-SD; the fusion network last (Ilg et al.
    /// 2017; the order is our interpretation).
    fn flownet2(&self) -> FlowTraining {
        use Architecture::{FlowNet2, FlowNet2Cs, FlowNet2Css, FlowNetC, FlowNetSd};
        let alone = |architecture, name| FlowTraining { plan: self.plan(architecture, FLOWNET2, name), before: vec![] };
        let stacked = |architecture, name, before: Vec<FlowTraining>, frozen: &str| {
            let parts = before.iter().map(|before| model(&before.plan)).collect();
            let freeze = vec![Freeze::UpTo(frozen.into())];
            let plan = TrainingPlan { parts, freeze, ..self.plan(architecture, FLOWNET2, name) };
            FlowTraining { plan, before }
        };
        let first = alone(FlowNetC, "flownet-c");
        let second = stacked(FlowNet2Cs, "flownet2-cs", vec![first], "flownetc");
        let third = stacked(FlowNet2Css, "flownet2-css", vec![second], "flownets_1");
        let small = alone(FlowNetSd, "flownet-sd");
        stacked(FlowNet2, "motion", vec![third, small], "flownets_d")
    }

    fn plan(&self, architecture: Architecture, row: &str, name: &str) -> TrainingPlan {
        let pairs = DataSource::Pairs(self.settings.true_pairs(self.dir));
        self.settings.supervised_plan(architecture, &pairs, self.dir.join(row).join(name))
    }
}

/// Returns the model folder that a training creates.
fn model(plan: &TrainingPlan) -> PathBuf {
    plan.run_dir.join("model")
}
