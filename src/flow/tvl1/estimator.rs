//! TV-L1 as one flow method among others: colour pictures in.

use image::RgbImage;

use super::{Tvl1, Tvl1Parameters};
use crate::error::Result;
use crate::flow::{FlowEstimator, FlowField, Plane, common_size};

impl FlowEstimator for Tvl1 {
    fn name(&self) -> String {
        let preset = Tvl1Parameters::PRESETS.iter().find(|(_, parameters)| parameters == self.parameters());
        format!("TV-L1 ({})", preset.map_or("own parameters", |(name, _)| name))
    }

    fn estimate(&mut self, first: &RgbImage, second: &RgbImage) -> Result<FlowField> {
        common_size(first, second)?;
        self.flow(&Plane::grey(first), &Plane::grey(second), None)
    }
}
