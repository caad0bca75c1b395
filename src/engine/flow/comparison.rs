//! The dispatcher's handle of the flow comparison: it sets the desired state for the threads.

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::benchmark;
use super::clip_motion::ClipMotionWorker;
use super::desired::{DesiredFlows, SharedDesiredFlows};
use super::diagnostics::DiagnosticsWorker;
use super::export;
use super::measure::measure;
use super::thread::SourceThread;
use super::{FlowBasis, FlowSettings, FlowSource, LatestFlows};
use crate::engine::inference::playback::PlaybackResults;
use crate::engine::inference::target::PlayedClip;
use crate::engine::runtime::events::EventSender;
use crate::engine::runtime::job::{Job, JobStop};
use crate::engine::runtime::worker::Worker;
use crate::engine::{BenchmarkPlan, FlowExport, FlowSelection, Message, Topic};
use crate::error::{Error, Result};
use crate::evaluation::flow_benchmarks::BenchmarkPair;
use crate::gpu::Compute;
use crate::video::Sizes;

/// Sources with their own thread, and its name. The model in use runs on the thread "inference".
const THREADS: [(FlowSource, &str); 5] = [
    (FlowSource::SecondNetwork, "second network"),
    (FlowSource::Tvl1, "tv-l1"),
    (FlowSource::Dis, "dis"),
    (FlowSource::Codec, "codec vectors"),
    (FlowSource::Truth, "ground truth"),
];

/// The threads of the flow comparison; dropping it ends them.
pub(in crate::engine) struct ComparisonThread {
    desired: SharedDesiredFlows,
    events: EventSender,
    compute: Compute,
    workers: Vec<Worker>,
    measurement: Option<Job>,
    export: Option<Job>,
    benchmark: Option<Job>,
    /// A benchmark pair being converted to a clip.
    pair: Option<Job>,
    /// The folder of such clips until the program ends.
    pair_dir: Option<Arc<TempDir>>,
}

/// Starts the diagnostics thread, the first of the flow comparison: the threads that compute flows wake it.
pub(in crate::engine) fn start_diagnostics(
    desired: &SharedDesiredFlows,
    flows: &Arc<LatestFlows>,
    events: &EventSender,
) -> Worker {
    let mut diagnostics = DiagnosticsWorker::new(desired.clone(), flows.clone(), events.clone());
    Worker::start("diagnostics", move || diagnostics.step())
}

impl ComparisonThread {
    /// Starts one thread per source; `score` wakes the thread that runs the temporal stream.
    pub fn start(
        compute: &Compute,
        results: &PlaybackResults,
        desired: SharedDesiredFlows,
        diagnostics: Worker,
        score: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        let source = |(kind, name)| {
            let mut thread = SourceThread::new(kind, compute.clone(), desired.clone(), results.clone(), score.clone());
            Worker::start(name, move || thread.step())
        };
        let mut motion = ClipMotionWorker::new(desired.clone(), results.comparison.clone(), results.events.clone());
        let motion = Worker::start("clip motion", move || motion.step());
        let workers = THREADS.map(source).into_iter().chain([diagnostics, motion]).collect();
        let (events, compute) = (results.events.clone(), compute.clone());
        let (measurement, export, benchmark, pair) = (None, None, None, None);
        Self { desired, events, compute, workers, measurement, export, benchmark, pair, pair_dir: None }
    }

    /// Follows another clip, or none. A running measurement ends after the current pair.
    pub fn follow(&mut self, clip: Option<PlayedClip>) {
        self.leave_measurement();
        self.change(|desired| desired.clip = clip);
    }

    /// Selects another pair.
    pub fn select(&self, selection: FlowSelection) {
        self.change(|desired| desired.selection = selection);
    }

    /// Applies new settings. Stops a measurement whose statistics would change.
    pub fn set(&self, settings: FlowSettings) {
        let before = self.desired.get().basis();
        let after = FlowBasis { settings: Arc::new(settings.clone()), ..before.clone() };
        if !FlowSource::ALL.into_iter().all(|source| before.has_same_figures(&after, source)) {
            self.measurement.iter().for_each(Job::stop);
        }
        self.change(|desired| desired.settings = Arc::new(settings));
    }

