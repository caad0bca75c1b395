//! `motionscope predict`: probabilities of every class throughout videos of any length.

mod inputs;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::interrupt::interrupt_flag;
use super::model_arguments::{DeviceArg, ModelArg, no_stream};
use super::outcome::{Outcome, complain};
use super::output_arguments::ForceArg;
use super::values::count;
use crate::atomic;
use crate::engine::{DenseEnd, DensePrediction, InferencePipeline, ScoredFrame};
use crate::error::{Error, Result};
use crate::nets::HiddenTwoStream;
use crate::nets::fusion::Fusion;
use crate::output::{Existing, OutputGuard};
use crate::panic_guard::caught;
use crate::plural::counted;
use crate::predictions::{PredictionFacts, PredictionWriter, read_predictions, write_frame_csv};
use crate::secrets::masked;
use inputs::{NamedVideo, PredictInputs};

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

/// The folder in a project for predictions, one folder for each model.
const FOLDER: &str = "predictions";

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

/// What happened to a video.
enum Predicted {
    /// So many frames were scored in this run, which stand for so many seconds.
    Scored(usize, f64),
    /// Its file was complete before.
    Complete,
    /// It was stopped.
    Stopped,
}

/// The work that videos share.
struct PredictionJob<'a> {
    pipeline: InferencePipeline,
    /// The model as it is stored with predictions.
    model: (String, String),
    fusion: Fusion,
    /// See [`PredictionFacts::thresholds`].
    thresholds: Vec<f64>,
    stride: NonZeroUsize,
    with_csv: bool,
    existing: Existing,
    guard: &'a OutputGuard,
    stop: Arc<AtomicBool>,
}

pub(super) fn run(arguments: &PredictArgs) -> Result<Outcome> {
    let inputs = PredictInputs::find(&arguments.sources)?;
    if arguments.out.is_none() && inputs.project.is_none() {
        return Err(Error::usage("--out", "it is missing", "Name the folder for the predictions of videos"));
    }
    inputs.targets(Path::new(""))?; // what is refused is refused before the model is loaded
    let folder = arguments.model.folder()?;
    let compute = arguments.device.open()?;
    let model = HiddenTwoStream::load(&folder, &compute.device)?;
    no_stream(&model, &folder, "Choose a model with a stream").map_or(Ok(()), Err)?;
    model.card.flow_fault(&folder).iter().for_each(complain);
    let pipeline = InferencePipeline::new(model, &compute);
    let info = pipeline.info(&folder);
    let hash = info.hash.unwrap_or_default();
    let out = match (&arguments.out, &inputs.project) {
        (None, Some((dir, _))) => dir.join(FOLDER).join(model_folder(&info.name, &hash)),
        (out, _) => out.clone().unwrap_or_default(),
    };
    if let Some((_, classes)) = &inputs.project {
        note_classes(classes, &info.classes);
    }
    let guard = arguments.force.guard(inputs.videos.iter().map(|video| &video.path));
    let mut job = PredictionJob {
        model: (info.name, hash),
        fusion: info.fusion,
        thresholds: pipeline.card().thresholds.clone(),
        stride: arguments.stride,
        with_csv: arguments.csv,
        existing: arguments.force.existing(),
        guard: &guard,
        stop: interrupt_flag("Stopping; what is done is kept")?,
        pipeline,
    };
    std::fs::create_dir_all(&out).map_err(|error| Error::io(&out, &error))?;
    job.all(&inputs, &out)
}

