//! The evaluation of a model on a list of clips in parts, each of them scored by another machine.

use std::collections::BTreeSet;
use std::fs;

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
use crate::plural::counted;
use crate::shards::{Part, PartFolder, Shard, assigned};
use crate::training::FlowSource;

/// The settings that all parts of an evaluation have in common: with the scores they make the report.
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
    /// Clips that are scored, in all parts together.
    clips: usize,
    /// Clips of no class of the model.
    left_out: usize,
    /// The remarks of the report that do not follow from the scores.
    remarks: Vec<String>,
}

/// The scores of the clips of one shard.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ActionsPart {
    /// The model, the device and the day.
    pub source: ReportSource,
    clips: Vec<ClipOutcome>,
}

/// The scores of a clip, or why it cannot be read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClipOutcome {
    /// Its place in the whole list.
    position: usize,
    outcome: std::result::Result<ScoredClip, String>,
}

/// The clips of a shard while they are scored.
#[derive(Debug)]
pub struct ShardScores<'a> {
    dataset: &'a Dataset,
    /// The places of its clips in the whole list, ascending.
    positions: Vec<usize>,
    /// The outcomes of the first of them.
    clips: Vec<ClipOutcome>,
}

impl ActionsSettings {
    /// Returns the settings of the evaluation of the model with this `card` on `clips` by `plan`, whose report has these `remarks`.
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
            clips: clips.dataset.clips.len(),
            left_out: clips.left_out,
            remarks,
        }
    }

    /// Returns whether every clip of the list is of a class of the model.
    pub fn is_whole(&self) -> bool {
        self.left_out == 0
    }

    /// Returns what one machine would have found on all clips. `on_unreadable` gets why clips could not be read.
    ///
    /// # Errors
    /// If the `parts` of `folder` do not have each clip once, one is damaged, or no clip could be read.
    pub fn merged(
        &self,
        folder: &PartFolder,
        parts: Vec<Part<ActionsPart>>,
        on_unreadable: &mut dyn FnMut(&str),
    ) -> Result<ActionsOutcome> {
        let incomplete = || {
            let remedy = "Delete the parts and run all shards again";
            Error::file(folder.dir(), "a clip is missing or twice in its parts", remedy)
        };
        let source = merged_source(&parts).ok_or_else(incomplete)?;
        let mut streams = None;
        for part in &parts {
            if !part.results.clips.iter().all(|clip| self.fits(clip, &mut streams)) {
                let cause = "the part is damaged: a clip has scores or a class that do not fit";
                let path = folder.path(part.manifest.shard);
                return Err(Error::file(&path, cause, "Delete it and run its shard again"));
            }
        }
        let mut clips: Vec<ClipOutcome> = parts.into_iter().flat_map(|part| part.results.clips).collect();
        clips.sort_by_key(|clip| clip.position);
        if !clips.iter().map(|clip| clip.position).eq(0..self.clips) {
            return Err(incomplete());
        }
        let mut scores = ClipScores::new(self.classes.len());
        for clip in clips {
            match clip.outcome {
                Ok(scored) => scores.push(scored),
                Err(failure) => {
                    on_unreadable(&failure);
                    scores.fail(&failure);
                }
            }
        }
        let mut outcome = ActionsOutcome::of(scores, &self.model, &self.classes, &self.plan()?)?;
        outcome.report.remarks.extend(self.remarks.iter().cloned());
        outcome.report.source = Some(source);
        Ok(outcome)
    }

    /// Returns whether a clip has a class and scores of the model, of the same `streams` as the clips before.
    fn fits(&self, clip: &ClipOutcome, streams: &mut Option<[bool; 2]>) -> bool {
        let classes = self.classes.len();
        let Ok(scored) = &clip.outcome else { return true };
        let rows = [&scored.spatial, &scored.temporal];
        let own = rows.map(Option::is_some);
        *streams.get_or_insert(own) == own
            && scored.clip.label < classes
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

/// Returns the source of a report of all `parts`: the devices of all of them, and the last day.
fn merged_source(parts: &[Part<ActionsPart>]) -> Option<ReportSource> {
    let sources = || parts.iter().map(|part| &part.results.source);
    let devices: BTreeSet<&str> = sources().map(|source| source.device.as_str()).collect();
    let date = sources().map(|source| &source.date).max()?.clone();
    let device = devices.into_iter().collect::<Vec<_>>().join(", ");
    Some(ReportSource { device, date, ..sources().next()?.clone() })
}

impl<'a> ShardScores<'a> {
    /// Begins the clips of `shard`, of which `before` is what was scored of them earlier.
    pub fn new(dataset: &'a Dataset, shard: Shard, before: Vec<ClipOutcome>) -> Self {
        let positions = clips_of(dataset, shard);
        let is_start = before.iter().map(|clip| clip.position).eq(positions.iter().copied().take(before.len()));
        Self { dataset, positions, clips: if is_start { before } else { Vec::new() } }
    }

    /// The outcomes so far, in the order of the list.
    pub fn clips(&self) -> &[ClipOutcome] {
        &self.clips
    }

    /// Number of clips of the shard.
    pub fn of(&self) -> usize {
        self.positions.len()
    }

    /// Scores the clips that are left, as [`evaluate_actions`](super::evaluate_actions) does with all of them, until `stop` says so; the
    /// clips that are under way then are given up. `progress` is called with the outcomes after each clip.
    ///
    /// # Errors
    /// A model whose classes are not those of the data, a computation that broke off, or that it was stopped.
    pub fn score(
        &mut self,
        model: &HiddenTwoStream,
        plan: &EvaluationPlan,
        stop: &(dyn Fn() -> bool + Sync),
        progress: &mut dyn FnMut(&[ClipOutcome]),
        on_unreadable: &mut dyn FnMut(&Error),
    ) -> Result<()> {
        let left = &self.positions[self.clips.len()..];
        let own = Dataset {
            classes: self.dataset.classes.clone(),
            clips: left.iter().map(|&position| self.dataset.clips[position].clone()).collect(),
            ambiguous: Vec::new(),
        };
        let (mut positions, clips) = (left.iter(), &mut self.clips);
        score_clips(model, &own, plan.protocol, plan.flow_source, stop, &mut |outcome| {
            let position = *positions.next().expect("each clip is reported once");
            let outcome = outcome.map_err(|error| {
                on_unreadable(&error);
                error.to_string()
            });
            // Reports name clips so; other paths are another matter on another machine, and need not be Unicode.
            let outcome = outcome.map(|mut scored| {
                scored.clip.path = name_of(&scored.clip.path).into();
                scored
            });
            clips.push(ClipOutcome { position, outcome });
            progress(clips);
        })?;
        match self.clips.len() < self.positions.len() {
            true => {
                let cause = format!("stopped after {} of {}", self.clips.len(), counted(self.positions.len(), "clip"));
                Err(Error::cancelled("evaluation", cause, "Run the same command again"))
            }
            false => Ok(()),
        }
    }

    /// Returns the part of the clips, which are all scored, by `source`.
    pub fn into_part(self, source: ReportSource) -> ActionsPart {
        ActionsPart { source, clips: self.clips }
    }
}

impl ActionsPart {
    /// Number of clips that are scored.
    pub fn scored(&self) -> usize {
        self.clips.len() - self.failures().count()
    }

    /// Why clips could not be read.
    pub fn failures(&self) -> impl Iterator<Item = &str> {
        self.clips.iter().filter_map(|clip| clip.outcome.as_ref().err().map(String::as_str))
    }

    /// Returns whether all its clips could be read.
    pub fn is_whole(&self) -> bool {
        self.failures().next().is_none()
    }
}

/// Returns the places of the clips of `shard` in the list, ascending.
fn clips_of(dataset: &Dataset, shard: Shard) -> Vec<usize> {
    assigned(&dataset.clips.iter().map(key).collect::<Vec<_>>(), shard)
}

/// Returns a hash of the list of clips: their names, classes, segments and sizes in bytes, in order.
pub fn hash_of_clips(dataset: &Dataset) -> String {
    let mut hash = ContentHash::new();
    for clip in &dataset.clips {
        let (name, segment) = key(clip);
        hash.field(name);
        segment.iter().for_each(|&time| hash.number(time));
        hash.number(clip.label as u64);
        // Folders have other sizes on other disks.
        let facts = fs::metadata(&clip.path).ok().filter(fs::Metadata::is_file);
        hash.number(facts.map_or(0, |facts| facts.len()));
    }
    hash.to_hex()
}

/// Returns what distinguishes a clip of a list on every machine: its name with that of its folder, and its segment.
fn key(clip: &LabelledClip) -> (String, Vec<u64>) {
    (name_of(&clip.path), clip.segment_secs.iter().flatten().map(|time| time.to_bits()).collect())
}
