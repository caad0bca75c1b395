//! Video output: RGB pictures to an H.264 file, or to a lossless one.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ffmpeg::color::{self, Space};
use ffmpeg::error::EAGAIN;
use ffmpeg::format::Pixel;
use ffmpeg::software::scaling;
use ffmpeg_next as ffmpeg;
use image::RgbImage;

use super::{Geometry, SlowCapture, libav};
use crate::atomic::{keep_rights, resolve};
use crate::error::{Error, Result};
use crate::output::{Existing, Hidden, OutputGuard};

/// Maximum distance between key frames, in frames: a seek decodes at most this many.
const KEY_FRAME_EVERY: u32 = 30;

/// Constant rate factor of x264, 0 (lossless) to 51; 16 is visually lossless.
const X264_QUALITY: &str = "16";

/// Quantiser of MPEG-4, 1 (best) to 31, used if x264 is missing.
const MPEG4_QUANTISER: i32 = 2;

/// Time base of unevenly spaced pictures, as 1/n s: the finest one that MPEG-4 accepts among those that represent whole
/// milliseconds and whole frames at the usual rates.
const STAMPS_PER_SEC: i32 = 60_000;

/// The timing of the frames of a clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FramePacing {
    /// A constant frame rate, frames per second.
    Even(f64),
    /// An individual time for each frame; the value is the mean frame rate.
    Stamped(f64),
}

impl From<f64> for FramePacing {
    fn from(fps: f64) -> Self {
        Self::Even(fps)
    }
}

impl FramePacing {
    /// Returns the mean frames per second.
    fn fps(self) -> f64 {
        let (Self::Even(fps) | Self::Stamped(fps)) = self;
        fps
    }
}

/// The coding of the frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// H.264 by libx264, else MPEG-4.
    Compressed,
    /// The same, fast enough for a camera and without encoder delay.
    Live,
    /// PNG per picture: lossless.
    Exact,
}

impl Coding {
    /// Returns the encoders in order of preference.
    fn encoders(self) -> &'static [&'static str] {
        match self {
            Self::Compressed | Self::Live => &["libx264", "mpeg4"],
            Self::Exact => &["png"],
        }
    }
}

/// The location of a clip while it is written.
enum WriterPlace {
    /// In a hidden folder, from which it is moved when it is complete.
    Hidden { folder: Hidden, file: PathBuf },
    /// At its final path, in fragments that stay playable if writing is interrupted.
    Growing,
}

/// A file that was moved out of the way; dropping this restores it, unless it was removed.
struct SetAside {
    file: PathBuf,
    folder: Hidden,
}

impl SetAside {
    /// Moves the file at `path` away, if there is one.
    ///
    /// # Errors
    /// What the operating system reports; the file stays in place.
    fn of(path: &Path) -> Result<Option<Self>> {
        let file = resolve(path);
        if !file.exists() {
            return Ok(None);
        }
        let aside = Self { file, folder: Hidden::beside(path)? };
        fs::rename(&aside.file, aside.place()).map_err(|error| Error::io(path, &error))?;
        Ok(Some(aside))
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("before")
    }

    /// Removes the file permanently.
    fn remove(self) -> Result<()> {
        fs::remove_file(self.place()).map_err(|error| Error::io(&self.file, &error))
    }
}

impl Drop for SetAside {
    fn drop(&mut self) {
        if !self.file.exists() {
            // Renaming fails if the file was removed.
            let _ = fs::rename(self.place(), &self.file);
        }
    }
}

/// A complete clip that is not at its final path yet; dropping it removes it.
pub struct CompleteClip {
    path: PathBuf,
    place: WriterPlace,
}

impl CompleteClip {
    /// Moves the file to its final path if `guard` permits it: another process may have created a file there meanwhile.
    ///
    /// # Errors
    /// If the guard does not permit it, or as for [`VideoWriter::finish`].
    pub fn publish(self, guard: &OutputGuard) -> Result<()> {
        if let WriterPlace::Hidden { .. } = self.place {
            guard.check(std::slice::from_ref(&self.path))?;
        }
        self.give_name()
    }

