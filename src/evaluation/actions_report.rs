//! The report of a model on a list of clips, and its JSON.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Guess, ReportSource, Spread, StreamReport, SweepPoint};
use crate::atomic;
use crate::error::{Error, Result};
use crate::files;
use crate::nets::fusion::Fusion;

/// The whole report. Accuracies are fractions of the readable clips; class indices start at 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionsReport {
    /// [`ActionsReport::SCHEMA`].
    pub schema: String,
    /// [`ActionsReport::VERSION`].
    pub version: u32,
    /// Name of the model.
    pub model: String,
    /// Provenance: model, device and date; `None` in reports of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ReportSource>,
    /// The list of clips.
    pub data: String,
    /// Views of a clip, such as `25x10`.
    pub views: String,
    /// Placement of the views in the clips.
    pub spread: Spread,
    /// Fusion of the streams.
    pub fusion: Fusion,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Number of scored clips.
    pub clips: usize,
    /// Number of clips in the list, if the evaluation ended before all were scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_of: Option<usize>,
    /// The folds of a cross-validation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folds: Vec<FoldResult>,
    /// Further remarks for the reader.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Figures of the spatial stream.
    pub spatial: Option<StreamReport>,
    /// Figures of the temporal stream.
    pub temporal: Option<StreamReport>,
    /// Figures of both streams fused.
    pub fused: Option<StreamReport>,
    /// Accuracy of the fusion at other weights of the temporal stream.
    pub sweep: Vec<SweepPoint>,
    /// Mean |I₀ − rebuilt I₀| / mean |I₀ − I₁| over the pairs in the middle of the clips: 1 for zero flow, none for
    /// stills.
    pub photometric_ratio: Option<f32>,
    /// All scored clips, in the order of the list.
    pub results: Vec<ClipResult>,
    /// Errors of the skipped clips.
    pub failures: Vec<String>,
}

/// A fold: clips held out together and scored by networks trained on the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldResult {
    /// The group, or the number of the fold.
    pub name: String,
    /// Number of scored clips.
    pub clips: usize,
    /// Number of training clips.
    pub learned_from: usize,
    /// Top-1 accuracy of the spatial stream.
    pub spatial: Option<f64>,
    /// Top-1 accuracy of the temporal stream.
    pub temporal: Option<f64>,
    /// Top-1 accuracy of both fused.
    pub fused: Option<f64>,
    /// Time of training and scoring, seconds.
    pub seconds: f64,
}

/// The outcome of one clip; predictions are `None` for missing streams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClipResult {
    /// Class folder and file, with a number from the second clip of the same name on: `wave/v_1.avi#2`.
    pub path: String,
    /// Start and end of the clip in its file, seconds; `None` for whole files, and in reports of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment_secs: Option<[f64; 2]>,
    /// The true class; the first of several.
    pub label: usize,
    /// The other classes that the clip shows, for multi-label models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<usize>,
    /// Prediction of the spatial stream.
    pub spatial: Option<Guess>,
    /// Prediction of the temporal stream.
    pub temporal: Option<Guess>,
    /// Prediction of both fused.
    pub fused: Option<Guess>,
}

impl ClipResult {
    /// Returns whether the clip shows `class`.
    pub fn shows(&self, class: usize) -> bool {
        self.label == class || self.also.contains(&class)
    }

    /// Returns the names of all classes that the clip shows.
    pub fn shown(&self, classes: &[String]) -> String {
        let shown = std::iter::once(&self.label).chain(&self.also);
        shown.map(|&class| classes[class].as_str()).collect::<Vec<_>>().join(" + ")
    }

    /// Returns the prediction of the stream named `stream`: spatial, temporal or fused.
    pub fn guess(&self, stream: &str) -> Option<Guess> {
        match stream {
            "spatial" => self.spatial,
            "temporal" => self.temporal,
            _ => self.fused,
        }
    }
}

