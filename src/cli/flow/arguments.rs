//! The arguments of `motionscope flow` and the checked plan built from them.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::Args;

use super::super::method::{FlowMethod, MethodArgs};
use super::super::output_arguments::ForceArg;
use super::super::shard_arguments::ShardArgs;
use super::super::shard_task::ShardTask;
use super::super::values::{choice, count, geometry, positive};
use crate::error::{Error, Result};
use crate::flow::files::{DEFAULT_BOUND_PX, FlowFormat};
use crate::output::OutputGuard;
use crate::plural::counted;
use crate::video::Geometry;

const EXAMPLES: &str = "\
Examples:
  motionscope flow a.png b.png --out flow.flo      two images, with the shipped MotionNet
  motionscope flow a.png b.png --method tvl1 --preset two-stream --out flow.npy
  motionscope flow a.png b.png --method dis --dis-preset fast --out flow.png
  motionscope flow clip.mp4 --out flow             a clip: flow/000000.flo, flow/000001.flo …
  motionscope flow clip.mp4 --out flow --format two-stream-jpeg
  motionscope flow clip.mp4 --video flow.mp4 --compare tvl1
  motionscope flow clip.mp4 --out flow --parts parts --shard 2/8

The files of a clip are numbered by the first frame of the pair, from 0; two-stream images from 1
(flow_x_00001.jpg, flow_y_00001.jpg …). The name of a single file selects its format: .flo, .npy,
.png (KITTI), flow_x….jpg or .png (two-stream), .jpg (colour-coded).
Ctrl-C keeps the files of the pairs so far; after any other failure no files are left.
With --parts the files of a shard, a stretch of the clip, are written as they are done; motionscope
merge checks that those of all shards are there.

Exit codes: 0 success, 1 something failed, 2 wrong usage, 130 stopped by Ctrl-C,
75 stopped by SIGTERM";

/// `motionscope flow`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct FlowArgs {
    /// Clip, or the first of two images (.png, .jpg, .ppm)
    #[arg(value_name = "CLIP|IMAGE")]
    first: PathBuf,
    /// Second image
    #[arg(value_name = "IMAGE")]
    second: Option<PathBuf>,
    /// Output: a file for two images, a folder for a clip
    #[arg(long, value_name = "FILE|DIR", required_unless_present = "video")]
    out: Option<PathBuf>,
    /// File format [default: flo, or from the name of --out]
    #[arg(long, value_parser = choice::<FlowFormat>(), requires = "out")]
    format: Option<FlowFormat>,
    /// Compute flow from frame t to frame t + K
    #[arg(long, value_name = "K", default_value = "1", value_parser = count)]
    stride: NonZeroUsize,
    /// First frame, counted from 0
    #[arg(long, value_name = "FRAME", default_value_t = 0)]
    start: usize,
    /// Maximum number of frame pairs [default: to the end of the clip]
    #[arg(long, value_name = "N", value_parser = count)]
    count: Option<NonZeroUsize>,
    /// Resize the frames first; the flow has the same size [default: original size]
    #[arg(long, value_name = "WxH", value_parser = geometry)]
    size: Option<Geometry>,
    /// Range of two-stream images: ±PX pixels [default: 20]
    #[arg(long, value_name = "PX", value_parser = positive)]
    bound: Option<f64>,
    /// Flow magnitude at full saturation, in pixels [default: the maximum so far]
    #[arg(long, value_name = "PX", value_parser = positive)]
    max_px: Option<f64>,
    /// Also write a video of the clip beside its flow in Middlebury colours
    #[arg(long, value_name = "FILE.mp4")]
    video: Option<PathBuf>,
    /// Method shown in a third pane of the video, for comparison
    #[arg(long, value_name = "METHOD", value_enum, requires = "video")]
    compare: Option<FlowMethod>,
    /// Print a summary as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    force: ForceArg,
    #[command(flatten)]
    method: MethodArgs,
    #[command(flatten)]
    shards: ShardArgs,
}

/// The input of a flow command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FlowInputPath {
    Pair(PathBuf, PathBuf),
    Clip(PathBuf),
}

