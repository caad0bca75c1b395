//! `motionscope reproduce`: the paper's tables on one's own data, beside the published numbers.

mod arguments;
mod progress;
mod shard;

use std::path::PathBuf;

use super::interrupt::stop_on_interrupt;
use super::outcome::Outcome;
use crate::command_line;
use crate::error::{Error, Result};
use crate::reproduction::{Ending, reproduce};
use crate::training::TrainingControl;
pub(super) use arguments::ReproduceArgs;
use progress::{ReproductionProgress, show_table};
pub(super) use shard::{COMMAND, merge};

pub(super) fn run(arguments: &ReproduceArgs) -> Result<Outcome> {
    arguments.check()?;
    let task = arguments.shards.task()?;
    let settings = arguments.settings();
    settings.check().map_err(Error::as_usage)?;
    let dir: PathBuf = arguments.folder();
    let compute = arguments.device.open()?;
    let control = TrainingControl::default();
    if task.is_none() {
        stop_on_interrupt(&control)?;
    }
    eprintln!(
        "{}\nDevice: {}. Output: {}. Press Ctrl-C to save and stop.",
        settings.table.title(),
        compute.name,
        dir.display()
    );
    if let Some(task) = task {
        return shard::run_shard(&task, arguments, &settings, &dir, &compute);
    }
    let mut progress = ReproductionProgress::default();
    let (table, ending) =
        reproduce(&settings, &dir, arguments.fresh, &arguments.rows, &compute, &control, &mut |event| {
            progress.tell(&event)
        })?;
    progress.finish();
    show_table(&table, &dir);
    Ok(match ending {
        Ending::Complete => Outcome::Done,
        Ending::SomeMissing => Outcome::SomeFailed,
        Ending::Stopped => {
            println!("Saved. Resume with the same command:\n  {}", command_line::current());
            Outcome::Interrupted
        }
    })
}
