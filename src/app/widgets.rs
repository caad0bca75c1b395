//! Small pieces that several panels are made of.

use eframe::egui::{
    Align, Button, Color32, Frame, Id, IntoAtoms, Label, Layout, Margin, Response, RichText, Sense, TextStyle, Ui, vec2,
};

use super::actions::PanelContext;
use super::command::Command;
use super::icon::Icon;
use super::theme::{RADIUS, SECTION_GAP, Tokens};
use crate::engine::FlowSource;

/// Width of the column of labels in a form, in points.
const LABEL_WIDTH: f32 = 84.0;

/// A button that runs `command`: its tooltip names the keys, and says why when it cannot be run.
pub fn command_button<'a>(
    ui: &mut Ui,
    cx: &mut PanelContext<'_>,
    command: Command,
    content: impl IntoAtoms<'a>,
) -> Response {
    styled_command_button(ui, cx, command, Button::new(content))
}

/// The same for the one thing a person came for.
pub fn primary_button(ui: &mut Ui, cx: &mut PanelContext<'_>, command: Command, text: &str) -> Response {
    let tokens = Tokens::of(ui);
    let button = Button::new(RichText::new(text).color(tokens.on_accent)).fill(tokens.accent);
    styled_command_button(ui, cx, command, button)
}

/// The same with a picture in place of words.
pub fn icon_button(ui: &mut Ui, cx: &mut PanelContext<'_>, command: Command, icon: Icon, selected: bool) -> Response {
    let button = Button::new(icon.atom()).frame_when_inactive(selected).selected(selected).min_size(vec2(28.0, 26.0));
    styled_command_button(ui, cx, command, button)
}

fn styled_command_button(ui: &mut Ui, cx: &mut PanelContext<'_>, command: Command, button: Button<'_>) -> Response {
    let state = cx.available(command);
    let mut response = ui.add_enabled(state.is_ok(), button).accessible_name(command.text());
    if let Err(reason) = state {
        response = response.on_disabled_hover_text(format!("{}: {reason}", command.text()));
    }
    let response = response.on_hover_ui(|ui| {
        let text = command.hover_text(ui.ctx());
        ui.label(text);
    });
    if response.clicked() {
        cx.run(command);
    }
    response
}

/// The heading of a part of a panel, with room above it unless it is the first.
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

/// Says in the middle of a panel why there is nothing, and what to do about it.
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

/// A small switch with a dot in the colour of what it shows.
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

/// A coloured mark and text on a rounded background: remarks inside a panel.
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

/// Height of a plot in a panel as wide as this one, in points: at least `least`, more where there is room.
pub fn plot_height(ui: &Ui, least: f32) -> f32 {
    (0.36 * ui.available_width()).clamp(least, 2.2 * least)
}

/// An area that takes a click and shows a hand, for rows of lists.
pub fn row_response(ui: &mut Ui, height: f32) -> Response {
    ui.allocate_response(vec2(ui.available_width(), height), Sense::click())
}

/// What a flow cost and how many a second that would be: `12 ms · 83 fps`.
pub fn cost(millis: f32) -> String {
    let rate = 1000.0 / millis.max(1e-3);
    let millis = if millis < 9.95 { format!("{millis:.1}") } else { format!("{millis:.0}") };
    if rate < 9.95 { format!("{millis} ms · {rate:.1} fps") } else { format!("{millis} ms · {rate:.0} fps") }
}

/// Small print below a choice: what it means.
pub fn explanation(ui: &mut Ui, text: &str) {
    let weak = Tokens::of(ui).weak;
    ui.add(Label::new(RichText::new(text).small().color(weak)).wrap());
}

/// The colour that stands for a source of flow in curves and lists.
pub fn source_color(ui: &Ui, source: FlowSource) -> Color32 {
    Tokens::of(ui).series()[source as usize]
}

/// A dot in the colour of a source.
pub fn source_dot(ui: &mut Ui, source: FlowSource) {
    let (rect, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.0, source_color(ui, source));
}

/// Bytes as `640 MB` or `1.2 GB`.
pub fn memory_size(bytes: u64) -> String {
    let mb = bytes as f64 / 1e6;
    if mb < 999.5 { format!("{mb:.0} MB") } else { format!("{:.1} GB", mb / 1e3) }
}

/// `1234567` as `1,234,567`.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Seconds as `01:02.345`, with hours where there are some.
pub fn time_code(secs: f64) -> String {
    let millis = (secs.max(0.0) * 1000.0).round() as u64;
    let (hours, minutes, secs, millis) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1000 % 60, millis % 1000);
    let hours = if hours > 0 { format!("{hours}:") } else { String::new() };
    format!("{hours}{minutes:02}:{secs:02}.{millis:03}")
}

/// A duration in words a person plans with: `45 s`, `3 min 20 s`, `2 h 05 min`.
pub fn span(secs: f64) -> String {
    if !secs.is_finite() {
        return "unknown".into();
    }
    let secs = secs.max(0.0).round() as u64;
    match (secs / 3600, secs / 60 % 60, secs % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words() {
        assert_eq!(thousands(42_318_820), "42,318,820");
        assert_eq!(thousands(999), "999");
        assert_eq!(time_code(3661.5), "1:01:01.500");
        assert_eq!(time_code(59.9996), "01:00.000");
        assert_eq!(cost(12.0), "12 ms · 83 fps");
        assert_eq!(cost(400.0), "400 ms · 2.5 fps");
        assert_eq!(cost(0.5), "0.5 ms · 2000 fps");
        assert_eq!((memory_size(640_400_000), memory_size(1_210_000_000)), ("640 MB".into(), "1.2 GB".into()));
        assert_eq!(span(200.0), "3 min 20 s");
        assert_eq!(span(f64::INFINITY), "unknown");
    }
}
