//! What the commands of labelling do to the project.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

use eframe::egui::{Context, Key};

use super::import_export::{ExportOrder, ImportOrder};
use super::project_opener::Start;
use super::state::LabelingState;
use super::suggestions::SuggestionPhase;
use super::trouble::Trouble;
use crate::app::App;
use crate::app::command::prompt::PathPrompt;
use crate::app::layout::Pane;
use crate::app::live::state::AwaitedTraining;
use crate::app::panel::Edit;
use crate::app::session::Session;
use crate::app::shell::new_folder::NewFolder;
use crate::app::shell::replacement::Replacement;
use crate::app::shell::topic::Topic;
use crate::app::viewer::marks::Marks;
use crate::engine::{Labeling, Request, SearchResult};
use crate::error::{Error, Result};
use crate::labels::{Document, Label, Project, Segment, SegmentId, Step, StoredPath, Video, VideoId, edits};
use crate::plural::counted;

impl App {
    /// Gives a label to the videos that are chosen together. Of a single one to the selected segment, without one to the part that is
    /// shown as marked, else to the selected predicted bout, else to the whole clip.
    pub(in crate::app) fn give(&mut self, label: Label) {
        self.session.labeling.current = Some(label);
        let chosen = self.session.labeling.chosen();
        if chosen.len() > 1 {
            return self.label_clips(&chosen, label);
        }
        if let Some(segment) = self.session.labeling.segment().cloned() {
            return self.edit(|document, id, _| edits::change_segment(document, id, Segment { label, ..segment }));
        }
        match self.session.marked_to_label() {
            Some(_) => self.make_segment(),
            None if self.relabel_bout(label) => {}
            None => self.label_clip(label),
        }
    }

    pub(super) fn label_by_folders(&mut self) {
        let skipped = self.session.unreadable_videos();
        let Some(document) = self.session.labeling.document() else { return };
        let is_open = |id: &VideoId| document.videos.get(id).is_some_and(Video::is_unlabelled);
        let open = skipped.iter().filter(|id| is_open(id)).count();
        let step = edits::label_by_folders(document, &skipped);
        self.session.told = None;
        match step.changes.is_empty() {
            true => self.session.told = Some(("No unlabelled clip is in a class folder".into(), Instant::now())),
            false => _ = self.do_step(Ok(step)),
        }
        if let Some((text, _)) = self.session.told.as_mut().filter(|_| open > 0) {
            *text += &format!("; skipped {}", counted(open, "unreadable video"));
        }
    }

    /// Leaves folder names as they are, now and at the next start.
    pub(in crate::app) fn decline_folders(&mut self) {
        if let Some(project) = self.session.labeling.project() {
            self.settings.labeling.decline_folders(project.dir());
        }
    }

    /// Labels whole clips in one step.
    fn label_clips(&mut self, ids: &[VideoId], label: Label) {
        let Some(document) = self.session.labeling.document() else { return };
        let several = document.settings.multi_label;
        match edits::label_clips(document, ids, label) {
            Ok(step) if step.changes.is_empty() => {
                self.session.told = Some(("All selected videos have this label".into(), Instant::now()));
            }
            step => {
                if self.do_step(step) && self.settings.labeling.advance && !several {
                    self.session.labeling.choose_one();
                    self.advance();
                }
            }
        }
    }

    /// Labels the open clip as the networks propose.
    pub(super) fn accept_suggestion(&mut self) {
        let Some(proposal) = self.session.labeling.proposal() else { return };
        match proposal.labels()[..] {
            [label] => self.label_clip(label),
            ref labels => {
                self.edit(|document, id, _| edits::accept_labels(document, [(id, labels.to_vec())].into_iter()))
            }
        }
    }

    /// Labels unlabelled videos as the networks propose, in one step; those of which they are unsure only if `with_unsure`.
    pub(super) fn accept_suggestions(&mut self, with_unsure: bool) {
        let labeling = &self.session.labeling;
        let Some(document) = labeling.document() else { return };
        let step = edits::accept_labels(document, labeling.proposals(with_unsure));
        self.do_step(step);
    }

