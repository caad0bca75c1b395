//! The desired state of the flow comparison threads.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{FlowBasis, FlowSettings};
use crate::engine::FlowSelection;
use crate::engine::inference::target::PlayedClip;
use crate::error::{Error, Result};

/// The desired state of the flow comparison.
#[derive(Clone, Default)]
pub(in crate::engine) struct DesiredFlows {
    /// The clip to follow.
    pub clip: Option<PlayedClip>,
    /// The displayed pair.
    pub selection: FlowSelection,
    /// The settings.
    pub settings: Arc<FlowSettings>,
    /// Folder of the model in use.
    pub model: Option<PathBuf>,
    /// The [generation](crate::engine::InferencePipeline::generation) of the model in use: the temporal stream's scores
    /// depend on it.
    pub model_generation: u64,
}

impl DesiredFlows {
    /// Returns the model generation and the settings, which determine the flows.
    pub fn basis(&self) -> FlowBasis {
        FlowBasis { model: self.model_generation, settings: self.settings.clone() }
    }

    /// Returns the open clip.
    ///
    /// # Errors
    /// If there is none.
    pub fn open_clip(&self) -> Result<&PlayedClip> {
        self.clip.as_ref().ok_or_else(|| Error::new("clip", "none is open", "Open a clip first"))
    }
}

/// The desired state, shared by all threads.
#[derive(Clone, Default)]
pub(in crate::engine) struct SharedDesiredFlows(Arc<Mutex<DesiredFlows>>);

impl SharedDesiredFlows {
    /// Returns a copy of the current state.
    pub fn get(&self) -> DesiredFlows {
        self.locked().clone()
    }

    /// Changes the state.
    pub fn change(&self, change: impl FnOnce(&mut DesiredFlows)) {
        change(&mut self.locked());
    }

    fn locked(&self) -> MutexGuard<'_, DesiredFlows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
