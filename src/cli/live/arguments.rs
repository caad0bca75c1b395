//! The arguments of `motionscope live` and the checked plan built from them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::super::model_arguments::{DeviceArg, ModelArg};
use super::super::values::{geometry, positive};
use crate::engine::Smoothing;
use crate::error::{Error, Result};
use crate::video::{CameraDevice, CameraMode, CameraSource, Geometry, camera_devices};

/// Relative tolerance of frame rates: users write 30 for 29.97.
const SAME_RATE: f64 = 0.01;

const EXAMPLES: &str = "\
Examples:
  motionscope live --list                                   list the cameras of this machine
  motionscope live /dev/video0 --size 640x480 --fps 30
  motionscope live rtsp://camera.local:554/stream
  motionscope live clip.mp4 --seconds 10 --json             a looped video in real time
  motionscope live lavfi:testsrc2=size=320x240:rate=30 --seconds 1800 > soak.txt

Prints one line per second: frame rates of the camera and the model, latency from capture to
prediction, memory use and the prediction. With --json, one object per line. The last line is a
summary: latency and memory in the first and the last tenth of the run.

Exit codes: 0 predictions were made, 1 there were none, 2 wrong usage";

/// `motionscope live`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct LiveArgs {
    /// Camera device, stream URL, video file, or lavfi: and an FFmpeg filter graph
    #[arg(required_unless_present = "list")]
    source: Option<OsString>,
    /// List the cameras with their sizes and frame rates, then exit
    #[arg(long)]
    list: bool,
    /// Stop after this many seconds [default: at Ctrl-C]
    #[arg(long, value_name = "N", value_parser = positive)]
    seconds: Option<f64>,
    /// Capture size, such as 640x480 [default: the largest up to 1280x720 at 30 fps]
    #[arg(long, value_name = "WxH", value_parser = geometry, requires = "fps")]
    size: Option<Geometry>,
    /// Capture frame rate
    #[arg(long, value_name = "FPS", value_parser = positive, requires = "size")]
    fps: Option<f64>,
    /// Temporal smoothing of the predictions
    #[arg(long, value_enum, default_value_t)]
    smoothing: SmoothingArg,
    /// Print JSON, one object per second
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    model: ModelArg,
    #[command(flatten)]
    device: DeviceArg,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum SmoothingArg {
    /// No smoothing
    None,
    /// Mean over one second
    #[default]
    Mean,
    /// Keep the class until another leads by 10 % for half a second
    Hysteresis,
}

/// A checked live run.
pub(super) struct LivePlan {
    pub source: CameraSource,
    pub length: Option<Duration>,
    pub smoothing: Smoothing,
    pub json: bool,
    pub model: PathBuf,
    pub device: DeviceArg,
}

impl LiveArgs {
    /// Returns the live run; `None` to list the cameras.
    ///
    /// # Errors
    /// If the source is not valid, or there is no model.
    pub(super) fn plan(&self) -> Result<Option<LivePlan>> {
        let Some(source) = self.source.as_ref().filter(|_| !self.list) else { return Ok(None) };
        let smoothing = match self.smoothing {
            SmoothingArg::None => Smoothing::None,
            SmoothingArg::Mean => Smoothing::Mean { secs: 1.0 },
            SmoothingArg::Hysteresis => Smoothing::Hysteresis { margin: 0.1, secs: 0.5 },
        };
        Ok(Some(LivePlan {
            source: self.with_mode(CameraSource::named(source)?)?,
            length: self.seconds.and_then(|secs| Duration::try_from_secs_f64(secs).ok()),
            smoothing,
            json: self.json,
            model: self.model.folder()?,
            device: self.device,
        }))
    }

    fn with_mode(&self, source: CameraSource) -> Result<CameraSource> {
        let CameraSource::Device { driver, name, .. } = source else {
            return match self.size {
                Some(_) => {
                    Err(Error::usage("--size", "size and frame rate can only be set for a camera device", "Omit it"))
                }
                None => Ok(source),
            };
        };
        // Many cameras have their fast modes in one of their formats only.
        let cameras = camera_devices().unwrap_or_default();
        let camera = cameras.iter().find(|camera| camera.name == name);
        let mode = match self.size.zip(self.fps) {
            None => camera.and_then(CameraDevice::proposed).cloned(),
            Some((size, fps)) => {
                let offered = camera.and_then(|camera| camera.nearest(size, fps));
                let offered = offered.filter(|mode| (mode.fps / fps - 1.0).abs() < SAME_RATE);
                Some(offered.cloned().unwrap_or(CameraMode { size, fps, format: None }))
            }
        };
        Ok(CameraSource::Device { driver, name, mode })
    }
}
