//! Writes predictions in parts, and joins them into one file.

use std::io;
use std::path::{Path, PathBuf};

use burn::tensor::f16;
use parquet::errors::ParquetError;

use super::PredictionFacts;
use super::format::{Rows, TableWriter};
use super::parts::Parts;
use crate::atomic;
use crate::error::{Error, Result};
use crate::output::OutputGuard;
use crate::plural::counted;

/// Scored frames per part, which limits how many a killed run has to score again.
const PART_ROWS: usize = 512;

/// Writes predictions in parts that survive a kill, and joins them into one file.
pub struct PredictionWriter {
    target: PathBuf,
    facts: PredictionFacts,
    parts: Parts,
    /// Rows not yet written to a part.
    pending: Rows,
    /// Time of the last row, seconds.
    last: f64,
}

impl PredictionWriter {
    /// Starts the file at `target`, or resumes from the parts of a stopped run with the same facts. Parts with other
    /// facts are removed.
    ///
    /// # Errors
    /// If another process writes the same file, or its folder cannot be written.
    pub fn begin(target: &Path, mut facts: PredictionFacts) -> Result<Self> {
        let parts = Parts::open(target, &mut facts)?;
        let last = parts.count().checked_sub(1).and_then(|place| parts.read(place)?.secs.last().copied());
        let last = last.unwrap_or(f64::NEG_INFINITY);
        Ok(Self { target: target.to_owned(), facts, parts, pending: Rows::default(), last })
    }

    /// Returns the number of frames that are scored already.
    pub fn done(&self) -> usize {
        self.parts.scored() + self.pending.len()
    }

    /// Returns the facts, including the devices of the resumed runs.
    pub fn facts(&self) -> &PredictionFacts {
        &self.facts
    }

    /// Returns a description of why the parts of an earlier run were removed; `None` if there were none or they are
    /// reused.
    pub fn discarded(&self) -> Option<&str> {
        self.parts.discarded()
    }

    /// Adds the next scored frame, shown at `secs` on the clock of the file, without features.
    ///
    /// # Errors
    /// Same as [`Self::push_with_features`].
    pub fn push(&mut self, secs: f64, probabilities: &[f32]) -> Result<()> {
        self.push_with_features(secs, probabilities, &[])
    }

    /// Adds the next scored frame, shown at `secs` on the clock of the file. Its features are rounded to 16 bits, which
    /// halves the size of files of long videos.
    ///
    /// # Errors
    /// If the numbers are not probabilities of the classes, the time is not between the frame before and the end of the
    /// video, there are more frames or another number of features than stated, or a part cannot be written.
    pub fn push_with_features(&mut self, secs: f64, probabilities: &[f32], features: &[f32]) -> Result<()> {
        let refused = |cause: String| Err(Error::file(&self.target, cause, "Check the video and the model"));
        let (frame, classes) = (self.done() * self.facts.stride, self.facts.classes.len());
        if frame >= self.facts.frames {
            return refused(format!("the video has more frames than the stated {}", self.facts.frames));
        }
        if probabilities.len() != classes {
            let given = counted(probabilities.len(), "probability");
            return refused(format!("frame {frame} has {given}, not {classes}"));
        }
        if let Some(wrong) = probabilities.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            return refused(format!("the model gives {wrong} at frame {frame}, which is no probability"));
        }
        let expected = self.facts.feature_count();
        if features.len() != expected || features.iter().any(|value| !value.is_finite()) {
            return refused(format!("frame {frame} does not have {}", counted(expected, "feature")));
        }
        if !(secs > self.last && secs < self.facts.end_secs) {
            let cause = format!("frame {frame} is shown at {secs} s, not between the frame before it and the end");
            return refused(cause);
        }
        self.last = secs;
        self.pending.secs.push(secs);
        self.pending.probabilities.extend_from_slice(probabilities);
        let rounded = |&value: &f32| f16::from_f32(value.clamp(f16::MIN.to_f32(), f16::MAX.to_f32())).to_f32();
        self.pending.features.extend(features.iter().map(rounded));
        if self.pending.len() >= PART_ROWS { self.write_part() } else { Ok(()) }
    }

    /// Writes pending rows as a part, so that a later run resumes there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn pause(mut self) -> Result<()> {
        self.write_part()
    }

    /// Joins the parts into the file, a row group at a time, and removes them.
    ///
    /// # Errors
    /// If frames are missing, `guard` does not allow the file, or it cannot be written. The parts are kept.
    pub fn finish(mut self, guard: &OutputGuard) -> Result<()> {
        self.write_part()?;
        let (done, expected) = (self.done(), self.facts.scored());
        if done != expected {
            let cause = format!("only {done} of {} are scored", counted(expected, "frame"));
            return Err(Error::file(&self.target, cause, "Start it again to score the others"));
        }
        guard.check(std::slice::from_ref(&self.target))?;
        let (parts, facts) = (&self.parts, &self.facts);
        atomic::replace(&self.target, |file| {
            let mut table = TableWriter::begin(file, facts).map_err(io_error)?;
            for place in 0..parts.count() {
                let gone = || io::Error::other(format!("{} is gone or damaged", parts.path(place).display()));
                table.add(parts.read(place).ok_or_else(gone)?).map_err(io_error)?;
            }
            table.finish().map_err(io_error)
        })?;
        self.parts.remove();
        Ok(())
    }

    fn write_part(&mut self) -> Result<()> {
        if self.pending.len() > 0 {
            self.parts.add(&self.pending)?;
            self.pending = Rows::default();
        }
        Ok(())
    }
}

/// Returns the error of the operating system, or the message of the library.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => error.downcast::<io::Error>().map_or_else(io::Error::other, |error| *error),
        error => io::Error::other(error),
    }
}
