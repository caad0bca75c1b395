//! A flat part of the scene: an outline filled with paint, in local coordinates.

use super::paint::{Colour, Point, length};

/// The signed distance from a point to the outline in reference pixels, negative inside.
pub(super) type Outline = Box<dyn Fn(Point) -> f32 + Send + Sync>;

/// The colour at a point of the part.
pub(super) type Paint = Box<dyn Fn(Point) -> Colour + Send + Sync>;

/// A flat, coloured part of a figure before it is placed in the scene.
pub(super) struct BodyPart {
    pub outline: Outline,
    pub paint: Paint,
    /// Opposite corners of a bounding box of the outline; infinite for backdrops.
    pub extent: [Point; 2],
    /// 1 for solid parts. A shadow has less, and does not count as a surface for the flow.
    pub opacity: f32,
    /// Width of the edge in pixels of the picture.
    pub softness: f32,
}

impl BodyPart {
    /// Creates a solid part with an antialiased edge.
    pub fn solid(extent: [Point; 2], outline: Outline, paint: Paint) -> Self {
        Self { outline, paint, extent, opacity: 1.0, softness: 1.0 }
    }

    /// Creates a part that extends beyond the picture on all sides, except where `outline` limits it.
    pub fn backdrop(outline: Outline, paint: Paint) -> Self {
        Self::solid([[f32::NEG_INFINITY; 2], [f32::INFINITY; 2]], outline, paint)
    }

    /// Creates a dark, soft ellipse around the origin.
    pub fn shadow(half_width: f32, half_height: f32) -> Self {
        let outline = move |[x, y]: Point| (length(x / half_width, y / half_height) - 1.0) * half_height;
        Self {
            outline: Box::new(outline),
            paint: Box::new(|_| [0.04, 0.05, 0.09]),
            extent: [[-2.0 * half_width, -2.0 * half_height], [2.0 * half_width, 2.0 * half_height]],
            opacity: 0.42,
            softness: 1.6 * half_height,
        }
    }
}

/// The convex hull of two circles of different radii, the shape of limbs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capsule {
    pub from: Point,
    pub to: Point,
    pub from_radius: f32,
    pub to_radius: f32,
}

impl Capsule {
    pub fn circle(centre: Point, radius: f32) -> Self {
        Self { from: centre, to: centre, from_radius: radius, to_radius: radius }
    }

    /// Returns the signed distance of `p`; the radius is interpolated linearly.
    pub fn distance(&self, p: Point) -> f32 {
        let axis = [self.to[0] - self.from[0], self.to[1] - self.from[1]];
        let offset = [p[0] - self.from[0], p[1] - self.from[1]];
        let length_squared = (axis[0] * axis[0] + axis[1] * axis[1]).max(f32::MIN_POSITIVE);
        let t = ((offset[0] * axis[0] + offset[1] * axis[1]) / length_squared).clamp(0.0, 1.0);
        let radius = self.from_radius + t * (self.to_radius - self.from_radius);
        length(offset[0] - t * axis[0], offset[1] - t * axis[1]) - radius
    }

    fn extent(&self) -> [Point; 2] {
        let radius = self.from_radius.max(self.to_radius);
        let axis = |i: usize| (self.from[i].min(self.to[i]) - radius, self.from[i].max(self.to[i]) + radius);
        let ((left, right), (top, bottom)) = (axis(0), axis(1));
        [[left, top], [right, bottom]]
    }
}

/// Returns the signed distance of `p` to the union of `capsules`.
pub(super) fn union_distance(capsules: &[Capsule], p: Point) -> f32 {
    capsules.iter().map(|capsule| capsule.distance(p)).fold(f32::INFINITY, f32::min)
}

/// Returns the bounding box of `capsules`.
pub(super) fn union_extent(capsules: &[Capsule]) -> [Point; 2] {
    let nothing = [[f32::INFINITY; 2], [f32::NEG_INFINITY; 2]];
    capsules.iter().map(Capsule::extent).fold(nothing, |a, b| {
        [std::array::from_fn(|i| a[0][i].min(b[0][i])), std::array::from_fn(|i| a[1][i].max(b[1][i]))]
    })
}
