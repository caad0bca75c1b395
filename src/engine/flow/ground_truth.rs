//! Ground-truth flow from files next to the clip.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::source::{ClipSource, Estimate};
use crate::engine::FlowView;
use crate::error::{Error, Result};
use crate::flow::files;
use crate::video::{Frame, Geometry};

/// One flow file for the clip's first pair, or a folder with one file per pair, see [`files::by_pair`].
pub(super) struct TruthSource {
    files: BTreeMap<usize, PathBuf>,
}

impl TruthSource {
    /// Opens the file or the folder at `path` for a clip of `frames` frames.
    ///
    /// # Errors
    /// If it cannot be read or contains no flow file.
    pub fn open(path: &Path, frames: usize) -> Result<Self> {
        let files = if path.is_dir() { files::list(path)? } else { vec![path.to_owned()] };
        let Some(first) = files.first() else {
            let cause = "it holds no flow file";
            return Err(Error::file(path, cause, "Choose a folder with .flo, KITTI .png, flow_x/flow_y or .npy files"));
        };
        files::read(first)?; // Reports an invalid flow file at once.
        Ok(Self {
            files: if path.is_dir() { files::by_pair(files, Some(frames - 1)) } else { [(0, path.to_owned())].into() },
        })
    }
}

impl ClipSource for TruthSource {
    fn estimate(&mut self, [first, second]: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
        let file = self.files.get(&first.index).filter(|_| second.index == first.index + 1);
        let Some(file) = file else { return Ok(None) };
        let field = files::read(file)?;
        let frame_size = Geometry { width: field.width as u32, height: field.height as u32 };
        let flow = FlowView::on_cpu(field, frame_size);
        let note = file.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Some(Estimate { flow, note }))
    }

    fn is_reversible(&self) -> bool {
        false
    }
}
