//! Action recognition on a list of clips: the walk from a model and a data set to a report.

use super::{ActionsReport, ClipScorer, ClipScores, Protocol, ScoredClip};
use crate::error::{Error, Result};
use crate::nets::HiddenTwoStream;
use crate::nets::fusion::Fusion;
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
}

/// The report and the scores it was made from.
#[derive(Debug, Clone)]
pub struct ActionsOutcome {
    /// The figures.
    pub report: ActionsReport,
    /// What the streams said of each clip of the report.
    pub scores: ClipScores,
}

/// Scores all clips of `dataset`. `progress` is told how many of how many are done; a clip that cannot be read is handed to
/// `on_unreadable` and left out.
///
/// # Errors
/// A model whose classes are not those of the data, or no readable clip at all.
pub fn evaluate_actions(
    model: &HiddenTwoStream,
    dataset: &Dataset,
    plan: &EvaluationPlan,
    progress: &mut dyn FnMut(usize, usize),
    on_unreadable: &mut dyn FnMut(&Error),
) -> Result<ActionsOutcome> {
    let mut scores = ClipScores::new(dataset.classes.len());
    progress(0, dataset.clips.len());
    score_clips(model, dataset, plan.protocol, &|| false, &mut |outcome| {
        match outcome {
            Ok(clip) => scores.push(clip),
            Err(error) => {
                on_unreadable(&error);
                scores.fail(&error.to_string());
            }
        }
        progress(scores.seen(), dataset.clips.len());
    })?;
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
    stop: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(Result<ScoredClip>),
) -> Result<()> {
    check_classes(model, dataset)?;
    let scorer = ClipScorer::new(model, protocol).until(stop);
    for clip in &dataset.clips {
        let outcome = score(&scorer, model, clip);
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

fn score(scorer: &ClipScorer<'_>, model: &HiddenTwoStream, clip: &LabelledClip) -> Result<ScoredClip> {
    let about = |error: Error| Error::file(&clip.path, format!("{}: {}", error.subject, error.cause), error.remedy);
    let frames = clip.decode(scorer.motion_size(), None)?;
    let temporal = scorer.temporal(&frames).map_err(about)?;
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
