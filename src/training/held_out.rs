//! The logits of the held-out clips of a finished run, with their labels: of its own stream, and of the other stream of
//! its recogniser if that was trained on the same clips.

use std::path::Path;

use super::config::plan::{Network, TrainingPlan};
use super::probe::out_of_fold::OutOfFold;
use super::run::run_clips;
use super::thresholds::thresholds;
use crate::data::LabelledClip;
use crate::files;
use crate::nets::fusion::{Fusion, unsure_threshold};
use crate::nets::{HiddenTwoStream, ModelCard};
use crate::ranking::arg_max;

/// Chooses the threshold below which predictions of `model` are unsure, and the per-class thresholds of a multi-label
/// model, from the logits that its run in `run_dir` saved for held-out clips.
pub(in crate::training) fn choose_threshold(model: &mut HiddenTwoStream, run_dir: &Path) {
    let fusion = Fusion { unsure_below: None, ..model.card.fusion };
    let streams = [model.spatial.is_some(), model.classifies_motion()];
    let held = HeldOut::of_run(run_dir, || fusion);
    if fusion.is_multi_label() {
        model.card.thresholds = held.and_then(|held| held.thresholds(streams)).unwrap_or_default();
        return;
    }
    model.card.fusion.unsure_below = held.and_then(|held| held.unsure_below(streams));
}

/// Held-out clips with the logits of each stream.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The clips.
    pub clips: Vec<LabelledClip>,
    /// Logits of the spatial stream by clip, if known for all clips.
    pub spatial: Option<Vec<Vec<f32>>>,
    /// Logits of the temporal stream by clip, if known for all clips.
    pub temporal: Option<Vec<Vec<f32>>>,
    /// Fusion of the two streams.
    pub fusion: Fusion,
    /// `true` if clips were left out in turn (cross-validation), instead of being held out all at once.
    pub is_cross_validated: bool,
}

impl HeldOut {
    /// Reads the held-out logits of the run in `run_dir`; `None` if there are none or they cannot be read.
    pub fn read(run_dir: &Path) -> Option<Self> {
        let card = || ModelCard::read(&run_dir.join("model")).map(|card| card.fusion).unwrap_or_default();
        Self::of_run(run_dir, card)
    }

    /// Like [`read`](Self::read), for a model with the given `fusion`.
    pub(in crate::training) fn of_run(run_dir: &Path, fusion: impl FnOnce() -> Fusion) -> Option<Self> {
        let plan: TrainingPlan = toml::from_str(&files::read_to_string(run_dir.join("config.toml")).ok()?).ok()?;
        let own = OutOfFold::read(run_dir)?;
        let listed = run_clips::listed(run_dir)?;
        let classes = listed.classes;
        let answered = |clips: Vec<LabelledClip>| -> Vec<LabelledClip> {
            clips.into_iter().filter(|clip| own.logits(clip, classes.len()).is_some()).collect()
        };
        let measured = answered(listed.measured);
        let is_cross_validated = measured.is_empty();
        let clips = if is_cross_validated { answered(listed.training) } else { measured };
        if clips.is_empty() {
            return None;
        }
        let of_all = |logits: &OutOfFold| -> Option<Vec<Vec<f32>>> {
            clips.iter().map(|clip| Some(logits.logits(clip, classes.len())?.to_vec())).collect()
        };
        let other = plan.join.as_deref().and_then(Path::parent).and_then(OutOfFold::read);
        let (own, other) = (of_all(&own), other.as_ref().and_then(of_all));
        let (spatial, temporal) = match plan.network {
            Network::Spatial => (own, other),
            Network::Temporal | Network::Joint => (other, own),
            Network::Flow => return None,
        };
        Some(Self { classes, clips, spatial, temporal, fusion: fusion(), is_cross_validated })
    }

    /// Returns the threshold below which predictions of the run's model are unsure. `streams` states which streams the
    /// model has, the spatial one first. Returns `None` for too few clips, or if one of the streams has no logits for
    /// them.
    pub(in crate::training) fn unsure_below(&self, streams: [bool; 2]) -> Option<f64> {
        let answer = |(shares, clip): (Vec<f32>, &LabelledClip)| {
            let class = arg_max(&shares)?;
            Some((shares[class], clip.shows(class)))
        };
        let answers: Vec<_> = self.shares(streams)?.into_iter().zip(&self.clips).filter_map(answer).collect();
        unsure_threshold(&answers)
    }

