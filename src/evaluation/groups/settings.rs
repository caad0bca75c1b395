//! Settings shared by all folds of an evaluation by groups, and the report of all folds.

use std::path::PathBuf;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::{GroupsPlan, Learning, ScoredFold};
use crate::content_hash::ContentHash;
use crate::error::{Error, Result};
use crate::evaluation::{
    ActionsOutcome, ActionsReport, ClipScores, EvaluationPlan, FoldResult, Protocol, Spread, ViewAverage,
    average_remark, fusion_of_views,
};
use crate::nets::fusion::Fusion;
use crate::nets::{Backbone, FlowSource, HiddenTwoStream, ModelCard};
use crate::plural::counted;
use crate::training::TrainingPlan;

/// The settings shared by all folds; together with the scores they determine the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupsSettings {
    data: String,
    /// The card of the model that all folds start from; it changes when the networks in the folder are trained further.
    pub(super) model: ModelCard,
    pub(super) imagenet: Option<(PathBuf, Backbone)>,
    /// Hashes of the further files that the networks are loaded from.
    pub(super) weights: Vec<String>,
    pub(super) training: Vec<TrainingPlan>,
    views: String,
    spread: Spread,
    average: Option<ViewAverage>,
    fusion: Fusion,
    seed: u64,
    classes: Vec<String>,
}

impl GroupsSettings {
    /// Returns the settings of `plan`, whose model has this `card`, on clips of `classes`.
    ///
    /// # Errors
    /// If a file of the networks cannot be read.
    pub(super) fn of(plan: &GroupsPlan, card: &ModelCard, classes: &[String]) -> Result<Self> {
        let (imagenet, training) = match &plan.learning {
            Learning::LastLayers { imagenet } => (imagenet.clone(), Vec::new()),
            Learning::Plans(plans) => (None, plans.clone()),
        };
        Ok(Self {
            data: plan.data.clone(),
            model: card.clone(),
            weights: weights(imagenet.as_ref(), &training)?,
            imagenet,
            training,
            views: plan.protocol.to_string(),
            spread: plan.protocol.spread,
            average: plan.protocol.average,
            fusion: plan.fusion.unwrap_or(card.fusion),
            seed: plan.seed,
            classes: classes.to_vec(),
        })
    }

    /// Returns the report of all `folds`, which are in order, and the scores of their clips in dataset order.
    ///
    /// # Errors
    /// If no clip could be read, or a fold has scores of other classes.
    pub fn outcome(&self, folds: Vec<ScoredFold>) -> Result<ActionsOutcome> {
        if !folds.iter().all(|fold| fold.fits(self.classes.len())) {
            let cause = "a clip has scores or a class that do not fit the classes of the data";
            return Err(Error::new("evaluation", cause, "Delete the parts and run all shards again"));
        }
        let Some(made) = folds.last().map(|fold| fold.made.clone()) else { return Err(nothing_read()) };
        let results = folds.iter().map(|fold| self.fold_result(fold)).collect::<Result<_>>()?;
        let (mut clips, mut failures) = (Vec::new(), Vec::new());
        for fold in folds {
            clips.extend(fold.clips);
            failures.extend(fold.failures);
        }
        if clips.is_empty() {
            return Err(nothing_read());
        }
        clips.sort_by_key(|(index, _)| *index);
        let mut scores = ClipScores::new(self.classes.len());
        clips.into_iter().for_each(|(_, clip)| scores.push(clip));
        failures.iter().for_each(|failure| scores.fail(failure));
        let mut report = self.report(&made, &scores)?;
        report.folds = results;
        // These remarks precede those on the data.
        report.remarks.splice(0..0, self.remarks(&made));
        Ok(ActionsOutcome { report, scores })
    }

    /// Returns the figures of one fold.
    ///
    /// # Errors
    /// If the views are invalid.
    pub(super) fn fold_result(&self, fold: &ScoredFold) -> Result<FoldResult> {
        let mut scores = ClipScores::new(self.classes.len());
        fold.clips.iter().for_each(|(_, clip)| scores.push(clip.clone()));
        let report = self.report(&fold.made, &scores)?;
        let top1 = |stream: &str| report.streams().find(|(name, _)| *name == stream).map(|(_, figures)| figures.top1);
        Ok(FoldResult {
            name: fold.name.clone(),
            clips: fold.clips.len(),
            learned_from: fold.learned_from,
            spatial: top1("spatial"),
            temporal: top1("temporal"),
            fused: top1("fused"),
            seconds: fold.seconds,
        })
    }

    /// Returns the report of `scores` by networks of the card `made`.
    fn report(&self, made: &ModelCard, scores: &ClipScores) -> Result<ActionsReport> {
        let views = self.views.parse().map_err(|cause: String| Error::new("views", cause, "Use for example 25x10"))?;
        let plan = EvaluationPlan {
            data: self.data.clone(),
            protocol: Protocol { spread: self.spread, average: self.average, ..views },
            fusion: fusion_of_views(made, self.average, self.fusion),
            flow_source: made.flow_source(),
        };
        Ok(scores.report(&self.model.name, &self.classes, &plan))
    }

    /// Returns the remarks on the reliability of the figures of networks of the card `made`.
    fn remarks(&self, made: &ModelCard) -> Vec<String> {
        let how = match (&self.imagenet, &self.training[..]) {
            (None, []) => "linear probes on the frozen streams of the model".to_owned(),
            (Some((path, _)), []) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                format!("linear probes on the frozen temporal stream of the model and on {name}")
            }
            (_, plans) => {
                let steps: Vec<_> =
                    plans.iter().map(|plan| format!("{:?}, {}", plan.network, counted(plan.steps, "step"))).collect();
                format!("trainings from the model: {}", steps.join("; ").to_lowercase())
            }
        };
        let origin = match self.model.origin.trained_on.as_str() {
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
                self.model.name
            ),
        ];
        of_networks.into_iter().chain(flow).chain(average_remark(made, self.average)).collect()
    }
}

fn nothing_read() -> Error {
    Error::new("evaluation", "no clip could be read", "See the errors above")
}

/// Returns the hashes of the ImageNet weights, or of the models and weights that the trainings name.
fn weights(imagenet: Option<&(PathBuf, Backbone)>, training: &[TrainingPlan]) -> Result<Vec<String>> {
    let of_file = |path: &PathBuf| {
        let mut hash = ContentHash::new();
        hash.update_with_file(path).map_err(|error| Error::io(path, &error))?;
        Ok(hash.to_hex())
    };
    let of_model = |dir: &PathBuf| Ok(HiddenTwoStream::load(dir, &Device::flex())?.card.hash.unwrap_or_default());
    let files =
        imagenet.map(|(path, _)| path).into_iter().chain(training.iter().filter_map(|plan| plan.imagenet.as_ref()));
    let models = training.iter().filter_map(|plan| plan.base.as_ref());
    files.map(of_file).chain(models.map(of_model)).collect()
}
