//! The rate at which a clip was captured from a live source, where that is far below the source's own.
//!
//! A network that is trained on such a clip sees larger motion between two frames than there is in the source, so the clip
//! carries the rates as the comment of its file.

use std::path::Path;

use super::{StopFlag, libav};

/// Part of the name of a clip that was saved from a live source.
pub const LIVE_NAME: &str = "live";
/// A clip with a smaller share of the frames of its source is worth a warning.
const FEW: f64 = 0.5;
/// The comment of a file begins so.
const CAPTURED: &str = "Captured at ";
/// What the rates are followed by.
const UNIT: &str = " frames a second: motion between frames is larger than in the source";

/// A capture of less than half the frames of its source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlowCapture {
    /// Captured frames per second.
    pub fps: f64,
    /// Frames per second that the source claims.
    pub source_fps: f64,
}

impl SlowCapture {
    /// Returns the rates where `fps` is less than half of those that the source claims, which it may not do.
    pub fn new(fps: f64, source_fps: Option<f64>) -> Option<Self> {
        source_fps.filter(|source_fps| fps > 0.0 && fps < FEW * source_fps).map(|source_fps| Self { fps, source_fps })
    }

    /// Returns the rates that the file at `path` carries; `None` as well if it cannot be read, or is not called `live` as the clips of
    /// live sources are: a data set has too many files to open them all.
    pub fn of_file(path: &Path) -> Option<Self> {
        if !path.file_stem()?.to_string_lossy().contains(LIVE_NAME) {
            return None;
        }
        libav::init();
        let input = libav::open_file(&libav::byte_url(path).ok()?, &StopFlag::default()).ok()?;
        Self::of_comment(input.metadata().get("comment")?)
    }

    /// Returns the rates and what they mean, such as `5 of 30 frames a second: motion between frames …`.
    pub fn in_words(self) -> String {
        self.rates() + UNIT
    }

    /// Returns both rates, such as `5 of 30`.
    pub fn rates(self) -> String {
        let [fps, source] = [self.fps, self.source_fps].map(|fps| (10.0 * fps).round() / 10.0);
        format!("{fps} of {source}")
    }

    /// Returns the comment of a file.
    pub(super) fn comment(self) -> String {
        format!("{CAPTURED}{}", self.in_words())
    }

    /// Returns what the comment of a file says; `None` if it is another one.
    pub(super) fn of_comment(comment: &str) -> Option<Self> {
        let (fps, source) = comment.strip_prefix(CAPTURED)?.strip_suffix(UNIT)?.split_once(" of ")?;
        Some(Self { fps: fps.parse().ok()?, source_fps: source.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::super::{Geometry, Sizes, VideoReader, VideoWriter};
    use super::*;

    #[test]
    fn a_clip_of_few_frames_of_its_source_says_so_in_its_file() {
        assert_eq!(SlowCapture::new(15.0, Some(30.0)), None);
        assert_eq!(SlowCapture::new(5.0, None), None);
        let slow = SlowCapture::new(4.97, Some(29.97));
        let words = "5 of 30 frames a second: motion between frames is larger than in the source";
        assert_eq!(slow.map(SlowCapture::in_words).as_deref(), Some(words));
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, slow: Option<SlowCapture>| {
            let (path, size) = (dir.path().join(name), Geometry { width: 32, height: 32 });
            let mut writer = VideoWriter::create_captured(&path, size, 5.0, slow).unwrap();
            writer.push(&RgbImage::new(32, 32)).unwrap();
            writer.finish().unwrap();
            path
        };
        let path = write("wave_live_001.mp4", slow);
        assert_eq!(SlowCapture::of_file(&path), Some(SlowCapture { fps: 5.0, source_fps: 30.0 }));
        let notes = VideoReader::open(&path, Sizes::default()).unwrap().info().notes.clone();
        assert_eq!(notes, [format!("Captured at {words}")]);
        assert_eq!(SlowCapture::of_file(&write("live.mp4", None)), None);
        assert_eq!(SlowCapture::of_file(&dir.path().join("live none.mp4")), None);
    }
}
