//! The head of the project panel: its name, how far the labelling is, and what can be done with all of it.

use eframe::egui::{Align, Label as Text, Layout, RichText, Ui, vec2};

use super::history::history_ui;
use crate::app::command::Command;
use crate::app::command::button::{command_button, icon_button};
use crate::app::labeling::suggestions::SuggestionPhase;
use crate::app::panel::{Action, PanelContext};
use crate::app::shell::menu::item_ui;
use crate::app::ui::icon::Icon;
use crate::app::ui::progress::filled;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::menu_list;

/// Height of the line with the name and the bar, and of that bar, in points.
const LINE: f32 = 22.0;
const BAR: f32 = 16.0;
/// Share of the line that the name may have.
const NAME: f32 = 0.5;
/// Space between the lines, in points: the room is for the list of videos.
const BETWEEN: f32 = 4.0;

/// What screen readers call the answers to the offer of labels by folders.
const YES: &str = "Label clips by folder";
const NO: &str = "Leave clips unlabelled";

/// Draws the head.
pub(super) fn header_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    ui.spacing_mut().item_spacing.y = BETWEEN;
    let width = ui.available_width();
    ui.allocate_ui_with_layout(vec2(width, LINE), Layout::left_to_right(Align::Center), |ui| {
        // A question has the place of the name, so that nothing moves.
        if !cx.session.labeling.is_searching() && !offers_folders(cx) {
            let place = Layout::left_to_right(Align::Center);
            ui.allocate_ui_with_layout(vec2(NAME * width, LINE), place, |ui| name_ui(ui, cx));
        }
        progress_ui(ui, cx);
    });
    ui.horizontal_wrapped(|ui| {
        add_menu_ui(ui, cx);
        let running = cx.session.labeling.suggestions.phase != SuggestionPhase::Idle;
        command_button(ui, cx, Command::Suggest, if running { "Stop" } else { "Suggest" });
        command_button(ui, cx, Command::TrainOnLabels, Command::TrainOnLabels.text());
        more_menu_ui(ui, cx);
        ui.spacing_mut().item_spacing.x = 3.0;
        icon_button(ui, cx, Command::Undo, Icon::Undo, false);
        icon_button(ui, cx, Command::Redo, Icon::Redo, false);
    });
}

/// The name of the project.
fn name_ui(ui: &mut Ui, cx: &PanelContext<'_>) {
    let Some(project) = cx.session.labeling.project() else { return };
    let (name, dir) = (project.document().settings.name.clone(), project.dir().display().to_string());
    ui.set_max_width(ui.available_width());
    if project.is_read_only() {
        let text = RichText::new("read-only").small().color(Tokens::of(ui).warning);
        let reason = cx.session.labeling.can_edit().err().unwrap_or_default();
        ui.label(text).on_hover_text(reason);
    }
    ui.add(Text::new(RichText::new(name).heading()).truncate()).on_hover_text(dir);
}

/// How many videos are labelled, or how far the suggestions are.
fn progress_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let offers = offers_folders(cx);
    let labeling = &mut cx.session.labeling;
    let labelled = labeling.list().labelled();
    let all = labeling.document().map_or(0, |document| document.videos.len());
    let (share, text) = match labeling.suggestions.progress() {
        _ if labeling.suggestions.phase == SuggestionPhase::Preparing => (0.0, "Loading model…".to_owned()),
        Some(progress) => {
            let (done, of) = progress.counts(); // The status bar has the time left.
            (progress.share(), format!("Suggesting labels: {done} of {of}"))
        }
        None if labeling.is_searching() => (0.0, labeling.searches.in_words()),
        None if offers => (0.0, format!("0 of {all} labelled. Label by folder?")),
        None => (labelled as f32 / all.max(1) as f32, format!("{labelled} of {all} labelled")),
    };
    let text = RichText::new(text).small().color(Tokens::of(ui).strong);
    let bar = filled(ui, share).desired_height(BAR).text(text);
    if !labeling.is_searching() && !offers {
        ui.add(bar);
        return;
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if offers {
            if ui.small_button("No").accessible_name(NO).on_hover_text("Leave all clips unlabelled").clicked() {
                cx.actions.push(Action::DeclineFolders);
            }
            if ui.small_button("Label").accessible_name(YES).on_hover_text(Command::LabelByFolders.tooltip()).clicked()
            {
                cx.run(Command::LabelByFolders);
            }
        } else if ui.small_button("Cancel").on_hover_text("Stop searching for videos").clicked() {
            cx.actions.push(Action::StopSearches);
        }
        ui.add(bar);
    });
}

/// Whether the clips of the project can be labelled by their folders, and nobody has said no.
fn offers_folders(cx: &mut PanelContext<'_>) -> bool {
    let labeling = &mut cx.session.labeling;
    if labeling.is_searching() || labeling.suggestions.phase != SuggestionPhase::Idle {
        return false;
    }
    let mut offer = std::mem::take(&mut labeling.offer);
    let project = labeling.project().filter(|project| cx.settings.labeling.may_offer_folders(project.dir()));
    let offers = project.is_some_and(|project| !offer.folders(project).is_empty());
    labeling.offer = offer;
    offers
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
        ui.menu_button("History", |ui| menu_list(ui).show(ui, |ui| history_ui(ui, cx)));
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
