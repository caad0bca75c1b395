//! A look at the disk before something is written there.

use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, unbounded};
use eframe::egui::Context;

use super::prompt::PathPrompt;
use crate::error::{Error, Result};
use crate::output::OutputGuard;

/// What a look at the disk found.
pub struct Looked {
    /// What was asked.
    pub question: PathPrompt,
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
    /// Looks which of `targets` exist, which the answer `path` to `question` would write; `guard` makes it for them.
    pub fn look(
        &self,
        (question, path): (PathPrompt, PathBuf),
        targets: Vec<PathBuf>,
        guard: impl FnOnce() -> OutputGuard + Send + 'static,
        ctx: &Context,
    ) {
        let (sender, ctx) = (self.sender.clone(), ctx.clone());
        let again = (question, path.clone());
        let work = move || {
            let existing = guard().existing(&targets);
            let _ = sender.send(Looked { question, path, existing }); // The window may be gone.
            ctx.request_repaint();
        };
        if let Err(error) = std::thread::Builder::new().name("outputs".into()).spawn(work) {
            let existing = Err(Error::no_thread("export", &error));
            let _ = self.sender.send(Looked { question: again.0, path: again.1, existing }); // As long as `self` lives.
        }
    }
}
