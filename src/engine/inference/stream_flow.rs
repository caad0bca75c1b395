//! The flow that a model's temporal stream reads: of the source it was trained on, where that is computed from frames.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;

use super::flow_cache::FlowCache;
use crate::error::Result;
use crate::flow::files::{DEFAULT_BOUND_PX, as_stored_px};
use crate::nets::{FLOW_UNIT_PX, FlowPyramid, FlowSource, ModelCard, MotionOutput, read_back};
use crate::video::Frame;

/// The source of a temporal stream's flow, with the flows of recent frames.
#[derive(Clone)]
pub(super) struct StreamFlow {
    source: FlowSource,
    cache: FlowCache,
}

impl StreamFlow {
    /// Returns the source of the stream of a model of this `card`. Motion vectors and stored flow are not to be had of frames:
    /// in their place it is MotionNet.
    pub fn of(card: &ModelCard) -> Self {
        let source = Some(card.flow_source()).filter(|source| source.needs_pictures()).unwrap_or_default();
        Self { source, cache: FlowCache::default() }
    }

    /// Forgets the flows of the present clip.
    pub fn clear(&mut self) {
        self.cache.clear();
    }

    /// Returns what the stream reads of the frames `window`, `[1, 2n, h/2, w/2]`: MotionNet's flow `of_network`, as it is or
    /// in the levels of stored flow, or that of another method.
    ///
    /// # Errors
    /// If the device fails.
    pub fn read(
        &mut self,
        window: &[Arc<Frame>],
        frames: &[&Frame],
        of_network: Tensor<4>,
        device: &Device,
    ) -> Result<Tensor<4>> {
        match self.source {
            FlowSource::MotionNet => Ok(of_network),
            FlowSource::MotionNetStored => quantised(of_network, device),
            source => {
                self.cache.keep_near(window);
                self.compute(source, frames, device)?;
                let known = |pair: &[&Frame]| self.cache.get(&seen(pair)).expect("it was just computed");
                Ok(Tensor::cat(frames.windows(2).map(|pair| known(pair).flow.finest().clone()).collect(), 1))
            }
        }
    }

    /// Computes the flow of the pairs of `frames` that is not known.
    fn compute(&mut self, source: FlowSource, frames: &[&Frame], device: &Device) -> Result<()> {
        let mut missing: Vec<&[&Frame]> =
            frames.windows(2).filter(|pair| self.cache.get(&seen(pair)).is_none()).collect();
        // A window that is filled up ends with pairs of one frame.
        missing.dedup_by_key(|pair| seen(pair));
        let pictures: Vec<[&RgbImage; 2]> =
            missing.iter().map(|pair| [&*pair[0].scaled[0], &*pair[1].scaled[0]]).collect();
        for ((pair, pictures), flow) in missing.iter().zip(&pictures).zip(source.of_pictures(&pictures, device)?) {
            // After the last frame nothing moves.
            let flow = if pictures[0] == pictures[1] { flow.zeros_like() } else { flow };
            self.cache.insert(seen(pair), MotionOutput { flow: FlowPyramid { levels: vec![flow] }, logits: None });
        }
        Ok(())
    }
}

fn seen(pair: &[&Frame]) -> Vec<usize> {
    pair.iter().map(|frame| frame.index).collect()
}

/// Returns raw flow in the 256 levels of stored images.
fn quantised(flow: Tensor<4>, device: &Device) -> Result<Tensor<4>> {
    let shape = flow.dims();
    let stored = |raw: f32| as_stored_px(raw * FLOW_UNIT_PX, DEFAULT_BOUND_PX) / FLOW_UNIT_PX;
    let values: Vec<f32> = read_back(flow)?.into_iter().map(stored).collect();
    Ok(Tensor::from_data(TensorData::new(values, shape), device))
}
