//! Looks into files: which videos there are, what is in them, and whether they are still the same.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::Sender;

use super::{FileState, FileWish, StudioNews};
use crate::engine::outbox::Wake;
use crate::error::{Error, Result};
use crate::gpu::panics::caught;
use crate::labels::Facts;
use crate::video::{Sizes, VideoReader, is_video, natural_order};

/// What is to be found out, and where the answers go.
pub(super) struct Looker {
    searches: Mutex<VecDeque<Vec<PathBuf>>>,
    wishes: Mutex<VecDeque<FileWish>>,
    answers: Sender<StudioNews>,
    wake: Wake,
}

impl Looker {
    pub fn new(answers: Sender<StudioNews>, wake: Wake) -> Self {
        Self { searches: Mutex::default(), wishes: Mutex::default(), answers, wake }
    }

    /// Adds a search; a person waits for it.
    pub fn find(&self, paths: Vec<PathBuf>) {
        self.searches.lock().unwrap_or_else(PoisonError::into_inner).push_back(paths);
    }

    /// Replaces the wishes.
    pub fn look(&self, wishes: Vec<FileWish>) {
        *self.wishes.lock().unwrap_or_else(PoisonError::into_inner) = wishes.into();
    }

    /// Does the most urgent thing; false if there is none.
    pub fn step(&self) -> bool {
        let search = self.searches.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let news = match search {
            Some(asked) => {
                let videos = caught("studio", || find(&asked));
                StudioNews::Found { asked, videos }
            }
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

fn find(asked: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut videos = Vec::new();
    for path in asked {
        match path.is_dir() {
            true => videos.extend(below(path)?),
            false => videos.push(path.clone()),
        }
    }
    let key = |path: &PathBuf| path.to_string_lossy().into_owned();
    videos.sort_by(|a, b| natural_order(&key(a), &key(b)));
    videos.dedup();
    Ok(videos)
}

fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| Error::io(folder, &error))?.flatten() {
        let path = entry.path();
        match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            true => found.extend(below(&path)?),
            false if is_video(&path) => found.push(path),
            false => {}
        }
    }
    Ok(found)
}

fn fingerprint(path: &Path) -> Result<(u64, String)> {
    let bytes = std::fs::read(path).map_err(|error| Error::io(path, &error))?;
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    Ok((bytes.len() as u64, format!("{hash:016x}")))
}

fn state(wish: &FileWish) -> Result<FileState> {
    let length = match std::fs::metadata(&wish.path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(FileState::Missing),
        Err(error) => return Err(Error::io(&wish.path, &error)),
    };
    let Some(known) = &wish.known else { return facts(&wish.path).map(FileState::Facts) };
    if known.bytes == length && (!wish.thorough || fingerprint(&wish.path)?.1 == known.hash) {
        return Ok(FileState::Same);
    }
    facts(&wish.path).map(FileState::Changed)
}

/// What is in a video; only its first picture is decoded.
fn facts(path: &Path) -> Result<Facts> {
    let (bytes, hash) = fingerprint(path)?;
    let reader = VideoReader::open(path, Sizes { display_max: 16, scaled: Vec::new() })?;
    let info = reader.info();
    Ok(Facts { frames: info.frames, fps: info.fps, size: [info.width, info.height], bytes, hash })
}
