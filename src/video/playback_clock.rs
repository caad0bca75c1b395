//! The playback position by wall-clock time.

use std::time::{Duration, Instant};

/// A mapping from wall time to video time, seconds after the first frame; pausing and changing the speed cause no jump.
pub(super) struct PlaybackClock {
    /// Video time at `since`, or constant while stopped.
    secs: f64,
    since: Option<Instant>,
    speed: f64,
}

impl PlaybackClock {
    /// Creates a stopped clock at the beginning.
    pub fn new() -> Self {
        Self { secs: 0.0, since: None, speed: 1.0 }
    }

    /// Returns whether it runs.
    pub fn is_running(&self) -> bool {
        self.since.is_some()
    }

    /// Returns the video seconds per wall second; negative backwards.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Returns the video time at `now`, seconds.
    pub fn secs(&self, now: Instant) -> f64 {
        let run = self.since.map_or(0.0, |since| now.saturating_duration_since(since).as_secs_f64());
        self.secs + self.speed * run
    }

    /// Sets the video time without starting or stopping the clock.
    pub fn set(&mut self, secs: f64, now: Instant) {
        self.secs = secs;
        self.since = self.since.map(|_| now);
    }

    /// Starts or stops it.
    pub fn run(&mut self, running: bool, now: Instant) {
        self.secs = self.secs(now);
        self.since = running.then_some(now);
    }

    /// Changes the speed from `now` on.
    pub fn set_speed(&mut self, speed: f64, now: Instant) {
        self.set(self.secs(now), now);
        self.speed = speed;
    }

    /// Returns the wall time from `now` until the video time `secs`; zero if that is past.
    pub fn until(&self, secs: f64, now: Instant) -> Duration {
        let ahead = (secs - self.secs(now)) / self.speed;
        Duration::try_from_secs_f64(ahead.max(0.0)).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_changes_and_pauses_leave_no_jump() {
        let start = Instant::now();
        let at = |secs: u64| start + Duration::from_secs(secs);
        let mut clock = PlaybackClock::new();
        clock.run(true, start);
        clock.set_speed(2.0, at(1));
        assert_eq!(clock.secs(at(2)), 3.0);
        clock.run(false, at(2));
        assert_eq!(clock.secs(at(9)), 3.0);
        clock.run(true, at(9));
        clock.set_speed(-1.0, at(9));
        assert_eq!(clock.secs(at(10)), 2.0);
        assert_eq!(clock.until(1.5, at(10)), Duration::from_millis(500));
        assert_eq!(clock.until(2.5, at(10)), Duration::ZERO);
    }
}
