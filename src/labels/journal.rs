//! The journal: every step since the last save, one per line, written before the document changes.
//!
//! A line is JSON with the hash of its content, `{"hash":"…","step":{…}}`, so that a truncated or damaged line is
//! detected. The first line holds the number of saves of the project when the journal began: a journal from before the
//! last save has no new steps. A step is passed to the operating system in one write before it counts as done, so it
//! survives the end of the process. A thread then syncs it to disk, so it survives a power failure; this can take as
//! long as labelling the next clip.

use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Step;
use super::hash::Hash;
use super::manifest::newer;
use super::syncer::Syncer;
use crate::error::{Error, Result};
use crate::files;

/// Version of the file format.
const FORMAT: u32 = 1;

/// The content of the first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct JournalHead {
    /// [`FORMAT`].
    format: u32,
    /// Number of saves of the project before this journal.
    follows: u64,
}

/// A journal to write to.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Length of the complete lines, bytes.
    length: u64,
    /// `true` if they are followed by an incomplete line.
    torn: bool,
    /// Number of saves of the project when this journal began.
    follows: u64,
    syncer: Syncer,
}

/// The content of a journal.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Reading {
    /// The steps since the last save, in order.
    pub steps: Vec<Step>,
    /// The unreadable part that follows them.
    pub fault: Option<Fault>,
    /// Length of the readable lines, bytes.
    length: u64,
}

/// A fault of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The last line is incomplete, as after a power failure.
    Cut,
    /// Line `line`, from 1, is damaged and not the last; it and those after it, `left_out` in all, are left out.
    Damaged { line: usize, left_out: usize },
}

impl Reading {
    /// Reads the journal at `path` of a project that was saved `saves` times.
    ///
    /// # Errors
    /// If the file cannot be read or is of a newer version.
    pub fn of(path: &Path, saves: u64) -> Result<Self> {
        let bytes = match files::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Error::io(path, &error)),
        };
        Self::of_bytes(&bytes, saves).map_err(|format| newer(path, format))
    }

    /// Returns the steps in `bytes`; the error is a newer version number.
    fn of_bytes(bytes: &[u8], saves: u64) -> std::result::Result<Self, u32> {
        let lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let mut reading = Self::default();
        for (place, line) in lines.iter().enumerate() {
            if place == 0 {
                match open_line::<JournalHead>("head", line) {
                    Some(head) if head.format > FORMAT => return Err(head.format),
                    Some(head) if head.follows < saves => return Ok(Self::default()),
                    Some(_) => reading.length += line.len() as u64,
                    None => reading.fault = Some(Fault::of(place, lines.len())),
                }
            } else {
                match open_line("step", line) {
                    Some(step) => {
                        reading.steps.push(step);
                        reading.length += line.len() as u64;
                    }
                    None => reading.fault = Some(Fault::of(place, lines.len())),
                }
            }
            if reading.fault.is_some() {
                break;
            }
        }
        Ok(reading)
    }
}

impl Fault {
    /// Returns the fault for an invalid line at index `place`, of `lines` lines.
    fn of(place: usize, lines: usize) -> Self {
        match lines - place {
            1 => Self::Cut,
            left_out => Self::Damaged { line: place + 1, left_out },
        }
    }
}

impl Journal {
    /// Opens the journal at `path` to continue after its readable lines; the unreadable rest is removed.
    ///
    /// # Errors
    /// If the file cannot be written to.
    pub fn open(path: &Path, reading: &Reading, saves: u64) -> Result<Self> {
        let failed = |error: io::Error| Error::io(path, &error);
        let file = File::options().create(true).truncate(false).read(true).write(true).open(path).map_err(failed)?;
        let syncer = Syncer::start(file.try_clone().map_err(failed)?).map_err(failed)?;
        let mut journal =
            Self { path: path.to_owned(), file, length: reading.length, torn: true, follows: saves, syncer };
        journal.mend().map_err(failed)?;
        Ok(journal)
    }

