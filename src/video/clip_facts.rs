//! The properties of a clip, probed before training.

use std::path::Path;

use super::frame_folder::FrameFolder;
use super::reader::VideoReader;
use super::{Geometry, decode_clip};
use crate::error::{Error, Result};
use crate::frame_times::FrameTimes;

/// Size of frames that are decoded only to be counted.
const UNSEEN: Geometry = Geometry { width: 16, height: 16 };

/// Properties of a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipFacts {
    /// Number of frames, counted.
    pub frames: usize,
    /// Display size, pixels.
    pub size: Geometry,
    /// Time of each frame, on the clock of the file; `None` for a folder of images.
    pub times: Option<FrameTimes>,
    /// Faults of a usable file: truncated, damaged, frames skipped.
    pub warnings: Vec<Error>,
}

impl ClipFacts {
    /// Opens the clip at `path`, a video or a folder of images, and counts its frames. Decodes only the first frame
    /// and, for a folder, the last one; all of them if `thorough`.
    ///
    /// # Errors
    /// If the clip cannot be read.
    pub fn of(path: &Path, thorough: bool) -> Result<Self> {
        if path.is_dir() { Self::of_folder(path, thorough) } else { Self::of_video(path, thorough) }
    }

    fn of_video(path: &Path, thorough: bool) -> Result<Self> {
        let mut reader = VideoReader::open_bare(path)?;
        if thorough {
            reader.set_outputs(vec![UNSEEN]);
            for index in 0..reader.info().frames {
                reader.pictures_unless(index, &|| false)?;
            }
        }
        let warnings = reader.take_warnings();
        let info = reader.info();
        let size = Geometry { width: info.width, height: info.height };
        Ok(Self { frames: info.frames, size, times: Some(info.times.clone()), warnings })
    }

    fn of_folder(path: &Path, thorough: bool) -> Result<Self> {
        let folder = FrameFolder::open(path)?;
        let size = folder.size()?;
        if thorough {
            decode_clip(path, UNSEEN, None)?;
        } else {
            folder.pictures(0, &[])?;
            folder.pictures(folder.len() - 1, &[])?;
        }
        let warnings = folder.remarks();
        Ok(Self { frames: folder.len(), size, times: None, warnings })
    }
}
