//! Settings of the C library's memory allocator.

/// Makes glibc keep freed memory for later tensors instead of returning each block to the system at once.
///
/// The activations of a network are blocks of megabytes that live for milliseconds. By default glibc maps and unmaps
/// each of them, and the processor spends up to a tenth of a training step on clearing fresh pages. At most half a
/// gigabyte is kept. Has an effect only on Linux with glibc.
///
/// Call this while the program has one thread.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    for (setting, value) in SETTINGS {
        // A rejected setting costs only speed.
        let _ = set(setting, value);
    }
}

/// Blocks of at least this size are mapped and returned individually: the maximum that glibc allows.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGEST_KEPT_BYTES: i32 = 32 << 20;

/// Free memory above this is returned to the system.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT_BYTES: i32 = 512 << 20;

/// Number of arenas for allocation. By default there are eight per core; as each keeps the memory its threads freed,
/// every clip opened on new threads cost another 25 MB, until all arenas had been used once.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ARENAS: i32 = 4;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
const SETTINGS: [(i32, i32); 3] =
    [(libc::M_MMAP_THRESHOLD, LARGEST_KEPT_BYTES), (libc::M_TRIM_THRESHOLD, KEPT_BYTES), (libc::M_ARENA_MAX, ARENAS)];

/// Returns free memory to the system, after work that needed much of it. Takes milliseconds.
#[cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "the allocator takes this by a C function alone")
)]
pub fn release_freed_memory() {
    // SAFETY: `malloc_trim` takes a number and may be called at any time.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    let _ = unsafe { libc::malloc_trim(0) };
}

/// Returns whether the allocator accepts the value.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the allocator takes this by a C function alone")]
fn set(setting: i32, value: i32) -> bool {
    // SAFETY: `mallopt` reads two numbers and may be called at any time.
    (unsafe { libc::mallopt(setting, value) }) == 1
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn the_allocator_takes_all_settings() {
        for (setting, value) in SETTINGS {
            assert!(set(setting, value), "{setting}");
        }
    }
}
