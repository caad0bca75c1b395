//! Random augmentation of a clip for one step: window, crop and flip, the same for all frames of a window.
//!
//! A draw is a deterministic function of the seed, the step and the position in the batch, so that a resumed run
//! repeats it.

use std::ops::RangeInclusive;

use image::{Rgb, RgbImage};
use rand::{Rng, RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::nets::{MotionCrop, MotionSquare};
use crate::video::Geometry;

/// A window of a clip and the crop of its frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// Index of the clip.
    pub clip: usize,
    /// First frame of the window.
    pub start: usize,
    /// Distance between its frames.
    pub stride: usize,
    /// The crop that all frames of the window share.
    pub crop: Crop,
}

/// A rectangle in pixels of the frame, optionally mirrored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crop {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// `true` if left and right are exchanged.
    pub mirrored: bool,
}

/// Draws windows of `window` frames; clips that are too short repeat their last frame.
#[derive(Debug, Clone)]
pub struct Sampler {
    /// Seed of the run.
    pub seed: u64,
    /// Batch size.
    pub batch: usize,
    /// Number of clips.
    pub clips: usize,
    /// Number of frames of a window.
    pub window: usize,
    /// Minimum number of frames of a clip to be drawn: shorter ones repeat the last frame, which MotionNet cannot learn
    /// from.
    pub least: usize,
    /// Number of parts of a clip, from each of which a window is drawn.
    pub segments: usize,
    /// Largest distance between the frames of a window.
    pub max_stride: usize,
    /// Size of the decoded frames.
    pub frame: Geometry,
    /// Input size of the network; only its aspect ratio is used here.
    pub crop: Geometry,
    /// Sides of the crop relative to the largest one that fits; width and height may use adjacent scales of the list
    /// (paper: 256, 224, 192 of 256).
    pub scales: Vec<f32>,
    /// The clips of each non-empty class when classes are drawn equally often; empty when clips are.
    pub classes: Vec<Vec<usize>>,
    /// α of mixup's Beta distribution; 0 for no mixup.
    pub mixup: f64,
    /// Source region of the crops: whole frames, around the motion, or either at random.
    pub seen: MotionCrop,
    /// The square around the motion of each clip, where crops use it; `None` for the whole frame.
    pub squares: Vec<Option<MotionSquare>>,
}

/// Purposes of random numbers, each with a generator of its own.
mod purpose {
    pub const PAIR: u64 = 0;
    pub const CLIPS: u64 = 1;
    pub const WINDOW: u64 = 2;
    pub const CLASSES: u64 = 3;
    pub const MIXING: u64 = 4;
    /// First of the purposes of the classes, one for each class.
    pub const CLIPS_OF_CLASS: u64 = 5;
}

impl Sampler {
    /// Returns the clip at place `slot` of step `step`: every clip (or class, and in turn every clip of it) once an epoch, in an
    /// order that changes with each epoch.
    pub fn clip(&self, step: usize, slot: usize) -> usize {
        let drawn = step * self.batch + slot;
        if self.classes.is_empty() {
            return self.walk(self.clips, drawn, purpose::CLIPS);
        }
        let class = self.walk(self.classes.len(), drawn, purpose::CLASSES);
        let clips = &self.classes[class];
        let turn = drawn / self.classes.len();
        clips[self.walk(clips.len(), turn, purpose::CLIPS_OF_CLASS + class as u64)]
    }

    /// Returns item `drawn` of an endless sequence over `count` items, in a different order in each epoch.
    fn walk(&self, count: usize, drawn: usize, purpose: u64) -> usize {
        let (epoch, place) = (drawn / count, drawn % count);
        let mut order: Vec<usize> = (0..count).collect();
        order.shuffle(&mut self.rng(epoch as u64, purpose));
        order[place]
    }

