//! The predicted classes of a window, before and now.

use eframe::egui::{Align, Label, Layout, Rect, RichText, Sense, TextStyle, Ui, pos2, vec2};

use crate::app::ui::theme::Tokens;
use crate::engine::PinnedPrediction;
use crate::nets::fusion::{percent, unsure_text};
use crate::ranking::falling;

/// Number of classes shown.
const SHOWN: usize = 3;
/// Height of a bar, in points.
const BAR: f32 = 5.0;
/// Widths of the columns of names and numbers, in points.
const NAME: f32 = 120.0;
const NUMBERS: f32 = 84.0;

/// Draws the likeliest classes with their probability before and now.
pub(super) fn scores_ui(ui: &mut Ui, before: Option<&PinnedPrediction>, now: Option<&PinnedPrediction>) {
    let rows = rows(before, now);
    if rows.is_empty() {
        return;
    }
    let tokens = Tokens::of(ui);
    if let (Some(leading), Some(likeliest)) = (now.or(before), rows.first()) {
        unsure_ui(ui, leading, &likeliest.class);
    }
    let height = ui.text_style_height(&TextStyle::Small) + 4.0;
    for ScoreRow { class, before, now } in rows {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let name = vec2(NAME.min(ui.available_width() * 0.35), height);
            ui.allocate_ui_with_layout(name, Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(name.x);
                ui.add(Label::new(RichText::new(&class).small().color(tokens.text)).truncate()).on_hover_text(&class);
            });
            let width = (ui.available_width() - NUMBERS - 6.0).max(30.0);
            let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
            bar(ui, rect, 0.5 - BAR - 1.0, before.unwrap_or(0.0), tokens.weak);
            bar(ui, rect, 0.5, now.unwrap_or(0.0), tokens.accent);
            let text = |share: Option<f32>| share.map_or("–".into(), |share| format!("{} %", percent(share, 0)));
            let text = format!("{} → {}", text(before), text(now));
            ui.label(RichText::new(text).small().color(tokens.text));
        });
    }
}

/// Draws a remark that the likeliest class is uncertain.
fn unsure_ui(ui: &mut Ui, prediction: &PinnedPrediction, class: &str) {
    let PinnedPrediction { fusion, scores, .. } = prediction;
    if let Some(doubt) = scores.doubt(fusion) {
        let text = RichText::new(unsure_text(class)).small().color(Tokens::of(ui).warning);
        ui.add(Label::new(text).truncate()).on_hover_text(doubt.in_words());
    }
}

/// Draws a bar that begins `offset` points below the middle of its row.
fn bar(ui: &Ui, row: Rect, offset: f32, share: f32, color: eframe::egui::Color32) {
    let top = row.center().y + offset;
    let whole = Rect::from_min_max(pos2(row.left(), top), pos2(row.right(), top + BAR));
    ui.painter().rect_filled(whole, 2.0, Tokens::of(ui).raised);
    let filled = Rect::from_min_size(whole.min, vec2(whole.width() * share.clamp(0.0, 1.0), BAR));
    ui.painter().rect_filled(filled, 2.0, color);
}

/// A class with its probability before and now, if the networks know the class.
#[derive(Debug, PartialEq)]
struct ScoreRow {
    class: String,
    before: Option<f32>,
    now: Option<f32>,
}

/// Returns the likeliest classes of now, or of before where there is no now.
fn rows(before: Option<&PinnedPrediction>, now: Option<&PinnedPrediction>) -> Vec<ScoreRow> {
    let probabilities = |outlook: &PinnedPrediction| outlook.scores.fused_probabilities(&outlook.fusion);
    let share = |outlook: Option<&PinnedPrediction>, class: &str| {
        let place = outlook?.classes.iter().position(|other| other == class)?;
        probabilities(outlook?).get(place).copied()
    };
    let Some(leading) = now.or(before) else { return Vec::new() };
    let mut classes: Vec<(f32, &String)> = probabilities(leading).into_iter().zip(&leading.classes).collect();
    classes.sort_by(|(a, _), (b, _)| falling(a, b));
    let row = |(_, class): (f32, &String)| ScoreRow {
        class: class.clone(),
        before: share(before, class),
        now: share(now, class),
    };
    classes.into_iter().take(SHOWN).map(row).collect()
}
