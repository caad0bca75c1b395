//! A clip as a folder of images, one per frame, as written by TSN's tools.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use image::RgbImage;
use image::imageops::{self, FilterType};

use super::natural_order::natural_order;
use super::picture::{picture_size, read_picture};
use super::transparency::has_transparent_parts;
use super::{Geometry, is_video};
use crate::error::{Error, Result};
use crate::plural::counted;

/// Extensions of images.
const EXTENSIONS: [&str; 9] = ["jpg", "jpeg", "png", "ppm", "pgm", "bmp", "tif", "tiff", "webp"];

/// Returns whether the file has the extension of a still image.
pub(super) fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| EXTENSIONS.contains(&ending.as_str()))
}

/// File-name prefixes of flow images (two components) in the same folder as the frames.
const FLOW_PREFIXES: [[&str; 2]; 4] = [["flow_x", "flow_y"], ["flow_u", "flow_v"], ["x_", "y_"], ["u_", "v_"]];

/// Placeholder for a number in a series' name; file names contain no zero character.
const NUMBER: char = '\0';

/// Minimum number of images of one series in a folder that counts as a clip.
const LEAST_FRAMES: usize = 2;

/// The frames of a clip, numbered as `img_%05d.jpg`, `image_%04d.jpg` or in another way.
pub(super) struct FrameFolder {
    path: PathBuf,
    frames: Vec<PathBuf>,
    /// The first image and the number of images of each other series in the folder.
    others: Vec<(PathBuf, usize)>,
    /// Size of the first frame, read on demand.
    size: OnceLock<Geometry>,
}

impl FrameFolder {
    /// Lists the frames in the folder `path` in the order of their numbers. If it contains several series of images,
    /// uses the largest one that is not flow. Decodes nothing.
    ///
    /// # Errors
    /// If the folder cannot be read or contains no frames.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |error| Error::io(path, &error);
        let mut kinds: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            if let Some(kind) = kind(&name(&file)) {
                kinds.entry(kind).or_default().push(file);
            }
        }
        let is_flow: Vec<bool> = kinds.keys().map(|kind| is_flow(kind, |other| kinds.contains_key(other))).collect();
        let mut flow = 0;
        let mut frames: Vec<Vec<PathBuf>> = Vec::new();
        for (files, is_flow) in kinds.into_values().zip(is_flow) {
            if is_flow { flow += files.len() } else { frames.push(files) }
        }
        frames.iter_mut().for_each(|files| files.sort_by(|a, b| natural_order(&name(a), &name(b))));
        // Of two series of equal length, the first by name.
        frames.sort_by_key(|files| std::cmp::Reverse(files.len()));
        let mut series = frames.into_iter();
        let Some(frames) = series.next() else {
            return Err(match flow {
                0 => Error::file(path, "the folder contains no images", "Expected frames such as img_00001.jpg"),
                _ => Error::file(
                    path,
                    format!("the folder contains {} and no frames", counted(flow, "flow image")),
                    "Motionscope computes the flow itself: extract the frames, such as img_00001.jpg",
                ),
            });
        };
        let others = series.filter(|files| files.len() >= LEAST_FRAMES);
        let others = others.filter_map(|files| Some((files.first()?.clone(), files.len()))).collect();
        Ok(Self { path: path.to_owned(), frames, others, size: OnceLock::new() })
    }

    /// Returns whether the folder at `path` is a clip: it contains frames and no video.
    pub fn is_at(path: &Path) -> bool {
        let holds_video = || {
            let entries = fs::read_dir(path).ok()?;
            Some(entries.filter_map(std::result::Result::ok).any(|entry| is_video(&entry.path())))
        };
        path.is_dir()
            && Self::open(path).is_ok_and(|folder| folder.len() >= LEAST_FRAMES)
            && holds_video() == Some(false)
    }

    /// Returns the extension of the images, in lower case.
    pub fn extension(&self) -> String {
        self.frames[0].extension().unwrap_or_default().to_string_lossy().to_lowercase()
    }

    /// Returns whether the first frame has transparent parts.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn has_transparent_parts(&self) -> Result<bool> {
        has_transparent_parts(&self.frames[0])
    }

    /// Returns the number of frames, at least one.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Returns the size of the first frame.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn size(&self) -> Result<Geometry> {
        match self.size.get() {
            Some(&size) => Ok(size),
            None => {
                let (width, height) = picture_size(&self.frames[0])?;
                Ok(*self.size.get_or_init(|| Geometry { width, height }))
            }
        }
    }

    /// Returns frame `index`, stretched to each of `sizes`; the file is read once.
    ///
    /// # Errors
    /// If there is no such image, it cannot be read, or its size differs from that of the first.
    pub fn pictures(&self, index: usize, sizes: &[Geometry]) -> Result<Vec<RgbImage>> {
        let path = self.frames.get(index).ok_or_else(|| {
            let cause = format!("there is no frame {index}, it has {}", self.frames.len());
            Error::file(&self.path, cause, "Choose an earlier frame")
        })?;
        let picture = read_picture(path)?;
        let (size, (width, height)) = (self.size()?, picture.dimensions());
        if (Geometry { width, height }) != size {
            let cause = format!(
                "{width}×{height} pixels, but the first frame, {}, has {}×{}",
                name(&self.frames[0]),
                size.width,
                size.height
            );
            return Err(Error::file(
                path,
                cause,
                "Frames of one clip have one size: extract them again, or remove this one",
            ));
        }
        let stretched = |size: &Geometry| match picture.dimensions() == (size.width, size.height) {
            true => picture.clone(),
            false => imageops::resize(&picture, size.width, size.height, FilterType::Triangle),
        };
        Ok(sizes.iter().map(stretched).collect())
    }

    /// Returns warnings about the folder: numbers missing between the first and the last frame, and images of other
    /// series.
    pub fn remarks(&self) -> Vec<Error> {
        let other = |(first, count): &(PathBuf, usize)| {
            let cause = format!(
                "{count} images of another series, such as {}, are skipped; the frames are those such as {}",
                name(first),
                name(&self.frames[0])
            );
            Error::file(&self.path, cause, "Put each series into its own folder")
        };
        self.gaps().into_iter().chain(self.others.iter().map(other)).collect()
    }

    /// Returns a warning about numbers missing between the first and the last frame.
    pub fn gaps(&self) -> Option<Error> {
        let numbers = self.frames.iter().map(|path| number(&path.file_stem()?.to_string_lossy()));
        let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
        let span = numbers.last()?.checked_sub(*numbers.first()?)?.checked_add(1)?;
        let missing = span.checked_sub(numbers.len() as u64).filter(|&missing| missing > 0)?;
        let verb = if missing == 1 { "is" } else { "are" };
        let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
        let cause = format!("{missing} of the frames {first} to {last} {verb} missing");
        Some(Error::file(&self.path, cause, "Extract the frames of this clip again"))
    }
}

