//! The window in its heaviest honest states, for benchmarks: a project of thousands of videos and a hundred classes, an open clip
//! with labels, scores and pictures that change with every repaint, the curves of a long training, a report of thousands of clips.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;
use eframe::egui::{Context, Event, RawInput, Rect, pos2, vec2};
use egui_tiles::{Linear, LinearDir, Tiles, Tree};

use super::log::{Log, LogLevel};
use crate::app::App;
use crate::app::environment::Options;
use crate::app::labeling::state::LabelingState;
use crate::app::layout::{self, Layout, Pane};
use crate::app::session::Session;
use crate::app::settings::Settings;
use crate::app::viewer::clips::ClipFolder;
use crate::data::LabelledClip;
use crate::engine::{
    Analysis, EvaluationStart, FlowSource, Message, Prediction, Scores, SourceFlow, SuggestionStart, WindowPrediction,
    facts_of,
};
use crate::error::{Error, Result};
use crate::evaluation::{EvaluationPlan, Protocol, ScoredClip};
use crate::gpu::Compute;
use crate::labels::{self, Change, Facts, Label, Project, Segment, SegmentId, Step, Video, VideoId, edits};
use crate::nets::fusion::Fusion;
use crate::training::validation::PhotometricError;
use crate::training::{GradientShare, GradientShares, LossSwitches, LossTerm, StepMetrics, TrainingEvent};
use crate::video::Frame;

/// Size of the window in points.
const SIZE: [f32; 2] = [1440.0, 900.0];
/// Classes of the project and of the model.
const CLASSES: usize = 100;
/// Steps of the training.
const STEPS: usize = 10_000;
/// Frames of the clip that are shown in turn.
const FRAMES: usize = 12;
/// Lines of the log.
const LINES: usize = 2_000;
/// How long opening, reading and computing may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusyState {
    /// The viewer beside the list of videos.
    Videos,
    /// The viewer beside the classes of the project.
    Classes,
    /// The viewer beside the scores.
    Scores,
    /// The viewer beside the curves and the confusion matrix of a training.
    Training,
    /// The viewer beside the clips of a report.
    Evaluation,
    /// The viewer beside the log.
    Log,
    /// The viewer beside the list of videos, the scores and the training.
    SideBySide,
    /// The viewer beside the clips of a folder; no project is open.
    Folder,
}

impl BusyState {
    /// All of them; the last one closes the project.
    pub const ALL: [Self; 8] = [
        Self::Videos,
        Self::Classes,
        Self::Scores,
        Self::Training,
        Self::Evaluation,
        Self::Log,
        Self::SideBySide,
        Self::Folder,
    ];
}

/// What a repaint cost.
#[derive(Debug, Clone, Copy)]
pub struct RepaintCost {
    /// What happened, layout and text.
    pub ui: Duration,
    /// Triangles of what was drawn.
    pub tessellation: Duration,
}

/// A window that is full of everything, without anything that could show it.
pub struct BusyWindow {
    app: App,
    ctx: Context,
    frames: Vec<Arc<Frame>>,
    flows: Vec<Arc<SourceFlow>>,
    analyses: Vec<Arc<Analysis>>,
    step: usize,
}

impl BusyWindow {
    /// Returns a window on a project of `videos` videos in `dir`, all of them `clip`, which `model` analyses.
    ///
    /// # Errors
    /// The clip or the model cannot be opened, or the project cannot be written.
    pub fn new(compute: Compute, dir: &Path, clip: &Path, model: &Path, videos: usize) -> Result<Self> {
        let project = project(dir, clip, videos)?;
        let ctx = Context::default();
        let options = Options { model: Some(model.into()), ..Options::default() };
        let app = App::without_window(&ctx, Settings::default(), compute, &options, dir.to_owned());
        let mut window = Self { app, ctx, frames: Vec::new(), flows: Vec::new(), analyses: Vec::new(), step: 0 };
        let first = project.video_path(VideoId(0)).unwrap_or_default();
        window.app.session.labeling.open(project, Vec::new());
        window.app.open_clip(first);
        window.record()?;
        window.wait("scanned videos", |session| !session.labeling.is_scanning())?;
        let session = &mut window.app.session;
        if let Some(model) = &mut session.model {
            model.classes = class_names();
        }
        predict(&mut session.labeling, model);
        train(session, &dir.join("run"));
        evaluate(session, videos);
        (0..LINES).for_each(|line| session.log.push(LogLevel::Info, format!("Line {line} of what happened")));
        Ok(window)
    }

