//! The project panel: the videos and what is said about them, the classes, and the selected clip.

mod classes;
mod clip;
mod exchange;
mod header;
mod history;
mod label_buttons;
mod reorder;
mod typing;
mod videos;

use std::sync::Arc;

use eframe::egui::{Button, Frame, Id, Label as Text, Panel as Side, RichText, ScrollArea, Ui};

use crate::app::command::Command;
use crate::app::command::button::{command_button, primary_button};
use crate::app::command::prompt::PathPrompt;
use crate::app::panel::Panel;
use crate::app::panel::{Action, Edit, PanelContext};
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{empty_state, explanation, remark};
use crate::app::viewer::clip_list::clip_list_ui;
use crate::app::viewer::clips::ClipFolder;
use crate::labels::{Label, Project, VideoId};
use crate::output::Existing;
use crate::plural::counted;

/// What of the project is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum ProjectPage {
    #[default]
    Videos,
    Classes,
    Clip,
    Exchange,
    /// The clips of a folder that is open beside the project.
    Folder,
}

/// Pages with their titles.
const PAGES: [(ProjectPage, &str, &str); 4] = [
    (ProjectPage::Videos, "Videos", "Videos and their labels"),
    (ProjectPage::Classes, "Classes", "Classes and project settings"),
    (ProjectPage::Clip, "Clip", "Details of the selected video"),
    (ProjectPage::Exchange, "Import/Export", "Import and export labels"),
];
/// The page that is there only while a folder is open beside the project.
const FOLDER: (ProjectPage, &str, &str) =
    (ProjectPage::Folder, "Folder", "Clips of the folder open beside the project");

/// Height, in points, below which what is above the list of videos scrolls, and the share of it that the list has.
const LOW: f32 = 330.0;
const LIST_SHARE: f32 = 0.5;

/// The project panel.
#[derive(Default)]
pub struct ProjectPanel {
    page: ProjectPage,
    videos: videos::VideosPage,
    classes: classes::ClassesPage,
    clip: clip::ClipPage,
    exchange: exchange::ExchangePage,
    buttons: label_buttons::LabelButtons,
}

impl ProjectPanel {
    /// Brings labels of other programs to the front.
    pub fn show_exchange(&mut self) {
        self.page = ProjectPage::Exchange;
    }

    /// Brings the row of a video into view.
    pub fn scroll_to(&mut self, id: VideoId) {
        self.videos.scroll_to(id);
    }

    /// Brings the classes to the front.
    pub fn show_classes(&mut self) {
        self.page = ProjectPage::Classes;
    }

    /// Brings the videos to the front.
    pub fn show_videos(&mut self) {
        self.page = ProjectPage::Videos;
    }

    /// Brings the folder that is open beside the project to the front.
    pub fn show_folder(&mut self) {
        self.page = ProjectPage::Folder;
    }

    /// Returns the changes of `project` by texts that were typed in fields without the `focus`.
    pub fn typed(&mut self, project: Option<&Project>, focus: Option<Id>) -> Vec<Edit> {
        self.clip.typing.left(project, focus)
    }

    /// How many rows of videos were drawn in the last repaint.
    #[cfg(test)]
    pub fn drawn_rows(&self) -> usize {
        self.videos.drawn()
    }

    /// Lets a person type another name for the class of `label`.
    pub fn rename(&mut self, label: Option<Label>) {
        if let Some(Label::Class(id)) = label {
            self.page = ProjectPage::Classes;
            self.classes.rename(id);
        }
    }
}

impl Panel for ProjectPanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        if cx.session.labeling.project().is_none() {
            return no_project_ui(ui, cx);
        }
        if !cx.session.labeling.notes.is_empty() {
            // Below the list: what is above it does not move when they are dismissed.
            let notes = Side::bottom("project notes").frame(Frame::NONE).show_separator_line(false);
            notes.show(ui, |ui| notes_ui(ui, cx));
        }
        let (room, folder) = (ui.available_height(), folder_beside(cx));
        if self.page == ProjectPage::Videos && room < LOW {
            let head = ScrollArea::vertical().id_salt("head").max_height((1.0 - LIST_SHARE) * room);
            head.show(ui, |ui| self.head_ui(ui, folder.is_some(), cx));
        } else {
            self.head_ui(ui, folder.is_some(), cx);
        }
        match self.page {
            ProjectPage::Videos => self.videos.videos_ui(ui, cx),
            ProjectPage::Classes => self.classes.classes_ui(ui, cx),
            ProjectPage::Clip => self.clip.clip_ui(ui, cx),
            ProjectPage::Exchange => self.exchange.exchange_ui(ui, cx),
            ProjectPage::Folder => {
                if let Some(folder) = folder {
                    self.folder_beside_ui(ui, &folder, cx);
                }
            }
        }
    }
}

