//! The folder with the parts of a job. Each part is one file, so it is either complete or missing.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::{Job, Manifest, Shard};
use crate::atomic;
use crate::error::{Error, Result};
use crate::files;

/// Maximum number of parts named in a message.
const MOST_NAMED: usize = 8;

/// The results of one shard with their manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Part<T> {
    /// The description of the job and the shard.
    pub manifest: Manifest,
    /// The results.
    pub results: T,
}

/// A folder of parts.
#[derive(Debug, Clone)]
pub struct PartFolder {
    dir: PathBuf,
}

impl PartFolder {
    /// Creates a handle of the folder `dir`, which need not exist yet.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Returns the path of the part of `shard`.
    pub fn path(&self, shard: Shard) -> PathBuf {
        self.dir.join(format!("part-{}-of-{}.json", shard.index(), shard.count()))
    }

    /// Returns the results of the shard of `manifest` if they are already complete; the device may differ.
    ///
    /// # Errors
    /// If the folder has parts of another job, or a damaged one.
    pub fn find<T: DeserializeOwned>(&self, manifest: &Manifest) -> Result<Option<T>> {
        let remedy = "Choose another folder for --parts, or the settings of the parts that are there";
        for shard in self.shards()? {
            let path = self.path(shard);
            let there: Part<IgnoredAny> = read(&path)?;
            check_count(&path, shard, manifest.shard, remedy)?;
            if let Some(difference) = there.manifest.job.difference(&manifest.job) {
                return Err(Error::file(&path, format!("this part is of another job: {difference}"), remedy));
            }
        }
        let path = self.path(manifest.shard);
        path.exists().then(|| read::<T>(&path).map(|part| part.results)).transpose()
    }

    /// Returns its path.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes a part. If the same part was written meanwhile, that one is kept.
    ///
    /// # Errors
    /// If it cannot be written, a result is not a finite number, or a part of another job was written meanwhile.
    pub fn write<T: Serialize + DeserializeOwned>(&self, part: &Part<T>) -> Result<PathBuf> {
        let path = self.path(part.manifest.shard);
        // JSON has no NaN and no infinity: better to fail here than when all shards are done.
        let text = serde_json::to_string(part).and_then(|text| serde_json::from_str::<Part<T>>(&text).map(|_| text));
        let refuse = |error| Error::file(&path, format!("the results cannot be stored ({error})"), "Check the model");
        let text = text.map_err(refuse)?;
        fs::create_dir_all(&self.dir).map_err(|error| Error::io(&self.dir, &error))?;
        if !atomic::create(&path, |writer| writeln!(writer, "{text}"))? {
            let there: Part<IgnoredAny> = read(&path)?;
            if let Some(difference) = there.manifest.job.difference(&part.manifest.job) {
                let cause = format!("meanwhile a part of another job was written: {difference}");
                return Err(Error::file(&path, cause, "Choose another folder for --parts"));
            }
        }
        Ok(path)
    }

    /// Returns the paths of the existing parts.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        Ok(self.shards()?.into_iter().map(|shard| self.path(shard)).collect())
    }

    /// Returns the job of the parts.
    ///
    /// # Errors
    /// If there is none, or the first is damaged.
    pub fn job(&self) -> Result<Job> {
        let none = || Error::file(&self.dir, "there are no parts in it", "Name the folder that --parts wrote to");
        let first = self.shards()?.into_iter().next().ok_or_else(none)?;
        Ok(read::<IgnoredAny>(&self.path(first))?.manifest.job)
    }

    /// Returns all parts in the order of their shards.
    ///
    /// # Errors
    /// If there is none, one is damaged or missing, or they are of different jobs.
    pub fn parts<T: DeserializeOwned>(&self) -> Result<Vec<Part<T>>> {
        let (job, shards) = (self.job()?, self.shards()?);
        let mut parts = Vec::with_capacity(shards.len());
        for &shard in &shards {
            let path = self.path(shard);
            check_count(&path, shard, shards[0], "Keep the parts of each job in a folder of their own")?;
            let part: Part<T> = read(&path)?;
            if let Some(difference) = part.manifest.job.difference(&job) {
                let cause = format!("it does not belong with part {}: {difference}", shards[0]);
                return Err(Error::file(&path, cause, "Compute the parts with the same settings, version and clips"));
            }
            parts.push(part);
        }
        let missing: Vec<Shard> = (1..=shards[0].count())
            .filter_map(|index| Shard::new(index, shards[0].count()))
            .filter(|shard| !shards.contains(shard))
            .collect();
        if missing.is_empty() { Ok(parts) } else { Err(self.incomplete(&missing)) }
    }

    fn incomplete(&self, missing: &[Shard]) -> Error {
        let named: Vec<String> = missing.iter().take(MOST_NAMED).map(Shard::to_string).collect();
        let more = match missing.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let cause = format!("{} of {} parts missing: {}{more}", missing.len(), missing[0].count(), named.join(", "));
        Error::file(&self.dir, cause, "Run the command again with --shard for each of these")
    }

    /// Returns the shards with existing parts, sorted.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn shards(&self) -> Result<Vec<Shard>> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io(&self.dir, &error)),
        };
        let mut shards = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| Error::io(&self.dir, &error))?.file_name();
            // Skip other spellings of a number, such as 01.
            let shard = name.to_str().and_then(shard_of);
            shards.extend(shard.filter(|&shard| self.path(shard).file_name() == Some(name.as_os_str())));
        }
        shards.sort_unstable();
        Ok(shards)
    }
}

