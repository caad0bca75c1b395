//! The predictions panel: which predictions of the open video are shown, how they become bouts, and what is said about these.

mod bouts;
mod classes;
mod settings_form;

use eframe::egui::{ComboBox, RichText, ScrollArea, Ui, vec2};

use self::bouts::BoutList;
use super::files::PredictionFile;
use super::state::LOOK_AGAIN;
use crate::app::command::Command;
use crate::app::command::button::{command_button, primary_button};
use crate::app::panel::{Panel, PanelContext};
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{empty_state, explanation, field, remark, section};
use crate::command_line::quoted;
use crate::plural::counted;

/// The predictions panel.
#[derive(Default)]
pub struct PredictionsPanel {
    bouts: BoutList,
}

impl Panel for PredictionsPanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        if cx.session.predictions.project_dir().is_none() {
            return no_video_ui(ui, cx);
        }
        // A file that is written meanwhile is shown although nobody touches the window.
        ui.ctx().request_repaint_after(LOOK_AGAIN);
        if cx.session.predictions.is_reading() {
            return empty_state(ui, "Reading predictions…", "They are stored in the project's folder.", |_| ());
        }
        let height = ui.available_height();
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let bottom = ui.cursor().top() + height;
            doubts_ui(ui, cx);
            if cx.session.predictions.file().is_none() {
                return no_predictions_ui(ui, cx);
            }
            files_ui(ui, cx);
            section(ui, "Classes");
            classes::classes_ui(ui, cx);
            section(ui, "Bouts");
            settings_form::settings_ui(ui, cx);
            ui.add_space(4.0);
            commands_ui(ui, cx);
            self.bouts.bouts_ui(ui, bottom, cx);
        });
    }
}

fn no_video_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let labeling = &cx.session.labeling;
    let (title, text) = match (labeling.project(), labeling.video()) {
        (None, _) => ("No project is open", "Predicted bouts are reviewed in a labelling project."),
        (Some(_), None) => ("No project video is open", "Choose a video of the project to see its predicted bouts."),
        (Some(_), Some(_)) => ("The video is not open", "Its predicted bouts appear when its frames are listed."),
    };
    let is_open = labeling.project().is_some();
    empty_state(ui, title, text, |ui| {
        let command = if is_open { Command::ShowProject } else { Command::OpenProject };
        primary_button(ui, cx, command, command.text());
    });
}

fn no_predictions_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    if let Some(progress) = cx.session.predicting.progress() {
        let text = "Predicted bouts appear here once the video is complete.";
        return empty_state(ui, &cx.session.predicting.in_words(), text, |ui| {
            progress.bar_ui(ui, "Preparing…");
            command_button(ui, cx, Command::StopPredicting, Command::StopPredicting.text());
        });
    }
    let dir = cx.session.predictions.project_dir().map(|dir| dir.to_string_lossy().into_owned()).unwrap_or_default();
    let line = quoted(["motionscope".to_owned(), "predict".to_owned(), dir]);
    let text = "Predict this video or all of the project, here or by this command in a terminal. Predictions appear here by \
                themselves.";
    empty_state(ui, "No predictions of this video", text, |ui| {
        primary_button(ui, cx, Command::PredictClip, Command::PredictClip.text());
        command_button(ui, cx, Command::PredictAll, Command::PredictAll.text());
        ui.label(RichText::new(&line).monospace());
        if ui.button("Copy command").clicked() {
            ui.ctx().copy_text(line.clone());
        }
    });
}

/// Files that are not shown, and why.
fn doubts_ui(ui: &mut Ui, cx: &PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    for doubt in cx.session.predictions.doubts() {
        remark(ui, tokens.warning, |ui| _ = ui.label(doubt.to_string()));
    }
}

/// The choice among the predictions of the video.
fn files_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let predictions = &cx.session.predictions;
    let Some(shown) = predictions.file() else { return };
    let mut chosen = None;
    field(ui, "Model", |ui, label| {
        let list = ComboBox::from_id_salt("predictions").selected_text(&shown.facts.model).width(220.0);
        let list = list.show_ui(ui, |ui| {
            for file in predictions.found_files() {
                let text = format!("{}, {}", file.facts.model, file.written);
                let response = ui.selectable_label(file.path == shown.path, text);
                if response.on_hover_text(file.path.to_string_lossy()).clicked() {
                    chosen = Some(file.path.clone());
                }
            }
        });
        list.response.labelled_by(label).on_hover_text(shown.path.to_string_lossy());
    });
    explanation(ui, &description(shown));
    if let Some(path) = chosen {
        cx.session.predictions.choose(&path);
    }
}

fn description(file: &PredictionFile) -> String {
    let every = match file.facts.stride {
        1 => "every frame".into(),
        stride => format!("every {stride} frames"),
    };
    format!("{} scored, {every}; written {} (UTC)", counted(file.facts.scored(), "frame"), file.written)
}

fn commands_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let rows: [&[(Command, &str)]; 3] = [
        &[
            (Command::AcceptBout, "Accept"),
            (Command::RejectBout, "Reject"),
            (Command::PreviousBout, "Previous"),
            (Command::NextBout, "Next"),
            (Command::UncertainBout, "Most uncertain"),
        ],
        &[
            (Command::AcceptClassBouts, "Accept class"),
            (Command::RejectClassBouts, "Reject class"),
            (Command::AcceptVideoBouts, "Accept video"),
            (Command::RejectVideoBouts, "Reject video"),
        ],
        &[(Command::RestoreBouts, "Restore rejected")],
    ];
    let rejected = cx.session.labeling.video().is_some_and(|(_, video)| !video.rejected.is_empty());
    for row in &rows[..if rejected { 3 } else { 2 }] {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
            for (command, text) in *row {
                command_button(ui, cx, *command, *text);
            }
        });
    }
}
