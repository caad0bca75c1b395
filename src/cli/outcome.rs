//! The outcome of a command and the printing of errors.

use crate::error::Error;

/// The outcome of a command that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// Some items failed; each was reported.
    SomeFailed,
    /// Stopped by Ctrl-C with everything saved.
    Interrupted,
}

/// Prints an error to stderr.
pub(super) fn complain(error: &Error) {
    eprintln!("motionscope: {error}");
}
