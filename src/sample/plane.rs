//! The planes of a place: backdrops at several distances and a ground in perspective.
//!
//! All planes are defined in reference pixels around the centre of the picture, as seen by the camera before it moves.
//! A camera motion to the right by c shifts a wall at distance d by −c/d and shears the ground, whose rows are at
//! different distances: both maps are affine, so the flow of the whole backdrop is exact.

use super::affine::Affine;
use super::paint::{Colour, Point};
use super::part::BodyPart;

/// The row of the horizon.
pub(super) const HORIZON: f32 = -26.0;

/// The row of the ground on which the figure stands; things there move by exactly the camera's displacement.
pub(super) const STAGE: f32 = 92.0;

/// A part of the backdrop and its reaction to camera motion.
pub(super) struct ScenePlane {
    pub part: BodyPart,
    depth: PlaneDepth,
}

enum PlaneDepth {
    /// Parallel to the picture; shifts by this share of the camera's displacement.
    Upright(f32),
    /// Lying on the ground.
    Ground,
}

impl ScenePlane {
    /// Creates a plane behind everything else, so distant that it hardly moves.
    pub fn sky(paint: impl Fn(Point) -> Colour + Send + Sync + 'static) -> Self {
        Self::upright(0.04, |_| -1e3, paint)
    }

    /// Creates an upright plane at `nearness` (1 is the figure's distance), limited upwards by `outline`.
    pub fn upright(
        nearness: f32,
        outline: impl Fn(Point) -> f32 + Send + Sync + 'static,
        paint: impl Fn(Point) -> Colour + Send + Sync + 'static,
    ) -> Self {
        Self { part: BodyPart::backdrop(Box::new(outline), Box::new(paint)), depth: PlaneDepth::Upright(nearness) }
    }

    /// Creates a wall that stands on the ground in row `foot`.
    pub fn wall(foot: f32, paint: impl Fn(Point) -> Colour + Send + Sync + 'static) -> Self {
        Self::upright(nearness(foot), |_| -1e3, paint)
    }

    /// Creates the ground from row `top` downwards. `paint` receives the point of the picture and the position on the
    /// ground: to the right and away from the viewer, in reference pixels at the figure's distance.
    pub fn ground(top: f32, paint: impl Fn(Point, Point) -> Colour + Send + Sync + 'static) -> Self {
        let on_ground = move |p: Point| {
            let distance = 1.0 / nearness(p[1].max(HORIZON + 1.0));
            paint(p, [p[0] * distance, VIEWER_DISTANCE * distance])
        };
        Self { part: BodyPart::backdrop(Box::new(move |p| top - p[1]), Box::new(on_ground)), depth: PlaneDepth::Ground }
    }

    /// Returns the plane with its part replaced.
    pub fn map_part(self, change: impl FnOnce(BodyPart) -> BodyPart) -> Self {
        Self { part: change(self.part), depth: self.depth }
    }

    /// Returns the map to reference pixels after a camera motion of `way` reference pixels to the right.
    pub fn place(&self, way: f32) -> Affine {
        let way = f64::from(way);
        let still = Affine { x_axis: [1.0, 0.0], y_axis: [0.0, 1.0], origin: [0.0; 2] };
        match self.depth {
            PlaneDepth::Upright(nearness) => Affine { origin: [-way * f64::from(nearness), 0.0], ..still },
            PlaneDepth::Ground => {
                // x − way·(y − HORIZON)/(STAGE − HORIZON)
                let shear = -way / f64::from(STAGE - HORIZON);
                Affine { y_axis: [shear, 1.0], origin: [-shear * f64::from(HORIZON), 0.0], ..still }
            }
        }
    }
}

/// Distance from the viewer to the figure, in reference pixels at the figure's distance; about a normal lens.
const VIEWER_DISTANCE: f32 = 300.0;

/// Returns the size of things standing on the ground in row `row`, relative to those at the figure's distance.
fn nearness(row: f32) -> f32 {
    (row - HORIZON) / (STAGE - HORIZON)
}
