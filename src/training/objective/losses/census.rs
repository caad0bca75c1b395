//! The census term: frames are compared by how each pixel differs from its neighbours, which a change of brightness leaves as it
//! is (Meister, Hur, Roth: *UnFlow*, AAAI 2018, equation 2; the soft ternary transform and its distance are those of their code).
//!
//! The transform of a pixel holds d/√(0.81 + d²) for each of the other pixels of the 7×7 patch around it, d the difference of grey
//! values (0…255) to the pixel. The distance of two transforms is Σ t²/(0.1 + t²) over their differences t, and the term the mean of
//! its generalised Charbonnier penalty. Neighbours outside the picture are left out and the others stand for them.

use burn::tensor::{Device, Tensor, TensorData};

use super::penalty::{Charbonnier, EPSILON};
use super::visibility::visible_mean;
use super::warp;

/// Pixels from the middle of a patch to its border.
pub const REACH: usize = 3;
/// Other pixels of a patch.
pub const NEIGHBOURS: usize = (2 * REACH + 1) * (2 * REACH + 1) - 1;
/// Differences of grey values much above the root of this count as plus or minus one.
pub const TERNARY: f32 = 0.81;
/// Differences of transforms much above the root of this count as one.
pub const SATURATION: f32 = 0.1;

/// Returns the grey values of frames, without gradient: [n, 3·frames, h, w], (x − mean)/255 in the order B, G, R → [n, frames, h, w],
/// 0…255 less that of the mean colour, which no difference shows.
pub fn grey(frames: Tensor<4>) -> Tensor<4> {
    let [n, channels, h, w] = frames.dims();
    let luma = [0.114, 0.587, 0.299].map(|weight: f32| 255.0 * weight); // ITU-R BT.601
    let luma = Tensor::<4>::from_data(TensorData::new(luma.to_vec(), [1, 3, 1, 1]), &frames.device());
    let frames = frames.detach().reshape([n * channels / 3, 3, h, w]);
    (frames * luma).sum_dim(1).reshape([n, channels / 3, h, w])
}

/// Returns how many neighbours of the pixel at [row, column] are inside a picture of [height, width].
pub fn neighbours(pixel: [usize; 2], size: [usize; 2]) -> usize {
    let along = |axis: usize| (pixel[axis] + REACH).min(size[axis] - 1) - pixel[axis].saturating_sub(REACH) + 1;
    along(0) * along(1) - 1
}

/// Returns the census term of a level inside the border mask, `[1]`, by Burn's operations. The gradient reaches the flow only.
///
/// The derivative by the rebuilt frames is worked out here, neighbour by neighbour: left to automatic differentiation, the maps of
/// all neighbours would stay in memory.
///
/// * `grey`: [n, pairs+1, h, w], the [`grey`] frames at the size of the level, constants
/// * `raw`: [n, 2·pairs, h, w], a unit of which is `px_from_raw` pixels
/// * `visible`: [n, pairs, h, w], the share of each pixel that counts
pub(super) fn composed(grey: Tensor<4>, raw: Tensor<4>, visible: Option<Tensor<4>>, px_from_raw: f32) -> Tensor<1> {
    let [n, flow_channels, h, w] = raw.dims();
    let pairs = flow_channels / 2;
    let map = |maps: Tensor<4>, channels: usize| maps.reshape([n * pairs, channels, h, w]);
    let first = map(grey.clone().narrow(1, 0, pairs), 1);
    let second = map(grey.narrow(1, 1, pairs), 1);
    let rebuilt = warp(second, map(raw, 2) * px_from_raw);
    let visible = visible.map(|visible| map(visible, 1));
    let (value, by_rebuilt) = mean_and_derivative(first, rebuilt.clone().detach(), visible);
    let linear = (rebuilt * by_rebuilt).sum();
    value + linear.clone() - linear.detach()
}

