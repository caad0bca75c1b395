//! Asks whether files that exist are to be replaced: one question for all that a command would write.

use std::path::PathBuf;

use eframe::egui::{Button, Context, Id, Label, Modal, RichText, Ui};

use crate::app::command::prompt::PathPrompt;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::{Tokens, modal_frame};
use crate::app::ui::widgets::overlay_list;
use crate::names::distinct_names;

/// Height of all in the window but the list, in points.
const AROUND: f32 = 200.0;
use crate::output::Existing;

/// The open question.
pub struct Replacement {
    question: PathPrompt,
    path: PathBuf,
    files: Vec<PathBuf>,
    names: Vec<String>,
}

impl Replacement {
    /// Asks about `files`, which writing the answer `path` to `question` would replace.
    pub fn new(question: PathPrompt, path: PathBuf, files: Vec<PathBuf>) -> Self {
        let names = distinct_names(&files);
        Self { question, path, files, names }
    }

    /// Draws the question; returns whether it is answered.
    pub fn replacement_ui(&mut self, ctx: &Context, cx: &mut PanelContext<'_>) -> bool {
        let modal = Modal::new(Id::unique("replacement")).frame(modal_frame(ctx)).show(ctx, |ui| {
            ui.set_width((ctx.content_rect().width() - 80.0).min(540.0));
            self.question_ui(ui)
        });
        if modal.inner == Some(true) {
            cx.actions.push(Action::Answer(self.question, self.path.clone(), Existing::Replace));
        }
        modal.inner.is_some() || modal.should_close()
    }

    /// Draws the question; returns whether the files are to be replaced, once that is answered.
    fn question_ui(&self, ui: &mut Ui) -> Option<bool> {
        let tokens = Tokens::of(ui);
        let (heading, loss, files) = match self.files.len() {
            1 => ("Replace this file?".to_owned(), "Its current content will be lost. Esc keeps it.", "file"),
            count => {
                let heading = format!("Replace these {count} files?");
                (heading, "Their current content will be lost. Esc keeps them.", "files")
            }
        };
        ui.heading(heading);
        ui.label(RichText::new(loss).color(tokens.weak));
        ui.add_space(4.0);
        let row = ui.text_style_height(&eframe::egui::TextStyle::Body);
        overlay_list(ui, AROUND).show_rows(ui, row, self.files.len(), |ui, rows| {
            for (file, name) in self.files[rows.clone()].iter().zip(&self.names[rows]) {
                ui.horizontal(|ui| {
                    ui.label(name);
                    let folder = file.parent().unwrap_or(file).display().to_string();
                    ui.add(Label::new(RichText::new(folder).small().color(tokens.weak)).truncate());
                })
                .response
                .on_hover_text(file.display().to_string());
            }
        });
        ui.add_space(8.0);
        let mut answer = None;
        ui.horizontal(|ui| {
            let keep = ui.button(format!("Keep {files}"));
            // Enter never destroys anything: the safe answer has the keyboard.
            if ui.memory(|memory| memory.focused().is_none()) {
                keep.request_focus();
            }
            if keep.clicked() {
                answer = Some(false);
            }
            let replace =
                Button::new(RichText::new(format!("Replace {files}")).color(tokens.on_accent)).fill(tokens.error);
            if ui.add(replace).clicked() {
                answer = Some(true);
            }
        });
        answer
    }
}
