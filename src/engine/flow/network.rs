//! A motion network as a source of its own, on the thread that asks it: once at the size of its model card, as it is seen
//! by the temporal stream, or from coarse to fine at the size of the pictures, as it is measured on benchmarks.

use std::path::Path;
use std::sync::Arc;

use super::source::{ClipSource, Estimate};
use crate::engine::inference::pipeline::FINEST_LEVEL;
use crate::engine::{FlowView, InferencePipeline};
use crate::error::{Error, Result};
use crate::evaluation::MotionNetFlow;
use crate::flow::FlowEstimator;
use crate::gpu::Compute;
use crate::nets::HiddenTwoStream;
use crate::video::{Frame, Geometry};

/// The motion network of a model folder, at its finest level.
pub(super) struct NetworkSource {
    pipeline: InferencePipeline,
}

impl NetworkSource {
    /// Loads the model in `dir`.
    ///
    /// # Errors
    /// If it cannot be loaded, or its network reads more than two frames.
    pub fn load(dir: &Path, compute: &Compute) -> Result<Self> {
        let pipeline = InferencePipeline::new(HiddenTwoStream::load(dir, &compute.device)?, compute);
        if pipeline.frames_for(0).len() != 2 {
            let cause = "its motion network reads eleven frames at once, not a pair";
            return Err(Error::file(dir, cause, "Choose a model with a two-frame motion network for the comparison"));
        }
        Ok(Self { pipeline })
    }
}

impl ClipSource for NetworkSource {
    fn estimate(&mut self, pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
        // Flows of other pairs are kept by the thread; frames may belong to another decoding by now.
        self.pipeline.clear();
        let pair = pair.each_ref().map(|frame| self.pipeline.fitted(frame));
        Ok(Some(self.pipeline.flow(&pair, 0, FINEST_LEVEL)?.into()))
    }

    fn is_reversible(&self) -> bool {
        true
    }
}

/// The motion network of a model folder on the pictures as they are displayed, from coarse to fine; in one pass while they play.
pub(super) struct CoarseToFineSource {
    network: MotionNetFlow,
    single_pass: MotionNetFlow,
}

impl CoarseToFineSource {
    /// Loads the motion network of the model in `dir`.
    ///
    /// # Errors
    /// If it cannot be loaded, or reads more than two frames.
    pub fn load(dir: &Path, refines: bool, compute: &Compute) -> Result<Self> {
        let single_pass = MotionNetFlow::load(dir, &compute.device)?;
        let network = single_pass.clone().with_scales(&MotionNetFlow::COARSE_TO_FINE).with_refinement(refines);
        Ok(Self { network, single_pass })
    }
}

/// Returns the flow of a pair as it is displayed.
fn displayed(network: &mut MotionNetFlow, [first, second]: &[Arc<Frame>; 2]) -> Result<Estimate> {
    let flow = network.estimate(&first.display, &second.display)?;
    let frame_size = Geometry { width: first.display.width(), height: first.display.height() };
    Ok(FlowView::on_cpu(flow, frame_size).into())
}

impl ClipSource for CoarseToFineSource {
    fn estimate(&mut self, pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
        displayed(&mut self.network, pair).map(Some)
    }

    fn draft(&mut self, pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
        let note = Some("One pass while playing".to_owned());
        Ok(Some(Estimate { note, ..displayed(&mut self.single_pass, pair)? }))
    }

    fn is_reversible(&self) -> bool {
        true
    }
}
