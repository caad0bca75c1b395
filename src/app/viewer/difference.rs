//! The distance between two sources' flows at every point, in pixels of the video.

use std::sync::Arc;

use crate::app::flow::state::typical_maximum;
use crate::app::viewer::magnitude_scale::unit;
use crate::engine::{FlowView, ScalarMap};
use crate::flow::FlowField;

/// Longest side of the map; finer flows are compared on a coarser grid.
const LONGEST: usize = 384;

/// The map of two flows.
pub struct PictureDifference {
    of: [Arc<FlowField>; 2],
    /// End-point distance in pixels of the video, on the first flow's grid.
    pub map: ScalarMap,
    /// What nearly all of it stays below.
    pub scale: f32,
    /// The mean end-point distance where both are known, in pixels of the video; `None` where they nowhere are.
    pub mean_px: Option<f32>,
}

impl PictureDifference {
    /// Compares two flows of the same scene, whose video is `video` pixels wide and high.
    pub fn between(first: &FlowView, second: &FlowView, video: [u32; 2]) -> Self {
        let (width, height) = (first.field.width, first.field.height);
        let step = width.max(height).div_ceil(LONGEST).max(1);
        let (width, height) = (width.div_ceil(step), height.div_ceil(step));
        let unit = [video[0] as f32 / width as f32, video[1] as f32 / height as f32];
        let [a, b] = [first, second].map(|flow| flow.at_size(width, height));
        let values: Vec<f32> = a.uv.iter().zip(&b.uv).map(|(a, b)| distance(*a, *b, unit)).collect();
        let mean_px = mean(&values);
        let map = ScalarMap { width, height, values };
        let scale = typical_maximum(&map);
        Self { of: [first.field.clone(), second.field.clone()], map, scale, mean_px }
    }

    /// Returns the mean distance in words, of flow over `stride` frames: `mean 0.52 px/frame`.
    pub fn mean_in_words(&self, stride: usize) -> Option<String> {
        Some(format!("mean {:.2} {}", self.mean_px?, unit(stride)))
    }

    /// Whether it is the map of these two.
    pub fn is_of(&self, first: &FlowView, second: &FlowView) -> bool {
        Arc::ptr_eq(&self.of[0], &first.field) && Arc::ptr_eq(&self.of[1], &second.field)
    }
}

/// Returns the mean of the numbers among `values`, if there are any.
fn mean(values: &[f32]) -> Option<f32> {
    let known = || values.iter().filter(|value| value.is_finite());
    let count = known().count();
    (count > 0).then(|| (known().map(|value| f64::from(*value)).sum::<f64>() / count as f64) as f32)
}

/// Not a number where one of the two is unknown.
fn distance(a: [f32; 2], b: [f32; 2], unit: [f32; 2]) -> f32 {
    if !FlowField::is_known(a) || !FlowField::is_known(b) {
        return f32::NAN;
    }
    ((a[0] - b[0]) * unit[0]).hypot((a[1] - b[1]) * unit[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::Geometry;

    fn flow(width: usize, height: usize, frame: Geometry, uv: [f32; 2]) -> FlowView {
        FlowView::on_cpu(FlowField::new(width, height, vec![uv; width * height]), frame)
    }

    #[test]
    fn flows_on_other_grids_and_in_other_units_are_compared_in_pixels_of_the_video() {
        // 3 px of a picture half as wide are 6 px of the video.
        let small = flow(8, 6, Geometry { width: 160, height: 120 }, [3.0, 0.0]);
        let large = flow(320, 240, Geometry { width: 320, height: 240 }, [6.0, 4.0]);
        let difference = PictureDifference::between(&small, &large, [320, 240]);
        assert_eq!((difference.map.width, difference.map.height), (8, 6));
        assert!(difference.map.values.iter().all(|value| (value - 4.0).abs() < 1e-4), "{:?}", difference.map.values);
        assert!((difference.scale - 4.0).abs() < 1e-4);
        assert!(difference.mean_px.is_some_and(|mean| (mean - 4.0).abs() < 1e-4));
        assert_eq!(difference.mean_in_words(2).unwrap(), "mean 4.00 px/2 frames");
        assert!(difference.is_of(&small, &large) && !difference.is_of(&large, &small));
        let unknown = flow(8, 6, Geometry { width: 160, height: 120 }, [f32::NAN, 0.0]);
        let unknown = PictureDifference::between(&small, &unknown, [320, 240]);
        assert!(unknown.map.values.iter().all(|value| value.is_nan()) && unknown.mean_px.is_none());
        assert_eq!(mean(&[1.0, f32::NAN, 2.0]), Some(1.5));
    }
}