    /// Clears the labels of the videos that are chosen.
    pub(super) fn unlabel(&mut self) {
        let chosen = self.session.labeling.chosen();
        match chosen.len() > 1 {
            true => self.edit(|document, _, _| edits::unlabel_clips(document, &chosen)),
            false => self.edit(|document, id, _| edits::unlabel_clip(document, id)),
        }
    }

    pub(super) fn label_clip(&mut self, label: Label) {
        let labeling = &self.session.labeling;
        let Some((document, (_, video))) = labeling.document().zip(labeling.video()) else { return };
        let several = document.settings.multi_label;
        let is_new = several || video.labels != [label];
        self.session.told = None;
        if is_new {
            self.edit(|document, id, _| edits::label_clip(document, id, label));
        }
        let is_labelled = self.session.labeling.video().is_some_and(|(_, video)| !video.labels.is_empty());
        if self.settings.labeling.advance && is_labelled && !several {
            self.advance();
        }
    }

    /// Opens the next unlabelled video after a label was given. Without one, the status bar still names the label: it may have
    /// replaced another.
    fn advance(&mut self) {
        let given = self.session.told.take();
        self.next_unlabelled();
        match (given, self.session.told.as_mut()) {
            (Some((given, _)), Some((text, _))) => *text = format!("{given}. {text}"),
            (given, None) => self.session.told = given,
            (None, Some(_)) => {}
        }
    }

    /// Makes a segment of the marks and selects it.
    pub(super) fn make_segment(&mut self) {
        let Some((start, end)) = self.session.marked_to_label() else { return };
        let Some(label) = self.session.labeling.current else { return };
        let Some(video) = self.session.labeling.selected() else { return };
        if self.add_segment(video, label, start..end + 1) {
            self.session.marks = Marks::default();
        }
    }

    /// Adds a segment and selects it, or says why that cannot be.
    pub(in crate::app) fn add_segment(&mut self, video: VideoId, label: Label, frames: Range<usize>) -> bool {
        let Some(document) = self.session.labeling.document() else { return false };
        match edits::add_segment(document, video, label, frames.start, frames.end) {
            Err(error) => {
                self.session.problem(&error);
                false
            }
            Ok((segment, step)) => {
                let is_done = self.do_step(Ok(step));
                if is_done && self.session.labeling.selected() == Some(video) {
                    self.session.labeling.current = Some(label);
                    self.session.labeling.select_segment(Some(segment));
                }
                is_done
            }
        }
    }

    pub(super) fn delete(&mut self) {
        match self.session.labeling.segment().map(|segment| segment.id) {
            Some(segment) => self.edit(|document, id, _| edits::delete_segment(document, id, segment)),
            None => self.session.marks = Marks::default(),
        }
    }

    pub(super) fn previous_segment(&mut self) {
        let (Some((_, video)), at) = (self.session.labeling.video(), self.segment_index()) else { return };
        let position = self.session.player.position;
        let before = match at {
            Some(at) => at.checked_sub(1).and_then(|at| video.segments.get(at)),
            None => video.segments.iter().rev().find(|segment| segment.start <= position),
        };
        let segment = before.or(video.segments.first()).cloned();
        self.go_to_segment(segment);
    }

    pub(super) fn next_segment(&mut self) {
        let (Some((_, video)), at) = (self.session.labeling.video(), self.segment_index()) else { return };
        let position = self.session.player.position;
        let after = match at {
            Some(at) => video.segments.get(at + 1),
            None => video.segments.iter().find(|segment| segment.start >= position),
        };
        let segment = after.or(video.segments.last()).cloned();
        self.go_to_segment(segment);
    }

