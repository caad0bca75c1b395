//! The history file: undo steps, stored for later sessions.
//!
//! `history.jsonl` has a line for each step that was done, undone or redone, with its inverse and the fingerprints of
//! the document before and after. A line is written before that of the journal: if the program was ended between the
//! two, the fingerprint shows that the last line belongs to no document. If the project was changed by anything else
//! meanwhile, the fingerprints of the lines lead to another document than the one that was read, and the lines are
//! dropped, so that undo never leads to a state that did not exist. For the same reason the lines need not be confirmed
//! by the disk.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::journal::{open_line, seal};
use super::undo::{Deed, PastStep, Undo, Way};
use crate::error::{Error, Result};
use crate::{atomic, files};

/// Version of the file format.
const FORMAT: u32 = 1;
/// Maximum number of steps kept for later sessions.
const MOST_STEPS: usize = 1000;
/// Maximum size of these in bytes; the file is shortened when it exceeds twice that.
const MOST_BYTES: u64 = 8 << 20;

/// The content of the first line.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct HistoryHead {
    /// [`FORMAT`].
    format: u32,
}

/// The content of the other lines.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    deed: Deed,
    past: PastStep,
}

/// The history of earlier sessions.
#[derive(Debug, Default)]
pub(super) struct KeptHistory {
    /// The part that fits the document.
    pub undo: Undo,
    /// Number of steps that do not fit.
    pub lost: usize,
    /// `true` if the file is of a newer version or has no valid beginning; it is then to be kept under another name.
    pub is_foreign: bool,
    lines: usize,
    /// Bytes of the file; `None` if it must be rewritten before a line is added.
    length: Option<u64>,
}

impl KeptHistory {
    /// Reads the file at `path` for a document with this fingerprint. An unreadable or newer file counts as no history.
    pub fn read(path: &Path, fingerprint: u64) -> Self {
        match files::read(path) {
            Ok(bytes) => Self::of_bytes(&bytes, fingerprint),
            Err(error) => {
                if error.kind() != ErrorKind::NotFound {
                    tracing::warn!("{}", Error::io(path, &error));
                }
                Self::default()
            }
        }
    }

    fn of_bytes(bytes: &[u8], fingerprint: u64) -> Self {
        let mut rows = bytes.split_inclusive(|byte| *byte == b'\n');
        let head = rows.next().and_then(|row| open_line::<HistoryHead>("head", row));
        if head.is_none_or(|head| head.format > FORMAT) {
            // The file may be empty after a power failure.
            return Self { is_foreign: !bytes.is_empty(), ..Self::default() };
        }
        let rows: Vec<Option<Line>> = rows.map(|row| open_line("step", row)).collect();
        let is_whole = rows.iter().all(Option::is_some);
        let lines: Vec<Line> = rows.into_iter().flatten().collect();
        // The document may be in the state before the last lines: they were written, and the journal's were not.
        let after = |line: &Line| line.past.from == fingerprint;
        let before = |line: &Line| line.past.to == fingerprint && line.deed != Deed::Ahead;
        let end = lines.iter().rposition(after).map(|place| place + 1).or_else(|| lines.iter().rposition(before));
        let (count, length) = (lines.len(), bytes.len() as u64);
        let is_complete = is_whole && (count == 0 || end == Some(count));
        let mut all = Undo::default();
        for Line { deed, past } in lines.into_iter().take(end.unwrap_or(count)) {
            all.note(deed, past);
        }
        let undo = all.starting_here(fingerprint);
        let lost = all.len() - undo.len();
        let fits = is_complete && lost == 0 && is_short(count, length);
        Self { undo, lost, is_foreign: false, lines: count, length: fits.then_some(length) }
    }
}

/// Returns `true` if the file need not be shortened.
fn is_short(lines: usize, length: u64) -> bool {
    lines <= 2 * MOST_STEPS && length <= 2 * MOST_BYTES
}

