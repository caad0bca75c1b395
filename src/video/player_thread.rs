//! The thread `decoder`: decodes the frames around the position and advances the position by the clock.
//!
//! One loop does both: execute commands, advance the position, decode the most needed frame, and sleep only when
//! nothing is needed. Late frames are dropped instead of delaying the following ones; only when decoding falls far
//! behind does the clock wait for it.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::frame_window::FrameWindow;
use super::opening::open_video;
use super::playback_clock::PlaybackClock;
use super::player_state::{PlayerCommand, PlayerEvent, PlayerState, SharedState, Wake};
use super::sound::Sound;
use super::{Frame, Sizes, VideoReader};

/// Maximum lag of the shown frame behind the clock before the clock waits, in seconds.
const MAX_LAG_SECS: f64 = 0.25;

/// Age of a search for the current frame from which a newer command interrupts it; a younger one is finished, to show
/// pictures while the position is dragged.
const DRAG_PATIENCE: Duration = Duration::from_millis(100);

/// Slowest and fastest speed.
const SPEED_LIMITS: (f64, f64) = (1.0 / 16.0, 32.0);

/// Frames before the position below which more are decoded.
const LEAST_BEFORE: usize = 16;

/// Time before the end of a frame at which backward playback enters it, seconds.
const MOMENT_SECS: f64 = 1e-6;

/// Shortest sleep: the operating system's timer is no finer.
const MIN_SLEEP: Duration = Duration::from_micros(500);

/// The state of the thread.
pub(super) struct PlayerThread {
    reader: VideoReader,
    shared: Arc<SharedState>,
    commands: Receiver<PlayerCommand>,
    events: Sender<PlayerEvent>,
    wake: Wake,
    clock: PlaybackClock,
    /// `None` for a video without sound.
    sound: Option<Sound>,
    position: usize,
    /// Number of commands executed.
    obeyed: u64,
    /// First and last frame of the loop.
    repeat: Option<(usize, usize)>,
    /// True while the clock waits for the first frame after a seek.
    settling: bool,
    /// A range of frames before the position that is being decoded, from its beginning.
    stretch: Option<RangeInclusive<usize>>,
    /// True once the file cannot be read any more; the next seek tries again.
    broken: bool,
}

impl PlayerThread {
    /// Opens the video and plays it until the handle is dropped.
    pub fn run(
        path: &Path,
        sizes: Sizes,
        shared: Arc<SharedState>,
        commands: Receiver<PlayerCommand>,
        events: Sender<PlayerEvent>,
        wake: Wake,
    ) {
        let (reader, waiting) = match open_video(path, &sizes, &shared, &commands, &wake) {
            Ok(Some(opened)) => opened,
            Ok(None) => return,
            Err(error) => {
                let _ = events.send(PlayerEvent::Failed(error)); // Sending fails if the handle is dropped.
                return wake();
            }
        };
        let clock = PlaybackClock::new();
        let sound = reader.first_picture_secs().filter(|_| reader.info().has_sound).map(|first_picture_secs| {
            let (events, wake) = (events.clone(), wake.clone());
            let report = move |error| {
                let _ = events.send(PlayerEvent::Warning(error)); // Nobody listens if the handle is gone.
                wake();
            };
            Sound::new(path.to_owned(), first_picture_secs, shared.stop.clone(), report)
        });
        let (repeat, stretch) = (None, None);
        let mut thread = Self {
            reader,
            shared,
            commands,
            events,
            wake,
            clock,
            sound,
            position: 0,
            obeyed: 0,
            repeat,
            settling: true,
            stretch,
            broken: false,
        };
        thread.tell(PlayerEvent::Opened(thread.reader.info().clone()));
        waiting.into_iter().for_each(|command| thread.obey(command));
        thread.play();
    }

    fn play(&mut self) {
        while !self.shared.stop.load(Ordering::Acquire) {
            while let Ok(command) = self.commands.try_recv() {
                self.obey(command);
            }
            self.advance();
            self.publish();
            match self.most_needed() {
                Some(index) => self.decode(index),
                None if self.sleep().is_err() => return,
                None => {}
            }
        }
    }

