//! Action recognition on a list of clips: the walk from a model and a data set to a report.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Component, Path};

use super::actions_report::{ActionsReport, ClipResult};
use super::stream_report::{Scale, StreamReport};
use super::{ClipScorer, Protocol, ScoreTable, weight_sweep};
use crate::error::{Error, Result};
use crate::nets::HiddenTwoStream;
use crate::nets::fusion::Fusion;
use crate::training::FlowSource;
use crate::training::dataset::{Dataset, LabelledClip};
use crate::training::validation::PhotometricError;

/// How a model is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationPlan {
    /// What the data are called in reports: the path of their list.
    pub data: String,
    /// How clips are seen.
    pub protocol: Protocol,
    /// How the streams are joined.
    pub fusion: Fusion,
    /// What the temporal stream reads the flow of.
    pub flow_source: FlowSource,
}

/// The report and the scores it was made from.
#[derive(Debug, Clone)]
pub struct ActionsOutcome {
    /// The figures.
    pub report: ActionsReport,
    /// Mean logits of the spatial stream, a row for each clip of the report; none without such a stream.
    pub spatial: Option<ScoreTable>,
    /// Mean logits of the temporal stream, likewise.
    pub temporal: Option<ScoreTable>,
}

/// Scores all clips of `dataset`. `progress` is told how many of how many are done and may break off; a clip that cannot be
/// read is handed to `on_unreadable` and left out.
///
/// # Errors
/// A model whose classes are not those of the data, no readable clip at all, or that `progress` broke off.
pub fn evaluate_actions(
    model: &HiddenTwoStream,
    dataset: &Dataset,
    plan: &EvaluationPlan,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    on_unreadable: &mut dyn FnMut(&Error),
) -> Result<ActionsOutcome> {
    check_classes(model, dataset)?;
    let scorer = ClipScorer::new(model, plan.protocol);
    let mut scored = Scored::new(model, dataset.classes.len());
    for (done, clip) in dataset.clips.iter().enumerate() {
        if progress(done, dataset.clips.len()).is_break() {
            let remedy = "Start it again: an evaluation begins anew";
            return Err(Error::new("evaluation", format!("stopped after {done} clips"), remedy));
        }
        if let Err(error) = scored.add(&scorer, model, clip, plan.flow_source) {
            on_unreadable(&error);
            scored.failures.push(error.to_string());
        }
    }
    let _ = progress(dataset.clips.len(), dataset.clips.len()); // there is nothing left to break off
    if scored.clips.is_empty() {
        return Err(Error::new("evaluation", "no clip could be read", "See the errors above"));
    }
    Ok(scored.outcome(model, dataset, plan))
}

fn check_classes(model: &HiddenTwoStream, dataset: &Dataset) -> Result<()> {
    let has_streams = model.spatial.is_some() || model.temporal.is_some();
    if !has_streams || model.card.classes == dataset.classes {
        return Ok(());
    }
    let first = model.card.classes.iter().zip(&dataset.classes).position(|(model, data)| model != data);
    let cause = match first {
        Some(i) => {
            format!(
                "class {} is '{}' in the model and '{}' in the data",
                i + 1,
                model.card.classes[i],
                dataset.classes[i]
            )
        }
        None => format!("the model has {} classes, the data {}", model.card.classes.len(), dataset.classes.len()),
    };
    Err(Error::new("classes", cause, "Evaluate on the classes the model was trained for"))
}

/// What is known of the clips so far, in their order.
struct Scored {
    /// Names and labels.
    clips: Vec<(String, usize)>,
    /// How many clips of each name there are.
    names: HashMap<String, usize>,
    spatial: Option<ScoreTable>,
    temporal: Option<ScoreTable>,
    photometric: PhotometricError,
    failures: Vec<String>,
}

impl Scored {
    fn new(model: &HiddenTwoStream, classes: usize) -> Self {
        Self {
            clips: Vec::new(),
            names: HashMap::new(),
            spatial: model.spatial.as_ref().map(|_| ScoreTable::new(classes)),
            temporal: model.temporal.as_ref().map(|_| ScoreTable::new(classes)),
            photometric: PhotometricError::default(),
            failures: Vec::new(),
        }
    }

