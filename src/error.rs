//! The error type of the program: what went wrong, with what, and what to do about it.
//!
//! Every error a person can meet names a subject (mostly a file), a cause and a remedy; the window and
//! the command line print the same sentence.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::{fmt, io};

use crate::secrets::masked;

/// A result whose error a person can act upon.
pub type Result<T> = std::result::Result<T, Error>;

/// The kind of an error, for code that acts on it; people read the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorKind {
    /// Somebody asked for the end: nothing went wrong.
    Cancelled,
    /// The computing device failed, and would fail with the next input as well.
    Device,
    /// Another process has it: it may be free a moment later.
    InUse,
    /// There is no such file or folder.
    NotFound,
    /// What was asked for makes no sense, whatever the files hold.
    Usage,
    /// Anything else.
    #[default]
    Other,
}

/// A failure in words: `subject: cause. Remedy.`
#[derive(Debug, Clone)]
pub struct Error {
    /// The kind of it.
    pub kind: ErrorKind,
    /// What the error is about: a file, a folder, a device, an option.
    pub subject: String,
    /// What is wrong with it, in lower case and without a full stop.
    pub cause: String,
    /// What the person can do, as a sentence without a full stop.
    pub remedy: String,
    /// The error of the system or of a library that led to it.
    pub(crate) source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl PartialEq for Error {
    /// Compares all but the source, which cannot be compared and is in the cause in words.
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

/// A reason not to open what was named, within the operating system's errors.
#[derive(Debug, thiserror::Error)]
#[error("this is a pipe or a device, not a file")]
pub(crate) struct Endless;

impl Error {
    /// An error about `subject`. Passwords of addresses are left out of all that is said.
    pub fn new(subject: impl Into<String>, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        let [subject, cause, remedy] = [subject.into(), cause.into(), remedy.into()].map(shown);
        Self { kind: ErrorKind::Other, subject, cause, remedy, source: None }
    }

    /// An error about the file or folder at `path`.
    pub fn file(path: &Path, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(path.display().to_string(), cause, remedy)
    }

    /// The error that work on `subject` ended because it was asked to.
    pub fn cancelled(subject: impl Into<String>, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(subject, cause, remedy).of_kind(ErrorKind::Cancelled)
    }

    /// The error of options that are invalid, or make no sense together.
    pub fn usage(subject: impl Into<String>, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(subject, cause, remedy).as_usage()
    }

    /// This error as one of wrong usage.
    #[must_use]
    pub fn as_usage(self) -> Self {
        self.of_kind(ErrorKind::Usage)
    }

    /// An error about the file at `path` that a library found, in its words.
    pub fn wrap(path: &Path, source: impl std::error::Error + Send + Sync + 'static, remedy: &str) -> Self {
        Self::file(path, source.to_string(), remedy).caused_by(source)
    }

    /// This error with the error of a library that led to it.
    #[must_use]
    pub fn caused_by(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// This error as one of another kind.
    #[must_use]
    pub fn of_kind(self, kind: ErrorKind) -> Self {
        Self { kind, ..self }
    }

    /// Returns whether it only says that somebody asked for the end.
    pub fn is_cancelled(&self) -> bool {
        self.kind == ErrorKind::Cancelled
    }

    /// The system started no worker thread for `subject`.
    pub fn no_thread(subject: &str, error: &io::Error) -> Self {
        let cause = format!("could not start a worker thread (process or memory limit: {error})");
        Self::new(subject, cause, "Close other programs and try again").caused_by(copy(error))
    }

    /// A failure of the operating system to make `path` in a folder that is there, or with all folders before it: not found then
    /// means that no files are made in that place, as in `/proc`.
    pub fn not_made(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => {
                Self::file(path, "no files can be created there", "Choose a folder on a disk").caused_by(copy(error))
            }
            _ => Self::io(path, error),
        }
    }

    /// `folder`, in which the file `path` is to be written, does not exist.
    pub fn no_folder(path: &Path, folder: &Path) -> Self {
        let cause = format!("the folder {} does not exist", folder.display());
        Self::file(path, cause, "Create the folder, or choose another one").of_kind(ErrorKind::NotFound)
    }

    /// A failure of the operating system on `path`, with the remedy its kind suggests.
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

/// A copy of `error`, which the standard library does not make.
fn copy(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| io::Error::new(error.kind(), error.to_string()), io::Error::from_raw_os_error)
}

/// The first of `errors`, with the number and the names of the others; none of none.
pub(crate) fn about_all(errors: Vec<Error>) -> Option<Error> {
    let mut errors = errors.into_iter();
    let mut first = errors.next()?;
    let others: Vec<String> = errors.map(|error| error.subject).collect();
    if !others.is_empty() {
        first.cause += &format!("; also affects {} more: {}", others.len(), first_names(&others));
    }
    Some(first)
}

/// The first three of `names`, after which there are more.
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
