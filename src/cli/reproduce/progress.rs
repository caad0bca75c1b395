//! The news of a reproduction on a terminal: a line a row and a bar for what it is at; in a log file a line now and then.

use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::outcome::complain;
use crate::reproduction::{ReproductionEvent, ReproductionTable};
use crate::training::TrainingEvent;

/// Time between two lines where there is no terminal.
const LOG_INTERVAL: Duration = Duration::from_secs(20);

/// Shows events.
pub(super) struct ReproductionProgress {
    bar: ProgressBar,
    on_terminal: bool,
    logged: Option<Instant>,
    /// The network in training.
    training: String,
}

impl Default for ReproductionProgress {
    fn default() -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}").expect("the template is well-formed");
        Self {
            bar: ProgressBar::no_length().with_style(style),
            on_terminal: stderr().is_terminal(),
            logged: None,
            training: String::new(),
        }
    }
}

impl ReproductionProgress {
    /// Shows what an event says.
    pub fn tell(&mut self, event: &ReproductionEvent) {
        match event {
            ReproductionEvent::Drawing { done, of } => self.count(*done, *of, "clips generated"),
            ReproductionEvent::Row { name, number, of } => self.line(&format!("Row {number} of {of}: {name}")),
            ReproductionEvent::Kept(name) => self.line(&format!("{name}: already done")),
            ReproductionEvent::Training(event) => self.train(event),
            ReproductionEvent::Measuring { done, of } => self.count(*done, *of, "evaluated"),
            ReproductionEvent::Timing { done, of } => self.count(*done, *of, "clips timed, all rows in turn"),
            ReproductionEvent::Done(figures) => self.line(&format!("  {figures}")),
            ReproductionEvent::Failed { error, .. } | ReproductionEvent::Warning(error) => self.warn(error),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn train(&mut self, event: &TrainingEvent) {
        match event {
            TrainingEvent::Started { run_dir, resumed_at, .. } => {
                self.training = run_dir.display().to_string();
                if *resumed_at > 0 {
                    self.line(&format!("  {}: resumed after step {resumed_at}", self.training));
                }
            }
            TrainingEvent::Preparing { what, done, of } => {
                self.count(*done, *of, &format!("clips: {}", what.name().to_lowercase()));
            }
            TrainingEvent::Step(metrics) => {
                let accuracy =
                    metrics.accuracy.map(|share| format!(", accuracy {:.0} %", 100.0 * share)).unwrap_or_default();
                let message =
                    format!("{}: {:.2} it/s, loss {:.4}{accuracy}", self.training, metrics.steps_per_sec, metrics.loss);
                self.count(metrics.step, metrics.steps, &message);
            }
            TrainingEvent::Warning(error) => self.warn(error),
            _ => {}
        }
    }

    fn count(&mut self, done: usize, of: usize, message: &str) {
        if self.on_terminal {
            self.bar.set_length(of as u64);
            self.bar.set_position(done as u64);
            self.bar.set_message(message.to_owned());
        } else if self.logged.is_none_or(|logged| logged.elapsed() >= LOG_INTERVAL) {
            self.logged = Some(Instant::now());
            self.line(&format!("  {done}/{of}  {message}"));
        }
    }

    fn warn(&self, error: &crate::error::Error) {
        self.bar.suspend(|| complain(error));
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }
}

/// Prints the table, and the names of its files in folder `dir`.
pub(super) fn show_table(table: &ReproductionTable, dir: &Path) {
    print!("{}", table.text());
    println!("\nAlso in {}: table.md, table.csv, table.json", dir.display());
}
