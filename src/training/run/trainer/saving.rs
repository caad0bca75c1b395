//! What a run keeps of itself on the way: checkpoints, and snapshots of the networks.

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

/// A save by time costs at most this share of the time: the next waits as many times longer as the last one took.
const SAVING_SHARE: f64 = 0.04;

impl TrainingRunState<'_> {
    /// Returns whether so much time has passed since the last save that the next is due, though its step is none of the plan's.
    pub(super) fn is_due_by_time(&self) -> bool {
        let (at, took) = self.saved;
        let wait = |every: Duration| every.max(took.div_f64(SAVING_SHARE));
        !self.is_complete() && self.control.saves_every().is_some_and(|every| at.elapsed() >= wait(every))
    }

    /// Saves between two checkpoints of the plan. Nothing is measured, so that the steps that follow are the same.
    pub(super) fn save_by_time(&mut self) -> Result<()> {
        let began = Instant::now();
        self.save_with_snapshot()?;
        self.saved = (Instant::now(), began.elapsed());
        self.progress.seconds += began.elapsed().as_secs_f64();
        Ok(())
    }

    /// Saves where the run stands; at every checkpoint of the plan, and at the beginning and the end, as a snapshot too.
    pub(super) fn save(&mut self) -> Result<()> {
        let written = self.write_checkpoint()?;
        self.keep_snapshot(&written);
        Ok(())
    }

    /// Saves where the run stands at its end: what of it was just saved is not written again.
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

    /// Saves where the run stands, with a snapshot at whatever step.
    pub(super) fn save_with_snapshot(&mut self) -> Result<()> {
        let written = self.write_checkpoint()?;
        self.write_snapshot(&written);
        Ok(())
    }

    /// Writes where the run stands, without a snapshot.
    pub(super) fn write_checkpoint(&mut self) -> Result<PathBuf> {
        (self.on_event)(TrainingEvent::Ending(EndingWork::SaveCheckpoint));
        self.history.flush()?;
        let objective = &self.objective;
        let written = checkpoint::write(&self.plan.run_dir, &self.progress, |dir| objective.save(dir))?;
        self.written[0] = Some(self.progress.step);
        (self.on_event)(TrainingEvent::Checkpoint(written.clone()));
        Ok(written)
    }

    /// Keeps the networks as `checkpoint` has them, if its step is one to be kept. Which steps are does not hang on when a run
    /// was interrupted. A run can do without a snapshot for which there is no room.
    pub(super) fn keep_snapshot(&mut self, checkpoint: &Path) {
        match self.is_checkpoint() || self.is_complete() {
            true => self.write_snapshot(checkpoint),
            false => (self.on_event)(TrainingEvent::Snapshots(snapshots::list(&self.plan.run_dir))),
        }
    }

    /// Writes the networks as they stand as a model folder, with the threshold of its answers where they were just measured.
    pub(super) fn export(&self, dir: &Path) -> Result<()> {
        let Progress { step, seconds, measured, .. } = self.progress;
        let mut model = self.start.finish(&self.objective, self.plan, step, seconds)?;
        if measured == step {
            held_out::choose_threshold(&mut model, &self.plan.run_dir);
        }
        model.save(dir)
    }

    /// Keeps the networks as `checkpoint` has them. Those of steps beside the plan's are counted by themselves: which of the
    /// plan's steps are kept does not hang on the speed of the run either.
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
