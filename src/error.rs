//! The error type of the program: what went wrong, with what, and what to do about it.
//!
//! Every error a person can meet names a subject (mostly a file), a cause and a remedy; the window and
//! the command line print the same sentence.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::secrets::masked;

/// A result whose error a person can act upon.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure in words: `subject: cause. Remedy.`
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    /// What the error is about: a file, a folder, a device, an option.
    pub subject: String,
    /// What is wrong with it, in lower case and without a full stop.
    pub cause: String,
    /// What the person can do, as a sentence without a full stop.
    pub remedy: String,
}

/// A reason not to open what was named, within the operating system's errors.
#[derive(Debug, thiserror::Error)]
#[error("this is a pipe or a device, which may never end, and not a file")]
pub(crate) struct Endless;

impl Error {
    /// An error about `subject`. Passwords of addresses are left out of all that is said.
    pub fn new(subject: impl Into<String>, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        let [subject, cause, remedy] = [subject.into(), cause.into(), remedy.into()].map(shown);
        Self { subject, cause, remedy }
    }

    /// An error about the file or folder at `path`.
    pub fn file(path: &Path, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(path.display().to_string(), cause, remedy)
    }

    /// The system started no worker thread for `subject`.
    pub fn no_thread(subject: &str, error: &std::io::Error) -> Self {
        let cause = format!("could not start a worker thread (process or memory limit: {error})");
        Self::new(subject, cause, "Close other programs and try again")
    }

    /// A failure of the operating system on `path`, with the remedy its kind suggests.
    pub fn io(path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let (cause, remedy) = match error.kind() {
            ErrorKind::NotFound => ("no such file or folder".into(), "Check the spelling of the path"),
            ErrorKind::PermissionDenied => ("permission denied".into(), "Check the access rights"),
            ErrorKind::StorageFull => {
                ("the disk is full".into(), "Free some space and try again; what was saved before is intact")
            }
            _ if error.get_ref().is_some_and(|inner| inner.is::<Endless>()) => {
                (error.to_string(), "Name a file, or /dev/stdin for what another program writes")
            }
            _ => (error.to_string(), "Check the disk and the path"),
        };
        Self::file(path, cause, remedy)
    }
}

/// The first of `errors`, with the number and the names of the others; none of none.
pub(crate) fn about_all(errors: Vec<Error>) -> Option<Error> {
    let mut errors = errors.into_iter();
    let mut first = errors.next()?;
    let others: Vec<String> = errors.map(|error| error.subject).collect();
    if !others.is_empty() {
        first.cause += &format!("; the same goes for {} more: {}", others.len(), first_names(&others));
    }
    Some(first)
}

/// The first three of `names`, after which there are more.
fn first_names(names: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    shown.join(", ") + if names.len() > SHOWN { ", …" } else { "" }
}

/// Returns the message of a caught panic.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("unknown cause")
}

/// Runs `work`, which reads the file at `path`, and turns a panic into an error about that file.
pub(crate) fn caught_at<T>(path: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let cause = format!("reading it broke off ({})", panic_text(&*payload));
        Err(Error::file(path, cause, "Leave this file out, and please report it"))
    })
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, cause, remedy } = self;
        f.write_str(&masked(&format!("{subject}: {cause}. {remedy}.")))
    }
}

/// `text` without the passwords of the addresses in it.
fn shown(text: String) -> String {
    match masked(&text) {
        Cow::Owned(shown) => shown,
        Cow::Borrowed(_) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_an_error_shows_a_password() {
        let address = "rtsp://cam:secret@host/a";
        let within = Error::new(address, "no answer", "Check the cable");
        let mut error = Error::new(address, format!("it failed ({within})"), format!("Try {address} again"));
        error.cause += &format!("; {address} is gone");
        let parts = [&error.subject, &error.remedy, &error.to_string()].map(|text| text.replace("cam:…@", ""));
        assert!(parts.iter().all(|text| !text.contains("secret")), "{parts:?}");
        assert!(error.to_string().contains("Try rtsp://cam:…@host/a again"), "{error}");
    }

    #[test]
    fn many_errors_become_one() {
        let error = |name: &str| Error::new(name, "it is gone", "Put it back");
        let of = |names: &[&str]| about_all(names.iter().copied().map(error).collect()).map(|error| error.to_string());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["a"]).unwrap(), "a: it is gone. Put it back.");
        let all = of(&["a", "b", "c", "d", "e"]).unwrap();
        assert_eq!(all, "a: it is gone; the same goes for 4 more: b, c, d, …. Put it back.");
    }
}
