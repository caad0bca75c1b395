//! The cameras of this machine with what they offer.

use super::CameraMode;
use super::source::CAMERA_DRIVER;
use crate::error::{Error, Result};
use crate::video::libav;

/// A camera that can be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraDevice {
    /// The driver's name of it, such as `/dev/video0`.
    pub name: String,
    /// What it calls itself.
    pub title: String,
    /// Sizes and rates, the largest first; empty where the system does not tell.
    pub modes: Vec<CameraMode>,
}

/// The cameras of this machine; none is opened for longer than it takes to ask for its modes.
///
/// # Errors
/// If the system does not list its cameras.
pub fn camera_devices() -> Result<Vec<CameraDevice>> {
    let listed = libav::list_sources(CAMERA_DRIVER).map_err(|fault| {
        let cause = format!("the system does not list its cameras ({fault})");
        Error::new("cameras", cause, format!("Type the name of one, such as {CAMERA_DRIVER}:0, or a URL"))
    })?;
    let described = listed.into_iter().map(|(name, title)| CameraDevice { modes: modes(&name), name, title });
    Ok(described.collect())
}

#[cfg(target_os = "linux")]
fn modes(name: &str) -> Vec<CameraMode> {
    // A device that is busy or not for this user is listed all the same: opening it tells why it does not work.
    super::v4l2::modes(std::path::Path::new(name)).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn modes(_name: &str) -> Vec<CameraMode> {
    Vec::new()
}
