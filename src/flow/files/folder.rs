//! The flow files in a folder, one per pair of frames.

use std::fs;
use std::path::{Path, PathBuf};

use super::{StreamPair, extension};
use crate::error::{Error, Result};
use crate::video::{is_hidden, natural_order};

/// Endings of files that may hold flow.
const EXTENSIONS: [&str; 5] = ["flo", "npy", "png", "jpg", "jpeg"];

/// Folders of horizontal components, as in Feichtenhofer's flow of UCF101.
const HORIZONTAL: [&str; 3] = ["u", "x", "flow_x"];

/// Returns the flow files in `folder`, in the order in which people count (`2.flo` before `10.flo`); of two pictures that belong
/// together, the first.
///
/// Single pictures that are no half of a pair count only if they are PNG, which may be KITTI's.
///
/// # Errors
/// If the folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| Error::io(folder, &error))?;
    let paths: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| !is_hidden(path)).collect();
    let mut files: Vec<PathBuf> = paths.iter().filter(|path| path.is_file() && holds_flow(path)).cloned().collect();
    files.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
    let components = HORIZONTAL.iter().map(|name| folder.join(name)).find(|folder| folder.is_dir());
    match components {
        Some(horizontal) if files.is_empty() => list(&horizontal),
        _ => Ok(files),
    }
}

fn holds_flow(path: &Path) -> bool {
    let extension = extension(path);
    let is_picture = ["jpg", "jpeg"].contains(&extension.as_str());
    match StreamPair::find(path) {
        Some(pair) => EXTENSIONS.contains(&extension.as_str()) && pair.x == path,
        None => EXTENSIONS.contains(&extension.as_str()) && !is_picture,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_order_in_which_people_count() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for number in 1..=12 {
            fs::write(dir.path().join(format!("flow_{number}.flo")), "").expect("writable");
        }
        fs::write(dir.path().join("._flow_1.flo"), "").expect("writable");
        let files = list(dir.path()).expect("readable");
        let expected: Vec<_> = (1..=12).map(|number| dir.path().join(format!("flow_{number}.flo"))).collect();
        assert_eq!(files, expected);
    }

    #[test]
    fn pairs_count_once_and_other_files_not_at_all() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().expect("inside")).expect("writable");
            fs::write(path, "").expect("writable");
        };
        ["b.flo", "a.npy", "flow_x_2.jpg", "flow_y_2.jpg", "photo.jpg", "notes.txt", "k.png"]
            .iter()
            .for_each(|name| write(name));
        let names = |folder: &Path| -> Vec<_> {
            list(folder)
                .expect("readable")
                .iter()
                .map(|path| path.strip_prefix(folder).expect("in it").to_owned())
                .collect()
        };
        assert_eq!(names(dir.path()), ["a.npy", "b.flo", "flow_x_2.jpg", "k.png"].map(PathBuf::from));
        ["sub/u/1.jpg", "sub/v/1.jpg"].iter().for_each(|name| write(name));
        assert_eq!(names(&dir.path().join("sub")), ["u/1.jpg"].map(PathBuf::from));
        assert!(list(&dir.path().join("missing")).is_err());
    }
}