/// The history file of a project that is open for changes.
pub(super) struct History {
    path: PathBuf,
    /// `None` if it must be rewritten before a line is added.
    file: Option<File>,
    lines: usize,
    length: u64,
    /// Length without the last line, bytes.
    before: u64,
    /// `true` if the last line could not be written.
    fails: bool,
    /// The error, until it is fetched.
    trouble: Option<Error>,
}

impl History {
    /// Continues the file at `path` after the part that was kept.
    pub fn open(path: &Path, kept: &KeptHistory) -> Self {
        let append = || File::options().append(true).open(path).ok();
        let file = kept.length.and_then(|_| append());
        let length = kept.length.unwrap_or(0);
        Self { path: path.to_owned(), file, lines: kept.lines, length, before: length, fails: false, trouble: None }
    }

    /// Adds a line for a step of `undo`. If it cannot be written, undo ends with this session, which is reported once.
    pub fn append(&mut self, undo: &Undo, deed: Deed, past: &PastStep) {
        if let Err(error) = self.try_append(undo, deed, past) {
            let cause = format!("{}; changes can only be undone until the project is closed", error.cause);
            self.file = None;
            if !std::mem::replace(&mut self.fails, true) {
                self.trouble = Some(Error { cause, ..error });
            }
        }
    }

    /// Removes the last line, since its step failed.
    pub fn take_back(&mut self) {
        let is_back = self.file.as_ref().is_some_and(|file| file.set_len(self.before).is_ok());
        if is_back {
            (self.length, self.lines) = (self.before, self.lines.saturating_sub(1));
        } else {
            self.file = None;
        }
    }

    /// Returns the error since the last call, if any.
    pub fn take_trouble(&mut self) -> Option<Error> {
        self.trouble.take()
    }

    fn try_append(&mut self, undo: &Undo, deed: Deed, past: &PastStep) -> Result<()> {
        let failed = |error: io::Error| Error::io(&self.path, &error);
        let line = line_of(deed, past).map_err(failed)?;
        if self.file.is_none() || !is_short(self.lines, self.length) {
            let (text, lines) = text_of(undo).map_err(failed)?;
            // After a power failure an empty file is an empty history, and nothing else depends on it.
            atomic::replace_unsynced(&self.path, |writer| writer.write_all(&text))?;
            self.file = Some(File::options().append(true).open(&self.path).map_err(failed)?);
            (self.lines, self.length) = (lines, text.len() as u64);
        }
        self.before = self.length;
        if let Some(file) = &mut self.file {
            file.write_all(&line).map_err(failed)?;
        }
        (self.lines, self.length) = (self.lines + 1, self.length + line.len() as u64);
        self.fails = false;
        Ok(())
    }
}

fn line_of(deed: Deed, past: &PastStep) -> io::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Borrowed<'a> {
        deed: Deed,
        past: &'a PastStep,
    }
    Ok(seal("step", &Borrowed { deed, past })?)
}

/// Returns a file of the newest steps of `undo`, and the number of its step lines.
fn text_of(undo: &Undo) -> io::Result<(Vec<u8>, usize)> {
    let (mut steps, mut bytes) = (0, 0);
    let mut newest = |way: Way, deed: Deed| -> io::Result<Vec<Vec<u8>>> {
        let mut lines = Vec::new();
        for past in undo.steps(way) {
            let line = line_of(deed, past)?;
            (steps, bytes) = (steps + 1, bytes + line.len() as u64);
            if steps > MOST_STEPS || bytes > MOST_BYTES {
                break;
            }
            lines.push(line);
        }
        lines.reverse();
        Ok(lines)
    };
    let mut lines = newest(Way::Back, Deed::Done)?;
    lines.extend(newest(Way::Forth, Deed::Ahead)?);
    let count = lines.len();
    let head = seal("head", &HistoryHead { format: FORMAT })?;
    Ok((std::iter::once(head).chain(lines).flatten().collect(), count))
}
