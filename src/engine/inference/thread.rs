//! The thread "inference", which runs the model in use for the viewer.
//!
//! It always works on the newest desired state; obsolete work is never started. [`PlaybackInference`] decides what is
//! computed for a clip.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::playback::{PlaybackInference, PlaybackResults, PlaybackView};
use super::target::PlayedClip;
use crate::engine::flow::{FlowSettings, FlowSource};
use crate::engine::live::LiveSession;
use crate::engine::runtime::worker::Worker;
use crate::engine::{FlowSelection, InferencePipeline, LiveInference, Message, Topic, WINDOW_PAIRS};
use crate::error::Result;
use crate::gpu::{Compute, ComputeKind};
use crate::nets::HiddenTwoStream;
use crate::panic_guard::caught;

/// The desired state of the thread; only the newest values count.
struct DesiredInference {
    clip: Option<PlayedClip>,
    live: Option<Arc<LiveSession>>,
    view: PlaybackView,
    load: Option<PathBuf>,
    /// Incremented with each request to load or to cancel, to detect a model that is obsolete once it is loaded.
    loads: u64,
}

/// The handle of the thread; dropping it ends the thread.
pub(in crate::engine) struct Inference {
    desired: Arc<Mutex<DesiredInference>>,
    worker: Worker,
}

impl Inference {
    /// Starts the thread, which passes each loaded model and its folder to `on_model`.
    pub fn start(
        compute: Compute,
        results: PlaybackResults,
        on_model: impl Fn(PathBuf, &InferencePipeline) + Send + 'static,
    ) -> Self {
        let view = PlaybackView {
            selection: FlowSelection::default(),
            stride: 1,
            backward: false,
            pyramid: false,
            strip: false,
        };
        let desired = Arc::new(Mutex::new(DesiredInference { clip: None, live: None, view, load: None, loads: 0 }));
        let (on_model, shared) = (Box::new(on_model), desired.clone());
        let mut thread =
            InferenceThread { compute, desired: shared, results, on_model, playback: None, live_inference: None };
        Self { desired, worker: Worker::start("inference", move || thread.step()) }
    }

    /// Follows another clip, or none.
    pub fn follow(&self, clip: Option<PlayedClip>) {
        self.change(|desired| desired.clip = clip);
    }

    /// Follows a live source instead of the clip; `None` ends that.
    pub fn watch(&self, live: Option<Arc<LiveSession>>) {
        self.change(|desired| desired.live = live);
    }

    /// Selects the flow to show.
    pub fn select(&self, selection: FlowSelection) {
        self.change(|desired| desired.view.selection = selection);
    }

    /// Applies those settings of the flow comparison that concern the network.
    pub fn set(&self, settings: &FlowSettings) {
        self.change(|desired| {
            desired.view.stride = settings.stride();
            desired.view.backward = settings.wants_backward(FlowSource::Network);
            desired.view.pyramid = settings.pyramid;
            desired.view.strip = settings.wants_strip(FlowSource::Network);
        });
    }

    /// Loads another model.
    pub fn load(&self, dir: PathBuf) {
        self.change(|desired| (desired.load, desired.loads) = (Some(dir), desired.loads + 1));
    }

    /// Cancels the loading of a model; the current one stays.
    pub fn cancel_loading(&self) {
        self.change(|desired| (desired.load, desired.loads) = (None, desired.loads + 1));
    }

    /// Returns a function that wakes the thread; callable from any thread.
    pub fn waker(&self) -> impl Fn() + Send + Sync + Clone + use<> {
        self.worker.waker()
    }

    fn change(&self, change: impl FnOnce(&mut DesiredInference)) {
        change(&mut locked(&self.desired));
        self.waker()();
    }
}

fn locked(desired: &Mutex<DesiredInference>) -> MutexGuard<'_, DesiredInference> {
    desired.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A callback for a loaded model, with its folder and pipeline.
type OnModel = Box<dyn Fn(PathBuf, &InferencePipeline) + Send>;

/// The state of the thread.
struct InferenceThread {
    compute: Compute,
    desired: Arc<Mutex<DesiredInference>>,
    results: PlaybackResults,
    on_model: OnModel,
    playback: Option<PlaybackInference>,
    /// The current live source and its inference.
    live_inference: Option<(Arc<LiveSession>, LiveInference)>,
}

impl InferenceThread {
    /// Performs the most urgent step; returns false if there is nothing to do until something changes.
    fn step(&mut self) -> bool {
        let (load, number, clip, live, view) = {
            let mut desired = locked(&self.desired);
            (desired.load.take(), desired.loads, desired.clip.clone(), desired.live.clone(), desired.view)
        };
        if let Some(dir) = load {
            self.load(&dir, number);
            return true;
        }
        self.switch_source(live);
        let Some(playback) = &mut self.playback else { return false };
        let step = || match &mut self.live_inference {
            Some((live, live_inference)) => watch(live, live_inference, playback.pipeline(), view, &self.results),
            None => playback.step(clip, view),
        };
        caught("networks", step).unwrap_or_else(|error| {
            // The networks' state is unreliable after a failure; the viewer continues without them.
            self.playback = None;
            self.forget();
            self.results.events.problem(Topic::Model, error);
            false
        })
    }

    /// Switches to a live source, or back to the clip. Frame indices then refer to other frames.
    fn switch_source(&mut self, live: Option<Arc<LiveSession>>) {
        let is_same = match (&self.live_inference, &live) {
            (Some((old, _)), Some(new)) => Arc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if is_same {
            return;
        }
        self.live_inference = live.map(|live| (live.clone(), LiveInference::new(live.camera.clone())));
        if let Some(playback) = &mut self.playback {
            playback.release();
        }
    }

    /// Replaces the model; if that fails or is cancelled meanwhile, the current one stays.
    fn load(&mut self, dir: &Path, number: u64) {
        let loaded = caught("model", || HiddenTwoStream::load(dir, &self.compute.device));
        if locked(&self.desired).loads != number {
            return;
        }
        match loaded {
            Ok(model) => {
                let pipeline = InferencePipeline::new(model, &self.compute);
                self.forget(); // before the new classes are published
                (self.on_model)(dir.to_owned(), &pipeline);
                self.results.events.send(Message::ModelLoaded(pipeline.info(dir)));
                let fault = pipeline.card().flow_fault(dir);
                fault.into_iter().for_each(|fault| self.results.events.problem(Topic::Model, fault));
                let pairs_at_once = match self.compute.kind {
                    ComputeKind::Gpu => WINDOW_PAIRS,
                    ComputeKind::Cpu => 1,
                };
                self.playback = Some(PlaybackInference::new(pipeline, pairs_at_once, self.results.clone()));
            }
            Err(error) => self.results.events.send(Message::ModelFailed(dir.to_owned(), error)),
        }
    }

    /// Clears the results of the previous model.
    fn forget(&self) {
        if let Some((live, _)) = &self.live_inference {
            live.result.clear();
        }
        self.results.analysis.clear();
        self.results.comparison.clear(FlowSource::Network);
    }
}

/// Processes the newest window of a live source; returns false if it was processed before.
fn watch(
    live: &LiveSession,
    live_inference: &mut LiveInference,
    pipeline: &mut InferencePipeline,
    view: PlaybackView,
    results: &PlaybackResults,
) -> Result<bool> {
    let Some(result) = live_inference.step(pipeline, live.settings(), view.selection.level)? else { return Ok(false) };
    live.result.put(result);
    results.events.wake();
    Ok(true)
}
