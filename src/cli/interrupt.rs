//! Ctrl-C and SIGTERM: trainings are saved and can be resumed; other work stops after its current item.
//!
//! Both do the same, but for the exit code: a batch system that ended the program is asked to start it again.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::app;
use crate::error::{Error, Result};
use crate::output::discard_unfinished;
use crate::termination;
use crate::training::TrainingControl;

/// The exit code after Ctrl-C.
const INTERRUPTED: u8 = 130;
/// The exit code after SIGTERM: `EX_TEMPFAIL` of sysexits.h, by which programs ask to be tried again later.
const TRY_AGAIN: u8 = 75;
/// The exit code after SIGTERM without saved work.
const TERMINATED: u8 = 143;
/// A window that has not begun to close by then hangs.
const UNANSWERED: Duration = Duration::from_secs(10);

/// Returns the exit code of work that was stopped early.
pub(super) fn exit_code() -> u8 {
    if termination::was_requested() { TRY_AGAIN } else { INTERRUPTED }
}

/// Stops the run after its current step on the first Ctrl-C or SIGTERM, and at once on the second Ctrl-C.
pub(super) fn stop_on_interrupt(control: &TrainingControl) -> Result<()> {
    let control = control.clone();
    let impatience = "to quit now and lose the steps since the last checkpoint";
    on_interrupt("Saving after this step", impatience, move || control.stop())
}

/// Returns a flag that the first Ctrl-C or SIGTERM sets, printing `what`; the second Ctrl-C quits at once.
pub(super) fn interrupt_flag(what: &'static str) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    on_interrupt(what, "to quit now", move || asked.store(true, Ordering::Relaxed))?;
    Ok(stop)
}

/// Removes unfinished files and ends the program on Ctrl-C or SIGTERM: for work that writes all or nothing.
pub(super) fn discard_on_interrupt() -> Result<()> {
    let handler = || {
        let code = if termination::take_request() { TERMINATED } else { INTERRUPTED };
        discard_unfinished();
        process::exit(code.into());
    };
    ctrlc::set_handler(handler).map_err(|error| Error::new("Ctrl-C", error.to_string(), "Start it from a shell"))?;
    termination::follow_interrupt();
    Ok(())
}

/// Closes the window on the first Ctrl-C or SIGTERM, so that a recording is completed and a training saved, and quits at once on the
/// second Ctrl-C, or if the window does not answer.
pub(super) fn close_on_interrupt() -> Result<()> {
    on_interrupt("Closing", "to quit now", || {
        app::quit();
        let wait = || {
            thread::sleep(UNANSWERED);
            if !app::quit() {
                process::exit(exit_code().into());
            }
        };
        if thread::Builder::new().name("close".into()).spawn(wait).is_err() {
            process::exit(exit_code().into());
        }
    })
}

/// Has `stop` called once, by the first Ctrl-C or SIGTERM, printing `what`. A batch system sends SIGTERM several times: only a second
/// Ctrl-C quits.
///
/// # Errors
/// If the signals cannot be handled.
pub(super) fn on_interrupt(
    what: &'static str,
    impatience: &'static str,
    stop: impl Fn() + Send + 'static,
) -> Result<()> {
    let mut is_stopping = false;
    let handler = move || {
        let by_system = termination::take_request();
        match (is_stopping, by_system) {
            (true, true) => return,
            (true, false) => {
                discard_unfinished();
                process::exit(INTERRUPTED.into());
            }
            (false, true) => eprintln!("\n{what} (SIGTERM) …"),
            (false, false) => eprintln!("\n{what} … (press Ctrl-C again {impatience})"),
        }
        is_stopping = true;
        stop();
    };
    ctrlc::set_handler(handler).map_err(|error| Error::new("Ctrl-C", error.to_string(), "Start it from a shell"))?;
    termination::follow_interrupt();
    Ok(())
}
