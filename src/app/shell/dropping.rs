//! Whether files can be dropped on the window, so that no hint promises what does not work.

use std::env;
use std::sync::LazyLock;

/// Whether the window takes files that are dropped on it: under Wayland winit does not.
pub fn takes_dropped_files() -> bool {
    static ANSWER: LazyLock<bool> =
        LazyLock::new(|| !is_wayland(|name| env::var_os(name).is_some_and(|value| !value.is_empty())));
    *ANSWER
}

/// Whether winit opens the window under Wayland, which it prefers to X11.
fn is_wayland(is_set: impl Fn(&str) -> bool) -> bool {
    cfg!(target_os = "linux") && ["WAYLAND_DISPLAY", "WAYLAND_SOCKET"].into_iter().any(is_set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wayland_is_taken_where_both_are_there() {
        assert_eq!(is_wayland(|name| name == "WAYLAND_DISPLAY" || name == "DISPLAY"), cfg!(target_os = "linux"));
        assert!(!is_wayland(|name| name == "DISPLAY"));
    }
}