impl ActionsReport {
    /// Returns class folder and file of each result, without the numbers that distinguish clips of one file.
    pub fn files(&self) -> Vec<&str> {
        let names: HashSet<&str> = self.results.iter().map(|result| result.path.as_str()).collect();
        let file = |path: &'_ str| match path.rsplit_once('#') {
            // A file name may itself end in such a number; then there is no first clip without it.
            Some((name, number)) if number.parse().is_ok_and(|number: usize| number > 1) && names.contains(name) => {
                name.len()
            }
            _ => path.len(),
        };
        self.results.iter().map(|result| &result.path[..file(&result.path)]).collect()
    }

    /// The schema name of its JSON.
    pub const SCHEMA: &str = "motionscope-actions";
    /// The version of the JSON.
    pub const VERSION: u32 = 1;

    /// Returns whether there are enough classes for top-5 to be meaningful.
    pub fn has_top5(&self) -> bool {
        self.classes.len() >= StreamReport::TOP5_CLASSES
    }

    /// Returns the available streams by name: spatial, temporal, fused.
    pub fn streams(&self) -> impl Iterator<Item = (&'static str, &StreamReport)> {
        let streams = [("spatial", &self.spatial), ("temporal", &self.temporal), ("fused", &self.fused)];
        streams.into_iter().filter_map(|(name, report)| Some((name, report.as_ref()?)))
    }

    /// Returns whether the model is a multi-label model, so that several classes of a clip may be right.
    pub fn is_multi_label(&self) -> bool {
        self.streams().any(|(_, stream)| stream.multi_label.is_some())
    }

    /// Reads the JSON at `path`.
    ///
    /// # Errors
    /// If the file cannot be read or is not a valid report.
    pub fn read(path: &Path) -> Result<Self> {
        let text = files::read_to_string(path).map_err(|error| Error::io(path, &error))?;
        let remedy = "Write it with motionscope evaluate actions --json";
        let mut report: Self = serde_json::from_str(&text)
            .map_err(|error| Error::file(path, format!("not an evaluation report: {error}"), remedy))?;
        report.check().map_err(|cause| Error::file(path, cause, remedy))?;
        let streams = [&mut report.spatial, &mut report.temporal, &mut report.fused];
        streams.into_iter().flatten().for_each(StreamReport::complete);
        Ok(report)
    }

    /// Checks a report from another program for inconsistencies that later code relies on being absent.
    fn check(&self) -> std::result::Result<(), String> {
        if self.schema != Self::SCHEMA || self.version != Self::VERSION {
            return Err(format!(
                "its schema is {} {}, not {} {}",
                self.schema,
                self.version,
                Self::SCHEMA,
                Self::VERSION
            ));
        }
        let (classes, clips) = (self.classes.len(), self.results.len());
        if clips != self.clips {
            return Err(format!("it states {} clips but has results of {clips}", self.clips));
        }
        for (name, stream) in self.streams() {
            if stream.classes.len() != classes {
                return Err(format!("the {name} stream has {} classes instead of {classes}", stream.classes.len()));
            }
            let counts = &stream.confusion.counts;
            if counts.len() != classes || counts.iter().any(|row| row.len() != classes) {
                return Err(format!("the confusion of the {name} stream is not {classes}×{classes}"));
            }
            if stream.most_confused.iter().any(|pair| pair.label.max(pair.guess) >= classes) {
                return Err(format!("a confused pair of the {name} stream is of a class beyond the {classes}"));
            }
            let of_each = stream.multi_label.as_ref().map(|own| [own.thresholds.len(), own.average_precision.len()]);
            if of_each.is_some_and(|of_each| of_each != [classes; 2]) {
                return Err(format!("the thresholds of the {name} stream are not of {classes} classes"));
            }
            if stream.worst.iter().any(|&clip| clip >= clips) {
                return Err(format!("the {name} stream names a clip beyond the {clips} of the report"));
            }
        }
        let guesses = |result: &ClipResult| [result.spatial, result.temporal, result.fused].into_iter().flatten();
        let is_beyond = |result: &ClipResult| {
            let shown = std::iter::once(result.label).chain(result.also.iter().copied());
            shown.chain(guesses(result).map(|guess| guess.class)).any(|class| class >= classes)
        };
        match self.results.iter().find(|result| is_beyond(result)) {
            Some(result) => Err(format!("'{}' is of a class beyond the {classes} of the report", result.path)),
            None => Ok(()),
        }
    }

    /// Returns the report as JSON.
    ///
    /// # Errors
    /// If it cannot be serialised.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map_err(|error| Error::new("--json", error.to_string(), "Please report this"))
    }

    /// Writes the report as JSON.
    ///
    /// # Errors
    /// If the file cannot be written; an older one is then unchanged.
    pub fn write_json(&self, path: &Path) -> Result<()> {
        atomic::replace(path, |writer| {
            serde_json::to_writer_pretty(&mut *writer, self)?;
            writeln!(writer)
        })
    }
}
