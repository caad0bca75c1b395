//! KITTI's flow maps: 16-bit PNG, u = (R − 2¹⁵)/64, v = (G − 2¹⁵)/64, valid where B > 0 (devkit of KITTI 2012 and 2015).

use std::io::{Cursor, Write};
use std::path::Path;

use image::{DynamicImage, ImageBuffer, ImageFormat, Rgb};

use super::FlowField;
use super::common::picture_size;
use crate::atomic;
use crate::error::{Error, Result};
use crate::video::decode_picture;

/// The stored value of zero motion.
const ZERO: f32 = 32768.0;

/// Steps in a pixel.
const STEPS_PER_PX: f32 = 64.0;

/// Reads the flow in the 16-bit PNG at `path`. Pixels that are not valid are unknown.
///
/// # Errors
/// If the file cannot be read, or is not a PNG of three channels of 16 bits.
pub fn read_kitti(path: &Path) -> Result<FlowField> {
    let picture = match decode_picture(path)? {
        DynamicImage::ImageRgb16(picture) => picture,
        other => {
            let colour = other.color();
            let bits = u32::from(colour.bits_per_pixel()) / u32::from(colour.channel_count());
            let cause = format!("its {} channels have {bits} bits; KITTI flow has 3 of 16", colour.channel_count());
            let remedy = "Choose a KITTI flow map, or name two-stream pictures flow_x… and flow_y…";
            return Err(Error::file(path, cause, remedy));
        }
    };
    let vector = |Rgb([u, v, valid]): &Rgb<u16>| match valid {
        0 => FlowField::UNKNOWN,
        _ => [u, v].map(|level| (f32::from(*level) - ZERO) / STEPS_PER_PX),
    };
    Ok(FlowField::new(picture.width() as usize, picture.height() as usize, picture.pixels().map(vector).collect()))
}

/// Writes `field` to the 16-bit PNG at `path`, to the nearest 1/64 px and at most ±512 px; unknown vectors are not valid.
///
/// # Errors
/// If the folder cannot be written to, or the field is empty.
pub fn write_kitti(path: &Path, field: &FlowField) -> Result<()> {
    let [width, height] = picture_size(path, field)?;
    let level = |px: f32| (px * STEPS_PER_PX + ZERO).round() as u16; // the cast saturates
    let levels = |uv: &[f32; 2]| if FlowField::is_known(*uv) { [level(uv[0]), level(uv[1]), 1] } else { [0; 3] };
    let picture =
        ImageBuffer::<Rgb<u16>, Vec<u16>>::from_raw(width, height, field.uv.iter().flat_map(levels).collect())
            .expect("there is one vector per pixel");
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|error| Error::wrap(path, error, "Write a smaller field"))?;
    atomic::replace(path, |writer| writer.write_all(bytes.get_ref()))
}
