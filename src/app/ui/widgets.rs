//! Small widgets that several panels share.

use eframe::egui::{
    Align, Button, Color32, Frame, Id, Label, Layout, Margin, Response, RichText, ScrollArea, Sense, TextStyle, Ui,
    vec2,
};

use super::theme::{RADIUS, SECTION_GAP, Tokens};
use crate::engine::FlowSource;

/// Maximum number of rows that are all drawn, in view or not.
const FEW_ROWS: usize = 32;
/// Width of the column of labels in a form, in points.
const LABEL_WIDTH: f32 = 84.0;

/// Draws the heading of a part of a panel, with space above it unless it is the first.
pub fn section(ui: &mut Ui, title: &str) {
    if ui.min_rect().height() > 1.0 {
        ui.add_space(SECTION_GAP);
    }
    let weak = Tokens::of(ui).weak;
    ui.label(RichText::new(title).text_style(TextStyle::Small).color(weak));
}

/// A row of a form: the label in a column of its own, what is chosen beside it.
///
/// Contents without text of their own are to be `labelled_by` the label, whose id they are given.
pub fn field<R>(ui: &mut Ui, label: &str, add_contents: impl FnOnce(&mut Ui, Id) -> R) -> R {
    ui.horizontal(|ui| {
        let height = ui.spacing().interact_size.y;
        let text = RichText::new(label).color(Tokens::of(ui).weak);
        let label = ui
            .allocate_ui_with_layout(vec2(LABEL_WIDTH, height), Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(LABEL_WIDTH);
                ui.label(text)
            })
            .inner;
        ui.horizontal_wrapped(|ui| add_contents(ui, label.id)).inner
    })
    .inner
}

/// Draws a message in the middle of an empty panel: why it is empty and what to do about it.
pub fn empty_state(ui: &mut Ui, title: &str, text: &str, add_actions: impl FnOnce(&mut Ui)) {
    let weak = Tokens::of(ui).weak;
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.5 - 60.0).max(8.0));
        ui.label(RichText::new(title).heading());
        ui.add_space(2.0);
        ui.add(Label::new(RichText::new(text).color(weak)).wrap());
        ui.add_space(10.0);
        add_actions(ui);
    });
}

/// Draws a small switch with a dot in the colour of its content.
pub fn legend_chip(ui: &mut Ui, on: &mut bool, color: Color32, text: &str) -> Response {
    let tokens = Tokens::of(ui);
    let (dot, color_text) = if *on { (color, tokens.text) } else { (tokens.outline, tokens.weak) };
    let dot = eframe::egui::Atom::paint(vec2(8.0, 8.0), move |ui, args| {
        ui.painter().circle_filled(args.rect.center(), 4.0, dot);
    });
    let text = RichText::new(text).text_style(TextStyle::Small).color(color_text);
    let mut response = ui.add(Button::new((dot, text)).frame_when_inactive(false).small());
    if response.clicked() {
        *on = !*on;
        response.mark_changed();
    }
    response
}

/// Draws a coloured mark and text on a rounded background: a remark inside a panel.
pub fn remark(ui: &mut Ui, color: Color32, add_contents: impl FnOnce(&mut Ui)) {
    let tokens = Tokens::of(ui);
    let frame =
        Frame::new().fill(tokens.raised).corner_radius(RADIUS).inner_margin(Margin { left: 12, ..Margin::same(8) });
    let shown = frame.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.visuals_mut().widgets.inactive.weak_bg_fill = tokens.surface; // Buttons stand out from what they lie on.
        add_contents(ui);
    });
    let mut mark = shown.response.rect;
    mark.set_width(3.0);
    ui.painter().rect_filled(mark, RADIUS, color);
}

/// Returns the height of a plot in a panel as wide as this one, in points: at least `least`, more if there is space.
pub fn plot_height(ui: &Ui, least: f32) -> f32 {
    (0.36 * ui.available_width()).clamp(least, 2.2 * least)
}

/// Allocates an area that reacts to clicks and shows a hand cursor, for rows of lists.
pub fn row_response(ui: &mut Ui, height: f32) -> Response {
    ui.allocate_response(vec2(ui.available_width(), height), Sense::click())
}

/// Draws those of `count` rows of this height that the scroll area around them shows, and keeps the place of the others free. Of few
/// rows all are drawn, so that screen readers have the whole list.
pub fn rows_in_view(ui: &mut Ui, height: f32, count: usize, mut row_ui: impl FnMut(&mut Ui, usize)) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let place = |y: f32| ((y - ui.cursor().top()) / height).max(0.0);
        let seen = (place(ui.clip_rect().top()) as usize, place(ui.clip_rect().bottom()).ceil() as usize);
        let (first, last) = if count > FEW_ROWS { seen } else { (0, count) };
        let last = last.min(count);
        let first = first.min(last);
        let free = |ui: &mut Ui, rows: usize| {
            if rows > 0 {
                ui.allocate_space(vec2(ui.available_width(), rows as f32 * height));
            }
        };
        free(ui, first);
        ui.skip_ahead_auto_ids(first); // A row keeps its name wherever it is scrolled to.
        (first..last).for_each(|row| row_ui(ui, row));
        free(ui, count - last);
    });
}

