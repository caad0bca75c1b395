//! Colour coding of flow: the Middlebury colour wheel (Baker et al. 2011), hue for direction, saturation for magnitude.
//!
//! The arithmetic follows the benchmark's own `colorcode.cpp` to the byte, so that images can be
//! compared with those of other tools. `shaders/flow_colour.wgsl` is the GPU version of this file.

use std::f64::consts::PI;
use std::sync::OnceLock;

use image::{Rgb, RgbImage};

use super::FlowField;

/// Colours on the wheel.
const WHEEL: usize = 55;

/// The six ramps of the wheel: number of steps, channel that stays full, channel that changes, whether it rises.
const RAMPS: [(usize, usize, usize, bool); 6] = [
    (15, 0, 1, true),  // red to yellow
    (6, 1, 0, false),  // yellow to green
    (4, 1, 2, true),   // green to cyan
    (11, 2, 1, false), // cyan to blue
    (13, 2, 0, true),  // blue to magenta
    (6, 0, 2, false),  // magenta to red
];

/// Returns the 55 fully saturated colours `[r, g, b]`, from leftward motion once around.
pub fn wheel() -> &'static [[u8; 3]; WHEEL] {
    static WHEEL_COLOURS: OnceLock<[[u8; 3]; WHEEL]> = OnceLock::new();
    WHEEL_COLOURS.get_or_init(|| {
        let mut wheel = [[0; 3]; WHEEL];
        let mut slot = wheel.iter_mut();
        for (steps, full, changing, rises) in RAMPS {
            for (i, colour) in slot.by_ref().take(steps).enumerate() {
                let level = (255 * i / steps) as u8; // ⌊255·i/n⌋
                colour[full] = 255;
                colour[changing] = if rises { level } else { 255 - level };
            }
        }
        wheel
    })
}

/// Returns the colour of the vector (`u`, `v`) in pixels; a vector of `max_px` pixels is fully saturated.
///
/// Shorter vectors fade to white, longer ones are darkened, unknown ones are black. The sign of a zero counts: a
/// motion straight to the right has two neighbouring hues, as in the reference.
pub fn colour(u: f32, v: f32, max_px: f32) -> [u8; 3] {
    if !FlowField::is_known([u, v]) {
        return [0; 3];
    }
    // Avoids a division by zero for a field without motion.
    let max_px = f64::from(max_px.max(f32::MIN_POSITIVE));
    let (u, v) = (f64::from(u) / max_px, f64::from(v) / max_px);
    let radius = (u * u + v * v).sqrt();

    let turn = (-v).atan2(-u) / PI; // −1…1
    let position = (turn + 1.0) / 2.0 * (WHEEL - 1) as f64;
    let lower = position as usize;
    let fraction = position - lower as f64;
    let (from, to) = (wheel()[lower], wheel()[(lower + 1) % WHEEL]);
    std::array::from_fn(|channel| {
        let hue = ((1.0 - fraction) * f64::from(from[channel]) + fraction * f64::from(to[channel])) / 255.0;
        let shade = if radius <= 1.0 { 1.0 - radius * (1.0 - hue) } else { hue * 0.75 };
        (255.0 * shade) as u8 // the cast rounds down
    })
}

/// Returns the vector with (length / `max_px`)^(1/`gamma`) in place of length / `max_px`, direction kept: coloured so, slow
/// motion stands out if `gamma` is above 1. A `gamma` of 1 changes nothing, to the bit.
pub fn bent([u, v]: [f32; 2], max_px: f32, gamma: f32) -> [f32; 2] {
    let share = u.hypot(v) / max_px.max(f32::MIN_POSITIVE);
    if gamma == 1.0 || share == 0.0 || !FlowField::is_known([u, v]) {
        return [u, v];
    }
    let factor = share.powf(1.0 / gamma - 1.0);
    [u * factor, v * factor]
}

/// Returns the whole field in colours, one pixel per vector; see [`colour()`].
pub fn picture(field: &FlowField, max_px: f32) -> RgbImage {
    bent_picture(field, max_px, 1.0)
}

/// Returns the colour-coded field like [`picture`], with vectors [`bent`] first.
pub fn bent_picture(field: &FlowField, max_px: f32, gamma: f32) -> RgbImage {
    RgbImage::from_fn(field.width as u32, field.height as u32, |x, y| {
        let [u, v] = bent(field.at(x as usize, y as usize), max_px, gamma);
        Rgb(colour(u, v, max_px))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_motion_is_white_at_any_scale() {
        for max_px in [8.0, 0.0, -1.0, f32::NAN] {
            assert_eq!(colour(0.0, 0.0, max_px), [255; 3], "max_px = {max_px}");
        }
    }

    #[test]
    fn bending_keeps_the_direction_and_the_ends_of_the_scale() {
        assert_eq!(bent([0.3, -0.1], 5.0, 1.0), [0.3, -0.1]);
        assert_eq!(bent([0.0, 0.0], 5.0, 2.0), [0.0, 0.0]);
        assert!(!FlowField::is_known(bent([f32::NAN, 1.0], 5.0, 2.0)));
        let [u, v] = bent([3.0, 4.0], 5.0, 2.0);
        assert!((u - 3.0).abs() < 1e-5 && (v - 4.0).abs() < 1e-5, "the longest vector stays");
        let [u, v] = bent([0.03, 0.04], 5.0, 2.0);
        assert!((u.hypot(v) - 0.5).abs() < 1e-5 && (v / u - 4.0 / 3.0).abs() < 1e-4, "a hundredth becomes a tenth");
    }
}
