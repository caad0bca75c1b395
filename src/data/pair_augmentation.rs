//! Augmentation of image pairs as in the training of the supervised networks: rotation, zoom, squeeze and shift of both
//! pictures, a small additional motion of the second one, and colours (FlowNet2's release; Fischer et al. 2015). The
//! true flow is transformed with them.

use image::{Rgb, RgbImage};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::named::named;

/// Number of attempts to draw a motion that stays within the pictures, as in the release.
const TRIES: usize = 50;
/// Maximum shift, relative to the side.
const SHIFT: f32 = 0.4;
/// Maximum rotation in radians.
const ROTATION: f32 = 0.4;
/// Mean and half the range of the logarithm of the zoom.
const ZOOM: [f32; 2] = [0.2, 0.4];
/// Half the range of the logarithm of the squeeze.
const SQUEEZE: f32 = 0.3;
/// Standard deviation of the second image's additional motion: rotation, zoom, and shift relative to the side.
const OWN_MOTION: f32 = 0.03;
/// Standard deviation of noise, for values of 0 to 1.
const NOISE: f32 = 0.03;
/// Ranges of the colour changes (Fischer et al. 2015, as interpreted here): factor of each channel, gamma, contrast;
/// and the standard deviation of brightness.
const COLOUR: [f32; 2] = [0.5, 2.0];
const GAMMA: [f32; 2] = [0.7, 1.5];
const CONTRAST: [f32; 2] = [-0.8, 0.4];
const BRIGHTNESS: f32 = 0.2;

named! {
    /// Augmentation of pairs with true flow, before crops are taken.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum PairAugmentation {
        /// No augmentation
        #[default]
        None = "none",
        /// Shift, rotation, zoom, squeeze, colours and noise of FlowNet's training
        Published = "published",
    }
}

/// An affine map from the coordinates of the new picture to those of the old one, in pixels from the centre.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Affine {
    rows: [[f32; 2]; 2],
    shift: [f32; 2],
}

impl Affine {
    fn new(rotation: f32, zoom: f32, squeeze: f32, shift: [f32; 2]) -> Self {
        let (sin, cos) = rotation.sin_cos();
        let [across, down] = [1.0 / (zoom * squeeze), squeeze / zoom];
        Self { rows: [[cos * across, -sin * down], [sin * across, cos * down]], shift }
    }

    fn of_both(size: [f32; 2], rng: &mut impl Rng) -> Self {
        let mut within = |half: f32| rng.random_range(-half..=half);
        let rotation = within(ROTATION);
        let zoom = (ZOOM[0] + within(ZOOM[1])).exp();
        let squeeze = within(SQUEEZE).exp();
        Self::new(rotation, zoom, squeeze, size.map(|side| within(SHIFT) * side))
    }

    fn of_second(size: [f32; 2], rng: &mut impl Rng) -> Self {
        let mut normal = || OWN_MOTION * standard_normal(rng);
        let (rotation, zoom) = (normal(), normal().exp());
        Self::new(rotation, zoom, 1.0, size.map(|side| normal() * side))
    }

    fn at(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [0, 1].map(|i| self.rows[i][0] * x + self.rows[i][1] * y + self.shift[i])
    }

    /// Returns the map that applies `first`, then this one.
    fn after(&self, first: &Self) -> Self {
        let column = |j: usize| self.at([first.rows[0][j], first.rows[1][j]]);
        let [left, right] = [column(0), column(1)];
        let rows = [0, 1].map(|i| [left[i] - self.shift[i], right[i] - self.shift[i]]);
        Self { rows, shift: self.at(first.shift) }
    }

    /// Returns the inverse image of `place`.
    fn back(&self, place: [f32; 2]) -> [f32; 2] {
        let [[a, b], [c, d]] = self.rows;
        let [x, y] = [place[0] - self.shift[0], place[1] - self.shift[1]];
        let determinant = a * d - b * c;
        [(d * x - b * y) / determinant, (a * y - c * x) / determinant]
    }

    /// Returns `true` if the corners of a new picture of `size` are within the old one.
    fn stays_inside(&self, [width, height]: [f32; 2]) -> bool {
        let half = [(width - 1.0) / 2.0, (height - 1.0) / 2.0];
        let signs = [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]];
        signs.iter().all(|sign| {
            let [x, y] = self.at([sign[0] * half[0], sign[1] * half[1]]);
            x.abs() <= half[0] && y.abs() <= half[1]
        })
    }
}

/// The maps from the new pictures of a pair to the old ones.
#[derive(Debug, Clone, Copy, PartialEq)]
struct PairMotion {
    first: Affine,
    second: Affine,
}

