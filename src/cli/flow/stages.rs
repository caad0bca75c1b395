//! The stages of the work on one pair of large images, as a line on the terminal.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

/// Time between two pictures of the spinner.
const TICK: Duration = Duration::from_millis(120);
/// Time between two lines about one stage where there is no terminal.
const LOG_INTERVAL: Duration = Duration::from_secs(20);

/// The stages of a piece of work: on a terminal a line with the time that the present one takes, elsewhere a line each.
pub(super) struct Stages {
    bar: ProgressBar,
    /// Whether a person looks on.
    on_terminal: bool,
    /// Whether the stages are worth a line in a log.
    pub is_long: bool,
    number: usize,
    of: usize,
    /// What the present stage is called.
    text: String,
    /// When it began, and when a line about it was last printed.
    began: Instant,
    printed: Instant,
}

impl Stages {
    /// Returns the display of `of` stages, none of which has begun.
    pub fn new(of: usize) -> Self {
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})").expect("the template is well-formed");
        let on_terminal = stderr().is_terminal();
        let now = Instant::now();
        Self {
            bar: ProgressBar::new_spinner().with_style(style),
            on_terminal,
            is_long: false,
            number: 0,
            of,
            text: String::new(),
            began: now,
            printed: now,
        }
    }

    /// Begins the next stage.
    pub fn begin(&mut self, what: &str) {
        self.number += 1;
        self.text = line(self.number, self.of, what);
        self.began = Instant::now();
        self.printed = self.began;
        if self.on_terminal {
            self.bar.reset_elapsed();
            self.bar.set_message(self.text.clone());
            self.bar.enable_steady_tick(TICK);
        } else if self.is_long {
            eprintln!("{}", self.text);
        }
    }

    /// Shows the share of the present stage that is done, and the time left at this speed.
    pub fn progress(&mut self, share: f64) {
        let text = format!("{}: {}", self.text, progress_in_words(share, self.began.elapsed()));
        if self.on_terminal {
            self.bar.set_message(text);
        } else if self.is_long && share < 1.0 && self.printed.elapsed() >= LOG_INTERVAL {
            self.printed = Instant::now();
            eprintln!("{text}");
        }
    }

    /// Prints a line above.
    pub fn note(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    /// Takes the line away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn progress_in_words(share: f64, elapsed: Duration) -> String {
    let left = elapsed.mul_f64((1.0 - share).max(0.0) / share.max(1e-3));
    format!("{:.0} %, about {:#} left", 100.0 * share, HumanDuration(left))
}

fn line(number: usize, of: usize, what: &str) -> String {
    format!("{number}/{of} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_counted() {
        let mut stages = Stages { on_terminal: false, ..Stages::new(3) };
        ["Reading the images", "Computing the flow"].into_iter().for_each(|what| stages.begin(what));
        stages.progress(0.5);
        stages.end();
        assert_eq!(progress_in_words(0.25, Duration::from_secs(60)), "25 %, about 3m left");
        assert_eq!(line(stages.number, stages.of, "Computing the flow"), "2/3 Computing the flow");
    }
}
