//! Help outside the window: the manual, the details for a problem report, and the last crash report.

use std::path::PathBuf;
use std::time::Instant;

use eframe::egui::Context;

use super::manual::{self, Manual};
use crate::app::{App, browser};
use crate::diagnostics::{summary, take_problem};

impl App {
    /// Opens the manual in the browser, or the folder of its Markdown files.
    pub(super) fn open_manual(&mut self, ctx: &Context) {
        match manual::find() {
            Ok(Manual::Pages(page)) => self.open_outside(page, "Opening the manual in the browser", ctx),
            Ok(Manual::Markdown(folder)) => self.open_outside(folder, "Opening the folder of the manual", ctx),
            Err(error) => self.session.problem(&error),
        }
    }

    /// Has the system open a page or a folder, and says so by `text`.
    pub(in crate::app) fn open_outside(&mut self, path: PathBuf, text: &str, ctx: &Context) {
        self.session.told = Some((text.into(), Instant::now()));
        self.browsing.start("browser", ctx, path.clone(), move || browser::open(&path));
    }

    /// Copies the details for a problem report to the clipboard.
    pub(super) fn copy_summary(&mut self, ctx: &Context) {
        ctx.copy_text(summary());
        self.session.told = Some((
            "Copied version, device and log to the clipboard: paste them into your report".into(),
            Instant::now(),
        ));
    }

    /// Takes the report of a crash that was found, and says what of the log could not be written.
    pub(in crate::app) fn take_crash(&mut self) {
        match self.crash.receive() {
            Ok(Some(offered)) => self.settings.offered_report = Some(offered),
            Ok(None) => {}
            Err(error) => self.session.problem(&error),
        }
        if let Some(error) = take_problem() {
            self.session.problem(&error);
        }
    }
}
