//! What is asked for, and what is done with the answers: a path from a dialog, what lies there, files written or read.

use std::path::{Path, PathBuf};
use std::time::Instant;

use eframe::egui::Context;

use super::prompt::{Answer, PathPrompt};
use crate::app::App;
use crate::app::evaluation::report_reader::Purpose;
use crate::app::labeling::import_export::ImportOrder;
use crate::app::labeling::project_opener::Start;
use crate::app::layout;
use crate::app::layout::Pane;
use crate::app::shell::log::Level;
use crate::app::shell::opener::{Found, ModelRole};
use crate::engine::{FlowSource, Request};
use crate::error::Result;
use crate::labels::formats::Choices;
use crate::output::Existing;

impl App {
    /// Opens the dialog for `question`.
    pub(in crate::app) fn ask(&mut self, question: PathPrompt, ctx: &Context) {
        let start_in = self.settings.recent.first().and_then(|path| path.parent()).map(Path::to_owned);
        self.dialogs.ask(question, start_in.as_deref(), ctx);
    }

    /// Takes what the threads that open, write and read came back with.
    pub(in crate::app) fn take_answers(&mut self, ctx: &Context) {
        self.take_output_checks(ctx);
        for answer in self.opener.answers() {
            match answer {
                Ok(found) => self.found(found, ctx),
                Err(error) => self.session.problem(&error),
            }
        }
        for answer in self.exporter.answers() {
            match answer {
                Ok(path) => self.session.written(&path, "a file"),
                Err(error) => self.session.problem(&error),
            }
        }
        for answer in self.reports.answers() {
            self.session.notice = None;
            layout::show(&mut self.settings.layout, Pane::Evaluation);
            match answer {
                Ok((Purpose::Show, path, report)) => self.session.evaluation.open(path, report),
                Ok((Purpose::Compare, path, report)) => {
                    self.session.evaluation.set_against(path, report);
                    self.panels.evaluation.show_comparison();
                }
                Err(error) => self.session.problem(&error),
            }
        }
    }

    /// Takes the answer to the open dialog, once there is one.
    pub(in crate::app) fn take_dialog(&mut self, ctx: &Context) {
        let Some((question, answer)) = self.dialogs.answer() else { return };
        match answer {
            Answer::Path(path) => {
                let is_agreed = self.is_agreed_to(question, &path);
                self.open_as(question, path, Existing::replaced_if(is_agreed), ctx);
            }
            Answer::Cancelled => {}
            Answer::Unavailable => self.overlay.show_prompt(question),
        }
        self.overlay.forget_typed();
    }

