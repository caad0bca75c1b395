//! `motionscope evaluate flow`: the errors and run time of a flow method on a standard benchmark.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::cli::method::{MethodArgs, MethodSettings};
use crate::cli::outcome::{Outcome, complain};
use crate::cli::output_arguments::ForceArg;
use crate::cli::shard_arguments::ShardArgs;
use crate::cli::shard_files::absolute;
use crate::cli::shard_task::{ShardItems, ShardTask, ShardWork, counting_bar, outcome_of, report_failure};
use crate::cli::values::named;
use crate::error::{Error, Result};
use crate::evaluation::flow_benchmarks::{BenchmarkPair, FlowDataset};
use crate::evaluation::{FlowReport, MeanResult, PairResult, evaluate_flow, measure_pair};
use crate::flow::FlowEstimator;
use crate::flow::metrics::{FlowErrors, RegionErrors};
use crate::output::{Hidden, OutputGuard};
use crate::shards::{Job, JobInputs, PartFolder, Shard, assigned};

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope evaluate flow --dataset middlebury --root middlebury
  motionscope evaluate flow --dataset sintel-final --root MPI-Sintel --method zero --csv zero.csv
  motionscope evaluate flow --dataset kitti2015 --root KITTI --csv k.csv --parts parts --shard 2/8

All pixels with ground truth count. Pixels without estimated flow (codec vectors have some) count
as zero flow in EPE and AAE and as outliers in Fl. Column density %: share of pixels with flow.

With --parts nothing but a part is written; motionscope merge writes the results of all parts. The
times are those that each part has measured.

Exit codes: 0 all pairs evaluated, 1 some failed, 2 wrong usage; a shard: 130 stopped by Ctrl-C,
75 by SIGTERM (start it again)";

/// `motionscope evaluate flow`
#[derive(Debug, Args)]
pub(super) struct FlowBenchmarkArgs {
    /// Benchmark: middlebury, sintel-clean, sintel-final, kitti2012, kitti2015, flyingchairs
    #[arg(long, value_parser = named::<FlowDataset>())]
    dataset: FlowDataset,
    /// Root folder of the benchmark
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    #[command(flatten)]
    files: FlowReportFiles,
    #[command(flatten)]
    force: ForceArg,
    #[command(flatten)]
    method: MethodArgs,
    #[command(flatten)]
    shards: ShardArgs,
}

/// The files to write.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
struct FlowReportFiles {
    /// Write the metrics of all pairs as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write one CSV row per pair
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

/// The name of the command in parts.
pub(in crate::cli) const COMMAND: &str = "evaluate flow";

/// What all parts of an evaluation have in common.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    dataset: FlowDataset,
    /// The method in words, as it is in reports.
    name: String,
    #[serde(flatten)]
    method: MethodSettings,
    #[serde(flatten)]
    files: FlowReportFiles,
}

/// The pairs of a shard.
struct FlowShard<'a> {
    arguments: &'a FlowBenchmarkArgs,
    pairs: &'a [BenchmarkPair],
    estimator: Box<dyn FlowEstimator>,
}

pub(super) fn run(arguments: &FlowBenchmarkArgs) -> Result<Outcome> {
    let task = arguments.shards.task()?;
    arguments.method.check(&[arguments.method.method])?;
    let pairs = arguments.dataset.pairs(&arguments.root)?;
    match task {
        None => run_whole(arguments, &pairs),
        Some(task) => run_shard(arguments, &pairs, &task),
    }
}

