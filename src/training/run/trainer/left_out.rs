//! Reports of clips that a run does not learn from.

use super::TrainingRunState;
use crate::error::{Error, Result};
use crate::plural::counted;
use crate::training::loader::Batch;
use crate::training::run::events::TrainingEvent;

impl TrainingRunState<'_> {
    /// Reports the replaced clips in `batch`: each unreadable one, the first that is too short, and the first whose
    /// last frame was repeated.
    pub(super) fn report_left_out(&mut self, batch: &Batch) -> Result<()> {
        for warning in &batch.warnings {
            if self.reported.insert(warning.subject.clone()) {
                (self.on_event)(TrainingEvent::Warning(warning.clone()));
            }
        }
        if self.short.is_empty()
            && let Some(&clip) = batch.short.first()
        {
            let frames = counted(self.clips.count(clip)?, "frame");
            let cause = format!("it has {frames}, fewer than MotionNet's window; such clips are left out");
            let remedy = "Choose longer clips, or a MotionNet of fewer frames (--frames 2)";
            (self.on_event)(TrainingEvent::Warning(Error::file(&self.clips.clip(clip).path, cause, remedy)));
        }
        self.short.extend(&batch.short);
        if let Some(&clip) = batch.filled.first().filter(|_| !self.reported_filled) {
            self.reported_filled = true;
            let frames = counted(self.clips.count(clip)?, "frame");
            let window = self.objective.window(&self.start.motion);
            let cause = format!("it has {frames}, a window {window}: the last frame of such clips is repeated");
            let remedy = "Choose longer clips, or accept it";
            (self.on_event)(TrainingEvent::Warning(Error::file(&self.clips.clip(clip).path, cause, remedy)));
        }
        Ok(())
    }

    /// Reports the number of clips that were too short, if there are more than the one already reported.
    pub(super) fn report_short(&mut self) {
        let (short, all) = (self.short.len(), self.clips.len());
        if short > 1 {
            let cause = format!("{short} of {all} clips have fewer frames than MotionNet's window and were left out");
            let remedy = "Choose longer clips, or a MotionNet of fewer frames (--frames 2)";
            (self.on_event)(TrainingEvent::Warning(Error::file(self.plan.data.path(), cause, remedy)));
        }
    }
}
