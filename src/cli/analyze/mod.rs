//! `motionscope analyze`: clips in; scores, a side-by-side video and flow files out. For each clip a folder of its own.

mod arguments;
mod clip_analysis;
mod inputs;
mod report;
mod result_files;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::interrupt::interrupt_flag;
use super::outcome::{Outcome, complain};
use crate::engine::InferencePipeline;
use crate::error::Result;
use crate::gpu::choose;
use crate::nets::HiddenTwoStream;
use crate::output::Staging;
use crate::panic_guard::caught;
use crate::secrets::masked;
pub(super) use arguments::AnalyzeArgs;
use arguments::AnalyzePlan;
use clip_analysis::{ClipAnalysis, Setting};
use inputs::AnalyzeJob;
use report::ClipReport;
use result_files::is_result;

/// Works through the clips of the plan. A clip that fails is reported and does not hold up the others.
pub(super) fn run(plan: &AnalyzePlan) -> Result<Outcome> {
    let compute = choose(plan.device)?;
    let model = HiddenTwoStream::load(&plan.model, &compute.device)?;
    model.card.flow_fault(&plan.model).iter().for_each(complain);
    let stop = interrupt_flag("Stopping; the results of this clip are discarded")?;
    let mut setting = Setting::new(plan, InferencePipeline::new(model, &compute), compute.name, stop);
    let screen = MultiProgress::new();
    let all = screen.add(bar(plan.jobs.len(), "{bar:30} {pos}/{len} clips"));
    let mut failures = 0;
    for job in &plan.jobs {
        let progress = screen.insert_before(&all, bar(0, "{bar:30} {pos}/{len} frames, {eta} left  {msg}"));
        progress.set_message(masked(&job.clip.to_string_lossy()).into_owned());
        let report = caught("networks", || analyse(&mut setting, plan, job, &progress));
        progress.finish_and_clear();
        all.inc(1);
        let report = report.transpose();
        let Some(report) = report else { break };
        screen.suspend(|| match report.and_then(|report| publish(plan, &report)) {
            Ok(()) => {}
            Err(error) => {
                complain(&error);
                failures += 1;
            }
        });
    }
    if setting.is_stopped() {
        screen.clear().ok(); // What is drawn does not matter any more.
        return Ok(Outcome::Interrupted);
    }
    all.finish_and_clear();
    Ok(if failures == 0 { Outcome::Done } else { Outcome::SomeFailed })
}

/// Writes the results of a clip; `None` if it was stopped, with nothing written.
fn analyse(
    setting: &mut Setting<'_>,
    plan: &AnalyzePlan,
    job: &AnalyzeJob,
    progress: &ProgressBar,
) -> Result<Option<ClipReport>> {
    let staging = Staging::begin(&job.out)?;
    let results = AnalyzeJob { out: staging.root(), ..job.clone() };
    let Some(report) = ClipAnalysis::run(setting, &results, progress)? else { return Ok(None) };
    if plan.annotated && !setting.annotate(&results, progress)? {
        return Ok(None);
    }
    let staying = staging.note_staying(&plan.guard, &is_result);
    staging.publish(&plan.guard)?;
    progress.suspend(|| staying.iter().for_each(complain));
    Ok(Some(report))
}

/// Tells about a finished clip on stdout: a JSON document a line, or a sentence.
fn publish(plan: &AnalyzePlan, report: &ClipReport) -> Result<()> {
    for note in &report.notes {
        eprintln!("{}: {note}.", report.clip.path.display());
    }
    if plan.json {
        println!("{}", report.to_json(false)?);
    } else {
        println!("{}", report.in_words());
    }
    Ok(())
}

fn bar(length: usize, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the templates are well-formed");
    ProgressBar::new(length as u64).with_style(style)
}
