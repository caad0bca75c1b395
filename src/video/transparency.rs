//! Detection of transparent frames, of which only the colours are used.

use std::path::Path;

use ffmpeg::format::Pixel;
use ffmpeg::software::scaling;
use ffmpeg_next as ffmpeg;

use super::picture::{decode_picture, first_raw, is_for_ffmpeg};
use crate::error::Result;

/// The note for videos with transparent frames.
pub const TRANSPARENT: &str = "The video has transparent parts; transparency is ignored and colours are used as stored";

/// Alpha of opaque pixels.
const OPAQUE: u8 = 255;

/// Returns whether the image at `path` has transparent parts.
///
/// # Errors
/// If it cannot be read.
pub fn has_transparent_parts(path: &Path) -> Result<bool> {
    if is_for_ffmpeg(path) {
        return Ok(is_transparent(&first_raw(path)?));
    }
    let picture = decode_picture(path)?;
    Ok(picture.color().has_alpha() && picture.to_rgba8().pixels().any(|pixel| pixel[3] < OPAQUE))
}

/// Returns whether a raw picture has transparent parts.
pub(super) fn is_transparent(picture: &ffmpeg::frame::Video) -> bool {
    let components = picture.format().descriptor().map_or(0, |descriptor| descriptor.nb_components());
    // Grey or three colours, with alpha.
    matches!(components, 2 | 4) && alpha(picture).is_ok_and(|alpha| alpha.iter().any(|&alpha| alpha < OPAQUE))
}

fn alpha(picture: &ffmpeg::frame::Video) -> std::result::Result<Vec<u8>, ffmpeg::Error> {
    let (width, height) = (picture.width(), picture.height());
    let flags = scaling::Flags::POINT;
    let mut to_rgba = scaling::Context::get(picture.format(), width, height, Pixel::RGBA, width, height, flags)?;
    let mut rgba = ffmpeg::frame::Video::empty();
    to_rgba.run(picture, &mut rgba)?;
    let rows = rgba.data(0).chunks(rgba.stride(0)).take(height as usize);
    Ok(rows.flat_map(|row| row.iter().skip(3).step_by(4).take(width as usize)).copied().collect())
}
