//! The flow that the temporal stream learns from in mode (a), computed once a clip and kept in memory.
//!
//! A clip's flow is computed from whole frames the first time a window of it is drawn; crops and flips then act on the
//! flow itself. Nothing is written to disk.

use std::collections::HashMap;
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};

use super::augmentation::Draw;
use super::clip_flow::ClipFlow;
use super::clips::Clips;
use super::flow_source::FlowSource;
use crate::error::Result;
use crate::nets::MotionNetwork;
use crate::video::Geometry;

/// Flow kept at most; what does not fit is computed again.
const BUDGET_BYTES: usize = 4 << 30;

/// Flow of whole clips, on demand.
pub struct FrozenFlow {
    source: FlowSource,
    network: MotionNetwork,
    clips: Arc<Clips>,
    kept: HashMap<usize, Arc<ClipFlow>>,
    bytes: usize,
}

impl FrozenFlow {
    /// The flow of `clips` from `source`. `network` must not lie on an autodiff device: nothing is remembered for a backward
    /// pass.
    pub fn new(source: FlowSource, network: MotionNetwork, clips: Arc<Clips>) -> Self {
        Self { source, network, clips, kept: HashMap::new(), bytes: 0 }
    }

    /// The raw flow of the pairs of drawn windows as the network would see their crops: [draws, 2·pairs, crop/2, crop/2].
    pub fn windows(&mut self, draws: &[Draw], pairs: usize, crop: Geometry, device: &Device) -> Result<Tensor<4>> {
        let (mut planes, mut size) = (Vec::new(), [0, 0]);
        for draw in draws {
            size = self.clip(draw.clip)?.append_window(draw.start, pairs, &draw.crop, crop, &mut planes);
        }
        let shape = [draws.len(), 2 * pairs, size[0], size[1]];
        Ok(Tensor::from_data(TensorData::new(planes, shape), device))
    }

    fn clip(&mut self, index: usize) -> Result<Arc<ClipFlow>> {
        if let Some(flow) = self.kept.get(&index) {
            return Ok(flow.clone());
        }
        let frames = self.clips.frames(index)?;
        let flow = Arc::new(self.source.clip_flow(self.clips.clip(index), &frames, &self.network)?);
        if self.bytes + flow.bytes() <= BUDGET_BYTES {
            self.bytes += flow.bytes();
            self.kept.insert(index, flow.clone());
        }
        Ok(flow)
    }
}