    /// The place of the selected segment among those of its video.
    fn segment_index(&self) -> Option<usize> {
        let (own, (_, video)) = self.session.labeling.segment().zip(self.session.labeling.video())?;
        video.segments.iter().position(|other| other.id == own.id)
    }

    fn go_to_segment(&mut self, segment: Option<Segment>) {
        if let Some(Segment { id, start, .. }) = segment {
            self.session.labeling.select_segment(Some(id));
            self.seek(start);
        }
    }

    /// Has the selected segment or predicted bout begin elsewhere and shows its first frame.
    pub(super) fn move_start(&mut self, start: fn(&Segment) -> usize) {
        self.change_edge(|segment| {
            let start = start(&segment);
            (Segment { start, ..segment }, start)
        });
    }

    /// Has the selected segment or predicted bout end elsewhere and shows its last frame.
    pub(super) fn move_end(&mut self, end: fn(&Segment) -> usize) {
        self.change_edge(|segment| {
            let end = end(&segment);
            (Segment { end, ..segment }, end - 1)
        });
    }

    fn change_edge(&mut self, change: impl FnOnce(Segment) -> (Segment, usize)) {
        let Some(segment) = self.session.labeling.segment().cloned() else { return self.nudge_bout(change) };
        let (segment, shown) = change(segment);
        self.edit(|document, id, _| edits::change_segment(document, id, segment));
        self.seek(shown.min(self.session.frames().saturating_sub(1)));
    }

    /// Esc lets go of the selected segment and of all videos but the open one, so that the next label is for its clip.
    pub(in crate::app) fn leave_segment(&mut self, ctx: &Context) {
        if !ctx.text_edit_focused() && ctx.input(|input| input.key_pressed(Key::Escape)) {
            self.session.labeling.select_segment(None);
            self.session.labeling.choose_one();
        }
    }

    pub(super) fn undo(&mut self) {
        self.step_in_time("Undone", Project::undo_step, LabelingState::undo);
    }

    pub(super) fn redo(&mut self) {
        self.step_in_time("Redone", Project::redo_step, LabelingState::redo);
    }

    /// Undoes or does again several steps, until one cannot be written down.
    pub(in crate::app) fn go_in_history(&mut self, steps: isize) {
        for _ in 0..steps.unsigned_abs() {
            let revision = self.session.labeling.project().map(Project::revision);
            if steps < 0 {
                self.undo()
            } else {
                self.redo()
            }
            if self.session.labeling.project().map(Project::revision) == revision {
                return;
            }
        }
    }

    fn step_in_time(
        &mut self,
        done: &str,
        step: fn(&Project) -> Option<&Step>,
        go: fn(&mut LabelingState) -> Result<Option<String>>,
    ) {
        let labeling = &mut self.session.labeling;
        let Some(step) = labeling.project().and_then(step).cloned() else { return };
        let text = labeling.in_words(&step);
        let before = segment_ids(labeling);
        match go(labeling) {
            Ok(_) => {
                // A restored segment is selected.
                let back = segment_ids(labeling).into_iter().find(|id| !before.contains(id));
                if back.is_some() {
                    labeling.select_segment(back);
                }
                self.stepped(format!("{done}: {text}"));
            }
            Err(error) => self.session.problem(&error),
        }
    }

    /// Reports a step that was done, undone or redone.
    fn stepped(&mut self, text: String) {
        self.session.told = Some((text, Instant::now()));
        if self.session.labeling.selected().is_none() {
            self.session.follow_clip(); // The open clip may have come back.
        }
    }

    /// Does the step that `make` makes for the selected video.
    pub(super) fn edit(&mut self, make: impl FnOnce(&Document, VideoId, &Video) -> Result<Step>) {
        self.try_edit(make);
    }

    /// The same; returns whether it could be made and done.
    pub(in crate::app) fn try_edit(&mut self, make: impl FnOnce(&Document, VideoId, &Video) -> Result<Step>) -> bool {
        let labeling = &self.session.labeling;
        let Some((document, (id, video))) = labeling.document().zip(labeling.video()) else { return false };
        let step = make(document, id, video);
        self.do_step(step)
    }

