//! Pairing of the horizontal and vertical flow images of two-stream networks.

use std::path::{Path, PathBuf};

/// Anywhere in a file's name: `flow_x_00001.jpg` beside `flow_y_00001.jpg`, as dense_flow and MMAction write them.
const IN_NAMES: [&str; 2] = ["flow_x", "flow_y"];

/// At the beginning of a file's name: `x_00001.jpg` beside `y_00001.jpg`.
const PREFIXES: [&str; 2] = ["x_", "y_"];

/// Names of the folder of the pictures, or of the one above it: `u/CLIP/frame000001.jpg` and `v/CLIP/frame000001.jpg`, as
/// in Feichtenhofer's flow of UCF101.
const FOLDERS: [[&str; 2]; 3] = [["u", "v"], ["x", "y"], ["flow_x", "flow_y"]];

/// The two grey pictures of one flow field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPair {
    /// The picture of the horizontal component.
    pub x: PathBuf,
    /// The picture of the vertical component.
    pub y: PathBuf,
}

impl StreamPair {
    /// Returns the pair named by the file name of `path`: `flow_x…`/`flow_y…` or `x_…`/`y_…` in the same folder.
    pub fn named(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (which, other) = swapped_name(name)?;
        Some(Self::new(which, path.into(), path.with_file_name(other)))
    }

    /// Returns the pair that `path` is half of, if both files exist: next to each other, or in folders `u` and `v`.
    ///
    /// A file that is named as a half makes a pair even where the other half is missing.
    pub fn find(path: &Path) -> Option<Self> {
        let named = Self::named(path);
        let exists = |pair: &Self| pair.x.is_file() && pair.y.is_file();
        let in_folders = || {
            let across = Self::in_folders(path)?;
            // Folder and name change together: u/x_00001.jpg and v/y_00001.jpg.
            let renamed = named.as_ref().map(|named| Self {
                x: across.x.with_file_name(named.x.file_name().unwrap_or_default()),
                y: across.y.with_file_name(named.y.file_name().unwrap_or_default()),
            });
            [renamed, Some(across)].into_iter().flatten().find(exists)
        };
        named.clone().filter(exists).or_else(in_folders).or(named.clone())
    }

    fn in_folders(path: &Path) -> Option<Self> {
        path.ancestors().skip(1).take(2).find_map(|folder| {
            let name = folder.file_name()?.to_str()?;
            let (which, names) =
                FOLDERS.iter().find_map(|names| Some((names.iter().position(|n| *n == name)?, names)))?;
            let inside = path.strip_prefix(folder).ok()?;
            Some(Self::new(which, path.into(), folder.with_file_name(names[1 - which]).join(inside)))
        })
    }

    /// Returns the pair of `given`, component number `which`, and `other`.
    fn new(which: usize, given: PathBuf, other: PathBuf) -> Self {
        match which {
            0 => Self { x: given, y: other },
            _ => Self { x: other, y: given },
        }
    }
}

/// Returns which component the file `name` holds, and the name of the other one.
fn swapped_name(name: &str) -> Option<(usize, String)> {
    let inside = (0..2).find_map(|which| {
        let at = name.rfind(IN_NAMES[which])?;
        let end = at + IN_NAMES[which].len();
        Some((which, format!("{}{}{}", &name[..at], IN_NAMES[1 - which], &name[end..])))
    });
    let in_front = || {
        (0..2).find_map(|which| {
            let rest = name.strip_prefix(PREFIXES[which])?;
            Some((which, format!("{}{rest}", PREFIXES[1 - which])))
        })
    };
    inside.or_else(in_front)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(x: &str, y: &str) -> Option<StreamPair> {
        Some(StreamPair { x: x.into(), y: y.into() })
    }

    #[test]
    fn either_name_gives_the_pair() {
        for path in ["a/flow_x_00001.jpg", "a/flow_y_00001.jpg"] {
            assert_eq!(StreamPair::named(Path::new(path)), pair("a/flow_x_00001.jpg", "a/flow_y_00001.jpg"));
        }
        assert_eq!(StreamPair::named(Path::new("y_00001.png")), pair("x_00001.png", "y_00001.png"));
        assert_eq!(StreamPair::named(Path::new("clip-flow_x.png")), pair("clip-flow_x.png", "clip-flow_y.png"));
        assert_eq!(StreamPair::named(Path::new("000000_10.png")), None);
        assert_eq!(StreamPair::named(Path::new("")), None);
    }

    #[test]
    fn folders_count_where_the_other_half_lies_there() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let at = |rel: &str| dir.path().join(rel);
        for rel in ["u/clip/frame1.jpg", "v/clip/frame1.jpg", "u/x_1.png", "v/y_1.png", "u/alone.png"] {
            std::fs::create_dir_all(at(rel).parent().expect("inside")).expect("writable");
            std::fs::write(at(rel), "").expect("writable");
        }
        let expected = Some(StreamPair { x: at("u/clip/frame1.jpg"), y: at("v/clip/frame1.jpg") });
        assert_eq!(StreamPair::find(&at("u/clip/frame1.jpg")), expected);
        assert_eq!(StreamPair::find(&at("v/clip/frame1.jpg")), expected);
        assert_eq!(StreamPair::find(&at("v/y_1.png")), Some(StreamPair { x: at("u/x_1.png"), y: at("v/y_1.png") }));
        assert_eq!(StreamPair::find(&at("u/alone.png")), None);
        let missing = Some(StreamPair { x: at("flow_x.jpg"), y: at("flow_y.jpg") });
        assert_eq!(StreamPair::find(&at("flow_x.jpg")), missing, "its name leaves no doubt");
    }
}
