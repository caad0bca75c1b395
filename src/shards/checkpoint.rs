//! Checkpoints of running shards: intermediate results for resuming, and a lock that shows that a shard is being
//! computed.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::folder::read;
use super::{Manifest, Part, PartFolder, Shard};
use crate::atomic;
use crate::error::{Error, Result};
use crate::file_lock::FileLock;

/// Interval of checkpoints: the most work that is lost when a machine fails.
const INTERVAL: Duration = Duration::from_secs(30);

/// Prefixes of the names of a shard's files.
const KINDS: [&str; 3] = ["part", "unfinished", "running"];

/// Intermediate results of a shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Unfinished<R> {
    /// Number of results of the complete shard.
    of: usize,
    /// The results so far.
    results: R,
}

/// The computation of one shard by this process.
pub struct ShardCheckpoint {
    folder: PartFolder,
    manifest: Manifest,
    written: Instant,
    /// `None` if another process computes the same shard, as after an apparent failure of a machine: either may finish
    /// it.
    lock: Option<FileLock>,
}

impl PartFolder {
    fn unfinished_path(&self, shard: Shard) -> PathBuf {
        self.dir().join(format!("unfinished-{}-of-{}.json", shard.index(), shard.count()))
    }

    fn lock_path(&self, shard: Shard) -> PathBuf {
        self.dir().join(format!("running-{}-of-{}.lock", shard.index(), shard.count()))
    }

    /// Returns whether a process is computing `shard`, on disks with locks.
    pub fn is_computed(&self, shard: Shard) -> bool {
        FileLock::is_taken(&self.lock_path(shard))
    }

    /// Returns the number of shards according to the existing files, complete or not; `None` without files.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn count(&self) -> Result<Option<usize>> {
        let entries = fs::read_dir(self.dir()).map_err(|error| Error::io(self.dir(), &error))?;
        let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()));
        let count = |name: String| {
            let (_, rest) = name.split_once('-').filter(|(kind, _)| KINDS.contains(kind))?;
            let (index, count) = rest.split_once('.')?.0.split_once("-of-")?;
            Shard::new(index.parse().ok()?, count.parse().ok()?).map(Shard::count)
        };
        Ok(names.filter_map(count).max())
    }

    /// Returns whether `shard` has intermediate results.
    pub fn is_begun(&self, shard: Shard) -> bool {
        self.unfinished_path(shard).is_file()
    }

    /// Returns the number of results of an unfinished `shard` so far, and of all its results.
    pub fn progress(&self, shard: Shard) -> Option<(usize, usize)> {
        let part: Part<Unfinished<Vec<IgnoredAny>>> = read(&self.unfinished_path(shard)).ok()?;
        Some((part.results.results.len(), part.results.of))
    }

    /// Returns the possible files of `shard`; the latest modification time is its last sign of life.
    pub fn files_of(&self, shard: Shard) -> [PathBuf; 2] {
        [self.path(shard), self.unfinished_path(shard)]
    }
}

impl ShardCheckpoint {
    /// Starts the shard of `manifest` in `folder`, which exists, and returns the results of an earlier process. Those
    /// from another device are discarded.
    ///
    /// # Errors
    /// If they belong to another job, or the folder cannot be written to.
    pub fn begin<T: DeserializeOwned>(folder: &PartFolder, manifest: &Manifest) -> Result<(Self, Vec<T>)> {
        let path = folder.lock_path(manifest.shard);
        let lock = FileLock::take(&path).map_err(|error| Error::io(&path, &error))?;
        let begun = Self { folder: folder.clone(), manifest: manifest.clone(), written: Instant::now(), lock };
        let results = begun.results()?;
        Ok((begun, results))
    }

    fn results<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        let path = self.folder.unfinished_path(self.manifest.shard);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let there: Part<Unfinished<Vec<T>>> = match read(&path) {
            Ok(there) => there,
            Err(error) => {
                tracing::warn!("{error}");
                return Ok(Vec::new());
            }
        };
        if let Some(difference) = there.manifest.job.difference(&self.manifest.job) {
            let cause = format!("this part is of another job: {difference}");
            return Err(Error::file(&path, cause, "Choose another folder for --parts, or delete it"));
        }
        Ok(if there.manifest.device == self.manifest.device { there.results.results } else { Vec::new() })
    }

    /// Writes the first `results` of `of`, unless the last write was recent; returns whether it was due. A failure is
    /// logged, and writing is tried again later.
    pub fn keep_at_times<T: Serialize>(&mut self, results: &[T], of: usize) -> bool {
        let is_due = self.written.elapsed() >= INTERVAL;
        if is_due {
            self.keep(results, of).unwrap_or_else(|error| tracing::warn!("{error}"));
        }
        is_due
    }

    /// Writes the first `results` of `of`.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn keep<T: Serialize>(&mut self, results: &[T], of: usize) -> Result<()> {
        self.written = Instant::now();
        let path = self.folder.unfinished_path(self.manifest.shard);
        let part = Part { manifest: self.manifest.clone(), results: Unfinished { of, results } };
        atomic::replace(&path, |file| {
            serde_json::to_writer(&mut *file, &part)?;
            writeln!(file)
        })
    }

    /// Removes the checkpoint once the part is complete.
    pub fn finish(self) {
        let shard = self.manifest.shard;
        let path = self.folder.lock_path(shard);
        let is_own = self.lock.is_some();
        drop(self.lock);
        let _ = fs::remove_file(self.folder.unfinished_path(shard));
        if is_own {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shards::{Job, JobInputs};

    fn manifest(views: &str, device: &str) -> Manifest {
        let settings = std::collections::BTreeMap::from([("views", views)]);
        Manifest::new(
            Job::new("count", &settings, JobInputs::new("clip", 3, "hash".into())).unwrap(),
            "2/3".parse().unwrap(),
            device,
        )
    }

    #[test]
    fn a_shard_that_was_stopped_continues_on_the_same_device_with_the_same_settings() {
        let dir = tempfile::tempdir().unwrap();
        let folder = PartFolder::new(dir.path());
        let begin = |views, device| ShardCheckpoint::begin::<u32>(&folder, &manifest(views, device));
        let shard = manifest("5x2", "cpu").shard;
        let (mut checkpoint, before) = begin("5x2", "cpu").unwrap();
        assert!(before.is_empty() && folder.is_computed(shard) && folder.progress(shard).is_none());
        assert!(!checkpoint.keep_at_times(&[7], 3) && folder.progress(shard).is_none(), "it has just begun");
        checkpoint.keep(&[7, 8], 3).unwrap();
        assert_eq!(folder.progress(shard), Some((2, 3)));
        drop(checkpoint);
        assert!(!folder.is_computed(shard) && folder.shards().unwrap().is_empty());
        assert_eq!(begin("5x2", "gpu").unwrap().1, [0; 0], "its last digits may differ");
        let refused = begin("25x10", "cpu").err().unwrap();
        assert_eq!(refused.cause, "this part is of another job: views: 5x2 instead of 25x10");
        let (checkpoint, before) = begin("5x2", "cpu").unwrap();
        assert_eq!(before, [7, 8]);
        assert!(begin("5x2", "cpu").is_ok(), "after a failure of the network two may compute it");
        checkpoint.finish();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        fs::write(folder.unfinished_path(shard), "{").unwrap();
        assert_eq!(begin("5x2", "cpu").unwrap().1, [0; 0], "a damaged one is no loss but of time");
    }
}
