//! The handle of the laboratory that the coordinator holds: wishes in, threads behind it.

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::benchmark;
use super::export;
use super::inspector::Inspector;
use super::measure::measure;
use super::source_thread::SourceThread;
use super::wishes::{SharedWishes, Wishes};
use super::{FlowSource, LaboratorySettings, LaboratorySlots};
use crate::engine::inference::playback::Results;
use crate::engine::inference::target::Clip;
use crate::engine::runtime::events::EventSender;
use crate::engine::runtime::job::{Job, Stop};
use crate::engine::runtime::worker::Worker;
use crate::engine::{BenchmarkPlan, FlowExport, FlowSelection, Message};
use crate::error::{Error, Result};
use crate::evaluation::flow_benchmarks::BenchmarkPair;
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
    outbox: EventSender,
    compute: Compute,
    workers: Vec<Worker>,
    measurement: Option<Job>,
    export: Option<Job>,
    benchmark: Option<Job>,
    /// The pair of a benchmark that is being made a clip.
    pair: Option<Job>,
    /// Where such clips lie until the program ends.
    pair_dir: Option<Arc<TempDir>>,
}

/// Starts the thread that looks at the flows, the first of the laboratory's: those that compute flows wake it.
pub(in crate::engine) fn start_inspector(
    wishes: &SharedWishes,
    slots: &Arc<LaboratorySlots>,
    outbox: &EventSender,
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
        let (outbox, compute) = (results.outbox.clone(), compute.clone());
        let (measurement, export, benchmark, pair) = (None, None, None, None);
        Self { wishes, outbox, compute, workers, measurement, export, benchmark, pair, pair_dir: None }
    }

    /// Follows another clip, or none.
    pub fn follow(&mut self, clip: Option<Clip>) {
        self.measurement = None;
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

    /// Measures the whole clip with frames decoded in `sizes`, or stops doing so.
    pub fn measure(&mut self, sizes: Option<Sizes>) {
        self.measurement = None; // ends an older one
        self.measurement = sizes.map(|sizes| {
            self.job("measurement", Message::MeasureEnded, move |wishes, compute, outbox, stop| {
                measure(wishes, sizes, compute, outbox, stop)
            })
        });
    }

    /// Exports flow of the whole clip with frames decoded in `sizes`, or stops doing so.
    pub fn export(&mut self, export: Option<FlowExport>, sizes: Sizes) {
        self.export = None;
        self.export = export.map(|export| {
            self.job("export", Message::ExportEnded, move |wishes, compute, outbox, stop| {
                export::write(&export, wishes, sizes, compute, outbox, stop)
            })
        });
    }

    /// Runs a benchmark, or stops doing so.
    pub fn benchmark(&mut self, plan: Option<BenchmarkPlan>) {
        self.benchmark = None;
        self.benchmark = plan.map(|plan| {
            self.job("benchmark", Message::BenchmarkEnded, move |wishes, compute, outbox, stop| {
                benchmark::run(&plan, wishes, compute, outbox, stop)
            })
        });
    }

    /// Makes a pair of a benchmark a clip that can be opened.
    pub fn show_pair(&mut self, pair: BenchmarkPair) {
        self.pair = None;
        let dir = match &self.pair_dir {
            Some(dir) => dir.clone(),
            None => match tempfile::tempdir() {
                Ok(dir) => self.pair_dir.insert(Arc::new(dir)).clone(),
                Err(error) => return self.outbox.problem(Error::io(&std::env::temp_dir(), &error)),
            },
        };
        self.pair = Some(self.job("pair", Message::Note(format!("{} is ready", pair.name)), move |_, _, outbox, _| {
            let (clip, truth) = benchmark::as_clip(&pair, dir.path())?;
            outbox.send(Message::PairReady { clip, truth });
            Ok(())
        }));
    }

    fn job(
        &self,
        name: &'static str,
        end: Message,
        work: impl FnOnce(&Wishes, &Compute, &EventSender, &Stop) -> Result<()> + Send + 'static,
    ) -> Job {
        let (wishes, compute, outbox) = (self.wishes.get(), self.compute.clone(), self.outbox.clone());
        Job::start(name, self.outbox.clone(), end, move |stop| work(&wishes, &compute, &outbox, stop))
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
