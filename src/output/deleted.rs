//! Deletion by a person: files are moved to a folder of deleted ones, not removed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The hidden folder of removed files and folders, beside their original location.
pub const DELETED: &str = ".deleted";

/// Moves the file or folder `path` to [`DELETED`] beside it, where it can be recovered, and returns its new path.
///
/// # Errors
/// If it cannot be moved.
pub fn move_to_deleted(path: &Path) -> Result<PathBuf> {
    let bin = path.parent().unwrap_or(Path::new(".")).join(DELETED);
    fs::create_dir_all(&bin).map_err(|error| Error::io(&bin, &error))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let places = (1..).map(|number| bin.join(if number == 1 { name.clone() } else { format!("{name}-{number}") }));
    let place =
        places.into_iter().find(|place| !place.exists()).expect("the numbers do not end before the disk is full");
    fs::rename(path, &place).map_err(|error| Error::io(path, &error))?;
    Ok(place)
}
