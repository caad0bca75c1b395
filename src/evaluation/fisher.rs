//! Action recognition on a list of clips by a model of motion vectors and Fisher vectors (MV + FV).

use super::{ActionsOutcome, ClipScores, Crops, EvaluationPlan, Protocol, ScoredClip, Spread};
use crate::data::{Dataset, LabelledClip};
use crate::descriptors::{FisherModel, for_each_clip};
use crate::error::{Error, Result};
use crate::nets::fusion::Fusion;
use crate::training::FlowSource;
use crate::training::validation::PhotometricError;

/// The remark in the report about the scores.
const REMARK: &str = "Scores are distances to the classes' hyperplanes, in the place of the temporal stream; \
    confidences are their softmax and not calibrated.";

/// Scores all clips of `dataset`, named `data` in the report, by `model`, named `name`; its classes must be those of
/// the model. The scores are stored as those of the temporal stream. `progress` gets the number of finished clips and
/// of all clips, and why the last one was skipped, if so.
///
/// # Errors
/// If no clip could be scored, or `stop` ended it.
pub fn evaluate_fisher(
    model: &FisherModel,
    name: &str,
    dataset: &Dataset,
    data: String,
    stop: &(dyn Fn() -> bool + Sync),
    progress: &mut (dyn FnMut(usize, usize, Option<&Error>) + Send),
) -> Result<ActionsOutcome> {
    let clips: Vec<&LabelledClip> = dataset.clips.iter().collect();
    let results = for_each_clip(&clips, stop, |clip| model.scores(clip, stop), progress)?;
    // The whole clip as a single sample.
    let protocol = Protocol { samples: 1, crops: Crops::Whole, spread: Spread::default(), average: None };
    let described = SvmScores { name, data, protocol, flow_source: FlowSource::Codec, remark: REMARK };
    svm_outcome(described, dataset, results.into_iter().map(|result| result.map(|row| [None, Some(row)])))
}

/// Description of the scores of an SVM in a report.
pub(super) struct SvmScores<'a> {
    pub name: &'a str,
    /// Name of the data.
    pub data: String,
    pub protocol: Protocol,
    pub flow_source: FlowSource,
    pub remark: &'a str,
}

/// Returns the outcome of scores: for each clip of `dataset` those of at most one of the streams, or why it has none.
///
/// # Errors
/// If no clip could be scored.
pub(super) fn svm_outcome(
    described: SvmScores<'_>,
    dataset: &Dataset,
    results: impl Iterator<Item = Result<[Option<Vec<f32>>; 2]>>,
) -> Result<ActionsOutcome> {
    let mut scores = ClipScores::new(dataset.classes.len());
    for (clip, result) in dataset.clips.iter().zip(results) {
        match result {
            Ok([spatial, temporal]) => scores.push(ScoredClip {
                clip: clip.clone(),
                spatial,
                temporal,
                photometric: PhotometricError::default(),
            }),
            Err(error) => scores.fail(&error.to_string()),
        }
    }
    if scores.is_empty() {
        return Err(Error::new("evaluation", "no clip could be scored", "See the errors above"));
    }
    let SvmScores { name, data, protocol, flow_source, remark } = described;
    let plan = EvaluationPlan { data, protocol, fusion: Fusion::default(), flow_source };
    let mut report = scores.report(name, &dataset.classes, &plan);
    report.remarks.push(remark.into());
    Ok(ActionsOutcome { report, scores })
}
