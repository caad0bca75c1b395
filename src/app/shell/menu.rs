//! The menu bar, drawn from the commands.

use eframe::egui::{Align, Button, Layout, MenuBar, RichText, Ui};

use crate::app::command::Command;
use crate::app::command::Group;
use crate::app::panel::{Action, PanelContext};
use crate::app::ui::icon::Icon;
use crate::app::ui::theme::{Tokens, semibold};
use crate::app::ui::widgets::menu_list;
use crate::gpu::DeviceChoice;
use crate::names::distinct_names;

/// Width, in points, without which the name of the clip tells nothing.
const MIN_TITLE: f32 = 80.0;

/// Draws the menu bar: menus at the left, the open clip in the middle, the way into the palette at the right.
pub fn menu_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    MenuBar::new().ui(ui, |ui| {
        for group in Group::ALL {
            ui.menu_button(group.title(), |ui| {
                ui.spacing_mut().scroll.floating = false; // Over the keys it would hide them.
                menu_list(ui).show(ui, |ui| group_ui(ui, group, cx))
            });
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            palette_button(ui, cx);
            let path = cx.session.clip_path().filter(|_| ui.available_width() > MIN_TITLE);
            if let Some(path) = path {
                let name = cx.session.clip_title(path);
                let name = cx.session.true_class().map_or(name.clone(), |class| format!("{name}, class {class}"));
                let text = RichText::new(name).font(semibold(13.0)).color(Tokens::of(ui).strong);
                let path = path.display().to_string();
                ui.add_space(12.0);
                ui.add(eframe::egui::Label::new(text).truncate()).on_hover_text(path);
            }
        });
    });
}

fn group_ui(ui: &mut Ui, group: Group, cx: &mut PanelContext<'_>) {
    ui.set_min_width(230.0);
    let parts = group.commands().chunk_by(|a, b| a.submenu().is_some() && a.submenu() == b.submenu());
    for commands in parts {
        let command = commands[0];
        if command.begins_block() {
            ui.separator();
        }
        match (command.class_index(), command.submenu()) {
            (Some(0), _) => _ = ui.menu_button("Label as", |ui| classes_ui(ui, cx)),
            (Some(_), _) => {}
            (None, Some(title)) => _ = ui.menu_button(title, |ui| submenu_ui(ui, commands, cx)),
            (None, None) => item_ui(ui, command, cx),
        }
        if command == Command::OpenSample {
            recent_ui(ui, cx);
        }
    }
    if group == Group::View {
        ui.separator();
        ui.menu_button("Device", |ui| device_ui(ui, cx));
    }
}

/// Commands in a menu of their own; above those that write flow is whose.
fn submenu_ui(ui: &mut Ui, commands: &[Command], cx: &mut PanelContext<'_>) {
    ui.set_min_width(230.0);
    if commands.contains(&Command::SaveFlow) {
        let source = cx.session.flow.name_of(cx.settings.views.flow_source());
        let text = RichText::new(format!("Flow of {source} (view clicked last)"));
        ui.label(text.small().color(Tokens::of(ui).weak));
    }
    for (place, &command) in commands.iter().enumerate() {
        if place > 0 && command.begins_block() {
            ui.separator();
        }
        item_ui(ui, command, cx);
    }
}

/// The classes of the project that have a digit.
fn classes_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let classes = cx.session.labeling.document().map(|document| document.classes.clone()).unwrap_or_default();
    if classes.is_empty() {
        ui.label(RichText::new("The project has no classes yet").color(Tokens::of(ui).weak));
    }
    for (class, command) in classes.iter().zip((0..).map_while(Command::of_class)) {
        named_item_ui(ui, command, &class.name, cx);
    }
}

/// A command as a line of a menu.
pub(in crate::app) fn item_ui(ui: &mut Ui, command: Command, cx: &mut PanelContext<'_>) {
    named_item_ui(ui, command, command.text(), cx);
}

fn named_item_ui(ui: &mut Ui, command: Command, name: &str, cx: &mut PanelContext<'_>) {
    let state = cx.available(command);
    let button = Button::new(name).shortcut_text(command.shortcut_text(ui.ctx()));
    let mut response = ui.add_enabled(state.is_ok(), button).on_hover_text(command.tooltip());
    if let Err(reason) = state {
        response = response.on_disabled_hover_text(reason);
    }
    if response.clicked() {
        cx.run(command);
        ui.close();
    }
}

fn recent_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    if cx.settings.recent.is_empty() {
        ui.add_enabled(false, Button::new("Open recent")).on_disabled_hover_text("No recent items");
        return;
    }
    ui.menu_button("Open recent", |ui| {
        for (path, name) in cx.settings.recent.iter().zip(distinct_names(&cx.settings.recent)) {
            if ui.button(name).on_hover_text(path.display().to_string()).clicked() {
                cx.actions.push(Action::Open(path.clone()));
                ui.close();
            }
        }
        ui.separator();
        if ui.button("Clear list").clicked() {
            cx.settings.recent.clear();
            ui.close();
        }
    });
}

fn device_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    ui.label(RichText::new("Inference device, used after a restart").small().color(Tokens::of(ui).weak));
    for (choice, text, tooltip) in [
        (DeviceChoice::Auto, "Automatic", "Use a hardware GPU if available, else CPU"),
        (DeviceChoice::Gpu, "GPU", "Use any GPU, including software rendering"),
        (DeviceChoice::Cpu, "CPU", "Use the CPU even if a GPU exists"),
    ] {
        ui.radio_value(&mut cx.settings.device, choice, text).on_hover_text(tooltip);
    }
}

/// Width of the button that opens the palette, in points.
const PALETTE_WIDTH: f32 = 200.0;

fn palette_button(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let weak = Tokens::of(ui).weak;
    let keys = Command::Palette.shortcut_text(ui.ctx());
    // Beside the menus of a narrow window there is no room for the keys.
    let width = ui.available_width().min(PALETTE_WIDTH);
    let keys = if width < PALETTE_WIDTH { String::new() } else { keys };
    let content = (Icon::Search.atom(), RichText::new("Find a command").color(weak));
    let response = ui.add(Button::new(content).shortcut_text(keys).min_size(eframe::egui::vec2(width, 0.0)));
    if response.on_hover_text(Command::Palette.tooltip()).clicked() {
        cx.run(Command::Palette);
    }
}
