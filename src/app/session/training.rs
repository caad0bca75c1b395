//! Training events: session state and log.

use std::time::Instant;

use super::Session;
use crate::app::shell::log::LogLevel;
use crate::app::shell::topic::Topic;
use crate::app::training::curve_names::measurement_title;
use crate::app::training::state::TrainingPhase;
use crate::error::Error;
use crate::training::TrainingEvent;

impl Session {
    /// Handles the end of a training without networks: an error, or a stop before there were any.
    pub(super) fn training_failed(&mut self, error: &Error) {
        if error.is_cancelled() {
            self.training.enter(TrainingPhase::Discarded);
            return self.log.push(LogLevel::Info, error.to_string());
        }
        self.training.enter(TrainingPhase::Failed);
        self.failed(Topic::Training, error);
    }

    pub(super) fn training_event(&mut self, event: &TrainingEvent) {
        if let TrainingEvent::Switched { step, switches } = event {
            for change in self.training.diagnostics.changes(switches) {
                self.log.push(LogLevel::Info, format!("Step {step}: {change}"));
            }
        }
        self.training.receive(event);
        self.step_timing.probes.receive(event, &self.training, Instant::now());
        match event {
            TrainingEvent::Part { number, of, .. } => {
                self.log.push(LogLevel::Info, format!("Run {} of {of}", number + 1));
            }
            TrainingEvent::Started { run_dir, .. } => {
                self.succeeded(Topic::Training);
                let text = format!("Training in {}: {}", run_dir.display(), self.training.summary);
                self.log.push(LogLevel::Info, text);
            }
            TrainingEvent::Validation { step, name, value, .. } => {
                self.log.push(LogLevel::Info, format!("Step {step}: {} {value:.4}", measurement_title(name)));
            }
            TrainingEvent::Best { name, value, model_dir, .. } => {
                let text = format!("Best {name} so far: {value:.4}; model saved to {}", model_dir.display());
                self.log.push(LogLevel::Info, text);
            }
            TrainingEvent::OutOfPatience { best_step } => {
                let text = format!("No improvement since step {best_step}: training stops early");
                self.log.push(LogLevel::Info, text);
            }
            TrainingEvent::CutShort(cut) => self.log.push(LogLevel::Warning, cut.in_words()),
            TrainingEvent::Checkpoint(path) => self.log.push(LogLevel::Info, format!("Saved {}", path.display())),
            TrainingEvent::Warning(error) => self.log.push(LogLevel::Warning, error.to_string()),
            TrainingEvent::Paused => self.log.push(LogLevel::Info, "Training paused"),
            TrainingEvent::Resumed => self.log.push(LogLevel::Info, "Training resumed"),
            TrainingEvent::Finished { model_dir, stopped_early } => {
                let end = if *stopped_early { "stopped" } else { "finished" };
                self.log.push(LogLevel::Info, format!("Training {end}; model saved to {}", model_dir.display()));
            }
            TrainingEvent::RolledBack { from, to, diverged, .. } => {
                let text = format!("Rolled back from step {from} to step {to}");
                match diverged {
                    Some(error) => self.log.push(LogLevel::Warning, format!("{text}: {error}")),
                    None => {
                        self.told = Some((text.clone(), Instant::now()));
                        self.log.push(LogLevel::Info, text);
                    }
                }
            }
            TrainingEvent::Step(_)
            | TrainingEvent::Resuming(_)
            | TrainingEvent::FewSteps(_)
            | TrainingEvent::Preparing { .. }
            | TrainingEvent::Ending(_)
            | TrainingEvent::Snapshots(_)
            | TrainingEvent::Switched { .. }
            | TrainingEvent::GradientShares(_) => {}
        }
    }
}
