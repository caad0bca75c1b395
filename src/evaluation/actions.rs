//! Action recognition on a list of clips: the walk from a model and a data set to a report.

use std::cell::Cell;
use std::ops::ControlFlow;

use super::{ActionsReport, ClipScorer, ClipScores, Protocol, ScoredClip};
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
    /// What the streams said of each clip of the report.
    pub scores: ClipScores,
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
    let mut scores = ClipScores::new(dataset.classes.len());
    let stopped = Cell::new(progress(0, dataset.clips.len()).is_break());
    score_clips(model, dataset, plan.protocol, plan.flow_source, &|| stopped.get(), &mut |outcome| {
        match outcome {
            Ok(clip) => scores.push(clip),
            Err(error) => {
                on_unreadable(&error);
                scores.fail(&error.to_string());
            }
        }
        stopped.set(progress(scores.seen(), dataset.clips.len()).is_break());
    })?;
    if scores.seen() < dataset.clips.len() {
        let remedy = "Start it again: an evaluation begins anew";
        return Err(Error::new("evaluation", format!("stopped after {} clips", scores.seen()), remedy));
    }
    if scores.is_empty() {
        return Err(Error::new("evaluation", "no clip could be read", "See the errors above"));
    }
    let report = scores.report(&model.card.name, &dataset.classes, plan);
    Ok(ActionsOutcome { report, scores })
}

/// Scores the clips of `dataset` in their order and hands what was said of each, or why it cannot be read, to `tell`, until
/// all are done or `stop` says so. What was not scored in full then is not told.
///
/// # Errors
/// A model whose classes are not those of the data.
pub fn score_clips(
    model: &HiddenTwoStream,
    dataset: &Dataset,
    protocol: Protocol,
    flow_source: FlowSource,
    stop: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(Result<ScoredClip>),
) -> Result<()> {
    check_classes(model, dataset)?;
    let scorer = ClipScorer::new(model, protocol).until(stop);
    for clip in &dataset.clips {
        let outcome = score(&scorer, model, flow_source, clip);
        if outcome.is_err() && stop() {
            break;
        }
        tell(outcome);
        if stop() {
            break;
        }
    }
    Ok(())
}

fn score(
    scorer: &ClipScorer<'_>,
    model: &HiddenTwoStream,
    flow_source: FlowSource,
    clip: &LabelledClip,
) -> Result<ScoredClip> {
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
    let mut photometric = PhotometricError::default();
    photometric.add_clip(&model.motion, &frames);
    Ok(ScoredClip { clip: clip.clone(), spatial, temporal, photometric })
}

/// Refuses to measure a model on classes that are not its own.
///
/// # Errors
/// If the model has a stream and its classes are not those of the data.
pub fn check_classes(model: &HiddenTwoStream, dataset: &Dataset) -> Result<()> {
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
