//! What the window remembers about live sources.

use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

use crate::engine::Smoothing;
use crate::secrets::{is_masked, without_secrets};
use crate::video::{CameraDevice, CameraMode, CameraSource};

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
    /// What was typed. Its password is not remembered.
    #[serde(serialize_with = "without_password")]
    pub address: String,
    /// Whether left and right of a camera's pictures are exchanged on the screen, as in a mirror.
    pub mirrors_camera: bool,
    /// The same of other sources, which seldom show who looks at them.
    pub mirrors_address: bool,
    /// How answers are steadied.
    pub smoothing: Smoothing,
    /// Whether flow, bars and label are recorded beside the picture.
    pub records_overlay: bool,
    /// Where corrections go; `None` for the folder `corrections` among the program's data.
    pub corrections: Option<PathBuf>,
}

impl Default for LiveChoices {
    fn default() -> Self {
        Self {
            kind: SourceKind::Camera,
            camera: None,
            mode: None,
            address: String::new(),
            mirrors_camera: true,
            mirrors_address: false,
            smoothing: Smoothing::default(),
            records_overlay: false,
            corrections: None,
        }
    }
}

impl LiveChoices {
    /// Whether a source is chosen; the reason if not.
    pub fn ready(&self) -> Result<(), &'static str> {
        match self.kind {
            SourceKind::Camera if self.camera.is_none() => Err("Choose a camera or enter an address first"),
            SourceKind::Address if self.address.trim().is_empty() => Err("Enter an address first"),
            SourceKind::Address if is_masked(&self.address) => {
                Err("Enter the password again in place of the dots; it is not stored")
            }
            _ => Ok(()),
        }
    }

    /// Chooses a camera, with the mode to begin with.
    pub fn choose(&mut self, camera: &CameraDevice) {
        (self.camera, self.mode) = (Some(camera.name.clone()), camera.proposed().cloned());
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

fn without_password<S: Serializer>(address: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&without_secrets(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_remembered_and_asked_for_again() {
        let address = "rtsp://cam:se#cret@10.0.0.5/s?pwd=other".to_owned();
        let choices = LiveChoices { kind: SourceKind::Address, address, ..LiveChoices::default() };
        let kept = serde_json::to_string(&choices).unwrap();
        assert!(!kept.contains("cret") && !kept.contains("other"), "{kept}");
        let restored: LiveChoices = serde_json::from_str(&kept).unwrap();
        assert!(restored.address.starts_with("rtsp://cam:") && restored.address.contains("@10.0.0.5/s"));
        assert!(restored.ready().unwrap_err().contains("Enter the password again"));
        assert!(choices.ready().is_ok(), "until the program ends it is known");
    }

    #[test]
    fn a_source_is_ready_once_it_is_chosen_or_typed() {
        let mut choices = LiveChoices::default();
        assert!(choices.ready().is_err());
        choices.camera = Some("/dev/video0".into());
        assert_eq!(choices.source(), Ok(CameraSource::device("/dev/video0", None)));
        choices.kind = SourceKind::Address;
        assert!(choices.ready().is_err(), "nothing is typed yet");
        choices.address = "lavfi:testsrc2=size=640x480:rate=30".into();
        assert_eq!(choices.source(), Ok(CameraSource::Lavfi("testsrc2=size=640x480:rate=30".into())));
        choices.address = "  ".into();
        assert!(choices.ready().is_err());
    }
}
