//! Playback pace of sources that are read faster than real time, such as files.

use std::time::{Duration, Instant};

/// Lateness after which the clock is reset: the source plays slower, nothing is skipped.
const LATEST: Duration = Duration::from_millis(500);
/// Longest gap between time stamps that is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// A mapping from the time stamps of a source to wall-clock time.
#[derive(Debug, Default)]
pub(super) struct CapturePace {
    /// A time stamp in seconds, and when its picture was shown.
    anchor: Option<(f64, Instant)>,
    /// When the first picture after a restart is due.
    begin: Option<Instant>,
}

impl CapturePace {
    /// Returns how long to wait at `now` before the picture with the time stamp `pts_secs` is shown.
    pub fn wait(&mut self, pts_secs: f64, now: Instant) -> Duration {
        let begin = self.begin.take().unwrap_or(now);
        let (first, shown) = *self.anchor.get_or_insert((pts_secs, begin));
        let due = Duration::try_from_secs_f64(pts_secs - first).ok().and_then(|after| shown.checked_add(after));
        match due {
            Some(due) if due > now && due - now <= LONGEST_WAIT => due - now,
            Some(due) if due <= now && now - due <= LATEST => Duration::ZERO,
            _ => {
                self.anchor = Some((pts_secs, now));
                Duration::ZERO
            }
        }
    }

    /// Restarts the clip; its first picture is due `gap_secs` after the picture with the time stamp `last_pts_secs`.
    pub fn restart(&mut self, last_pts_secs: f64, gap_secs: f64) {
        let Some((first, shown)) = self.anchor.take() else { return };
        let over = Duration::try_from_secs_f64(last_pts_secs - first + gap_secs).ok();
        self.begin = over.and_then(|over| shown.checked_add(over));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_wait_for_their_time_and_a_late_reader_plays_on_from_where_it_is() {
        let start = Instant::now();
        let at = |millis: u64| start + Duration::from_millis(millis);
        let mut pace = CapturePace::default();
        assert_eq!(pace.wait(7.0, at(0)), Duration::ZERO);
        assert_eq!(pace.wait(7.04, at(10)), Duration::from_millis(30));
        assert_eq!(pace.wait(7.08, at(90)), Duration::ZERO);
        assert_eq!(pace.wait(7.12, at(100)), Duration::from_millis(20));
        assert_eq!(pace.wait(7.16, at(2000)), Duration::ZERO, "too late");
        assert_eq!(pace.wait(7.2, at(2010)), Duration::from_millis(30));
        assert_eq!(pace.wait(99.0, at(2040)), Duration::ZERO, "a jump ahead");
        assert_eq!(pace.wait(1.0, at(2041)), Duration::ZERO, "a jump back");
        assert_eq!(pace.wait(f64::NAN, at(2042)), Duration::ZERO);
    }

    #[test]
    fn a_clip_that_begins_anew_goes_on_without_a_jump() {
        let start = Instant::now();
        let at = |millis: u64| start + Duration::from_millis(millis);
        let mut pace = CapturePace::default();
        pace.wait(0.0, at(0));
        pace.wait(0.5, at(500));
        pace.restart(0.5, 0.25);
        assert_eq!(pace.wait(0.0, at(510)), Duration::from_millis(240));
    }
}
