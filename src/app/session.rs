//! What the window knows: the clip, the networks, the newest frame and analysis, the training, the log.
//!
//! A plain value that messages change and panels read; it never draws and never waits.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::evaluation::state::EvaluationState;
use super::flow::benchmark_state::BenchmarkState;
use super::flow::state::FlowComparison;
use super::labeling::state::LabelingState;
use super::live::state::{ClipPosition, LiveState};
use super::pinned::state::PinnedState;
use super::predicting::state::PredictingState;
use super::predictions::state::PredictionState;
use super::scores::state::{ClipScores, ClipScoresPhase};
use super::shell::log::{Log, LogLevel};
use super::shell::topic::Topic;
use super::training::interrupted::InterruptedRuns;
use super::training::state::TrainingState;
use super::training::step_timing::StepTiming;
use super::ui::progress::Progress;
use super::viewer::clips::{ClipFolder, KnownClip};
use super::viewer::marks::Marks;
use super::viewer::read_out::Pointed;
use crate::engine::{Analysis, Engine, FlowSelection, Message, ModelInfo, Pin};
use crate::error::Error;
use crate::nets::fusion::Fusion;
use crate::plural::counted;
use crate::video::{Frame, Indexing, PlayerState, VideoInfo};

/// Pairs in a window of eleven frames.
pub const PAIRS: usize = 10;

/// Everything the window knows.
pub struct Session {
    /// The open clip.
    pub clip: Option<VideoInfo>,
    /// The clip that was asked for and is not open yet.
    pub opening: Option<PathBuf>,
    /// The path that is being looked at to find out what it is.
    pub looking: Option<PathBuf>,
    /// How far the frames of the clip that is not open yet are listed.
    pub indexing: Option<Indexing>,
    /// Whether the clip was closed since one was asked for: a late answer is not for anybody.
    is_closed: bool,
    /// Where the person was in the clip that makes way for one that is not open yet.
    pub(super) before: Option<ClipPosition>,
    /// The same once the other one could not be opened, until the clip is asked for again.
    pub comes_back: Option<ClipPosition>,
    /// Why the clip that was asked for last could not be opened, while no other is in its place.
    failed_clip: Option<Error>,
    /// The folder of clips that was opened last.
    pub folder: Option<Arc<ClipFolder>>,
    /// Why clips of that folder cannot be opened, as far as that is known.
    pub faults: HashMap<PathBuf, Error>,
    /// The networks in use.
    pub model: Option<ModelInfo>,
    /// The model folder that was asked for and is not loaded yet.
    pub loading_model: Option<PathBuf>,
    /// Whether the model was loaded because a clip of the sample was opened, and not by a person.
    pub is_model_for_sample: bool,
    /// The device that the networks run on, in words.
    pub device: String,
    /// Whether that is a GPU.
    pub on_gpu: bool,
    /// The newest frame.
    pub frame: Option<Arc<Frame>>,
    /// The newest analysis.
    pub analysis: Option<Arc<Analysis>>,
    /// The scores of the whole clip.
    pub clip_scores: ClipScores,
    /// Where the player is and whether it plays.
    pub player: PlayerState,
    /// Which flow is shown.
    pub selection: FlowSelection,
    /// How the streams are fused.
    pub fusion: Fusion,
    /// The segment.
    pub marks: Marks,
    /// The training.
    pub training: TrainingState,
    /// How long a step of the next one takes.
    pub step_timing: StepTiming,
    /// The run that is offered to be resumed.
    pub interrupted: InterruptedRuns,
    /// How far the sample project is, while it is being written.
    pub writing_sample: Option<Progress>,
    /// What happened.
    pub log: Log,
    /// The latest problem, until it is dismissed or what it is about succeeds.
    pub notice: Option<Error>,
    /// What it is about.
    pub notice_topic: Topic,
    /// What the export under way is called.
    pub export_title: &'static str,
    /// Whose flow is exported and how, in words.
    pub export_of: Option<String>,
    /// What was done last and when, to be told for a while.
    pub told: Option<(String, Instant)>,
    /// Why the last key had no effect and when it was pressed, as long as that may still hold.
    pub refused: Option<(String, Instant)>,
    /// Whether a file dialog of the system is awaited.
    pub is_asking: bool,
    /// Where the offer of a crash report ends on the welcome page, which keeps this room when it is dismissed; in points.
    pub end_of_offer: Option<f32>,
    /// How many problems there were: the same one may come again.
    pub problems: usize,
    /// Pairs of benchmarks that were opened as clips.
    pairs: HashMap<PathBuf, Pair>,
    /// The clip that was opened from an evaluation last.
    known: Option<KnownClip>,
    /// What is under the pointer.
    pub pointed: Option<Pointed>,
    /// The flow comparison.
    pub flow: FlowComparison,
    /// Flow benchmarks.
    pub benchmark: BenchmarkState,
    /// A model against labelled clips.
    pub evaluation: EvaluationState,
    /// Live sources.
    pub live: LiveState,
    /// Pinned windows.
    pub pinned: PinnedState,
    /// The labelling project.
    pub labeling: LabelingState,
    /// Predictions of videos that are computed.
    pub predicting: PredictingState,
    /// The stored predictions of the open clip.
    pub predictions: PredictionState,
    /// How far the export of flow or of the annotated video is; `None` while there is none.
    pub exporting: Option<Progress>,
}

