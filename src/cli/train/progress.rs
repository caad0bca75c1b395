//! Training progress on a terminal: a bar with speed, time left and loss terms; in a log file, a line now and then.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::super::outcome::complain;
use crate::plural::counted;
use crate::training::{Preparation, StepMetrics, TrainingEvent};

/// Time between two lines where there is no terminal.
const LOG_INTERVAL: Duration = Duration::from_secs(20);
/// Share of the time spent waiting for clips from which it is shown.
const SHOWN_STALL: f64 = 0.05;

/// A display of training events.
pub(super) struct TrainingProgress {
    bar: ProgressBar,
    on_terminal: bool,
    logged: Option<Instant>,
    /// The best validation result of this call, with its model folder.
    best: Option<String>,
}

impl Default for TrainingProgress {
    fn default() -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}").expect("the template is well-formed");
        Self {
            bar: ProgressBar::no_length().with_style(style),
            on_terminal: stderr().is_terminal(),
            logged: None,
            best: None,
        }
    }
}

impl TrainingProgress {
    /// Shows an event.
    pub fn show(&mut self, event: &TrainingEvent) {
        match event {
            TrainingEvent::Part { number, of, network } => {
                self.line(&format!("Run {} of {of}: {network:?}", number + 1));
            }
            TrainingEvent::Started { run_dir, clips, classes, parameters, resumed_at } => {
                let classes =
                    if classes.is_empty() { String::new() } else { format!(" of {}", counted(classes.len(), "class")) };
                let clips = counted(*clips, "clip");
                self.line(&format!("{clips}{classes}; {parameters} parameters; run folder {}", run_dir.display()));
                if *resumed_at > 0 {
                    self.line(&format!("Resumed after step {resumed_at}"));
                }
            }
            TrainingEvent::Preparing { what, done, of } => self.prepare(*what, *done, *of),
            TrainingEvent::Step(metrics) => self.step(metrics),
            TrainingEvent::Validation { step, name, value, .. } => {
                self.line(&format!("step {step}: {name} {value:.4}"))
            }
            TrainingEvent::Best { step, name, value, model_dir } => {
                self.best = Some(format!("{name} {value:.4} after step {step}: {}", model_dir.display()));
            }
            TrainingEvent::OutOfPatience { best_step } => {
                self.line(&format!("Stopped early: no improvement since step {best_step}"));
            }
            TrainingEvent::Checkpoint(path) => tracing::info!("checkpoint {}", path.display()),
            TrainingEvent::Snapshots(_)
            | TrainingEvent::Resuming(_)
            | TrainingEvent::FewSteps(_)
            | TrainingEvent::Switched { .. }
            | TrainingEvent::GradientShares(_) => {}
            TrainingEvent::RolledBack { from, to, diverged, .. } => {
                diverged.iter().for_each(|error| self.bar.suspend(|| complain(error)));
                self.line(&format!("Rolled back from step {from} to step {to}"));
            }
            TrainingEvent::Warning(error) => self.bar.suspend(|| complain(error)),
            TrainingEvent::Paused => self.line("Paused"),
            TrainingEvent::Resumed => self.line("Resumed"),
            TrainingEvent::Finished { model_dir, .. } => {
                self.bar.finish_and_clear();
                if let Some(best) = &self.best {
                    println!("Best model: {best}");
                }
                println!("Model: {0}\nUse it with `motionscope --model {0}`.", model_dir.display());
            }
        }
    }

    fn prepare(&mut self, what: Preparation, done: usize, of: usize) {
        let what = what.name().to_lowercase();
        if self.on_terminal {
            self.bar.set_length(of as u64);
            self.bar.set_position(done as u64);
            self.bar.set_message(format!("clips: {what}"));
        } else if done == of || self.logged.is_none_or(|logged| logged.elapsed() >= LOG_INTERVAL) {
            self.logged = Some(Instant::now());
            self.line(&format!("{what}: {done}/{of} clips"));
        }
    }

    fn step(&mut self, metrics: &StepMetrics) {
        let last = metrics.step == metrics.steps;
        if self.on_terminal {
            self.bar.set_length(metrics.steps as u64);
            self.bar.set_position(metrics.step as u64);
            self.bar.set_message(summary(metrics));
        } else if last || self.logged.is_none_or(|logged| logged.elapsed() >= LOG_INTERVAL) {
            self.logged = Some(Instant::now());
            self.line(&format!("step {}/{}  {}", metrics.step, metrics.steps, summary(metrics)));
        }
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }
}

/// Returns speed, time left and all loss terms as text.
fn summary(metrics: &StepMetrics) -> String {
    let left = HumanDuration(Duration::try_from_secs_f64(metrics.eta_secs).unwrap_or_default());
    let mut text =
        format!("{:.2} it/s, {left:#} left, lr {:.1e}, loss {:.4}", metrics.steps_per_sec, metrics.rate, metrics.loss);
    if metrics.stall >= SHOWN_STALL {
        text += &format!(", {:.0} % waiting for clips", 100.0 * metrics.stall);
    }
    if let Some(accuracy) = metrics.accuracy {
        text += &format!(", accuracy {:.0} %", 100.0 * accuracy);
    }
    let terms: Vec<_> = metrics.terms.iter().map(|(name, value)| format!("{name} {value:.3}")).collect();
    if !terms.is_empty() {
        text += &format!("\n  {}", terms.join("  "));
    }
    text
}
