//! The motion vectors of a video's codec: FFmpeg's `export_mvs`, upright and with exact frame numbers.
//!
//! An encoder predicts each block of a picture from a displaced block of another picture. Reading these motion vectors
//! costs little more than decoding, which makes them an alternative to optical flow: Zhang et al., "Real-time Action
//! Recognition with Enhanced Motion Vector CNNs", CVPR 2016.

use std::mem::{offset_of, size_of};
use std::path::Path;

use ffmpeg::codec::Id;
use ffmpeg::ffi::AVMotionVector;
use ffmpeg::frame::side_data::Type;
use ffmpeg::picture;
use ffmpeg_next as ffmpeg;

use super::StopFlag;
use super::frame_decoder::Purpose;
use super::orientation::Orientation;
use super::raw_frames::RawFrames;
use super::references::ReferenceDistances;
use crate::error::{Error, Result};

/// Codecs for which FFmpeg is known to export motion vectors.
const CODECS: [Id; 12] = [
    Id::H264,
    Id::MPEG4,
    Id::MPEG2VIDEO,
    Id::MPEG1VIDEO,
    Id::H263,
    Id::H263P,
    Id::FLV1,
    Id::MSMPEG4V1,
    Id::MSMPEG4V2,
    Id::MSMPEG4V3,
    Id::WMV1,
    Id::WMV2,
];

/// Minimum number of frames that a seek to a key frame must save.
const WORTH_A_SEEK: usize = 16;

/// The coding type of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// I-frame: no prediction, no vectors.
    Intra,
    /// P-frame: predicted from earlier frames.
    Predicted,
    /// B-frame: predicted from earlier and later frames.
    BiPredicted,
}

/// The motion vector of a block, in pixels of the upright coded frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MotionVector {
    /// Left edge of the block.
    pub x: f32,
    /// Top edge of the block.
    pub y: f32,
    /// Width of the block; at the right edge of a frame it may extend beyond.
    pub width: f32,
    /// Height of the block; at the bottom of a frame it may extend beyond.
    pub height: f32,
    /// Horizontal displacement from the block to the content it was predicted from, positive to the right, with
    /// sub-pixel precision.
    pub dx_px: f32,
    /// Vertical displacement, positive downwards.
    pub dy_px: f32,
    /// Offset of the frame it was predicted from: −2 is the second before this one, 1 the next. Never 0.
    ///
    /// FFmpeg provides only the direction. The distance is that of the nearest possible reference frame, which is wrong
    /// if the encoder chose a farther one.
    pub frame_offset: i32,
}

impl MotionVector {
    /// Returns the motion of the block from one frame to the next, pixels `[x, y]`, assuming constant speed.
    pub fn px_per_frame(&self) -> [f32; 2] {
        let frames = self.frame_offset as f32;
        [self.dx_px / frames, self.dy_px / frames]
    }
}

/// The motion vectors of one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameVectors {
    /// Width of the upright coded frame, pixels; unlike [`super::VideoInfo::width`], before the correction to square
    /// pixels.
    pub width: u32,
    /// Height of the upright coded frame, pixels.
    pub height: u32,
    /// Coding type of the frame.
    pub kind: FrameKind,
    /// Its vectors in no particular order. A bi-predicted block has one per direction, a skipped block the inherited
    /// one, an intra block none.
    pub vectors: Vec<MotionVector>,
}

/// A reader of motion vectors by frame index, the same as in [`super::VideoReader`]; fast in ascending order, exact in
/// any.
pub struct MotionVectorReader {
    raw: RawFrames,
    orientation: Orientation,
    /// Width and height of the first picture as stored.
    stored: [u32; 2],
    /// The frame that was decoded last.
    decoded: Option<usize>,
}

impl MotionVectorReader {
    /// Opens the video at `path`.
    ///
    /// # Errors
    /// Same as [`super::VideoReader::open`], and if FFmpeg exports no motion vectors for its codec.
    pub fn open(path: &Path) -> Result<Self> {
        let mut raw = RawFrames::open(path, Purpose::MotionVectors, &StopFlag::default())?;
        let codec = raw.source.stream().parameters().id();
        if !CODECS.contains(&codec) {
            let cause = format!("FFmpeg provides no motion vectors for {} video", codec.name());
            let remedy = "Use TV-L1, which needs only frames, or convert the file to H.264";
            return Err(Error::file(path, cause, remedy));
        }
        let Some((index, picture)) = raw.next() else {
            let cause = "no frame in it could be decoded";
            return Err(Error::file(path, cause, "Copy the file again, or convert it to H.264"));
        };
        let orientation = Orientation::of(&raw.source.stream());
        let stored = [picture.width(), picture.height()];
        raw.give_back(index, picture);
        Ok(Self { raw, orientation, stored, decoded: None })
    }