/// Returns the file name; invalid Unicode is replaced.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Returns an image's file name in lower case, with its numbers replaced by a placeholder; `None` for other and for
/// hidden files.
fn kind(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    if !EXTENSIONS.contains(&extension.as_str()) || stem.is_empty() || stem.starts_with('.') {
        return None;
    }
    let mut kind = String::new();
    for character in stem.chars() {
        match character.is_ascii_digit() {
            true if kind.ends_with(NUMBER) => {}
            true => kind.push(NUMBER),
            false => kind.extend(character.to_lowercase()),
        }
    }
    Some(format!("{kind}.{extension}"))
}

/// Returns whether the images of a series are flow: they have such a name, or the other component exists too.
fn is_flow(kind: &str, is_there: impl Fn(&str) -> bool) -> bool {
    FLOW_PREFIXES.iter().any(|[one, two]| {
        [[one, two], [two, one]].into_iter().any(|[own, other]| {
            let rest = kind.strip_prefix(own);
            rest.is_some_and(|rest| own.starts_with("flow_") || is_there(&format!("{other}{rest}")))
        })
    })
}

/// Returns the last number in an image's name.
fn number(stem: &str) -> Option<u64> {
    let end = stem.trim_end_matches(|c: char| !c.is_ascii_digit());
    end[end.trim_end_matches(|c: char| c.is_ascii_digit()).len()..].parse().ok()
}

/// Returns a warning about frames missing between the first and the last one of the clip in the folder `path`: the
/// frames around a gap are not a valid pair. `None` for a complete clip.
pub fn missing_frames(path: &Path) -> Option<Error> {
    FrameFolder::open(path).ok()?.gaps()
}