    /// Returns the share of the sample at that place when it is mixed with another: Beta(α, α), the larger of the two
    /// shares.
    pub fn mixing(&self, step: usize, slot: usize) -> f32 {
        let mut rng = self.rng((step * self.batch + slot) as u64, purpose::MIXING);
        // Jöhnk's method; its acceptance rate is at least one half for α ≤ 1.
        loop {
            let [x, y] = [(); 2].map(|()| rng.random::<f64>().powf(1.0 / self.mixup));
            if x + y <= 1.0 && x + y > 0.0 {
                return (x.max(y) / (x + y)) as f32;
            }
        }
    }

    /// Returns the windows at that position: one from each segment of a clip of `frames` frames, all with the same
    /// crop.
    pub fn draws(&self, step: usize, slot: usize, clip: usize, frames: usize) -> Vec<Draw> {
        let mut rng = self.rng((step * self.batch + slot) as u64, purpose::WINDOW);
        let part = frames / self.segments;
        let widest = part.saturating_sub(1).checked_div(self.window - 1).unwrap_or(1).clamp(1, self.max_stride);
        let stride = rng.random_range(1..=widest);
        let span = (self.window - 1) * stride + 1;
        let starts: Vec<usize> =
            (0..self.segments).map(|segment| rng.random_range(self.starts(segment, span, frames))).collect();
        let region = self.region(clip, &mut rng);
        let crop = self.crop(&region, &mut rng);
        starts.into_iter().map(|start| Draw { clip, start, stride, crop }).collect()
    }

    /// Returns the random generator for augmenting the pair with ground-truth flow at that position.
    pub fn pair_rng(&self, step: usize, slot: usize) -> ChaCha8Rng {
        self.rng((step * self.batch + slot) as u64, purpose::PAIR)
    }

    /// Returns the possible starts of a window of `span` frames in segment `segment` of a clip. If segments are shorter
    /// than that, the starts of the whole clip are divided among them, and windows overlap.
    fn starts(&self, segment: usize, span: usize, frames: usize) -> RangeInclusive<usize> {
        let cut = |count: usize| [segment, segment + 1].map(|edge| edge * count / self.segments);
        if frames / self.segments >= span {
            let [first, end] = cut(frames);
            return first..=end - span;
        }
        let [first, end] = cut(frames.saturating_sub(span) + 1);
        first..=end.saturating_sub(1).max(first)
    }

    /// Returns the region of the frames of `clip` from which crops are drawn.
    fn region(&self, clip: usize, rng: &mut impl Rng) -> Crop {
        let is_around = match self.seen {
            MotionCrop::Whole => false,
            MotionCrop::Motion => true,
            MotionCrop::Both => rng.random_bool(0.5),
        };
        let square = self.squares.get(clip).copied().flatten().filter(|_| is_around);
        square.map_or_else(|| Crop::whole(self.frame), |square| Crop::around(&square, self.frame))
    }

    /// Returns a crop at one of the four corners or the centre of `region`, of one of the shapes (seven with three
    /// scales), mirrored or not.
    fn crop(&self, region: &Crop, rng: &mut impl Rng) -> Crop {
        let (frame_width, frame_height) = (region.width, region.height);
        let aspect = self.crop.width as f32 / self.crop.height as f32;
        let largest = (frame_height * aspect).min(frame_width);
        let scales = &self.scales;
        // All pairs of neighbours are equally likely.
        let neighbours = |i: usize| (i.saturating_sub(1)..=(i + 1).min(scales.len() - 1)).map(move |j| [i, j]);
        let pairs: Vec<[usize; 2]> = (0..scales.len()).flat_map(neighbours).collect();
        let [i, j] = pairs[rng.random_range(0..pairs.len())];
        let (width, height) = (largest * scales[i], largest / aspect * scales[j]);
        let (right, bottom) = (frame_width - width, frame_height - height);
        let corners = [(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom), (right / 2.0, bottom / 2.0)];
        let (x, y) = corners[rng.random_range(0..corners.len())];
        Crop { x: region.x + x, y: region.y + y, width, height, mirrored: rng.random_bool(0.5) }
    }