    /// Returns the number of frames.
    pub fn frames(&self) -> usize {
        self.raw.index.frames.len()
    }

    /// Returns the vectors of frame `index`, counted from 0 in presentation order.
    ///
    /// FFmpeg exports none for B-frames of MPEG-4 (XviD, DivX), and in MPEG-1, 2 and 4 none for a last frame that was
    /// decoded only at the end of the file. Vectors of interlaced pictures are those of their fields. A frame too
    /// damaged to decode has none and counts as intra-coded.
    ///
    /// # Errors
    /// If there is no such frame, or the file cannot be read any more.
    pub fn vectors(&mut self, index: usize) -> Result<FrameVectors> {
        let path = self.raw.source.path();
        if index >= self.frames() {
            let cause = format!("there is no frame {index}, it has {}", self.frames());
            return Err(Error::file(path, cause, "Choose an earlier frame"));
        }
        let key = self.raw.index.key_before(index, usize::MAX);
        let key_frame = self.raw.index.frame_of_packet(key).unwrap_or(0);
        let follows = self.decoded.is_some_and(|decoded| decoded < index && key_frame <= decoded + WORTH_A_SEEK);
        if !follows {
            self.raw.start(key)?;
        }
        self.decoded = Some(index);
        while let Some((at, picture)) = self.raw.next() {
            if at == index {
                let size = [picture.width(), picture.height()];
                let kind = kind(&picture);
                let vectors = if self.is_stale(kind) { Vec::new() } else { self.vectors_of(index, &picture) };
                return Ok(self.frame(size, kind, vectors));
            }
            if at > index {
                self.raw.give_back(at, picture);
                break;
            }
        }
        Ok(self.frame(self.stored, FrameKind::Intra, Vec::new()))
    }

    fn frame(&self, stored: [u32; 2], kind: FrameKind, vectors: Vec<MotionVector>) -> FrameVectors {
        let [width, height] = if self.orientation.transposed { [stored[1], stored[0]] } else { stored };
        FrameVectors { width, height, kind, vectors }
    }

    /// Returns whether FFmpeg exports the vectors of an earlier frame: its MPEG-4 decoder does not record those of
    /// B-frames (`h263dec.c`), so stale buffer contents are returned.
    fn is_stale(&self, kind: FrameKind) -> bool {
        kind == FrameKind::BiPredicted && self.raw.source.stream().parameters().id() == Id::MPEG4
    }

    fn vectors_of(&self, index: usize, picture: &ffmpeg::frame::Video) -> Vec<MotionVector> {
        let stored = [picture.width(), picture.height()];
        let distances = ReferenceDistances::of(index, &self.raw.index, &self.raw.table);
        let side_data = picture.side_data(Type::MotionVectors);
        let bytes = side_data.as_ref().map_or(&[][..], |side_data| side_data.data());
        let blocks = bytes.chunks_exact(size_of::<AVMotionVector>()).map(CodedBlock::parse);
        blocks.filter_map(|block| block?.upright(stored, self.orientation, distances)).collect()
    }
}

fn kind(picture: &ffmpeg::frame::Video) -> FrameKind {
    match picture.kind() {
        picture::Type::B => FrameKind::BiPredicted,
        picture::Type::P | picture::Type::S | picture::Type::SP => FrameKind::Predicted,
        _ => FrameKind::Intra,
    }
}

/// A block as FFmpeg describes it, in the stored picture.
struct CodedBlock {
    centre: [f32; 2],
    size: [f32; 2],
    motion: [f32; 2],
    past: bool,
}