fn run_whole(arguments: &FlowBenchmarkArgs, pairs: &[BenchmarkPair]) -> Result<Outcome> {
    let guard = arguments.force.guard([&arguments.root]);
    arguments.files.prepare(&guard)?;
    let mut estimator = arguments.method.estimator()?;
    println!("{}: {}", arguments.dataset.title(), estimator.name());
    println!("{HEADER}");
    let bar = counting_bar(pairs.len(), "pair");
    let report = evaluate_flow(arguments.dataset, pairs, estimator.as_mut(), &mut |outcome| {
        bar.suspend(|| match outcome {
            Ok(result) => println!("{}", pair_row(result)),
            Err(error) => complain(error),
        });
        bar.inc(1);
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();
    println!("{}", mean_row(&report.mean));
    arguments.files.write(&report, &guard)?;
    Ok(outcome_of(report.failures.is_empty()))
}

fn run_shard(arguments: &FlowBenchmarkArgs, pairs: &[BenchmarkPair], task: &ShardTask) -> Result<Outcome> {
    let estimator = arguments.method.estimator()?;
    let settings = Settings {
        dataset: arguments.dataset,
        name: estimator.name(),
        method: arguments.method.settings()?,
        files: arguments.files.absolute(),
    };
    let list = pairs.iter().map(|pair| {
        let files = [Some(&pair.first), Some(&pair.second), pair.truth.as_ref()];
        (pair.name.clone(), files.into_iter().flatten().cloned().collect())
    });
    let job = Job::new(COMMAND, &settings, JobInputs::of_files::<PathBuf>("pair", list))?;
    task.run(job, &arguments.method.device_name()?, &mut FlowShard { arguments, pairs, estimator })
}

impl ShardWork for FlowShard<'_> {
    type Item = PairResult;
    type Source = ();
    const DONE: &'static str = "evaluated";

    fn positions(&self, shard: Shard) -> Vec<usize> {
        assigned(&self.pairs.iter().map(|pair| &pair.name).collect::<Vec<_>>(), shard)
    }

    fn prepare(&mut self, task: &ShardTask, _positions: &[usize], _is_begun: bool) -> Result<()> {
        let FlowBenchmarkArgs { root, files, force, .. } = self.arguments;
        files.prepare(&force.guard([root, &task.part()]))
    }

    fn compute(&mut self, items: ShardItems<'_, PairResult>) -> Result<()> {
        items.each(|position| Ok(Some(measure_pair(&self.pairs[position], self.estimator.as_mut()))))
    }

    fn source(&self) {}
}

/// Prints and writes what one machine would have of the parts in `folder`, which are of this `job`. Times are those of the parts.
///
/// # Errors
/// If parts are missing or do not belong together, no pair could be measured, or a file cannot be written.
pub(in crate::cli) fn merge(folder: &PartFolder, job: &Job, force: ForceArg) -> Result<Outcome> {
    let outcomes = folder.all_outcomes::<PairResult>()?;
    let Settings { dataset, name, files, .. } = job.settings_as(folder.dir())?;
    let guard = force.guard(folder.files()?);
    files.prepare(&guard)?;
    println!("{}: {name}", dataset.title());
    println!("{HEADER}");
    let (mut pairs, mut failures) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(result) => {
                println!("{}", pair_row(&result));
                pairs.push(result);
            }
            Err(failure) => {
                report_failure(&failure);
                failures.push(failure);
            }
        }
    }
    if pairs.is_empty() {
        return Err(Error::file(folder.dir(), "no pair could be measured", "Check the files of the benchmark"));
    }
    let report = FlowReport::of(dataset, name, pairs, failures);
    println!("{}", mean_row(&report.mean));
    files.write(&report, &guard)?;
    Ok(outcome_of(report.failures.is_empty()))
}

impl FlowReportFiles {
    fn all(&self) -> Vec<PathBuf> {
        [&self.json, &self.csv].into_iter().flatten().cloned().collect()
    }

    /// Returns the files with absolute paths, as another process in another folder has to write them.
    fn absolute(&self) -> Self {
        let [json, csv] = [&self.json, &self.csv].map(|path| path.as_deref().map(absolute));
        Self { json, csv }
    }

    /// Checks what may be written.
    ///
    /// # Errors
    /// If `guard` does not allow a file, or a folder cannot be written to.
    fn prepare(&self, guard: &OutputGuard) -> Result<()> {
        guard.check(&self.all())?;
        self.all().iter().try_for_each(|path| Hidden::beside(path).map(drop))
    }

    fn write(&self, report: &FlowReport, guard: &OutputGuard) -> Result<()> {
        guard.check(&self.all())?;
        self.json.as_ref().map_or(Ok(()), |path| report.write_json(path))?;
        self.csv.as_ref().map_or(Ok(()), |path| report.write_csv(path))
    }
}

/// Errors in pixels, degrees and percent; `zero` is the error of no motion.
const HEADER: &str =
    "pair                            size     EPE     AAE    Fl %  density %  matched  unmatched    zero        ms";

fn pair_row(result: &PairResult) -> String {
    let size = format!("{}×{}", result.width, result.height);
    row(&result.name, &size, result.errors.as_ref(), result.zero_epe, result.ms)
}

fn mean_row(mean: &MeanResult) -> String {
    row(&format!("mean of {}, median time", mean.pairs), "", mean.errors.as_ref(), mean.zero_epe, mean.ms)
}

fn row(name: &str, size: &str, errors: Option<&FlowErrors>, zero_epe: Option<f64>, ms: f64) -> String {
    let all = errors.map(|errors| errors.all);
    let epe = |region: Option<RegionErrors>| number(region.map(|region| region.epe));
    format!(
        "{name:<26} {size:>9} {:>7} {:>7} {:>7} {:>10} {:>8} {:>10} {:>7} {ms:>9.1}",
        epe(all),
        number(all.map(|all| all.aae_deg)),
        number(all.map(|all| 100.0 * all.fl)),
        all.map_or("–".into(), |all| format!("{:.1}", 100.0 * all.density)),
        epe(errors.and_then(|errors| errors.matched)),
        epe(errors.and_then(|errors| errors.unmatched)),
        number(zero_epe),
    )
}

/// Formats a value, or a dash for none.
fn number(value: Option<f64>) -> String {
    value.map_or("–".into(), |value| format!("{value:.3}"))
}
