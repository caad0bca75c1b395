//! What the stream recognises of the validation clips, as the newest measurement has it: which classes it takes for which, and how
//! much of each class.

use eframe::egui::{
    Align, Align2, FontId, Label, Layout, Rect, RichText, Role, Sense, TextStyle, Ui, UiBuilder, WidgetInfo, vec2,
};

use crate::app::training::curve_names::how_measured;
use crate::app::training::state::TrainingState;
use crate::app::ui::confusion_matrix::confusion_matrix_ui;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::ui::widgets::{explanation, rows_in_view, section};

/// Height of the row of a class, in points.
const ROW: f32 = 16.0;
/// Room for the names of the classes, and between them and the bars, in points.
const NAMES: f32 = 110.0;
const GAP: f32 = 8.0;

/// Draws bars and matrix of the newest measurement; the cell that was clicked, if its clips `can_list`.
pub(super) fn confusion_ui(ui: &mut Ui, training: &TrainingState, can_list: bool) -> Option<(usize, usize)> {
    let diagnostics = &training.diagnostics;
    let (step, confusion) = diagnostics.confusion.as_ref()?;
    let figures = confusion.classes();
    let right: usize = (0..figures.len()).map(|class| confusion.counts[class][class]).sum();
    let clips: usize = figures.iter().map(|class| class.clips).sum();
    section(
        ui,
        &format!(
            "Validation after step {step}: {right} of {clips} clips correct{}",
            how_measured(&diagnostics.measured, training.network())
        ),
    );
    rows_in_view(ui, ROW, diagnostics.classes.len(), |ui, class| {
        let (row, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
        let name = &diagnostics.classes[class];
        let place = Rect::from_min_size(row.min, vec2(NAMES, ROW));
        let left = UiBuilder::new().max_rect(place).layout(Layout::left_to_right(Align::Center));
        ui.new_child(left).add(Label::new(RichText::new(name).text_style(TextStyle::Small)).truncate());
        let (right, of) = (confusion.counts[class][class], figures[class].clips);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}: {right} of {of} correct")));
        bar_ui(ui, row.with_min_x(place.right() + GAP).shrink2(vec2(0.0, 1.0)), right, of);
    });
    ui.add_space(6.0);
    let clicked = confusion_matrix_ui(ui, &diagnostics.classes, confusion);
    let axes = "Rows: true class. Columns: predicted class.";
    match can_list {
        true => explanation(ui, &format!("{axes} Click a cell to list its clips above.")),
        false => explanation(ui, axes),
    }
    clicked.filter(|_| can_list)
}

/// How many of the clips of a class are recognised.
fn bar_ui(ui: &Ui, area: Rect, right: usize, of: usize) {
    let tokens = Tokens::of(ui);
    let text = format!("{right} of {of}");
    let share = right as f32 / of.max(1) as f32;
    ui.painter().rect_filled(area, RADIUS, tokens.raised);
    let filled = Rect::from_min_size(area.min, vec2(area.width() * share, area.height()));
    ui.painter().rect_filled(filled, RADIUS, tokens.accent.gamma_multiply(0.7));
    let font = FontId::proportional(10.0);
    ui.painter().text(area.left_center() + vec2(6.0, 0.0), Align2::LEFT_CENTER, text, font, tokens.strong);
}
