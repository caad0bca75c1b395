//! The newest results of every source.

use std::sync::{Arc, Mutex, PoisonError};

use super::{FlowDiagnostics, FlowSource, FlowStack, SourceFlow};
use crate::engine::inference::target::PlayedClip;
use crate::engine::{FlowView, Latest};

/// The flows of a window that the temporal stream is to be fed with.
pub(in crate::engine) struct WindowFlows {
    /// Who computed them.
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
    /// How far things move in the clip from a frame to the next, as a share of the width of the picture.
    motion: Latest<f32>,
    /// Windows that wait for the temporal stream.
    windows: [Mutex<Option<WindowFlows>>; FlowSource::ALL.len()],
}

impl LatestFlows {
    /// The newest flow of `source`.
    pub fn flow(&self, source: FlowSource) -> Option<Arc<SourceFlow>> {
        self.flows[source as usize].get()
    }

    /// Replaces the flow of its source, unless `clip` was closed meanwhile.
    pub fn put_flow(&self, flow: SourceFlow, clip: &PlayedClip) {
        self.flows[flow.source as usize].put_if(flow, || !clip.player.is_closed());
    }

    /// The newest diagnostics of a flow of `source`.
    pub fn diagnostics(&self, source: FlowSource) -> Option<Arc<FlowDiagnostics>> {
        self.diagnostics[source as usize].get()
    }

    /// Replaces the diagnostics of its source, unless `clip` was closed meanwhile.
    pub fn put_diagnostics(&self, diagnostics: FlowDiagnostics, clip: &PlayedClip) {
        self.diagnostics[diagnostics.source as usize].put_if(diagnostics, || !clip.player.is_closed());
    }

    /// The newest complete window of `source`.
    pub fn strip(&self, source: FlowSource) -> Option<Arc<FlowStack>> {
        self.strips[source as usize].get()
    }

    /// Replaces the window of its source, unless `clip` was closed meanwhile.
    pub fn put_strip(&self, strip: FlowStack, clip: &PlayedClip) {
        self.strips[strip.source as usize].put_if(strip, || !clip.player.is_closed());
    }

    /// Lets a window wait for the temporal stream, in place of an older one of its source.
    pub fn put_window(&self, window: WindowFlows) {
        let place = &self.windows[window.source as usize];
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(window);
    }

    /// A window that waits for the temporal stream.
    pub fn take_window(&self) -> Option<WindowFlows> {
        self.windows.iter().find_map(|place| place.lock().unwrap_or_else(PoisonError::into_inner).take())
    }

    /// How far nearly everything moves at most from a frame of the clip to the next, as a share of the width of the picture.
    pub fn motion(&self) -> Option<f32> {
        self.motion.get().as_deref().copied()
    }

    /// Takes that of `clip`, unless it was closed meanwhile.
    pub fn put_motion(&self, share: f32, clip: &PlayedClip) {
        self.motion.put_if(share, || !clip.player.is_closed());
    }

    /// Forgets everything about the clip and every source.
    pub fn clear_all(&self) {
        self.motion.clear();
        FlowSource::ALL.into_iter().for_each(|source| self.clear(source));
    }

    /// Forgets everything about `source`.
    pub fn clear(&self, source: FlowSource) {
        self.flows[source as usize].clear();
        self.diagnostics[source as usize].clear();
        self.strips[source as usize].clear();
        *self.windows[source as usize].lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
