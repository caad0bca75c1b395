//! Predictions of videos as files, one video after the other: what a run that was stopped left is continued, and what is complete is
//! kept.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::prediction::{DenseEnd, DensePrediction, ScoredFrame};
use super::videos::NamedVideo;
use crate::atomic;
use crate::engine::{GoOn, InferencePipeline, ModelInfo};
use crate::error::{Error, Result, about_all};
use crate::output::{Existing, OutputGuard};
use crate::panic_guard::caught;
use crate::predictions::{
    FeatureCounts, PredictionFacts, PredictionWriter, read_prediction_facts, read_predictions, write_frame_csv,
};

/// Writes the predictions of a model.
pub struct VideoPredictor {
    pipeline: InferencePipeline,
    /// What predictions of this run have in common, as it is stored with them: the facts of no video.
    settings: PredictionFacts,
    with_csv: bool,
    existing: Existing,
    guard: OutputGuard,
}

/// How the prediction of a video ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum VideoEnd {
    /// It is complete.
    Scored {
        /// Frames that were scored in this run.
        frames: usize,
        /// All scored frames.
        of: usize,
        /// What the frames of this run stand for.
        secs: f64,
    },
    /// Its file was complete before.
    Complete {
        /// All scored frames.
        of: usize,
    },
    /// It was stopped; what is scored is kept.
    Stopped,
}

