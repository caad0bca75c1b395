//! The generalised Charbonnier penalty of the photometric and the smoothness terms, and where it is counted.

/// Keeps the penalty smooth at 0.
pub const EPSILON: f32 = 1e-3;

/// The generalised Charbonnier penalty ρ(x) = ((βx)² + ε²)^α (paper, equation 2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Charbonnier {
    /// Below ½: large differences count less than their size.
    pub alpha: f32,
    /// The unit of the differences.
    pub beta: f32,
}

impl Charbonnier {
    /// Of the photometric differences.
    pub const PIXEL: Self = Self { alpha: 0.4, beta: 255.0 };

    /// Of the distances of census transforms (UnFlow's code).
    pub const CENSUS: Self = Self { alpha: 0.45, beta: 1.0 };

    /// Of the differences of raw flow of a level on which a unit is `px_from_raw` pixels.
    pub const fn smooth(px_from_raw: f32) -> Self {
        Self { alpha: 0.3, beta: px_from_raw }
    }
}

/// Cells that the border mask leaves out on each side of an h × w map.
pub fn border_width(h: usize, w: usize) -> usize {
    (0.1 * h.min(w) as f32).round() as usize
}
