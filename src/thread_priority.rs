//! Priority of compute threads, below that of the thread that draws the window.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether there is a window that threads yield to.
static IS_BESIDE_WINDOW: AtomicBool = AtomicBool::new(false);

/// Niceness of compute threads: on two cores, with the window also drawn in software, a playing clip with flow and
/// scores was drawn half as often again as at the window's priority.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Names the threads of all parallel loops and lowers their priority, so that the window stays responsive.
///
/// Call this before the first parallel loop; later calls have no effect.
pub fn yield_to_the_window() {
    IS_BESIDE_WINDOW.store(true, Ordering::Relaxed);
    let pool =
        rayon::ThreadPoolBuilder::new().thread_name(|number| format!("compute {number}")).start_handler(|_| lower());
    if let Err(error) = pool.build_global() {
        tracing::debug!("the threads that compute keep their priority: {error}");
    }
}

/// Lowers the priority of the calling thread, and of threads that it starts, if there is a window: see
/// [`yield_to_the_window`].
pub fn yield_beside_window() {
    if IS_BESIDE_WINDOW.load(Ordering::Relaxed) {
        lower();
    }
}

/// Lowers the priority of the calling thread on Linux; has no effect on other systems.
#[cfg_attr(target_os = "linux", expect(unsafe_code, reason = "the system takes this by a C function alone"))]
fn lower() {
    // SAFETY: `nice` takes a number and, on Linux, affects only the calling thread. It cannot fail: the sum is clamped.
    #[cfg(target_os = "linux")]
    let _ = unsafe { libc::nice(NICENESS) };
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_calling_thread_yields() {
        let niceness = |path: &str| {
            let stat = crate::files::read_to_string(path).unwrap();
            // The 19th field; the name before it, in brackets, may contain spaces.
            let after_name = stat.rsplit_once(')').unwrap().1;
            after_name.split_whitespace().nth(16).unwrap().parse::<i32>().unwrap()
        };
        let main_thread = niceness("/proc/self/stat");
        let worker = std::thread::spawn(move || {
            let before = niceness("/proc/thread-self/stat");
            lower();
            assert_eq!(niceness("/proc/thread-self/stat"), (before + NICENESS).min(19));
        });
        worker.join().unwrap();
        assert_eq!(niceness("/proc/self/stat"), main_thread);
    }
}
