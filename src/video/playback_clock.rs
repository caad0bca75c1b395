//! The playback position by wall-clock time.

use std::time::{Duration, Instant};

/// A stretch of playback at one speed, without a jump.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Course {
    /// Video time at `since`.
    secs: f64,
    since: Instant,
    /// Video seconds per wall second; negative backwards.
    pub speed: f64,
    /// Number of jumps before it.
    pub jumps: u64,
}

impl Course {
    /// Video time at `now`.
    pub fn secs(&self, now: Instant) -> f64 {
        self.secs + self.speed * now.saturating_duration_since(self.since).as_secs_f64()
    }

    /// Wall time from `now` until it shows `secs`, in seconds; negative if that is past.
    pub fn secs_until(&self, secs: f64, now: Instant) -> f64 {
        (secs - self.secs(now)) / self.speed
    }
}

/// Maps wall time to video time, seconds after the first frame; pausing and changing the speed leave no jump.
pub(super) struct PlaybackClock {
    /// Video time at `since`, or constant while stopped.
    secs: f64,
    since: Option<Instant>,
    speed: f64,
    jumps: u64,
}

impl PlaybackClock {
    /// Creates a stopped clock at the beginning.
    pub fn new() -> Self {
        Self { secs: 0.0, since: None, speed: 1.0, jumps: 0 }
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
        self.course().map_or(self.secs, |course| course.secs(now))
    }

    /// Returns how playback goes on from here; `None` while the clock is stopped.
    pub fn course(&self) -> Option<Course> {
        let Self { secs, speed, jumps, .. } = *self;
        self.since.map(|since| Course { secs, since, speed, jumps })
    }

    /// Sets the video time without starting or stopping the clock.
    pub fn set(&mut self, secs: f64, now: Instant) {
        self.secs = secs;
        self.since = self.since.map(|_| now);
    }

    /// As [`Self::set`], for another place in the video.
    pub fn jump(&mut self, secs: f64, now: Instant) {
        self.set(secs, now);
        self.jumps += 1;
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
        assert_eq!((clock.secs(at(9)), clock.course()), (3.0, None));
        clock.run(true, at(9));
        clock.set_speed(-1.0, at(9));
        assert_eq!(clock.secs(at(10)), 2.0);
        assert_eq!(clock.until(1.5, at(10)), Duration::from_millis(500));
        assert_eq!(clock.until(2.5, at(10)), Duration::ZERO);
        assert_eq!(clock.course().map(|course| course.secs_until(2.5, at(10))), Some(-0.5));
    }
}
