//! What the window knows of the stored predictions of the open clip.

use std::cmp::Ordering;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::Context;

use super::files::{FoundPredictions, PredictionFile, WantedVideo, find};
use super::review::{BoutState, ReviewedBout, review};
use super::settings::PredictionSettings;
use crate::app::labeling::state::LabelingState;
use crate::app::tasks::Background;
use crate::labels::{StoredPath, VideoId};
use crate::predictions::{Bout, BoutSettings, FrameScores, bouts, exclusive_bouts};

/// The files that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct WantedFiles {
    dir: PathBuf,
    video: WantedVideo,
    /// Changes when a person asks for the files to be read again.
    edition: u64,
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
    video: VideoId,
    revision: u64,
}

/// The bouts with what was said about them.
#[derive(Default)]
struct Review {
    key: Option<ReviewKey>,
    bouts: Vec<ReviewedBout>,
}

/// The stored predictions of the open clip.
#[derive(Default)]
pub struct PredictionState {
    reading: Background<WantedFiles, FoundPredictions>,
    finding: Background<WantedBouts, FoundBouts>,
    review: Review,
    /// The file that a person chose.
    chosen: Option<PathBuf>,
    /// The class that a person chose, by name; all of them without one.
    pub class: Option<String>,
    /// The bout that was gone to last: its class and its frames.
    selected: Option<(usize, Range<usize>)>,
    /// Counts the wishes of a person to read files again.
    reloads: u64,
    /// Counts the bouts that were asked for.
    asked: u64,
}

impl PredictionState {
    /// Reads the predictions of the selected video of the project, of which the clip has `frames`, on a thread of their own; `None`
    /// where it is not what the window shows.
    pub(super) fn follow_video(&mut self, labeling: &LabelingState, frames: Option<usize>, ctx: &Context) {
        let wanted = frames.and_then(|frames| {
            let (id, video) = labeling.video()?;
            let hash = labeling.present_facts(id).map(|facts| facts.hash.clone());
            let video = WantedVideo { name: StoredPath::plain(&video.path), hash, frames };
            Some(WantedFiles { dir: labeling.project()?.dir().to_owned(), video, edition: self.reloads })
        });
        let Some(wanted) = wanted else {
            self.reading.clear();
            return;
        };
        if !self.reading.is_of(&wanted) {
            self.selected = None;
        }
        let (dir, video) = (wanted.dir.clone(), wanted.video.clone());
        self.reading.ask(wanted, ctx, move || find(&dir, &video));
        self.reading.receive();
    }

    /// Computes the bouts by `settings` where they, or the predictions, have changed, on a thread of their own: one set after the other,
    /// so that the newest settings wait for one at most.
    pub(super) fn follow_settings(&mut self, labeling: &LabelingState, settings: &PredictionSettings, ctx: &Context) {
        self.finding.receive();
        let Some((file, project)) = self.file().zip(labeling.project()) else { return };
        let of = |class: &String| settings.of(project.dir(), class);
        let wanted = WantedBouts {
            scores: file.scores.clone(),
            settings: file.scores.classes.iter().map(of).collect(),
            exclusive: !project.document().settings.multi_label,
        };
        if !self.finding.is_busy() && !self.finding.is_of(&wanted) {
            self.asked += 1;
            let (of, edition) = (wanted.clone(), self.asked);
            self.finding.ask(wanted, ctx, move || {
                let each = || of.settings.iter().enumerate().map(|(class, own)| bouts(&of.scores, class, own)).collect();
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
        let key = ReviewKey { bouts: found.edition, video: id, revision: project.revision() };
        if self.review.key != Some(key) {
            let bouts = review(&found.of.scores, &found.bouts, project.document(), video);
            self.review = Review { key: Some(key), bouts };
        }
    }

    /// The bouts that were found in the predictions which are shown, perhaps by the settings before.
    fn found(&self) -> Option<&FoundBouts> {
        let file = self.file()?;
        self.finding.value().filter(|found| Arc::ptr_eq(&found.of.scores, &file.scores))
    }

    /// What was found for the open clip; `None` while it is being read.
    fn files(&self) -> Option<&FoundPredictions> {
        self.reading.value().filter(|_| !self.reading.is_busy())
    }

    /// Returns whether files are being read.
    pub fn is_reading(&self) -> bool {
        self.reading.is_busy()
    }

    /// Returns whether bouts are being computed.
    pub fn is_computing(&self) -> bool {
        self.finding.is_busy()
    }

    /// Returns what was found for the open clip.
    pub fn found_files(&self) -> &[PredictionFile] {
        self.files().map_or(&[], |found| &found.files)
    }

    /// Returns why files are not shown, or may be of another state of the clip.
    pub fn doubts(&self) -> &[crate::error::Error] {
        self.files().map_or(&[], |found| &found.doubts)
    }

    /// Returns the predictions that are shown: those chosen, else the latest.
    pub fn file(&self) -> Option<&PredictionFile> {
        let files = self.found_files();
        let chosen = files.iter().find(|file| Some(&file.path) == self.chosen.as_ref());
        chosen.or(files.first())
    }

    /// Shows the predictions in the file at `path`.
    pub fn choose(&mut self, path: &Path) {
        if self.file().is_none_or(|file| file.path != path) {
            (self.chosen, self.selected) = (Some(path.to_owned()), None);
        }
    }

    /// Reads the files again.
    pub fn reload(&mut self) {
        self.reloads += 1;
    }

    /// Returns the bouts that are not rejected, in the order of their starts.
    pub fn shown(&self) -> impl DoubleEndedIterator<Item = &ReviewedBout> {
        self.review.bouts.iter().filter(|bout| bout.state != BoutState::Rejected)
    }

    /// Returns those of them that nothing is said about.
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
        self.selected = Some((bout.class, bout.frames()));
    }

    /// Returns the bout to review at frame `position`: the selected one, else the likeliest one there.
    pub fn current(&self, position: usize) -> Option<&ReviewedBout> {
        let here = || self.open().filter(|bout| bout.frames().contains(&position));
        let (class, frames) = self.selected.clone().unwrap_or_default();
        let selected = here().find(|bout| bout.class == class && bout.bout.start_frame < frames.end && frames.start < bout.bout.end_frame);
        selected.or_else(|| here().max_by(|a, b| a.bout.mean.total_cmp(&b.bout.mean).then(Ordering::Greater)))
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
    (bout.bout.start_frame, bout.bout.end_frame, bout.class)
}
