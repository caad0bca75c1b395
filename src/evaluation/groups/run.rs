//! Runs an evaluation by groups: forms folds, trains networks for each, scores its held-out clips, and reports on all.

use std::time::Instant;

use burn::tensor::Device;

use super::config::{basis, claim};
use super::learning::{Learner, card_of_fold};
use super::plan::{GroupPlace, GroupsContext, GroupsEvent, GroupsPlan};
use super::stored_scores::{StoredClip, StoredScores};
use super::{Fold, GroupsSettings, ScoredFold, folds};
use crate::content_hash::ContentHash;
use crate::data::Dataset;
use crate::error::Result;
use crate::evaluation::{ActionsOutcome, inputs_of_clips, score_clips};
use crate::nets::HiddenTwoStream;
use crate::shards::{JobInputs, Shard, assigned};

/// The report over all folds and the scores it was computed from.
pub type GroupsOutcome = ActionsOutcome;

/// Scores every clip of `dataset` with networks trained on the clips of the other folds, and reports progress.
///
/// # Errors
/// If the data cannot be split into folds, the folder contains another evaluation, networks cannot be loaded or
/// trained, or no clip can be read. Finished scores are stored, and the same call resumes there.
pub fn evaluate_groups(
    plan: &GroupsPlan,
    dataset: &Dataset,
    device: &Device,
    on_event: &mut dyn FnMut(GroupsEvent<'_>),
) -> Result<GroupsOutcome> {
    let mut evaluation = GroupsEvaluation::open(plan, dataset, device)?;
    claim(plan, dataset, &evaluation.folds, &evaluation.settings)?;
    let scored = (0..evaluation.folds.len()).map(|fold| evaluation.score(fold, &|| false, on_event));
    let scored = scored.collect::<Result<_>>()?;
    evaluation.settings.outcome(scored)
}

/// An evaluation by groups, whose folds are scored one by one.
pub struct GroupsEvaluation<'a> {
    plan: &'a GroupsPlan,
    dataset: &'a Dataset,
    device: &'a Device,
    settings: GroupsSettings,
    folds: Vec<Fold>,
    basis: String,
    /// The model that all folds start from; loaded when the first fold is scored.
    model: Option<HiddenTwoStream>,
    /// `None` until a fold is scored in this process.
    learner: Option<Learner>,
    /// The clip whose features are extracted first.
    first: usize,
}

impl<'a> GroupsEvaluation<'a> {
    /// Returns the evaluation of `plan` on `dataset`, with networks on `device`. Nothing is written yet.
    ///
    /// # Errors
    /// If the data cannot be split into folds, or a file of the networks cannot be read.
    pub fn open(plan: &'a GroupsPlan, dataset: &'a Dataset, device: &'a Device) -> Result<Self> {
        let folds = folds(dataset, plan.folds)?;
        let model = HiddenTwoStream::load(&plan.model, device)?;
        let settings = GroupsSettings::of(plan, &model.card, &dataset.classes)?;
        let (basis, model, learner) = (basis(dataset), Some(model), None);
        Ok(Self { plan, dataset, device, settings, folds, basis, model, learner, first: 0 })
    }

    /// Returns the settings shared by all folds.
    pub fn settings(&self) -> &GroupsSettings {
        &self.settings
    }

    /// Returns the list of folds, by their names and clips; of the clips by name, class, segment and size in bytes.
    pub fn inputs(&self) -> JobInputs {
        let mut hash = ContentHash::new();
        hash.field(inputs_of_clips(self.dataset).hash);
        for fold in &self.folds {
            hash.field(&fold.name);
            fold.clips.iter().for_each(|&clip| hash.number(clip as u64));
        }
        JobInputs::new("fold", self.folds.len(), hash.to_hex())
    }

    /// Returns the indices of the folds of `shard`, ascending.
    pub fn folds_of_shard(&self, shard: Shard) -> Vec<usize> {
        assigned(&self.folds.iter().map(|fold| &fold.name).collect::<Vec<_>>(), shard)
    }

    /// Writes the settings to the run folder, which all shards may share, or checks that the same ones are already
    /// there. Each `shard` starts feature extraction at a different clip, and reuses features stored by the others.
    ///
    /// # Errors
    /// If the folder contains another evaluation.
    pub fn claim(&mut self, shard: Shard) -> Result<()> {
        self.first = self.dataset.clips.len() * (shard.index() - 1) / shard.count();
        claim(self.plan, self.dataset, &self.folds, &self.settings)
    }

