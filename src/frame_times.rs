//! Times of a video's frames: the only place that converts seconds to frames and back.
//!
//! Times are seconds on the clock of the file, as players display it: zero is the beginning of the file, which may be
//! before its first picture. Labels are time intervals, and each frame has its own time stamp, so the average frame
//! rate never decides which frame is meant.

use std::ops::Range;
use std::sync::Arc;

/// Tolerance for times that were computed or rounded to microseconds in a file, at the midpoint between two frames.
const ROUNDING_SECS: f64 = 1e-6;

/// Relative tolerance between frame rates that count as equal: 29.97 is also called 30.
const RATE_TOLERANCE: f64 = 0.01;

/// The times of all frames of a video. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameTimes {
    stamps: Stamps,
    /// End of the last frame.
    end_secs: f64,
}

#[derive(Debug, Clone, PartialEq)]
enum Stamps {
    /// Evenly spaced frames.
    Even { frames: usize, start_secs: f64, fps: f64 },
    /// The time stamp of each frame, strictly increasing.
    Listed(Arc<[f64]>),
}

/// The frames in a time interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameSpan {
    /// From the first frame to before this end; never empty.
    pub frames: Range<usize>,
    /// Whether the interval began before the first frame or ended after the last one, by more than half a frame.
    pub is_cut: bool,
}

impl FrameTimes {
    /// Creates the times of `frames` frames at `fps` frames per second, the first at `start_secs`; `None` unless both
    /// are finite and the rate is above 0.
    pub fn even(frames: usize, fps: f64, start_secs: f64) -> Option<Self> {
        let step_secs = 1.0 / fps;
        if !(step_secs.is_finite() && step_secs > 0.0 && start_secs.is_finite()) {
            return None;
        }
        let end_secs = start_secs + frames as f64 / fps;
        Some(Self { stamps: Stamps::Even { frames, start_secs, fps }, end_secs })
    }

    /// Creates the times of frames with these time stamps, the last of which ends at `end_secs`; `None` unless all of
    /// them are finite and strictly increasing.
    pub fn listed(stamps: impl Into<Arc<[f64]>>, end_secs: f64) -> Option<Self> {
        let stamps: Arc<[f64]> = stamps.into();
        let is_rising = stamps.is_sorted_by(|a, b| a < b);
        let is_finite = stamps.iter().chain([&end_secs]).all(|secs| secs.is_finite());
        let ends_last = stamps.last().is_none_or(|&last| last < end_secs);
        (is_rising && is_finite && ends_last).then_some(Self { stamps: Stamps::Listed(stamps), end_secs })
    }

    /// Returns the number of frames.
    pub fn frames(&self) -> usize {
        match &self.stamps {
            Stamps::Even { frames, .. } => *frames,
            Stamps::Listed(stamps) => stamps.len(),
        }
    }

    /// Returns the time stamps if they deviate from an even rate.
    pub fn as_listed(&self) -> Option<&[f64]> {
        match &self.stamps {
            Stamps::Even { .. } => None,
            Stamps::Listed(stamps) => Some(stamps),
        }
    }

    /// Returns the time of the first frame.
    pub fn start_secs(&self) -> f64 {
        self.secs(0)
    }

    /// Returns the end of the last frame.
    pub fn end_secs(&self) -> f64 {
        self.end_secs
    }

    /// Returns the time from the first frame to the end of the last.
    pub fn duration_secs(&self) -> f64 {
        self.end_secs - self.start_secs()
    }

    /// Returns the time of frame `frame`; the end of the last frame for indices after it.
    pub fn secs(&self, frame: usize) -> f64 {
        match &self.stamps {
            Stamps::Even { frames, start_secs, fps } if frame < *frames => start_secs + frame as f64 / fps,
            Stamps::Listed(stamps) if frame < stamps.len() => stamps[frame],
            _ => self.end_secs,
        }
    }

    /// Returns the start of the first of `frames` and the end of the last of them.
    pub fn span_secs(&self, frames: &Range<usize>) -> [f64; 2] {
        [self.secs(frames.start), self.secs(frames.end)]
    }

    /// Returns the frame shown at `secs`; the first one before the beginning, the last one after the end, 0 without
    /// frames.
    pub fn shown_at(&self, secs: f64) -> usize {
        self.count_until(secs).saturating_sub(1)
    }

    /// Returns the frame that begins nearest to `secs`, the later one of two equally near, or the number of frames if
    /// the end is nearest. With this tolerance of half a frame, rounded times map back to their frames.
    pub fn boundary(&self, secs: f64) -> usize {
        if secs.is_nan() {
            return 0;
        }
        let after = self.count_until(secs); // The first boundary after `secs`, or the end.
        let Some(before) = after.checked_sub(1) else { return 0 };
        let middle = (self.secs(before) + self.secs(after)) / 2.0;
        if secs >= middle - ROUNDING_SECS { after.min(self.frames()) } else { before }
    }