    /// Scores `clip`; one that fails leaves no row anywhere.
    fn add(
        &mut self,
        scorer: &ClipScorer<'_>,
        model: &HiddenTwoStream,
        clip: &LabelledClip,
        flow_source: FlowSource,
    ) -> Result<()> {
        let about = |error: Error| Error::file(&clip.path, format!("{}: {}", error.subject, error.cause), error.remedy);
        let frames = clip.decode(scorer.motion_size(), None)?;
        let temporal = match flow_source {
            FlowSource::MotionNet => scorer.temporal(&frames),
            _ if model.temporal.is_none() => Ok(None),
            source => scorer.temporal_of(&source.clip_flow(clip, &frames, &model.motion)?),
        }
        .map_err(about)?;
        let spatial = match &model.spatial {
            Some(_) => scorer.spatial(&clip.decode(scorer.spatial_size(), None)?).map_err(about)?,
            None => None,
        };
        self.photometric.add_clip(&model.motion, &frames);
        for (table, row) in [(&mut self.spatial, spatial), (&mut self.temporal, temporal)] {
            if let (Some(table), Some(row)) = (table, row) {
                table.push(&row);
            }
        }
        let name = unique(name_of(&clip.path), &mut self.names);
        self.clips.push((name, clip.label));
        Ok(())
    }

    fn outcome(self, model: &HiddenTwoStream, dataset: &Dataset, plan: &EvaluationPlan) -> ActionsOutcome {
        let labels: Vec<usize> = self.clips.iter().map(|(_, label)| *label).collect();
        let both = self.spatial.as_ref().zip(self.temporal.as_ref());
        let fused = both.map(|(spatial, temporal)| ScoreTable::fused(spatial, temporal, plan.fusion));
        let fused_scale = Scale::of(plan.fusion.rule);
        let report = |table: &Option<ScoreTable>, scale| table.as_ref().map(|t| StreamReport::of(t, &labels, scale));
        let guess = |table: &Option<ScoreTable>, clip: usize, scale: Scale| {
            table.as_ref().and_then(|table| table.rows().nth(clip)).map(|row| scale.guess(row))
        };
        let results = self.clips.into_iter().enumerate().map(|(clip, (path, label))| ClipResult {
            path,
            label,
            spatial: guess(&self.spatial, clip, Scale::Logits),
            temporal: guess(&self.temporal, clip, Scale::Logits),
            fused: guess(&fused, clip, fused_scale),
        });
        let ratio = self.photometric.ratio();
        let report = ActionsReport {
            schema: ActionsReport::SCHEMA.into(),
            version: ActionsReport::VERSION,
            model: model.card.name.clone(),
            data: plan.data.clone(),
            views: plan.protocol.to_string(),
            spread: plan.protocol.spread,
            fusion: plan.fusion,
            classes: dataset.classes.clone(),
            clips: labels.len(),
            spatial: report(&self.spatial, Scale::Logits),
            temporal: report(&self.temporal, Scale::Logits),
            fused: report(&fused, fused_scale),
            sweep: both.map_or_else(Vec::new, |(spatial, temporal)| {
                weight_sweep(spatial, temporal, &labels, plan.fusion.rule, plan.fusion.temporal_weight)
            }),
            photometric_ratio: ratio.is_finite().then_some(ratio),
            results: results.collect(),
            failures: self.failures,
        };
        ActionsOutcome { report, spatial: self.spatial, temporal: self.temporal }
    }
}

/// Folder and file as lists name them, `class/clip.avi`, whatever folder the data are in.
fn name_of(path: &Path) -> String {
    let parts: Vec<_> = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    let last_two = &parts[parts.len().saturating_sub(2)..];
    last_two.iter().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// `name`, with a number from the second clip of this name on: rows of score files and of two reports are told apart by it.
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
