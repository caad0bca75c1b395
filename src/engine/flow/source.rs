//! The trait of flow sources, which compute the flow of a pair of frames of the open clip.

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
    /// A remark about it.
    pub note: Option<String>,
}

impl Estimate {
    /// Returns the displayed flow of the given pair; see [`FlowView::shown_between`].
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

/// A source of the flow from one frame of a clip to a later one.
pub(super) trait ClipSource: Send {
    /// Returns the flow from the first frame of `pair` to the second; `None` if there is none for this pair.
    ///
    /// # Errors
    /// If the source fails permanently: it is not asked again until the clip or its settings change.
    fn estimate(&mut self, pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>>;

    /// Like [`estimate`](Self::estimate), but may be interrupted by `stop` if it takes long.
    ///
    /// # Errors
    /// Same as [`estimate`](Self::estimate), and a [cancellation](crate::error::Error::is_cancelled).
    fn estimate_unless(&mut self, pair: &[Arc<Frame>; 2], _stop: &dyn Fn() -> bool) -> Result<Option<Estimate>> {
        self.estimate(pair)
    }

    /// Returns a faster, less accurate flow of the same pair, to show before the full one; `None` if the source has
    /// none.
    ///
    /// # Errors
    /// Same as [`estimate`](Self::estimate).
    fn draft(&mut self, _pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
        Ok(None)
    }

    /// Returns whether a pair may be reversed, for the forward–backward check.
    fn is_reversible(&self) -> bool;

    /// Discards the state of the previous pair, as the next one does not follow it.
    fn forget_previous(&mut self) {}
}
