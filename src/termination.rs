//! SIGTERM, by which a batch system asks a program to end: before the time limit, or when the machine is needed for other work.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether SIGTERM has come at all, and how often it has come without being asked for yet.
static CAME: AtomicBool = AtomicBool::new(false);
static NEW: AtomicUsize = AtomicUsize::new(0);

/// Returns whether SIGTERM has come.
pub fn was_requested() -> bool {
    CAME.load(Ordering::Acquire)
}

/// Returns whether there is a SIGTERM that no call before was about. Each raises SIGINT once: two close together are two.
pub fn take_request() -> bool {
    NEW.fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| count.checked_sub(1)).is_ok()
}

/// Makes SIGTERM do what SIGINT does, and be remembered. To be called when the handler of SIGINT is set.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the handler of a signal is set by C functions alone")]
pub fn follow_interrupt() {
    use std::{mem, ptr};

    // Only what is safe in a handler (signal-safety(7)): it stores two numbers and sends a signal.
    extern "C" fn requested(_signal: libc::c_int) {
        CAME.store(true, Ordering::Release);
        NEW.fetch_add(1, Ordering::Release);
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
