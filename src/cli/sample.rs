//! `motionscope sample DIR`: writes the generated sample project.

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::outcome::Outcome;
use super::output_arguments::ForceArg;
use crate::error::Result;
use crate::output::Staging;
use crate::sample::{self, write_project};

const EXAMPLES: &str = "\
Examples:
  motionscope sample sample
  motionscope sample other --seed 7     other figures and motions
  motionscope train flow --folder sample/clips";

/// `motionscope sample`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SampleArgs {
    /// Output folder, created if missing
    dir: PathBuf,
    /// Random seed; the same seed gives the same clips
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    force: ForceArg,
}

pub(super) fn run(arguments: &SampleArgs) -> Result<Outcome> {
    let bar = ProgressBar::no_length().with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} clips, {eta} left").expect("the template is well-formed"),
    );
    let mut progress = |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let guard = arguments.force.guard([] as [&Path; 0]);
    guard.check(&sample::files(&arguments.dir))?;
    let staging = Staging::begin(&arguments.dir)?;
    write_project(&staging.root(), arguments.seed, &mut progress)?;
    staging.publish(&guard)?;
    bar.finish_and_clear();
    println!("Sample clips, flow and lists: {}", arguments.dir.display());
    Ok(Outcome::Done)
}
