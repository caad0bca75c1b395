//! Predictions of videos as files, one video after the other: incomplete files are resumed, complete ones are kept.

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

/// A writer of a model's predictions.
pub struct VideoPredictor {
    pipeline: InferencePipeline,
    /// The metadata that all predictions of this run share; the fields about the video are empty.
    settings: PredictionFacts,
    with_csv: bool,
    existing: Existing,
    guard: OutputGuard,
}

/// The outcome of a prediction without failure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum VideoEnd {
    /// The prediction is complete.
    Scored {
        /// Frames scored in this run.
        frames: usize,
        /// Number of all scored frames.
        of: usize,
        /// Duration of the part scored in this run, seconds.
        secs: f64,
    },
    /// The file was already complete.
    Complete {
        /// Number of all scored frames.
        of: usize,
    },
    /// It was stopped; the scored part is kept.
    Stopped,
}

/// An event during the prediction of a video.
#[derive(Debug)]
pub enum PredictorEvent<'a> {
    /// The scores of an earlier run are unusable, for this reason.
    Discarded(&'a str),
    /// A run begun on this other device is resumed.
    OtherDevice(&'a str),
    /// Frames were scored; sent first before the first frame, with the number of frames from an earlier run.
    Progress {
        /// Number of scored frames.
        done: usize,
        /// Number of frames to score.
        of: usize,
    },
    /// The video is damaged.
    Damage(&'a Error),
}

impl VideoPredictor {
    /// Creates a predictor for the model of `pipeline`, described by `info`, that scores every `stride`-th frame on the
    /// device named `device`. `existing` decides whether files with other content are replaced; `guard`, created with
    /// the same value, can refuse it.
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

    /// Also writes tables as CSV.
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

    /// Returns the metadata that all predictions of this run share; the fields about the video are empty.
    pub fn settings(&self) -> &PredictionFacts {
        &self.settings
    }

    /// Returns the files that are written for a video with the prediction file `target`.
    pub fn files(&self, target: &Path) -> Vec<PathBuf> {
        std::iter::once(target.to_owned()).chain(self.with_csv.then(|| csv_of(target))).collect()
    }

    /// Checks that each existing file contains predictions of the same model and settings, or may be replaced, to
    /// report such conflicts before the first video is processed.
    ///
    /// # Errors
    /// If a file has other content that must be kept.
    pub fn check(&self, targets: &[PathBuf]) -> Result<()> {
        let misfit = |target: &PathBuf| match read_prediction_facts(target) {
            Ok(there) => self.misfit(target, &there, &self.with_settings(there.clone())),
            Err(_) => self.guard.check(&self.files(target)).err(),
        };
        about_all(targets.iter().filter_map(misfit).collect()).map_or(Ok(()), Err)
    }

    /// Writes the predictions of `video` to `target` until it is complete or `go_on` returns false; `tell` receives the
    /// events.
    ///
    /// # Errors
    /// If the video cannot be read or changes meanwhile, the device fails, or `target` has other content or cannot be
    /// written.
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
            // Scores of a video that has changed since are unusable.
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

    /// Returns the metadata of the same video with the settings of this run.
    fn with_settings(&self, facts: PredictionFacts) -> PredictionFacts {
        let PredictionFacts { video, content, frames, fps, end_secs, .. } = facts;
        PredictionFacts { video, content, frames, fps, end_secs, ..self.settings.clone() }
    }

    /// Returns whether `target` contains the complete predictions of the same video, model and settings.
    fn is_complete(&self, target: &Path, facts: &PredictionFacts) -> Result<bool> {
        let there = match read_predictions(target) {
            Ok((there, _)) => there,
            // The guard decides whether the file is replaced.
            Err(_) => return Ok(false),
        };
        self.misfit(target, &there, facts).map_or(Ok(difference(&there, facts).is_none()), Err)
    }

    /// Returns the error if a file with the metadata `there` may not be replaced by predictions with the metadata
    /// `facts`.
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

/// Describes the first difference between predictions `there` and those of `facts`. Features that are not requested are
/// no difference.
fn difference(there: &PredictionFacts, facts: &PredictionFacts) -> Option<String> {
    let features: Option<FeatureCounts> = facts.features.or(there.features);
    PredictionFacts { features, ..facts.clone() }.difference(there)
}

/// Returns the table beside the file of predictions `target`.
fn csv_of(target: &Path) -> PathBuf {
    target.with_extension("csv")
}
