//! Predictions of recordings with frame labels, for the training of sequence models.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::frames::SequenceFrames;
use crate::error::{Error, Result};
use crate::nets::fusion::Fusion;
use crate::plural::counted;
use crate::predictions::{FeatureCounts, FrameScores, LabelledVideo, LabelledVideos, PredictionFacts, read_features};

/// The name of background, for models that have it as a class.
const BACKGROUND: &str = "background";

/// The label of a scored frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FrameLabel {
    /// A class.
    Class(usize),
    /// Background, if the model has no class for it.
    Background,
}

/// The source of predictions: a sequence model fits only predictions of the same source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictionSource {
    /// Name on the model's card.
    pub model: String,
    /// Hash of the model's files.
    pub model_hash: String,
    /// Stride of the scored frames.
    pub stride: usize,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Fusion of the streams.
    pub fusion: Fusion,
    /// Features stored with the probabilities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<FeatureCounts>,
    /// Whether stored features are ignored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignores_features: bool,
}

/// A recording for training or validation.
#[derive(Debug, Clone)]
pub struct SequenceRecording {
    /// Name of its video.
    pub video: String,
    /// Hash of the content of its video.
    pub content: String,
    /// Group shared by clips of the same recording; empty for none.
    pub group: String,
    pub(super) frames: SequenceFrames,
    /// Label of each scored frame; `None` if unlabelled or unusable.
    pub(super) labels: Vec<Option<FrameLabel>>,
    /// Mean duration of a scored frame, seconds.
    pub(super) frame_secs: f64,
}

/// Predictions and labels.
#[derive(Debug)]
pub struct SequenceData {
    /// The source of the predictions.
    pub source: PredictionSource,
    /// The recordings with labels.
    pub recordings: Vec<SequenceRecording>,
    /// Warnings about skipped data.
    pub notes: Vec<Error>,
}

impl PredictionSource {
    /// Returns the source of predictions with these facts.
    pub fn of(facts: &PredictionFacts) -> Self {
        Self {
            model: facts.model.clone(),
            model_hash: facts.model_hash.clone(),
            stride: facts.stride,
            classes: facts.classes.clone(),
            fusion: facts.fusion,
            features: facts.features,
            ignores_features: false,
        }
    }

    /// Returns the same with features ignored.
    fn without_features(self) -> Self {
        Self { features: None, ignores_features: true, ..self }
    }

    /// Returns the `features` that are used.
    pub(super) fn used<'a>(&self, features: &'a [f32]) -> &'a [f32] {
        if self.ignores_features { &[] } else { features }
    }

    /// Checks that the predictions at `path`, with `facts`, have the same source.
    ///
    /// # Errors
    /// If they differ; the message names the difference.
    pub fn check(&self, path: &Path, facts: &PredictionFacts) -> Result<()> {
        let found = Self::of(facts);
        let cause = if facts.sequence.is_some() {
            "they are those of a sequence model".to_owned()
        } else if found.fusion.is_multi_label() {
            "they are those of a multi-label model, and a sequence model has exclusive classes".to_owned()
        } else if (&found.model_hash, &found.classes) != (&self.model_hash, &self.classes) {
            format!("they are of another model, '{}' instead of '{}'", found.model, self.model)
        } else if found.stride != self.stride {
            format!("their stride is {}, not {}", found.stride, self.stride)
        } else if found.fusion != self.fusion {
            "the streams were fused in another way".to_owned()
        } else if !self.ignores_features && found.features != self.features {
            "the features of the streams are stored with some of the predictions only".to_owned()
        } else {
            return Ok(());
        };
        Err(Error::file(path, cause, "Use predictions of the same model, made with the same options"))
    }
}

