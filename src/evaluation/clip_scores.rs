//! The scores of a list of clips, collected clip by clip; a report can be created at any time.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::class_match::without_clips;
use super::{ActionsReport, ClipResult, EvaluationPlan, Guess, Scale, ScoreTable, StreamReport, weight_sweep};
use crate::atomic;
use crate::data::LabelledClip;
use crate::error::{Error, Result};
use crate::nets::fusion::Fusion;
use crate::training::validation::PhotometricError;

/// The scores of one clip.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScoredClip {
    /// The clip.
    pub clip: LabelledClip,
    /// Mean logits of the spatial stream, one a class; none without such a stream.
    pub spatial: Option<Vec<f32>>,
    /// Mean logits of the temporal stream, likewise.
    pub temporal: Option<Vec<f32>>,
    /// What the flow leaves of the change between frames.
    pub photometric: PhotometricError,
}

/// The scores of the clips so far, in order, all by the same streams.
#[derive(Debug, Clone, Default)]
pub struct ClipScores {
    classes: usize,
    /// Thresholds of the classes, for multi-label models.
    thresholds: Vec<f64>,
    clips: Vec<LabelledClip>,
    /// The names of the clips in reports.
    names: Vec<String>,
    /// Number of clips of each name.
    counts: HashMap<String, usize>,
    spatial: Option<ScoreTable>,
    temporal: Option<ScoreTable>,
    photometric: PhotometricError,
    failures: Vec<String>,
}

