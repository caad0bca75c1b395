//! An open source: packets in, decoded pictures with their times out.

use std::ffi::CString;
use std::time::{Duration, Instant};

use ffmpeg::codec::threading;
use ffmpeg::error::EAGAIN;
use ffmpeg::format::context::Input;
use ffmpeg_next as ffmpeg;

use super::CameraSource;
use super::watchdog::Watchdog;
use crate::files::is_endless;
use crate::video::libav;
use crate::video::orientation::Orientation;

/// Time limit for opening a source.
const OPEN_PATIENCE: Duration = Duration::from_secs(20);
/// Time limit for an open source without data.
pub(super) const READ_PATIENCE: Duration = Duration::from_secs(10);
/// Time between reads of a device without a frame.
const ASK_AGAIN: Duration = Duration::from_millis(2);
/// Threads that decode one picture; several pictures at a time would add delay.
const MAX_THREADS: usize = 4;
/// Plausible frame rates; values outside are the clock of a container.
const PLAUSIBLE_RATES: std::ops::RangeInclusive<f64> = 0.1..=1000.0;
/// Consecutive failures after which a source counts as broken.
const MAX_FAILURES: usize = 200;

/// A picture from the decoder, before conversion.
pub(super) struct DecodedPicture {
    /// The picture.
    pub raw: ffmpeg::frame::Video,
    /// Time stamp of the source, seconds.
    pub pts_secs: Option<f64>,
    /// Time that reading it blocked on the source.
    pub waited: Duration,
}

/// An open source.
pub(super) struct CameraInput {
    input: Input,
    stream: usize,
    decoder: ffmpeg::decoder::Video,
    watchdog: Watchdog,
    waited: Duration,
    failures: usize,
    is_ending: bool,
}

