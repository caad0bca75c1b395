//! The newest results of every source.

use std::sync::{Arc, Mutex, PoisonError};

use super::{FlowDiagnostics, FlowSource, FlowStack, SourceFlow};
use crate::engine::inference::target::PlayedClip;
use crate::engine::{FlowView, Latest};

/// The flows of a window, as input for the temporal stream.
pub(in crate::engine) struct WindowFlows {
    /// The source of the flows.
    pub source: FlowSource,
    /// First frame of the window.
    pub window_start: usize,
    /// Distance between its frames.
    pub stride: usize,
    /// Ten flows.
    pub flows: Vec<FlowView>,
}

/// One slot per source for each kind of result.
#[derive(Default)]
pub(in crate::engine) struct LatestFlows {
    flows: [Latest<SourceFlow>; FlowSource::ALL.len()],
    diagnostics: [Latest<FlowDiagnostics>; FlowSource::ALL.len()],
    strips: [Latest<FlowStack>; FlowSource::ALL.len()],
    /// Range of the motion between adjacent frames of the clip, relative to the width of the picture.
    motion: Latest<f32>,
    /// Windows waiting for the temporal stream.
    windows: [Mutex<Option<WindowFlows>>; FlowSource::ALL.len()],
}

impl LatestFlows {
    /// Returns the newest flow of `source`.
    pub fn flow(&self, source: FlowSource) -> Option<Arc<SourceFlow>> {
        self.flows[source as usize].get()
    }

    /// Replaces the flow of its source, unless `clip` was closed meanwhile.
    pub fn put_flow(&self, flow: SourceFlow, clip: &PlayedClip) {
        self.flows[flow.source as usize].put_if(flow, || !clip.player.is_closed());
    }

    /// Returns the newest diagnostics of a flow of `source`.
    pub fn diagnostics(&self, source: FlowSource) -> Option<Arc<FlowDiagnostics>> {
        self.diagnostics[source as usize].get()
    }

    /// Replaces the diagnostics of its source, unless `clip` was closed meanwhile.
    pub fn put_diagnostics(&self, diagnostics: FlowDiagnostics, clip: &PlayedClip) {
        self.diagnostics[diagnostics.source as usize].put_if(diagnostics, || !clip.player.is_closed());
    }

    /// Returns the newest complete window of `source`.
    pub fn strip(&self, source: FlowSource) -> Option<Arc<FlowStack>> {
        self.strips[source as usize].get()
    }

    /// Replaces the window of its source, unless `clip` was closed meanwhile.
    pub fn put_strip(&self, strip: FlowStack, clip: &PlayedClip) {
        self.strips[strip.source as usize].put_if(strip, || !clip.player.is_closed());
    }

    /// Queues a window for the temporal stream, replacing an older one of its source.
    pub fn put_window(&self, window: WindowFlows) {
        let place = &self.windows[window.source as usize];
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(window);
    }

    /// Takes a window that waits for the temporal stream.
    pub fn take_window(&self) -> Option<WindowFlows> {
        self.windows.iter().find_map(|place| place.lock().unwrap_or_else(PoisonError::into_inner).take())
    }

    /// Returns the length that exceeds nearly all motion between adjacent frames of the clip, relative to the width of
    /// the picture.
    pub fn motion(&self) -> Option<f32> {
        self.motion.get().as_deref().copied()
    }

    /// Stores the motion range of `clip`, unless it was closed meanwhile.
    pub fn put_motion(&self, share: f32, clip: &PlayedClip) {
        self.motion.put_if(share, || !clip.player.is_closed());
    }

    /// Clears all results of the clip.
    pub fn clear_all(&self) {
        self.motion.clear();
        FlowSource::ALL.into_iter().for_each(|source| self.clear(source));
    }

    /// Clears all results of `source`.
    pub fn clear(&self, source: FlowSource) {
        self.flows[source as usize].clear();
        self.diagnostics[source as usize].clear();
        self.strips[source as usize].clear();
        *self.windows[source as usize].lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