/// The output path and format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// A file for a pair of pictures, a folder for a clip.
    pub path: PathBuf,
    pub format: FlowFormat,
}

/// A fully resolved flow plan.
#[derive(Debug)]
pub(super) struct FlowPlan<'a> {
    pub input: FlowInputPath,
    pub target: Option<Target>,
    pub video: Option<PathBuf>,
    pub method: &'a MethodArgs,
    pub compare: Option<FlowMethod>,
    pub stride: usize,
    pub start: usize,
    pub count: usize,
    pub size: Option<Geometry>,
    pub bound_px: f32,
    /// `None` to follow the flow itself.
    pub max_px: Option<f32>,
    pub json: bool,
    /// Consent to replace files.
    pub guard: OutputGuard,
    /// The shard to compute; none where all pairs are this machine's.
    pub task: Option<ShardTask>,
}

impl FlowPlan<'_> {
    /// Returns the first frames of the pairs of the clip at `path`, which has `available` frames.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn frames(&self, path: &Path, available: usize) -> Result<Range<usize>> {
        let (start, second) = (self.start, self.start.saturating_add(self.stride));
        let pairs = available.saturating_sub(second);
        if pairs == 0 {
            let frames = counted(available, "frame");
            let cause = format!("it has {frames}, so there is no pair of frames {start} and {second}");
            let remedy = "Choose an earlier --start or a smaller --stride; for a single image, pass a second one";
            return Err(Error::file(path, cause, remedy));
        }
        Ok(start..start + pairs.min(self.count))
    }

    /// Checks that the files that are known before the input is may be written.
    ///
    /// # Errors
    /// If one of them may not.
    pub(super) fn check_files(&self) -> Result<()> {
        let target = self.target.iter().filter(|_| matches!(self.input, FlowInputPath::Pair(..)));
        let files = target.flat_map(|target| target.format.files(&target.path)).chain(self.video.clone());
        self.guard.check(&files.collect::<Vec<_>>())
    }

    /// Checks that the files of the flows that begin at `frames` of a clip may be written.
    ///
    /// # Errors
    /// If one of them may not.
    pub(super) fn check_folder(&self, frames: Range<usize>) -> Result<()> {
        self.check_folder_by(&self.guard, frames)
    }

    /// Does what [`Self::check_folder`] does, by another guard.
    ///
    /// # Errors
    /// If one of them may not.
    pub(super) fn check_folder_by(&self, guard: &OutputGuard, frames: Range<usize>) -> Result<()> {
        let Some(Target { path, format }) = &self.target else { return Ok(()) };
        let files = frames.flat_map(|frame| format.files(&format.path_in(path, frame))).chain(self.video.clone());
        guard.check(&files.collect::<Vec<_>>())
    }
}

