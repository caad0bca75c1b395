//! The census term: frames are compared by the differences of each pixel from its neighbours, which is invariant to
//! changes of brightness (Meister, Hur, Roth: *UnFlow*, AAAI 2018, equation 2; the soft ternary transform and its
//! distance are those of their code).
//!
//! The transform of a pixel holds d/√(0.81 + d²) for each of the other pixels of the 7×7 patch around it, where d is
//! the difference of grey values (0…255) to the pixel. The distance of two transforms is Σ t²/(0.1 + t²) over their
//! differences t, and the term is the mean of its generalised Charbonnier penalty. Neighbours outside the image are
//! left out, and the sum over the others is scaled up.

use burn::tensor::{Device, Tensor, TensorData};

use super::penalty::{Charbonnier, EPSILON};
use super::visibility::visible_mean;
use super::warp;

/// Radius of a patch in pixels.
pub const REACH: usize = 3;
/// Number of neighbours in a patch.
pub const NEIGHBOURS: usize = (2 * REACH + 1) * (2 * REACH + 1) - 1;
/// Constant of the soft ternary transform: differences of grey values much larger than its root saturate at ±1.
pub const TERNARY: f32 = 0.81;
/// Constant of the distance: differences of transforms much larger than its root saturate at 1.
pub const SATURATION: f32 = 0.1;

/// Returns the grey values of frames, detached: [n, 3·frames, h, w], (x − mean)/255 in the order B, G, R →
/// [n, frames, h, w], 0…255 minus the grey value of the mean colour, which cancels out in differences.
pub fn grey(frames: Tensor<4>) -> Tensor<4> {
    let [n, channels, h, w] = frames.dims();
    let luma = [0.114, 0.587, 0.299].map(|weight: f32| 255.0 * weight); // ITU-R BT.601
    let luma = Tensor::<4>::from_data(TensorData::new(luma.to_vec(), [1, 3, 1, 1]), &frames.device());
    let frames = frames.detach().reshape([n * channels / 3, 3, h, w]);
    (frames * luma).sum_dim(1).reshape([n, channels / 3, h, w])
}

/// Returns the number of neighbours of the pixel at [row, column] that are inside an image of [height, width].
pub fn neighbours(pixel: [usize; 2], size: [usize; 2]) -> usize {
    let along = |axis: usize| (pixel[axis] + REACH).min(size[axis] - 1) - pixel[axis].saturating_sub(REACH) + 1;
    along(0) * along(1) - 1
}

/// Returns the census term of a level inside the border mask, `[1]`, by Burn's operations. Gradients flow to the flow
/// only.
///
/// The derivative with respect to the reconstructed frames is computed here neighbour by neighbour: automatic
/// differentiation would keep the maps of all neighbours in memory.
///
/// * `grey`: [n, pairs+1, h, w], the [`grey`] frames at the size of the level, constants
/// * `raw`: [n, 2·pairs, h, w], in units of `px_from_raw` pixels
/// * `visible`: [n, pairs, h, w], the visible fraction of each pixel
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

/// Returns the mean penalty of [n, 1, h, w] images and its derivative with respect to the second.
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

/// Returns the factors that scale the distance over the neighbours inside an image to all neighbours, [1, 1, h, w].
fn scales([h, w]: [usize; 2], device: &Device) -> Tensor<4> {
    let scale = |at: usize| NEIGHBOURS as f32 / neighbours([at / w, at % w], [h, w]).max(1) as f32;
    Tensor::from_data(TensorData::new((0..h * w).map(scale).collect(), [1, 1, h, w]), device)
}

/// Returns the steps to the neighbours that come after a pixel in raster order; distances are symmetric.
fn steps([h, w]: [usize; 2]) -> impl Iterator<Item = CensusStep> {
    let reach = REACH as isize;
    let all = (0..=reach).flat_map(move |down| (-reach..=reach).map(move |right| CensusStep { down, right }));
    all.filter(move |step| {
        let leads_on = step.down > 0 || step.right > 0;
        leads_on && step.down.unsigned_abs() < h && step.right.unsigned_abs() < w
    })
}

/// The offset from pixels to one of their neighbours.
#[derive(Clone, Copy)]
struct CensusStep {
    down: isize,
    right: isize,
}

impl CensusStep {
    /// Returns the part of [n, 1, h, w] maps that starts at `top` and `left`, reduced by the length of the step.
    fn part(self, maps: Tensor<4>, top: isize, left: isize) -> Tensor<4> {
        let [_, _, h, w] = maps.dims();
        let size = [h - self.down.unsigned_abs(), w - self.right.unsigned_abs()];
        maps.narrow(2, top as usize, size[0]).narrow(3, left as usize, size[1])
    }

    /// Returns the pixels that have this neighbour.
    fn cells(self, maps: Tensor<4>) -> Tensor<4> {
        self.part(maps, 0, (-self.right).max(0))
    }

    /// Returns the neighbours of those pixels.
    fn neighbours(self, maps: Tensor<4>) -> Tensor<4> {
        self.part(maps, self.down, self.right.max(0))
    }

    /// Places `part` at the pixels in zero maps of [h, w].
    fn at_cells(self, part: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
        placed(part, [0, (-self.right).max(0) as usize], size)
    }

    /// Places `part` at the neighbours in zero maps of [h, w].
    fn at_neighbours(self, part: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
        placed(part, [self.down as usize, self.right.max(0) as usize], size)
    }

    /// Returns the differences in the second image, and the differences of the transforms.
    fn transforms(self, first: &Tensor<4>, rebuilt: &Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let difference = |maps: &Tensor<4>| self.neighbours(maps.clone()) - self.cells(maps.clone());
        let soft = |d: Tensor<4>| d.clone() / (d.powi_scalar(2) + TERNARY).sqrt();
        let (of_first, of_rebuilt) = (difference(first), difference(rebuilt));
        (of_rebuilt.clone(), soft(of_first) - soft(of_rebuilt))
    }
}

/// Places `part` in zero maps of [h, w].
fn placed(part: Tensor<4>, [top, left]: [usize; 2], [h, w]: [usize; 2]) -> Tensor<4> {
    let [n, c, rows, columns] = part.dims();
    let ranges = [0..n, 0..c, top..top + rows, left..left + columns];
    Tensor::zeros([n, c, h, w], &part.device()).slice_assign(ranges, part)
}