    fn give_name(self) -> Result<()> {
        let done = match self.place {
            WriterPlace::Growing => sync(&self.path),
            WriterPlace::Hidden { folder, file } => {
                let target = resolve(&self.path);
                let synced = sync(&file);
                keep_rights(&file, &target);
                let moved = synced.and_then(|()| fs::rename(&file, target));
                drop(folder);
                moved
            }
        };
        done.map_err(|error| Error::io(&self.path, &error))
    }
}

/// A writer of one clip as an mp4 file.
pub struct VideoWriter {
    path: PathBuf,
    place: WriterPlace,
    output: ffmpeg::format::context::Output,
    encoder: ffmpeg::encoder::Video,
    to_coded: scaling::Context,
    coding: Coding,
    geometry: Geometry,
    pace: FramePacing,
    /// Start of the first picture and end of the newest, seconds; `None` before the first.
    shown_secs: Option<Range<f64>>,
    /// The first unused time stamp.
    free: i64,
    /// Durations of the pictures in the encoder, in units of its time base.
    durations: VecDeque<i64>,
}

impl VideoWriter {
    /// Starts a clip of pictures of size `geometry` with the timing `pace`, where a number means frames per second; the
    /// file appears when it is complete. Sides are made even by repeating the last row or column, as players expect.
    ///
    /// # Errors
    /// If the folder cannot be written or the size or the rate cannot be encoded.
    pub fn create(path: &Path, geometry: Geometry, pace: impl Into<FramePacing>) -> Result<Self> {
        Self::begin(path, geometry, pace.into(), (Coding::Compressed, Existing::Keep), None)
    }

    /// Like [`Self::create`] for pictures of a live source; `slow` is noted in the file.
    ///
    /// # Errors
    /// Same as [`Self::create`].
    pub fn create_captured(path: &Path, geometry: Geometry, fps: f64, slow: Option<SlowCapture>) -> Result<Self> {
        Self::begin(path, geometry, fps.into(), (Coding::Compressed, Existing::Keep), slow)
    }

    /// Starts a clip at its final path that grows in fragments of about a second: after a full disk, a crash or a power
    /// failure, the written part remains and is playable. A file to be replaced is removed once the clip has begun.
    ///
    /// # Errors
    /// If a file there must be kept, or as for [`Self::create`]; that file is then unchanged.
    pub fn create_growing(
        path: &Path,
        geometry: Geometry,
        fps: f64,
        slow: Option<SlowCapture>,
        existing: Existing,
    ) -> Result<Self> {
        Self::begin(path, geometry, fps.into(), (Coding::Live, existing), slow)
    }

    /// Like [`Self::create`], but lossless and large.
    ///
    /// # Errors
    /// Same as [`Self::create`].
    pub fn create_exact(path: &Path, geometry: Geometry, fps: f64) -> Result<Self> {
        Self::begin(path, geometry, fps.into(), (Coding::Exact, Existing::Keep), None)
    }

    fn begin(
        path: &Path,
        geometry: Geometry,
        pace: FramePacing,
        (coding, existing): (Coding, Existing),
        slow: Option<SlowCapture>,
    ) -> Result<Self> {
        libav::init();
        let fps = pace.fps();
        if !(fps.is_finite() && fps > 0.0) {
            return Err(Error::file(
                path,
                format!("{fps} frames per second cannot be written"),
                "Choose a rate above 0",
            ));
        }
        // Before any file is changed.
        let opened = open_encoder(coding, coded_geometry(coding, geometry), pace, path)?;
        let before = match existing {
            Existing::Replace => SetAside::of(path)?,
            Existing::Keep => None,
        };
        let place = match coding {
            // Only `create_new` guarantees that no other process has a file of this name.
            Coding::Live => File::create_new(resolve(path))
                .map(|_| WriterPlace::Growing)
                .map_err(|error| Error::io(path, &error))?,
            _ => {
                let folder = Hidden::beside(path)?;
                WriterPlace::Hidden { file: folder.path().join("clip"), folder }
            }
        };
        let begun = Self::begin_at(&place, path, (geometry, pace, coding), opened, slow);
        if begun.is_err() && coding == Coding::Live {
            let _ = fs::remove_file(resolve(path)); // It is empty and was created by this function.
        }
        let (output, encoder, to_coded) = begun?;
        before.map_or(Ok(()), SetAside::remove)?;
        Ok(Self {
            path: path.to_owned(),
            place,
            output,
            encoder,
            to_coded,
            coding,
            geometry,
            pace,
            shown_secs: None,
            free: 0,
            durations: VecDeque::new(),
        })
    }