    fn rng(&self, index: u64, purpose: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(purpose << 48 | index);
        rng
    }
}

impl Draw {
    /// Returns the indices of `window` frames in a clip of `frames` frames; the last one is repeated if the clip is too
    /// short.
    pub fn indices(&self, window: usize, frames: usize) -> impl Iterator<Item = usize> {
        let (start, stride) = (self.start, self.stride);
        (0..window).map(move |i| (start + i * stride).min(frames - 1))
    }
}

impl Crop {
    /// Returns the whole frame.
    pub fn whole(frame: Geometry) -> Self {
        Self { x: 0.0, y: 0.0, width: frame.width as f32, height: frame.height as f32, mirrored: false }
    }

    /// Returns the region around the motion of a frame.
    pub fn around(square: &MotionSquare, frame: Geometry) -> Self {
        let (width, height) = (frame.width as f32, frame.height as f32);
        Self {
            x: square.left * width,
            y: square.top * height,
            width: square.width * width,
            height: square.height * height,
            mirrored: false,
        }
    }

    /// Returns the crop of an RGB frame, resampled bilinearly to `size`.
    pub fn picture(&self, frame: &RgbImage, size: Geometry) -> RgbImage {
        let mut planes = Vec::new();
        self.append_bgr(frame, size, [0.0; 3], 1.0, &mut planes);
        let area = (size.width * size.height) as usize;
        RgbImage::from_fn(size.width, size.height, |x, y| {
            let place = (y * size.width + x) as usize;
            Rgb([2, 1, 0].map(|plane: usize| planes[plane * area + place].round() as u8))
        })
    }

    /// Resamples the crop of an RGB frame bilinearly to `size` and appends it as three planes B, G, R of (x −
    /// mean)·scale.
    pub fn append_bgr(&self, frame: &RgbImage, size: Geometry, mean: [f32; 3], scale: f32, planes: &mut Vec<f32>) {
        let columns = taps(self.x, self.width, size.width, frame.width(), self.mirrored);
        let rows = taps(self.y, self.height, size.height, frame.height(), false);
        let pixels = frame.as_raw();
        let line = 3 * frame.width() as usize;
        for (plane, mean) in mean.into_iter().enumerate() {
            let channel = 2 - plane; // pictures are RGB, planes are BGR
            for row in &rows {
                let (above, below) = (&pixels[row.near * line..], &pixels[row.far * line..]);
                planes.extend(columns.iter().map(|column| {
                    let (near, far) = (3 * column.near + channel, 3 * column.far + channel);
                    let upper = mix(f32::from(above[near]), f32::from(above[far]), column.weight);
                    let lower = mix(f32::from(below[near]), f32::from(below[far]), column.weight);
                    (mix(upper, lower, row.weight) - mean) * scale
                }));
            }
        }
    }

    /// Resamples the crop of a flow field bilinearly to `size` and appends its planes u and v, in pixels of the new
    /// size: vectors are scaled with the picture, and mirroring negates u.
    pub fn append_flow(&self, flow: FlowMap<'_>, size: Geometry, planes: &mut Vec<f32>) {
        let zoom_x = size.width as f32 / (self.width * flow.cells_from_px);
        let zoom_y = size.height as f32 / (self.height * flow.cells_from_px);
        self.append_scaled(flow, &[if self.mirrored { -zoom_x } else { zoom_x }, zoom_y], size, planes);
    }

    /// Like [`append_flow`](Self::append_flow), with a third plane of weights that are resampled but not scaled.
    pub fn append_weighted_flow(&self, flow: FlowMap<'_>, size: Geometry, planes: &mut Vec<f32>) {
        let (vectors, weights) = flow.uv.split_at(2 * flow.width * flow.height);
        self.append_flow(FlowMap { uv: vectors, ..flow }, size, planes);
        self.append_scaled(FlowMap { uv: weights, ..flow }, &[1.0], size, planes);
    }

