//! The progress events of a reproduction.

use crate::error::Error;
use crate::training::TrainingEvent;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum ReproductionEvent {
    /// The sample's clips are drawn.
    Drawing {
        /// Clips that are done.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// A row begins.
    Row {
        /// Name in the table.
        name: String,
        /// Its place in the table, from 1.
        number: usize,
        /// Of how many.
        of: usize,
    },
    /// A row was complete already.
    Kept(String),
    /// News of a training of the row.
    Training(TrainingEvent),
    /// The row is measured.
    Measuring {
        /// Clips, or pairs of pictures, that are done.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// The speeds of all rows are measured.
    Timing {
        /// Clips that all rows have gone through.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// A row is complete: its figures in a few words.
    Done(String),
    /// A row failed; the others continue.
    Failed {
        /// Name in the table.
        name: String,
        /// Why.
        error: Error,
    },
    /// Something went wrong that the row can live with.
    Warning(Error),
}
