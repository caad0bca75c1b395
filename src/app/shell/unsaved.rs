//! Asks before the results of an evaluation that nobody has saved are lost.

use eframe::egui::{Button, Context, Id, Label, Modal, RichText, Ui};

use crate::app::command::Command;
use crate::app::evaluation::state::ResultsLoss;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::{Tokens, modal_frame};

/// What is done with the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Keep,
    Save,
    Lose,
}

/// The open question.
pub struct UnsavedResults {
    loss: ResultsLoss,
    results: String,
}

impl UnsavedResults {
    /// Asks about `results`, in words, which `loss` would lose.
    pub fn new(loss: ResultsLoss, results: String) -> Self {
        Self { loss, results }
    }

    /// Draws the question; returns whether it is answered.
    pub fn unsaved_ui(&self, ctx: &Context, cx: &mut PanelContext<'_>) -> bool {
        let modal = Modal::new(Id::unique("unsaved results")).frame(modal_frame(ctx)).show(ctx, |ui| {
            ui.set_width((ctx.content_rect().width() - 80.0).min(540.0));
            self.question_ui(ui)
        });
        match modal.inner {
            Some(Answer::Save) => {
                // What is shown is what is saved.
                if cx.session.evaluation.file().is_some() {
                    cx.session.evaluation.close_file();
                }
                cx.run(Command::SaveEvaluation);
            }
            Some(Answer::Lose) => cx.actions.push(Action::Lose(self.loss)),
            Some(Answer::Keep) | None => {}
        }
        modal.inner.is_some() || modal.should_close()
    }

    fn question_ui(&self, ui: &mut Ui) -> Option<Answer> {
        let tokens = Tokens::of(ui);
        let (heading, lose) = match self.loss {
            ResultsLoss::Quit => ("Quit without saving the results?", "Quit without saving"),
            ResultsLoss::Evaluate => ("Replace the unsaved results?", "Replace results"),
        };
        ui.heading(heading);
        ui.add(Label::new(RichText::new(&self.results).color(tokens.strong)).wrap());
        ui.label(RichText::new("This evaluation was not saved and will be lost. Esc cancels.").color(tokens.weak));
        ui.add_space(8.0);
        let mut answer = None;
        ui.horizontal(|ui| {
            let keep = ui.button("Cancel");
            // Enter never destroys anything: the safe answer has the keyboard.
            if ui.memory(|memory| memory.focused().is_none()) {
                keep.request_focus();
            }
            let lose = Button::new(RichText::new(lose).color(tokens.on_accent)).fill(tokens.error);
            let answers =
                [(keep, Answer::Keep), (ui.button("Save report…"), Answer::Save), (ui.add(lose), Answer::Lose)];
            answer = answers.into_iter().find_map(|(button, answer)| button.clicked().then_some(answer));
        });
        answer
    }
}
