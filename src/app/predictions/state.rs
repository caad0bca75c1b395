//! What the window knows of the stored predictions of the open clip.

use std::cmp::Ordering;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use super::files::{FoundPredictions, ListedFiles, PredictionFile, WantedVideo, find, list};
use super::review::{BoutState, MovedEdges, ReviewedBout, review};
use super::settings::PredictionSettings;
use crate::app::labeling::state::LabelingState;
use crate::app::tasks::Background;
use crate::error::Error;
use crate::labels::{StoredPath, VideoId};
use crate::predictions::{Bout, BoutSettings, FrameScores, bouts, exclusive_bouts, is_background_class};

/// How often the folder of predictions is looked at for files that were written.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The files that are wanted.
#[derive(Clone)]
struct WantedFiles {
    video: WantedVideo,
    listed: Arc<ListedFiles>,
}

impl PartialEq for WantedFiles {
    fn eq(&self, other: &Self) -> bool {
        let same = Arc::ptr_eq(&self.listed, &other.listed) || self.listed == other.listed;
        same && self.video == other.video
    }
}

/// The bouts that are wanted.
#[derive(Clone)]
struct WantedBouts {
    scores: Arc<FrameScores>,
    /// Those of each class.
    settings: Vec<BoutSettings>,
    /// Whether a frame has one class at most.
    exclusive: bool,
}

impl PartialEq for WantedBouts {
    fn eq(&self, other: &Self) -> bool {
        let same = (&self.settings, self.exclusive) == (&other.settings, other.exclusive);
        same && Arc::ptr_eq(&self.scores, &other.scores)
    }
}

/// The bouts of each class.
struct FoundBouts {
    of: WantedBouts,
    bouts: Vec<Vec<Bout>>,
    /// Tells them from others.
    edition: u64,
}

/// What a review was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ReviewKey {
    bouts: u64,
    moved: u64,
    video: VideoId,
    revision: u64,
}

/// The bouts with what was said about them.
#[derive(Default)]
struct Review {
    key: Option<ReviewKey>,
    bouts: Arc<Vec<ReviewedBout>>,
}

/// The stored predictions of the open clip.
#[derive(Default)]
pub struct PredictionState {
    /// The clip that they are of.
    video: Option<WantedVideo>,
    listing: Background<(PathBuf, u64), Arc<ListedFiles>>,
    reading: Background<WantedFiles, Arc<FoundPredictions>>,
    finding: Background<WantedBouts, FoundBouts>,
    review: Review,
    /// When the folder was looked at last, and how often.
    looked: Option<Instant>,
    looks: u64,
    /// The file that a person chose, and the hash of its model: that model's predictions of other clips are shown too.
    chosen: Option<(PathBuf, String)>,
    /// The class that a person chose, by name; all of them without one.
    pub class: Option<String>,
    /// The bout that was gone to last: its class and its frames.
    selected: Option<(usize, Range<usize>)>,
    /// Edges that were moved in the predictions that are shown, and how often.
    moved: Vec<MovedEdges>,
    moves: u64,
    /// How often bouts were asked for.
    asked: u64,
}

