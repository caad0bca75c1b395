//! The keys of commands: their names, and the lookup of commands by pressed keys.

use eframe::egui::{Context, Event, InputState, Key, KeyboardShortcut, Modifiers};

use super::id::Command;
use super::keymap::Keymap;

/// A key press that belongs to a command, removed from the input.
pub struct KeyPress {
    /// The command.
    pub command: Command,
    /// The press itself, to be restored if it was for something else.
    pub event: Event,
    /// Its index in the input, among the remaining events.
    pub at: usize,
    /// `true` if the event at that index is the text of the key, which must not reach a prompt that the command opens.
    pub has_text: bool,
}

impl Command {
    /// Returns its first key in words, such as `Ctrl+P`; empty if it has none.
    pub fn shortcut_text(self, ctx: &Context) -> String {
        Keymap::of(ctx).shortcuts(self).first().map(|keys| keys_text(keys, ctx)).unwrap_or_default()
    }

    /// Returns all its keys in words, such as `I or [`.
    pub fn shortcuts_text(self, ctx: &Context) -> String {
        Keymap::of(ctx).shortcuts(self).iter().map(|keys| keys_text(keys, ctx)).collect::<Vec<_>>().join(" or ")
    }

    /// Returns the tooltip with the keys.
    pub fn hover_text(self, ctx: &Context) -> String {
        match self.shortcut_text(ctx) {
            keys if keys.is_empty() => self.tooltip().to_owned(),
            keys => format!("{} ({keys})", self.tooltip()),
        }
    }

    /// Removes the key presses of commands from the input, in order. Keys that are text are left for a text field: one
    /// that has the focus, or one that is about to open (`asking`).
    pub fn pressed(ctx: &Context, asking: bool) -> Vec<KeyPress> {
        let is_press = |event: &Event| matches!(event, Event::Key { pressed: true, .. });
        if !ctx.input(|input| input.events.iter().any(is_press)) || is_for_desktop(ctx) {
            return Vec::new();
        }
        let typing = asking || ctx.text_edit_focused();
        let keymap = Keymap::of(ctx);
        // Egui ignores extra modifiers, so the keys with most modifiers come first.
        let mut keys: Vec<_> =
            Self::all().flat_map(|command| keymap.shortcuts(command).iter().map(move |keys| (command, keys))).collect();
        keys.sort_by_key(|(_, keys)| std::cmp::Reverse(modifier_count(keys)));
        keys.retain(|(_, keys)| !(typing && is_for_text(keys)));
        // Enter presses the button that has the keyboard focus.
        let reached = ctx.memory(|memory| memory.focused().is_some());
        keys.retain(|(_, keys)| !(reached && keys.logical_key == Key::Enter));
        let command = |event: &Event| match event {
            Event::Key { key, pressed: true, modifiers, repeat, .. } => {
                let meant =
                    |keys: &KeyboardShortcut| keys.logical_key == *key && modifiers.matches_logically(keys.modifiers);
                keys.iter().find(|(_, keys)| meant(keys)).map(|(command, _)| (*command, *repeat))
            }
            _ => None,
        };
        let mut pressed = Vec::<KeyPress>::new();
        ctx.input_mut(|input| {
            let mut events = std::mem::take(&mut input.events).into_iter().peekable();
            while let Some(event) = events.next() {
                let Some((command, is_repeat)) = command(&event) else {
                    input.events.push(event);
                    continue;
                };
                // The text of the key itself follows.
                let has_text = is_typed(&event) && matches!(events.peek(), Some(Event::Text(_)));
                // Every press counts, even if it is processed late; a held key repeats steps, but not toggles.
                if !is_repeat || command.is_step() || pressed.iter().all(|other| other.command != command) {
                    pressed.push(KeyPress { command, event, at: input.events.len(), has_text });
                }
            }
        });
        pressed
    }

    /// Returns `true` if the command moves by a fixed distance and repeats while its key is held.
    fn is_step(self) -> bool {
        let frames = matches!(self, Self::StepBack | Self::StepForward | Self::FramesBack | Self::FramesForward);
        frames || matches!(self, Self::SecondBack | Self::SecondForward)
    }
}

/// Returns `true` if Super is held: such keys belong to the desktop. On a Mac it is the command key, which programs may
/// use.
fn is_for_desktop(ctx: &Context) -> bool {
    let is_held = |input: &InputState| input.key_down(Key::SuperLeft) || input.key_down(Key::SuperRight);
    !cfg!(target_os = "macos") && ctx.input(is_held)
}

/// Returns `true` if a press types something: with Ctrl or the command key it does not.
fn is_typed(event: &Event) -> bool {
    matches!(event, Event::Key { modifiers, .. } if !modifiers.ctrl && !modifiers.command)
}

/// Makes the keys of the digit row digits, whatever the layout: French and Czech ones have letters and signs there, and
/// digits with Shift. With Ctrl the sign counts.
pub(in crate::app) fn take_digits_by_place(events: &mut [Event]) {
    let is_digit = |key: &Key| (Key::Num0..=Key::Num9).contains(key);
    for event in events {
        if let Event::Key { key, physical_key: Some(place), modifiers, .. } = event
            && is_digit(place)
            && !is_digit(key)
            && !(modifiers.shift || modifiers.ctrl || modifiers.command)
        {
            *key = *place;
        }
    }
}

