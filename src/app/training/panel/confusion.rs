//! What the stream recognises of the validation clips, as the newest measurement has it: which classes it takes for which, and how
//! much of each class.

use eframe::egui::{Align2, FontId, Grid, Label, Rect, RichText, Role, Sense, TextStyle, Ui, WidgetInfo, vec2};

use crate::app::training::diagnostics::TrainingDiagnostics;
use crate::app::ui::confusion_matrix::confusion_matrix_ui;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::ui::widgets::section;

/// Room for the names of the classes, in points.
const NAMES: f32 = 110.0;

/// Draws bars and matrix of the newest measurement.
pub(super) fn confusion_ui(ui: &mut Ui, diagnostics: &TrainingDiagnostics) {
    let Some((step, confusion)) = &diagnostics.confusion else { return };
    let figures = confusion.classes();
    let right: usize = (0..figures.len()).map(|class| confusion.counts[class][class]).sum();
    let clips: usize = figures.iter().map(|class| class.clips).sum();
    section(ui, &format!("Validation after step {step}: {right} of {clips} clips correct"));
    Grid::new("class-bars").num_columns(2).spacing([8.0, 2.0]).show(ui, |ui| {
        for (class, name) in diagnostics.classes.iter().enumerate() {
            ui.scope(|ui| {
                ui.set_max_width(NAMES);
                ui.add(Label::new(RichText::new(name).text_style(TextStyle::Small)).truncate());
            });
            bar_ui(ui, name, confusion.counts[class][class], figures[class].clips);
            ui.end_row();
        }
    });
    ui.add_space(6.0);
    confusion_matrix_ui(ui, &diagnostics.classes, confusion);
}

/// How many of the clips of a class are recognised.
fn bar_ui(ui: &mut Ui, class: &str, right: usize, of: usize) {
    let tokens = Tokens::of(ui);
    let (area, response) = ui.allocate_exact_size(vec2(ui.available_width().max(40.0), 14.0), Sense::hover());
    let text = format!("{right} of {of}");
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{class}: {text} correct")));
    let share = right as f32 / of.max(1) as f32;
    ui.painter().rect_filled(area, RADIUS, tokens.raised);
    let filled = Rect::from_min_size(area.min, vec2(area.width() * share, area.height()));
    ui.painter().rect_filled(filled, RADIUS, tokens.accent.gamma_multiply(0.7));
    let font = FontId::proportional(10.0);
    ui.painter().text(area.left_center() + vec2(6.0, 0.0), Align2::LEFT_CENTER, text, font, tokens.strong);
}
