//! `motionscope compare`: what changed between two evaluations.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use crate::error::Result;
use crate::evaluation::{ActionsReport, Comparison};

/// `motionscope compare`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  motionscope compare before/report.json after/report.json

Shows accuracies in percent, the clips that are right in one only with the probability of such a split by chance
(McNemar's exact test), and the classes that changed most.")]
pub(super) struct CompareArgs {
    /// JSON of an evaluation
    #[arg(value_name = "A.json")]
    a: PathBuf,
    /// JSON of the other one, on the same classes
    #[arg(value_name = "B.json")]
    b: PathBuf,
}

pub(super) fn run(arguments: &CompareArgs) -> Result<Outcome> {
    let [a, b] = [ActionsReport::read(&arguments.a)?, ActionsReport::read(&arguments.b)?];
    println!("A: {}, {}, {} views\nB: {}, {}, {} views", a.model, a.data, a.views, b.model, b.data, b.views);
    print!("{}", Comparison::between([&a, &b], [&arguments.a, &arguments.b])?);
    Ok(Outcome::Done)
}
