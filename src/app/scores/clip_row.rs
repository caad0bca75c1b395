//! What the windows all over the clip say together: one row below the answer of the current window.

use eframe::egui::{Align, Button, Label, Layout, RichText, Ui, vec2};

use super::state::ClipScoresPhase;
use crate::app::command::Command;
use crate::app::command::conditions::Availability;
use crate::app::session::Session;
use crate::app::ui::theme::Tokens;
use crate::nets::fusion::{percent, unsure_text};
use crate::plural::counted;

/// Height of the row, in points: the same whatever it says, so that nothing below it moves.
const ROW: f32 = 24.0;

/// Draws the row; returns whether its button was clicked, which stands for [`Command::ScoreClip`].
pub(super) fn clip_row_ui(ui: &mut Ui, session: &Session, scorable: Availability) -> bool {
    let tokens = Tokens::of(ui);
    let is_running = session.clip_scores.phase == ClipScoresPhase::Running;
    let (done, total) = session.clip_scores.progress();
    let mut is_clicked = false;
    let size = vec2(ui.available_width(), ROW);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        let is_complete = !is_running && total > 0 && done == total;
        if !is_complete {
            let text = if is_running { "Cancel" } else { "Score clip" };
            let button = ui.add_enabled(scorable.is_ok(), Button::new(text).small());
            let button = button.on_hover_text(Command::ScoreClip.tooltip());
            is_clicked = button.on_disabled_hover_text(scorable.err().unwrap_or_default()).clicked();
        }
        if is_running {
            let text = if total > 0 { format!("{done} of {total}") } else { "Starting…".into() };
            ui.label(RichText::new(text).small().color(tokens.weak));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let answer = answer(session);
            let text = answer.as_ref().map_or("This clip: not scored yet", |(text, _)| text);
            let color = if answer.as_ref().is_some_and(|(_, unsure)| !unsure) { tokens.strong } else { tokens.weak };
            let label = ui.add(Label::new(RichText::new(text).color(color)).truncate());
            if answer.is_some() {
                label.on_hover_text("Mean over windows spread evenly over the clip");
            }
        });
    });
    is_clicked
}

/// The answer of the clip so far, and whether it is unsure.
fn answer(session: &Session) -> Option<(String, bool)> {
    let prediction = session.clip_scores.prediction(&session.fusion)?;
    let (class, agreeing) = prediction.agreement()?;
    let name = session.model.as_ref()?.classes.get(class)?;
    let unsure = session.fusion.is_unsure(&prediction.fused);
    let name = if unsure { unsure_text(name) } else { name.clone() };
    let share = percent(prediction.fused[class], 0);
    let windows = counted(prediction.windows.len(), "window");
    Some((format!("This clip: {name} {share} %, {agreeing} of {windows}"), unsure))
}
