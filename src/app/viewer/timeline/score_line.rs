//! The scores of the likeliest classes over time, in a strip below the timeline.

use eframe::egui::{
    Align2, Color32, FontId, Id, Painter, Rect, Response, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use super::axis::Axis;
use crate::app::labeling::chip::model_class_color;
use crate::app::panel::PanelContext;
use crate::app::scores::state::ClipScoresPhase;
use crate::app::session::Session;
use crate::app::ui::theme::Tokens;
use crate::engine::Prediction;
use crate::nets::fusion::percent;
use crate::ranking::falling;

/// Height of the strip, in points.
const HEIGHT: f32 = 26.0;
/// What the strip says while it has no lines.
const EMPTY: &str = "Scores over time";
/// Height of the names above the lines, in points.
const NAMES: f32 = 11.0;
/// Room for the dot before the name of a line, in points.
const DOT: f32 = 9.0;
/// How dark it is below a line in the light theme.
const SHADE: f32 = 0.45;
/// Classes that have a line.
const SHOWN: usize = 3;

/// Draws the strip, empty until the whole clip is scored; its response, to be scrubbed.
pub(super) fn score_line_ui(ui: &mut Ui, axis: &Axis, cx: &PanelContext<'_>) -> Option<Response> {
    let (rect, response) = place(ui, cx.session, axis.bar.left(), Sense::click_and_drag())?;
    let session = &*cx.session;
    let painter = ui.painter_at(rect);
    let prediction = session.clip_scores.prediction(&session.fusion);
    let classes = session.model.as_ref().map_or(&[][..], |model| &model.classes);
    let Some(prediction) = prediction else {
        let font = FontId::proportional(10.0);
        let text = match session.clip_scores.phase {
            ClipScoresPhase::Idle if session.training.is_active() => format!("{EMPTY}: scoring waits for training"),
            ClipScoresPhase::Idle => format!("{EMPTY}: computed while the Scores panel is shown"),
            ClipScoresPhase::Running => format!("{EMPTY}: scoring…"),
            ClipScoresPhase::Ended => EMPTY.to_owned(),
        };
        painter.text(rect.left_center() + vec2(4.0, 0.0), Align2::LEFT_CENTER, text, font, Tokens::of(ui).weak);
        return Some(response);
    };
    let line = |class: usize| (class, model_class_color(session, class));
    let lines: Vec<_> = leading(&prediction).into_iter().map(line).collect();
    // Bright colours stand out from a bright ground by what is below them.
    let below = (!ui.visuals().dark_mode).then(|| Tokens::of(ui).strong.gamma_multiply(SHADE));
    for (class, color) in lines.iter().rev() {
        let strokes = below.map(|below| Stroke::new(3.0, below)).into_iter().chain([Stroke::new(1.5, *color)]);
        let rect = rect.with_min_y(rect.top() + NAMES);
        strokes.for_each(|stroke| line_ui(&painter, rect, axis, &prediction, *class, stroke));
    }
    let names: Vec<_> =
        lines.iter().filter_map(|(class, color)| Some((classes.get(*class)?.as_str(), *color))).collect();
    names_ui(ui, rect, &names);
    let x = axis.x(session.player.position as f64 + 0.5);
    painter.vline(x, rect.y_range(), Stroke::new(1.5, Tokens::of(ui).accent));
    let Some(pointer) = response.hover_pos() else { return Some(response) };
    let frame = axis.position_at(pointer.x);
    let Some(window) = prediction.windows.iter().min_by(|a, b| distance(a, frame).total_cmp(&distance(b, frame)))
    else {
        return Some(response);
    };
    let share = |class: usize| percent(window.fused.get(class).copied().unwrap_or(0.0), 0);
    let shares = lines.iter().filter_map(|(class, _)| Some(format!("{} {} %", classes.get(*class)?, share(*class))));
    let shares: Vec<_> = shares.collect();
    let [first, last] = [window.start, window.end - 1].map(|frame| cx.settings.frame_numbers.number(frame));
    let text = format!("{}, frames {first} to {last}", shares.join(", "));
    Some(response.on_hover_text_at_pointer(text))
}

/// Keeps the place of the strip free while no clip is open, so that nothing jumps when the next one is.
pub(super) fn no_clip_ui(ui: &mut Ui, session: &Session, left: f32) {
    place(ui, session, left, Sense::hover());
}

/// Takes the strip's place as soon as there is a model with streams: nothing jumps when its lines come.
fn place(ui: &mut Ui, session: &Session, left: f32, sense: Sense) -> Option<(Rect, Response)> {
    let has_streams = session.model.as_ref().is_some_and(|model| model.has_spatial || model.has_temporal);
    if !has_streams && !session.clip_scores.was_used() {
        return None;
    }
    let (whole, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let rect = whole.with_min_x(left);
    let response = ui.interact(rect, Id::unique("scores over time"), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, EMPTY));
    ui.painter().rect_filled(rect, 2.0, Tokens::of(ui).background);
    Some((rect, response))
}

/// The classes that are likeliest in any window, those of them that are likelier than chance there.
fn leading(prediction: &Prediction) -> Vec<usize> {
    let peak = |class: usize| {
        let shares = prediction.windows.iter().filter_map(|window| window.fused.get(class));
        shares.copied().fold(0.0, f32::max)
    };
    let shares: Vec<f32> = (0..prediction.fused.len()).map(peak).collect();
    let mut classes: Vec<usize> = (0..shares.len()).collect();
    classes.sort_by(|a, b| falling(&shares[*a], &shares[*b]));
    let chance = 1.0 / shares.len().max(1) as f32;
    classes
        .into_iter()
        .enumerate()
        .filter(|(place, class)| *place == 0 || shares[*class] > chance)
        .map(|(_, class)| class)
        .take(SHOWN)
        .collect()
}

/// One class: a line through the middles of the windows, level to both ends of the clip.
fn line_ui(painter: &Painter, rect: Rect, axis: &Axis, prediction: &Prediction, class: usize, stroke: Stroke) {
    let y = |share: f32| rect.bottom() - 1.0 - share.clamp(0.0, 1.0) * (rect.height() - 2.0);
    let share = |place: usize| prediction.windows[place].fused.get(class).copied().unwrap_or(0.0);
    let inner = prediction.windows.iter().enumerate().map(|(place, window)| (middle(window), share(place)));
    let last = prediction.windows.len() - 1;
    let ends = [(prediction.windows[0].start as f64, share(0)), (prediction.windows[last].end as f64, share(last))];
    let points = std::iter::once(ends[0]).chain(inner).chain([ends[1]]);
    let points = points.map(|(frame, share)| pos2(axis.x(frame), y(share))).collect();
    painter.add(Shape::line(points, stroke));
}

fn middle(window: &crate::engine::WindowPrediction) -> f64 {
    (window.start + window.end) as f64 / 2.0
}

fn distance(window: &crate::engine::WindowPrediction, frame: f64) -> f64 {
    (middle(window) - frame).abs()
}

/// The names of the lines with dots in their colours, above them.
fn names_ui(ui: &Ui, rect: Rect, names: &[(&str, Color32)]) {
    let painter = ui.painter_at(rect);
    let tokens = Tokens::of(ui);
    let mut left = rect.left() + 4.0;
    for (name, color) in names {
        let galley = painter.layout_no_wrap((*name).to_owned(), FontId::proportional(10.0), tokens.text);
        let size = galley.size() + vec2(DOT, 0.0);
        let place = Align2::LEFT_TOP.anchor_size(pos2(left, rect.top() - 1.0), size);
        painter.circle_filled(place.left_center() + vec2(3.0, 0.0), 3.0, *color);
        left = place.right() + 8.0;
        painter.galley(place.min + vec2(DOT, 0.0), galley, tokens.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::WindowPrediction;

    #[test]
    fn the_likeliest_classes_have_a_line_but_none_that_is_no_likelier_than_chance() {
        let of = |fused: &[f32]| {
            let window =
                WindowPrediction { start: 0, end: 11, spatial: vec![], temporal: vec![], fused: fused.to_vec() };
            leading(&Prediction::of(vec![window]).unwrap())
        };
        assert_eq!(of(&[0.1, 0.5, 0.0, 0.4]), [1, 3]);
        assert_eq!(of(&[0.25, 0.2, 0.3, 0.22, 0.03]), [2, 0, 3]);
        assert_eq!(of(&[0.5, 0.5]), [0]);

        // One that is seen for a while only has its line too.
        let window = |start: usize, fused: [f32; 3]| WindowPrediction {
            start,
            end: start + 11,
            spatial: vec![],
            temporal: vec![],
            fused: fused.to_vec(),
        };
        let windows = [[0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.9, 0.05, 0.05]];
        let windows = windows.into_iter().enumerate().map(|(place, fused)| window(11 * place, fused)).collect();
        assert_eq!(leading(&Prediction::of(windows).unwrap()), [0, 1]);
    }
}