    /// Writes a step.
    ///
    /// # Errors
    /// If it cannot be written; the journal is then unchanged.
    pub fn append(&mut self, step: &Step) -> Result<()> {
        let failed = |path: &Path, error: &io::Error| {
            let error = Error::io(path, error);
            Error { cause: format!("{}; the last change was not made", error.cause), ..error }
        };
        self.check_own()?;
        let line = self.lines_of(step).map_err(|error| failed(&self.path, &error.into()))?;
        self.write(&line).map_err(|error| {
            let _ = self.mend(); // Otherwise the next write repairs it.
            failed(&self.path, &error)
        })?;
        self.syncer.wake();
        Ok(())
    }

    /// Returns `true` if it holds no step.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Checks that no other process has written to the file since: on disks without locks two windows can open one
    /// project.
    ///
    /// # Errors
    /// If another process has.
    pub fn check_own(&self) -> Result<()> {
        let length = std::fs::metadata(&self.path).map_err(|error| Error::io(&self.path, &error))?.len();
        if self.torn || length == self.length {
            return Ok(());
        }
        let cause = "another window or program has changed the journal of the project meanwhile";
        Err(Error::file(
            &self.path,
            cause,
            "Close the project in the other window, then close it here and open it again",
        ))
    }

    /// Starts a new journal after the `saves`th save.
    ///
    /// # Errors
    /// If the file cannot be truncated; its content is obsolete nevertheless.
    pub fn restart(&mut self, saves: u64) -> Result<()> {
        (self.length, self.follows, self.torn) = (0, saves, true);
        self.mend().map_err(|error| Error::io(&self.path, &error))
    }

    /// Returns the error of syncing a step to the disk, once.
    pub fn trouble(&self) -> Option<Error> {
        self.syncer.trouble().map(|error| Error::io(&self.path, &error))
    }

    /// Returns the line of a step, preceded by the first line if the journal is empty.
    fn lines_of(&self, step: &Step) -> serde_json::Result<Vec<u8>> {
        let mut line = Vec::new();
        if self.length == 0 {
            line = seal("head", &JournalHead { format: FORMAT, follows: self.follows })?;
        }
        line.extend(seal("step", step)?);
        Ok(line)
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.mend()?;
        self.torn = true;
        self.file.write_all(line)?;
        self.torn = false;
        self.length += line.len() as u64;
        Ok(())
    }

    /// Removes an incomplete last line and seeks to the end.
    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            self.torn = false;
        }
        Ok(())
    }
}

/// Returns a line of `content` with its hash.
pub(super) fn seal(kind: &str, content: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let content = serde_json::to_string(content)?;
    let hash = Hash::of(content.as_bytes()).to_hex();
    Ok(format!("{{\"hash\":\"{hash}\",\"{kind}\":{content}}}\n").into_bytes())
}

/// Returns the content that [`seal`] wrote to a line; `None` if the line is damaged.
pub(super) fn open_line<T: for<'a> Deserialize<'a>>(kind: &str, line: &[u8]) -> Option<T> {
    let (hash, rest) = line.strip_prefix(b"{\"hash\":\"")?.split_at_checked(16)?;
    let content = rest.strip_prefix(format!("\",\"{kind}\":").as_bytes())?.strip_suffix(b"}\n")?;
    (Hash::of(content).to_hex().as_bytes() == hash).then(|| serde_json::from_slice(content).ok()).flatten()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::{Change, Settings};
    use super::*;

    fn step(name: &str) -> Step {
        Step::new(name, vec![Change::Settings(Settings { name: name.into(), ..Settings::default() })])
    }

    #[test]
    fn a_full_disk_is_told_and_the_step_can_be_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let mut journal = Journal::open(&path, &Reading::default(), 0).unwrap();
        journal.append(&step("one")).unwrap();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let file = std::mem::replace(&mut journal.file, full);
        let error = journal.append(&step("two")).unwrap_err();
        assert!(error.subject.contains("journal.jsonl"), "{error}");
        assert!(error.cause.contains("full") && error.cause.contains("not made"), "{error}");
        journal.file = file;
        journal.append(&step("three")).unwrap();
        let reading = Reading::of(&path, 0).unwrap();
        assert_eq!(reading.steps, [step("one"), step("three")]);
        assert_eq!(reading.fault, None);
    }
}
