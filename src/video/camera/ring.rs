//! Ring buffer of a camera's newest seconds, in bounded memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::RgbImage;

use crate::video::Frame;

/// Length of the buffer.
const LENGTH: Duration = Duration::from_secs(4);
/// Memory limit, whatever the size and the rate of the pictures.
const MAX_BYTES: usize = 256 << 20;
/// Time over which the frame rate is measured.
const RATE_OVER: Duration = Duration::from_secs(2);
/// Time without frames after which the frame rate is 0.
const SILENCE: Duration = Duration::from_secs(1);

/// A frame of a camera.
#[derive(Debug, Clone)]
pub struct LiveFrame {
    /// The pictures. Indices count on while the camera runs; a skipped index marks a gap.
    pub frame: Arc<Frame>,
    /// When it was captured.
    pub captured: Instant,
    /// True for the first frame after a looped file restarted: its difference from the previous frame is not motion.
    pub is_restart: bool,
    /// The source's own time stamp in seconds, if the source is played at its own pace: on a slow machine it plays
    /// slower but loses no frame. `None` for a source that sends regardless of the reader.
    pub source_secs: Option<f64>,
}

/// A picture of a camera at the source's own size, for a recording.
#[derive(Debug, Clone)]
pub struct SourcePicture {
    /// The index of its frame.
    pub index: usize,
    /// The picture.
    pub picture: Arc<RgbImage>,
    /// When it was captured.
    pub captured: Instant,
}

/// The newest frames, oldest first.
#[derive(Debug, Default)]
pub(super) struct FrameRing {
    frames: VecDeque<LiveFrame>,
    bytes: usize,
}

impl FrameRing {
    /// Adds the newest frame and drops the oldest beyond the limits.
    pub fn push(&mut self, live: LiveFrame) {
        self.bytes += live.frame.bytes();
        let now = live.captured;
        self.frames.push_back(live);
        while self.frames.len() > 1
            && self
                .frames
                .front()
                .is_some_and(|oldest| self.bytes > MAX_BYTES || now.saturating_duration_since(oldest.captured) > LENGTH)
        {
            let oldest = self.frames.pop_front();
            self.bytes -= oldest.map_or(0, |oldest| oldest.frame.bytes());
        }
    }

    /// Returns the newest frame.
    pub fn newest(&self) -> Option<&LiveFrame> {
        self.frames.back()
    }

    /// Returns up to `count` frames that end with the newest, `stride` apart and without a gap, oldest first; `None` if
    /// there are fewer than `least`.
    pub fn window(&self, least: usize, count: usize, stride: usize) -> Option<Vec<LiveFrame>> {
        let mut frames: Vec<_> = self.unbroken().step_by(stride.max(1)).take(count).cloned().collect();
        frames.reverse();
        (frames.len() >= least.max(1)).then_some(frames)
    }

    /// Returns the frames of the last `secs` seconds up to the newest, without a gap and of its size, oldest first.
    pub fn last(&self, secs: f64) -> Vec<LiveFrame> {
        let Some(newest) = self.newest() else { return Vec::new() };
        let size = newest.frame.display.dimensions();
        let is_wanted = |live: &&LiveFrame| {
            let age = newest.captured.saturating_duration_since(live.captured).as_secs_f64();
            age <= secs && live.frame.display.dimensions() == size
        };
        let mut frames: Vec<_> = self.unbroken().take_while(is_wanted).cloned().collect();
        frames.reverse();
        frames
    }

    /// Returns the frames after the frame `index`, oldest first; all for `None`.
    pub fn after(&self, index: Option<usize>) -> Vec<LiveFrame> {
        let is_new = |live: &&LiveFrame| index.is_none_or(|index| live.frame.index > index);
        let mut frames: Vec<_> = self.frames.iter().rev().take_while(is_new).cloned().collect();
        frames.reverse();
        frames
    }