    fn obey(&mut self, command: PlayerCommand) {
        let now = Instant::now();
        self.obeyed += 1;
        match command {
            PlayerCommand::Play => self.begin(now),
            PlayerCommand::Pause => self.clock.run(false, now),
            PlayerCommand::SetSpeed(speed) if speed == 0.0 || speed.is_nan() => self.clock.run(false, now),
            PlayerCommand::SetSpeed(speed) => {
                let size = speed.abs().clamp(SPEED_LIMITS.0, SPEED_LIMITS.1);
                self.clock.set_speed(size.copysign(speed), now);
            }
            PlayerCommand::SeekFrame(index) => self.jump(index),
            PlayerCommand::SeekSecs(secs) => self.jump(self.reader.frame_at(secs)),
            PlayerCommand::Step(frames) => {
                self.clock.run(false, now);
                let frames = frames.clamp(isize::MIN as i64, isize::MAX as i64) as isize;
                self.jump(self.position.saturating_add_signed(frames));
            }
            PlayerCommand::SkipSecs(secs) => {
                // From the middle of the frame, as rounding could otherwise lead to the previous frame.
                let span = self.reader.span_secs(self.position);
                self.jump(self.reader.frame_at((span.start + span.end) / 2.0 + secs));
            }
            PlayerCommand::SetSound(on) => {
                if let Some(sound) = &mut self.sound {
                    sound.turn(on);
                }
            }
            PlayerCommand::SetSizes(sizes) => {
                self.reader.set_sizes(sizes);
                self.shared.window().clear();
                (self.stretch, self.broken) = (None, false);
            }
            PlayerCommand::SetLoop(range) => {
                let last = self.last();
                self.repeat = range.map(|(a, b)| (a.min(b).min(last), a.max(b).min(last)));
            }
        }
    }

    fn begin(&mut self, now: Instant) {
        let (first, last) = self.range();
        match self.clock.speed() > 0.0 {
            true if self.position == last => self.jump(first),
            false if self.position == first => self.jump(last),
            _ => self.jump(self.position),
        }
        self.clock.run(true, now);
    }

    fn jump(&mut self, index: usize) {
        self.position = index.min(self.last());
        self.clock.jump(self.entry_secs(self.position), Instant::now());
        (self.settling, self.broken, self.stretch) = (true, false, None);
    }

    /// Advances the position by the clock; at the end of the range, restarts or pauses.
    fn advance(&mut self) {
        if !self.clock.is_running() || self.settling {
            return;
        }
        let now = Instant::now();
        let secs = self.clock.secs(now);
        let (first, last) = self.range();
        let forwards = self.clock.speed() > 0.0;
        let beyond =
            if forwards { secs >= self.reader.span_secs(last).end } else { secs < self.reader.span_secs(first).start };
        if !beyond {
            self.position = self.reader.frame_at(secs);
        } else if self.repeat.is_some() {
            self.jump(if forwards { first } else { last });
        } else {
            self.clock.run(false, now);
            self.jump(if forwards { last } else { first });
            self.tell(PlayerEvent::Ended);
        }
    }

    /// Shows the frame at the position, if it is decoded, and publishes the state of the player.
    fn publish(&mut self) {
        let frame = self.shared.window().get(self.position);
        if let Some(frame) = frame {
            if std::mem::take(&mut self.settling) {
                self.clock.set(self.entry_secs(self.position), Instant::now());
            }
            self.show(frame);
        }
        if let Some(sound) = &mut self.sound {
            sound.follow(self.clock.course().filter(|_| !self.settling));
        }
        let state =
            PlayerState { position: self.position, playing: self.clock.is_running(), speed: self.clock.speed() };
        let changed = std::mem::replace(&mut *self.shared.state(), state) != state;
        let obeyed = self.shared.obeyed.swap(self.obeyed, Ordering::AcqRel) != self.obeyed;
        if changed || obeyed {
            (self.wake)();
        }
    }

    fn show(&self, frame: Arc<Frame>) {
        let mut current = self.shared.current();
        if current.as_ref().is_none_or(|shown| !Arc::ptr_eq(shown, &frame)) {
            *current = Some(frame);
            drop(current);
            (self.wake)();
        }
    }

    /// Returns the frame to decode next: first the one to be shown, then those next in playback, then those before.
    fn most_needed(&mut self) -> Option<usize> {
        if self.broken {
            return None;
        }
        let shared = self.shared.clone();
        let window = shared.window();
        let kept = self.kept(window.reach());
        let backwards = self.is_backwards();
        if backwards && let Some(index) = self.next_of_stretch(&window, &kept) {
            // A range ends with the frame that is shown first, so the clock waits for all of it.
            self.settling |= window.get(self.position).is_none();
            return Some(index);
        }
        let ahead = if backwards { self.position } else { *kept.end() };
        let missing = window.first_missing(self.position..=ahead);
        // Frames played forwards are soon before the position anyway.
        let forwards = self.clock.is_running() && !backwards;
        if forwards || missing.is_some() { missing } else { self.next_before(&window, &kept) }
    }

