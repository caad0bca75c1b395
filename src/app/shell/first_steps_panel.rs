//! The guided first run at the left of everything: what is done, what comes next, and a button that leads there.

use eframe::egui::{Label, RichText, ScrollArea, Sense, Ui, vec2};

use super::first_steps::{FirstStep, Guide, STOPS};
use crate::app::command::Command;
use crate::app::command::button::{icon_button, primary_button};
use crate::app::panel::PanelContext;
use crate::app::ui::icon::Icon;
use crate::app::ui::theme::Tokens;

/// Width, in points.
pub const GUIDE_WIDTH: f32 = 232.0;
/// Diameter of a step's mark, in points.
const MARK: f32 = 18.0;

/// Draws the steps of `guide`.
pub fn guide_ui(ui: &mut Ui, guide: &Guide, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.label(RichText::new("First steps").heading());
        ui.with_layout(eframe::egui::Layout::right_to_left(eframe::egui::Align::Center), |ui| {
            icon_button(ui, cx, Command::Guide, Icon::Close, false);
        });
    });
    ui.add_space(4.0);
    let next = guide.next();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for (place, stop) in STOPS.iter().enumerate() {
            stop_ui(ui, stop, place, guide.is_done(place), next == Some(place), cx);
        }
        if next.is_none() {
            ui.add_space(8.0);
            let text = "You have trained your own model. F1 lists shortcuts; Ctrl+P finds any command.";
            ui.add(Label::new(RichText::new(text).color(tokens.weak)).wrap());
        }
    });
}

fn stop_ui(ui: &mut Ui, stop: &FirstStep, place: usize, is_done: bool, is_next: bool, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(MARK, MARK), Sense::hover());
        let color = if is_done {
            tokens.good
        } else if is_next {
            tokens.accent
        } else {
            tokens.outline
        };
        ui.painter().circle_filled(rect.center(), MARK / 2.0, color);
        let number = (place + 1).to_string();
        let font = eframe::egui::TextStyle::Small.resolve(ui.style());
        ui.painter().text(rect.center(), eframe::egui::Align2::CENTER_CENTER, number, font, tokens.background);
        let title = RichText::new(stop.title).color(if is_next { tokens.strong } else { tokens.weak });
        let label = ui.label(if is_done { title.strikethrough() } else { title });
        label.on_hover_text(if is_done { "Done" } else { stop.text });
    });
    if is_next {
        ui.indent(place, |ui| {
            ui.add(Label::new(RichText::new(stop.text).color(tokens.weak)).wrap());
            ui.add_space(4.0);
            primary_button(ui, cx, stop.way.0, stop.way.1);
        });
    }
}
