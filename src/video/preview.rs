//! Playback from the beginning of a video while its frames are being listed.
//!
//! Sequential decoding needs no list: each picture is the next frame. Everything else, such as a seek, waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::converter::Converter;
use super::frame_index::{FrameIndex, StreamClock};
use super::playback_clock::PlaybackClock;
use super::player_state::{PlayerCommand, PlayerState, SharedState, Wake};
use super::raw_frames::{RawPicture, UnlistedFrames};
use super::shown_size::upright;
use super::{Frame, Sizes};

/// Time between progress reports to the window.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// Maximum lag of frames behind the clock before the clock waits, in seconds.
const MAX_LAG_SECS: f64 = 0.25;

/// Assumed frames per second if the file states none.
const ASSUMED_FPS: f64 = 25.0;

/// Playback of the beginning of a video.
pub(super) struct Preview<'a> {
    video: UnlistedFrames,
    shared: &'a SharedState,
    wake: &'a Wake,
    sizes: &'a Sizes,
    stream: StreamClock,
    converter: Option<Converter>,
    clock: PlaybackClock,
    /// Time stamp of the first picture.
    first_pts: Option<i64>,
    /// Packet number, frame number and time in seconds of the shown picture.
    shown: Option<(usize, usize, f64)>,
    /// The next picture and its packet number, once decoded.
    next: Option<(usize, Arc<Frame>)>,
}

impl<'a> Preview<'a> {
    /// Shows the first picture of `video`, if it can be decoded; the list of frames may contain an earlier one.
    pub fn begin(mut video: UnlistedFrames, sizes: &'a Sizes, shared: &'a SharedState, wake: &'a Wake) -> Self {
        let first = video.next_picture();
        let stream = StreamClock::of(video.source());
        let (converter, clock) = (None, PlaybackClock::new());
        let mut preview =
            Self { video, shared, wake, sizes, stream, converter, clock, first_pts: None, shown: None, next: None };
        preview.next = first.and_then(|first| preview.frame(first));
        preview.show_next();
        wake();
        preview
    }

    /// Executes a command if it needs no list; returns false if it must wait.
    pub fn obey(&mut self, command: &PlayerCommand) -> bool {
        let now = Instant::now();
        match *command {
            PlayerCommand::Play => self.clock.run(true, now),
            PlayerCommand::Pause => self.clock.run(false, now),
            PlayerCommand::SetSpeed(speed) if speed > 0.0 => self.clock.set_speed(speed, now),
            _ => return false,
        }
        self.tell();
        true
    }

    /// Returns how long to wait before [`Self::go_on`].
    pub fn patience(&self) -> Duration {
        match &self.next {
            _ if !self.clock.is_running() => PROGRESS_INTERVAL,
            None => Duration::ZERO,
            Some((_, next)) => self.clock.until(next.pts_secs, Instant::now()).min(PROGRESS_INTERVAL),
        }
    }

    /// Decodes or shows the next picture if the preview plays.
    pub fn go_on(&mut self) {
        if self.clock.is_running() {
            match &self.next {
                Some((_, next)) => {
                    let (next_secs, now) = (next.pts_secs, Instant::now());
                    let secs = self.clock.secs(now);
                    if secs > next_secs + MAX_LAG_SECS * self.clock.speed() {
                        self.clock.set(next_secs, now);
                    }
                    if secs >= next_secs {
                        self.show_next();
                        self.tell();
                    }
                }
                None => {
                    let picture = self.video.next_picture();
                    self.next = picture.and_then(|picture| self.frame(picture));
                    if self.next.is_none() {
                        self.clock.run(false, Instant::now()); // It reached the end before the list was complete.
                        self.tell();
                    }
                    return;
                }
            }
        }
        (self.wake)();
    }

    /// Returns the video, and the commands that make a player with the list continue from here.
    pub fn end(self) -> (UnlistedFrames, impl FnOnce(&FrameIndex) -> Vec<PlayerCommand>) {
        let (shown, speed, is_running) = (self.shown, self.clock.speed(), self.clock.is_running());
        let commands = move |index: &FrameIndex| {
            let frame = shown.and_then(|(packet, ..)| index.frame_of_packet(packet)).unwrap_or(0);
            let mut commands = vec![PlayerCommand::SetSpeed(speed), PlayerCommand::SeekFrame(frame)];
            commands.extend(is_running.then_some(PlayerCommand::Play));
            commands
        };
        (self.video, commands)
    }

    fn show_next(&mut self) {
        if let Some((packet, frame)) = self.next.take() {
            self.shown = Some((packet, frame.index, frame.pts_secs));
            *self.shared.current() = Some(frame);
        }
    }

    fn tell(&self) {
        let position = self.shown.map_or(0, |(_, number, _)| number);
        let (playing, speed) = (self.clock.is_running(), self.clock.speed());
        *self.shared.state() = PlayerState { position, playing, speed };
        (self.wake)();
    }

    /// Converts the picture after the shown one to a frame; `None` if that fails.
    fn frame(&mut self, raw: RawPicture) -> Option<(usize, Arc<Frame>)> {
        let step = 1.0 / self.stream.claimed_fps.unwrap_or(ASSUMED_FPS);
        let stated = raw.pts.map(|pts| {
            let first = *self.first_pts.get_or_insert(pts);
            pts.saturating_sub(first) as f64 * self.stream.tick_secs
        });
        let (index, pts_secs) = match self.shown {
            None => (0, 0.0),
            Some((_, number, before)) => (number + 1, stated.filter(|&secs| secs > before).unwrap_or(before + step)),
        };
        let converter = self.converter.get_or_insert_with(|| {
            let (shown, orientation) = upright(self.video.source(), &raw.picture);
            Converter::new(self.sizes.of(shown), orientation, false)
        });
        let mut pictures = converter.push(index, raw.picture).ok()??.pictures.into_iter();
        let display = pictures.next()?;
        let frame = Frame { index, pts_secs, duration_secs: step, display, scaled: pictures.collect() };
        Some((raw.packet, Arc::new(frame)))
    }
}
