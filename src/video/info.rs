//! The properties of an open video.

use std::path::PathBuf;

use ffmpeg::color::TransferCharacteristic as Transfer;
use ffmpeg_next as ffmpeg;

use super::orientation::Orientation;
use super::raw_frames::RawFrames;
use super::recording_time::RecordingTime;
use super::transparency::{TRANSPARENT, is_transparent};
use super::{FramePacing, Geometry, SlowCapture, libav};
use crate::error::Error;
use crate::frame_times::FrameTimes;

/// Properties of a video file, read and counted when it was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoInfo {
    /// The file.
    pub path: PathBuf,
    /// Short name of the codec, such as `h264`.
    pub codec: String,
    /// Display width, pixels: upright and with square pixels.
    pub width: u32,
    /// Display height, pixels.
    pub height: u32,
    /// Number of frames, counted.
    pub frames: usize,
    /// From the first frame to the end of the last one, seconds.
    pub duration_secs: f64,
    /// Frames per second, averaged over the time stamps; 25 if the file has none, with a note.
    pub fps: f64,
    /// Time of each frame on the clock of the file.
    pub times: FrameTimes,
    /// True if the frames are unevenly spaced in time.
    pub variable_rate: bool,
    /// Clockwise rotation that makes the pictures upright: 0, 90, 180 or 270 degrees.
    pub rotation_degrees: i32,
    /// True if the first picture is interlaced or the file declares interlacing; every interlaced picture is deinterlaced.
    pub interlaced: bool,
    /// True if the file has sound.
    pub has_sound: bool,
    /// When it was recorded, where the file has it.
    pub recorded: Option<RecordingTime>,
    /// Further remarks, one sentence each, without a full stop.
    pub notes: Vec<String>,
}

impl VideoInfo {
    /// Returns the pacing for a clip whose frames have the times of this one's.
    pub fn pace(&self) -> FramePacing {
        match self.times.as_listed() {
            Some(_) => FramePacing::Stamped(self.fps),
            None => FramePacing::Even(self.fps),
        }
    }
}

/// Collects the properties of an open video from its index and its first picture, and warnings.
pub(super) fn describe(
    raw: &RawFrames,
    times: FrameTimes,
    first: &ffmpeg::frame::Video,
    shown: Geometry,
    orientation: Orientation,
    is_woven: bool,
) -> (VideoInfo, Vec<Error>) {
    let index = &raw.index;
    let mut notes = Vec::new();
    let fps = index.rate(&raw.clock).unwrap_or_else(|| {
        notes.push("The file has no frame rate; 25 frames per second are assumed".into());
        25.0
    });
    let is_called_interlaced = libav::is_called_interlaced(&raw.source.stream());
    if is_woven {
        notes.push("The video is interlaced and is deinterlaced for display and analysis".into());
    } else if is_called_interlaced {
        notes.push(
            "The file is marked as interlaced, but its first frame is not; interlaced frames are deinterlaced".into(),
        );
    }
    let comment = raw.source.comment();
    notes.extend(comment.as_deref().and_then(SlowCapture::of_comment).map(SlowCapture::comment));
    if is_transparent(first) {
        notes.push(TRANSPARENT.into());
    }
    if matches!(first.color_transfer_characteristic(), Transfer::SMPTE2084 | Transfer::ARIB_STD_B67) {
        notes.push("The colours are high dynamic range and look pale, because they are not tone-mapped".into());
    }
    if !raw.table.jumps.is_empty() {
        notes.push("Time stamps restart within the file; its parts are played in sequence".into());
    }
    let remedy = "The existing part can be used; copy the file again for the rest";
    let cut_off = raw.cut_off.iter().map(|cause| Error::file(raw.source.path(), cause, remedy));
    let warnings: Vec<Error> = cut_off.collect();
    notes.extend(warnings.iter().map(|warning| warning.cause.clone()));
    let info = VideoInfo {
        path: raw.source.path().to_owned(),
        codec: raw.source.stream().parameters().id().name().to_owned(),
        width: shown.width,
        height: shown.height,
        frames: index.frames.len(),
        duration_secs: index.duration_secs(),
        fps,
        times,
        variable_rate: index.is_variable(&raw.clock),
        rotation_degrees: orientation.degrees,
        interlaced: is_woven || is_called_interlaced,
        has_sound: raw.source.has_sound(),
        // Recordings that are joined in a file each have a time of their own, which the file does not keep.
        recorded: raw.source.recorded().filter(|_| raw.table.jumps.is_empty()),
        notes,
    };
    (info, warnings)
}
