//! The formats that flow is written in, and the names of their files.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use image::{ImageFormat, RgbImage};
use serde::{Deserialize, Serialize};

use super::{StreamPair, extension, write_flo, write_kitti, write_npy, write_two_stream};
use crate::atomic;
use crate::error::{Error, Result};
use crate::flow::{FlowField, colour};
use crate::named::named;

named! {
    /// A format of flow files.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum FlowFormat {
        /// Middlebury .flo, lossless
        Flo = "flo",
        /// KITTI 16-bit .png, in steps of 1/64 px up to ±512 px
        Kitti = "kitti",
        /// Two grey .jpg (flow_x…, flow_y…), the input of two-stream networks
        TwoStreamJpeg = "two-stream-jpeg",
        /// Two grey .png (flow_x…, flow_y…), lossless compression
        TwoStreamPng = "two-stream-png",
        /// NumPy .npy, lossless, shape 2 × height × width
        Npy = "npy",
        /// Colour-coded .png (Middlebury), for viewing only
        Picture = "picture",
    }
}

/// Scale parameters of some formats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scales {
    /// Displacement that the levels of two-stream pictures span to either side, pixels.
    pub bound_px: f32,
    /// Displacement at full saturation in colour-coded pictures, pixels.
    pub max_px: f32,
    /// Emphasis of slow motion in colour-coded pictures, 1 for none; see [`colour::bent`].
    pub gamma: f32,
}

impl FlowFormat {
    /// Returns the format that the name of a single file stands for, matching [`crate::flow::files::write()`].
    pub fn of_name(path: &Path) -> Option<Self> {
        let is_half = StreamPair::named(path).is_some();
        match (extension(path).as_str(), is_half) {
            ("flo", _) => Some(Self::Flo),
            ("npy", _) => Some(Self::Npy),
            ("png", false) => Some(Self::Kitti),
            ("png", true) => Some(Self::TwoStreamPng),
            ("jpg" | "jpeg", true) => Some(Self::TwoStreamJpeg),
            ("jpg" | "jpeg" | "ppm", false) => Some(Self::Picture),
            _ => None,
        }
    }

    /// Returns whether a file with the name of `path` may hold this format; halves of a pair must be named as such.
    pub fn fits(self, path: &Path) -> bool {
        let endings: &[&str] = match self {
            Self::Flo => &["flo"],
            Self::Kitti | Self::TwoStreamPng => &["png"],
            Self::TwoStreamJpeg => &["jpg", "jpeg"],
            Self::Npy => &["npy"],
            Self::Picture => &["png", "jpg", "jpeg", "ppm"],
        };
        endings.contains(&extension(path).as_str()) && (!self.is_pair() || StreamPair::named(path).is_some())
    }

    /// Returns the file in `folder` for the flow that begins at frame `frame`; for pairs that of the horizontal component.
    ///
    /// Pairs are named as dense_flow names them, counted from 1, which other programs look for.
    pub fn path_in(self, folder: &Path, frame: usize) -> PathBuf {
        folder.join(match self {
            Self::Flo => format!("{frame:06}.flo"),
            Self::Npy => format!("{frame:06}.npy"),
            Self::Kitti | Self::Picture => format!("{frame:06}.png"),
            Self::TwoStreamJpeg => format!("flow_x_{:05}.jpg", frame + 1),
            Self::TwoStreamPng => format!("flow_x_{:05}.png", frame + 1),
        })
    }

    /// Returns whether `path`, relative to its folder, is a name that [`Self::path_in`] gives, or the other half of such a
    /// pair.
    pub fn is_file_of_clip(self, path: &Path) -> bool {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let digits = stem.trim_start_matches(|c: char| !c.is_ascii_digit());
        let Ok(number) = digits.parse::<usize>() else { return false };
        // Pairs are counted from 1.
        let frame = if self.is_pair() { number.saturating_sub(1) } else { number };
        self.files(&self.path_in(Path::new(""), frame)).iter().any(|file| file == path)
    }

