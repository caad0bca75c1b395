//! File and class names: Unicode normalisation, hidden files, and similar names.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use icu_normalizer::ComposingNormalizerBorrowed;
use strsim::damerau_levenshtein;

use crate::files;

/// Returns the name in Unicode normalisation form C. macOS stores file names in form D, so names are compared in this
/// form.
pub(crate) fn composed(name: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(name)
}

/// Returns whether both lists contain the same names in the same order, after Unicode normalisation.
pub(crate) fn are_alike(some: &[String], others: &[String]) -> bool {
    some.iter().map(|name| composed(name)).eq(others.iter().map(|name| composed(name)))
}

/// Returns a key that is equal for spellings of a class name that differ only in case, spaces, hyphens and underscores:
/// `Kick Ball` and `kick_ball`.
fn class_key(name: &str) -> String {
    let is_between = |c: char| c.is_whitespace() || c == '-' || c == '_';
    let lower = composed(name).to_lowercase();
    lower.split(is_between).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

/// The classes that match a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Alike {
    None,
    One(usize),
    /// Classes with the same key, none of which matches exactly.
    Several(Vec<usize>),
}

/// Returns which of `classes` matches `name`: the one with exactly this name after Unicode normalisation, else the only
/// one with the same [key](class_key).
pub(crate) fn class_alike<'a>(classes: impl Iterator<Item = &'a str> + Clone, name: &str) -> Alike {
    let wanted = composed(name);
    if let Some(place) = classes.clone().position(|class| composed(class) == wanted) {
        return Alike::One(place);
    }
    let key = class_key(name);
    let alike = classes.enumerate().filter(|(_, class)| class_key(class) == key).map(|(place, _)| place);
    match alike.collect::<Vec<_>>().as_slice() {
        [] => Alike::None,
        [place] => Alike::One(*place),
        several => Alike::Several(several.to_vec()),
    }
}

/// Returns groups of indices of names in `classes` with the same [key](class_key), which are spellings of one class.
pub(crate) fn alike_classes(classes: &[String]) -> Vec<Vec<usize>> {
    let mut keys: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    classes.iter().enumerate().for_each(|(place, class)| keys.entry(class_key(class)).or_default().push(place));
    keys.into_values().filter(|places| places.len() > 1).collect()
}

/// The file with the exact name of a class, in a folder that cannot have that name.
pub(crate) const CLASS_FILE: &str = ".class";

/// Returns a unique folder name for the class that is valid on any system: forbidden characters are replaced by their
/// full-width forms. `None` if nothing else remains.
pub(crate) fn folder_name(class: &str) -> Option<String> {
    let class = class.trim();
    let is_refused = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    if !class.chars().any(|c| !is_refused(c) && c != '.' && !c.is_whitespace()) {
        return None;
    }
    // A leading dot would hide the folder, and a trailing dot is invalid on some systems.
    let first = class.len() - class.trim_start_matches('.').len();
    let last = class.trim_end_matches('.').len();
    let is_outer_dot = |(at, c): (usize, char)| c == '.' && (at < first || at >= last);
    let safe = |(at, c): (usize, char)| match u32::from(c) {
        _ if is_outer_dot((at, c)) => '．',
        code @ 0..=0x1f => char::from_u32(0x2400 + code).unwrap_or('_'), // symbols for control characters
        code @ 0x20..=0x7e if is_refused(c) => char::from_u32(0xfee0 + code).unwrap_or('_'),
        _ if is_refused(c) => '_',
        _ => c,
    };
    Some(class.char_indices().map(safe).collect())
}

/// Returns the class of the clips in `folder`: the exact name in its [`CLASS_FILE`], unless the folder was renamed
/// since, else the folder's name. `None` if that is not valid Unicode.
pub(crate) fn class_of_folder(folder: &Path) -> Option<String> {
    let name = composed(folder.file_name()?.to_str()?).into_owned();
    let exact = files::read_to_string(folder.join(CLASS_FILE)).ok().map(|text| composed(text.trim()).into_owned());
    let exact = exact.filter(|class| folder_name(class).is_some_and(|called| composed(&called) == name));
    Some(exact.unwrap_or(name))
}

/// Minimum length of a word to match the beginning of a name.
const SHORTEST_BEGINNING: usize = 3;

/// Returns which of `names` was probably meant by `word`: one within a few typing errors, or with the same beginning.
pub(crate) fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let slips = |name: &str| {
        let begins_alike = name.starts_with(&word) || word.starts_with(name);
        if begins_alike && word.chars().count() >= SHORTEST_BEGINNING { 1 } else { damerau_levenshtein(&word, name) }
    };
    let most = (word.chars().count() / 3).max(1);
    names.iter().copied().filter(|name| slips(name) <= most).min_by_key(|name| slips(name))
}

/// Returns `path` if it exists, else the first file or folder there with the same name in another Unicode form.
pub(crate) fn in_any_form(path: &Path) -> Option<PathBuf> {
    if path.exists() {
        return Some(path.to_owned());
    }
    if path.to_str().is_none_or(str::is_ascii) {
        return None; // ASCII names have only one form.
    }
    let mut found = path.ancestors().find(|folder| folder.is_dir())?.to_owned();
    for part in path.strip_prefix(&found).ok()? {
        let wanted = composed(part.to_str()?);
        let is_alike = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| composed(name) == wanted)
        };
        let entries = fs::read_dir(&found).ok()?.flatten().map(|entry| entry.path());
        found = entries.filter(is_alike).min()?;
    }
    Some(found)
}