    /// Returns the probability from which each class of the run's multi-label model is shown, with the highest F1 on
    /// these clips; `None` if one of the streams has no logits for them.
    pub(in crate::training) fn thresholds(&self, streams: [bool; 2]) -> Option<Vec<f64>> {
        let shares = self.shares(streams)?;
        let rows: Vec<&[f32]> = shares.iter().map(Vec::as_slice).collect();
        Some(thresholds(&rows, |clip, class| self.clips[clip].shows(class)))
    }

    /// Returns the fused probabilities of each clip; `None` unless logits are known for exactly the `streams` of the
    /// model, the spatial one first.
    fn shares(&self, streams: [bool; 2]) -> Option<Vec<Vec<f32>>> {
        if streams != [&self.spatial, &self.temporal].map(Option::is_some) {
            return None;
        }
        let of =
            |stream: &Option<Vec<Vec<f32>>>, clip: usize| stream.as_ref().map_or(Vec::new(), |rows| rows[clip].clone());
        let shares = |clip| self.fusion.shares(&self.fusion.fuse(&of(&self.spatial, clip), &of(&self.temporal, clip)));
        Some((0..self.clips.len()).map(shares).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::nets::fusion::FusionRule;

    #[test]
    fn both_streams_answers_are_found_beside_the_labels() {
        let dir = tempfile::tempdir().unwrap();
        let clip = |name: &str, label| LabelledClip {
            path: name.into(),
            label,
            segment_secs: None,
            group: None,
            also: Vec::new(),
        };
        let clips = [clip("a", 0), clip("b", 1), clip("c", 1)];
        let write = |name: &str, plan: TrainingPlan, answers: &[(usize, [f32; 2])]| {
            let run_dir = dir.path().join(name);
            fs::create_dir_all(&run_dir).unwrap();
            fs::write(run_dir.join("config.toml"), toml::to_string(&plan).unwrap()).unwrap();
            run_clips::keep_for_test(&run_dir, &["bow", "clap"], &clips[..1], &clips[1..]);
            OutOfFold::new(answers.iter().map(|(place, logits)| (&clips[*place], logits.to_vec())))
                .write(&run_dir)
                .unwrap();
            run_dir
        };
        assert_eq!(HeldOut::read(dir.path()), None);
        let spatial = write("s", TrainingPlan::of(Network::Spatial), &[(1, [1.0, 0.0]), (2, [0.0, 2.0])]);
        let join = Some(spatial.join("model"));
        let plan = TrainingPlan { join, ..TrainingPlan::of(Network::Temporal) };
        let both = write("t", plan, &[(2, [0.0, 4.0]), (1, [0.0, 3.0])]);
        let read = HeldOut::read(&both).unwrap();
        assert_eq!(read.clips, clips[1..]);
        assert_eq!(read.spatial, Some(vec![vec![1.0, 0.0], vec![0.0, 2.0]]));
        assert_eq!(read.temporal, Some(vec![vec![0.0, 3.0], vec![0.0, 4.0]]));
        assert!(!read.is_cross_validated);
        let alone = HeldOut::read(&spatial).unwrap();
        assert!(alone.spatial.is_some() && alone.temporal.is_none());
        assert_eq!(read.unsure_below([true; 2]), None, "two answers say nothing");
        let many = |of: &[Vec<f32>]| Some((0..20).map(|clip| of[clip % of.len()].clone()).collect::<Vec<_>>());
        let (spatial, temporal) = (many(&[vec![0.0, 3.0]]), many(&[vec![0.0, 3.0], vec![0.0, 0.1]]));
        let twenty = (0..20).map(|place| clip("d", 1 - place % 2)).collect();
        // The temporal stream is right where it is confident and wrong where it is not; the spatial stream is the same
        // for all clips.
        let fusion = Fusion { rule: FusionRule::Logits, ..Fusion::default() };
        let held = HeldOut { clips: twenty, spatial: None, temporal, fusion, ..read };
        assert_eq!(held.unsure_below([false, true]), Some(0.55));
        assert_eq!(held.unsure_below([true; 2]), None, "the spatial stream did not see them");
        let held = HeldOut { spatial, ..held };
        assert_eq!(held.unsure_below([true; 2]), Some(0.8));
        let folds = write("f", TrainingPlan::of(Network::Temporal), &[(0, [1.0, 0.0])]);
        let folds = HeldOut::read(&folds).unwrap();
        assert!(folds.is_cross_validated && folds.clips == clips[..1]);
    }
}
