//! Requests for paths and the handling of answers: a path from a dialog, files checked, written or read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use eframe::egui::Context;

use super::Command;
use super::prompt::{Answer, PathKind, PathPrompt, PromptSpec, VIDEO};
use super::spec::Then;
use crate::app::App;
use crate::app::labeling::import_export::{ExportOrder, ImportOrder};
use crate::app::labeling::project_opener::Start;
use crate::app::layout::{self, Pane};
use crate::app::live::state::ClipPosition;
use crate::app::settings::LastPlace;
use crate::app::shell::log::LogLevel;
use crate::app::shell::opener::{Found, ModelRole};
use crate::app::shell::topic::Topic;
use crate::app::viewer::clips::ClipFolder;
use crate::app::viewer::marks::Marks;
use crate::engine::Request;
use crate::error::{Error, Result};
use crate::labels::formats::Choices;
use crate::output::Existing;
use crate::plural::counted;
use crate::sample::{self, SampleSize};

/// The remedy for a missing model.
const LOAD_MODEL: &str = "Choose File › Load model… to load another";

impl App {
    /// Opens the dialog for `question`.
    pub(in crate::app) fn ask(&mut self, question: PathPrompt, ctx: &Context) {
        let start_in = self.settings.recent.first().and_then(|path| path.parent()).map(Path::to_owned);
        let details = question.details(&self.session, &self.settings);
        let subject = self.subject(question);
        self.dialogs.ask(question, details, subject, start_in.as_deref(), ctx);
    }

    /// Takes the results of the threads that open, write and read.
    pub(in crate::app) fn take_answers(&mut self, ctx: &Context) {
        self.take_output_checks(ctx);
        self.take_reports();
        self.take_faults(ctx);
        self.take_pages();
        for found in self.opener.answers() {
            match found {
                Ok(found) => self.found(found, ctx),
                Err(error) => self.session.failed(Topic::Clip, &error),
            }
        }
        self.session.looking = self.opener.looking().cloned();
        for (path, written) in self.exports.poll() {
            match written {
                Ok(what) => {
                    self.session.written(&path, what.as_deref());
                    self.results_written(&path, ctx);
                }
                Err(error) => self.save_failed(&path, &error),
            }
        }
    }

    /// Takes the answer to the open dialog, once there is one.
    pub(in crate::app) fn take_dialog(&mut self, ctx: &Context) {
        let Some((question, answer)) = self.dialogs.answer() else { return };
        match answer {
            Answer::Path(path) => {
                self.overlay.forget_typed();
                self.typed_path = None;
                // The dialog does not block the window: another project may have been opened meanwhile, or another run
                // selected.
                if self.dialogs.subject() != self.subject(question).as_deref() {
                    let (of, cause) =
                        (question.spec().title, "it was asked for another project or run than the present one");
                    return self.session.problem(&Error::new(of, cause, "Choose the command again"));
                }
                let is_agreed = self.is_agreed_to(question, &path);
                self.open_as(question, path, Existing::replaced_if(is_agreed), ctx);
            }
            Answer::Cancelled => {
                self.overlay.forget_typed();
                self.after_saving = None;
            }
            Answer::Unavailable => self.overlay.show_prompt(question),
        }
    }

    /// Returns the project or run that the answer to `question` is for.
    fn subject(&self, question: PathPrompt) -> Option<PathBuf> {
        match question {
            PathPrompt::Relink(_) | PathPrompt::ImportLabels(_) | PathPrompt::ExportLabels(_) => {
                self.session.labeling.project().map(|project| project.dir().to_owned())
            }
            PathPrompt::Of(Command::ExportModel) => self.panels.runs.selected_folder().map(Path::to_owned),
            PathPrompt::Of(_) => None,
        }
    }

    /// Handles finished work on runs, and reports the pins to the engine.
    pub(in crate::app) fn follow_runs(&mut self, ctx: &Context) {
        let latest = || self.settings.run_folders.first().cloned();
        let folder = self.panels.training.runs_folder().or_else(latest);
        for news in self.panels.runs.follow(folder, &self.session.training, ctx) {
            match news {
                Ok(text) => {
                    self.session.log.push(LogLevel::Info, text.clone());
                    self.session.told = Some((text, Instant::now()));
                    self.session.succeeded(Topic::Runs);
                }
                Err(error) => self.session.failed(Topic::Runs, &error),
            }
        }
        if let Some(folder) = self.panels.runs.listed_folder() {
            self.settings.remember_runs(folder);
        }
        self.earlier_runs.receive();
        if let Some(runs) = self.earlier_runs.take() {
            self.session.interrupted.begin(runs);
        }
        self.session.interrupted.follow(self.panels.runs.runs());
        if let Some(text) = self.session.interrupted.announcement() {
            self.session.told = Some((text, Instant::now()));
        }
        let is_busy = self.session.training.is_active();
        if let Some(wish) = self.session.pinned.wish(is_busy) {
            self.engine.send(Request::Pin(Box::new(wish)));
        }
    }

