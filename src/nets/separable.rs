//! Separable linear maps: the tent pyramid of the loss images, the Gaussian windows of SSIM and the upsampling of flow
//! are all `rows · image · colsᵀ` with small constant matrices.

use burn::tensor::{Device, Tensor, TensorData};

/// A pair of constant matrices, applied to the rows and the columns of every channel.
#[derive(Debug, Clone)]
pub struct Separable {
    rows: Tensor<2>, // [rows_in, rows_out]
    cols: Tensor<2>, // [cols_in, cols_out]
}

impl Separable {
    /// Builds the map from `matrix(input side, output side)`, which returns `output × input` weights row by row.
    fn new(from: [usize; 2], to: [usize; 2], device: &Device, matrix: impl Fn(usize, usize) -> Vec<f32>) -> Self {
        let build = |input: usize, output: usize| {
            Tensor::<2>::from_data(TensorData::new(matrix(input, output), [output, input]), device).transpose()
        };
        Self { rows: build(from[0], to[0]), cols: build(from[1], to[1]) }
    }

    /// Returns the align-corners resize with a tent of half-width r = (S−1)/(D−1), normalised over the taps inside the
    /// image (the released Caffe down-sampling layer). `from` and `to` are [height, width].
    pub fn tent(from: [usize; 2], to: [usize; 2], device: &Device) -> Self {
        Self::new(from, to, device, tent_matrix)
    }

    /// Returns the tent with which Caffe's training of FlowNet resizes true flow to a level: [`tent`](Self::tent),
    /// except for the mean along an axis that shrinks to one cell, where the release divides 0 by 0.
    pub fn truth_tent(from: [usize; 2], to: [usize; 2], device: &Device) -> Self {
        let matrix = |input, output| if output == 1 { area_matrix(input, 1) } else { tent_matrix(input, output) };
        Self::new(from, to, device, matrix)
    }

    /// Returns the bilinear resize with half-pixel centres and replicated edges. `from` and `to` are [height, width].
    pub fn bilinear(from: [usize; 2], to: [usize; 2], device: &Device) -> Self {
        Self::new(from, to, device, bilinear_matrix)
    }

    /// Returns the bilinear resize with aligned corner pixels. `from` and `to` are [height, width].
    pub fn align_corners(from: [usize; 2], to: [usize; 2], device: &Device) -> Self {
        Self::new(from, to, device, align_corners_matrix)
    }

    /// Returns the nearest-neighbour resize to the pixel that covers the centre of each output cell. `from` and `to`
    /// are [height, width].
    pub fn nearest(from: [usize; 2], to: [usize; 2], device: &Device) -> Self {
        Self::new(from, to, device, nearest_matrix)
    }

    /// Returns the area average of each output cell. `from` and `to` are [height, width].
    pub fn area(from: [usize; 2], to: [usize; 2], device: &Device) -> Self {
        Self::new(from, to, device, area_matrix)
    }

    /// Returns Gaussian windows of `side` pixels every `stride` pixels over maps of [height, width], normalised over
    /// the whole window; windows that extend beyond the lower or right border are cut off, not renormalised. `centre`
    /// is the index of the peak inside a window.
    pub fn gaussian_windows(from: [usize; 2], window: SeparableWindow, device: &Device) -> Self {
        let to = from.map(|side| window.count(side));
        Self::new(from, to, device, |input, output| gaussian_matrix(input, output, window))
    }

    /// Applies the map: [n, c, rows_in, cols_in] → [n, c, rows_out, cols_out].
    pub fn apply(&self, maps: Tensor<4>) -> Tensor<4> {
        let [n, c, h, w] = maps.dims();
        let [rows_out, cols_out] = [self.rows.dims()[1], self.cols.dims()[1]];
        let narrow = maps.reshape([n * c * h, w]).matmul(self.cols.clone()); // [n·c·h, cols_out]
        let turned = narrow.reshape([n * c, h, cols_out]).swap_dims(1, 2).reshape([n * c * cols_out, h]);
        let short = turned.matmul(self.rows.clone()); // [n·c·cols_out, rows_out]
        short.reshape([n * c, cols_out, rows_out]).swap_dims(1, 2).reshape([n, c, rows_out, cols_out])
    }
}

/// The geometry of SSIM's Gaussian windows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeparableWindow {
    /// Side in pixels.
    pub side: usize,
    /// Distance between windows in pixels.
    pub stride: usize,
    /// Standard deviation of the weights in pixels.
    pub sigma: f64,
    /// Index of the peak inside a window.
    pub centre: f64,
}

impl SeparableWindow {
    /// Returns the number of windows that cover `side` pixels: ⌈(side − window)/stride⌉ + 1, at least one.
    pub fn count(self, side: usize) -> usize {
        side.saturating_sub(self.side).div_ceil(self.stride) + 1
    }

    /// Returns the weights along a whole window, which sum to 1.
    pub fn taps(self) -> Vec<f32> {
        let weight = |i: usize| (-(i as f64 - self.centre).powi(2) / (2.0 * self.sigma.powi(2))).exp();
        let sum: f64 = (0..self.side).map(weight).sum();
        (0..self.side).map(|i| (weight(i) / sum) as f32).collect()
    }
}

