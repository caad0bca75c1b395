//! Buttons that run commands.

use eframe::egui::{Button, IntoAtoms, Response, RichText, Ui, vec2};

use super::Command;
use crate::app::panel::PanelContext;
use crate::app::ui::icon::Icon;
use crate::app::ui::theme::Tokens;

/// Returns a button that runs `command`: its tooltip names the keys, or the reason if it cannot be run.
pub fn command_button<'a>(
    ui: &mut Ui,
    cx: &mut PanelContext<'_>,
    command: Command,
    content: impl IntoAtoms<'a>,
) -> Response {
    styled_command_button(ui, cx, command, Button::new(content))
}

/// Draws such a button as the primary action of its panel.
pub fn primary_button(ui: &mut Ui, cx: &mut PanelContext<'_>, command: Command, text: &str) -> Response {
    wide_primary_button(ui, cx, command, text, 0.0)
}

/// Draws such a button at least `width` points wide, so that a change of its text moves nothing beside it.
pub fn wide_primary_button(
    ui: &mut Ui,
    cx: &mut PanelContext<'_>,
    command: Command,
    text: &str,
    width: f32,
) -> Response {
    let tokens = Tokens::of(ui);
    // A faded accent leaves too little contrast to its text in the light theme.
    let button = match cx.available(command).is_ok() {
        true => Button::new(RichText::new(text).color(tokens.on_accent)).fill(tokens.accent),
        false => Button::new(text),
    };
    styled_command_button(ui, cx, command, button.min_size(vec2(width, 0.0)))
}

/// Draws such a button with an icon instead of a text.
pub fn icon_button(ui: &mut Ui, cx: &mut PanelContext<'_>, command: Command, icon: Icon, selected: bool) -> Response {
    let button = Button::new(icon.atom()).frame_when_inactive(selected).selected(selected).min_size(vec2(28.0, 26.0));
    styled_command_button(ui, cx, command, button)
}

pub fn styled_command_button(ui: &mut Ui, cx: &mut PanelContext<'_>, command: Command, button: Button<'_>) -> Response {
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
