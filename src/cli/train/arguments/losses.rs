//! The arguments of the loss and of teachers.

use std::path::PathBuf;

use clap::Args;

use crate::cli::values::{choice, non_negative, positive, set};
use crate::error::{Error, Result};
use crate::training::{Distillation, FlowSource, FlowTeacher, LossPreset, Network, SupervisedLoss, TrainingPlan};

/// The loss.
#[derive(Debug, Args)]
#[command(next_help_heading = "Loss")]
pub(super) struct LossArgs {
    /// Learn from the true flow of pairs instead of the frames (flow) [default loss: caffe]
    ///
    /// caffe: FlowNet2's release. area-epe: FlowNetPytorch's. multiscale-l1, multiscale-l2: NVIDIA's port. The whole FlowNet2 learns
    /// by the robust norm of its release at full size; what its networks read of those before them is constant.
    #[arg(long, value_name = "LOSS", num_args = 0..=1, default_missing_value = "caffe",
          value_parser = choice::<SupervisedLoss>())]
    pub supervised: Option<SupervisedLoss>,
    /// Weights of the unsupervised loss terms [default: balanced, or from --recipe]
    #[arg(long, value_parser = choice::<LossPreset>())]
    pub preset: Option<LossPreset>,
    /// Omit the smoothness term
    #[arg(long)]
    pub no_smoothness: bool,
    /// Omit the SSIM term
    #[arg(long)]
    pub no_ssim: bool,
    /// Compute the loss on the finest scale only
    #[arg(long)]
    pub no_multi_scale: bool,
    /// Compare census transforms instead of grey values (flow)
    ///
    /// The photometric term of UnFlow (Meister et al. 2018): soft ternary census over 7×7 pixels, which changes of brightness
    /// leave as they are.
    #[arg(long)]
    pub census: bool,
    /// Compare visible pixels only, by forward and backward flow (flow)
    ///
    /// Pixels where the two contradict each other, |w_f + w_b|² ≥ 0.01·(|w_f|² + |w_b|²) + 0.5 at the finest level, are left
    /// out of the photometric term and SSIM and cost a constant (UnFlow). The backward flow takes a third of a step longer.
    #[arg(long)]
    pub occlusion: bool,
    /// Teacher: dis or tvl1 to train flow or ActionFlowNet, a model folder to train a stream
    ///
    /// Flow learns from the teacher's flow too, where its two directions agree. The end-point error against it in pixels is added at every level (after MDFlow, Kong & Yang 2022). It is computed of whole
    /// frames while training, by DIS (preset medium) or TV-L1 (preset fast), and kept in memory. No ground truth is read.
    /// ActionFlowNet learns its flow from it alone [default: tvl1].
    ///
    /// A stream learns from the softened scores of the same stream of a model of the same classes (Zhang et al. 2016), which sees
    /// the same crops and frames: the loss is CE(labels) + W·CE(softmax(teacher/T), softmax(student/T)).
    #[arg(long, value_name = "TEACHER")]
    pub teacher: Option<String>,
    /// Weight of the teacher's loss [default: 1 for flow, T² for a stream]
    #[arg(long, value_name = "W", value_parser = positive, requires = "teacher")]
    pub teacher_weight: Option<f64>,
    /// Temperature T of the teacher of a stream [default: 2]
    #[arg(long, value_name = "T", value_parser = positive, requires = "teacher")]
    pub temperature: Option<f64>,
    /// Flow that the teacher of a temporal stream reads [default: motionnet]
    #[arg(long, value_name = "SOURCE", value_parser = choice::<FlowSource>(), requires = "teacher")]
    pub teacher_flow_source: Option<FlowSource>,
    /// Weight of the unsupervised loss relative to the action loss, in mode c
    #[arg(long, value_name = "W", value_parser = non_negative)]
    pub unsupervised_weight: Option<f64>,
}

impl LossArgs {
    /// Sets what was given in `plan`.
    ///
    /// # Errors
    /// If the teacher of flow has another name than a method's, or that of a stream the name of one.
    pub fn apply(&self, plan: &mut TrainingPlan) -> Result<()> {
        plan.supervised = self.supervised;
        set(&mut plan.loss.preset, &self.preset);
        plan.loss.smoothness = !self.no_smoothness;
        plan.loss.ssim = !self.no_ssim;
        plan.loss.multi_scale = !self.no_multi_scale;
        plan.loss.census = self.census;
        plan.loss.occlusion = self.occlusion;
        set(&mut plan.unsupervised_weight, &self.unsupervised_weight);
        match &self.teacher {
            None => Ok(()),
            Some(teacher) if matches!(plan.network, Network::Flow | Network::Joint) => {
                plan.loss.teacher = Some(flow_teacher(teacher)?);
                set(&mut plan.loss.teacher_weight, &self.teacher_weight);
                Ok(())
            }
            Some(teacher) => {
                let model = PathBuf::from(teacher);
                if flow_teacher(teacher).is_ok() && !model.exists() {
                    let cause = format!("{teacher} teaches flow (train flow), and a stream learns from a model");
                    return Err(Error::usage("--teacher", cause, "Name a model folder of the same classes"));
                }
                let mut distillation = Distillation::of(model);
                set(&mut distillation.flow_source, &self.teacher_flow_source);
                set(&mut distillation.temperature, &self.temperature);
                distillation.weight = self.teacher_weight;
                plan.distillation = Some(distillation);
                Ok(())
            }
        }
    }
}

/// Returns the method called so that teaches flow.
fn flow_teacher(name: &str) -> Result<FlowTeacher> {
    FlowTeacher::ALL.into_iter().find(|teacher| teacher.key() == name).ok_or_else(|| {
        Error::usage("--teacher", format!("'{name}' does not teach flow"), "Use dis or tvl1; models teach streams")
    })
}
