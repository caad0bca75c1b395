//! The list of keys (F1), drawn from the commands, and how a person gives commands other keys.

use eframe::egui::{
    Align, Button, Context, Event, Grid, Id, Key, KeyboardShortcut, Layout, Modal, Modifiers, RichText, Ui, vec2,
};

use crate::app::command::Command;
use crate::app::command::keymap::Keymap;
use crate::app::command::{Group, keys_text};
use crate::app::ui::theme::{Tokens, modal_frame};
use crate::app::ui::widgets::{overlay_list, remark};

/// Room for the longest command with the longest keys, without and with what changes them, in points. Where two such columns do not
/// fit, there is one.
const COLUMN: [f32; 2] = [405.0, 505.0];
/// Room for the text of most commands, so that the keys of all groups begin at the same place, in points.
const TEXT: f32 = 230.0;
/// Height of all in the window but the list, in points.
const AROUND: f32 = 200.0;
/// Height of a row, in points.
const ROW: f32 = 18.0;
/// Space between the columns, in points.
const BETWEEN: f32 = 24.0;

/// The list.
#[derive(Default)]
pub struct Shortcuts {
    /// Whether a click on a command gives it other keys.
    editing: bool,
    /// The command that the next keys are for.
    recording: Option<Command>,
    /// Keys that run another command already.
    conflict: Option<(Command, KeyboardShortcut)>,
}

impl Shortcuts {
    /// Whether the next keys are for a command and must not run one.
    pub fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// Takes the keys that are pressed for the command that waits for them; Esc leaves it as it is.
    pub fn record(&mut self, ctx: &Context, keymap: &mut Keymap) {
        let Some(command) = self.recording else { return };
        let pressed = ctx.input_mut(|input| {
            let found = input.events.iter().find_map(|event| match event {
                // A modifier alone is the beginning of a combination.
                Event::Key { key, pressed: true, repeat: false, modifiers, .. } if !is_modifier(*key) => {
                    Some((*key, *modifiers))
                }
                _ => None,
            });
            if found.is_some() {
                input.events.retain(|event| !matches!(event, Event::Key { .. } | Event::Text(_)));
            }
            found
        });
        let Some((key, modifiers)) = pressed else { return };
        self.recording = None;
        if key == Key::Escape {
            return;
        }
        let keys = KeyboardShortcut::new(plain(modifiers), key);
        match keymap.command(&keys).filter(|other| *other != command) {
            Some(_) => self.conflict = Some((command, keys)),
            None => self.give(command, keys, keymap, ctx),
        }
    }

