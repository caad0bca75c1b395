//! The confusion matrix and the most confused classes; a click lists the clips.

use eframe::egui::{Label, RichText, Sense, Ui};

use super::clip_filter::ClipFilter;
use super::clip_filter::WantedClips;
use crate::app::ui::confusion_matrix::confusion_matrix_ui;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, section};
use crate::evaluation::{ActionsReport, StreamReport};
use crate::plural::counted;

/// Maximum number of confused pairs listed.
const PAIRS: usize = 10;

/// Draws the matrix and the most confused pairs.
pub(super) fn confusion_ui(ui: &mut Ui, report: &ActionsReport, stream: &StreamReport) -> Option<WantedClips> {
    if report.classes.is_empty() {
        return None;
    }
    let clicked = confusion_matrix_ui(ui, &report.classes, &stream.confusion);
    explanation(ui, "Rows: true class. Columns: predicted class. Blue is correct, red is wrong, normalised by row.");
    section(ui, "Most confused");
    if stream.most_confused.is_empty() {
        explanation(ui, "No clips are confused.");
    }
    let mut wanted = clicked.map(|(label, guess)| WantedClips::Clips(ClipFilter::Pair { label, guess }));
    for pair in stream.most_confused.iter().take(PAIRS) {
        let (label, guess) = (&report.classes[pair.label], &report.classes[pair.guess]);
        let text = format!("{label} predicted as {guess}, {}", counted(pair.clips, "clip"));
        let link = Label::new(RichText::new(text).color(Tokens::of(ui).accent)).truncate().sense(Sense::click());
        if ui.add(link).on_hover_text("List these clips").clicked() {
            wanted = Some(WantedClips::Clips(ClipFilter::Pair { label: pair.label, guess: pair.guess }));
        }
    }
    wanted
}
