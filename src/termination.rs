//! Handling of SIGTERM, which batch systems send before the time limit or when the machine is needed for other work.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether SIGTERM was received, and the number of signals not yet taken.
static CAME: AtomicBool = AtomicBool::new(false);
static NEW: AtomicUsize = AtomicUsize::new(0);

/// Returns whether SIGTERM was received.
pub fn was_requested() -> bool {
    CAME.load(Ordering::Acquire)
}

/// Takes one SIGTERM that was not taken before; returns whether there was one. Each raises SIGINT once, so two close
/// together count as two.
pub fn take_request() -> bool {
    NEW.fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| count.checked_sub(1)).is_ok()
}

/// Installs a handler that makes SIGTERM act like SIGINT and records it. Call this when the handler of SIGINT is
/// installed.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the handler of a signal is set by C functions alone")]
pub fn follow_interrupt() {
    use std::{mem, ptr};

    // The handler is async-signal-safe (signal-safety(7)): it stores two numbers and sends a signal.
    extern "C" fn requested(_signal: libc::c_int) {
        CAME.store(true, Ordering::Release);
        NEW.fetch_add(1, Ordering::Release);
        // SAFETY: `raise` is allowed in a handler, and SIGINT has a handler by now.
        unsafe { libc::raise(libc::SIGINT) };
    }
    let handler: extern "C" fn(libc::c_int) = requested;
    // SAFETY: a zeroed `sigaction` has no flags and an empty mask; the handler lives as long as the program.
    let failed = unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGTERM, &raw const action, ptr::null_mut()) != 0
    };
    if failed {
        tracing::debug!("SIGTERM is handled like Ctrl-C");
    }
}

/// No batch system is supported on other systems, where SIGTERM is handled like Ctrl-C.
#[cfg(not(target_os = "linux"))]
pub fn follow_interrupt() {}
