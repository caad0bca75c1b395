//! The motion vectors of the video file as a flow source.

use std::path::Path;
use std::sync::Arc;

use super::source::{ClipSource, Estimate};
use crate::engine::FlowView;
use crate::error::Result;
use crate::flow::FlowField;
use crate::flow::codec::CodecFlow;
use crate::video::{Frame, Geometry};

/// Motion vectors between adjacent frames; over a longer stride they are chained.
pub(super) struct CodecSource {
    vectors: CodecFlow,
    size: Geometry,
}

impl CodecSource {
    /// Opens the file at `path`, whose pictures have the size `size`.
    ///
    /// # Errors
    /// If its codec exports no motion vectors.
    pub fn open(path: &Path, size: Geometry) -> Result<Self> {
        Ok(Self { vectors: CodecFlow::open(path)?, size })
    }
}

impl ClipSource for CodecSource {
    fn estimate(&mut self, [first, second]: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
        let [width, height] = [self.size.width as usize, self.size.height as usize];
        // A window longer than the clip repeats its last frame, without motion.
        let flow = if first.index == second.index {
            FlowField::new(width, height, vec![[0.0; 2]; width * height])
        } else {
            self.vectors.flow_between(first.index, second.index, width, height)?
        };
        Ok(Some(FlowView::on_cpu(flow, self.size).into()))
    }

    fn is_reversible(&self) -> bool {
        false
    }
}
