//! Flow from the motion vectors of the video codec.
//!
//! The baseline that the paper calls "enhanced motion vectors" (Zhang et al., CVPR 2016): fast, coarse (one vector per
//! block of 8 or 16 pixels) and only as accurate as the encoder needed to save bits.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::FlowField;
use crate::error::{Error, Result};
use crate::video::{FrameKind, FrameVectors, MotionVector, MotionVectorReader};

/// Maximum distance in frames of vectors that replace missing ones.
const REACH: usize = 4;

/// The flow between the frames of one clip, from its motion vectors.
pub struct CodecFlow {
    path: PathBuf,
    reader: MotionVectorReader,
    /// Motion vectors that were read, by frame: those of frames near the last requested pair, and the empty ones of all
    /// frames without vectors.
    known: BTreeMap<usize, FrameVectors>,
    /// Whether any frame read so far had motion vectors.
    has_vectors: bool,
}

impl CodecFlow {
    /// Opens the video at `path`.
    ///
    /// # Errors
    /// Same as [`MotionVectorReader::open`].
    pub fn open(path: &Path) -> Result<Self> {
        let (path, known) = (path.to_owned(), BTreeMap::new());
        Ok(Self { reader: MotionVectorReader::open(&path)?, path, known, has_vectors: false })
    }

    /// Returns the number of frames of the clip. The last frame has no flow, as there is no next frame.
    pub fn frames(&self) -> usize {
        self.reader.frames()
    }

    /// Refuses a video of key frames only. Unless a frame with vectors was read already, reads frames from the first one
    /// on until one is predicted; calls `stop` before each.
    ///
    /// # Errors
    /// If all frames that can be read are key frames, none can be read, or `stop` gives an error.
    pub fn check_vectors(&mut self, stop: &dyn Fn() -> Result<()>) -> Result<()> {
        let (mut is_any_read, mut first) = (false, None);
        for frame in 0..self.frames() {
            if self.has_vectors {
                return Ok(());
            }
            stop()?;
            match self.vectors(frame) {
                Ok(vectors) if vectors.kind != FrameKind::Intra => return Ok(()),
                Ok(_) => is_any_read = true,
                Err(error) => first = first.or(Some(error)),
            }
        }
        if self.has_vectors { Ok(()) } else { Err(first.filter(|_| !is_any_read).unwrap_or_else(|| self.no_vectors())) }
    }

    /// Returns the error for a video without motion vectors.
    pub(super) fn no_vectors(&self) -> Error {
        let remedy = "Encode it with predicted frames, for example as H.264 or MPEG-4, or use another flow source";
        Error::file(&self.path, "all of its frames are intra-coded: there are no motion vectors", remedy)
    }

    /// Returns the flow from frame `index` to the next, in pixels of a picture of `width` × `height`; see
    /// [`flow_from_vectors`].
    ///
    /// The next frame may have no vectors. If it is bi-predicted, those of the frame it waits for span the same time
    /// and take their place; key frames have none at all, and the motion before them is carried on, up to four frames.
    /// Without any, the flow is unknown everywhere.
    ///
    /// # Errors
    /// As [`MotionVectorReader::vectors`]; the last frame has no next one.
    pub fn flow(&mut self, index: usize, width: usize, height: usize) -> Result<FlowField> {
        self.forget_far_from(index);
        let telling = self.telling_frame(index)?;
        Ok(flow_from_vectors(self.vectors(telling)?, width, height))
    }

    /// Returns the flow from frame `first` to a later one, `second`: each pixel is followed through the frames between.
    ///
    /// Unknown where the pixel leaves the picture before the last step.
    ///
    /// # Errors
    /// Same as [`Self::flow`].
    pub fn flow_between(&mut self, first: usize, second: usize, width: usize, height: usize) -> Result<FlowField> {
        let mut flow = self.flow(first, width, height)?;
        for index in first + 1..second {
            flow = flow.followed_by(&self.flow(index, width, height)?);
        }
        Ok(flow)
    }

    /// Returns the frame whose vectors stand for the motion from frame `index` to the next: the next frame, a later one
    /// that bi-predicted frames wait for, or else an earlier one.
    fn telling_frame(&mut self, index: usize) -> Result<usize> {
        let (next, last) = (index + 1, self.frames().saturating_sub(1));
        for frame in next..=(index + REACH).min(last).max(next) {
            let vectors = self.vectors(frame)?;
            if !vectors.vectors.is_empty() {
                return Ok(frame);
            }
            if vectors.kind != FrameKind::BiPredicted {
                break;
            }
        }
        for frame in (next.saturating_sub(REACH)..next).rev() {
            if !self.vectors(frame)?.vectors.is_empty() {
                return Ok(frame);
            }
        }
        Ok(next)
    }

    /// Drops the vectors of frames far from `frame`. Empty entries are kept, so that frames without vectors are not
    /// read again.
    pub(super) fn forget_far_from(&mut self, frame: usize) {
        self.known.retain(|known, vectors| vectors.vectors.is_empty() || known.abs_diff(frame) <= REACH + 1);
    }

