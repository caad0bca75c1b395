//! What the commands of predictions do.

use eframe::egui::Context;

use super::review::ReviewedBout;
use crate::app::App;
use crate::app::session::Session;
use crate::labels::{Label, PredictedBout, Segment, SegmentId, bout_edits};
use crate::plural::counted;

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
        let Some(bout) = self.session.current_bout().and_then(ReviewedBout::predicted) else { return };
        let next = self.next_unless_playing();
        if self.review_bouts(verdict, &[bout])
            && let Some(next) = next
        {
            self.go_to_bout(&next);
        }
    }

    fn next_unless_playing(&self) -> Option<ReviewedBout> {
        let Session { predictions, player, .. } = &self.session;
        predictions.next(player.position).filter(|_| !player.playing).cloned()
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
        let is_done = self.try_edit(|document, id, _| match verdict {
            Verdict::Reject => bout_edits::reject_bouts(document, id, bouts),
            Verdict::Accept => {
                let (overlapping, step) = bout_edits::accept_bouts(document, id, bouts)?;
                left_out = overlapping;
                Ok(step)
            }
        });
        if let Some((text, _)) = self.session.told.as_mut().filter(|_| is_done && left_out > 0) {
            *text += &format!("; skipped {} that overlap segments", counted(left_out, "bout"));
        }
        self.review_again();
        is_done
    }

    /// Makes a segment with another label of the selected bout and goes to the next one; returns whether there was one.
    pub(in crate::app) fn relabel_bout(&mut self, label: Label) -> bool {
        let Some(bout) = self.session.selected_bout().and_then(ReviewedBout::predicted) else { return false };
        let next = self.next_unless_playing();
        if self.try_edit(|document, id, _| bout_edits::correct_bout(document, id, &bout, label)) {
            self.review_again();
            next.iter().for_each(|next| self.go_to_bout(next));
        }
        true
    }

    /// Moves the edges of the selected bout as `change` moves those of a segment, and shows the frame at the edge.
    pub(in crate::app) fn nudge_bout(&mut self, change: impl FnOnce(Segment) -> (Segment, usize)) {
        let Some((bout, class)) = self.session.selected_bout().and_then(|bout| Some((bout.clone(), bout.id?))) else {
            return;
        };
        let (start, end) = (bout.frames.start, bout.frames.end);
        let (moved, shown) =
            change(Segment { id: SegmentId(0), label: Label::Class(class), start, end, note: String::new() });
        let end = moved.end.min(self.session.frames());
        self.session.predictions.move_edges(&bout, moved.start..end);
        self.review_again();
        self.seek(shown.min(end - 1));
    }

    /// Shows the rejected bouts of the clip again.
    pub(super) fn restore_rejected(&mut self) {
        self.try_edit(|document, id, _| bout_edits::restore_rejected(document, id));
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
        self.session.labeling.select_segment(None); // The next key is for the bout.
        self.session.predictions.select(bout);
        self.seek(bout.frames.start);
    }
}

impl Session {
    /// Returns the bout that is reviewed by a key.
    pub(super) fn current_bout(&self) -> Option<&ReviewedBout> {
        self.predictions.current(self.player.position)
    }

    /// Returns the open bout at the playhead that a person went to or clicked, unless a segment is selected.
    pub(in crate::app) fn selected_bout(&self) -> Option<&ReviewedBout> {
        self.predictions.selected(self.player.position).filter(|_| self.labeling.segment().is_none())
    }

    /// Returns the open bouts of the chosen class, without one of the class of the current bout.
    pub(super) fn bouts_of_class(&self) -> impl Iterator<Item = &ReviewedBout> {
        let class = self.predictions.class.clone();
        let class = class.or_else(|| Some(self.predictions.class_name(self.current_bout()?.class).to_owned()));
        let is_of = move |bout: &&ReviewedBout| class.as_deref() == Some(self.predictions.class_name(bout.class));
        self.predictions.open().filter(is_of)
    }
}
