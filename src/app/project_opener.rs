//! Opens and makes labelling projects on a thread of their own: thousands of files may have to be read.

use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, unbounded};
use eframe::egui::Context;

use crate::error::{Error, Result};
use crate::labels::{Opened, Project, Settings};

/// What is to become of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It is a project and is opened.
    Open,
    /// It becomes a project.
    New,
}

/// A project, or why there is none, and what was asked for.
pub struct Answer {
    /// Whether it was made.
    pub start: Start,
    /// The folder.
    pub dir: PathBuf,
    /// The project.
    pub opened: Result<Opened>,
}

/// The threads that open, and what they have opened.
pub struct ProjectOpener {
    sender: Sender<Answer>,
    receiver: Receiver<Answer>,
}

impl Default for ProjectOpener {
    fn default() -> Self {
        let (sender, receiver) = unbounded(); // One answer for every project that a person opens.
        Self { sender, receiver }
    }
}

impl ProjectOpener {
    /// Begins to open the project in `dir`, or to make one there.
    pub fn begin(&self, start: Start, dir: PathBuf, ctx: &Context) {
        let (sender, ctx, folder) = (self.sender.clone(), ctx.clone(), dir.clone());
        let work = move || {
            let opened = match start {
                Start::Open => Project::open(&folder),
                Start::New => make(&folder),
            };
            // The window may be gone.
            let _ = sender.send(Answer { start, dir: folder, opened });
            ctx.request_repaint();
        };
        if let Err(error) = std::thread::Builder::new().name("project".into()).spawn(work) {
            let error = Error::new("project", error.to_string(), "Close other programs and try again");
            // The receiver lives as long as `self`.
            let _ = self.sender.send(Answer { start, dir, opened: Err(error) });
        }
    }

    /// What was opened since the last call.
    pub fn answers(&self) -> impl Iterator<Item = Answer> + use<> {
        let receiver = self.receiver.clone();
        std::iter::from_fn(move || receiver.try_recv().ok())
    }
}

fn make(dir: &std::path::Path) -> Result<Opened> {
    let name = dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy().into_owned();
    let settings = Settings { name, ..Settings::default() };
    Project::create(dir, settings).map(|project| Opened { project, notes: Vec::new() })
}