impl PairMotion {
    /// Draws a motion of pictures of `size`; `None` if no attempt stays within them.
    fn drawn(size: [f32; 2], rng: &mut impl Rng) -> Option<Self> {
        (0..TRIES).find_map(|_| {
            let first = Affine::of_both(size, rng);
            let second = first.after(&Affine::of_second(size, rng));
            (first.stays_inside(size) && second.stays_inside(size)).then_some(Self { first, second })
        })
    }
}

/// Returns both pictures and the planes u, v and known (0 where unknown) of a randomly augmented pair.
pub(super) fn augmented(pictures: [&RgbImage; 2], planes: &[f32], rng: &mut impl Rng) -> ([RgbImage; 2], Vec<f32>) {
    let (width, height) = pictures[0].dimensions();
    let motion = PairMotion::drawn([width as f32, height as f32], rng);
    let (moved, planes) = match motion {
        Some(motion) => moved(pictures, planes, &motion),
        None => (pictures.map(RgbImage::clone), planes.to_vec()),
    };
    let colours = Colours::drawn(rng);
    (moved.map(|picture| colours.of(&picture, rng)), planes)
}

fn moved(pictures: [&RgbImage; 2], planes: &[f32], motion: &PairMotion) -> ([RgbImage; 2], Vec<f32>) {
    let (width, height) = pictures[0].dimensions();
    let centre = [(width as f32 - 1.0) / 2.0, (height as f32 - 1.0) / 2.0];
    let area = (width * height) as usize;
    let place = |x: u32, y: u32| [x as f32 - centre[0], y as f32 - centre[1]];
    let picture = |picture: &RgbImage, affine: &Affine| {
        RgbImage::from_fn(width, height, |x, y| {
            let [x, y] = affine.at(place(x, y));
            let taps = Taps::at([x + centre[0], y + centre[1]], [width, height]);
            Rgb([0, 1, 2].map(|colour| {
                let value = taps.mean(|at| f32::from(picture.as_raw()[3 * at + colour]));
                value.round() as u8
            }))
        })
    };
    let mut flow = vec![0.0; 3 * area];
    for (at, (x, y)) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).enumerate() {
        let new = place(x, y);
        let old = motion.first.at(new);
        let taps = Taps::at([old[0] + centre[0], old[1] + centre[1]], [width, height]);
        let known = taps.mean(|at| planes[2 * area + at]);
        if known <= 0.0 {
            continue;
        }
        let [u, v] = [0, 1].map(|plane| taps.mean(|at| planes[plane * area + at]) / known);
        let [to_x, to_y] = motion.second.back([old[0] + u, old[1] + v]);
        (flow[at], flow[area + at], flow[2 * area + at]) = (to_x - new[0], to_y - new[1], known);
    }
    ([picture(pictures[0], &motion.first), picture(pictures[1], &motion.second)], flow)
}

/// The four cells around a position and their weights.
struct Taps([(usize, f32); 4]);

impl Taps {
    fn at([x, y]: [f32; 2], [width, height]: [u32; 2]) -> Self {
        let [x, y] = [x.clamp(0.0, (width - 1) as f32), y.clamp(0.0, (height - 1) as f32)];
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(width as usize - 1), (top + 1).min(height as usize - 1));
        let ([across, down], width) = ([x.fract(), y.fract()], width as usize);
        Self([
            (top * width + left, (1.0 - across) * (1.0 - down)),
            (top * width + right, across * (1.0 - down)),
            (bottom * width + left, (1.0 - across) * down),
            (bottom * width + right, across * down),
        ])
    }

    fn mean(&self, value: impl Fn(usize) -> f32) -> f32 {
        self.0.iter().map(|(at, weight)| weight * value(*at)).sum()
    }
}

/// A random colour change of a pair.
struct Colours {
    factors: [f32; 3],
    gamma: f32,
    contrast: f32,
    brightness: f32,
}

impl Colours {
    fn drawn(rng: &mut impl Rng) -> Self {
        let mut between = |[low, high]: [f32; 2]| rng.random_range(low..=high);
        let (factors, gamma, contrast) = ([(); 3].map(|()| between(COLOUR)), between(GAMMA), between(CONTRAST));
        Self { factors, gamma, contrast, brightness: BRIGHTNESS * standard_normal(rng) }
    }

