//! Clips of live frames on disk.

use std::path::Path;
use std::time::{Duration, Instant};

use image::RgbImage;
use image::imageops::{self, FilterType};

use crate::error::{Error, Result};
use crate::output::Existing;
use crate::video::{Geometry, LiveFrame, SlowCapture, VideoWriter};

/// Frame rate of a clip whose frames do not define one.
const USUAL_FPS: f64 = 25.0;
/// Plausible camera rates; others come from frames that arrived in bursts.
const RATES: std::ops::RangeInclusive<f64> = 1.0..=240.0;
/// Shortest duration from which a frame rate is measured.
const RATED: Duration = Duration::from_secs(1);
/// Maximum number of repetitions of a frame, however long the camera was silent; the rest of the silence is cut.
const MOST_REPEATS: usize = 250;

/// A clip that grows picture by picture, in real time.
pub(super) struct ClipFile {
    writer: VideoWriter,
    size: Geometry,
    fps: f64,
    /// Capture time of the first picture, shifted by the silences that were cut.
    first: Option<Instant>,
    pushed: usize,
}

impl ClipFile {
    /// Starts a clip of frames like `frames`, at least one, at the rate of a played source, else at the rate of their
    /// arrival; `slow` is noted in the file. The file appears when it is complete.
    ///
    /// # Errors
    /// Same as [`VideoWriter::create`].
    pub fn create(path: &Path, frames: &[LiveFrame], slow: Option<SlowCapture>) -> Result<Self> {
        let newest = frames.last().ok_or_else(|| nothing_yet(path))?;
        let fps = played_rate(frames).or_else(|| captured_rate(frames)).unwrap_or(USUAL_FPS);
        let size = size(&newest.frame.display);
        let writer = VideoWriter::create_captured(path, size, fps, slow)?;
        Ok(Self { writer, size, fps, first: None, pushed: 0 })
    }

    /// Starts a recording of pictures like `first` at the rate of arrival of `frames`; `slow` is noted in the file.
    /// `existing` decides whether a file is replaced. The file persists however writing ends.
    ///
    /// # Errors
    /// Same as [`VideoWriter::create_growing`].
    pub fn record(
        path: &Path,
        first: &RgbImage,
        frames: &[LiveFrame],
        slow: Option<SlowCapture>,
        existing: Existing,
    ) -> Result<Self> {
        let (size, fps) = (size(first), captured_rate(frames).unwrap_or(USUAL_FPS));
        let writer = VideoWriter::create_growing(path, size, fps, slow, existing)?;
        Ok(Self { writer, size, fps, first: None, pushed: 0 })
    }

    /// Adds a picture once.
    ///
    /// # Errors
    /// Same as [`VideoWriter::push`].
    pub fn push(&mut self, picture: &RgbImage) -> Result<()> {
        self.push_times(picture, 1)
    }

    /// Adds a picture repeatedly until the clip has caught up with the clock.
    ///
    /// # Errors
    /// Same as [`VideoWriter::push`].
    pub fn push_in_time(&mut self, picture: &RgbImage, captured: Instant) -> Result<()> {
        let first = self.first.get_or_insert(captured);
        let times = repeats(first, captured, self.fps, self.pushed);
        self.push_times(picture, times)
    }

    /// Returns the length of the clip in seconds.
    pub fn secs(&self) -> f64 {
        self.pushed as f64 / self.fps
    }

    /// Flushes the written part to the disk.
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
            // The camera's size has changed.
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

/// Returns the rates of `frames` if fewer than half of the source's frames arrived; `None` for a played source, which
/// loses none.
pub(super) fn slow_capture(frames: &[LiveFrame], source_fps: Option<f64>) -> Option<SlowCapture> {
    let (first, last) = (frames.first()?, frames.last()?);
    let is_short = last.captured.saturating_duration_since(first.captured) < RATED;
    let is_played = frames.iter().any(|live| live.source_secs.is_some());
    SlowCapture::new(captured_rate(frames).filter(|_| !is_played && !is_short)?, source_fps)
}

/// Returns the frames per second by the time stamps of a played source.
fn played_rate(frames: &[LiveFrame]) -> Option<f64> {
    let pairs = || frames.windows(2).filter(|pair| !pair[1].is_restart);
    let steps_secs: Option<Vec<f64>> = pairs().map(|pair| Some(pair[1].source_secs? - pair[0].source_secs?)).collect();
    let steps_secs = steps_secs?;
    usable_rate(steps_secs.len(), steps_secs.iter().sum())
}

/// Returns the frames per second by the time of arrival.
fn captured_rate(frames: &[LiveFrame]) -> Option<f64> {
    let (first, last) = (frames.first()?, frames.last()?);
    usable_rate(frames.len() - 1, last.captured.saturating_duration_since(first.captured).as_secs_f64())
}

fn usable_rate(steps: usize, secs: f64) -> Option<f64> {
    let fps = steps as f64 / secs;
    (fps.is_finite() && RATES.contains(&fps)).then_some((100.0 * fps).round() / 100.0)
}

/// Returns how often the frame captured at `captured` is repeated in a clip of `fps` that began at `first` and has
/// `pushed` pictures. Repetitions beyond the limit are cut: `first` moves, so that later frames do not make up for
/// them.
fn repeats(first: &mut Instant, captured: Instant, fps: f64, pushed: usize) -> usize {
    let elapsed_secs = captured.saturating_duration_since(*first).as_secs_f64();
    let due = ((elapsed_secs * fps).round() as usize + 1).saturating_sub(pushed);
    let repeats = due.min(MOST_REPEATS);
    *first += Duration::from_secs_f64((due - repeats) as f64 / fps);
    repeats
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::video::Frame;

    /// Frames that arrive at 5 per second from a source at 25, which restarts with the frame of index 6.
    fn at_five_fps(is_played: bool) -> Vec<LiveFrame> {
        let (start, display) = (Instant::now(), Arc::new(RgbImage::new(4, 4)));
        let live = |index: usize| LiveFrame {
            frame: Arc::new(Frame {
                index,
                pts_secs: 0.0,
                duration_secs: 0.04,
                display: display.clone(),
                scaled: Vec::new(),
            }),
            captured: start + Duration::from_millis(200) * index as u32,
            is_restart: index == 6,
            source_secs: is_played.then_some(0.04 * (index % 6) as f64),
        };
        (0..12).map(live).collect()
    }

    #[test]
    fn few_frames_of_a_camera_are_slow_and_a_video_played_slowly_keeps_its_rate() {
        let (camera, video) = (at_five_fps(false), at_five_fps(true));
        assert_eq!((captured_rate(&camera), played_rate(&camera)), (Some(5.0), None));
        assert_eq!(slow_capture(&camera, Some(25.0)), SlowCapture::new(5.0, Some(25.0)));
        assert_eq!(slow_capture(&camera, Some(10.0)), None, "half of them are enough");
        assert_eq!((slow_capture(&video, Some(25.0)), played_rate(&video)), (None, Some(25.0)));
        assert_eq!(
            (captured_rate(&camera[..1]), played_rate(&video[..1]), slow_capture(&[], Some(25.0))),
            (None, None, None)
        );
    }

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
