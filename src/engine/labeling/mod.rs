//! File access for labelling projects: the videos in a folder, their properties, changes and thumbnails.
//!
//! The threads "labeling" and "thumbnails" do this, so that no window waits for a disk.

pub(super) mod media;
mod messages;
pub(super) mod prediction;
mod scanner;
mod search;
pub(super) mod suggestions;
mod thumbnails;

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, bounded, unbounded};

use super::runtime::events::Wake;
use super::runtime::worker::Worker;
use crate::labels::{Document, VideoId};
pub use messages::{
    FileState, LabelingEvent, ProbeRequest, SearchId, SearchResult, Thumbnail, ThumbnailKey, ThumbnailRequest,
};
use scanner::MediaScanner;
use search::{Search, Searches};
use thumbnails::Painter;

/// Maximum number of unread thumbnails; their thread waits beyond that.
const CAPACITY: usize = 256;

/// The handle of these threads. Dropping it ends them after their current work, without waiting: a disk may not
/// respond.
pub struct Labeling {
    news: Receiver<LabelingEvent>,
    thumbnails: Receiver<Thumbnail>,
    scanner: Arc<MediaScanner>,
    painter: Arc<Painter>,
    searches: Searches,
    /// The threads "labeling" and "thumbnails".
    workers: [Worker; 2],
}

impl Labeling {
    /// Starts the threads. `wake` is called for every reply; thumbnails are cached in `cache` if given.
    pub fn new(wake: Wake, cache: Option<PathBuf>) -> Self {
        let (sender, news) = unbounded(); // one reply per request
        let searches = Searches::new(sender.clone(), wake.clone());
        let scanner = Arc::new(MediaScanner::new(sender, wake.clone()));
        let (sender, thumbnails) = bounded(CAPACITY);
        let painter = Arc::new(Painter::new(sender, wake, cache));
        let (look, paint) = (scanner.clone(), painter.clone());
        let mut brush = thumbnails::Brush::default();
        let workers = [
            Worker::start("labeling", move || look.step()),
            Worker::start("thumbnails", move || paint.step(&mut brush)),
        ];
        Self { news, thumbnails, scanner, painter, searches, workers }
    }

    /// Starts a search for videos: those of `paths` that are files, and all below those that are folders.
    pub fn find(&mut self, paths: Vec<PathBuf>) -> SearchId {
        self.searches.begin(Search::Videos(paths))
    }

    /// Starts a search for the files of `missing` videos of a project in `dir`, in `folder` and below it.
    pub fn find_moved(&mut self, document: Document, dir: PathBuf, missing: Vec<VideoId>, folder: PathBuf) -> SearchId {
        self.searches.begin(Search::Moved { document: Box::new(document), dir, missing, folder })
    }

    /// Returns the number of videos that the latest search has found so far.
    pub fn found(&self) -> usize {
        self.searches.found()
    }

    /// Stops all searches; none of them replies any more.
    pub fn stop_searches(&mut self) {
        self.searches.stop();
    }

    /// Probes these videos in order; replaces all pending requests.
    pub fn look(&self, requests: Vec<ProbeRequest>) {
        self.scanner.look(requests);
        self.workers[0].waker()();
    }

    /// Creates these thumbnails in order; replaces all pending requests.
    pub fn want(&self, requests: Vec<ThumbnailRequest>) {
        self.painter.want(requests);
        self.workers[1].waker()();
    }

    /// Returns the unread replies.
    pub fn news(&self) -> impl Iterator<Item = LabelingEvent> {
        self.news.try_iter()
    }

    /// Returns the unread thumbnails.
    pub fn thumbnails(&self) -> impl Iterator<Item = Thumbnail> {
        self.thumbnails.try_iter()
    }
}

impl Drop for Labeling {
    fn drop(&mut self) {
        self.workers.iter_mut().for_each(Worker::leave);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use image::RgbImage;

    use super::*;
    use crate::labels::Facts;
    use crate::video::{Geometry, VideoWriter};

    fn labeling() -> (Labeling, Receiver<()>) {
        let (woken, wakes) = crossbeam_channel::unbounded();
        (Labeling::new(Arc::new(move || _ = woken.send(())), None), wakes)
    }

    #[test]
    fn a_search_that_was_stopped_does_not_answer_and_the_next_does() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.mp4"), "").unwrap();
        let (mut labeling, wakes) = labeling();
        let stopped: Vec<_> = (0..8).map(|_| labeling.find(vec![dir.path().into()])).collect();
        labeling.stop_searches();
        let before: Vec<_> = labeling.news().collect(); // Some may have been sent before.
        let id = labeling.find(vec![dir.path().into()]);
        let news = loop {
            wakes.recv().unwrap();
            if let Some(news) = labeling.news().last() {
                break news;
            }
        };
        let LabelingEvent::Search { id: answered, result: Ok(SearchResult::Videos { videos, .. }) } = news else {
            panic!("{news:?}")
        };
        assert_eq!((answered, videos, labeling.found()), (id, vec![dir.path().join("a.mp4")], 1));
        assert!(before.len() <= stopped.len() && !stopped.contains(&id));
    }

    #[test]
    fn the_end_does_not_wait_for_a_disk_that_does_not_answer() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("a.mp4");
        if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
            return; // Nothing here makes a file that blocks when opened.
        }
        let (labeling, _wakes) = labeling();
        let known = Facts {
            frames: 1,
            fps: 25.0,
            start_secs: None,
            variable_rate: false,
            size: [32, 32],
            bytes: 0, // the same as the pipe's reported length, so that its content is compared
            hash: String::new(),
        };
        let request = ProbeRequest {
            id: VideoId(0),
            number: 1,
            path: pipe.clone(),
            dir: dir.path().into(),
            known: Some(known),
            thorough: true,
            keeps: true,
        };
        labeling.look(vec![request]);
        while !labeling.scanner.is_idle() {
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(labeling);
        // Releases the thread that was left behind.
        drop(std::fs::File::options().read(true).write(true).open(&pipe).unwrap());
    }

    #[test]
    fn another_content_of_the_same_length_is_a_change_also_where_times_are_not_known() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.mp4");
        let mut writer = VideoWriter::create(&path, Geometry { width: 32, height: 32 }, 25.0).unwrap();
        (0..5).for_each(|_| writer.push(&RgbImage::new(32, 32)).unwrap());
        writer.finish().unwrap();
        let (facts, _) = crate::engine::examine(&path).unwrap();
        let old = Facts { start_secs: None, ..facts.clone() };
        let other = Facts { hash: "0".into(), ..old.clone() };
        let (labeling, wakes) = labeling();
        let state = |known: &Facts, keeps: bool| {
            let (path, dir) = (path.clone(), dir.path().to_owned());
            let known = Some(known.clone());
            labeling.look(vec![ProbeRequest { id: VideoId(0), number: 1, path, dir, known, thorough: false, keeps }]);
            loop {
                wakes.recv().unwrap();
                if let Some(LabelingEvent::File { state, .. }) = labeling.news().last() {
                    break state;
                }
            }
        };
        assert_eq!(state(&old, true), FileState::Facts(facts.clone()), "of an earlier version");
        assert_eq!(state(&other, true), FileState::Changed(facts));
        assert_eq!(state(&old, false), FileState::Same, "the project is read-only, so nothing is written");
    }
}
