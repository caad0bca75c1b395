//! Flow as two grey images, the input of two-stream networks (Simonyan and Zisserman 2014; Wang et al. 2016).
//!
//! A component f in ±bound becomes the level round(255·(f + bound)/(2·bound)), saturating; a level x stands for
//! x·2·bound/255 − bound. With the usual bound of 20 px a level is 0.16 px, and no motion comes back as 0.08 px.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, GrayImage, ImageError};

use super::common::{extension, picture_size};
use super::{FlowField, StreamPair};
use crate::atomic;
use crate::error::{Error, Result};
use crate::video::decode_picture;

/// Displacement in pixels that the whitest level stands for in the common data sets.
pub const DEFAULT_BOUND_PX: f32 = 20.0;

/// The default JPEG quality of OpenCV, which the common data sets used.
const JPEG_QUALITY: u8 = 95;

/// Reads the flow in two 8-bit pictures whose levels span ±`bound_px` pixels.
///
/// # Errors
/// If a file cannot be read, has more than 8 bits, or the two differ in size.
pub fn read_two_stream(pair: &StreamPair, bound_px: f32) -> Result<FlowField> {
    let (x, y) = (component(&pair.x)?, component(&pair.y)?);
    if x.dimensions() != y.dimensions() {
        let [(width, height), (other_width, other_height)] = [x.dimensions(), y.dimensions()];
        let cause = format!("{other_width}×{other_height} pixels, but {} has {width}×{height}", pair.x.display());
        return Err(Error::file(&pair.y, cause, "Choose two images of the same flow field"));
    }
    let uv =
        x.as_raw().iter().zip(y.as_raw()).map(|levels| [px(*levels.0, bound_px), px(*levels.1, bound_px)]).collect();
    Ok(FlowField::new(x.width() as usize, x.height() as usize, uv))
}

fn component(path: &Path) -> Result<GrayImage> {
    match decode_picture(path)? {
        picture @ (DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_)) => Ok(picture.into_luma8()),
        other => {
            let cause = format!("{:?} pixels; two-stream flow has one channel of 8 bits", other.color());
            Err(Error::file(path, cause, "Choose 8-bit grey pictures"))
        }
    }
}

/// Writes `field` to two grey pictures, JPEG or PNG by their names, whose levels span ±`bound_px` pixels.
///
/// The format cannot mark unknown vectors: they are written as no motion.
///
/// # Errors
/// If the folders cannot be written to, or the field is empty or too large for the format.
pub fn write_two_stream(pair: &StreamPair, field: &FlowField, bound_px: f32) -> Result<()> {
    let [width, height] = picture_size(&pair.x, field)?;
    let level = |px: f32| level(px, bound_px);
    let stage = |path: &Path, component: usize| {
        let levels = field.uv.iter().map(|uv| if FlowField::is_known(*uv) { level(uv[component]) } else { level(0.0) });
        let picture = GrayImage::from_raw(width, height, levels.collect()).expect("there is one vector per pixel");
        atomic::stage(path, |writer| encode(&picture, path, writer))
    };
    // Both are complete before the first is moved to its final path.
    let [x, y] = [stage(&pair.x, 0)?, stage(&pair.y, 1)?];
    atomic::publish(x, &pair.x)?;
    atomic::publish(y, &pair.y)
}

/// Returns the value that reading returns for a component of `px` pixels after writing: rounded to a level, within the
/// bound.
pub fn as_stored_px(component_px: f32, bound_px: f32) -> f32 {
    px(level(component_px, bound_px), bound_px)
}

fn level(px: f32, bound_px: f32) -> u8 {
    ((px + bound_px) * 255.0 / (2.0 * bound_px)).round() as u8 // the cast saturates
}

fn px(level: u8, bound_px: f32) -> f32 {
    f32::from(level) * (2.0 * bound_px) / 255.0 - bound_px
}

fn encode(picture: &GrayImage, path: &Path, writer: &mut BufWriter<&File>) -> io::Result<()> {
    let written = match extension(path).as_str() {
        "png" => picture.write_with_encoder(PngEncoder::new(writer.by_ref())),
        _ => picture.write_with_encoder(JpegEncoder::new_with_quality(writer.by_ref(), JPEG_QUALITY)),
    };
    written.map_err(|error| match error {
        ImageError::IoError(error) => error,
        other => io::Error::other(other),
    })
}
