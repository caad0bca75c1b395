//! The head: face, eyes, hair.

use super::paint::{Colour, Point, fractal, length, mix, round_shade, shade, skin, smoothstep};
use super::part::{BodyPart, Capsule, union_distance, union_extent};
use super::style::{Hair, Style};

/// Creates the head of a figure turned by `yaw`, `height` reference pixels from neck to crown.
///
/// x is upwards from the neck, y towards the side that the figure faces.
pub(super) fn part(style: &Style, height: f32, yaw: f32, seed: u32) -> BodyPart {
    let radius = 0.40 * height;
    let skull = [height - radius, 0.0];
    let chin = [height - 1.42 * radius, 0.14 * radius * yaw.sin()];
    let neck = Capsule { from: [-0.10 * height, 0.0], to: skull, from_radius: 0.34 * radius, to_radius: 0.32 * radius };
    let face = Capsule { from: skull, to: chin, from_radius: radius, to_radius: 0.74 * radius };
    let mut outline = vec![neck, face];
    outline.extend(hair_outline(style.hair, skull, radius, yaw));

    let extent = union_extent(&outline);
    let look = Look { style: *style, skull, radius, yaw, seed, neck, face };
    let edge = outline.clone();
    let paint = move |p: Point| shade(look.colour(p), round_shade(-union_distance(&edge, p), 6.0));
    BodyPart::solid(extent, Box::new(move |p| union_distance(&outline, p)), Box::new(paint))
}

/// Returns the outline of the hair around the bald head.
fn hair_outline(hair: Hair, [x, y]: Point, radius: f32, yaw: f32) -> Vec<Capsule> {
    let back = -yaw.sin();
    let cap = Capsule::circle([x + 0.08 * radius, y + 0.10 * radius * back], 1.05 * radius);
    match hair {
        Hair::Short | Hair::Hat => vec![cap],
        Hair::Bun => vec![cap, Capsule::circle([x + 0.75 * radius, y + 0.95 * radius * back], 0.46 * radius)],
        Hair::Long => {
            let nape = [x - 1.15 * radius, y + 0.62 * radius * back];
            let from = [x, y + 0.30 * radius * back];
            vec![cap, Capsule { from, to: nape, from_radius: 0.85 * radius, to_radius: 0.50 * radius }]
        }
        Hair::Curls => (0..9)
            .map(|i| {
                let angle = (i as f32 * 27.0 - 75.0).to_radians() * if yaw >= 0.0 { -1.0 } else { 1.0 };
                let centre = [x + 0.86 * radius * angle.cos(), y + 0.86 * radius * angle.sin() + 0.22 * radius * back];
                Capsule::circle(centre, 0.36 * radius)
            })
            .collect(),
    }
}

/// The parameters of the colour of a point on the head.
struct Look {
    style: Style,
    skull: Point,
    radius: f32,
    yaw: f32,
    seed: u32,
    neck: Capsule,
    face: Capsule,
}

impl Look {
    fn colour(&self, p: Point) -> Colour {
        // Relative to the middle of the face, in head radii: upwards, and towards where it looks.
        let turned = 0.42 * self.yaw.sin();
        let up = (p[0] - self.skull[0]) / self.radius + 0.22;
        let side = (p[1] - self.skull[1]) / self.radius - turned;
        let hairline = if self.style.hair == Hair::Hat { 0.52 } else { 0.74 };
        let oval = length(side / 0.84, if up > 0.0 { up / hairline } else { up / 1.25 });
        let below_hair = self.neck.distance(p) < 0.0 && up < -0.6;
        let under_chin = smoothstep(0.0, 2.5, self.face.distance(p));
        let share = if below_hair { 1.0 } else { 1.0 - smoothstep(0.94, 1.04, oval) };
        mix(self.hair(p, up), shade(self.face(p, up, side), 1.0 - 0.28 * under_chin), share)
    }

    fn hair(&self, p: Point, up: f32) -> Colour {
        let strands = 1.0 + 0.30 * fractal(self.seed ^ 0x4a12, [p[0] * 0.6, p[1] * 1.5], 4.0, 2);
        if self.style.hair == Hair::Hat && up > 0.30 {
            let brim = smoothstep(0.62, 0.66, up);
            let knit = 1.0 + 0.18 * (p[1] * 2.2).sin() * (1.0 - brim) + 0.12 * fractal(self.seed, p, 3.0, 2);
            return shade(mix(self.style.outfit.shirt.figure, self.style.outfit.shirt.ground, brim), knit);
        }
        shade(self.style.hair_colour, strands)
    }

    fn face(&self, p: Point, up: f32, side: f32) -> Colour {
        let skin_colour = self.style.outfit.skin;
        let mut colour = skin(skin_colour, p, self.seed);
        let narrow = self.yaw.cos().max(0.35); // features draw together as the face turns away
        let spot = |at_up: f32, at_side: f32, radius: f32| {
            1.0 - smoothstep(radius - 0.05, radius + 0.06, length(up - at_up, side - at_side))
        };
        for eye in [-0.40 * narrow, 0.40 * narrow] {
            colour = mix(colour, [0.93, 0.42, 0.36], 0.30 * spot(-0.32, eye * 1.25, 0.20));
            colour = mix(colour, [0.10, 0.08, 0.09], spot(0.05, eye, 0.115));
            let brow = 1.0 - smoothstep(0.01, 0.08, (up - 0.36 + 2.2 * (side - eye).powi(2)).abs());
            colour = mix(colour, shade(self.style.hair_colour, 0.7), 0.8 * brow * spot(0.32, eye, 0.17));
        }
        let smile = (up + 0.52 - 0.9 * side * side).abs();
        let mouth = (1.0 - smoothstep(0.035, 0.10, smile)) * (1.0 - smoothstep(0.20, 0.28, side.abs()));
        mix(colour, shade(skin_colour, 0.42), mouth)
    }
}
