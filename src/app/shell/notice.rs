//! The latest problem, over the pictures until it is dismissed: what, why, and what to do. It moves nothing and covers no panel.

use eframe::egui::{Align, Align2, Area, Button, Frame, Id, Label, Layout, Order, Rect, RichText, Stroke, Ui, vec2};

use crate::app::command::Command;
use crate::app::panel::PanelContext;
use crate::app::ui::icon::Icon;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::ui::widgets::remark;
use crate::error::Error;

/// Its width where there is room, and its distance from the edges of its place, in points.
const WIDTH: f32 = 620.0;
const MARGIN: f32 = 12.0;

/// Draws `error` at the lower edge of `within`.
pub fn notice_ui(ui: &Ui, error: &Error, within: Rect, cx: &mut PanelContext<'_>) {
    let area = Area::new(Id::unique("notice")).order(Order::Middle).pivot(Align2::CENTER_BOTTOM);
    area.fixed_pos(within.center_bottom() - vec2(0.0, MARGIN)).show(ui.ctx(), |ui| {
        let frame = Frame::new().stroke(Stroke::new(1.0, Tokens::of(ui).outline)).corner_radius(RADIUS);
        frame.show(ui, |ui| {
            ui.set_width(WIDTH.min(within.width() - 2.0 * MARGIN));
            error_ui(ui, error, cx);
        });
    });
}

fn error_ui(ui: &mut Ui, error: &Error, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    remark(ui, tokens.error, |ui| {
        ui.with_layout(Layout::right_to_left(Align::TOP), |ui| {
            let close = Button::new(Icon::Close.atom()).frame_when_inactive(false).min_size(vec2(24.0, 22.0));
            if ui.add(close).accessible_name("Dismiss").on_hover_text("Dismiss").clicked() {
                cx.session.notice = None;
            }
            if ui.button("Log").on_hover_text("Open the log").clicked() {
                cx.run(Command::ShowLog);
            }
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                let subject = RichText::new(&error.subject).strong().color(tokens.strong);
                ui.add(Label::new(subject).truncate()).on_hover_text(&error.subject);
                let text = format!("{}. {}.", capitalised(&error.cause), error.remedy);
                ui.add(Label::new(text).wrap().selectable(true));
            });
        });
    });
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
