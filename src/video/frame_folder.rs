//! A clip as a folder of pictures, one a frame, as the tools around TSN leave them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use image::imageops::{self, FilterType};
use image::{ImageReader, RgbImage};

use super::Geometry;
use super::natural_order::natural_order;
use super::picture::read_picture;
use crate::error::{Error, Result};

/// Endings of pictures.
const EXTENSIONS: [&str; 5] = ["jpg", "jpeg", "png", "ppm", "pgm"];

/// How pictures of flow are called, which lie in the same folder as the frames.
const FLOW_PREFIXES: [&str; 8] = ["flow_x", "flow_y", "flow_u", "flow_v", "x_", "y_", "u_", "v_"];

/// The frames of a clip: `img_%05d.jpg`, `image_%04d.jpg` or however else they are numbered.
pub(super) struct FrameFolder {
    path: PathBuf,
    frames: Vec<PathBuf>,
}

impl FrameFolder {
    /// Lists the frames in folder `path` in the order of their numbers. Where pictures of several kinds lie together, the
    /// most numerous kind that is not flow is taken; nothing is decoded.
    ///
    /// # Errors
    /// If the folder cannot be read or holds no frames.
    pub fn open(path: &Path) -> Result<Self> {
        let entries = fs::read_dir(path).map_err(|error| Error::io(path, &error))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut flow = 0;
        for (kind, name) in names.filter_map(|name| Some((kind(&name)?, name))) {
            if FLOW_PREFIXES.iter().any(|prefix| kind.starts_with(prefix)) {
                flow += 1;
            } else {
                kinds.entry(kind).or_default().push(name);
            }
        }
        let Some(mut names) = kinds.into_values().max_by_key(Vec::len) else {
            return Err(match flow {
                0 => Error::file(path, "the folder holds no pictures", "Expected frames such as img_00001.jpg"),
                _ => Error::file(
                    path,
                    format!("the folder holds {flow} pictures of flow and no frames"),
                    "Motionscope computes the flow itself: extract the frames, such as img_00001.jpg",
                ),
            });
        };
        names.sort_by(|a, b| natural_order(a, b));
        Ok(Self { path: path.to_owned(), frames: names.into_iter().map(|name| path.join(name)).collect() })
    }

    /// Number of frames, at least one.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Size of the first frame as its header tells it.
    pub fn size(&self) -> Result<Geometry> {
        let path = &self.frames[0];
        let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
        let reader = reader.map_err(|error| Error::io(path, &error))?;
        let (width, height) = reader.into_dimensions().map_err(|error| {
            Error::file(path, format!("not a readable picture ({error})"), "Extract the frames of this clip again")
        })?;
        Ok(Geometry { width, height })
    }

    /// Frame `index`, stretched to each of `sizes`; it is read once.
    ///
    /// # Errors
    /// If there is no such picture, or it cannot be read.
    pub fn pictures(&self, index: usize, sizes: &[Geometry]) -> Result<Vec<RgbImage>> {
        let path = self.frames.get(index).ok_or_else(|| {
            let cause = format!("there is no frame {index}, it has {}", self.frames.len());
            Error::file(&self.path, cause, "Choose an earlier frame")
        })?;
        let picture = read_picture(path)?;
        let stretched = |size: &Geometry| match picture.dimensions() == (size.width, size.height) {
            true => picture.clone(),
            false => imageops::resize(&picture, size.width, size.height, FilterType::Triangle),
        };
        Ok(sizes.iter().map(stretched).collect())
    }

    /// What to say if numbers are left out between the first and the last frame.
    pub fn gaps(&self) -> Option<Error> {
        let numbers = self.frames.iter().map(|path| number(&path.file_stem()?.to_string_lossy()));
        let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
        let span = numbers.last()?.checked_sub(*numbers.first()?)?.checked_add(1)?;
        let missing = span.checked_sub(numbers.len() as u64).filter(|&missing| missing > 0)?;
        let cause = format!("{missing} of the frames {} to {} are missing", numbers[0], numbers[numbers.len() - 1]);
        Some(Error::file(&self.path, cause, "Extract the frames of this clip again"))
    }
}

/// What a picture's name is without its number, in lower case; none for other files.
fn kind(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    let is_picture = EXTENSIONS.contains(&extension.as_str()) && !stem.is_empty();
    is_picture.then(|| format!("{}.{extension}", stem.trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase()))
}

/// The number at the end of a picture's name.
fn number(stem: &str) -> Option<u64> {
    stem[stem.trim_end_matches(|c: char| c.is_ascii_digit()).len()..].parse().ok()
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
        assert_eq!((frames.len(), frames.gaps()), (2, None));
        assert_eq!(frames.size(), Ok(Geometry { width: 4, height: 2 }));
        let first = &frames.pictures(0, &[Geometry { width: 2, height: 2 }]).expect("a picture")[0];
        assert_eq!((first.dimensions(), first.get_pixel(1, 1)), ((2, 2), &Rgb([10; 3])), "img_9, made smaller");
    }

    #[test]
    fn what_is_missing_is_said() {
        let gap = FrameFolder::open(folder(&["image_0001.png", "image_0004.png"]).path()).expect("frames").gaps();
        assert!(gap.is_some_and(|gap| gap.cause == "2 of the frames 1 to 4 are missing"));
        let cause = |names: &[&str]| FrameFolder::open(folder(names).path()).err().expect("refused").cause;
        assert_eq!(cause(&[]), "the folder holds no pictures");
        assert_eq!(cause(&["flow_x_1.png", "flow_y_1.png"]), "the folder holds 2 pictures of flow and no frames");
    }
}
