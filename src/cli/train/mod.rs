//! `motionscope train`: a training run with its news on the terminal. Ctrl-C saves it.

mod arguments;
mod progress;

use std::env;
use std::process;

use super::{Outcome, complain};
use crate::engine::panics::caught;
use crate::error::{Error, Result};
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

/// The first Ctrl-C ends the run after its step; who cannot wait for that presses it again.
fn stop_on_interrupt(control: &TrainingControl) -> Result<()> {
    let control = control.clone();
    let mut asked = false;
    let stop = move || {
        if asked {
            process::exit(130);
        }
        asked = true;
        control.stop();
        eprintln!("\nSaving after this step … (Ctrl-C again ends at once, back to the last checkpoint)");
    };
    ctrlc::set_handler(stop).map_err(|error| Error::new("Ctrl-C", error.to_string(), "Start the training from a shell"))
}

/// What was typed, so that it can be pasted into a shell.
fn command_line() -> String {
    let quoted = |word: String| match word.chars().all(|c| c.is_alphanumeric() || "-_./=:,".contains(c)) {
        true => word,
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    env::args_os().map(|word| quoted(word.to_string_lossy().into_owned())).collect::<Vec<_>>().join(" ")
}

/// A recoverable failure is told and the run goes on.
fn warn(error: &Error) {
    complain(error);
}
