//! One pair of a benchmark: its files and their content.

use std::path::{Path, PathBuf};

use image::RgbImage;

use crate::error::{Error, Result};
use crate::flow::FlowField;
use crate::flow::files::{read, read_picture};

/// The files of a pair: images, ground truth and masks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchmarkPair {
    /// Scene or frame, as named by the benchmark.
    pub name: String,
    /// First picture, on whose pixel grid the flow is defined.
    pub first: PathBuf,
    /// Second picture.
    pub second: PathBuf,
    /// The true flow, if it is public.
    pub truth: Option<PathBuf>,
    /// Source of the pixels that the second picture does not show.
    pub occlusion: Option<Occlusion>,
    /// Mask that is white where the true flow is invalid.
    pub invalid: Option<PathBuf>,
}

/// The source of an occlusion mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occlusion {
    /// A mask that is white for occluded pixels (MPI-Sintel).
    Mask(PathBuf),
    /// A second flow field in which occluded pixels are unknown (KITTI's `flow_noc`).
    VisibleFlow(PathBuf),
}

/// The content of a pair's files.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedPair {
    /// The first picture.
    pub first: RgbImage,
    /// The second picture, of the same size.
    pub second: RgbImage,
    /// The ground truth, if it is public.
    pub truth: Option<Truth>,
}

/// The ground truth of a pair. Masks have one entry per pixel, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// The ground-truth flow.
    pub flow: FlowField,
    /// Pixels that are evaluated; `None` without a mask of invalid pixels.
    pub valid: Option<Vec<bool>>,
    /// Pixels that are occluded in the second image.
    pub occluded: Option<Vec<bool>>,
}

impl BenchmarkPair {
    /// Reads all files of the pair.
    ///
    /// # Errors
    /// If one cannot be read, or its size differs from that of the first image.
    pub fn load(&self) -> Result<LoadedPair> {
        let first = read_picture(&self.first)?;
        let size = first.dimensions();
        let second = read_picture(&self.second)?;
        self.check_size(&self.second, second.dimensions(), size)?;
        let truth = self.truth.as_ref().map(|path| self.read_truth(path, size)).transpose()?;
        Ok(LoadedPair { first, second, truth })
    }

    fn read_truth(&self, path: &Path, size: (u32, u32)) -> Result<Truth> {
        let mask = |path: &PathBuf| {
            let mask = read_picture(path)?;
            self.check_size(path, mask.dimensions(), size)?;
            Ok(mask.pixels().map(|pixel| pixel[0] > 0).collect::<Vec<_>>())
        };
        let flow = self.read_flow(path, size)?;
        let occluded = match &self.occlusion {
            None => None,
            Some(Occlusion::Mask(path)) => Some(mask(path)?),
            Some(Occlusion::VisibleFlow(path)) => {
                let visible = self.read_flow(path, size)?;
                Some(visible.uv.iter().map(|uv| !FlowField::is_known(*uv)).collect())
            }
        };
        let invalid = self.invalid.as_ref().map(mask).transpose()?;
        let valid = invalid.map(|invalid| invalid.iter().map(|invalid| !invalid).collect());
        Ok(Truth { flow, valid, occluded })
    }

    fn read_flow(&self, path: &Path, size: (u32, u32)) -> Result<FlowField> {
        let flow = read(path)?;
        self.check_size(path, (flow.width as u32, flow.height as u32), size)?;
        Ok(flow)
    }

    fn check_size(&self, path: &Path, found: (u32, u32), expected: (u32, u32)) -> Result<()> {
        if found == expected {
            return Ok(());
        }
        let first = self.first.display();
        let cause = format!("{}×{} pixels, but {first} has {}×{}", found.0, found.1, expected.0, expected.1);
        Err(Error::file(path, cause, "Unpack the benchmark again: all files of a pair have one size"))
    }
}
