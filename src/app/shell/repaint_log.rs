//! Log lines with the cost of repaints in the real window, for `MOTIONSCOPE_LOG=motionscope=debug`.

use std::time::{Duration, Instant};

/// Interval of the log lines.
const INTERVAL: Duration = Duration::from_secs(10);

/// The costs of the repaints since the last log line.
#[derive(Debug, Default)]
pub struct RepaintLog {
    /// Seconds on the window's thread, from layout to the hand-over to the graphics driver.
    costs: Vec<f32>,
    since: Option<Instant>,
}

impl RepaintLog {
    /// Adds the cost of the previous repaint in seconds, and logs a line when the interval is over.
    pub fn add(&mut self, cost: Option<f32>) {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        self.costs.extend(cost);
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= INTERVAL {
            tracing::debug!("{}", self.line(since.elapsed()));
            self.costs.clear();
            self.since = None;
        }
    }

    /// Returns the line about `elapsed`.
    fn line(&mut self, elapsed: Duration) -> String {
        self.costs.sort_by(f32::total_cmp);
        let ms = |share: f32| {
            let last = self.costs.len().saturating_sub(1);
            self.costs.get((share * last as f32).round() as usize).map_or(0.0, |secs| 1e3 * secs)
        };
        let (median, high, longest) = (ms(0.5), ms(0.99), ms(1.0));
        let repaints = self.costs.len();
        let secs = elapsed.as_secs_f32();
        format!("{repaints} repaints in {secs:.1} s: median {median:.1} ms, p99 {high:.1} ms, longest {longest:.1} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_median_and_the_slowest() {
        let mut log = RepaintLog { costs: (1..=101).rev().map(|ms| ms as f32 / 1e3).collect(), since: None };
        let line = log.line(Duration::from_secs(10));
        assert_eq!(line, "101 repaints in 10.0 s: median 51.0 ms, p99 100.0 ms, longest 101.0 ms");
        assert!(RepaintLog::default().line(Duration::from_secs(1)).starts_with("0 repaints"));
    }
}
