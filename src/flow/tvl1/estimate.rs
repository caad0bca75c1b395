//! TV-L1 as one of the flow methods: pictures in, flow out.

use image::RgbImage;

use super::{Tvl1, Tvl1Parameters};
use crate::error::Result;
use crate::flow::{FlowEstimator, FlowField, Plane, common_size};

impl FlowEstimator for Tvl1 {
    fn name(&self) -> String {
        let preset = Tvl1Parameters::PRESETS.iter().find(|(_, preset)| preset == self.parameters());
        format!("TV-L1 ({})", preset.map_or("own parameters", |(name, _)| name))
    }

    fn estimate(&mut self, first: &RgbImage, second: &RgbImage) -> Result<FlowField> {
        common_size(first, second)?;
        self.flow(&Plane::grey(first), &Plane::grey(second), None)
    }
}
