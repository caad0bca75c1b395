//! Frames of a camera as a clip on disk.

use std::path::Path;
use std::time::{Duration, Instant};

use image::RgbImage;
use image::imageops::{self, FilterType};

use crate::error::{Error, Result};
use crate::video::{Geometry, LiveFrame, VideoWriter};

/// The frame rate of a clip whose frames do not define one.
const USUAL_FPS: f64 = 25.0;
/// Rates of cameras; what is outside comes from frames that arrived in a heap.
const RATES: std::ops::RangeInclusive<f64> = 1.0..=240.0;
/// A frame stands for no more than so many, however long the camera was silent; the rest of the silence is cut out.
const MOST_REPEATS: usize = 250;

/// A clip that grows picture by picture, each shown for as long as it was seen.
pub(super) struct ClipFile {
    writer: VideoWriter,
    size: Geometry,
    fps: f64,
    /// When the first picture was captured, later by the silences that are cut out.
    first: Option<Instant>,
    pushed: usize,
}

impl ClipFile {
    /// Begins a clip of frames like these, of which there must be at least one; the file appears when it is complete.
    ///
    /// # Errors
    /// Same as [`VideoWriter::create`].
    pub fn create(path: &Path, frames: &[LiveFrame]) -> Result<Self> {
        let newest = frames.last().ok_or_else(|| nothing_yet(path))?;
        let (size, fps) = (size(&newest.frame.display), rate(frames));
        Ok(Self { writer: VideoWriter::create(path, size, fps)?, size, fps, first: None, pushed: 0 })
    }

    /// Begins a recording of pictures like `first` at the rate of `frames`, which stays however its writing ends.
    ///
    /// # Errors
    /// Same as [`VideoWriter::create_growing`].
    pub fn record(path: &Path, first: &RgbImage, frames: &[LiveFrame]) -> Result<Self> {
        let (size, fps) = (size(first), rate(frames));
        Ok(Self { writer: VideoWriter::create_growing(path, size, fps)?, size, fps, first: None, pushed: 0 })
    }

    /// Adds a picture as it is.
    ///
    /// # Errors
    /// Same as [`VideoWriter::push`].
    pub fn push(&mut self, picture: &RgbImage) -> Result<()> {
        self.push_times(picture, 1)
    }

    /// Adds a picture as often as it takes for the clip to keep up with the clock.
    ///
    /// # Errors
    /// Same as [`VideoWriter::push`].
    pub fn push_in_time(&mut self, picture: &RgbImage, captured: Instant) -> Result<()> {
        let first = self.first.get_or_insert(captured);
        let times = repeats(first, captured, self.fps, self.pushed);
        self.push_times(picture, times)
    }

    /// Seconds of the clip.
    pub fn secs(&self) -> f64 {
        self.pushed as f64 / self.fps
    }

    /// Has the disk confirm what is written.
    ///
    /// # Errors
    /// Same as [`VideoWriter::sync`].
    pub fn sync(&self) -> Result<()> {
        self.writer.sync()
    }

    /// Completes the file.
    ///
    /// # Errors
    /// Same as [`VideoWriter::finish`].
    pub fn finish(self) -> Result<()> {
        self.writer.finish()
    }

    fn push_times(&mut self, picture: &RgbImage, times: usize) -> Result<()> {
        let fitted;
        let picture = if size(picture) == self.size {
            picture
        } else {
            // The camera came back with another size.
            fitted = imageops::resize(picture, self.size.width, self.size.height, FilterType::Triangle);
            &fitted
        };
        (0..times).try_for_each(|_| self.writer.push(picture))?;
        self.pushed += times;
        Ok(())
    }
}

fn size(picture: &RgbImage) -> Geometry {
    let (width, height) = picture.dimensions();
    Geometry { width, height }
}

/// Returns the error for a recording that starts before the first frame.
pub(super) fn nothing_yet(path: &Path) -> Error {
    Error::file(path, "no frame has arrived from the camera yet", "Wait for the first frame and try again")
}

/// Frames per second of what was captured.
fn rate(frames: &[LiveFrame]) -> f64 {
    let (Some(first), Some(last)) = (frames.first(), frames.last()) else { return USUAL_FPS };
    let secs = last.captured.saturating_duration_since(first.captured).as_secs_f64();
    let fps = (frames.len() - 1) as f64 / secs;
    if fps.is_finite() && RATES.contains(&fps) { (100.0 * fps).round() / 100.0 } else { USUAL_FPS }
}

/// Returns how often the frame of time `captured` is shown in a clip of `fps` that began at `first` and has `pushed` pictures.
/// What is missing beyond the limit is cut out: `first` moves, so that the frames after a long silence do not make up for it.
fn repeats(first: &mut Instant, captured: Instant, fps: f64, pushed: usize) -> usize {
    let elapsed_secs = captured.saturating_duration_since(*first).as_secs_f64();
    let due = ((elapsed_secs * fps).round() as usize + 1).saturating_sub(pushed);
    let repeats = due.min(MOST_REPEATS);
    *first += Duration::from_secs_f64((due - repeats) as f64 / fps);
    repeats
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_keeps_up_with_the_clock_whatever_the_camera_does() {
        // 25 fps, then a second of silence, then 50 fps.
        let times = (0..50).map(|i| 0.04 * f64::from(i)).chain((0..50).map(|i| 3.0 + 0.02 * f64::from(i)));
        let began = Instant::now();
        let (mut first, mut pushed) = (began, 0);
        for (i, secs) in times.enumerate() {
            let repeated = repeats(&mut first, began + Duration::from_secs_f64(secs), 25.0, pushed);
            assert!(if i == 50 { repeated == 26 } else { repeated <= 1 }, "{i}: {repeated}");
            pushed += repeated;
            assert!((pushed as f64 / 25.0 - secs).abs() <= 0.061, "{i}");
        }
    }

    #[test]
    fn only_the_first_frame_after_a_long_silence_is_shown_for_longer() {
        let began = Instant::now();
        let (mut first, mut pushed) = (began, 0);
        let mut at = |secs: f64| {
            let repeated = repeats(&mut first, began + Duration::from_secs_f64(secs), 25.0, pushed);
            pushed += repeated;
            repeated
        };
        assert_eq!([0.0, 0.04].map(&mut at), [1, 1]);
        assert_eq!([3600.0, 3600.04, 3600.08].map(&mut at), [MOST_REPEATS, 1, 1]);
        assert_eq!([7200.0, 7200.04, 7200.12].map(&mut at), [MOST_REPEATS, 1, 2]);
    }
}
