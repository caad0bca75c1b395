//! `motionscope sample DIR`: writes the generated sample project.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::Outcome;
use crate::error::Result;
use crate::sample::write_project;

const EXAMPLES: &str = "\
Examples:
  motionscope sample sample
  motionscope sample other --seed 7     other figures, other movements
  motionscope train flow --folder sample/clips";

/// `motionscope sample`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SampleArgs {
    /// Folder to write to; made if it does not exist
    dir: PathBuf,
    /// The same seed gives the same clips
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(arguments: &SampleArgs) -> Result<Outcome> {
    let bar = ProgressBar::no_length().with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} clips, {eta} left").expect("the template is well-formed"),
    );
    let mut progress = |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    write_project(&arguments.dir, arguments.seed, &mut progress)?;
    bar.finish_and_clear();
    println!("Sample clips, flow and lists: {}", arguments.dir.display());
    Ok(Outcome::Done)
}