impl FlowArgs {
    /// Checks the arguments against each other; no file is touched.
    ///
    /// # Errors
    /// If they make no sense together.
    pub(super) fn plan(&self) -> Result<FlowPlan<'_>> {
        let input = match &self.second {
            Some(second) => FlowInputPath::Pair(self.first.clone(), second.clone()),
            None => FlowInputPath::Clip(self.first.clone()),
        };
        if matches!(input, FlowInputPath::Pair(..)) {
            self.check_pair()?;
        }
        let used: Vec<_> = std::iter::once(self.method.method).chain(self.compare).collect();
        self.method.check(&used)?;
        self.check_video()?;
        let target = self.out.as_deref().map(|out| self.target(&input, out)).transpose()?;
        self.check_scales(target.as_ref())?;
        let task = self.shards.task()?;
        if task.is_some() {
            self.check_shard(&input, target.as_ref())?;
        }
        let inputs = [Some(&self.first), self.second.as_ref()].into_iter().flatten();
        Ok(FlowPlan {
            input,
            target,
            video: self.video.clone(),
            method: &self.method,
            compare: self.compare,
            stride: self.stride.get(),
            start: self.start,
            count: self.count.map_or(usize::MAX, NonZeroUsize::get),
            size: self.size,
            bound_px: self.bound.map_or(DEFAULT_BOUND_PX, |px| px as f32),
            max_px: self.max_px.map(|px| px as f32),
            json: self.json,
            guard: self.force.guard(inputs.clone()).apart_from(inputs),
            task,
        })
    }

    /// Refuses what does not follow from the pairs of one shard.
    fn check_shard(&self, input: &FlowInputPath, target: Option<&Target>) -> Result<()> {
        let is_picture = target.is_some_and(|target| target.format == FlowFormat::Picture);
        let refused = [
            (
                "--parts",
                matches!(input, FlowInputPath::Pair(..)),
                "two images are one pair, not a list",
                "Leave it out",
            ),
            ("--video", self.video.is_some(), "a shard has only some of the pairs", "Write the video on one machine"),
            ("--json", self.json, "a shard has only some of the pairs", "Leave it out"),
            (
                "--max-px",
                is_picture && self.max_px.is_none(),
                "colours depend on the pairs before",
                "Set it for shards",
            ),
        ];
        match refused.into_iter().find(|(_, is_refused, ..)| *is_refused) {
            Some((option, _, cause, remedy)) => Err(Error::usage(option, cause, remedy)),
            None => Ok(()),
        }
    }

    /// Refuses for two pictures what only a clip has.
    fn check_pair(&self) -> Result<()> {
        let of_a_clip = [
            ("--video", self.video.is_some()),
            ("--stride", self.stride.get() > 1),
            ("--start", self.start > 0),
            ("--count", self.count.is_some()),
            ("--method codec", self.method.method == FlowMethod::Codec),
        ];
        match of_a_clip.iter().find(|(_, asked)| *asked) {
            Some((option, _)) => {
                Err(Error::new(*option, "two images are not a clip", "Pass a clip, or omit the option"))
            }
            None => Ok(()),
        }
    }

    /// Refuses a video whose name promises another format than MP4.
    fn check_video(&self) -> Result<()> {
        let Some(path) = &self.video else { return Ok(()) };
        let ending = path.extension().unwrap_or_default();
        match ending.eq_ignore_ascii_case("mp4") {
            true => Ok(()),
            false => Err(Error::file(path, "videos are written as MP4", "Name the video with the ending .mp4")),
        }
    }

    /// Refuses scales of files that are not written.
    fn check_scales(&self, target: Option<&Target>) -> Result<()> {
        let format = target.map(|target| target.format);
        let is_two_stream = matches!(format, Some(FlowFormat::TwoStreamJpeg | FlowFormat::TwoStreamPng));
        let is_coloured = self.video.is_some() || format == Some(FlowFormat::Picture);
        let scales = [
            ("--bound", self.bound.is_some() && !is_two_stream, "it is the range of two-stream images"),
            ("--max-px", self.max_px.is_some() && !is_coloured, "it is the range of colours, in pictures and videos"),
        ];
        match scales.into_iter().find(|(_, has_no_effect, _)| *has_no_effect) {
            Some((option, _, cause)) => Err(Error::usage(option, cause, "Leave it out, or choose such a format")),
            None => Ok(()),
        }
    }

    fn target(&self, input: &FlowInputPath, out: &Path) -> Result<Target> {
        let path = out.to_owned();
        if let FlowInputPath::Clip(_) = input {
            return Ok(Target { path, format: self.format.unwrap_or(FlowFormat::Flo) });
        }
        match (self.format, FlowFormat::of_name(out)) {
            (Some(format), _) if format.fits(out) => Ok(Target { path, format }),
            (None, Some(format)) => Ok(Target { path, format }),
            (Some(_), _) => {
                let remedy = "Name it .flo, .npy, .png (kitti, picture), or flow_x….jpg or .png (two-stream)";
                Err(Error::file(out, "the name does not fit the format", remedy))
            }
            (None, None) => {
                let remedy = "Name it .flo, .npy, .png (KITTI), flow_x….jpg (two-stream) or .jpg (colours)";
                Err(Error::file(out, "its name matches no flow format", remedy))
            }
        }
    }
}