/// Returns a key in words.
pub(in crate::app) fn keys_text(keys: &KeyboardShortcut, ctx: &Context) -> String {
    let text = ctx.format_shortcut(keys);
    let key = keys.logical_key;
    // The text ends as in egui: with the name of the key, or on a Mac with its symbol.
    let modifiers = text.strip_suffix(key.name()).or_else(|| text.strip_suffix(key.symbol_or_name()));
    match (sign(key), modifiers) {
        (Some(sign), Some(modifiers)) => format!("{modifiers}{sign}"),
        _ => text,
    }
}

/// Returns the printed symbol of a key whose name is a word.
fn sign(key: Key) -> Option<&'static str> {
    Some(match key {
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::ArrowUp => "↑",
        Key::ArrowDown => "↓",
        Key::OpenBracket => "[",
        Key::CloseBracket => "]",
        Key::Comma => ",",
        Key::Period => ".",
        Key::Semicolon => ";",
        Key::Colon => ":",
        Key::Slash => "/",
        Key::Backslash => "\\",
        Key::Quote => "'",
        Key::Backtick => "`",
        Key::Minus => "-",
        Key::Plus => "+",
        Key::Equals => "=",
        _ => return None,
    })
}

fn modifier_count(keys: &KeyboardShortcut) -> u8 {
    let Modifiers { alt, ctrl, shift, mac_cmd, command } = keys.modifiers;
    u8::from(alt) + u8::from(ctrl || command) + u8::from(shift) + u8::from(mac_cmd)
}

/// Returns `true` if a focused text field uses these keys itself.
fn is_for_text(keys: &KeyboardShortcut) -> bool {
    let modifiers = keys.modifiers;
    let is_letter = !modifiers.command && !modifiers.ctrl && !modifiers.alt; // also with Shift
    let edits = matches!(keys.logical_key, Key::Z | Key::Y) && (modifiers.command || modifiers.ctrl);
    let is_function_key = matches!(keys.logical_key, Key::F1 | Key::F2 | Key::F11);
    !is_function_key && (is_letter || edits || keys.conflicts_with_text_editing())
}

#[cfg(test)]
mod tests {
    use eframe::egui::RawInput;

    use super::*;
    use crate::app::command::spec::{alt, ctrl, ctrl_shift, key, shift};

    #[test]
    fn keys_are_named_by_what_is_printed_on_them() {
        let ctx = Context::default();
        let keys = [key(Key::Comma), alt(Key::Period), ctrl(Key::ArrowLeft), key(Key::OpenBracket), key(Key::Space)];
        assert_eq!(keys.map(|keys| keys_text(&keys, &ctx)), [",", "Alt+.", "Ctrl+←", "[", "Space"]);
    }

    #[test]
    fn the_digit_row_is_digits_in_any_layout() {
        let press = |key, place, modifiers| {
            let mut events =
                [Event::Key { key, physical_key: Some(place), pressed: true, repeat: false, modifiers }, Event::Copy];
            take_digits_by_place(&mut events);
            let Event::Key { key, .. } = events[0] else { panic!("a key") };
            key
        };
        assert_eq!(press(Key::Quote, Key::Num4, Modifiers::NONE), Key::Num4, "AZERTY's 4");
        assert_eq!(press(Key::Minus, Key::Num6, Modifiers::NONE), Key::Num6, "AZERTY's 6");
        assert_eq!(press(Key::Plus, Key::Num1, Modifiers::NONE), Key::Num1, "the Czech 1");
        assert_eq!(press(Key::Num4, Key::Num4, Modifiers::SHIFT), Key::Num4);
        assert_eq!(press(Key::Exclamationmark, Key::Num1, Modifiers::SHIFT), Key::Exclamationmark);
        assert_eq!(press(Key::Minus, Key::Num6, Modifiers::COMMAND), Key::Minus, "zooms out");
        assert_eq!(press(Key::Quote, Key::Quote, Modifiers::NONE), Key::Quote);
    }

    #[test]
    fn keys_with_super_are_for_the_desktop() {
        let pressed = |keys: &[(Key, bool)]| {
            let ctx = Context::default();
            let event = |&(key, pressed): &(Key, bool)| Event::Key {
                key,
                physical_key: None,
                pressed,
                repeat: false,
                modifiers: Modifiers::NONE,
            };
            let input = RawInput { events: keys.iter().map(event).collect(), ..RawInput::default() };
            let mut commands = Vec::new();
            Keymap::default().install(&ctx);
            _ = ctx.run_ui(input, |ui| {
                commands.extend(Command::pressed(ui.ctx(), false).into_iter().map(|press| press.command))
            });
            commands
        };
        assert_eq!(pressed(&[(Key::ArrowDown, true)]), [Command::CoarserLevel]);
        let with_super = pressed(&[(Key::SuperLeft, true), (Key::ArrowDown, true)]);
        assert_eq!(with_super.is_empty(), !cfg!(target_os = "macos"));
        let released = [(Key::SuperLeft, true), (Key::SuperLeft, false), (Key::ArrowDown, true)];
        assert_eq!(pressed(&released), [Command::CoarserLevel]);
    }

    #[test]
    fn fields_keep_letters_and_their_own_undo() {
        for keys in [key(Key::B), shift(Key::V), ctrl(Key::Z), ctrl_shift(Key::Z), key(Key::Enter), alt(Key::ArrowLeft)]
        {
            assert!(is_for_text(&keys), "{keys:?}");
        }
        for keys in [ctrl(Key::S), key(Key::F1), alt(Key::Num1), ctrl(Key::P)] {
            assert!(!is_for_text(&keys), "{keys:?}");
        }
    }
}
