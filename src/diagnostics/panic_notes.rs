//! Records of panics, made in the panic hook: only later is it known whether a panic is caught or ends the program.

use std::any::Any;
use std::backtrace::Backtrace;
use std::collections::VecDeque;
use std::panic::{self, PanicHookInfo};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

use super::log;
use crate::panic_guard::panic_text;

/// Number of panics kept: other threads may panic while the one that ends the program unwinds.
const KEPT: usize = 8;

/// A recorded panic.
struct Note {
    /// Thread, location and message.
    what: String,
    message: String,
    /// Symbols are resolved only when needed, as that takes long.
    backtrace: Backtrace,
}

/// The most recent panics, newest first.
static NOTES: Mutex<VecDeque<Note>> = Mutex::new(VecDeque::new());

/// Installs a panic hook that records and logs every panic, then calls the previous hook.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            note(panic);
            before(panic);
        }));
    });
}

fn note(panic: &PanicHookInfo<'_>) {
    let message = panic_text(panic.payload()).to_owned();
    let thread = thread::current().name().unwrap_or("without a name").to_owned();
    let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
    let what = format!("panic in the thread {thread}{place}: {message}");
    log::add(&what);
    let mut notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    notes.truncate(KEPT - 1);
    notes.push_front(Note { what, message, backtrace: Backtrace::force_capture() });
}

/// Returns a description of the panic with the payload `payload`, and its backtrace.
pub fn described(payload: &(dyn Any + Send)) -> (String, String) {
    let notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    let message = panic_text(payload);
    let note = notes.iter().find(|note| note.message == message);
    note.map_or_else(
        || (format!("panic: {message}"), "unknown\n".into()),
        |note| (note.what.clone(), note.backtrace.to_string()),
    )
}
