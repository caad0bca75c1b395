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
    /// The lowest and the highest known frame rate of the videos, in frames per second.
    rates: Option<[f64; 2]>,
    /// Whether files that hold something else are replaced: never unless it is chosen each time.
    replaces: bool,
}

impl PredictForm {
    /// Asks about `videos`, whose predictions go to `folder`.
    pub fn new(videos: Vec<NamedVideo>, folder: PredictionFolder) -> Self {
        Self { videos, folder, rates: None, replaces: false }
    }

    /// Says the stride in seconds too, at the frame rates of the videos as far as they are known.
    pub fn at_rates(self, rates: impl Iterator<Item = f64>) -> Self {
        let known = rates.filter(|rate| rate.is_finite() && *rate > 0.0);
        let widest = |[low, high]: [f64; 2], rate: f64| [low.min(rate), high.max(rate)];
        let rates = known.map(|rate| [rate, rate]).reduce(|all, [rate, _]| widest(all, rate));
        Self { rates, ..self }
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
        let about = "Stores the probability of every class. Videos predicted before are skipped; those that were stopped continue.";
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
            let name = ui.label("Score every");
            let frames = if settings.stride == 1 { " frame" } else { " frames" };
            let stride = DragValue::new(&mut settings.stride).range(PredictingSettings::STRIDES).suffix(frames);
            ui.add(stride).labelled_by(name.id).on_hover_text("Frames from one score to the next");
            if let Some(rates) = self.rates {
                let text = RichText::new(secs_text(settings.stride, rates)).color(tokens.weak);
                ui.label(text).on_hover_text("Time from one score to the next");
            }
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

/// Returns the time that `stride` frames take at the lowest and at the highest rate, frames per second: `0.16 s`, or `0.13 to 0.16 s`.
fn secs_text(stride: usize, [low, high]: [f64; 2]) -> String {
    let [shortest, longest] = [high, low].map(|rate| format!("{:.2}", stride as f64 / rate));
    if shortest == longest { format!("{shortest} s") } else { format!("{shortest} to {longest} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stride_is_said_in_seconds_at_the_rates_that_are_known() {
        let rates = |rates: &[f64]| {
            let form = PredictForm::new(Vec::new(), PredictionFolder::Chosen("/out".into()));
            form.at_rates(rates.iter().copied()).rates
        };
        assert_eq!(rates(&[]), None);
        assert_eq!(rates(&[0.0, f64::NAN]), None, "no video has such a rate");
        assert_eq!(rates(&[25.0, 0.0, 30.0, 24.0]), Some([24.0, 30.0]));
        assert_eq!(secs_text(4, [25.0, 25.0]), "0.16 s");
        assert_eq!(secs_text(4, [25.0, 30.0]), "0.13 to 0.16 s");
        assert_eq!(secs_text(1000, [25.0, 25.001]), "40.00 s", "the difference is not seen");
    }
}
