//! The thread "capture": keeps a source open and its newest frames in the ring.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crossbeam_channel::TrySendError;
use ffmpeg_next as ffmpeg;

use super::backlog::Backlog;
use super::backoff::Backoff;
use super::input::{CameraInput, DecodedPicture, READ_PATIENCE};
use super::pace::CapturePace;
use super::status::SharedStatus;
use super::watchdog::Watchdog;
use super::{CameraInfo, CameraNews, CameraPhase, CameraSource, Listener, LiveFrame, SourcePicture, fault};
use crate::error::Error;
use crate::video::converter::Converter;
use crate::video::shown_size::shown_geometry;
use crate::video::{Frame, Geometry, Sizes};

/// Longest sleep between two checks of the stop flag.
const NAP: Duration = Duration::from_millis(50);
/// Assumed frame rate of a source that claims none; it sets the duration of frames.
const USUAL_FPS: f64 = 25.0;

/// The state of the thread.
pub(super) struct Capture {
    source: CameraSource,
    shared: Arc<SharedStatus>,
    listener: Listener,
    watchdog: Watchdog,
    started: Instant,
    next_index: usize,
    pace: CapturePace,
    /// True if the source is read faster than real time, so it is slowed to its own pace.
    is_paced: bool,
    /// True if the last attempt to open the source succeeded.
    was_open: bool,
    /// The last reported error, so that an absent source is not reported at every attempt.
    told: Option<Error>,
    /// True until the first frame after a looped file restarted.
    is_restart: bool,
}

/// The conversion from raw pictures to frames.
struct CaptureShape {
    raw: Geometry,
    sizes: Sizes,
    /// True if the last picture of a frame is at the source's size.
    is_recorded: bool,
    converter: Converter,
}

impl Capture {
    /// Creates the state of the thread; [`run`](Self::run) executes it.
    pub fn new(source: CameraSource, shared: Arc<SharedStatus>, stop: Arc<AtomicBool>, listener: Listener) -> Self {
        let watchdog = Watchdog::new(stop);
        let started = Instant::now();
        let pace = CapturePace::default();
        Self {
            source,
            shared,
            listener,
            watchdog,
            started,
            next_index: 0,
            pace,
            is_paced: false,
            was_open: false,
            told: None,
            is_restart: false,
        }
    }

    /// Captures until the camera is closed or the source fails for good.
    pub fn run(mut self) {
        let mut backoff = Backoff::default();
        while !self.watchdog.is_stopped() {
            let first = self.next_index;
            let fault = self.capture();
            if self.watchdog.is_stopped() {
                return;
            }
            if self.next_index > first {
                backoff.reset();
                if fault == ffmpeg::Error::Eof && matches!(self.source, CameraSource::File(_)) {
                    self.is_restart = true;
                    continue; // round and round
                }
            }
            self.next_index += 1; // a break
            let error = self.in_words(fault, self.next_index > first + 1);
            if fault::is_hopeless(&self.source, fault) {
                self.shared.status().phase = CameraPhase::Failed(error.clone());
                return (self.listener)(CameraNews::Failed(error));
            }
            self.wait(error, &mut backoff);
        }
    }

    /// Opens the source and captures until it ends or breaks off; returns the reason.
    fn capture(&mut self) -> ffmpeg::Error {
        let opened = CameraInput::open(&self.source, &self.watchdog);
        self.was_open = opened.is_ok();
        let mut input = match opened {
            Ok(input) => input,
            Err(fault) => return fault,
        };
        self.is_paced = self.source.is_paced(input.has_end());
        let mut backlog = Backlog::default();
        let (mut shape, mut last_pts_secs) = (None, 0.0);
        loop {
            let picture = match input.next() {
                Ok(picture) => picture,
                Err(fault) => {
                    self.pace.restart(last_pts_secs, 1.0 / input.claimed_fps().unwrap_or(USUAL_FPS));
                    return fault;
                }
            };
            if self.is_paced {
                last_pts_secs = picture.pts_secs.unwrap_or(last_pts_secs);
                let wait = self.pace.wait(last_pts_secs, Instant::now());
                if !self.sleep(wait) {
                    return ffmpeg::Error::Exit;
                }
            } else if backlog.is_behind(picture.waited, Instant::now()) {
                self.shared.status().passed_over += 1;
                self.next_index += usize::from(shape.is_some());
                continue;
            }
            if let Err(fault) = self.keep(&input, picture, &mut shape) {
                return fault;
            }
        }
    }

