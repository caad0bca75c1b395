//! Diagnostics of failures: a log file, and a report of every crash.
//!
//! All files are in the state folder. Passwords in URLs are removed, and the home folder is written as `~`. A failure
//! to write is reported once; the program continues.

mod facts;
mod log;
mod log_file;
mod log_queue;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod mappings;
mod panic_notes;
mod private_text;
mod problem;
mod recent_lines;
mod reports;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod signals;
#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests;

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::error::{Error, Result};
pub use log::{LogLines, SHOWN, finish};
use private_text::private;
pub use problem::take_problem;
pub use reports::{CrashReport, folder_in as reports_in, take_new as take_new_report};

/// Path of the report for a crash of this process.
static REPORT: OnceLock<PathBuf> = OnceLock::new();

/// Starts the log in the folder `state` and prepares crash reports there. Nothing is written until needed. Call it
/// once, on the program's first thread.
pub fn begin(state: &Path) {
    facts::begin();
    log::begin(state);
    let report = REPORT.get_or_init(|| reports::path_of_this_run(state));
    panic_notes::install();
    prepare_signals(report);
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    signals::install();
}

/// Records the device that the networks run on, for reports.
pub fn note_device(name: &str) {
    facts::note_device(name);
    if let Some(report) = REPORT.get() {
        prepare_signals(report);
    }
}

/// Prepares the text for the signal handler, which cannot allocate. There is no handler on systems without glibc.
fn prepare_signals(report: &Path) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    signals::prepare(report, &format!("{}\n\n{}", reports::TITLE, facts::text()));
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = report;
}

/// Returns the context for a problem report: version, device, system, command line, and the last lines of the log.
pub fn summary() -> String {
    format!("{}\nLast log lines:\n{}", facts::text(), log::RECENT.text())
}

/// Writes the report of a panic with the payload `payload`, which ends the program, and returns its path.
///
/// # Errors
/// If it cannot be written.
pub fn report_panic(payload: &(dyn Any + Send)) -> Result<PathBuf> {
    let nowhere = || Error::new("crash report", "there is no folder for it", "Copy the messages above");
    let path = REPORT.get().ok_or_else(nowhere)?;
    let (what, backtrace) = panic_notes::described(payload);
    let text = format!("{}\n\nWhat happened: {what}\n{}\nBacktrace:\n{backtrace}", reports::TITLE, summary());
    reports::write(path, &private(&text))?;
    Ok(path.clone())
}
