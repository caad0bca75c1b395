//! SIGTERM, by which a batch system asks a program to end: before the time limit, or when the machine is needed for other work.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether SIGTERM has come at all, and whether it has come since it was last asked for.
static CAME: AtomicBool = AtomicBool::new(false);
static IS_NEW: AtomicBool = AtomicBool::new(false);

/// Returns whether SIGTERM has come.
pub fn was_requested() -> bool {
    CAME.load(Ordering::Acquire)
}

/// Returns whether SIGTERM has come since the last call.
pub fn take_request() -> bool {
    IS_NEW.swap(false, Ordering::AcqRel)
}

/// Makes SIGTERM do what SIGINT does, and be remembered. To be called when the handler of SIGINT is set.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the handler of a signal is set by C functions alone")]
pub fn follow_interrupt() {
    use std::{mem, ptr};

    // Only what is safe in a handler (signal-safety(7)): it stores two numbers and sends a signal.
    extern "C" fn requested(_signal: libc::c_int) {
        CAME.store(true, Ordering::Release);
        IS_NEW.store(true, Ordering::Release);
        // SAFETY: `raise` may be called in a handler, and SIGINT has one by now.
        unsafe { libc::raise(libc::SIGINT) };
    }
    let handler: extern "C" fn(libc::c_int) = requested;
    // SAFETY: all bytes 0 are a `sigaction` without flags and with an empty mask; the handler lives as long as the program.
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

/// Other systems have no batch system that Motionscope knows: SIGTERM is handled like Ctrl-C.
#[cfg(not(target_os = "linux"))]
pub fn follow_interrupt() {}
