//! Declaration of a command: a row of its feature's `COMMANDS`.

use std::path::{Path, PathBuf};

use eframe::egui::{Context, Key, KeyboardShortcut, Modifiers};

use super::conditions::{Availability, Conditions};
use super::prompt::PromptSpec;
use super::{Command, Group};
use crate::app::App;
use crate::output::Existing;

/// One command of the window.
pub struct CommandSpec {
    pub(super) command: Command,
    pub(super) group: Group,
    /// Its name, with `…` if it asks for more input.
    pub(super) text: &'static str,
    pub(super) tooltip: &'static str,
    /// Its default keys.
    pub(super) keys: &'static [KeyboardShortcut],
    pub(super) enabled: fn(Conditions<'_>) -> Availability,
    /// The action; a command without one asks for its path.
    pub(super) run: Option<fn(&mut App, &Context)>,
    pub(super) path: Option<PathAction>,
    /// `true` if its menu has a separator above it.
    pub(super) begins_block: bool,
    /// The submenu that contains it.
    pub(super) submenu: Option<&'static str>,
    /// Additional search words, in lower case.
    pub(super) keywords: &'static str,
}

/// A command's request for a path.
pub(super) struct PathAction {
    pub(super) prompt: PromptSpec,
    pub(super) then: Then,
}

/// The action on a path.
#[derive(Clone, Copy)]
pub(super) enum Then {
    Open(fn(&mut App, PathBuf, &Context)),
    Save {
        write: fn(&mut App, PathBuf, Existing, &Context),
        /// The files that would be written.
        targets: fn(&App, &Path) -> Vec<PathBuf>,
    },
}

/// Returns the row of a command without an action.
pub const fn command(
    command: Command,
    group: Group,
    text: &'static str,
    tooltip: &'static str,
    keys: &'static [KeyboardShortcut],
    enabled: fn(Conditions<'_>) -> Availability,
) -> CommandSpec {
    CommandSpec {
        command,
        group,
        text,
        tooltip,
        keys,
        enabled,
        run: None,
        path: None,
        begins_block: false,
        submenu: None,
        keywords: "",
    }
}

impl CommandSpec {
    /// Sets its action.
    pub const fn runs(self, run: fn(&mut App, &Context)) -> Self {
        Self { run: Some(run), ..self }
    }

    /// Makes it ask for a path that is then read.
    pub const fn opens(self, prompt: PromptSpec, then: fn(&mut App, PathBuf, &Context)) -> Self {
        Self { path: Some(PathAction { prompt, then: Then::Open(then) }), ..self }
    }

    /// Makes it ask for a path that is then written, once any replacement is agreed to.
    pub const fn saves(self, prompt: PromptSpec, write: fn(&mut App, PathBuf, Existing, &Context)) -> Self {
        self.saves_files(prompt, |_, path| vec![path.to_owned()], write)
    }

    /// Like [`saves`](Self::saves), for a path at which other files are written, `targets`.
    pub const fn saves_files(
        self,
        prompt: PromptSpec,
        targets: fn(&App, &Path) -> Vec<PathBuf>,
        write: fn(&mut App, PathBuf, Existing, &Context),
    ) -> Self {
        Self { path: Some(PathAction { prompt, then: Then::Save { write, targets } }), ..self }
    }

    /// Sets additional search words for the palette.
    pub const fn keywords(self, keywords: &'static str) -> Self {
        Self { keywords, ..self }
    }

    /// Puts it into a submenu, together with its neighbours of the same submenu.
    pub const fn within(self, submenu: &'static str) -> Self {
        Self { submenu: Some(submenu), ..self }
    }

    /// Puts a separator above it in its menu.
    pub const fn below_line(self) -> Self {
        Self { begins_block: true, ..self }
    }
}

/// Returns a key without modifiers.
pub const fn key(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

/// Returns a key with Shift.
pub const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

/// Returns a key with Alt.
pub const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

/// Returns a key with Ctrl, or the Mac's command key.
pub const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

/// Returns a key with Ctrl, or the Mac's command key, and Shift.
pub const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}
