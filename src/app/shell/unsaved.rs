//! Asks before results that nobody has saved are lost.

use eframe::egui::{Button, Context, Id, Label, Modal, RichText, Ui};

use crate::app::command::Command;
use crate::app::evaluation::state::ResultsLoss;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::{Tokens, modal_frame};

/// What is done with the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Keep,
    /// They are saved by a command first.
    Save(Command),
    Lose,
}

/// The open question.
pub struct UnsavedResults {
    loss: ResultsLoss,
    /// The results in words.
    results: Vec<String>,
    /// The commands that save them, with the texts of their buttons.
    saves: Vec<(&'static str, Command)>,
}

impl UnsavedResults {
    /// Asks about an `evaluation` and a `benchmark`, in words, which `loss` would lose; `None` if there is neither. The benchmark can be
    /// saved if `can_save_benchmark`.
    pub fn new(
        loss: ResultsLoss,
        evaluation: Option<String>,
        benchmark: Option<String>,
        can_save_benchmark: bool,
    ) -> Option<Self> {
        let report = evaluation.as_ref().map(|_| ("Save report…", Command::SaveEvaluation));
        let table = benchmark.as_ref().filter(|_| can_save_benchmark);
        let table = table.map(|_| ("Save benchmark…", Command::SaveBenchmark));
        let results: Vec<String> = evaluation.into_iter().chain(benchmark).collect();
        (!results.is_empty()).then(|| Self { loss, results, saves: report.into_iter().chain(table).collect() })
    }

    /// Draws the question; returns whether it is answered.
    pub fn unsaved_ui(&self, ctx: &Context, cx: &mut PanelContext<'_>) -> bool {
        let modal = Modal::new(Id::unique("unsaved results")).frame(modal_frame(ctx)).show(ctx, |ui| {
            ui.set_width((ctx.content_rect().width() - 80.0).min(540.0));
            self.question_ui(ui)
        });
        match modal.inner {
            Some(Answer::Save(command)) => cx.actions.push(Action::SaveBefore(self.loss, command)),
            Some(Answer::Lose) => cx.actions.push(Action::Lose(self.loss)),
            Some(Answer::Keep) | None => {}
        }
        modal.inner.is_some() || modal.should_close()
    }

    fn question_ui(&self, ui: &mut Ui) -> Option<Answer> {
        let tokens = Tokens::of(ui);
        let (heading, lose) = match self.loss {
            ResultsLoss::Quit => ("Quit without saving the results?", "Quit without saving"),
            ResultsLoss::Evaluate | ResultsLoss::Benchmark => ("Replace the unsaved results?", "Replace results"),
        };
        ui.heading(heading);
        for results in &self.results {
            ui.add(Label::new(RichText::new(results).color(tokens.strong)).wrap());
        }
        ui.label(RichText::new("These results were not saved and will be lost. Esc cancels.").color(tokens.weak));
        ui.add_space(8.0);
        let mut answer = None;
        ui.horizontal(|ui| {
            let keep = ui.button("Cancel");
            // Enter never destroys anything: the safe answer has the keyboard.
            if ui.memory(|memory| memory.focused().is_none()) {
                keep.request_focus();
            }
            answer = keep.clicked().then_some(Answer::Keep);
            for (text, command) in &self.saves {
                if ui.button(*text).clicked() {
                    answer = Some(Answer::Save(*command));
                }
            }
            let lose = Button::new(RichText::new(lose).color(tokens.on_accent)).fill(tokens.error);
            if ui.add(lose).clicked() {
                answer = Some(Answer::Lose);
            }
        });
        answer
    }
}
