//! Checks of a stream's input and of its distillation teacher.

use std::path::Path;

use super::plan::{Network, TemporalMode, TrainingPlan};
use super::run_kind::RunKind;
use crate::error::{Error, Result};
use crate::nets::{FlowReading, FlowSource, Modality, MotionCrop, MotionCue, StreamInput};

impl TrainingPlan {
    /// Returns the input modality of the trained stream, given that of the base's stream. For a flow network, which has
    /// no stream, it is flow.
    pub fn modality(&self, of_base: Option<MotionCue>) -> Modality {
        match self.network {
            Network::Spatial => Modality::Pictures,
            _ => self.input.or(of_base).unwrap_or_default().into(),
        }
    }

    /// Rejects RGB differences in combination with flow settings.
    pub(super) fn check_cue(&self) -> Result<()> {
        let Some(cue) = self.input else { return Ok(()) };
        let refuse = |cause: String| Err(Error::new("input", cause, "Leave it out, or read flow (--input flow)"));
        if self.network != Network::Temporal {
            return refuse("it is for the temporal stream".into());
        }
        if cue == MotionCue::Flow {
            return Ok(());
        }
        if self.mode != TemporalMode::A || self.flow_source() != FlowSource::MotionNet {
            return refuse("RGB differences are read without flow: there is no mode b or c and no flow source".into());
        }
        cue.check(self.backbone, self.flow_reading(FlowReading::default())).or_else(refuse)
    }

    /// Rejects clip lengths for networks that do not read clips.
    pub(super) fn check_clip_frames(&self) -> Result<()> {
        let Some(frames) = self.clip_frames else { return Ok(()) };
        let refuse = |cause: String| {
            Error::new(
                "clip frames",
                cause,
                "They are for --backbone i3d and c3d, and for the flows of a temporal stream",
            )
        };
        match self.network {
            Network::Flow => return Err(refuse("MotionNet does not read clips".into())),
            Network::Joint => return Err(refuse(format!("{} reads windows of its own length", self.joint.name()))),
            Network::Spatial | Network::Temporal => {}
        }
        StreamInput::check_clip(self.backbone, self.modality(None), frames).map_err(refuse)
    }

    /// Rejects distillation where no stream is trained, and strides above 1, as the teacher's flow is of adjacent
    /// frames.
    pub(super) fn check_distillation(&self) -> Result<()> {
        let Some(distillation) = &self.distillation else { return Ok(()) };
        let refuse = |cause: &str, remedy: &str| Err(Error::new("teacher", cause, remedy));
        if self.network == Network::Flow {
            return refuse("a model's scores teach streams, not MotionNet", "Use --teacher dis or tvl1 to train flow");
        }
        if self.kind != RunKind::Training {
            return refuse("it has no effect on a linear probe", "Fine-tune more layers, or leave it out");
        }
        if self.max_stride > 1 {
            return refuse("its flow is of adjacent frames", "Use a maximum stride of 1");
        }
        if self.network == Network::Spatial && distillation.flow_source != FlowSource::MotionNet {
            return refuse("a spatial teacher reads no flow", "Leave out its flow source");
        }
        distillation.check()
    }

    /// Rejects input settings of a stream that is not trained, and the square around the motion without flow to locate
    /// it.
    pub(super) fn check_inputs(&self) -> Result<()> {
        let refuse = |option: &str, cause: &str| Err(Error::new(option, cause, "Leave it out"));
        match self.network {
            Network::Flow | Network::Temporal | Network::Joint if self.spatial_crop.is_some() => {
                refuse("spatial crop", "it is for the spatial stream")
            }
            Network::Flow | Network::Spatial | Network::Joint if self.flow_resolution.is_some() => {
                refuse("flow resolution", "only the temporal stream reads flow")
            }
            Network::Flow | Network::Spatial | Network::Joint if self.temporal_crop.is_some() => {
                refuse("temporal crop", "it is for the temporal stream")
            }
            Network::Flow | Network::Spatial | Network::Joint if self.flow_mean.is_some() => {
                refuse("flow mean", "only the temporal stream reads flow")
            }
            Network::Spatial if self.base.is_none() && self.spatial_crop.is_some_and(MotionCrop::sees_motion) => {
                Err(no_squares())
            }
            _ => Ok(()),
        }
    }
}

/// Returns the error for a missing flow network in whose flow the square around the motion could be located.
pub(in crate::training) fn no_squares() -> Error {
    let cause = "the square around the motion needs a trained MotionNet";
    Error::new("spatial crop", cause, "Start from a model that has one, or a temporal stream on other flow (--base)")
}

/// Returns the error for training MotionNet below the temporal stream of `base`, which was trained on flow of `source`.
pub(in crate::training) fn no_motion_below(base: &Path, source: FlowSource, remedy: &str) -> Error {
    let cause = format!("its temporal stream was trained on {}, in which MotionNet has no part", source.in_words());
    Error::file(base, cause, remedy).as_usage()
}
