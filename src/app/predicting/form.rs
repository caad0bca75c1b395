//! Asks how videos are to be predicted, and says where the files go.

use std::path::PathBuf;

use eframe::egui::{Button, Checkbox, Context, DragValue, Id, Label, Modal, RichText, Ui};

use super::settings::PredictingSettings;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::{Tokens, modal_frame};
use crate::engine::{ModelInfo, NamedVideo, PredictionFolder, PredictionOrder, model_predictions};
use crate::output::Existing;
use crate::plural::counted;

/// The open form.
pub struct PredictForm {
    videos: Vec<NamedVideo>,
    folder: PredictionFolder,
    /// Whether files that hold something else are replaced: never unless it is chosen each time.
    replaces: bool,
}

impl PredictForm {
    /// Asks about `videos`, whose predictions go to `folder`.
    pub fn new(videos: Vec<NamedVideo>, folder: PredictionFolder) -> Self {
        Self { videos, folder, replaces: false }
    }

    /// Draws the form, which asks for the predictions; returns whether it is closed.
    pub fn form_ui(&mut self, ctx: &Context, cx: &mut PanelContext<'_>) -> bool {
        let Some(model) = cx.session.model.clone() else { return true };
        let modal = Modal::new(Id::unique("predict")).frame(modal_frame(ctx)).show(ctx, |ui| {
            ui.set_width((ctx.content_rect().width() - 80.0).min(540.0));
            self.questions_ui(ui, &model, &mut cx.settings.predicting)
        });
        if modal.inner == Some(true) {
            let order = PredictionOrder {
                model: model.dir,
                videos: std::mem::take(&mut self.videos),
                folder: self.folder.clone(),
                stride: cx.settings.predicting.stride(),
                existing: Existing::replaced_if(self.replaces),
            };
            cx.actions.push(Action::Predict(Box::new(order)));
        }
        modal.inner.is_some() || modal.should_close()
    }

    /// Returns where the predictions of `model` are written.
    fn target(&self, model: &ModelInfo) -> PathBuf {
        match &self.folder {
            PredictionFolder::Project(dir) => {
                model_predictions(dir, &model.name, model.hash.as_deref().unwrap_or_default())
            }
            PredictionFolder::Chosen(dir) => dir.clone(),
        }
    }

    /// Draws the form; returns whether videos are to be predicted, once that is answered.
    fn questions_ui(&mut self, ui: &mut Ui, model: &ModelInfo, settings: &mut PredictingSettings) -> Option<bool> {
        let tokens = Tokens::of(ui);
        let what = match &self.videos[..] {
            [video] => video.name.clone(),
            videos => counted(videos.len(), "video"),
        };
        ui.heading(format!("Predict {what}"));
        let about = "Stores the probability of every class. Videos that are complete are kept, others continue.";
        ui.add(Label::new(RichText::new(about).color(tokens.weak)).wrap());
        ui.add_space(4.0);
        let mut line = |name: &str, text: String| {
            ui.horizontal(|ui| {
                ui.label(RichText::new(name).color(tokens.weak));
                ui.add(Label::new(RichText::new(&text).color(tokens.strong)).truncate()).on_hover_text(text);
            });
        };
        line("Model", model.name.clone());
        line("Saved to", self.target(model).display().to_string());
        settings.stride = settings.stride().get();
        ui.horizontal(|ui| {
            let name = ui.label("Score every Nth frame");
            let stride = DragValue::new(&mut settings.stride).range(PredictingSettings::STRIDES);
            ui.add(stride).labelled_by(name.id).on_hover_text("Frames from one score to the next");
        });
        let replaces = Checkbox::new(&mut self.replaces, "Replace other predictions");
        ui.add(replaces).on_hover_text("Replace files of another model, stride or version");
        ui.add_space(8.0);
        let mut answer = None;
        ui.horizontal(|ui| {
            if ui.button("Cancel").clicked() {
                answer = Some(false);
            }
            let predict = Button::new(RichText::new("Predict").color(tokens.on_accent)).fill(tokens.accent);
            let predict = ui.add(predict);
            if ui.memory(|memory| memory.focused().is_none()) {
                predict.request_focus();
            }
            if predict.clicked() {
                answer = Some(true);
            }
        });
        answer
    }
}