impl PredictionState {
    /// Reads the predictions of the selected video of the project, of which the clip has `frames`, on a thread of their own; `None`
    /// where the window shows another clip.
    pub(super) fn follow_video(&mut self, labeling: &LabelingState, frames: Option<usize>, ctx: &Context) {
        let wanted = frames.and_then(|frames| {
            let (id, video) = labeling.video()?;
            let hash = labeling.present_facts(id).map(|facts| facts.hash.clone());
            let dir = labeling.project()?.dir().to_owned();
            Some(WantedVideo { dir, name: StoredPath::plain(&video.path), hash, frames })
        });
        if self.video != wanted {
            (self.selected, self.looked) = (None, None);
            self.moved.clear();
            self.video = wanted;
        }
        let Some(video) = &self.video else { return };
        if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_AGAIN) && !self.listing.is_busy() {
            self.looks += 1;
            self.looked = Some(Instant::now());
            let dir = video.dir.clone();
            self.listing.ask((dir.clone(), self.looks), ctx, move || Arc::new(list(&dir)));
        }
        self.listing.receive();
        if let Some(listed) = self.listing.value().filter(|listed| listed.dir == video.dir) {
            let wanted = WantedFiles { video: video.clone(), listed: listed.clone() };
            let (of, known) = (wanted.clone(), self.reading.value().cloned());
            let read = move || Arc::new(find(&of.listed.files, &of.video, known.as_deref()));
            self.reading.ask(wanted, ctx, read);
        }
        self.reading.receive();
    }

    /// Computes the bouts by `settings` where they, or the predictions, have changed, on a thread of their own: one set after the other,
    /// so that the newest settings wait for one at most.
    pub(super) fn follow_settings(&mut self, labeling: &LabelingState, settings: &PredictionSettings, ctx: &Context) {
        self.finding.receive();
        let Some((file, project)) = self.file().zip(labeling.project()) else { return };
        let of = |class: &String| settings.of(project.dir(), class, &file.default_settings(class));
        let wanted = WantedBouts {
            scores: file.scores.clone(),
            settings: file.scores.classes.iter().map(of).collect(),
            exclusive: !project.document().settings.multi_label,
        };
        if !self.finding.is_busy() && !self.finding.is_of(&wanted) {
            self.asked += 1;
            let (of, edition) = (wanted.clone(), self.asked);
            self.finding.ask(wanted, ctx, move || {
                let each =
                    || of.settings.iter().enumerate().map(|(class, own)| bouts(&of.scores, class, own)).collect();
                let bouts = if of.exclusive { exclusive_bouts(&of.scores, &of.settings) } else { each() };
                FoundBouts { of, bouts, edition }
            });
        }
    }

    /// Sets the bouts beside what is said of them in the selected video, where either has changed.
    pub(super) fn review(&mut self, labeling: &LabelingState) {
        let found = self.found().zip(labeling.project()).zip(labeling.video());
        let Some(((found, project), (id, video))) = found else {
            self.review = Review::default();
            return;
        };
        let key = ReviewKey { bouts: found.edition, moved: self.moves, video: id, revision: project.revision() };
        if self.review.key != Some(key) {
            let bouts = review(&found.of.scores, &found.bouts, &self.moved, project.document(), video);
            self.review = Review { key: Some(key), bouts: Arc::new(bouts) };
        }
    }

    /// The bouts that were found in the predictions which are shown, perhaps by the settings before.
    fn found(&self) -> Option<&FoundBouts> {
        let file = self.file()?;
        self.finding.value().filter(|found| Arc::ptr_eq(&found.of.scores, &file.scores))
    }

    /// What was found for the open clip; `None` until it is read.
    fn files(&self) -> Option<&FoundPredictions> {
        let found = self.reading.value().map(Arc::as_ref);
        found.filter(|found| self.video.as_ref() == Some(&found.video))
    }

    /// Returns whether the files of the clip are being read for the first time.
    pub fn is_reading(&self) -> bool {
        self.video.is_some() && self.files().is_none()
    }

    /// Returns whether a thread is at work.
    #[cfg(test)]
    pub fn is_busy(&self) -> bool {
        self.is_reading() || self.listing.is_busy() || self.reading.is_busy() || self.finding.is_busy()
    }

    /// Returns the folder of the project that the open clip is a video of.
    pub fn project_dir(&self) -> Option<&Path> {
        self.video.as_ref().map(|video| video.dir.as_path())
    }

    /// Returns the predictions of the open clip, the latest first.
    pub fn found_files(&self) -> &[PredictionFile] {
        self.files().map_or(&[], |found| &found.files)
    }

    /// Returns why files are not shown, or may be of another state of the clip.
    pub fn doubts(&self) -> impl Iterator<Item = &Error> {
        let failure = self.listing.value().and_then(|listed| listed.failure.as_ref());
        failure.into_iter().chain(self.files().into_iter().flat_map(|found| &found.doubts))
    }

    /// Returns the predictions that are shown: those chosen, else those of the same model, else the latest.
    pub fn file(&self) -> Option<&PredictionFile> {
        let files = self.found_files();
        let chosen = self.chosen.as_ref().and_then(|(path, model)| {
            let same = files.iter().find(|file| file.path == *path);
            same.or_else(|| files.iter().find(|file| file.facts.model_hash == *model))
        });
        chosen.or(files.first())
    }

    /// Shows the predictions in the file at `path`.
    pub fn choose(&mut self, path: &Path) {
        let file = self.found_files().iter().find(|file| file.path == path);
        if let Some(file) = file.filter(|_| self.file().is_none_or(|shown| shown.path != path)) {
            (self.chosen, self.selected) = (Some((path.to_owned(), file.facts.model_hash.clone())), None);
            self.moved.clear();
        }
    }

    /// Looks for files that were written, at once.
    #[cfg(test)]
    pub fn reload(&mut self) {
        self.looked = None;
    }

    /// Returns the names of the predicted classes but for background, with their places among all.
    pub fn classes(&self) -> impl Iterator<Item = (usize, &str)> {
        let classes = self.file().into_iter().flat_map(|file| file.scores.classes.iter().map(String::as_str));
        classes.enumerate().filter(|(_, name)| !is_background_class(name))
    }

    /// Returns all bouts in the order of their starts, rejected ones as well, to be drawn from while the window's state changes.
    pub fn all(&self) -> Arc<Vec<ReviewedBout>> {
        self.review.bouts.clone()
    }

    /// Returns the bouts that nothing is said about, in the order of their starts.
    pub fn open(&self) -> impl DoubleEndedIterator<Item = &ReviewedBout> {
        self.review.bouts.iter().filter(|bout| bout.state == BoutState::Open)
    }

    /// Returns the name of a class of the predictions.
    pub fn class_name(&self, class: usize) -> &str {
        self.file().and_then(|file| file.scores.classes.get(class)).map_or("", String::as_str)
    }

    /// Returns whether a bout is of the class that is chosen, or all are.
    pub fn is_chosen(&self, bout: &ReviewedBout) -> bool {
        self.class.as_ref().is_none_or(|class| class == self.class_name(bout.class))
    }

    /// Selects a bout: where several are at the playhead, it is the one that is reviewed.
    pub fn select(&mut self, bout: &ReviewedBout) {
        self.selected = Some((bout.class, bout.frames.clone()));
    }

    /// Moves the edges of a bout, before it is accepted.
    pub fn move_edges(&mut self, bout: &ReviewedBout, frames: Range<usize>) {
        let predicted = bout.predicted_frames();
        self.moved.retain(|moved| moved.class != bout.class || moved.predicted != predicted);
        self.selected = Some((bout.class, frames.clone()));
        self.moved.push(MovedEdges { class: bout.class, predicted, frames });
        self.moves += 1;
    }

    /// Returns the open bout at frame `position` that was gone to, or clicked.
    pub fn selected(&self, position: usize) -> Option<&ReviewedBout> {
        let (class, frames) = self.selected.as_ref()?;
        let is_same = |bout: &&ReviewedBout| {
            bout.class == *class && bout.frames.start < frames.end && frames.start < bout.frames.end
        };
        self.open().filter(|bout| bout.frames.contains(&position)).find(is_same)
    }

    /// Returns the bout to review at frame `position`: the selected one, else the likeliest one there.
    pub fn current(&self, position: usize) -> Option<&ReviewedBout> {
        let here = self.open().filter(|bout| bout.frames.contains(&position));
        let likelier =
            |a: &&ReviewedBout, b: &&ReviewedBout| a.bout.mean.total_cmp(&b.bout.mean).then(Ordering::Greater);
        self.selected(position).or_else(|| here.max_by(likelier))
    }

    /// Returns the next open bout of the chosen class after the current one, or after frame `position`.
    pub fn next(&self, position: usize) -> Option<&ReviewedBout> {
        let from = self.place(position);
        self.open().filter(|bout| self.is_chosen(bout)).find(|bout| order(bout) > from)
    }

    /// Returns the open bout of the chosen class before the current one, or before frame `position`.
    pub fn previous(&self, position: usize) -> Option<&ReviewedBout> {
        let from = self.place(position);
        self.open().rev().filter(|bout| self.is_chosen(bout)).find(|bout| order(bout) < from)
    }

    fn place(&self, position: usize) -> (usize, usize, usize) {
        self.current(position).map_or((position, 0, 0), order)
    }

    /// Returns the open bout of the chosen class whose mean probability is nearest to the threshold of its class; where that is the
    /// current one, the next one of this order.
    pub fn most_uncertain(&self, position: usize) -> Option<&ReviewedBout> {
        let settings = &self.found()?.of.settings;
        let distance = |bout: &ReviewedBout| (bout.bout.mean - settings[bout.class].threshold).abs();
        let mut open: Vec<&ReviewedBout> = self.open().filter(|bout| self.is_chosen(bout)).collect();
        open.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        let current = self.current(position).map(order);
        let place = open.iter().position(|bout| Some(order(bout)) == current);
        let next = place.map_or(0, |place| (place + 1) % open.len());
        open.get(next).copied()
    }
}

/// What bouts are ordered by.
fn order(bout: &ReviewedBout) -> (usize, usize, usize) {
    (bout.frames.start, bout.frames.end, bout.class)
}
