//! Code shared by the formats: file names and valid sizes.

use std::path::Path;

use crate::error::{Error, Result};
use crate::flow::FlowField;

/// Returns the extension of `path` in small letters, empty if there is none.
pub(super) fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// Returns width and height of `field`, each at least 1 and less than 2³¹, which all formats can store.
pub(super) fn picture_size(path: &Path, field: &FlowField) -> Result<[u32; 2]> {
    let side = |length: usize| i32::try_from(length).ok().filter(|side| *side > 0).map(i32::cast_unsigned);
    match (side(field.width), side(field.height)) {
        (Some(width), Some(height)) => Ok([width, height]),
        _ => {
            let cause = format!("a flow field of {}×{} cannot be stored", field.width, field.height);
            Err(Error::file(path, cause, "Write a field with at least one vector"))
        }
    }
}
