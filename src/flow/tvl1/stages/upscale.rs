//! Upscale: the flow of a level on the grid of the next finer one, by bilinear interpolation.

use super::pyramid::resample;
use crate::flow::Plane;

/// Returns a plane of `width` × `height` samples that covers the same picture. Values are not scaled: callers multiply
/// displacements by the step of the pyramid, not by the ratio of the sizes.
pub fn upscale(plane: &Plane, width: usize, height: usize) -> Plane {
    let mut larger = Plane::zeros(width, height);
    upscale_into(plane, &mut larger);
    larger
}

/// Like [`upscale`], into an existing plane.
pub fn upscale_into(plane: &Plane, larger: &mut Plane) {
    let ratio = [plane.width as f32 / larger.width as f32, plane.height as f32 / larger.height as f32];
    resample(plane, larger, ratio);
}
