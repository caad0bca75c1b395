//! The clips of one shard.

use std::path::PathBuf;

use indicatif::ProgressBar;
use serde::Serialize;

use super::arguments::AnalyzePlan;
use super::clip_analysis::Setting;
use super::written::{Written, clip_bar, write_results};
use crate::cli::outcome::Outcome;
use crate::cli::shard_files::{ItemFiles, absolute};
use crate::cli::shard_task::{ShardItems, ShardTask, ShardWork};
use crate::error::Result;
use crate::nets::fusion::Fusion;
use crate::output::OutputGuard;
use crate::panic_guard::caught;
use crate::shards::{Job, JobInputs, Shard, assigned};

/// The name of the command in parts.
pub(in crate::cli) const COMMAND: &str = "analyze";

/// What all shards have in common.
#[derive(Serialize)]
struct AnalyzeSettings<'a> {
    model: &'a str,
    model_hash: Option<&'a str>,
    fusion: Fusion,
    stride: usize,
    flow: bool,
    annotated: bool,
    max_px: f32,
    json: bool,
    out: PathBuf,
}

/// The clips of a shard.
struct AnalyzeShard<'a, 'b> {
    plan: &'a AnalyzePlan,
    setting: &'a mut Setting<'b>,
    guard: OutputGuard,
}

/// Analyzes the clips of a shard and writes its part, unless it is there.
pub(super) fn run_shard(
    task: &ShardTask,
    plan: &AnalyzePlan,
    setting: &mut Setting<'_>,
    device: &str,
) -> Result<Outcome> {
    let card = setting.card();
    let settings = AnalyzeSettings {
        model: &card.name,
        model_hash: card.hash.as_deref(),
        fusion: setting.fusion(),
        stride: plan.stride,
        flow: plan.flow_files,
        annotated: plan.annotated,
        max_px: plan.max_px,
        json: plan.json,
        out: absolute(&plan.out),
    };
    let list = plan.jobs.iter().map(|job| (job.clip.to_string_lossy().into_owned(), vec![&job.clip]));
    let job = Job::new(COMMAND, &settings, JobInputs::of_files("clip", list))?;
    task.run(job, device, &mut AnalyzeShard { plan, setting, guard: plan.guard.clone() })
}

impl ShardWork for AnalyzeShard<'_, '_> {
    type Item = ItemFiles;
    type Source = ();
    const DONE: &'static str = "analyzed";

    fn positions(&self, shard: Shard) -> Vec<usize> {
        assigned(&self.plan.jobs.iter().map(|job| &job.clip).collect::<Vec<_>>(), shard)
    }

    fn prepare(&mut self, _task: &ShardTask, positions: &[usize], is_begun: bool) -> Result<()> {
        if is_begun {
            self.guard = self.guard.clone().replacing();
        }
        self.plan.check(&self.guard, positions.iter().map(|&position| &self.plan.jobs[position]))
    }

    /// Each clip has a bar of its own.
    fn bar(&self, _items: usize, _kind: &str) -> ProgressBar {
        ProgressBar::hidden()
    }

    fn compute(&mut self, items: ShardItems<'_, ItemFiles>) -> Result<()> {
        let (plan, guard) = (self.plan, &self.guard);
        items.each(|position| {
            let job = &plan.jobs[position];
            let progress = clip_bar(job);
            let written = caught("networks", || write_results(self.setting, (plan, guard), job, &progress));
            progress.finish_and_clear();
            let described = |Written { report, files }: Written| {
                report.notes().for_each(|note| eprintln!("{note}"));
                let line = report.line(plan.json)?;
                println!("{line}");
                Ok(ItemFiles::new(Some(line), files))
            };
            Ok(written.transpose().map(|written| written.and_then(described)))
        })
    }

    fn source(&self) {}
}
