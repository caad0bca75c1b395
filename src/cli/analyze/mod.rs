//! `motionscope analyze`: clips in; scores, a side-by-side video and flow files out. For each clip a folder of its own.

mod arguments;
mod clip_analysis;
mod inputs;
mod report;
mod result_files;
mod shard;
mod written;

use indicatif::MultiProgress;

use super::interrupt::interrupt_flag;
use super::outcome::{Outcome, complain};
use crate::engine::InferencePipeline;
use crate::error::Result;
use crate::gpu::choose;
use crate::nets::HiddenTwoStream;
use crate::panic_guard::caught;
pub(super) use arguments::AnalyzeArgs;
use arguments::AnalyzePlan;
use clip_analysis::Setting;
use report::ClipReport;
pub(super) use shard::COMMAND;
use shard::run_shard;
use written::{bar, clip_bar, write_results};

/// Works through the clips of the plan, or those of its shard. A clip that fails is reported and does not hold up the others.
pub(super) fn run(plan: &AnalyzePlan) -> Result<Outcome> {
    let compute = choose(plan.device)?;
    let model = HiddenTwoStream::load(&plan.model, &compute.device)?;
    model.card.flow_fault(&plan.model).iter().for_each(complain);
    let stop = match &plan.task {
        Some(task) => task.stop_flag(),
        None => interrupt_flag("Stopping; the results of this clip are discarded")?,
    };
    let device = compute.name.clone();
    let mut setting = Setting::new(plan, InferencePipeline::new(model, &compute), compute.name, stop);
    if let Some(task) = &plan.task {
        return run_shard(task, plan, &mut setting, &device);
    }
    let screen = MultiProgress::new();
    let all = screen.add(bar(plan.jobs.len(), "{bar:30} {pos}/{len} clips"));
    let mut failures = 0;
    for job in &plan.jobs {
        let progress = screen.insert_before(&all, clip_bar(job));
        let report = caught("networks", || write_results(&mut setting, (plan, &plan.guard), job, &progress));
        progress.finish_and_clear();
        all.inc(1);
        let report = report.transpose();
        let Some(report) = report else { break };
        screen.suspend(|| match report.and_then(|written| publish(plan, &written.report)) {
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

/// Prints a finished clip.
fn publish(plan: &AnalyzePlan, report: &ClipReport) -> Result<()> {
    report.notes().for_each(|note| eprintln!("{note}"));
    println!("{}", report.line(plan.json)?);
    Ok(())
}
