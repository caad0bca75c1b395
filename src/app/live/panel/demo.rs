//! The live source alone on the screen, to be seen from across a room.

use eframe::egui::{Align2, CentralPanel, FontId, Frame, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::answer::{found, why_none};
use super::{clock, phase_text};
use crate::app::live::latency::latency_text;
use crate::app::live::stage::LiveStage;
use crate::app::panel::PanelContext;
use crate::app::session::Session;
use crate::app::ui::theme::{RADIUS, Tokens, semibold};
use crate::engine::{LiveView, RecordingStatus};
use crate::nets::fusion::{Firmness, NO_CLASS, percent};
use crate::video::CameraPhase;

/// Share of the height that the answer takes.
const ANSWER: f32 = 0.30;
/// Classes besides the answer.
const OTHERS: usize = 3;

/// Draws the screen with what it keeps between repaints.
#[derive(Default)]
pub struct Demo {
    stage: LiveStage,
}

impl Demo {
    /// Fills the whole window.
    pub fn demo_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        let background = Frame::new().fill(Tokens::of(ui).background);
        CentralPanel::no_frame().frame(background).show(ui, |ui| {
            let Some(view) = cx.session.live.view.clone() else { return };
            let area = ui.available_rect_before_wrap();
            let margin = (0.025 * area.height()).max(8.0);
            let split = area.bottom() - ANSWER * area.height();
            let pictures = Rect::from_min_max(area.min, pos2(area.right(), split)).shrink(margin);
            if let Some([_, flow]) = self.stage.pictures_ui(ui, pictures, cx.session, cx.settings) {
                self.stage.wheel_ui(ui, flow.rect, cx);
            }
            let below = Rect::from_min_max(pos2(area.left(), split), area.max).shrink2(vec2(3.0 * margin, margin));
            answer_ui(ui, below, &view, cx.session);
            figures_ui(ui, area.shrink2(vec2(margin, 0.4 * margin)), &view);
            if let Some(recording) = &view.recording {
                recording_ui(ui, area.shrink(margin), recording);
            }
        });
    }
}

/// The answer in letters as large as fit, a bar below it, and the next classes.
fn answer_ui(ui: &mut Ui, area: Rect, view: &LiveView, session: &Session) {
    let tokens = Tokens::of(ui);
    let model = session.model.as_ref();
    let live = view.result.as_ref().filter(|_| view.camera.phase == CameraPhase::Live);
    let ranked = live.map_or_else(Vec::new, |result| result.ranked());
    let painter = ui.painter_at(area);
    let Some((class, share)) = ranked.first() else {
        let text = match view.camera.phase {
            CameraPhase::Live => why_none(model, view.camera.captured).to_owned(),
            _ => phase_text(Some(view), false),
        };
        let font = FontId::proportional(0.14 * area.height());
        painter.text(area.center(), Align2::CENTER_CENTER, text, font, tokens.weak);
        return;
    };
    let found = found(view, session);
    // The probability of one class says nothing of several.
    let number_text = if found.is_some() { String::new() } else { format!("{} %", percent(*share, 0)) };
    let firmness = view.result.as_ref().map_or(Firmness::Sure, |result| result.answer.firmness(&session.fusion));
    let is_firm = found.as_ref().map_or(firmness == Firmness::Sure, |found| found != NO_CLASS);
    let answer = found.unwrap_or_else(|| firmness.text(class));
    let title = 0.48 * area.height();
    let number = painter.layout_no_wrap(number_text.clone(), semibold(0.6 * title), tokens.fused);
    let room = area.width() - number.size().x - 0.5 * title;
    let color = if is_firm { tokens.strong } else { tokens.weak };
    let mut name = painter.layout_no_wrap(answer.clone(), semibold(title), color);
    if name.size().x > room {
        let size = title * (room / name.size().x).max(0.2);
        name = painter.layout_no_wrap(answer.clone(), semibold(size), color);
    }
    let line = area.top() + 0.30 * area.height();
    painter.galley(pos2(area.left(), line - name.size().y / 2.0), name, color);
    let right = pos2(area.right() - number.size().x, line - number.size().y / 2.0);
    painter.galley(right, number, tokens.fused);
    let bar = Rect::from_min_size(
        pos2(area.left(), area.top() + 0.62 * area.height()),
        vec2(area.width(), 0.05 * area.height()),
    );
    painter.rect_filled(bar, bar.height() / 2.0, tokens.raised);
    let filled = Rect::from_min_size(bar.min, vec2(bar.width() * share.clamp(0.0, 1.0), bar.height()));
    painter.rect_filled(filled, bar.height() / 2.0, tokens.fused);
    let font = FontId::proportional(0.13 * area.height());
    let column = area.width() / OTHERS as f32;
    for (i, (class, share)) in ranked.iter().skip(1).take(OTHERS).enumerate() {
        let at = pos2(area.left() + i as f32 * column, area.top() + 0.80 * area.height());
        let text = format!("{class}  {} %", percent(*share, 0));
        let cell = Rect::from_min_size(pos2(at.x, area.top()), vec2(column - 12.0, area.height()));
        ui.painter_at(cell).text(at, Align2::LEFT_CENTER, text, font.clone(), tokens.weak);
    }
    let response = ui.interact(area, ui.scope_id().with("answer"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{answer} {number_text}").trim_end()));
}

/// A red dot and how long has been recorded, in a corner over the picture.
fn recording_ui(ui: &Ui, area: Rect, recording: &RecordingStatus) {
    let tokens = Tokens::of(ui);
    let (text, size) = (clock(recording.secs), (0.022 * area.height()).max(13.0));
    let painter = ui.painter();
    let galley = painter.layout_no_wrap(text.clone(), semibold(size), tokens.on_scrim);
    let card = Rect::from_min_size(area.min, vec2(galley.size().x + 2.4 * size, galley.size().y + 0.6 * size));
    painter.rect_filled(card, RADIUS, tokens.scrim);
    painter.circle_filled(pos2(card.left() + size, card.center().y), 0.4 * size, tokens.error);
    painter.galley(pos2(card.left() + 1.8 * size, card.center().y - galley.size().y / 2.0), galley, tokens.on_scrim);
    let response = ui.interact(card, ui.scope_id().with("recording"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Recording {text}")));
}

/// The rates in a corner, for whoever asks.
fn figures_ui(ui: &Ui, area: Rect, view: &LiveView) {
    let tokens = Tokens::of(ui);
    let Some(result) = &view.result else { return };
    let rate = |fps: f64, digits: usize| if fps > 0.0 { format!("{fps:.digits$}") } else { "–".into() };
    let text = format!(
        "{} {} fps   inference {} fps   latency {}   Esc exits",
        view.source.kind().to_lowercase(),
        rate(view.camera.fps, 0),
        rate(result.fps.into(), 1),
        latency_text(result.latency_ms)
    );
    let font = FontId::proportional((0.016 * area.height()).max(11.0));
    ui.painter().text(area.right_bottom(), Align2::RIGHT_BOTTOM, text, font, tokens.weak);
}
