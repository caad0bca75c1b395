//! Backlog detection: when frames pile up before the decoder, the older ones are skipped.
//!
//! Time stamps of live streams drift, jump, or are invented by the demuxer, so they cannot show a backlog. Whether a
//! read blocks can: a reader that keeps up waits for the next picture, a late one finds it ready. The pictures buffered
//! while the source was being opened are a backlog too.

use std::time::{Duration, Instant};

/// Shortest read that counts as waiting for the source.
const A_WAIT: Duration = Duration::from_millis(1);
/// How long reads may return at once without a backlog: streams start and arrive in bursts.
const PATIENCE: Duration = Duration::from_secs(1);

/// A detector of a reader that lags behind.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// Start of the current run of reads that did not wait.
    since: Option<Instant>,
    /// True once the reader has caught up.
    has_waited: bool,
}

impl Backlog {
    /// Returns whether to skip the picture whose read took `waited` and ended at `now`.
    pub fn is_behind(&mut self, waited: Duration, now: Instant) -> bool {
        if waited >= A_WAIT {
            (self.since, self.has_waited) = (None, true);
            return false;
        }
        let is_impatient = now.saturating_duration_since(*self.since.get_or_insert(now)) > PATIENCE;
        if is_impatient && !self.has_waited {
            // A source that is always ahead: too many pictures are better than none.
            (self.since, self.has_waited) = (None, true);
            return false;
        }
        is_impatient || !self.has_waited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_gathered_while_the_source_was_opened_is_passed_over() {
        let start = Instant::now();
        let at = |millis: u64| start + Duration::from_millis(millis);
        let mut backlog = Backlog::default();
        assert!((0..30).all(|i| backlog.is_behind(Duration::ZERO, at(2 * i))));
        assert!(!backlog.is_behind(Duration::from_millis(20), at(80)) && !backlog.is_behind(Duration::ZERO, at(81)));
        // A source that never blocks still shows pictures.
        let mut backlog = Backlog::default();
        let behind: Vec<bool> = (0..60).map(|i| backlog.is_behind(Duration::ZERO, at(33 * i))).collect();
        assert!(behind[..31].iter().all(|behind| *behind) && !behind[31..].contains(&true), "{behind:?}");
    }

    #[test]
    fn only_a_reader_that_never_waits_lies_behind_and_one_wait_says_that_it_caught_up() {
        let start = Instant::now();
        let at = |millis: u64| start + Duration::from_millis(millis);
        let mut backlog = Backlog::default();
        // 30 fps in bursts of ten.
        for i in 0..300 {
            let waited = if i % 10 == 0 { Duration::from_millis(300) } else { Duration::ZERO };
            assert!(!backlog.is_behind(waited, at(33 * i)), "{i}");
        }
        let behind: Vec<bool> = (300..400).map(|i| backlog.is_behind(Duration::ZERO, at(33 * i))).collect();
        assert!(!behind[20] && behind[40..].iter().all(|behind| *behind));
        assert!(!backlog.is_behind(Duration::from_millis(5), at(14_000)));
        assert!(!backlog.is_behind(Duration::ZERO, at(14_010)));
    }
}
