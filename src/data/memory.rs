//! Memory use of the process and memory of the machine.

use std::fs;

/// Bytes that the process keeps in memory; none where the system does not tell in `/proc`.
pub fn resident_bytes() -> Option<u64> {
    resident_in(&fs::read_to_string("/proc/self/status").ok()?)
}

/// Bytes that can still be used without swapping, within the limit of the container; none where the system does not tell in
/// `/proc`.
pub fn available_bytes() -> Option<u64> {
    let free = kilobytes_in(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")?;
    let of_group = |name: &str| fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse::<u64>().ok();
    let left = of_group("memory.max").zip(of_group("memory.current")).map(|(limit, used)| limit.saturating_sub(used));
    Some(left.map_or(free, |left| left.min(free)))
}

fn resident_in(status: &str) -> Option<u64> {
    kilobytes_in(status, "VmRSS:")
}

fn kilobytes_in(table: &str, name: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_set_is_read() {
        assert_eq!(resident_in("Name:\tx\nVmRSS:\t  2048 kB\nThreads:\t1\n"), Some(2048 * 1024));
        assert_eq!(resident_in("Name:\tx\n"), None);
        assert_eq!(kilobytes_in("MemFree: 1 kB\nMemAvailable:   3 kB\n", "MemAvailable:"), Some(3 * 1024));
        if cfg!(target_os = "linux") {
            assert!(available_bytes().is_some_and(|bytes| bytes > 1 << 20));
            assert!(resident_bytes().is_some_and(|bytes| bytes > 1 << 20));
        }
    }
}
