//! Predictions of videos as files, one video after the other: what a run that was stopped left is continued, and what is complete is
//! kept.

use std::num::NonZeroUsize;
use std::path::Path;

use super::prediction::{DenseEnd, DensePrediction, ScoredFrame};
use super::videos::NamedVideo;
use crate::atomic;
use crate::engine::{InferencePipeline, ModelInfo};
use crate::error::{Error, Result};
use crate::nets::fusion::Fusion;
use crate::output::{Existing, OutputGuard};
use crate::panic_guard::caught;
use crate::predictions::{PredictionFacts, PredictionWriter, read_predictions, write_frame_csv};

/// Writes the predictions of a model.
pub struct VideoPredictor {
    pipeline: InferencePipeline,
    /// The name and the hash of the model, as they are stored with predictions.
    model: (String, String),
    fusion: Fusion,
    stride: NonZeroUsize,
    with_csv: bool,
    existing: Existing,
    guard: OutputGuard,
}

/// How the prediction of a video ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum VideoEnd {
    /// It is complete: so many frames were scored in this run, which stand for so many seconds.
    Scored(usize, f64),
    /// Its file was complete before.
    Complete,
    /// It was stopped; what is scored is kept.
    Stopped,
}

/// News of the video that is predicted.
#[derive(Debug)]
pub enum PredictorEvent<'a> {
    /// So many frames are scored; sent for the first time before any is, with those that an earlier run left.
    Progress {
        /// Frames that are scored.
        done: usize,
        /// Frames to score.
        of: usize,
    },
    /// The video is damaged somewhere.
    Damage(&'a Error),
}

impl VideoPredictor {
    /// Creates one for the model of `pipeline`, described by `info`, that scores every `stride`-th frame. Files that hold something
    /// else are replaced as `existing` says, and none that `guard`, which is made for the same, refuses.
    pub fn new(
        pipeline: InferencePipeline,
        info: ModelInfo,
        stride: NonZeroUsize,
        existing: Existing,
        guard: OutputGuard,
    ) -> Self {
        let model = (info.name, info.hash.unwrap_or_default());
        Self { pipeline, model, fusion: info.fusion, stride, with_csv: false, existing, guard }
    }

    /// Also writes tables as text.
    #[must_use]
    pub fn with_csv(self, with_csv: bool) -> Self {
        Self { with_csv, ..self }
    }

    /// Writes the predictions of `video` to `target` until it is complete or `go_on` says no; `tell` gets the news.
    ///
    /// # Errors
    /// If the video cannot be read or changes meanwhile, the device fails, or `target` holds something else or cannot be written.
    pub fn predict(
        &mut self,
        video: &NamedVideo,
        target: &Path,
        go_on: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(PredictorEvent<'_>),
    ) -> Result<VideoEnd> {
        caught("networks", || self.predict_uncaught(video, target, go_on, tell))
    }

    fn predict_uncaught(
        &mut self,
        video: &NamedVideo,
        target: &Path,
        go_on: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(PredictorEvent<'_>),
    ) -> Result<VideoEnd> {
        let csv = target.with_extension("csv");
        let mut prediction = DensePrediction::open(&video.path, &self.pipeline, self.stride)?;
        let facts = self.facts(&prediction, video);
        if target.is_file() && self.is_complete(target, &facts)? {
            if self.with_csv && (!csv.exists() || self.existing == Existing::Replace) {
                self.write_csv(target, &csv)?;
            }
            return Ok(VideoEnd::Complete);
        }
        let outputs = [Some(target.to_owned()), self.with_csv.then(|| csv.clone())];
        self.guard.check(&outputs.into_iter().flatten().collect::<Vec<_>>())?;
        let mut writer = PredictionWriter::begin(target, facts)?;
        let (first, of) = (writer.done(), prediction.scored());
        tell(PredictorEvent::Progress { done: first, of });
        let (mut frames, mut secs) = (0, 0.0);
        let mut push = |frame: ScoredFrame| {
            frames += 1;
            secs += frame.span_secs[1] - frame.span_secs[0];
            tell(PredictorEvent::Progress { done: first + frames, of });
            writer.push(frame.span_secs[0], &frame.probabilities)
        };
        let end = prediction.run(&mut self.pipeline, &self.fusion, first, go_on, &mut push);
        prediction.damages().iter().for_each(|damage| tell(PredictorEvent::Damage(damage)));
        match end {
            Ok(DenseEnd::Stopped) => writer.pause().map(|()| VideoEnd::Stopped),
            Ok(DenseEnd::Finished) => {
                writer.finish(&self.guard)?;
                if self.with_csv {
                    self.write_csv(target, &csv)?;
                }
                Ok(VideoEnd::Scored(frames, secs))
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
            // The guard decides whether it is replaced.
            Err(_) => return Ok(false),
        };
        match there.difference(facts) {
            None => Ok(true),
            Some(_) if self.existing == Existing::Replace => Ok(false),
            Some(difference) => Err(Error::file(
                target,
                format!("it holds other predictions: {difference}"),
                "Choose another folder, or agree to replace it (--force)",
            )),
        }
    }

    fn write_csv(&self, predictions: &Path, csv: &Path) -> Result<()> {
        self.guard.check(&[csv.to_owned()])?;
        let (_, scores) = read_predictions(predictions)?;
        atomic::replace(csv, |mut file| write_frame_csv(&scores, &mut file))
    }
}
