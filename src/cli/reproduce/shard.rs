//! The groups of rows of one shard, and the table of all shards.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

use super::arguments::ReproduceArgs;
use super::progress::{ReproductionProgress, show_table};
use crate::cli::outcome::Outcome;
use crate::cli::output_arguments::ForceArg;
use crate::cli::shard_files::absolute;
use crate::cli::shard_task::{ShardItems, ShardTask, ShardWork, outcome_of, report_failure};
use crate::error::{Error, Result};
use crate::gpu::Compute;
use crate::reproduction::{
    Ending, ReproductionMachines, ReproductionSettings, ReproductionShards, RowGroupResult, merge_reproduction,
};
use crate::shards::{Job, PartFolder, Shard, ShardResults};
use crate::training::TrainingControl;
use crate::video::ffmpeg_version;

/// The name of the command in parts.
pub(in crate::cli) const COMMAND: &str = "reproduce";

/// What all shards have in common.
#[derive(Debug, Serialize, Deserialize)]
struct ReproduceSettings {
    #[serde(flatten)]
    settings: ReproductionSettings,
    rows: Vec<String>,
    out: PathBuf,
    weights: Vec<String>,
}

/// Facts about the machine of a part.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ReproductionMachine {
    ffmpeg_version: String,
}

/// The groups of rows of a shard.
struct ReproductionShard<'a> {
    shards: ReproductionShards<'a>,
    compute: &'a Compute,
    control: TrainingControl,
    progress: ReproductionProgress,
}

/// Computes the groups of rows of a shard in folder `dir`, which all share, and writes its part, unless it is there.
pub(super) fn run_shard(
    task: &ShardTask,
    arguments: &ReproduceArgs,
    settings: &ReproductionSettings,
    dir: &Path,
    compute: &Compute,
) -> Result<Outcome> {
    if arguments.fresh {
        let cause = "other shards may have begun in the output folder";
        return Err(Error::usage("--fresh", cause, "Leave it out, and choose another --out"));
    }
    let shards = ReproductionShards::new(settings, dir, &arguments.rows)?;
    let shared = ReproduceSettings {
        settings: settings.clone(),
        rows: arguments.rows.clone(),
        out: absolute(dir),
        weights: shards.weights()?,
    };
    let job = Job::new(COMMAND, &shared, shards.inputs()?)?;
    let (control, progress) = (task.training_control(), ReproductionProgress::default());
    task.run(job, &compute.name, &mut ReproductionShard { shards, compute, control, progress })
}

impl ShardWork for ReproductionShard<'_> {
    type Item = RowGroupResult;
    type Source = ReproductionMachine;
    const DONE: &'static str = "computed";

    fn positions(&self, shard: Shard) -> Vec<usize> {
        self.shards.groups_of_shard(shard)
    }

    fn prepare(&mut self, _task: &ShardTask, positions: &[usize], _is_begun: bool) -> Result<()> {
        let Self { shards, progress, .. } = self;
        let begun = shards.begin(positions, &mut |event| progress.tell(&event));
        progress.finish();
        begun
    }

    /// Each training has a bar of its own.
    fn bar(&self, _items: usize, _kind: &str) -> ProgressBar {
        ProgressBar::hidden()
    }

    fn compute(&mut self, items: ShardItems<'_, RowGroupResult>) -> Result<()> {
        let Self { shards, compute, control, progress } = self;
        let computed = items.each(|group| {
            let result = shards.compute(group, compute, control, &mut |event| progress.tell(&event))?;
            Ok(Some(Ok(result)))
        });
        progress.finish();
        computed
    }

    fn source(&self) -> ReproductionMachine {
        ReproductionMachine { ffmpeg_version: ffmpeg_version() }
    }

    fn failures(group: &RowGroupResult) -> Vec<String> {
        group.failures()
    }
}

/// Prints and writes the table that one machine would have made of the parts in `folder`, which are of this `job`. Speeds are those of
/// the parts.
///
/// # Errors
/// If parts are missing or do not belong together, rows are not as a shard has written them, or a file cannot be written.
pub(in crate::cli) fn merge(folder: &PartFolder, job: &Job, _force: ForceArg) -> Result<Outcome> {
    let parts = folder.parts::<ShardResults<RowGroupResult, ReproductionMachine>>()?;
    let ReproduceSettings { settings, rows, out, .. } = job.settings_as(folder.dir())?;
    let all = |texts: BTreeSet<&str>| texts.into_iter().collect::<Vec<_>>().join(", ");
    // A machine without rows has measured nothing.
    let machines = || parts.iter().filter(|part| !part.results.items.is_empty());
    let machines = ReproductionMachines {
        device: all(machines().map(|part| part.manifest.device.as_str()).collect()),
        ffmpeg_version: all(machines().map(|part| part.results.source.ffmpeg_version.as_str()).collect()),
    };
    let results: std::result::Result<Vec<RowGroupResult>, String> = folder.outcomes(parts)?.into_iter().collect();
    let damaged = |failure| Error::file(folder.dir(), failure, "Delete the parts and run all shards again");
    let results = results.map_err(damaged)?;
    results.iter().flat_map(RowGroupResult::failures).for_each(|failure| report_failure(&failure));
    let (table, ending) = merge_reproduction(&settings, &out, &rows, results, &machines)?;
    show_table(&table, &out);
    Ok(outcome_of(ending == Ending::Complete))
}
