//! The error type of the program, with subject, cause and remedy.
//!
//! Every error that users can see names a subject (mostly a file), a cause and a remedy; the window and the command
//! line print the same sentence.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::{fmt, io};

use crate::secrets::masked;

/// A result whose error tells users what to do.
pub type Result<T> = std::result::Result<T, Error>;

/// The kind of an error, for code that reacts to it; users read the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorKind {
    /// The user or the program requested the end: nothing failed.
    Cancelled,
    /// The computing device failed, and would also fail with other input.
    Device,
    /// Another process uses it: it may be available soon.
    InUse,
    /// There is no such file or folder.
    NotFound,
    /// The request is invalid, whatever the files contain.
    Usage,
    /// Anything else.
    #[default]
    Other,
}

/// A failure, displayed as `subject: cause. Remedy.`
#[derive(Debug, Clone)]
pub struct Error {
    /// Its kind.
    pub kind: ErrorKind,
    /// Subject of the error: a file, a folder, a device, an option.
    pub subject: String,
    /// Description of the failure, in lower case and without a full stop.
    pub cause: String,
    /// Advice for the user, as a sentence without a full stop.
    pub remedy: String,
    /// The error of the system or of a library that caused it.
    pub(crate) source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl PartialEq for Error {
    /// Compares all fields but the source, which is not comparable and whose text is part of the cause.
    fn eq(&self, other: &Self) -> bool {
        let parts = |error: &Self| [error.subject.clone(), error.cause.clone(), error.remedy.clone()];
        self.kind == other.kind && parts(self) == parts(other)
    }
}

impl Eq for Error {}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The reason for not opening a pipe or device, as the source of an I/O error.
#[derive(Debug, thiserror::Error)]
#[error("this is a pipe or a device, not a file")]
pub(crate) struct Endless;

impl Error {
    /// Creates an error about `subject`. Passwords in URLs are removed from all texts.
    pub fn new(subject: impl Into<String>, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        let [subject, cause, remedy] = [subject.into(), cause.into(), remedy.into()].map(shown);
        Self { kind: ErrorKind::Other, subject, cause, remedy, source: None }
    }

    /// Creates an error about the file or folder at `path`.
    pub fn file(path: &Path, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(path.display().to_string(), cause, remedy)
    }

    /// Creates the error for work on `subject` that was cancelled.
    pub fn cancelled(subject: impl Into<String>, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(subject, cause, remedy).of_kind(ErrorKind::Cancelled)
    }

    /// Creates the error for options that are invalid, alone or in combination.
    pub fn usage(subject: impl Into<String>, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(subject, cause, remedy).as_usage()
    }

    /// Returns this error with the kind [`ErrorKind::Usage`].
    #[must_use]
    pub fn as_usage(self) -> Self {
        self.of_kind(ErrorKind::Usage)
    }

    /// Creates an error about the file at `path` from the error of a library, with its text.
    pub fn wrap(path: &Path, source: impl std::error::Error + Send + Sync + 'static, remedy: &str) -> Self {
        Self::file(path, source.to_string(), remedy).caused_by(source)
    }

    /// Returns this error with a source.
    #[must_use]
    pub fn caused_by(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// Returns this error with another kind.
    #[must_use]
    pub fn of_kind(self, kind: ErrorKind) -> Self {
        Self { kind, ..self }
    }

    /// Returns whether it is a cancellation.
    pub fn is_cancelled(&self) -> bool {
        self.kind == ErrorKind::Cancelled
    }

    /// Creates the error for a worker thread for `subject` that could not be started.
    pub fn no_thread(subject: &str, error: &io::Error) -> Self {
        let cause = format!("could not start a worker thread (process or memory limit: {error})");
        Self::new(subject, cause, "Close other programs and try again").caused_by(copy(error))
    }

    /// Creates the error for `path`, which could not be created although its parent folders exist or would be created.
    /// `NotFound` then means that no files can be created there, as in `/proc`.
    pub fn not_made(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => {
                Self::file(path, "no files can be created there", "Choose a folder on a disk").caused_by(copy(error))
            }
            _ => Self::io(path, error),
        }
    }

