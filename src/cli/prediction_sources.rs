//! Predictions where a command also reads labels.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::labels::Project;
use crate::predictions::prediction_files;

/// Returns the files of predictions that `source` names; `None` if it names labels. Predictions in the folder of a project are to be
/// named by themselves.
pub(super) fn predictions_at(source: &Path) -> Result<Option<Vec<PathBuf>>> {
    if source.join(Project::FILE).is_file() {
        return Ok(None);
    }
    Ok(Some(prediction_files(source)?).filter(|files| !files.is_empty()))
}
