//! Saving a project: its files are updated, in place or in the background.

use std::collections::BTreeSet;
use std::fs;

use tempfile::NamedTempFile;

use super::{Project, Unsaved};
use crate::atomic;
use crate::error::{Error, Result};
use crate::labels::manifest::Manifest;
use crate::labels::saving::{Names, Save, Saving};
use crate::labels::{VideoId, disk, sidecar};

impl Project {
    /// Updates the files and begins a new journal; does nothing if they are up to date.
    ///
    /// # Errors
    /// If they cannot be written. Then the journal holds the missing changes, and the call can be repeated.
    pub fn save(&mut self) -> Result<()> {
        if let Some(saving) = self.saving.take() {
            let written = saving.wait();
            self.finish(saving.revision, &saving.names, written)?;
        }
        if let Some((save, names)) = self.gather() {
            let written = save.write();
            self.finish(self.revision, &names, written)?;
        }
        Ok(())
    }

    /// Starts [`Self::save`] on a thread, which calls `done` at its end; does nothing while one is running. Steps may
    /// be performed meanwhile.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn save_in_background(&mut self, done: impl FnOnce() + Send + 'static) -> Result<()> {
        if self.is_saving() {
            return Ok(());
        }
        let Some((save, names)) = self.gather() else { return Ok(()) };
        let videos: Vec<VideoId> = names.iter().map(|(id, _)| *id).collect();
        let started = Saving::start(save, self.revision, names, done);
        self.saving = Some(started.map_err(|error| {
            self.unsaved.videos.extend(videos);
            Error::io(&self.dir, &error)
        })?);
        Ok(())
    }

    /// Returns `true` if a save is in progress whose end [`Self::poll_save`] has not reported.
    pub fn is_saving(&self) -> bool {
        self.saving.is_some()
    }

    /// Returns the result of a finished background save: true if the files are complete, which they are not if steps
    /// were performed meanwhile. `None` while it runs.
    ///
    /// # Errors
    /// Same as [`Self::save`].
    pub fn poll_save(&mut self) -> Option<Result<bool>> {
        let written = self.saving.as_ref()?.written()?;
        let saving = self.saving.take()?;
        Some(self.finish(saving.revision, &saving.names, written))
    }

    /// Returns whether the files lack changes.
    pub fn is_behind(&self) -> bool {
        !self.is_read_only() && self.unsaved.is_anything()
    }

    /// Returns the changes that the files lack, and the file of each changed video.
    fn gather(&mut self) -> Option<(Save, Names)> {
        if !self.is_behind() {
            return None;
        }
        let (mut sidecars, mut names, mut videos) = (self.sidecars.clone(), Vec::new(), Vec::new());
        for id in std::mem::take(&mut self.unsaved.videos) {
            let video = self.document.videos.get(&id).filter(|video| sidecar::is_needed(video));
            let known = sidecars.remove(&id);
            let name = video.map(|video| known.unwrap_or_else(|| sidecar::name_of(id, video)));
            if let Some((video, name)) = video.zip(name.clone()) {
                sidecars.insert(id, name.clone());
                videos.push((video.clone(), name));
            }
            names.push((id, name));
        }
        let manifest = Manifest::of(&self.document, &sidecars, self.saves + 1);
        let save = Save { dir: self.dir.clone(), videos, manifest, path: self.file() };
        Some((save, names))
    }

    /// Publishes the files `written` for the state `revision`; if the project has changed since, the journal holds the
    /// difference. Returns `true` if the files are complete.
    fn finish(
        &mut self,
        revision: u64,
        names: &[(VideoId, Option<String>)],
        written: Result<NamedTempFile>,
    ) -> Result<bool> {
        let written = written.inspect_err(|_| self.unsaved.videos.extend(names.iter().map(|(id, _)| *id)))?;
        for (id, name) in names {
            match name {
                Some(name) => _ = self.sidecars.insert(*id, name.clone()),
                None => self.obsolete.extend(self.sidecars.remove(id)),
            }
        }
        if revision != self.revision {
            return Ok(false);
        }
        self.check_own().inspect_err(|_| self.unsaved.videos.extend(names.iter().map(|(id, _)| *id)))?;
        atomic::publish(written, &self.file())?;
        disk::sync_names(&self.dir);
        self.saves += 1; // Identifies an older journal as obsolete, even if it is not truncated.
        self.unsaved = Unsaved::default();
        let (folder, used) = (self.dir.join(sidecar::DIR), self.sidecars.values().collect::<BTreeSet<_>>());
        for name in self.obsolete.drain(..).filter(|name| !used.contains(name)) {
            let _ = fs::remove_file(folder.join(name)); // A leftover file is harmless.
        }
        self.writing.as_mut().map_or(Ok(()), |writing| writing.journal.restart(self.saves))?;
        Ok(true)
    }
}
