//! Locked labels are read again on a thread: their disk may be slow.

use std::time::Instant;

use eframe::egui::Context;

use crate::app::App;
use crate::app::shell::log::LogLevel;
use crate::labels::{Project, Reread};

impl App {
    /// Begins to read locked labels again.
    pub(in crate::app) fn read_labels_again(&self, ctx: &Context) {
        if let Some(project) = self.session.labeling.project() {
            let locked = project.locked_labels();
            self.projects.rereads.start("labels", ctx, project.dir().to_owned(), move || Ok(locked.read()));
        }
    }

    /// Takes the labels that were read, unless their project was closed meanwhile.
    pub(super) fn take_labels_read(&mut self, ctx: &Context) {
        for (dir, read) in self.projects.rereads.poll() {
            if self.session.labeling.project().map(Project::dir) != Some(dir.as_path()) {
                continue;
            }
            match read.map(|read| self.session.labeling.take_read(read)) {
                Ok(Some(reread)) => self.report_reread(&reread),
                Ok(None) => self.read_labels_again(ctx), // Something was changed meanwhile.
                Err(error) => self.session.problem(&error),
            }
        }
    }

    /// Reports what still cannot be read and what is to be known of what was.
    fn report_reread(&mut self, reread: &Reread) {
        self.session.notice = self.session.notice.take().filter(|notice| !reread.outdated.contains(notice));
        reread.notes.iter().for_each(|note| self.session.log.push(LogLevel::Warning, note.to_string()));
        match reread.unlocked.len() {
            0 => {}
            1 => self.session.told = Some(("Reloaded labels of 1 video".into(), Instant::now())),
            count => {
                self.session.told = Some((format!("Reloaded labels of {count} videos"), Instant::now()));
            }
        }
        reread.still.iter().for_each(|error| self.session.problem(error));
    }
}
