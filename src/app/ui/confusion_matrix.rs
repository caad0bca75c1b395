//! The confusion matrix as a picture: hovering shows a cell's classes and clips, a click selects it.

use std::f32::consts::FRAC_PI_2;

use eframe::egui::epaint::TextShape;
use eframe::egui::{Align2, Color32, FontId, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::theme::{Tokens, text_on};
use crate::evaluation::Confusion;
use crate::plural::counted;

/// Largest side of a cell, in points.
const LARGEST_CELL: f32 = 36.0;
/// Smallest side of a cell whose name is legible, in points.
const NAMED_CELL: f32 = 10.5;
/// Maximum space for names, in points.
const NAMES: f32 = 92.0;
/// Largest size of a name, in points.
const FONT: f32 = 11.0;

/// Layout of the cells.
struct Matrix {
    corner: Pos2,
    cell: f32,
    classes: usize,
}

impl Matrix {
    fn cell(&self, label: usize, guess: usize) -> Rect {
        let at = vec2(guess as f32, label as f32) * self.cell;
        Rect::from_min_size(self.corner + at, vec2(self.cell, self.cell))
    }

    fn at(&self, point: Pos2) -> Option<(usize, usize)> {
        let place = (point - self.corner) / self.cell;
        let index = |value: f32| (value >= 0.0 && value < self.classes as f32).then_some(value as usize);
        Some((index(place.y)?, index(place.x)?))
    }

    fn rect(&self) -> Rect {
        let side = self.cell * self.classes as f32;
        Rect::from_min_size(self.corner, vec2(side, side))
    }
}

/// Draws the matrix of these classes; the cell that was clicked, as class and guess, if it has clips.
pub fn confusion_matrix_ui(ui: &mut Ui, names: &[String], confusion: &Confusion) -> Option<(usize, usize)> {
    let tokens = Tokens::of(ui);
    let classes = names.len();
    let width = ui.available_width() - 4.0;
    let font = FontId::proportional(FONT);
    // With very many classes names are unreadable, however short they are.
    let could_be_named = width / classes as f32 >= NAMED_CELL;
    let widths = names.iter().filter(|_| could_be_named).map(|name| fitted(ui, name, &font, tokens.weak).size().x);
    let margin = widths.fold(0.0, f32::max) + 8.0;
    let named = ((width - margin) / classes as f32).min(LARGEST_CELL);
    let has_names = named >= NAMED_CELL;
    let (margin, cell) =
        if has_names { (margin, named) } else { (0.0, (width / classes as f32).clamp(1.0, LARGEST_CELL)) };
    let side = cell * classes as f32;
    let (area, response) = ui.allocate_exact_size(vec2(margin + side, margin + side), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Confusion matrix"));
    if !ui.is_rect_visible(area) {
        return None;
    }
    let matrix = Matrix { corner: area.min + vec2(margin, margin), cell, classes };
    let painter = ui.painter_at(area.expand(1.0));
    painter.rect_filled(matrix.rect(), 0.0, tokens.background);
    for (label, row) in confusion.counts.iter().enumerate() {
        let total = row.iter().sum::<usize>().max(1);
        for (guess, &clips) in row.iter().enumerate().filter(|(_, clips)| **clips > 0) {
            let color = if guess == label { tokens.accent } else { tokens.error };
            let share = clips as f32 / total as f32;
            let color = tokens.background.blend(color.gamma_multiply(0.2 + 0.8 * share));
            painter.rect_filled(matrix.cell(label, guess), 0.0, color);
            if cell >= 20.0 {
                let at = matrix.cell(label, guess).center();
                painter.text(at, Align2::CENTER_CENTER, clips.to_string(), font.clone(), text_on(color));
            }
        }
    }
    painter.rect_stroke(matrix.rect(), 0.0, Stroke::new(1.0, tokens.outline), StrokeKind::Outside);
    let hovered = response.hover_pos().and_then(|point| matrix.at(point));
    if has_names {
        names_ui(ui, &matrix, names, hovered);
    }
    let (label, guess) = hovered?;
    let lines = [
        Rect::from_min_max(pos2(matrix.corner.x, matrix.cell(label, 0).min.y), matrix.cell(label, classes - 1).max),
        Rect::from_min_max(pos2(matrix.cell(0, guess).min.x, matrix.corner.y), matrix.cell(classes - 1, guess).max),
    ];
    for line in lines {
        painter.rect_stroke(line, 0.0, Stroke::new(1.0, tokens.weak), StrokeKind::Inside);
    }
    let row = &confusion.counts[label];
    let (clips, all) = (row[guess], row.iter().sum::<usize>());
    let (name, taken) = (&names[label], &names[guess]);
    let text = match label == guess {
        true => format!("{name}: {clips} of {} correct", counted(all, "clip")),
        false => format!("{name} predicted as {taken}: {clips} of {}", counted(all, "clip")),
    };
    let clicked = response.clicked();
    response.on_hover_text_at_pointer(text);
    (clicked && clips > 0).then_some((label, guess))
}

/// Draws the names of the rows at the left and those of the columns above, upwards; hovered ones are emphasised.
fn names_ui(ui: &Ui, matrix: &Matrix, classes: &[String], hovered: Option<(usize, usize)>) {
    let tokens = Tokens::of(ui);
    let font = FontId::proportional((matrix.cell - 1.0).min(FONT));
    let color = |is_hovered: bool| -> Color32 { if is_hovered { tokens.strong } else { tokens.weak } };
    for (class, name) in classes.iter().enumerate() {
        let (row, column) =
            (hovered.map(|(row, _)| row) == Some(class), hovered.map(|(_, column)| column) == Some(class));
        let at = |color| fitted(ui, name, &font, color);
        let galley = at(color(row));
        let place = matrix.cell(class, 0).left_center() - vec2(galley.size().x + 4.0, galley.size().y / 2.0);
        ui.painter().galley(place, galley, tokens.weak);
        let galley = at(color(column));
        let place = matrix.cell(0, class).center_top() - vec2(galley.size().y / 2.0, 4.0);
        ui.painter().add(TextShape::new(place, galley, tokens.weak).with_angle(-FRAC_PI_2));
    }
}

/// Returns a name in one line, truncated if it is too long.
fn fitted(ui: &Ui, name: &str, font: &FontId, color: Color32) -> std::sync::Arc<eframe::egui::Galley> {
    let mut job = eframe::egui::text::LayoutJob::simple_singleline(name.to_owned(), font.clone(), color);
    job.wrap = eframe::egui::text::TextWrapping::truncate_at_width(NAMES - 8.0);
    ui.painter().layout_job(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_under_the_pointer() {
        let matrix = Matrix { corner: pos2(10.0, 20.0), cell: 5.0, classes: 3 };
        assert_eq!(matrix.at(pos2(10.0, 20.0)), Some((0, 0)));
        assert_eq!(matrix.at(matrix.cell(2, 1).center()), Some((2, 1)));
        for outside in [pos2(9.9, 22.0), pos2(25.1, 22.0), pos2(12.0, 35.1)] {
            assert_eq!(matrix.at(outside), None);
        }
    }
}
