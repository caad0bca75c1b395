//! Training progress on a terminal: a bar with speed, time left and loss terms; in a log file, a line now and then.

use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use serde_json::{Value, json};

use super::super::outcome::complain;
use super::held_out::HeldOut;
use crate::evaluation::{interval_in_percent, wilson_interval};
use crate::plural::counted;
use crate::training::runs::Run;
use crate::training::{Preparation, StepMetrics, TrainingEvent, TrainingPlan, random_part};

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
    /// The results on clips that were not learned from.
    held_out: HeldOut,
    /// What each run trains from random weights.
    random: Vec<Option<&'static str>>,
    /// The run under way.
    run: usize,
    /// The folder of the trained model, if there is one already.
    model_dir: Option<PathBuf>,
    /// Whether Ctrl-C stopped it with steps left.
    stopped: bool,
}

impl TrainingProgress {
    /// Returns the display of the runs of `plans`.
    pub fn of(plans: &[TrainingPlan]) -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}").expect("the template is well-formed");
        Self {
            bar: ProgressBar::no_length().with_style(style),
            on_terminal: stderr().is_terminal(),
            logged: None,
            best: None,
            held_out: HeldOut::of(plans),
            random: plans.iter().map(random_part).collect(),
            run: 0,
            model_dir: None,
            stopped: false,
        }
    }

    /// Shows an event.
    pub fn show(&mut self, event: &TrainingEvent) {
        self.held_out.receive(event);
        match event {
            TrainingEvent::Part { number, of, network } => {
                self.run = *number;
                self.line(&format!("Run {} of {of}: {network:?}", number + 1));
            }
            TrainingEvent::Started { run_dir, clips, classes, parameters, resumed_at } => {
                let classes =
                    if classes.is_empty() { String::new() } else { format!(" of {}", counted(classes.len(), "class")) };
                let clips = counted(*clips, "clip");
                self.line(&format!("{clips}{classes}; {parameters} parameters; run folder {}", run_dir.display()));
                if *resumed_at > 0 {
                    self.line(&format!("Resumed after step {resumed_at}"));
                } else if let Some(part) = self.random.get(self.run).copied().flatten() {
                    self.line(&format!("{part} starts from random weights; --base starts from a trained model"));
                }
            }
            TrainingEvent::Preparing { what, done, of } => self.prepare(*what, *done, *of),
            TrainingEvent::Step(metrics) => self.step(metrics),
            TrainingEvent::Validation { step, name, value, guesses } => {
                self.line(&format!("step {step}: {}", measured(name, *value, guesses)));
            }
            TrainingEvent::Best { step, name, value, model_dir } => {
                self.best = Some(best_in_words(name, *value, *step, model_dir));
            }
            TrainingEvent::OutOfPatience { best_step } => {
                self.line(&format!("Stopped early: no improvement since step {best_step}"));
            }
            TrainingEvent::CutShort(cut) => self.line(&cut.in_words()),
            TrainingEvent::Checkpoint(path) => tracing::info!("checkpoint {}", path.display()),
            TrainingEvent::Ending(_)
            | TrainingEvent::Snapshots(_)
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
            TrainingEvent::Finished { model_dir, stopped_early } => {
                self.bar.finish_and_clear();
                (self.model_dir, self.stopped) = (Some(model_dir.clone()), *stopped_early);
            }
        }
    }

    /// Takes note that Ctrl-C stopped it before there was a network to save.
    pub fn stop(&mut self) {
        self.bar.finish_and_clear();
        self.stopped = true;
    }

    /// Returns whether Ctrl-C stopped it with steps left.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Adds what the folders of `plans` hold of runs, or of measurements, that were made before.
    pub fn complete(&mut self, plans: &[TrainingPlan]) {
        self.held_out.complete(plans);
        let best = || plans.iter().rev().find_map(|plan| best_of_run(&Run::read(&plan.run_dir)?));
        self.best = self.best.take().or_else(best);
    }

    /// Returns how to resume a run that was stopped, by the command line `again`.
    pub fn how_to_resume(&self, plans: &[TrainingPlan], again: &str) -> String {
        let dir = plans.last().map(|plan| plan.run_dir.display().to_string()).unwrap_or_default();
        let state = match &self.model_dir {
            Some(_) => "Saved. Resume with the same command".to_owned(),
            None => format!("Stopped before the first step. The run folder {dir} is resumed by the same command"),
        };
        format!("{state}:\n  {again}")
    }

    /// Returns the results in words: the figures of held-out clips, and where the model is.
    pub fn in_words(&self) -> String {
        let mut text = self.held_out.in_words();
        if let Some(best) = &self.best {
            text += &format!("Best model: {best}\n");
        }
        text += &match (&self.model_dir, self.stopped) {
            (Some(dir), false) => format!("Model: {0}\nUse it with `motionscope --model {0}`.\n", dir.display()),
            // Half a recogniser is nothing to be used.
            (Some(dir), true) => format!("Unfinished model: {}\n", dir.display()),
            (None, _) => String::new(),
        };
        text
    }

    /// Returns the same as a JSON document: schema `motionscope-tune`, version 1.
    pub fn as_json(&self) -> Value {
        json!({
            "schema": "motionscope-tune",
            "version": 1,
            "motionscope": env!("CARGO_PKG_VERSION"),
            "model_dir": self.model_dir,
            "interrupted": self.stopped,
            "best": self.best,
            "held_out": self.held_out.as_json(),
        })
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

fn best_in_words(name: &str, value: f32, step: usize, model_dir: &Path) -> String {
    format!("{name} {value:.4} after step {step}: {}", model_dir.display())
}

/// Returns the best validation result of a run that kept its networks; `None` for others.
fn best_of_run(run: &Run) -> Option<String> {
    let dir = run.dir.join("best");
    let (name, _) = run.last.last().filter(|_| dir.is_dir())?;
    Some(best_in_words(name, run.best?, run.best_step?, &dir))
}

/// Returns a measurement as text: an accuracy with its interval, another figure as a number.
fn measured(name: &str, value: f32, guesses: &[[usize; 2]]) -> String {
    if guesses.is_empty() {
        return format!("{name} {value:.4}");
    }
    let right = guesses.iter().filter(|[label, guess]| label == guess).count();
    let interval = interval_in_percent(wilson_interval(right, guesses.len()));
    format!("{name} {:.1} % ({interval}), {right} of {}", 100.0 * value, counted(guesses.len(), "clip"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Network;

    #[test]
    fn accuracies_have_an_interval_and_other_figures_none() {
        assert_eq!(
            measured("top-1", 0.75, &[[0, 0], [1, 1], [1, 0], [0, 0]]),
            "top-1 75.0 % (30.1–95.4), 3 of 4 clips"
        );
        assert_eq!(measured("photometric ratio", 0.5, &[]), "photometric ratio 0.5000");
    }

    #[test]
    fn half_a_recogniser_is_not_offered_for_use() {
        let plan = |network| TrainingPlan { network, ..TrainingPlan::default() };
        let ended = |stopped_early| {
            let mut progress = TrainingProgress::of(&[plan(Network::Spatial), plan(Network::Temporal)]);
            progress.show(&TrainingEvent::Finished { model_dir: "run-spatial/model".into(), stopped_early });
            (progress.in_words(), progress.as_json())
        };
        let (words, json) = ended(true);
        assert!(words == "Unfinished model: run-spatial/model\n" && json["interrupted"] == true, "{words}");
        assert!(ended(false).0.contains("Use it with `motionscope --model run-spatial/model`."));
    }

    #[test]
    fn a_run_without_a_step_is_resumed_by_its_folder() {
        let plan = TrainingPlan { run_dir: "runs/mine".into(), ..TrainingPlan::default() };
        let plans = [plan];
        let mut progress = TrainingProgress::of(&plans);
        progress.stop();
        assert!(progress.is_stopped() && progress.as_json()["interrupted"] == true);
        let text = progress.how_to_resume(&plans, "motionscope tune");
        assert!(
            text.contains("The run folder runs/mine is resumed by the same command:\n  motionscope tune"),
            "{text}"
        );
        progress.show(&TrainingEvent::Finished { model_dir: "runs/mine/model".into(), stopped_early: true });
        assert!(progress.how_to_resume(&plans, "motionscope tune").starts_with("Saved."));
    }

    #[test]
    fn what_starts_from_random_weights_is_named() {
        let plan = TrainingPlan { network: Network::Spatial, ..TrainingPlan::default() };
        assert_eq!(random_part(&plan), Some("The spatial stream"));
        assert_eq!(random_part(&TrainingPlan { imagenet: Some("squeezenet.pth".into()), ..plan }), None);
        assert_eq!(random_part(&TrainingPlan::default()), Some("MotionNet"));
        assert_eq!(random_part(&TrainingPlan { base: Some("base".into()), ..TrainingPlan::default() }), None);
    }
}
