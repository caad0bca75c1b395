//! Evaluation of a model on a list of clips in parts, each scored by another machine.

use serde::{Deserialize, Serialize};

use super::clip_scores::name_of;
use super::{
    ActionsOutcome, ClipScores, EvaluationPlan, MatchedClips, Protocol, ReportSource, ScoredClip, Spread, ViewAverage,
    fusion_of_views, score_clips,
};
use crate::content_hash::ContentHash;
use crate::data::{Dataset, LabelledClip};
use crate::error::{Error, Result};
use crate::nets::fusion::Fusion;
use crate::nets::{HiddenTwoStream, ModelCard};
use crate::shards::{JobInputs, Part, PartFolder, Shard, ShardResults, assigned, size_of};
use crate::training::FlowSource;

/// The settings that all parts of an evaluation share; together with the scores they determine the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionsSettings {
    model: String,
    model_hash: Option<String>,
    data: String,
    views: String,
    spread: Spread,
    average: Option<ViewAverage>,
    fusion: Fusion,
    flow_source: FlowSource,
    classes: Vec<String>,
    /// Thresholds of the classes of a multi-label model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    thresholds: Vec<f64>,
    /// Clips of classes that the model lacks.
    left_out: usize,
    /// The remarks of the report that do not follow from the scores.
    remarks: Vec<String>,
}

/// The scores of the clips of one shard, with the model, the device and the date.
pub type ActionsPart = ShardResults<ScoredClip, ReportSource>;

impl ActionsSettings {
    /// Returns the settings of the evaluation by `plan` of the model with this `card` on `clips`; the report has these
    /// `remarks`.
    pub fn new(card: &ModelCard, clips: &MatchedClips, plan: &EvaluationPlan, remarks: Vec<String>) -> Self {
        Self {
            model: card.name.clone(),
            model_hash: card.hash.clone(),
            data: plan.data.clone(),
            views: plan.protocol.to_string(),
            spread: plan.protocol.spread,
            average: plan.protocol.average,
            fusion: fusion_of_views(card, plan.protocol.average, plan.fusion),
            flow_source: plan.flow_source,
            classes: clips.dataset.classes.clone(),
            thresholds: card.thresholds.clone(),
            left_out: clips.left_out,
            remarks,
        }
    }

    /// Returns whether the model has the class of every clip of the list.
    pub fn is_whole(&self) -> bool {
        self.left_out == 0
    }

    /// Returns the outcome as if one machine had scored all clips. `on_unreadable` gets the errors of unreadable clips.
    ///
    /// # Errors
    /// If the `parts` of `folder` do not have each clip once, one is damaged, or no clip could be read.
    pub fn merged(
        &self,
        folder: &PartFolder,
        parts: Vec<Part<ActionsPart>>,
        on_unreadable: &mut dyn FnMut(&str),
    ) -> Result<ActionsOutcome> {
        let source = ReportSource::merged(parts.iter().map(|part| &part.results.source));
        let mut streams = None;
        for part in &parts {
            let scored = part.results.items.iter().filter_map(|item| item.outcome.as_ref().ok());
            if !scored.into_iter().all(|clip| self.fits(clip, &mut streams)) {
                let cause = "the part is damaged: a clip has scores or a class that do not fit";
                let path = folder.path(part.manifest.shard);
                return Err(Error::file(&path, cause, "Delete it and run its shard again"));
            }
        }
        let clips = folder.outcomes(parts)?;
        let mut scores = ClipScores::new(self.classes.len()).with_thresholds(self.thresholds.clone());
        for clip in clips {
            match clip {
                Ok(scored) => scores.push(scored),
                Err(failure) => {
                    on_unreadable(&failure);
                    scores.fail(&failure);
                }
            }
        }
        let mut outcome = ActionsOutcome::of(scores, &self.model, &self.classes, &self.plan()?)?;
        outcome.report.remarks.extend(self.remarks.iter().cloned());
        outcome.report.source = source;
        Ok(outcome)
    }

    /// Returns whether a clip has a class and scores of the model, of the same `streams` as the clips before.
    fn fits(&self, scored: &ScoredClip, streams: &mut Option<[bool; 2]>) -> bool {
        let classes = self.classes.len();
        let rows = [&scored.spatial, &scored.temporal];
        let own = rows.map(Option::is_some);
        *streams.get_or_insert(own) == own
            && scored.clip.shown().iter().all(|&class| class < classes)
            && rows.into_iter().flatten().all(|row| row.len() == classes)
    }

    fn plan(&self) -> Result<EvaluationPlan> {
        let views = self.views.parse().map_err(|cause: String| Error::new("views", cause, "Run all shards again"))?;
        Ok(EvaluationPlan {
            data: self.data.clone(),
            protocol: Protocol { spread: self.spread, average: self.average, ..views },
            fusion: self.fusion,
            flow_source: self.flow_source,
        })
    }
}

/// Scores the clips of `dataset` at `positions`, as [`evaluate_actions`](super::evaluate_actions) does for all clips,
/// until `stop` returns true; clips in progress are then discarded. `done` gets each clip in order.
///
/// # Errors
/// If the model's classes are not those of the data, or a computation fails.
pub fn score_clips_at(
    positions: &[usize],
    (model, dataset, plan): (&HiddenTwoStream, &Dataset, &EvaluationPlan),
    stop: &(dyn Fn() -> bool + Sync),
    done: &mut dyn FnMut(Result<ScoredClip>),
) -> Result<()> {
    let own = Dataset {
        classes: dataset.classes.clone(),
        clips: positions.iter().map(|&position| dataset.clips[position].clone()).collect(),
        ambiguous: Vec::new(),
    };
    score_clips(model, &own, plan.protocol, plan.flow_source, stop, &mut |outcome| {
        // Names as in reports: full paths differ between machines, and need not be Unicode.
        done(outcome.map(|mut scored| {
            scored.clip.path = name_of(&scored.clip.path).into();
            scored
        }));
    })
}

/// Returns the indices of the clips of `shard` in the list, ascending.
pub fn clips_of_shard(dataset: &Dataset, shard: Shard) -> Vec<usize> {
    assigned(&dataset.clips.iter().map(key).collect::<Vec<_>>(), shard)
}

/// Returns the list of clips by their names, classes, segments and sizes in bytes, in order.
pub fn inputs_of_clips(dataset: &Dataset) -> JobInputs {
    let mut hash = ContentHash::new();
    for clip in &dataset.clips {
        let (name, segment) = key(clip);
        hash.field(name);
        segment.iter().for_each(|&time| hash.number(time));
        hash.number(clip.label as u64);
        clip.also.iter().for_each(|&class| hash.number(class as u64));
        hash.number(size_of(&clip.path));
    }
    JobInputs::new("clip", dataset.clips.len(), hash.to_hex())
}

/// Returns an identity of a clip that is the same on every machine: its name with that of its folder, and its segment.
fn key(clip: &LabelledClip) -> (String, Vec<u64>) {
    (name_of(&clip.path), clip.segment_secs.iter().flatten().map(|time| time.to_bits()).collect())
}