    /// Takes files that were dropped onto the window.
    pub(in crate::app) fn take_dropped(&mut self, ctx: &Context) {
        let dropped = ctx.input_mut(|input| std::mem::take(&mut input.raw.dropped_files));
        self.drop_paths(dropped.iter().map(|file| file.path().to_owned()).collect(), ctx);
    }

    /// Opens dropped files; several are added to the open project.
    pub(in crate::app) fn drop_paths(&mut self, paths: Vec<PathBuf>, ctx: &Context) {
        let Some(first) = paths.first().cloned() else { return };
        let project = self.session.labeling.project().filter(|project| !project.is_read_only());
        match paths.len() {
            1 => self.opener.look_at_dropped(first, project.map(|project| project.dir().to_owned()), ctx),
            _ if project.is_some() => self.find_videos(paths),
            count => {
                self.open(first, ctx);
                let text = format!("Opening only the first of {count} files. Open a project to add all of them");
                self.session.told = Some((text, Instant::now()));
            }
        }
    }

    fn found(&mut self, found: Found, ctx: &Context) {
        match found {
            Found::Clip(path) => {
                // A folder is remembered once, however many of its clips are viewed.
                let is_listed = self.session.folder.as_ref().is_some_and(|folder| folder.place(&path).is_some());
                self.remembers = (!is_listed).then(|| path.clone());
                self.open_clip(path);
            }
            Found::Last(last, folder) => self.return_to_last(last, folder, ctx),
            Found::NoLast => self.settings.last = None,
            Found::Clips(folder) => {
                self.settings.remember(&folder.dir);
                self.open_clip(self.first_of(&folder)); // There are several.
                let beside = folder.beside.len();
                self.list_clips(folder, ctx);
                if beside > 0 {
                    let text = format!("Not listed: {} in sub-folders", counted(beside, "clip"));
                    self.session.told = Some((text, Instant::now()));
                }
            }
            Found::NoSample => self.write_sample(SampleSize::Few),
            Found::Corrections { project, clips } => self.add_corrections(&project, &clips),
            Found::KnownModel(role, dir) => self.known_model(role, dir),
            Found::ForProject { folder, project } => {
                match self.session.labeling.project().is_some_and(|open| open.dir() == project) {
                    true => self.find_videos(vec![folder]),
                    false => self.open(folder, ctx), // The project was closed meanwhile.
                }
            }
            Found::Model(dir) => self.use_model(dir),
            Found::Project(dir) => self.begin_project(Start::Open, dir, ctx),
            Found::Nothing(path, error) => {
                self.settings.recent.retain(|recent| *recent != path); // it is not offered again
                self.play_next = false; // the next clip is another one
                self.opening_failed(&path, &error);
            }
            Found::Classes(folder) => {
                self.settings.remember(&folder.dir);
                self.offer_training_folder(folder.dir.clone(), ctx);
                self.open_clip(self.first_of(&folder)); // There is one at least.
                self.list_clips(folder, ctx);
            }
        }
    }

    /// Returns the clip of a folder, which has some, to look at first.
    fn first_of(&self, folder: &ClipFolder) -> PathBuf {
        let sample = self.settings.sample.clone().unwrap_or_else(|| self.sample_dir());
        let first_of_sample = sample::first_clip(&sample);
        let is_listed = folder.place(&first_of_sample).is_some();
        if is_listed { first_of_sample } else { folder.clips[0].clone() }
    }

    /// Reopens the last clip at its last frame.
    fn return_to_last(&mut self, last: LastPlace, folder: Option<ClipFolder>, ctx: &Context) {
        let LastPlace { clip, frame, .. } = last;
        self.open_clip(clip.clone());
        self.session.live.returning = Some(ClipPosition { path: clip, position: frame, marks: Marks::default() });
        if let Some(folder) = folder {
            self.session.folder = Some(Arc::new(folder));
            self.session.faults.clear();
            self.check_folder(0, ctx);
        }
    }

    /// Returns the clip after `failed` in a folder none of whose clips is open yet.
    pub(in crate::app) fn next_to_try(&self, failed: &Path) -> Option<PathBuf> {
        let folder = self.session.folder.as_ref().filter(|_| self.opens_folder)?;
        folder.clips.get(folder.place(failed)? + 1).cloned()
    }

    /// Opens `path` in place of a clip that cannot be opened; if this one cannot either, the previous clip returns.
    pub(in crate::app) fn open_instead(&mut self, path: PathBuf) {
        let before = self.session.comes_back.take();
        self.open_clip(path);
        self.session.before = before;
    }

    /// Starts checking clips of the open folder from this index on.
    fn check_folder(&self, from: usize, ctx: &Context) {
        if let Some(folder) = &self.session.folder {
            self.opener.check_clips(folder, from, ctx);
        }
    }

