//! Everything a person can ask of the window, once: menus, buttons, the palette, the F1 list and the keys all come from
//! one table.

pub mod answers;
pub mod availability;
pub mod button;
mod group;
mod id;
pub mod keymap;
mod keys;
pub mod output_checks;
pub mod outputs;
#[cfg(test)]
mod outputs_tests;
pub mod perform;
pub mod prompt;
mod table;

use eframe::egui::KeyboardShortcut;

pub use group::Group;
pub use id::Command;
pub(super) use keys::{keys_text, take_digits_by_place};

use super::viewer::presets::ViewPreset;
use table::{Entry, TABLE};

impl Command {
    /// All commands, in the order of menus and lists.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|entry| entry.0)
    }

    fn entry(self) -> &'static Entry {
        TABLE.iter().find(|entry| entry.0 == self).expect("a test holds that the table has every command")
    }

    /// The menu it belongs to.
    pub fn group(self) -> Group {
        self.entry().1
    }

    /// Its name, with `…` where more input follows.
    pub fn text(self) -> &'static str {
        self.entry().2
    }

    /// What it does, in a sentence.
    pub fn tooltip(self) -> &'static str {
        self.entry().3
    }

    /// The keys that run it, unless a person chose others.
    pub fn default_shortcuts(self) -> &'static [KeyboardShortcut] {
        self.entry().4
    }

    /// Which class of the list it labels with, from 0.
    pub(super) fn class_index(self) -> Option<usize> {
        (Self::Class1 as usize..=Self::Class10 as usize)
            .contains(&(self as usize))
            .then(|| self as usize - Self::Class1 as usize)
    }

    /// The command that labels with class `index` of the list; the first ten have one.
    pub(super) fn of_class(index: usize) -> Option<Self> {
        Self::all().find(|command| command.class_index() == Some(index))
    }

    /// The set of views that it chooses.
    pub(super) fn arrangement(self) -> Option<ViewPreset> {
        Some(match self {
            Self::ArrangeFrameAndFlow => ViewPreset::FrameAndFlow,
            Self::ArrangeNetworkOrTvl1 => ViewPreset::NetworkOrTvl1,
            Self::ArrangeLoss => ViewPreset::Loss,
            Self::ArrangeAllSources => ViewPreset::AllSources,
            Self::ArrangeComponents => ViewPreset::Components,
            Self::ArrangeAllScales => ViewPreset::AllScales,
            Self::ArrangeTenFlows => ViewPreset::TenFlows,
            Self::ArrangeTemporalInput => ViewPreset::TemporalInput,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_commands_share_a_key_or_a_name() {
        let mut keys = HashSet::new();
        let mut names = HashSet::new();
        for command in Command::all() {
            assert!(names.insert(command.text()), "{command:?} has another command's name");
            for shortcut in command.default_shortcuts() {
                assert!(keys.insert(*shortcut), "{command:?} has another command's key {shortcut:?}");
            }
        }
    }

    #[test]
    fn every_command_is_in_the_table() {
        // The last variant's discriminant counts the variants, as none has a value of its own.
        assert_eq!(Command::all().count(), Command::ShowLog as usize + 1);
    }

    #[test]
    fn the_digits_stand_for_the_first_ten_classes() {
        let classes: Vec<_> = (0..11).map(Command::of_class).collect();
        assert_eq!(classes[0], Some(Command::Class1));
        assert_eq!((classes[9], classes[10]), (Some(Command::Class10), None));
        assert_eq!(Command::PlayPause.class_index(), None);
    }
}
