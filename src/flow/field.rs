//! The flow field: one displacement vector per pixel.

use crate::ranking::quantile;

/// Components beyond this magnitude mark a vector as unknown, as in Middlebury's files.
const UNKNOWN_ABOVE_PX: f32 = 1e9;

/// A dense flow field: pixel `p` of frame i moves to `p + at(p)` in frame i + 1.
///
/// Vectors are in pixels of the image, x to the right and y down. A vector with a
/// component that is not a number or beyond 10⁹ is unknown.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowField {
    /// Vectors in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` vectors `[u, v]`, row after row.
    pub uv: Vec<[f32; 2]>,
}

impl FlowField {
    /// The value of unknown vectors, as in Middlebury files.
    pub const UNKNOWN: [f32; 2] = [1e10, 1e10];

    /// Returns a field of `width` × `height` vectors, given row after row.
    ///
    /// # Panics
    /// If `uv` does not hold exactly `width * height` vectors: a mistake of the caller, not of a file.
    pub fn new(width: usize, height: usize, uv: Vec<[f32; 2]>) -> Self {
        assert_eq!(uv.len(), width * height, "a {width}×{height} flow field needs one vector per pixel");
        Self { width, height, uv }
    }

    /// Returns the vector of the pixel in column `x` and row `y`.
    ///
    /// # Panics
    /// If the pixel is outside the field.
    pub fn at(&self, x: usize, y: usize) -> [f32; 2] {
        assert!(x < self.width && y < self.height, "pixel ({x}, {y}) of a {}×{} field", self.width, self.height);
        self.uv[y * self.width + x]
    }

    /// Returns whether a vector is known: both components are numbers with a magnitude of at most 10⁹.
    pub fn is_known([u, v]: [f32; 2]) -> bool {
        u.abs() <= UNKNOWN_ABOVE_PX && v.abs() <= UNKNOWN_ABOVE_PX
    }

    /// Returns the length of the longest known vector in pixels; 0 if there is none.
    pub fn magnitude_max(&self) -> f32 {
        self.uv.iter().filter(|uv| Self::is_known(**uv)).map(|[u, v]| u.hypot(*v)).fold(0.0, f32::max)
    }

    /// Returns the 99.5th percentile of the lengths of known vectors in pixels, estimated from a sample; 0 if there is
    /// none.
    pub fn typical_magnitude(&self) -> f32 {
        const SAMPLE: usize = 4096;
        const COVERED: f32 = 0.995; // a hand that waves is no outlier
        let sample = self.uv.iter().step_by((self.uv.len() / SAMPLE).max(1)).filter(|uv| Self::is_known(**uv));
        quantile(sample.map(|[u, v]| u.hypot(*v)).collect(), COVERED)
    }

    /// Returns the composition of this flow and `next`: the second vector is read at the nearest pixel to where the
    /// first one leads.
    ///
    /// Unknown where either is, or where the pixel has left the picture.
    ///
    /// # Panics
    /// If the fields differ in size.
    pub fn followed_by(&self, next: &Self) -> Self {
        assert_eq!((self.width, self.height), (next.width, next.height), "motions of pictures of different sizes");
        let place = |at: usize, by: f32, side: usize| {
            let to = (at as f32 + by).round();
            (to >= 0.0 && to < side as f32).then_some(to as usize)
        };
        let followed = |(i, &[u, v]): (usize, &[f32; 2])| {
            let (x, y) = (i % self.width, i / self.width);
            let arrived = place(x, u, self.width).zip(place(y, v, self.height)).map(|(x, y)| next.at(x, y));
            match arrived.filter(|uv| Self::is_known(*uv)) {
                Some([du, dv]) => [u + du, v + dv],
                None => Self::UNKNOWN,
            }
        };
        Self::new(self.width, self.height, self.uv.iter().enumerate().map(followed).collect())
    }

