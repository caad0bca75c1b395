//! Training runs with progress on the terminal; Ctrl-C saves them.

use super::super::interrupt::stop_on_interrupt;
use super::super::model_arguments::DeviceArg;
use super::super::outcome::Outcome;
use super::progress::TrainingProgress;
use crate::command_line;
use crate::error::Result;
use crate::panic_guard::caught;
use crate::training::{self, TrainingControl, TrainingEvent, TrainingPlan};

/// What is printed to standard output at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunOutput {
    /// The results in words.
    Words,
    /// A JSON document.
    Json,
}

/// Runs `plans` in turn, recording gradient shares every `gradient_shares` steps (0: never).
pub(super) fn train_in_turn(
    plans: &[TrainingPlan],
    device: DeviceArg,
    gradient_shares: usize,
    output: RunOutput,
) -> Result<Outcome> {
    let compute = device.open()?;
    let control = TrainingControl::default();
    control.share_gradients(gradient_shares);
    stop_on_interrupt(&control)?;
    let mut greeting = Some(format!("Training on {}. Press Ctrl-C to save and stop.", compute.name));
    let mut progress = TrainingProgress::of(plans);
    let mut report = |event: TrainingEvent| {
        greeting.take().iter().for_each(|greeting| eprintln!("{greeting}")); // the clips and settings are in order
        progress.show(&event);
    };
    let trained = caught("training", || training::run_in_turn(plans, &compute.device, &control, &mut report));
    match trained {
        // Stopped before the first step: there are no networks to save yet.
        Err(error) if error.is_cancelled() && control.is_stopped() => progress.stop(),
        trained => trained?,
    }
    progress.complete(plans);
    match output {
        RunOutput::Words => print!("{}", progress.in_words()),
        RunOutput::Json => println!("{:#}", progress.as_json()),
    }
    if !progress.is_stopped() {
        return Ok(Outcome::Done);
    }
    let text = progress.how_to_resume(plans, &command_line::current());
    match output {
        RunOutput::Words => println!("{text}"),
        RunOutput::Json => eprintln!("{text}"),
    }
    Ok(Outcome::Interrupted)
}
