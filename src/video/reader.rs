//! Random access to the frames of a clip: a video file or a folder of images.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use image::RgbImage;

use super::file_reader::FileReader;
use super::folder_reader::FolderReader;
use super::{Frame, Geometry, Sizes, VideoInfo};
use crate::error::{Error, Result};
use crate::frame_times::FrameTimes;

/// Reads frames by index; fast in ascending order, exact in any.
///
/// ```
/// use image::{Rgb, RgbImage};
/// use motionscope::video::{Geometry, Sizes, VideoReader, VideoWriter};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let clip = folder.path().join("clip.mp4");
/// let size = Geometry { width: 64, height: 48 };
/// let mut writer = VideoWriter::create(&clip, size, 25.0)?;
/// for frame in 0..10_u8 {
///     writer.push(&RgbImage::from_pixel(64, 48, Rgb([20 * frame; 3])))?;
/// }
/// writer.finish()?;
///
/// let mut reader = VideoReader::open(&clip, Sizes::default())?;
/// let frame = reader.frame(7)?;
/// assert_eq!((reader.info().frames, frame.index, frame.display.dimensions()), (10, 7, (64, 48)));
/// assert!((reader.times().secs(7) - 7.0 / 25.0).abs() < 1e-3);
/// # Ok::<(), motionscope::error::Error>(())
/// ```
pub struct VideoReader(Source);

enum Source {
    File(Box<FileReader>),
    Folder(Box<FolderReader>),
}

impl VideoReader {
    /// Opens the video at `path`, a file or a folder of images, one per frame, and counts its frames.
    ///
    /// # Errors
    /// If there is no such file or folder, or it contains no decodable video.
    pub fn open(path: &Path, sizes: Sizes) -> Result<Self> {
        let mut reader = Self::open_bare(path)?;
        reader.set_sizes(sizes);
        Ok(reader)
    }

    /// Opens a video without output sizes; `set_outputs` must follow.
    pub(super) fn open_bare(path: &Path) -> Result<Self> {
        Ok(Self(match path.is_dir() {
            true => Source::Folder(Box::new(FolderReader::open(path)?)),
            false => Source::File(Box::new(FileReader::open_bare(path)?)),
        }))
    }

    /// Creates a reader of an open file; `set_outputs` must follow.
    pub(super) fn of_file(reader: FileReader) -> Self {
        Self(Source::File(Box::new(reader)))
    }

    /// Returns the properties of the video.
    pub fn info(&self) -> &VideoInfo {
        match &self.0 {
            Source::File(file) => file.info(),
            Source::Folder(folder) => folder.info(),
        }
    }

    /// Returns the time of the first picture on the clock of the streams of the file; `None` for a folder of pictures.
    pub(super) fn first_picture_secs(&self) -> Option<f64> {
        match &self.0 {
            Source::File(file) => Some(file.first_picture_secs()),
            Source::Folder(_) => None,
        }
    }

    /// Returns when each frame is shown, on the clock of the file.
    pub fn times(&self) -> &FrameTimes {
        &self.info().times
    }

    /// Sets the pictures that frames carry from now on.
    pub fn set_sizes(&mut self, sizes: Sizes) {
        let info = self.info();
        self.set_outputs(sizes.of(Geometry { width: info.width, height: info.height }));
    }

    /// Returns frame `index`, counted from 0 in presentation order. For a frame too damaged to decode, the picture is
    /// that of the previous one.
    ///
    /// # Errors
    /// If there is no such frame, or the file cannot be read any more.
    pub fn frame(&mut self, index: usize) -> Result<Frame> {
        let frame = self.frame_unless(index, &|| false)?;
        Ok(frame.expect("only an abandoned search gives no frame"))
    }

    /// Like [`Self::frame`], but returns `None` as soon as `abandon`, which is called between two decoded pictures,
    /// returns true.
    pub(super) fn frame_unless(&mut self, index: usize, abandon: &dyn Fn() -> bool) -> Result<Option<Frame>> {
        self.check(index)?;
        match &mut self.0 {
            Source::File(file) => file.frame_unless(index, abandon),
            Source::Folder(folder) => folder.frame(index).map(Some),
        }
    }

    /// Returns the pictures of frame `index`, one per output.
    pub(super) fn pictures_unless(
        &mut self,
        index: usize,
        abandon: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<Arc<RgbImage>>>> {
        self.check(index)?;
        match &mut self.0 {
            Source::File(file) => file.pictures_unless(index, abandon),
            Source::Folder(folder) => folder.pictures(index).map(Some),
        }
    }

    /// Returns the errors since the last call that did not end the video.
    pub fn take_warnings(&mut self) -> Vec<Error> {
        match &mut self.0 {
            Source::File(file) => file.take_warnings(),
            Source::Folder(folder) => folder.take_warnings(),
        }
    }

    /// Returns the frame shown `secs` after the first: the first one before the beginning, the last one after the end.
    pub(super) fn frame_at(&self, secs: f64) -> usize {
        match &self.0 {
            Source::File(file) => file.frame_at(secs),
            Source::Folder(folder) => folder.info().times.shown_at(secs),
        }
    }

    /// Returns the time span of frame `index`, in seconds after the first frame.
    pub(super) fn span_secs(&self, index: usize) -> Range<f64> {
        match &self.0 {
            Source::File(file) => file.span_secs(index),
            Source::Folder(folder) => {
                let times = &folder.info().times;
                times.secs(index)..times.secs(index + 1)
            }
        }
    }

    /// Sets the sizes of the pictures.
    pub(super) fn set_outputs(&mut self, outputs: Vec<Geometry>) {
        match &mut self.0 {
            Source::File(file) => file.set_outputs(outputs),
            Source::Folder(folder) => folder.set_outputs(outputs),
        }
    }

    fn check(&self, index: usize) -> Result<()> {
        let VideoInfo { path, frames, .. } = self.info();
        if index < *frames {
            return Ok(());
        }
        let cause = format!("there is no frame {index}, the last one is {}", frames - 1);
        Err(Error::file(path, cause, "Choose an earlier frame"))
    }
}