/// Returns whether both paths are the same file, as two Unicode forms of a name are on macOS.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let key = |path: &Path| fs::metadata(path).map(|facts| (facts.dev(), facts.ino())).ok();
        key(one).is_some_and(|key_of_one| key(other) == Some(key_of_one))
    }
    #[cfg(not(unix))]
    {
        let real = |path: &Path| fs::canonicalize(path).ok();
        real(one).is_some_and(|real_of_one| real(other) == Some(real_of_one))
    }
}

/// Files and folders created by operating systems, besides those with a leading dot.
const OF_SYSTEMS: [&str; 7] =
    ["thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "__macosx", "$recycle.bin", "system volume information"];

/// Returns whether listings of clips skip `path` regardless of its content: the name begins with a dot (`.DS_Store`,
/// and `._a.mp4`, which macOS creates beside `a.mp4`), or belongs to an operating system.
pub fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        let is_of_a_system =
            || name.to_str().is_some_and(|name| OF_SYSTEMS.iter().any(|known| known.eq_ignore_ascii_case(name)));
        name.as_encoded_bytes().starts_with(b".") || is_of_a_system()
    })
}

/// Returns the file name of each of `paths`. If several are equal, the minimum number of distinguishing parent folders
/// is added: `clip.mp4 – day2`.
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

/// Returns the last `count` parent folders of `path`.
fn last_folders(path: &Path, count: usize) -> PathBuf {
    let folders: Vec<_> = path.parent().into_iter().flat_map(Path::components).collect();
    folders[folders.len().saturating_sub(count)..].iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_of_one_class_have_one_key() {
        for name in ["kick_ball", "Kick Ball", "kick-ball", "KICK__BALL ", "kick ball"] {
            assert_eq!(class_key(name), "kick_ball", "{name}");
        }
        assert_eq!(class_key("e\u{301}te\u{301}"), class_key("ÉTÉ"));
        assert_ne!(class_key("kickball"), class_key("kick ball"), "words stay apart");
        let classes = ["Kick Ball", "wave", "kick_ball", "kickball"].map(str::to_owned);
        assert_eq!(alike_classes(&classes), [[0, 2]]);
    }

    #[test]
    fn the_nearest_name_is_a_slip_away() {
        let names = ["crop", "frames", "resolution"];
        assert_eq!(
            [nearest("crp", &names), nearest("Frame", &names), nearest("rule", &names)],
            [Some("crop"), Some("frames"), None]
        );
    }

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
        // One folder's path is the end of the other's.
        assert_eq!(names(&["b/clip.mp4", "a/b/clip.mp4"]), ["clip.mp4 – b", "clip.mp4 – a/b"]);
        assert_eq!(names(&["/a/clip.mp4", "/a/clip.mp4"]), ["clip.mp4"; 2], "it is the same file");
    }

    #[test]
    fn files_are_found_by_either_form_of_their_names() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("e\u{301}te\u{301}")).unwrap();
        fs::write(at("e\u{301}te\u{301}/u\u{308}.mp4"), "").unwrap();
        let found = in_any_form(&at("été/ü.mp4")).unwrap();
        assert!(is_same_file(&found, &at("e\u{301}te\u{301}/u\u{308}.mp4")));
        assert_eq!((in_any_form(&at("été/o.mp4")), in_any_form(&at("none.mp4"))), (None, None));
        fs::write(dir.path().join("plain"), "").unwrap();
        assert!(!is_same_file(&found, &at("plain")) && !is_same_file(&at("none"), &at("none")));
    }

    #[test]
    fn both_forms_of_a_name_are_one() {
        for (decomposed, name) in [("e\u{301}te\u{301}", "été"), ("u\u{308}ben", "üben"), ("手 a%20b#", "手 a%20b#")]
        {
            assert_eq!(composed(decomposed), name);
            let lists = [vec!["a".to_owned(), decomposed.into()], vec!["a".into(), name.into()]];
            assert!(are_alike(&lists[0], &lists[1]) && !are_alike(&lists[0], &lists[1][..1]));
            assert!(!are_alike(&lists[0], &[name.into(), "a".into()]));
        }
    }

    #[test]
    fn any_class_has_a_folder_of_its_own_that_every_system_takes() {
        assert_eq!(folder_name("wave"), Some("wave".into()));
        assert_eq!(folder_name(" a/b: “c”, d\\e? "), Some("a／b： “c”, d＼e？".into()));
        assert_eq!(folder_name("../../etc"), Some("．．／..／etc".into()));
        let names = ["a/b", "a:b", "a_b", "a\\b", "a?b", "a.b", "ab.", "ab", ".ab", "a\tb", "a|b"].map(folder_name);
        let distinct: HashSet<_> = names.iter().flatten().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
        assert_eq!(folder_name("手を振る 👋"), Some("手を振る 👋".into()));
        for class in ["", "  ", ".", "..", "/", "\0"] {
            assert_eq!(folder_name(class), None, "{class:?}");
        }
    }

    #[test]
    fn the_exact_name_of_a_class_is_in_its_folder_until_that_is_renamed() {
        let dir = tempfile::tempdir().unwrap();
        let class = |folder: &str| class_of_folder(&dir.path().join(folder));
        let write = |folder: &str, class: &str| {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
            fs::write(dir.path().join(folder).join(CLASS_FILE), class).unwrap();
        };
        assert_eq!(class("two／hands").as_deref(), Some("two／hands"), "a class may be called so");
        write("two／hands", "two/hands\n");
        assert_eq!(class("two／hands").as_deref(), Some("two/hands"));
        write("one hand", "two/hands\n");
        assert_eq!(class("one hand").as_deref(), Some("one hand"));
    }
}
