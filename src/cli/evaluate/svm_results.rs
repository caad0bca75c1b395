//! What `evaluate svm` and `evaluate fisher` have in common: clips are scored until it is stopped, and the results written.

use std::path::Path;
use std::sync::atomic::Ordering;

use super::result_arguments::ResultArgs;
use crate::calendar::today;
use crate::cli::fisher_progress::StageProgress;
use crate::cli::interrupt::interrupt_flag;
use crate::cli::outcome::Outcome;
use crate::command_line;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::evaluation::{ActionsOutcome, MatchedClips, ReportSource};
use crate::output::OutputGuard;

/// Asked before each clip whether to stop.
pub(super) type Stop<'a> = &'a (dyn Fn() -> bool + Sync);
/// Called after each clip with the number of those done, of all, and the error if it could not be read.
pub(super) type OnClip<'a> = &'a mut (dyn FnMut(usize, usize, Option<&Error>) + Send);

/// Scores the clips of `matched` with a progress bar and writes the `results`, made by the model of `source`.
///
/// # Errors
/// If the scores cannot be computed, or a file cannot be written.
pub(super) fn score_and_write(
    matched: MatchedClips,
    source: ReportSource,
    (results, guard): (&ResultArgs, &OutputGuard),
    score: impl FnOnce(&Dataset, Stop<'_>, OnClip<'_>) -> Result<ActionsOutcome>,
) -> Result<Outcome> {
    let MatchedClips { dataset, remarks, left_out } = matched;
    let stop = interrupt_flag("Stopping")?;
    let mut progress = StageProgress::default();
    let outcome = score(&dataset, &|| stop.load(Ordering::Relaxed), &mut |done, of, error| {
        error.into_iter().for_each(|error| progress.warn(error));
        progress.show("clips", done, of);
    });
    progress.finish();
    let mut outcome = match outcome {
        Err(error) if error.is_cancelled() => return Ok(Outcome::Interrupted),
        outcome => outcome?,
    };
    outcome.report.remarks.extend(remarks);
    outcome.report.source = Some(source);
    results.write(&outcome, guard, super::actions::print)?;
    Ok(if outcome.report.failures.is_empty() && left_out == 0 { Outcome::Done } else { Outcome::SomeFailed })
}

/// Returns what a report says of the model in folder `dir`.
pub(super) fn source(dir: &Path, hash: &str, trained_on: &str, device: &str) -> ReportSource {
    ReportSource {
        model_dir: std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()),
        model_hash: Some(hash.to_owned()),
        model_base: None,
        trained_on: trained_on.to_owned(),
        device: device.to_owned(),
        date: today(),
        motionscope_version: env!("CARGO_PKG_VERSION").into(),
        command: Some(command_line::current()),
    }
}
