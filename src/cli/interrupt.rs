//! Ctrl-C during work: what can be resumed is saved, and how to go on is said; other work ends after its present piece.

use std::env;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::output::discard_unfinished;
use crate::training::TrainingControl;

/// The first Ctrl-C ends the run after its step; who cannot wait for that presses it again.
pub(super) fn stop_on_interrupt(control: &TrainingControl) -> Result<()> {
    let control = control.clone();
    let mut asked = false;
    let stop = move || {
        if asked {
            process::exit(130);
        }
        asked = true;
        control.stop();
        eprintln!("\nSaving after this step … (Ctrl-C again ends at once, back to the last checkpoint)");
    };
    ctrlc::set_handler(stop).map_err(|error| Error::new("Ctrl-C", error.to_string(), "Start the training from a shell"))
}

/// A flag that the first Ctrl-C sets, saying what happens now; who cannot wait for that presses it again.
pub(super) fn interrupt_flag(what: &'static str) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    let handler = move || {
        if asked.swap(true, Ordering::Relaxed) {
            discard_unfinished();
            process::exit(130);
        }
        eprintln!("\n{what} … (Ctrl-C again ends at once)");
    };
    ctrlc::set_handler(handler).map_err(|error| Error::new("Ctrl-C", error.to_string(), "Start it from a shell"))?;
    Ok(stop)
}

/// What was typed, so that it can be pasted into a shell.
pub(super) fn command_line() -> String {
    let quoted = |word: String| match word.chars().all(|c| c.is_alphanumeric() || "-_./=:,".contains(c)) {
        true => word,
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    env::args_os().map(|word| quoted(word.to_string_lossy().into_owned())).collect::<Vec<_>>().join(" ")
}
