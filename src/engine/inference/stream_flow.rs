//! Flow input of a model's temporal stream, from the method it was trained with if that works on frames.

use std::sync::Arc;
use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;

use super::flow_cache::FlowCache;
use crate::error::Result;
use crate::flow::files::{DEFAULT_BOUND_PX, as_stored_px};
use crate::nets::{FLOW_UNIT_PX, FlowPyramid, FlowSource, ModelCard, MotionOutput, read_back};
use crate::video::Frame;

/// The flow source of a temporal stream, with a cache of recent flows.
#[derive(Clone)]
pub(super) struct StreamFlow {
    source: FlowSource,
    cache: FlowCache,
    /// Computation time of the flow since the last read, in milliseconds.
    millis: f32,
}

impl StreamFlow {
    /// Creates the flow source for a model with this `card`. Motion vectors and stored flow cannot be computed from
    /// frames; MotionNet replaces them.
    pub fn of(card: &ModelCard) -> Self {
        let source = Some(card.flow_source()).filter(|source| source.needs_pictures()).unwrap_or_default();
        Self { source, cache: FlowCache::default(), millis: 0.0 }
    }

    /// Returns whether it is MotionNet's flow, unchanged or quantised like stored flow.
    pub fn needs_network(&self) -> bool {
        self.source.needs_network()
    }

    /// Clears the cache.
    pub fn clear(&mut self) {
        self.cache.clear();
    }

    /// Converts MotionNet's flow `of_network`, `[1, 2n, h/2, w/2]`, to the stream's input: unchanged, or quantised like
    /// stored flow.
    ///
    /// # Errors
    /// If the device fails.
    pub fn of_network(&self, of_network: Tensor<4>, device: &Device) -> Result<Tensor<4>> {
        match self.source {
            FlowSource::MotionNetStored => quantised(of_network, device),
            _ => Ok(of_network),
        }
    }

    /// Returns the flow of another method between those frames of `window` that the stream reads, `[1, 2n, h/2, w/2]`,
    /// and its computation time since the last read in milliseconds.
    ///
    /// # Errors
    /// If the device fails.
    pub fn read(&mut self, window: &[Arc<Frame>], frames: &[&Frame], device: &Device) -> Result<(Tensor<4>, f32)> {
        self.advance(window, frames, frames.len(), device)?;
        let known = |pair: &[&Frame]| self.cache.get(&seen(pair)).expect("it was just computed");
        let flow = Tensor::cat(frames.windows(2).map(|pair| known(pair).flow.finest().clone()).collect(), 1);
        Ok((flow, std::mem::take(&mut self.millis)))
    }

    /// Computes at most `count` of the flows that are missing for `frames` of `window`; returns true once none is
    /// missing.
    ///
    /// # Errors
    /// If the device fails.
    pub fn advance(&mut self, window: &[Arc<Frame>], frames: &[&Frame], count: usize, device: &Device) -> Result<bool> {
        self.cache.keep_near(window);
        let mut missing: Vec<&[&Frame]> =
            frames.windows(2).filter(|pair| self.cache.get(&seen(pair)).is_none()).collect();
        // A padded window ends with pairs of one frame.
        missing.dedup_by_key(|pair| seen(pair));
        let is_ready = missing.len() <= count;
        missing.truncate(count);
        let started = Instant::now();
        let pictures: Vec<[&RgbImage; 2]> =
            missing.iter().map(|pair| [&*pair[0].scaled[0], &*pair[1].scaled[0]]).collect();
        for ((pair, pictures), flow) in missing.iter().zip(&pictures).zip(self.source.of_pictures(&pictures, device)?) {
            // Between padding frames there is no motion.
            let flow = if pictures[0] == pictures[1] { flow.zeros_like() } else { flow };
            self.cache.insert(seen(pair), MotionOutput { flow: FlowPyramid { levels: vec![flow] }, logits: None });
        }
        self.millis += started.elapsed().as_secs_f32() * 1e3;
        Ok(is_ready)
    }
}

fn seen(pair: &[&Frame]) -> Vec<usize> {
    pair.iter().map(|frame| frame.index).collect()
}

/// Quantises raw flow to the 256 levels of stored images.
fn quantised(flow: Tensor<4>, device: &Device) -> Result<Tensor<4>> {
    let shape = flow.dims();
    let stored = |raw: f32| as_stored_px(raw * FLOW_UNIT_PX, DEFAULT_BOUND_PX) / FLOW_UNIT_PX;
    let values: Vec<f32> = read_back(flow)?.into_iter().map(stored).collect();
    Ok(Tensor::from_data(TensorData::new(values, shape), device))
}
