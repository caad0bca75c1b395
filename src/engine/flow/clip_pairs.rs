//! The pairs of a whole clip in order with the selected sources, independent of the player.

use std::sync::Arc;

use super::FlowSource;
use super::desired::DesiredFlows;
use super::open::{OpenedSource, SourceKey, open};
use super::source::Estimate;
use crate::engine::Message;
use crate::engine::inference::target::PlayedClip;
use crate::engine::runtime::events::EventSender;
use crate::error::{Error, Result};
use crate::gpu::Compute;
use crate::video::{Frame, Sizes, VideoInfo, VideoReader};

/// A separate decoder and sources for one pass through a clip.
pub(super) struct ClipPairs {
    reader: VideoReader,
    sources: Vec<(FlowSource, OpenedSource)>,
    stride: usize,
    frames: Vec<Arc<Frame>>,
    next: usize,
}

impl ClipPairs {
    /// Opens `clip` and those of `kinds` that can be opened; reports the errors of the others.
    ///
    /// # Errors
    /// If the clip cannot be read any more.
    pub fn open(
        clip: &PlayedClip,
        kinds: &[FlowSource],
        desired: &DesiredFlows,
        sizes: Sizes,
        compute: &Compute,
        events: &EventSender,
    ) -> Result<Self> {
        let mut sources = Vec::new();
        for &kind in kinds {
            let Some(key) = SourceKey::of(kind, desired) else { continue };
            match open(&key, clip, compute) {
                Ok(source) => sources.push((kind, source)),
                Err(error) => events.send(Message::SourceUnavailable(kind, Some(error))),
            }
        }
        let reader = VideoReader::open(&clip.path, sizes)?;
        Ok(Self { reader, sources, stride: desired.settings.stride(), frames: Vec::new(), next: 0 })
    }

    /// Returns the properties of the clip.
    pub fn info(&self) -> &VideoInfo {
        self.reader.info()
    }

    /// Returns the errors since the last call that did not end the clip.
    pub fn take_warnings(&mut self) -> Vec<Error> {
        self.reader.take_warnings()
    }

    /// Returns the number of open sources.
    pub fn sources(&self) -> usize {
        self.sources.len()
    }

    /// Returns the number of pairs of the clip.
    pub fn count(&self) -> usize {
        self.info().frames.saturating_sub(self.stride)
    }

    /// Returns the next pair and the displayed flow of each source; `None` at the end.
    ///
    /// # Errors
    /// If a frame cannot be read or a source fails.
    #[allow(clippy::type_complexity)] // A pair and a list: an alias would not help.
    pub fn next(&mut self) -> Result<Option<([Arc<Frame>; 2], Vec<(FlowSource, Estimate)>)>> {
        while self.frames.len() <= self.stride {
            if self.next >= self.info().frames {
                return Ok(None);
            }
            self.frames.push(Arc::new(self.reader.frame(self.next)?));
            self.next += 1;
        }
        let pair = [self.frames.remove(0), self.frames[self.stride - 1].clone()];
        let mut estimates = Vec::new();
        for (kind, source) in &mut self.sources {
            if let Some(estimate) = source.estimate(&pair)? {
                estimates.push((*kind, estimate.shown(*kind, &pair)));
            }
        }
        Ok(Some((pair, estimates)))
    }
}
