//! What the threads of the laboratory should do; only the newest of each wish matters.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::LaboratorySettings;
use crate::engine::FlowSelection;
use crate::engine::inference::target::Clip;
use crate::error::{Error, Result};

/// The wishes.
#[derive(Clone, Default)]
pub(in crate::engine) struct Wishes {
    /// The clip to follow.
    pub clip: Option<Clip>,
    /// Which pair is in view.
    pub selection: FlowSelection,
    /// The settings.
    pub settings: Arc<LaboratorySettings>,
    /// Folder of the model in use.
    pub model: Option<PathBuf>,
    /// Counts the models that were in use: under another one the temporal stream says something else.
    pub model_generation: u64,
}

impl Wishes {
    /// The open clip.
    ///
    /// # Errors
    /// If there is none.
    pub fn open_clip(&self) -> Result<&Clip> {
        self.clip.as_ref().ok_or_else(|| Error::new("clip", "none is open", "Open a clip first"))
    }
}

/// The wishes as all threads share them.
#[derive(Clone, Default)]
pub(in crate::engine) struct SharedWishes(Arc<Mutex<Wishes>>);

impl SharedWishes {
    /// The newest wishes.
    pub fn get(&self) -> Wishes {
        self.locked().clone()
    }

    /// Changes them.
    pub fn change(&self, change: impl FnOnce(&mut Wishes)) {
        change(&mut self.locked());
    }

    fn locked(&self) -> MutexGuard<'_, Wishes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
