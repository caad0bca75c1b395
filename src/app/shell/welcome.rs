//! What a person sees first: the ways in.

use eframe::egui::{Align, Label, Layout, RichText, Role, ScrollArea, TextureId, Ui, UiBuilder, WidgetInfo, vec2};

use super::dropping::takes_dropped_files;
use crate::app::command::Command;
use crate::app::command::button::{command_button, primary_button};
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::theme::{RADIUS, Tokens, semibold};
use crate::app::ui::widgets::row_response;
use crate::names::distinct_names;

/// Height of the line above the recent files, in points.
const LINE: f32 = 24.0;
/// Width of the column, in points.
const WIDTH: f32 = 400.0;

/// Draws the welcome screen into the viewer's place; `wheel` is the picture of the colour wheel.
pub fn welcome_ui(ui: &mut Ui, wheel: TextureId, cx: &mut PanelContext<'_>) {
    let area = ui.available_rect_before_wrap();
    ui.painter().rect_filled(area, 0.0, Tokens::of(ui).background);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let width = WIDTH.min(ui.available_width() - 32.0);
        let height = 300.0 + 26.0 * cx.settings.recent.len() as f32;
        let below_offer = cx.session.end_of_offer.map_or(0.0, |end| end - area.top());
        ui.add_space(((area.height() - height) * 0.45).max(20.0).max(below_offer));
        ui.horizontal(|ui| {
            ui.add_space((ui.available_width() - width) / 2.0);
            ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::Min), |ui| {
                ui.set_width(width);
                column_ui(ui, wheel, cx);
            });
        });
    });
}

fn column_ui(ui: &mut Ui, wheel: TextureId, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        ui.image((wheel, vec2(34.0, 34.0)));
        ui.label(RichText::new("Motionscope").font(semibold(28.0)).color(tokens.strong));
    });
    ui.add_space(4.0);
    let text = "See the optical flow and action predictions of a hidden two-stream network.";
    ui.add(Label::new(RichText::new(text).color(tokens.weak)).wrap());
    ui.add_space(18.0);
    ui.horizontal_wrapped(|ui| {
        primary_button(ui, cx, Command::Open, "Open clip…");
        command_button(ui, cx, Command::OpenSample, "Open sample");
        command_button(ui, cx, Command::OpenFolder, "Open folder…");
        command_button(ui, cx, Command::ShowLive, "Camera…");
    });
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        command_button(ui, cx, Command::Guide, "First steps: from a clip to your own model");
    });
    ui.add_space(8.0);
    // One line, whatever is in it: what is below does not move.
    ui.allocate_ui_with_layout(vec2(ui.available_width(), LINE), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_height(LINE);
        line_ui(ui, cx);
    });
    if !cx.settings.recent.is_empty() {
        ui.add_space(22.0);
        ui.label(RichText::new("Recent").small().color(tokens.weak));
        ui.add_space(2.0);
        recent_ui(ui, cx);
    }
}

/// How far the sample is that is being generated, else what else can be done here.
fn line_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let weak = Tokens::of(ui).weak;
    if let Some(progress) = cx.session.sample_progress() {
        ui.spinner();
        ui.label(RichText::new(progress).color(weak));
        if ui.small_button("Cancel").on_hover_text(Command::StopSample.tooltip()).clicked() {
            cx.run(Command::StopSample);
        }
    } else if takes_dropped_files() {
        ui.label(RichText::new("or drop a clip, a folder of clips or a model folder here").color(weak));
    }
}

fn recent_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    let recent = cx.settings.recent.clone();
    for (name, path) in distinct_names(&recent).into_iter().zip(recent) {
        let row = row_response(ui, 26.0);
        row.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        if row.hovered() {
            ui.painter().rect_filled(row.rect, RADIUS, tokens.raised);
        }
        let folder = path.parent().unwrap_or(&path).display().to_string();
        let content = row.rect.shrink2(vec2(8.0, 0.0));
        ui.scope_builder(UiBuilder::new().max_rect(content).layout(Layout::left_to_right(Align::Center)), |ui| {
            ui.add(Label::new(RichText::new(name).color(tokens.accent)).truncate());
            ui.add(Label::new(RichText::new(folder).small().color(tokens.weak)).truncate());
        });
        if row.on_hover_text(path.display().to_string()).clicked() {
            cx.actions.push(Action::Open(path));
        }
    }
}
