//! Probing of video files: their properties, and whether they have changed.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::Sender;

use super::messages::{FileState, LabelingEvent, ProbeRequest};
use crate::engine::runtime::events::Wake;
use crate::engine::{examine, facts_of};
use crate::error::{Error, Result};
use crate::labels::{media_scan, times};
use crate::panic_guard::caught;

/// The pending probe requests and the channel for replies.
pub(super) struct MediaScanner {
    requests: Mutex<VecDeque<ProbeRequest>>,
    answers: Sender<LabelingEvent>,
    wake: Wake,
}

impl MediaScanner {
    pub fn new(answers: Sender<LabelingEvent>, wake: Wake) -> Self {
        Self { requests: Mutex::default(), answers, wake }
    }

    /// Replaces all pending requests.
    pub fn look(&self, requests: Vec<ProbeRequest>) {
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner) = requests.into();
    }

    /// Returns whether no request is pending.
    #[cfg(test)]
    pub fn is_idle(&self) -> bool {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Probes the first of the files; returns false if there is none.
    pub fn step(&self) -> bool {
        let request = self.requests.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(request) = request else { return false };
        let state = caught("labeling", || state(&request)).unwrap_or_else(FileState::Unreadable);
        let ProbeRequest { id, number, path, dir, .. } = request;
        let news = LabelingEvent::File { id, number, dir, path, state };
        let kept = self.answers.send(news).is_ok();
        (self.wake)();
        kept
    }
}

fn state(request: &ProbeRequest) -> Result<FileState> {
    let length = match std::fs::metadata(&request.path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(FileState::Missing),
        Err(error) => return Err(Error::io(&request.path, &error)),
    };
    // A project opened read-only is not written to.
    let look = || match request.keeps {
        true => facts_of(&request.path, &request.dir),
        false => examine(&request.path).map(|(facts, _)| facts),
    };
    let Some(known) = &request.known else { return look().map(FileState::Facts) };
    if known.bytes != length || (request.thorough && media_scan::fingerprint(&request.path)?.1 != known.hash) {
        return look().map(FileState::Changed);
    }
    if !request.keeps || times::read(&request.dir, known).is_ok() {
        return Ok(FileState::Same);
    }
    // The frame times are unknown yet; the hash of the probe shows whether the content has changed.
    let facts = look()?;
    Ok(if facts.hash == known.hash { FileState::Facts(facts) } else { FileState::Changed(facts) })
}
