//! Looks into files: what is in them, and whether they are still the same.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::Sender;

use super::messages::{FileState, FileWish, StudioNews};
use crate::engine::runtime::events::Wake;
use crate::engine::{examine, facts_of};
use crate::error::{Error, Result};
use crate::gpu::panics::caught;
use crate::labels::{survey, times};

/// What is to be found out, and where the answers go.
pub(super) struct Looker {
    desired: Mutex<VecDeque<FileWish>>,
    answers: Sender<StudioNews>,
    wake: Wake,
}

impl Looker {
    pub fn new(answers: Sender<StudioNews>, wake: Wake) -> Self {
        Self { desired: Mutex::default(), answers, wake }
    }

    /// Replaces the wishes.
    pub fn look(&self, desired: Vec<FileWish>) {
        *self.desired.lock().unwrap_or_else(PoisonError::into_inner) = desired.into();
    }

    /// Whether the last of the files is being looked into, or was.
    #[cfg(test)]
    pub fn is_idle(&self) -> bool {
        self.desired.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Looks into the first of the files; false if there is none.
    pub fn step(&self) -> bool {
        let wish = self.desired.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
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
    // A project that is only looked at stays as it is.
    let look = || match wish.keeps {
        true => facts_of(&wish.path, &wish.dir),
        false => examine(&wish.path).map(|(facts, _)| facts),
    };
    let Some(known) = &wish.known else { return look().map(FileState::Facts) };
    if known.bytes != length || (wish.thorough && survey::fingerprint(&wish.path)?.1 != known.hash) {
        return look().map(FileState::Changed);
    }
    if !wish.keeps || times::read(&wish.dir, known).is_ok() {
        return Ok(FileState::Same);
    }
    // The times of its frames are not known yet; if nobody compared the content, the hash tells whether it is what it was.
    let facts = look()?;
    Ok(if facts.hash == known.hash { FileState::Facts(facts) } else { FileState::Changed(facts) })
}
