//! The commands of predictions.

use eframe::egui::Key;

use super::actions::Verdict;
use super::review::ReviewedBout;
use crate::app::command::conditions::{Availability, Conditions, ensure};
use crate::app::command::spec::{CommandSpec, alt, command, key, shift};
use crate::app::command::{Command as C, Group as G};
use crate::app::session::Session;

/// The menu in the menu.
const MENU: &str = "Predictions"; // the same as that of the commands that predict
const NO_BOUT: &str = "No open bout at the playhead: press P to go to one";
const NO_CLASS: &str = "The project has no such class: add it in Predictions";

#[rustfmt::skip] // A table reads as a table.
pub const COMMANDS: &[CommandSpec] = &[
    command(C::AcceptBout, G::Label, "Accept bout", "Make a segment of the predicted bout", &[key(Key::E)], one)
        .runs(|app, _| app.review_bout(Verdict::Accept))
        .keywords("predictions")
        .within(MENU),
    command(C::RejectBout, G::Label, "Reject bout", "Remember the predicted bout as wrong", &[key(Key::D)], one)
        .runs(|app, _| app.review_bout(Verdict::Reject))
        .keywords("predictions negative")
        .within(MENU),
    command(C::NextBout, G::Label, "Next bout", "Go to the next open bout", &[key(Key::P)],
        |on| found(on, |session| session.predictions.next(session.player.position)))
        .runs(|app, _| app.go_to_found(|session| session.predictions.next(session.player.position)))
        .keywords("predictions")
        .within(MENU),
    command(C::PreviousBout, G::Label, "Previous bout", "Go to the previous open bout", &[alt(Key::P)],
        |on| found(on, |session| session.predictions.previous(session.player.position)))
        .runs(|app, _| app.go_to_found(|session| session.predictions.previous(session.player.position)))
        .keywords("predictions")
        .within(MENU),
    command(C::UncertainBout, G::Label, "Most uncertain bout", "Go to the bout nearest to its threshold", &[key(Key::H)],
        |on| found(on, |session| session.predictions.most_uncertain(session.player.position)))
        .runs(|app, _| app.go_to_found(|session| session.predictions.most_uncertain(session.player.position)))
        .keywords("predictions active learning")
        .within(MENU),
    command(C::AcceptClassBouts, G::Label, "Accept bouts of class", "Accept all open bouts of this class", &[shift(Key::E)], class)
        .runs(|app, _| app.review_class(Verdict::Accept))
        .keywords("predictions all")
        .within(MENU),
    command(C::RejectClassBouts, G::Label, "Reject bouts of class", "Reject all open bouts of this class", &[shift(Key::D)], class)
        .runs(|app, _| app.review_class(Verdict::Reject))
        .keywords("predictions all")
        .within(MENU),
    command(C::AcceptVideoBouts, G::Label, "Accept bouts of video", "Accept all open bouts of this video", &[], video)
        .runs(|app, _| app.review_video(Verdict::Accept))
        .keywords("predictions all")
        .within(MENU),
    command(C::RejectVideoBouts, G::Label, "Reject bouts of video", "Reject all open bouts of this video", &[], video)
        .runs(|app, _| app.review_video(Verdict::Reject))
        .keywords("predictions all")
        .within(MENU),
    command(C::RestoreBouts, G::Label, "Restore rejected bouts", "Propose the rejected bouts of this video again", &[],
        |on| {
            on.session.can_label()?;
            let any = on.session.labeling.video().is_some_and(|(_, video)| !video.rejected.is_empty());
            ensure(any, "No bout of this video is rejected")
        })
        .runs(|app, _| app.restore_rejected())
        .keywords("predictions")
        .within(MENU),
];

/// Bouts of the open clip can be reviewed.
fn reviewable(on: Conditions<'_>) -> Availability {
    on.session.can_label()?;
    let predictions = &on.session.predictions;
    if predictions.is_reading() {
        return Err("The predictions of this video are being read");
    }
    ensure(predictions.file().is_some(), "No predictions of this video: see the Predictions panel")
}

fn one(on: Conditions<'_>) -> Availability {
    reviewable(on)?;
    let bout = on.session.current_bout().ok_or(NO_BOUT)?;
    ensure(bout.id.is_some(), NO_CLASS)
}

fn found(on: Conditions<'_>, find: fn(&Session) -> Option<&ReviewedBout>) -> Availability {
    reviewable(on)?;
    ensure(find(on.session).is_some(), "No further open bout in this direction")
}

fn class(on: Conditions<'_>) -> Availability {
    reviewable(on)?;
    let mut bouts = on.session.bouts_of_class().peekable();
    bouts.peek().ok_or("No open bout of this class: go to one, or choose a class in Predictions")?;
    ensure(bouts.any(|bout| bout.id.is_some()), NO_CLASS)
}

fn video(on: Conditions<'_>) -> Availability {
    reviewable(on)?;
    let mut bouts = on.session.predictions.open().peekable();
    bouts.peek().ok_or("No bout of this video is open")?;
    ensure(bouts.any(|bout| bout.id.is_some()), NO_CLASS)
}
