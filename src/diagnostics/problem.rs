//! A write failure that is yet to be reported.

use std::sync::{Mutex, PoisonError};

use crate::error::Error;

static PROBLEM: Mutex<Option<Error>> = Mutex::new(None);

/// Stores `error` for reporting, unless another one is pending.
pub fn keep_problem(error: Error) {
    let _ = PROBLEM.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
}

/// Returns the first write failure since the last call.
pub fn take_problem() -> Option<Error> {
    PROBLEM.lock().unwrap_or_else(PoisonError::into_inner).take()
}
