//! The head of the project panel: its name, how far the labelling is, and what can be done with all of it.

use eframe::egui::{Align, Label as Text, Layout, ProgressBar, RichText, Ui, vec2};

use crate::app::command::Command;
use crate::app::command::button::{command_button, icon_button};
use crate::app::labeling::suggestions::SuggestionPhase;
use crate::app::panel::{Action, PanelContext};
use crate::app::shell::menu::item_ui;
use crate::app::ui::icon::Icon;
use crate::app::ui::theme::Tokens;

/// Height of the bar that shows how far the labelling is, in points.
const HEIGHT: f32 = 16.0;

/// Draws the head.
pub(super) fn header_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let Some(project) = cx.session.labeling.project() else { return };
    let (name, dir) = (project.document().settings.name.clone(), project.dir().display().to_string());
    let read_only = project.is_read_only();
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 3.0;
            icon_button(ui, cx, Command::Redo, Icon::Redo, false);
            icon_button(ui, cx, Command::Undo, Icon::Undo, false);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Text::new(RichText::new(name).heading()).truncate()).on_hover_text(dir);
                if read_only {
                    let text = RichText::new("read-only").small().color(tokens.warning);
                    let reason = cx.session.labeling.can_edit().err().unwrap_or_default();
                    ui.label(text).on_hover_text(reason);
                }
            });
        });
    });
    progress_ui(ui, cx);
    ui.horizontal_wrapped(|ui| {
        add_menu_ui(ui, cx);
        let running = cx.session.labeling.suggestions.phase != SuggestionPhase::Idle;
        command_button(ui, cx, Command::Suggest, if running { "Stop" } else { "Suggest" });
        more_menu_ui(ui, cx);
    });
    ui.add_space(2.0);
}

/// How many videos are labelled, or how far the suggestions are.
fn progress_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let labeling = &mut cx.session.labeling;
    let labelled = labeling.list().labelled();
    let all = labeling.document().map_or(0, |document| document.videos.len());
    let (share, text) = match (labeling.suggestions.phase, labeling.suggestions.progress()) {
        (SuggestionPhase::Preparing, _) => (0.0, "Loading model…".to_owned()),
        (_, Some((done, of))) => (done as f32 / of.max(1) as f32, format!("Suggesting labels: {done} of {of} videos")),
        (_, None) if labeling.is_searching() => (0.0, "Searching for videos…".to_owned()),
        (_, None) => (labelled as f32 / all.max(1) as f32, format!("{labelled} of {all} labelled")),
    };
    let text = RichText::new(text).small().color(Tokens::of(ui).strong);
    let bar = ProgressBar::new(share).desired_height(HEIGHT).text(text);
    if !labeling.is_searching() {
        ui.add(bar);
        return;
    }
    let size = vec2(ui.available_width(), HEIGHT);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        if ui.small_button("Cancel").on_hover_text("Stop searching for videos").clicked() {
            cx.actions.push(Action::StopSearches);
        }
        ui.add(bar);
    });
}

fn add_menu_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let response = ui.menu_button("Add…", |ui| {
        for command in [Command::AddVideos, Command::AddFolder] {
            item_ui(ui, command, cx);
        }
    });
    response.response.on_hover_text("Add videos to the project without moving them");
}

fn more_menu_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    ui.menu_button("More", |ui| {
        for command in [
            Command::ExchangeLabels,
            Command::SaveProject,
            Command::NewProject,
            Command::OpenProject,
            Command::CloseProject,
        ] {
            item_ui(ui, command, cx);
        }
    });
}