    /// Returns the same motion on a grid of `width` × `height` vectors, in pixels of a picture of that size.
    ///
    /// Interpolates bilinearly between pixel centres; a vector that would draw on an unknown one is unknown.
    pub fn resized(&self, width: usize, height: usize) -> Self {
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        if self.uv.is_empty() {
            return Self::new(width, height, vec![Self::UNKNOWN; width * height]);
        }
        let scale = [width as f32 / self.width as f32, height as f32 / self.height as f32];
        let columns: Vec<Tap> = (0..width).map(|x| Tap::new(x, scale[0], self.width)).collect();
        let mut uv = Vec::with_capacity(width * height);
        for y in 0..height {
            let row = Tap::new(y, scale[1], self.height);
            uv.extend(columns.iter().map(|column| self.between(column, &row, scale)));
        }
        Self::new(width, height, uv)
    }

    /// Returns the interpolated vector at a column and a row tap, times `scale`.
    fn between(&self, column: &Tap, row: &Tap, scale: [f32; 2]) -> [f32; 2] {
        let mut sum = [0.0; 2];
        for (y, wy) in row.neighbours() {
            for (x, wx) in column.neighbours() {
                if wx * wy == 0.0 {
                    continue;
                }
                let uv = self.at(x, y);
                if !Self::is_known(uv) {
                    return Self::UNKNOWN;
                }
                sum = [sum[0] + wx * wy * uv[0], sum[1] + wx * wy * uv[1]];
            }
        }
        [sum[0] * scale[0], sum[1] * scale[1]]
    }
}

/// The two source samples around a target sample on one axis.
struct Tap {
    lower: usize,
    upper: usize,
    /// Weight of `upper`, 0…1.
    fraction: f32,
}

impl Tap {
    /// Returns the tap of target sample `index` on an axis of `length` source samples, pixel centres aligned.
    fn new(index: usize, scale: f32, length: usize) -> Self {
        let position = ((index as f32 + 0.5) / scale - 0.5).clamp(0.0, (length - 1) as f32);
        let lower = position as usize;
        Self { lower, upper: (lower + 1).min(length - 1), fraction: position - lower as f32 }
    }

    fn neighbours(&self) -> [(usize, f32); 2] {
        [(self.lower, 1.0 - self.fraction), (self.upper, self.fraction)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resizing_keeps_the_motion_and_changes_its_unit() {
        let field = FlowField::new(4, 2, vec![[1.0, -2.0]; 8]);
        let larger = field.resized(8, 6);
        assert_eq!((larger.width, larger.height), (8, 6));
        assert!(larger.uv.iter().all(|uv| (uv[0] - 2.0).abs() < 1e-6 && (uv[1] + 6.0).abs() < 1e-6));
    }

    #[test]
    fn resizing_interpolates_between_pixel_centres() {
        let field = FlowField::new(2, 1, vec![[0.0, 0.0], [4.0, 0.0]]);
        // Centres of the four new pixels are at −¼, ¼, ¾ and 5/4 of the old grid; vectors double.
        let u: Vec<f32> = field.resized(4, 1).uv.iter().map(|uv| uv[0]).collect();
        assert_eq!(u, [0.0, 2.0, 6.0, 8.0]);
    }

    #[test]
    fn motion_is_followed_from_pixel_to_pixel() {
        let first = FlowField::new(4, 1, vec![[1.0, 0.0], [2.4, 0.0], [f32::NAN, 0.0], [1.0, 0.0]]);
        let next = FlowField::new(4, 1, vec![[9.0, 0.0], [0.5, 7.0], [0.0, 0.0], [-3.0, 1.0]]);
        let both = first.followed_by(&next);
        assert_eq!(both.uv[..2], [[1.5, 7.0], [2.4 - 3.0, 1.0]]);
        assert!(!FlowField::is_known(both.uv[2]) && !FlowField::is_known(both.uv[3]));
    }

    #[test]
    fn unknown_vectors_spread_no_numbers() {
        let field = FlowField::new(3, 1, vec![[1.0, 1.0], [f32::NAN, 0.0], [2e9, 0.0]]);
        assert_eq!(field.magnitude_max(), 2f32.sqrt());
        let larger = field.resized(6, 1);
        assert!(FlowField::is_known(larger.at(0, 0)));
        assert!(!FlowField::is_known(larger.at(1, 0)), "lies between a known and an unknown vector");
    }
}
