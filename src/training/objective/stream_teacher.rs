//! The distillation teacher of a stream, which reads the same crops and frames as the student.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};

use super::losses::action::{consensus, mixed_samples};
use super::losses::distillation::soft_loss;
use crate::data::clips::Clips;
use crate::error::{Error, Result};
use crate::names::are_alike;
use crate::nets::{HiddenTwoStream, Stream, StreamInput, mean_of_views};
use crate::training::config::distillation::Distillation;
use crate::training::config::plan::{Network, TrainingPlan};
use crate::training::flow::frozen_flow::{Ahead, FrozenFlow};
use crate::training::loader::Batch;

/// A trained stream whose scores are targets.
pub(super) struct StreamTeacher {
    stream: Stream,
    /// The flow that it reads, if any.
    flow: Option<FrozenFlow>,
    settings: Distillation,
    device: Device,
}

impl StreamTeacher {
    /// Loads the teacher of `plan`, if any, for a student with the given `input` and `classes`.
    ///
    /// # Errors
    /// If the model cannot be loaded, has no such stream or other classes, or reads other frames than the student.
    pub fn load(
        plan: &TrainingPlan,
        input: StreamInput,
        classes: &[String],
        clips: &Arc<Clips>,
        device: &Device,
    ) -> Result<Option<Self>> {
        let Some(settings) = plan.distillation.clone() else { return Ok(None) };
        let refuse = |cause: String, remedy: &str| Err(Error::file(&settings.model, cause, remedy));
        let device = device.clone().without_autodiff();
        let HiddenTwoStream { card, motion, temporal, spatial } = HiddenTwoStream::load(&settings.model, &device)?;
        let stream = if plan.network == Network::Spatial { spatial } else { temporal };
        let Some(stream) = stream else {
            let cause = format!("the teacher has no {} stream", plan.network.key());
            return refuse(cause, "Choose a model that has the stream that is trained");
        };
        if !are_alike(&card.classes, classes) {
            let cause = "the teacher's classes are not those of the clips".into();
            return refuse(cause, "Choose a teacher of the same classes, in the same order");
        }
        let reads = stream.input();
        if reads.modality.is_of_frames() && reads != input {
            let cause = "the teacher reads other frames than the stream that is trained".into();
            return refuse(cause, "Choose a teacher of as many frames");
        }
        let flow =
            (!reads.modality.is_of_frames()).then(|| FrozenFlow::new(settings.flow_source, motion, clips.clone()));
        Ok(Some(Self { stream, flow, settings, device }))
    }

    /// Returns the logits of a batch, one row per sample; `frames` [draws, c, h, w] are given if the batch has any.
    ///
    /// # Errors
    /// If a clip cannot be read, or the device fails.
    pub fn logits(&mut self, frames: Option<&Tensor<4>>, batch: &Batch, plan: &TrainingPlan) -> Result<Tensor<2>> {
        let views = match (&mut self.flow, frames) {
            (Some(flow), _) => {
                let pairs = self.stream.input().count;
                let flow = flow.windows(&batch.draws, pairs, plan.crop, &Ahead::default(), &self.device)?;
                self.stream.flow_inputs(flow)?
            }
            (None, Some(frames)) => vec![self.stream.picture_input(frames.clone().inner())],
            (None, None) => unreachable!("a teacher of frames has a student of frames"),
        };
        let of_view =
            |view| consensus(self.stream.forward(mixed_samples(view, &batch.mixing, plan.segments)), plan.segments);
        Ok(mean_of_views(views.into_iter().map(of_view).collect()))
    }

    /// Returns the soft loss of the student's logits, and its weight.
    pub fn loss(&self, student: Tensor<2>, teacher: Tensor<2>) -> (Tensor<1>, f64) {
        (soft_loss(student, Tensor::from_inner(teacher), self.settings.temperature), self.settings.weight())
    }
}
