//! Labels of other programs in and out, each on a thread of its own.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, unbounded};
use eframe::egui::Context;

use crate::engine::{LabelExport, export_labels};
use crate::error::{Error, Result};
use crate::gpu::panics::caught;
use crate::labels::Project;
use crate::labels::formats::{self, Choices, Exported, Format, Import};
use crate::output::Existing;

/// What is read, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportOrder {
    /// The format.
    pub format: Format,
    /// The file or folder.
    pub source: PathBuf,
    /// What was decided.
    pub choices: Choices,
}

/// What is written, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportOrder {
    /// The format.
    pub format: Format,
    /// The file or folder.
    pub target: PathBuf,
    /// What is done about files that exist.
    pub existing: Existing,
}

/// What a thread reports.
enum News {
    Cutting(usize, usize),
    Replaces(ExportOrder, Vec<PathBuf>),
    Exported(PathBuf, Result<Exported>),
    Read(ImportOrder, u64, Result<Import>),
}

/// An import that is looked at before it is done.
pub struct Pending {
    /// What was read.
    pub order: ImportOrder,
    /// The revision of the project it was made for.
    pub revision: u64,
    /// What it would do.
    pub import: Result<Import>,
}

/// The threads, and what came of them.
pub struct ImportExport {
    sender: Sender<News>,
    receiver: Receiver<News>,
    stop: Arc<AtomicBool>,
    /// How many of how many clips are cut while an export is under way.
    pub exporting: Option<(usize, usize)>,
    /// An import is being read.
    pub reading: bool,
    /// The import that is looked at.
    pub pending: Option<Pending>,
    /// An export that waits for consent to replace these files.
    pub replaces: Option<(ExportOrder, Vec<PathBuf>)>,
    /// What was exported last, or why it could not be.
    pub exported: Option<(PathBuf, Result<Exported>)>,
}

impl Default for ImportExport {
    fn default() -> Self {
        let (sender, receiver) = unbounded(); // a few words for each thing that a person asks for
        let (stop, exporting, reading) = (Arc::default(), None, false);
        Self { sender, receiver, stop, exporting, reading, pending: None, replaces: None, exported: None }
    }
}

impl ImportExport {
    /// Whether something is under way.
    pub fn is_busy(&self) -> bool {
        self.reading || self.exporting.is_some()
    }

    /// Begins to write the labels of `project`; files that exist are asked about first.
    pub fn export(&mut self, order: ExportOrder, project: &Project, ctx: &Context) {
        (self.exporting, self.exported, self.replaces) = (Some((0, 0)), None, None);
        self.stop = Arc::default();
        let (document, dir) = (project.document().clone(), project.dir().to_owned());
        let (sender, stop, repaint) = (self.sender.clone(), self.stop.clone(), ctx.clone());
        self.start(ctx, move || {
            let ExportOrder { format, target, existing } = order.clone();
            let with_clips = format == Format::UcfLists;
            let export = LabelExport { format, document: &document, dir: &dir, target: &target, with_clips, existing };
            let replaced =
                if existing == Existing::Keep { caught("export", || export.replaced()) } else { Ok(Vec::new()) };
            match replaced {
                Ok(files) if files.is_empty() => {}
                Ok(files) => return News::Replaces(order, files),
                Err(error) => return News::Exported(target, Err(error)),
            }
            let mut progress = |done, all| {
                let _ = sender.send(News::Cutting(done, all)); // The window may be gone.
                repaint.request_repaint();
                if stop.load(Ordering::Acquire) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let exported = caught("export", || export_labels(&export, &mut progress));
            let exported = exported.and_then(|exported| {
                let stopped = || {
                    let target = target.to_string_lossy();
                    Error::cancelled(target, "the export was stopped; nothing was written", "Export again")
                };
                exported.ok_or_else(stopped)
            });
            News::Exported(target, exported)
        });
    }

    /// Ends an export; nothing of it is written.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// Begins to read labels for `project`.
    pub fn import(&mut self, order: ImportOrder, project: &Project, ctx: &Context) {
        self.reading = true;
        let (document, dir, revision) = (project.document().clone(), project.dir().to_owned(), project.revision());
        self.start(ctx, move || {
            let import = || formats::import(order.format, &order.source, &document, &dir, order.choices);
            let read = caught("import", import);
            News::Read(order, revision, read)
        });
    }

    /// Takes in what the threads have reported.
    pub fn refresh(&mut self) {
        let news: Vec<News> = self.receiver.try_iter().collect();
        for news in news {
            match news {
                News::Cutting(done, all) => self.exporting = Some((done, all)),
                News::Replaces(order, files) => (self.exporting, self.replaces) = (None, Some((order, files))),
                News::Exported(path, exported) => (self.exporting, self.exported) = (None, Some((path, exported))),
                News::Read(order, revision, import) => {
                    (self.reading, self.pending) = (false, Some(Pending { order, revision, import }));
                }
            }
        }
    }

    fn start(&mut self, ctx: &Context, work: impl FnOnce() -> News + Send + 'static) {
        let (sender, ctx) = (self.sender.clone(), ctx.clone());
        let body = move || {
            // The window may be gone.
            let _ = sender.send(work());
            ctx.request_repaint();
        };
        if let Err(error) = std::thread::Builder::new().name("interchange".into()).spawn(body) {
            (self.reading, self.exporting) = (false, None);
            let error = Error::no_thread("labels", &error);
            self.exported = Some((PathBuf::new(), Err(error)));
        }
    }
}
