//! What the window knows of the labelling project: the project itself, what is selected in it, what became of its files, and
//! what the networks propose.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::folder_offer::FolderOffer;
use super::held::HeldLabel;
use super::import_export::ImportExport;
use super::probe_queue::ProbeQueue;
use super::settings::LabelingSettings;
use super::suggestions::{Proposal, SuggestionState};
use super::thumbnails::Thumbnails;
use super::trouble::Trouble;
use super::video_list::{ListChoice, ListKey, VideoList};
use super::video_searches::VideoSearches;
use crate::app::shell::log::{Log, LogLevel};
use crate::engine::{FileState, LabelingEvent, Message, Prediction, ProbeRequest, SearchResult};
use crate::error::{Error, Result};
use crate::labels::{
    Change, Document, Facts, Label, Project, ReadLabels, Reread, Segment, SegmentId, Step, StoredPath, Video, VideoId,
    edits, media_scan,
};

/// How long after the last change the files are brought up to date; the journal has every change at once.
const SAVE_AFTER: Duration = Duration::from_secs(20);
/// Facts of so many videos are noted in one step,
const FACTS_AT_ONCE: usize = 64;
/// or those that came in for so long.
const FACTS_WITHIN: Duration = Duration::from_millis(400);

/// The labelling project as the window sees it.
#[derive(Default)]
pub struct LabelingState {
    project: Option<Project>,
    /// The project that is being opened or made.
    pub opening: Option<PathBuf>,
    /// What was told when it was opened, until it is dismissed.
    pub notes: Vec<Error>,
    /// The video whose labels are changed.
    selected: Option<VideoId>,
    /// Other videos that are labelled together with it.
    pub(super) also: BTreeSet<VideoId>,
    /// The selected segment of the video.
    segment: Option<SegmentId>,
    /// The label that was given last.
    pub current: Option<Label>,
    /// The keys of classes that are held while the clip plays.
    pub held: Vec<HeldLabel>,
    /// Folder names that can be classes.
    pub offer: FolderOffer,
    /// What is wrong with files.
    troubles: BTreeMap<VideoId, Trouble>,
    /// Changes with `troubles`.
    files: u64,
    /// Tracks that the timeline has room for: those that a video could have when the project was opened.
    room_for_tracks: usize,
    /// Videos whose files are to be probed.
    probes: ProbeQueue,
    /// The revision up to which new videos were noticed.
    seen: Option<u64>,
    /// What was found in videos that were added, to be noted in one step, and when the first of it was found.
    facts: BTreeMap<VideoId, Facts>,
    facts_since: Option<Instant>,
    /// When the project was changed last.
    changed: Option<Instant>,
    /// A person wants the files to be brought up to date.
    asked_to_save: bool,
    /// Searches for this project that are under way.
    pub searches: VideoSearches,
    /// Pictures of videos.
    pub thumbnails: Thumbnails,
    /// What the networks propose.
    pub suggestions: SuggestionState,
    /// Labels of other programs in and out.
    pub interchange: ImportExport,
    /// What is listed.
    pub choice: ListChoice,
    list: VideoList,
    /// A video that was selected when it was changed last, and its row then: it may be listed no longer.
    place: Option<(VideoId, usize)>,
    /// The selected video as it was at a revision of the project.
    shown: Option<(VideoId, u64, Arc<Video>)>,
}

impl LabelingState {
    /// Works on `project` from now on.
    pub fn open(&mut self, project: Project, notes: Vec<Error>) {
        let (suggestions, thumbnails) = (std::mem::take(&mut self.suggestions), std::mem::take(&mut self.thumbnails));
        let choice = ListChoice { sort: self.choice.sort, ..ListChoice::default() };
        let probes = ProbeQueue::of(project.document().videos.keys().copied());
        let room_for_tracks = LabelingSettings::tracks_for(project.document().classes.len());
        *self = Self {
            project: Some(project),
            notes,
            thumbnails,
            suggestions,
            choice,
            room_for_tracks,
            probes,
            ..Self::default()
        };
        self.current =
            self.document().and_then(|document| document.classes.first()).map(|class| Label::Class(class.id));
    }

