//! The figure: one part per bone, and the position of each part in the picture for a posture.

use super::affine::Affine;
use super::head;
use super::paint::{Colour, Point, fractal, length, mix, round_shade, shade, skin, smoothstep};
use super::part::{BodyPart, Capsule, union_distance, union_extent};
use super::pose::{BONES, Bone, Pose, Proportions, Space, bones_in_space};
use super::style::{Outfit, Style};

/// Elevation of the viewer, degrees; it sets the nearer foot a little lower in the picture.
const ELEVATION_DEGREES: f32 = 7.0;

/// Minimum share of its length at which a bone that points at the viewer is drawn.
const SHORTEST: f64 = 0.3;

/// A figure of one style, seen from one side.
pub(super) struct PersonFigure {
    parts: Vec<BodyPart>, // in the order of BONES
    body: Proportions,
    height: f32,
    yaw: f32,
}

impl PersonFigure {
    /// Creates a figure turned away from the viewer by `yaw_degrees`, to the right; `seed` determines its textures.
    pub fn new(style: &Style, yaw_degrees: f32, seed: u32) -> Self {
        let yaw = yaw_degrees.to_radians();
        let body = Proportions::new(style.build.legs, style.build.head);
        let tailor = Tailor { style, body, yaw, seed };
        let parts = BONES.iter().map(|bone| tailor.part(*bone)).collect();
        Self { parts, body, height: style.build.height, yaw }
    }

    /// Returns the parts from back to front with their maps to reference pixels; the feet are at the origin.
    pub fn layers(&self, now: &Pose, next: &Pose) -> Vec<(&BodyPart, Affine, Affine)> {
        let bones = bones_in_space(now, &self.body);
        let (now, next) = (self.places(&bones), self.places(&bones_in_space(next, &self.body)));
        let mut order: Vec<usize> = (0..BONES.len()).collect();
        order.sort_by(|a, b| self.nearness(*a, &bones).total_cmp(&self.nearness(*b, &bones)));
        order.into_iter().map(|i| (&self.parts[i], now[i], next[i])).collect()
    }

    /// Returns a sort key, larger for nearer parts: legs behind the shirt, arms before or behind it depending on their
    /// position.
    fn nearness(&self, index: usize, bones: &[[Space; 2]; 12]) -> f32 {
        let middle = |i: usize| -> Space { std::array::from_fn(|axis| (bones[i][0][axis] + bones[i][1][axis]) / 2.0) };
        let depth = |i: usize| self.depth(middle(i));
        let torso = BONES.iter().position(|bone| *bone == Bone::Torso).map_or(0.0, depth);
        let in_order = index as f32 * 1e-3;
        match BONES[index] {
            Bone::Thigh(_) | Bone::Shin(_) | Bone::Foot(_) => in_order - 10.0,
            Bone::Torso => 0.0,
            Bone::Head => 1e-3,
            Bone::UpperArm(0) | Bone::Forearm(0) => 1.0 + in_order,
            Bone::UpperArm(_) | Bone::Forearm(_) => (depth(index) - torso + 0.02).min(0.9) + in_order * 1e-3,
        }
    }

    /// Returns the depth towards the viewer, in body heights.
    fn depth(&self, [x, _, z]: Space) -> f32 {
        z * self.yaw.cos() - x * self.yaw.sin()
    }

    /// Returns the position right of and below the origin, in reference pixels.
    fn project(&self, [x, y, z]: Space) -> [f64; 2] {
        let (sin, cos) = ELEVATION_DEGREES.to_radians().sin_cos();
        let right = x * self.yaw.cos() + z * self.yaw.sin();
        let down = self.depth([x, y, z]) * sin - y * cos;
        [f64::from(right * self.height), f64::from(down * self.height)]
    }

    /// Returns the maps from the parts to the picture, foreshortened along the bones but not across them.
    fn places(&self, bones: &[[Space; 2]; 12]) -> Vec<Affine> {
        let place = |[from, to]: &[Space; 2]| {
            let length = (0..3).map(|i| (to[i] - from[i]).powi(2)).sum::<f32>().sqrt() * self.height;
            let (start, end) = (self.project(*from), self.project(*to));
            let seen = (end[0] - start[0]).hypot(end[1] - start[1]).max(f64::MIN_POSITIVE);
            let unit = [(end[0] - start[0]) / seen, (end[1] - start[1]) / seen];
            let stretch = (seen / f64::from(length)).max(SHORTEST);
            Affine { x_axis: unit.map(|axis| axis * stretch), y_axis: [-unit[1], unit[0]], origin: start }
        };
        bones.iter().map(place).collect()
    }
}

/// A builder of the parts. In a part's coordinates x is along the bone from its start, y across it, in reference
/// pixels.
struct Tailor<'a> {
    style: &'a Style,
    body: Proportions,
    yaw: f32,
    seed: u32,
}

