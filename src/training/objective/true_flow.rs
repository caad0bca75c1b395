//! The losses against true flow, and against the next frame for samples that have it instead.

use burn::tensor::{Device, Tensor, TensorData};

use super::losses::supervised::frame_loss;
use super::losses::{SupervisedLevel, SupervisedLoss};
use crate::nets::MotionNetwork;
use crate::training::loader::Batch;

/// The losses of a supervised batch.
#[derive(Default)]
pub(super) struct TrueFlowLosses {
    /// Losses against the flow of each level.
    pub levels: Vec<SupervisedLevel>,
    /// Loss against the next frame, of the samples that have it instead.
    pub next_frame: Option<Tensor<1>>,
}

/// Returns the losses of `motion` for `frames` [n, 6, h, w]; the ground truth is moved out of `batch`.
pub(super) fn losses(
    loss: SupervisedLoss,
    motion: &MotionNetwork,
    frames: &Tensor<4>,
    batch: &mut Batch,
    device: &Device,
) -> TrueFlowLosses {
    let [samples, _, height, width] = frames.dims();
    let planes = |values: &mut Vec<f32>, count: usize| {
        Tensor::from_data(TensorData::new(std::mem::take(values), [samples, count, height, width]), device)
    };
    let truth = planes(&mut batch.truth, 2);
    if batch.next_frames.is_empty() {
        return TrueFlowLosses { levels: loss.levels(&motion.native(frames.clone()), truth), next_frame: None };
    }
    let next = planes(&mut batch.next_frames, 3);
    let taught = std::mem::take(&mut batch.has_next_frame);
    let taught = Tensor::from_data(TensorData::new(taught, [samples]), device);
    let (native, predicted) = motion.native_with_next(frames.clone());
    let next_frame = motion.next_frame(frames.clone(), next).map(|next| frame_loss(&predicted, &next, taught));
    TrueFlowLosses { levels: loss.levels(&native, truth), next_frame }
}
