//! The logits of the clips that a finished run did not learn from, with their labels: of its own stream, and of the other stream
//! of its recogniser where that was trained on the same clips.

use std::path::{Path, PathBuf};

use super::config::plan::{Network, TrainingPlan};
use super::probe::out_of_fold::OutOfFold;
use super::run::run_clips;
use crate::data::LabelledClip;
use crate::files;
use crate::nets::ModelCard;
use crate::nets::fusion::Fusion;

/// Held-out clips with the logits of each stream.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The clips.
    pub clips: Vec<LabelledClip>,
    /// Logits of the spatial stream by clip, where they are known for all.
    pub spatial: Option<Vec<Vec<f32>>>,
    /// The same of the temporal stream.
    pub temporal: Option<Vec<Vec<f32>>>,
    /// How the model fuses both.
    pub fusion: Fusion,
    /// Whether each clip was left out in turn, instead of all of them at once.
    pub is_cross_validated: bool,
}

impl HeldOut {
    /// Returns what the run in `run_dir` left of its held-out clips; `None` without any, or where it cannot be read.
    pub fn read(run_dir: &Path) -> Option<Self> {
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
            Network::Temporal => (other, own),
            Network::Flow => return None,
        };
        let model: PathBuf = run_dir.join("model");
        let fusion = ModelCard::read(&model).map(|card| card.fusion).unwrap_or_default();
        Some(Self { classes, clips, spatial, temporal, fusion, is_cross_validated })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn both_streams_answers_are_found_beside_the_labels() {
        let dir = tempfile::tempdir().unwrap();
        let clip = |name: &str, label| LabelledClip { path: name.into(), label, segment_secs: None, group: None };
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
        let folds = write("f", TrainingPlan::of(Network::Temporal), &[(0, [1.0, 0.0])]);
        let folds = HeldOut::read(&folds).unwrap();
        assert!(folds.is_cross_validated && folds.clips == clips[..1]);
    }
}
