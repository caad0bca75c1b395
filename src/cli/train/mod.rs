//! `motionscope train` and `motionscope tune`.

mod arguments;
mod held_out;
mod progress;
mod runs;
mod tune;

use super::outcome::{Outcome, complain};
use crate::error::Result;
pub(super) use arguments::TrainArgs;
use runs::{RunOutput, train_in_turn};
pub(super) use tune::{TuneArgs, tune};

pub(super) fn run(arguments: &TrainArgs) -> Result<Outcome> {
    let plan = match arguments.plan() {
        Ok(plan) => plan,
        Err(error) => {
            complain(&error);
            return Ok(Outcome::Misused);
        }
    };
    train_in_turn(&[plan], arguments.device, arguments.solver.gradient_shares, RunOutput::Words)
}
