//! Benchmark of data loading: decoding and augmentation without training.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::config::plan::{Network, TrainingPlan};
use super::flow::teacher::TeacherFlow;
use super::loader::{Loader, Pixels};
use super::next_frames::NextFrames;
use super::sampling::sampler;
use crate::data::Dataset;
use crate::data::clips::Clips;
use crate::error::Result;
use crate::nets::StreamInput;

/// Returns the time that `threads` loader threads take for the first `batches` batches of `plan`, including the
/// decoding of every clip.
///
/// # Errors
/// If the plan or its clips cannot be trained on.
pub fn loading_time(plan: &TrainingPlan, threads: usize, batches: usize) -> Result<Duration> {
    plan.check()?;
    let clips = Arc::new(Clips::new(Dataset::open(&plan.data)?.clips, plan.frame));
    let modality = plan.modality(None);
    let reads = StreamInput::of(modality, plan.backbone, plan.clip_frames).frames();
    let (pixels, window) = match plan.network {
        Network::Flow if plan.supervised.is_some() => {
            let next_frames = NextFrames::of(plan)?;
            let supervised = |pairs| Pixels::Supervised(pairs, next_frames);
            (plan.true_pairs()?.map_or(Pixels::Motion(None), supervised), plan.motion.frames)
        }
        Network::Flow => (Pixels::Motion(plan.loss.teacher.map(TeacherFlow::new).map(Arc::new)), plan.motion.frames),
        Network::Joint => (Pixels::Motion(plan.loss.teacher.map(TeacherFlow::new).map(Arc::new)), plan.joint.frames()),
        Network::Temporal if modality.is_of_frames() => (Pixels::Spatial, reads),
        Network::Temporal => (Pixels::Motion(None), reads),
        Network::Spatial => (Pixels::Spatial, reads),
    };
    let started = Instant::now();
    let mut loader = Loader::start(clips.clone(), sampler(plan, &clips, window), pixels, 0, threads)?;
    for _ in 0..batches {
        loader.next()?;
    }
    Ok(started.elapsed())
}