    fn begin_at(
        place: &WriterPlace,
        path: &Path,
        (geometry, pace, coding): (Geometry, FramePacing, Coding),
        (encoder, format): (ffmpeg::encoder::Video, Pixel),
        slow: Option<SlowCapture>,
    ) -> Result<(ffmpeg::format::context::Output, ffmpeg::encoder::Video, scaling::Context)> {
        let failed = |error: ffmpeg::Error| cannot_write(path, error);
        let file = match place {
            WriterPlace::Hidden { file, .. } => file,
            WriterPlace::Growing => path,
        };
        let mut output = ffmpeg::format::output_as(&libav::url(file)?, "mp4").map_err(failed)?;
        output.add_stream_with(&encoder).map_err(failed)?.set_time_base(time_base(pace));
        if let Some(slow) = slow {
            output.set_metadata([("comment", slow.comment().as_str())].into_iter().collect());
        }
        let mut options = ffmpeg::Dictionary::new();
        if coding == Coding::Live {
            options.set("movflags", "frag_keyframe+empty_moov+default_base_moof");
            options.set("flush_packets", "1");
        }
        output.write_header_with(options).map(drop).map_err(failed)?;
        let Geometry { width, height } = coded_geometry(coding, geometry);
        let flags = scaling::Flags::BICUBIC | scaling::Flags::ACCURATE_RND | scaling::Flags::FULL_CHR_H_INP;
        let to_coded =
            scaling::Context::get(Pixel::RGB24, width, height, format, width, height, flags).map_err(failed)?;
        Ok((output, encoder, to_coded))
    }

    /// Adds the next picture, from the end of the previous one, for the duration of one frame.
    ///
    /// # Errors
    /// Same as [`Self::push_at`].
    pub fn push(&mut self, picture: &RgbImage) -> Result<()> {
        let start = self.shown_secs.as_ref().map_or(0.0, |shown| shown.end);
        self.push_at(picture, start..start + 1.0 / self.pace.fps())
    }

    /// Adds the next picture for the time `secs` on any clock: the clip starts with its first picture. At a constant
    /// frame rate the pictures follow each other regardless of `secs`.
    ///
    /// # Errors
    /// If the picture has another size than the clip, or the disk is full.
    pub fn push_at(&mut self, picture: &RgbImage, secs: Range<f64>) -> Result<()> {
        let Geometry { width, height } = self.geometry;
        if picture.dimensions() != (width, height) {
            let (got_width, got_height) = picture.dimensions();
            let cause = format!("a frame of {got_width}×{got_height} does not fit a clip of {width}×{height}");
            return Err(Error::file(&self.path, cause, "Scale all frames to one size"));
        }
        let stamps = self.stamps(secs);
        let frame = self.coded_frame(picture, stamps.start).map_err(|error| cannot_write(&self.path, error))?;
        self.encoder.send_frame(&frame).map_err(|error| cannot_write(&self.path, error))?;
        self.durations.push_back(stamps.end - stamps.start);
        self.write_packets()
    }

    /// Returns the time stamps of the beginning and the end of the next picture, shown during `secs`.
    fn stamps(&mut self, secs: Range<f64>) -> Range<i64> {
        let shown = self.shown_secs.get_or_insert(secs.clone());
        shown.end = secs.end;
        let ticks = |secs: f64| ((secs - shown.start) * f64::from(STAMPS_PER_SEC)).round() as i64;
        let stamps = match self.pace {
            FramePacing::Even(_) => self.free..self.free + 1,
            FramePacing::Stamped(_) => {
                let start = ticks(secs.start).max(self.free);
                start..ticks(secs.end).max(start + 1)
            }
        };
        self.free = stamps.start + 1;
        stamps
    }

