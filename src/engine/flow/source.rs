//! The trait of flow sources: a pair of frames of the open clip in, a flow out.

use std::sync::Arc;

use super::FlowSource;
use crate::engine::FlowView;
use crate::error::Result;
use crate::video::Frame;

/// The flow of a pair from one source.
#[derive(Clone)]
pub(super) struct Estimate {
    /// The flow.
    pub flow: FlowView,
    /// What is to be known about it.
    pub note: Option<String>,
}

impl Estimate {
    /// Returns what is shown of it, of a pair that it belongs to; see [`FlowView::shown_between`].
    pub fn shown(self, source: FlowSource, [first, second]: &[Arc<Frame>; 2]) -> Self {
        if !source.is_network() {
            return self;
        }
        Self { flow: self.flow.shown_between(&first.display, &second.display), ..self }
    }
}

impl From<FlowView> for Estimate {
    fn from(flow: FlowView) -> Self {
        Self { flow, note: None }
    }
}

/// Something that knows how the pixels of one frame of a clip move to a later one.
pub(super) trait ClipSource: Send {
    /// Returns the flow from the first frame of `pair` to the second; `None` if there is none for this pair.
    ///
    /// # Errors
    /// If the source fails permanently: it is not asked again until the clip or its settings change.
    fn estimate(&mut self, pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>>;

    /// Like [`estimate`](Self::estimate), given up when `stop` says so, where that takes long.
    ///
    /// # Errors
    /// As [`estimate`](Self::estimate), and that it was [given up](crate::error::Error::is_cancelled).
    fn estimate_unless(&mut self, pair: &[Arc<Frame>; 2], _stop: &dyn Fn() -> bool) -> Result<Option<Estimate>> {
        self.estimate(pair)
    }

    /// Returns a flow of the same pair that takes less time, to be seen before the full one; `None` where there is no such thing.
    ///
    /// # Errors
    /// As [`estimate`](Self::estimate).
    fn draft(&mut self, _pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
        Ok(None)
    }

    /// Returns whether a pair may be given in reverse, for the forward–backward check.
    fn is_reversible(&self) -> bool;

    /// The next pair does not follow on the last one, whatever its frames are.
    fn forget_previous(&mut self) {}
}
