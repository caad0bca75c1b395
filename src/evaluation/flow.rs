//! Flow estimation on a benchmark: errors and time of every pair, and their means.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::flow_benchmarks::{BenchmarkPair, FlowDataset};
use crate::atomic;
use crate::error::{Error, Result};
use crate::flow::metrics::{FlowErrors, RegionErrors};
use crate::flow::{FlowEstimator, ZeroFlow};
use crate::table::quoted_cell;

/// The report of a flow method on a benchmark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowReport {
    /// Name of the benchmark.
    pub dataset: FlowDataset,
    /// The method that estimated the flow.
    pub method: String,
    /// Every pair that could be read, in the order of the benchmark.
    pub pairs: Vec<PairResult>,
    /// Means over all pairs.
    pub mean: MeanResult,
    /// Errors of the pairs that could not be measured.
    pub failures: Vec<String>,
}

/// The outcome of one pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairResult {
    /// Name of the scene or frame in the benchmark.
    pub name: String,
    /// Width of the frames in pixels.
    pub width: u32,
    /// Height of the frames in pixels.
    pub height: u32,
    /// Errors against the ground truth, if that is public.
    pub errors: Option<FlowErrors>,
    /// Mean end-point error of zero flow in pixels, which is the mean length of the true motion.
    pub zero_epe: Option<f64>,
    /// Time of the estimate in milliseconds, without reading files.
    pub ms: f64,
}

/// Means over all pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeanResult {
    /// Number of pairs with ground truth.
    pub pairs: usize,
    /// See [`FlowErrors::mean`].
    pub errors: Option<FlowErrors>,
    /// Mean time over the pairs, milliseconds.
    pub zero_epe: Option<f64>,
    /// Median time over all pairs, milliseconds; unlike the mean it is not affected by the first pair, which may
    /// include compilation.
    pub ms: f64,
}

/// Estimates the flow of all `pairs` of `dataset`. `on_pair` gets each outcome when it is ready and may stop the run; a
/// pair that cannot be measured is left out of the means.
///
/// # Errors
/// If no pair could be measured: the first error.
pub fn evaluate_flow(
    dataset: FlowDataset,
    pairs: &[BenchmarkPair],
    estimator: &mut dyn FlowEstimator,
    on_pair: &mut dyn FnMut(std::result::Result<&PairResult, &Error>) -> ControlFlow<()>,
) -> Result<FlowReport> {
    let mut results = Vec::new();
    let mut failures = Vec::new();
    for pair in pairs {
        let outcome = measure_pair(pair, estimator);
        let flow = on_pair(outcome.as_ref());
        match outcome {
            Ok(result) => results.push(result),
            Err(error) => failures.push(error),
        }
        if flow.is_break() {
            break;
        }
    }
    if let (true, Some(error)) = (results.is_empty(), failures.first()) {
        return Err(error.clone());
    }
    Ok(FlowReport::of(dataset, estimator.name(), results, failures.iter().map(Error::to_string).collect()))
}

/// Estimates the flow of one pair and compares it with the ground truth.
///
/// # Errors
/// If a file of the pair cannot be read, or its flow cannot be estimated.
pub fn measure_pair(pair: &BenchmarkPair, estimator: &mut dyn FlowEstimator) -> Result<PairResult> {
    let loaded = pair.load()?;
    let started = Instant::now();
    let estimate = estimator.estimate(&loaded.first, &loaded.second)?;
    let ms = started.elapsed().as_secs_f64() * 1e3;
    let zero = ZeroFlow.estimate(&loaded.first, &loaded.second)?;
    let truth = loaded.truth.as_ref();
    let errors = |estimate| {
        truth.and_then(|t| FlowErrors::between(estimate, &t.flow, t.valid.as_deref(), t.occluded.as_deref()))
    };
    let (width, height) = loaded.first.dimensions();
    Ok(PairResult {
        name: pair.name.clone(),
        width,
        height,
        errors: errors(&estimate),
        zero_epe: errors(&zero).map(|errors| errors.all.epe),
        ms,
    })
}

