//! Everything that happened, newest at the bottom, to be read, filtered and copied.

use eframe::egui::{Label, RichText, ScrollArea, TextStyle, TextWrapMode, Ui};

use super::log::{CAPACITY, Line, LogLevel};
use crate::app::panel::Panel;
use crate::app::panel::PanelContext;
use crate::app::ui::theme::Tokens;

/// Between lines, in points.
const GAP: f32 = 4.0;
/// About how wide a letter is, in points.
const LETTER: f32 = 6.5;

/// The log panel.
pub struct LogPanel {
    level: LogLevel,
    heights: LineHeights,
}

impl Default for LogPanel {
    fn default() -> Self {
        Self { level: LogLevel::Info, heights: LineHeights::default() }
    }
}

/// How high lines are: as they were drawn, or about as their length lets expect.
#[derive(Default)]
struct LineHeights {
    /// The width that they were drawn in.
    width: f32,
    /// By the number of a line modulo [`CAPACITY`]: the number and the height.
    drawn: Vec<Option<(usize, f32)>>,
}

impl LineHeights {
    fn begin(&mut self, width: f32) {
        if self.width != width || self.drawn.is_empty() {
            (self.width, self.drawn) = (width, vec![None; CAPACITY]);
        }
    }

    fn of(&self, line: &Line, row: f32) -> f32 {
        let drawn = self.drawn[line.number % CAPACITY].filter(|(number, _)| *number == line.number);
        let rows = |width: f32| (line.text.len() as f32 * LETTER / width.max(LETTER)).ceil().max(1.0);
        drawn.map_or_else(|| rows(self.width) * row + GAP, |(_, height)| height)
    }

    fn keep(&mut self, line: &Line, height: f32) {
        self.drawn[line.number % CAPACITY] = Some((line.number, height));
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
        let row = ui.text_style_height(&TextStyle::Body);
        ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true).show_viewport(ui, |ui, seen| {
            if cx.session.log.lines(self.level).next().is_none() {
                ui.label(RichText::new("No messages").color(Tokens::of(ui).weak));
            }
            ui.spacing_mut().item_spacing.y = 0.0;
            self.heights.begin(ui.available_width());
            // Lines out of view only keep their place free: there may be thousands.
            let (mut top, mut free) = (0.0, 0.0);
            for line in cx.session.log.lines(self.level) {
                let height = self.heights.of(line, row);
                let is_seen = top + height >= seen.top() && top <= seen.bottom();
                top += height;
                if !is_seen {
                    free += height;
                    continue;
                }
                ui.add_space(std::mem::take(&mut free));
                let drawn = ui.push_id(line.number, |ui| line_ui(ui, line)).response.rect.height();
                ui.add_space(GAP);
                self.heights.keep(line, drawn + GAP);
            }
            ui.add_space(free);
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
