//! Clips out: RGB pictures to an H.264 file, or to one that keeps every pixel.

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

/// Constant quality of x264, 0 (lossless) to 51; 16 is visually lossless.
const X264_QUALITY: &str = "16";

/// Quantiser of MPEG-4, 1 (best) … 31, where x264 is not there.
const MPEG4_QUANTISER: i32 = 2;

/// Time stamps of pictures that do not follow each other evenly are multiples of this part of a second: of those that hold whole
/// milliseconds and whole frames at the usual rates, the finest that MPEG-4 takes.
const STAMPS_PER_SEC: i32 = 60_000;

/// The timing of the frames of a clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FramePacing {
    /// A constant frame rate, frames per second.
    Even(f64),
    /// Each frame at the time it is pushed with; the value is the mean frame rate.
    Stamped(f64),
}

impl From<f64> for FramePacing {
    fn from(fps: f64) -> Self {
        Self::Even(fps)
    }
}

impl FramePacing {
    /// Pictures a second, on average.
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
    /// The same, as fast as a camera, and with nothing held back in the encoder.
    Live,
    /// PNG, picture by picture: every pixel is read as it was written.
    Exact,
}

impl Coding {
    /// Encoders in the order of preference.
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
    /// Under its own name, in fragments that can be watched however the writing ends.
    Growing,
}

/// A file that makes way for another one: it comes back, unless it is removed.
struct SetAside {
    file: PathBuf,
    folder: Hidden,
}

impl SetAside {
    /// Sets the file at `path` aside, if there is one.
    ///
    /// # Errors
    /// What the operating system reports; the file is where it was.
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

    /// Removes the file for good.
    fn remove(self) -> Result<()> {
        fs::remove_file(self.place()).map_err(|error| Error::io(&self.file, &error))
    }
}

impl Drop for SetAside {
    fn drop(&mut self) {
        if !self.file.exists() {
            // It is not there any more where it was removed for good.
            let _ = fs::rename(self.place(), &self.file);
        }
    }
}

/// A clip whose file is complete and has yet to get its name; dropped before that, nothing of it is left.
pub struct CompleteClip {
    path: PathBuf,
    place: WriterPlace,
}

impl CompleteClip {
    /// Gives the file its name if `guard` still allows it: since the writing began, somebody else may have made a file of this
    /// name.
    ///
    /// # Errors
    /// If the guard does not allow it, or as [`VideoWriter::finish`].
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

/// Writes one clip in an mp4 file.
pub struct VideoWriter {
    path: PathBuf,
    place: WriterPlace,
    output: ffmpeg::format::context::Output,
    encoder: ffmpeg::encoder::Video,
    to_coded: scaling::Context,
    coding: Coding,
    geometry: Geometry,
    pace: FramePacing,
    /// When the first picture is shown and when the newest ends, seconds; none before the first.
    shown_secs: Option<Range<f64>>,
    /// The first time stamp that is free.
    free: i64,
    /// For how long the pictures in the encoder are shown, in units of its time base.
    durations: VecDeque<i64>,
}

impl VideoWriter {
    /// Begins a clip of pictures of size `geometry` that follow each other at `pace`, of which a number means frames per second;
    /// the file appears when it is complete. Sides are made even by repeating the last row or column, as players expect.
    ///
    /// # Errors
    /// If the folder cannot be written or the size or the rate cannot be encoded.
    pub fn create(path: &Path, geometry: Geometry, pace: impl Into<FramePacing>) -> Result<Self> {
        Self::begin(path, geometry, pace.into(), (Coding::Compressed, Existing::Keep), None)
    }

    /// Returns the same for pictures of a live source, which may be `slow`: then the file says so.
    ///
    /// # Errors
    /// Same as [`Self::create`].
    pub fn create_captured(path: &Path, geometry: Geometry, fps: f64, slow: Option<SlowCapture>) -> Result<Self> {
        Self::begin(path, geometry, fps.into(), (Coding::Compressed, Existing::Keep), slow)
    }

