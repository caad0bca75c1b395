//! The stages of the work on one pair of large images, as a line on the terminal.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Time between two pictures of the spinner.
const TICK: Duration = Duration::from_millis(120);

/// The stages of a piece of work: on a terminal a line with the time that the present one takes, elsewhere a line each.
pub(super) struct Stages {
    bar: ProgressBar,
    /// Whether a person looks on.
    on_terminal: bool,
    /// Whether the stages are worth a line in a log.
    pub is_long: bool,
    number: usize,
    of: usize,
}

impl Stages {
    /// Returns the display of `of` stages, none of which has begun.
    pub fn new(of: usize) -> Self {
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})").expect("the template is well-formed");
        let on_terminal = stderr().is_terminal();
        Self { bar: ProgressBar::new_spinner().with_style(style), on_terminal, is_long: false, number: 0, of }
    }

    /// Begins the next stage.
    pub fn begin(&mut self, what: &str) {
        self.number += 1;
        let text = line(self.number, self.of, what);
        if self.on_terminal {
            self.bar.reset_elapsed();
            self.bar.set_message(text);
            self.bar.enable_steady_tick(TICK);
        } else if self.is_long {
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
        stages.end();
        assert_eq!(line(stages.number, stages.of, "Computing the flow"), "2/3 Computing the flow");
    }
}
