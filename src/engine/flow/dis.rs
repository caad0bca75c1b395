//! DIS as a flow source, on the CPU.

use std::sync::Arc;

use super::source::{ClipSource, Estimate};
use crate::engine::FlowView;
use crate::error::Result;
use crate::flow::FlowEstimator;
use crate::flow::dis::{Dis, DisPreset};
use crate::video::{Frame, Geometry};

/// DIS on the displayed frames.
pub(super) struct DisSource(Dis);

impl DisSource {
    /// Creates the source with a preset.
    pub fn new(preset: DisPreset) -> Self {
        Self(Dis::new(preset))
    }
}

impl ClipSource for DisSource {
    fn estimate(&mut self, [first, second]: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
        let [width, height] = [first.display.width(), first.display.height()];
        let field = self.0.estimate(&first.display, &second.display)?;
        Ok(Some(FlowView::on_cpu(field, Geometry { width, height }).into()))
    }

    fn is_reversible(&self) -> bool {
        true
    }
}