    /// Lets go of the project, which is yet to be saved. What is still found out for it is for nobody.
    pub fn close(&mut self) -> Option<Project> {
        let project = self.project.take()?;
        let (suggestions, opening) = (std::mem::take(&mut self.suggestions), self.opening.take());
        *self = Self { suggestions, opening, ..Self::default() };
        Some(project)
    }

    /// Whether something is looked for.
    pub fn is_searching(&self) -> bool {
        self.searches.since().is_some()
    }

    /// Whether files of videos are yet to be looked into.
    pub fn is_scanning(&self) -> bool {
        !self.probes.is_empty()
    }

    /// The open project.
    pub fn project(&self) -> Option<&Project> {
        self.project.as_ref()
    }

    /// What the disk reported since this was last asked for.
    pub fn trouble_of_disk(&mut self) -> Option<Error> {
        self.project.as_mut()?.trouble()
    }

    /// Returns how many tracks the timeline has room for while the project is open. Classes that are added do not change it: the
    /// viewer keeps its size, and more tracks scroll.
    pub fn room_for_tracks(&self) -> Option<usize> {
        self.project.is_some().then_some(self.room_for_tracks)
    }

    /// Its document.
    pub fn document(&self) -> Option<&Document> {
        self.project.as_ref().map(Project::document)
    }

