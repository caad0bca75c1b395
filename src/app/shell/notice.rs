//! The latest problem, over the lower edge of the pictures until it is dismissed: what, why, and what to do. It moves nothing, covers
//! no panel, and folds into a small button once there was time to read it.

use std::time::Duration;

use eframe::egui::{
    Align, Align2, Area, Button, Frame, Id, Label, Layout, Order, Rect, RichText, Role, Stroke, Ui, WidgetInfo, vec2,
};

use super::topic::{Topic, capitalised};
use crate::app::command::Command;
use crate::app::panel::PanelContext;
use crate::app::ui::icon::Icon;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::ui::widgets::remark;
use crate::error::Error;

/// Its width where there is room, and its distance from the edges of its place, in points.
const WIDTH: f32 = 620.0;
const MARGIN: f32 = 12.0;
/// Width of the button that it folds into, in points.
const FOLDED: f32 = 220.0;
/// How long it is open, in seconds; longer while the pointer is over it.
const OPEN_SECS: f64 = 12.0;

/// The problem that is shown and since when it is open; without a time it is folded.
#[derive(Clone)]
struct ShownNotice {
    error: Error,
    /// Which problem it is of those that there were.
    number: usize,
    open_since: Option<f64>,
}

/// Draws `error` at the lower edge of `within`.
pub fn notice_ui(ui: &Ui, error: &Error, within: Rect, cx: &mut PanelContext<'_>) {
    let (id, now) = (Id::unique("shown notice"), ui.input(|input| input.time));
    let number = cx.session.problems;
    let is_same = |shown: &ShownNotice| shown.error == *error && shown.number == number;
    let known = ui.data(|data| data.get_temp::<ShownNotice>(id)).filter(is_same);
    let mut shown = known.unwrap_or_else(|| ShownNotice { error: error.clone(), number, open_since: Some(now) });
    match shown.open_since {
        Some(_) if open_ui(ui, error, within, cx) => shown.open_since = Some(now),
        Some(since) if now - since >= OPEN_SECS => shown.open_since = None,
        Some(since) => ui.ctx().request_repaint_after(Duration::from_secs_f64(OPEN_SECS - (now - since))),
        None if folded_ui(ui, error, cx.session.notice_topic, within) => shown.open_since = Some(now),
        None => {}
    }
    ui.data_mut(|data| data.insert_temp(id, shown));
}

/// Draws the button that it folds into, in the lower left corner; returns whether it was clicked.
fn folded_ui(ui: &Ui, error: &Error, topic: Topic, within: Rect) -> bool {
    let area = Area::new(Id::unique("folded notice")).order(Order::Middle).pivot(Align2::LEFT_BOTTOM);
    let area = area.fixed_pos(within.left_bottom() + vec2(MARGIN, -MARGIN));
    let shown = area.show(ui.ctx(), |ui| {
        ui.set_max_width(FOLDED.min(within.width() - 2.0 * MARGIN));
        let text = RichText::new(topic.in_words(error)).small().color(Tokens::of(ui).error);
        let button = ui.add(Button::new(text).truncate());
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Show the problem"));
        button.on_hover_text(format!("{}\n{}. {}.", error.subject, capitalised(&error.cause), error.remedy)).clicked()
    });
    shown.inner
}

/// Draws all of it; returns whether the pointer is over it.
fn open_ui(ui: &Ui, error: &Error, within: Rect, cx: &mut PanelContext<'_>) -> bool {
    let area = Area::new(Id::unique("notice")).order(Order::Middle).pivot(Align2::CENTER_BOTTOM);
    let shown = area.fixed_pos(within.center_bottom() - vec2(0.0, MARGIN)).show(ui.ctx(), |ui| {
        let frame = Frame::new().stroke(Stroke::new(1.0, Tokens::of(ui).outline)).corner_radius(RADIUS);
        frame.show(ui, |ui| {
            ui.set_width(WIDTH.min(within.width() - 2.0 * MARGIN));
            error_ui(ui, error, cx);
        });
    });
    shown.response.contains_pointer()
}

fn error_ui(ui: &mut Ui, error: &Error, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    remark(ui, tokens.error, |ui| {
        ui.with_layout(Layout::right_to_left(Align::TOP), |ui| {
            let close = Button::new(Icon::Close.atom()).frame_when_inactive(false).min_size(vec2(24.0, 22.0));
            if ui.add(close).accessible_name("Dismiss").on_hover_text("Dismiss").clicked() {
                cx.session.notice = None;
            }
            if ui.button("Log").on_hover_text("Open the log").clicked() {
                cx.run(Command::ShowLog);
            }
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                let subject = RichText::new(&error.subject).strong().color(tokens.strong);
                ui.add(Label::new(subject).truncate()).on_hover_text(&error.subject);
                let text = format!("{}. {}.", capitalised(&error.cause), error.remedy);
                ui.add(Label::new(text).wrap().selectable(true));
            });
        });
    });
}