    /// Resamples the crop of planes bilinearly and multiplies each by its factor.
    fn append_scaled(&self, map: FlowMap<'_>, factors: &[f32], size: Geometry, planes: &mut Vec<f32>) {
        let FlowMap { uv, width, height, cells_from_px } = map;
        let columns = taps(self.x * cells_from_px, self.width * cells_from_px, size.width, width as u32, self.mirrored);
        let rows = taps(self.y * cells_from_px, self.height * cells_from_px, size.height, height as u32, false);
        for (plane, factor) in uv.chunks_exact(width * height).zip(factors) {
            for row in &rows {
                let (above, below) = (&plane[row.near * width..], &plane[row.far * width..]);
                planes.extend(columns.iter().map(|column| {
                    let upper = mix(above[column.near], above[column.far], column.weight);
                    let lower = mix(below[column.near], below[column.far], column.weight);
                    factor * mix(upper, lower, row.weight)
                }));
            }
        }
    }
}

/// Planes u and v of `width`×`height` cells, with `cells_from_px` cells per frame pixel.
#[derive(Clone, Copy)]
pub struct FlowMap<'a> {
    /// u plane, then v plane.
    pub uv: &'a [f32],
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Cells per frame pixel: one half for the finest flow of MotionNet.
    pub cells_from_px: f32,
}

/// The two source cells of an output cell, and the weight of the second one.
struct ResampleTap {
    near: usize,
    far: usize,
    weight: f32,
}

/// Returns bilinear taps of `count` outputs over [origin, origin + extent) in a line of `side` cells (half-cell
/// centres, clamped).
fn taps(origin: f32, extent: f32, count: u32, side: u32, mirrored: bool) -> Vec<ResampleTap> {
    let last = (side - 1) as f32;
    (0..count)
        .map(|i| {
            let i = if mirrored { count - 1 - i } else { i };
            let position = (origin + (i as f32 + 0.5) * extent / count as f32 - 0.5).clamp(0.0, last);
            let near = position as usize;
            ResampleTap { near, far: (near + 1).min(last as usize), weight: position.fract() }
        })
        .collect()
}

