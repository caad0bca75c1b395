//! Decoding of whole clips for training: a video, a part of one, or a folder of frames.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use image::RgbImage;

use super::Geometry;
use super::frame_folder::FrameFolder;
use super::reader::VideoReader;
use crate::error::{Error, Result};

/// Returns all frames of a clip in presentation order, or the first `max_frames`, stretched to `geometry`. The clip is
/// a video or a folder of images, one per frame.
///
/// # Errors
/// Same as [`VideoReader::open`]; also for a folder without frames. Damaged parts of a video are logged as warnings and
/// show the previous frame.
pub fn decode_clip(path: &Path, geometry: Geometry, max_frames: Option<usize>) -> Result<Vec<RgbImage>> {
    decode_segment(path, None, geometry, max_frames)
}

/// Like [`decode_clip`], but only the frames of `segment_secs`, start and end in seconds on the clock of the file, as
/// players display it. The first frame is the one that begins nearest to the start; the last is the one before that
/// which begins nearest to the end.
///
/// # Errors
/// Same as [`ClipReader::open`], and if the file cannot be read any more.
pub fn decode_segment(
    path: &Path,
    segment_secs: Option<[f64; 2]>,
    geometry: Geometry,
    max_frames: Option<usize>,
) -> Result<Vec<RgbImage>> {
    let mut reader = ClipReader::open(path, segment_secs)?;
    let count = reader.frames().min(max_frames.unwrap_or(usize::MAX));
    reader.set_sizes(vec![geometry]);
    let frames = (0..count).map(|place| reader.pictures(place).map(|mut pictures| pictures.swap_remove(0))).collect();
    reader.warn();
    frames
}

/// An open clip; returns each frame by its position, in several sizes at once. Fast in ascending order, exact in any.
pub struct ClipReader {
    source: DecoderSource,
    /// Range of its frames within the file or folder.
    frames: Range<usize>,
    sizes: Vec<Geometry>,
}

enum DecoderSource {
    Video(Box<VideoReader>),
    Folder(FrameFolder),
}

impl ClipReader {
    /// Opens the video or the folder of images at `path`, or the segment `segment_secs` of a video, as for
    /// [`decode_segment`].
    ///
    /// # Errors
    /// Same as [`VideoReader::open`]; also for a folder without frames, a segment without frames, and any segment of a
    /// folder of images, which have no times.
    pub fn open(path: &Path, segment_secs: Option<[f64; 2]>) -> Result<Self> {
        if path.is_dir() {
            let folder = FrameFolder::open(path)?;
            refuse_segment(path, segment_secs)?;
            return Ok(Self { frames: 0..folder.len(), source: DecoderSource::Folder(folder), sizes: Vec::new() });
        }
        let reader = VideoReader::open_bare(path)?;
        let frames = segment_frames(&reader, segment_secs)?;
        Ok(Self { source: DecoderSource::Video(Box::new(reader)), frames, sizes: Vec::new() })
    }

    /// Returns the number of frames, at least one.
    pub fn frames(&self) -> usize {
        self.frames.len()
    }

    /// Returns the range of its frames within the file or folder.
    pub fn range(&self) -> Range<usize> {
        self.frames.clone()
    }

    /// Sets the sizes in which [`pictures`](Self::pictures) returns each frame; none at first.
    pub fn set_sizes(&mut self, sizes: Vec<Geometry>) {
        if let DecoderSource::Video(reader) = &mut self.source {
            reader.set_outputs(sizes.clone());
        }
        self.sizes = sizes;
    }

    /// Returns the frame at `place`, counted from the first one of the clip, in each of the sizes.
    ///
    /// # Errors
    /// If there is no such frame, or it cannot be read.
    pub fn pictures(&mut self, place: usize) -> Result<Vec<RgbImage>> {
        let index = self.frames.start + place;
        match &mut self.source {
            DecoderSource::Folder(folder) => folder.pictures(index, &self.sizes),
            DecoderSource::Video(reader) => {
                let pictures = reader.pictures_unless(index, &|| false)?.unwrap_or_default();
                Ok(pictures.into_iter().map(Arc::unwrap_or_clone).collect())
            }
        }
    }

