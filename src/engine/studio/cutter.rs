//! Cuts clips out of videos, for formats that are made of clips.

use std::path::Path;

use crate::error::{Error, Result};
use crate::labels::formats::Cut;
use crate::video::{Geometry, Sizes, VideoReader, VideoWriter};

/// Longest side of a clip in pixels; larger videos are reduced to it.
const LONGEST: u32 = 1920;

/// Writes a clip.
///
/// # Errors
/// If the video cannot be read or the clip cannot be written; nothing is left behind then.
pub fn cut_clip(cut: &Cut) -> Result<()> {
    if let Some(folder) = cut.target.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))?;
    }
    let mut reader = VideoReader::open(&cut.video, Sizes { display_max: LONGEST, scaled: Vec::new() })?;
    let (frames, fps) = (reader.info().frames, reader.info().fps);
    let end = cut.end.unwrap_or(frames).min(frames);
    if cut.start >= end {
        return Err(nothing(&cut.video));
    }
    let mut writer = None;
    for index in cut.start..end {
        let picture = reader.frame(index)?.display;
        let writer = match &mut writer {
            Some(writer) => writer,
            none => {
                let (width, height) = picture.dimensions();
                none.insert(VideoWriter::create(&cut.target, Geometry { width, height }, fps)?)
            }
        };
        writer.push(&picture)?;
    }
    writer.map_or_else(|| Err(nothing(&cut.video)), VideoWriter::finish)
}

fn nothing(video: &Path) -> Error {
    Error::file(video, "the clip to be cut out of it begins after its end", "Correct the segment")
}
