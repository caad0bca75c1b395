//! Where the reference numbers and the test data lie.

use std::path::{Path, PathBuf};

/// The folder of shared data: `MOTIONSCOPE_DATA`, else `../shared` beside the package.
fn root() -> PathBuf {
    std::env::var_os("MOTIONSCOPE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from)
}

/// The file or folder at `rel` in the shared data; `None`, said loudly, where it is absent.
pub fn data(rel: &str) -> Option<PathBuf> {
    let path = root().join(rel);
    if !path.exists() {
        eprintln!("SKIPPED: no test data at {} (set MOTIONSCOPE_DATA)", path.display());
        return None;
    }
    Some(path)
}

/// Every reference file whose name starts with `prefix`, sorted; none, said loudly, where they are absent.
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
        eprintln!("SKIPPED: no {prefix}*.safetensors in {}", folder.display());
    }
    files
}
