//! Looks into files: which videos there are, what is in them, and whether they are still the same.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::Sender;

use super::{FileState, FileWish, StudioNews};
use crate::engine::outbox::Wake;
use crate::engine::{facts_of, videos_in};
use crate::error::{Error, Result};
use crate::gpu::panics::caught;
use crate::labels::survey::{self, find_moved};
use crate::labels::{Document, VideoId, times};
use crate::video::is_video;

/// Something that a person waits for.
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
        /// Where to look.
        folder: PathBuf,
    },
}

/// What is to be found out, and where the answers go.
pub(super) struct Looker {
    searches: Mutex<VecDeque<Search>>,
    wishes: Mutex<VecDeque<FileWish>>,
    answers: Sender<StudioNews>,
    wake: Wake,
}

impl Looker {
    pub fn new(answers: Sender<StudioNews>, wake: Wake) -> Self {
        Self { searches: Mutex::default(), wishes: Mutex::default(), answers, wake }
    }

    /// Adds a search.
    pub fn find(&self, search: Search) {
        self.searches.lock().unwrap_or_else(PoisonError::into_inner).push_back(search);
    }

    /// Replaces the wishes.
    pub fn look(&self, wishes: Vec<FileWish>) {
        *self.wishes.lock().unwrap_or_else(PoisonError::into_inner) = wishes.into();
    }

    /// Does the most urgent thing; false if there is none.
    pub fn step(&self) -> bool {
        let search = self.searches.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let news = match search {
            Some(search) => find(search),
            None => {
                let wish = self.wishes.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(wish) = wish else { return false };
                let state = caught("studio", || state(&wish)).unwrap_or_else(FileState::Unreadable);
                StudioNews::File { id: wish.id, path: wish.path, state }
            }
        };
        let kept = self.answers.send(news).is_ok();
        (self.wake)();
        kept
    }
}

fn find(search: Search) -> StudioNews {
    match search {
        Search::Videos(paths) => {
            let (mut videos, mut notes) = (Vec::new(), Vec::new());
            for path in paths {
                match path.is_dir() {
                    true => {
                        let found = videos_in(&path);
                        videos.extend(found.videos);
                        notes.extend(found.notes);
                    }
                    false => videos.push(path),
                }
            }
            StudioNews::Found { videos, notes }
        }
        Search::Moved { document, dir, missing, folder } => {
            let mut go_on = |_, _| ControlFlow::Continue(());
            StudioNews::Moved(find_moved(&document, &dir, &missing, &folder, &is_video, &mut go_on))
        }
    }
}

fn state(wish: &FileWish) -> Result<FileState> {
    let length = match std::fs::metadata(&wish.path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(FileState::Missing),
        Err(error) => return Err(Error::io(&wish.path, &error)),
    };
    let Some(known) = &wish.known else { return facts_of(&wish.path, &wish.dir).map(FileState::Facts) };
    if known.bytes == length && (!wish.thorough || survey::fingerprint(&wish.path)?.1 == known.hash) {
        let is_timed = times::read(&wish.dir, known).is_ok();
        return if is_timed { Ok(FileState::Same) } else { facts_of(&wish.path, &wish.dir).map(FileState::Facts) };
    }
    facts_of(&wish.path, &wish.dir).map(FileState::Changed)
}
