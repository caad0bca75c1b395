//! Records for the day something goes wrong: a log file, and a report of every crash.
//!
//! All of it is in the state folder. Passwords of addresses are left out, and the home folder is written as `~`. Whatever cannot be
//! written is said once; the program runs on.

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

/// The report that a crash of this process leaves.
static REPORT: OnceLock<PathBuf> = OnceLock::new();

/// Begins to keep the log in the folder `state`, and makes ready to report crashes there. Nothing is written before there is something
/// to write. To be called once, by the program's first thread.
pub fn begin(state: &Path) {
    facts::begin();
    log::begin(state);
    let report = REPORT.get_or_init(|| reports::path_of_this_run(state));
    panic_notes::install();
    prepare_signals(report);
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    signals::install();
}

/// Names the device that the networks run on, for reports.
pub fn note_device(name: &str) {
    facts::note_device(name);
    if let Some(report) = REPORT.get() {
        prepare_signals(report);
    }
}

/// Hands the facts that are known now to the signal handler, which cannot put them together. There is none on systems without glibc.
fn prepare_signals(report: &Path) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    signals::prepare(report, &format!("{}\n\n{}", reports::TITLE, facts::text()));
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = report;
}

/// Returns what a description of a problem needs: version, device, system, command line, and the last lines of the log.
pub fn summary() -> String {
    format!("{}\nLast log lines:\n{}", facts::text(), log::RECENT.text())
}

/// Writes the report of a panic with the payload `payload`, which ends the program, and returns where it is.
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