    /// Also lists the clips in sub-folders of the open folder, and starts checking all of them.
    pub(in crate::app) fn list_sub_folders(&mut self, ctx: &Context) {
        if let Some(folder) = &self.session.folder {
            self.session.folder = Some(Arc::new(folder.with_those_beside()));
            self.check_folder(0, ctx);
        }
    }

    /// Lists the clips of a folder that was opened, and starts checking them.
    fn list_clips(&mut self, folder: ClipFolder, ctx: &Context) {
        // A person who opens the sample should see its flow and scores, unless another panel was chosen.
        let is_at_first = layout::is_shown(&self.settings.layout, Pane::Scores);
        let is_sample = folder.dir.starts_with(self.sample_dir());
        if is_at_first && !is_sample {
            self.show(Pane::Project);
        }
        let is_project = self.session.labeling.project().is_some_and(|project| project.dir() == folder.dir);
        if self.session.labeling.project().is_some() && !is_sample && !is_project {
            self.panels.project.show_folder();
            let name = folder.dir.file_name().unwrap_or(folder.dir.as_os_str()).to_string_lossy().into_owned();
            self.session.told =
                Some((format!("Opened {name} beside the project: see Project › Folder"), Instant::now()));
        }
        self.session.folder = Some(Arc::new(folder));
        self.session.faults.clear();
        self.opens_folder = true;
        self.check_folder(0, ctx);
    }

    /// Takes the list of clips that cannot be opened, and starts checking the next ones.
    fn take_faults(&mut self, ctx: &Context) {
        for ((folder, next), faults) in self.opener.faults() {
            if self.session.folder.as_ref().is_some_and(|open| Arc::ptr_eq(open, &folder)) {
                self.session.faults.extend(faults);
                self.check_folder(next, ctx);
            }
        }
    }

    /// Returns the networks of the last session, or those that come with the program.
    pub(in crate::app) fn known_model(&mut self, role: ModelRole, dir: Result<PathBuf>) {
        match (role, dir) {
            (ModelRole::First, Ok(dir)) => {
                if let Some(gone) = self.settings.model.as_ref().filter(|known| **known != dir) {
                    let cause = "the model of the last session is no longer there, so the shipped model is loaded";
                    self.session.failed(Topic::Other, &Error::file(gone, cause, LOAD_MODEL));
                }
                self.load_model(dir);
            }
            (ModelRole::First, Err(error)) => {
                let error = Error::new(error.subject.clone(), error.cause.clone(), LOAD_MODEL);
                self.session.failed(Topic::Model, &error);
            }
            (ModelRole::Second, dir) => self.settings.flow.second_model = dir.ok(),
        }
    }

    /// Handles `path`, the answer to `question`; existing files are replaced as `existing` permits.
    pub(in crate::app) fn open_as(&mut self, question: PathPrompt, path: PathBuf, existing: Existing, ctx: &Context) {
        match question {
            PathPrompt::Of(command) => match question.then() {
                Some(Then::Open(open)) => open(self, path, ctx),
                Some(Then::Save { .. }) => self.save_as(command, path, existing, ctx),
                None => {}
            },
            PathPrompt::Relink(id) => self.relink(id, &path),
            PathPrompt::ImportLabels(format) => {
                let choices = Choices { add_classes: true, ..Choices::default() };
                self.import_labels(ImportOrder { format: format.of_import(&path), source: path, choices }, ctx);
            }
            PathPrompt::ExportLabels(format) => {
                self.session.notice = None; // It may have been about the last attempt.
                self.export_labels(ExportOrder { format, target: path, existing }, ctx);
            }
        }
    }
}

impl PathPrompt {
    /// Returns the dialog's specification.
    pub fn spec(self) -> PromptSpec {
        match self {
            Self::Of(command) => {
                let path = command.spec().path.as_ref();
                path.expect("a test holds that a command asks for a path or has an action").prompt
            }
            Self::Relink(_) => {
                PromptSpec::new("Locate the moved video", "New path of the video…", PathKind::File(VIDEO))
            }
            Self::ImportLabels(format) => {
                let (hint, file) = ("Path of the labels file or folder to import…", (format.name(), format.ending()));
                let kind = if format.is_folder() { PathKind::Folder } else { PathKind::File(file) };
                PromptSpec::new("Choose labels to import", hint, kind)
            }
            Self::ExportLabels(format) if format.is_folder() => {
                PromptSpec::new("Export labels", "Path of a folder for the labels…", PathKind::SaveFolder)
            }
            Self::ExportLabels(format) => {
                let kind = PathKind::Save("labels", (format.name(), format.ending()));
                PromptSpec::new("Export labels", "Path of the labels file…", kind)
            }
        }
    }

    /// Returns the action of a command on its path.
    pub(super) fn then(self) -> Option<Then> {
        let Self::Of(command) = self else { return None };
        command.spec().path.as_ref().map(|path| path.then)
    }
}