    /// Brings a state to the front.
    pub fn show(&mut self, state: BusyState) {
        let pane = match state {
            BusyState::Videos | BusyState::Classes | BusyState::Folder => Pane::Project,
            BusyState::Scores => Pane::Scores,
            BusyState::Training => Pane::Training,
            BusyState::Evaluation => Pane::Evaluation,
            BusyState::Log => Pane::Log,
            BusyState::SideBySide => Pane::Viewer,
        };
        match state {
            BusyState::Classes => self.app.panels.project.show_classes(),
            _ => self.app.panels.project.show_videos(),
        }
        let settings = &mut self.app.settings;
        settings.layout = if state == BusyState::SideBySide { side_by_side() } else { layout::default_layout() };
        layout::show(&mut settings.layout, pane);
        if state == BusyState::Folder
            && let Some(project) = self.app.session.labeling.close()
        {
            let paths = project.document().videos.keys().filter_map(|id| project.video_path(*id));
            self.app.session.folder = Some(Arc::new(ClipFolder::new(project.dir().to_owned(), paths.collect())));
        }
    }

    /// Repaints once, with the next frame, flow and scores and the pointer on its way across the pictures.
    pub fn repaint(&mut self) -> RepaintCost {
        self.step += 1;
        let step = self.step;
        let at = pos2(60.0 + (step * 13 % 1300) as f32, 120.0 + (step * 7 % 600) as f32);
        let input = input(vec![Event::PointerMoved(at)]);
        let (app, [frames, flows, analyses]) =
            (&mut self.app, [self.frames.len(), self.flows.len(), self.analyses.len()]);
        let shown = (
            self.frames.get(step % frames.max(1)).cloned(),
            self.flows.get(step % flows.max(1)).cloned(),
            self.analyses.get(step % analyses.max(1)).cloned(),
        );
        let started = Instant::now();
        let mut output = self.ctx.run_ui(input, |ui| {
            app.take_news(&ui.ctx().clone());
            let session = &mut app.session;
            session.frame = shown.0.clone();
            session.flow.set_flow(FlowSource::Network, shown.1.clone());
            session.analysis = shown.2.clone();
            app.draw(ui);
        });
        let ui = started.elapsed();
        let shapes = std::mem::take(&mut output.shapes);
        let primitives = self.ctx.tessellate(shapes, output.pixels_per_point);
        let tessellation = started.elapsed() - ui;
        drop(primitives);
        output.drop_without_applying_deltas();
        RepaintCost { ui, tessellation }
    }

    /// Keeps frames, flows and scores of the clip, to be shown in turn.
    fn record(&mut self) -> Result<()> {
        self.wait("scores", |session| session.analysis.as_ref().is_some_and(|analysis| analysis.scores.is_some()))?;
        for at in 0..FRAMES {
            self.app.seek(at);
            self.wait("flow", |session| {
                let flow = session.flow.source(FlowSource::Network).flow.as_ref();
                let is_there = flow.is_some_and(|flow| flow.position == at);
                is_there && session.frame.as_ref().is_some_and(|frame| frame.index == at)
            })?;
            let session = &self.app.session;
            self.frames.extend(session.frame.clone());
            self.flows.extend(session.flow.source(FlowSource::Network).flow.clone());
            let logits =
                |shift: usize| (0..CLASSES).map(move |class| ((class * 7 + at * 3 + shift) as f32).sin() * 4.0);
            let analysis = session.analysis.as_deref().cloned();
            self.analyses.extend(analysis.map(|analysis| {
                let scores = Scores {
                    window_start: at,
                    spatial: logits(0).collect(),
                    temporal: logits(5).collect(),
                    square: None,
                };
                Arc::new(Analysis { scores: Some(scores), ..analysis })
            }));
        }
        Ok(())
    }

