//! Capture rate of a clip from a live source, if it is far below the source's own rate.
//!
//! A network that is trained on such a clip sees larger motion between two frames than the source has, so both rates
//! are stored in the comment of the file.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::{StopFlag, libav};
use crate::files;

/// Share of the source's frames below which a clip gets a warning.
const FEW: f64 = 0.5;
/// Prefix of the comment.
const CAPTURED: &str = "Captured at ";
/// Bytes searched at both ends of a file: a clip has its comment in the index at the end, a recording in the header.
const SEARCHED: usize = 1 << 14;
/// Suffix of the comment.
const UNIT: &str = " frames a second: motion between frames is larger than in the source";

/// The rates of a capture with less than half the frames of its source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlowCapture {
    /// Captured frames per second.
    pub fps: f64,
    /// Frames per second that the source claims.
    pub source_fps: f64,
}

impl SlowCapture {
    /// Returns the rates if `fps` is less than half of `source_fps`; `None` otherwise, and if the source claims no
    /// rate.
    pub fn new(fps: f64, source_fps: Option<f64>) -> Option<Self> {
        source_fps.filter(|source_fps| fps > 0.0 && fps < FEW * source_fps).map(|source_fps| Self { fps, source_fps })
    }

    /// Returns the rates stored in the file at `path`; `None` if there are none or it cannot be read. Only files that
    /// contain the text of the comment are opened as videos, as a data set has too many files to open them all.
    pub fn of_file(path: &Path) -> Option<Self> {
        if !may_carry(path).ok()? {
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

    /// Returns the comment for the file.
    pub(super) fn comment(self) -> String {
        format!("{CAPTURED}{}", self.in_words())
    }

    /// Parses the comment of a file; `None` if it has another form.
    pub(super) fn of_comment(comment: &str) -> Option<Self> {
        let (fps, source) = comment.strip_prefix(CAPTURED)?.strip_suffix(UNIT)?.split_once(" of ")?;
        Some(Self { fps: fps.parse().ok()?, source_fps: source.parse().ok()? })
    }
}

/// Returns whether the text of the comment occurs near the beginning or the end of the file at `path`; false if it is
/// not a file.
fn may_carry(path: &Path) -> io::Result<bool> {
    let facts = fs::metadata(path)?;
    if !facts.is_file() {
        return Ok(false);
    }
    let mut file = files::open(path)?;
    let mut is_near = |start: u64| -> io::Result<bool> {
        let mut bytes = Vec::with_capacity(SEARCHED);
        file.seek(SeekFrom::Start(start))?;
        file.by_ref().take(SEARCHED as u64).read_to_end(&mut bytes)?;
        Ok(bytes.windows(CAPTURED.len()).any(|window| window == CAPTURED.as_bytes()))
    };
    Ok(is_near(facts.len().saturating_sub(SEARCHED as u64))? || is_near(0)?)
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::super::{Geometry, Sizes, VideoReader, VideoWriter};
    use super::*;
    use crate::output::Existing;

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
        let path = write("renamed by hand.mp4", slow);
        assert_eq!(SlowCapture::of_file(&path), Some(SlowCapture { fps: 5.0, source_fps: 30.0 }));
        let notes = VideoReader::open(&path, Sizes::default()).unwrap().info().notes.clone();
        assert_eq!(notes, [format!("Captured at {words}")]);
        assert_eq!(SlowCapture::of_file(&write("live.mp4", None)), None);
        let size = Geometry { width: 32, height: 32 };
        let growing = dir.path().join("a recording.mp4");
        let mut writer = VideoWriter::create_growing(&growing, size, 5.0, slow, Existing::Keep).unwrap();
        for shade in 0..200 {
            writer.push(&RgbImage::from_pixel(32, 32, image::Rgb([shade; 3]))).unwrap();
        }
        writer.finish().unwrap();
        assert_eq!(SlowCapture::of_file(&growing).map(SlowCapture::rates).as_deref(), Some("5 of 30"));
        assert_eq!(SlowCapture::of_file(dir.path()), None);
        assert_eq!(SlowCapture::of_file(&dir.path().join("live none.mp4")), None);
    }
}
