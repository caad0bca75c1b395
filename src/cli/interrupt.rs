//! Ctrl-C handling: trainings are saved and can be resumed; other work stops after its current item.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::output::discard_unfinished;
use crate::training::TrainingControl;

/// Stops the run after its current step on the first Ctrl-C, and at once on the second.
pub(super) fn stop_on_interrupt(control: &TrainingControl) -> Result<()> {
    let control = control.clone();
    let mut asked = false;
    let stop = move || {
        if asked {
            process::exit(130);
        }
        asked = true;
        control.stop();
        eprintln!(
            "\nSaving after this step … (press Ctrl-C again to quit now and lose the steps since the last checkpoint)"
        );
    };
    ctrlc::set_handler(stop).map_err(|error| Error::new("Ctrl-C", error.to_string(), "Start the training from a shell"))
}

/// Returns a flag that the first Ctrl-C sets, printing `what`; the second quits at once.
pub(super) fn interrupt_flag(what: &'static str) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    let handler = move || {
        if asked.swap(true, Ordering::Relaxed) {
            discard_unfinished();
            process::exit(130);
        }
        eprintln!("\n{what} … (press Ctrl-C again to quit now)");
    };
    ctrlc::set_handler(handler).map_err(|error| Error::new("Ctrl-C", error.to_string(), "Start it from a shell"))?;
    Ok(stop)
}
