//! `motionscope train`: a training run with its news on the terminal. Ctrl-C saves it.

mod arguments;
mod progress;

use super::interrupt::{command_line, stop_on_interrupt};
use super::{Outcome, complain};
use crate::error::{Error, Result};
use crate::gpu::panics::caught;
use crate::training::{self, TrainingControl, TrainingEvent};
pub(super) use arguments::TrainArgs;
use progress::Progress;

pub(super) fn run(arguments: &TrainArgs) -> Result<Outcome> {
    let plan = match arguments.plan() {
        Ok(plan) => plan,
        Err(error) => {
            complain(&error);
            return Ok(Outcome::Misused);
        }
    };
    let compute = arguments.device.open()?;
    let control = TrainingControl::default();
    control.share_gradients(arguments.solver.gradient_shares);
    stop_on_interrupt(&control)?;
    eprintln!("Training on {}. Ctrl-C saves and ends.", compute.name);
    let mut progress = Progress::default();
    let mut outcome = Outcome::Done;
    let mut tell = |event: TrainingEvent| {
        if matches!(event, TrainingEvent::Finished { stopped_early: true, .. }) {
            outcome = Outcome::Interrupted;
        }
        progress.tell(&event);
    };
    caught("training", || training::run(&plan, &compute.device, &control, &mut tell))?;
    if outcome == Outcome::Interrupted {
        println!("Saved. Go on with the same command:\n  {}", command_line());
    }
    Ok(outcome)
}

/// A recoverable failure is told and the run goes on.
fn warn(error: &Error) {
    complain(error);
}