/// Returns the shard of the part file `name`.
fn shard_of(name: &str) -> Option<Shard> {
    shard_in(name.strip_prefix("part-")?)
}

/// Parses the shard in the rest of a file name: `2-of-8.json`.
fn shard_in(text: &str) -> Option<Shard> {
    let (index, count) = text.strip_suffix(".json")?.split_once("-of-")?;
    Shard::new(index.parse().ok()?, count.parse().ok()?)
}

/// Fails if the part of `shard` at `path` has another number of shards than `other`.
fn check_count(path: &Path, shard: Shard, other: Shard, remedy: &str) -> Result<()> {
    if shard.count() == other.count() {
        return Ok(());
    }
    let cause = format!("this is one of {} parts, and there are others of {}", shard.count(), other.count());
    Err(Error::file(path, cause, remedy))
}

/// Reads the part at `path`, or the requested fields of it.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Part<T>> {
    let bytes = files::read(path).map_err(|error| Error::io(path, &error))?;
    let refuse = |cause: String| Error::file(path, cause, "Delete it and run its shard again");
    let part: Part<T> =
        serde_json::from_slice(&bytes).map_err(|error| refuse(format!("the part is damaged: {error}")))?;
    if part.manifest.schema != Manifest::SCHEMA {
        return Err(refuse(format!("its format is {}, not {}", part.manifest.schema, Manifest::SCHEMA)));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match name.split_once('-').and_then(|(_, rest)| shard_in(rest)) == Some(part.manifest.shard) {
        true => Ok(part),
        false => Err(refuse(format!("its name is not that of shard {}", part.manifest.shard))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shards::JobInputs;

    fn manifest(shard: &str, views: &str) -> Manifest {
        let settings = std::collections::BTreeMap::from([("views", views)]);
        Manifest::new(
            Job::new("count", &settings, JobInputs::new("clip", 3, "hash".into())).unwrap(),
            shard.parse().unwrap(),
            "cpu",
        )
    }

    fn write(folder: &PartFolder, manifest: Manifest, results: u32) -> PathBuf {
        folder.write(&Part { manifest, results }).unwrap()
    }

    fn refusal<T>(result: Result<T>) -> String {
        result.err().map(|error| error.cause).unwrap_or_default()
    }

    #[test]
    fn parts_are_found_complete_and_missing_ones_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let folder = PartFolder::new(&dir.path().join("new"));
        assert!(refusal(folder.parts::<u32>()).contains("no parts"));
        assert_eq!(folder.find::<u32>(&manifest("2/3", "5x2")).unwrap(), None);
        write(&folder, manifest("2/3", "5x2"), 7);
        let other_device = Manifest { device: "gpu".into(), ..manifest("2/3", "5x2") };
        assert_eq!(folder.find::<u32>(&other_device).unwrap(), Some(7));
        assert_eq!(refusal(folder.parts::<u32>()), "2 of 3 parts missing: 1/3, 3/3");
        write(&folder, manifest("3/3", "5x2"), 8);
        write(&folder, manifest("1/3", "5x2"), 6);
        let results: Vec<u32> = folder.parts().unwrap().into_iter().map(|part| part.results).collect();
        assert_eq!(results, [6, 7, 8]);
    }

    #[test]
    fn a_part_of_other_settings_version_or_number_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let folder = PartFolder::new(dir.path());
        write(&folder, manifest("1/2", "5x2"), 1);
        let other = "this part is of another job: views: 5x2 instead of 25x10";
        assert_eq!(refusal(folder.find::<u32>(&manifest("2/2", "25x10"))), other);
        assert!(
            refusal(folder.find::<u32>(&manifest("2/4", "5x2"))).contains("one of 2 parts, and there are others of 4")
        );
        let mut newer = manifest("2/2", "5x2");
        newer.job.version = "9.0.0".into();
        let path = write(&folder, newer, 2);
        assert!(refusal(folder.parts::<u32>()).contains("version: 9.0.0 instead of"));
        let late = Part { manifest: manifest("2/2", "25x10"), results: 2 };
        assert!(refusal(folder.write(&late)).contains("meanwhile a part of another job was written"));
        fs::remove_file(&path).unwrap();
        folder.write(&late).unwrap();
        folder.write(&Part { results: 3, ..late }).unwrap();
        assert_eq!(read::<u32>(&path).unwrap().results, 2, "the first one stays");
        fs::write(folder.dir().join("part-01-of-2.json"), "{").unwrap();
        assert!(refusal(folder.parts::<u32>()).contains("part 1/2: views: 25x10 instead of 5x2"));
        fs::copy(folder.path("1/2".parse().unwrap()), &path).unwrap();
        assert!(refusal(folder.parts::<u32>()).contains("its name is not that of shard 1/2"));
        fs::write(&path, "{").unwrap();
        assert!(refusal(folder.parts::<u32>()).contains("damaged"));
        assert!(refusal(folder.find::<u32>(&manifest("1/2", "5x2"))).contains("damaged"));
    }
}