    /// Changes the project as a panel asked for.
    pub(in crate::app) fn change_project(&mut self, edit: &Edit) {
        if let Some(step) = self.session.labeling.document().map(|document| edit.step(document)) {
            self.do_step(step);
        }
    }

    /// Does a step, or says why it could not be made or done.
    fn do_step(&mut self, step: Result<Step>) -> bool {
        let labeling = &mut self.session.labeling;
        let done = match step {
            Ok(step) => {
                let text = labeling.in_words(&step);
                labeling.perform(step).map(|()| text)
            }
            Err(error) => Err(error),
        };
        match done {
            Ok(text) => {
                self.session.notice = None; // it may have been about the last attempt
                self.stepped(text);
                true
            }
            Err(error) => {
                self.session.problem(&error);
                false
            }
        }
    }

    /// Selects a video of the project and opens it in the viewer. If there is no file, nothing is: what is labelled is what one
    /// sees.
    pub(in crate::app) fn show_video(&mut self, id: VideoId) {
        self.session.labeling.select(Some(id));
        let Some(path) = self.session.labeling.project().and_then(|project| project.video_path(id)) else { return };
        let open = self.session.clip_path();
        if self.session.labeling.trouble(id) == Some(&Trouble::Missing) {
            self.close_clip();
        } else if open != Some(path.as_path()) {
            self.open_clip(path);
        }
    }

    /// Adds videos to the project.
    pub(in crate::app) fn add_videos(&mut self, paths: &[PathBuf]) {
        if let Some(step) = self.session.labeling.add(paths, &mut self.session.log) {
            self.do_found(step);
        }
    }

    /// Opens the clip beside the open one: in the list of the project, or in the folder that was opened.
    pub(super) fn go_beside(&mut self, steps: isize) {
        match self.session.neighbour_in_folder(steps) {
            Some(path) => self.open_clip(path),
            None if self.session.labeling.project().is_some() => self.go_to(|labeling| labeling.neighbour(steps)),
            None => {}
        }
    }

    /// Adds corrected clips with their classes to the project in `dir`, if that is still open, and trains on its labels.
    pub(in crate::app) fn add_corrections(&mut self, dir: &Path, clips: &[(PathBuf, String)]) {
        let Some(project) = self.session.labeling.project().filter(|project| project.dir() == dir) else { return };
        let clips = clips.iter().map(|(path, class)| (StoredPath::encode(path, dir), class.as_str()));
        match edits::add_labelled(project.document(), clips) {
            Ok(step) if step.changes.is_empty() => {
                self.session.told = Some(("All corrected clips are already in the project".into(), Instant::now()));
            }
            step => _ = self.do_step(step),
        }
        self.panels.training.choose_labels();
        if self.session.live.training == AwaitedTraining::Corrections {
            self.session.live.training = AwaitedTraining::Clips;
        }
    }

    pub(super) fn go_to(&mut self, choose: impl FnOnce(&mut LabelingState) -> Option<VideoId>) {
        if let Some(id) = choose(&mut self.session.labeling) {
            self.panels.project.scroll_to(id);
            self.show_video(id);
        }
    }

    pub(super) fn next_unlabelled(&mut self) {
        match self.session.labeling.next_unlabelled() {
            Some(id) => {
                self.panels.project.scroll_to(id);
                self.show_video(id);
            }
            None => self.session.told = Some(("All other videos are labelled".into(), Instant::now())),
        }
    }