    /// Returns the frames from the boundary nearest to `start_secs` to that nearest to `end_secs`. An interval shorter
    /// than a frame, such as an event, gives one frame. `None` if the end is before the start, or the interval contains
    /// no frame.
    pub fn span(&self, start_secs: f64, end_secs: f64) -> Option<FrameSpan> {
        let frames = self.frames();
        let (start, end) = (self.boundary(start_secs), self.boundary(end_secs));
        let before = self.start_secs() - self.half_frame_secs(0);
        let is_a_span = start_secs <= end_secs; // False for NaN as well.
        if !is_a_span || start >= frames || end_secs < before {
            return None;
        }
        let after = self.end_secs + self.half_frame_secs(frames.saturating_sub(1));
        let is_cut = start_secs < before || end_secs > after;
        Some(FrameSpan { frames: start..end.max(start + 1), is_cut })
    }

    /// Returns the frames from `counted.start` to before `counted.end`, with the first picture as frame 0, counted at
    /// `rate` frames per second, or the video's own frames for `None`. Frames counted at another rate than the video's
    /// are converted by their times. `None` if the range is empty, or entirely outside the video.
    pub fn counted(&self, counted: &Range<usize>, rate: Option<f64>) -> Option<FrameSpan> {
        let (start, end, frames) = (counted.start, counted.end, self.frames());
        let rate = rate.filter(|rate| self.is_other_rate(*rate));
        let secs = |frame: usize, rate: f64| self.start_secs() + frame as f64 / rate;
        match rate {
            _ if start >= end => None,
            Some(rate) => self.span(secs(start, rate), secs(end, rate)),
            None => (start < frames).then(|| FrameSpan { frames: start..end.min(frames), is_cut: end > frames }),
        }
    }

    /// Returns whether `rate` frames per second differs from the video's rate.
    pub fn is_other_rate(&self, rate: f64) -> bool {
        self.fps().is_some_and(|own| (rate - own).abs() > RATE_TOLERANCE * own)
    }

    /// Returns the average frames per second.
    pub fn fps(&self) -> Option<f64> {
        match &self.stamps {
            Stamps::Even { fps, .. } => Some(*fps),
            Stamps::Listed(stamps) => {
                let (first, last) = (stamps.first()?, stamps.last()?);
                (last > first).then(|| (stamps.len() - 1) as f64 / (last - first))
            }
        }
    }

    /// Returns the number of frames that begin at or before `secs`.
    fn count_until(&self, secs: f64) -> usize {
        match &self.stamps {
            Stamps::Listed(stamps) => stamps.partition_point(|&stamp| stamp <= secs),
            Stamps::Even { frames, start_secs, fps } => {
                let guess = ((secs - start_secs) * fps + 1.0).clamp(0.0, *frames as f64) as usize;
                // The division rounds, as does the multiplication in `secs`: the results must agree.
                let candidates = guess.saturating_sub(1)..=guess.saturating_add(1).min(*frames);
                candidates.rev().find(|&count| count == 0 || self.secs(count - 1) <= secs).unwrap_or(0)
            }
        }
    }

