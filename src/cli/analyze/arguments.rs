//! The arguments of `motionscope analyze` and the checked plan built from them.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::super::model_arguments::{DeviceArg, ModelArg};
use super::super::output_arguments::ForceArg;
use super::super::shard_arguments::ShardArgs;
use super::super::shard_task::ShardTask;
use super::super::values::{count, named, positive, weight};
use super::inputs::{AnalyzeJob, clips_in, jobs};
use super::result_files::{ANNOTATED, FLOW_FILES, FLOW_VIDEO, SCORES, flow_file};
use crate::error::Result;
use crate::gpu::DeviceChoice;
use crate::nets::fusion::FusionRule;
use crate::output::OutputGuard;
use crate::video::is_frame_folder;

const EXAMPLES: &str = "\
Examples:
  motionscope analyze clip.mp4 --out results
  motionscope analyze clips/ --out results --flow --stride 1
  motionscope analyze clip.mp4 --out results --annotated
  motionscope analyze *.mp4 --out results --json | jq .result.class
  motionscope analyze clips/ --out results --parts parts --shard 2/8

Each clip gets a folder in DIR, named after the clip (c.mp4 next to c.avi: c.mp4 and c.avi):
  scores.json     scores of each window and of the clip (schema motionscope-scores, version 1)
  flow.mp4        frames beside their flow in Middlebury colours
  annotated.mp4   with --annotated: frames and flow with the top classes drawn in
  flow/*.flo      with --flow: frame-to-frame flow at the clip's original size
The files of a clip appear together, once all are complete. Ctrl-C keeps those of finished clips.
With --parts only the clips of a shard are analyzed; motionscope merge checks that the files of all
shards are there, and prints what one machine would have printed.

Exit codes: 0 all clips done, 1 some failed, 2 wrong usage, 130 stopped by Ctrl-C,
75 stopped by SIGTERM";

/// `motionscope analyze`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct AnalyzeArgs {
    /// Clips, or folders of clips
    #[arg(required = true, value_name = "CLIP")]
    clips: Vec<PathBuf>,
    /// Output folder, created if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Also write the flow as .flo files
    #[arg(long)]
    flow: bool,
    /// Also write a video with flow, score bars and labels drawn in
    #[arg(long)]
    annotated: bool,
    /// Stride between scored windows, in frames
    ///
    /// A window has 11 frames, or the clip length of an I3D stream.
    #[arg(long, value_name = "N", default_value = "5", value_parser = count)]
    stride: NonZeroUsize,
    /// Flow magnitude at full saturation in flow.mp4, in pixels of the network input
    #[arg(long, value_name = "PX", default_value = "8", value_parser = positive)]
    max_px: f64,
    /// Print the scores as JSON, one clip per line
    #[arg(long)]
    json: bool,
    /// Fusion rule: released, softmax or logits [default: from the model card]
    #[arg(long, value_name = "RULE", value_parser = named::<FusionRule>())]
    fusion: Option<FusionRule>,
    /// Weight of the temporal stream relative to the spatial one [default: from the model card]
    #[arg(long, value_name = "W", value_parser = weight)]
    weight: Option<f64>,
    #[command(flatten)]
    force: ForceArg,
    #[command(flatten)]
    model: ModelArg,
    #[command(flatten)]
    device: DeviceArg,
    #[command(flatten)]
    shards: ShardArgs,
}

/// A fully resolved analysis plan.
#[derive(Debug)]
pub(in crate::cli) struct AnalyzePlan {
    pub(super) jobs: Vec<AnalyzeJob>,
    pub(super) flow_files: bool,
    pub(super) annotated: bool,
    pub(super) stride: usize,
    pub(super) max_px: f32,
    pub(super) json: bool,
    pub(super) fusion: Option<FusionRule>,
    pub(super) weight: Option<f64>,
    pub(super) model: PathBuf,
    pub(super) device: DeviceChoice,
    pub(super) out: PathBuf,
    /// Decides which files may be written.
    pub(super) guard: OutputGuard,
    /// The shard to compute; none where all clips are this machine's.
    pub(super) task: Option<ShardTask>,
}

impl AnalyzeArgs {
    /// Finds the clips and the model.
    ///
    /// # Errors
    /// If a folder cannot be read or holds no clips, or if there is no model.
    pub fn plan(&self) -> Result<AnalyzePlan> {
        let task = self.shards.task()?;
        let mut clips = Vec::new();
        for path in &self.clips {
            let is_searched = path.is_dir() && !is_frame_folder(path);
            if is_searched { clips.extend(clips_in(path, &self.out)?) } else { clips.push(path.clone()) }
        }
        let guard = self.force.guard(&clips).apart_from(&clips);
        let jobs = jobs(clips, &self.out);
        let plan = AnalyzePlan {
            jobs,
            flow_files: self.flow,
            annotated: self.annotated,
            stride: self.stride.get(),
            max_px: self.max_px as f32,
            json: self.json,
            fusion: self.fusion,
            weight: self.weight,
            model: self.model.folder()?,
            device: self.device.device,
            out: self.out.clone(),
            guard,
            task,
        };
        if plan.task.is_none() {
            plan.check(&plan.guard, &plan.jobs)?;
        }
        Ok(plan)
    }
}

impl AnalyzePlan {
    /// Checks that the results of `jobs` that are known before their clips are opened may be written.
    ///
    /// # Errors
    /// If `guard` does not allow one of them.
    pub(super) fn check<'a>(&self, guard: &OutputGuard, jobs: impl IntoIterator<Item = &'a AnalyzeJob>) -> Result<()> {
        guard.check(&jobs.into_iter().flat_map(|job| self.results(job)).collect::<Vec<_>>())
    }

    /// Returns the result files of a clip that are known before it is opened.
    fn results(&self, job: &AnalyzeJob) -> Vec<PathBuf> {
        let flow = job.out.join(FLOW_FILES).join(flow_file(0));
        let optional = [(self.annotated, job.out.join(ANNOTATED)), (self.flow_files, flow)];
        let optional = optional.into_iter().filter(|(is_written, _)| *is_written).map(|(_, path)| path);
        [SCORES, FLOW_VIDEO].map(|name| job.out.join(name)).into_iter().chain(optional).collect()
    }
}
