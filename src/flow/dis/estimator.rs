//! DIS as a [`FlowEstimator`]: takes colour pictures.

use image::RgbImage;

use super::Dis;
use crate::error::Result;
use crate::flow::{FlowEstimator, FlowField, Plane, common_size};

impl FlowEstimator for Dis {
    fn name(&self) -> String {
        format!("DIS ({})", self.preset().name())
    }

    fn estimate(&mut self, first: &RgbImage, second: &RgbImage) -> Result<FlowField> {
        common_size(first, second)?;
        self.flow(&Plane::grey(first), &Plane::grey(second))
    }
}
