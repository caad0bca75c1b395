//! Random access to the images of a folder as frames.

use std::path::Path;
use std::sync::Arc;

use image::RgbImage;

use super::frame_folder::FrameFolder;
use super::transparency::TRANSPARENT;
use super::{Frame, Geometry, VideoInfo};
use crate::error::{Error, Result};
use crate::frame_times::FrameTimes;

/// Images have no times; most of those in folders were extracted from videos at this rate.
const ASSUMED_FPS: f64 = 25.0;

/// A reader of the images of a folder as the frames of a video at 25 frames per second.
pub(super) struct FolderReader {
    folder: FrameFolder,
    info: VideoInfo,
    outputs: Vec<Geometry>,
    last: Option<Frame>,
    warnings: Vec<Error>,
}

impl FolderReader {
    /// Opens the folder at `path` and reads the size of its first image.
    ///
    /// # Errors
    /// If it holds no frames, or the first of them cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = FrameFolder::open(path)?;
        let size = folder.size()?;
        let times = FrameTimes::even(folder.len(), ASSUMED_FPS, 0.0).expect("the rate is above 0");
        let warnings = folder.remarks();
        let mut notes = vec![format!("Images have no time stamps; {ASSUMED_FPS:.0} frames per second are assumed")];
        if folder.has_transparent_parts()? {
            notes.push(TRANSPARENT.into());
        }
        notes.extend(warnings.iter().map(|warning| warning.cause.clone()));
        let info = VideoInfo {
            path: path.to_owned(),
            codec: folder.extension(),
            width: size.width,
            height: size.height,
            frames: folder.len(),
            duration_secs: folder.len() as f64 / ASSUMED_FPS,
            fps: ASSUMED_FPS,
            times,
            variable_rate: false,
            rotation_degrees: 0,
            interlaced: false,
            has_sound: false,
            recorded: None,
            notes,
        };
        Ok(Self { folder, info, outputs: vec![size], last: None, warnings })
    }

    pub fn info(&self) -> &VideoInfo {
        &self.info
    }

    pub fn take_warnings(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.warnings)
    }

    pub fn set_outputs(&mut self, outputs: Vec<Geometry>) {
        self.outputs = outputs;
        self.last = None;
    }

    /// Returns frame `index`, which must exist.
    pub fn frame(&mut self, index: usize) -> Result<Frame> {
        if let Some(last) = self.last.as_ref().filter(|last| last.index == index) {
            return Ok(last.clone());
        }
        let mut pictures = self.pictures(index)?.into_iter();
        let display = pictures.next().expect("the first output is the display picture");
        let pts_secs = self.info.times.secs(index);
        let duration_secs = self.info.times.secs(index + 1) - pts_secs;
        let frame = Frame { index, pts_secs, duration_secs, display, scaled: pictures.collect() };
        self.last = Some(frame.clone());
        Ok(frame)
    }

    /// Returns the pictures of frame `index`, one per output.
    pub fn pictures(&self, index: usize) -> Result<Vec<Arc<RgbImage>>> {
        Ok(self.folder.pictures(index, &self.outputs)?.into_iter().map(Arc::new).collect())
    }
}
