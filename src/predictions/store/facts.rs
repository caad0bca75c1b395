//! The provenance of predictions.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::nets::fusion::Fusion;
use crate::predictions::{BoutSettings, FrameScores};

/// Version of the facts.
const SCHEMA: &str = "motionscope-predictions 1";

/// The metadata stored with the probabilities of a video.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PredictionFacts {
    /// The name of the video in tables: its path in the project, or that of the file.
    pub video: String,
    /// Hash of the content of the video's file, by [`fingerprint`](crate::labels::media_scan::fingerprint), as in
    /// projects.
    pub content: String,
    /// Number of frames in the video.
    pub frames: usize,
    /// Frames per second; the average where the rate varies.
    pub fps: f64,
    /// End of the video on the clock of the file, seconds.
    pub end_secs: f64,
    /// Stride of the scored frames.
    pub stride: usize,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Name on the model's card.
    pub model: String,
    /// Hash of the model's files.
    pub model_hash: String,
    /// Fusion of the streams.
    pub fusion: Fusion,
    /// Threshold of each class of a multi-label model, chosen on held-out clips; `None` for other models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<f64>,
    /// Version of the program.
    pub version: String,
    /// The devices that computed the predictions, in order. They are not part of the identity: devices differ only by
    /// rounding.
    #[serde(default)]
    pub devices: Vec<String>,
    /// Number of features per stream stored with the probabilities; `None` without features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<FeatureCounts>,
    /// The hash of the sequence model that computed the probabilities; `None` for those of single windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
}

/// Number of features of a scored frame, the inputs of the last layers; 0 for a missing stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureCounts {
    /// Features of the spatial stream, which come first.
    pub spatial: usize,
    /// Features of the temporal stream.
    pub temporal: usize,
}

impl FeatureCounts {
    /// Returns the number of features of both streams.
    pub fn all(self) -> usize {
        self.spatial.saturating_add(self.temporal)
    }
}

/// The stored form of the facts.
#[derive(Debug, Serialize, Deserialize)]
struct Stored<F> {
    schema: String,
    #[serde(flatten)]
    facts: F,
}

impl PredictionFacts {
    /// Returns a description of the first fact in which `other` differs, in which case predictions cannot be combined.
    /// Devices are not compared.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let [own, others] = [self, other].map(|facts| serde_json::to_value(facts).unwrap_or_default());
        let differing = |name: &str, words: &str| {
            let [own, others] = [&own[name], &others[name]];
            let in_words = || match (own, others) {
                (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => {
                    format!("{words} differs")
                }
                _ if HASHES.contains(&name) => format!("{words} differs"),
                _ => format!("{words} is {others}, not {own}"),
            };
            (own != others).then(in_words)
        };
        const HASHES: [&str; 2] = ["content", "model_hash"];
        const NAMES: [(&str, &str); 13] = [
            ("video", "the video"),
            ("content", "the content of the video"),
            ("frames", "the number of frames"),
            ("fps", "the frame rate"),
            ("end_secs", "the end of the video"),
            ("stride", "the stride"),
            ("classes", "the list of classes"),
            ("model", "the model"),
            ("model_hash", "the content of the model"),
            ("fusion", "the fusion of the streams"),
            ("version", "the version of Motionscope"),
            ("features", "the set of stored features"),
            ("sequence", "the sequence model"),
        ];
        NAMES.iter().find_map(|(name, words)| differing(name, words))
    }

    /// Returns the `common` bout settings with the model's threshold of class `class`, if it has one.
    pub fn bout_settings(&self, class: usize, common: &BoutSettings) -> BoutSettings {
        self.thresholds.get(class).map_or(*common, |threshold| common.at(*threshold))
    }

    /// Returns the number of features of a scored frame.
    pub fn feature_count(&self) -> usize {
        self.features.map_or(0, FeatureCounts::all)
    }

    /// Returns the number of frames to score.
    pub fn scored(&self) -> usize {
        self.frames.div_ceil(self.stride.max(1))
    }

    /// Returns these facts as JSON.
    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(&Stored { schema: SCHEMA.into(), facts: self })
    }

    /// Returns the facts in `json`.
    ///
    /// # Errors
    /// If they are of another schema or inconsistent; the text states the cause.
    pub(super) fn from_json(json: &str) -> Result<Self, String> {
        let stored: Stored<Value> = serde_json::from_str(json).map_err(|_| "its description is damaged".to_owned())?;
        if stored.schema != SCHEMA {
            return Err(format!("its description has the schema '{}', not '{SCHEMA}'", stored.schema));
        }
        let facts: Self =
            serde_json::from_value(stored.facts).map_err(|error| format!("its description is damaged: {error}"))?;
        if !facts.thresholds.is_empty() && facts.thresholds.len() != facts.classes.len() {
            return Err("its description is damaged: its thresholds are not those of its classes".into());
        }
        if facts.stride == 0 || !(facts.fps > 0.0 && facts.fps.is_finite() && facts.end_secs.is_finite()) {
            return Err("its description is damaged: its stride, its frame rate or its end is no such number".into());
        }
        Ok(facts)
    }

    /// Returns the probabilities with the metadata in these facts.
    pub(super) fn with_scores(&self, secs: Vec<f64>, probabilities: Vec<f32>) -> FrameScores {
        FrameScores {
            video: self.video.clone(),
            frames: self.frames,
            fps: self.fps,
            stride: self.stride,
            classes: self.classes.clone(),
            secs,
            end_secs: self.end_secs,
            probabilities,
        }
    }
}
