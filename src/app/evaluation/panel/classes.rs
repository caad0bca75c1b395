//! Precision, recall and F1 of every class, in any order; a click on a class lists its clips.

use eframe::egui::{Button, Grid, Label, RichText, ScrollArea, TextStyle, Ui};

use super::clip_filter::{ClipFilter, WantedClips};
use crate::app::ui::format::percent_or_dash;
use crate::app::ui::theme::Tokens;
use crate::evaluation::{ActionsReport, ClassFigures, StreamReport, interval_in_percent};

/// A column that rows can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClassColumn {
    Class,
    Clips,
    Precision,
    Recall,
    F1,
}

const COLUMNS: [(ClassColumn, &str, &str); 5] = [
    (ClassColumn::Class, "Class", "Sort in model order"),
    (ClassColumn::Clips, "Clips", "Number of clips of the class"),
    (ClassColumn::Precision, "Prec.", "Precision: correct share of predictions of this class, %"),
    (ClassColumn::Recall, "Recall", "Recall: correctly predicted share of this class, %"),
    (ClassColumn::F1, "F1", "Harmonic mean of precision and recall, %"),
];

/// Horizontal padding of a head, in points.
const HEAD_PADDING: f32 = 2.0;

/// The column that orders the rows, and the direction.
pub(super) struct Order {
    column: ClassColumn,
    descending: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self { column: ClassColumn::Recall, descending: false }
    }
}

impl Order {
    /// Returns the classes in this order; those without a value come last.
    fn of(&self, classes: &[ClassFigures]) -> Vec<usize> {
        let value = |class: usize| {
            let figures = &classes[class];
            match self.column {
                ClassColumn::Class => Some(class as f64),
                ClassColumn::Clips => Some(figures.clips as f64),
                ClassColumn::Precision => figures.precision,
                ClassColumn::Recall => figures.recall,
                ClassColumn::F1 => figures.f1,
            }
        };
        let mut order: Vec<usize> = (0..classes.len()).collect();
        order.sort_by(|&a, &b| match (value(a), value(b)) {
            (Some(a), Some(b)) if self.descending => b.total_cmp(&a),
            (Some(a), Some(b)) => a.total_cmp(&b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        });
        order
    }
}

/// Draws the table.
pub(super) fn classes_ui(
    ui: &mut Ui,
    order: &mut Order,
    report: &ActionsReport,
    stream: &StreamReport,
) -> Option<WantedClips> {
    let tokens = Tokens::of(ui);
    let mut wanted = None;
    ScrollArea::both().id_salt("classes").auto_shrink(false).show(ui, |ui| {
        Grid::new("classes").striped(true).spacing([10.0, 2.0]).min_row_height(20.0).show(ui, |ui| {
            for (column, title, tooltip) in COLUMNS {
                head_ui(ui, order, column, title, tooltip);
                if column == ClassColumn::Recall {
                    ui.label(RichText::new("95 % interval").small().color(tokens.weak))
                        .on_hover_text("Wilson score interval of recall, %");
                }
            }
            ui.end_row();
            for class in order.of(&stream.classes) {
                let figures = &stream.classes[class];
                let name = Label::new(RichText::new(&report.classes[class]).color(tokens.accent)).truncate();
                let clicked = ui
                    .scope(|ui| {
                        ui.set_max_width(150.0);
                        ui.add(name.sense(eframe::egui::Sense::click()))
                    })
                    .inner
                    .on_hover_text(format!("List the clips of {}", report.classes[class]))
                    .clicked();
                if clicked {
                    wanted = Some(WantedClips::Clips(ClipFilter::Class(class)));
                }
                let [precision, recall, f1] = [figures.precision, figures.recall, figures.f1].map(percent_or_dash);
                let interval = interval_in_percent(stream.classes[class].interval);
                for cell in [figures.clips.to_string(), precision, recall, interval, f1] {
                    ui.label(RichText::new(cell).text_style(TextStyle::Monospace));
                }
                ui.end_row();
            }
        });
    });
    wanted
}

/// Draws the head of a column; a click sorts by it, a second one reverses the order.
fn head_ui(ui: &mut Ui, order: &mut Order, column: ClassColumn, title: &str, tooltip: &str) {
    let active = order.column == column;
    let mark = match (active, order.descending) {
        (false, _) => "",
        (true, false) => " ↑",
        (true, true) => " ↓",
    };
    let text = RichText::new(format!("{title}{mark}")).small();
    let button = Button::selectable(active, text).small();
    let head = ui.scope(|ui| {
        // Aligned with the cells, which have no frame.
        ui.spacing_mut().button_padding.x = HEAD_PADDING;
        ui.add(button)
    });
    if head.inner.on_hover_text(format!("{tooltip}. Click to sort")).clicked() {
        order.descending = active && !order.descending;
        order.column = column;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_without_a_value_come_last_in_both_directions() {
        let figures = |recall| ClassFigures { clips: 1, precision: None, recall, f1: None, interval: None };
        let classes = [None, Some(0.5), Some(0.1), Some(0.9)].map(figures);
        let order = |descending| Order { column: ClassColumn::Recall, descending }.of(&classes);
        assert_eq!((order(false), order(true)), (vec![2, 1, 3, 0], vec![3, 1, 2, 0]));
    }
}
