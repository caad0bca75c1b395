//! Searches requested by the user: each on a separate thread, which may be abandoned if a disk does not respond.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Builder;

use crossbeam_channel::Sender;

use super::messages::{LabelingEvent, SearchId, SearchResult};
use crate::engine::runtime::events::Wake;
use crate::engine::videos_in;
use crate::error::Error;
use crate::labels::media_scan::find_moved;
use crate::labels::{Document, VideoId};
use crate::panic_guard::caught;
use crate::video::is_video;

/// A search for video files.
pub(super) enum Search {
    /// The videos among and below these paths.
    Videos(Vec<PathBuf>),
    /// The files of these videos of a project, in the folder and below it.
    Moved {
        /// The project.
        document: Box<Document>,
        /// Its folder.
        dir: PathBuf,
        /// Videos whose files are missing.
        missing: Vec<VideoId>,
        /// Folder to search.
        folder: PathBuf,
    },
}

/// The running searches and the channel for replies.
pub(super) struct Searches {
    answers: Sender<LabelingEvent>,
    wake: Wake,
    /// Stop flag of the running searches.
    stop: Arc<AtomicBool>,
    begun: u64,
    /// Number of videos that the latest search has found so far.
    found: Arc<AtomicUsize>,
}

impl Searches {
    pub fn new(answers: Sender<LabelingEvent>, wake: Wake) -> Self {
        Self { answers, wake, stop: Arc::default(), begun: 0, found: Arc::default() }
    }

    /// Starts a search.
    pub fn begin(&mut self, search: Search) -> SearchId {
        let id = SearchId(self.begun);
        self.begun += 1;
        self.found = Arc::default();
        let found = self.found.clone();
        let (answers, wake, stop) = (self.answers.clone(), self.wake.clone(), self.stop.clone());
        let work = move || {
            let result = caught("search", || Ok(find(search, &found, &|| !stop.load(Ordering::Acquire))));
            // A stopped search sends no reply.
            if !stop.load(Ordering::Acquire) && answers.send(LabelingEvent::Search { id, result }).is_ok() {
                wake();
            }
        };
        if let Err(error) = Builder::new().name("search".into()).spawn(work) {
            let result = Err(Error::no_thread("search", &error));
            let _ = self.answers.send(LabelingEvent::Search { id, result }); // The window may be closed.
        }
        id
    }

    /// Returns the number of videos that the latest search has found so far.
    pub fn found(&self) -> usize {
        self.found.load(Ordering::Relaxed)
    }

    /// Stops all searches; none of them replies any more.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.stop = Arc::default();
    }
}

impl Drop for Searches {
    fn drop(&mut self) {
        self.stop();
    }
}

fn find(search: Search, count: &AtomicUsize, go_on: &dyn Fn() -> bool) -> SearchResult {
    let is_video = |path: &Path| {
        let is_video = is_video(path);
        count.fetch_add(usize::from(is_video), Ordering::Relaxed);
        is_video
    };
    match search {
        Search::Videos(paths) => {
            let (mut videos, mut notes, mut exported) = (Vec::new(), Vec::new(), 0);
            let is_alone = paths.len() == 1;
            for path in paths.into_iter().take_while(|_| go_on()) {
                match path.is_dir() {
                    true => {
                        let found = videos_in(&path, &is_video, go_on);
                        videos.extend(found.videos);
                        notes.extend(found.notes);
                        exported += found.exported;
                    }
                    false if is_alone || is_video(&path) => videos.push(path),
                    false => {
                        let cause = "skipped: not a video file extension";
                        notes.push(Error::file(&path, cause, "Add it individually if it is a video"));
                    }
                }
            }
            SearchResult::Videos { videos, notes, exported }
        }
        Search::Moved { document, dir, missing, folder } => {
            SearchResult::Moved(find_moved(&document, &dir, &missing, &folder, &is_video, go_on))
        }
    }
}
