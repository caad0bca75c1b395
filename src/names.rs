//! Names of files: in one form of Unicode, and those that belong to a system and not to a person.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use icu_normalizer::ComposingNormalizerBorrowed;

/// The name with each accent in its letter (NFC). macOS stores the names of files the other way (NFD), so names are compared in
/// this form.
pub(crate) fn composed(name: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(name)
}

/// Files and folders of systems that are no one's clips, besides those whose names begin with a dot.
const OF_SYSTEMS: [&str; 7] =
    ["thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "__macosx", "$recycle.bin", "system volume information"];

/// Whether a listing of clips leaves `path` out whatever it holds: the name begins with a dot (`.DS_Store`, and `._a.mp4`, which
/// macOS puts beside `a.mp4`), or a system made it.
pub fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        let is_of_a_system =
            || name.to_str().is_some_and(|name| OF_SYSTEMS.iter().any(|known| known.eq_ignore_ascii_case(name)));
        name.as_encoded_bytes().starts_with(b".") || is_of_a_system()
    })
}

/// The file name of each of `paths`. Where several are called the same, the folders follow by which it differs from the others, as
/// few as do: `clip.mp4 – day2`.
pub fn distinct_names(paths: &[impl AsRef<Path>]) -> Vec<String> {
    let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let mut names: Vec<String> = paths.iter().map(|path| name(path.as_ref())).collect();
    let mut called: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    names.iter().enumerate().for_each(|(place, name)| called.entry(name).or_default().push(place));
    let mut folders = Vec::new();
    for alike in called.into_values().filter(|alike| alike.len() > 1) {
        let mut left: BTreeMap<&Path, Vec<usize>> = BTreeMap::new();
        alike.into_iter().for_each(|place| left.entry(paths[place].as_ref()).or_default().push(place));
        if left.len() < 2 {
            continue;
        }
        let longest = left.keys().map(|path| path.components().count()).max().unwrap_or(0);
        for count in 1..longest {
            let mut ends: BTreeMap<PathBuf, Vec<&Path>> = BTreeMap::new();
            left.keys().for_each(|path| ends.entry(last_folders(path, count)).or_default().push(path));
            for (end, alike) in ends {
                if let [path] = alike.as_slice() {
                    folders.extend(left.remove(*path).into_iter().flatten().map(|place| (place, end.clone())));
                }
            }
        }
    }
    for (place, folder) in folders {
        names[place] += &format!(" – {}", folder.display());
    }
    names
}

/// The last `count` of the folders that `path` is in.
fn last_folders(path: &Path, count: usize) -> PathBuf {
    let folders: Vec<_> = path.parent().into_iter().flat_map(Path::components).collect();
    folders[folders.len().saturating_sub(count)..].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_are_distinguished_by_as_few_folders_as_it_takes() {
        let names = |paths: &[&str]| distinct_names(paths);
        assert_eq!(names(&["/a/x.mp4", "/b/y.mp4"]), ["x.mp4", "y.mp4"]);
        assert_eq!(
            names(&["/v/day1/clip.mp4", "/v/other.mp4", "/v/day2/clip.mp4"]),
            ["clip.mp4 – day1", "other.mp4", "clip.mp4 – day2"]
        );
        assert_eq!(
            names(&["/v/day1/cam/clip.mp4", "/v/day2/cam/clip.mp4", "/v/clip.mp4"]),
            ["clip.mp4 – day1/cam", "clip.mp4 – day2/cam", "clip.mp4 – v"]
        );
        assert_eq!(names(&["/clip.mp4", "/v/clip.mp4"]), ["clip.mp4 – /", "clip.mp4 – v"]);
        // A folder whose path is the end of the other's.
        assert_eq!(names(&["b/clip.mp4", "a/b/clip.mp4"]), ["clip.mp4 – b", "clip.mp4 – a/b"]);
        assert_eq!(names(&["/a/clip.mp4", "/a/clip.mp4"]), ["clip.mp4"; 2], "it is the same file");
    }

    #[test]
    fn both_forms_of_a_name_are_one() {
        for (decomposed, name) in [("e\u{301}te\u{301}", "été"), ("u\u{308}ben", "üben"), ("手 a%20b#", "手 a%20b#")]
        {
            assert_eq!(composed(decomposed), name);
        }
    }
}
