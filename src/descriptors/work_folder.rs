//! The folder `training` of a training in progress, beside the model's files: locked, and removed without touching
//! other files.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::vector_store::is_identity;
use crate::atomic;
use crate::error::{Error, Result};
use crate::file_lock::FileLock;

const WORK: &str = "training";
const SETTINGS: &str = "settings.toml";
const MIXTURES: &str = "mixtures.safetensors";
const VECTORS: &str = "vectors";
const LOCK: &str = "run.lock";

/// The folder of a training in progress.
pub(crate) struct WorkFolder {
    out: PathBuf,
    is_new: bool,
    _lock: FileLock,
}

impl WorkFolder {
    /// Opens the folder of a training with the output folder `out`, and creates it if it does not exist.
    ///
    /// # Errors
    /// If it contains other files, another training is running in it, or it cannot be written.
    pub fn open(out: &Path) -> Result<Self> {
        let (out, dir) = (out.to_owned(), out.join(WORK));
        let is_new = !out.exists();
        refuse_foreign(&dir)?;
        fs::create_dir_all(&dir).map_err(|error| Error::io(&dir, &error))?;
        let lock = FileLock::take(&dir.join(LOCK)).map_err(|error| Error::io(&dir, &error))?;
        let remedy = "Wait until it finishes, or choose another folder";
        let lock = lock.ok_or_else(|| Error::file(&out, "a training is already running in it", remedy))?;
        Ok(Self { out, is_new, _lock: lock })
    }

    /// Returns the path of the training's settings.
    pub fn settings(&self) -> PathBuf {
        self.dir().join(SETTINGS)
    }

    /// Returns the path of the mixtures.
    pub fn mixtures(&self) -> PathBuf {
        self.dir().join(MIXTURES)
    }

    /// Returns the folder of the vectors.
    pub fn vectors(&self) -> PathBuf {
        self.dir().join(VECTORS)
    }

    /// Returns the folder of the vectors of the networks with the hash `key`.
    pub fn vectors_of(&self, key: &str) -> PathBuf {
        self.dir().join(key)
    }

    /// Removes the training's own files and the folder of vectors `vectors`; then this folder and, if it was created
    /// for the training, the model's folder, if they are empty.
    pub fn remove(&self, vectors: &Path) {
        super::vector_store::remove(vectors);
        for path in [self.settings(), self.mixtures(), self.dir().join(LOCK)] {
            let _ = fs::remove_file(path); // not every training has all of them
        }
        // Fails if the folder contains other files or a model.
        let _ = fs::remove_dir(self.dir());
        if self.is_new {
            let _ = fs::remove_dir(&self.out);
        }
    }

    fn dir(&self) -> PathBuf {
        self.out.join(WORK)
    }
}

/// Fails if the folder `dir` contains anything but a training in progress, such as the clips of a split.
fn refuse_foreign(dir: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
    match entries.flatten().map(|entry| entry.file_name()).find(|name| !is_own(name)) {
        None => Ok(()),
        Some(name) => {
            let cause = format!("it holds '{}', which is no part of a training", name.to_string_lossy());
            Err(Error::file(dir, cause, "Choose another folder for the model"))
        }
    }
}

/// Returns whether `name` is that of a training's file or folder: one of its own, vectors of networks, or an incomplete
/// file.
fn is_own(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    [SETTINGS, MIXTURES, VECTORS, LOCK].contains(&name) || is_identity(name) || name.starts_with(atomic::PREFIX)
}

#[cfg(test)]
mod tests {
    use super::super::VectorStore;
    use super::*;

    const KEY: &str = "0123456789abcdef";

    #[test]
    fn a_folder_of_something_else_is_refused_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let clip = dir.path().join("training/wave/a.avi");
        fs::create_dir_all(clip.parent().unwrap()).unwrap();
        fs::write(&clip, "a clip").unwrap();
        let refused = WorkFolder::open(dir.path()).err().unwrap();
        assert!(refused.cause.contains("'wave'"), "{refused}");
        assert!(clip.is_file() && !dir.path().join("training/run.lock").exists());
    }

    #[test]
    fn a_finished_training_removes_its_own_files_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("model");
        let begun = || {
            let work = WorkFolder::open(&out).unwrap();
            fs::write(work.settings(), "").unwrap();
            let store = VectorStore::open(work.vectors_of(KEY), 1).unwrap();
            store.write(KEY, &[1.0]).unwrap();
            (work, store)
        };
        let (work, store) = begun();
        assert!(WorkFolder::open(&out).err().unwrap().cause.contains("already running"));
        work.remove(store.dir());
        assert!(!out.exists(), "it was made for the training");

        let (work, store) = begun();
        let mine = store.dir().join("notes.txt");
        fs::write(&mine, "mine").unwrap();
        work.remove(store.dir());
        assert!(mine.is_file() && !work.settings().exists() && !store.has(KEY));
    }
}
