//! The thread `sound`: keeps a fraction of a second of sound queued for the output device.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;

use super::decoder::{Piece, SoundDecoder};
use super::output::SoundOutput;
use super::placement::{Placement, place};
use super::wishes::Wishes;
use crate::error::{Error, Result};
use crate::panic_guard::caught_at;
use crate::video::StopFlag;
use crate::video::playback_clock::Course;

/// Sound kept ahead of playback, seconds.
const AHEAD_SECS: f64 = 0.2;

/// Longest silence written at once, seconds.
const MOST_SILENCE_SECS: f64 = 0.5;

/// Pause between two looks at the queue.
const REFILL: Duration = Duration::from_millis(20);

/// Time without sound after which the device is released for other programs.
const IDLE: Duration = Duration::from_secs(10);

/// Speeds of playback with sound: beyond them speech cannot be understood.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.25..=4.0;

pub(super) struct SoundThread {
    path: PathBuf,
    first_picture_secs: f64,
    stop: StopFlag,
    wishes: Wishes,
    output: Option<SoundOutput>,
    decoder: Option<SoundDecoder>,
    /// What the decoder and the queue follow.
    course: Option<Course>,
    /// A piece that is not due yet.
    pending: Option<Piece>,
    is_ended: bool,
}

impl SoundThread {
    /// Starts the thread; it ends with `stop`, with the handle of `wishes`, or with an error, which is reported.
    pub fn start(
        path: &Path,
        first_picture_secs: f64,
        stop: StopFlag,
        wishes: Wishes,
        report: Box<dyn FnOnce(Error) + Send>,
    ) {
        let path = path.to_owned();
        let body = move || {
            let run = || {
                let (output, decoder, course, pending) = (None, None, None, None);
                let path = path.clone();
                Self { path, first_picture_secs, stop, wishes, output, decoder, course, pending, is_ended: false }.run()
            };
            if let Err(error) = caught_at(&path, run) {
                report(error);
            }
        };
        // Without a thread there is no sound, and playback continues.
        if let Err(error) = std::thread::Builder::new().name("sound".into()).spawn(body) {
            tracing::warn!("no sound: {error}");
        }
    }

    fn run(mut self) -> Result<()> {
        while !self.stop.load(Ordering::Acquire) {
            let course = self.wishes.latest().audible().filter(|course| SPEEDS.contains(&course.speed));
            let patience = match course {
                Some(course) => {
                    self.fill(course)?;
                    REFILL
                }
                None => {
                    self.silence();
                    IDLE
                }
            };
            match self.wishes.news.recv_timeout(patience) {
                Ok(()) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) if course.is_some() => {}
                Err(RecvTimeoutError::Timeout) => self.output = None,
            }
        }
        Ok(())
    }

    fn silence(&mut self) {
        if let Some(output) = &self.output {
            output.clear();
        }
        self.course = None;
    }

    /// Queues the sound of the next fraction of a second.
    fn fill(&mut self, course: Course) -> Result<()> {
        let output = match self.output.take().filter(|output| !output.is_lost()) {
            Some(output) => output,
            None => {
                self.course = None;
                SoundOutput::open()?
            }
        };
        let decoder = self.decoder.take().filter(|decoder| decoder.fits(output.rate(), course.speed));
        let is_new = decoder.is_none();
        let mut decoder = match decoder {
            Some(decoder) => decoder,
            None => SoundDecoder::open(&self.path, output.rate(), course.speed, &self.stop)?,
        };
        if is_new || !self.continues(course) {
            output.clear();
            decoder.seek(course.secs(Instant::now()) + self.first_picture_secs);
            (self.pending, self.is_ended) = (None, false);
        }
        self.course = Some(course);
        while output.queued_secs() < AHEAD_SECS && !self.is_ended && self.wishes.news.is_empty() {
            let Some(piece) = self.pending.take().map_or_else(|| decoder.next(), |piece| Ok(Some(piece)))? else {
                self.is_ended = true;
                break;
            };
            let due_secs = course.secs_until(piece.secs - self.first_picture_secs, Instant::now());
            match place(due_secs, output.delay_secs(), output.rate(), MOST_SILENCE_SECS) {
                Placement::Wait => {
                    self.pending = Some(piece);
                    break;
                }
                Placement::After(silent) => {
                    output.push(std::iter::repeat_n(Default::default(), silent));
                    output.push(piece.samples);
                }
                Placement::Without(count) => output.push(piece.samples.into_iter().skip(count)),
            }
        }
        (self.output, self.decoder) = (Some(output), Some(decoder));
        Ok(())
    }

    /// Returns whether `course` continues what is queued. Where the clock merely waited for pictures, a silence is enough.
    fn continues(&self, course: Course) -> bool {
        self.course.is_some_and(|followed| followed.speed == course.speed && followed.jumps == course.jumps)
    }
}