    pub(super) fn vectors(&mut self, frame: usize) -> Result<&FrameVectors> {
        if !self.known.contains_key(&frame) {
            let vectors = self.reader.vectors(frame)?;
            self.has_vectors |= !vectors.vectors.is_empty();
            self.known.insert(frame, vectors);
        }
        Ok(&self.known[&frame])
    }
}

/// Returns the forward flow from the frame before the one with these `vectors` to that frame, in pixels of a picture of
/// `width` × `height`.
///
/// A block that came from `dst + mv`, d frames before, moves by −mv/d from frame to frame; one that is predicted only
/// only from d frames after moves by mv/d. The motion is written at the block's position in the later frame, not at its
/// origin in the earlier one. Blocks without a vector have zero flow, as in the inputs of motion vector networks; for a
/// frame without any vector the whole flow is unknown.
pub fn flow_from_vectors(vectors: &FrameVectors, width: usize, height: usize) -> FlowField {
    if vectors.vectors.is_empty() {
        return FlowField::new(width, height, vec![FlowField::UNKNOWN; width * height]);
    }
    let scale = [width as f32 / vectors.width as f32, height as f32 / vectors.height as f32];
    let mut field = FlowField::new(width, height, vec![[0.0; 2]; width * height]);
    // Vectors from a past frame describe exactly this step, so they are painted last, over those from future frames.
    let (past, future): (Vec<_>, Vec<_>) = vectors.vectors.iter().partition(|vector| vector.frame_offset < 0);
    future.into_iter().chain(past).for_each(|vector| paint(&mut field, vector, scale));
    field
}

/// Returns the pixels, on an axis of `side` pixels, whose centres are covered by a block of `length` that begins at
/// `from`, both in pixels of the coded frame.
pub(super) fn covered(from: f32, length: f32, scale: f32, side: usize) -> Range<usize> {
    let first_after = |edge: f32| ((edge * scale - 0.5).ceil().max(0.0) as usize).min(side);
    first_after(from)..first_after(from + length)
}

/// Writes the vector's motion to the pixels whose centres are in the block.
fn paint(field: &mut FlowField, vector: &MotionVector, scale: [f32; 2]) {
    let columns = covered(vector.x, vector.width, scale[0], field.width);
    let [u, v] = vector.px_per_frame();
    for y in covered(vector.y, vector.height, scale[1], field.height) {
        let row = y * field.width;
        field.uv[row + columns.start..row + columns.end].fill([u * scale[0], v * scale[1]]);
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::video::{FrameKind, Geometry, VideoWriter};

    fn block(x: f32, dx_px: f32, frame_offset: i32) -> MotionVector {
        MotionVector { x, y: 0.0, width: 16.0, height: 16.0, dx_px, dy_px: 2.0, frame_offset }
    }

    fn frame(vectors: Vec<MotionVector>) -> FrameVectors {
        FrameVectors { width: 40, height: 16, kind: FrameKind::BiPredicted, vectors }
    }

    #[test]
    fn blocks_move_evenly_from_where_they_came() {
        let vectors = vec![block(0.0, -6.0, -3), block(0.0, 40.0, 1), block(16.0, 4.0, 2)];
        let flow = flow_from_vectors(&frame(vectors), 40, 16);
        assert_eq!(flow.at(0, 0), [2.0, -2.0 / 3.0], "the past is nearer to the truth than the future");
        assert_eq!(flow.at(31, 15), [2.0, 1.0], "the future alone");
        assert_eq!(flow.at(32, 0), [0.0, 0.0], "a block coded by itself");
    }

    #[test]
    fn flow_is_in_pixels_of_the_wanted_picture() {
        let vectors = vec![block(24.0, -4.0, -1), block(-8.0, 8.0, -1)];
        let flow = flow_from_vectors(&frame(vectors), 10, 8);
        let u: Vec<f32> = flow.uv[..10].iter().map(|uv| uv[0]).collect();
        // Blocks at 24…40 and −8…8 of 40 cover pixels 6…10 and 0…2 of 10.
        assert_eq!(u, [-2.0, -2.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(flow.at(0, 0)[1], -1.0);
    }

    #[test]
    fn vectors_of_a_long_clip_are_not_all_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clip.mp4");
        let mut writer = VideoWriter::create(&path, Geometry { width: 64, height: 64 }, 25.0).unwrap();
        for frame in 0..40u32 {
            let texture = |x: u32, y: u32| Rgb([(((x + 2 * frame) * 37) ^ (y * 11)) as u8; 3]);
            writer.push(&RgbImage::from_fn(64, 64, texture)).unwrap();
        }
        writer.finish().unwrap();
        let mut flow = CodecFlow::open(&path).unwrap();
        for index in 0..39 {
            flow.emv_field(index, 64, 64).unwrap();
        }
        let kept = flow.known.values().filter(|vectors| !vectors.vectors.is_empty()).count();
        assert!((1..=2 * REACH + 3).contains(&kept), "{kept}");
    }

    #[test]
    fn no_vectors_no_knowledge() {
        let flow = flow_from_vectors(&frame(Vec::new()), 3, 2);
        assert!(flow.uv.iter().all(|uv| !FlowField::is_known(*uv)) && flow.uv.len() == 6);
    }
}
