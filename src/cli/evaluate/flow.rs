//! `motionscope evaluate flow`: the errors and run time of a flow method on a standard benchmark.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::method::MethodArgs;
use crate::cli::outcome::{Outcome, complain};
use crate::cli::output_arguments::ForceArg;
use crate::cli::values::named;
use crate::error::Result;
use crate::evaluation::flow_benchmarks::FlowDataset;
use crate::evaluation::{MeanResult, PairResult, evaluate_flow};
use crate::flow::metrics::{FlowErrors, RegionErrors};

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope evaluate flow --dataset middlebury --root middlebury
  motionscope evaluate flow --dataset sintel-final --root MPI-Sintel --method zero --csv zero.csv

All pixels with ground truth count. Pixels without estimated flow (codec vectors have some) count
as zero flow in EPE and AAE and as outliers in Fl. Column density %: share of pixels with flow.

Exit codes: 0 all pairs evaluated, 1 some failed, 2 wrong usage";

/// `motionscope evaluate flow`
#[derive(Debug, Args)]
pub(super) struct FlowBenchmarkArgs {
    /// Benchmark: middlebury, sintel-clean, sintel-final, kitti2012, kitti2015, flyingchairs
    #[arg(long, value_parser = named::<FlowDataset>())]
    dataset: FlowDataset,
    /// Root folder of the benchmark
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Write the metrics of all pairs as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write one CSV row per pair
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    force: ForceArg,
    #[command(flatten)]
    method: MethodArgs,
}

pub(super) fn run(arguments: &FlowBenchmarkArgs) -> Result<Outcome> {
    arguments.method.check(&[arguments.method.method])?;
    let pairs = arguments.dataset.pairs(&arguments.root)?;
    let files: Vec<_> = [&arguments.json, &arguments.csv].into_iter().flatten().cloned().collect();
    let guard = arguments.force.guard([&arguments.root]);
    guard.check(&files)?;
    let mut estimator = arguments.method.estimator()?;
    println!("{}: {}", arguments.dataset.title(), estimator.name());
    println!("{HEADER}");

    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} pairs, {eta} left").expect("the template is well-formed");
    let bar = ProgressBar::new(pairs.len() as u64).with_style(style);
    let report = evaluate_flow(arguments.dataset, &pairs, estimator.as_mut(), &mut |outcome| {
        bar.suspend(|| match outcome {
            Ok(result) => println!("{}", pair_row(result)),
            Err(error) => complain(error),
        });
        bar.inc(1);
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();
    println!("{}", mean_row(&report.mean));
    guard.check(&files)?;
    if let Some(path) = &arguments.json {
        report.write_json(path)?;
    }
    if let Some(path) = &arguments.csv {
        report.write_csv(path)?;
    }
    Ok(if report.failures.is_empty() { Outcome::Done } else { Outcome::SomeFailed })
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
