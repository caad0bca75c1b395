//! `scores.json`: the scores of a clip.
//!
//! Schema `motionscope-scores`, version 1. Fields may be added within a version; none changes its meaning. Lists of
//! numbers follow the order of `classes`. What a model has no stream for is `null`.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::atomic;
use crate::engine::Scores;
use crate::error::{Error, Result};
use crate::nets::FlowSource;
use crate::nets::fusion::{Fusion, percent};
use crate::plural::counted;
use crate::ranking::arg_max;

/// The document.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ClipReport {
    /// The schema name: `motionscope-scores`.
    pub schema: &'static str,
    /// The schema version: 1.
    pub version: u32,
    /// The version of the program.
    pub motionscope: &'static str,
    pub clip: AnalyzedFacts,
    pub model: ModelFacts,
    /// The compute device.
    pub device: String,
    pub classes: Vec<String>,
    /// The fusion rule and weight of `fused`.
    pub fusion: Fusion,
    /// Frames per window: 11, or the clip length of an I3D stream.
    pub window_frames: usize,
    pub windows: Vec<WindowReport>,
    /// Mean logits over the windows; `null` without a stream.
    pub result: Option<AnalyzedClip>,
    /// The date of the analysis, YYYY-MM-DD.
    pub date: String,
    /// Remarks, such as padding.
    pub notes: Vec<String>,
}

/// Facts about the file.
#[derive(Debug, Clone, Serialize)]
pub(super) struct AnalyzedFacts {
    pub path: PathBuf,
    pub frames: usize,
    pub fps: f64,
    pub duration_secs: f64,
    /// The display size in pixels.
    pub width: u32,
    pub height: u32,
}

/// The model that scored it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ModelFacts {
    pub name: String,
    /// The hash of the model.
    pub hash: Option<String>,
    /// The name of the base model.
    pub base: Option<String>,
    pub trained_on: String,
    /// The date of the training, YYYY-MM-DD.
    pub date: String,
    pub dir: PathBuf,
    /// Such as `MotionNet-16, 2 frames`.
    pub motion: String,
    /// The flow that the temporal stream was trained on, as `model.toml` names it; none without such a stream.
    pub flow_source: Option<FlowSource>,
}

/// Scores of a window.
#[derive(Debug, Clone, Serialize)]
pub(super) struct WindowReport {
    /// First frame, from 0.
    pub start_frame: usize,
    /// The time of the first frame in seconds, by the time stamps of the file.
    pub time_secs: f64,
    /// The end of the last frame.
    pub end_secs: f64,
    /// Number of times the clip's last frame was repeated to fill the window.
    pub padded_frames: usize,
    #[serde(flatten)]
    pub scores: StreamReports,
}

/// Scores of the whole clip.
#[derive(Debug, Clone, Serialize)]
pub(super) struct AnalyzedClip {
    /// The class with the highest fused score.
    pub class: String,
    /// Its index in `classes`, from 0.
    pub class_index: usize,
    #[serde(flatten)]
    pub scores: StreamReports,
}

/// The scores of each stream and of both together.
#[derive(Debug, Clone, Serialize)]
pub(super) struct StreamReports {
    pub spatial: Option<AnalyzedStream>,
    pub temporal: Option<AnalyzedStream>,
    pub fused: Option<FusedReport>,
}

/// One stream.
#[derive(Debug, Clone, Serialize)]
pub(super) struct AnalyzedStream {
    pub logits: Vec<f32>,
    /// Softmax of the logits, or their sigmoids where classes are answered by themselves.
    pub probabilities: Vec<f32>,
}

/// Both streams.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FusedReport {
    /// The scores as defined by the fusion rule.
    pub scores: Vec<f32>,
    /// The scores scaled to a sum of 1, unless classes are answered by themselves.
    pub probabilities: Vec<f32>,
}

impl StreamReports {
    /// Adds probabilities and fusion to logits.
    pub fn new(scores: &Scores, fusion: &Fusion) -> Self {
        let stream = |logits: &[f32], probabilities: Vec<f32>| {
            (!logits.is_empty()).then(|| AnalyzedStream { logits: logits.to_vec(), probabilities })
        };
        let spatial = stream(&scores.spatial, scores.spatial_probabilities(fusion));
        let temporal = stream(&scores.temporal, scores.temporal_probabilities(fusion));
        let fused = (spatial.is_some() || temporal.is_some())
            .then(|| FusedReport { scores: scores.fused(fusion), probabilities: scores.fused_probabilities(fusion) });
        Self { spatial, temporal, fused }
    }
}

impl AnalyzedClip {
    /// Returns the mean logits of all windows, fused; none if the model has no stream.
    pub fn new(windows: &[Scores], classes: &[String], fusion: &Fusion) -> Option<Self> {
        let spatial = mean(windows.iter().map(|scores| &scores.spatial));
        let temporal = mean(windows.iter().map(|scores| &scores.temporal));
        let scores = StreamReports::new(&Scores { spatial, temporal, ..Scores::default() }, fusion);
        let fused = &scores.fused.as_ref()?.scores;
        let class_index = arg_max(fused)?;
        Some(Self { class: classes.get(class_index)?.clone(), class_index, scores })
    }
}

fn mean<'a>(rows: impl ExactSizeIterator<Item = &'a Vec<f32>>) -> Vec<f32> {
    let count = rows.len() as f32;
    let add = |sum: Vec<f32>, row: &'a Vec<f32>| match sum.is_empty() {
        true => row.clone(),
        false => sum.iter().zip(row).map(|(sum, value)| sum + value).collect(),
    };
    rows.fold(Vec::new(), add).into_iter().map(|sum| sum / count).collect()
}

impl ClipReport {
    /// Returns the document as text.
    pub fn to_json(&self, pretty: bool) -> Result<String> {
        let text = if pretty { serde_json::to_string_pretty(self) } else { serde_json::to_string(self) };
        text.map_err(|error| Error::wrap(&self.clip.path, error, "Please report this"))
    }

    /// Writes the document; an older one is replaced whole or not at all.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = self.to_json(true)?;
        atomic::replace(path, |writer| writer.write_all(text.as_bytes()))
    }

    /// Returns the line that is printed of the clip: the document as JSON, or a summary.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn line(&self, json: bool) -> Result<String> {
        if json { self.to_json(false) } else { Ok(self.in_words()) }
    }

    /// Returns the remarks, each with the clip, as lines.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        self.notes.iter().map(|note| format!("{}: {note}.", self.clip.path.display()))
    }

    /// Returns a one-line summary.
    pub fn in_words(&self) -> String {
        let name = self.clip.path.display();
        match &self.result {
            Some(AnalyzedClip { class, class_index, scores: StreamReports { fused: Some(fused), .. } }) => {
                let share = percent(fused.probabilities[*class_index], 0);
                format!("{name}: {class} {share} % ({})", counted(self.windows.len(), "window"))
            }
            _ => format!("{name}: flow of {}", counted(self.clip.frames, "frame")),
        }
    }
}