    fn wait(&mut self, what: &str, is_there: impl Fn(&Session) -> bool) -> Result<()> {
        let started = Instant::now();
        loop {
            let app = &mut self.app;
            let output = self.ctx.run_ui(input(Vec::new()), |ui| {
                app.take_news(&ui.ctx().clone());
                app.draw(ui);
            });
            output.drop_without_applying_deltas();
            if is_there(&self.app.session) {
                return Ok(());
            }
            if let Some(error) = &self.app.session.notice {
                return Err(error.clone());
            }
            if started.elapsed() > PATIENCE {
                return Err(Error::new("window", format!("no {what} within five minutes"), "Use a faster device"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn input(events: Vec<Event>) -> RawInput {
    let size = vec2(SIZE[0], SIZE[1]);
    RawInput { screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), size)), events, ..RawInput::default() }
}

/// The viewer, the list of videos, the scores and the training beside each other, each with its tab.
fn side_by_side() -> Layout {
    let mut tiles = Tiles::default();
    let columns = [Pane::Viewer, Pane::Project, Pane::Scores, Pane::Training].map(|pane| {
        let pane = tiles.insert_pane(pane);
        tiles.insert_tab_tile(vec![pane])
    });
    let mut root = Linear::new(LinearDir::Horizontal, columns.to_vec());
    root.shares.set_share(columns[0], 1.6);
    let root = tiles.insert_container(root);
    Tree::new(eframe::egui::Id::unique("dock"), root, tiles)
}

fn class_names() -> Vec<String> {
    (1..=CLASSES).map(|class| format!("Action number {class}")).collect()
}

/// A project in `dir` of `count` links to `clip`: one in three is labelled, one in three has segments.
fn project(dir: &Path, clip: &Path, count: usize) -> Result<Project> {
    let folder = dir.join("project");
    let clips = folder.join("clips");
    std::fs::create_dir_all(&clips).map_err(|error| Error::io(&clips, &error))?;
    let mut project = Project::create(&folder, labels::Settings { name: "busy".into(), ..Default::default() })?;
    let mut document = project.document().clone();
    for name in class_names() {
        let (_, step) = edits::add_class(&document, &name)?;
        document.apply(step);
    }
    let facts = facts_of(clip, &folder)?;
    let mut changes = vec![Change::Classes(document.classes.clone())];
    for number in 0..count {
        let path = clips.join(format!("recording_{:03}_clip_{number:05}.mp4", number % 40));
        // Where links cannot be made a copy does.
        let linked = std::fs::hard_link(clip, &path).or_else(|_| std::fs::copy(clip, &path).map(drop));
        linked.map_err(|error| Error::io(&path, &error))?;
        changes.push(Change::Video(VideoId(number as u32), Some(video(&project, &path, &facts, number))));
    }
    project.perform(Step::new("Fill the project", changes))?;
    Ok(project)
}

fn video(project: &Project, path: &Path, facts: &Facts, number: usize) -> Video {
    let class = |number: usize| Label::Class(project_class(number));
    let segment = |place: usize| Segment {
        id: SegmentId(place as u32),
        label: class(number + place),
        start: 4 * place,
        end: 4 * place + 3,
        note: String::new(),
    };
    // The first one is open, and its content is looked at; the others have pictures of their own.
    let hash = if number == 0 { facts.hash.clone() } else { format!("{number:032x}") };
    let segments = (0..6).map(segment).take_while(|segment| segment.end <= facts.frames);
    Video {
        facts: Some(Facts { hash, ..facts.clone() }),
        labels: if number % 3 == 1 { vec![class(number)] } else { Vec::new() },
        segments: if number.is_multiple_of(3) { segments.collect() } else { Vec::new() },
        ..Video::new(labels::StoredPath::encode(path, project.dir()))
    }
}

/// The id of a class: they are given in turn.
fn project_class(number: usize) -> labels::ClassId {
    labels::ClassId((number % CLASSES) as u32)
}

/// Gives every video a prediction.
fn predict(labeling: &mut LabelingState, model: &Path) {
    let videos = labeling.wanting_suggestions();
    let (sender, outcomes) = unbounded();
    for (place, (id, ..)) in videos.iter().enumerate() {
        let shares = |start: usize| -> Vec<f32> {
            (0..CLASSES)
                .map(|class| if class == (place + start) % CLASSES { 0.5 } else { 0.5 / CLASSES as f32 })
                .collect()
        };
        let window = |start: usize| WindowPrediction {
            start,
            end: start + 11,
            spatial: shares(start),
            temporal: shares(start + 1),
            fused: shares(start),
        };
        if let Some(prediction) = Prediction::of((0..20).step_by(2).map(window).collect()) {
            let _ = sender.send((*id, Ok(Arc::new(prediction)))); // The receiver is at hand.
        }
    }
    let count = videos.len();
    let rule = (Fusion::default(), &[][..]);
    let order = labeling.suggestions.begin(model.to_owned(), &class_names(), rule, videos.into_iter());
    drop(order); // What it would find out is known.
    let start = SuggestionStart { classes: class_names(), videos: count, outcomes };
    labeling.receive(&Message::SuggestionsStarted(Box::new(start)));
    labeling.suggestions.refresh(&mut Log::default());
    labeling.receive(&Message::SuggestionsEnded);
}

/// Trains for a long time, with everything that is measured on the way.
fn train(session: &mut Session, run_dir: &Path) {
    let mut tell = |event| session.receive(&Message::Training(event));
    let (run_dir, classes) = (run_dir.to_owned(), class_names());
    tell(TrainingEvent::Started { run_dir, clips: 4000, classes, parameters: 10_000_000, resumed_at: 0 });
    tell(TrainingEvent::Switched { step: 0, switches: LossSwitches::of(&Default::default()) });
    let levels = || {
        LossTerm::UNSUPERVISED.into_iter().flat_map(|term| (2..=6).map(move |level| format!("{} {level}", term.name())))
    };
    let names: Vec<String> = levels().chain([LossTerm::Action.name().to_owned()]).collect();
    for step in 1..=STEPS {
        let value = |place: usize| 5.0 / (1.0 + step as f32 / 500.0) + ((step * 31 + place * 17) % 97) as f32 / 97.0;
        tell(TrainingEvent::Step(StepMetrics {
            step,
            steps: 2 * STEPS,
            loss: value(0),
            terms: names.iter().enumerate().map(|(place, name)| (name.clone(), value(place))).collect(),
            weights: vec![1.0; names.len()],
            accuracy: Some(((step * 13) % 100) as f32 / 100.0),
            rate: 1e-3,
            steps_per_sec: 3.0,
            stall: 0.0,
            eta_secs: 600.0,
            done: 0.5,
            memory_bytes: Some(1 << 30),
        }));
        if step % 20 == 0 {
            let terms = LossTerm::ALL.into_iter().filter(|term| *term != LossTerm::Teacher);
            let terms = terms.map(|term| GradientShare { term, norm: 1.0, share: 0.25, cosine: 0.5 }).collect();
            tell(TrainingEvent::GradientShares(GradientShares { step, norm: 2.0, terms }));
        }
        if step % 100 == 0 {
            let guesses = (0..10 * CLASSES).map(|clip| [clip % CLASSES, (clip * clip / 7 + step) % CLASSES]).collect();
            tell(TrainingEvent::Validation { step, name: "top-1".into(), value: 0.5, guesses });
        }
    }
}

/// Evaluates a model on `clips` clips.
fn evaluate(session: &mut Session, clips: usize) {
    let evaluation = &mut session.evaluation;
    let flow_source = crate::training::FlowSource::MotionNet;
    evaluation.begin(EvaluationPlan {
        data: "list".into(),
        protocol: Protocol::PAPER,
        fusion: Fusion::default(),
        flow_source,
    });
    let (sender, outcomes) = unbounded();
    for clip in 0..clips {
        let logits = |shift: usize| (0..CLASSES).map(|class| ((class * 3 + clip + shift) as f32).sin()).collect();
        let path = PathBuf::from(format!("/clips/class/clip_{clip:05}.mp4"));
        let scored = ScoredClip {
            clip: LabelledClip { path, label: clip % CLASSES, segment_secs: None, group: None, also: Vec::new() },
            spatial: Some(logits(0)),
            temporal: Some(logits(1)),
            photometric: PhotometricError::default(),
        };
        let _ = sender.send(Ok(scored)); // The receiver is at hand.
    }
    let start = EvaluationStart {
        model: "busy".into(),
        source: Default::default(),
        classes: class_names(),
        clips,
        left_out: Vec::new(),
        remarks: Vec::new(),
        by_softmax: false,
        thresholds: Vec::new(),
        outcomes,
    };
    evaluation.receive(&Message::EvaluationStarted(Box::new(start)));
    evaluation.receive(&Message::EvaluationEnded);
}