impl MeanResult {
    fn of(pairs: &[PairResult]) -> Self {
        let errors: Vec<FlowErrors> = pairs.iter().filter_map(|pair| pair.errors).collect();
        let zero: Vec<f64> = pairs.iter().filter_map(|pair| pair.zero_epe).collect();
        let mut ms: Vec<f64> = pairs.iter().map(|pair| pair.ms).collect();
        ms.sort_by(f64::total_cmp);
        Self {
            pairs: errors.len(),
            errors: FlowErrors::mean(&errors),
            zero_epe: (!zero.is_empty()).then(|| zero.iter().sum::<f64>() / zero.len() as f64),
            ms: ms.get(ms.len() / 2).copied().unwrap_or_default(),
        }
    }
}

impl FlowReport {
    /// Returns the report of `method` on the pairs of `dataset` that could be measured, and those that failed.
    pub fn of(dataset: FlowDataset, method: String, pairs: Vec<PairResult>, failures: Vec<String>) -> Self {
        Self { dataset, method, mean: MeanResult::of(&pairs), pairs, failures }
    }

    /// Writes the whole report as JSON; an older file is replaced atomically.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_json(&self, path: &Path) -> Result<()> {
        atomic::replace(path, |writer| {
            serde_json::to_writer_pretty(&mut *writer, self)?;
            writeln!(writer)
        })
    }

    /// Writes a row per pair and a last row, `mean`, as CSV; an older file is replaced atomically. Shares of outliers
    /// and of pixels with an estimate are in percent; cells without a figure are empty.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_csv(&self, path: &Path) -> Result<()> {
        atomic::replace(path, |writer| {
            writeln!(writer, "{}", head())?;
            self.rows().try_for_each(|row| writeln!(writer, "{row}"))
        })
    }

    /// Writes the rows of several methods as [`Self::write_csv`] does those of one, after a column `method`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_table(reports: &[Self], path: &Path) -> Result<()> {
        atomic::replace(path, |writer| {
            writeln!(writer, "method,{}", head())?;
            for report in reports {
                let method = quoted_cell(&report.method);
                report.rows().try_for_each(|row| writeln!(writer, "{method},{row}"))?;
            }
            Ok(())
        })
    }

    /// Returns the rows of the pairs and of their mean.
    fn rows(&self) -> impl Iterator<Item = String> {
        let pairs = self.pairs.iter().map(|pair| {
            let size = format!("{},{}", pair.width, pair.height);
            row(&pair.name, &size, pair.zero_epe, pair.errors.as_ref(), pair.ms)
        });
        let mean = &self.mean;
        pairs.chain(std::iter::once(row("mean", ",", mean.zero_epe, mean.errors.as_ref(), mean.ms)))
    }
}

/// Column prefixes of the regions.
const REGIONS: [&str; 3] = ["", "matched_", "unmatched_"];

fn head() -> String {
    format!("pair,width,height,zero_epe,{},ms", REGIONS.map(columns).join(","))
}

fn columns(prefix: &str) -> String {
    ["epe", "aae_deg", "fl_percent", "pixels", "density_percent"].map(|name| format!("{prefix}{name}")).join(",")
}

fn row(name: &str, size: &str, zero_epe: Option<f64>, errors: Option<&FlowErrors>, ms: f64) -> String {
    let zero_epe = zero_epe.map(|epe| format!("{epe:.4}")).unwrap_or_default();
    let regions = errors.map(|errors| [Some(errors.all), errors.matched, errors.unmatched]).unwrap_or_default();
    let cells = regions.map(|region| match region {
        Some(RegionErrors { epe, aae_deg, fl, pixels, density }) => {
            format!("{epe:.4},{aae_deg:.4},{:.4},{pixels},{:.4}", 100.0 * fl, 100.0 * density)
        }
        None => ",,,,".into(),
    });
    format!("{},{size},{zero_epe},{},{ms:.2}", quoted_cell(name), cells.join(","))
}
