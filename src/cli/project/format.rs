//! Formats by their names on the command line.

use std::path::Path;

use clap::ValueEnum;

use crate::error::{Error, Result};
use crate::labels::formats::Format;

/// `--format`
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum FormatName {
    /// Everything, as JSON
    Json,
    /// A table of path, label, start, end
    Csv,
    /// Lists as UCF101's, and clips that are cut out
    Ucf,
    /// ActivityNet's JSON
    ActivityNet,
    /// ELAN's .eaf files
    Elan,
    /// A project of BORIS, or a table of its events
    Boris,
    /// "CVAT for video 1.1"
    Cvat,
    /// Tasks of Label Studio
    LabelStudio,
    /// JSON files of X-AnyLabeling's video classifier
    XAnyLabeling,
}

/// The format that was named, or that the ending of `path` tells.
pub(super) fn format_of(name: Option<FormatName>, path: &Path) -> Result<Format> {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match (name, ending.as_str()) {
        (Some(name), _) => Ok(name.into()),
        (None, "csv") => Ok(Format::Csv),
        (None, "eaf") => Ok(Format::Elan),
        (None, "boris") => Ok(Format::Boris),
        (None, "xml") => Ok(Format::Cvat),
        (None, _) => Err(Error::file(path, "its ending does not tell the format", "Name it with --format")),
    }
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Json => Self::Json,
            FormatName::Csv => Self::Csv,
            FormatName::Ucf => Self::UcfLists,
            FormatName::ActivityNet => Self::ActivityNet,
            FormatName::Elan => Self::Elan,
            FormatName::Boris => Self::Boris,
            FormatName::Cvat => Self::Cvat,
            FormatName::LabelStudio => Self::LabelStudio,
            FormatName::XAnyLabeling => Self::XAnyLabeling,
        }
    }
}
