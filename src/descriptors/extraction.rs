//! Extraction of a clip's descriptors, in slices of a few frames.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::Path;

use super::histograms::OrientationMap;
use super::kind::SLICES;
use super::patches::{Patch, describe, patches};
use super::{DescriptorKind, GridFrame, VectorField, VectorRule};
use crate::data::LabelledClip;
use crate::error::{Error, Result};
use crate::flow::Plane;
use crate::plural::counted;
use crate::video::{ClipReader, Geometry, MotionVectorReader};

/// Frames per slice.
const SLICE_FRAMES: usize = 5;
/// Frames per patch.
const PATCH_FRAMES: usize = SLICES * SLICE_FRAMES;

/// Minimum side of frames: a patch has three cells with five points.
const SMALLEST_PX: u32 = 48;

const CONVERT: &str = "Convert it to H.264 or MPEG-4 with predicted frames";

/// The selection of descriptors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescriptorSettings {
    /// The types, each once.
    pub kinds: Vec<DescriptorKind>,
    /// Interpretation of the vectors.
    pub vectors: VectorRule,
}

/// The descriptors of all patches that end with the same frame.
#[derive(Debug, Clone, Default)]
pub struct DescriptorBatch {
    /// Centres of the patches: x, y and time relative to the size and length of the clip.
    pub positions: Vec<[f32; 3]>,
    /// The descriptors of each type, patch after patch, in the order of the settings.
    pub values: Vec<Vec<f32>>,
}

/// A stream that computes descriptors of frames in order.
pub struct DescriptorStream<'a> {
    kinds: &'a [DescriptorKind],
    /// Number of frames of the clip.
    frames: usize,
    size: (usize, usize),
    patches: Vec<Patch>,
    slices: VecDeque<Slice>,
}

/// Mean histograms of up to five frames.
struct Slice {
    /// One map per type.
    maps: Vec<OrientationMap>,
    first: usize,
    last: usize,
    frames: usize,
}

impl<'a> DescriptorStream<'a> {
    /// Creates the stream for a clip of `frames` frames, on a grid of `size` points.
    pub fn new(kinds: &'a [DescriptorKind], size: (usize, usize), frames: usize) -> Self {
        Self { kinds, frames, size, patches: patches(size.0, size.1), slices: VecDeque::new() }
    }

    /// Adds a frame of that grid; returns the descriptors that it completes: at every fifth frame, from the 15th on.
    pub fn push(&mut self, frame: &GridFrame) -> Option<DescriptorBatch> {
        if self.slices.back().is_none_or(|slice| slice.frames == SLICE_FRAMES) {
            if self.slices.len() == SLICES {
                self.slices.pop_front();
            }
            let map = |kind: &DescriptorKind| OrientationMap::new(*kind, self.size.0, self.size.1);
            let maps = self.kinds.iter().map(map).collect();
            self.slices.push_back(Slice { maps, first: frame.index, last: frame.index, frames: 0 });
        }
        let slice = self.slices.back_mut()?;
        for (kind, map) in self.kinds.iter().zip(&mut slice.maps) {
            map.add(*kind, frame);
        }
        slice.last = frame.index;
        slice.frames += 1;
        if slice.frames < SLICE_FRAMES {
            return None;
        }
        slice.maps.iter_mut().for_each(|map| map.scale(1.0 / SLICE_FRAMES as f32));
        (self.slices.len() == SLICES).then(|| self.batch())
    }

    fn batch(&self) -> DescriptorBatch {
        let (first, last) = (self.slices[0].first, self.slices[SLICES - 1].last);
        let time = ((first + last + 1) as f32 / 2.0 / self.frames.max(1) as f32).min(1.0);
        let position = |patch: &Patch| {
            let [x, y] = patch.centre(self.size.0, self.size.1);
            [x, y, time]
        };
        let of_kind = |(place, kind): (usize, &DescriptorKind)| {
            let mut values = Vec::with_capacity(self.patches.len() * kind.length());
            for patch in &self.patches {
                describe(self.slices.iter().map(|slice| &slice.maps[place]), kind.bins(), *patch, &mut values);
            }
            values
        };
        DescriptorBatch {
            positions: self.patches.iter().map(position).collect(),
            values: self.kinds.iter().enumerate().map(of_kind).collect(),
        }
    }
}