    /// Logs faults that did not end the clip as warnings: damaged parts show the previous frame, and missing frames in
    /// a folder make the motion across them larger.
    pub fn warn(&mut self) {
        let warnings = match &mut self.source {
            DecoderSource::Video(reader) => reader.take_warnings(),
            DecoderSource::Folder(folder) => folder.gaps().into_iter().filter(is_news).collect(),
        };
        warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    }
}

/// Returns the index within the file of the first frame of [`decode_segment`].
///
/// # Errors
/// Same as [`ClipReader::open`].
pub fn first_frame(path: &Path, segment_secs: Option<[f64; 2]>) -> Result<usize> {
    match segment_secs {
        None => Ok(0),
        Some(_) => Ok(ClipReader::open(path, segment_secs)?.frames.start),
    }
}

/// The time span of a range of frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CountedFrames {
    /// From the beginning of the first to the end of the last frame, in seconds, as for [`decode_segment`].
    pub secs: [f64; 2],
    /// True if the video ends before the range does; frames beyond its end are skipped.
    pub is_cut: bool,
    /// The video's own frame rate, if the frames are counted at another one.
    pub other_rate: Option<f64>,
}

/// Returns the time span of the frames `counted` of a video, counted at `rate` frames per second, or the video's own
/// frames if `rate` is `None`.
///
/// # Errors
/// If the video cannot be read or has none of these frames, and for a folder of pictures.
pub fn counted_frames(path: &Path, counted: Range<usize>, rate: Option<f64>) -> Result<CountedFrames> {
    if path.is_dir() {
        refuse_segment(path, Some([counted.start as f64, counted.end as f64]))?;
    }
    let reader = VideoReader::open_bare(path)?;
    let times = reader.times();
    let span = times.counted(&counted, rate).ok_or_else(|| {
        let Range { start, end } = counted;
        let at = rate.map(|rate| format!(" at {rate} a second")).unwrap_or_default();
        let cause = format!("none of its {} frames is between {start} and {end}{at}", times.frames());
        Error::file(path, cause, "Check its segments: the video may have changed since it was labelled")
    })?;
    let other_rate = times.fps().filter(|_| rate.is_some_and(|rate| times.is_other_rate(rate)));
    Ok(CountedFrames { secs: times.span_secs(&span.frames), is_cut: span.is_cut, other_rate })
}

/// Returns whether this is the first warning about the folder in this process: training reads clips many times.
fn is_news(warning: &Error) -> bool {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(warning.subject.clone())
}

fn refuse_segment(path: &Path, segment_secs: Option<[f64; 2]>) -> Result<()> {
    match segment_secs {
        None => Ok(()),
        Some(_) => Err(Error::file(
            path,
            "frames in a folder have no time stamps to locate a segment",
            "Use the video itself, or a folder with only the segment's frames",
        )),
    }
}

/// Returns the frames from the beginning nearest to the start up to that nearest to the end; all for `None`.
fn segment_frames(reader: &VideoReader, segment_secs: Option<[f64; 2]>) -> Result<Range<usize>> {
    let (info, times) = (reader.info(), reader.times());
    let Some([start, end]) = segment_secs else { return Ok(0..info.frames) };
    let span = times.span(start, end).ok_or_else(|| {
        let shown = times.span_secs(&(0..info.frames));
        let cause = format!(
            "no frame is shown in the segment from {start} to {end} s: the video begins at {:.2} s and ends at {:.2} s",
            shown[0], shown[1]
        );
        Error::file(&info.path, cause, "Correct the segment, or copy the whole video again")
    })?;
    Ok(span.frames)
}