/// News of the video that is predicted.
#[derive(Debug)]
pub enum PredictorEvent<'a> {
    /// What an earlier run scored is of no use, for this reason.
    Discarded(&'a str),
    /// An earlier run is continued that was begun on this other device.
    OtherDevice(&'a str),
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
    /// Creates one for the model of `pipeline`, described by `info`, that scores every `stride`-th frame on the device of this name.
    /// Files that hold something else are replaced as `existing` says, and none that `guard`, which is made for the same, refuses.
    pub fn new(
        pipeline: InferencePipeline,
        info: ModelInfo,
        stride: NonZeroUsize,
        device: &str,
        existing: Existing,
        guard: OutputGuard,
    ) -> Self {
        let settings = PredictionFacts {
            stride: stride.get(),
            classes: pipeline.classes().to_vec(),
            model: info.name,
            model_hash: info.hash.unwrap_or_default(),
            fusion: info.fusion,
            thresholds: info.thresholds,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            devices: vec![device.to_owned()],
            ..PredictionFacts::default()
        };
        Self { pipeline, settings, with_csv: false, existing, guard }
    }

    /// Also writes tables as text.
    #[must_use]
    pub fn with_csv(self, with_csv: bool) -> Self {
        Self { with_csv, ..self }
    }

    /// Also stores the features of both streams.
    #[must_use]
    pub fn with_features(self) -> Self {
        let pipeline = self.pipeline.with_features();
        let features = Some(pipeline.feature_counts());
        Self { settings: PredictionFacts { features, ..self.settings }, pipeline, ..self }
    }

    /// Returns what the predictions of this run have in common: the facts of no video.
    pub fn settings(&self) -> &PredictionFacts {
        &self.settings
    }

    /// Returns the files that are written for a video whose predictions are at `target`.
    pub fn files(&self, target: &Path) -> Vec<PathBuf> {
        std::iter::once(target.to_owned()).chain(self.with_csv.then(|| csv_of(target))).collect()
    }

    /// Checks that each file that is there has predictions of the same model and settings, or may be replaced: what is refused whatever
    /// the videos hold is refused before the first of them.
    ///
    /// # Errors
    /// If one holds something else that is to be kept.
    pub fn check(&self, targets: &[PathBuf]) -> Result<()> {
        let misfit = |target: &PathBuf| match read_prediction_facts(target) {
            Ok(there) => self.misfit(target, &there, &self.with_settings(there.clone())),
            Err(_) => self.guard.check(&self.files(target)).err(),
        };
        about_all(targets.iter().filter_map(misfit).collect()).map_or(Ok(()), Err)
    }

    /// Writes the predictions of `video` to `target` until it is complete or `go_on` says no; `tell` gets the news.
    ///
    /// # Errors
    /// If the video cannot be read or changes meanwhile, the device fails, or `target` holds something else or cannot be written.
    pub fn predict(
        &mut self,
        video: &NamedVideo,
        target: &Path,
        go_on: GoOn<'_>,
        tell: &mut dyn FnMut(PredictorEvent<'_>),
    ) -> Result<VideoEnd> {
        caught("networks", || self.predict_uncaught(video, target, go_on, tell))
    }

    fn predict_uncaught(
        &mut self,
        video: &NamedVideo,
        target: &Path,
        go_on: GoOn<'_>,
        tell: &mut dyn FnMut(PredictorEvent<'_>),
    ) -> Result<VideoEnd> {
        let csv = csv_of(target);
        let stride = NonZeroUsize::new(self.settings.stride).unwrap_or(NonZeroUsize::MIN);
        let mut prediction = DensePrediction::open(&video.path, &self.pipeline, stride)?;
        let facts = self.facts(&prediction, video);
        if target.is_file() && self.is_complete(target, &facts)? {
            if self.with_csv && (!csv.exists() || self.existing == Existing::Replace) {
                self.write_csv(target, &csv)?;
            }
            return Ok(VideoEnd::Complete { of: prediction.scored() });
        }
        self.guard.check(&self.files(target))?;
        let mut writer = PredictionWriter::begin(target, facts)?;
        if let Some(reason) = writer.discarded() {
            tell(PredictorEvent::Discarded(reason));
        }
        let (first, of) = (writer.done(), prediction.scored());
        if let ([before, .., _], true) = (writer.facts().devices.as_slice(), first > 0) {
            tell(PredictorEvent::OtherDevice(before));
        }
        tell(PredictorEvent::Progress { done: first, of });
        let (mut frames, mut secs) = (0, 0.0);
        let mut push = |frame: ScoredFrame| {
            frames += 1;
            secs += frame.span_secs[1] - frame.span_secs[0];
            tell(PredictorEvent::Progress { done: first + frames, of });
            writer.push_with_features(frame.span_secs[0], &frame.probabilities, &frame.features)
        };
        let end = prediction.run(&mut self.pipeline, &self.settings.fusion, first, go_on, &mut push);
        prediction.damages().iter().for_each(|damage| tell(PredictorEvent::Damage(damage)));
        match end {
            Ok(DenseEnd::Stopped) => writer.pause().map(|()| VideoEnd::Stopped),
            Ok(DenseEnd::Finished) => {
                writer.finish(&self.guard)?;
                if self.with_csv {
                    self.write_csv(target, &csv)?;
                }
                Ok(VideoEnd::Scored { frames, of, secs })
            }
            // What was scored of a video that has changed since is of no use.
            Err(error) if prediction.source().has_changed() => Err(error),
            Err(error) => writer.pause().and(Err(error)),
        }
    }

    fn facts(&self, prediction: &DensePrediction, video: &NamedVideo) -> PredictionFacts {
        let info = prediction.info();
        self.with_settings(PredictionFacts {
            video: video.name.clone(),
            content: prediction.source().content().to_owned(),
            frames: info.frames,
            fps: info.fps,
            end_secs: prediction.end_secs(),
            ..PredictionFacts::default()
        })
    }

    /// Returns the facts of the same video with the settings of this run.
    fn with_settings(&self, facts: PredictionFacts) -> PredictionFacts {
        let PredictionFacts { video, content, frames, fps, end_secs, .. } = facts;
        PredictionFacts { video, content, frames, fps, end_secs, ..self.settings.clone() }
    }

    /// Returns whether `target` holds predictions of the same video, model and settings.
    fn is_complete(&self, target: &Path, facts: &PredictionFacts) -> Result<bool> {
        let there = match read_predictions(target) {
            Ok((there, _)) => there,
            // The guard decides whether it is replaced.
            Err(_) => return Ok(false),
        };
        self.misfit(target, &there, facts).map_or(Ok(difference(&there, facts).is_none()), Err)
    }

    /// Returns the error of a file with predictions of the facts `there` that those of `facts` may not replace.
    fn misfit(&self, target: &Path, there: &PredictionFacts, facts: &PredictionFacts) -> Option<Error> {
        let difference = difference(there, facts).filter(|_| self.existing == Existing::Keep)?;
        let cause = format!("it holds other predictions: {difference}");
        Some(Error::file(target, cause, "Choose another folder, or agree to replace it (--force)"))
    }

    fn write_csv(&self, predictions: &Path, csv: &Path) -> Result<()> {
        self.guard.check(&[csv.to_owned()])?;
        let (_, scores) = read_predictions(predictions)?;
        atomic::replace(csv, |mut file| write_frame_csv(&scores, &mut file))
    }
}

/// Returns the first fact in which predictions that are `there` differ from those of `facts`, in words. Features that are not asked for
/// do no harm.
fn difference(there: &PredictionFacts, facts: &PredictionFacts) -> Option<String> {
    let features: Option<FeatureCounts> = facts.features.or(there.features);
    PredictionFacts { features, ..facts.clone() }.difference(there)
}

/// Returns the table beside the file of predictions `target`.
fn csv_of(target: &Path) -> PathBuf {
    target.with_extension("csv")
}
