//! `motionscope compare`: comparison of two evaluations.

use std::path::PathBuf;

use clap::Args;

use super::outcome::Outcome;
use crate::error::Result;
use crate::evaluation::{ActionsReport, Comparison};

/// `motionscope compare`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  motionscope compare before/report.json after/report.json
  motionscope compare before/report.json after/report.json --clips

Prints accuracies in percent, the number of clips that only one model gets right with McNemar's
exact test, and the classes that changed most.")]
pub(super) struct CompareArgs {
    /// Report JSON of an evaluation
    #[arg(value_name = "A.json")]
    a: PathBuf,
    /// Report JSON of the other evaluation, with the same classes
    #[arg(value_name = "B.json")]
    b: PathBuf,
    /// Also list the clips that only one model gets right
    #[arg(long)]
    clips: bool,
}

pub(super) fn run(arguments: &CompareArgs) -> Result<Outcome> {
    let [a, b] = [ActionsReport::read(&arguments.a)?, ActionsReport::read(&arguments.b)?];
    println!("A: {}, {}, {} views\nB: {}, {}, {} views", a.model, a.data, a.views, b.model, b.data, b.views);
    let comparison = Comparison::between([&a, &b], [&arguments.a, &arguments.b])?;
    print!("{comparison}");
    if arguments.clips {
        print_clips(&comparison, &b.classes);
    }
    Ok(Outcome::Done)
}

fn print_clips(comparison: &Comparison, classes: &[String]) {
    for stream in &comparison.streams {
        for clip in &stream.changed {
            let [a, b] = clip.guesses.map(|guess| guess.map_or("nothing", |class| classes[class].as_str()));
            let side = if clip.is_won() { "won" } else { "lost" };
            println!("{:<10}{side:<5} {} (A: {a}, B: {b})", stream.name, clip.path);
        }
    }
}
