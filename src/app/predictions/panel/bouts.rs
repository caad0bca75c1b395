//! The list of bouts of the chosen class: a click goes to one, its buttons accept or reject it.

use eframe::egui::{Align2, Button, FontId, Rect, RichText, Role, ScrollArea, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use crate::app::labeling::chip::label_color;
use crate::app::panel::PanelContext;
use crate::app::predictions::review::{BoutState, ReviewedBout};
use crate::app::ui::format::time_code;
use crate::app::ui::theme::{RADIUS, Tokens};
use crate::app::ui::widgets::{explanation, row_response, rows_in_view};
use crate::labels::{Label, bout_edits};

/// Height of a row, in points.
const ROW: f32 = 24.0;
/// Least height of the list, in points: in a lower panel everything scrolls.
const LEAST_LIST: f32 = 160.0;
/// Width of the buttons of a row, in points.
const BUTTONS: f32 = 132.0;
/// Where the time and the length of a bout are in its row, in points from the left.
const TIME: f32 = 130.0;
const LENGTH: f32 = 230.0;

/// The list of bouts.
#[derive(Default)]
pub(super) struct BoutList {
    /// Whether bouts that were reviewed are listed too.
    lists_reviewed: bool,
}

impl BoutList {
    /// Draws the list down to `bottom`, the lower edge of the panel.
    pub fn bouts_ui(&mut self, ui: &mut Ui, bottom: f32, cx: &mut PanelContext<'_>) {
        ui.checkbox(&mut self.lists_reviewed, "List labelled and rejected bouts");
        let all = cx.session.predictions.all();
        let is_listed = |bout: &&ReviewedBout| {
            (self.lists_reviewed || bout.state == BoutState::Open) && cx.session.predictions.is_chosen(bout)
        };
        let listed: Vec<&ReviewedBout> = all.iter().filter(is_listed).collect();
        if listed.is_empty() {
            let text = match all.iter().any(|bout| cx.session.predictions.is_chosen(bout)) {
                true => "All bouts are reviewed.",
                false => "No bouts with these settings. Lower the threshold or the minimum length.",
            };
            return explanation(ui, text);
        }
        let current = cx.session.predictions.current(cx.session.player.position).cloned();
        let height = (bottom - ui.cursor().top() - 4.0).max(LEAST_LIST);
        let area = ScrollArea::vertical().id_salt("bouts").max_height(height).min_scrolled_height(height);
        area.auto_shrink(false).show(ui, |ui| {
            rows_in_view(ui, ROW, listed.len(), |ui, row| {
                bout_ui(ui, listed[row], current.as_ref() == Some(listed[row]), cx);
            });
        });
    }
}

fn bout_ui(ui: &mut Ui, bout: &ReviewedBout, is_current: bool, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let response = row_response(ui, ROW);
    let row = response.rect;
    let fill = match (is_current, response.hovered()) {
        (true, _) => Some(tokens.accent_faint),
        (false, true) => Some(tokens.raised),
        (false, false) => None,
    };
    fill.into_iter().for_each(|fill| _ = ui.painter().rect_filled(row, RADIUS, fill));
    let name = cx.session.predictions.class_name(bout.class).to_owned();
    let numbers = cx.settings.frame_numbers;
    let (first, last) = (numbers.number(bout.frames.start), numbers.number(bout.frames.end - 1));
    let share = format!("{:.0} %", 100.0 * bout.bout.mean);
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Button, true, format!("Bout of {name}, frames {first} to {last}, {share}"))
    });
    text_ui(ui, row, &name, bout, cx);
    let is_clicked = response.clicked();
    let state = match bout.state {
        BoutState::Open => "not reviewed",
        BoutState::Labelled => "labelled",
        BoutState::Rejected => "rejected",
    };
    response.on_hover_text(format!("{name}, frames {first} to {last}, mean probability {share}; {state}"));
    match bout.state {
        BoutState::Open => buttons_ui(ui, row, bout, cx),
        BoutState::Labelled | BoutState::Rejected => {
            let at = row.right_center() - vec2(8.0, 0.0);
            ui.painter().text(at, Align2::RIGHT_CENTER, state, FontId::proportional(11.0), tokens.weak);
        }
    }
    if is_clicked {
        cx.session.labeling.select_segment(None);
        cx.session.predictions.select(bout);
        cx.seek(bout.frames.start);
    }
}

/// The colour, the class, the time, the length and the probability of a bout.
fn text_ui(ui: &Ui, row: Rect, name: &str, bout: &ReviewedBout, cx: &PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let class = cx.session.labeling.document().zip(bout.id);
    let color = class.map_or(tokens.weak, |(document, id)| label_color(ui, document, Label::Class(id)));
    let painter = ui.painter_at(row.with_max_x(row.right() - BUTTONS));
    painter.circle_filled(pos2(row.left() + 8.0, row.center().y), 4.0, color);
    let text = |left: f32, text: String, color| {
        let at = pos2(row.left() + left, row.center().y);
        painter.text(at, Align2::LEFT_CENTER, text, FontId::proportional(12.0), color);
    };
    let Some(clip) = &cx.session.clip else { return };
    let [start, end] = clip.times.span_secs(&bout.frames);
    let class_painter = painter.with_clip_rect(row.with_max_x(row.left() + TIME - 6.0));
    let at = pos2(row.left() + 18.0, row.center().y);
    class_painter.text(at, Align2::LEFT_CENTER, name, FontId::proportional(12.0), tokens.strong);
    text(TIME, time_code(start - clip.times.start_secs()), tokens.text);
    text(LENGTH, format!("{:.2} s  {:.0} %", end - start, 100.0 * bout.bout.mean), tokens.weak);
}

fn buttons_ui(ui: &mut Ui, row: Rect, bout: &ReviewedBout, cx: &mut PanelContext<'_>) {
    let place = row.with_min_x(row.right() - BUTTONS).shrink2(vec2(2.0, 2.0));
    let reason = match cx.session.can_label() {
        Ok(()) if bout.id.is_none() => Some("The project has no such class: add it above"),
        can => can.err(),
    };
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for (text, accepts) in [("Accept", true), ("Reject", false)] {
                let button = Button::new(RichText::new(text).small());
                let response = ui.add_enabled(reason.is_none(), button);
                let is_clicked = response.clicked();
                response.on_disabled_hover_text(reason.unwrap_or_default());
                let Some((id, _)) = cx.session.labeling.video().filter(|_| is_clicked) else { continue };
                let Some(bout) = bout.predicted() else { continue };
                cx.edit(move |document| match accepts {
                    true => bout_edits::accept_bouts(document, id, std::slice::from_ref(&bout)).map(|(_, step)| step),
                    false => bout_edits::reject_bouts(document, id, std::slice::from_ref(&bout)),
                });
            }
        });
    });
}
