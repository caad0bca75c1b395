//! Fisher vectors of a training in progress: one file per clip, so that the training can be resumed.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::FeatureRows;
use crate::atomic;
use crate::error::{Error, Result};
use crate::files;

/// Bytes per number.
const BYTES: usize = size_of::<f32>();
const ENDING: &str = "f32";

/// A folder of vectors of equal length, named by the hashes of their clips.
pub(crate) struct VectorStore {
    dir: PathBuf,
    length: usize,
}

impl VectorStore {
    /// Opens the folder, and creates it if it does not exist.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn open(dir: PathBuf, length: usize) -> Result<Self> {
        fs::create_dir_all(&dir).map_err(|error| Error::io(&dir, &error))?;
        Ok(Self { dir, length })
    }

    /// Returns the path of the folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the path of a clip's vector.
    pub fn path(&self, identity: &str) -> PathBuf {
        self.dir.join(format!("{identity}.{ENDING}"))
    }

    /// Returns whether the complete vector of a clip is stored.
    pub fn has(&self, identity: &str) -> bool {
        fs::metadata(self.path(identity)).is_ok_and(|facts| facts.len() == (self.length * BYTES) as u64)
    }

    /// Stores the vector of a clip.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, identity: &str, vector: &[f32]) -> Result<()> {
        atomic::replace_unsynced(&self.path(identity), |writer| {
            vector.iter().try_for_each(|value| writer.write_all(&value.to_le_bytes()))
        })
    }

    /// Returns the vectors of these clips as features.
    pub fn rows(&self, identities: &[&str]) -> StoredRows {
        StoredRows { paths: identities.iter().map(|identity| self.path(identity)).collect(), length: self.length }
    }
}

/// Returns whether `name` has the form of a [`ContentHash`](crate::content_hash::ContentHash).
pub(super) fn is_identity(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Removes the vectors in the folder `dir`, incomplete files, and the folder if it is empty then.
pub(super) fn remove(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let part = |part: Option<&OsStr>| part.and_then(OsStr::to_str).unwrap_or_default().to_owned();
        let is_vector = is_identity(&part(path.file_stem())) && path.extension().is_some_and(|end| end == ENDING);
        if is_vector || part(path.file_name()).starts_with(atomic::PREFIX) {
            let _ = fs::remove_file(path);
        }
    }
    if let Err(error) = fs::remove_dir(dir) {
        tracing::warn!("{} cannot be removed: {error}", dir.display());
    }
}

/// Stored vectors, read in ranges of features.
pub(crate) struct StoredRows {
    paths: Vec<PathBuf>,
    length: usize,
}

impl FeatureRows for StoredRows {
    fn count(&self) -> usize {
        self.paths.len()
    }

    fn length(&self) -> usize {
        self.length
    }

    fn columns(&self, columns: Range<usize>) -> Result<Vec<f32>> {
        let mut values = vec![0.0; self.paths.len() * columns.len()];
        let rows = values.par_chunks_mut(columns.len().max(1)).zip(&self.paths);
        rows.try_for_each(|(row, path)| read_part(path, columns.start, row))?;
        Ok(values)
    }
}

/// Reads numbers from index `first` on.
fn read_part(path: &Path, first: usize, values: &mut [f32]) -> Result<()> {
    let mut bytes = vec![0; values.len() * BYTES];
    let mut read = || {
        let mut file = files::open(path)?;
        file.seek(SeekFrom::Start((first * BYTES) as u64))?;
        file.read_exact(&mut bytes)
    };
    read().map_err(|error| Error::io(path, &error))?;
    values.iter_mut().zip(bytes.as_chunks().0).for_each(|(value, &word)| *value = f32::from_le_bytes(word));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_vectors_are_read_in_stretches_and_a_cut_one_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let store = VectorStore::open(dir.path().join("vectors"), 3).unwrap();
        store.write("a", &[1.0, 2.0, 3.0]).unwrap();
        store.write("b", &[4.0, 5.0, 6.0]).unwrap();
        let rows = store.rows(&["b", "a"]);
        assert_eq!(rows.columns(1..3).unwrap(), [5.0, 6.0, 2.0, 3.0]);
        fs::write(store.path("b"), [0; 8]).unwrap();
        assert_eq!((store.has("a"), store.has("b"), store.has("c")), (true, false, false));
        assert!(rows.columns(2..3).is_err());
    }
}
