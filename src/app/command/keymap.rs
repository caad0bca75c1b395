//! The keys of each command: the defaults, unless a person chose others.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use eframe::egui::{Context, Id, KeyboardShortcut};
use serde::{Deserialize, Serialize};

use super::Command;

/// Stored form: the keys of changed commands by the commands' names, so that other versions can read it.
type Stored = BTreeMap<String, Vec<KeyboardShortcut>>;

/// Differences from the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Keymap {
    changed: HashMap<Command, Vec<KeyboardShortcut>>,
}

impl Keymap {
    /// Returns the keys that are in force in the window of `ctx`.
    pub fn of(ctx: &Context) -> Arc<Self> {
        ctx.data(|data| data.get_temp(Self::place())).unwrap_or_default()
    }

    /// Activates the keys in the window of `ctx`.
    pub fn install(&self, ctx: &Context) {
        ctx.data_mut(|data| data.insert_temp(Self::place(), Arc::new(self.clone())));
    }

    fn place() -> Id {
        Id::unique("keymap")
    }

    /// Returns the keys that run `command`.
    pub fn shortcuts(&self, command: Command) -> &[KeyboardShortcut] {
        self.changed.get(&command).map_or(command.default_shortcuts(), Vec::as_slice)
    }

    /// Returns `true` if the keys of `command` differ from the defaults.
    pub fn is_changed(&self, command: Command) -> bool {
        self.changed.contains_key(&command)
    }

    /// Returns `true` if any command's keys differ from the defaults.
    pub fn is_any_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Returns the command that `keys` run.
    pub fn command(&self, keys: &KeyboardShortcut) -> Option<Command> {
        Command::all().find(|command| self.shortcuts(*command).contains(keys))
    }

    /// Assigns `keys` to `command`; a command that had them loses them.
    pub fn set(&mut self, command: Command, keys: KeyboardShortcut) {
        if let Some(other) = self.command(&keys).filter(|other| *other != command) {
            let left = self.shortcuts(other).iter().copied().filter(|other| *other != keys).collect();
            self.put(other, left);
        }
        self.put(command, vec![keys]);
    }

    /// Removes all keys from `command`.
    pub fn clear(&mut self, command: Command) {
        self.put(command, Vec::new());
    }

    /// Restores the default keys of `command`, except those that another command has now.
    pub fn restore(&mut self, command: Command) {
        self.changed.remove(&command);
        let taken = |keys: &KeyboardShortcut| {
            Command::all().any(|other| other != command && self.shortcuts(other).contains(keys))
        };
        let free: Vec<_> = command.default_shortcuts().iter().copied().filter(|keys| !taken(keys)).collect();
        self.put(command, free);
    }

    fn put(&mut self, command: Command, keys: Vec<KeyboardShortcut>) {
        if keys == command.default_shortcuts() {
            self.changed.remove(&command);
        } else {
            self.changed.insert(command, keys);
        }
    }
}

impl From<Stored> for Keymap {
    /// Commands that do not exist in this version are left out.
    fn from(stored: Stored) -> Self {
        let known = |name: &str| Command::all().find(|command| format!("{command:?}") == name);
        let changed = stored.into_iter().filter_map(|(name, keys)| Some((known(&name)?, keys)));
        Self { changed: changed.collect() }
    }
}

impl From<Keymap> for Stored {
    fn from(keymap: Keymap) -> Self {
        keymap.changed.into_iter().map(|(command, keys)| (format!("{command:?}"), keys)).collect()
    }
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Key, Modifiers};

    use super::*;

    #[test]
    fn keys_that_are_taken_leave_their_old_command_and_come_back() {
        let mut keymap = Keymap::default();
        let i = KeyboardShortcut::new(Modifiers::NONE, Key::I);
        assert_eq!(keymap.command(&i), Some(Command::MarkIn));
        keymap.set(Command::Unlabel, i);
        assert_eq!(keymap.command(&i), Some(Command::Unlabel));
        assert_eq!(keymap.shortcuts(Command::MarkIn).len(), 1, "the other key of the mark stays");
        keymap.restore(Command::MarkIn);
        assert_eq!(keymap.command(&i), Some(Command::Unlabel), "keys in use are not taken away by restoring");
        keymap.restore(Command::Unlabel);
        keymap.restore(Command::MarkIn);
        assert_eq!(keymap, Keymap::default());
    }

    #[test]
    fn keys_are_remembered_by_name_and_unknown_commands_are_passed_over() {
        let mut keymap = Keymap::default();
        keymap.set(Command::Undo, KeyboardShortcut::new(Modifiers::ALT, Key::U));
        keymap.clear(Command::Quit);
        let text = serde_json::to_string(&keymap).unwrap();
        assert_eq!(serde_json::from_str::<Keymap>(&text).unwrap(), keymap);
        let future = text.replace("Undo", "TravelInTime");
        assert!(!serde_json::from_str::<Keymap>(&future).unwrap().is_changed(Command::Undo));
    }
}
