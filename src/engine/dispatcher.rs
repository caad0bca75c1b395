//! The thread "engine": receives requests and the player's events, and starts and stops all other work.
//!
//! It only dispatches; anything slow runs on another thread.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use crossbeam_channel::{Receiver, Sender, never, select};

use super::dense::job as prediction;
use super::evaluation;
use super::flow::{ComparisonThread, LatestFlows, SharedDesiredFlows, start_diagnostics};
use super::inference::playback::PlaybackResults;
use super::inference::target::PlayedClip;
use super::inference::thread::Inference;
use super::inference::whole_clip;
use super::labeling::suggestions;
use super::live::{Corrections, HeldFrames, LiveSession, SharedLive};
use super::overlay_video;
use super::pinned::{Pinned, PinnedResults};
use super::runtime::events::EventSender;
use super::runtime::job::{Job, JobStop};
use super::runtime::training_run::TrainingRun;
use super::{
    Analysis, ClipScoresOrder, EvaluationOrder, InferencePipeline, Latest, LiveOrder, Message, OverlayExport,
    PredictionOrder, Request, StepTimingOrder, SuggestionOrder, Topic,
};
use crate::error::Error;
use crate::gpu::{Compute, ComputeKind};
use crate::panic_guard::caught;
use crate::sample::{self, SampleSize};
use crate::training::{TrainingPlan, step_times};
use crate::video::{Geometry, Player, PlayerCommand, PlayerEvent, Sizes, camera_devices};

/// Longest side of displayed frames in pixels, until a model sets the sizes.
const DISPLAY_MAX: u32 = 1280;
/// Fixed, so that the sample is the same on every machine.
const SAMPLE_SEED: u64 = 1;

/// A command to the dispatcher thread.
#[expect(clippy::large_enum_variant, reason = "requests are few, and sent one at a time")]
pub(super) enum Command {
    Request(Request),
    /// The model of this folder is in use and needs frames of these sizes. On the CPU other threads may share it.
    ModelInUse {
        dir: PathBuf,
        generation: u64,
        sizes: Sizes,
        model: Option<Box<InferencePipeline>>,
    },
    Quit,
}

/// The player, shared with the handle.
#[derive(Clone, Default)]
pub(super) struct SharedPlayer(Arc<Mutex<Option<Arc<Player>>>>);

impl SharedPlayer {
    /// Passes the player to `look` without keeping a reference, so that a window never keeps a closed video open.
    pub fn with<T>(&self, look: impl FnOnce(&Player) -> T) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_deref().map(look)
    }

    pub fn replace(&self, player: Option<Arc<Player>>) -> Option<Arc<Player>> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), player)
    }
}

/// The state shared by the handle and the thread.
pub(super) struct Shared {
    /// The player of the clip.
    pub player: SharedPlayer,
    /// The networks' scores of the clip.
    pub analysis: Arc<Latest<Analysis>>,
    /// The live source.
    pub live: SharedLive,
    /// The newest flows of each source.
    pub comparison: Arc<LatestFlows>,
    /// The results on pinned clips.
    pub pinned: Arc<Latest<PinnedResults>>,
}

/// The state of the thread.
pub(super) struct Dispatcher {
    compute: Compute,
    shared_player: SharedPlayer,
    player: Option<Arc<Player>>,
    /// Results for the clip; cleared when it is closed.
    analysis: Arc<Latest<Analysis>>,
    flows: Arc<LatestFlows>,
    shared_live: SharedLive,
    live: Option<Arc<LiveSession>>,
    /// Frames held for a correction, of a source that ended before the user chose the class.
    held: Option<HeldFrames>,
    corrections: Corrections,
    sizes: Sizes,
    inference: Inference,
    comparison: ComparisonThread,
    overlay_video: Option<Job>,
    evaluation: Option<Job>,
    suggestions: Option<Job>,
    predictions: Option<Job>,
    step_timing: Option<Job>,
    sample: Option<Job>,
    clip_scores: Option<Job>,
    /// The model in use, if other threads may share it.
    model: Option<Box<InferencePipeline>>,
    training: Option<TrainingRun>,
    pinned: Pinned,
    events: EventSender,
}

