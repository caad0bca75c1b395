//! A motion network as a separate source: in one pass at the size of its model card, as the temporal stream uses it, or
//! from coarse to fine at the size of the pictures, as in benchmarks.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use image::RgbImage;
use image::imageops::{FilterType, resize};

use super::draft_size::DraftSize;
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
        let model = HiddenTwoStream::load(dir, &compute.device)?;
        model.card.check_motion(dir)?;
        let pipeline = InferencePipeline::new(model, compute);
        let frames = pipeline.frames_for(0).len();
        if frames != 2 {
            let cause = format!("its motion network reads {frames} frames at once, not a pair");
            return Err(Error::file(dir, cause, "Choose a model with a two-frame motion network for the comparison"));
        }
        Ok(Self { pipeline })
    }
}

impl ClipSource for NetworkSource {
    fn estimate(&mut self, pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
        // The thread caches flows of other pairs; frame indices may refer to another decoding by now.
        self.pipeline.clear();
        let pair = pair.each_ref().map(|frame| self.pipeline.fitted(frame));
        Ok(Some(self.pipeline.flow(&pair, 0, FINEST_LEVEL)?.into()))
    }

    fn is_reversible(&self) -> bool {
        true
    }
}

/// The motion network of a model folder on the displayed pictures, from coarse to fine; a draft is one pass on smaller
/// pictures.
pub(super) struct CoarseToFineSource {
    network: MotionNetFlow,
    single_pass: MotionNetFlow,
    draft_size: DraftSize,
}

impl CoarseToFineSource {
    /// Loads the motion network of the model in `dir`.
    ///
    /// # Errors
    /// If it cannot be loaded, or reads more than two frames.
    pub fn load(dir: &Path, refines: bool, compute: &Compute) -> Result<Self> {
        let single_pass = MotionNetFlow::load(dir, &compute.device)?;
        let network = single_pass.clone().with_scales(&MotionNetFlow::COARSE_TO_FINE).with_refinement(refines);
        let single_pass = single_pass.with_continued_border(true);
        Ok(Self { network, single_pass, draft_size: DraftSize::default() })
    }
}

/// Returns the size of a picture.
fn size_of(picture: &RgbImage) -> Geometry {
    Geometry { width: picture.width(), height: picture.height() }
}

impl ClipSource for CoarseToFineSource {
    fn estimate(&mut self, pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
        self.estimate_unless(pair, &|| false)
    }

    fn estimate_unless(&mut self, pair: &[Arc<Frame>; 2], stop: &dyn Fn() -> bool) -> Result<Option<Estimate>> {
        let [first, second] = pair.each_ref().map(|frame| &*frame.display);
        let flow = self.network.estimate_unless(first, second, stop)?;
        Ok(Some(FlowView::on_cpu(flow, size_of(first)).into()))
    }

    fn draft(&mut self, pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
        let started = Instant::now();
        let size = self.draft_size.of(size_of(&pair[0].display));
        let [first, second] =
            pair.each_ref().map(|frame| resize(&*frame.display, size.width, size.height, FilterType::Triangle));
        // A single pass often explains a pair worse than zero flow, but still shows what moves, so it is not checked
        // against zero flow.
        let flow = self.single_pass.estimate(&first, &second)?;
        self.draft_size.took(started.elapsed().as_secs_f64(), pair[0].duration_secs);
        let note = Some("One pass; coarse to fine when paused".to_owned());
        Ok(Some(Estimate { flow: FlowView::on_cpu(flow, size), note }))
    }

    fn is_reversible(&self) -> bool {
        true
    }
}
