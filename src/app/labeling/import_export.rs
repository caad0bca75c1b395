//! Labels of other programs in and out, each on a thread of its own.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use eframe::egui::Context;

use crate::app::tasks::Tasks;
use crate::app::ui::progress::Progress;
use crate::engine::{LabelExport, export_labels};
use crate::error::{Error, Result};
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

/// What came of an export.
enum Outgoing {
    /// It waits for consent to replace these files.
    Replaces(Vec<PathBuf>),
    Written(Exported),
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

/// The imports and exports, and what came of them.
#[derive(Default)]
pub struct ImportExport {
    /// Imports for a revision of the project.
    imports: Tasks<(ImportOrder, u64, usize), Import>,
    exports: Tasks<ExportOrder, Outgoing>,
    stop: Arc<AtomicBool>,
    /// How many of how many clips are cut.
    cut: Arc<[AtomicUsize; 2]>,
    /// How far the export under way is.
    pub exporting: Option<Progress>,
    /// The file or folder of the import that is being read.
    pub(super) reading: Option<PathBuf>,
    /// How often something was imported.
    asked: usize,
    /// The import that is looked at.
    pub pending: Option<Pending>,
    /// An export that waits for consent to replace these files.
    pub replaces: Option<(ExportOrder, Vec<PathBuf>)>,
    /// What was exported last, or why it could not be.
    pub exported: Option<(PathBuf, Result<Exported>)>,
}

impl ImportExport {
    /// Whether something is under way.
    pub fn is_busy(&self) -> bool {
        self.reading.is_some() || self.exporting.is_some()
    }

    /// Returns the file or folder of the import that is being read.
    pub fn reading(&self) -> Option<&Path> {
        self.reading.as_deref()
    }

    /// Waits for no import any more.
    pub fn cancel_import(&mut self) {
        self.reading = None;
    }

    /// Begins to write the labels of `project`; files that exist are asked about first.
    pub fn export(&mut self, order: ExportOrder, project: &Project, ctx: &Context) {
        (self.exporting, self.exported, self.replaces) = (Some(Progress::begin(0, "clips")), None, None);
        (self.stop, self.cut) = Default::default();
        let (document, dir) = (project.document().clone(), project.dir().to_owned());
        let (stop, cut, repaint) = (self.stop.clone(), self.cut.clone(), ctx.clone());
        self.exports.start("export", ctx, order.clone(), move || {
            let ExportOrder { format, target, existing } = order;
            let with_clips = format == Format::UcfLists;
            let export = LabelExport { format, document: &document, dir: &dir, target: &target, with_clips, existing };
            let replaced = if existing == Existing::Keep { export.replaced()? } else { Vec::new() };
            if !replaced.is_empty() {
                return Ok(Outgoing::Replaces(replaced));
            }
            let mut progress = |done, all| {
                cut[0].store(done, Ordering::Relaxed);
                cut[1].store(all, Ordering::Relaxed);
                repaint.request_repaint();
                if stop.load(Ordering::Acquire) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let stopped = || {
                let target = target.to_string_lossy();
                Error::cancelled(target, "the export was stopped; nothing was written", "Export again")
            };
            export_labels(&export, &mut progress)?.map(Outgoing::Written).ok_or_else(stopped)
        });
    }

    /// Ends an export; nothing of it is written.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// Begins to read labels for `project`.
    pub fn import(&mut self, order: ImportOrder, project: &Project, ctx: &Context) {
        (self.reading, self.asked) = (Some(order.source.clone()), self.asked + 1);
        let (document, dir, revision) = (project.document().clone(), project.dir().to_owned(), project.revision());
        self.imports.start("import", ctx, (order.clone(), revision, self.asked), move || {
            formats::import(order.format, &order.source, &document, &dir, order.choices)
        });
    }

    /// Takes in what the threads have done.
    pub fn refresh(&mut self) {
        if let Some(cut) = &mut self.exporting {
            cut.advance(self.cut[0].load(Ordering::Relaxed), self.cut[1].load(Ordering::Relaxed));
        }
        for (order, outgoing) in self.exports.poll() {
            self.exporting = None;
            match outgoing {
                Ok(Outgoing::Replaces(files)) => self.replaces = Some((order, files)),
                Ok(Outgoing::Written(exported)) => self.exported = Some((order.target, Ok(exported))),
                Err(error) => self.exported = Some((order.target, Err(error))),
            }
        }
        for ((order, revision, asked), import) in self.imports.poll() {
            // Others were cancelled.
            if asked == self.asked && self.reading.take().is_some() {
                self.pending = Some(Pending { order, revision, import });
            }
        }
    }
}
