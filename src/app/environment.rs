//! What the window opens with, and the folders in which it keeps files.

use std::io::Write as _;
use std::path::PathBuf;

use directories::ProjectDirs;

use crate::error::{Error, Result};
use crate::gpu::DeviceChoice;
use crate::{atomic, files};

/// The program's name to the system: its windows, its storage.
pub const APP_ID: &str = "motionscope";

/// What the window is to open with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A clip, a folder of clips or a model folder.
    pub open: Option<PathBuf>,
    /// The device; `Auto` leaves the choice to the setting in the window.
    pub device: DeviceChoice,
    /// A model folder in place of the one used last.
    pub model: Option<PathBuf>,
    /// The cache folder: its files can be computed again.
    pub cache: Option<PathBuf>,
    /// The folder of the log and of reports of crashes.
    pub state: Option<PathBuf>,
}

/// Where generated files are kept.
pub fn data_dir() -> PathBuf {
    ProjectDirs::from("", "", APP_ID).map_or_else(std::env::temp_dir, |dirs| dirs.data_dir().to_owned())
}

/// Where what can be made again is kept, such as pictures of videos, if there is such a place.
pub fn cache_dir() -> Option<PathBuf> {
    Some(ProjectDirs::from("", "", APP_ID)?.cache_dir().to_owned())
}

/// Where the log and reports of crashes are kept, if there is such a place.
pub fn state_dir() -> Option<PathBuf> {
    let dirs = ProjectDirs::from("", "", APP_ID)?;
    Some(dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned()) // Linux alone has one for this.
}

/// The device must be known before the window that keeps the other settings, so it has a file of its own.
pub fn device_file() -> Option<PathBuf> {
    Some(eframe::storage_dir(APP_ID)?.join("device"))
}

pub fn remembered_device() -> DeviceChoice {
    let text = device_file().and_then(|file| files::read_to_string(file).ok());
    text.and_then(|text| DeviceChoice::ALL.into_iter().find(|choice| text.trim().eq_ignore_ascii_case(choice.key())))
        .unwrap_or_default()
}

/// Keeps the choice for the next start.
pub fn remember_device(choice: DeviceChoice) {
    let Some(file) = device_file().filter(|_| choice != remembered_device()) else { return };
    if let Err(error) = std::fs::write(&file, choice.key()) {
        tracing::warn!("{}", Error::io(&file, &error));
    }
}

/// Keeps settings that could not be read, and returns where.
///
/// # Errors
/// If there is no place for them.
pub fn keep_unread(text: &str) -> Result<PathBuf> {
    let nowhere = || Error::new("settings", "this system has no settings folder", "No action needed");
    let folder = eframe::storage_dir(APP_ID).ok_or_else(nowhere)?;
    let name = |number: u32| folder.join(format!("settings-unread-{number}.ron"));
    let is_kept = |path: &PathBuf| files::read_to_string(path).is_ok_and(|kept| kept == text);
    let path = (1..).map(name).find(|path| is_kept(path) || !path.exists()).ok_or_else(nowhere)?;
    if !is_kept(&path) {
        atomic::replace(&path, |file| file.write_all(text.as_bytes()))?;
    }
    Ok(path)
}
