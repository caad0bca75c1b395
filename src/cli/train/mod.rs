//! `motionscope train` and `motionscope tune`.

mod arguments;
mod held_out;
mod progress;
mod runs;
mod tune;

use super::outcome::Outcome;
use crate::error::{Error, Result};
pub(super) use arguments::TrainArgs;
use runs::{RunOutput, train_in_turn};
pub(super) use tune::{TuneArgs, tune};

pub(super) fn run(arguments: &TrainArgs) -> Result<Outcome> {
    let plan = arguments.plan().map_err(Error::as_usage)?;
    train_in_turn(&[plan], arguments.device, arguments.solver.gradient_shares, RunOutput::Words)
}
