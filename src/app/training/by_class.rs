//! How many held-out clips of each class each stream classifies correctly; a click lists the wrong ones.

use eframe::egui::{Align, Button, CollapsingHeader, Label, Layout, RichText, TextStyle, Ui, UiBuilder, vec2};

use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::inner_list;
use crate::evaluation::HeldOutReport;

/// Height of the row of a class, in points.
const ROW: f32 = 20.0;
/// Most height of the rows, in points.
const HEIGHT: f32 = 240.0;
/// Width of the column of a stream, and the most of the names, in points.
const COLUMN: f32 = 74.0;
const NAMES: f32 = 160.0;

/// The clips that are listed, where not all wrong ones are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app::training) enum ChosenClips {
    /// Those of a class that the stream that decides took for another, or the same.
    Cell {
        /// Their class.
        label: usize,
        /// Its prediction.
        guess: usize,
    },
    /// Those of a class that a stream gets wrong.
    OfClass {
        /// The place of the stream in the report.
        stream: usize,
        /// Their class.
        class: usize,
    },
}

/// Draws the table, which is folded until a person opens it; what was clicked.
pub(in crate::app::training) fn by_class_ui(ui: &mut Ui, report: &HeldOutReport) -> Option<ChosenClips> {
    let counts: Vec<_> = report.streams.iter().map(|stream| report.by_class(stream)).collect();
    let first = counts.first()?;
    let classes: Vec<usize> = (0..report.classes.len()).filter(|&class| first[class][1] > 0).collect();
    let mut chosen = None;
    CollapsingHeader::new("By class").id_salt("by class").show(ui, |ui| {
        let names = (ui.available_width() - COLUMN * (counts.len() + 1) as f32).clamp(60.0, NAMES);
        let small = |text: &str, color| RichText::new(text).small().color(color);
        let weak = Tokens::of(ui).weak;
        row_ui(ui, names, |ui, column| {
            let title = match column.checked_sub(1) {
                _ if column > counts.len() + 1 => return false,
                None => "",
                Some(0) => "Clips",
                Some(place) => stream_title(report.streams[place - 1].name),
            };
            ui.add(Label::new(small(title, weak)).truncate());
            true
        });
        let rows = inner_list(HEIGHT).id_salt("held-out classes");
        ui.spacing_mut().item_spacing.y = 0.0;
        rows.show_rows(ui, ROW, classes.len(), |ui, range| {
            for &class in &classes[range] {
                let name = &report.classes[class];
                row_ui(ui, names, |ui, column| {
                    match column.checked_sub(1) {
                        _ if column > counts.len() + 1 => return false,
                        None => _ = ui.add(Label::new(name).truncate()).on_hover_text(name),
                        Some(0) => _ = ui.label(figure(first[class][1])),
                        Some(place) => {
                            let (stream, counts) = (place - 1, counts[place - 1][class]);
                            if count_ui(ui, (name, stream_title(report.streams[stream].name)), counts) {
                                chosen = Some(ChosenClips::OfClass { stream, class });
                            }
                        }
                    }
                    true
                });
            }
        });
    });
    chosen
}

/// How many clips of a class are correct; whether the wrong ones are asked for.
fn count_ui(ui: &mut Ui, (class, stream): (&str, &str), [correct, of]: [usize; 2]) -> bool {
    if correct == of {
        ui.label(figure(correct));
        return false;
    }
    let text = figure(correct).color(Tokens::of(ui).accent);
    let button =
        ui.add(Button::new(text).frame(false)).accessible_name(format!("{class}, {stream}: {correct} of {of}"));
    button.on_hover_text(format!("List the {} wrong by {} scores", of - correct, stream.to_lowercase())).clicked()
}

fn figure(count: usize) -> RichText {
    RichText::new(count.to_string()).text_style(TextStyle::Monospace)
}

/// Draws the cells of a row, from left to right, until `cell_ui` draws none.
fn row_ui(ui: &mut Ui, names: f32, mut cell_ui: impl FnMut(&mut Ui, usize) -> bool) {
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), eframe::egui::Sense::hover());
    let mut left = row.left();
    for column in 0.. {
        let width = if column == 0 { names } else { COLUMN };
        let cell = row.with_min_x(left).with_max_x(left + width - 4.0);
        let builder = UiBuilder::new().max_rect(cell).layout(Layout::left_to_right(Align::Center));
        if !cell_ui(&mut ui.new_child(builder), column) {
            break;
        }
        left += width;
    }
}

/// The name of a stream as a person reads it.
pub(in crate::app::training) fn stream_title(name: &str) -> &'static str {
    match name {
        "spatial" => "Spatial",
        "temporal" => "Temporal",
        _ => "Fused",
    }
}