    /// Records the model in use and its generation. Stops a running measurement.
    pub fn use_model(&self, dir: PathBuf, generation: u64) {
        self.measurement.iter().for_each(Job::stop);
        self.change(|desired| {
            desired.model = Some(dir);
            desired.model_generation = generation;
        });
    }

    /// Measures the whole clip with frames decoded in `sizes`, as measurement `number`; `None` stops the measurement.
    pub fn measure(&mut self, number: Option<u64>, sizes: Sizes) {
        let Some(number) = number else { return self.measurement.iter().for_each(Job::stop) };
        self.leave_measurement();
        self.measurement = Some(self.job(
            "measurement",
            Topic::Flow,
            Message::MeasureEnded(number),
            move |desired, compute, events, stop| measure(number, desired, sizes, compute, events, stop),
        ));
    }

    /// Leaves the running measurement; messages that it still sends carry its number.
    fn leave_measurement(&mut self) {
        self.measurement.take().into_iter().for_each(Job::leave);
    }

    /// Exports flow of the whole clip with frames decoded in `sizes`.
    pub fn export(&mut self, export: FlowExport, sizes: Sizes) {
        self.end_export();
        self.export =
            Some(self.job("export", Topic::Export, Message::ExportEnded, move |desired, compute, events, stop| {
                export::write(&export, desired, sizes, compute, events, stop)
            }));
    }

    /// Stops the export, without waiting for the current pair.
    pub fn stop_export(&self) {
        self.export.iter().for_each(Job::stop);
    }

    /// Stops the export and waits for it to end.
    pub fn end_export(&mut self) {
        self.export = None;
    }

    /// Runs a benchmark; `None` stops the current one, without waiting for the current pair.
    pub fn benchmark(&mut self, plan: Option<BenchmarkPlan>) {
        let Some(plan) = plan else { return self.benchmark.iter().for_each(Job::stop) };
        self.benchmark = None; // ends an older one
        self.benchmark = Some(self.job(
            "benchmark",
            Topic::Benchmark,
            Message::BenchmarkEnded,
            move |desired, compute, events, stop| benchmark::run(&plan, desired, compute, events, stop),
        ));
    }

    /// Converts a benchmark pair to a clip that can be opened.
    pub fn show_pair(&mut self, pair: BenchmarkPair) {
        self.pair = None;
        let dir = match &self.pair_dir {
            Some(dir) => dir.clone(),
            None => match tempfile::tempdir() {
                Ok(dir) => self.pair_dir.insert(Arc::new(dir)).clone(),
                Err(error) => return self.events.problem(Topic::Clip, Error::io(&std::env::temp_dir(), &error)),
            },
        };
        let end = Message::Note(format!("{} is ready", pair.name));
        self.pair = Some(self.job("pair", Topic::Clip, end, move |_, _, events, _| {
            let (clip, truth) = benchmark::as_clip(&pair, dir.path())?;
            events.send(Message::PairReady { clip, truth });
            Ok(())
        }));
    }

    fn job(
        &self,
        name: &'static str,
        topic: Topic,
        end: Message,
        work: impl FnOnce(&DesiredFlows, &Compute, &EventSender, &JobStop) -> Result<()> + Send + 'static,
    ) -> Job {
        let (desired, compute, events) = (self.desired.get(), self.compute.clone(), self.events.clone());
        Job::start(name, topic, self.events.clone(), end, move |stop| work(&desired, &compute, &events, stop))
    }

    /// Returns a function that wakes all threads; callable from any thread.
    pub fn waker(&self) -> impl Fn() + Send + Sync + Clone + use<> {
        let wakers: Vec<_> = self.workers.iter().map(Worker::waker).collect();
        move || wakers.iter().for_each(|wake| wake())
    }

    fn change(&self, change: impl FnOnce(&mut DesiredFlows)) {
        self.desired.change(change);
        self.waker()();
    }
}
