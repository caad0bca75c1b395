//! The cameras of this machine and their modes.

use super::CameraMode;
use super::source::CAMERA_DRIVER;
use crate::error::{Error, Result};
use crate::video::{Geometry, libav};

/// Approximate frame rate of the clips that the networks were trained on.
const USUAL_FPS: f64 = 30.0;
/// Largest useful picture: the networks scale it down much further.
const LARGEST_PX: u32 = 1280 * 720;

/// A camera that can be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraDevice {
    /// The driver's name of the device, such as `/dev/video0`.
    pub name: String,
    /// Name that the device reports.
    pub title: String,
    /// Sizes and rates, largest and fastest first, grouped by size; empty if the system does not list them.
    pub modes: Vec<CameraMode>,
}

impl CameraDevice {
    /// Returns the supported sizes, largest first, each with its modes, fastest first.
    pub fn sizes(&self) -> impl Iterator<Item = (Geometry, &[CameraMode])> {
        self.modes.chunk_by(|a, b| a.size == b.size).map(|modes| (modes[0].size, modes))
    }

    /// Returns the default mode: the largest of those that are fast enough for the networks and not larger than they
    /// need, in any format; if none is fast enough, the fastest.
    pub fn proposed(&self) -> Option<&CameraMode> {
        let area = |mode: &CameraMode| mode.size.width * mode.size.height;
        let small: Vec<&CameraMode> = self.modes.iter().filter(|mode| area(mode) <= LARGEST_PX).collect();
        let modes = if small.is_empty() { self.modes.iter().collect() } else { small };
        // `max_by_key` returns the last of equal modes; reversed, that is the first, uncompressed one.
        modes.into_iter().rev().max_by_key(|mode| (mode.fps.min(USUAL_FPS).round() as u32, area(mode)))
    }

    /// Returns the mode of this size whose rate is nearest to `fps`.
    pub fn nearest(&self, size: Geometry, fps: f64) -> Option<&CameraMode> {
        let modes = self.modes.iter().filter(|mode| mode.size == size);
        modes.min_by(|a, b| (a.fps - fps).abs().total_cmp(&(b.fps - fps).abs()))
    }
}

/// Returns the cameras of this machine. A device is opened only to query its modes.
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
    // A busy or forbidden device is listed nevertheless: opening it reports the cause.
    super::v4l2::modes(std::path::Path::new(name)).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn modes(_name: &str) -> Vec<CameraMode> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Formats of the kernel's virtual camera, shortened.
    fn camera() -> CameraDevice {
        let mode = |size, fps| CameraMode { size, fps, format: None };
        let modes = [[1280, 720], [640, 360], [320, 180]].into_iter().flat_map(|[width, height]| {
            let size = Geometry { width, height };
            [60.0, 30.0, 25.0, 12.5, 1.0]
                .into_iter()
                .filter(move |fps| width < 1280 || *fps < 30.0)
                .map(move |fps| mode(size, fps))
        });
        CameraDevice { name: "/dev/video0".into(), title: "vivid".into(), modes: modes.collect() }
    }

    #[test]
    fn sizes_are_told_once_with_their_rates() {
        let camera = camera();
        let sizes: Vec<_> = camera.sizes().map(|(size, modes)| (size.width, modes.len())).collect();
        assert_eq!(sizes, [(1280, 3), (640, 5), (320, 5)]);
        assert!(camera.sizes().all(|(size, modes)| modes.iter().all(|mode| mode.size == size)));
    }

    #[test]
    fn the_mode_to_begin_with_is_fast_enough_in_whatever_format() {
        let mode = |width, height, fps, format: &str| CameraMode {
            size: Geometry { width, height },
            fps,
            format: Some(format.into()),
        };
        let of = |modes: &[CameraMode]| CameraDevice { name: "c".into(), title: "c".into(), modes: modes.to_vec() };
        let fast = mode(1280, 720, 30.0, "mjpeg");
        let modes = [
            mode(1920, 1080, 30.0, "mjpeg"),
            fast.clone(),
            mode(1280, 720, 10.0, "yuyv422"),
            mode(640, 480, 30.0, "yuyv422"),
        ];
        assert_eq!(of(&modes).proposed(), Some(&fast));
        assert_eq!(of(&modes[2..]).proposed(), Some(&modes[3]), "a small fast mode before a large slow one");
        assert_eq!(of(&modes[..1]).proposed(), Some(&modes[0]), "better too large than none");
        assert_eq!(of(&[]).proposed(), None);
    }

    #[test]
    fn another_size_keeps_the_rate_as_far_as_it_can() {
        let camera = camera();
        let nearest = |width, height, fps| camera.nearest(Geometry { width, height }, fps).map(|mode| mode.fps);
        assert_eq!((nearest(640, 360, 30.0), nearest(1280, 720, 30.0)), (Some(30.0), Some(25.0)));
        assert_eq!((nearest(320, 180, 500.0), nearest(1, 1, 30.0)), (Some(60.0), None));
    }
}
