//! Side-by-side videos: the frame and several flows.

use std::ops::Range;
use std::path::Path;

use image::{RgbImage, imageops};

use super::{CompleteClip, FramePacing, Geometry, VideoWriter};
use crate::error::Result;

/// Minimum side of a pane; encoders fail with smaller ones.
const SMALLEST_SIDE: u32 = 32;

/// A writer of videos of the form `frame | flow | …`, with all panes of the same size.
pub struct SideBySide {
    writer: VideoWriter,
    pane: Geometry,
    panes: u32,
}

impl SideBySide {
    /// Creates a video with `panes` panes of the size of `frame`, with the timing of the clip.
    ///
    /// # Errors
    /// Same as [`VideoWriter::create`].
    pub fn create(path: &Path, frame: &RgbImage, panes: u32, pace: FramePacing) -> Result<Self> {
        // Panes begin at even columns, because 4:2:0 video stores colours in pairs of columns.
        let side = |length: u32| length.max(SMALLEST_SIDE).next_multiple_of(2);
        let pane = Geometry { width: side(frame.width()), height: side(frame.height()) };
        let writer = VideoWriter::create(path, Geometry { width: panes * pane.width, height: pane.height }, pace)?;
        Ok(Self { writer, pane, panes })
    }

    /// Adds one picture per pane, scaled to its size, for the time `secs` of the clip.
    ///
    /// # Errors
    /// Same as [`VideoWriter::push_at`].
    pub fn push(&mut self, pictures: &[&RgbImage], secs: Range<f64>) -> Result<()> {
        let Geometry { width, height } = self.pane;
        let mut row = RgbImage::new(self.panes * width, height);
        for (place, picture) in (0..self.panes).zip(pictures) {
            let scaled = imageops::resize(*picture, width, height, imageops::FilterType::Triangle);
            imageops::replace(&mut row, &scaled, (place * width).into(), 0);
        }
        self.writer.push_at(&row, secs)
    }

    /// Completes the file and moves it to its final path.
    ///
    /// # Errors
    /// Same as [`VideoWriter::finish`].
    pub fn finish(self) -> Result<()> {
        self.writer.finish()
    }

    /// Completes the file, without moving it to its final path yet.
    ///
    /// # Errors
    /// Same as [`VideoWriter::finish`].
    pub fn complete(self) -> Result<CompleteClip> {
        self.writer.complete()
    }
}
