//! The generalised Charbonnier penalty of the photometric and the smoothness terms, and the border mask.

/// The constant ε, which keeps the penalty smooth at 0.
pub const EPSILON: f32 = 1e-3;

/// The generalised Charbonnier penalty ρ(x) = ((βx)² + ε²)^α (paper, equation 2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Charbonnier {
    /// Exponent; below ½, large differences grow less than linearly.
    pub alpha: f32,
    /// Scale of the differences.
    pub beta: f32,
}

impl Charbonnier {
    /// Penalty of photometric differences.
    pub const PIXEL: Self = Self { alpha: 0.4, beta: 255.0 };

    /// Penalty of census distances (UnFlow's code).
    pub const CENSUS: Self = Self { alpha: 0.45, beta: 1.0 };

    /// Returns the penalty of differences of raw flow on a level with units of `px_from_raw` pixels.
    pub const fn smooth(px_from_raw: f32) -> Self {
        Self { alpha: 0.3, beta: px_from_raw }
    }
}

/// Returns the width in cells of the border mask on each side of an h × w map.
pub fn border_width(h: usize, w: usize) -> usize {
    (0.1 * h.min(w) as f32).round() as usize
}
