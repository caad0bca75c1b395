//! A look at the disk before something is written there.

use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, unbounded};
use eframe::egui::Context;

use super::Command;
use crate::error::{Error, Result};
use crate::output::OutputGuard;

/// What a look at the disk found.
pub struct Looked {
    /// The command that writes.
    pub command: Command,
    /// The answer.
    pub path: PathBuf,
    /// What would be replaced.
    pub existing: Result<Vec<PathBuf>>,
}

/// Looks at the disk before something is written, on a thread of its own: a disk may take its time.
pub struct OutputChecks {
    sender: Sender<Looked>,
    /// What was found.
    pub receiver: Receiver<Looked>,
}

impl Default for OutputChecks {
    fn default() -> Self {
        let (sender, receiver) = unbounded(); // One answer for every file that a person asks for.
        Self { sender, receiver }
    }
}

impl OutputChecks {
    /// Looks which of `targets` exist, which `command` would write for `path`; `guard` makes it for them.
    pub fn look(
        &self,
        (command, path): (Command, PathBuf),
        targets: Vec<PathBuf>,
        guard: impl FnOnce() -> OutputGuard + Send + 'static,
        ctx: &Context,
    ) {
        let (sender, ctx) = (self.sender.clone(), ctx.clone());
        let again = path.clone();
        let work = move || {
            let existing = guard().existing(&targets);
            let _ = sender.send(Looked { command, path, existing }); // The window may be gone.
            ctx.request_repaint();
        };
        if let Err(error) = std::thread::Builder::new().name("outputs".into()).spawn(work) {
            let existing = Err(Error::no_thread("export", &error));
            let _ = self.sender.send(Looked { command, path: again, existing }); // As long as `self` lives.
        }
    }
}
