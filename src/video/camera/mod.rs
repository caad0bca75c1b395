//! Live sources: cameras, streams, generated frames, and files played like a camera.
//!
//! A picture passes through these modules in order: `input` opens a [`CameraSource`] and decodes it; `capture` keeps it
//! open on the thread "capture", reconnects when it breaks off (`backoff`, `fault`), limits files to their own pace
//! (`pace`) and skips frames that lag behind (`backlog`); `ring` keeps the newest seconds for the readers. A [`Camera`]
//! never waits for its readers, and its readers never wait for it.

mod address;
mod backlog;
mod backoff;
#[allow(clippy::module_inception)] // The file is named after the type that it holds.
mod camera;
mod capture;
mod device;
mod fault;
mod input;
mod pace;
mod ring;
mod source;
mod status;
#[cfg(target_os = "linux")]
mod v4l2;
mod watchdog;

pub use camera::Camera;
pub use device::{CameraDevice, camera_devices};
pub use ring::{LiveFrame, SourcePicture};
pub use source::{CameraMode, CameraSource};
pub use status::{CameraInfo, CameraNews, CameraPhase, CameraStatus, Listener};
