//! Lookup of a list's clips on disk.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::names::composed;
use crate::video::{is_hidden, is_video};

/// Finds clips below a folder; reads each folder once.
pub(in crate::data) struct ClipFinder {
    root: PathBuf,
    folders: HashMap<PathBuf, HashMap<String, PathBuf>>,
}

impl ClipFinder {
    /// Creates a finder of clips below `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), folders: HashMap::new() }
    }

    /// Returns the video or folder of pictures that a list names `name`; `None` if it does not exist.
    ///
    /// The name may differ in case and slashes, as between Windows and others, in the form of accents, as between macOS
    /// and others, and in its ending, which may also be absent: a list of `.avi` finds clips converted to `.mp4` or to
    /// pictures.
    pub fn find(&mut self, name: &str) -> Option<PathBuf> {
        let target = self.target(name);
        if target.exists() {
            return Some(target);
        }
        let mut found = target.ancestors().find(|folder| folder.is_dir())?.to_owned();
        let rest = target.strip_prefix(&found).ok()?.to_owned();
        let mut parts = rest.iter().map(spelling).peekable();
        while let Some(part) = parts.next() {
            let is_last = parts.peek().is_none();
            let entries = self.entries(&found);
            found = entries.get(&part).or_else(|| entries.get(stem(&part)).filter(|_| is_last))?.clone();
        }
        Some(found)
    }

    /// Returns the literal path of `name` in the list.
    pub fn target(&self, name: &str) -> PathBuf {
        let exact = self.root.join(name);
        if !name.contains('\\') || exact.exists() { exact } else { self.root.join(name.replace('\\', "/")) }
    }

    /// Returns the entries of `folder` by normalised name, videos also by name without extension.
    fn entries(&mut self, folder: &Path) -> &HashMap<String, PathBuf> {
        self.folders.entry(folder.to_owned()).or_insert_with(|| {
            let mut paths: Vec<_> =
                fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
            paths.retain(|path| !is_hidden(path));
            paths.sort();
            let name = |path: &Path| spelling(path.file_name().unwrap_or_default());
            let mut entries: HashMap<String, PathBuf> = HashMap::new();
            for path in &paths {
                entries.entry(name(path)).or_insert_with(|| path.clone());
            }
            for path in paths.iter().filter(|path| is_video(path)) {
                entries.entry(stem(&name(path)).to_owned()).or_insert_with(|| path.clone());
            }
            entries
        })
    }
}

/// Returns the normalised form of a name for comparison.
fn spelling(name: &OsStr) -> String {
    composed(&name.to_string_lossy()).to_lowercase()
}

/// Returns a name without a video's extension.
fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if is_video(Path::new(name)) => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_are_found_in_spite_of_spelling_and_ending() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("HandstandPushups/v_HandStandPushups_g01_c01")).unwrap();
        for file in ["HandstandPushups/v_HandStandPushups_g01_c02.mp4", "HandstandPushups/a.b.avi"] {
            fs::write(at(file), "").unwrap();
        }
        let mut finder = ClipFinder::new(dir.path());
        let mut find = |name: &str| finder.find(name).map(|path| path.strip_prefix(dir.path()).unwrap().to_owned());
        for (name, found) in [
            (
                "HandStandPushups/v_HandStandPushups_g01_c02.avi",
                Some("HandstandPushups/v_HandStandPushups_g01_c02.mp4"),
            ),
            ("handstandpushups\\v_HandstandPushups_g01_c01.avi", Some("HandstandPushups/v_HandStandPushups_g01_c01")),
            ("HandstandPushups/a.b", Some("HandstandPushups/a.b.avi")),
            ("HandstandPushups/a", None),
            ("HandstandPushups/v_HandStandPushups_g01_c03.avi", None),
            ("other/a.b.avi", None),
        ] {
            assert_eq!(find(name), found.map(PathBuf::from), "{name}");
        }
        for file in ["._x.mp4", "y 1#2%20.mp4", "e\u{301}.mp4"] {
            fs::write(at(file), "").unwrap();
        }
        let mut fresh = ClipFinder::new(dir.path());
        assert_eq!(fresh.find("._x"), None, "hidden");
        assert_eq!(fresh.find("y 1#2%20.avi"), Some(at("y 1#2%20.mp4")));
        assert_eq!(fresh.find("É.mp4"), Some(at("e\u{301}.mp4")));
        assert_eq!(finder.find(&at("handstandpushups/A.B").to_string_lossy()), Some(at("HandstandPushups/a.b.avi")));
    }
}
