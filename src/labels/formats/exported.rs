//! Exported labels: files, clips to be cut out, and notes on what the format cannot hold.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::annotation_set::AnnotatedClip;
use super::cut::Cut;
use crate::error::{Error, Result};
use crate::output::Staging;

/// Labels in another format, before or after they are written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exported {
    /// The files.
    pub files: Vec<PathBuf>,
    /// The content of each file.
    texts: Vec<String>,
    /// Clips to be extracted from their videos.
    pub cuts: Vec<Cut>,
    /// Notes on what the format could not hold.
    pub notes: Vec<Error>,
    /// `true` if labels that cannot be read are missing, or videos have changed since they were labelled; the notes
    /// name them.
    pub is_doubtful: bool,
}

impl Exported {
    /// Writes the files into `staging`, which must contain all of them; those with the extension `.gz` are compressed.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn stage(&self, staging: &Staging) -> Result<()> {
        for (file, text) in self.files.iter().zip(&self.texts) {
            let is_packed = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
            let staged = staging.file(file)?;
            let written = if is_packed { write_packed(&staged, text) } else { fs::write(&staged, text) };
            written.map_err(|error| Error::io(file, &error))?;
        }
        Ok(())
    }
}

fn write_packed(path: &Path, text: &str) -> std::io::Result<()> {
    let mut encoder = GzEncoder::new(fs::File::create(path)?, Compression::default());
    encoder.write_all(text.as_bytes())?;
    encoder.finish().map(drop)
}

/// Adds one file to an export.
pub(super) fn write_file(path: &Path, text: &str, exported: &mut Exported) -> Result<()> {
    exported.files.push(path.to_owned());
    exported.texts.push(text.to_owned());
    Ok(())
}

/// Adds a note on `count` items that the format cannot hold.
pub(super) fn note_lost(exported: &mut Exported, target: &Path, count: usize, what: &str, remedy: &str) {
    if count > 0 {
        exported.notes.push(Error::file(target, format!("{what}: {count}"), remedy));
    }
}

/// Adds a note on segments whose times are unknown.
pub(super) fn note_timeless(exported: &mut Exported, target: &Path, count: usize) {
    let what = "segments skipped, because the frame rate of their videos is unknown";
    note_lost(exported, target, count, what, "Check the project's videos and export again");
}

/// Returns the path of the file of a clip: in folders like the video's, without those that lead out of the project's
/// folder.
pub(super) fn free_path(clip: &AnnotatedClip, ending: &str, used: &mut BTreeSet<String>) -> PathBuf {
    let mut folders: Vec<_> = clip.path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
    folders.pop();
    let folder: PathBuf = folders.iter().map(|part| part.replace([':', '\\'], "_")).collect();
    let stem: String = clip.stem().chars().take(100).collect();
    let name = |number: usize| match number {
        1 => folder.join(format!("{stem}.{ending}")),
        _ => folder.join(format!("{stem}~{number}.{ending}")),
    };
    // Some disks are case-insensitive.
    let mut names = (1..).map(name);
    names.find(|path| used.insert(path.to_string_lossy().to_lowercase())).expect("there are numbers enough")
}
