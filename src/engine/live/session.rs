//! State of one live source, shared by the engine's threads and the window.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::clip_file::slow_capture;
use super::recorder::LiveRecorder;
use super::repaint_pace::RepaintPace;
use super::{LiveResult, RecordingStatus};
use crate::engine::runtime::events::EventSender;
use crate::engine::{Latest, LiveEvent, LiveOrder, LiveSettings, Message, RecordingOrder};
use crate::video::{Camera, CameraInfo, CameraNews, CameraSource, CameraStatus, Frame, LiveFrame, Sizes, SlowCapture};

/// Longest side of the frames kept for the screen and for clips, pixels: several seconds are in memory.
const DISPLAY_MAX: u32 = 960;

/// A snapshot of a live source.
#[derive(Clone)]
pub struct LiveView {
    /// The source.
    pub source: CameraSource,
    /// Status of the camera.
    pub camera: CameraStatus,
    /// The newest frame.
    pub frame: Option<Arc<Frame>>,
    /// The newest result.
    pub result: Option<Arc<LiveResult>>,
    /// The current recording.
    pub recording: Option<RecordingStatus>,
    /// Number of frames held for a correction.
    pub held: Option<usize>,
    /// The rates of a clip saved now, if fewer than half of the source's frames arrived.
    pub slow: Option<SlowCapture>,
}

impl LiveView {
    /// Returns how many frames are newer than the newest result.
    pub fn frames_behind(&self) -> usize {
        let newest = self.frame.as_ref().zip(self.result.as_ref());
        newest.map_or(0, |(frame, result)| frame.index.saturating_sub(result.frame.index))
    }

    /// Returns the share of frames without a prediction since the first one. One of the frames newer than the newest
    /// result may still get its own.
    pub fn skipped_share(&self) -> Option<f64> {
        let result = self.result.as_ref()?;
        let skipped = result.skipped + self.frames_behind().saturating_sub(1) as u64;
        Some(skipped as f64 / (skipped + result.answered).max(1) as f64)
    }
}

/// Length of a correction clip in seconds.
pub const CLIP_SECS: f64 = 3.0;

/// Frames for a correction, with information about their source.
#[derive(Default)]
pub(in crate::engine) struct HeldFrames {
    /// The frames, oldest first.
    pub frames: Vec<LiveFrame>,
    /// The rate that the source claims.
    pub source_fps: Option<f64>,
    /// Path of the video, if the source is a played one.
    pub played: Option<PathBuf>,
}

/// A running source.
pub(in crate::engine) struct LiveSession {
    pub camera: Arc<Camera>,
    /// The newest result.
    pub result: Arc<Latest<LiveResult>>,
    settings: Mutex<LiveSettings>,
    held: Mutex<Option<Vec<LiveFrame>>>,
    recorder: Mutex<Option<LiveRecorder>>,
}

impl LiveSession {
    /// Starts the camera of `order`; `look` is called for every new frame.
    pub fn start(order: LiveOrder, sizes: Sizes, events: EventSender, look: impl Fn() + Send + Sync + 'static) -> Self {
        let result = Arc::<Latest<LiveResult>>::default();
        let pace = RepaintPace::new(result.clone());
        let tell = move |news| match news {
            CameraNews::Frame => {
                look();
                if pace.is_due(Instant::now()) {
                    events.wake();
                }
            }
            CameraNews::Connected(info) => events.send(Message::Live(LiveEvent::Connected(in_words(&info)))),
            CameraNews::Interrupted(error) => events.send(Message::Live(LiveEvent::Interrupted(error))),
            CameraNews::Failed(error) => events.send(Message::Live(LiveEvent::Failed(error))),
        };
        let camera = Arc::new(Camera::open(order.source, live_sizes(sizes), Arc::new(tell)));
        Self {
            camera,
            result,
            settings: Mutex::new(order.settings),
            held: Mutex::default(),
            recorder: Mutex::default(),
        }
    }

    /// Returns the settings for predictions.
    pub fn settings(&self) -> LiveSettings {
        *locked(&self.settings)
    }

    /// Changes the settings for predictions.
    pub fn set(&self, settings: LiveSettings) {
        *locked(&self.settings) = settings;
    }

    /// Sets the pictures that frames carry, for another model.
    pub fn resize(&self, sizes: Sizes) {
        self.camera.set_sizes(live_sizes(sizes));
    }

    /// Holds the last seconds for a correction, or releases them.
    pub fn hold(&self, hold: bool) {
        let frames = hold.then(|| self.camera.last(CLIP_SECS));
        *locked(&self.held) = frames;
    }

    /// Takes the held frames, if any.
    pub fn take_held(&self) -> Option<HeldFrames> {
        let frames = locked(&self.held).take();
        frames.map(|frames| self.with_source(frames))
    }

    /// Takes the held frames, or the last seconds.
    pub fn take_held_or_last(&self) -> HeldFrames {
        self.take_held().unwrap_or_else(|| self.with_source(self.camera.last(CLIP_SECS)))
    }

    fn with_source(&self, frames: Vec<LiveFrame>) -> HeldFrames {
        let played = match self.camera.source() {
            CameraSource::File(path) => Some(path.clone()),
            _ => None,
        };
        HeldFrames { frames, source_fps: self.camera.claimed_fps(), played }
    }

    /// Starts a recording, or completes it.
    pub fn record(&self, order: Option<RecordingOrder>, events: &EventSender) {
        let before = locked(&self.recorder).take();
        drop(before); // waits for the disk, without a lock
        *locked(&self.recorder) =
            order.map(|order| LiveRecorder::start(order, self.camera.clone(), self.result.clone(), events.clone()));
    }

    fn view(&self) -> LiveView {
        LiveView {
            source: self.camera.source().clone(),
            camera: self.camera.status(),
            frame: self.camera.newest().map(|live| live.frame),
            result: self.result.get(),
            recording: locked(&self.recorder).as_ref().and_then(LiveRecorder::status),
            held: locked(&self.held).as_ref().map(Vec::len),
            slow: slow_capture(&self.camera.last(CLIP_SECS), self.camera.claimed_fps()),
        }
    }
}

/// The session, shared with the handle.
#[derive(Clone, Default)]
pub(in crate::engine) struct SharedLive(Arc<Mutex<Option<Arc<LiveSession>>>>);

impl SharedLive {
    /// Returns a snapshot. It keeps no reference to the session: its last owner waits for the camera, which must not be
    /// a window.
    pub fn view(&self) -> Option<LiveView> {
        locked(&self.0).as_deref().map(LiveSession::view)
    }

    /// Replaces the session.
    pub fn replace(&self, session: Option<Arc<LiveSession>>) {
        let before = std::mem::replace(&mut *locked(&self.0), session);
        drop(before);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn live_sizes(sizes: Sizes) -> Sizes {
    Sizes { display_max: sizes.display_max.min(DISPLAY_MAX), ..sizes }
}

fn in_words(info: &CameraInfo) -> String {
    let rate = info.fps.map_or(String::new(), |fps| format!(", {} fps", (100.0 * fps).round() / 100.0));
    format!("{}×{} {}{rate}", info.width, info.height, info.codec)
}
