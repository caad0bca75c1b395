//! Progress of work on clips and descriptors: a bar with the time left; in a log file, a line now and then.

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
        } else if self.logged.elapsed() >= LOG_INTERVAL {
            self.logged = Instant::now();
            eprintln!("  {done}/{of}  {text}");
        }
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
