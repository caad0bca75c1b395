//! The latest problem, in a strip under the menu until it is dismissed: what, why, and what to do.

use eframe::egui::{Align, Button, Label, Layout, RichText, Ui, vec2};

use crate::app::actions::PanelContext;
use crate::app::command::Command;
use crate::app::icon::Icon;
use crate::app::theme::Tokens;
use crate::app::widgets::remark;
use crate::error::Error;

/// Draws `error`.
pub fn notice_ui(ui: &mut Ui, error: &Error, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    remark(ui, tokens.error, |ui| {
        ui.with_layout(Layout::right_to_left(Align::TOP), |ui| {
            let close = Button::new(Icon::Close.atom()).frame_when_inactive(false).min_size(vec2(24.0, 22.0));
            if ui.add(close).accessible_name("Dismiss").on_hover_text("Dismiss").clicked() {
                cx.session.notice = None;
            }
            if ui.button("Log").on_hover_text("Show everything that happened").clicked() {
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
