//! Codec motion vectors on a grid of macroblocks.

use serde::{Deserialize, Serialize};

use crate::flow::Plane;
use crate::named::named;
use crate::video::{FrameVectors, MotionVector};

/// Side of a cell, pixels: a macroblock.
const CELL_PX: usize = 16;
/// Divisor of the vectors: about the spacing of the points of the enlarged grid, pixels.
const POINT_PX: f32 = 8.0;

named! {
    /// Interpretation of the vectors: their sign, scale and position.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum VectorRule {
        /// Source − destination in whole pixels, for any reference frame, as in MV + FV.
        #[default]
        Released = "released",
        /// Motion per frame: backward vectors are negated, distant references divided by distance.
        Motion = "motion",
    }
}

/// Motion vectors on a grid: pixels to the right (`u`) and down (`v`).
#[derive(Debug, Clone, PartialEq)]
pub struct VectorField {
    /// Horizontal components.
    pub u: Plane,
    /// Vertical components.
    pub v: Plane,
}

/// A frame on the grid of descriptors.
#[derive(Debug, Clone)]
pub struct GridFrame {
    /// Index of the frame in the clip, from 0.
    pub index: usize,
    /// Its motion on the enlarged grid.
    pub field: VectorField,
    /// The grey picture on the same grid, for HOG.
    pub grey: Option<Plane>,
}

impl VectorField {
    /// Returns the vectors of a frame on a grid of ⌊width / 16⌋ × ⌊height / 16⌋ cells, 0 for empty cells; `None` for a
    /// frame without vectors.
    ///
    /// If several vectors are in a cell, the last one counts. A position outside the grid is clamped to the nearest
    /// cell, as in the released code.
    pub fn of(vectors: &FrameVectors, rule: VectorRule) -> Option<Self> {
        let [width, height] = [vectors.width, vectors.height].map(|side| side as usize / CELL_PX);
        if vectors.vectors.is_empty() || width == 0 || height == 0 {
            return None;
        }
        let (mut u, mut v) = (Plane::zeros(width, height), Plane::zeros(width, height));
        for vector in &vectors.vectors {
            let ([x, y], motion) = placed(vector, rule);
            let cell = |at: f32, cells: usize| ((at / CELL_PX as f32).max(0.0) as usize).min(cells - 1);
            let (column, row) = (cell(x, width), cell(y, height));
            u.row_mut(row)[column] = motion[0];
            v.row_mut(row)[column] = motion[1];
        }
        Some(Self { u, v })
    }

    /// Returns the vectors on (2w − 1) × (2h − 1) points, interpolated bilinearly between the centres of the w × h cells, and
    /// divided by 8.
    pub fn enlarged(&self) -> Self {
        let enlarge = |plane: &Plane| enlarged(plane).scaled(1.0 / POINT_PX);
        Self { u: enlarge(&self.u), v: enlarge(&self.v) }
    }
}

/// Returns the position of a vector, and its value, in pixels.
fn placed(vector: &MotionVector, rule: VectorRule) -> ([f32; 2], [f32; 2]) {
    let centre = [vector.x + vector.width / 2.0, vector.y + vector.height / 2.0];
    match rule {
        // FFmpeg's `src_x`, `src_y` are whole pixels: the fraction is truncated towards the block.
        VectorRule::Released => {
            let motion = [vector.dx_px.trunc(), vector.dy_px.trunc()];
            ([centre[0] + motion[0], centre[1] + motion[1]], motion)
        }
        VectorRule::Motion => (centre, vector.px_per_frame()),
    }
}

fn enlarged(plane: &Plane) -> Plane {
    let taps = |side: usize| -> Vec<(usize, usize, f32)> {
        let points = 2 * side - 1;
        let tap = |point: usize| {
            let at = (point as f32 + 0.5) * side as f32 / points as f32 - 0.5;
            let at = at.clamp(0.0, (side - 1) as f32);
            let lower = at as usize;
            (lower, (lower + 1).min(side - 1), at - lower as f32)
        };
        (0..points).map(tap).collect()
    };
    let (columns, rows) = (taps(plane.width), taps(plane.height));
    Plane::from_fn(columns.len(), rows.len(), |x, y| {
        let ((left, right, across), (top, bottom, down)) = (columns[x], rows[y]);
        let row = |row: usize| plane.at(left, row) * (1.0 - across) + plane.at(right, row) * across;
        row(top) * (1.0 - down) + row(bottom) * down
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::FrameKind;

    fn vector(x: f32, dx_px: f32, frame_offset: i32) -> MotionVector {
        MotionVector { x, y: 0.0, width: 16.0, height: 16.0, dx_px, dy_px: -1.75, frame_offset }
    }

    fn frame(vectors: Vec<MotionVector>) -> FrameVectors {
        FrameVectors { width: 70, height: 40, kind: FrameKind::BiPredicted, vectors }
    }

    #[test]
    fn the_released_rule_puts_whole_pixels_at_the_source_and_the_last_vector_wins() {
        // Centres 8, 8 and 40 + 20.5: sources 8 + 20 = 28, 8 − 30 (the first cell), 56.5 + … beyond the last cell.
        let frame = frame(vec![vector(0.0, 20.5, -1), vector(0.0, -30.25, 2), vector(48.0, 40.0, 1)]);
        let field = VectorField::of(&frame, VectorRule::Released).unwrap();
        assert_eq!(field.u.size(), (4, 2));
        assert_eq!(field.u.row(0), [-30.0, 20.0, 0.0, 40.0]);
        assert_eq!(field.v.row(0), [-1.0, -1.0, 0.0, -1.0]);
        assert_eq!(field.u.row(1), [0.0; 4]);
    }

    #[test]
    fn the_motion_rule_divides_by_the_distance_and_reverses_the_future() {
        let field = VectorField::of(&frame(vec![vector(0.0, -6.0, -3), vector(16.0, 4.0, 2)]), VectorRule::Motion);
        assert_eq!(field.unwrap().u.row(0), [2.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn a_frame_without_vectors_has_no_field() {
        assert_eq!(VectorField::of(&frame(Vec::new()), VectorRule::Released), None);
    }
}
