//! Predictions in progress: parts in a hidden folder beside their target, which survive if the process is killed.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::PredictionFacts;
use super::format::Rows;
use crate::atomic::{self, PREFIX, resolve};
use crate::content_hash::ContentHash;
use crate::error::{Error, ErrorKind, Result};
use crate::file_lock::FileLock;
use crate::files;

/// Suffix of the folder's name, which differs from that of stale files, which the next command removes.
const ENDING: &str = ".parts";
/// Maximum length in bytes of the target's name within the folder's name; file names are limited to 255 bytes.
const LONGEST: usize = 200;
const FACTS: &str = "facts.json";
const LOCK: &str = "lock";
/// Size in bytes of the row count at the start of a part, and of the hash at its end.
const WORD: usize = 8;

/// The parts of a file of predictions, locked against other processes.
pub(super) struct Parts {
    dir: PathBuf,
    /// Number of values per row besides its time: classes and features.
    widths: [usize; 2],
    /// Number of rows in each part.
    rows: Vec<usize>,
    discarded: Option<String>,
    lock: FileLock,
}

impl Parts {
    /// Opens the parts of `target`, reusing those with the same `facts` from the first row on; their devices are added
    /// to the facts. All others are removed.
    ///
    /// # Errors
    /// If another process writes them, or the folder of `target` cannot be written.
    pub fn open(target: &Path, facts: &mut PredictionFacts) -> Result<Self> {
        let dir = folder_of(&resolve(target));
        let lock = lock(target, &dir)?;
        let widths = [facts.classes.len(), facts.feature_count()];
        let mut parts = Self { dir, widths, rows: Vec::new(), discarded: None, lock };
        let there = files::read_to_string(parts.dir.join(FACTS)).ok();
        let begun = there.as_deref().and_then(|json| PredictionFacts::from_json(json).ok());
        match begun {
            Some(begun) => match begun.difference(facts) {
                None => parts.continue_from(begun, facts),
                Some(difference) => parts.discard(difference),
            },
            None => parts.discard("its description is damaged".into()),
        }
        parts.remove_others();
        let json = facts.to_json().map_err(|error| Error::wrap(target, error, "Check the model"))?;
        if there.as_ref() != Some(&json) {
            atomic::replace(&parts.dir.join(FACTS), |file| file.write_all(json.as_bytes()))?;
        }
        Ok(parts)
    }

    /// Reuses the parts of an earlier run with the same facts.
    fn continue_from(&mut self, begun: PredictionFacts, facts: &mut PredictionFacts) {
        while let Some(rows) = self.read(self.rows.len()) {
            self.rows.push(rows.len());
        }
        if self.count() > 0 {
            let now = std::mem::replace(&mut facts.devices, begun.devices);
            let more: Vec<_> = now.into_iter().filter(|device| !facts.devices.contains(device)).collect();
            facts.devices.extend(more);
        }
        self.discard(format!("part {} is damaged", self.count() + 1));
    }

    /// Records why the next part, if there is one, is removed.
    fn discard(&mut self, reason: String) {
        self.discarded = self.path(self.count()).exists().then_some(reason);
    }

    /// Returns a description of why parts were removed.
    pub fn discarded(&self) -> Option<&str> {
        self.discarded.as_deref()
    }

    /// Returns the number of parts.
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// Returns the number of rows in all parts.
    pub fn scored(&self) -> usize {
        self.rows.iter().sum()
    }

