//! Readers of the clips of a source, one for each layout.

mod activity_net;
mod class_index;
pub(super) mod clip_finder;
mod counting;
mod csv;
mod folder;
mod hmdb51;
mod thumos14;
mod tsn;
mod ucf101;

use std::fs;
use std::path::Path;

use super::listing::Listing;
use super::{DataSource, Layout, pieces, true_pairs};
use crate::annotations::text;
use crate::annotations::thumos14::{TEST, VALIDATION};
use crate::error::{Error, Result};
use crate::video::is_hidden;

/// Returns the class names in a file, one per line in label order; numbers before them must increase.
///
/// # Errors
/// A file that cannot be read, no name, a name that occurs twice, numbers out of order.
pub fn class_names(path: &Path) -> Result<Vec<String>> {
    class_index::ClassIndex::named(path).map(|classes| classes.names)
}

/// Reads the clips of `source`.
///
/// # Errors
/// If a list as a whole cannot be read; errors in its rows are among the problems.
pub(super) fn read(source: &DataSource) -> Result<Listing> {
    let list = match source {
        DataSource::Folder(folder) => return folder::read(folder),
        DataSource::Pieces(chosen) => {
            let mut listing = pieces::read(chosen)?;
            listing.drop_duplicates(true);
            return Ok(listing);
        }
        DataSource::Pairs(pairs) => return true_pairs::read(pairs),
        DataSource::List(list) => list,
    };
    if !list.clips.is_dir() {
        return Err(Error::file(&list.clips, "there is no such folder of clips", "Check the spelling of the path"));
    }
    let layout = list.layout.map_or_else(|| detect(&list.list), Ok)?;
    let mut listing = match layout {
        Layout::Ucf101 => ucf101::read(list),
        Layout::Hmdb51 => hmdb51::read(list),
        Layout::Tsn => tsn::read(list),
        Layout::Thumos14 => thumos14::read(list),
        Layout::ActivityNet => activity_net::read(list),
        Layout::Csv => csv::read(list),
    }?;
    listing.drop_duplicates(list.several);
    Ok(listing)
}

/// Detects the layout of the list at `path` from its name and its first line.
///
/// # Errors
/// If the list cannot be read, or a folder contains no lists.
fn detect(path: &Path) -> Result<Layout> {
    if path.is_dir() {
        return of_folder(path);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("json") => return Ok(Layout::ActivityNet),
        Some("csv" | "tsv") => return Ok(Layout::Csv),
        _ => {}
    }
    let lines = text::lines(path)?;
    Ok(if lines.first().is_some_and(|(_, line)| tsn::TsnFields::of(line).is_some()) {
        Layout::Tsn
    } else {
        Layout::Ucf101
    })
}

fn of_folder(folder: &Path) -> Result<Layout> {
    let entries = fs::read_dir(folder).map_err(|error| Error::io(folder, &error))?;
    let names: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| !is_hidden(Path::new(name)))
        .collect();
    let ends = |endings: &[&str]| names.iter().any(|name| endings.iter().any(|ending| name.ends_with(ending)));
    if names.iter().any(|name| name.contains("_test_split")) {
        Ok(Layout::Hmdb51)
    } else if ends(&[VALIDATION, TEST]) {
        Ok(Layout::Thumos14)
    } else {
        Err(Error::file(
            folder,
            "the folder holds no lists",
            "Name a list, or the folder of HMDB51's CLASS_test_splitN.txt or THUMOS14's CLASS_val.txt",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str, content: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            detect(&path)
        };
        assert_eq!(at("list.txt", "\r\nwave/a b.avi 2\r\n"), Ok(Layout::Ucf101));
        assert_eq!(at("test.txt", "wave/v_wave_g01_c01.avi\n"), Ok(Layout::Ucf101));
        assert_eq!(at("rgb.txt", "wave/v 120 0\n"), Ok(Layout::Tsn));
        assert_eq!(at("a.JSON", ""), Ok(Layout::ActivityNet));
        assert_eq!(at("a.csv", ""), Ok(Layout::Csv));
        at("hmdb/wave_test_split1.txt", "").unwrap();
        at("thumos/Diving_val.txt", "").unwrap();
        assert_eq!(detect(&dir.path().join("hmdb")), Ok(Layout::Hmdb51));
        assert_eq!(detect(&dir.path().join("thumos")), Ok(Layout::Thumos14));
        fs::create_dir(dir.path().join("empty")).unwrap();
        assert!(detect(&dir.path().join("empty")).unwrap_err().cause.contains("no lists"));
    }
}
