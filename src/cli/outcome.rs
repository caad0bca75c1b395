//! The outcome of a command and the printing of errors.

use crate::diagnostics::SHOWN;
use crate::error::Error;

/// The outcome of a command that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// Some items failed; each was reported.
    SomeFailed,
    /// Stopped by Ctrl-C or SIGTERM with everything saved.
    Interrupted,
}

/// Prints an error to stderr, and keeps it in the log file.
pub(super) fn complain(error: &Error) {
    tracing::error!(target: SHOWN, "{error}");
    eprintln!("motionscope: {error}");
}