    /// Creates the error for the missing `folder` of the output file `path`.
    pub fn no_folder(path: &Path, folder: &Path) -> Self {
        let cause = format!("the folder {} does not exist", folder.display());
        Self::file(path, cause, "Create the folder, or choose another one").of_kind(ErrorKind::NotFound)
    }

    /// Creates the error for a failed operation on `path`, with a remedy by its kind.
    pub fn io(path: &Path, error: &io::Error) -> Self {
        use io::ErrorKind as Io;
        let (cause, remedy) = match error.kind() {
            Io::NotFound => ("no such file or folder".into(), "Check the spelling of the path"),
            Io::PermissionDenied => ("permission denied".into(), "Check the access rights"),
            Io::StorageFull => ("the disk is full".into(), "Free some space and try again; saved data is intact"),
            _ if error.get_ref().is_some_and(|inner| inner.is::<Endless>()) => {
                (error.to_string(), "Pass a file, or /dev/stdin for the output of another program")
            }
            _ => (error.to_string(), "Check the disk and the path"),
        };
        let kind = if error.kind() == Io::NotFound { ErrorKind::NotFound } else { ErrorKind::Other };
        Self::file(path, cause, remedy).of_kind(kind).caused_by(copy(error))
    }
}

/// Returns a copy of `error`, which does not implement `Clone`.
fn copy(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| io::Error::new(error.kind(), error.to_string()), io::Error::from_raw_os_error)
}

/// Returns the first of `errors`, with the number and the subjects of the others; `None` for no errors.
pub(crate) fn about_all(errors: Vec<Error>) -> Option<Error> {
    let mut errors = errors.into_iter();
    let mut first = errors.next()?;
    let others: Vec<String> = errors.map(|error| error.subject).collect();
    if !others.is_empty() {
        first.cause += &format!("; also affects {} more: {}", others.len(), first_names(&others));
    }
    Some(first)
}

/// Returns the first three of `names`, with an ellipsis if there are more.
fn first_names(names: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    shown.join(", ") + if names.len() > SHOWN { ", …" } else { "" }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, cause, remedy, .. } = self;
        f.write_str(&masked(&format!("{subject}: {cause}. {remedy}.")))
    }
}

/// Returns `text` without the passwords in its URLs.
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
    fn an_error_keeps_what_led_to_it_and_is_told_by_its_kind() {
        use std::error::Error as _;
        let missing = Error::io(Path::new("/a.mp4"), &std::fs::metadata("/no/such/file").unwrap_err());
        let source = missing.source().and_then(|source| source.downcast_ref::<io::Error>());
        assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::NotFound));
        assert_eq!((missing.kind, missing.is_cancelled()), (ErrorKind::NotFound, false));
        let damaged = toml::from_str::<toml::Table>("a = ").unwrap_err();
        let damaged = Error::wrap(Path::new("a.toml"), damaged, "Repair it");
        assert!(damaged.source().is_some_and(|source| damaged.cause == source.to_string()));
        let stopped = Error::cancelled("flow", "it was stopped", "Start it again");
        assert!(stopped.is_cancelled() && stopped.source().is_none());
        assert_ne!(stopped, Error::new("flow", "it was stopped", "Start it again"), "the kind is a part of it");
    }

    #[test]
    fn many_errors_become_one() {
        let error = |name: &str| Error::new(name, "it is gone", "Put it back");
        let of = |names: &[&str]| about_all(names.iter().copied().map(error).collect()).map(|error| error.to_string());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["a"]).unwrap(), "a: it is gone. Put it back.");
        let all = of(&["a", "b", "c", "d", "e"]).unwrap();
        assert_eq!(all, "a: it is gone; also affects 4 more: b, c, d, …. Put it back.");
    }
}
