//! The stored form of video paths in a project.

use std::ffi::{OsStr, OsString};
use std::path::{Component, MAIN_SEPARATOR, Path, PathBuf, absolute};

/// Conversion of a video's path to text: relative to the project's folder with `/` as separator, so that both can be
/// moved together, or absolute if they have no common folder. Invalid Unicode and `%` are percent-encoded.
pub struct StoredPath;

impl StoredPath {
    /// Returns the stored form of `path`.
    pub fn encode(path: &Path, project_dir: &Path) -> String {
        let (path, dir) = (plain(path), plain(project_dir));
        let (path_parts, dir_parts): (Vec<_>, Vec<_>) = (path.components().collect(), dir.components().collect());
        let shared = path_parts.iter().zip(&dir_parts).take_while(|(one, other)| one == other).count();
        let mut names = Vec::new();
        if path_parts[..shared].iter().any(|part| matches!(part, Component::Normal(_))) {
            names.extend(dir_parts[shared..].iter().map(|_| "..".to_owned()));
            names.extend(path_parts[shared..].iter().map(|part| encode_name(part.as_os_str())));
            return names.join("/");
        }
        for part in path_parts {
            names.push(match part {
                Component::Prefix(prefix) => {
                    prefix.as_os_str().to_string_lossy().replace(MAIN_SEPARATOR, "/") // `C:`, `//server/share`
                }
                Component::RootDir => String::new(),
                part => encode_name(part.as_os_str()),
            });
        }
        names.join("/")
    }

    /// Returns the path encoded by `stored`.
    pub fn decode(stored: &str, project_dir: &Path) -> PathBuf {
        let mut path = PathBuf::new();
        let root = stored.len() - stored.trim_start_matches('/').len();
        path.push(&stored[..root]);
        for (place, name) in stored[root..].split('/').enumerate() {
            let is_drive = place == 0 && root == 0 && cfg!(windows) && name.len() == 2 && name.ends_with(':');
            match is_drive {
                true => path.push(format!("{name}{MAIN_SEPARATOR}")),
                false => path.push(decode_name(name)),
            }
        }
        plain(&project_dir.join(path))
    }

    /// Returns the decoded text of `stored` for other programs; unchanged if that is not printable Unicode.
    pub fn plain(stored: &str) -> String {
        let names = stored.split('/').map(|name| decode_name(name).into_string().ok());
        let names: Option<Vec<_>> = names.map(|name| name.filter(|name| !name.contains(char::is_control))).collect();
        names.map_or_else(|| stored.to_owned(), |names| names.join("/"))
    }
}

/// Returns the absolute path, with `.` and `..` resolved lexically, without following links.
fn plain(path: &Path) -> PathBuf {
    let path = absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = plain.pop(),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// Encodes a name as text.
#[cfg(unix)]
fn encode_name(name: &OsStr) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut encoded = String::with_capacity(name.len());
    for chunk in name.as_bytes().utf8_chunks() {
        encode_text(&mut encoded, chunk.valid());
        escape(&mut encoded, chunk.invalid());
    }
    encoded
}

/// Returns a name as text; names that are not valid text, which other programs hardly ever create, lose the invalid
/// part.
#[cfg(not(unix))]
fn encode_name(name: &OsStr) -> String {
    let mut encoded = String::with_capacity(name.len());
    encode_text(&mut encoded, &name.to_string_lossy());
    encoded
}

fn encode_text(encoded: &mut String, text: &str) {
    for character in text.chars() {
        if character.is_control() || matches!(character, '%' | '\\') {
            escape(encoded, character.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            encoded.push(character);
        }
    }
}

fn escape(encoded: &mut String, bytes: &[u8]) {
    encoded.extend(bytes.iter().map(|byte| format!("%{byte:02X}")));
}

/// Returns the name encoded by a text. A `%` that is not followed by two digits is literal.
fn decode_name(text: &str) -> OsString {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let digits = others.get(..2).filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let escaped = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &others[2..] } else { others };
    }
    os_string(bytes)
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_project_where_they_can_be() {
        let dir = Path::new("/home/me/project");
        for (path, stored) in [
            ("/home/me/project/clips/a.mp4", "clips/a.mp4"),
            ("/home/me/videos/b.mp4", "../videos/b.mp4"),
            ("/mnt/c.mp4", "/mnt/c.mp4"),
            ("/home/me/project/../d.mp4", "../d.mp4"),
            ("/home/me/project/100%.mp4", "100%25.mp4"),
            ("/home/me/project/two\nlines \\ 🏌️.mp4", "two%0Alines %5C 🏌️.mp4"),
        ] {
            assert_eq!(StoredPath::encode(Path::new(path), dir), stored);
            assert_eq!(StoredPath::decode(stored, dir), plain(Path::new(path)));
        }
        assert_eq!(StoredPath::decode("50%_a%zz.mp4", dir), Path::new("/home/me/project/50%_a%zz.mp4"));
    }

    #[test]
    fn any_bytes_and_any_length_come_back() {
        let dir = Path::new("/p");
        let name: Vec<u8> = (1..=255).filter(|byte| *byte != b'/').collect();
        let path = Path::new("/p").join(os_string(name)).join("x".repeat(5000));
        let stored = StoredPath::encode(&path, dir);
        assert!(!stored.contains(char::is_control));
        assert_eq!(StoredPath::decode(&stored, dir), path);
    }
}
