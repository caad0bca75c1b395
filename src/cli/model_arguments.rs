//! The model and device options.

use std::path::{Path, PathBuf};

use clap::Args;

use super::values::choice;
use crate::engine::default_model;
use crate::error::{Error, Result};
use crate::gpu::{Compute, DeviceChoice, choose};
use crate::nets::HiddenTwoStream;

/// `--model`
#[derive(Debug, Clone, Args)]
pub(super) struct ModelArg {
    /// Model folder (with model.toml) [default: the shipped model]
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
}

impl ModelArg {
    /// Returns the model folder: the given one, or the shipped one.
    pub fn folder(&self) -> Result<PathBuf> {
        self.model.clone().map_or_else(default_model, Ok)
    }
}

/// Returns the error of a model in folder `dir` that cannot predict classes.
pub(super) fn no_stream(model: &HiddenTwoStream, dir: &Path, remedy: &str) -> Option<Error> {
    (!model.classifies()).then(|| Error::file(dir, "it has no stream: it predicts flow only", remedy))
}

/// `--device`
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct DeviceArg {
    /// Compute device
    #[arg(long, value_parser = choice::<DeviceChoice>(), default_value = DeviceChoice::default().key())]
    pub device: DeviceChoice,
}

impl DeviceArg {
    /// Opens the device.
    pub fn open(self) -> Result<Compute> {
        choose(self.device)
    }
}