    /// Returns a frame before the position to decode. Decoding runs forwards, so earlier frames are decoded in ranges,
    /// each started while enough frames are left.
    fn next_before(&mut self, window: &FrameWindow, kept: &RangeInclusive<usize>) -> Option<usize> {
        let left = window.run_before(self.position);
        let room = self.position - kept.start();
        let least = if self.is_backwards() { room / 2 } else { LEAST_BEFORE.min(room) };
        if self.stretch.is_none() && left < least {
            self.stretch = Some(*kept.start()..=self.position - 1 - left);
        }
        self.next_of_stretch(window, kept)
    }

    fn next_of_stretch(&mut self, window: &FrameWindow, kept: &RangeInclusive<usize>) -> Option<usize> {
        let stretch = self.stretch.as_ref()?;
        let missing = window.first_missing(*kept.start().max(stretch.start())..=*stretch.end());
        if missing.is_none() {
            self.stretch = None;
        }
        missing
    }

    /// Returns the frames worth keeping; when playing backwards, more of the earlier ones.
    fn kept(&self, reach: usize) -> RangeInclusive<usize> {
        let after = if self.is_backwards() { reach / 3 } else { reach };
        let before = 2 * reach - after;
        self.position.saturating_sub(before)..=(self.position + after).min(self.last())
    }

    fn is_backwards(&self) -> bool {
        self.clock.is_running() && self.clock.speed() < 0.0
    }

    fn decode(&mut self, index: usize) {
        let begun = Instant::now();
        let current = index == self.position;
        let due = self.next_due(begun).and_then(|wait| begun.checked_add(wait));
        let (shared, commands) = (self.shared.clone(), self.commands.clone());
        let abandon = || {
            let now = Instant::now();
            let patient = current && now - begun < DRAG_PATIENCE;
            // Decoding ahead pauses when the next frame is due and continues later.
            let overtaken = !current && due.is_some_and(|due| now >= due);
            shared.stop.load(Ordering::Acquire) || overtaken || (!patient && !commands.is_empty())
        };
        match self.reader.frame_unless(index, &abandon) {
            Ok(Some(frame)) => self.receive(Arc::new(frame), current),
            Ok(None) => {}
            Err(error) => {
                self.broken = true;
                self.tell(PlayerEvent::Warning(error));
            }
        }
        for warning in self.reader.take_warnings() {
            self.tell(PlayerEvent::Warning(warning));
        }
    }

    fn receive(&mut self, frame: Arc<Frame>, current: bool) {
        let mut window = self.shared.window();
        window.insert(frame.clone());
        let kept = self.kept(window.reach());
        window.keep(&kept);
        drop(window);
        if !current {
            return (self.wake)();
        }
        let now = Instant::now();
        let lag_secs = (self.clock.secs(now) - frame.pts_secs) / self.clock.speed();
        if self.clock.is_running() && !self.settling && lag_secs > MAX_LAG_SECS + frame.duration_secs {
            self.clock.set(self.entry_secs(frame.index), now);
        }
        self.show(frame);
    }

    /// Sleeps until the next frame is due or a command arrives; an error if the handle is dropped.
    fn sleep(&mut self) -> Result<(), Disconnected> {
        let command = match self.next_due(Instant::now()) {
            Some(due) => self.commands.recv_timeout(due.max(MIN_SLEEP)),
            None => self.commands.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match command {
            Ok(command) => self.obey(command),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(Disconnected),
        }
        Ok(())
    }

    /// Returns the time from `now` until the next frame is due; `None` while the clock is stopped.
    fn next_due(&self, now: Instant) -> Option<Duration> {
        let span = self.reader.span_secs(self.position);
        let edge = if self.clock.speed() > 0.0 { span.end } else { span.start - MOMENT_SECS };
        (self.clock.is_running() && !self.settling).then(|| self.clock.until(edge, now))
    }

    /// Returns the video time at which playback enters a frame, seconds.
    fn entry_secs(&self, index: usize) -> f64 {
        let span = self.reader.span_secs(index);
        if self.clock.speed() > 0.0 { span.start } else { span.end - MOMENT_SECS }
    }

    /// Returns the first and last frame of the played range.
    fn range(&self) -> (usize, usize) {
        self.repeat.unwrap_or((0, self.last()))
    }

    fn last(&self) -> usize {
        self.reader.info().frames - 1
    }

    fn tell(&self, event: PlayerEvent) {
        let _ = self.events.send(event); // Sending fails if the handle is dropped.
        (self.wake)();
    }
}

/// The handle is dropped.
struct Disconnected;
