//! What the commands of predictions do.

use eframe::egui::Context;

use super::review::ReviewedBout;
use crate::app::App;
use crate::app::session::Session;
use crate::labels::{PredictedBout, bout_edits};

/// What a person says about predicted bouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They are right, and become segments.
    Accept,
    /// They are wrong, and are not shown any more.
    Reject,
}

impl App {
    /// Reads the predictions of the open clip, finds their bouts and sets them beside the labels.
    pub(in crate::app) fn follow_predictions(&mut self, ctx: &Context) {
        let session = &mut self.session;
        let clip = session.clip.as_ref().filter(|clip| session.labeling.is_selected(&clip.path));
        let frames = clip.map(|clip| clip.frames);
        session.predictions.follow_video(&session.labeling, frames, ctx);
        session.predictions.follow_settings(&session.labeling, &self.settings.predictions, ctx);
        session.predictions.review(&session.labeling);
    }

    /// Reviews the current bout and goes to the next one unless the clip plays.
    pub(super) fn review_bout(&mut self, verdict: Verdict) {
        let position = self.session.player.position;
        let predictions = &self.session.predictions;
        let Some(bout) = predictions.current(position).and_then(ReviewedBout::predicted) else { return };
        let next = predictions.next(position).cloned();
        if self.review_bouts(verdict, &[bout])
            && let Some(next) = next.filter(|_| !self.session.player.playing)
        {
            self.go_to_bout(&next);
        }
    }

    /// Reviews all open bouts of the chosen class, without one those of the class of the current bout.
    pub(super) fn review_class(&mut self, verdict: Verdict) {
        let bouts: Vec<PredictedBout> = self.session.bouts_of_class().filter_map(ReviewedBout::predicted).collect();
        self.review_bouts(verdict, &bouts);
    }

    /// Reviews all open bouts of the clip.
    pub(super) fn review_video(&mut self, verdict: Verdict) {
        let bouts: Vec<PredictedBout> = self.session.predictions.open().filter_map(ReviewedBout::predicted).collect();
        self.review_bouts(verdict, &bouts);
    }

    fn review_bouts(&mut self, verdict: Verdict, bouts: &[PredictedBout]) -> bool {
        let mut left_out = 0;
        let is_done = self.edit(|document, id, _| match verdict {
            Verdict::Reject => bout_edits::reject_bouts(document, id, bouts),
            Verdict::Accept => {
                let (overlapping, step) = bout_edits::accept_bouts(document, id, bouts)?;
                left_out = overlapping;
                Ok(step)
            }
        });
        if let Some((text, _)) = self.session.told.as_mut().filter(|_| is_done && left_out > 0) {
            *text += &format!("; skipped {left_out} that overlap segments");
        }
        self.review_again();
        is_done
    }

    /// Shows the rejected bouts of the clip again.
    pub(super) fn restore_rejected(&mut self) {
        self.edit(|document, id, _| bout_edits::restore_rejected(document, id));
        self.review_again();
    }

    /// Keys that follow in the same repaint find what the one before has left.
    fn review_again(&mut self) {
        self.session.predictions.review(&self.session.labeling);
    }

    pub(super) fn go_to_found(&mut self, find: fn(&Session) -> Option<&ReviewedBout>) {
        if let Some(bout) = find(&self.session).cloned() {
            self.go_to_bout(&bout);
        }
    }

    fn go_to_bout(&mut self, bout: &ReviewedBout) {
        self.session.predictions.select(bout);
        self.seek(bout.bout.start_frame);
    }
}

impl Session {
    /// The bout that is reviewed by a key.
    pub(in crate::app) fn current_bout(&self) -> Option<&ReviewedBout> {
        self.predictions.current(self.player.position)
    }

    /// The open bouts of the chosen class, without one of the class of the current bout.
    pub(super) fn bouts_of_class(&self) -> impl Iterator<Item = &ReviewedBout> {
        let class = self.predictions.class.clone();
        let class = class.or_else(|| Some(self.predictions.class_name(self.current_bout()?.class).to_owned()));
        let is_of = move |bout: &&ReviewedBout| class.as_deref() == Some(self.predictions.class_name(bout.class));
        self.predictions.open().filter(is_of)
    }
}