    /// Begins a clip that is under its own name from the beginning and grows in fragments of about a second: what is written when
    /// the disk is full, the program crashes or the power fails stays, and can be watched. A file that is to be replaced is
    /// removed once the clip has begun.
    ///
    /// # Errors
    /// If there is a file that is to be kept, or as [`Self::create`]; then that file is as it was.
    pub fn create_growing(
        path: &Path,
        geometry: Geometry,
        fps: f64,
        slow: Option<SlowCapture>,
        existing: Existing,
    ) -> Result<Self> {
        Self::begin(path, geometry, fps.into(), (Coding::Live, existing), slow)
    }

    /// Returns the same for a large file that loses nothing.
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
        // Before any file is touched.
        let opened = open_encoder(coding, coded_geometry(coding, geometry), pace, path)?;
        let before = match existing {
            Existing::Replace => SetAside::of(path)?,
            Existing::Keep => None,
        };
        let place = match coding {
            // Only now it is certain that nobody else has a file of this name.
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
            let _ = fs::remove_file(resolve(path)); // It is empty, and of this function.
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

    /// Adds the next picture, shown from the end of the one before for as long as the rate says.
    ///
    /// # Errors
    /// Same as [`Self::push_at`].
    pub fn push(&mut self, picture: &RgbImage) -> Result<()> {
        let start = self.shown_secs.as_ref().map_or(0.0, |shown| shown.end);
        self.push_at(picture, start..start + 1.0 / self.pace.fps())
    }

    /// Adds the next picture, shown during `secs` of any clock: the clip begins with its first picture, whenever that is. Pictures
    /// at an even pace follow each other whatever the clock says.
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

    /// Returns the time stamps of the next picture and of its end, which is shown during `secs`.
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

    /// Has the disk confirm what is written of a growing clip: a power failure loses no more than what comes after.
    ///
    /// # Errors
    /// If the disk cannot.
    pub fn sync(&self) -> Result<()> {
        match self.place {
            WriterPlace::Growing => sync(&self.path).map_err(|error| Error::io(&self.path, &error)),
            WriterPlace::Hidden { .. } => Ok(()), // It is lost either way.
        }
    }

    /// Completes the file and gives it its name, in place of a file that has it.
    ///
    /// # Errors
    /// If there is not one picture in it, or the file cannot be completed; then nothing is left behind of a clip that does not
    /// grow under its own name.
    pub fn finish(self) -> Result<()> {
        self.complete()?.give_name()
    }

    /// Completes the file, but does not give it its name yet.
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
        drop(self.output); // Closes the file, so that it is whole when it gets its name.
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
            // Pictures at times of their own leave the encoder in their order.
            packet.set_duration(self.durations.pop_front().unwrap_or(1));
            packet.rescale_ts(self.encoder.time_base(), stream_time_base);
            packet.write_interleaved(&mut self.output).map_err(|error| cannot_write(&self.path, error))?;
        }
    }
}

/// Returns the size in which pictures are coded: H.264 halves the chroma only of even sides, and hardly any player takes another
/// chroma.
fn coded_geometry(coding: Coding, Geometry { width, height }: Geometry) -> Geometry {
    match coding {
        Coding::Exact => Geometry { width, height },
        _ => Geometry { width: width.next_multiple_of(2), height: height.next_multiple_of(2) },
    }
}

/// Returns the unit of time stamps, seconds.
fn time_base(pace: FramePacing) -> ffmpeg::Rational {
    match pace {
        FramePacing::Even(fps) => rate(fps).invert(),
        FramePacing::Stamped(_) => ffmpeg::Rational(1, STAMPS_PER_SEC),
    }
}

fn rate(fps: f64) -> ffmpeg::Rational {
    ffmpeg::Rational::from(fps).reduce_with_limit(1_000_000).unwrap_or_else(|nearest| nearest)
}

/// Has the disk confirm the content of the file at `path`.
fn sync(path: &Path) -> io::Result<()> {
    File::options().write(true).open(path)?.sync_all()
}

/// Returns the best encoder there is, opened, and the pixel format it takes.
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
        // A picture that is coded out of order would get the duration of another one from the file.
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
            flags |= ffmpeg::codec::Flags::CLOSED_GOP; // Whoever seeks to a key frame needs nothing of what was before it.
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
