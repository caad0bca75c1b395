//! Ctrl-C during work that can be resumed: everything is saved, and how to go on is said.

use std::env;
use std::process;

use crate::error::{Error, Result};
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

/// What was typed, so that it can be pasted into a shell.
pub(super) fn command_line() -> String {
    let quoted = |word: String| match word.chars().all(|c| c.is_alphanumeric() || "-_./=:,".contains(c)) {
        true => word,
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    env::args_os().map(|word| quoted(word.to_string_lossy().into_owned())).collect::<Vec<_>>().join(" ")
}
