//! Label formats by file extension.

use std::path::Path;

use crate::error::{Error, Result};
use crate::labels::formats::Format;

/// Returns the format that was named, or the one of the extension of `path`.
pub(super) fn format_of(named: Option<Format>, path: &Path) -> Result<Format> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let (_, ending) = name.trim_end_matches(".gz").rsplit_once('.').unwrap_or_default();
    match (named, ending) {
        (Some(format), _) => Ok(format),
        (None, "csv") => Ok(Format::Csv),
        (None, "eaf") => Ok(Format::Elan),
        (None, "boris") => Ok(Format::Boris),
        (None, "xml") => Ok(Format::Cvat),
        (None, _) => Err(Error::file(path, "unknown format for this extension", "Choose one with --format").as_usage()),
    }
}
