//! Printing for commands, where the reader may have left (`| head`) or the disk may be full.
//!
//! The macros replace those of std in all commands: std's panic in both cases.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::OnceLock;

use crate::error::{Error, Result};

/// Prints a line to standard output.
macro_rules! println {
    () => { $crate::cli::output::print(::std::format_args!("\n")) };
    ($($text:tt)*) => { $crate::cli::output::print(::std::format_args!("{}\n", ::std::format_args!($($text)*))) };
}

/// Prints to standard output.
macro_rules! print {
    ($($text:tt)*) => { $crate::cli::output::print(::std::format_args!($($text)*)) };
}

/// Prints a line to standard error.
macro_rules! eprintln {
    () => { $crate::cli::output::print_error(::std::format_args!("\n")) };
    ($($text:tt)*) => { $crate::cli::output::print_error(::std::format_args!("{}\n", ::std::format_args!($($text)*))) };
}

/// The first failure to write to standard output. What is printed after it is dropped, and the work is finished.
static FAILURE: OnceLock<io::Error> = OnceLock::new();

/// Writes to standard output unless that failed before.
pub(super) fn print(text: Arguments<'_>) {
    if FAILURE.get().is_none() {
        keep(io::stdout().write_fmt(text));
    }
}

/// Writes to standard error; a failure could be reported nowhere.
pub(super) fn print_error(text: Arguments<'_>) {
    let _ = io::stderr().write_fmt(text);
}

/// Returns whether nothing that is printed arrives anywhere: a command without an end of its own ends then.
pub(super) fn is_closed() -> bool {
    FAILURE.get().is_some()
}

/// Writes what is left.
///
/// # Errors
/// If results could not be written, except where their reader has left: it had read enough.
pub(super) fn finish() -> Result<()> {
    if FAILURE.get().is_none() {
        keep(io::stdout().flush());
    }
    match FAILURE.get() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::io(Path::new("standard output"), error)),
        _ => Ok(()),
    }
}

fn keep(written: io::Result<()>) {
    if let Err(error) = written {
        let _ = FAILURE.set(error); // Another thread's failure is as good.
    }
}
