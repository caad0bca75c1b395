//! The newest results of every source.

use std::sync::Arc;

use super::{FlowSource, FlowStrip, Inspection, SourceFlow};
use crate::engine::Slot;

/// One slot per source for each kind of result.
#[derive(Default)]
pub(in crate::engine) struct LaboratorySlots {
    flows: [Slot<SourceFlow>; FlowSource::ALL.len()],
    inspections: [Slot<Inspection>; FlowSource::ALL.len()],
    strips: [Slot<FlowStrip>; FlowSource::ALL.len()],
}

impl LaboratorySlots {
    /// The newest flow of `source`.
    pub fn flow(&self, source: FlowSource) -> Option<Arc<SourceFlow>> {
        self.flows[source as usize].get()
    }

    /// The newest inspection of a flow of `source`.
    pub fn inspection(&self, source: FlowSource) -> Option<Arc<Inspection>> {
        self.inspections[source as usize].get()
    }

    /// The newest complete window of `source`.
    pub fn strip(&self, source: FlowSource) -> Option<Arc<FlowStrip>> {
        self.strips[source as usize].get()
    }
}