/// A pair of a benchmark that is a clip until the program ends.
struct Pair {
    title: String,
    truth: Option<PathBuf>,
}

impl Session {
    /// A session with nothing open, on the device named `device`.
    pub fn new(device: String) -> Self {
        Self {
            clip: None,
            opening: None,
            looking: None,
            indexing: None,
            is_closed: false,
            before: None,
            comes_back: None,
            failed_clip: None,
            folder: None,
            faults: HashMap::new(),
            model: None,
            loading_model: None,
            is_model_for_sample: false,
            device,
            on_gpu: false,
            frame: None,
            analysis: None,
            clip_scores: ClipScores::default(),
            player: PlayerState { position: 0, playing: false, speed: 1.0 },
            selection: FlowSelection::default(),
            fusion: Fusion::default(),
            marks: Marks::default(),
            step_timing: StepTiming::default(),
            training: TrainingState::default(),
            interrupted: InterruptedRuns::default(),
            writing_sample: None,
            log: Log::default(),
            notice: None,
            notice_topic: Topic::Other,
            export_title: "Exporting flow",
            export_of: None,
            told: None,
            refused: None,
            is_asking: false,
            problems: 0,
            end_of_offer: None,
            pairs: HashMap::new(),
            known: None,
            pointed: None,
            flow: FlowComparison::default(),
            benchmark: BenchmarkState::default(),
            evaluation: EvaluationState::default(),
            live: LiveState::default(),
            pinned: PinnedState::default(),
            labeling: LabelingState::default(),
            predicting: PredictingState::default(),
            predictions: PredictionState::default(),
            exporting: None,
        }
    }

    /// Takes the newest frame, analysis and position.
    pub fn refresh(&mut self, engine: &Engine) {
        self.frame = engine.frame();
        self.indexing = engine.indexing();
        self.set_analysis(engine.analysis());
        // Until the player has obeyed, what one is about to label is where the last command leads.
        let is_behind = engine.player_is_behind();
        let known = self.player.position;
        self.player = engine.player();
        if is_behind && self.clip.is_some() {
            self.player.position = known;
        }
        self.flow.refresh(engine);
        self.evaluation.refresh();
        self.live.refresh(engine);
        self.pinned.refresh(engine);
    }

    /// Takes an analysis, unless it is by another model than the one whose classes are known: a model is loaded at any time.
    pub fn set_analysis(&mut self, analysis: Option<Arc<Analysis>>) {
        let model = self.model.as_ref().map(|model| model.generation);
        self.analysis = analysis.filter(|analysis| Some(analysis.model) == model);
    }

    /// The frame that a mark is set at: where the clip stands or, while it plays, the one on the screen, which may be late.
    pub fn seen_frame(&self) -> usize {
        let shown = self.frame.as_ref().filter(|_| self.player.playing);
        shown.map_or(self.player.position, |frame| frame.index)
    }