impl CodedBlock {
    /// Parses one `AVMotionVector`; `None` if its scale is 0.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let short = |at: usize| [bytes[at], bytes[at + 1]];
        let place = |at: usize| f32::from(i16::from_ne_bytes(short(at)));
        let int = |at: usize| i32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let scale = f32::from(u16::from_ne_bytes(short(offset_of!(AVMotionVector, motion_scale))));
        let motion = |at: usize| int(at) as f32 / scale;
        (scale > 0.0).then(|| Self {
            centre: [place(offset_of!(AVMotionVector, dst_x)), place(offset_of!(AVMotionVector, dst_y))],
            size: [offset_of!(AVMotionVector, w), offset_of!(AVMotionVector, h)].map(|at| f32::from(bytes[at])),
            motion: [motion(offset_of!(AVMotionVector, motion_x)), motion(offset_of!(AVMotionVector, motion_y))],
            past: int(offset_of!(AVMotionVector, source)) < 0,
        })
    }

    /// Returns the block in the upright picture; `None` if there is no possible reference frame.
    fn upright(self, stored: [u32; 2], turn: Orientation, distances: ReferenceDistances) -> Option<MotionVector> {
        let distance = if self.past { distances.past } else { distances.future };
        let distance = i32::try_from(distance).ok().filter(|distance| *distance > 0)?;
        // The rotation is about the centre of the picture, which becomes the centre of the upright one.
        let [middle_x, middle_y] = stored.map(|side| side as f32 / 2.0);
        let [from_middle_x, from_middle_y] = turn.turned([self.centre[0] - middle_x, self.centre[1] - middle_y]);
        let ([middle_x, middle_y], [width, height]) = match turn.transposed {
            true => ([middle_y, middle_x], [self.size[1], self.size[0]]),
            false => ([middle_x, middle_y], self.size),
        };
        let [dx_px, dy_px] = turn.turned(self.motion);
        Some(MotionVector {
            x: middle_x + from_middle_x - width / 2.0,
            y: middle_y + from_middle_y - height / 2.0,
            width,
            height,
            dx_px,
            dy_px,
            frame_offset: if self.past { -distance } else { distance },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of 16×8 pixels at the top left of a picture of 64×32, predicted from 2 ½ pixels to the right, 1 up.
    fn bytes(scale: u16) -> Vec<u8> {
        let mut bytes = vec![0; size_of::<AVMotionVector>()];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(offset_of!(AVMotionVector, source), &(-1_i32).to_ne_bytes());
        put(offset_of!(AVMotionVector, w), &[16, 8]);
        put(offset_of!(AVMotionVector, dst_x), &8_i16.to_ne_bytes());
        put(offset_of!(AVMotionVector, dst_y), &4_i16.to_ne_bytes());
        put(offset_of!(AVMotionVector, motion_x), &10_i32.to_ne_bytes());
        put(offset_of!(AVMotionVector, motion_y), &(-4_i32).to_ne_bytes());
        put(offset_of!(AVMotionVector, motion_scale), &scale.to_ne_bytes());
        bytes
    }

    #[test]
    fn blocks_stand_upright_like_the_picture() {
        let distances = ReferenceDistances { past: 2, future: 0 };
        let upright = |turn| CodedBlock::parse(&bytes(4)).unwrap().upright([64, 32], turn, distances).unwrap();
        let stored = upright(Orientation::default());
        assert_eq!([stored.x, stored.y, stored.width, stored.height], [0.0, 0.0, 16.0, 8.0]);
        assert_eq!(([stored.dx_px, stored.dy_px], stored.frame_offset), ([2.5, -1.0], -2));
        assert_eq!(stored.px_per_frame(), [-1.25, 0.5], "it moves left and down");
        // Rotated clockwise, the top left corner becomes the top right, right becomes down, up becomes right.
        let clockwise = Orientation { transposed: true, mirrored: [true, false], ..Orientation::default() };
        let turned = upright(clockwise);
        assert_eq!([turned.x, turned.y, turned.width, turned.height], [24.0, 0.0, 8.0, 16.0]);
        assert_eq!([turned.dx_px, turned.dy_px], [1.0, 2.5]);
    }

    #[test]
    fn blocks_without_a_scale_or_a_reference_are_left_out() {
        assert!(CodedBlock::parse(&bytes(0)).is_none());
        let nowhere = ReferenceDistances { past: 0, future: 3 };
        let block = CodedBlock::parse(&bytes(4)).unwrap();
        assert!(block.upright([64, 32], Orientation::default(), nowhere).is_none());
    }
}