    /// Flushes the written part of a growing clip to the disk, so that a power failure loses only what follows.
    ///
    /// # Errors
    /// If the disk reports a failure.
    pub fn sync(&self) -> Result<()> {
        match self.place {
            WriterPlace::Growing => sync(&self.path).map_err(|error| Error::io(&self.path, &error)),
            WriterPlace::Hidden { .. } => Ok(()), // A hidden clip is lost anyway.
        }
    }

    /// Completes the file and moves it to its final path, replacing an existing file.
    ///
    /// # Errors
    /// If the clip has no pictures, or the file cannot be completed; the incomplete file is then removed, except for a
    /// growing clip.
    pub fn finish(self) -> Result<()> {
        self.complete()?.give_name()
    }

    /// Completes the file, without moving it to its final path yet.
    ///
    /// # Errors
    /// Same as [`Self::finish`].
    pub fn complete(mut self) -> Result<CompleteClip> {
        if self.shown_secs.is_none() {
            return Err(Error::file(&self.path, "a clip needs at least one frame", "Add frames before saving"));
        }
        self.encoder.send_eof().map_err(|error| cannot_write(&self.path, error))?;
        self.write_packets()?;
        self.output.write_trailer().map_err(|error| cannot_write(&self.path, error))?;
        drop(self.output); // Closes the file, so that it is complete before it is moved.
        Ok(CompleteClip { path: self.path, place: self.place })
    }

    fn coded_frame(
        &mut self,
        picture: &RgbImage,
        stamp: i64,
    ) -> std::result::Result<ffmpeg::frame::Video, ffmpeg::Error> {
        let Geometry { width, height } = coded_geometry(self.coding, self.geometry);
        let mut rgb = ffmpeg::frame::Video::new(Pixel::RGB24, width, height);
        let (stride, row) = (rgb.stride(0), 3 * self.geometry.width as usize);
        let rows = picture.as_raw().chunks(row);
        let last = rows.clone().next_back().into_iter().cycle();
        for (line, pixels) in rgb.data_mut(0).chunks_mut(stride).zip(rows.chain(last)).take(height as usize) {
            line[..row].copy_from_slice(pixels);
            line.copy_within(row - 3..row, 3 * width as usize - 3);
        }
        let mut frame = ffmpeg::frame::Video::empty();
        self.to_coded.run(&rgb, &mut frame)?;
        frame.set_pts(Some(stamp));
        if self.coding != Coding::Exact {
            frame.set_color_space(Space::SMPTE170M);
            frame.set_color_range(color::Range::MPEG);
        }
        Ok(frame)
    }

    fn write_packets(&mut self) -> Result<()> {
        let stream_time_base = self.output.stream(0).map_or(self.encoder.time_base(), |stream| stream.time_base());
        let mut packet = ffmpeg::Packet::empty();
        loop {
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) => {}
                Err(ffmpeg::Error::Eof | ffmpeg::Error::Other { errno: EAGAIN }) => return Ok(()),
                Err(error) => return Err(cannot_write(&self.path, error)),
            }
            packet.set_stream(0);
            // Pictures with individual times leave the encoder in presentation order.
            packet.set_duration(self.durations.pop_front().unwrap_or(1));
            packet.rescale_ts(self.encoder.time_base(), stream_time_base);
            packet.write_interleaved(&mut self.output).map_err(|error| cannot_write(&self.path, error))?;
        }
    }
}

/// Returns the coded size: H.264 with 4:2:0 chroma needs even sides, and hardly any player supports another chroma
/// format.
fn coded_geometry(coding: Coding, Geometry { width, height }: Geometry) -> Geometry {
    match coding {
        Coding::Exact => Geometry { width, height },
        _ => Geometry { width: width.next_multiple_of(2), height: height.next_multiple_of(2) },
    }
}