impl ProjectPanel {
    /// What is above a page: the head of the project, the titles of the pages, and what can be done with videos.
    fn head_ui(&mut self, ui: &mut Ui, has_folder: bool, cx: &mut PanelContext<'_>) {
        header::header_ui(ui, cx);
        if !has_folder && self.page == ProjectPage::Folder {
            self.page = ProjectPage::Videos;
        }
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            for (page, title, tooltip) in PAGES.into_iter().chain(has_folder.then_some(FOLDER)) {
                ui.selectable_value(&mut self.page, page, title).on_hover_text(tooltip);
            }
        });
        if self.page == ProjectPage::Videos {
            self.buttons.label_buttons_ui(ui, cx);
            videos::choices_ui(ui, cx);
        }
    }

    /// The clips of a folder that is open beside the project, and what can be done with them.
    fn folder_beside_ui(&mut self, ui: &mut Ui, folder: &ClipFolder, cx: &mut PanelContext<'_>) {
        explanation(ui, "This folder is open beside the project; its clips are not in the project.");
        ui.horizontal_wrapped(|ui| {
            let state = cx.available(Command::AddFolder);
            let add = ui.add_enabled(state.is_ok(), Button::new("Add to project"));
            let add = add.on_hover_text("Add every clip of this folder to the project");
            if add.on_disabled_hover_text(state.err().unwrap_or_default()).clicked() {
                let question = PathPrompt::Of(Command::AddFolder);
                cx.actions.push(Action::Answer(question, folder.dir.clone(), Existing::Keep));
                self.page = ProjectPage::Videos;
            }
            if ui.button("Close folder").on_hover_text("Remove this list; an open clip stays open").clicked() {
                cx.session.folder = None;
            }
        });
        folder_ui(ui, folder, cx);
    }
}

/// The folder that is open beside the project, unless it is the project's own.
fn folder_beside(cx: &PanelContext<'_>) -> Option<Arc<ClipFolder>> {
    let project = cx.session.labeling.project()?;
    cx.session.folder.clone().filter(|folder| folder.dir != project.dir())
}

fn no_project_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    if cx.session.labeling.opening.is_some() {
        return empty_state(ui, "Opening the project…", "Reading videos and labels.", |ui| {
            ui.spinner();
            command_button(ui, cx, Command::CancelOpening, "Cancel");
        });
    }
    if let Some(folder) = cx.session.folder.clone() {
        return folder_ui(ui, &folder, cx);
    }
    let text = "A project is a folder that stores labels for your videos. Choose a folder of clips or an empty one, add classes, and press their digits while you watch.";
    empty_state(ui, "Label your videos", text, |ui| {
        primary_button(ui, cx, Command::NewProject, "New project…");
        ui.add_space(2.0);
        command_button(ui, cx, Command::OpenProject, "Open project…");
    });
}

/// The clips of the folder that was opened, and the offer to label them.
fn folder_ui(ui: &mut Ui, folder: &ClipFolder, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let name = folder.dir.file_name().unwrap_or(folder.dir.as_os_str()).to_string_lossy();
    ui.add(Text::new(RichText::new(name).heading()).truncate()).on_hover_text(folder.dir.display().to_string());
    let place = cx.session.place_in_folder().map(|(_, place)| place);
    let count = match place {
        Some(place) => format!("clip {} of {}", place + 1, folder.clips.len()),
        None => counted(folder.clips.len(), "clip"),
    };
    ui.label(RichText::new(count).color(tokens.weak));
    ui.horizontal_wrapped(|ui| {
        command_button(ui, cx, Command::PreviousVideo, "Previous");
        command_button(ui, cx, Command::NextVideo, "Next");
        if folder.has_classes {
            let tooltip = match cx.session.labeling.project() {
                None => "Create a project labelled by sub-folder names",
                Some(_) => "Close the project and create one labelled by sub-folder names",
            };
            if ui.button("Label by folder").on_hover_text(tooltip).clicked() {
                cx.actions.push(Action::LabelFolder(folder.dir.clone()));
            }
        }
        let tooltip = match cx.session.labeling.project() {
            None => "Create a project in this folder",
            Some(_) => "Close the project and create one in this folder",
        };
        let button = ui.button("Create a project").on_hover_text(tooltip);
        if button.clicked() {
            cx.actions.push(Action::MakeProject(folder.dir.clone()));
        }
    });
    ui.separator();
    clip_list_ui(ui, ScrollArea::vertical().id_salt("folder").auto_shrink(false), folder, cx);
}

/// What was told when the project was opened, until it is dismissed.
fn notes_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    const SHOWN: usize = 3;
    let tokens = Tokens::of(ui);
    let mut dismissed = false;
    remark(ui, tokens.warning, |ui| {
        for note in cx.session.labeling.notes.iter().take(SHOWN) {
            ui.add(Text::new(note.to_string()).wrap().selectable(true));
        }
        let more = cx.session.labeling.notes.len().saturating_sub(SHOWN);
        if more > 0 {
            ui.label(RichText::new(format!("and {more} more; see the log")).color(tokens.weak));
        }
        dismissed = ui.small_button("Dismiss").clicked();
    });
    if dismissed {
        cx.session.labeling.notes.clear();
    }
}
