//! Random access to the frames of a video file, exact to the frame.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use ffmpeg_next as ffmpeg;
use image::RgbImage;

use super::converter::Converter;
use super::frame_decoder::Purpose;
use super::frame_folder::is_picture;
use super::info::describe;
use super::orientation::Orientation;
use super::raw_frames::RawFrames;
use super::shown_size::upright;
use super::{Frame, Geometry, StopFlag, VideoInfo};
use crate::error::{Error, Result};

/// Packets to go back beyond a key frame whose decoding gave a damaged frame.
const RETRY_PACKETS: usize = 300;

/// Minimum number of frames that a seek to a key frame must save.
const WORTH_A_SEEK: usize = 16;

/// The result of the search for a frame.
enum FrameSearch {
    Found(Vec<Arc<RgbImage>>),
    Missing,
    Abandoned,
    /// An interlaced picture appeared although all before were progressive: repeat the search with deinterlacing.
    Woven,
}

/// Reads the frames of a file by index; fast in ascending order, exact in any.
pub(super) struct FileReader {
    info: VideoInfo,
    raw: RawFrames,
    orientation: Orientation,
    converter: Converter,
    /// The last frame that was decoded, converted or skipped; `None` before the first.
    decoded: Option<usize>,
    /// The last frame that was pushed to the converter in an uninterrupted run.
    pushed: Option<usize>,
    last: Option<Frame>,
    /// Frames too damaged to decode; the previous frame is shown instead.
    lost: BTreeSet<usize>,
    warnings: Vec<Error>,
    warned_of_damage: bool,
}

/// Returns the remedy for a file of which nothing can be decoded.
fn remedy(path: &Path) -> &'static str {
    match is_picture(path) {
        // FFmpeg rejects larger pictures.
        true => "Copy the file again, or scale the picture down to 10,000 pixels a side",
        false => "Copy the file again, or convert it to H.264",
    }
}

fn first_picture_secs(raw: &RawFrames) -> f64 {
    raw.index.first_secs().unwrap_or(0.0)
}

impl FileReader {
    /// Opens a video without output sizes; `set_outputs` must follow.
    pub fn open_bare(path: &Path) -> Result<Self> {
        Self::read(RawFrames::open(path, Purpose::Pictures, &StopFlag::default())?)
    }

    /// Creates a reader of an open file; `set_outputs` must follow.
    pub fn read(mut raw: RawFrames) -> Result<Self> {
        let Some((index, picture)) = raw.next() else {
            let path = raw.source.path();
            return Err(Error::file(path, "no frame in it could be decoded", remedy(path)));
        };
        let (shown, orientation) = upright(&raw.source, &picture);
        let first_secs = first_picture_secs(&raw);
        let times = raw.index.times(&raw.clock, first_secs - raw.source.zero_secs(first_secs));
        let (info, warnings) = describe(&raw, times, &picture, shown, orientation, is_woven(&picture));
        raw.give_back(index, picture);
        let converter = Converter::new(vec![shown], orientation, info.interlaced);
        Ok(Self {
            info,
            raw,
            orientation,
            converter,
            decoded: None,
            pushed: None,
            last: None,
            lost: BTreeSet::new(),
            warnings,
            warned_of_damage: false,
        })
    }

    /// Returns the time of the first picture on the clock of its stream, seconds.
    pub fn first_picture_secs(&self) -> f64 {
        first_picture_secs(&self.raw)
    }

    /// Returns the properties of the video.
    pub fn info(&self) -> &VideoInfo {
        &self.info
    }

    /// Returns frame `index`, counted from 0 in presentation order; for a frame too damaged to decode, the one before
    /// it. Returns `None` as soon as `abandon`, which is called between two decoded pictures, returns true.
    ///
    /// # Errors
    /// If there is no such frame, or the file cannot be read any more.
    pub fn frame_unless(&mut self, index: usize, abandon: &dyn Fn() -> bool) -> Result<Option<Frame>> {
        if let Some(last) = self.last.as_ref().filter(|last| last.index == index) {
            return Ok(Some(last.clone()));
        }
        let Some(pictures) = self.pictures_unless(index, abandon)? else { return Ok(None) };
        let mut pictures = pictures.into_iter();
        let display = pictures.next().expect("the first output is the display picture");
        let place = &self.raw.index.frames[index];
        let (pts_secs, duration_secs) = (place.pts_secs, place.duration_secs);
        let frame = Frame { index, pts_secs, duration_secs, display, scaled: pictures.collect() };
        self.last = Some(frame.clone());
        Ok(Some(frame))
    }

    /// Returns the pictures of frame `index`, one per output.
    pub fn pictures_unless(&mut self, index: usize, abandon: &dyn Fn() -> bool) -> Result<Option<Vec<Arc<RgbImage>>>> {
        let frames = self.info.frames;
        if index >= frames {
            let cause = format!("there is no frame {index}, the last one is {}", frames - 1);
            return Err(Error::file(&self.info.path, cause, "Choose an earlier frame"));
        }
        loop {
            let Some(shown) = self.stand_in(index) else {
                return Err(Error::file(&self.info.path, "no further frame can be decoded", "Open the file again"));
            };
            match self.search(shown, abandon)? {
                FrameSearch::Found(pictures) => return Ok(Some(pictures)),
                FrameSearch::Abandoned => return Ok(None),
                FrameSearch::Woven => {}
                FrameSearch::Missing => self.lose(shown),
            }
        }
    }

