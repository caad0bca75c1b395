//! `motionscope predict`: probabilities of every class throughout videos of any length.

mod inputs;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::interrupt::interrupt_flag;
use super::model_arguments::{DeviceArg, ModelArg, no_stream};
use super::outcome::{Outcome, complain};
use super::output_arguments::ForceArg;
use super::values::count;
use crate::engine::{
    InferencePipeline, NamedVideo, PredictorEvent, VideoEnd, VideoPredictor, model_predictions, prediction_targets,
};
use crate::error::{Error, Result};
use crate::nets::HiddenTwoStream;
use crate::plural::counted;
use crate::secrets::masked;
use inputs::PredictInputs;

const EXAMPLES: &str = "\
Examples:
  motionscope predict golf                            every video of a project
  motionscope predict a.mp4 b.mp4 --out predictions
  motionscope predict videos --out predictions --stride 2 --csv
  motionscope summary predictions                     bouts and time budgets

Each video gets a file NAME.parquet with the probability of each class at every Nth frame, from the
window around that frame. Those of a project are in PROJECT/predictions/MODEL unless --out is given.
A run that was stopped or killed continues where it was when it is started again, with the same
result, and files that are complete are kept.

Exit codes: 0 all videos done, 1 some failed, 2 wrong usage, 130 stopped by Ctrl-C,
75 stopped by SIGTERM";

/// `motionscope predict`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PredictArgs {
    /// A project, or videos and folders of videos
    #[arg(required = true, value_name = "PROJECT|VIDEO")]
    sources: Vec<PathBuf>,
    /// Output folder, created if missing [default for a project: predictions/MODEL in it]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Score every Nth frame
    #[arg(long, value_name = "N", default_value = "4", value_parser = count)]
    stride: NonZeroUsize,
    /// Also write the probabilities as CSV
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    force: ForceArg,
    #[command(flatten)]
    model: ModelArg,
    #[command(flatten)]
    device: DeviceArg,
}

pub(super) fn run(arguments: &PredictArgs) -> Result<Outcome> {
    let inputs = PredictInputs::find(&arguments.sources)?;
    if arguments.out.is_none() && inputs.project.is_none() {
        return Err(Error::usage("--out", "it is missing", "Name the folder for the predictions of videos"));
    }
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
    let predictor = VideoPredictor::new(pipeline, info, arguments.stride, existing, guard).with_csv(arguments.csv);
    let stop = interrupt_flag("Stopping; what is done is kept")?;
    std::fs::create_dir_all(&out).map_err(|error| Error::io(&out, &error))?;
    predict_all(predictor, &inputs.videos, &out, &stop)
}

/// Predicts the videos one after the other. One that fails is reported and does not hold up the others.
fn predict_all(mut predictor: VideoPredictor, videos: &[NamedVideo], out: &Path, stop: &AtomicBool) -> Result<Outcome> {
    let (mut failures, mut complete, mut scored, mut video_secs) = (0, 0, 0, 0.0f64);
    let started = Instant::now();
    for (video, target) in videos.iter().zip(prediction_targets(videos, out)?) {
        if stop.load(Ordering::Relaxed) {
            return Ok(Outcome::Interrupted);
        }
        match predict_one(&mut predictor, video, &target, stop) {
            Ok(VideoEnd::Stopped) => {
                println!("What is done is kept; start it again to continue");
                return Ok(Outcome::Interrupted);
            }
            Ok(VideoEnd::Complete) => {
                complete += 1;
                println!("{}: complete", target.display());
            }
            Ok(VideoEnd::Scored(frames, secs)) => {
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

/// Predicts a video with a bar of its progress.
fn predict_one(
    predictor: &mut VideoPredictor,
    video: &NamedVideo,
    target: &Path,
    stop: &AtomicBool,
) -> Result<VideoEnd> {
    let mut progress: Option<ProgressBar> = None;
    let mut damages = Vec::new();
    let go_on = || !stop.load(Ordering::Relaxed);
    let end = predictor.predict(video, target, &go_on, &mut |event| match (event, &progress) {
        (PredictorEvent::Damage(damage), _) => damages.push(damage.clone()),
        (PredictorEvent::Progress { done, .. }, Some(bar)) => bar.set_position(done as u64),
        (PredictorEvent::Progress { done, of }, None) => {
            if done > 0 {
                eprintln!("{}: continues after {}", video.name, counted(done, "frame"));
            }
            let bar = bar(of, &masked(&video.path.to_string_lossy()));
            bar.set_position(done as u64);
            bar.reset_eta();
            progress = Some(bar);
        }
    });
    progress.iter().for_each(ProgressBar::finish_and_clear);
    damages.iter().for_each(complain);
    end
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

fn bar(length: usize, message: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} frames, {eta} left  {msg}");
    let bar = ProgressBar::new(length as u64).with_style(style.expect("the template is well-formed"));
    bar.set_message(message.to_owned());
    bar
}
