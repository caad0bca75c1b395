//! What panels ask for: collected while they draw, done by the app afterwards.

use std::path::PathBuf;

use super::availability::available;
use super::command::Command;
use super::dialogs::Question;
use super::interchange::ImportOrder;
use super::session::{KnownClip, Session};
use super::settings::Settings;
use crate::engine::Request;
use crate::error;
use crate::labels::{Label, Step, VideoId};

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
    /// Does a step in the labelling project, or says why it could not be made.
    Edit(Box<error::Result<Step>>),
    /// Selects a video of the project and opens it.
    ShowVideo(VideoId),
    /// Adds videos to the project.
    AddVideos(Vec<PathBuf>),
    /// Makes a folder of clips a project, or opens the one that it is.
    MakeProject(PathBuf),
    /// Stops looking for videos.
    StopSearches,
    /// Reads labels of another program.
    Import(Box<ImportOrder>),
    /// Labels what is selected, marked or open.
    Give(Label),
    /// Asks for a path.
    Ask(Question),
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

    /// Does `step` in the labelling project.
    pub fn edit(&mut self, step: error::Result<Step>) {
        self.actions.push(Action::Edit(Box::new(step)));
    }

    /// Sends `request` to the engine.
    pub fn send(&mut self, request: Request) {
        self.actions.push(Action::Send(Box::new(request)));
    }
}
