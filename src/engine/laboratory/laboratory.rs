//! The handle of the laboratory that the coordinator holds: wishes in, threads behind it.

use std::path::PathBuf;
use std::sync::Arc;

use super::inspector::Inspector;
use super::measure::Measure;
use super::source_thread::SourceThread;
use super::wishes::{SharedWishes, Wishes};
use super::{FlowSource, LaboratorySettings, LaboratorySlots};
use crate::engine::FlowSelection;
use crate::engine::clip::Clip;
use crate::engine::follower::Results;
use crate::engine::outbox::Outbox;
use crate::engine::worker::Worker;
use crate::gpu::Compute;
use crate::video::Sizes;

/// Sources with a thread of their own, and its name. The model in use runs on the thread "inference".
const THREADS: [(FlowSource, &str); 4] = [
    (FlowSource::SecondNetwork, "second network"),
    (FlowSource::Tvl1, "tv-l1"),
    (FlowSource::Codec, "codec vectors"),
    (FlowSource::Truth, "ground truth"),
];

/// The threads of the laboratory; dropping it ends them.
pub(in crate::engine) struct Laboratory {
    wishes: SharedWishes,
    outbox: Outbox,
    compute: Compute,
    workers: Vec<Worker>,
    measure: Option<Measure>,
}

/// Starts the thread that looks at the flows, the first of the laboratory's: those that compute flows wake it.
pub(in crate::engine) fn start_inspector(
    wishes: &SharedWishes,
    slots: &Arc<LaboratorySlots>,
    outbox: &Outbox,
) -> Worker {
    let mut inspector = Inspector::new(wishes.clone(), slots.clone(), outbox.clone());
    Worker::start("inspector", move || inspector.step())
}

impl Laboratory {
    /// Starts a thread per source; `score` wakes the one that feeds the temporal stream.
    pub fn start(
        compute: &Compute,
        results: &Results,
        wishes: SharedWishes,
        inspector: Worker,
        score: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        let source = |(kind, name)| {
            let mut thread = SourceThread::new(kind, compute.clone(), wishes.clone(), results.clone(), score.clone());
            Worker::start(name, move || thread.step())
        };
        let workers = THREADS.map(source).into_iter().chain([inspector]).collect();
        Self { wishes, outbox: results.outbox.clone(), compute: compute.clone(), workers, measure: None }
    }

    /// Follows another clip, or none.
    pub fn follow(&mut self, clip: Option<Clip>) {
        self.measure = None;
        self.wish(|wishes| wishes.clip = clip);
    }

    /// Shows another pair.
    pub fn select(&self, selection: FlowSelection) {
        self.wish(|wishes| wishes.selection = selection);
    }

    /// Works with other settings.
    pub fn set(&self, settings: LaboratorySettings) {
        self.wish(|wishes| wishes.settings = Arc::new(settings));
    }

    /// Takes note of the model in use.
    pub fn use_model(&self, dir: PathBuf) {
        self.wish(|wishes| {
            wishes.model = Some(dir);
            wishes.model_generation += 1;
        });
    }

    /// Measures the whole clip with frames decoded in `sizes`.
    pub fn measure(&mut self, sizes: Sizes) {
        self.measure = None; // ends an older one
        let (wishes, compute, outbox) = (self.wishes.get(), self.compute.clone(), self.outbox.clone());
        self.measure = Some(Measure::start(wishes, sizes, compute, outbox));
    }

    /// Ends the measurement of the clip.
    pub fn stop_measuring(&mut self) {
        self.measure = None;
    }

    /// Makes all threads look at the player again; callable from any thread.
    pub fn waker(&self) -> impl Fn() + Send + Sync + Clone + use<> {
        let wakers: Vec<_> = self.workers.iter().map(Worker::waker).collect();
        move || wakers.iter().for_each(|wake| wake())
    }

    fn wish(&self, change: impl FnOnce(&mut Wishes)) {
        self.wishes.change(change);
        self.waker()();
    }
}
