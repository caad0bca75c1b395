//! Looks into files: what is in them, and whether they are still the same.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::Sender;

use super::{FileState, FileWish, StudioNews};
use crate::engine::facts_of;
use crate::engine::outbox::Wake;
use crate::error::{Error, Result};
use crate::gpu::panics::caught;
use crate::labels::{survey, times};

/// What is to be found out, and where the answers go.
pub(super) struct Looker {
    wishes: Mutex<VecDeque<FileWish>>,
    answers: Sender<StudioNews>,
    wake: Wake,
}

impl Looker {
    pub fn new(answers: Sender<StudioNews>, wake: Wake) -> Self {
        Self { wishes: Mutex::default(), answers, wake }
    }

    /// Replaces the wishes.
    pub fn look(&self, wishes: Vec<FileWish>) {
        *self.wishes.lock().unwrap_or_else(PoisonError::into_inner) = wishes.into();
    }

    /// Whether the last of the files is being looked into, or was.
    #[cfg(test)]
    pub fn is_idle(&self) -> bool {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Looks into the first of the files; false if there is none.
    pub fn step(&self) -> bool {
        let wish = self.wishes.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(wish) = wish else { return false };
        let state = caught("studio", || state(&wish)).unwrap_or_else(FileState::Unreadable);
        let news = StudioNews::File { id: wish.id, dir: wish.dir, path: wish.path, state };
        let kept = self.answers.send(news).is_ok();
        (self.wake)();
        kept
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