    /// Takes what was done with runs, and tells the engine what is pinned.
    pub(in crate::app) fn follow_runs(&mut self, ctx: &Context) {
        let folder = self.panels.training.runs_folder();
        for news in self.panels.runs.follow(folder, &self.session.training, ctx) {
            match news {
                Ok(text) => {
                    self.session.log.push(Level::Info, text.clone());
                    self.session.told = Some((text, Instant::now()));
                }
                Err(error) => self.session.problem(&error),
            }
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

    /// Opens what was dropped; several files are for the open project.
    pub(in crate::app) fn drop_paths(&mut self, paths: Vec<PathBuf>, ctx: &Context) {
        let Some(first) = paths.first().cloned() else { return };
        let project = self.session.studio.project().filter(|project| !project.is_read_only());
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
            Found::Clip(path) => self.open_clip(path),
            Found::Clips(folder) => {
                self.settings.remember(&folder.dir);
                self.open_clip(folder.clips[0].clone()); // There are several.
                self.session.folder = Some(folder);
                if self.session.studio.project().is_none() {
                    layout::show(&mut self.settings.layout, Pane::Project);
                }
            }
            Found::NoSample => self.write_sample(),
            Found::Corrections { project, clips } => self.add_corrections(&project, &clips),
            Found::KnownModel(role, dir) => self.known_model(role, dir),
            Found::ForProject { folder, project } => {
                match self.session.studio.project().is_some_and(|open| open.dir() == project) {
                    true => self.find_videos(vec![folder]),
                    false => self.open(folder, ctx), // The project was closed meanwhile.
                }
            }
            Found::Model(dir) => self.load_model(dir),
            Found::Project(dir) => self.begin_project(Start::Open, dir, ctx),
            Found::Nothing(path, error) => {
                self.settings.recent.retain(|recent| *recent != path); // it is not offered again
                self.session.problem(&error);
            }
            Found::Classes { folder, first } => {
                self.settings.remember(&folder);
                self.choose_training_folder(folder, ctx);
                self.open_clip(first);
            }
        }
    }

    /// Uses the networks of the last time, or those that come with the program.
    pub(in crate::app) fn known_model(&mut self, role: ModelRole, dir: Result<PathBuf>) {
        match (role, dir) {
            (ModelRole::First, Ok(dir)) => self.load_model(dir),
            (ModelRole::First, Err(error)) => self.session.log.push(Level::Warning, error.to_string()),
            (ModelRole::Second, dir) => self.settings.laboratory.second_model = dir.ok(),
        }
    }

    /// Does with `path` what `question` asked for it; files that exist are replaced as `existing` says.
    pub(in crate::app) fn open_as(&mut self, question: PathPrompt, path: PathBuf, existing: Existing, ctx: &Context) {
        match question {
            _ if question.is_writing() => self.write_as(question, path, existing, ctx),
            PathPrompt::Clip | PathPrompt::Folder => self.open(path, ctx),
            PathPrompt::Model => self.load_model(path),
            PathPrompt::TrainingFolder => {
                self.choose_training_folder(path, ctx);
                layout::show(&mut self.settings.layout, Pane::Training);
            }
            PathPrompt::RunsFolder => self.panels.runs.choose_folder(path),
            PathPrompt::SecondModel => self.choose_second_model(path),
            PathPrompt::Truth | PathPrompt::TruthFile => self.choose_truth(Some(path)),
            PathPrompt::Benchmark => {
                self.session.notice = None;
                self.settings.benchmark_root = Some(path);
                layout::show(&mut self.settings.layout, Pane::Benchmark);
            }
            PathPrompt::EvaluationClips
            | PathPrompt::EvaluationList
            | PathPrompt::EvaluationLists
            | PathPrompt::EvaluationClasses => self.choose_evaluation(question, path),
            PathPrompt::Corrections => self.settings.live.corrections = Some(path),
            PathPrompt::NewProject => self.begin_project(Start::New, path, ctx),
            PathPrompt::OpenProject => self.begin_project(Start::Open, path, ctx),
            PathPrompt::AddVideos | PathPrompt::AddFolder => self.find_videos(vec![path]),
            PathPrompt::Relink(id) => self.relink(id, &path),
            PathPrompt::ImportLabels(format) => {
                let choices = Choices { add_classes: true, ..Choices::default() };
                self.import_labels(ImportOrder { format, source: path, choices }, ctx);
            }
            PathPrompt::OpenEvaluation => self.reports.read(Purpose::Show, path, ctx),
            PathPrompt::CompareEvaluation => self.reports.read(Purpose::Compare, path, ctx),
            _ => {} // All others are written.
        }
    }

    pub(in crate::app) fn open_clip(&mut self, path: PathBuf) {
        (self.session.live.aside, self.session.live.returning, self.waits_for_sample) = (None, None, false);
        self.opener.forget_clips();
        self.session.leave_for(&path);
        self.engine.send(Request::Open(path));
    }

    pub(in crate::app) fn load_model(&mut self, dir: PathBuf) {
        self.session.loading_model = Some(dir.clone());
        self.engine.send(Request::LoadModel(dir));
    }

    pub(in crate::app) fn choose_training_folder(&mut self, folder: PathBuf, ctx: &Context) {
        self.settings.training_folder = Some(folder.clone());
        self.panels.training.choose_folder(folder, ctx);
    }

    /// Compares the flow of the open clip with `truth`, which is then shown in the figures.
    pub(in crate::app) fn choose_truth(&mut self, truth: Option<PathBuf>) {
        let Some(clip) = &self.session.clip else { return };
        self.truth.clear();
        self.settings.choose_truth(&clip.path, truth);
    }

    fn choose_second_model(&mut self, dir: PathBuf) {
        let laboratory = &mut self.settings.laboratory;
        laboratory.second_model = Some(dir);
        if !laboratory.sources.contains(&FlowSource::SecondNetwork) {
            laboratory.sources.push(FlowSource::SecondNetwork);
        }
    }

    fn choose_evaluation(&mut self, question: PathPrompt, path: PathBuf) {
        let chosen = &mut self.settings.evaluation;
        match question {
            PathPrompt::EvaluationClips => chosen.clips = Some(path),
            PathPrompt::EvaluationClasses => chosen.classes = Some(path),
            _ => {
                chosen.layout = None; // that of the list before
                chosen.list = Some(path);
            }
        }
        self.session.evaluation.errors.clear();
        layout::show(&mut self.settings.layout, Pane::Evaluation);
    }
}
