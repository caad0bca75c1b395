//! What can be asked of `motionscope analyze`, and the checked plan made from it.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::super::model_arguments::{DeviceArg, ModelArg};
use super::super::output_arguments::ForceArg;
use super::super::values::{named, non_negative};
use super::inputs::{Job, clips_in, jobs};
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

Each clip gets a folder of its name in DIR, and keeps it (c.mp4 beside c.avi: c.mp4 and c.avi):
  scores.json     scores of every window and of the clip (schema motionscope-scores, version 1)
  flow.mp4        the frames beside their flow in Middlebury's colours
  annotated.mp4   with --annotated: frames and flow with the likeliest classes as bars and labels
  flow/*.flo      with --flow: the flow from each frame to the next at the clip's own size
The files of a clip appear when all of them are complete. Ctrl-C leaves those of the clips before.

Exit codes: 0 all clips are done, 1 some failed, 2 wrong usage, 130 ended by Ctrl-C";

/// `motionscope analyze`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct AnalyzeArgs {
    /// Clips, or folders of clips
    #[arg(required = true, value_name = "CLIP")]
    clips: Vec<PathBuf>,
    /// Folder for the results; made if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Also write the flow as .flo files
    #[arg(long)]
    flow: bool,
    /// Also write a video with flow, bars and labels drawn in
    #[arg(long)]
    annotated: bool,
    /// Frames from one scored window to the next; a window has 11, or as many as a stream for clips reads
    #[arg(long, value_name = "N", default_value = "5")]
    stride: NonZeroUsize,
    /// Flow of this length has the full colour in flow.mp4, in pixels of the network's frame
    #[arg(long, value_name = "PX", default_value = "8", value_parser = non_negative)]
    max_px: f64,
    /// Print the scores as JSON on stdout, one clip a line
    #[arg(long)]
    json: bool,
    /// How the streams are fused: released, softmax or logits [default: as on the model card]
    #[arg(long, value_name = "RULE", value_parser = named::<FusionRule>)]
    fusion: Option<FusionRule>,
    /// Weight of the temporal stream, that of the spatial stream being 1 [default: as on the model card]
    #[arg(long, value_name = "W", value_parser = non_negative)]
    weight: Option<f64>,
    #[command(flatten)]
    force: ForceArg,
    #[command(flatten)]
    model: ModelArg,
    #[command(flatten)]
    device: DeviceArg,
}

/// What is to be done, with nothing left to be decided.
#[derive(Debug)]
pub(in crate::cli) struct AnalyzePlan {
    pub(super) jobs: Vec<Job>,
    pub(super) flow_files: bool,
    pub(super) annotated: bool,
    pub(super) stride: usize,
    pub(super) max_px: f32,
    pub(super) json: bool,
    pub(super) fusion: Option<FusionRule>,
    pub(super) weight: Option<f64>,
    pub(super) model: PathBuf,
    pub(super) device: DeviceChoice,
    /// What may be written.
    pub(super) guard: OutputGuard,
}

impl AnalyzeArgs {
    /// Finds the clips and the model.
    ///
    /// # Errors
    /// If a folder cannot be read or holds no clips, or if there is no model.
    pub fn plan(&self) -> Result<AnalyzePlan> {
        let mut clips = Vec::new();
        for path in &self.clips {
            let is_searched = path.is_dir() && !is_frame_folder(path);
            if is_searched { clips.extend(clips_in(path, &self.out)?) } else { clips.push(path.clone()) }
        }
        let guard = self.force.guard(&clips).apart_from(&clips);
        let jobs = jobs(clips, &self.out);
        let results: Vec<_> = jobs.iter().flat_map(|job| self.results(job)).collect();
        guard.check(&results)?;
        Ok(AnalyzePlan {
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
            guard,
        })
    }

    /// The files that a clip's results go to, as far as they are known before it is opened.
    fn results(&self, job: &Job) -> Vec<PathBuf> {
        let flow = job.out.join(FLOW_FILES).join(flow_file(0));
        let optional = [(self.annotated, job.out.join(ANNOTATED)), (self.flow, flow)];
        let optional = optional.into_iter().filter(|(is_written, _)| *is_written).map(|(_, path)| path);
        [SCORES, FLOW_VIDEO].map(|name| job.out.join(name)).into_iter().chain(optional).collect()
    }
}
