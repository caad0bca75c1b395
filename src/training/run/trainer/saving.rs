//! Saving of a run in progress: checkpoints, and snapshots of the networks.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::TrainingRunState;
use crate::error::Result;
use crate::training::held_out;
use crate::training::run::checkpoint;
use crate::training::run::checkpoint::Progress;
use crate::training::run::events::{EndingWork, TrainingEvent};
use crate::training::run::snapshots;
use crate::training::run::snapshots::Thinning;

/// Maximum share of time for timed saves: the interval is extended in proportion to the duration of the last save.
const SAVING_SHARE: f64 = 0.04;

impl TrainingRunState<'_> {
    /// Returns `true` if a timed save is due, between the plan's checkpoints.
    pub(super) fn is_due_by_time(&self) -> bool {
        let (at, took) = self.saved;
        let wait = |every: Duration| every.max(took.div_f64(SAVING_SHARE));
        !self.is_complete() && self.control.saves_every().is_some_and(|every| at.elapsed() >= wait(every))
    }

    /// Saves between two checkpoints of the plan, without validation, which does not affect the following steps.
    pub(super) fn save_by_time(&mut self) -> Result<()> {
        let began = Instant::now();
        self.save_with_snapshot()?;
        self.saved = (Instant::now(), began.elapsed());
        self.progress.seconds += began.elapsed().as_secs_f64();
        Ok(())
    }

    /// Saves the state of the run; at planned checkpoints and at the end, as a snapshot too.
    pub(super) fn save(&mut self) -> Result<()> {
        let written = self.write_checkpoint()?;
        self.keep_snapshot(&written);
        Ok(())
    }

    /// Saves the final state of the run, without rewriting what was just saved.
    pub(super) fn save_the_rest(&mut self) -> Result<()> {
        let [checkpoint, snapshot] = self.written.map(|written| written == Some(self.progress.step));
        let found = checkpoint::find(&self.plan.run_dir).filter(|_| checkpoint);
        let checkpoint = match found {
            Some(found) => {
                self.history.flush()?;
                checkpoint::amend(&found, &self.progress)?;
                found
            }
            None => self.write_checkpoint()?,
        };
        if !snapshot {
            self.keep_snapshot(&checkpoint);
        }
        Ok(())
    }

    /// Saves the state of the run, with a snapshot at any step.
    pub(super) fn save_with_snapshot(&mut self) -> Result<()> {
        let written = self.write_checkpoint()?;
        self.write_snapshot(&written);
        Ok(())
    }

    /// Writes the state of the run, without a snapshot.
    pub(super) fn write_checkpoint(&mut self) -> Result<PathBuf> {
        (self.on_event)(TrainingEvent::Ending(EndingWork::SaveCheckpoint));
        self.history.flush()?;
        let objective = &self.objective;
        let written = checkpoint::write(&self.plan.run_dir, &self.progress, |dir| objective.save(dir))?;
        self.written[0] = Some(self.progress.step);
        (self.on_event)(TrainingEvent::Checkpoint(written.clone()));
        Ok(written)
    }

    /// Saves `checkpoint` as a snapshot if its step is one to be kept, which does not depend on when a run was
    /// interrupted. A lack of disk space only causes a warning.
    pub(super) fn keep_snapshot(&mut self, checkpoint: &Path) {
        match self.is_checkpoint() || self.is_complete() {
            true => self.write_snapshot(checkpoint),
            false => (self.on_event)(TrainingEvent::Snapshots(snapshots::list(&self.plan.run_dir))),
        }
    }

    /// Writes the current networks as a model folder, with thresholds if the networks were just validated.
    pub(super) fn export(&self, dir: &Path) -> Result<()> {
        let Progress { step, seconds, measured, .. } = self.progress;
        let mut model = self.start.finish(&self.objective, self.plan, step, seconds)?;
        if measured == step {
            held_out::choose_threshold(&mut model, &self.plan.run_dir);
        }
        model.save(dir)
    }

    /// Saves `checkpoint` as a snapshot. Unplanned steps are counted separately, so the planned steps that are kept do
    /// not depend on the speed of the run either.
    fn write_snapshot(&mut self, checkpoint: &Path) {
        (self.on_event)(TrainingEvent::Ending(EndingWork::SaveModel));
        let Progress { step, best, .. } = self.progress;
        let cherished: Vec<usize> = best.map(|best| best.step).into_iter().collect();
        let is_last = self.is_complete();
        let is_planned = |of: usize| self.is_planned(of) || (is_last && of == step);
        let most_bytes = self.plan.snapshots_mb as u64 * 1_000_000;
        let thinning =
            Thinning { keep: self.plan.snapshots, cherished: &cherished, is_planned: &is_planned, most_bytes };
        let written = snapshots::write(&self.plan.run_dir, step, checkpoint, thinning, |dir| self.export(dir));
        match written {
            Ok(()) => self.written[1] = Some(step),
            Err(error) => (self.on_event)(TrainingEvent::Warning(error)),
        }
        (self.on_event)(TrainingEvent::Snapshots(snapshots::list(&self.plan.run_dir)));
    }
}
