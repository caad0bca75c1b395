//! The row above the views: views and how they lie, which flow of the pyramid and the stack, the magnitude scale.

use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{Button, ComboBox, DragValue, Frame, Margin, PopupCloseBehavior, RichText, Ui};

use crate::app::command::Command;
use crate::app::command::button::icon_button;
use crate::app::panel::PanelContext;
use crate::app::session::PAIRS;
use crate::app::ui::icon::Icon;
use crate::app::ui::theme::Tokens;
use crate::app::viewer::magnitude_scale::{MagnitudeScale, unit};
use crate::engine::{FlowSelection, MAX_STRIDE, Request};

/// Widths of the row, in points, without which stride and gamma, also pair and scale, also the magnitude are in a menu at its end.
const WIDTHS: [f32; 3] = [750.0, 640.0, 410.0];

/// Draws the row, which never wraps: what has no room is in a menu at its end.
pub fn toolbar_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    Frame::new().inner_margin(Margin::symmetric(10, 5)).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let [has_all, has_pair, has_scale] = WIDTHS.map(|width| ui.available_width() >= width);
            views_ui(ui, cx);
            ui.add_space(6.0);
            if has_pair {
                selection_ui(ui, cx);
            }
            if has_all {
                stride_ui(ui, cx);
                ui.add_space(6.0);
                gamma_ui(ui, cx);
            }
            if has_scale {
                scale_ui(ui, cx);
            }
            if !has_all {
                let menu = MenuButton::from_button(Button::new(Icon::More.atom()).frame_when_inactive(false));
                let (response, _) = menu.config(stays_open()).ui(ui, |ui| {
                    if !has_pair {
                        selection_menus_ui(ui, cx);
                    }
                    stride_ui(ui, cx);
                    gamma_ui(ui, cx);
                    if !has_scale {
                        ui.horizontal(|ui| scale_ui(ui, cx));
                    }
                });
                response.accessible_name("More flow settings").on_hover_text("More flow settings");
            }
        });
    });
}

/// A menu in which numbers are dragged.
fn stays_open() -> MenuConfig {
    MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside)
}

fn views_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    icon_button(ui, cx, Command::AddView, Icon::Add, false);
    let swipe = cx.settings.views.swipe;
    icon_button(ui, cx, Command::ToggleSwipe, Icon::Swipe, swipe);
    icon_button(ui, cx, Command::FitView, Icon::Fit, false);
    ui.menu_button("Views", |ui| {
        for command in Command::view_presets() {
            let button = Button::new(command.text()).shortcut_text(command.shortcut_text(ui.ctx()));
            if ui.add(button).on_hover_text(command.tooltip()).clicked() {
                cx.run(command);
                ui.close();
            }
        }
    })
    .response
    .on_hover_text("Choose a preset of views");
}

fn selection_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let Some(levels) = cx.session.model.as_ref().map(|model| model.levels.clone()) else { return };
    let mut selection = cx.session.selection;
    ComboBox::from_id_salt("pair")
        .selected_text(pair_text(selection))
        .width(108.0)
        .show_ui(ui, |ui| pairs_ui(ui, &mut selection))
        .response
        .accessible_name("Pair of the flow stack")
        .on_hover_text("Flow of the window: the current frame's or a fixed one");
    ComboBox::from_id_salt("level")
        .selected_text(level_text(selection))
        .width(86.0)
        .show_ui(ui, |ui| levels_ui(ui, &levels, &mut selection))
        .response
        .accessible_name("Scale of the pyramid")
        .on_hover_text("MotionNet pyramid level, relative to input size");
    select(cx, selection);
}

/// The same as menus in a menu.
fn selection_menus_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let Some(levels) = cx.session.model.as_ref().map(|model| model.levels.clone()) else { return };
    let mut selection = cx.session.selection;
    ui.menu_button(pair_text(selection), |ui| pairs_ui(ui, &mut selection));
    ui.menu_button(level_text(selection), |ui| levels_ui(ui, &levels, &mut selection));
    select(cx, selection);
}

fn pairs_ui(ui: &mut Ui, selection: &mut FlowSelection) {
    for pair in std::iter::once(None).chain((0..PAIRS).map(Some)) {
        ui.selectable_value(&mut selection.pair, pair, pair_name(pair));
    }
}

fn levels_ui(ui: &mut Ui, levels: &[usize], selection: &mut FlowSelection) {
    for &level in levels {
        ui.selectable_value(&mut selection.level, level, format!("{}  (level {level})", level_name(level)));
    }
}

fn stride_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    ui.add(DragValue::new(&mut cx.settings.flow.stride).range(1..=MAX_STRIDE).speed(0.03).prefix("Stride: "))
        .accessible_name("Temporal stride")
        .on_hover_text("Frames between t and t + stride (raise for high frame rates)");
}

/// Changes the shown flow here and in the engine, if it is another one.
fn select(cx: &mut PanelContext<'_>, selection: FlowSelection) {
    if selection != cx.session.selection {
        cx.session.selection = selection;
        cx.send(Request::Select(selection));
    }
}

fn pair_text(selection: FlowSelection) -> String {
    format!("Pair: {}", pair_name(selection.pair))
}

fn level_text(selection: FlowSelection) -> String {
    format!("Scale: {}", level_name(selection.level))
}

fn level_name(level: usize) -> String {
    format!("1/{}", 1 << (level - 1))
}

fn pair_name(pair: Option<usize>) -> String {
    pair.map_or("current".into(), |pair| format!("{} of {PAIRS}", pair + 1))
}

fn gamma_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    ui.add(DragValue::new(&mut cx.settings.gamma).range(0.5..=4.0).speed(0.02).fixed_decimals(1).prefix("Gamma: "))
        .accessible_name("Magnitude gamma")
        .on_hover_text("Above 1 emphasises slow motion (1: Middlebury colours)");
}

fn scale_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let icon = if cx.settings.locked_scale_px.is_some() { Icon::Locked } else { Icon::Unlocked };
    icon_button(ui, cx, Command::LockScale, icon, cx.settings.locked_scale_px.is_some());
    let unit = unit(cx.settings.flow.stride);
    match &mut cx.settings.locked_scale_px {
        Some(scale_px) => {
            let value = DragValue::new(scale_px).range(0.1..=200.0).speed(0.1).fixed_decimals(1);
            ui.add(value.suffix(format!(" {unit}")))
                .accessible_name("Locked magnitude")
                .on_hover_text("Magnitude at full saturation, in pixels of the video");
        }
        None => automatic_ui(ui, cx),
    }
}

/// The automatic scale, and in its menu the least one.
fn automatic_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let scale = MagnitudeScale::of(cx.settings, cx.session);
    let text = format!("auto, {}", scale.in_words(cx.settings.flow.stride));
    let name = format!("Automatic colour scale: {text}");
    let text = RichText::new(text).color(Tokens::of(ui).weak);
    let menu = MenuButton::new(text).config(stays_open());
    let (response, _) = menu.ui(ui, |ui| {
        let label = ui.label("Least magnitude at full saturation");
        let value = DragValue::new(&mut cx.settings.least_scale_px).range(0.01..=50.0).speed(0.02);
        ui.add(value.max_decimals(2).suffix(" px/frame"))
            .labelled_by(label.id)
            .on_hover_text("Lower values also colour the noise of still pictures");
    });
    response.accessible_name(name).on_hover_text("Pixels of the video. Click to set the least");
}