    pub(super) fn suggest(&mut self) {
        let labeling = &mut self.session.labeling;
        if labeling.suggestions.phase != SuggestionPhase::Idle {
            labeling.suggestions.phase = SuggestionPhase::Stopping;
            return self.engine.send(Request::Suggest(None));
        }
        let Some(model) = &self.session.model else { return };
        let videos = labeling.wanting_suggestions();
        if videos.is_empty() {
            let text = "Unlabelled videos are still being scanned; try again shortly";
            self.session.told = Some((text.into(), Instant::now()));
            return;
        }
        let rule = (self.session.fusion, &model.thresholds[..]);
        let order = labeling.suggestions.begin(model.dir.clone(), &model.classes, rule, videos.into_iter());
        self.show(Pane::Project);
        match order {
            Some(order) => self.engine.send(Request::Suggest(Some(Box::new(order)))),
            None => self.session.told = Some(("All suggestions are up to date".into(), Instant::now())),
        }
    }

    /// Adds the videos among and below `paths` to the project once they are found.
    pub(in crate::app) fn find_videos(&mut self, paths: Vec<PathBuf>) {
        if let Err(reason) = self.session.labeling.can_edit() {
            return self.session.problem(&Error::new("project", reason.to_lowercase(), "Open a project first"));
        }
        let search = self.labeling.find(paths);
        self.session.labeling.searches.begin(search);
    }

    /// Looks for nothing any more.
    pub(in crate::app) fn stop_searches(&mut self) {
        self.labeling.stop_searches();
        self.session.labeling.searches.clear();
        self.projects.labelled_by_folders = None;
    }

    /// The file of a video is at `path` now.
    pub(in crate::app) fn relink(&mut self, id: VideoId, path: &std::path::Path) {
        let labeling = &self.session.labeling;
        let Some(project) = labeling.project() else { return };
        let stored = StoredPath::encode(path, project.dir());
        let step = match project.document().video_at(&stored).filter(|(other, _)| *other != id) {
            Some(_) => Err(Error::file(path, "it is already in the project", "Choose another file")),
            None => edits::change_video(project.document(), id, "Relinked a video", |video| video.path = stored),
        };
        self.do_step(step);
        self.session.labeling.look_again(id);
        self.show_video(id);
        // Others will have gone the same way.
        let labeling = &self.session.labeling;
        let (missing, folder) = (labeling.missing(), path.parent().map(std::path::Path::to_owned));
        if let (Some(project), Some(folder), false) = (labeling.project(), folder, missing.is_empty()) {
            let search =
                self.labeling.find_moved(project.document().clone(), project.dir().to_owned(), missing, folder);
            self.session.labeling.searches.begin(search);
        }
    }

    /// Begins to write the labels.
    pub(in crate::app) fn export_labels(&mut self, order: ExportOrder, ctx: &Context) {
        let labeling = &mut self.session.labeling;
        let mut interchange = std::mem::take(&mut labeling.interchange);
        if let Some(project) = labeling.project() {
            interchange.export(order, project, ctx);
        }
        labeling.interchange = interchange;
    }

    /// Begins to read labels; what they would change is shown before it is done.
    pub(in crate::app) fn import_labels(&mut self, order: ImportOrder, ctx: &Context) {
        let labeling = &mut self.session.labeling;
        let mut interchange = std::mem::take(&mut labeling.interchange);
        if let Some(project) = labeling.project().filter(|_| !interchange.is_busy()) {
            interchange.import(order, project, ctx);
        }
        labeling.interchange = interchange;
    }

