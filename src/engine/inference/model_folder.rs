//! The location of the shipped weights, for installed, unpacked and source builds.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// A folder with this file is a model folder.
const CARD: &str = "model.toml";
/// Names a folder of models that is searched before all others.
const VARIABLE: &str = "MOTIONSCOPE_MODELS";

/// Returns the shipped model for recognition: the folder `default` in `$MOTIONSCOPE_MODELS`, or in `models` next to the
/// executable, in the current folder or in the source tree the program was built from.
///
/// # Errors
/// If none of these places has one.
pub fn default_model() -> Result<PathBuf> {
    shipped("default")
}

/// Returns the shipped motion network for flow alone, in pictures of any size: the folder `flow` beside that of
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

/// Returns the shipped two-stage model for recognition, on DIS flow: the folder `dis` beside that of [`default_model`].
///
/// # Errors
/// Same as [`default_model`].
pub fn dis_model() -> Result<PathBuf> {
    shipped("dis")
}

fn shipped(name: &str) -> Result<PathBuf> {
    let from_variable = env::var_os(VARIABLE).map(PathBuf::from);
    let beside_program = env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("models")));
    let in_source = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let places = [from_variable, beside_program, Some("models".into()), Some(in_source)];
    let folders = places.into_iter().flatten().map(|models| models.join(name));
    folders.into_iter().find(|folder| folder.join(CARD).is_file()).ok_or_else(|| {
        let remedy = format!("Name a model folder (--model DIR), or set {VARIABLE} to the folder that holds `{name}`");
        Error::new(format!("models/{name}"), "no model was found next to the program or in the current folder", remedy)
    })
}
