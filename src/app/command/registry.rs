//! Registry of all commands, each declared by its feature, and their execution.

use std::sync::LazyLock;

use eframe::egui::{Context, KeyboardShortcut};

use super::conditions::{Availability, Conditions};
use super::prompt::PathPrompt;
use super::spec::CommandSpec;
use super::{Command, Group};
use crate::app::{
    App, cluster, evaluation, flow, labeling, live, pinned, predicting, predictions, runs, scores, shell, training,
    viewer,
};

/// The commands by their discriminants.
static REGISTRY: LazyLock<Vec<&CommandSpec>> = LazyLock::new(|| {
    let features = [
        shell::commands::COMMANDS,
        viewer::commands::COMMANDS,
        labeling::commands::COMMANDS,
        predicting::commands::COMMANDS,
        predictions::commands::COMMANDS,
        scores::commands::COMMANDS,
        flow::commands::COMMANDS,
        training::commands::COMMANDS,
        pinned::commands::COMMANDS,
        runs::commands::COMMANDS,
        cluster::commands::COMMANDS,
        evaluation::commands::COMMANDS,
        live::commands::COMMANDS,
    ];
    let mut all: Vec<_> = features.into_iter().flatten().collect();
    all.sort_by_key(|spec| spec.command as usize);
    all
});

/// The commands of each group.
static GROUPS: LazyLock<[Vec<Command>; 10]> =
    LazyLock::new(|| Group::ALL.map(|group| Command::all().filter(|command| command.group() == group).collect()));

impl Group {
    /// Returns its commands in the order of its menu.
    pub fn commands(self) -> &'static [Command] {
        &GROUPS[self as usize]
    }
}

impl Command {
    /// Returns all commands, in the order of menus and lists.
    pub fn all() -> impl Iterator<Item = Self> {
        REGISTRY.iter().map(|spec| spec.command)
    }

    pub(super) fn spec(self) -> &'static CommandSpec {
        REGISTRY[self as usize]
    }

    /// Returns the menu it belongs to.
    pub fn group(self) -> Group {
        self.spec().group
    }

    /// Returns its name, with `…` if it asks for more input.
    pub fn text(self) -> &'static str {
        self.spec().text
    }

    /// Returns its tooltip: one sentence on its effect.
    pub fn tooltip(self) -> &'static str {
        self.spec().tooltip
    }

    /// Returns additional search words.
    pub fn keywords(self) -> &'static str {
        self.spec().keywords
    }

    /// Returns the keys that run it, unless a person chose others.
    pub fn default_shortcuts(self) -> &'static [KeyboardShortcut] {
        self.spec().keys
    }

    /// Returns `true` if its menu has a separator above it.
    pub fn begins_block(self) -> bool {
        self.spec().begins_block
    }

    /// Returns the menu in the menu that it is in.
    pub fn submenu(self) -> Option<&'static str> {
        self.spec().submenu
    }

    /// Returns `Ok` if it can be run now, otherwise the reason.
    pub(in crate::app) fn available(self, on: Conditions<'_>) -> Availability {
        (self.spec().enabled)(on)
    }

    /// Returns the index of the class that it labels with, from 0.
    pub(in crate::app) fn class_index(self) -> Option<usize> {
        let is_class = (Self::Class1 as usize..=Self::Class10 as usize).contains(&(self as usize));
        is_class.then(|| self as usize - Self::Class1 as usize)
    }

    /// Returns the command that labels with class `index` of the list; the first ten have one.
    pub(in crate::app) fn of_class(index: usize) -> Option<Self> {
        let command = REGISTRY.get(Self::Class1 as usize + index)?.command;
        command.class_index().is_some().then_some(command)
    }

    /// Returns the commands that choose a set of views.
    pub(in crate::app) fn view_presets() -> impl Iterator<Item = Self> {
        let presets = Self::ArrangeFrameAndFlow as usize..=Self::ArrangeRivals as usize;
        REGISTRY[presets].iter().map(|spec| spec.command)
    }
}

impl App {
    /// Runs `command` if it is available.
    pub fn perform(&mut self, command: Command, ctx: &Context) {
        _ = self.attempt(command, ctx);
    }

    /// Runs `command`, or returns the reason why it cannot be run now.
    pub(in crate::app) fn attempt(&mut self, command: Command, ctx: &Context) -> Availability {
        command.available(self.conditions())?;
        match command.spec().run {
            Some(run) => run(self, ctx),
            None => self.ask(PathPrompt::Of(command), ctx),
        }
        ctx.request_repaint();
        Ok(())
    }

    /// Returns the conditions that determine whether commands can be run now.
    pub(in crate::app) fn conditions(&self) -> Conditions<'_> {
        let training_ready = self.panels.training.ready();
        Conditions { session: &self.session, settings: &self.settings, training_ready }
    }
}