    /// Returns the files of a flow written to `path`: `path` itself or, for a pair, both halves.
    pub fn files(self, path: &Path) -> Vec<PathBuf> {
        match StreamPair::named(path).filter(|_| self.is_pair()) {
            Some(pair) => vec![pair.x, pair.y],
            None => vec![path.to_owned()],
        }
    }

    /// Writes `field` to `path`, or to both halves of the pair it names; returns the written files.
    ///
    /// # Errors
    /// If the file cannot be written, or the format is a pair and the name is not that of a half.
    pub fn write(self, path: &Path, field: &FlowField, scales: Scales) -> Result<Vec<PathBuf>> {
        match self {
            Self::Flo => write_flo(path, field)?,
            Self::Kitti => write_kitti(path, field)?,
            Self::Npy => write_npy(path, field)?,
            Self::Picture => write_picture(path, &colour::bent_picture(field, scales.max_px, scales.gamma))?,
            Self::TwoStreamJpeg | Self::TwoStreamPng => {
                let pair = StreamPair::named(path).ok_or_else(|| {
                    let remedy = "Name it flow_x….jpg; flow_y….jpg is written beside it";
                    Error::file(path, "two-stream images come in pairs, identified by their names", remedy)
                })?;
                write_two_stream(&pair, field, scales.bound_px)?;
                return Ok(vec![pair.x, pair.y]);
            }
        }
        Ok(vec![path.to_owned()])
    }

    fn is_pair(self) -> bool {
        matches!(self, Self::TwoStreamJpeg | Self::TwoStreamPng)
    }
}

/// Writes a picture in the format of its file extension, atomically.
///
/// # Errors
/// If the name stands for no picture format, or the file cannot be written.
pub fn write_picture(path: &Path, picture: &RgbImage) -> Result<()> {
    let failed = |error: image::ImageError| Error::wrap(path, error, "Name it .png, .jpg or .ppm");
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::from_path(path).map_err(failed)?).map_err(failed)?;
    atomic::replace(path, |writer| writer.write_all(bytes.get_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_clip_are_known_by_their_names() {
        let is_file = |format: FlowFormat, name: &str| format.is_file_of_clip(Path::new(name));
        for (format, name) in [
            (FlowFormat::Flo, "000012.flo"),
            (FlowFormat::Kitti, "1234567.png"),
            (FlowFormat::TwoStreamJpeg, "flow_x_00001.jpg"),
            (FlowFormat::TwoStreamPng, "flow_y_00012.png"),
        ] {
            assert!(is_file(format, name), "{name}");
        }
        for name in ["12.flo", "000012.npy", "a/000012.flo", "x000012.flo", "notes.flo", ""] {
            assert!(!is_file(FlowFormat::Flo, name), "{name}");
        }
    }

    #[test]
    fn names_stand_for_formats_and_formats_for_names() {
        for (name, format) in [
            ("a/b.FLO", Some(FlowFormat::Flo)),
            ("b.png", Some(FlowFormat::Kitti)),
            ("flow_x_1.png", Some(FlowFormat::TwoStreamPng)),
            ("y_1.jpg", Some(FlowFormat::TwoStreamJpeg)),
            ("b.jpeg", Some(FlowFormat::Picture)),
            ("b.npy", Some(FlowFormat::Npy)),
            ("b.mp4", None),
            ("b", None),
        ] {
            assert_eq!(FlowFormat::of_name(Path::new(name)), format, "{name}");
        }
        for format in FlowFormat::ALL {
            let path = format.path_in(Path::new("out"), 7);
            assert!(format.fits(&path), "{}", path.display());
            assert!(format.is_pair() == StreamPair::named(&path).is_some());
        }
        assert!(!FlowFormat::TwoStreamPng.fits(Path::new("b.png")) && !FlowFormat::Flo.fits(Path::new("b.png")));
    }
}