    /// The frame so many seconds after that at which the clip stands, as the player finds it.
    pub fn frame_after(&self, secs: f64) -> usize {
        let Some(clip) = &self.clip else { return 0 };
        let [start, end] = clip.times.span_secs(&(self.player.position..self.player.position + 1));
        clip.times.shown_at((start + end) / 2.0 + secs)
    }

    /// First and last frame of what is looped: the selected segment or predicted bout, else what is marked, else the whole clip.
    pub fn loop_range(&self) -> (usize, usize) {
        let segment = self.labeling.segment().map(|segment| (segment.start, segment.end - 1));
        let bout = || self.selected_bout().map(|bout| (bout.frames.start, bout.frames.end - 1));
        segment.or_else(bout).unwrap_or_else(|| self.marks.segment(self.frames()))
    }

    /// First and last frame of what is marked on the open clip, as it is shown; one mark reaches to the end of the clip.
    pub fn marked(&self) -> Option<(usize, usize)> {
        let clip = self.clip.as_ref()?;
        (self.marks.start.is_some() || self.marks.end.is_some()).then(|| self.marks.segment(clip.frames))
    }

    /// The same where the open clip is the selected video of the project: what a label is for.
    pub fn marked_to_label(&self) -> Option<(usize, usize)> {
        self.marked().filter(|_| self.clip.as_ref().is_some_and(|clip| self.labeling.is_selected(&clip.path)))
    }

    /// The folder that was opened, and the place of the clip among its clips that is open, or is to be; nothing of a clip that lies
    /// elsewhere.
    pub fn place_in_folder(&self) -> Option<(&Arc<ClipFolder>, usize)> {
        let folder = self.folder.as_ref()?;
        let path = self.clip_path()?;
        Some((folder, folder.place(path)?))
    }

    /// The clip `steps` further in that folder, unless the project has the clip that is open: then its list counts.
    pub fn neighbour_in_folder(&self, steps: isize) -> Option<PathBuf> {
        let (folder, place) = self.place_in_folder().filter(|_| self.labeling.selected().is_none())?;
        folder.clips.get(place.checked_add_signed(steps)?).cloned()
    }

    /// A clip is to be opened: nothing of the one before holds any more.
    pub fn leave_for(&mut self, path: &Path) {
        let (position, marks) = (self.player.position, self.marks);
        let open = self.clip.as_ref().map(|clip| ClipPosition { path: clip.path.clone(), position, marks });
        // Of several that are asked for in a row, none of which has opened yet, the clip before the first.
        let before = open.or_else(|| self.before.take().filter(|_| self.opening.is_some()));
        self.leave_clip();
        self.before = before.filter(|before| before.path != path);
        self.opening = Some(path.to_owned());
        self.is_closed = false;
        self.follow_clip(); // Its first picture may be there long before it is open, and what one sees is labelled.
    }

    /// No clip is open any more, whatever was asked for before.
    pub fn leave_clip(&mut self) {
        (self.clip, self.opening, self.pointed) = (None, None, None);
        (self.frame, self.analysis, self.player.position) = (None, None, 0);
        self.marks = Marks::default();
        self.clip_scores.forget();
        self.flow.leave_clip();
        (self.before, self.comes_back, self.refused, self.failed_clip) = (None, None, None, None);
        self.is_closed = true;
    }

    /// The clip that is being opened is not waited for any more: the one before comes back.
    pub fn cancel_clip(&mut self) {
        let before = self.before.take();
        self.leave_clip();
        self.comes_back = before;
    }

    /// Whether nothing that a person watches or waits for needs the device of the networks.
    pub fn is_device_free(&self) -> bool {
        let is_watched = self.player.playing || self.live.is_active() || self.underway().is_some();
        let is_computing = self.training.is_active() || self.evaluation.is_running() || self.benchmark.is_running();
        let is_predicting = self.labeling.suggestions.progress().is_some() || self.predicting.progress().is_some();
        let is_scoring = is_predicting || self.clip_scores.phase == ClipScoresPhase::Running;
        !(is_watched || is_computing || is_scoring || self.exporting.is_some() || self.flow.measuring.is_some())
    }

    /// Whether the viewer shows the welcome page: there is neither a clip nor a live source.
    pub fn shows_welcome(&self) -> bool {
        !self.live.is_active() && self.clip.is_none() && self.opening.is_none()
    }

