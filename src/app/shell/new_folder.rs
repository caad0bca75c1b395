//! Asks whether a folder that is not there is to be created for a new project: a path may be mistyped, or relative to another folder
//! than one thinks.

use std::path::PathBuf;

use eframe::egui::{Context, Id, Label, Modal, RichText, Ui};

use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::{Tokens, modal_frame};

/// The open question.
pub struct NewFolder {
    dir: PathBuf,
}

impl NewFolder {
    /// Asks about the folder at this absolute path.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Draws the question; returns whether it is answered.
    pub fn new_folder_ui(&self, ctx: &Context, cx: &mut PanelContext<'_>) -> bool {
        let modal = Modal::new(Id::unique("new folder")).frame(modal_frame(ctx)).show(ctx, |ui| {
            ui.set_width((ctx.content_rect().width() - 80.0).min(540.0));
            self.question_ui(ui)
        });
        if modal.inner == Some(true) {
            cx.actions.push(Action::CreateProject(self.dir.clone()));
        }
        modal.inner.is_some() || modal.should_close()
    }

    /// Draws the question; returns whether the folder is to be created, once that is answered.
    fn question_ui(&self, ui: &mut Ui) -> Option<bool> {
        let tokens = Tokens::of(ui);
        ui.heading("Create this folder?");
        ui.add(Label::new(RichText::new(self.dir.display().to_string()).color(tokens.strong)).wrap());
        ui.label(
            RichText::new("It does not exist yet. The new project will be in it. Esc cancels.").color(tokens.weak),
        );
        ui.add_space(8.0);
        let mut answer = None;
        ui.horizontal(|ui| {
            let cancel = ui.button("Cancel");
            // A second Enter of an impatient person creates nothing.
            if ui.memory(|memory| memory.focused().is_none()) {
                cancel.request_focus();
            }
            if cancel.clicked() {
                answer = Some(false);
            }
            if ui.button("Create folder").clicked() {
                answer = Some(true);
            }
        });
        answer
    }
}