/// Passes the descriptors of `clip` to `report`, batch after batch. Frames without vectors, such as key frames, are
/// skipped.
///
/// # Errors
/// If the clip cannot be read, its codec has no motion vectors, fewer than 15 of its frames have some, its frames are
/// too small for a patch, or `stop` returns true.
pub fn extract(
    clip: &LabelledClip,
    settings: &DescriptorSettings,
    stop: &(dyn Fn() -> bool + Sync),
    report: &mut dyn FnMut(DescriptorBatch),
) -> Result<()> {
    let path = clip.path.as_path();
    if path.is_dir() {
        let cause = "a folder of images has no motion vectors";
        return Err(Error::file(path, cause, "Use the original videos"));
    }
    let mut reader = MotionVectorReader::open(path)?;
    let mut pictures = GreyPictures::open(clip, settings)?;
    let frames = clip_frames(clip, &reader)?;
    let mut stream: Option<DescriptorStream<'_>> = None;
    let mut with_vectors = 0;
    for frame in frames.clone() {
        if stop() {
            return Err(Error::cancelled(path.display().to_string(), "it was stopped", "Start it again"));
        }
        let vectors = reader.vectors(frame)?;
        if vectors.width.min(vectors.height) < SMALLEST_PX {
            let cause = format!("its frames of {}×{} pixels are too small for a patch", vectors.width, vectors.height);
            return Err(Error::file(path, cause, format!("Use frames of at least {SMALLEST_PX} pixels a side")));
        }
        let Some(field) = VectorField::of(&vectors, settings.vectors) else { continue };
        let field = field.enlarged();
        let size = field.u.size();
        let stream = stream.get_or_insert_with(|| DescriptorStream::new(&settings.kinds, size, frames.len()));
        if size != stream.size {
            return Err(Error::file(path, "its frames change their size", "Convert it to a single size"));
        }
        let index = frame - frames.start;
        let grey = pictures.as_mut().map(|pictures| pictures.at(index, size)).transpose()?;
        with_vectors += 1;
        stream.push(&GridFrame { index, field, grey }).into_iter().for_each(&mut *report);
    }
    check_vectors(path, with_vectors)
}

fn check_vectors(path: &Path, with_vectors: usize) -> Result<()> {
    match with_vectors {
        0 => Err(Error::file(path, "it has no motion vectors: every frame is coded by itself", CONVERT)),
        few if few < PATCH_FRAMES => {
            let cause = format!("{} with motion vectors, a descriptor needs {PATCH_FRAMES}", counted(few, "frame"));
            Err(Error::file(path, cause, "Use a longer clip, or convert it with fewer key frames"))
        }
        _ => Ok(()),
    }
}

/// Returns the range of the clip's frames within its file.
fn clip_frames(clip: &LabelledClip, reader: &MotionVectorReader) -> Result<Range<usize>> {
    match clip.segment_secs {
        None => Ok(0..reader.frames()),
        Some(_) => Ok(ClipReader::open(&clip.path, clip.segment_secs)?.range()),
    }
}

/// The frames of a clip in grey, scaled to the grid.
struct GreyPictures {
    reader: ClipReader,
    size: Option<(usize, usize)>,
}

impl GreyPictures {
    /// Opens the frames of `clip` if the descriptors need them.
    fn open(clip: &LabelledClip, settings: &DescriptorSettings) -> Result<Option<Self>> {
        let open = || Ok(Self { reader: ClipReader::open(&clip.path, clip.segment_secs)?, size: None });
        settings.kinds.contains(&DescriptorKind::Hog).then(open).transpose()
    }

    /// Returns frame `index` of the clip on a grid of `size` points, with values 0…255.
    fn at(&mut self, index: usize, size: (usize, usize)) -> Result<Plane> {
        if self.size != Some(size) {
            self.reader.set_sizes(vec![Geometry { width: size.0 as u32, height: size.1 as u32 }]);
            self.size = Some(size);
        }
        let pictures = self.reader.pictures(index)?;
        Ok(Plane::grey(&pictures[0]))
    }
}