    /// Returns the frames per second around `now`.
    pub fn fps(&self, now: Instant) -> f64 {
        let age = |live: &LiveFrame| now.saturating_duration_since(live.captured);
        let Some(newest) = self.newest().filter(|newest| age(newest) <= SILENCE) else { return 0.0 };
        let recent: Vec<_> = self.frames.iter().rev().take_while(|live| age(live) <= RATE_OVER).collect();
        let span = recent.last().map_or(Duration::ZERO, |oldest| newest.captured - oldest.captured).as_secs_f64();
        if span > 0.0 { (recent.len() - 1) as f64 / span } else { 0.0 }
    }

    /// Returns the newest frames back to the last gap, newest first.
    fn unbroken(&self) -> impl Iterator<Item = &LiveFrame> {
        let mut next = None;
        self.frames.iter().rev().take_while(move |live| {
            let follows = next.is_none_or(|next| live.frame.index + 1 == next);
            next = Some(live.frame.index);
            follows
        })
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;

    fn live(index: usize, captured: Instant, width: u32) -> LiveFrame {
        let display = Arc::new(RgbImage::new(width, 4));
        let frame = Frame { index, pts_secs: 0.0, duration_secs: 0.0, display, scaled: Vec::new() };
        LiveFrame { frame: Arc::new(frame), captured, is_restart: false, source_secs: None }
    }

    fn ring(start: Instant, indices: impl IntoIterator<Item = usize>) -> FrameRing {
        let mut ring = FrameRing::default();
        indices
            .into_iter()
            .for_each(|index| ring.push(live(index, start + Duration::from_millis(40) * index as u32, 4)));
        ring
    }

    fn indices(frames: &[LiveFrame]) -> Vec<usize> {
        frames.iter().map(|live| live.frame.index).collect()
    }

    #[test]
    fn only_the_newest_seconds_are_kept_however_long_it_runs() {
        let start = Instant::now();
        let ring = ring(start, 0..10_000);
        assert_eq!(ring.frames.len(), 101);
        assert_eq!(ring.bytes, 101 * 4 * 4 * 3);
        assert_eq!(ring.newest().unwrap().frame.index, 9_999);
    }

    #[test]
    fn memory_is_bounded_whatever_the_size_of_the_pictures() {
        let start = Instant::now();
        let mut ring = FrameRing::default();
        // 48 MB a frame.
        for index in 0..12 {
            ring.push(live(index, start + Duration::from_millis(index as u64), 4_000_000));
            assert!(ring.bytes <= MAX_BYTES, "{}", ring.bytes);
        }
        assert_eq!(ring.frames.len(), 5);
    }

    #[test]
    fn a_window_has_no_break_in_it() {
        let start = Instant::now();
        let whole = ring(start, 0..30);
        assert_eq!(indices(&whole.window(11, 11, 1).unwrap()), (19..30).collect::<Vec<_>>());
        assert_eq!(indices(&whole.window(11, 11, 2).unwrap()), (9..30).step_by(2).collect::<Vec<_>>());
        assert!(whole.window(11, 11, 3).is_none());
        assert_eq!(whole.window(11, 64, 1).unwrap().len(), 30, "as many as there are");
        let broken = ring(start, (0..20).chain(25..33));
        assert!(broken.window(11, 11, 1).is_none());
        assert_eq!(indices(&broken.last(4.0)), (25..33).collect::<Vec<_>>());
        assert!(FrameRing::default().window(0, 11, 1).is_none());
    }

    #[test]
    fn the_last_seconds_are_of_one_size_and_news_are_what_was_not_seen() {
        let start = Instant::now();
        let mut ring = ring(start, 0..50);
        assert_eq!(indices(&ring.last(0.4)), (39..50).collect::<Vec<_>>());
        assert_eq!(indices(&ring.after(Some(46))), [47, 48, 49]);
        assert_eq!(ring.after(None).len(), 50);
        ring.push(live(50, start + Duration::from_secs(2), 8));
        assert_eq!(indices(&ring.last(4.0)), [50]);
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds_and_none_in_silence() {
        let start = Instant::now();
        let ring = ring(start, 0..100);
        let end = start + Duration::from_millis(40) * 99;
        assert!((ring.fps(end) - 25.0).abs() < 0.01, "{}", ring.fps(end));
        assert_eq!(ring.fps(end + Duration::from_secs(2)), 0.0);
        assert_eq!(FrameRing::default().fps(end), 0.0);
    }
}
