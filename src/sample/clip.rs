//! One clip: a figure, a backdrop, a camera and a clock, frame by frame.

use image::RgbImage;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::affine::Affine;
use super::baked::baked;
use super::figure::PersonFigure;
use super::motion::{Cycle, Motion};
use super::part::BodyPart;
use super::plane::{STAGE, ScenePlane};
use super::pose::Pose;
use super::render::{RenderLayer, render};
use super::{Action, Style};
use crate::flow::FlowField;
use crate::video::Geometry;

/// Frames per second of every clip.
pub const FPS: f64 = 25.0;

/// The picture size that all lengths in the scene refer to; others show the same scene larger or smaller.
const REFERENCE: Geometry = Geometry { width: 320, height: 240 };

/// When pan and zoom are in their middle position: half-way through a clip of the sample.
const MIDDLE_SECS: f32 = 0.8;

/// The fraction of a walker's path that the camera follows.
const FOLLOWED: f32 = 0.72;

/// A clip that can be asked for any of its frames.
pub(super) struct GeneratedClip {
    motion: Motion,
    figure: PersonFigure,
    planes: Vec<ScenePlane>,
    shadow: BodyPart,
    style: Style,
    take: Take,
    geometry: Geometry,
}

/// The random parameters of a clip.
struct Take {
    cycle: Cycle,
    yaw_degrees: f32,
    pan_px_per_sec: f32,
    /// Position of the figure, reference pixels right of the middle.
    aside: f32,
    /// Phase of the cameraman's trembling hand, and of the figure's breath.
    tremble: f32,
    texture_seed: u32,
}

impl Take {
    fn new(action: Action, style: &Style, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut around = |middle: f32, spread: f32| middle + spread * rng.random_range(-1.0..1.0f32);
        // A walker is seen more from the side, starts further left, and the camera has enough to do with following.
        let (turned, aside, calm) = if action == Action::Walk { (14.0, -18.0, 0.3) } else { (0.0, -6.0, 1.0) };
        let cycle = Cycle {
            action,
            start: around(0.5, 0.5),
            cycles_per_sec: around(1.0, 0.08) / action.period_secs(),
            vigour: around(0.97, 0.06),
        };
        Self {
            cycle,
            yaw_degrees: around(style.yaw_degrees + turned, 6.0),
            pan_px_per_sec: calm * around(style.pan_px_per_sec, 8.0),
            aside: around(aside, 16.0),
            tremble: around(0.0, 3.0),
            texture_seed: rng.random_range(0..1 << 24),
        }
    }
}

impl GeneratedClip {
    /// A clip of `frames` frames in which the figure performs `action`.
    pub fn new(action: Action, style: &Style, seed: u64, frames: usize, geometry: Geometry) -> Self {
        let take = Take::new(action, style, seed);
        Self::with(Motion::Cycle(take.cycle), style, take, frames, geometry)
    }

    /// A clip of `frames` frames in which the figure does what `motion` says, in place, before a camera that stays where it is.
    pub fn in_place(motion: Motion, style: &Style, seed: u64, frames: usize, geometry: Geometry) -> Self {
        // Nobody walks away, so that the take is that of an action in place.
        let take = Take { pan_px_per_sec: 0.0, ..Take::new(Action::Wave, style, seed) };
        let style = Style { zoom_per_sec: 0.0, ..*style };
        Self::with(motion, &style, take, frames, geometry)
    }

    fn with(motion: Motion, style: &Style, take: Take, frames: usize, geometry: Geometry) -> Self {
        let mut clip = Self {
            motion,
            figure: PersonFigure::new(style, take.yaw_degrees, take.texture_seed),
            planes: Vec::new(),
            shadow: BodyPart::shadow(0.26 * style.build.height, 0.055 * style.build.height),
            style: *style,
            take,
            geometry,
        };
        let planes = style.backdrop.planes(clip.take.texture_seed);
        clip.planes = planes.into_iter().map(|plane| clip.baked(plane, frames)).collect();
        clip
    }

