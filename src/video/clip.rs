//! A whole clip at once, for training: a video, a part of one, or a folder of pictures.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use image::RgbImage;

use super::Geometry;
use super::frame_folder::FrameFolder;
use super::reader::VideoReader;
use crate::error::{Error, Result};

/// All frames of a clip in presentation order, or the first `max_frames`, stretched to `geometry`. The clip is a video or a
/// folder of pictures, one a frame.
///
/// # Errors
/// As [`VideoReader::open`]; a folder without frames. Damaged parts of a video are warned of in the log and show the frame
/// before them.
pub fn decode_clip(path: &Path, geometry: Geometry, max_frames: Option<usize>) -> Result<Vec<RgbImage>> {
    decode_segment(path, None, geometry, max_frames)
}

/// As [`decode_clip`], but only what is shown from the first of `segment_secs` until the second, in seconds after the first
/// frame; at least one frame.
///
/// # Errors
/// Besides those of [`decode_clip`], a segment that begins after the video has ended, and any segment of a folder of
/// pictures, which have no times.
pub fn decode_segment(
    path: &Path,
    segment_secs: Option<[f64; 2]>,
    geometry: Geometry,
    max_frames: Option<usize>,
) -> Result<Vec<RgbImage>> {
    let limit = max_frames.unwrap_or(usize::MAX);
    if path.is_dir() {
        let folder = FrameFolder::open(path)?;
        refuse_segment(path, segment_secs)?;
        return (0..folder.len().min(limit)).map(|index| folder.frame(index, geometry)).collect();
    }
    let mut reader = VideoReader::open_bare(path)?;
    let indices = segment_frames(&reader, segment_secs)?;
    reader.set_outputs(vec![geometry]);
    let mut frames = Vec::with_capacity(indices.len().min(limit));
    for index in indices.take(limit) {
        let pictures = reader.pictures_unless(index, &|| false)?.unwrap_or_default();
        frames.extend(pictures.into_iter().map(Arc::unwrap_or_clone));
    }
    for warning in reader.take_warnings() {
        tracing::warn!("{warning}");
    }
    Ok(frames)
}

/// The frame that [`decode_segment`] begins with.
///
/// # Errors
/// As [`decode_segment`], of a video.
pub fn first_frame(path: &Path, segment_secs: Option<[f64; 2]>) -> Result<usize> {
    match segment_secs {
        None => Ok(0),
        Some(_) => Ok(segment_frames(&VideoReader::open_bare(path)?, segment_secs)?.start),
    }
}

/// When the frames `frames` of a video are shown, as [`decode_segment`] takes it: from the middle of the first to the middle of the
/// last. Frames beyond the end are left out.
///
/// # Errors
/// If the video cannot be read or has none of these frames, and for a folder of pictures.
pub fn frames_secs(path: &Path, frames: Range<usize>) -> Result<[f64; 2]> {
    let shown = [frames.start, frames.end];
    if path.is_dir() {
        refuse_segment(path, Some(shown.map(|frame| frame as f64)))?;
    }
    let reader = VideoReader::open_bare(path)?;
    let last = frames.end.min(reader.info().frames).saturating_sub(1);
    if frames.start > last || frames.is_empty() {
        let cause =
            format!("it has {} frames, none of them between {} and {}", reader.info().frames, shown[0], shown[1]);
        return Err(Error::file(path, cause, "The video has changed since it was labelled: look at its segments"));
    }
    Ok([frames.start, last].map(|frame| {
        let span = reader.span_secs(frame);
        (span.start + span.end) / 2.0
    }))
}

fn refuse_segment(path: &Path, segment_secs: Option<[f64; 2]>) -> Result<()> {
    match segment_secs {
        None => Ok(()),
        Some(_) => Err(Error::file(
            path,
            "pictures in a folder have no times to find a segment by",
            "Name the video itself, or a folder with the pictures of the segment alone",
        )),
    }
}

/// The frames of which something is shown between the two times; all without any.
fn segment_frames(reader: &VideoReader, segment_secs: Option<[f64; 2]>) -> Result<Range<usize>> {
    let info = reader.info();
    let Some([start, end]) = segment_secs else { return Ok(0..info.frames) };
    if start >= info.duration_secs {
        let cause = format!("the segment begins at {start} s and the video ends at {:.2} s", info.duration_secs);
        return Err(Error::file(&info.path, cause, "Correct the segment, or copy the whole video again"));
    }
    let (first, last) = (reader.frame_at(start), reader.frame_at(end));
    // The frame that begins just when the segment ends is not part of it.
    let end_is_open = last > first && reader.span_secs(last).start >= end;
    Ok(first..if end_is_open { last } else { last + 1 })
}
