//! Writing of a save in the background, from a snapshot of the changes.

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread::{Builder, JoinHandle};

use tempfile::NamedTempFile;

use super::manifest::Manifest;
use super::{Video, VideoId, disk, sidecar};
use crate::error::{Error, Result};

/// A snapshot of the changes to be saved.
pub(super) struct Save {
    /// The folder of the project.
    pub dir: PathBuf,
    /// Videos whose labels are not in the files yet, each with the name of its file.
    pub videos: Vec<(Video, String)>,
    /// The new `project.toml`.
    pub manifest: Manifest,
    /// The path of `project.toml`.
    pub path: PathBuf,
}

impl Save {
    /// Writes the labels, and `project.toml` to a temporary file beside its path: only the renaming is left to do.
    ///
    /// # Errors
    /// If something cannot be written; the project is unchanged.
    pub fn write(self) -> Result<NamedTempFile> {
        let folder = self.dir.join(sidecar::DIR);
        let files = self.videos.iter().map(|(video, name)| Ok((folder.join(name), sidecar::text_of(video)?)));
        let files = files.collect::<Result<Vec<_>>>()?;
        if !files.is_empty() {
            fs::create_dir_all(&folder).map_err(|error| Error::io(&folder, &error))?;
            disk::replace_all(&files)?;
        }
        disk::sync_names(&folder);
        self.manifest.stage(&self.path)
    }
}

/// Videos and the files of their labels; `None` for unlabelled videos.
pub(super) type Names = Vec<(VideoId, Option<String>)>;

/// A save in progress.
pub(super) struct Saving {
    /// The revision of the project that is written.
    pub revision: u64,
    /// The videos whose labels are written.
    pub names: Names,
    written: Receiver<Result<NamedTempFile>>,
    thread: Option<JoinHandle<()>>,
}

impl Saving {
    /// Writes on a separate thread, which calls `done` at its end.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn start(
        save: Save,
        revision: u64,
        names: Names,
        done: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, written) = channel();
        let thread = Builder::new().name("save".into()).spawn(move || {
            let _ = sender.send(save.write()); // The project may be closed.
            done();
        })?;
        Ok(Self { revision, names, written, thread: Some(thread) })
    }

    /// Returns the result; `None` until the thread has ended.
    pub fn written(&self) -> Option<Result<NamedTempFile>> {
        match self.written.try_recv() {
            Ok(written) => Some(written),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(broken_off())),
        }
    }

    /// Waits for the result.
    pub fn wait(&self) -> Result<NamedTempFile> {
        self.written.recv().unwrap_or_else(|_| Err(broken_off()))
    }
}

impl Drop for Saving {
    /// Waits for the thread: no other process may open the project while it is written to.
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn broken_off() -> Error {
    Error::new("project", "saving was interrupted", "Save again; the journal holds every change")
}