impl Dispatcher {
    /// Starts the threads that follow the player; `commands` sends to this dispatcher.
    pub fn new(compute: Compute, shared: Shared, events: EventSender, commands: Sender<Command>) -> Self {
        let Shared { player: shared_player, analysis, live: shared_live, comparison: flows, pinned: pinned_results } =
            shared;
        let desired = SharedDesiredFlows::default();
        let diagnostics = start_diagnostics(&desired, &flows, &events);
        let diagnose = Arc::new(diagnostics.waker());
        let (kept_analysis, kept_flows) = (analysis.clone(), flows.clone());
        let results = PlaybackResults { analysis, comparison: flows, events: events.clone(), diagnose };
        // Sending fails after this thread has ended.
        let is_shared = compute.kind == ComputeKind::Cpu; // On a GPU, tensors stay on the thread that created them.
        let on_model = move |dir, pipeline: &InferencePipeline| {
            let model = is_shared.then(|| Box::new(pipeline.clone()));
            let (generation, sizes) = (pipeline.generation(), pipeline.sizes());
            _ = commands.send(Command::ModelInUse { dir, generation, sizes, model });
        };
        let inference = Inference::start(compute.clone(), results.clone(), on_model);
        let score = Arc::new(inference.waker());
        let comparison = ComparisonThread::start(&compute, &results, desired, diagnostics, score);
        let sizes = Sizes { display_max: DISPLAY_MAX, scaled: Vec::new() };
        let pinned = Pinned::start(compute.clone(), pinned_results, events.clone());
        Self {
            compute,
            shared_player,
            player: None,
            analysis: kept_analysis,
            flows: kept_flows,
            shared_live,
            live: None,
            held: None,
            corrections: Corrections::start(events.clone()),
            sizes,
            inference,
            comparison,
            overlay_video: None,
            evaluation: None,
            suggestions: None,
            predictions: None,
            step_timing: None,
            sample: None,
            clip_scores: None,
            model: None,
            training: None,
            pinned,
            events,
        }
    }

    /// Runs until the command to quit.
    pub fn run(mut self, commands: &Receiver<Command>) {
        loop {
            let events = self.player.as_ref().map_or_else(never, |player| player.events().clone());
            select! {
                recv(commands) -> command => match command {
                    Ok(Command::Request(request)) => self.handle(request),
                    Ok(Command::ModelInUse { dir, generation, sizes, model }) => {
                        self.score_clip(None);
                        self.model = model;
                        self.comparison.use_model(dir, generation);
                        self.resize(sizes);
                    }
                    Ok(Command::Quit) | Err(_) => break,
                },
                recv(events) -> event => match event {
                    Ok(event) => self.on_player(event),
                    Err(_) => self.close(), // The decoder has ended; an earlier event reported why.
                },
            }
        }
        if let Some(job) = self.step_timing.take() {
            job.leave();
        }
        self.stop_live();
        self.close();
    }