impl PredictionJob<'_> {
    /// Predicts the videos one after the other. One that fails is reported and does not hold up the others.
    fn all(&mut self, inputs: &PredictInputs, out: &Path) -> Result<Outcome> {
        let (mut failures, mut complete, mut scored, mut video_secs) = (0, 0, 0, 0.0f64);
        let started = Instant::now();
        for (video, target) in inputs.videos.iter().zip(inputs.targets(out)?) {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(Outcome::Interrupted);
            }
            match caught("networks", || self.one(video, &target)) {
                Ok(Predicted::Stopped) => {
                    println!("What is done is kept; start it again to continue");
                    return Ok(Outcome::Interrupted);
                }
                Ok(Predicted::Complete) => {
                    complete += 1;
                    println!("{}: complete", target.display());
                }
                Ok(Predicted::Scored(frames, secs)) => {
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

    fn one(&mut self, video: &NamedVideo, target: &Path) -> Result<Predicted> {
        let csv = target.with_extension("csv");
        let mut prediction = DensePrediction::open(&video.path, &self.pipeline, self.stride)?;
        let facts = self.facts(&prediction, video);
        if target.is_file() && self.is_complete(target, &facts)? {
            if self.with_csv && (!csv.exists() || self.existing == Existing::Replace) {
                self.write_csv(target, &csv)?;
            }
            return Ok(Predicted::Complete);
        }
        let outputs = [Some(target.to_owned()), self.with_csv.then(|| csv.clone())];
        self.guard.check(&outputs.into_iter().flatten().collect::<Vec<_>>())?;
        let mut writer = PredictionWriter::begin(target, facts)?;
        let progress = bar(prediction.scored(), &masked(&video.path.to_string_lossy()));
        let first = writer.done();
        if first > 0 {
            progress.suspend(|| eprintln!("{}: continues after {}", video.name, counted(first, "frame")));
        }
        progress.set_position(first as u64);
        progress.reset_eta();
        let stop = self.stop.clone();
        let (mut frames, mut secs) = (0, 0.0);
        let mut push = |frame: ScoredFrame| {
            progress.inc(1);
            frames += 1;
            secs += frame.span_secs[1] - frame.span_secs[0];
            writer.push(frame.span_secs[0], &frame.probabilities)
        };
        let go_on = || !stop.load(Ordering::Relaxed);
        let end = prediction.run(&mut self.pipeline, &self.fusion, first, &go_on, &mut push);
        progress.finish_and_clear();
        prediction.damages().iter().for_each(complain);
        match end {
            Ok(DenseEnd::Stopped) => writer.pause().map(|()| Predicted::Stopped),
            Ok(DenseEnd::Finished) => {
                writer.finish(self.guard)?;
                if self.with_csv {
                    self.write_csv(target, &csv)?;
                }
                Ok(Predicted::Scored(frames, secs))
            }
            // What was scored of a video that has changed since is of no use.
            Err(error) if prediction.source().has_changed() => Err(error),
            Err(error) => writer.pause().and(Err(error)),
        }
    }

    fn facts(&self, prediction: &DensePrediction, video: &NamedVideo) -> PredictionFacts {
        let info = prediction.info();
        PredictionFacts {
            video: video.name.clone(),
            content: prediction.source().content().to_owned(),
            frames: info.frames,
            fps: info.fps,
            end_secs: prediction.end_secs(),
            stride: self.stride.get(),
            classes: self.pipeline.classes().to_vec(),
            model: self.model.0.clone(),
            model_hash: self.model.1.clone(),
            fusion: self.fusion,
            thresholds: self.thresholds.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Returns whether `target` holds predictions of the same video, model and stride.
    fn is_complete(&self, target: &Path, facts: &PredictionFacts) -> Result<bool> {
        let there = match read_predictions(target) {
            Ok((there, _)) => there,
            // It is replaced or kept as `--force` says.
            Err(_) => return Ok(false),
        };
        match there.difference(facts) {
            None => Ok(true),
            Some(_) if self.existing == Existing::Replace => Ok(false),
            Some(difference) => Err(Error::file(
                target,
                format!("it holds other predictions: {difference}"),
                "Choose another --out, or replace it with --force",
            )),
        }
    }

    fn write_csv(&self, predictions: &Path, csv: &Path) -> Result<()> {
        self.guard.check(&[csv.to_owned()])?;
        let (_, scores) = read_predictions(predictions)?;
        atomic::replace(csv, |mut file| write_frame_csv(&scores, &mut file))
    }
}

/// Returns the name of the folder for the predictions of a model.
fn model_folder(name: &str, hash: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' }).collect();
    let plain = plain.trim_matches(['-', '.']);
    format!("{}-{}", if plain.is_empty() { "model" } else { plain }, hash.get(..8).unwrap_or(hash))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_model_has_a_plain_name() {
        assert_eq!(model_folder("J-HMDB 21/small", "0123456789ab-cdef"), "J-HMDB-21-small-01234567");
        assert_eq!(model_folder("..", ""), "model-");
    }
}
