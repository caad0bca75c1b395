//! The sources of live frames, as typed, displayed and stored.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::address;
use crate::error::{Error, Result};
use crate::secrets::{has_secret, is_masked, without_secrets};
use crate::video::Geometry;

/// FFmpeg's drivers of cameras and screens that a source may name.
const DRIVERS: [&str; 5] = ["v4l2", "avfoundation", "dshow", "x11grab", "gdigrab"];

/// The driver of this system's cameras.
pub(super) const CAMERA_DRIVER: &str = if cfg!(target_os = "macos") {
    "avfoundation"
} else if cfg!(target_os = "windows") {
    "dshow"
} else {
    "v4l2"
};

/// A source of live frames.
#[derive(Clone, PartialEq)]
pub enum CameraSource {
    /// A capture device.
    Device {
        /// FFmpeg's name of the driver, such as `v4l2`.
        driver: String,
        /// The driver's name of the device, such as `/dev/video0`.
        name: String,
        /// Size and rate; `None` leaves them to the device.
        mode: Option<CameraMode>,
    },
    /// Pictures made by a graph of FFmpeg's filters.
    Lavfi(String),
    /// A stream: RTSP, HTTP, UDP or any other protocol that FFmpeg reads.
    Url(String),
    /// A video, played at its own pace round and round.
    File(PathBuf),
}

/// A size and a rate that a device offers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CameraMode {
    /// Size of the pictures.
    pub size: Geometry,
    /// Pictures per second.
    pub fps: f64,
    /// FFmpeg's name of the format in which the device delivers them; `None` leaves it to FFmpeg.
    pub format: Option<String>,
}

impl CameraSource {
    /// Returns the device `name` of this system's camera driver.
    pub fn device(name: impl Into<String>, mode: Option<CameraMode>) -> Self {
        Self::Device { driver: CAMERA_DRIVER.into(), name: name.into(), mode }
    }

    /// Returns the source that is named on a command line, where the name of a file need not be text.
    ///
    /// # Errors
    /// If it is none.
    pub fn named(name: &OsStr) -> Result<Self> {
        match name.to_str() {
            Some(text) => text.parse(),
            None => Ok(Self::File(without_protocol(name).into())),
        }
    }

    /// Returns what kind of source it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Device { .. } => "Camera",
            Self::Lavfi(_) => "Generator",
            Self::Url(_) => "Stream",
            Self::File(_) => "Video",
        }
    }

    /// Returns whether a name and a password are part of it.
    pub(super) fn has_password(&self) -> bool {
        matches!(self, Self::Url(url) if has_secret(url))
    }

    /// Returns whether it comes as fast as it is read, so that it must be held to its own pace. Of a URL only its length tells:
    /// what has an end is a file. A server of RTSP keeps the pace of a file by itself.
    pub(super) fn is_paced(&self, has_end: bool) -> bool {
        match self {
            Self::Device { .. } => false,
            Self::Lavfi(_) | Self::File(_) => true,
            Self::Url(url) => has_end && !url.starts_with("rtsp"),
        }
    }
}

/// Returns the path of `file:path`.
#[cfg(unix)]
fn without_protocol(name: &OsStr) -> &OsStr {
    use std::os::unix::ffi::OsStrExt;
    name.as_bytes().strip_prefix(b"file:").map_or(name, OsStr::from_bytes)
}

#[cfg(not(unix))]
fn without_protocol(name: &OsStr) -> &OsStr {
    name
}

/// The password is left out, so that no log has it.
impl fmt::Debug for CameraSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device { driver, name, mode } => write!(f, "Device({driver:?}, {name:?}, {mode:?})"),
            source => write!(f, "{:?}", source.to_string()),
        }
    }
}