    /// Whether the project can be changed; the reason if it cannot.
    pub fn can_edit(&self) -> std::result::Result<(), &'static str> {
        match &self.project {
            None => Err("No labelling project is open"),
            Some(project) if project.is_read_only() => {
                Err("The project is read-only: it is open in another window, or its folder is not writable")
            }
            Some(_) => Ok(()),
        }
    }

    /// Does a step and keeps the selection where it makes sense.
    ///
    /// # Errors
    /// If the step cannot be written down; nothing has changed then.
    pub fn perform(&mut self, step: Step) -> Result<()> {
        self.change(|project| project.perform(step))
    }

    /// What a step does, and to which video if it is one: the one that is open may be another by the time it is read.
    pub fn in_words(&mut self, step: &Step) -> String {
        let [Change::Video(id, video)] = step.changes.as_slice() else { return step.title.clone() };
        let known = self.list().name(*id).to_owned();
        let added = video.as_ref().map(|video| StoredPath::decode(&video.path, Path::new("")));
        let added = added.as_ref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
        format!("{} ({})", step.title, if known.is_empty() { added.unwrap_or_default() } else { known })
    }

    /// Takes in what was read of locked labels, has the files of those videos looked into that are unlocked, and replaces what was noted
    /// before; `None` where the project has changed since they were read.
    pub fn take_read(&mut self, read: ReadLabels) -> Option<Reread> {
        let reread = self.project.as_mut()?.take_read(read)?;
        reread.unlocked.iter().for_each(|id| self.look_again(*id));
        self.notes.retain(|note| !reread.outdated.contains(note));
        self.notes.extend(reread.still.iter().chain(&reread.notes).cloned());
        Some(reread)
    }

    /// Takes the last step back; what it was.
    ///
    /// # Errors
    /// As [`Self::perform`].
    pub fn undo(&mut self) -> Result<Option<String>> {
        self.change(Project::undo)
    }

    /// Does the step again that was taken back last; what it was.
    ///
    /// # Errors
    /// As [`Self::perform`].
    pub fn redo(&mut self) -> Result<Option<String>> {
        self.change(Project::redo)
    }

    /// Lets the project's files be brought up to date now, as a person asked for, and not some time after the last change.
    pub fn save_soon(&mut self) {
        self.asked_to_save = true;
    }

    /// Brings the project's files up to date where that is due, aside: `wake` is called at the end, for this to be called again. Tells
    /// whether what a person asked for is done.
    ///
    /// # Errors
    /// If they cannot be written; the journal holds what they lack. It is tried again after the next change.
    pub fn go_on_saving(&mut self, wake: impl FnOnce() + Send + 'static) -> Result<bool> {
        let is_due = self.save_due().is_some_and(|rest| rest.is_zero());
        let Some(project) = &mut self.project else { return Ok(false) };
        let result = match project.poll_save() {
            Some(result) => result.map(drop),
            None if is_due => project.save_in_background(wake),
            None => Ok(()),
        };
        let ended = result.is_err() || !(project.is_saving() || project.is_behind());
        if !ended {
            return Ok(false); // It goes on, or something was done meanwhile.
        }
        self.changed = None;
        let asked = std::mem::take(&mut self.asked_to_save);
        result.map(|()| asked)
    }

    /// How long until the files are to be brought up to date, if they are behind and that is not under way.
    pub fn save_due(&self) -> Option<Duration> {
        if self.project.as_ref().is_some_and(Project::is_saving) {
            return None;
        }
        if self.asked_to_save {
            return Some(Duration::ZERO);
        }
        self.changed.map(|changed| SAVE_AFTER.saturating_sub(changed.elapsed()))
    }

    fn change<T: Default>(&mut self, act: impl FnOnce(&mut Project) -> Result<T>) -> Result<T> {
        let listed = self.selected.and_then(|id| Some((id, self.list.rows().iter().position(|row| *row == id)?)));
        self.place = listed.or(self.place);
        let Some(project) = &mut self.project else { return Ok(T::default()) };
        let result = act(project);
        self.changed = Some(Instant::now());
        let document = project.document();
        self.selected = self.selected.filter(|id| document.videos.contains_key(id));
        self.also.retain(|id| document.videos.contains_key(id));
        let video = self.selected.and_then(|id| document.videos.get(&id));
        self.segment = self.segment.filter(|id| video.is_some_and(|video| video.segment(*id).is_some()));
        let is_known = |label: &Label| matches!(label, Label::Class(id) if document.class(*id).is_some());
        let first = document.classes.first().map(|class| Label::Class(class.id));
        self.current = self.current.filter(|label| *label == Label::Background || is_known(label)).or(first);
        result
    }

    /// The selected video.
    pub fn selected(&self) -> Option<VideoId> {
        self.selected
    }

    /// The selected video with its labels.
    pub fn video(&self) -> Option<(VideoId, &Video)> {
        let id = self.selected?;
        Some((id, self.document()?.videos.get(&id)?))
    }

    /// The same to be drawn from while the rest of the window's state is changed: copied when the project changes, and not for every
    /// repaint.
    pub fn shown_video(&mut self) -> Option<(VideoId, Arc<Video>)> {
        let (id, revision) = (self.selected?, self.project.as_ref()?.revision());
        if let Some((known, at, video)) = &self.shown
            && (*known, *at) == (id, revision)
        {
            return Some((id, video.clone()));
        }
        let video = Arc::new(self.video()?.1.clone());
        self.shown = Some((id, revision, video.clone()));
        Some((id, video))
    }

    /// Selects a video, and none of its segments.
    pub fn select(&mut self, id: Option<VideoId>) {
        if self.selected != id {
            (self.selected, self.segment) = (id, None);
            self.also.clear();
            id.into_iter().for_each(|id| self.probes.request(id));
        }
    }

    /// The selected segment.
    pub fn segment(&self) -> Option<&Segment> {
        self.video()?.1.segment(self.segment?)
    }

    /// Selects a segment of the selected video.
    pub fn select_segment(&mut self, id: Option<SegmentId>) {
        if id.is_some() {
            self.also.clear(); // The next label is for the segment alone.
        }
        self.segment = id;
    }

    /// The video whose file is `path`.
    pub fn video_at(&self, path: &Path) -> Option<VideoId> {
        let project = self.project.as_ref()?;
        let path = std::path::absolute(path).ok()?;
        let document = project.document();
        let stored = StoredPath::encode(&path, project.dir());
        let by_name = document.video_at(&stored).map(|(id, _)| id);
        by_name.or_else(|| document.videos.keys().copied().find(|id| project.video_path(*id).as_ref() == Some(&path)))
    }

    /// Whether the selected video is the file at `path`.
    pub fn is_selected(&self, path: &Path) -> bool {
        let Some((project, (id, video))) = self.project.as_ref().zip(self.video()) else { return false };
        let is_same = |path: &Path| StoredPath::encode(path, project.dir()) == video.path;
        project.video_path(id).as_deref() == Some(path) || std::path::absolute(path).is_ok_and(|path| is_same(&path))
    }

    /// What is wrong with the file of a video.
    pub fn trouble(&self, id: VideoId) -> Option<&Trouble> {
        self.troubles.get(&id)
    }

    /// The videos whose files cannot be read, and why.
    pub fn unreadable(&self) -> impl Iterator<Item = (VideoId, &Error)> {
        self.troubles.iter().filter_map(|(id, trouble)| match trouble {
            Trouble::Unreadable(error) => Some((*id, error)),
            _ => None,
        })
    }

    /// A number that changes with what is known about files.
    pub fn files_revision(&self) -> u64 {
        self.files
    }

    /// The facts of the file of a video as it is: not those that were labelled where it has changed since.
    pub fn present_facts(&self, id: VideoId) -> Option<&Facts> {
        match self.trouble(id) {
            Some(Trouble::Changed(facts)) => Some(facts),
            _ => self.project()?.document().videos.get(&id)?.facts.as_ref(),
        }
    }

    /// Videos whose files are missing.
    pub fn missing(&self) -> Vec<VideoId> {
        let missing = self.troubles.iter().filter(|(_, trouble)| **trouble == Trouble::Missing);
        missing.map(|(id, _)| *id).collect()
    }

    /// The label that a digit gives: the class at place `index`.
    pub fn class_label(&self, index: usize) -> Option<Label> {
        self.document()?.classes.get(index).map(|class| Label::Class(class.id))
    }

    /// What the networks propose for the selected video.
    pub fn proposal(&self) -> Option<Proposal> {
        self.suggestions.proposal(self.document()?, self.video()?.1)
    }

    /// What they propose for unlabelled videos that can be labelled; of unsure proposals only if `with_unsure`.
    pub fn proposals(&self, with_unsure: bool) -> impl Iterator<Item = (VideoId, Vec<Label>)> {
        let document = self.document();
        let videos = document.into_iter().flat_map(|document| document.videos.iter().map(move |pair| (document, pair)));
        let open = videos.filter(|(_, (_, video))| video.is_unlabelled() && video.locked.is_none());
        let proposed =
            open.filter_map(|(document, (id, video))| Some((*id, self.suggestions.proposal(document, video)?)));
        let wanted = proposed.filter(move |(_, proposal)| with_unsure || !proposal.is_unsure);
        wanted.map(|(id, proposal)| (id, proposal.labels()))
    }

    /// The list of videos, up to date.
    pub fn list(&mut self) -> &VideoList {
        if let Some(project) = &self.project {
            let key = ListKey {
                document: project.revision(),
                suggestions: self.suggestions.revision(),
                files: self.files,
                choice: self.choice.clone(),
            };
            let troubles = &self.troubles;
            self.list
                .refresh(key, project.document(), project.dir(), &self.suggestions, |id| troubles.contains_key(&id));
        }
        &self.list
    }

    /// The videos that were listed last.
    pub(super) fn listed(&self) -> &[VideoId] {
        self.list.rows()
    }

    /// The video `steps` further in the list, or the first or last one.
    pub fn neighbour(&mut self, steps: isize) -> Option<VideoId> {
        let selected = self.selected;
        let rows = self.list().rows();
        let last = rows.len().checked_sub(1)?;
        let at = selected.and_then(|id| rows.iter().position(|row| *row == id));
        let at = at.map(|at| at.saturating_add_signed(steps));
        // Where it is listed no longer, the next one has come into its place.
        let to = at.or(self.left_place().map(|place| place.saturating_add_signed(steps - isize::from(steps > 0))));
        let rows = self.list.rows();
        Some(rows[to.unwrap_or(0).min(last)])
    }

    /// The row that the selected video had before it was changed.
    fn left_place(&self) -> Option<usize> {
        self.place.filter(|(id, _)| Some(*id) == self.selected).map(|(_, place)| place)
    }

    /// The next video without a label: after the selected one in the list, else of all videos.
    pub fn next_unlabelled(&mut self) -> Option<VideoId> {
        let selected = self.selected;
        let rows = self.list().rows().to_vec();
        let document = self.project.as_ref()?.document();
        let is_open = |id: &VideoId| Some(*id) != selected && document.videos.get(id).is_some_and(Video::is_unlabelled);
        let at = selected.and_then(|id| rows.iter().position(|row| *row == id)).map(|at| at + 1);
        let at = at.or(self.left_place()).unwrap_or(0);
        let (before, after) = rows.split_at(at.min(rows.len()));
        after.iter().chain(before).copied().find(is_open).or_else(|| document.videos.keys().copied().find(is_open))
    }

    /// The unlabelled video that comes after the selected one where those with the largest `measure` come first.
    pub fn next_by(&self, measure: impl Fn(&Prediction) -> f32) -> Option<VideoId> {
        let ranking = self.ranking(measure);
        let at = self.selected.and_then(|id| ranking.iter().position(|other| *other == id));
        let next = at.map_or(0, |at| (at + 1) % ranking.len());
        ranking.get(next).copied().filter(|id| Some(*id) != self.selected)
    }

    fn ranking(&self, measure: impl Fn(&Prediction) -> f32) -> Vec<VideoId> {
        let videos = self.document().into_iter().flat_map(|document| &document.videos);
        let unlabelled = videos.filter(|(_, video)| video.is_unlabelled());
        let mut measured: Vec<(VideoId, f32)> =
            unlabelled.filter_map(|(id, video)| Some((*id, measure(self.suggestions.of(video)?)))).collect();
        measured.sort_by(|a, b| b.1.total_cmp(&a.1));
        measured.into_iter().map(|(id, _)| id).collect()
    }

    /// Whether there is an unlabelled video with a suggestion.
    pub fn has_suggestions(&self) -> bool {
        let mut videos = self.document().into_iter().flat_map(|document| document.videos.values());
        videos.any(|video| video.is_unlabelled() && self.suggestions.of(video).is_some())
    }

    /// The unlabelled videos and the selected one with content and file, in the order of the list, to be scored.
    pub fn wanting_suggestions(&mut self) -> Vec<(VideoId, String, PathBuf)> {
        let rows = self.list().rows().to_vec();
        let Some(project) = &self.project else { return Vec::new() };
        let document = project.document();
        let listed: std::collections::BTreeSet<VideoId> = rows.iter().copied().collect();
        let others = document.videos.keys().copied().filter(|id| !listed.contains(id));
        let order = rows.iter().copied().chain(others);
        let open = order.filter(|id| !self.troubles.contains_key(id)).filter_map(|id| {
            let is_wanted = |video: &&Video| video.is_unlabelled() || Some(id) == self.selected;
            let video = document.videos.get(&id).filter(is_wanted)?;
            Some((id, video.facts.as_ref()?.hash.clone(), project.video_path(id)?))
        });
        open.collect()
    }

    /// What the thread "labeling" is to look into from now on, if there is more than before: the selected video first and
    /// thoroughly.
    pub fn wishes(&mut self) -> Option<Vec<ProbeRequest>> {
        let project = self.project.as_ref()?;
        let document = project.document();
        if self.seen.replace(project.revision()) != Some(project.revision()) {
            let is_new = |id: &VideoId| !self.troubles.contains_key(id) && !self.facts.contains_key(id);
            let is_open = |video: &Video| video.facts.is_none() && video.locked.is_none();
            let new = document.videos.iter().filter(|(id, video)| is_open(video) && is_new(id));
            self.probes.add(new.map(|(id, _)| *id));
        }
        let waiting = self.probes.take_untold()?;
        let selected = self.selected.filter(|id| waiting.contains_key(id));
        let others = waiting.keys().copied().filter(|id| Some(*id) != selected);
        let wish = |id: VideoId| {
            let (path, known) = (project.video_path(id)?, document.videos.get(&id)?.facts.clone());
            let dir = project.dir().to_owned();
            let (number, thorough) = (*waiting.get(&id)?, Some(id) == selected);
            Some(ProbeRequest { id, number, path, dir, known, thorough, keeps: !project.is_read_only() })
        };
        Some(selected.into_iter().chain(others).filter_map(wish).collect())
    }

    /// Has files looked into again: of the video `id`, whose place or content was changed.
    pub fn look_again(&mut self, id: VideoId) {
        self.troubles.remove(&id);
        self.facts.remove(&id);
        self.probes.request(id);
        self.files += 1;
    }

    /// Takes in what was found out about files; what searches for this project have found, from which [steps](Self::step_of) follow.
    pub fn receive_news(
        &mut self,
        news: impl Iterator<Item = LabelingEvent>,
        log: &mut Log,
    ) -> Vec<Result<SearchResult>> {
        let mut found = Vec::new();
        for news in news {
            match news {
                // Others were for a project that was closed meanwhile, or were stopped.
                LabelingEvent::Search { id, result } if self.searches.end(id) => found.push(result),
                LabelingEvent::Search { .. } => {}
                LabelingEvent::File { id, number, dir, path, state } => {
                    self.file_news((id, number), &dir, &path, state)
                }
            }
        }
        if let Err(error) = self.note_facts() {
            log.push(LogLevel::Error, error.to_string());
        }
        found
    }

    /// The step that follows for the project, as it is now, from what a search has found. Each is to be done before the next is
    /// asked for.
    pub fn step_of(&mut self, found: SearchResult, log: &mut Log) -> Option<Step> {
        match found {
            SearchResult::Videos { videos, notes, .. } => {
                notes.iter().for_each(|note| log.push(LogLevel::Warning, note.to_string()));
                self.add(&videos, log)
            }
            SearchResult::Moved(relinks) => {
                let certain: Vec<_> = relinks.into_iter().filter(|relink| relink.is_certain).collect();
                certain.iter().for_each(|relink| self.look_again(relink.id));
                let project = self.project.as_ref().filter(|_| !certain.is_empty())?;
                Some(media_scan::relink(project.document(), project.dir(), &certain))
            }
        }
    }

    fn file_news(&mut self, (id, number): (VideoId, u64), dir: &Path, path: &Path, state: FileState) {
        let project = self.project.as_ref().filter(|project| project.dir() == dir);
        if project.and_then(|project| project.video_path(id)).as_deref() != Some(path) {
            return; // of another project, or moved meanwhile
        }
        if !self.probes.answer(id, number) {
            return; // the file may have changed since
        }
        let trouble = match state {
            FileState::Facts(facts) => {
                self.facts.insert(id, facts);
                self.facts_since.get_or_insert_with(Instant::now);
                None
            }
            FileState::Same => None,
            FileState::Missing => Some(Trouble::Missing),
            FileState::Changed(facts) => Some(Trouble::Changed(facts)),
            FileState::Unreadable(error) => Some(Trouble::Unreadable(error)),
        };
        let differs = match trouble {
            Some(trouble) => self.troubles.insert(id, trouble.clone()) != Some(trouble),
            None => self.troubles.remove(&id).is_some(),
        };
        self.files += u64::from(differs);
    }

    /// Notes what was found in videos that were added, many at once: not a change that a person would take back.
    fn note_facts(&mut self) -> Result<()> {
        let waited = self.facts_since.is_some_and(|since| since.elapsed() >= FACTS_WITHIN);
        let due = waited || self.probes.is_empty() || self.facts.len() >= FACTS_AT_ONCE;
        let Some(project) = self.project.as_mut().filter(|project| due && !project.is_read_only()) else {
            return Ok(());
        };
        self.facts_since = None;
        let facts = std::mem::take(&mut self.facts);
        let changes = facts.into_iter().filter_map(|(id, facts)| {
            let video = project.document().videos.get(&id).filter(|video| video.locked.is_none())?;
            Some(Change::Video(id, Some(Video { facts: Some(facts), ..video.clone() })))
        });
        let step = Step::new("Scanned videos", changes.collect());
        if step.changes.is_empty() {
            return Ok(());
        }
        self.changed.get_or_insert_with(Instant::now);
        project.record(step)
    }

    /// Takes a message in.
    pub fn receive(&mut self, message: &Message) {
        self.suggestions.receive(message);
    }

    /// The step that adds the videos at `paths` that are not in the project yet.
    pub fn add(&self, paths: &[PathBuf], log: &mut Log) -> Option<Step> {
        let project = self.project.as_ref()?;
        let files = paths.iter().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone())).collect();
        let (files, notes) = media_scan::newcomers(project.document(), project.dir(), files);
        notes.iter().for_each(|note| log.push(LogLevel::Warning, note.to_string()));
        let videos = files.iter().map(|path| Video::new(StoredPath::encode(path, project.dir())));
        Some(edits::add_videos(project.document(), videos.collect()))
    }
}
