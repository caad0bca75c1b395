//! Motion vectors of the codec as the networks of Zhang et al. (2016) read them: grey levels of whole pixels.

use super::FlowField;
use super::codec::CodecFlow;
use crate::error::Result;
use crate::video::{FrameVectors, MotionVector};

/// Vectors are clipped to ±20 px of pictures of this size.
const CLIP_PX: f32 = 20.0;
const PICTURE: [f32; 2] = [320.0, 240.0];

/// Returns the grey level of a component in pixels: 255 (v + 20) / 40, clipped to ±20 px, halves to even.
pub fn emv_grey(px: f32) -> u8 {
    let level = 255.0 * (px.clamp(-CLIP_PX, CLIP_PX) + CLIP_PX) / (2.0 * CLIP_PX);
    level.round_ties_even() as u8
}

/// Returns the field of a frame with these `vectors`, of `width` × `height`, in pixels of 320×240 pictures, quantised
/// to grey levels.
///
/// A vector is the displacement of its block from the reference frame in whole pixels and fills the block; later
/// vectors overwrite earlier ones. Vectors from future frames are ignored, and blocks without a vector have no motion.
pub fn emv_field(vectors: &FrameVectors, width: usize, height: usize) -> FlowField {
    let [still, _] = levels_px([0.0; 2]);
    let mut field = FlowField::new(width, height, vec![[still; 2]; width * height]);
    let of_picture = [PICTURE[0] / vectors.width as f32, PICTURE[1] / vectors.height as f32];
    for vector in vectors.vectors.iter().filter(|vector| vector.frame_offset < 0) {
        let whole = [-vector.dx_px, -vector.dy_px].map(f32::trunc);
        let value = levels_px([whole[0] * of_picture[0], whole[1] * of_picture[1]]);
        fill(&mut field, vector, [width as f32 / vectors.width as f32, height as f32 / vectors.height as f32], value);
    }
    field
}

/// Returns a vector in pixels after quantisation to grey levels and back.
fn levels_px(px: [f32; 2]) -> [f32; 2] {
    px.map(|px| f32::from(emv_grey(px)) * (2.0 * CLIP_PX) / 255.0 - CLIP_PX)
}

/// Writes `value` to the pixels whose centres are in the block.
fn fill(field: &mut FlowField, vector: &MotionVector, scale: [f32; 2], value: [f32; 2]) {
    for y in super::codec::covered(vector.y, vector.height, scale[1], field.height) {
        let columns = super::codec::covered(vector.x, vector.width, scale[0], field.width);
        let row = y * field.width;
        field.uv[row + columns.start..row + columns.end].fill(value);
    }
}

impl CodecFlow {
    /// Returns the field of frame `index` + 1, that is, the motion from frame `index` on; see [`emv_field`]. For a
    /// frame without vectors it is the field of the next frame that has some, or at the end of a clip of the last one
    /// before.
    ///
    /// # Errors
    /// As [`CodecFlow::flow`], and if no frame has vectors.
    pub fn emv_field(&mut self, index: usize, width: usize, height: usize) -> Result<FlowField> {
        let (frame, frames) = (index + 1, self.frames());
        for candidate in (frame..frames).chain((0..frame.min(frames)).rev()) {
            if !self.vectors(candidate)?.vectors.is_empty() {
                self.forget_far_from(candidate);
                return Ok(emv_field(self.vectors(candidate)?, width, height));
            }
        }
        Err(self.no_vectors())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::FrameKind;

    fn block(x: f32, dx_px: f32, frame_offset: i32) -> MotionVector {
        MotionVector { x, y: 0.0, width: 16.0, height: 16.0, dx_px, dy_px: 0.0, frame_offset }
    }

    #[test]
    fn vectors_are_whole_pixels_from_the_past_in_levels() {
        let vectors = vec![block(0.0, -6.75, -2), block(16.0, 8.0, 1), block(32.0, 300.0, -1), block(32.0, 70.0, -1)];
        let frame = FrameVectors { width: 320, height: 240, kind: FrameKind::Predicted, vectors };
        let field = emv_field(&frame, 320, 240);
        let level = |x: usize| (field.at(x, 15)[0] + 20.0) * 255.0 / 40.0;
        // 6 px: 255 · 26/40 = 165.75; no motion: 127.5 to even; the last one is clipped.
        for (x, expected) in [(0, 166.0), (16, 128.0), (32, 0.0), (48, 128.0)] {
            assert!((level(x) - expected).abs() < 1e-3, "{x}: {}", level(x));
        }
        let halved = emv_field(&FrameVectors { width: 640, ..frame }, 320, 240);
        assert!((halved.at(0, 0)[0] - (f32::from(emv_grey(3.0)) * 40.0 / 255.0 - 20.0)).abs() < 1e-4);
    }

    #[test]
    fn halves_go_to_the_even_level() {
        let levels = [-25.0, -20.0, 0.0, 20.0, 0.078_431_375].map(emv_grey);
        assert_eq!(levels, [0, 0, 128, 255, 128]);
        assert_eq!(emv_grey(-20.0 + 40.0 * 126.5 / 255.0), 126);
    }
}
