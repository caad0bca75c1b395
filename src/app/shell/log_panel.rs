//! Everything that happened, newest at the bottom, to be read, filtered and copied.

use eframe::egui::{Label, RichText, ScrollArea, TextStyle, TextWrapMode, Ui};

use super::log::{Line, LogLevel};
use crate::app::panel::Panel;
use crate::app::panel::PanelContext;
use crate::app::ui::theme::Tokens;

/// The log panel.
pub struct LogPanel {
    level: LogLevel,
}

impl Default for LogPanel {
    fn default() -> Self {
        Self { level: LogLevel::Info }
    }
}

impl Panel for LogPanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        ui.horizontal_wrapped(|ui| {
            for (level, text) in [(LogLevel::Info, "All"), (LogLevel::Warning, "Warnings"), (LogLevel::Error, "Errors")]
            {
                let count = cx.session.log.lines(level).count();
                ui.selectable_value(&mut self.level, level, format!("{text} {count}"));
            }
            if ui.button("Copy").on_hover_text("Copy visible lines").clicked() {
                ui.ctx().copy_text(cx.session.log.to_text(self.level));
            }
            if ui.button("Clear").on_hover_text("Clear the log").clicked() {
                cx.session.log.clear();
            }
        });
        ui.separator();
        ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            if cx.session.log.lines(self.level).next().is_none() {
                ui.label(RichText::new("No messages").color(Tokens::of(ui).weak));
            }
            for line in cx.session.log.lines(self.level) {
                line_ui(ui, line);
            }
        });
    }
}

fn line_ui(ui: &mut Ui, line: &Line) {
    let tokens = Tokens::of(ui);
    let color = match line.level {
        LogLevel::Info => tokens.text,
        LogLevel::Warning => tokens.warning,
        LogLevel::Error => tokens.error,
    };
    ui.horizontal_top(|ui| {
        let clock = RichText::new(line.clock()).text_style(TextStyle::Monospace).color(tokens.weak);
        ui.add(Label::new(clock).wrap_mode(TextWrapMode::Extend));
        ui.add(Label::new(RichText::new(&line.text).color(color)).wrap().selectable(true));
    })
    .response
    .on_hover_text(line.level.name())
    .context_menu(|ui| {
        if ui.button("Copy line").clicked() {
            ui.ctx().copy_text(line.to_text());
            ui.close();
        }
    });
}