    fn half_frame_secs(&self, frame: usize) -> f64 {
        (self.secs(frame + 1) - self.secs(frame)) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 5 s at 30 frames per second, then 5 s at 10.
    fn variable() -> FrameTimes {
        let fast = (0..150).map(|frame| frame as f64 / 30.0);
        let slow = (0..50).map(|frame| 5.0 + frame as f64 / 10.0);
        FrameTimes::listed(fast.chain(slow).collect::<Vec<_>>(), 10.0).unwrap()
    }

    fn frames(times: &FrameTimes, start: f64, end: f64) -> Option<Range<usize>> {
        times.span(start, end).map(|span| span.frames)
    }

    #[test]
    fn seconds_become_frames_by_the_time_stamps_and_not_by_an_average() {
        let times = variable();
        assert_eq!(frames(&times, 2.0, 3.0), Some(60..90));
        assert_eq!(frames(&times, 5.0, 6.0), Some(150..160));
        assert_eq!(frames(&times, 8.0, 9.0), Some(180..190));
        assert_eq!(times.span_secs(&(180..190)), [8.0, 9.0]);
        assert_eq!(times.duration_secs(), 10.0);
        assert_eq!((times.shown_at(-1.0), times.shown_at(5.05), times.shown_at(99.0)), (0, 150, 199));
    }

    #[test]
    fn a_film_that_begins_late_is_met_on_the_clock_of_its_file() {
        let times = FrameTimes::even(250, 25.0, 0.5).unwrap();
        assert_eq!(frames(&times, 1.0, 2.0), Some(13..38));
        assert_eq!((times.start_secs(), times.end_secs()), (0.5, 10.5));
    }

    #[test]
    fn every_boundary_comes_back_from_rounded_seconds_at_any_rate() {
        for fps in [12.5, 24.0, 24000.0 / 1001.0, 25.0, 30000.0 / 1001.0, 30.0, 60.0, 119.88] {
            for start in [0.0, 0.04, 5.0] {
                let times = FrameTimes::even(5000, fps, start).unwrap();
                for frame in 0..=5000 {
                    for unit in [1e3, 1e6] {
                        let rounded = (times.secs(frame) * unit).round() / unit;
                        assert_eq!(times.boundary(rounded), frame, "{fps} frames per second, {rounded} s");
                    }
                    if frame < 5000 {
                        assert_eq!(times.shown_at(times.secs(frame)), frame, "{fps} frames per second");
                    }
                }
            }
        }
    }

    #[test]
    fn an_even_rate_is_the_same_as_its_time_stamps_listed() {
        let even = FrameTimes::even(100, 30000.0 / 1001.0, 0.25).unwrap();
        let stamps: Vec<f64> = (0..100).map(|frame| even.secs(frame)).collect();
        let listed = FrameTimes::listed(stamps, even.end_secs()).unwrap();
        for step in -50..400 {
            let secs = f64::from(step) * 0.01;
            assert_eq!(even.boundary(secs), listed.boundary(secs), "{secs} s");
            assert_eq!(even.shown_at(secs), listed.shown_at(secs), "{secs} s");
        }
        assert!((listed.fps().unwrap() - even.fps().unwrap()).abs() < 1e-9);
    }

    #[test]
    fn events_are_one_frame_and_what_reaches_beyond_the_film_is_cut() {
        let times = FrameTimes::even(250, 25.0, 0.0).unwrap();
        assert_eq!(frames(&times, 0.0, 0.0), Some(0..1));
        assert_eq!(frames(&times, 0.01, 0.02), Some(0..1));
        assert_eq!(times.span(8.0, 12.3), Some(FrameSpan { frames: 200..250, is_cut: true }));
        assert_eq!(times.span(-1.0, 0.04), Some(FrameSpan { frames: 0..1, is_cut: true }));
        assert_eq!(times.span(9.0, 10.01).map(|span| span.is_cut), Some(false), "half a frame is tolerance");
        for (start, end) in [(11.0, 12.0), (10.0, 10.0), (-2.0, -1.0), (3.0, 2.0), (f64::NAN, 1.0), (1.0, f64::NAN)] {
            assert_eq!(times.span(start, end), None, "{start} to {end}");
        }
    }

    #[test]
    fn frames_at_another_rate_stand_for_the_times_they_are_shown_at() {
        let times = FrameTimes::even(250, 25.0, 0.5).unwrap();
        let counted = |range: Range<usize>, rate| times.counted(&range, rate).map(|span| (span.frames, span.is_cut));
        assert_eq!(counted(100..200, Some(50.0)), Some((50..100, false)));
        assert_eq!(counted(100..200, Some(25.1)), Some((100..200, false)), "the rate is the video's");
        assert_eq!(counted(100..200, None), Some((100..200, false)));
        assert_eq!(counted(200..300, None), Some((200..250, true)));
        assert_eq!(counted(400..600, Some(50.0)), Some((200..250, true)));
        for (range, rate) in [(250..300, None), (500..600, Some(50.0)), (7..7, None), (7..7, Some(50.0))] {
            assert_eq!(counted(range.clone(), rate), None, "{range:?} at {rate:?}");
        }
    }

    #[test]
    fn times_that_make_no_sense_are_refused() {
        assert!(FrameTimes::even(10, 0.0, 0.0).is_none() && FrameTimes::even(10, f64::NAN, 0.0).is_none());
        assert!(FrameTimes::even(10, f64::INFINITY, 0.0).is_none() && FrameTimes::even(10, 25.0, f64::NAN).is_none());
        assert!(FrameTimes::listed(vec![0.0, 1.0, 1.0], 2.0).is_none());
        assert!(FrameTimes::listed(vec![0.0, 1.0], 1.0).is_none());
        let none = FrameTimes::listed(Vec::new(), 0.0).unwrap();
        assert_eq!((none.frames(), none.boundary(1.0), none.shown_at(1.0), none.span(0.0, 1.0)), (0, 0, 0, None));
    }
}