impl fmt::Display for CameraSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device { driver, name, .. } => write!(f, "{driver}:{name}"),
            Self::Lavfi(graph) if graph.contains("//") => write!(f, "lavfi:{}", without_secrets(graph)),
            Self::Lavfi(graph) => write!(f, "lavfi:{graph}"),
            Self::Url(url) => f.write_str(&without_secrets(url)),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl FromStr for CameraSource {
    type Err = Error;

    /// Reads what a person types: `/dev/video0`, `v4l2:/dev/video0`, `lavfi:testsrc2`, `rtsp://…`, `file:clip.mp4`, or the
    /// path of a video.
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let shown = if text.is_empty() { "source".to_owned() } else { without_secrets(text) };
        let refuse = |cause: &str| Error::new(shown.as_str(), cause, REMEDY);
        if text.contains('\0') {
            return Err(refuse("a source cannot hold the character 0"));
        }
        match text.split_once(':') {
            _ if text.is_empty() => Err(refuse("no source is named")),
            _ if text.starts_with("/dev/video") => Ok(Self::device(text, None)),
            Some((_, "")) => Err(refuse("nothing follows the colon")),
            Some((driver, name)) if DRIVERS.contains(&driver) => {
                Ok(Self::Device { driver: driver.into(), name: name.into(), mode: None })
            }
            Some(("lavfi", graph)) => Ok(Self::Lavfi(graph.into())),
            Some(("file", path)) => Ok(Self::File(path.trim_start_matches("//").into())),
            Some((protocol, rest)) if rest.starts_with("//") => match address::raw_character(text) {
                Some(c) if address::is_cut_short(text) => {
                    let cause = format!("its password holds {c}, which ends the name of the host");
                    Err(Error::new(shown.as_str(), cause, WRITE_ENCODED))
                }
                _ if is_masked(text) => Err(Error::new(shown.as_str(), "its password is not kept", TYPE_AGAIN)),
                // FFmpeg knows protocols in lower case alone.
                _ => Ok(Self::Url(format!("{}:{rest}", protocol.to_ascii_lowercase()))),
            },
            _ if Path::new(text).is_file() => Ok(Self::File(text.into())),
            _ if Path::new(text).is_dir() => Err(refuse("this is a folder")),
            _ if looks_like_a_path(text) => Err(Error::new(shown.as_str(), "no such file", CHECK_SPELLING)),
            _ => Err(refuse("this is not a camera, a stream address or a video")),
        }
    }
}

const REMEDY: &str =
    "Name a device (/dev/video0), a URL (rtsp://…, http://…, udp://…), a video, or a graph (lavfi:testsrc2)";

/// The remedy for paths without a file, and for streams without their protocol.
const CHECK_SPELLING: &str = "Check the spelling; the address of a stream begins with rtsp://, http:// or udp://";

/// Whether `text` is written as paths are, and not as cameras and streams.
fn looks_like_a_path(text: &str) -> bool {
    let path = Path::new(text);
    let has_parts = path.components().count() > 1 || path.extension().is_some();
    path.is_absolute() || (has_parts && !text.contains([':', '@']))
}

/// The remedy for passwords with special characters.
pub(super) const WRITE_ENCODED: &str = "Write # as %23, / as %2F, ? as %3F, @ as %40 and % as %25 in the password";

/// The remedy for an omitted password.
const TYPE_AGAIN: &str = "Type the password again in place of the dots";

