//! Context for problem reports: version, device, system, command line.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, process};

use super::private_text::{private, private_word};
use crate::calendar;
use crate::{command_line, files};

/// Start time of the program, seconds since 1970.
static STARTED: OnceLock<u64> = OnceLock::new();
/// The device that the networks run on.
static DEVICE: Mutex<Option<String>> = Mutex::new(None);

/// Records the start time.
pub fn begin() {
    started();
}

/// Returns the start time of the program, seconds since 1970.
pub fn started() -> u64 {
    *STARTED.get_or_init(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

/// Records the name of the device.
pub fn note_device(name: &str) {
    *DEVICE.lock().unwrap_or_else(PoisonError::into_inner) = Some(name.to_owned());
}

/// Returns the facts as text, one per line.
pub fn text() -> String {
    let device = DEVICE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let words = env::args_os().map(|word| private_word(&word.to_string_lossy()));
    let facts = [
        (
            "Version",
            format!("Motionscope {} for {} on {}", env!("CARGO_PKG_VERSION"), env::consts::OS, env::consts::ARCH),
        ),
        ("Device", device.unwrap_or_else(|| "none opened".into())),
        ("System", system()),
        ("Command line", command_line::quoted(words)),
        ("Started", format!("{} UTC, process {}", calendar::time_at(started()), process::id())),
    ];
    facts.into_iter().map(|(name, fact)| format!("{name}: {}\n", private(&fact))).collect()
}

/// Returns the name of the operating system, with the version of its kernel if known.
fn system() -> String {
    let about = files::read_to_string("/etc/os-release").unwrap_or_default();
    let name = about.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).map(|name| name.trim_matches('"'));
    let kernel = files::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    match kernel.trim() {
        "" => name.unwrap_or(env::consts::OS).to_owned(),
        kernel => format!("{}, kernel {kernel}", name.unwrap_or(env::consts::OS)),
    }
}
