//! A path that was typed and could not be opened or written to is asked for again, with what was typed and why it failed.

use std::path::{Path, PathBuf};

use super::Command;
use super::prompt::PathPrompt;
use crate::app::App;
use crate::app::shell::palette::Palette;
use crate::app::shell::topic::Topic;
use crate::error::Error;
use crate::output::Existing;

impl App {
    /// Keeps `path`, which was typed as the answer to `question`, unless the call only confirms a replacement.
    pub(in crate::app) fn note_typed(&mut self, question: PathPrompt, path: &Path, existing: Existing) {
        if existing == Existing::Keep {
            self.typed_path = Some((question, path.to_owned()));
        }
    }

    /// Reports why `path` was not written, and asks for it again if it was typed.
    pub(in crate::app) fn save_failed(&mut self, path: &Path, error: &Error) {
        self.session.failed(Topic::Export, error);
        if !self.ask_again(error, |question, typed| question.spec().target(typed.to_owned()) == path) {
            self.after_saving = None;
        }
    }

    /// Asks again for the path of an export that failed before anything was written; later failures have other causes.
    pub(in crate::app) fn export_failed(&mut self, error: &Error) {
        if self.session.exporting.is_some_and(|progress| progress.counts().0 == 0) {
            let exports = [Command::ExportFlows, Command::ExportVideo, Command::ExportAnnotated].map(PathPrompt::Of);
            self.ask_again(error, |question, _| exports.contains(&question));
        }
    }

    /// Asks again for the path of labels that could not be written.
    pub(in crate::app) fn labels_failed(&mut self) {
        if let Some((path, Err(error))) = &self.session.labeling.interchange.exported {
            let (path, error): (PathBuf, Error) = (path.clone(), error.clone());
            self.ask_again(&error, |question, typed| matches!(question, PathPrompt::ExportLabels(_)) && *typed == path);
        }
    }

    /// Reports that nothing can be opened at `path`, and asks for it again where it was typed.
    pub(in crate::app) fn opening_failed(&mut self, path: &Path, error: &Error) {
        self.session.failed(Topic::Clip, error);
        self.ask_again(error, |question, typed| !question.spec().is_writing() && typed.as_path() == path);
    }

    /// Asks for the path that was typed last again if `is_of` holds of it and its question; returns whether it did.
    fn ask_again(&mut self, error: &Error, is_of: impl FnOnce(PathPrompt, &PathBuf) -> bool) -> bool {
        let typed = self.typed_path.take_if(|(question, typed)| is_of(*question, typed));
        let Some((question, path)) = typed.filter(|_| !self.overlay.is_open()) else { return false };
        self.overlay.show_palette(Palette::path_again(question, &path, error));
        true
    }
}
