//! The seam behind which every source of flow lies: a pair of frames of the open clip in, a flow out.

use std::sync::Arc;

use crate::engine::FlowView;
use crate::error::Result;
use crate::video::Frame;

/// What a source says about a pair.
pub(super) struct Estimate {
    /// The flow.
    pub flow: FlowView,
    /// What is to be known about it.
    pub note: Option<String>,
}

impl From<FlowView> for Estimate {
    fn from(flow: FlowView) -> Self {
        Self { flow, note: None }
    }
}

/// Something that knows how the pixels of one frame of a clip move to a later one.
pub(super) trait ClipSource: Send {
    /// The flow from the first frame of `pair` to the second; `None` if there is none for this pair.
    ///
    /// # Errors
    /// If the source fails for good: it is not asked again before the clip or its settings change.
    fn estimate(&mut self, pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>>;

    /// Whether a pair may be given in reverse, for the forward–backward check.
    fn is_reversible(&self) -> bool;

    /// The next pair does not follow on the last one, whatever its frames are.
    fn forget_previous(&mut self) {}
}
