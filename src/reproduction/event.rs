//! The progress events of a reproduction.

use crate::error::Error;
use crate::training::TrainingEvent;

/// A progress event.
#[derive(Debug, Clone)]
pub enum ReproductionEvent {
    /// Progress of drawing the sample's clips.
    Drawing {
        /// Number of clips drawn.
        done: usize,
        /// Total number of clips.
        of: usize,
    },
    /// A row starts.
    Row {
        /// Name in the table.
        name: String,
        /// Position in the table, from 1.
        number: usize,
        /// Number of rows.
        of: usize,
    },
    /// The row was already complete.
    Kept(String),
    /// An event of the row's training.
    Training(TrainingEvent),
    /// Progress of measuring the row.
    Measuring {
        /// Number of measured clips or frame pairs.
        done: usize,
        /// Total number.
        of: usize,
    },
    /// Progress of measuring the speeds of all rows.
    Timing {
        /// Number of clips on which all rows were timed.
        done: usize,
        /// Total number of clips.
        of: usize,
    },
    /// The row is complete; a short summary of its figures.
    Done(String),
    /// A row failed; the others continue.
    Failed {
        /// Name in the table.
        name: String,
        /// The cause.
        error: Error,
    },
    /// A problem that does not make the row fail.
    Warning(Error),
}