    /// Converts a picture and puts it into the ring.
    fn keep(
        &mut self,
        input: &CameraInput,
        picture: DecodedPicture,
        shape: &mut Option<CaptureShape>,
    ) -> Result<(), ffmpeg::Error> {
        let captured = Instant::now();
        let source_secs = picture.pts_secs.filter(|_| self.is_paced);
        let raw = Geometry { width: picture.raw.width(), height: picture.raw.height() };
        let sizes = self.shared.sizes().clone();
        let is_recorded = self.shared.recording().is_some();
        let shape = match shape {
            Some(shape) if shape.raw == raw && shape.sizes == sizes && shape.is_recorded == is_recorded => shape,
            other => other.insert(self.shape(input, raw, sizes, is_recorded)),
        };
        let index = self.next_index;
        let Some(converted) = shape.converter.push(index, picture.raw)? else { return Ok(()) };
        let mut pictures = converted.pictures.into_iter();
        if shape.is_recorded
            && let Some(picture) = pictures.next_back()
        {
            let mut recording = self.shared.recording();
            // A full queue means a slow disk; its reader detects the missing picture by the index.
            let sent = recording.as_ref().map(|sender| sender.try_send(SourcePicture { index, picture, captured }));
            if matches!(sent, Some(Err(TrySendError::Disconnected(_)))) {
                *recording = None;
            }
        }
        let display = pictures.next().ok_or(ffmpeg::Error::Bug)?;
        let frame = Frame {
            index,
            pts_secs: captured.duration_since(self.started).as_secs_f64(),
            duration_secs: 1.0 / input.claimed_fps().unwrap_or(USUAL_FPS),
            display,
            scaled: pictures.collect(),
        };
        self.next_index += 1;
        let is_restart = std::mem::take(&mut self.is_restart);
        self.shared.ring().push(LiveFrame { frame: Arc::new(frame), captured, is_restart, source_secs });
        self.shared.status().captured += 1;
        (self.listener)(CameraNews::Frame);
        Ok(())
    }

    /// Creates the conversion for pictures of this size, and reports the format if it changed.
    fn shape(&mut self, input: &CameraInput, raw: Geometry, sizes: Sizes, is_recorded: bool) -> CaptureShape {
        let orientation = input.orientation();
        let shown = shown_geometry(raw, input.pixel_aspect(), orientation);
        let outputs = std::iter::once(shown.fitted(sizes.display_max.max(1))).chain(sizes.scaled.iter().copied());
        let outputs = outputs.chain(is_recorded.then_some(shown));
        let converter = Converter::new(outputs.collect(), orientation, false);
        let (fps, codec) = (input.claimed_fps(), input.codec());
        let info = CameraInfo { width: shown.width, height: shown.height, fps, codec };
        let mut status = self.shared.status();
        let is_news = status.phase != CameraPhase::Live || status.info.as_ref() != Some(&info);
        (status.phase, status.info) = (CameraPhase::Live, Some(info.clone()));
        drop(status);
        self.told = None;
        if is_news {
            (self.listener)(CameraNews::Connected(info));
        }
        CaptureShape { raw, sizes, is_recorded, converter }
    }

    fn in_words(&self, fault: ffmpeg::Error, was_live: bool) -> Error {
        match fault {
            ffmpeg::Error::StreamNotFound => fault::no_video(&self.source),
            ffmpeg::Error::Exit if self.was_open => fault::silent(&self.source, READ_PATIENCE.as_secs()),
            ffmpeg::Error::Eof if was_live => fault::ended(&self.source),
            _ => fault::in_words(&self.source, fault),
        }
    }

    /// Reports the error and waits before the next attempt.
    fn wait(&mut self, error: Error, backoff: &mut Backoff) {
        let wait = backoff.next();
        let (retry_at, attempt) = (Instant::now() + wait, backoff.failures());
        self.shared.status().phase = CameraPhase::Waiting { error: error.clone(), retry_at, attempt };
        if self.told.as_ref() != Some(&error) {
            self.told = Some(error.clone());
            (self.listener)(CameraNews::Interrupted(error));
        }
        self.sleep(wait);
    }

    /// Sleeps for `wait`; returns false if the camera was closed meanwhile.
    fn sleep(&self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if self.watchdog.is_stopped() || left.is_zero() {
                return !self.watchdog.is_stopped();
            }
            std::thread::sleep(left.min(NAP));
        }
    }
}
