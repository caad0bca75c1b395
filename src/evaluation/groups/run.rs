//! The walk: folds, networks for each, scores of what it holds out, one report of all.

use std::time::Instant;

use burn::tensor::Device;

use super::config::{basis, claim};
use super::learning::{Learner, card_of_fold};
use super::plan::{GroupPlace, GroupsEvent, GroupsPlan, Learning};
use super::stored_scores::{StoredClip, StoredScores};
use super::{Fold, folds};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::evaluation::{
    ActionsOutcome, ActionsReport, ClipScores, EvaluationPlan, FoldResult, average_remark, fusion_of_views, score_clips,
};
use crate::nets::{FlowSource, HiddenTwoStream, ModelCard};
use crate::plural::counted;

/// The report over all folds and the scores it was made from.
pub type GroupsOutcome = ActionsOutcome;

/// Scores every clip of `dataset` with networks that were made from the clips of the other folds, and tells of it.
///
/// # Errors
/// Data that cannot be folded, a folder that holds another evaluation, networks that cannot be loaded or trained, no readable
/// clip. Finished scores are kept, and the same call resumes there.
pub fn evaluate_groups(
    plan: &GroupsPlan,
    dataset: &Dataset,
    device: &Device,
    on_event: &mut dyn FnMut(GroupsEvent<'_>),
) -> Result<GroupsOutcome> {
    let folds = folds(dataset, plan.folds)?;
    let model = HiddenTwoStream::load(&plan.model, device)?;
    let card = model.card.clone();
    claim(plan, dataset, &folds, &card)?;
    let basis = basis(dataset);
    let mut source = Some(model);
    let (mut learner, mut made) = (None, card.clone());
    let (mut stored, mut results, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    for (number, fold) in (1..).zip(&folds) {
        let dir = plan.run_dir.join(format!("fold-{number:03}"));
        on_event(GroupsEvent::FoldBegins { fold: &fold.name, number, of: folds.len() });
        let scores = match StoredScores::read(&dir, dataset, &basis)? {
            Some(scores) => scores,
            None => {
                if let Some(model) = source.take() {
                    learner = Some(Learner::new(plan, model, dataset, device, on_event)?);
                }
                let learner = learner.as_ref().expect("it is made with the first fold that is not scored");
                score_fold(learner, plan, dataset, fold, &GroupPlace { dir: &dir, basis: &basis }, device, on_event)?
            }
        };
        made = card_of_fold(&plan.learning, &dir, &card);
        let result = fold_result(plan, dataset, fold, [&card, &made], &scores);
        on_event(GroupsEvent::FoldDone(&result));
        results.push(result);
        failures.extend(scores.failures);
        stored.extend(scores.clips);
    }
    if stored.is_empty() {
        return Err(Error::new("evaluation", "no clip could be read", "See the errors above"));
    }
    stored.sort_by_key(|clip| clip.index);
    let scores = pooled(dataset, stored, &failures);
    let mut report = report(plan, dataset, [&card, &made], &scores);
    report.folds = results;
    // Before those on the data.
    report.remarks.splice(0..0, remarks(plan, [&card, &made]));
    Ok(ActionsOutcome { report, scores })
}

/// Makes the networks of `fold`, scores what it holds out, and keeps the scores in its place.
fn score_fold(
    learner: &Learner<'_>,
    plan: &GroupsPlan,
    dataset: &Dataset,
    fold: &Fold,
    place: &GroupPlace<'_>,
    device: &Device,
    on_event: &mut dyn FnMut(GroupsEvent<'_>),
) -> Result<StoredScores> {
    for class in unlearnable(dataset, fold) {
        on_event(GroupsEvent::Unlearnable { fold: &fold.name, class: &dataset.classes[class] });
    }
    let began = Instant::now();
    let model = learner.learn(plan, dataset, fold, place, device, on_event)?;
    let held = fold.clips.iter().map(|&clip| dataset.clips[clip].clone()).collect();
    let held = Dataset { classes: dataset.classes.clone(), clips: held, ambiguous: Vec::new() };
    let mut scores = StoredScores { basis: place.basis.to_owned(), ..StoredScores::default() };
    let mut places = fold.clips.iter();
    score_clips(&model, &held, plan.protocol, model.card.flow_source(), &|| false, &mut |outcome| {
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
    scores.seconds = began.elapsed().as_secs_f64();
    scores.write(place.dir)?;
    Ok(scores)
}

/// Classes of clips of `fold` that have no clip outside of it.
fn unlearnable(dataset: &Dataset, fold: &Fold) -> Vec<usize> {
    let mut inside = vec![0usize; dataset.classes.len()];
    fold.clips.iter().for_each(|&clip| inside[dataset.clips[clip].label] += 1);
    let mut all = vec![0usize; dataset.classes.len()];
    dataset.clips.iter().for_each(|clip| all[clip.label] += 1);
    (0..all.len()).filter(|&class| inside[class] > 0 && inside[class] == all[class]).collect()
}

fn pooled(dataset: &Dataset, stored: Vec<StoredClip>, failures: &[String]) -> ClipScores {
    let mut scores = ClipScores::new(dataset.classes.len());
    stored.into_iter().for_each(|clip| scores.push(clip.in_dataset(dataset)));
    failures.iter().for_each(|failure| scores.fail(failure));
    scores
}

/// Returns the report of `scores` by networks of the card `made`, which were made from the model of the card `card`.
fn report(plan: &GroupsPlan, dataset: &Dataset, [card, made]: [&ModelCard; 2], scores: &ClipScores) -> ActionsReport {
    let fusion = fusion_of_views(made, plan.protocol.average, plan.fusion.unwrap_or(card.fusion));
    let flow_source = made.flow_source();
    let plan = EvaluationPlan { data: plan.data.clone(), protocol: plan.protocol, fusion, flow_source };
    scores.report(&card.name, &dataset.classes, &plan)
}

fn fold_result(
    plan: &GroupsPlan,
    dataset: &Dataset,
    fold: &Fold,
    cards: [&ModelCard; 2],
    scores: &StoredScores,
) -> FoldResult {
    let report = report(plan, dataset, cards, &pooled(dataset, scores.clips.clone(), &[]));
    let top1 = |stream: &str| report.streams().find(|(name, _)| *name == stream).map(|(_, figures)| figures.top1);
    FoldResult {
        name: fold.name.clone(),
        clips: scores.clips.len(),
        learned_from: dataset.clips.len() - fold.clips.len(),
        spatial: top1("spatial"),
        temporal: top1("temporal"),
        fused: top1("fused"),
        seconds: scores.seconds,
    }
}

/// Returns the remarks on how far the figures can be trusted of networks of the card `made`, which were made from the model of the
/// card `card`.
fn remarks(plan: &GroupsPlan, [card, made]: [&ModelCard; 2]) -> Vec<String> {
    let how = match &plan.learning {
        Learning::LastLayers { imagenet: None } => "linear probes on the frozen streams of the model".to_owned(),
        Learning::LastLayers { imagenet: Some((path, _)) } => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            format!("linear probes on the frozen temporal stream of the model and on {name}")
        }
        Learning::Plans(plans) => {
            let steps: Vec<_> =
                plans.iter().map(|plan| format!("{:?}, {}", plan.network, counted(plan.steps, "step"))).collect();
            format!("trainings from the model: {}", steps.join("; ").to_lowercase())
        }
    };
    let origin = match card.origin.trained_on.as_str() {
        "" => "does not name the data".to_owned(),
        data => format!("names {data}"),
    };
    let source = made.flow_source();
    let flow = (source != FlowSource::MotionNet)
        .then(|| format!("The temporal streams learned from {} and read it.", source.in_words()));
    let of_networks = [
        format!("Every clip was scored by networks trained on other recordings: {how}."),
        format!(
            "The model that all folds start from, {}, was pretrained; its model card {origin}. If that includes \
             these clips, the accuracies are too high; the card cannot be verified.",
            card.name
        ),
    ];
    of_networks.into_iter().chain(flow).chain(average_remark(made, plan.protocol.average)).collect()
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
