//! Paths of the shipped models, for installed, unpacked and source builds.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::installed;

/// The file that marks a model folder.
const CARD: &str = "model.toml";
/// Environment variable with a folder of models that is searched before all others.
const VARIABLE: &str = "MOTIONSCOPE_MODELS";

/// Returns the shipped recognition model: the folder `default` in `$MOTIONSCOPE_MODELS`, or in the installed `models`,
/// in the current folder or in the source tree of the build.
///
/// # Errors
/// If there is no such folder.
pub fn default_model() -> Result<PathBuf> {
    shipped("default")
}

/// Returns the shipped motion network for flow alone, for pictures of any size: the folder `flow` beside that of
/// [`default_model`].
///
/// # Errors
/// Same as [`default_model`].
pub fn flow_model() -> Result<PathBuf> {
    shipped("flow")
}

/// Returns the shipped model for the actions of the generated sample: the folder `sample` beside that of [`default_model`].
///
/// # Errors
/// Same as [`default_model`].
pub fn sample_model() -> Result<PathBuf> {
    shipped("sample")
}

/// Returns the shipped two-stage recognition model, on DIS flow: the folder `dis` beside that of [`default_model`].
///
/// # Errors
/// Same as [`default_model`].
pub fn dis_model() -> Result<PathBuf> {
    shipped("dis")
}

fn shipped(name: &str) -> Result<PathBuf> {
    let from_variable = env::var_os(VARIABLE).map(PathBuf::from);
    let in_source = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let places = from_variable.into_iter().chain(installed::places("models")).chain(["models".into(), in_source]);
    places.map(|models| models.join(name)).find(|folder| folder.join(CARD).is_file()).ok_or_else(|| {
        let remedy = format!("Name a model folder (--model DIR), or set {VARIABLE} to the folder that holds `{name}`");
        Error::new(format!("models/{name}"), "no model was found next to the program or in the current folder", remedy)
    })
}
