//! Rows of the unknowns and of the data term, and the loops over them.
//!
//! Rows are padded to whole vectors with at least one sample to spare. What is in the padding never reaches a pixel;
//! it stays finite and adds nothing to the error.

/// Samples per step of the widest vector unit.
pub const LANES: usize = 16;

/// A row of u or of v with its dual.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// The samples, and one beyond the padding.
    pub u: Vec<f32>,
    /// p along x, after one zero: the sample left of the first.
    pub px: Vec<f32>,
    /// p along y.
    pub py: Vec<f32>,
}

/// A row of u and v.
pub type Pair = [Row; 2];

/// A row of the linearised data term; all samples of the padding are zero.
#[derive(Debug, Clone, Default)]
pub struct DataRow {
    /// ∇I of the warped second picture: x and y.
    pub slopes: [Vec<f32>; 2],
    /// −1 / |∇I|², finite.
    pub inverse: Vec<f32>,
    /// ρc.
    pub constant: Vec<f32>,
}

/// Returns the length of a padded row of `width` pixels.
pub fn stride(width: usize) -> usize {
    (width + 1).next_multiple_of(LANES)
}

impl Row {
    pub fn zeros(width: usize) -> Self {
        let zeros = vec![0.0; stride(width)];
        Self { u: vec![0.0; stride(width) + 1], px: vec![0.0; stride(width) + 1], py: zeros }
    }

    /// Copies the samples of a row of the same width.
    pub fn copy(&mut self, other: &Self) {
        self.u.copy_from_slice(&other.u);
        self.px.copy_from_slice(&other.px);
        self.py.copy_from_slice(&other.py);
    }
}

impl DataRow {
    pub fn zeros(width: usize) -> Self {
        let zeros = vec![0.0; stride(width)];
        Self { slopes: [zeros.clone(), zeros.clone()], inverse: zeros.clone(), constant: zeros }
    }
}

/// Writes the multiple of ∇I by which the data term moves the flow to `shares`: −ρ/|∇I|² within ±`limit`.
///
/// This is the threshold of three cases in one expression; where |∇I|² is next to nothing the flow may move by up to
/// `limit` |∇I|, less than 10⁻⁴ pixels, where the three cases leave it.
#[inline(always)]
pub fn shares(data: &DataRow, [u, v]: [&[f32]; 2], limit: f32, shares: &mut [f32]) {
    let length = shares.len();
    let (ix, iy) = (&data.slopes[0][..length], &data.slopes[1][..length]);
    let (inverse, constant, u, v) = (&data.inverse[..length], &data.constant[..length], &u[..length], &v[..length]);
    for x in 0..length {
        let rho = constant[x] + (ix[x] * u[x] + iy[x] * v[x]);
        shares[x] = smaller(larger(rho * inverse[x], -limit), limit);
    }
}

/// u ← u + share · slope + θ div p; adds the squared changes to `errors`. `theta` is zero in the padding.
#[inline(always)]
pub fn primal(row: &mut Row, above: &[f32], slopes: &[f32], shares: &[f32], theta: &[f32], errors: &mut [f32]) {
    let length = errors.len();
    let (u, left, px, py) = (&mut row.u[..length], &row.px[..length], &row.px[1..][..length], &row.py[..length]);
    let (above, slopes, shares, theta) = (&above[..length], &slopes[..length], &shares[..length], &theta[..length]);
    for x in 0..length {
        let after = u[x] + shares[x] * slopes[x] + theta[x] * ((px[x] - left[x]) + (py[x] - above[x]));
        let change = after - u[x];
        u[x] = after;
        errors[x] += change * change;
    }
}

/// p ← (p + s∇u) / (1 + s|∇u|); `below` is the next row of u.
#[inline(always)]
pub fn dual(row: &mut Row, below: &[f32], step: f32) {
    let length = row.py.len();
    let (u, right, px, py) =
        (&row.u[..length], &row.u[1..][..length], &mut row.px[1..][..length], &mut row.py[..length]);
    let below = &below[..length];
    for x in 0..length {
        let (along_x, along_y) = (right[x] - u[x], below[x] - u[x]);
        let norm = 1.0 / (1.0 + step * (along_x * along_x + along_y * along_y).sqrt());
        px[x] = (px[x] + step * along_x) * norm;
        py[x] = (py[x] + step * along_y) * norm;
    }
}

/// Returns the sum of a row whose length is a multiple of [`LANES`], in the order that suits vectors.
#[inline(always)]
pub fn sum(row: &[f32]) -> f64 {
    let mut lanes = [0.0; LANES];
    for chunk in row.as_chunks::<LANES>().0 {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    lanes.iter().copied().map(f64::from).sum()
}

/// Returns the smaller number in one instruction; `f32::min` takes more because it handles NaN.
#[inline(always)]
pub fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// Returns the larger number in one instruction; see [`smaller`].
#[inline(always)]
pub fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}