    /// Returns the errors since the last call that did not end the video.
    pub fn take_warnings(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.warnings)
    }

    /// Returns the frame shown at `secs` after the first.
    pub fn frame_at(&self, secs: f64) -> usize {
        self.raw.index.frame_at(secs)
    }

    /// Returns the time span of frame `index`, in seconds after the first frame.
    pub fn span_secs(&self, index: usize) -> Range<f64> {
        let frame = &self.raw.index.frames[index];
        frame.pts_secs..frame.pts_secs + frame.duration_secs
    }

    /// Sets the sizes of the pictures.
    pub fn set_outputs(&mut self, outputs: Vec<Geometry>) {
        self.converter = Converter::new(outputs, self.orientation, self.info.interlaced);
        self.pushed = None;
        self.last = None;
    }

    /// Returns the frame to show for `index`: itself, or the nearest one that is not lost, preferably an earlier one.
    fn stand_in(&self, index: usize) -> Option<usize> {
        let whole = |frame: &usize| !self.lost.contains(frame);
        (0..=index).rev().find(whole).or_else(|| (index..self.info.frames).find(whole))
    }

    fn lose(&mut self, index: usize) {
        self.lost.insert(index);
        self.warn_of_damage(index);
    }

    fn warn_of_damage(&mut self, index: usize) {
        if !std::mem::replace(&mut self.warned_of_damage, true) {
            let cause = format!("damaged data near frame {index} was skipped");
            let remedy = "Frames may be missing or wrong there; copy the file again if the original is intact";
            self.warnings.push(Error::file(&self.info.path, cause, remedy));
        }
    }

    /// Decodes up to frame `index`; if it is damaged, tries once more from further back.
    fn search(&mut self, index: usize, abandon: &dyn Fn() -> bool) -> Result<FrameSearch> {
        let first = index.saturating_sub(self.converter.context());
        let key = self.raw.index.key_before(first, usize::MAX);
        let key_frame = self.raw.index.frame_of_packet(key).unwrap_or(0);
        let waiting = self.converter.holds(index);
        let is_next = first < index && self.pushed == Some(first);
        let follows = self
            .decoded
            .is_some_and(|decoded| waiting || (decoded < first && key_frame <= decoded + WORTH_A_SEEK) || is_next);
        if !follows {
            self.restart(key)?;
        }
        let accept_partial = follows || key == 0;
        let outcome = self.run_to(index, first, accept_partial, abandon)?;
        if !matches!(outcome, FrameSearch::Missing) || key == 0 {
            return Ok(outcome);
        }
        let key = self.raw.index.key_before(first, key.saturating_sub(RETRY_PACKETS));
        self.restart(key)?;
        self.run_to(index, first, true, abandon)
    }

    fn restart(&mut self, key: usize) -> Result<()> {
        self.converter.reset();
        (self.decoded, self.pushed) = (None, None);
        self.raw.start(key)
    }

    /// Decodes until frame `index` leaves the converter; skips frames before `first`.
    fn run_to(
        &mut self,
        index: usize,
        first: usize,
        accept_partial: bool,
        abandon: &dyn Fn() -> bool,
    ) -> Result<FrameSearch> {
        loop {
            if abandon() {
                return Ok(FrameSearch::Abandoned);
            }
            let converted = match self.raw.next() {
                None => {
                    self.pushed = None;
                    let rest = self.converter.flush().map_err(|error| self.conversion_error(index, error))?;
                    let found = rest.filter(|rest| rest.index == index);
                    return Ok(found.map_or(FrameSearch::Missing, |found| FrameSearch::Found(found.pictures)));
                }
                Some((at, picture)) if at > index && self.pushed < Some(index) => {
                    self.raw.give_back(at, picture);
                    return Ok(FrameSearch::Missing);
                }
                Some((_, picture)) if picture.is_corrupt() && !accept_partial => return Ok(FrameSearch::Missing),
                Some((at, picture)) if !self.info.interlaced && is_woven(&picture) => {
                    self.raw.give_back(at, picture);
                    self.info.interlaced = true;
                    self.converter = self.converter.with_separated_fields();
                    self.pushed = None;
                    return Ok(FrameSearch::Woven);
                }
                Some((at, picture)) => self.convert(at, first, picture)?,
            };
            if self.raw.take_damaged() > 0 {
                self.warn_of_damage(index);
            }
            if let Some(converted) = converted.filter(|converted| converted.index == index) {
                return Ok(FrameSearch::Found(converted.pictures));
            }
        }
    }

    /// Pushes a picture to the converter, or skips it if it is before `first`.
    fn convert(
        &mut self,
        at: usize,
        first: usize,
        picture: ffmpeg::frame::Video,
    ) -> Result<Option<super::converter::Converted>> {
        self.decoded = Some(at);
        if at < first {
            self.converter.reset();
            self.pushed = None;
            return Ok(None);
        }
        self.pushed = Some(at);
        self.converter.push(at, picture).map_err(|error| self.conversion_error(at, error))
    }

    fn conversion_error(&self, index: usize, error: ffmpeg::Error) -> Error {
        let cause = format!("frame {index} cannot be converted to RGB ({error})");
        Error::file(&self.info.path, cause, "Convert the file to H.264 and open that").caused_by(error)
    }
}

/// Returns whether a picture is interlaced and large enough to be deinterlaced.
fn is_woven(picture: &ffmpeg::frame::Video) -> bool {
    picture.is_interlaced() && picture.width() > 3 && picture.height() > 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_is_too_large_is_not_to_be_converted_to_a_video() {
        assert!(remedy(Path::new("scan.PNG")).contains("scale the picture down"));
        assert!(remedy(Path::new("clip.mp4")).contains("H.264"));
    }
}
