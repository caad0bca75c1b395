//! Looks through a folder of clips on a thread of its own: folders may be large, or far away.

use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, bounded};
use eframe::egui::Context;

use crate::error::{Error, Result};
use crate::training::DataSource;
use crate::training::dataset::Dataset;

/// The chosen folder and what is known about it.
pub struct Scan {
    folder: PathBuf,
    receiver: Receiver<Result<Dataset>>,
    found: Option<Result<Vec<(String, usize)>>>,
}

impl Scan {
    /// Begins to look through `folder`.
    pub fn start(folder: PathBuf, ctx: &Context) -> Self {
        let (sender, receiver) = bounded(1);
        let (source, ctx) = (DataSource::Folder(folder.clone()), ctx.clone());
        let work = move || {
            // Another folder may have been chosen meanwhile.
            let _ = sender.send(Dataset::open(&source));
            ctx.request_repaint();
        };
        let thread = std::thread::Builder::new().name("scan".into()).spawn(work);
        let failed = |error: std::io::Error| Err(Error::io(&folder, &error));
        let found = thread.err().map(failed);
        Self { folder, receiver, found }
    }

    /// Takes the answer, if there is one.
    pub fn receive(&mut self) {
        if let Ok(answer) = self.receiver.try_recv() {
            self.found = Some(answer.map(|dataset| count(&dataset)));
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The classes with their numbers of clips; `None` while the folder is being looked through.
    pub fn found(&self) -> Option<&Result<Vec<(String, usize)>>> {
        self.found.as_ref()
    }
}

fn count(dataset: &Dataset) -> Vec<(String, usize)> {
    let mut counts = vec![0; dataset.classes.len()];
    for clip in &dataset.clips {
        counts[clip.label] += 1;
    }
    dataset.classes.iter().cloned().zip(counts).collect()
}