    /// Why the clip that was asked for last is not in the viewer, where nothing else is.
    pub fn open_failure(&self) -> Option<&Error> {
        self.failed_clip.as_ref().filter(|_| self.shows_welcome())
    }

    /// Whether a clip is being opened of which nothing can be seen yet.
    pub fn is_unseen(&self) -> bool {
        self.opening.is_some() && self.frame.is_none()
    }

    /// Whether a clip shows its beginning while its frames are being listed.
    pub fn is_previewed(&self) -> bool {
        self.opening.is_some() && self.indexing.is_some() && self.frame.is_some()
    }

    /// Whether the clip that has just been opened, at `path`, is the one that was asked for last.
    fn is_awaited(&self, path: &Path) -> bool {
        match &self.opening {
            Some(awaited) => awaited == path,
            None => !self.is_closed,
        }
    }

    /// Takes a message in.
    pub fn receive(&mut self, message: &Message) {
        self.flow.receive(message);
        self.benchmark.receive(message);
        self.evaluation.receive(message);
        self.pinned.receive(message, self.training.base.as_ref());
        self.labeling.receive(message);
        self.predicting.receive(message);
        self.clip_scores.receive(message);
        self.step_timing.receive(message);
        match message {
            Message::Opened(info) if self.is_awaited(&info.path) => self.opened(info),
            Message::Opened(_) => {} // Something else was asked for meanwhile.
            Message::OpenFailed(path, error) => {
                if self.folder.as_ref().is_some_and(|folder| folder.place(path).is_some()) {
                    self.faults.insert(path.clone(), error.clone());
                }
                if self.opening.take_if(|awaited| awaited == path).is_some() {
                    // A video of the project that is selected is what would be labelled: no other one is shown in its place.
                    self.comes_back = self.before.take().filter(|_| !self.labeling.is_selected(path));
                    self.failed_clip = Some(error.clone()).filter(|_| self.comes_back.is_none());
                }
                self.failed(Topic::Clip, error);
            }
            Message::ModelLoaded(info) => self.model_loaded(info),
            Message::ModelFailed(dir, error) => {
                self.loading_model.take_if(|awaited| awaited == dir);
                self.failed(Topic::Model, error);
            }
            Message::Training(event) => self.training_event(event),
            Message::TrainingFailed(error) => self.training_failed(error),
            Message::SampleProgress(done, of) => {
                self.writing_sample.get_or_insert_with(|| Progress::begin(0, "clips")).advance(*done, *of);
            }
            Message::SampleWritten(dir) => {
                self.writing_sample = None;
                self.succeeded(Topic::Sample);
                self.log.push(LogLevel::Info, format!("Sample project saved to {}", dir.display()));
            }
            Message::SampleFailed(error) => {
                self.writing_sample = None;
                self.failed(Topic::Sample, error);
            }
            // It is neither complete nor has it failed.
            Message::SampleEnded => self.told = self.writing_sample.take().map(sample_cancelled).or(self.told.take()),
            Message::Note(text) => self.log.push(LogLevel::Info, text.clone()),
            Message::SourceUnavailable(source, Some(error)) => {
                self.log.push(LogLevel::Warning, format!("{}: {error}", self.flow.name_of(*source)));
            }
            Message::Measured(_) => self.succeeded(Topic::Flow),
            Message::BenchmarkStarted { .. } => self.succeeded(Topic::Benchmark),
            Message::SuggestionsStarted(_) => self.succeeded(Topic::Suggestions),
            Message::ClipWindow(_) => self.succeeded(Topic::Scores),
            Message::SourceUnavailable(_, None)
            | Message::MeasureEnded(_)
            | Message::BenchmarkPair(_)
            | Message::BenchmarkReport(_)
            | Message::BenchmarkEnded
            | Message::EvaluationEnded
            | Message::StepsTimed(..)
            | Message::StepTimingEnded(_)
            | Message::SuggestionsEnded
            | Message::PredictionProgress(_)
            | Message::PredictionsEnded
            | Message::ClipScoresEnded(_)
            | Message::SampleClip(_)
            | Message::PairReady { .. } => {}
            Message::Live(event) => self.live_event(event),
            Message::Cameras(cameras) => self.live.list(cameras),
            Message::EvaluationStarted(start) => {
                self.succeeded(Topic::Evaluation);
                let text = format!("Evaluating {} on {}", start.model, counted(start.clips, "clip"));
                self.log.push(LogLevel::Info, text);
                start.left_out.iter().for_each(|error| self.log.push(LogLevel::Warning, error.to_string()));
            }
            Message::EvaluationFailed(errors) => {
                errors.iter().for_each(|error| self.log.push(LogLevel::Error, error.to_string()));
            }
            Message::ExportProgress { done, total } => {
                // What comes after it was stopped is for nobody.
                self.exporting.iter_mut().for_each(|progress| progress.advance(*done, *total));
            }
            Message::Exported { path, pairs } => {
                let of = self.export_of.take().map_or(String::new(), |of| format!(", {of}"));
                self.written(path, Some(&format!("the flow of {}{of}", counted(*pairs, "pair"))));
            }
            Message::Annotated { path, frames } => self.written(path, Some(&counted(*frames, "annotated frame"))),
            Message::ExportEnded => (self.exporting, self.export_of) = (None, None),
            Message::Predicted(report) => self.predicted(report),
            Message::Problem(topic, error) => self.failed(*topic, error),
        }
    }

