//! The video that shows each frame beside its flow.

use std::path::Path;

use image::{RgbImage, imageops};

use crate::engine::FlowView;
use crate::error::Result;
use crate::flow::colour;
use crate::video::{Geometry, VideoWriter};

/// Smallest side of a half: below this no encoder is at ease.
const SMALLEST_SIDE: u32 = 32;

/// Writes `frame | flow`, both of the same size.
pub(super) struct SideBySide {
    writer: VideoWriter,
    half: Geometry,
    max_px: f32,
}

impl SideBySide {
    /// `max_px` is the length of flow, in pixels of the network's frame, that has the full colour.
    pub fn create(path: &Path, frame: &RgbImage, fps: f64, max_px: f32) -> Result<Self> {
        // 4:2:0 video has even sides.
        let side = |length: u32| length.max(SMALLEST_SIDE).next_multiple_of(2);
        let half = Geometry { width: side(frame.width()), height: side(frame.height()) };
        let writer = VideoWriter::create(path, Geometry { width: 2 * half.width, height: half.height }, fps)?;
        Ok(Self { writer, half, max_px })
    }

    /// Adds a frame and the flow that begins at it.
    pub fn push(&mut self, frame: &RgbImage, flow: &FlowView) -> Result<()> {
        let Geometry { width, height } = self.half;
        // Coloured before it is enlarged: the scale is in pixels of the network's frame.
        let flow = colour::picture(&flow.field, self.max_px);
        let mut picture = RgbImage::new(2 * width, height);
        for (column, half) in [(0, frame), (width, &flow)] {
            let half = imageops::resize(half, width, height, imageops::FilterType::Triangle);
            imageops::replace(&mut picture, &half, column.into(), 0);
        }
        self.writer.push(&picture)
    }

    /// Completes the file.
    pub fn finish(self) -> Result<()> {
        self.writer.finish()
    }
}
