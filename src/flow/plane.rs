//! Planes of one number per pixel: grey images, flow components and intermediate results of TV-L1 and DIS.

use image::RgbImage;

/// A picture with one 32-bit channel, rows from top to bottom.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plane {
    /// Samples in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` samples, row after row.
    pub values: Vec<f32>,
}

impl Plane {
    /// Returns a plane of `width` × `height` samples, given row after row.
    ///
    /// # Panics
    /// If `values` does not hold exactly `width * height` samples: a mistake of the caller, not of a file.
    pub fn new(width: usize, height: usize, values: Vec<f32>) -> Self {
        assert_eq!(values.len(), width * height, "a {width}×{height} plane needs one value per pixel");
        Self { width, height, values }
    }

    /// Returns a plane of zeros.
    pub fn zeros(width: usize, height: usize) -> Self {
        Self::new(width, height, vec![0.0; width * height])
    }

    /// Returns the luma of a picture, 0…255 in whole numbers, exactly as OpenCV's `cvtColor` computes it for 8-bit pictures:
    /// 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) with weights in units of 2⁻¹⁵, rounded to the nearest.
    pub fn grey(picture: &RgbImage) -> Self {
        let luma =
            |[r, g, b]: [u8; 3]| (9798 * u32::from(r) + 19235 * u32::from(g) + 3735 * u32::from(b) + (1 << 14)) >> 15;
        let values = picture.pixels().map(|pixel| luma(pixel.0) as f32).collect();
        Self::new(picture.width() as usize, picture.height() as usize, values)
    }

    /// Width and height.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Returns the sample in column `x` and row `y`.
    ///
    /// # Panics
    /// If it is outside the plane.
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.row(y)[x]
    }

    /// Returns the samples of row `y`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, y: usize) -> &[f32] {
        &self.values[y * self.width..][..self.width]
    }

    /// Returns the samples of row `y`, mutable.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row_mut(&mut self, y: usize) -> &mut [f32] {
        &mut self.values[y * self.width..][..self.width]
    }

    /// Returns a plane whose sample in column `x` and row `y` is `sample(x, y)`.
    pub fn from_fn(width: usize, height: usize, sample: impl Fn(usize, usize) -> f32) -> Self {
        let sample = &sample;
        Self::new(width, height, (0..height).flat_map(|y| (0..width).map(move |x| sample(x, y))).collect())
    }

    /// Returns the plane times a number.
    pub fn scaled(&self, factor: f32) -> Self {
        Self::new(self.width, self.height, self.values.iter().map(|value| value * factor).collect())
    }
}