    fn handle(&mut self, request: Request) {
        match request {
            Request::Open(path) => self.open(&path),
            Request::Close => self.close(),
            Request::Player(command) => self.command_player(command),
            Request::LoadModel(dir) => self.inference.load(dir),
            Request::TimeSteps(order) => self.time_steps(order),
            Request::CancelLoading => self.inference.cancel_loading(),
            Request::Select(selection) => {
                self.inference.select(selection);
                self.comparison.select(selection);
            }
            Request::FlowComparison(settings) => {
                self.inference.set(&settings);
                self.comparison.set(*settings);
            }
            Request::MeasureClip(number) => self.comparison.measure(number, self.sizes.clone()),
            Request::Export(Some(export)) => {
                self.overlay_video = None; // ends an older one
                self.comparison.export(export, self.sizes.clone());
            }
            Request::Export(None) => {
                self.overlay_video.iter().for_each(Job::stop);
                self.comparison.stop_export();
            }
            Request::ExportAnnotated(export) => self.annotate(*export),
            Request::Benchmark(plan) => self.comparison.benchmark(plan),
            Request::ShowPair(pair) => self.comparison.show_pair(*pair),
            Request::Evaluate(order) => self.evaluate(order),
            Request::Live(order) => self.watch(order),
            Request::SetLive(settings) => self.with_live(|live| live.set(settings)),
            Request::ListCameras => self.list_cameras(),
            Request::RecordLive(Some(order)) => {
                self.of_live("recording", |live| live.record(Some(*order), &self.events));
            }
            Request::RecordLive(None) => self.with_live(|live| live.record(None, &self.events)),
            Request::HoldLive(hold) => {
                self.held = None;
                self.with_live(|live| live.hold(hold));
            }
            // If the queue of corrections is full, the held frames are kept.
            Request::CorrectLive { folder, class } => match &mut self.held {
                held @ Some(_) => self.corrections.save(|| held.take().unwrap_or_default(), folder, class),
                None => {
                    let save = |live: &LiveSession| self.corrections.save(|| live.take_held_or_last(), folder, class);
                    self.of_live("correction", save);
                }
            },
            Request::ListCorrections(folder) => self.corrections.list(folder),
            Request::RemoveCorrection { folder, clip } => self.corrections.remove(folder, clip),
            Request::RestoreCorrection(removed) => self.corrections.restore(removed),
            Request::Train(plan) => self.train(vec![plan]),
            Request::TrainInTurn(plans) => self.train(plans),
            Request::Suggest(order) => self.suggest(order),
            Request::Predict(order) => self.predict(order),
            Request::ScoreClip(order) => self.score_clip(order),
            Request::PauseTraining => self.with_training(|run| run.control.pause()),
            Request::ResumeTraining => self.with_training(|run| run.control.resume()),
            Request::SwitchLoss(switches) => self.with_training(|run| run.control.switch(switches)),
            Request::ShareGradients(every) => self.with_training(|run| run.control.share_gradients(every)),
            Request::RollBackTraining(step) => self.with_training(|run| run.control.roll_back(step)),
            Request::StopTraining => self.with_training(|run| run.control.stop()),
            Request::Pin(request) => self.pinned.request(*request),
            Request::WriteSample(order) => self.write_sample(order),
        }
    }

    fn open(&mut self, path: &Path) {
        self.stop_live();
        self.close();
        let (events, inference, comparison) = (self.events.clone(), self.inference.waker(), self.comparison.waker());
        let wake = move || {
            inference();
            comparison();
            events.wake();
        };
        let player = Arc::new(Player::open(path, self.sizes.clone(), Arc::new(wake)));
        self.shared_player.replace(Some(player.clone()));
        self.player = Some(player);
    }

    fn close(&mut self) {
        self.score_clip(None);
        if let Some(player) = self.player.take() {
            // In this order: no result of its frames can be stored after the clearing.
            player.close();
            self.analysis.clear();
            self.flows.clear_all();
        }
        self.follow(None);
        self.shared_player.replace(None);
        self.events.wake();
    }

    /// Starts or stops a live source; closes the clip first, because the networks process one input at a time.
    fn watch(&mut self, order: Option<LiveOrder>) {
        self.stop_live();
        if let Some(order) = order {
            self.close();
            let session = LiveSession::start(order, self.sizes.clone(), self.events.clone(), self.inference.waker());
            let session = Arc::new(session);
            self.live = Some(session.clone());
            self.shared_live.replace(Some(session.clone()));
            self.inference.watch(Some(session));
        }
        self.events.wake();
    }

    fn stop_live(&mut self) {
        self.held = self.live.as_ref().and_then(|live| live.take_held()).or_else(|| self.held.take());
        self.inference.watch(None);
        self.shared_live.replace(None);
        if let Some(live) = self.live.take() {
            // The inference thread keeps the session alive until it has analysed a window.
            live.camera.close();
            live.record(None, &self.events);
        }
    }

