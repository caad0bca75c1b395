//! What the window remembers about live sources.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::engine::Smoothing;
use crate::video::{CameraMode, CameraSource};

/// Which kind of source is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceKind {
    /// A camera of this machine.
    Camera,
    /// Whatever is typed: a URL, a video, a graph of FFmpeg's filters.
    Address,
}

/// The choices of the Live panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LiveChoices {
    /// Which kind of source is chosen.
    pub kind: SourceKind,
    /// The camera by the driver's name of it.
    pub camera: Option<String>,
    /// Its size and rate; `None` leaves them to the camera.
    pub mode: Option<CameraMode>,
    /// What was typed.
    pub address: String,
    /// Whether left and right of a camera's pictures are exchanged on the screen, as in a mirror.
    pub mirrors_camera: bool,
    /// The same of other sources, which seldom show who looks at them.
    pub mirrors_address: bool,
    /// How answers are steadied.
    pub smoothing: Smoothing,
    /// Where corrections go; `None` for the folder `corrections` among the program's data.
    pub corrections: Option<PathBuf>,
}

impl Default for LiveChoices {
    fn default() -> Self {
        Self {
            kind: SourceKind::Camera,
            camera: None,
            mode: None,
            address: "lavfi:testsrc2=size=640x480:rate=30".into(),
            mirrors_camera: true,
            mirrors_address: false,
            smoothing: Smoothing::default(),
            corrections: None,
        }
    }
}

impl LiveChoices {
    /// Whether a source is chosen; the reason if not.
    pub fn ready(&self) -> Result<(), &'static str> {
        match self.kind {
            SourceKind::Camera if self.camera.is_none() => Err("Choose a camera first, or type an address"),
            SourceKind::Address if self.address.trim().is_empty() => Err("Type an address first"),
            _ => Ok(()),
        }
    }

    /// Whether the pictures of the source are shown as in a mirror.
    pub fn mirrored(&self) -> bool {
        match self.kind {
            SourceKind::Camera => self.mirrors_camera,
            SourceKind::Address => self.mirrors_address,
        }
    }

    /// The choice of it.
    pub fn mirrored_mut(&mut self) -> &mut bool {
        match self.kind {
            SourceKind::Camera => &mut self.mirrors_camera,
            SourceKind::Address => &mut self.mirrors_address,
        }
    }

    /// The source.
    ///
    /// # Errors
    /// If what is typed is none.
    pub fn source(&self) -> crate::error::Result<CameraSource> {
        match (self.kind, &self.camera) {
            (SourceKind::Camera, Some(name)) => Ok(CameraSource::device(name, self.mode.clone())),
            _ => self.address.parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_ready_once_it_is_chosen_or_typed() {
        let mut choices = LiveChoices::default();
        assert!(choices.ready().is_err());
        choices.camera = Some("/dev/video0".into());
        assert_eq!(choices.source(), Ok(CameraSource::device("/dev/video0", None)));
        choices.kind = SourceKind::Address;
        assert_eq!(choices.source(), Ok(CameraSource::Lavfi("testsrc2=size=640x480:rate=30".into())));
        choices.address = "  ".into();
        assert!(choices.ready().is_err());
    }
}