    /// Takes in what the threads of the project have found out, tells them what else is needed, and saves what is due.
    pub(in crate::app) fn follow_project(&mut self, ctx: &Context) {
        for ((start, dir), opened) in self.projects.openings.poll() {
            self.project_opened(start, &dir, opened, ctx);
        }
        if !self.overlay.is_open()
            && let Some(dir) = self.projects.missing.take()
        {
            self.overlay.show_new_folder(NewFolder::new(dir));
        }
        let open = self.session.labeling.project().filter(|_| self.session.labeling.opening.is_none());
        if let Some(dir) = self.projects.freed(open, ctx) {
            self.reopening = true; // The panel in front stays.
            self.projects.was_freed = Some(dir.clone());
            self.begin_project(Start::Open, dir, ctx);
        }
        self.take_labels_read(ctx);
        for error in self.projects.closings.poll().filter_map(|((), saved)| saved.err()) {
            self.session.failed(Topic::Project, &error);
        }
        self.session.labeling.thumbnails.take(self.labeling.thumbnails(), ctx);
        let interchange = &mut self.session.labeling.interchange;
        interchange.refresh();
        if !self.overlay.is_open()
            && let Some((order, files)) = interchange.replaces.take()
        {
            self.overlay.show_replacement(Replacement::new(
                PathPrompt::ExportLabels(order.format),
                order.target,
                files,
            ));
        }
        self.labels_failed();
        for found in self.session.take_labeling_news(&self.labeling) {
            self.take_found(found);
        }
        if let Some(wishes) = self.session.labeling.wishes() {
            self.labeling.look(wishes);
        }
        if let Some(error) = self.session.labeling.trouble_of_disk() {
            self.session.problem(&error);
        }
        let wake = ctx.clone();
        match self.session.labeling.go_on_saving(move || wake.request_repaint()) {
            Ok(true) => {
                self.session.succeeded(Topic::Project);
                self.session.told = Some(("Saved the project".into(), Instant::now()));
            }
            Ok(false) => {}
            Err(error) => self.session.failed(Topic::Project, &error),
        }
        if let Some(rest) = self.session.labeling.save_due() {
            ctx.request_repaint_after(rest);
        }
    }

    /// Does what follows from the end of a search.
    pub(in crate::app) fn take_found(&mut self, found: Result<SearchResult>) {
        let exported = match &found {
            Ok(SearchResult::Videos { exported, .. }) => *exported,
            _ => 0,
        };
        match found.map(|found| self.session.labeling.step_of(found, &mut self.session.log)) {
            Ok(step) => {
                step.into_iter().for_each(|step| self.do_found(step));
                self.label_found_by_folders();
            }
            Err(error) => self.session.problem(&error),
        }
        if let Some((text, _)) = self.session.told.as_mut().filter(|_| exported > 0) {
            let clips = if exported == 1 { "1 exported clip".into() } else { format!("{exported} exported clips") };
            *text += &format!("; skipped {clips}, see the log");
        }
    }

    /// Does what follows from what was found in files.
    fn do_found(&mut self, step: Step) {
        match step.changes.is_empty() {
            true => self.session.told = Some(("No new videos found".into(), Instant::now())),
            false => _ = self.do_step(Ok(step)),
        }
        self.session.follow_clip(); // The open clip may be one of the new videos.
    }
}

impl Session {
    /// Takes in what the threads of the project have found out; what searches have found.
    fn take_labeling_news(&mut self, labeling: &Labeling) -> Vec<Result<SearchResult>> {
        self.labeling.suggestions.refresh(&mut self.log);
        self.labeling.searches.found(labeling.found());
        self.labeling.receive_news(labeling.news(), &mut self.log)
    }

    /// The videos of the project that cannot be read, as far as that is known of them or of the clips of the open folder.
    fn unreadable_videos(&self) -> BTreeSet<VideoId> {
        let own = self.labeling.unreadable().map(|(id, _)| id);
        own.chain(self.faults.keys().filter_map(|path| self.labeling.video_at(path))).collect()
    }

    /// Selects the project's video that the clip is which is open, or being opened.
    pub(in crate::app) fn follow_clip(&mut self) {
        let path = self.clip_path().map(Path::to_owned);
        if !path.as_ref().is_some_and(|path| self.labeling.is_selected(path)) {
            let id = path.and_then(|path| self.labeling.video_at(&path));
            self.labeling.select(id);
        }
    }
}

/// The segments of the selected video.
fn segment_ids(labeling: &LabelingState) -> Vec<SegmentId> {
    labeling.video().map_or(Vec::new(), |(_, video)| video.segments.iter().map(|segment| segment.id).collect())
}