    /// Like [`with_live`](Self::with_live), but reports an error if the source has ended, as data would be lost
    /// otherwise.
    fn of_live(&self, subject: &str, act: impl FnOnce(&LiveSession)) {
        if self.live.is_none() {
            let cause = "the live source has ended, so nothing was saved";
            self.events.problem(Topic::Other, Error::new(subject, cause, "Start the live source and try again"));
        }
        self.with_live(act);
    }

    fn with_live(&self, act: impl FnOnce(&LiveSession)) {
        if let Some(live) = &self.live {
            act(live);
        }
        self.events.wake();
    }

    /// Lists the cameras on a separate thread, as drivers may be slow.
    fn list_cameras(&self) {
        let events = self.events.clone();
        let work = move || events.send(Message::Cameras(caught("cameras", camera_devices)));
        if let Err(error) = Builder::new().name("cameras".into()).spawn(work) {
            self.events.send(Message::Cameras(Err(Error::no_thread("cameras", &error))));
        }
    }

    fn command_player(&self, command: PlayerCommand) {
        if let Some(player) = &self.player {
            player.send(command);
        }
    }

    fn on_player(&mut self, event: PlayerEvent) {
        match event {
            PlayerEvent::Opened(info) => {
                let size = Geometry { width: info.width, height: info.height };
                let (path, frames) = (info.path.clone(), info.frames);
                let clip = self.player.clone().map(|player| PlayedClip { player, path, frames, size });
                // Sent first, as it makes the window clear the sources that failed for the previous clip.
                self.events.send(Message::Opened(info));
                self.follow(clip.filter(|clip| clip.frames > 0));
            }
            PlayerEvent::Failed(error) => {
                let path = self.player.as_ref().map(|player| player.path().to_owned());
                self.close();
                self.events.send(Message::OpenFailed(path.unwrap_or_default(), error));
            }
            PlayerEvent::Warning(error) => self.events.problem(Topic::Clip, error),
            PlayerEvent::Ended => self.events.wake(), // The player's state shows that it is at the end.
        }
    }

    fn follow(&mut self, clip: Option<PlayedClip>) {
        self.inference.follow(clip.clone());
        self.comparison.follow(clip);
    }

    fn resize(&mut self, sizes: Sizes) {
        self.sizes = sizes.clone();
        self.with_live(|live| live.resize(sizes.clone()));
        self.command_player(PlayerCommand::SetSizes(sizes));
    }

    /// Starts or stops an evaluation. Stopping does not wait: one view of a clip may take seconds.
    fn evaluate(&mut self, order: Option<Box<EvaluationOrder>>) {
        let Some(order) = order else {
            if let Some(job) = &self.evaluation {
                job.stop();
            }
            return;
        };
        self.evaluation = None; // ends an older one
        let (compute, events) = (self.compute.clone(), self.events.clone());
        let work = move |stop: &_| {
            evaluation::run(&order, &compute, &events, stop);
            Ok(())
        };
        self.evaluation =
            Some(Job::start("evaluation", Topic::Evaluation, self.events.clone(), Message::EvaluationEnded, work));
    }

    fn annotate(&mut self, export: OverlayExport) {
        self.comparison.end_export();
        self.overlay_video = None; // ends an older one
        let (compute, events) = (self.compute.clone(), self.events.clone());
        let work = move |stop: &_| overlay_video::run(&export, &compute, &events, stop);
        self.overlay_video =
            Some(Job::start("annotation", Topic::Export, self.events.clone(), Message::ExportEnded, work));
    }

    /// Starts or stops suggestions; like [`evaluate`](Self::evaluate), stopping does not wait.
    fn suggest(&mut self, order: Option<Box<SuggestionOrder>>) {
        let Some(order) = order else {
            if let Some(job) = &self.suggestions {
                job.stop();
            }
            return;
        };
        self.suggestions = None; // ends an older one
        let (compute, events) = (self.compute.clone(), self.events.clone());
        let work = move |stop: &_| suggestions::run(&order, &compute, &events, stop);
        self.suggestions =
            Some(Job::start("suggestions", Topic::Suggestions, self.events.clone(), Message::SuggestionsEnded, work));
    }