    /// Writes `rows` as the next part.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, rows: &Rows) -> Result<()> {
        let bytes = encoded(rows);
        atomic::replace(&self.path(self.count()), |file| file.write_all(&bytes))?;
        self.rows.push(rows.len());
        Ok(())
    }

    /// Returns the rows of the part at `place`; `None` if it is missing or damaged.
    pub fn read(&self, place: usize) -> Option<Rows> {
        decoded(&files::read(self.path(place)).ok()?, self.widths)
    }

    /// Returns the path of the part at `place`.
    pub fn path(&self, place: usize) -> PathBuf {
        self.dir.join(part_name(place))
    }

    /// Removes the parts, and the folder if it is empty then.
    pub fn remove(self) {
        let names = (0..self.count()).map(part_name).chain([FACTS.to_owned(), LOCK.to_owned()]);
        // Remaining files are reused or removed by the next run with this target.
        names.for_each(|name| drop(fs::remove_file(self.dir.join(name))));
        drop(self.lock);
        let _ = fs::remove_dir(&self.dir);
    }

    /// Removes everything in the folder except the reused parts.
    fn remove_others(&self) {
        let keep = |name: &OsString| {
            name == FACTS || name == LOCK || (0..self.count()).any(|place| name == part_name(place).as_str())
        };
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| !keep(&entry.file_name())) {
            if let Err(error) = fs::remove_file(entry.path()) {
                tracing::warn!("{} cannot be removed: {error}", entry.path().display());
            }
        }
    }
}

fn part_name(place: usize) -> String {
    format!("part-{place:06}")
}

/// Returns the folder for the parts of `target`.
fn folder_of(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default();
    let mut folder = OsString::from(PREFIX);
    if name.len() > LONGEST {
        let mut hash = ContentHash::new();
        hash.update(name.as_encoded_bytes());
        folder.push(hash.to_hex());
    } else {
        folder.push(name);
    }
    folder.push(ENDING);
    target.with_file_name(folder)
}

/// Locks the folder `dir`, which is created if it does not exist.
fn lock(target: &Path, dir: &Path) -> Result<FileLock> {
    let path = dir.join(LOCK);
    loop {
        fs::create_dir_all(dir).map_err(|error| Error::not_made(target, &error))?;
        let lock = match FileLock::take(&path) {
            // A run that has just finished may have removed the folder.
            Err(_) if !dir.exists() => continue,
            result => result.map_err(|error| Error::io(target, &error))?,
        };
        let Some(lock) = lock else {
            let remedy = "Wait until it finishes, or choose another name";
            return Err(Error::file(target, "another run is writing it", remedy).of_kind(ErrorKind::InUse));
        };
        if path.exists() {
            return Ok(lock);
        }
    }
}

/// Returns the stored form of a part: the number of rows, the times, the probabilities and the features of all, and a
/// hash of these.
fn encoded(rows: &Rows) -> Vec<u8> {
    let mut bytes = (rows.len() as u64).to_le_bytes().to_vec();
    bytes.extend(rows.secs.iter().flat_map(|secs| secs.to_le_bytes()));
    bytes.extend(rows.probabilities.iter().chain(&rows.features).flat_map(|value| value.to_le_bytes()));
    let hash = hash_of(&bytes);
    bytes.extend(hash);
    bytes
}

/// Returns the rows of a part; `None` if it is damaged.
fn decoded(bytes: &[u8], [classes, features]: [usize; 2]) -> Option<Rows> {
    let (content, hash) = bytes.split_at_checked(bytes.len().checked_sub(WORD)?)?;
    let (count, content_rows) = content.split_at_checked(WORD)?;
    let count = usize::try_from(u64::from_le_bytes(count.try_into().ok()?)).ok()?;
    let (secs, values) = content_rows.split_at_checked(count.checked_mul(size_of::<f64>())?)?;
    let (probabilities, values) = values.split_at_checked(count.checked_mul(classes * size_of::<f32>())?)?;
    let is_whole = hash == hash_of(content) && values.len() == count.checked_mul(features * size_of::<f32>())?;
    let secs = secs.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
    let [probabilities, features] = [probabilities, values]
        .map(|values| values.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect());
    (is_whole && count > 0).then_some(Rows { secs, probabilities, features })
}

fn hash_of(bytes: &[u8]) -> [u8; WORD] {
    let mut hash = ContentHash::new();
    hash.update(bytes);
    hash.value().to_le_bytes()
}
