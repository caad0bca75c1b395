//! Flow as an array in NumPy's `.npy` files: [2, h, w] or [h, w, 2].

use std::path::Path;

use super::FlowField;
use super::common::picture_size;
use super::npy_array::{NpyArray, Shape, write_array};
use crate::error::Result;

const REMEDY: &str =
    "Save a float32 or float64 array of shape (2, height, width) or (height, width, 2) with numpy.save";

/// Reads the flow in the `.npy` file at `path`: an array [2, h, w] or [h, w, 2] of u and v in pixels.
///
/// An array [2, h, 2] is taken as two planes of width 2.
///
/// # Errors
/// If the file cannot be read, or does not hold exactly one such array.
pub fn read_npy(path: &Path) -> Result<FlowField> {
    let is_flow = |shape: &Shape| match layout(&shape.0) {
        Some(_) => Ok(()),
        None => Err(format!("its shape is {shape}, which is not a flow field")),
    };
    let array = NpyArray::read(path, is_flow, REMEDY)?;
    let (width, height, planar) = layout(array.shape()).expect("the shape was checked");
    let component = |c, x, y| array.at(&if planar { [c, y, x] } else { [y, x, c] });
    let vectors = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let uv = vectors.map(|(x, y)| [component(0, x, y), component(1, x, y)]).collect();
    Ok(FlowField::new(width, height, uv))
}

/// Width, height, and whether u and v are planes of their own.
fn layout(shape: &[usize]) -> Option<(usize, usize, bool)> {
    match *shape {
        [2, height, width] if width > 0 && height > 0 => Some((width, height, true)),
        [height, width, 2] if width > 0 && height > 0 => Some((width, height, false)),
        _ => None,
    }
}

/// Writes `field` to the `.npy` file at `path`: little-endian f32 [2, h, w] in C order, version 1.0.
///
/// # Errors
/// If the folder cannot be written to, or the field is empty.
pub fn write_npy(path: &Path, field: &FlowField) -> Result<()> {
    let [width, height] = picture_size(path, field)?;
    let planes = [0, 1].into_iter().flat_map(|component| field.uv.iter().map(move |uv| uv[component]));
    write_array(path, Shape(vec![2, height as usize, width as usize]), planes)
}
