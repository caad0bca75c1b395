//! The prediction of one video after the other, each to files of its own.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use super::inputs::NamedVideo;
use crate::atomic;
use crate::cli::outcome::complain;
use crate::engine::{DenseEnd, DensePrediction, InferencePipeline, ScoredFrame};
use crate::error::{Error, Result};
use crate::nets::fusion::Fusion;
use crate::output::{Existing, OutputGuard};
use crate::panic_guard::caught;
use crate::plural::counted;
use crate::predictions::{PredictionFacts, PredictionWriter, read_predictions, write_frame_csv};
use crate::secrets::masked;

/// What happened to a video.
pub(super) enum Predicted {
    /// Frames were scored in this run, of so many, which stand for so many seconds.
    Scored { frames: usize, of: usize, secs: f64 },
    /// Its file was complete before, with so many scored frames.
    Complete { of: usize },
    /// It was stopped.
    Stopped,
}

/// The work that videos share.
pub(super) struct PredictionJob<'a> {
    pub pipeline: InferencePipeline,
    /// The model as it is stored with predictions.
    pub model: (String, String),
    pub fusion: Fusion,
    pub stride: NonZeroUsize,
    pub with_csv: bool,
    pub existing: Existing,
    pub guard: &'a OutputGuard,
    pub stop: Arc<AtomicBool>,
}

impl PredictionJob<'_> {
    /// Returns whether the user has stopped the command.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Returns the files of a video whose predictions are at `target`.
    pub fn files(&self, target: &Path) -> Vec<PathBuf> {
        std::iter::once(target.to_owned()).chain(self.with_csv.then(|| csv_of(target))).collect()
    }

    /// Predicts `video` to the file `target`, and what is wrong with the networks as an error.
    pub fn predict(&mut self, video: &NamedVideo, target: &Path) -> Result<Predicted> {
        caught("networks", || self.one(video, target))
    }

    fn one(&mut self, video: &NamedVideo, target: &Path) -> Result<Predicted> {
        let csv = csv_of(target);
        let mut prediction = DensePrediction::open(&video.path, &self.pipeline, self.stride)?;
        let facts = self.facts(&prediction, video);
        if target.is_file() && self.is_complete(target, &facts)? {
            if self.with_csv && (!csv.exists() || self.existing == Existing::Replace) {
                self.write_csv(target, &csv)?;
            }
            return Ok(Predicted::Complete { of: prediction.scored() });
        }
        self.guard.check(&self.files(target))?;
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
                Ok(Predicted::Scored { frames, of: prediction.scored(), secs })
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

/// Returns the table beside the file of predictions `target`.
fn csv_of(target: &Path) -> PathBuf {
    target.with_extension("csv")
}

fn bar(length: usize, message: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} frames, {eta} left  {msg}");
    let bar = ProgressBar::new(length as u64).with_style(style.expect("the template is well-formed"));
    bar.set_message(message.to_owned());
    bar
}
