//! A fold with its scores.

use serde::{Deserialize, Serialize};

use super::Fold;
use super::stored_scores::StoredScores;
use crate::data::Dataset;
use crate::evaluation::ScoredClip;
use crate::evaluation::clip_scores::name_of;
use crate::nets::ModelCard;

/// The scores of the clips of a fold by networks trained on the others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScoredFold {
    /// Name of the fold.
    pub(super) name: String,
    /// Number of training clips.
    pub(super) learned_from: usize,
    /// The readable clips, each with its index in the data set.
    pub(super) clips: Vec<(usize, ScoredClip)>,
    /// Errors of the other clips.
    pub(super) failures: Vec<String>,
    /// Time of training and scoring, seconds.
    pub(super) seconds: f64,
    /// The card of its networks.
    pub(super) made: ModelCard,
}

impl ScoredFold {
    /// Returns the `fold` of `dataset` with these scores, by networks of the card `made`.
    pub(super) fn new(fold: &Fold, dataset: &Dataset, scores: StoredScores, made: ModelCard) -> Self {
        Self {
            name: fold.name.clone(),
            learned_from: dataset.clips.len() - fold.clips.len(),
            clips: scores.clips.into_iter().map(|clip| (clip.index, clip.in_dataset(dataset))).collect(),
            failures: scores.failures,
            seconds: scores.seconds,
            made,
        }
    }

    /// Returns the same with clips named as in reports: full paths differ between machines, and need not be Unicode.
    #[must_use]
    pub fn with_names(mut self) -> Self {
        self.clips.iter_mut().for_each(|(_, scored)| scored.clip.path = name_of(&scored.clip.path).into());
        self
    }

    /// Returns why clips have no scores.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// Returns whether each clip has one of `classes` classes and a score for each of them.
    pub(super) fn fits(&self, classes: usize) -> bool {
        self.clips.iter().all(|(_, scored)| {
            let mut rows = [&scored.spatial, &scored.temporal].into_iter().flatten();
            scored.clip.label < classes && rows.all(|row| row.len() == classes)
        })
    }
}
