//! Where the reference numbers and the test data lie, and a process of its own for tests that spoil theirs.

use std::path::{Path, PathBuf};

/// The folder of shared data: `MOTIONSCOPE_DATA`, else `../shared` beside the package.
fn root() -> PathBuf {
    std::env::var_os("MOTIONSCOPE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from)
}

/// Reports that a test or a part of one is skipped because this machine lacks `need`: `data`, `gpu`, `x11`, `codecs` or
/// `imports`.
///
/// # Panics
///
/// If `MOTIONSCOPE_REQUIRE`, a list such as `data,gpu,x11`, names `need`: what is required must not be skipped.
pub fn skip(need: &str, reason: impl std::fmt::Display) {
    let required = std::env::var("MOTIONSCOPE_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == need), "required, but {reason}");
    eprintln!("SKIPPED: {reason}");
}

/// The file or folder at `rel` in the shared data; `None`, reported, where it is absent.
pub fn data(rel: &str) -> Option<PathBuf> {
    let path = root().join(rel);
    if !path.exists() {
        skip("data", format_args!("no test data at {} (set MOTIONSCOPE_DATA)", path.display()));
        return None;
    }
    Some(path)
}

/// Every reference file whose name starts with `prefix`, sorted; none, reported, where they are absent.
pub fn reference(prefix: &str) -> Vec<PathBuf> {
    let Some(folder) = data("reference") else { return Vec::new() };
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let wanted = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with(prefix) && name.ends_with(".safetensors")
    };
    let mut files: Vec<PathBuf> = entries.filter(wanted).collect();
    files.sort();
    if files.is_empty() {
        skip("data", format_args!("no {prefix}*.safetensors in {}", folder.display()));
    }
    files
}

/// Runs `body` of the test `name` in a second process, where `hidden` variables lead nowhere: a process asks for
/// its adapters once and cannot replace a lost device.
pub fn in_a_process_of_its_own(name: &str, hidden: &[&str], body: impl FnOnce()) {
    const INSIDE: &str = "MOTIONSCOPE_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let mut process = std::process::Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", name]).env(INSIDE, "1").envs(hidden.iter().map(|variable| (variable, "/nonexistent")));
    assert!(process.status().unwrap().success());
}
