//! A sequence of runs, reported and controlled as one.

use std::path::PathBuf;

use burn::tensor::Device;

use super::checkpoint;
use super::events::{CutShort, TrainingControl, TrainingEvent};
use super::folder::prepare_folder;
use super::run_clips::{RunClips, changed_since};
use super::trainer::run;
use crate::error::{Error, Result};
use crate::nets::HiddenTwoStream;
use crate::training::config::plan::TrainingPlan;

/// Executes the runs `plans` in sequence. Blocks until done.
///
/// If there are several runs, an event announces each. Only the end of the last run is reported, or that of the run
/// that `control` stopped, after which no further run is started. Finished runs before the last are skipped. If a run
/// is stopped before it has networks, the result is the latest saved model of the previous runs. If all runs are
/// already finished, this is reported with a warning.
///
/// # Errors
/// The errors of [`run`]. The results of previous runs remain.
pub fn run_in_turn(
    plans: &[TrainingPlan],
    device: &Device,
    control: &TrainingControl,
    on_event: &mut dyn FnMut(TrainingEvent),
) -> Result<()> {
    if let Some(last) = plans.last().filter(|_| plans.iter().all(has_ended)) {
        plans.iter().try_for_each(|plan| prepare_folder(plan).map(drop))?; // checks that the settings are the same
        let remedy = "Use its model, or give another run folder to train again";
        on_event(TrainingEvent::Warning(Error::file(&last.run_dir, "this training has finished already", remedy)));
        let changed = plans.iter().find_map(changed_since);
        changed.into_iter().for_each(|change| on_event(TrainingEvent::Warning(change)));
        plans.iter().filter_map(cut_before).for_each(|cut| on_event(TrainingEvent::CutShort(cut)));
        on_event(TrainingEvent::Finished { model_dir: last.run_dir.join("model"), stopped_early: false });
        return Ok(());
    }
    if plans.len() > 1 {
        // Checked before anything is created: the clips exist.
        let mut seen = None;
        for plan in plans {
            let data = Some((&plan.data, &plan.validation, plan.hold_out));
            if std::mem::replace(&mut seen, data) != data {
                RunClips::of(plan)?;
            }
        }
        // All folders are created first, so that every run can be resumed after a crash, and invalid runs are rejected
        // before the others take their time.
        plans.iter().try_for_each(|plan| prepare_folder(plan).map(drop))?;
    }
    for (number, plan) in plans.iter().enumerate() {
        if number + 1 < plans.len() && has_ended(plan) {
            cut_before(plan).into_iter().for_each(|cut| on_event(TrainingEvent::CutShort(cut)));
            continue;
        }
        if number > 0 {
            control.drop_requests(); // they were meant for the previous network
        }
        if plans.len() > 1 {
            on_event(TrainingEvent::Part { number, of: plans.len(), network: plan.network });
        }
        let is_last = number + 1 == plans.len();
        let mut ended = false;
        let outcome = run(plan, device, control, &mut |event| {
            ended = matches!(event, TrainingEvent::Finished { stopped_early: true, .. });
            if is_last || ended || !matches!(event, TrainingEvent::Finished { .. }) {
                on_event(event);
            }
        });
        match outcome {
            Err(error) if error.is_cancelled() && control.is_stopped() => {
                on_event(TrainingEvent::Finished {
                    model_dir: newest_model(&plans[..=number], error)?,
                    stopped_early: true,
                });
                break;
            }
            Ok(()) if ended => break,
            outcome => outcome?,
        }
    }
    Ok(())
}

/// Returns the latest model folder written by `runs`, the last of which was stopped with `error`.
///
/// # Errors
/// `error`, if none of them has saved networks.
fn newest_model(runs: &[TrainingPlan], error: Error) -> Result<PathBuf> {
    let mut models = runs.iter().rev().map(|plan| plan.run_dir.join("model"));
    models.find(|model| HiddenTwoStream::is_whole(model)).ok_or(error)
}

/// Returns the steps that the time limit cut from a previously executed run of `plan`.
fn cut_before(plan: &TrainingPlan) -> Option<CutShort> {
    CutShort::of_steps(plan, &checkpoint::read(&checkpoint::find(&plan.run_dir)?).ok()?)
}

fn has_ended(plan: &TrainingPlan) -> bool {
    let progress = checkpoint::find(&plan.run_dir).and_then(|found| checkpoint::read(&found).ok());
    progress.is_some_and(|progress| progress.is_last_of(plan)) && HiddenTwoStream::is_whole(&plan.run_dir.join("model"))
}
