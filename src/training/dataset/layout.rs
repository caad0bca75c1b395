//! The layouts in which the field keeps its lists, and how one is recognised.

use std::fs;
use std::path::Path;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{text, thumos14, tsn};
use crate::error::{Error, Result};
use crate::video::is_hidden;

/// How a list of clips is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `Class/clip.avi id`, or without the id, and classes `id name` from 1
    Ucf101,
    /// A folder of `CLASS_test_splitN.txt` with `clip.avi 1`: 1 train, 2 test, 0 neither
    Hmdb51,
    /// `path frames label`, labels from 0; clips are folders of pictures or videos
    Tsn,
    /// A folder of `CLASS_val.txt` and `CLASS_test.txt` with `video start end`
    Thumos14,
    /// ActivityNet's JSON: videos with subset and annotated segments
    #[serde(rename = "activitynet")]
    #[value(name = "activitynet")]
    ActivityNet,
    /// `path,label[,start,end][,group]`, with or without a header
    Csv,
}

impl Layout {
    /// Recognises the layout of the list at `path` from its name and its first line.
    ///
    /// # Errors
    /// If the list cannot be read, or a folder holds no lists.
    pub(super) fn detect(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Self::of_folder(path);
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("json") => return Ok(Self::ActivityNet),
            Some("csv" | "tsv") => return Ok(Self::Csv),
            _ => {}
        }
        let lines = text::lines(path)?;
        Ok(if lines.first().is_some_and(|(_, line)| tsn::Fields::of(line).is_some()) {
            Self::Tsn
        } else {
            Self::Ucf101
        })
    }

    fn of_folder(folder: &Path) -> Result<Self> {
        let entries = fs::read_dir(folder).map_err(|error| Error::io(folder, &error))?;
        let names: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
            .filter(|name| !is_hidden(Path::new(name)))
            .collect();
        let ends = |endings: &[&str]| names.iter().any(|name| endings.iter().any(|ending| name.ends_with(ending)));
        if names.iter().any(|name| name.contains("_test_split")) {
            Ok(Self::Hmdb51)
        } else if ends(&[thumos14::VALIDATION, thumos14::TEST]) {
            Ok(Self::Thumos14)
        } else {
            Err(Error::file(
                folder,
                "the folder holds no lists",
                "Name a list, or the folder of HMDB51's CLASS_test_splitN.txt or THUMOS14's CLASS_val.txt",
            ))
        }
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
            Layout::detect(&path)
        };
        assert_eq!(at("list.txt", "\r\nwave/a b.avi 2\r\n"), Ok(Layout::Ucf101));
        assert_eq!(at("test.txt", "wave/v_wave_g01_c01.avi\n"), Ok(Layout::Ucf101));
        assert_eq!(at("rgb.txt", "wave/v 120 0\n"), Ok(Layout::Tsn));
        assert_eq!(at("a.JSON", ""), Ok(Layout::ActivityNet));
        assert_eq!(at("a.csv", ""), Ok(Layout::Csv));
        at("hmdb/wave_test_split1.txt", "").unwrap();
        at("thumos/Diving_val.txt", "").unwrap();
        assert_eq!(Layout::detect(&dir.path().join("hmdb")), Ok(Layout::Hmdb51));
        assert_eq!(Layout::detect(&dir.path().join("thumos")), Ok(Layout::Thumos14));
        fs::create_dir(dir.path().join("empty")).unwrap();
        assert!(Layout::detect(&dir.path().join("empty")).unwrap_err().cause.contains("no lists"));
    }
}
