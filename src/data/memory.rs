//! Memory use of the process and memory of the machine.

use std::fs;
use std::path::Path;

/// Returns the resident memory of the process in bytes; `None` on systems without `/proc`.
pub fn resident_bytes() -> Option<u64> {
    resident_in(&fs::read_to_string("/proc/self/status").ok()?)
}

/// Returns the bytes that can still be used without swapping, within the limits of the container, the batch job and the
/// service; `None` on systems without `/proc`.
pub fn available_bytes() -> Option<u64> {
    let free = kilobytes_in(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")?;
    Some(bytes_within_groups(Path::new("/")).map_or(free, |left| left.min(free)))
}

/// The files of a control group's memory limit, and the entry of its statistics for cached files that can be dropped.
struct GroupFiles {
    folder: &'static str,
    limit: &'static str,
    used: &'static str,
    cached: &'static str,
}

/// Version 2, with one tree for all resources.
const UNIFIED: GroupFiles =
    GroupFiles { folder: "sys/fs/cgroup", limit: "memory.max", used: "memory.current", cached: "inactive_file" };
/// Version 1, with a tree for each resource.
const MEMORY_TREE: GroupFiles = GroupFiles {
    folder: "sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    cached: "total_inactive_file",
};

/// Returns the remaining bytes of the control groups of this process, below the file system root `root`; `None` without
/// a limit. The limit of a group applies to all groups in it, so the tightest counts. Inside a container the path may
/// begin above the visible tree; then the container's own group is the root of the tree.
fn bytes_within_groups(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let left = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, group) = (parts.next()?, parts.next()?);
        let files = match controllers {
            "" => &UNIFIED,
            _ if controllers.split(',').any(|name| name == "memory") => &MEMORY_TREE,
            _ => return None,
        };
        let tree = root.join(files.folder);
        let group = Path::new(group.trim_start_matches('/'));
        group.ancestors().filter_map(|group| files.left_in(&tree.join(group))).min()
    };
    groups.lines().filter_map(left).min()
}

impl GroupFiles {
    /// Returns the remaining bytes of the group in `folder`; `None` if it has no limit.
    fn left_in(&self, folder: &Path) -> Option<u64> {
        let number = |name| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
        let (limit, used): (u64, u64) = (number(self.limit)?, number(self.used)?);
        let statistics = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
        let mut entries = statistics.lines().filter_map(|line| line.split_once(' '));
        let cached = entries.find(|(name, _)| *name == self.cached).and_then(|(_, bytes)| bytes.trim().parse().ok());
        Some(limit.saturating_sub(used.saturating_sub(cached.unwrap_or(0))))
    }
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

    #[test]
    fn the_narrowest_control_group_counts_and_cached_files_are_no_use() {
        let machine = |files: &[(&str, &str)]| {
            let root = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let path = root.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            bytes_within_groups(root.path())
        };
        let job = "sys/fs/cgroup/system.slice/slurmstepd.scope/job_7";
        let at = |name: &str| format!("{job}/{name}");
        let (max, current, stat) = (at("memory.max"), at("memory.current"), at("memory.stat"));
        let step = at("step_0/memory.max");
        let unified = [
            ("proc/self/cgroup", "0::/system.slice/slurmstepd.scope/job_7/step_0\n"),
            (step.as_str(), "max\n"),
            (max.as_str(), "1000\n"),
            (current.as_str(), "900\n"),
            (stat.as_str(), "anon 300\nfile 600\ninactive_file 500\nactive_file 100\n"),
            ("sys/fs/cgroup/system.slice/memory.max", "5000\n"),
            ("sys/fs/cgroup/system.slice/memory.current", "1000\n"),
        ];
        assert_eq!(machine(&unified), Some(600));
        let container = [
            ("proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/docker/abc\n1:name=systemd:/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1500\n"),
            ("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 250\n"),
            ("sys/fs/cgroup/cpu,cpuacct/x/memory.limit_in_bytes", "1\n"),
        ];
        assert_eq!(machine(&container), Some(750));
        assert_eq!(machine(&[("proc/self/cgroup", "0::/\n")]), None);
        assert_eq!(machine(&[]), None);
    }
}
