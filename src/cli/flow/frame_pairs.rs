//! The pairs of pictures whose flow is wanted: two files, or frames of a clip a fixed number apart.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use image::{RgbImage, imageops};

use crate::error::{Error, Result};
use crate::flow::files::read_picture;
use crate::video::{Geometry, Sizes, VideoInfo, VideoReader};

/// Two pictures of one size and the frames they are; of two files 0 and 1.
pub(super) struct FramePair {
    pub frames: [usize; 2],
    pub pictures: [Arc<RgbImage>; 2],
}

impl FramePair {
    /// Returns the pair in two picture files, stretched to `size` if one is given.
    pub fn open(first: &Path, second: &Path, size: Option<Geometry>) -> Result<Self> {
        let pictures = [read_picture(first)?, read_picture(second)?];
        let [(width, height), (other_width, other_height)] = [pictures[0].dimensions(), pictures[1].dimensions()];
        if (width, height) != (other_width, other_height) {
            let cause = format!("{other_width}×{other_height} pixels, but {} has {width}×{height}", first.display());
            return Err(Error::file(second, cause, "Choose two images of the same size"));
        }
        let stretched = |picture: RgbImage| match size {
            Some(Geometry { width, height }) => {
                imageops::resize(&picture, width, height, imageops::FilterType::Triangle)
            }
            None => picture,
        };
        Ok(Self { frames: [0, 1], pictures: pictures.map(|picture| Arc::new(stretched(picture))) })
    }

    /// Width and height of both pictures.
    pub fn size(&self) -> [usize; 2] {
        [self.pictures[0].width() as usize, self.pictures[0].height() as usize]
    }
}

/// The pairs of a clip in order, each frame decoded once.
pub(super) struct CommandPairs {
    reader: VideoReader,
    /// True if the pictures are stretched to a size of their own.
    stretched: bool,
    stride: usize,
    /// The frames from the first of the last pair on.
    frames: VecDeque<(usize, Arc<RgbImage>)>,
}

impl CommandPairs {
    /// Returns the pairs of frames `stride` apart of the clip at `path`, at its own size or at `size`.
    pub fn open(path: &Path, size: Option<Geometry>, stride: usize) -> Result<Self> {
        // What is shown beside a picture of a size of its own is that picture; the display picture costs least at 1 px.
        let sizes = match size {
            Some(size) => Sizes { display_max: 1, scaled: vec![size] },
            None => Sizes { display_max: u32::MAX, scaled: Vec::new() },
        };
        let reader = VideoReader::open(path, sizes)?;
        Ok(Self { reader, stretched: size.is_some(), stride, frames: VecDeque::new() })
    }

    /// Facts about the clip.
    pub fn info(&self) -> &VideoInfo {
        self.reader.info()
    }

    /// Returns the errors since the last call that did not end the clip.
    pub fn take_warnings(&mut self) -> Vec<Error> {
        self.reader.take_warnings()
    }

    /// Returns the pair that begins at frame `first`. The second frame must be one of the clip.
    pub fn pair(&mut self, first: usize) -> Result<FramePair> {
        let second = first + self.stride;
        self.frames.retain(|(index, _)| *index >= first);
        let next = self.frames.back().map_or(first, |(index, _)| index + 1);
        for index in next..=second {
            let frame = self.reader.frame(index)?;
            let picture = if self.stretched { frame.scaled[0].clone() } else { frame.display };
            self.frames.push_back((index, picture));
        }
        let [(_, from), (_, to)] = [&self.frames[0], &self.frames[self.stride]];
        Ok(FramePair { frames: [first, second], pictures: [from.clone(), to.clone()] })
    }
}
