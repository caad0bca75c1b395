//! A whole clip at once, for training.

use std::path::Path;
use std::sync::Arc;

use image::RgbImage;

use super::Geometry;
use super::reader::VideoReader;
use crate::error::Result;

/// All frames of a clip in presentation order, or the first `max_frames`, stretched to `geometry`.
///
/// # Errors
/// As [`VideoReader::open`]. Damaged parts are warned of in the log and show the frame before them.
pub fn decode_clip(path: &Path, geometry: Geometry, max_frames: Option<usize>) -> Result<Vec<RgbImage>> {
    let mut reader = VideoReader::open_bare(path)?;
    reader.set_outputs(vec![geometry]);
    let count = reader.info().frames.min(max_frames.unwrap_or(usize::MAX));
    let mut frames = Vec::with_capacity(count);
    for index in 0..count {
        let pictures = reader.pictures_unless(index, &|| false)?.unwrap_or_default();
        frames.extend(pictures.into_iter().map(Arc::unwrap_or_clone));
    }
    for warning in reader.take_warnings() {
        tracing::warn!("{warning}");
    }
    Ok(frames)
}