impl SequenceData {
    /// Reads the predictions in `files` and pairs them with `labels`, which are from `source`: by the content of the
    /// video or, if that is unknown, by its name. Stored features are read unless `no_features` is set.
    ///
    /// # Errors
    /// If a file cannot be read, they are of different models, or no frame is labelled with a class of the model.
    pub fn read(files: &[PathBuf], labels: LabelledVideos, source: &Path, no_features: bool) -> Result<Self> {
        let mut data: Option<Self> = None;
        let mut labels = Some(labels);
        let mut labelled = LabelledVideos::default();
        let mut unpaired = 0;
        for path in files {
            let (facts, scores, features) = read_features(path)?;
            if data.is_none() {
                let own = PredictionSource::of(&facts);
                let own = if no_features { own.without_features() } else { own };
                let mut notes: Vec<Error> = labels.iter().flat_map(LabelledVideos::doubts).collect();
                labelled = with_classes_of(&own, labels.take().unwrap_or_default(), source, &mut notes);
                data = Some(Self { source: own, recordings: Vec::new(), notes });
            }
            let Some(data) = &mut data else { continue };
            data.source.check(path, &facts)?;
            let Some(video) = partner(&facts, &labelled.videos) else {
                unpaired += 1;
                continue;
            };
            if video.times.frames() != facts.frames {
                let (there, here) = (counted(video.times.frames(), "frame"), counted(facts.frames, "frame"));
                let cause = format!("its video has {here}, and {there} in {}", source.display());
                return Err(Error::file(path, cause, "Predict the video again, or check the videos of the project"));
            }
            let features = data.source.used(&features);
            data.recordings.push(SequenceRecording::of(&facts, &scores, features, video));
        }
        let remedy = "Name a .parquet file that motionscope predict wrote, or a folder of them";
        let mut data = data.ok_or_else(|| Error::new("predictions", "there are none", remedy))?;
        data.check_labels(&labelled, source)?;
        if unpaired > 0 {
            let cause = format!("it has no labels of {}", counted(unpaired, "predicted video"));
            data.notes.push(Error::file(source, cause, "Label them as well to learn from them"));
        }
        data.recordings.retain(|recording| recording.labels.iter().any(Option::is_some));
        Ok(data)
    }

    /// Returns the classes without a labelled frame in `recordings`.
    pub(super) fn missing_classes(&self, recordings: &[&SequenceRecording]) -> Vec<&str> {
        let is_shown = |class: usize| {
            let mut labels = recordings.iter().flat_map(|recording| &recording.labels);
            labels.any(|label| *label == Some(FrameLabel::Class(class)))
        };
        let classes = self.source.classes.iter().enumerate();
        classes.filter(|(class, _)| !is_shown(*class)).map(|(_, name)| name.as_str()).collect()
    }

    fn check_labels(&self, labelled: &LabelledVideos, source: &Path) -> Result<()> {
        if self.recordings.is_empty() {
            let cause = "it has labels of none of the predicted videos";
            return Err(Error::file(source, cause, "Predict the videos of this project, or choose that of the videos"));
        }
        let labels = || self.recordings.iter().flat_map(|recording| recording.labels.iter().flatten());
        if labels().any(|label| matches!(label, FrameLabel::Class(_))) {
            return Ok(());
        }
        let classes = &self.source.classes;
        let others = labelled.classes.get(classes.len()..).unwrap_or_default();
        let cause = match (labels().next(), others) {
            (None, []) => "no segment of the predicted videos is labelled".to_owned(),
            (Some(_), []) => "nothing but background is labelled".to_owned(),
            _ => format!("its labels are of classes that the model does not know: {}", others.join(", ")),
        };
        let remedy = format!("Label segments of the model's classes: {}", classes.join(", "));
        Err(Error::file(source, cause, remedy))
    }
}

impl SequenceRecording {
    fn of(facts: &PredictionFacts, scores: &FrameScores, features: &[f32], video: &LabelledVideo) -> Self {
        let [start, end] = [scores.secs.first().copied().unwrap_or(0.0), scores.end_secs];
        Self {
            video: facts.video.clone(),
            content: facts.content.clone(),
            group: video.group.clone(),
            frames: SequenceFrames::of(scores, features),
            labels: frame_labels(video, &facts.classes, facts.stride, scores.scored()),
            frame_secs: (end - start) / scores.scored().max(1) as f64,
        }
    }

    /// Returns the number of labelled scored frames.
    pub fn labelled(&self) -> usize {
        self.labels.iter().flatten().count()
    }

    /// Returns the duration of its labelled frames, seconds.
    pub fn labelled_secs(&self) -> f64 {
        self.labelled() as f64 * self.frame_secs
    }
}