    /// Returns the scores of the fold at `index`, which are stored in the run folder, until `stop` returns true.
    ///
    /// # Errors
    /// If its networks cannot be trained, or it is stopped; a training resumes with the next call.
    pub fn score(
        &mut self,
        index: usize,
        stop: &(dyn Fn() -> bool + Sync),
        on_event: &mut dyn FnMut(GroupsEvent<'_>),
    ) -> Result<ScoredFold> {
        let Self { plan, dataset, device, first, .. } = *self;
        let context = GroupsContext { plan, dataset, device, first, stop };
        let (fold, number) = (&self.folds[index], index + 1);
        let dir = plan.run_dir.join(format!("fold-{number:03}"));
        on_event(GroupsEvent::FoldBegins { fold: &fold.name, number, of: self.folds.len() });
        let scores = match StoredScores::read(&dir, dataset, &self.basis)? {
            Some(scores) => scores,
            None => {
                let learner = match self.learner.take() {
                    Some(learner) => learner,
                    None => {
                        let model = self.model.take().map_or_else(|| HiddenTwoStream::load(&plan.model, device), Ok)?;
                        Learner::new(context, model, on_event)?
                    }
                };
                let place = GroupPlace { dir: &dir, basis: &self.basis };
                score_fold(self.learner.insert(learner), context, fold, &place, on_event)?
            }
        };
        let made = card_of_fold(&plan.learning, &dir, &self.settings.model);
        let scored = ScoredFold::new(fold, dataset, scores, made);
        on_event(GroupsEvent::FoldDone(&self.settings.fold_result(&scored)?));
        Ok(scored)
    }
}

/// Trains the networks of `fold`, scores its held-out clips, and stores the scores in its folder.
fn score_fold(
    learner: &Learner,
    context: GroupsContext<'_>,
    fold: &Fold,
    place: &GroupPlace<'_>,
    on_event: &mut dyn FnMut(GroupsEvent<'_>),
) -> Result<StoredScores> {
    let GroupsContext { plan, dataset, stop, .. } = context;
    for class in unlearnable(dataset, fold) {
        on_event(GroupsEvent::Unlearnable { fold: &fold.name, class: &dataset.classes[class] });
    }
    let began = Instant::now();
    let model = learner.learn(context, fold, place, on_event)?;
    let held = fold.clips.iter().map(|&clip| dataset.clips[clip].clone()).collect();
    let held = Dataset { classes: dataset.classes.clone(), clips: held, ambiguous: Vec::new() };
    let mut scores = StoredScores { basis: place.basis.to_owned(), ..StoredScores::default() };
    let mut places = fold.clips.iter();
    score_clips(&model, &held, plan.protocol, model.card.flow_source(), stop, &mut |outcome| {
        let index = *places.next().expect("every clip is told once");
        match outcome {
            Ok(scored) => scores.clips.push(StoredClip::of(index, scored)),
            Err(error) => {
                on_event(GroupsEvent::Unreadable(&error));
                scores.failures.push(error.to_string());
            }
        }
        on_event(GroupsEvent::Scored { done: scores.clips.len() + scores.failures.len(), of: fold.clips.len() });
    })?;
    if places.next().is_some() {
        return Err(context.stopped());
    }
    scores.seconds = began.elapsed().as_secs_f64();
    scores.write(place.dir)?;
    Ok(scores)
}

/// Returns the classes of clips in `fold` that have no clip outside it.
fn unlearnable(dataset: &Dataset, fold: &Fold) -> Vec<usize> {
    let mut inside = vec![0usize; dataset.classes.len()];
    fold.clips.iter().for_each(|&clip| inside[dataset.clips[clip].label] += 1);
    let mut all = vec![0usize; dataset.classes.len()];
    dataset.clips.iter().for_each(|clip| all[clip.label] += 1);
    (0..all.len()).filter(|&class| inside[class] > 0 && inside[class] == all[class]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::LabelledClip;

    #[test]
    fn a_class_that_is_held_out_whole_cannot_be_learned() {
        let clip = |label| LabelledClip { path: "a".into(), label, segment_secs: None, group: None, also: Vec::new() };
        let clips = [0, 0, 1, 1].map(clip).to_vec();
        let dataset = Dataset { classes: vec!["a".into(), "b".into(), "c".into()], clips, ambiguous: Vec::new() };
        let fold = Fold { name: "f".into(), clips: vec![0, 2, 3] };
        assert_eq!(unlearnable(&dataset, &fold), [1]);
    }
}