    /// Returns how far the sample is that is being written, in words.
    pub fn sample_progress(&self) -> Option<String> {
        Some(self.writing_sample?.of_work("Generating the sample"))
    }

    /// A pair of the benchmark that is shown was made the clip at `path`, with its ground truth.
    pub fn pair_opened(&mut self, path: &Path, truth: Option<PathBuf>) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let dataset = self.benchmark.runs.last().map_or("benchmark", |run| run.dataset.title());
        self.pairs.insert(path.to_owned(), Pair { title: format!("{name} ({dataset} pair)"), truth });
    }

    /// Whether the clip at `path` is a pair of a benchmark.
    pub fn is_pair(&self, path: &Path) -> bool {
        self.pairs.contains_key(path)
    }

    /// The ground truth of the pair of a benchmark that is the clip at `path`.
    pub fn truth_of_pair(&self, path: &Path) -> Option<&Path> {
        self.pairs.get(path)?.truth.as_deref()
    }

    /// The file of the clip that is open, or being opened.
    pub fn clip_path(&self) -> Option<&Path> {
        self.opening.as_deref().or(self.clip.as_ref().map(|clip| clip.path.as_path()))
    }

    /// The title of the window: whether something is recorded, and what is open in it.
    pub fn window_title(&self) -> String {
        let recording = self.live.view.as_ref().is_some_and(|view| view.recording.is_some());
        let recording = recording.then(|| "Recording".to_owned());
        let clip = self.clip_path().map(|path| self.clip_title(path));
        let project = self.labeling.document().map(|document| document.settings.name.clone());
        let open: Vec<String> =
            recording.into_iter().chain(clip).chain(project).chain(["Motionscope".into()]).collect();
        open.join(" – ")
    }

    /// What the clip at `path` is called.
    pub fn clip_title(&self, path: &Path) -> String {
        match self.pairs.get(path) {
            Some(pair) => pair.title.clone(),
            None => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }

    /// A clip that was evaluated is to be opened.
    pub fn examine(&mut self, known: KnownClip) {
        self.known = Some(known);
    }

    /// The true class of the open clip, if it was opened from an evaluation.
    pub fn true_class(&self) -> Option<&str> {
        self.known_clip().map(|known| known.class.as_str())
    }

    /// What the evaluation that the open clip was opened from found of it.
    pub fn evaluated(&self) -> Option<&str> {
        self.known_clip()?.evaluated.as_deref()
    }

    fn known_clip(&self) -> Option<&KnownClip> {
        let clip = self.clip.as_ref()?;
        self.known.as_ref().filter(|known| known.path == clip.path)
    }

    /// The frame that is shown, to be pinned.
    pub fn frame_pin(&self) -> Option<Pin> {
        let path = self.clip.as_ref()?.path.clone();
        Some(Pin { path, frame: self.player.position })
    }

    /// The labelling project, if one is open.
    pub fn labels_project(&self) -> Option<&crate::labels::Project> {
        self.labeling.project()
    }

    /// The networks in use in a few words: their name, and the run they come from if it is another one.
    pub fn model_label(&self) -> Option<String> {
        let model = self.model.as_ref()?;
        // A run keeps its networks in `<run>/model`.
        let folder = if model.dir.ends_with("model") { model.dir.parent()? } else { &model.dir };
        let folder = folder.file_name().unwrap_or_default().to_string_lossy();
        // Tuned networks have that of their run in their name.
        let is_named = folder == model.name.as_str() || model.name.ends_with(&format!(" ({folder})"));
        Some(if is_named { model.name.clone() } else { format!("{} ({folder})", model.name) })
    }

    /// Width and height of the clip's pictures in pixels, 0 without one. A clip that is being opened has those of its first
    /// picture as it is displayed.
    pub fn video(&self) -> [u32; 2] {
        let first =
            self.frame.as_ref().filter(|_| self.opening.is_some()).map(|frame| frame.display.dimensions().into());
        self.clip.as_ref().map(|clip| [clip.width, clip.height]).or(first).unwrap_or([0, 0])
    }

    /// Number of frames of the clip, 0 without one.
    pub fn frames(&self) -> usize {
        self.clip.as_ref().map_or(0, |clip| clip.frames)
    }

    fn opened(&mut self, info: &VideoInfo) {
        (self.opening, self.before, self.refused, self.failed_clip) = (None, None, None, None);
        // What is notified of a live source, or of a clip, that failed stays while the clip before it comes back.
        if self.live.returning.is_none() {
            self.notice = None;
        }
        self.marks = self.known_marks(info);
        self.pointed = None;
        self.log.push(LogLevel::Info, format!("Opened {}: {}", info.path.display(), describe(info)));
        for note in &info.notes {
            self.log.push(LogLevel::Warning, note.clone());
        }
        self.clip = Some(info.clone());
        self.follow_clip();
    }

    /// The segment of an untrimmed video that an evaluation is about; no marks on any other clip.
    fn known_marks(&self, info: &VideoInfo) -> Marks {
        let known = self.known.as_ref().filter(|known| known.path == info.path);
        let Some([start, end]) = known.and_then(|known| known.segment_secs) else { return Marks::default() };
        let Some(span) = info.times.span(start, end) else { return Marks::default() };
        Marks { start: Some(span.frames.start), end: Some(span.frames.end - 1) }
    }

    fn model_loaded(&mut self, info: &ModelInfo) {
        (self.loading_model, self.refused) = (None, None);
        self.succeeded(Topic::Model);
        self.fusion = info.fusion;
        if !info.levels.contains(&self.selection.level) {
            self.selection = FlowSelection { level: 2, ..self.selection };
        }
        self.training.model_loaded(&info.dir);
        let streams = match (info.has_spatial, info.has_temporal) {
            (true, true) if info.architecture.is_none() => "the spatial stream beside it",
            (false, true) if info.architecture.is_none() => "its own classifier",
            (true, true) => "both streams",
            (true, false) => "the spatial stream",
            (false, true) => "the temporal stream",
            (false, false) => "no classification stream",
        };
        self.log.push(
            LogLevel::Info,
            format!("Loaded {} from {}: {} and {streams}", info.name, info.dir.display(), info.motion),
        );
        self.flow.name_network(info);
        self.model = Some(info.clone());
    }
}

/// Returns what is left of a sample that is not drawn any further, to be told now.
fn sample_cancelled(progress: Progress) -> (String, Instant) {
    let text = match progress.counts() {
        (0, _) => "Sample cancelled before its first clip was drawn".into(),
        (done, of) => format!("Sample cancelled: {done} of {of} clips drawn and kept"),
    };
    (text, Instant::now())
}

/// Format and length of a clip in a sentence.
fn describe(info: &VideoInfo) -> String {
    let rate = if info.variable_rate { "variable frame rate, average" } else { "at" };
    let (w, h, frames) = (info.width, info.height, info.frames);
    let frames = counted(frames, "frame");
    format!("{w}×{h} {}, {frames} {rate} {:.2} fps", info.codec, info.fps)
}

#[cfg(test)]
mod tests;
mod training;
