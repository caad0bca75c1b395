//! A folder per class.

use std::fs;
use std::path::{Path, PathBuf};

use super::LabelledClip;
use super::labelled_clip::group_of;
use super::listing::{Listing, Place, Row};
use crate::error::{Error, Result};
use crate::video::is_video;

/// A sub-folder per class, in alphabetical order; files that are not videos are passed over, and so are folders without any.
pub(super) fn read(folder: &Path) -> Result<Listing> {
    let mut listing = Listing::default();
    for class in sorted_entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let files: Vec<_> = sorted_entries(&class)?.into_iter().filter(|path| is_video(path)).collect();
        if files.is_empty() {
            continue;
        }
        let name = class.file_name().unwrap_or_default().to_string_lossy().into_owned();
        listing.rows.extend(files.into_iter().map(|path| Row {
            place: Place::whole(&path),
            clip: LabelledClip {
                group: group_of(&path, &name),
                path,
                label: listing.classes.len(),
                segment_secs: None,
            },
            frames: None,
        }));
        listing.classes.push(name);
    }
    Ok(listing)
}

fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| Error::io(folder, &error))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_without_clips_are_no_classes() {
        let dir = tempfile::tempdir().unwrap();
        for class in ["b", "a", "empty"] {
            fs::create_dir(dir.path().join(class)).unwrap();
        }
        for file in ["b/1.mp4", "a/2.avi", "a/notes.txt"] {
            fs::write(dir.path().join(file), "").unwrap();
        }
        let listing = read(dir.path()).unwrap();
        assert_eq!(listing.classes, ["a", "b"]);
        assert_eq!(listing.rows.len(), 2);
    }
}
