//! `motionscope predict`: probabilities of every class throughout videos of any length.

mod inputs;
mod job;
mod sequence;
mod shard;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::interrupt::interrupt_flag;
use super::model_arguments::{DeviceArg, ModelArg, no_stream};
use super::outcome::{Outcome, complain};
use super::output_arguments::ForceArg;
use super::shard_arguments::ShardArgs;
use super::values::count;
use crate::engine::{InferencePipeline, VideoEnd, VideoPredictor, model_predictions, prediction_targets};
use crate::error::{Error, Result};
use crate::nets::HiddenTwoStream;
use crate::plural::counted;
use inputs::PredictInputs;
use job::PredictionJob;
use sequence::CorrectionJob;
pub(super) use shard::COMMAND;
use shard::run_shard;

const EXAMPLES: &str = "\
Examples:
  motionscope predict golf                            every video of a project
  motionscope predict a.mp4 b.mp4 --out predictions
  motionscope predict videos --out predictions --stride 2 --csv
  motionscope predict golf --parts parts --shard 2/8  one of eight shards of the videos
  motionscope summary predictions                     bouts and time budgets
  motionscope predict predictions --sequence model    by the seconds around each frame

Each video gets a file NAME.parquet with the probability of each class at every Nth frame, from the
window around that frame. Those of a project are in PROJECT/predictions/MODEL unless --out is given.
A run that was stopped or killed continues where it was when it is started again, with the same
result, and files that are complete are kept. With --parts only the videos of a shard are predicted;
motionscope merge checks that the files of all shards are there.

--features also stores what the last layer of each stream reads, for `train sequence`: thousands of
numbers a frame. With --sequence the sources are predictions: the sequence model corrects them and
writes them to --out, or for a folder of predictions to a folder beside it. The videos are not read.

Exit codes: 0 all videos done, 1 some failed, 2 wrong usage, 130 stopped by Ctrl-C,
75 stopped by SIGTERM";

/// `motionscope predict`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PredictArgs {
    /// A project, or videos and folders of videos; with --sequence, predictions
    #[arg(required = true, value_name = "PROJECT|VIDEO")]
    sources: Vec<PathBuf>,
    /// Output folder, created if missing [default for a project: predictions/MODEL in it]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Score every Nth frame
    #[arg(long, value_name = "N", default_value = "4", value_parser = count)]
    stride: NonZeroUsize,
    /// Also store the features of both streams
    #[arg(long, conflicts_with = "sequence")]
    features: bool,
    /// Correct predictions by a sequence model that `train sequence` wrote
    #[arg(long, value_name = "DIR", conflicts_with_all = ["stride", "model", "device"])]
    sequence: Option<PathBuf>,
    /// Also write the probabilities as CSV
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    force: ForceArg,
    #[command(flatten)]
    model: ModelArg,
    #[command(flatten)]
    device: DeviceArg,
    #[command(flatten)]
    shards: ShardArgs,
}

pub(super) fn run(arguments: &PredictArgs) -> Result<Outcome> {
    if let Some(dir) = &arguments.sequence {
        return sequence::run(&CorrectionJob {
            model: dir,
            sources: &arguments.sources,
            out: arguments.out.as_deref(),
            with_csv: arguments.csv,
            force: arguments.force,
        });
    }
    let inputs = PredictInputs::find(&arguments.sources)?;
    if arguments.out.is_none() && inputs.project.is_none() {
        return Err(Error::usage("--out", "it is missing", "Name the folder for the predictions of videos"));
    }
    let task = arguments.shards.task()?;
    prediction_targets(&inputs.videos, Path::new(""))?; // what is refused is refused before the model is loaded
    let folder = arguments.model.folder()?;
    let compute = arguments.device.open()?;
    let model = HiddenTwoStream::load(&folder, &compute.device)?;
    no_stream(&model, &folder, "Choose a model with a stream").map_or(Ok(()), Err)?;
    model.card.flow_fault(&folder).iter().for_each(complain);
    let pipeline = InferencePipeline::new(model, &compute);
    let info = pipeline.info(&folder);
    let out = match (&arguments.out, &inputs.project) {
        (None, Some((dir, _))) => model_predictions(dir, &info.name, info.hash.as_deref().unwrap_or_default()),
        (out, _) => out.clone().unwrap_or_default(),
    };
    if let Some((_, classes)) = &inputs.project {
        note_classes(classes, &info.classes);
    }
    let guard = arguments.force.guard(inputs.videos.iter().map(|video| &video.path));
    let existing = arguments.force.existing();
    let predictor = VideoPredictor::new(pipeline, info, arguments.stride, &compute.name, existing, guard);
    let predictor = predictor.with_csv(arguments.csv);
    let predictor = if arguments.features { predictor.with_features() } else { predictor };
    let stop = match &task {
        Some(task) => task.stop_flag(),
        None => interrupt_flag("Stopping; what is done is kept")?,
    };
    let mut job = PredictionJob { predictor, stop };
    let targets = prediction_targets(&inputs.videos, &out)?;
    if task.is_none() {
        job.predictor.check(&targets)?; // a shard is of a job, which says more of what differs
    }
    std::fs::create_dir_all(&out).map_err(|error| Error::io(&out, &error))?;
    match task {
        Some(task) => run_shard(&task, &mut job, &inputs, &out, &compute.name),
        None => run_whole(&mut job, &inputs, &targets),
    }
}

/// Predicts the videos one after the other. One that fails is reported and does not hold up the others.
fn run_whole(job: &mut PredictionJob, inputs: &PredictInputs, targets: &[PathBuf]) -> Result<Outcome> {
    let (mut failures, mut complete, mut scored, mut video_secs) = (0, 0, 0, 0.0f64);
    let started = Instant::now();
    for (video, target) in inputs.videos.iter().zip(targets) {
        if job.is_stopped() {
            return Ok(Outcome::Interrupted);
        }
        match job.predict(video, target) {
            Ok(VideoEnd::Stopped) => {
                println!("What is done is kept; start it again to continue");
                return Ok(Outcome::Interrupted);
            }
            Ok(VideoEnd::Complete { .. }) => {
                complete += 1;
                println!("{}: complete", target.display());
            }
            Ok(VideoEnd::Scored { frames, secs, .. }) => {
                scored += frames;
                video_secs += secs;
                println!("{}: {}, {secs:.1} s of video", target.display(), counted(frames, "scored frame"));
            }
            Err(error) => {
                failures += 1;
                complain(&error);
            }
        }
    }
    if scored > 0 {
        let speed = video_secs / started.elapsed().as_secs_f64().max(1e-9);
        println!("{}, {video_secs:.1} s of video at {speed:.2} times its speed", counted(scored, "scored frame"));
    }
    if complete > 0 {
        println!("{} had predictions of this model and stride", counted(complete, "video"));
    }
    Ok(if failures == 0 { Outcome::Done } else { Outcome::SomeFailed })
}

/// Prints which classes only the project or only the model has.
fn note_classes(project: &[String], model: &[String]) {
    let missing = |from: &[String], of: &[String]| {
        from.iter().filter(|class| !of.contains(class)).cloned().collect::<Vec<_>>().join(", ")
    };
    let (unknown, others) = (missing(project, model), missing(model, project));
    if !unknown.is_empty() {
        eprintln!("motionscope: classes of the project that the model does not know: {unknown}");
    }
    if !others.is_empty() && project.iter().any(|class| model.contains(class)) {
        eprintln!("motionscope: classes of the model that the project does not have: {others}");
    }
}