impl CameraInput {
    /// Opens `source`. Fails with `StreamNotFound` for a source without video.
    pub fn open(source: &CameraSource, watchdog: &Watchdog) -> Result<Self, ffmpeg::Error> {
        libav::init();
        watchdog.expect_within(OPEN_PATIENCE);
        let (url, driver, options) = how_to_open(source).ok_or(ffmpeg::Error::InvalidData)?;
        let give_up = watchdog.clone();
        let input = libav::open_live(&url, driver, options, move || give_up.barks())?;
        let stream = input.streams().best(ffmpeg::media::Type::Video).ok_or(ffmpeg::Error::StreamNotFound)?;
        let (index, parameters) = (stream.index(), stream.parameters());
        let codec = ffmpeg::decoder::find(parameters.id()).ok_or(ffmpeg::Error::DecoderNotFound)?;
        let mut context = ffmpeg::codec::Context::from_parameters(parameters)?;
        let count = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MAX_THREADS));
        context.set_threading(threading::Config { kind: threading::Type::Slice, count, ..Default::default() });
        let decoder = context.decoder().open_as(codec)?.video()?;
        let mut input = input;
        libav::keep_only(&mut input, index);
        let watchdog = watchdog.clone();
        watchdog.expect_within(READ_PATIENCE);
        Ok(Self { input, stream: index, decoder, watchdog, waited: Duration::ZERO, failures: 0, is_ending: false })
    }

    /// Returns the orientation of its pictures.
    pub fn orientation(&self) -> Orientation {
        Orientation::of(&self.stream())
    }

    /// Returns the width of a pixel divided by its height.
    pub fn pixel_aspect(&self) -> f64 {
        libav::sample_aspect_ratio(&self.stream())
    }

    /// Returns whether its duration is known, as for a file.
    pub fn has_end(&self) -> bool {
        self.input.duration() > 0
    }

    /// Returns the frame rate that it claims, if any.
    pub fn claimed_fps(&self) -> Option<f64> {
        let stream = self.stream();
        let rates = [stream.avg_frame_rate(), stream.rate()].map(f64::from);
        rates.into_iter().find(|rate| PLAUSIBLE_RATES.contains(rate))
    }

    /// Returns the name of its codec.
    pub fn codec(&self) -> String {
        self.decoder.codec().map_or_else(String::new, |codec| codec.name().to_owned())
    }

    /// Returns the next picture; `Eof` at the end of the source, `Exit` after a timeout or when the camera was closed.
    pub fn next(&mut self) -> Result<DecodedPicture, ffmpeg::Error> {
        loop {
            let mut raw = ffmpeg::frame::Video::empty();
            match self.decoder.receive_frame(&mut raw) {
                Ok(()) => {
                    self.failures = 0;
                    let time_base = f64::from(self.stream().time_base());
                    let pts_secs = raw.timestamp().map(|pts| pts as f64 * time_base);
                    return Ok(DecodedPicture { raw, pts_secs, waited: std::mem::take(&mut self.waited) });
                }
                Err(ffmpeg::Error::Eof) => return Err(ffmpeg::Error::Eof),
                Err(ffmpeg::Error::Other { errno: EAGAIN }) => self.feed()?,
                Err(_) => self.fail(ffmpeg::Error::InvalidData)?,
            }
        }
    }

    fn stream(&self) -> ffmpeg::Stream<'_> {
        self.input.stream(self.stream).expect("the stream was found when the source was opened")
    }

    /// Sends the next packet to the decoder, or signals the end.
    fn feed(&mut self) -> Result<(), ffmpeg::Error> {
        let started = Instant::now();
        let packet = self.read();
        self.waited += started.elapsed();
        match packet {
            // A damaged packet costs its pictures; the next key frame repairs the rest.
            Ok(packet) => self.decoder.send_packet(&packet).or_else(|fault| self.fail(fault)),
            Err(ffmpeg::Error::Eof) if !self.is_ending => {
                self.is_ending = true;
                self.decoder.send_eof()
            }
            Err(fault) => Err(fault),
        }
    }

    fn read(&mut self) -> Result<ffmpeg::Packet, ffmpeg::Error> {
        loop {
            if self.watchdog.barks() {
                return Err(ffmpeg::Error::Exit);
            }
            let mut packet = ffmpeg::Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() == self.stream && packet.size() > 0 => {
                    // The decoder may need several packets: a client that joins mid-stream waits for the next key
                    // frame.
                    self.watchdog.expect_within(READ_PATIENCE);
                    return Ok(packet);
                }
                Ok(()) => {}
                Err(ffmpeg::Error::Other { errno: EAGAIN }) => std::thread::sleep(ASK_AGAIN),
                Err(ffmpeg::Error::InvalidData) => self.fail(ffmpeg::Error::InvalidData)?,
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Counts a failure; returns it as an error once there are too many.
    fn fail(&mut self, fault: ffmpeg::Error) -> Result<(), ffmpeg::Error> {
        self.failures += 1;
        if self.failures > MAX_FAILURES { Err(fault) } else { Ok(()) }
    }
}

impl Drop for CameraInput {
    /// Gives FFmpeg a moment to close the session: a server has few places for clients.
    fn drop(&mut self) {
        self.watchdog.leave();
    }
}

/// Returns the name, the driver and the options for FFmpeg; `None` for a name with a zero byte, and for a pipe, which
/// may block forever when opened.
fn how_to_open(source: &CameraSource) -> Option<(CString, Option<&str>, ffmpeg::Dictionary<'static>)> {
    let mut options = ffmpeg::Dictionary::new();
    Some(match source {
        CameraSource::Device { driver, name, mode } => {
            if let Some(mode) = mode {
                options.set("video_size", &format!("{}x{}", mode.size.width, mode.size.height));
                options.set("framerate", &mode.fps.to_string());
                if let Some(format) = &mode.format {
                    options.set("input_format", format);
                }
            }
            (CString::new(name.as_str()).ok()?, Some(driver), options)
        }
        CameraSource::Lavfi(graph) => (CString::new(graph.as_str()).ok()?, Some("lavfi"), options),
        CameraSource::File(path) if is_endless(path) => return None,
        CameraSource::File(path) => (libav::byte_url(path).ok()?, None, options),
        CameraSource::Url(url) => {
            // The first pictures are needed soon; information about the stream that arrives later is of no use here.
            options.set("analyzeduration", "2000000");
            options.set("rtsp_flags", "prefer_tcp");
            // A short stall of this program is no reason to end the stream.
            options.set("overrun_nonfatal", "1");
            (CString::new(url.as_str()).ok()?, None, options)
        }
    })
}
