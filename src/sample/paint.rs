//! Colours, noise and stripes for the surfaces of the sample.
//!
//! All functions are deterministic functions of a position on the surface, so that paint moves exactly with the flow.
//! No detail is finer than two or three pixels, to avoid aliasing.

/// A position on a surface, in reference pixels (those of a 320×240 picture).
pub(super) type Point = [f32; 2];

/// Red, green, blue from 0 to 1, as displayed (sRGB).
pub(super) type Colour = [f32; 3];

/// Returns the colour `0xRRGGBB`.
pub(super) const fn rgb(hex: u32) -> Colour {
    [(hex >> 16 & 255) as f32 / 255.0, (hex >> 8 & 255) as f32 / 255.0, (hex & 255) as f32 / 255.0]
}

/// Interpolates from `a` (0) to `b` (1).
pub(super) fn mix(a: Colour, b: Colour, share: f32) -> Colour {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * share.clamp(0.0, 1.0))
}

/// Returns a lighter (factor above 1) or darker (below 1) colour.
pub(super) fn shade(colour: Colour, factor: f32) -> Colour {
    colour.map(|channel| channel * factor)
}

/// Returns 0 below `from`, 1 above `to`, smooth in between.
pub(super) fn smoothstep(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Returns 1 on lines of `width` around the multiples of `period`, 0 between them, with edges of width `soft`.
pub(super) fn lines(x: f32, period: f32, width: f32, soft: f32) -> f32 {
    let distance = (repeat(x + period / 2.0, period).1 - period / 2.0).abs();
    1.0 - smoothstep(width / 2.0 - soft / 2.0, width / 2.0 + soft / 2.0, distance)
}

/// Returns a random number from −1 to 1 for the cell (`x`, `y`).
pub(super) fn cell(seed: u32, x: i32, y: i32) -> f32 {
    let mut hash = seed ^ (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
    hash = (hash ^ hash >> 15).wrapping_mul(0x2C1B_3C6D);
    hash = (hash ^ hash >> 12).wrapping_mul(0x297A_2D39);
    hash ^= hash >> 15;
    (hash >> 8) as f32 / (1 << 23) as f32 - 1.0
}

/// Returns value noise from −1 to 1: random numbers on a lattice of spacing 1, smoothly interpolated.
pub(super) fn noise(seed: u32, [x, y]: Point) -> f32 {
    let (left, top) = (floor(x), floor(y));
    let (fx, fy) = (x - left as f32, y - top as f32);
    let (sx, sy) = (fx * fx * (3.0 - 2.0 * fx), fy * fy * (3.0 - 2.0 * fy));
    let row = |y| {
        let (a, b) = (cell(seed, left, y), cell(seed, left + 1, y));
        a + (b - a) * sx
    };
    let (a, b) = (row(top), row(top + 1));
    a + (b - a) * sy
}

/// Returns the largest integer not above `x`; `f32::floor` is a slow library call on the baseline processors of the
/// default build.
pub(super) fn floor(x: f32) -> i32 {
    let truncated = x as i32;
    truncated - i32::from(x < truncated as f32)
}

/// Returns the index of the period of length `period` that contains `x`, and the distance from its start.
pub(super) fn repeat(x: f32, period: f32) -> (i32, f32) {
    let stretch = floor(x / period);
    (stretch, x - period * stretch as f32)
}

/// Returns the length of a vector; faster than `hypot`, whose overflow protection is not needed.
pub(super) fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// Returns noise of several octaves, roughly −1 to 1: features of `size` reference pixels, then half of it, and so on.
pub(super) fn fractal(seed: u32, p: Point, size: f32, octaves: u32) -> f32 {
    let (mut sum, mut weight, mut frequency) = (0.0, 0.6, 1.0 / size);
    for octave in 0..octaves {
        sum += weight * noise(seed.wrapping_add(octave), [p[0] * frequency, p[1] * frequency]);
        weight *= 0.6;
        frequency *= 2.0;
    }
    sum
}

/// Returns a factor that darkens towards the edge, to make a flat part look round; `depth` is the distance from the
/// edge inwards.
pub(super) fn round_shade(depth: f32, band: f32) -> f32 {
    0.66 + 0.38 * smoothstep(-0.5, band, depth)
}

/// Returns a skin colour with slight variation.
pub(super) fn skin(colour: Colour, p: Point, seed: u32) -> Colour {
    shade(colour, 1.0 + 0.10 * fractal(seed ^ 0x5017, p, 6.0, 2))
}
