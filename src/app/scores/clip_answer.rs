//! What the windows all over the clip say together: the panel's headline.

use eframe::egui::{Align, Button, Label, Layout, RichText, Ui, vec2};

use super::state::ClipScoresPhase;
use crate::app::command::Command;
use crate::app::command::conditions::Availability;
use crate::app::session::Session;
use crate::app::ui::theme::{Tokens, semibold};
use crate::nets::fusion::{Doubt, percent};
use crate::plural::counted;

/// Heights of the caption and of the answer, in points: the same whatever they say, so that nothing below them moves.
const CAPTION: f32 = 24.0;
const ANSWER: f32 = 30.0;
/// Size of the answer's letters, in points.
const LETTERS: f32 = 22.0;

/// The answer of the whole clip as far as its windows are scored.
pub(super) struct ClipAnswer {
    /// The class.
    pub class: String,
    share: f32,
    doubt: Option<Doubt>,
    /// How many windows alone say the same, of how many.
    agreeing: [usize; 2],
}

impl ClipAnswer {
    /// Returns it once a window is scored.
    pub fn of(session: &Session) -> Option<Self> {
        let prediction = session.clip_scores.prediction(&session.fusion)?;
        let (class, agreeing) = prediction.agreement()?;
        Some(Self {
            class: session.model.as_ref()?.classes.get(class)?.clone(),
            share: prediction.fused[class],
            doubt: prediction.doubt(&session.fusion),
            agreeing: [agreeing, prediction.windows.len()],
        })
    }
}

/// Draws the answer below its caption; returns whether the caption's button was clicked, which stands for [`Command::ScoreClip`].
pub(super) fn clip_answer_ui(
    ui: &mut Ui,
    session: &Session,
    answer: Option<&ClipAnswer>,
    scorable: Availability,
) -> bool {
    let is_clicked = caption_ui(ui, session, answer, scorable);
    let tokens = Tokens::of(ui);
    let size = vec2(ui.available_width(), ANSWER);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_height(ANSWER);
        let letters = |text: String| RichText::new(text).font(semibold(LETTERS));
        let Some(ClipAnswer { class, share, doubt, .. }) = answer else {
            let is_running = session.clip_scores.phase == ClipScoresPhase::Running;
            let text = match is_running {
                true => "Scoring…",
                false if session.training.is_active() => "Scoring waits for training",
                false => "Not scored yet",
            };
            ui.label(letters(text.into()).color(tokens.weak));
            return;
        };
        ui.label(letters(format!("{} %", percent(*share, 0))).color(tokens.fused));
        let (text, color) = match doubt {
            Some(doubt) => (doubt.answer(class), tokens.weak),
            None => (class.clone(), tokens.strong),
        };
        let label = ui.add(Label::new(letters(text).color(color)).truncate());
        match doubt {
            Some(doubt) => label.on_hover_text(doubt.in_words()),
            None => label.on_hover_text("Mean over windows spread evenly over the clip"),
        };
    });
    is_clicked
}

/// What the answer is about, and how far its windows are scored.
fn caption_ui(ui: &mut Ui, session: &Session, answer: Option<&ClipAnswer>, scorable: Availability) -> bool {
    let tokens = Tokens::of(ui);
    let is_running = session.clip_scores.phase == ClipScoresPhase::Running;
    let (done, total) = session.clip_scores.progress();
    let mut is_clicked = false;
    let size = vec2(ui.available_width(), CAPTION);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        ui.set_min_height(CAPTION);
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
            let said = answer.map_or(String::new(), |ClipAnswer { agreeing: [agreeing, windows], .. }| {
                format!(", {agreeing} of {} agree", counted(*windows, "window"))
            });
            let text = RichText::new(format!("This clip{said}")).color(tokens.weak);
            ui.add(Label::new(text).truncate());
        });
    });
    is_clicked
}
