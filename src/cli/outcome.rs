//! How a command ended, and how a failure is reported.

use crate::error::Error;

/// How a command ended that did not break off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// Some of several things failed, and it was said which.
    SomeFailed,
    /// The arguments contradict each other or lie out of range, and it was said which.
    Misused,
    /// Ended by Ctrl-C with everything saved.
    Interrupted,
}

/// Tells about a failure on stderr.
pub(super) fn complain(error: &Error) {
    eprintln!("motionscope: {error}");
}
