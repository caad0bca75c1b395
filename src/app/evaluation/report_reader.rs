//! Reads saved reports of evaluations on threads of their own: they may be large, and the disk far away.

use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, unbounded};
use eframe::egui::Context;

use crate::error::{Error, Result};
use crate::evaluation::ActionsReport;
use crate::gpu::panics::caught;

/// The file of a report in its folder.
const FILE: &str = "report.json";

/// What a report is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be shown.
    Show,
    /// To be compared with the one that is shown.
    Compare,
}

/// A report, where it lies and what it is for.
type Answer = Result<(Purpose, PathBuf, ActionsReport)>;

/// The threads that read, and what they found.
pub struct ReportReader {
    sender: Sender<Answer>,
    receiver: Receiver<Answer>,
}

impl Default for ReportReader {
    fn default() -> Self {
        let (sender, receiver) = unbounded(); // One answer for every report that a person asks for.
        Self { sender, receiver }
    }
}

impl ReportReader {
    /// Begins to read the report at `path`, the file or its folder.
    pub fn read(&self, purpose: Purpose, path: PathBuf, ctx: &Context) {
        let (sender, ctx) = (self.sender.clone(), ctx.clone());
        let work = move || {
            let path = if path.is_dir() { path.join(FILE) } else { path };
            // The window may be gone.
            let _ = sender.send(caught("report", || ActionsReport::read(&path)).map(|report| (purpose, path, report)));
            ctx.request_repaint();
        };
        if let Err(error) = std::thread::Builder::new().name("report".into()).spawn(work) {
            let error = Error::no_thread("report", &error);
            // The receiver lives as long as `self`.
            let _ = self.sender.send(Err(error));
        }
    }

    /// What was read since the last call.
    pub fn answers(&self) -> impl Iterator<Item = Answer> + use<> {
        let receiver = self.receiver.clone();
        std::iter::from_fn(move || receiver.try_recv().ok())
    }
}
