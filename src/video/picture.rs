//! Image files: PNG, JPEG and PPM by their content, BMP, TIFF and WebP by FFmpeg.

use std::io::{BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use image::{DynamicImage, ImageFormat, ImageReader, Limits, RgbImage};

use super::StopFlag;
use super::converter::Converter;
use super::frame_decoder::Purpose;
use super::raw_frames::UnlistedFrames;
use super::shown_size::upright;
use crate::error::{Error, Result};
use crate::files;

/// Size limit of image files.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// Maximum ratio of decoded size to file size: deflate reaches 1032 and JPEG's entropy coding 1024.
const MAX_COMPRESSION: u64 = 1100;

/// Allowance for the decoder's own memory.
const DECODER_BYTES: u64 = 64 << 20;

/// Memory limit of a decoded image, whatever the length of its file.
const MAX_DECODED_BYTES: u64 = 1 << 30;

/// The last two bytes of a complete JPEG image.
const END_OF_JPEG: [u8; 2] = [0xff, 0xd9];

const REMEDY: &str = "Check that the image is complete, or save it as PNG or JPEG";

/// Extensions of the images that FFmpeg decodes.
const BY_FFMPEG: [&str; 4] = ["bmp", "tif", "tiff", "webp"];

/// Returns the image at `path` in 8-bit RGB.
///
/// # Errors
/// If the file cannot be read or is not a complete image.
pub fn read_picture(path: &Path) -> Result<RgbImage> {
    if is_for_ffmpeg(path) { still(path) } else { Ok(decode_picture(path)?.into_rgb8()) }
}

/// Returns width and height of the image at `path`, from its header if possible.
///
/// # Errors
/// Same as [`read_picture`].
pub(super) fn picture_size(path: &Path) -> Result<(u32, u32)> {
    if is_for_ffmpeg(path) {
        return Ok(still(path)?.dimensions());
    }
    let reader = files::open(path).map(BufReader::new).map(ImageReader::new).and_then(ImageReader::with_guessed_format);
    let reader = reader.map_err(|error| Error::io(path, &error))?;
    reader.into_dimensions().map_err(|error| Error::file(path, format!("not a readable image ({error})"), REMEDY))
}

/// Returns whether FFmpeg decodes the image at `path`.
pub(super) fn is_for_ffmpeg(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| BY_FFMPEG.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

/// Returns the raw image that FFmpeg decodes, without conversion.
pub(super) fn first_raw(path: &Path) -> Result<ffmpeg_next::frame::Video> {
    let mut video = UnlistedFrames::open(path, Purpose::Pictures, &StopFlag::default())?;
    let raw = video.next_picture();
    raw.map(|raw| raw.picture).ok_or_else(|| Error::file(path, "not a readable image", REMEDY))
}

/// Decodes an image with FFmpeg as a video of one frame.
fn still(path: &Path) -> Result<RgbImage> {
    let refuse = || Error::file(path, "not a readable image", REMEDY);
    let mut video = UnlistedFrames::open(path, Purpose::Pictures, &StopFlag::default())?;
    let raw = video.next_picture().ok_or_else(refuse)?.picture;
    let (shown, orientation) = upright(video.source(), &raw);
    let converted = Converter::new(vec![shown], orientation, false).push(0, raw).ok().flatten();
    let picture = converted.and_then(|mut converted| converted.pictures.pop()).ok_or_else(refuse)?;
    Ok(Arc::unwrap_or_clone(picture))
}

/// Returns the image at `path` in its stored pixel format.
pub(crate) fn decode_picture(path: &Path) -> Result<DynamicImage> {
    let bytes = contents(path)?;
    let refuse = |cause: String| Error::file(path, cause, REMEDY);
    let mut reader = ImageReader::new(Cursor::new(&bytes)).with_guessed_format().map_err(|e| Error::io(path, &e))?;
    // The decoder fills missing parts of a JPEG image with grey.
    if reader.format() == Some(ImageFormat::Jpeg) && !bytes.windows(2).any(|pair| pair == END_OF_JPEG) {
        return Err(refuse("truncated JPEG image".into()));
    }
    let mut limits = Limits::default();
    let plausible = bytes.len() as u64 * MAX_COMPRESSION + DECODER_BYTES;
    limits.max_alloc = Some(plausible.min(MAX_DECODED_BYTES));
    reader.limits(limits);
    reader.decode().map_err(|error| refuse(format!("not a readable image ({error})")))
}

fn contents(path: &Path) -> Result<Vec<u8>> {
    let failed = |error| Error::io(path, &error);
    let file = files::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > MAX_FILE_BYTES {
        return Err(Error::file(path, format!("{length} bytes are too many for an image"), REMEDY));
    }
    let mut bytes = Vec::with_capacity(length as usize);
    BufReader::new(file).take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
