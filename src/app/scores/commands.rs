//! The commands about scores, and what is scored without being asked for.

use super::state::ClipScoresPhase;
use crate::app::App;
use crate::app::command::conditions::{Availability, Conditions, ensure};
use crate::app::command::spec::{CommandSpec, command};
use crate::app::command::{Command as C, Group as G};
use crate::app::session::Session;
use crate::engine::Request;

#[rustfmt::skip] // A table reads as a table.
pub const COMMANDS: &[CommandSpec] = &[
    command(C::ScoreClip, G::Playback, "Score whole clip", "Score windows all over the clip (again to cancel)", &[], scorable)
        .runs(|app, _| match app.session.clip_scores.phase {
            ClipScoresPhase::Running => app.cancel_clip_scores(),
            _ => app.score_clip(),
        })
        .keywords("scores predictions"),
];

fn scorable(on: Conditions<'_>) -> Availability {
    ensure(on.session.clip.is_some(), "No clip is open")?;
    ensure(has_streams(on.session), "Load a model with classes first")
}

fn has_streams(session: &Session) -> bool {
    session.model.as_ref().is_some_and(|model| model.has_spatial || model.has_temporal)
}

impl App {
    fn score_clip(&mut self) {
        let session = &mut self.session;
        let (Some(clip), Some(model)) = (&session.clip, &session.model) else { return };
        let order = session.clip_scores.begin(clip.path.clone(), model);
        self.engine.send(Request::ScoreClip(Some(order)));
    }

    fn cancel_clip_scores(&mut self) {
        self.session.clip_scores.stop();
        self.engine.send(Request::ScoreClip(None));
    }

    /// Has the whole clip scored while its scores are looked at: once the first window is, so that what one sees comes first, and
    /// not while a training needs the machine.
    pub(in crate::app) fn follow_clip_scores(&mut self) {
        let session = &self.session;
        let is_scored = session.analysis.as_ref().is_some_and(|analysis| analysis.scores.is_some());
        let is_idle = session.clip_scores.phase == ClipScoresPhase::Idle && !session.training.is_active();
        if self.panels.scores.is_shown && is_scored && is_idle && session.clip.is_some() && has_streams(session) {
            self.score_clip();
        }
    }
}