/// Returns whether the folder at `path` is a clip: it contains images that are its frames, and no video.
pub fn is_frame_folder(path: &Path) -> bool {
    FrameFolder::is_at(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for (i, name) in names.iter().enumerate() {
            RgbImage::from_pixel(4, 2, Rgb([i as u8 * 10; 3])).save(dir.path().join(name)).expect("writable");
        }
        dir
    }

    #[test]
    fn frames_come_in_the_order_of_their_numbers_and_flow_does_not_count() {
        let names = ["img_10.png", "img_9.png", "flow_x_1.png", "flow_x_2.png", "flow_x_3.png", "thumbnail.png"];
        let dir = folder(&names);
        fs::write(dir.path().join("notes.txt"), "").expect("writable");
        let frames = FrameFolder::open(dir.path()).expect("frames");
        assert_eq!((frames.len(), frames.remarks()), (2, Vec::new()));
        assert_eq!(frames.size(), Ok(Geometry { width: 4, height: 2 }));
        let first = &frames.pictures(0, &[Geometry { width: 2, height: 2 }]).expect("a picture")[0];
        assert_eq!((first.dimensions(), first.get_pixel(1, 1)), ((2, 2), &Rgb([10; 3])), "img_9, made smaller");
    }

    #[test]
    fn the_number_may_stand_anywhere_and_the_class_begin_with_any_letter() {
        let files = |names: &[String]| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let dir = folder(&names);
            let frames = FrameFolder::open(dir.path()).expect("frames");
            assert!(FrameFolder::is_at(dir.path()) && frames.remarks().is_empty());
            frames.frames.iter().map(|path| name(path)).collect::<Vec<_>>()
        };
        let class: Vec<_> = (1..=12).map(|number| format!("v_wave_g01_c01_{number:05}.png")).collect();
        assert_eq!(files(&class), class);
        let middle: Vec<_> = (1..=12).map(|number| format!("frame{number}_xxx.png")).collect();
        assert_eq!(files(&middle), middle, "1, 2, … 12 and not 1, 10, 11");
        for ending in ["bmp", "tif", "TIFF"] {
            assert_eq!(kind(&format!("frame_007.{ending}")), Some(format!("frame_\0.{}", ending.to_lowercase())));
        }
        assert_eq!(kind("._frame_007.png"), None, "hidden");
    }

    #[test]
    fn pairs_of_components_stay_flow() {
        let cause = |names: &[&str]| FrameFolder::open(folder(names).path()).err().map(|error| error.cause);
        let flow = Some("the folder contains 2 flow images and no frames".to_owned());
        assert_eq!(cause(&["u_01.png", "v_01.png"]), flow);
        assert_eq!(cause(&["x_01.png", "y_01.png"]), flow);
        assert_eq!(cause(&["v_01.png", "v_02.png"]), None, "frames of a class, as nothing goes with them");
        let with_video = folder(&["img_1.png", "img_2.png"]);
        fs::write(with_video.path().join("a.mp4"), "").expect("writable");
        assert!(!FrameFolder::is_at(with_video.path()), "pictures beside videos are no clip");
        assert!(!FrameFolder::is_at(folder(&["cover.png"]).path()) && !FrameFolder::is_at(Path::new("absent")));
    }

    #[test]
    fn another_series_is_left_out_with_a_remark_and_another_size_is_refused() {
        let names = ["b_0001.png", "b_0002.png", "a_0001.png", "a_0002.png", "cover.png"];
        let dir = folder(&names);
        let frames = FrameFolder::open(dir.path()).expect("frames");
        assert_eq!(name(&frames.frames[0]), "a_0001.png", "of as many, the first by name");
        let remarks: Vec<_> = frames.remarks().into_iter().map(|remark| remark.cause).collect();
        let wanted =
            "2 images of another series, such as b_0001.png, are skipped; the frames are those such as a_0001.png";
        assert_eq!(remarks, [wanted]);
        RgbImage::new(4, 2).save(dir.path().join("b_0003.png")).expect("writable");
        let frames = FrameFolder::open(dir.path()).expect("frames");
        assert_eq!((frames.len(), name(&frames.frames[0])), (3, "b_0001.png".into()), "the most numerous");

        RgbImage::new(2, 4).save(dir.path().join("b_0002.png")).expect("writable");
        let frames = FrameFolder::open(dir.path()).expect("frames");
        let size = [Geometry { width: 8, height: 8 }];
        assert!(frames.pictures(0, &size).is_ok() && frames.pictures(2, &size).is_ok());
        let error = frames.pictures(1, &size).expect_err("it has another size");
        assert!(error.subject.ends_with("b_0002.png"), "{error}");
        assert_eq!(error.cause, "2×4 pixels, but the first frame, b_0001.png, has 4×2");
    }

    #[test]
    fn what_is_missing_is_said() {
        let gap = FrameFolder::open(folder(&["image_0001.png", "image_0004.png"]).path()).expect("frames").remarks();
        assert!(gap.len() == 1 && gap[0].cause == "2 of the frames 1 to 4 are missing");
        let cause = |names: &[&str]| FrameFolder::open(folder(names).path()).err().expect("refused").cause;
        assert_eq!(cause(&[]), "the folder contains no images");
        assert_eq!(cause(&["flow_x_1.png", "flow_y_1.png"]), "the folder contains 2 flow images and no frames");
    }
}
