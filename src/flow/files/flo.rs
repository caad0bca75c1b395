//! Middlebury's `.flo` format, which MPI-Sintel and FlyingChairs use as well.
//!
//! The tag `PIEH` (202021.25 as a little-endian f32), width and height as i32, then `u, v` pairs as f32, row after
//! row. The header is checked against the length of the file before anything is allocated.

use std::io::{BufReader, ErrorKind, Read, Write};
use std::path::Path;

use super::FlowField;
use super::common::picture_size;
use crate::atomic;
use crate::error::{Error, Result};
use crate::files;

/// 202021.25 in little-endian order, which reads as text.
const TAG: [u8; 4] = *b"PIEH";

/// Tag, width, height.
const HEADER_BYTES: u64 = 12;

/// Two f32.
const VECTOR_BYTES: u64 = 8;

const REMEDY: &str = "Check that it is a complete Middlebury .flo file";

/// Reads the flow field in the `.flo` file at `path`.
///
/// # Errors
/// If the file cannot be read, is not a `.flo` file, or its length does not fit the size in its header.
pub fn read_flo(path: &Path) -> Result<FlowField> {
    let file = files::open(path).map_err(|error| Error::io(path, &error))?;
    let length = file.metadata().map_err(|error| Error::io(path, &error))?.len();
    let mut reader = BufReader::new(file);
    let (width, height) = read_header(&mut reader, path)?;
    // Two sides under 2³¹ and 8 bytes a vector can exceed 64 bits.
    let expected = u128::from(HEADER_BYTES) + u128::from(width) * u128::from(height) * u128::from(VECTOR_BYTES);
    if u128::from(length) != expected {
        let kind = if u128::from(length) < expected { "truncated" } else { "longer than its header says" };
        let cause = format!("{kind}: a {width}×{height} field takes {expected} bytes, the file has {length}");
        return Err(Error::file(path, cause, REMEDY));
    }
    let mut bytes = vec![0; (length - HEADER_BYTES) as usize];
    reader.read_exact(&mut bytes).map_err(|error| Error::io(path, &error))?;
    let uv = bytes.chunks_exact(VECTOR_BYTES as usize).map(|vector| [float(&vector[..4]), float(&vector[4..])]);
    Ok(FlowField::new(width as usize, height as usize, uv.collect()))
}

/// Width and height from the header, both at least 1.
fn read_header(reader: &mut impl Read, path: &Path) -> Result<(u64, u64)> {
    let mut header = [0; HEADER_BYTES as usize];
    reader.read_exact(&mut header).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => Error::file(path, "too short for a flow file's header of 12 bytes", REMEDY),
        _ => Error::io(path, &error),
    })?;
    if header[..4] != TAG {
        return Err(Error::file(path, "not a .flo file: it does not begin with the tag PIEH", REMEDY));
    }
    let side = |at: usize| i32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let (width, height) = (side(4), side(8));
    if width < 1 || height < 1 {
        return Err(Error::file(path, format!("invalid size {width}×{height} in its header"), REMEDY));
    }
    Ok((width as u64, height as u64))
}

fn float(bytes: &[u8]) -> f32 {
    f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// Writes `field` to the `.flo` file at `path`, which holds either the old or the whole new content at any time.
///
/// # Errors
/// If the folder cannot be written to, or the field is empty or wider or higher than the format can store.
pub fn write_flo(path: &Path, field: &FlowField) -> Result<()> {
    let [width, height] = picture_size(path, field)?;
    atomic::replace(path, |writer| {
        writer.write_all(&TAG)?;
        writer.write_all(&width.to_le_bytes())?;
        writer.write_all(&height.to_le_bytes())?;
        field.uv.iter().flatten().try_for_each(|component| writer.write_all(&component.to_le_bytes()))
    })
}
