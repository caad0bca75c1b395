//! What panels ask for: collected while they draw, done by the app afterwards.

use std::path::PathBuf;

use super::availability::available;
use super::command::Command;
use super::session::{KnownClip, Session};
use super::settings::Settings;
use crate::engine::Request;

/// One thing to be done after drawing.
#[derive(Debug, Clone)]
pub enum Action {
    /// Runs a command.
    Run(Command),
    /// Opens a clip, a folder or a model, whatever lies at the path.
    Open(PathBuf),
    /// Opens a clip whose class is known.
    Examine(Box<KnownClip>),
    /// Uses the networks in a folder and lays their flow over that of those in another.
    Compare {
        /// The networks before.
        old: PathBuf,
        /// The networks now.
        new: PathBuf,
    },
    /// Sends a request to the engine.
    Send(Box<Request>),
}

/// What a panel draws from and may ask for.
pub struct PanelContext<'a> {
    /// What the window knows.
    pub session: &'a mut Session,
    /// What the window remembers.
    pub settings: &'a mut Settings,
    /// What is to be done after drawing.
    pub actions: &'a mut Vec<Action>,
    /// Whether the training panel describes a run that can be started; the reason if it cannot.
    pub training_ready: Result<(), &'static str>,
}

impl PanelContext<'_> {
    /// Whether `command` can be run now; the reason if it cannot.
    pub fn available(&self, command: Command) -> Result<(), &'static str> {
        available(command, self.session, self.settings, self.training_ready)
    }

    /// Asks for `command`.
    pub fn run(&mut self, command: Command) {
        self.actions.push(Action::Run(command));
    }

    /// Sends `request` to the engine.
    pub fn send(&mut self, request: Request) {
        self.actions.push(Action::Send(Box::new(request)));
    }
}