impl Tailor<'_> {
    fn part(&self, bone: Bone) -> BodyPart {
        let style = self.style;
        let height = style.build.height;
        let girth = style.build.girth * height;
        let limb = |length: f32, from: f32, to: f32| {
            vec![Capsule {
                from: [0.0; 2],
                to: [length * height, 0.0],
                from_radius: from * girth,
                to_radius: to * girth,
            }]
        };
        match bone {
            Bone::Thigh(side) => self.sewn(bone, side, limb(self.body.thigh, 0.056, 0.043)),
            Bone::Shin(side) => self.sewn(bone, side, limb(self.body.shin, 0.043, 0.032)),
            Bone::Foot(side) => {
                let mut shoe = limb(self.body.foot, 0.035, 0.027);
                shoe[0].from[0] = -0.012 * height;
                self.sewn(bone, side, shoe)
            }
            Bone::UpperArm(side) => self.sewn(bone, side, limb(self.body.upper_arm, 0.043, 0.035)),
            Bone::Forearm(side) => {
                let wrist = self.body.forearm * 0.72;
                let mut arm = limb(wrist, 0.035, 0.026);
                arm.push(Capsule {
                    from: [wrist * height * 1.06, 0.0],
                    to: [self.body.forearm * height * 0.97, 0.0],
                    from_radius: 0.029 * height,
                    to_radius: 0.026 * height,
                });
                self.sewn(bone, side, arm)
            }
            Bone::Torso => self.torso(),
            Bone::Head => head::part(style, self.body.head * height, self.yaw, self.seed),
        }
    }

    /// Creates a limb with the given outline, dressed in the outfit; the far side is shaded.
    fn sewn(&self, bone: Bone, side: usize, outline: Vec<Capsule>) -> BodyPart {
        let outfit = self.style.outfit;
        let light = if side == 0 { 1.0 } else { 0.80 };
        let seed = self.seed.wrapping_add(BONES.iter().position(|b| *b == bone).unwrap_or(0) as u32 * 101);
        let (body, height) = (self.body, self.style.build.height);
        let extent = union_extent(&outline);
        let edge = outline.clone();
        let paint = move |p: Point| {
            let roundness = round_shade(-union_distance(&edge, p), 5.5);
            shade(dressed(&outfit, bone, p, seed, [body.upper_arm * height, body.forearm * height]), light * roundness)
        };
        BodyPart::solid(extent, Box::new(move |p| union_distance(&outline, p)), Box::new(paint))
    }

    fn torso(&self) -> BodyPart {
        let build = &self.style.build;
        let spine = self.body.torso * build.height;
        // An elliptic cylinder turned by the yaw: its half widths at the hips and at the shoulders.
        let (sin, cos) = self.yaw.sin_cos();
        let half = |wide: f32, deep: f32| (wide * cos).hypot(deep * sin) * build.height * (0.5 + 0.5 * build.girth);
        let (hips, shoulders) = (half(0.098, 0.082), half(0.128, 0.086));
        let corner = 0.055 * build.height;
        let bottom = -0.045 * build.height;
        let outline = move |[x, y]: Point| {
            let upward = (x / spine).clamp(0.0, 1.0);
            let width = hips + (shoulders - hips) * upward - 0.09 * hips * (upward * std::f32::consts::PI).sin();
            let middle = (spine + bottom) / 2.0;
            let corner_distance = [y.abs() - width + corner, (x - middle).abs() - (spine - bottom) / 2.0 + corner];
            let outside = length(corner_distance[0].max(0.0), corner_distance[1].max(0.0));
            outside + corner_distance[0].max(corner_distance[1]).min(0.0) - corner
        };
        let (outfit, seed, belt) = (self.style.outfit, self.seed ^ 0x70250, 0.035 * build.height);
        let paint = move |p: Point| {
            let colour = match p[0] {
                x if x < belt - 2.6 => outfit.trousers.colour(p, seed),
                x if x < belt => shade(outfit.shoes, 0.7 + 0.2 * fractal(seed, p, 3.0, 1)),
                _ => outfit.shirt.colour(p, seed),
            };
            shade(colour, round_shade(-outline(p), 9.0))
        };
        let extent = [[bottom, -1.4 * shoulders.max(hips)], [spine, 1.4 * shoulders.max(hips)]];
        BodyPart::solid(extent, Box::new(outline), Box::new(paint))
    }
}

/// Returns the surface of a limb at `p`: cloth, skin or shoe.
fn dressed(outfit: &Outfit, bone: Bone, p: Point, seed: u32, [upper_arm, forearm]: [f32; 2]) -> Colour {
    let along = p[0];
    match bone {
        Bone::Thigh(_) => outfit.trousers.colour(p, seed),
        Bone::Shin(_) if outfit.shorts => skin(outfit.skin, p, seed),
        Bone::Shin(_) => outfit.trousers.colour(p, seed),
        Bone::Foot(_) => shoe(outfit.shoes, p, seed),
        Bone::UpperArm(_) if outfit.short_sleeves && along > 0.62 * upper_arm => skin(outfit.skin, p, seed),
        Bone::Forearm(_) if outfit.short_sleeves || along > 0.70 * forearm => skin(outfit.skin, p, seed),
        _ => outfit.shirt.colour(p, seed),
    }
}

/// Returns the colour of a shoe with a light sole along its lower edge.
fn shoe(colour: Colour, p: Point, seed: u32) -> Colour {
    let sole = smoothstep(1.2, 2.2, p[1]);
    let leather = shade(colour, 1.0 + 0.2 * fractal(seed, p, 4.0, 2));
    mix(leather, [0.93, 0.92, 0.88], sole)
}