impl ClipScores {
    /// Returns an empty collection for `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self { classes, ..Self::default() }
    }

    /// Returns the scores with the thresholds of the classes of a multi-label model.
    pub fn with_thresholds(self, thresholds: Vec<f64>) -> Self {
        Self { thresholds, ..self }
    }

    /// Adds a clip.
    ///
    /// # Panics
    /// If a stream does not have one score per class.
    pub fn push(&mut self, scored: ScoredClip) {
        let ScoredClip { clip, spatial, temporal, photometric } = scored;
        for (table, row) in [(&mut self.spatial, spatial), (&mut self.temporal, temporal)] {
            if let Some(row) = row {
                table.get_or_insert_with(|| ScoreTable::new(self.classes)).push(&row);
            }
        }
        self.photometric.add(photometric);
        self.names.push(unique(name_of(&clip.path), &mut self.counts));
        self.clips.push(clip);
    }

    /// Records a clip that could not be read.
    pub fn fail(&mut self, error: &str) {
        self.failures.push(error.to_owned());
    }

    /// Returns the number of processed clips, scored or unreadable.
    pub fn seen(&self) -> usize {
        self.clips.len() + self.failures.len()
    }

    /// Returns whether no clip has been scored.
    pub fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }

    /// Returns the scored clips, in the order of the report's results.
    pub fn clips(&self) -> &[LabelledClip] {
        &self.clips
    }

    /// Returns the mean logits of the spatial and the temporal stream, a row per clip.
    pub fn tables(&self) -> [Option<&ScoreTable>; 2] {
        [self.spatial.as_ref(), self.temporal.as_ref()]
    }

    /// Returns the report of these scores by the model named `model` for the clips of `plan`.
    pub fn report(&self, model: &str, classes: &[String], plan: &EvaluationPlan) -> ActionsReport {
        let labels = self.labels();
        let is_multi_label = plan.fusion.is_multi_label();
        let scale = if is_multi_label { Scale::Probabilities } else { Scale::Logits };
        let [spatial, temporal] = [&self.spatial, &self.temporal].map(|table| match table {
            Some(table) if is_multi_label => Some(Cow::Owned(table.sigmoid())),
            table => table.as_ref().map(Cow::Borrowed),
        });
        let report = |table: &Option<Cow<'_, ScoreTable>>| Some(self.stream(table.as_ref()?, scale));
        let guesses = |table: &Option<Cow<'_, ScoreTable>>| guesses(table.as_deref(), labels.len(), scale);
        let said = guesses(&spatial).into_iter().zip(guesses(&temporal));
        let results =
            self.names.iter().zip(&self.clips).zip(said).map(|((path, clip), (spatial, temporal))| ClipResult {
                path: path.clone(),
                segment_secs: clip.segment_secs,
                label: clip.label,
                also: clip.also.clone(),
                spatial,
                temporal,
                fused: None,
            });
        let ratio = self.photometric.ratio();
        let mut report = ActionsReport {
            schema: ActionsReport::SCHEMA.into(),
            version: ActionsReport::VERSION,
            model: model.to_owned(),
            source: None,
            data: plan.data.clone(),
            views: plan.protocol.to_string(),
            spread: plan.protocol.spread,
            fusion: plan.fusion,
            classes: classes.to_vec(),
            clips: labels.len(),
            stopped_of: None,
            folds: Vec::new(),
            remarks: without_clips(classes, &self.shown().concat())
                .filter(|_| !labels.is_empty())
                .into_iter()
                .collect(),
            spatial: report(&spatial),
            temporal: report(&temporal),
            fused: None,
            sweep: Vec::new(),
            photometric_ratio: (ratio.is_finite() && !labels.is_empty()).then_some(ratio),
            results: results.collect(),
            failures: self.failures.clone(),
        };
        self.fuse(&mut report, plan.fusion);
        report
    }

    /// Replaces the fusion figures of `report`, which was created from these scores.
    pub fn fuse(&self, report: &mut ActionsReport, fusion: Fusion) {
        report.fusion = fusion;
        let Some((spatial, temporal)) = self.spatial.as_ref().zip(self.temporal.as_ref()) else { return };
        let fused = ScoreTable::fused(spatial, temporal, fusion);
        let scale = Scale::of(fusion.rule);
        report.fused = Some(self.stream(&fused, scale));
        report.sweep = weight_sweep(spatial, temporal, &self.shown(), fusion.rule, fusion.temporal_weight);
        let guesses = guesses(Some(&fused), self.clips.len(), scale);
        report.results.iter_mut().zip(guesses).for_each(|(result, guess)| result.fused = guess);
    }

    /// The files that scores are written to; the first two only for existing streams.
    pub const FILES: [&str; 3] = ["spatial.npy", "temporal.npy", "labels.txt"];

    /// Writes the score files `spatial.npy` and `temporal.npy` and the list `labels.txt` of their rows to folder `dir`,
    /// which is created if needed. `motionscope fuse` reads them.
    ///
    /// # Errors
    /// If a file cannot be written; an older one is then unchanged.
    pub fn write(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
        for (name, table) in [("spatial.npy", &self.spatial), ("temporal.npy", &self.temporal)] {
            if let Some(table) = table {
                table.write(&dir.join(name))?;
            }
        }
        let rows = self.names.iter().zip(&self.clips);
        let lines: String = rows.map(|(name, clip)| format!("{name} {}\n", clip.label + 1)).collect();
        atomic::replace(&dir.join("labels.txt"), |writer| writer.write_all(lines.as_bytes()))
    }

    /// Returns the figures for the scores of one stream, or of both fused.
    fn stream(&self, scores: &ScoreTable, scale: Scale) -> StreamReport {
        match scale {
            Scale::Probabilities => StreamReport::multi_label(scores, &self.shown(), &self.thresholds),
            _ => StreamReport::of(scores, &self.labels(), scale),
        }
    }

    /// Returns the classes that each clip shows.
    fn shown(&self) -> Vec<Vec<usize>> {
        self.clips.iter().map(LabelledClip::shown).collect()
    }

    fn labels(&self) -> Vec<usize> {
        self.clips.iter().map(|clip| clip.label).collect()
    }
}

/// Returns the predictions of `table` for `clips` clips.
fn guesses(table: Option<&ScoreTable>, clips: usize, scale: Scale) -> Vec<Option<Guess>> {
    match table {
        Some(table) => table.rows().map(|row| Some(scale.guess(row))).collect(),
        None => vec![None; clips],
    }
}

/// Returns folder and file as lists name them, `class/clip.avi`, regardless of the data folder.
pub(super) fn name_of(path: &Path) -> String {
    let parts: Vec<_> = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    let last_two = &parts[parts.len().saturating_sub(2)..];
    last_two.iter().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Returns `name`, with a number from the second clip of the same name on, which distinguishes the rows of score files.
fn unique(name: String, names: &mut HashMap<String, usize>) -> String {
    let count = names.entry(name.clone()).or_default();
    *count += 1;
    if *count == 1 { name } else { format!("{name}#{count}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_are_called_as_in_lists() {
        assert_eq!(name_of(Path::new("/data/clips/wave/v_1.avi")), "wave/v_1.avi");
        assert_eq!(name_of(Path::new("../v_1.avi")), "v_1.avi");
        let mut names = HashMap::new();
        let unique = ["a", "b", "a", "a"].map(|name| unique(name.into(), &mut names));
        assert_eq!(unique, ["a", "b", "a#2", "a#3"]);
    }
}