fn mix(a: f32, b: f32, weight: f32) -> f32 {
    a + (b - a) * weight
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler() -> Sampler {
        let frame = Geometry { width: 160, height: 120 };
        Sampler {
            seed: 3,
            batch: 4,
            clips: 10,
            window: 11,
            least: 1,
            segments: 1,
            max_stride: 2,
            frame,
            crop: Geometry { width: 128, height: 96 },
            scales: vec![1.0, 0.875, 0.75],
            classes: Vec::new(),
            mixup: 0.0,
            seen: MotionCrop::Whole,
            squares: Vec::new(),
        }
    }

    #[test]
    fn an_epoch_draws_every_clip_once_and_repeats_exactly() {
        let sampler = sampler();
        let epoch: Vec<usize> = (0..10).map(|i| sampler.clip(i / 4, i % 4)).collect();
        let mut sorted = epoch.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..10).collect::<Vec<_>>());
        assert_eq!(epoch, (0..10).map(|i| sampler.clip(i / 4, i % 4)).collect::<Vec<_>>());
        assert_ne!(epoch, (10..20).map(|i| sampler.clip(i / 4, i % 4)).collect::<Vec<_>>());
    }

    #[test]
    fn classes_are_drawn_equally_often_and_their_clips_in_turn() {
        let classes = vec![vec![0, 1, 2, 3, 4, 5, 6], vec![7], vec![8, 9]];
        let sampler = Sampler { classes: classes.clone(), ..sampler() };
        let drawn: Vec<usize> = (0..42).map(|i| sampler.clip(i / 4, i % 4)).collect();
        for class in &classes {
            let count = |clip: &usize| drawn.iter().filter(|drawn| *drawn == clip).count();
            assert!(class.iter().all(|clip| count(clip) == 14 / class.len()), "{class:?} in {drawn:?}");
        }
        let in_larger_batches = Sampler { batch: 12, ..sampler };
        assert_eq!(drawn, (0..42).map(|i| in_larger_batches.clip(i / 12, i % 12)).collect::<Vec<_>>());
    }

    #[test]
    fn mixed_shares_follow_beta() {
        let shares = |mixup: f64| {
            let sampler = Sampler { mixup, ..sampler() };
            (0..2000).map(|i| sampler.mixing(i, 0)).collect::<Vec<_>>()
        };
        // The larger weight of Beta(1, 1) is uniform above one half; for a small α it is almost 1.
        let mean = |shares: Vec<f32>| shares.iter().sum::<f32>() / shares.len() as f32;
        assert!(shares(1.0).iter().all(|share| (0.5..=1.0).contains(share)));
        assert!((mean(shares(1.0)) - 0.75).abs() < 0.01);
        assert!(mean(shares(0.01)) > 0.98);
    }

    #[test]
    fn crops_have_the_sides_of_neighbouring_scales() {
        let frame = Geometry { width: 340, height: 256 };
        let crop = Geometry { width: 224, height: 224 };
        let sampler = Sampler { frame, crop, scales: vec![1.0, 0.875, 0.75, 0.66], ..sampler() };
        let sides: std::collections::BTreeSet<[u32; 2]> = (0..400)
            .map(|step| sampler.draws(step, 0, 0, 20)[0].crop)
            .map(|crop| [crop.width, crop.height].map(|side| side.round() as u32))
            .collect();
        let [a, b, c, d] = [256, 224, 192, 169];
        let expected = [[d, d], [d, c], [c, d], [c, c], [c, b], [b, c], [b, b], [b, a], [a, b], [a, a]];
        assert_eq!(sides.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_shape_of_a_crop_is_as_likely_as_the_others() {
        let frame = Geometry { width: 340, height: 256 };
        let sampler = Sampler { frame, crop: Geometry { width: 224, height: 224 }, ..sampler() };
        let mut counts = std::collections::BTreeMap::new();
        for step in 0..7000 {
            let crop = sampler.draws(step, 0, 0, 20)[0].crop;
            *counts.entry([crop.width, crop.height].map(|side| side.round() as u32)).or_insert(0) += 1;
        }
        // The standard deviation is 29.
        assert!(counts.len() == 7 && counts.values().all(|count| (880..=1120).contains(count)), "{counts:?}");
    }

    #[test]
    fn draws_stay_inside_clip_and_frame() {
        let sampler = sampler();
        for (step, frames) in (0..200).map(|step| (step, 1 + step % 40)) {
            let [draw] = sampler.draws(step, 1, 0, frames)[..] else { panic!("one window without segments") };
            assert!(draw.indices(11, frames).all(|i| i < frames));
            if frames >= 11 {
                assert_eq!(draw.indices(11, frames).last(), Some(draw.start + 10 * draw.stride));
            }
            let crop = draw.crop;
            assert!(
                crop.x >= 0.0 && crop.x + crop.width <= 160.001 && crop.y >= 0.0 && crop.y + crop.height <= 120.001
            );
        }
    }

    #[test]
    fn half_of_the_crops_of_both_lie_around_the_motion() {
        let square = MotionSquare { left: 0.5, top: 0.25, width: 0.25, height: 0.5 }; // 80…120 × 30…90 of 160×120
        let squares = vec![Some(square), None];
        let of = |seen| Sampler { seen, squares: squares.clone(), ..sampler() };
        let is_inside = |crop: Crop| {
            crop.x >= 80.0 && crop.x + crop.width <= 120.001 && crop.y >= 30.0 && crop.y + crop.height <= 90.001
        };
        let inside = |seen, clip| (0..400).filter(|&step| is_inside(of(seen).draws(step, 0, clip, 20)[0].crop)).count();
        assert_eq!([inside(MotionCrop::Whole, 0), inside(MotionCrop::Motion, 0)], [0, 400]);
        assert!((160..=240).contains(&inside(MotionCrop::Both, 0)));
        assert_eq!(inside(MotionCrop::Motion, 1), 0, "a clip without a square is seen whole");
    }

    #[test]
    fn the_square_is_cut_out_and_enlarged() {
        let frame = RgbImage::from_fn(8, 4, |x, y| Rgb([10 * x as u8, 20 * y as u8, 7]));
        let square = MotionSquare { left: 0.25, top: 0.5, width: 0.5, height: 0.5 };
        let crop = Crop::around(&square, Geometry { width: 8, height: 4 });
        let seen = crop.picture(&frame, Geometry { width: 4, height: 2 });
        let expected = RgbImage::from_fn(4, 2, |x, y| Rgb([10 * (x as u8 + 2), 20 * (y as u8 + 2), 7]));
        assert_eq!(seen, expected);
        let seen = Crop::whole(Geometry { width: 8, height: 4 }).picture(&frame, Geometry { width: 8, height: 4 });
        assert_eq!(seen, frame);
    }

    #[test]
    fn windows_of_segments_lie_in_their_parts() {
        for (segments, window, frames) in [(3, 11, 40), (3, 1, 7), (4, 5, 23)] {
            let sampler = Sampler { segments, window, ..sampler() };
            let mut starts = vec![std::collections::BTreeSet::new(); segments];
            for step in 0..300 {
                let draws = sampler.draws(step, 0, 0, frames);
                assert!(draws.len() == segments && draws.iter().all(|draw| draw.crop == draws[0].crop));
                for (part, draw) in draws.iter().enumerate() {
                    let last = draw.indices(window, frames).last().unwrap();
                    let [first, end] = [part, part + 1].map(|edge| edge * frames / segments);
                    assert!(first <= draw.start && last < end, "part {part} of {frames} frames: {draw:?}");
                    starts[part].insert(draw.start);
                }
            }
            let all = (0..segments).map(|part| (part + 1) * frames / segments - part * frames / segments + 1 - window);
            assert!(starts.iter().map(|starts| starts.len()).eq(all), "every place is drawn: {starts:?}");
        }
    }

    /// Computed by hand: 20 frames have 10 windows of 11, whose starts are divided into 0–2, 3–5 and 6–9.
    #[test]
    fn windows_of_segments_of_short_clips_overlap() {
        let sampler = Sampler { segments: 3, ..sampler() };
        let starts = |frames: usize| [0, 1, 2].map(|part| sampler.starts(part, 11, frames));
        assert_eq!(starts(20), [0..=2, 3..=5, 6..=9]);
        assert_eq!(starts(12), [0..=0, 0..=0, 1..=1]);
        assert_eq!(starts(4), [0..=0, 0..=0, 0..=0]);
    }

    #[test]
    fn whole_frame_is_copied_and_mirrored() {
        let frame = RgbImage::from_fn(4, 2, |x, y| image::Rgb([x as u8, 10 + y as u8, 100]));
        let size = Geometry { width: 4, height: 2 };
        let mut planes = Vec::new();
        Crop { mirrored: true, ..Crop::whole(size) }.append_bgr(&frame, size, [0.0; 3], 1.0, &mut planes);
        assert_eq!(planes[..4], [100.0; 4]);
        assert_eq!(planes[8..16], [10., 10., 10., 10., 11., 11., 11., 11.]);
        assert_eq!(planes[16..20], [3., 2., 1., 0.]);
    }

    #[test]
    fn mirrored_flow_changes_the_sign_of_u_and_scales_with_the_crop() {
        let uv: Vec<f32> = [[1.0f32; 8], [0.5; 8]].concat();
        let map = FlowMap { uv: &uv, width: 4, height: 2, cells_from_px: 0.5 };
        let mut planes = Vec::new();
        let crop = Crop { x: 0.0, y: 0.0, width: 4.0, height: 4.0, mirrored: true };
        crop.append_flow(map, Geometry { width: 4, height: 2 }, &mut planes);
        assert_eq!(planes[..8], [-2.0; 8], "two cells became four");
        assert_eq!(planes[8..], [0.5; 8]);
    }
}
