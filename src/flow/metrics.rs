//! How far a flow field is from another one.

use super::FlowField;

/// Lengths of the vectors of a field in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Magnitudes {
    /// Mean.
    pub mean: f32,
    /// Median.
    pub median: f32,
    /// 95th percentile.
    pub p95: f32,
    /// Maximum.
    pub max: f32,
}

/// Errors of a flow against the truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowErrors {
    /// Mean end-point error in pixels.
    pub epe: f32,
    /// Mean angular error in degrees.
    pub aae_deg: f32,
    /// Share of outliers, 0 … 1.
    pub fl: f32,
}

/// The mean end-point error in pixels, ‖a − b‖ averaged over the pixels that both fields know (Baker et al. 2011).
///
/// Not a number if they have no such pixel in common.
///
/// # Panics
/// If the fields differ in size; [`FlowField::resized`] brings one to the other's.
pub fn end_point_error(a: &FlowField, b: &FlowField) -> f32 {
    assert_eq!((a.width, a.height), (b.width, b.height), "fields of different sizes have no common pixels");
    let known = |&(a, b): &(&[f32; 2], &[f32; 2])| FlowField::is_known(*a) && FlowField::is_known(*b);
    let (mut sum, mut count) = (0.0, 0.0);
    for (a, b) in a.uv.iter().zip(&b.uv).filter(known) {
        // Summed in f64: a megapixel of small f32 errors would lose its tail.
        sum += f64::from((a[0] - b[0]).hypot(a[1] - b[1]));
        count += 1.0;
    }
    (sum / count) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_common_known_pixels_count() {
        let a = FlowField::new(3, 1, vec![[3.0, 4.0], [f32::NAN, 0.0], [1.0, 0.0]]);
        let b = FlowField::new(3, 1, vec![[0.0, 0.0], [0.0, 0.0], [1.0, 1e10]]);
        assert_eq!(end_point_error(&a, &b), 5.0);
        assert!(
            end_point_error(&FlowField::new(1, 1, vec![[1e10, 0.0]]), &FlowField::new(1, 1, vec![[0.0; 2]])).is_nan()
        );
    }
}
