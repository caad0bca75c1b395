//! The predicted classes: how many bouts each has, and which one the settings and the list are about.

use eframe::egui::{Button, Grid, RichText, ScrollArea, Ui};

use crate::app::labeling::chip::label_color;
use crate::app::panel::PanelContext;
use crate::app::predictions::review::{BoutState, ReviewedBout, class_of};
use crate::app::ui::theme::Tokens;
use crate::labels::{Label, edits};

/// Most height of the table, in points: nine classes and a half, so that more of them are seen to be there.
const TABLE: f32 = 252.0;

/// What of the bouts is counted: open, accepted, rejected.
const STATES: [(BoutState, &str); 3] =
    [(BoutState::Open, "Open"), (BoutState::Labelled, "Labelled"), (BoutState::Rejected, "Rejected")];

/// Draws the table; a click on a class chooses it.
pub(super) fn classes_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let bouts = cx.session.predictions.all();
    let classes: Vec<(usize, String)> =
        cx.session.predictions.classes().map(|(place, name)| (place, name.to_owned())).collect();
    let chosen = cx.session.predictions.class.clone();
    let (mut choice, mut added) = (None, None);
    // With many classes the table scrolls by itself, so that the settings and the bouts below stay in view.
    let area = ScrollArea::vertical().id_salt("predicted classes").max_height(TABLE).auto_shrink([false, true]);
    area.show(ui, |ui| {
        let grid = Grid::new("predicted classes").striped(true).min_col_width(8.0).spacing([14.0, 2.0]);
        grid.min_row_height(20.0).show(ui, |ui| {
            ui.label("");
            ui.label(RichText::new("Class").small().color(tokens.weak));
            STATES.iter().for_each(|(_, title)| _ = ui.label(RichText::new(*title).small().color(tokens.weak)));
            ui.end_row();
            ui.label("");
            if ui.add(Button::selectable(chosen.is_none(), "All classes")).clicked() {
                choice = Some(None);
            }
            counts_ui(ui, bouts.iter());
            ui.end_row();
            for (place, name) in &classes {
                let own = || bouts.iter().filter(|bout| bout.class == *place);
                let Some(document) = cx.session.labeling.document() else { return };
                let class = class_of(document, name);
                match class {
                    Some(id) => _ = ui.colored_label(label_color(ui, document, Label::Class(id)), "●"),
                    None => _ = ui.label(""),
                }
                if ui.add(Button::selectable(chosen.as_ref() == Some(name), name)).clicked() {
                    choice = Some(Some(name.clone()));
                }
                counts_ui(ui, own());
                if class.is_none()
                    && ui.small_button("Add class").on_hover_text("Add this class to the project").clicked()
                {
                    added = Some(name.clone());
                }
                ui.end_row();
            }
        });
    });
    if let Some(choice) = choice {
        cx.session.predictions.class = choice;
    }
    if let Some(name) = added {
        cx.edit(move |document| edits::add_class(document, &name).map(|(_, step)| step));
    }
}

fn counts_ui<'a>(ui: &mut Ui, bouts: impl Iterator<Item = &'a ReviewedBout>) {
    let mut counts = [0_usize; 3];
    for bout in bouts {
        counts[STATES.iter().position(|(state, _)| *state == bout.state).unwrap_or_default()] += 1;
    }
    counts.iter().for_each(|count| _ = ui.label(count.to_string()));
}