/// Least height of a list in an overlay, in points.
const LEAST_LIST: f32 = 120.0;

/// Height of the window that a menu leaves free, in points.
const AROUND_MENU: f32 = 60.0;

/// Returns a scrolling list for an overlay, as high as the window allows; `around` is the height of the rest, in
/// points.
pub fn overlay_list(ui: &Ui, around: f32) -> ScrollArea {
    let height = (ui.ctx().content_rect().height() - around).max(LEAST_LIST);
    // A floating area is small at first, and its scrolling content would stay small.
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true])
}

/// Returns a list that scrolls within a panel that scrolls itself, at most `height` points high: also where less of the
/// panel is in view, where it would otherwise show three rows and no sign of the others.
pub fn inner_list(height: f32) -> ScrollArea {
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true])
}

/// Returns the scroll area of a menu that may be higher than the window; it starts at the top when the menu is opened.
pub fn menu_list(ui: &Ui) -> ScrollArea {
    let (id, pass) = (ui.scope_id().with("menu list"), ui.ctx().cumulative_pass_nr());
    let drawn = ui.data_mut(|data| {
        let last = data.get_temp_mut_or(id, 0);
        std::mem::replace(last, pass)
    });
    let list = overlay_list(ui, AROUND_MENU).auto_shrink(true);
    if pass.saturating_sub(drawn) > 1 { list.vertical_scroll_offset(0.0) } else { list }
}

/// Draws a short explanation below a setting.
pub fn explanation(ui: &mut Ui, text: &str) {
    let weak = Tokens::of(ui).weak;
    ui.add(Label::new(RichText::new(text).small().color(weak)).wrap());
}

/// Returns the colour of a source of flow in curves and lists.
pub fn source_color(ui: &Ui, source: FlowSource) -> Color32 {
    let index = match source {
        FlowSource::Network => 0,
        FlowSource::SecondNetwork => 1,
        FlowSource::Tvl1 => 2,
        FlowSource::Codec => 3,
        FlowSource::Truth => 4,
        FlowSource::Dis => 6,
    };
    Tokens::of(ui).series()[index]
}

/// Draws a dot in the colour of a source.
pub fn source_dot(ui: &mut Ui, source: FlowSource) {
    let (rect, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.0, source_color(ui, source));
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Align2, Area, Context, Modal, Order, Pos2, RawInput, Rect};

    use super::*;

    #[test]
    fn a_list_in_an_overlay_grows_back_after_it_was_short() {
        let ctx = Context::default();
        let mut height = 0.0;
        for (pass, rows) in [1, 1, 1, 60, 60, 60].into_iter().enumerate() {
            let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0)));
            let input = RawInput { screen_rect, time: Some(pass as f64), ..RawInput::default() };
            _ = ctx.run_ui(input, |ui| {
                let id = Id::unique("overlay");
                let area = Area::new(id).order(Order::Foreground).anchor(Align2::CENTER_TOP, vec2(0.0, 64.0));
                Modal::new(id).area(area).show(ui.ctx(), |ui| {
                    ui.set_width(400.0);
                    let list =
                        overlay_list(ui, 180.0).show(ui, |ui| (0..rows).for_each(|row| _ = ui.label(row.to_string())));
                    height = list.inner_rect.height();
                });
            });
        }
        assert!((600.0..=640.0).contains(&height), "{height}");
    }

    #[test]
    fn a_list_in_a_low_panel_has_room_for_all_its_rows() {
        let ctx = Context::default();
        let mut height = 0.0;
        for pass in 0..3 {
            let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, vec2(400.0, 200.0)));
            let input = RawInput { screen_rect, time: Some(f64::from(pass)), ..RawInput::default() };
            _ = ctx.run_ui(input, |ui| {
                ScrollArea::vertical().id_salt("panel").show(ui, |ui| {
                    ui.add_space(190.0);
                    let list = inner_list(120.0).show_rows(ui, 20.0, 5, |ui, rows| {
                        ui.spacing_mut().item_spacing.y = 0.0;
                        rows.for_each(|row| _ = ui.label(row.to_string()));
                    });
                    height = list.inner_rect.height();
                });
            });
        }
        assert!((100.0..=120.0).contains(&height), "{height}");
    }
}
