//! Panic handling: a panic becomes an error with a remedy, and the thread continues.
//!
//! The libraries under the networks panic if the device fails (out of memory, a lost GPU, a rejected kernel); users
//! should lose the result, not the program.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::error::{Error, Result};

/// Runs `work` and converts a panic into an error about `subject`.
///
/// The caller must drop any state that `work` may have left inconsistent.
pub(crate) fn caught<T>(subject: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let cause = format!("the computation crashed ({})", panic_text(&*payload));
        Err(Error::new(subject, cause, "Try again, or start with --device cpu; please report it if it happens again"))
    })
}

/// Returns the message of a caught panic.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("unknown cause")
}

/// Runs `work`, which reads the file at `path`, and converts a panic into an error about that file.
pub(crate) fn caught_at<T>(path: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let cause = format!("the reader crashed ({})", panic_text(&*payload));
        Err(Error::file(path, cause, "Remove this file, and please report the problem"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_and_a_result_passes_through() {
        let error = caught::<()>("networks", || panic!("out of memory at {}", 7)).unwrap_err();
        assert_eq!((error.subject.as_str(), error.cause.contains("out of memory at 7")), ("networks", true));
        assert_eq!(caught("networks", || Ok(3)), Ok(3));
    }
}