    /// `plane` painted in advance, as much of it as `frames` frames show.
    fn baked(&self, plane: ScenePlane, frames: usize) -> ScenePlane {
        let [width, height] = [self.geometry.width, self.geometry.height].map(f64::from);
        let mut seen = [[f32::INFINITY; 2], [f32::NEG_INFINITY; 2]];
        for moment in (0..=frames).map(|index| self.moment(index)) {
            let from_picture = plane.place(moment.way).then(&moment.view).inverse();
            for corner in [[0.0, 0.0], [width, 0.0], [0.0, height], [width, height]] {
                let p = from_picture.apply(corner).map(|axis| axis as f32);
                seen = [std::array::from_fn(|i| seen[0][i].min(p[i])), std::array::from_fn(|i| seen[1][i].max(p[i]))];
            }
        }
        let magnification = self.view(0.0).scale() as f32;
        plane.map_part(|part| baked(part, seen, magnification))
    }

    /// Frame `index` and its flow to the next one.
    pub fn frame(&self, index: usize) -> (RgbImage, FlowField) {
        let (now, next) = (self.moment(index), self.moment(index + 1));
        let mut layers: Vec<RenderLayer<'_>> = Vec::new();
        let mut lay = |part, a: Affine, b: Affine| {
            layers.push(RenderLayer { part, now: a.then(&now.view), next: b.then(&next.view) })
        };
        for plane in &self.planes {
            lay(&plane.part, plane.place(now.way), plane.place(next.way));
        }
        lay(&self.shadow, shift(now.shadow), shift(next.shadow));
        for (part, a, b) in self.figure.layers(&now.pose, &next.pose) {
            lay(part, a.then(&shift(now.feet)), b.then(&shift(next.feet)));
        }
        render(&layers, self.geometry)
    }

    /// Everything that depends on the time of frame `index`.
    fn moment(&self, index: usize) -> ClipMoment {
        let take = &self.take;
        let seconds = index as f32 / FPS as f32;
        let mut pose = self.motion.pose(seconds);
        let breath = (seconds * 2.4 + take.tremble).sin();
        pose.lean += 0.7 * breath;
        pose.nod -= 0.5 * breath;
        let along = self.style.build.height * take.yaw_degrees.to_radians().sin();
        let walked = pose.advance * along;
        let way = take.pan_px_per_sec * (seconds - MIDDLE_SECS) + FOLLOWED * walked;
        let feet = [take.aside - way, STAGE];
        let shadow = [feet[0] + walked + pose.shift * along, STAGE];
        ClipMoment { view: self.view(seconds), way, feet, shadow, pose }
    }

    /// From reference pixels around the middle to the picture: hand-held, zooming, mirrored in every other style.
    fn view(&self, seconds: f32) -> Affine {
        let Geometry { width, height } = self.geometry;
        let fit = f64::from(width) / f64::from(REFERENCE.width);
        let fit = fit.min(f64::from(height) / f64::from(REFERENCE.height));
        let zoom = fit * f64::from(1.0 + self.style.zoom_per_sec * (seconds - MIDDLE_SECS));
        let hand = |speed: f32| f64::from((seconds * speed + self.take.tremble).sin());
        let offset = [1.6 * hand(2.1) + 0.5 * hand(6.7), 1.2 * hand(2.9) + 0.4 * hand(5.3)];
        let side = if self.style.mirrored { -zoom } else { zoom };
        let middle = [f64::from(width) / 2.0, f64::from(height) / 2.0];
        Affine {
            x_axis: [side, 0.0],
            y_axis: [0.0, zoom],
            origin: [middle[0] + side * offset[0], middle[1] + zoom * offset[1]],
        }
    }
}

/// The state of the scene at one instant.
struct ClipMoment {
    view: Affine,
    /// Displacement of the camera to the right, reference pixels at the figure's distance.
    way: f32,
    /// Positions of the starting place and of the shadow, reference pixels.
    feet: [f32; 2],
    shadow: [f32; 2],
    pose: Pose,
}

fn shift([x, y]: [f32; 2]) -> Affine {
    Affine { x_axis: [1.0, 0.0], y_axis: [0.0, 1.0], origin: [f64::from(x), f64::from(y)] }
}
