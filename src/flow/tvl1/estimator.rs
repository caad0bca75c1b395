//! TV-L1 as a [`FlowEstimator`]: takes colour pictures.

use image::RgbImage;

use super::Tvl1;
use crate::error::Result;
use crate::flow::{FlowEstimator, FlowField, Plane, common_size};

impl FlowEstimator for Tvl1 {
    fn name(&self) -> String {
        format!("TV-L1 ({})", self.parameters().preset_name())
    }

    fn estimate(&mut self, first: &RgbImage, second: &RgbImage) -> Result<FlowField> {
        self.estimate_with(first, second, &mut |_| {})
    }

    fn estimate_with(
        &mut self,
        first: &RgbImage,
        second: &RgbImage,
        progress: &mut dyn FnMut(f64),
    ) -> Result<FlowField> {
        common_size(first, second)?;
        self.flow_with(&Plane::grey(first), &Plane::grey(second), None, progress)
    }
}
