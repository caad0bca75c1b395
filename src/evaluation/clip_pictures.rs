//! The frames of a clip that a scorer needs; only these are kept, so that memory does not grow with the length of the
//! clip.

use std::collections::{BTreeMap, BTreeSet};

use image::RgbImage;

use crate::error::Result;
use crate::video::{ClipReader, Geometry};

/// Frames of a clip in one size, by index.
#[derive(Debug, Clone, Copy)]
pub enum ClipPictures<'a> {
    /// All frames.
    All(&'a [RgbImage]),
    /// The needed frames.
    Few {
        /// Number of frames in the whole clip.
        frames: usize,
        /// The frames that were read, by index.
        read: &'a BTreeMap<usize, RgbImage>,
    },
}

impl<'a> ClipPictures<'a> {
    /// Returns the number of frames in the whole clip.
    pub fn frames(self) -> usize {
        match self {
            Self::All(pictures) => pictures.len(),
            Self::Few { frames, .. } => frames,
        }
    }

    /// Returns the frame at index `place`.
    ///
    /// # Panics
    /// If it was not read.
    pub(super) fn at(self, place: usize) -> &'a RgbImage {
        match self {
            Self::All(pictures) => &pictures[place],
            Self::Few { read, .. } => &read[&place],
        }
    }
}

impl<'a> From<&'a [RgbImage]> for ClipPictures<'a> {
    fn from(pictures: &'a [RgbImage]) -> Self {
        Self::All(pictures)
    }
}

impl<'a> From<&'a Vec<RgbImage>> for ClipPictures<'a> {
    fn from(pictures: &'a Vec<RgbImage>) -> Self {
        Self::All(pictures)
    }
}

/// The indices of the needed frames, and their size.
pub(super) type Wanted<'a> = (&'a BTreeSet<usize>, Geometry);

/// Reads two sets of frames in one pass over the clip. `check_stop` is called before each frame.
///
/// # Errors
/// If a frame cannot be read, or `check_stop` returns an error.
pub(super) fn read_pictures(
    reader: &mut ClipReader,
    wanted: [Wanted<'_>; 2],
    check_stop: &dyn Fn() -> Result<()>,
) -> Result<[BTreeMap<usize, RgbImage>; 2]> {
    let sizes: BTreeSet<[u32; 2]> =
        wanted.iter().filter(|(places, _)| !places.is_empty()).map(|(_, size)| [size.width, size.height]).collect();
    reader.set_sizes(sizes.iter().map(|&[width, height]| Geometry { width, height }).collect());
    let output = wanted.map(|(_, size)| sizes.iter().position(|of| *of == [size.width, size.height]));
    let mut read = [BTreeMap::new(), BTreeMap::new()];
    let [(first, _), (second, _)] = wanted;
    for &place in first.union(second) {
        check_stop()?;
        let pictures = reader.pictures(place)?;
        for (kind, (places, _)) in wanted.iter().enumerate() {
            if let Some(output) = output[kind].filter(|_| places.contains(&place)) {
                read[kind].insert(place, pictures[output].clone());
            }
        }
    }
    reader.warn();
    Ok(read)
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn only_what_is_wanted_is_kept_and_each_frame_is_read_once() {
        let dir = tempfile::tempdir().unwrap();
        for place in 0..12u8 {
            RgbImage::from_pixel(8, 4, Rgb([place; 3])).save(dir.path().join(format!("{place}.png"))).unwrap();
        }
        let mut reader = ClipReader::open(dir.path(), None).unwrap();
        let size = |width, height| Geometry { width, height };
        let (motion, spatial) = (BTreeSet::from([1, 2, 9]), BTreeSet::from([2, 11]));
        let asked = std::cell::Cell::new(0);
        let count = || {
            asked.set(asked.get() + 1);
            Ok(())
        };
        for spatial_size in [size(2, 2), size(8, 4)] {
            asked.set(0);
            let read = read_pictures(&mut reader, [(&motion, size(8, 4)), (&spatial, spatial_size)], &count).unwrap();
            let seen = |kind: usize| {
                let pictures = read[kind].iter();
                pictures.map(|(place, picture)| (*place, picture.width(), picture[(0, 0)].0[0])).collect::<Vec<_>>()
            };
            assert_eq!(seen(0), [(1, 8, 1), (2, 8, 2), (9, 8, 9)]);
            assert_eq!(seen(1), [(2, spatial_size.width, 2), (11, spatial_size.width, 11)]);
            assert_eq!(asked.get(), 4, "frame 2 is read once for both");
        }
        let pictures = ClipPictures::Few {
            frames: 12,
            read: &read_pictures(&mut reader, [(&motion, size(8, 4)), (&BTreeSet::new(), size(2, 2))], &count).unwrap()
                [0],
        };
        assert_eq!((pictures.frames(), pictures.at(9)[(0, 0)].0), (12, [9; 3]));
    }
}