/// Returns the weights of [`Separable::tent`] along an axis, `output` rows of `input`.
pub(crate) fn tent_matrix(input: usize, output: usize) -> Vec<f32> {
    let step = if output > 1 { (input - 1) as f64 / (output - 1) as f64 } else { input as f64 };
    let radius = step.max(1.0); // Never narrower than a pixel: an equal size is the identity.
    let mut matrix = Vec::with_capacity(input * output);
    for d in 0..output {
        let centre = if output > 1 { d as f64 * step } else { (input - 1) as f64 / 2.0 };
        let tap = |s: usize| (1.0 - (s as f64 - centre).abs() / radius).max(0.0);
        let sum: f64 = (0..input).map(tap).sum();
        matrix.extend((0..input).map(|s| (tap(s) / sum) as f32));
    }
    matrix
}

/// Returns the weights of [`Separable::bilinear`] along an axis, `output` rows of `input`.
pub(super) fn bilinear_matrix(input: usize, output: usize) -> Vec<f32> {
    two_taps(input, output, |d| (d as f64 + 0.5) * input as f64 / output as f64 - 0.5)
}

fn align_corners_matrix(input: usize, output: usize) -> Vec<f32> {
    let step = if output > 1 { (input - 1) as f64 / (output - 1) as f64 } else { 0.0 };
    two_taps(input, output, |d| d as f64 * step)
}

fn nearest_matrix(input: usize, output: usize) -> Vec<f32> {
    let mut matrix = vec![0.0; input * output];
    for (d, row) in matrix.chunks_exact_mut(input).enumerate() {
        row[(2 * d + 1) * input / (2 * output)] = 1.0;
    }
    matrix
}

/// Returns the matrix of linear interpolation at `position` of each output, in input pixels.
fn two_taps(input: usize, output: usize, position: impl Fn(usize) -> f64) -> Vec<f32> {
    let mut matrix = vec![0.0; input * output];
    for (d, row) in matrix.chunks_exact_mut(input).enumerate() {
        let centre = position(d).clamp(0.0, (input - 1) as f64);
        let near = centre as usize;
        row[near] += 1.0 - centre.fract() as f32;
        row[(near + 1).min(input - 1)] += centre.fract() as f32;
    }
    matrix
}

fn area_matrix(input: usize, output: usize) -> Vec<f32> {
    let side = input as f64 / output as f64; // side of an output cell in input pixels
    let mut matrix = Vec::with_capacity(input * output);
    for d in 0..output {
        let (first, end) = (d as f64 * side, (d + 1) as f64 * side);
        let overlap = |s: usize| (end.min((s + 1) as f64) - first.max(s as f64)).max(0.0);
        matrix.extend((0..input).map(|s| (overlap(s) / side) as f32));
    }
    matrix
}

fn gaussian_matrix(input: usize, output: usize, window: SeparableWindow) -> Vec<f32> {
    let taps = window.taps();
    let mut matrix = vec![0.0; input * output];
    for (p, row) in matrix.chunks_exact_mut(input).enumerate() {
        for (place, tap) in row.iter_mut().skip(p * window.stride).zip(&taps) {
            *place = *tap;
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tent_keeps_constants_and_equal_sizes() {
        let device = Device::flex();
        let ones = Tensor::<4>::ones([1, 2, 9, 12], &device);
        let small = Separable::tent([9, 12], [3, 4], &device).apply(ones.clone());
        small.into_data().assert_approx_eq::<f32>(
            &Tensor::<4>::ones([1, 2, 3, 4], &device).into_data(),
            burn::tensor::Tolerance::absolute(1e-6),
        );
        assert_eq!(tent_matrix(3, 3), [1., 0., 0., 0., 1., 0., 0., 0., 1.]);
    }

    #[test]
    fn areas_are_means_and_equal_sizes_are_the_identity() {
        assert_eq!(area_matrix(4, 2), [0.5, 0.5, 0., 0., 0., 0., 0.5, 0.5]);
        assert_eq!(area_matrix(2, 2), [1., 0., 0., 1.]);
        let uneven = area_matrix(3, 2);
        let expected = [2. / 3., 1. / 3., 0., 0., 1. / 3., 2. / 3.];
        assert!(uneven.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{uneven:?}");
    }

    #[test]
    fn windows_that_overhang_are_cut_off() {
        let window = SeparableWindow { side: 8, stride: 8, sigma: 4.0 / 3.0, centre: 4.0 };
        assert_eq!([7, 8, 9, 14, 28, 112].map(|side| window.count(side)), [1, 1, 2, 2, 4, 14]);
        let matrix = gaussian_matrix(12, 2, window);
        let sums: Vec<f32> = matrix.chunks(12).map(|row| row.iter().sum()).collect();
        assert!((sums[0] - 1.0).abs() < 1e-6);
        assert!(sums[1] < 0.6 && sums[1] > 0.1, "half of the second window hangs over: {sums:?}");
    }
}