/// Returns the labels with the classes of the predictions first, and records warnings about labels without a match.
fn with_classes_of(
    own: &PredictionSource,
    labels: LabelledVideos,
    source: &Path,
    notes: &mut Vec<Error>,
) -> LabelledVideos {
    let classes = own.classes.clone();
    let known = LabelledVideos { colors: vec![[0; 3]; classes.len()], classes, ..LabelledVideos::default() };
    let (_, labelled, ambiguous) = known.with_same_classes(labels);
    let is_used = |place: usize| {
        let mut spans = labelled.videos.iter().flat_map(LabelledVideo::spans_or_whole);
        spans.any(|span| span.class == Some(place))
    };
    let others: Vec<&str> = labelled
        .classes
        .iter()
        .enumerate()
        .skip(own.classes.len())
        .filter(|(place, name)| is_used(*place) && !ambiguous.contains(name))
        .map(|(_, name)| name.as_str())
        .collect();
    if !others.is_empty() {
        let cause = format!("the model does not know its classes {}; their segments are left out", others.join(", "));
        notes.push(Error::file(source, cause, "Train a model with these classes to find them"));
    }
    for class in &ambiguous {
        let cause = format!("its class {class} may be one of several of the model; its segments are left out");
        notes.push(Error::file(source, cause, "Name the class as the model does"));
    }
    labelled
}

/// Returns the labels of the video of the predictions: of the same content, or of the same name if the content is
/// unknown.
fn partner<'a>(facts: &PredictionFacts, videos: &'a [LabelledVideo]) -> Option<&'a LabelledVideo> {
    let same = videos.iter().find(|video| !video.hash.is_empty() && video.hash == facts.content);
    same.or_else(|| videos.iter().find(|video| video.hash.is_empty() && video.video == facts.video))
}

/// Returns the label of each scored frame. Frames of several classes, or of a class that is not among `classes`, count
/// as unlabelled.
fn frame_labels(video: &LabelledVideo, classes: &[String], stride: usize, scored: usize) -> Vec<Option<FrameLabel>> {
    let background = classes.iter().position(|name| name.trim().eq_ignore_ascii_case(BACKGROUND));
    let background = background.map_or(FrameLabel::Background, FrameLabel::Class);
    let mut said: Vec<Vec<Option<usize>>> = vec![Vec::new(); scored];
    for span in video.spans_or_whole() {
        let range = span.frames.start.div_ceil(stride).min(scored)..span.frames.end.div_ceil(stride).min(scored);
        for labels in &mut said[range] {
            if !labels.contains(&span.class) {
                labels.push(span.class);
            }
        }
    }
    let label = |labels: &Vec<Option<usize>>| match labels[..] {
        [None] => Some(background),
        [Some(class)] if class < classes.len() => Some(FrameLabel::Class(class)),
        _ => None,
    };
    said.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame_times::FrameTimes;
    use crate::predictions::LabelledSpan;

    fn video(spans: &[(Option<usize>, usize, usize)]) -> LabelledVideo {
        let spans = spans.iter().map(|&(class, start, end)| LabelledSpan { class, frames: start..end });
        LabelledVideo {
            video: "a.mp4".into(),
            file: PathBuf::new(),
            group: String::new(),
            hash: "00".into(),
            times: FrameTimes::even(20, 10.0, 0.0).unwrap(),
            spans: spans.collect(),
            whole: Vec::new(),
        }
    }

    /// By hand: frames 0, 4, 8, 12 and 16 are scored.
    #[test]
    fn what_nobody_said_is_not_background() {
        let classes = ["walk", "rear"].map(str::to_owned);
        let of = |classes: &[String], spans: &[_]| frame_labels(&video(spans), classes, 4, 5);
        let [walk, rear] = [0, 1].map(|class| Some(FrameLabel::Class(class)));
        let nobody = None;
        assert_eq!(
            of(&classes, &[(Some(0), 1, 9), (None, 16, 20)]),
            [nobody, walk, walk, nobody, Some(FrameLabel::Background)]
        );
        assert_eq!(
            of(&classes, &[(Some(0), 0, 9), (Some(1), 8, 17)]),
            [walk, walk, nobody, rear, rear],
            "two at a time"
        );
        assert_eq!(of(&classes, &[(Some(2), 0, 20)]), [nobody; 5], "a class of others");
        let with_background = ["walk", "Background"].map(str::to_owned);
        assert_eq!(of(&with_background, &[(None, 0, 1)])[0], rear, "it is a class of the model");
    }
}