impl CameraMode {
    /// Pictures per second as people write them, such as `29.97`.
    pub fn rate(&self) -> String {
        format!("{}", (100.0 * self.fps).round() / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_understood_and_shown_as_it_was_typed() {
        let read = |text: &str| text.parse::<CameraSource>().unwrap();
        let device =
            |driver: &str, name: &str| CameraSource::Device { driver: driver.into(), name: name.into(), mode: None };
        assert_eq!(
            read(" lavfi:testsrc2=size=320x240:rate=30 "),
            CameraSource::Lavfi("testsrc2=size=320x240:rate=30".into())
        );
        assert_eq!(read("rtsp://10.0.0.2:554/live"), CameraSource::Url("rtsp://10.0.0.2:554/live".into()));
        assert_eq!(read("RTSP://Host:554/Live"), CameraSource::Url("rtsp://Host:554/Live".into()));
        assert_eq!(read("udp://@:1234"), CameraSource::Url("udp://@:1234".into()));
        assert_eq!(read("file:///clips/a.mp4"), CameraSource::File("/clips/a.mp4".into()));
        assert_eq!(read("file:a b.mp4"), CameraSource::File("a b.mp4".into()));
        assert_eq!(read("dshow:video=Integrated Camera"), device("dshow", "video=Integrated Camera"));
        assert_eq!(read("x11grab::0.0"), device("x11grab", ":0.0"));
        assert_eq!(read("/dev/video2"), device(CAMERA_DRIVER, "/dev/video2"));
        for text in ["lavfi:testsrc2", "rtsp://a/b", "file:/clips/a.mp4", "v4l2:/dev/video0"] {
            assert_eq!(read(text).to_string(), text);
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        assert_eq!(read(path), CameraSource::File(path.into()));
    }

    #[test]
    fn a_password_is_kept_and_not_shown() {
        for (url, shown) in [
            ("rtsp://name:secret@host:554/a", "rtsp://name:…@host:554/a"),
            ("rtsp://name:se@cr:et@host/a", "rtsp://name:…@host/a"),
            ("http://host:80/a?b=c", "http://host:80/a?b=c"),
            ("udp://@:1234", "udp://@:1234"),
            ("rtsp://name@host", "rtsp://name@host"),
        ] {
            let source: CameraSource = url.parse().unwrap();
            assert_eq!(source.to_string(), shown);
            assert_eq!(source.has_password(), shown != url);
            assert_eq!(source, CameraSource::Url(url.into()));
            assert!(!format!("{source:?}").contains("se"), "{source:?}");
        }
        let graph: CameraSource = "lavfi:movie=rtsp\\\\://name\\\\:secret@host".parse().unwrap();
        assert!(!graph.to_string().contains("secret") && !format!("{graph:?}").contains("secret"));
    }

    #[test]
    fn mistyped_addresses_show_no_password_and_how_to_write_it() {
        for text in ["rtsp://cam:se#cret@10.0.0.5/s", "rtsp://cam:se/cret@10.0.0.5/s", "rtsp://cam:se?cret@10.0.0.5/s"]
        {
            let error = text.parse::<CameraSource>().unwrap_err();
            let said = error.to_string();
            assert!(said.contains("%23") && said.starts_with("rtsp://cam:…@10.0.0.5/s: "), "{said}");
            assert!(!said.contains("cret@") && !said.contains("se#") && !said.contains("se/"), "{said}");
        }
        for text in ["rtsp:/cam:secret@10.0.0.5/s", "rtps//cam:secret@10.0.0.5", "cam:secret@10.0.0.5"] {
            let said = text.parse::<CameraSource>().unwrap_err().to_string();
            assert!(!said.contains("secret"), "{said}");
        }
        let kept = "rtsp://cam:…@10.0.0.5/s".parse::<CameraSource>().unwrap_err();
        assert!(kept.remedy.contains("Type the password again"), "{kept}");
    }

    #[test]
    fn only_what_comes_as_fast_as_it_is_read_is_held_to_its_pace() {
        let is_paced = |text: &str, has_end| text.parse::<CameraSource>().unwrap().is_paced(has_end);
        assert!(is_paced("lavfi:testsrc2", false) && is_paced("http://host/a.mp4", true));
        assert!(!is_paced("http://host/a.mjpeg", false) && !is_paced("rtsp://host/a", true));
        assert!(!is_paced("/dev/video0", false));
    }

    #[test]
    fn what_is_no_source_is_refused_with_what_would_be_one() {
        for text in ["", "  ", "lavfi:", "file:", "webcam", "rtsp:/host/a", "lavfi:a\0b"] {
            let error = text.parse::<CameraSource>().unwrap_err();
            assert!(error.remedy.contains("/dev/video0"), "{text:?}: {error}");
        }
        for text in ["/no/such/clip.mp4", "clips/nosuch.mp4", "nosuch.mp4", "10.0.0.5/stream"] {
            let error = text.parse::<CameraSource>().unwrap_err();
            assert_eq!((error.cause.as_str(), error.remedy.as_str()), ("no such file", CHECK_SPELLING), "{text}");
        }
        let folder = tempfile::tempdir().unwrap();
        let error = folder.path().to_str().unwrap().parse::<CameraSource>().unwrap_err();
        assert_eq!(error.cause, "this is a folder");
    }
}
