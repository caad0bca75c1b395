//! The clips of the folder that was opened: a list, and the way to the clip before and after.

use eframe::egui::containers::menu::MenuButton;
use eframe::egui::{Button, RichText, ScrollArea, TextStyle, Ui};

use super::clips::ClipFolder;
use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, menu_list};

/// Width of the list in the menu, in points.
const MENU: f32 = 320.0;

/// Draws the clips into `area`, one a row; those that cannot be opened say so.
pub fn clip_list_ui(ui: &mut Ui, area: ScrollArea, folder: &ClipFolder, cx: &mut PanelContext<'_>) {
    let open = cx.session.place_in_folder().map(|(_, place)| place);
    let warning = Tokens::of(ui).warning;
    if !folder.beside.is_empty() {
        ui.horizontal(|ui| {
            explanation(ui, &format!("{} more in sub-folders", folder.beside.len()));
            if ui.small_button("List all").on_hover_text("List the clips of the sub-folders too").clicked() {
                cx.actions.push(Action::ListSubFolders);
            }
        });
    }
    let height = ui.text_style_height(&TextStyle::Body) + ui.spacing().button_padding.y * 2.0;
    area.show_rows(ui, height, folder.clips.len(), |ui, rows| {
        for place in rows {
            let (name, clip) = (folder.name(place), &folder.clips[place]);
            let row = match cx.session.faults.get(clip) {
                None => ui.selectable_label(open == Some(place), name),
                Some(fault) => {
                    let text = RichText::new(format!("{name} – cannot be opened")).color(warning);
                    ui.add(Button::selectable(open == Some(place), text)).on_hover_text(fault.to_string())
                }
            };
            if row.clicked() {
                cx.actions.push(Action::Open(clip.clone()));
            }
        }
    });
}

/// Draws which clip of the folder is open, `3 of 24`, between the ways to its neighbours; a click lists all. Nothing for a clip of
/// the project, whose list counts.
pub fn clip_steps_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    if cx.session.labeling.selected().is_some() {
        return;
    }
    let Some((folder, place)) = cx.session.place_in_folder().map(|(folder, place)| (folder.clone(), place)) else {
        return;
    };
    ui.add_space(8.0);
    // From right to left.
    command_button(ui, cx, Command::NextVideo, "›");
    let text = RichText::new(format!("{} of {}", place + 1, folder.clips.len())).small();
    let (response, _) = MenuButton::new(text).ui(ui, |ui| {
        ui.set_width(MENU);
        let area = menu_list(ui);
        clip_list_ui(ui, area, &folder, cx);
    });
    response.accessible_name("Clips of the folder").on_hover_text("List the clips of this folder");
    command_button(ui, cx, Command::PreviousVideo, "‹");
    if !folder.beside.is_empty() {
        let more = ui.small_button(format!("+{} in sub-folders", folder.beside.len()));
        if more.on_hover_text("List the clips of the sub-folders too").clicked() {
            cx.actions.push(Action::ListSubFolders);
        }
    }
}
