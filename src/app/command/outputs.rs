//! Files written by the window: the exact paths, the check of what they would replace, and the writing.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use eframe::egui::Context;

use super::Command;
use super::prompt::{PathKind, PathPrompt};
use super::spec::Then;
use crate::app::App;
use crate::app::shell::replacement::Replacement;
use crate::atomic::replace;
use crate::error::Result;
use crate::labels::StoredPath;
use crate::output::{Existing, OutputGuard};
use crate::video::CameraSource;

impl App {
    /// Returns `true` if the person has agreed to replace all files of the answer `path` to `question` by choosing it
    /// in a dialog, which asks about the chosen file and about no other.
    pub(in crate::app) fn is_agreed_to(&self, question: PathPrompt, path: &Path) -> bool {
        let spec = question.spec();
        let is_asked_by_dialog = matches!(spec.kind, PathKind::Save(..));
        is_asked_by_dialog && self.targets(question, &spec.target(path.to_owned())) == [path]
    }

    /// Returns the files that the answer `path` to `question` would write.
    fn targets(&self, question: PathPrompt, path: &Path) -> Vec<PathBuf> {
        match question.then() {
            Some(Then::Save { targets, .. }) => targets(self, path),
            _ => vec![path.to_owned()],
        }
    }

    /// Writes the output of `command` to `path`. Existing files need consent first, unless the person has agreed
    /// already.
    pub(super) fn save_as(&mut self, command: Command, path: PathBuf, existing: Existing, ctx: &Context) {
        let question = PathPrompt::Of(command);
        let path = question.spec().target(path);
        if existing == Existing::Replace {
            return self.write(command, path, existing, ctx);
        }
        let targets = self.targets(question, &path);
        let inputs = self.inputs();
        self.output_checks.start("export", ctx, (command, path), move || {
            OutputGuard::default().protecting(&inputs).apart_from(&inputs).existing(&targets)
        });
    }

    /// Takes the results of disk checks: writes, asks, or reports an error.
    pub(in crate::app) fn take_output_checks(&mut self, ctx: &Context) {
        while !self.overlay.is_open()
            && let Some(((command, path), existing)) = self.output_checks.take()
        {
            match existing {
                Ok(files) if files.is_empty() => self.write(command, path, Existing::Keep, ctx),
                Ok(files) => self.overlay.show_replacement(Replacement::new(PathPrompt::Of(command), path, files)),
                Err(error) => self.save_failed(&path, &error),
            }
        }
    }

    fn write(&mut self, command: Command, path: PathBuf, existing: Existing, ctx: &Context) {
        self.session.notice = None; // It may have been about the last attempt.
        if let Some(Then::Save { write, .. }) = PathPrompt::Of(command).then() {
            write(self, path, existing, ctx);
        }
    }

    /// Starts writing this text to the file `path`.
    pub(in crate::app) fn write_text(&mut self, path: PathBuf, text: String, existing: Existing, ctx: &Context) {
        self.write_file(path, existing, ctx, move |path| replace(path, |file| file.write_all(text.as_bytes())));
    }

    /// Starts writing the file `path` with `write`.
    pub(in crate::app) fn write_file(
        &mut self,
        path: PathBuf,
        existing: Existing,
        ctx: &Context,
        write: impl FnOnce(&Path) -> Result<()> + Send + 'static,
    ) {
        let guard = self.guard(existing);
        self.exports.start("export", ctx, path.clone(), move || {
            guard.check(std::slice::from_ref(&path))?;
            write(&path).map(|()| None)
        });
    }

    /// Returns the guard that refuses to write over anything that is open.
    pub(in crate::app) fn guard(&self, existing: Existing) -> OutputGuard {
        let inputs = self.inputs();
        OutputGuard::new(existing).protecting(&inputs).apart_from(&inputs)
    }

    /// Returns the open files: the clip, the live source, the videos of the project.
    fn inputs(&self) -> Vec<PathBuf> {
        let clip = self.session.clip.iter().map(|clip| clip.path.clone());
        let live = self.session.live.view.as_ref().and_then(|view| match &view.source {
            CameraSource::File(path) => Some(path.clone()),
            _ => None,
        });
        let project = self.session.labeling.project();
        let videos = project.into_iter().flat_map(|project| {
            let videos = project.document().videos.values();
            videos.map(|video| StoredPath::decode(&video.path, project.dir()))
        });
        clip.chain(live).chain(videos).collect()
    }
}
