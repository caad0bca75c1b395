//! What could not be written, until somebody says so.

use std::sync::{Mutex, PoisonError};

use crate::error::Error;

static PROBLEM: Mutex<Option<Error>> = Mutex::new(None);

/// Keeps `error` to be said, unless another is waiting.
pub fn keep_problem(error: Error) {
    let _ = PROBLEM.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
}

/// Returns what could not be written since the last call.
pub fn take_problem() -> Option<Error> {
    PROBLEM.lock().unwrap_or_else(PoisonError::into_inner).take()
}