/// Returns the time base, seconds.
fn time_base(pace: FramePacing) -> ffmpeg::Rational {
    match pace {
        FramePacing::Even(fps) => rate(fps).invert(),
        FramePacing::Stamped(_) => ffmpeg::Rational(1, STAMPS_PER_SEC),
    }
}

fn rate(fps: f64) -> ffmpeg::Rational {
    ffmpeg::Rational::from(fps).reduce_with_limit(1_000_000).unwrap_or_else(|nearest| nearest)
}

/// Flushes the file at `path` to the disk.
fn sync(path: &Path) -> io::Result<()> {
    File::options().write(true).open(path)?.sync_all()
}

/// Opens the best available encoder; returns it with its pixel format.
fn open_encoder(
    coding: Coding,
    geometry: Geometry,
    pace: FramePacing,
    path: &Path,
) -> Result<(ffmpeg::encoder::Video, Pixel)> {
    let mut refusal = ffmpeg::Error::EncoderNotFound;
    for &name in coding.encoders() {
        let Some(codec) = ffmpeg::encoder::find_by_name(name) else { continue };
        let format = if coding == Coding::Exact { Pixel::RGB24 } else { Pixel::YUV420P };
        match configured(codec, geometry, pace, format).and_then(|encoder| open_as(encoder, name, coding)) {
            Ok(encoder) => return Ok((encoder, format)),
            Err(error) => refusal = error,
        }
    }
    let Geometry { width, height } = geometry;
    let cause = format!("no encoder takes {width}×{height} pixels ({refusal})");
    Err(Error::file(path, cause, "Choose another size, or install an FFmpeg with libx264"))
}

fn configured(
    codec: ffmpeg::Codec,
    geometry: Geometry,
    pace: FramePacing,
    format: Pixel,
) -> std::result::Result<ffmpeg::codec::encoder::video::Video, ffmpeg::Error> {
    let mut encoder = ffmpeg::codec::Context::new_with_codec(codec).encoder().video()?;
    encoder.set_width(geometry.width);
    encoder.set_height(geometry.height);
    encoder.set_format(format);
    encoder.set_time_base(time_base(pace));
    encoder.set_frame_rate(Some(rate(pace.fps())));
    encoder.set_gop(KEY_FRAME_EVERY);
    if matches!(pace, FramePacing::Stamped(_)) {
        // The file would give a picture that is coded out of order the duration of another one.
        encoder.set_max_b_frames(0);
    }
    if format != Pixel::RGB24 {
        encoder.set_colorspace(Space::SMPTE170M);
        encoder.set_color_range(color::Range::MPEG);
    }
    Ok(encoder)
}

fn open_as(
    mut encoder: ffmpeg::codec::encoder::video::Video,
    name: &str,
    coding: Coding,
) -> std::result::Result<ffmpeg::encoder::Video, ffmpeg::Error> {
    // An mp4 file keeps the parameter sets in its header, not before each key frame.
    let mut flags = ffmpeg::codec::Flags::GLOBAL_HEADER;
    let mut options = ffmpeg::Dictionary::new();
    match name {
        "libx264" => {
            flags |= ffmpeg::codec::Flags::CLOSED_GOP; // A seek to a key frame then needs no earlier pictures.
            options.set("crf", X264_QUALITY);
            if coding == Coding::Live {
                options.set("preset", "veryfast");
                options.set("tune", "zerolatency");
            }
        }
        "mpeg4" => {
            flags |= ffmpeg::codec::Flags::QSCALE;
            encoder.set_qmin(MPEG4_QUANTISER);
            encoder.set_qmax(MPEG4_QUANTISER);
        }
        _ => {}
    }
    encoder.set_flags(flags);
    encoder.open_with(options)
}

fn cannot_write(path: &Path, error: ffmpeg::Error) -> Error {
    let cause = format!("the clip cannot be written ({error})");
    Error::file(path, cause, "Check the free space and the access rights").caused_by(error)
}