    /// Returns `picture` with the colour change and independent noise.
    fn of(&self, picture: &RgbImage, rng: &mut impl Rng) -> RgbImage {
        let mut changed = picture.clone();
        for pixel in changed.pixels_mut() {
            for (value, factor) in pixel.0.iter_mut().zip(self.factors) {
                let colour = (f32::from(*value) / 255.0 * factor).clamp(0.0, 1.0).powf(self.gamma);
                let contrasted = (colour - 0.5) * (1.0 + self.contrast) + 0.5;
                let noisy = contrasted + self.brightness + NOISE * standard_normal(rng);
                *value = (255.0 * noisy).round().clamp(0.0, 255.0) as u8;
            }
        }
        changed
    }
}

/// Draws a number from the standard normal distribution (Box & Muller 1958).
fn standard_normal(rng: &mut impl Rng) -> f32 {
    let (radius, angle): (f32, f32) = (rng.random_range(f32::EPSILON..=1.0), rng.random());
    (-2.0 * radius.ln()).sqrt() * (std::f32::consts::TAU * angle).cos()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const SIZE: [u32; 2] = [64, 48];

    /// Returns a smooth pattern, and the same two pixels to the right and one up.
    fn pair() -> ([RgbImage; 2], Vec<f32>) {
        let value = |x: f32, y: f32| (127.0 + 60.0 * (0.2 * x).sin() + 60.0 * (0.15 * y).cos()) as u8;
        let picture = |dx: f32, dy: f32| {
            RgbImage::from_fn(SIZE[0], SIZE[1], |x, y| Rgb([value(x as f32 - dx, y as f32 - dy); 3]))
        };
        let area = (SIZE[0] * SIZE[1]) as usize;
        let plane = |value: f32| std::iter::repeat_n(value, area);
        ([picture(0.0, 0.0), picture(2.0, -1.0)], plane(2.0).chain(plane(-1.0)).chain(plane(1.0)).collect())
    }

    #[test]
    fn true_flow_follows_the_motion_of_the_pictures() {
        let (pictures, planes) = pair();
        let area = (SIZE[0] * SIZE[1]) as usize;
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut drawn = 0;
        while drawn < 3 {
            let Some(motion) = PairMotion::drawn(SIZE.map(|side| side as f32), &mut rng) else { continue };
            drawn += 1;
            let (moved, flow) = moved([&pictures[0], &pictures[1]], &planes, &motion);
            assert!(flow[..area].iter().any(|u| (u - 2.0).abs() > 0.1), "the flow is another one");
            let (mut error, mut zero, mut count) = (0.0, 0.0, 0);
            for at in 0..area {
                let (x, y) = ((at % SIZE[0] as usize) as f32, (at / SIZE[0] as usize) as f32);
                let [to_x, to_y] = [x + flow[at], y + flow[area + at]];
                let inside =
                    (0.0..=SIZE[0] as f32 - 1.0).contains(&to_x) && (0.0..=SIZE[1] as f32 - 1.0).contains(&to_y);
                if !inside || flow[2 * area + at] < 0.99 {
                    continue;
                }
                let second = Taps::at([to_x, to_y], SIZE).mean(|at| f32::from(moved[1].as_raw()[3 * at]));
                let [first, unmoved] = [&moved[0], &moved[1]].map(|picture| f32::from(picture.as_raw()[3 * at]));
                error += (first - second).abs();
                zero += (first - unmoved).abs();
                count += 1;
            }
            assert!(count > area / 2 && error < 0.35 * zero, "{error} of {zero} in {count} pixels");
        }
    }

    #[test]
    fn unknown_flow_stays_unknown_and_draws_repeat() {
        let (pictures, mut planes) = pair();
        let area = (SIZE[0] * SIZE[1]) as usize;
        planes[2 * area..].fill(0.0);
        let of = |seed: u64| augmented([&pictures[0], &pictures[1]], &planes, &mut ChaCha8Rng::seed_from_u64(seed));
        let (first, flow) = of(1);
        assert!(flow[2 * area..].iter().all(|known| *known == 0.0));
        assert_eq!(first, of(1).0);
        assert_ne!(first, of(2).0);
        assert_ne!(first[0], pictures[0], "colours differ");
    }

    #[test]
    fn maps_are_inverted_and_joined() {
        let map = Affine::new(0.3, 1.4, 0.9, [3.0, -2.0]);
        let [x, y] = map.back(map.at([5.0, 7.0]));
        assert!((x - 5.0).abs() < 1e-4 && (y - 7.0).abs() < 1e-4, "{x} {y}");
        let other = Affine::new(-0.1, 0.8, 1.0, [1.0, 4.0]);
        let (joined, stepwise) = (other.after(&map).at([2.0, 1.0]), other.at(map.at([2.0, 1.0])));
        assert!((joined[0] - stepwise[0]).abs() < 1e-4 && (joined[1] - stepwise[1]).abs() < 1e-4);
    }
}
