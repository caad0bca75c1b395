//! The target flow of a stream's flow decoder, computed by another method.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};

use super::losses::flow3d::flow3d_loss;
use crate::data::clips::Clips;
use crate::error::Result;
use crate::nets::Separable;
use crate::nets::{FLOW_UNIT_PX, Layers, MotionNetwork, Stream};
use crate::training::config::plan::TrainingPlan;
use crate::training::flow::frozen_flow::{Ahead, FrozenFlow};
use crate::training::loader::Batch;

/// Weight of the flow loss relative to the action loss: our reading of Diba et al. (2016). It is small because the flow
/// loss is summed over all values of a clip.
pub(super) const CLIP_FLOW_WEIGHT: f64 = 1e-4;

/// The target flow of the clips of a batch.
pub(super) struct ClipFlowTarget {
    flow: FrozenFlow,
    device: Device,
}

impl ClipFlowTarget {
    /// Returns the target flow of `plan` for a stream with a flow decoder; `None` for any other.
    pub fn of(
        plan: &TrainingPlan,
        stream: &Stream,
        motion: MotionNetwork,
        clips: &Arc<Clips>,
        device: &Device,
    ) -> Option<Self> {
        let has_decoder = matches!(&stream.layers, Layers::C3d(network) if network.decoder.is_some());
        let flow = || FrozenFlow::new(plan.flow_source(), motion, clips.clone());
        has_decoder.then(|| Self { flow: flow(), device: device.clone() })
    }

    /// Returns the logits of clips `x` [b, 3·t, h, w] and the loss of the predicted flow. The flow of a clip's last
    /// frame points to the frame after the clip; at the end of a video it is zero.
    ///
    /// # Errors
    /// If a clip cannot be read, has no flow of the source, or the device fails.
    pub fn logits_and_loss(
        &mut self,
        stream: &Stream,
        x: Tensor<4>,
        batch: &Batch,
        plan: &TrainingPlan,
    ) -> Result<Option<(Tensor<2>, Tensor<1>)>> {
        let Layers::C3d(network) = &stream.layers else { return Ok(None) };
        let Some((logits, predicted)) = network.logits_and_flow(x) else { return Ok(None) };
        let [clips, _, frames, height, width] = predicted.dims();
        let raw = self.flow.windows(&batch.draws, frames, plan.crop, &Ahead::default(), &self.device)?;
        let [_, _, rows, columns] = raw.dims();
        let flow = Separable::bilinear([rows, columns], [height, width], &raw.device()).apply(raw) * FLOW_UNIT_PX;
        let flow = flow.reshape([clips, frames, 2, height, width]).swap_dims(1, 2);
        Ok(Some((logits, flow3d_loss(predicted, flow))))
    }
}
