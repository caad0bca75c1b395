//! The priority of threads that compute, below that of the thread that draws the window.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether there is a window that threads yield to.
static IS_BESIDE_WINDOW: AtomicBool = AtomicBool::new(false);

/// Niceness of threads that compute: on two cores, with the window drawn in software too, a playing clip with flow and
/// scores was drawn half as often again as at the priority of the window.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Names the threads of all parallel loops and lowers their priority: a window stays quick to answer while they work.
///
/// To be called before the first parallel loop; later it has no effect.
pub fn yield_to_the_window() {
    IS_BESIDE_WINDOW.store(true, Ordering::Relaxed);
    let pool =
        rayon::ThreadPoolBuilder::new().thread_name(|number| format!("compute {number}")).start_handler(|_| lower());
    if let Err(error) = pool.build_global() {
        tracing::debug!("the threads that compute keep their priority: {error}");
    }
}

/// Lowers the priority of the calling thread, and of those that it starts, where there is a window: see [`yield_to_the_window`].
pub fn yield_beside_window() {
    if IS_BESIDE_WINDOW.load(Ordering::Relaxed) {
        lower();
    }
}

/// Lowers the priority of the calling thread on Linux. Other systems are left as they are.
#[cfg_attr(target_os = "linux", expect(unsafe_code, reason = "the system takes this by a C function alone"))]
fn lower() {
    // SAFETY: `nice` reads a number and changes the calling thread alone, as Linux does it. It cannot fail: the sum is clamped.
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
            // The 19th field; the name before it, in brackets, may hold spaces.
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
