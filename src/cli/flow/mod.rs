//! `motionscope flow`: optical flow by any method, of two pictures or of a clip, to files and to a video.

mod arguments;
mod flow_source;
mod frame_pairs;
mod report;
mod shard;
mod stages;
mod work;

use std::path::Path;
use std::sync::atomic::Ordering;

use indicatif::{ProgressBar, ProgressStyle};

use super::interrupt::interrupt_flag;
use super::outcome::{Outcome, complain};
use crate::error::{Error, Result};
use crate::panic_guard::caught;
use crate::video::{TRANSPARENT, has_transparent_parts};
pub(super) use arguments::FlowArgs;
use arguments::{FlowInputPath, FlowPlan};
use frame_pairs::{CommandPairs, FramePair};
use report::FlowExportReport;
pub(super) use shard::COMMAND;
use shard::run_shard;
use stages::Stages;
use work::FlowWork;

/// Pixels of an image from which on its flow takes long on a CPU.
const LARGE_PX: usize = 4_000_000;

pub(super) fn run(arguments: &FlowArgs) -> Result<Outcome> {
    let plan = arguments.plan().map_err(Error::as_usage)?;
    if let (Some(task), FlowInputPath::Clip(path)) = (&plan.task, &plan.input) {
        return caught("flow", || run_shard(task, &plan, path));
    }
    plan.check_files()?;
    let report = caught("flow", || match &plan.input {
        FlowInputPath::Pair(first, second) => of_pair(&plan, first, second),
        FlowInputPath::Clip(path) => of_clip(&plan, path),
    })?;
    publish(&plan, &report)?;
    Ok(if report.interrupted { Outcome::Interrupted } else { Outcome::Done })
}

fn of_pair(plan: &FlowPlan, first: &Path, second: &Path) -> Result<FlowExportReport> {
    let mut stages = Stages::new(if plan.target.is_some() { 4 } else { 3 });
    stages.begin("Reading the images");
    let pair = FramePair::open(first, second, plan.size)?;
    for path in [first, second] {
        if has_transparent_parts(path)? {
            stages.note(&format!("{}: {TRANSPARENT}.", path.display()));
        }
    }
    let [width, height] = pair.size();
    stages.is_long = width * height >= LARGE_PX;
    if plan.size.is_none() && stages.is_long {
        stages.note(&format!("Images of {width}×{height} pixels may take minutes; --size WxH shrinks them first."));
    }
    stages.begin("Preparing the method");
    let mut work = FlowWork::begin(plan, vec![first.into(), second.into()], None)?;
    work.on(&pair, Some(&mut stages))?;
    stages.end();
    work.finish(false)
}

fn of_clip(plan: &FlowPlan, path: &Path) -> Result<FlowExportReport> {
    let mut pairs = CommandPairs::open(path, plan.size, plan.stride)?;
    let info = pairs.info().clone();
    let frames = plan.frames(path, info.frames)?;
    for note in &info.notes {
        eprintln!("{}: {note}.", path.display());
    }
    let stop = interrupt_flag("Stopping after this pair")?;
    plan.check_folder(frames.clone())?;
    let mut work = FlowWork::begin(plan, vec![path.into()], Some(info))?;
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} pairs, {eta} left").expect("the template is well-formed");
    let bar = ProgressBar::new(frames.len() as u64).with_style(style);
    for first in frames {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        work.on(&pairs.pair(first)?, None)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let noted = &pairs.info().notes.clone();
    pairs.take_warnings().iter().filter(|damage| !noted.contains(&damage.cause)).for_each(complain);
    work.finish(stop.load(Ordering::Relaxed))
}

/// Reports the finished work on stdout: a JSON document or a sentence.
fn publish(plan: &FlowPlan, report: &FlowExportReport) -> Result<()> {
    if plan.json {
        let text = serde_json::to_string_pretty(report);
        println!("{}", text.map_err(|error| Error::new("--json", error.to_string(), "Please report this"))?);
        return Ok(());
    }
    println!("{}", report.in_words());
    for path in plan.target.iter().map(|target| &target.path).chain(&report.video) {
        println!("  {}", path.display());
    }
    Ok(())
}
