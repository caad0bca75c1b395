//! A project is opened, made or closed.

use std::path::{Path, PathBuf};
use std::time::Instant;

use eframe::egui::Context;

use super::project_opener::{Outcome, Start};
use crate::app::App;
use crate::app::layout::Pane;
use crate::app::shell::log::LogLevel;
use crate::app::shell::topic::Topic;
use crate::engine::Request;
use crate::error::Result;
use crate::labels::{Opened, Project};

impl App {
    /// Makes the folder of the sample's clips a project, or opens it.
    pub(in crate::app) fn open_sample_project(&mut self, ctx: &Context) {
        let Some(dir) = self.settings.sample.as_ref().map(|sample| sample.join("clips")) else { return };
        self.begin_project(Start::Either, dir, ctx);
    }

    /// Makes `dir`, a folder with a sub-folder for each class, a project, and labels its clips by these names.
    pub(in crate::app) fn label_folder(&mut self, dir: PathBuf, ctx: &Context) {
        self.begin_project(Start::Either, dir, ctx);
        self.projects.labelled_by_folders.clone_from(&self.session.labeling.opening);
    }

    /// Labels the videos of the project by their folders if that was asked for before they were found.
    pub(super) fn label_found_by_folders(&mut self) {
        let project = self.session.labeling.project().map(Project::dir);
        if self.projects.labelled_by_folders.take_if(|dir| project == Some(dir.as_path())).is_some() {
            self.label_by_folders();
        }
    }

    /// Begins to open or to make the project in `dir`.
    pub(in crate::app) fn begin_project(&mut self, start: Start, dir: PathBuf, ctx: &Context) {
        let dir = if dir.ends_with(Project::FILE) { dir.parent().map_or(PathBuf::new(), PathBuf::from) } else { dir };
        let dir = std::path::absolute(&dir).unwrap_or(dir);
        if start == Start::Open && self.session.labeling.opening.as_ref() == Some(&dir) {
            return; // It is on its way.
        }
        self.session.labeling.opening = Some(dir.clone());
        (self.projects.labelled_by_folders, self.projects.missing) = (None, None);
        // One that could only be looked at may be free by now.
        let open = self.session.labeling.project().filter(|project| !project.is_read_only());
        let open = open.map(|project| project.dir().to_owned());
        self.projects.begin(start, dir, open, ctx);
    }

    /// A project was opened or made, or could not be.
    pub(super) fn project_opened(&mut self, start: Start, dir: &Path, opened: Result<Outcome>, ctx: &Context) {
        if self.session.labeling.opening.as_deref() != Some(dir) {
            // Another one was asked for meanwhile.
            if let Ok(Outcome::Opened(opened)) = opened {
                self.projects.close(opened.project, ctx);
            }
            return;
        }
        self.session.labeling.opening = None;
        let reopened = start == Start::Open && std::mem::take(&mut self.reopening);
        match opened {
            Ok(Outcome::Opened(opened)) => {
                self.session.succeeded(Topic::Project);
                self.work_on(*opened, ctx);
                if matches!(start, Start::New | Start::Create) {
                    self.close_unrelated_clip(dir);
                }
            }
            Ok(Outcome::IsOpen) => {
                let name = self.session.labeling.document().map_or("", |document| &document.settings.name);
                self.session.told = Some((format!("Project {name} is already open"), Instant::now()));
            }
            Ok(Outcome::NoFolder) => {
                self.projects.missing = Some(dir.to_owned());
                return;
            }
            // What is on a disk that is away at the start is asked for again the next time.
            Err(error) if reopened => return self.session.log.push(LogLevel::Warning, error.to_string()),
            Err(error) => {
                self.settings.recent.retain(|path| path != dir);
                return self.session.failed(Topic::Project, &error);
            }
        }
        if !reopened {
            self.show(Pane::Project);
        }
        let is_empty = self.session.labeling.document().is_some_and(|document| document.videos.is_empty());
        if start != Start::Open && is_empty {
            self.find_videos(vec![dir.to_owned()]);
        } else {
            self.label_found_by_folders();
        }
    }

    /// Closes the clip that is open beside a new project in `dir`, unless it is below that folder: whoever makes a project labels
    /// its videos next, and would mistake the clip for one of them.
    fn close_unrelated_clip(&mut self, dir: &Path) {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let Some(clip) = self.session.clip_path().filter(|clip| !absolute(clip).starts_with(absolute(dir))) else {
            return;
        };
        if self.session.labeling.selected().is_some() {
            return;
        }
        let name = self.session.clip_title(clip);
        self.close_clip();
        self.settings.last = None;
        let text = format!("Closed {name}, which is not in the new project");
        // What the search for videos finds a moment later takes the place in the status bar.
        self.session.log.push(LogLevel::Info, text.clone());
        self.session.told = Some((text, Instant::now()));
    }

    /// Works on a project that was opened, in place of the one before.
    fn work_on(&mut self, opened: Opened, ctx: &Context) {
        self.close_project(ctx);
        let dir = opened.project.dir().to_owned();
        self.session.log.push(LogLevel::Info, format!("Opened project {}", dir.display()));
        for note in &opened.notes {
            self.session.log.push(LogLevel::Warning, note.to_string());
        }
        self.settings.remember(&dir);
        self.settings.labeling.project = Some(dir);
        self.session.labeling.open(opened.project, opened.notes);
        self.session.labeling.choice.sort = self.settings.labeling.sort;
        self.session.follow_clip();
        let was_freed = self.projects.was_freed.take() == self.settings.labeling.project;
        if was_freed && self.session.labeling.can_edit().is_ok() {
            self.session.told =
                Some(("The project can be changed: no other window has it open".into(), Instant::now()));
        }
    }

    pub(super) fn close_project(&mut self, ctx: &Context) {
        self.take_typed(None);
        self.engine.send(Request::Suggest(None));
        self.labeling.stop_searches();
        if let Some(project) = self.session.labeling.close() {
            self.projects.close(project, ctx);
        }
        self.settings.labeling.project = None;
    }
}
