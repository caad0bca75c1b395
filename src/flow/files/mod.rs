//! Flow on disk, in the formats the field uses.
//!
//! `.flo` (Middlebury, MPI-Sintel, FlyingChairs), KITTI's 16-bit PNG, NumPy's `.npy`, and the two grey pictures of
//! two-stream networks. [`read()`] and [`write()`] choose the format by file name. Readers check a header against the
//! length of the file before they allocate, and writers replace a file atomically.

use std::path::Path;

use super::FlowField;
use crate::error::{Error, Result};

mod common;
mod flo;
mod folder;
mod format;
mod kitti;
mod npy;
pub(crate) mod npy_array;
mod stream_pair;
mod two_stream;

use common::extension;

pub use crate::video::read_picture;
pub use flo::{read_flo, write_flo};
pub use folder::{by_pair, list};
pub use format::{FlowFormat, Scales, write_picture};
pub use kitti::{read_kitti, write_kitti};
pub use npy::{read_npy, write_npy};
pub use stream_pair::StreamPair;
pub use two_stream::{DEFAULT_BOUND_PX, as_stored_px, read_two_stream, write_two_stream};

const REMEDY: &str = "Use .flo, .npy, .png (KITTI, 16 bits), or a pair of pictures named flow_x… and flow_y…";

/// Reads the flow at `path`, in the format that its name stands for.
///
/// `.flo` and `.npy` are these formats. `.png`, `.jpg` and `.jpeg` are two-stream pictures with the bound
/// [`DEFAULT_BOUND_PX`] where a [`StreamPair`] is recognised from either file of it; any other `.png` is KITTI's.
///
/// # Errors
/// If the name stands for no format, or the file cannot be read or is broken.
pub fn read(path: &Path) -> Result<FlowField> {
    match extension(path).as_str() {
        "flo" => read_flo(path),
        "npy" => read_npy(path),
        "png" | "jpg" | "jpeg" => match StreamPair::find(path) {
            Some(pair) => read_two_stream(&pair, DEFAULT_BOUND_PX),
            None if extension(path) == "png" => read_kitti(path),
            None => Err(Error::file(path, "a single JPEG image is not a flow field", REMEDY)),
        },
        _ => Err(unknown_format(path)),
    }
}

/// Writes `field` to `path`, in the format that its name stands for; see [`read()`].
///
/// Pictures named as one half of a [`StreamPair`] become both halves, with the bound [`DEFAULT_BOUND_PX`].
///
/// # Errors
/// If the name stands for no format, or the file cannot be written, or the field is empty.
pub fn write(path: &Path, field: &FlowField) -> Result<()> {
    match extension(path).as_str() {
        "flo" => write_flo(path, field),
        "npy" => write_npy(path, field),
        "png" | "jpg" | "jpeg" => match StreamPair::named(path) {
            Some(pair) => write_two_stream(&pair, field, DEFAULT_BOUND_PX),
            None if extension(path) == "png" => write_kitti(path, field),
            None => Err(Error::file(path, "JPEG flow images come in pairs", REMEDY)),
        },
        _ => Err(unknown_format(path)),
    }
}

fn unknown_format(path: &Path) -> Error {
    Error::file(path, "its name matches no flow format", REMEDY)
}