    /// Draws the list; returns whether it is to be closed.
    pub fn shortcuts_ui(&mut self, ctx: &Context, keymap: &mut Keymap) -> bool {
        let modal = Modal::new(Id::unique("shortcuts")).frame(modal_frame(ctx)).show(ctx, |ui| {
            // As wide in both modes, so that nothing moves sideways between them.
            let width = (ctx.content_rect().width() - 60.0).min(2.0 * COLUMN[1] + BETWEEN);
            let columns = if width < 2.0 * COLUMN[usize::from(self.editing)] + BETWEEN { 1 } else { 2 };
            ui.set_width(width);
            ui.horizontal(|ui| {
                ui.heading("Keyboard shortcuts");
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| self.modes_ui(ui, keymap));
            });
            ui.add_space(8.0);
            self.conflict_ui(ui, keymap);
            overlay_list(ui, AROUND).show(ui, |ui| {
                ui.spacing_mut().item_spacing.x = BETWEEN;
                ui.columns(columns, |columns| {
                    for (i, group) in Group::ALL.into_iter().enumerate() {
                        let place = (i + 1) % columns.len();
                        self.group_ui(&mut columns[place], group, keymap);
                    }
                });
            });
            ui.add_space(6.0);
            let text = match self.editing {
                true => "Click a command and press its new shortcut; Esc cancels.",
                false => {
                    "Over a view: scroll to zoom, drag to pan, double-click to fit. Ctrl+scroll zooms the timeline."
                }
            };
            ui.label(RichText::new(text).color(Tokens::of(ui).weak));
            ui.add_space(6.0);
            ui.button("Close").clicked()
        });
        modal.inner || modal.should_close()
    }

    fn modes_ui(&mut self, ui: &mut Ui, keymap: &mut Keymap) {
        let before = self.editing;
        let text = if self.editing { "Done" } else { "Edit shortcuts" };
        self.editing ^= ui.button(text).clicked();
        if self.editing != before {
            // The window is centred by the size that it had before: another pass centres it by its new one.
            ui.ctx().request_discard("another size");
            (self.recording, self.conflict) = (None, None);
        }
        let changed = keymap.is_any_changed();
        let restore = ui
            .add_enabled(changed, Button::new("Restore defaults"))
            .on_disabled_hover_text("All shortcuts are at their defaults");
        if restore.clicked() {
            *keymap = Keymap::default();
            keymap.install(ui.ctx());
        }
    }

    fn conflict_ui(&mut self, ui: &mut Ui, keymap: &mut Keymap) {
        let Some((command, keys)) = self.conflict else { return };
        let Some(other) = keymap.command(&keys) else { return };
        let text = format!(
            "{} is assigned to “{}”. Use it for “{}” instead?",
            keys_text(&keys, ui.ctx()),
            other.text(),
            command.text()
        );
        let warning = Tokens::of(ui).warning;
        remark(ui, warning, |ui| {
            ui.label(text);
            ui.horizontal(|ui| {
                if ui.button("Reassign").clicked() {
                    self.give(command, keys, keymap, &ui.ctx().clone());
                }
                if ui.button("Cancel").clicked() {
                    self.conflict = None;
                }
            });
        });
        ui.add_space(8.0);
    }

    fn give(&mut self, command: Command, keys: KeyboardShortcut, keymap: &mut Keymap, ctx: &Context) {
        keymap.set(command, keys);
        keymap.install(ctx);
        self.conflict = None;
    }

    fn group_ui(&mut self, ui: &mut Ui, group: Group, keymap: &mut Keymap) {
        let is_listed = |command: &Command| self.editing || !keymap.shortcuts(*command).is_empty();
        let listed: Vec<_> = group.commands().iter().copied().filter(is_listed).collect();
        if listed.is_empty() {
            return;
        }
        ui.label(RichText::new(group.title()).small().color(Tokens::of(ui).weak));
        Grid::new(("keys", group)).num_columns(2).spacing([16.0, 2.0]).min_row_height(ROW).show(ui, |ui| {
            for command in listed {
                match command.class_index().filter(|_| !self.editing) {
                    None => {
                        text_ui(ui, command.text(), command.tooltip());
                        self.keys_ui(ui, command, keymap);
                    }
                    Some(0) => digits_ui(ui),
                    Some(_) => continue,
                }
                ui.end_row();
            }
        });
        ui.add_space(12.0);
    }

    fn keys_ui(&mut self, ui: &mut Ui, command: Command, keymap: &mut Keymap) {
        let tokens = Tokens::of(ui);
        let text = command.shortcuts_text(ui.ctx());
        if !self.editing {
            ui.label(RichText::new(text).color(tokens.strong));
            return;
        }
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let is_recording = self.recording == Some(command);
            let text = match (is_recording, text.is_empty()) {
                (true, _) => RichText::new("press shortcut…").color(tokens.accent),
                (false, true) => RichText::new("none").color(tokens.weak),
                (false, false) => RichText::new(text).color(tokens.strong),
            };
            let button = Button::new(text).small().selected(is_recording);
            if ui.add(button).accessible_name(format!("Shortcut for {}", command.text())).clicked() {
                self.conflict = None;
                self.recording = if is_recording { None } else { Some(command) };
            }
            if is_recording && ui.small_button("None").on_hover_text("Remove shortcut").clicked() {
                keymap.clear(command);
                keymap.install(ui.ctx());
                self.recording = None;
            }
            if keymap.is_changed(command)
                && ui.small_button("Restore").on_hover_text("Restore default shortcut").clicked()
            {
                keymap.restore(command);
                keymap.install(ui.ctx());
            }
        });
    }
}

/// Returns whether `key` is Ctrl, Shift, Alt or Super itself.
fn is_modifier(key: Key) -> bool {
    use Key::{AltLeft, AltRight, ControlLeft, ControlRight, ShiftLeft, ShiftRight, SuperLeft, SuperRight};
    [AltLeft, AltRight, ControlLeft, ControlRight, ShiftLeft, ShiftRight, SuperLeft, SuperRight].contains(&key)
}

/// What the keys beside it do.
fn text_ui(ui: &mut Ui, text: &str, tooltip: &str) {
    ui.allocate_ui_with_layout(vec2(TEXT, ROW), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(TEXT);
        ui.label(text).on_hover_text(tooltip);
    });
}

/// The keys of all classes in one line.
fn digits_ui(ui: &mut Ui) {
    text_ui(ui, "Label as class 1 to 10", Command::Class1.tooltip());
    let [first, last] = [Command::Class1, Command::Class10].map(|command| command.shortcut_text(ui.ctx()));
    ui.label(RichText::new(format!("{first} … {last}")).color(Tokens::of(ui).strong));
}

/// Modifiers as the table has them: Ctrl (or the Mac's command key) as one.
fn plain(modifiers: Modifiers) -> Modifiers {
    let Modifiers { alt, ctrl, shift, command, .. } = modifiers;
    Modifiers { alt, ctrl: ctrl && !command, shift, mac_cmd: false, command }
}
