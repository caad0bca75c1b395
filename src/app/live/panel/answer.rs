//! The prediction: the top class in large letters and the likeliest classes as bars.

use eframe::egui::{
    Align2, Color32, Label, Rect, RichText, Role, ScrollArea, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2,
};

use crate::app::labeling::chip::model_class_color;
use crate::app::live::state::fault;
use crate::app::panel::PanelContext;
use crate::app::session::Session;
use crate::app::ui::theme::{Tokens, semibold};
use crate::app::ui::widgets::{explanation, remark};
use crate::engine::{LiveView, ModelInfo};
use crate::error::Error;
use crate::nets::WINDOW_FRAMES;
use crate::nets::fusion::{Firmness, NO_CLASS, percent};

/// Number of classes shown.
const SHOWN: usize = 6;
/// Height of the answer, in points.
const ANSWER: f32 = 28.0;
/// Least height of the place of the answer, in points: a message of a few lines has room.
const FAULT: f32 = 76.0;
/// Height of a class's row, in points.
const ROW: f32 = 24.0;
/// Room for a share at the right of a row, in points.
const NUMBERS: f32 = 42.0;

/// Why there is no answer after so many captured frames.
pub fn why_none(model: Option<&ModelInfo>, captured: u64) -> &'static str {
    match model {
        None => "No model is loaded. Load or train one.",
        Some(model) if !model.has_spatial && !model.has_temporal => {
            "This model predicts flow only. Train a temporal or spatial stream."
        }
        Some(_) if captured >= WINDOW_FRAMES as u64 => "Waiting for the first prediction…",
        Some(_) => "Predictions start after eleven frames.",
    }
}

/// Draws the answer of `view`, or why its source does not deliver, in a place that is always as high: nothing below it moves.
pub fn answer_ui(ui: &mut Ui, view: &LiveView, cx: &PanelContext<'_>) {
    let classes = cx.session.model.as_ref().map_or(0, |model| model.classes.len());
    let rows = classes.min(SHOWN) as f32;
    let height = (ANSWER + rows * (ROW + ui.spacing().item_spacing.y)).max(FAULT);
    ui.scope(|ui| {
        ui.set_min_height(height);
        match fault(view) {
            Some(error) => {
                let place = ScrollArea::vertical().id_salt("fault of the source").max_height(height);
                place.show(ui, |ui| fault_ui(ui, error, view.camera.captured == 0));
            }
            None => bars_ui(ui, view, cx),
        }
    });
}

/// Says why the source does not deliver: its last answer is out of date. `never` is whether there was no frame yet.
fn fault_ui(ui: &mut Ui, error: &Error, never: bool) {
    remark(ui, Tokens::of(ui).warning, |ui| {
        ui.add(Label::new(error.to_string()).wrap().selectable(true));
        if never {
            ui.label("Stop to change the source.");
        }
    });
}

/// Returns what a multi-label model finds in `view`, all classes that reach their thresholds; `None` of other models.
pub(super) fn found(view: &LiveView, session: &Session) -> Option<String> {
    let (model, result) = (session.model.as_ref()?, view.result.as_ref()?);
    // The answer may still be that of the model before.
    let is_of_model = session.fusion.is_multi_label() && *result.classes == model.classes[..];
    is_of_model.then(|| model.shown_names(&result.answer.shares))
}

fn bars_ui(ui: &mut Ui, view: &LiveView, cx: &PanelContext<'_>) {
    let model = cx.session.model.as_ref();
    let ranked = view.result.as_ref().map_or_else(Vec::new, |result| result.ranked());
    let tokens = Tokens::of(ui);
    let Some((class, share)) = ranked.first() else { return explanation(ui, why_none(model, view.camera.captured)) };
    let firmness = view.result.as_ref().map_or(Firmness::Sure, |result| result.answer.firmness(&cx.session.fusion));
    let found = found(view, cx.session);
    ui.horizontal(|ui| {
        if let Some(found) = &found {
            let color = if found == NO_CLASS { tokens.weak } else { tokens.strong };
            let text = RichText::new(found).font(semibold(22.0)).color(color);
            ui.add(Label::new(text).truncate()).on_hover_text("Classes that reach their thresholds");
            return;
        }
        ui.label(RichText::new(format!("{} %", percent(*share, 0))).font(semibold(22.0)).color(tokens.fused));
        let color = if firmness == Firmness::Sure { tokens.strong } else { tokens.weak };
        let text = RichText::new(firmness.text(class)).font(semibold(22.0)).color(color);
        let answer = ui.add(Label::new(text).truncate());
        match firmness {
            Firmness::Sure => {}
            Firmness::Waiting(_) => _ = answer.on_hover_text("Hysteresis waits until the lead has lasted"),
            Firmness::Unsure(doubt) => _ = answer.on_hover_text(doubt.in_words()),
        }
    });
    for (class, share) in ranked.iter().take(SHOWN) {
        let place = model.and_then(|model| model.classes.iter().position(|other| other == class));
        row_ui(ui, class, model_class_color(cx.session, place.unwrap_or(0)), *share);
    }
}

fn row_ui(ui: &mut Ui, class: &str, color: Color32, share: f32) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let bar = Rect::from_min_max(rect.min + vec2(0.0, 2.0), pos2(rect.right() - NUMBERS, rect.bottom() - 2.0));
    let painter = ui.painter_at(rect);
    painter.rect_filled(bar, 3.0, tokens.raised);
    let filled = Rect::from_min_size(bar.min, vec2(bar.width() * share.clamp(0.0, 1.0), bar.height()));
    painter.rect_filled(filled, 3.0, tokens.fused.gamma_multiply(0.45));
    let font = TextStyle::Body.resolve(ui.style());
    let text = ui.painter_at(bar.shrink2(vec2(4.0, 0.0)));
    painter.circle_filled(bar.left_center() + vec2(10.0, 0.0), 3.0, color);
    text.text(bar.left_center() + vec2(19.0, 0.0), Align2::LEFT_CENTER, class, font.clone(), tokens.strong);
    painter.text(rect.right_center(), Align2::RIGHT_CENTER, format!("{} %", percent(share, 0)), font, tokens.text);
    let text = format!("{class}: {} %", percent(share, 0));
    response.widget_info(|| WidgetInfo::labeled(Role::Row, true, &text));
}
