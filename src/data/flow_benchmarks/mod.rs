//! The standard flow benchmarks on disk: their image pairs and ground truth.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

mod benchmark_pair;
mod flying_chairs;
mod kitti;
mod layout;
mod middlebury;
mod sintel;

pub use benchmark_pair::{BenchmarkPair, LoadedPair, Occlusion, Truth};

/// A supported benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowDataset {
    /// Baker et al. 2011: the training pairs ("other").
    Middlebury,
    /// Butler et al. 2012, without atmosphere and blur.
    SintelClean,
    /// Butler et al. 2012, fully rendered.
    SintelFinal,
    /// Geiger et al. 2012.
    Kitti2012,
    /// Menze and Geiger 2015.
    Kitti2015,
    /// Dosovitskiy et al. 2015.
    #[serde(rename = "flyingchairs")]
    FlyingChairs,
}

impl FlowDataset {
    /// All benchmarks.
    pub const ALL: [Self; 6] =
        [Self::Middlebury, Self::SintelClean, Self::SintelFinal, Self::Kitti2012, Self::Kitti2015, Self::FlyingChairs];

    /// Returns the pairs of the benchmark at `root` in the order of their names. `root` is the unpacked folder, or its
    /// `training` or `data` inside. Files are listed, not opened.
    ///
    /// # Errors
    /// If a folder cannot be read, or no pair is found.
    pub fn pairs(self, root: &Path) -> Result<Vec<BenchmarkPair>> {
        fs::read_dir(root).map_err(|error| Error::io(root, &error))?;
        let pairs = match self {
            Self::Middlebury => middlebury::pairs(root)?,
            Self::SintelClean => sintel::pairs(root, "clean")?,
            Self::SintelFinal => sintel::pairs(root, "final")?,
            Self::Kitti2012 => kitti::pairs(root, &["colored_0", "image_0"])?,
            Self::Kitti2015 => kitti::pairs(root, &["image_2"])?,
            Self::FlyingChairs => flying_chairs::pairs(root)?,
        };
        if pairs.is_empty() {
            let remedy = format!("Choose the folder that holds {}", self.layout());
            return Err(Error::file(root, format!("no pair of {} is found here", self.title()), remedy));
        }
        Ok(pairs)
    }

    /// Returns the name of the benchmark.
    pub fn title(self) -> &'static str {
        match self {
            Self::Middlebury => "Middlebury",
            Self::SintelClean => "MPI-Sintel clean",
            Self::SintelFinal => "MPI-Sintel final",
            Self::Kitti2012 => "KITTI 2012",
            Self::Kitti2015 => "KITTI 2015",
            Self::FlyingChairs => "FlyingChairs",
        }
    }

    /// Returns the files that are expected.
    pub fn layout(self) -> &'static str {
        match self {
            Self::Middlebury => "other-data/SCENE/frame10.png, frame11.png and other-gt-flow/SCENE/flow10.flo",
            Self::SintelClean => "training/clean/SEQUENCE/frame_0001.png … and training/flow/SEQUENCE/frame_0001.flo …",
            Self::SintelFinal => "training/final/SEQUENCE/frame_0001.png … and training/flow/SEQUENCE/frame_0001.flo …",
            Self::Kitti2012 => {
                "training/colored_0 or image_0 with 000000_10.png, 000000_11.png … and training/flow_occ"
            }
            Self::Kitti2015 => "training/image_2/000000_10.png, 000000_11.png … and training/flow_occ",
            Self::FlyingChairs => "data/00001_img1.ppm, 00001_img2.ppm, 00001_flow.flo …",
        }
    }
}
