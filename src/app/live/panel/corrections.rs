//! Misclassified clips kept for the next training.

use std::path::{Path, PathBuf};

use eframe::egui::{Align, Button, CollapsingHeader, Label, Layout, RichText, Ui, vec2};

use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::icon::Icon;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, inner_list, remark};
use crate::engine::Request;
use crate::engine::live::CLIP_SECS;
use crate::output::DELETED;
use crate::plural::counted;

/// Height of the clips of a class that are seen at a time, in points; the others scroll.
const CLIPS: f32 = 160.0;

/// Draws the corrections by class.
pub fn corrections_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let slow = cx.session.live.view.as_ref().and_then(|view| view.slow);
    if let Some(slow) = slow {
        remark(ui, Tokens::of(ui).warning, |ui| {
            ui.add(Label::new(format!("A clip saved now has {}.", slow.in_words())).wrap());
        });
    }
    let corrections = cx.session.live.corrections.clone();
    if corrections.is_empty() {
        let keys = Command::CorrectLive.shortcut_text(ui.ctx());
        explanation(
            ui,
            &format!(
                "No corrections yet. If a prediction is wrong, press {keys} and choose the correct class: the last {CLIP_SECS:.0} seconds are saved as a training clip."
            ),
        );
    }
    for (class, clips) in &corrections {
        class_ui(ui, class, clips, cx);
    }
    undo_ui(ui, cx);
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        command_button(ui, cx, Command::TrainOnCorrections, "Train on these");
        let button = command_button(ui, cx, Command::ChooseCorrections, "Folder…");
        if let Some(folder) = &cx.session.live.listed {
            button.on_hover_text(folder.display().to_string());
        }
    });
}

/// A class with its clips, each of which can be opened and removed.
fn class_ui(ui: &mut Ui, class: &str, clips: &[PathBuf], cx: &mut PanelContext<'_>) {
    let title = format!("{class}: {}", counted(clips.len(), "clip"));
    CollapsingHeader::new(title).id_salt(class).show(ui, |ui| {
        // A row of its own height for each: there may be hundreds.
        let row = ui.spacing().interact_size.y;
        let list = inner_list(CLIPS).id_salt(class);
        list.show_rows(ui, row, clips.len(), |ui, rows| {
            for clip in &clips[rows] {
                let size = vec2(ui.available_width(), row);
                ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
                    ui.set_min_size(size);
                    clip_ui(ui, clip, cx);
                });
            }
        });
    });
}

/// Draws the row of a clip, from right to left.
fn clip_ui(ui: &mut Ui, clip: &Path, cx: &mut PanelContext<'_>) {
    let name = clip.file_name().unwrap_or_default().to_string_lossy();
    let button = ui.add(Button::new(Icon::Close.atom()).frame_when_inactive(false));
    let button = button.accessible_name(format!("Remove {name}"));
    if button.on_hover_text(format!("Remove this clip: moves its file to {DELETED}")).clicked()
        && let Some(folder) = cx.session.live.listed.clone()
    {
        cx.send(Request::RemoveCorrection { folder, clip: clip.to_owned() });
    }
    // While something is watched only a button that says so ends it.
    let is_live = cx.session.live.is_active();
    let button = is_live.then(|| ui.small_button("Open (stops live)"));
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        let label = match is_live {
            true => ui.add(Label::new(&*name).truncate()),
            false => ui.add(Button::selectable(false, &*name).truncate()),
        };
        if button.unwrap_or(label).on_hover_text("Open this clip").clicked() {
            cx.actions.push(Action::Open(clip.to_owned()));
        }
    });
}

/// What was removed last, with a way back.
fn undo_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let Some(removed) = cx.session.live.removed.clone() else { return };
    ui.horizontal_wrapped(|ui| {
        let name = removed.clip.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = RichText::new(format!("Removed {name}")).small().color(Tokens::of(ui).weak);
        ui.label(text).on_hover_text(format!("Moved to {}", removed.place.display()));
        if ui.link(RichText::new("Undo").small()).on_hover_text("Move the file back").clicked() {
            cx.session.live.removed = None;
            cx.send(Request::RestoreCorrection(removed));
        }
    });
}
