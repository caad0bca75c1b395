//! The pairs of one shard of a clip: a stretch of it, as each frame is decoded once.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::arguments::{FlowPlan, Target};
use super::flow_source::FlowInput;
use super::frame_pairs::CommandPairs;
use crate::cli::method::MethodSettings;
use crate::cli::outcome::{Outcome, complain};
use crate::cli::shard_files::{ItemFiles, absolute};
use crate::cli::shard_task::{ShardItems, ShardTask, ShardWork};
use crate::error::{Error, Result};
use crate::flow::files::{FlowFormat, Scales};
use crate::shards::{Job, JobInputs, Shard, size_of, stretch};

/// The name of the command in parts.
pub(in crate::cli) const COMMAND: &str = "flow";

/// What all shards have in common.
#[derive(Serialize)]
struct FlowSettings {
    clip: String,
    #[serde(flatten)]
    method: MethodSettings,
    stride: usize,
    start: usize,
    size: Option<[u32; 2]>,
    format: FlowFormat,
    bound_px: f32,
    max_px: Option<f32>,
    out: PathBuf,
}

/// The pairs of a shard.
struct FlowStretch<'a> {
    plan: &'a FlowPlan<'a>,
    target: &'a Target,
    pairs: CommandPairs,
    source: FlowInput,
    /// The first frames of all pairs.
    frames: Range<usize>,
}

/// Writes the flow of the pairs of a shard of the clip at `path` and its part, unless it is there.
pub(super) fn run_shard(task: &ShardTask, plan: &FlowPlan<'_>, path: &Path) -> Result<Outcome> {
    let missing = || Error::usage("--out", "it is missing", "Name the folder for the flow");
    let target = plan.target.as_ref().ok_or_else(missing)?;
    let pairs = CommandPairs::open(path, plan.size, plan.stride)?;
    pairs.info().notes.iter().for_each(|note| eprintln!("{}: {note}.", path.display()));
    let frames = plan.frames(path, pairs.info().frames)?;
    let clip = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let inputs = JobInputs::new("pair", frames.len(), format!("{clip} of {} bytes", size_of(path)));
    let settings = FlowSettings {
        clip,
        method: plan.method.settings()?,
        stride: plan.stride,
        start: plan.start,
        size: plan.size.map(|size| [size.width, size.height]),
        format: target.format,
        bound_px: plan.bound_px,
        max_px: plan.max_px,
        out: absolute(&target.path),
    };
    let device = plan.method.device_name()?;
    let source = FlowInput::open(plan.method.method, plan)?;
    let mut work = FlowStretch { plan, target, pairs, source, frames };
    let outcome = task.run(Job::new(COMMAND, &settings, inputs)?, &device, &mut work)?;
    let noted = work.pairs.info().notes.clone();
    work.pairs.take_warnings().iter().filter(|damage| !noted.contains(&damage.cause)).for_each(complain);
    Ok(outcome)
}

impl ShardWork for FlowStretch<'_> {
    type Item = ItemFiles;
    type Source = ();
    const DONE: &'static str = "written";

    fn positions(&self, shard: Shard) -> Vec<usize> {
        stretch(self.frames.len(), shard).collect()
    }

    fn prepare(&mut self, _task: &ShardTask, positions: &[usize], is_begun: bool) -> Result<()> {
        let [Some(first), Some(last)] = [positions.first(), positions.last()] else { return Ok(()) };
        let own = self.frames.start + first..self.frames.start + last + 1;
        let guard = if is_begun { self.plan.guard.clone().replacing() } else { self.plan.guard.clone() };
        self.plan.check_folder_by(&guard, own)?;
        let folder = &self.target.path;
        std::fs::create_dir_all(folder).map_err(|error| Error::not_made(folder, &error))
    }

    /// A pair that has no flow ends the work, as on one machine.
    fn compute(&mut self, items: ShardItems<'_, ItemFiles>) -> Result<()> {
        let Self { plan, target: Target { path, format }, pairs, source, frames } = self;
        items.each(|position| {
            let pair = pairs.pair(frames.start + position)?;
            let field = source.flow(&pair, &mut |_| {})?;
            let max_px = plan.max_px.unwrap_or_else(|| field.magnitude_max());
            let scales = Scales { bound_px: plan.bound_px, max_px, gamma: 1.0 };
            let files = format.write(&format.path_in(path, pair.frames[0]), &field, scales)?;
            Ok(Some(Ok(ItemFiles::new(None, files))))
        })
    }

    fn source(&self) {}
}