    /// Starts or stops predictions; like [`evaluate`](Self::evaluate), stopping does not wait.
    fn predict(&mut self, order: Option<Box<PredictionOrder>>) {
        let Some(order) = order else {
            if let Some(job) = &self.predictions {
                job.stop();
            }
            return;
        };
        self.predictions = None; // ends an older one, which keeps its scores
        let (compute, events) = (self.compute.clone(), self.events.clone());
        let work = move |stop: &_| prediction::run(&order, &compute, &events, stop);
        self.predictions =
            Some(Job::start("prediction", Topic::Predictions, self.events.clone(), Message::PredictionsEnded, work));
    }

    /// Scores a clip. Never waits for the previous one, as users may step quickly through clips.
    fn score_clip(&mut self, order: Option<ClipScoresOrder>) {
        if let Some(job) = self.clip_scores.take() {
            job.leave();
        }
        let Some(order) = order else { return };
        let (compute, events, model) = (self.compute.clone(), self.events.clone(), self.model.clone());
        let end = Message::ClipScoresEnded(order.id);
        let work = move |stop: &_| {
            whole_clip::run(&order, model.map(|model| *model), &compute, &events, stop);
            Ok(())
        };
        self.clip_scores = Some(Job::start("clip scores", Topic::Scores, self.events.clone(), end, work));
    }

    fn train(&mut self, plans: Vec<TrainingPlan>) {
        if self.training.as_ref().is_some_and(|run| !run.is_over()) {
            let remedy = "Stop it first, or wait until it finishes";
            return self.events.problem(Topic::Training, Error::new("training", "another training is running", remedy));
        }
        self.training = None; // The previous one must release its memory and its folder first.
        self.training = Some(TrainingRun::start(plans, self.compute.device.clone(), self.events.clone()));
    }

    fn time_steps(&mut self, order: Option<Box<StepTimingOrder>>) {
        if let Some(job) = self.step_timing.take() {
            job.leave(); // It ends after the current step.
        }
        let Some(order) = order else { return };
        let StepTimingOrder { id, plans } = *order;
        let (device, events) = (self.compute.device.clone(), self.events.clone());
        let work = move |stop: &JobStop| {
            let is_stopped = || stop.is_asked();
            if let Some(timed) = step_times(&plans, &device, &is_stopped).transpose() {
                events.send(Message::StepsTimed(id, timed));
            }
            Ok(())
        };
        let end = Message::StepTimingEnded(id);
        self.step_timing = Some(Job::start("step time", Topic::Training, self.events.clone(), end, work));
    }

    fn with_training(&self, act: impl FnOnce(&TrainingRun)) {
        if let Some(run) = &self.training {
            act(run);
        }
    }

    /// Starts or stops writing the sample. The folder belongs to the program: an existing sample is replaced clip by
    /// clip, and an incomplete one is not reported as written.
    fn write_sample(&mut self, order: Option<(PathBuf, SampleSize)>) {
        let Some((dir, size)) = order else {
            if let Some(job) = &self.sample {
                job.stop();
            }
            return;
        };
        self.sample = None; // ends an older one
        let events = self.events.clone();
        events.send(Message::Note(format!("Writing the sample clips into {} …", dir.display())));
        let work = move |stop: &JobStop| {
            let mut progress = |done, of, clip: Option<&Path>| {
                events.send(Message::SampleProgress(done, of));
                clip.into_iter().for_each(|clip| events.send(Message::SampleClip(clip.to_owned())));
            };
            match sample::write_part(&dir, SAMPLE_SEED, size, &mut progress, &|| stop.is_asked()) {
                Ok(true) => events.send(Message::SampleWritten(dir.clone())),
                Ok(false) => events.send(Message::Note("Stopped writing the sample clips".into())),
                Err(error) => events.send(Message::SampleFailed(error)),
            }
            Ok(())
        };
        self.sample = Some(Job::start("sample", Topic::Sample, self.events.clone(), Message::SampleEnded, work));
    }
}
