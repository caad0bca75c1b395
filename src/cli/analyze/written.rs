//! The results of one clip, which appear together.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use super::arguments::AnalyzePlan;
use super::clip_analysis::{ClipAnalysis, Setting};
use super::inputs::AnalyzeJob;
use super::report::ClipReport;
use super::result_files::is_result;
use crate::cli::outcome::complain;
use crate::error::Result;
use crate::output::{OutputGuard, Staging};
use crate::secrets::masked;

/// What was written of a clip.
pub(super) struct Written {
    pub report: ClipReport,
    pub files: Vec<PathBuf>,
}

/// Writes the results of a clip; `None` if it was stopped, with nothing written.
///
/// # Errors
/// If the clip cannot be read, or a file not written.
pub(super) fn write_results(
    setting: &mut Setting<'_>,
    (plan, guard): (&AnalyzePlan, &OutputGuard),
    job: &AnalyzeJob,
    progress: &ProgressBar,
) -> Result<Option<Written>> {
    let staging = Staging::begin(&job.out)?;
    let results = AnalyzeJob { out: staging.root(), ..job.clone() };
    let Some(report) = ClipAnalysis::run(setting, &results, progress)? else { return Ok(None) };
    if plan.annotated && !setting.annotate(&results, progress)? {
        return Ok(None);
    }
    let staying = staging.note_staying(guard, &is_result);
    let files = staging.targets()?;
    staging.publish(guard)?;
    progress.suspend(|| staying.iter().for_each(complain));
    Ok(Some(Written { report, files }))
}

/// Returns the bar of a clip.
pub(super) fn clip_bar(job: &AnalyzeJob) -> ProgressBar {
    let bar = bar(0, "{bar:30} {pos}/{len} frames, {eta} left  {msg}");
    bar.with_message(masked(&job.clip.to_string_lossy()).into_owned())
}

/// Returns a bar of this `template`, which is well-formed.
pub(super) fn bar(length: usize, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the templates are well-formed");
    ProgressBar::new(length as u64).with_style(style)
}
