//! Progress of work on clips, descriptors and frames: a bar with the time left; in a log file, a line now and then.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::outcome::complain;
use crate::error::Error;

/// Time between two lines where there is no terminal.
const LOG_INTERVAL: Duration = Duration::from_secs(20);

/// A display of stages that follow each other.
pub(super) struct StageProgress {
    bar: ProgressBar,
    on_terminal: bool,
    logged: Instant,
    /// The stage, and how much of it was done when it was first seen.
    stage: Option<(String, usize, Instant)>,
}

impl Default for StageProgress {
    fn default() -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}").expect("the template is well-formed");
        let bar = ProgressBar::no_length().with_style(style);
        Self { bar, on_terminal: stderr().is_terminal(), logged: Instant::now(), stage: None }
    }
}

impl StageProgress {
    /// Shows that `done` of `of` parts of `stage` are done.
    pub fn show(&mut self, stage: &str, done: usize, of: usize) {
        if self.stage.as_ref().is_none_or(|(current, ..)| current != stage) {
            self.stage = Some((stage.to_owned(), done, Instant::now()));
        }
        let text =
            format!("{stage}{}", self.time_left(done, of).map(|left| format!(", {left} left")).unwrap_or_default());
        if self.on_terminal {
            self.bar.set_length(of as u64);
            self.bar.set_position(done as u64);
            self.bar.set_message(text);
        } else if self.is_due(Instant::now()) {
            eprintln!("  {done}/{of}  {text}");
        }
    }

    /// Returns whether it is time for another line in a log.
    fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now.saturating_duration_since(self.logged) >= LOG_INTERVAL;
        if is_due {
            self.logged = now;
        }
        is_due
    }

    fn time_left(&self, done: usize, of: usize) -> Option<HumanDuration> {
        let (_, first, since) = self.stage.as_ref()?;
        let work = done.checked_sub(*first).filter(|work| *work > 0)?;
        let left = since.elapsed().mul_f64(of.saturating_sub(done) as f64 / work as f64);
        (left > Duration::ZERO).then_some(HumanDuration(left))
    }

    /// Prints a problem above the bar.
    pub fn warn(&self, error: &Error) {
        self.bar.suspend(|| complain(error));
    }

    /// Prints a line above the bar.
    pub fn line(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_a_line_now_and_then() {
        let mut progress = StageProgress::default();
        let begin = progress.logged;
        let at = |secs: u64| begin + Duration::from_secs(secs);
        let lines = [1, 19, 20, 25, 39, 41].map(|secs| progress.is_due(at(secs)));
        assert_eq!(lines, [false, false, true, false, false, true]);
    }
}