/// Returns the mean penalty of [n, 1, h, w] pictures and its derivative by the second.
fn mean_and_derivative(first: Tensor<4>, rebuilt: Tensor<4>, visible: Option<Tensor<4>>) -> (Tensor<1>, Tensor<4>) {
    let [_, _, h, w] = first.dims();
    let scale = scales([h, w], &first.device());
    let mut distance = first.zeros_like();
    for step in steps([h, w]) {
        let (_, t) = step.transforms(&first, &rebuilt);
        let square = t.powi_scalar(2);
        let between = square.clone() / (square + SATURATION);
        distance = distance + step.at_cells(between.clone(), [h, w]) + step.at_neighbours(between, [h, w]);
    }
    let distance = distance * scale.clone();
    let Charbonnier { alpha, beta } = Charbonnier::CENSUS;
    let base = (distance.clone() * beta).powi_scalar(2) + EPSILON * EPSILON;
    let penalty = base.clone().powf_scalar(alpha);
    let (mean, weight) = visible_mean(penalty.clone(), visible);
    let slope = weight * (penalty / base) * distance * (2.0 * alpha * beta * beta) * scale;

    let mut by_rebuilt = rebuilt.zeros_like();
    for step in steps([h, w]) {
        let (difference, t) = step.transforms(&first, &rebuilt);
        let slope = step.cells(slope.clone()) + step.neighbours(slope.clone());
        let by_t = t.clone() * (2.0 * SATURATION) / (t.powi_scalar(2) + SATURATION).powi_scalar(2);
        let by_difference = (difference.powi_scalar(2) + TERNARY).powf_scalar(-1.5) * TERNARY;
        let derivative = slope * by_t * by_difference * -1.0;
        by_rebuilt = by_rebuilt + step.at_neighbours(derivative.clone(), [h, w]) - step.at_cells(derivative, [h, w]);
    }
    (mean, by_rebuilt)
}

/// What makes the distance to the neighbours inside a picture that to all, [1, 1, h, w].
fn scales([h, w]: [usize; 2], device: &Device) -> Tensor<4> {
    let scale = |at: usize| NEIGHBOURS as f32 / neighbours([at / w, at % w], [h, w]).max(1) as f32;
    Tensor::from_data(TensorData::new((0..h * w).map(scale).collect(), [1, 1, h, w]), device)
}

/// The ways to the neighbours that come after a pixel: the distance is the same from both sides.
fn steps([h, w]: [usize; 2]) -> impl Iterator<Item = CensusStep> {
    let reach = REACH as isize;
    let all = (0..=reach).flat_map(move |down| (-reach..=reach).map(move |right| CensusStep { down, right }));
    all.filter(move |step| {
        let leads_on = step.down > 0 || step.right > 0;
        leads_on && step.down.unsigned_abs() < h && step.right.unsigned_abs() < w
    })
}

/// The way from pixels to one of their neighbours.
#[derive(Clone, Copy)]
struct CensusStep {
    down: isize,
    right: isize,
}

impl CensusStep {
    /// Returns the part of [n, 1, h, w] maps that starts at `rows` and `columns` and leaves out as many cells as the step is long.
    fn part(self, maps: Tensor<4>, top: isize, left: isize) -> Tensor<4> {
        let [_, _, h, w] = maps.dims();
        let size = [h - self.down.unsigned_abs(), w - self.right.unsigned_abs()];
        maps.narrow(2, top as usize, size[0]).narrow(3, left as usize, size[1])
    }

    /// Returns the pixels that have such a neighbour.
    fn cells(self, maps: Tensor<4>) -> Tensor<4> {
        self.part(maps, 0, (-self.right).max(0))
    }

    /// Returns the neighbours.
    fn neighbours(self, maps: Tensor<4>) -> Tensor<4> {
        self.part(maps, self.down, self.right.max(0))
    }

    /// Returns maps of [h, w] that hold `part` at the pixels, and zeros.
    fn at_cells(self, part: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
        placed(part, [0, (-self.right).max(0) as usize], size)
    }

    /// Returns maps of [h, w] that hold `part` at the neighbours, and zeros.
    fn at_neighbours(self, part: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
        placed(part, [self.down as usize, self.right.max(0) as usize], size)
    }

    /// Returns the differences of the second picture, and how far the transforms are apart.
    fn transforms(self, first: &Tensor<4>, rebuilt: &Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let difference = |maps: &Tensor<4>| self.neighbours(maps.clone()) - self.cells(maps.clone());
        let soft = |d: Tensor<4>| d.clone() / (d.powi_scalar(2) + TERNARY).sqrt();
        let (of_first, of_rebuilt) = (difference(first), difference(rebuilt));
        (of_rebuilt.clone(), soft(of_first) - soft(of_rebuilt))
    }
}

/// Returns `part` inside zeros of [h, w].
fn placed(part: Tensor<4>, [top, left]: [usize; 2], [h, w]: [usize; 2]) -> Tensor<4> {
    let [n, c, rows, columns] = part.dims();
    let ranges = [0..n, 0..c, top..top + rows, left..left + columns];
    Tensor::zeros([n, c, h, w], &part.device()).slice_assign(ranges, part)
}
