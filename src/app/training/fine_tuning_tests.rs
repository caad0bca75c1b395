//! Fine-tuning as a person does it: from labels to a recogniser in use, with pinned clips and the list of runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::accesskit::{Role, Toggled};
use egui_kittest::kittest::{NodeT, Queryable};
use image::{Rgb, RgbImage};
use tempfile::TempDir;

use super::state::{TrainingPhase, TrainingState};
use crate::app::App;
use crate::app::command::Command;
use crate::app::flow::tests::Window;
use crate::app::pinned::state::WatchedRun;
use crate::app::settings::Settings;
use crate::app::ui::progress::Progress;
use crate::engine::{FlowView, Pin, PinnedPrediction, PinnedResults, Scores};
use crate::evaluation::HeldOutReport;
use crate::flow::FlowField;
use crate::gpu::{DeviceChoice, choose};
use crate::labels::{self, Label, Project, Video, edits};
use crate::nets::fusion::Fusion;
use crate::nets::{
    Backbone, FrameSize, HiddenTwoStream, Modality, ModelCard, MotionConfig, MotionEntry, Origin, Precision,
    Preprocessing, StreamEntry,
};
use crate::sample::{ACTIONS, STYLES, render_clip};
use crate::training::finetune::{Depth, Streams};
use crate::training::runs::{Run, RunState};
use crate::training::{Network, Snapshot, TrainingPlan, inherited};
use crate::video::{Geometry, VideoWriter};

const SIZE: [f32; 2] = [1280.0, 1100.0];
const CLIP: Geometry = Geometry { width: 96, height: 64 };

/// A labelled project, a small model, and a window that has both open.
struct TestStage {
    window: Window,
    dir: TempDir,
    base: PathBuf,
    clips: Vec<PathBuf>,
}

impl TestStage {
    /// `classes` classes with three clips each.
    fn new(classes: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clips = write_clips(dir.path(), classes);
        let project = project(dir.path(), &clips);
        let base = model(dir.path());
        let window = Window::with(SIZE, Settings::default(), |app| app.session.labeling.open(project, Vec::new()));
        let mut stage = Self { window, dir, base: base.clone(), clips };
        stage.window.harness.state_mut().load_model(base);
        stage.wait("the model", |app| app.session.model.is_some());
        stage.window.perform(Command::TrainOnLabels);
        stage
    }

    /// Waits until the window is where `reached` says.
    fn wait(&mut self, what: &str, reached: impl Fn(&App) -> bool) {
        let (begun, ctx) = (Instant::now(), self.window.harness.ctx.clone());
        loop {
            self.window.harness.state_mut().take_news(&ctx);
            self.window.harness.step();
            let app = self.window.harness.state();
            if reached(app) {
                break;
            }
            let told = (&app.session.training.phase, &app.session.notice, app.panels.training.ready());
            assert!(begun.elapsed() < Duration::from_secs(120), "{what}: {told:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.window.settle();
    }

    /// Waits until `text` is on the screen.
    fn wait_to_see(&mut self, text: &str) {
        let begun = Instant::now();
        while !self.window.sees(text) {
            self.wait(text, |_| true);
            assert!(begun.elapsed() < Duration::from_secs(60), "'{text}' never came");
        }
    }

    fn app(&mut self) -> &mut App {
        self.window.harness.state_mut()
    }
}

fn write_clips(dir: &Path, classes: usize) -> Vec<PathBuf> {
    let mut clips = Vec::new();
    for &action in &ACTIONS[..classes] {
        for (number, style) in STYLES[..3].iter().enumerate() {
            let path = dir.join(format!("{}_{number}.mp4", action.name()));
            let mut writer = VideoWriter::create(&path, CLIP, 25.0).unwrap();
            for frame in render_clip(action, style, 5, 13, CLIP).frames {
                writer.push(&frame).unwrap();
            }
            writer.finish().unwrap();
            clips.push(path);
        }
    }
    clips
}

/// The clips as a project, each labelled with the first part of its name.
fn project(dir: &Path, clips: &[PathBuf]) -> Project {
    let mut project = Project::create(dir, labels::Settings::default()).unwrap();
    for path in clips {
        let name = path.file_name().unwrap().to_str().unwrap();
        let class = name.rsplit_once('_').unwrap().0;
        if project.document().class_named(class).is_none() {
            let (_, step) = edits::add_class(project.document(), class).unwrap();
            project.perform(step).unwrap();
        }
        let label = Label::Class(project.document().class_named(class).unwrap().id);
        let id = project.document().free_video_id();
        let step = edits::add_videos(project.document(), vec![Video::new(name)]);
        project.perform(step).unwrap();
        let step = edits::label_clip(project.document(), id, label).unwrap();
        project.perform(step).unwrap();
    }
    project
}

/// An untrained model of two classes, with both streams.
fn model(dir: &Path) -> PathBuf {
    let device = choose(DeviceChoice::Cpu).unwrap().device;
    let motion = MotionConfig { frames: 2, width: 2, ..MotionConfig::default() };
    let entry = |weights: &str| StreamEntry::new(weights, Backbone::SqueezeNet);
    let (spatial, temporal) = (entry("spatial.safetensors"), entry("temporal.safetensors"));
    let size = |width, height| FrameSize { width, height };
    let model = HiddenTwoStream {
        motion: motion.init(&device),
        temporal: Some(temporal.config(Modality::Flow, 2).init(&device)),
        spatial: Some(spatial.config(Modality::Pictures, 2).init(&device)),
        card: ModelCard {
            format: ModelCard::FORMAT,
            name: "base".into(),
            hash: None,
            licence: "none".into(),
            precision: Precision::F32,
            classes: vec!["stand".into(), "sit".into()],
            thresholds: Vec::new(),
            motion: Some(MotionEntry::new("motion.safetensors", motion)),
            joint: None,
            temporal: Some(temporal),
            spatial: Some(spatial),
            preprocessing: Preprocessing { motion: size(96, 64), spatial: size(64, 64).into() },
            fusion: Fusion::default(),
            origin: Origin::default(),
        },
    };
    let base = dir.join("base");
    model.save(&base).unwrap();
    base
}

#[test]
fn labelled_clips_become_a_recogniser_that_is_watched_used_and_compared() {
    let mut stage = TestStage::new(2);
    stage.wait_to_see("6 clips in 2 classes");
    stage.wait_to_see("the last layer, conv10");
    stage.wait("the clips", |app| app.panels.training.ready().is_ok()); // they may be listed again meanwhile
    let pin = Pin { path: stage.clips[0].clone(), frame: 4 };
    stage.app().session.pinned.toggle(pin.clone());
    stage.window.perform(Command::StartTraining);
    stage.wait("the first run", |app| app.session.training.phase == TrainingPhase::Running);
    stage.window.perform(Command::PauseTraining);
    stage.wait("a pause", |app| app.session.training.phase == TrainingPhase::Paused);
    assert!(stage.window.sees("stream, "), "it is told which of two runs this is");
    stage.window.perform(Command::PauseTraining);
    stage.wait("the end", |app| app.session.training.trained().is_some());
    let trained = stage.app().session.training.trained().unwrap().clone();
    let card = ModelCard::read(&trained).unwrap();
    assert_eq!(card.classes.len(), 2);
    assert!(card.spatial.is_some() && card.temporal.is_some() && !card.classes.contains(&"stand".to_owned()));

    stage.wait_to_see("95 % interval");
    assert!(
        stage.window.sees("Accuracy on 6 clips, recordings left out in turn") && stage.window.sees("fusion weight")
    );
    let report = HeldOutReport::read(trained.parent().unwrap()).unwrap();
    assert!(report.streams.len() == 3, "both, and fused");
    stage.window.harness.get_by_label("By class").click();
    stage.window.settle();
    for (place, stream) in report.streams.iter().enumerate() {
        let (class, [right, of]) =
            report.by_class(stream).into_iter().enumerate().min_by_key(|(_, count)| count[0]).unwrap();
        let (title, name) = (["Spatial", "Temporal", "Fused"][place], &report.classes[class]);
        if right < of {
            stage.window.harness.get_by_label(&format!("{name}, {title}: {right} of {of}")).click();
            stage.window.settle();
            let clips = if of - right == 1 { "1 clip".into() } else { format!("{} clips", of - right) };
            assert!(stage.window.sees(&format!("{name} wrong by {} scores: {clips}", stream.name)), "{title}");
        }
    }

    let outlooks = |app: &App| {
        let pinned = &app.session.pinned;
        [pinned.now(), pinned.run.before()].map(|model| pinned.outlook(&pin, model).is_some())
    };
    stage.wait("the pinned clip", move |app| outlooks(app) == [true, true]);
    stage.window.perform(Command::ShowPinned);
    assert!(stage.window.sees("No flow difference"), "last layers change no flow");

    stage.window.perform(Command::UseTrainedWeights);
    let wanted = trained.clone();
    stage.wait("the new networks", move |app| app.session.model.as_ref().is_some_and(|model| model.dir == wanted));
    let ctx = stage.window.harness.ctx.clone();
    let refused = stage.app().attempt(Command::CompareWeights, &ctx).unwrap_err();
    assert!(refused.contains("left MotionNet as it was"), "last layers change no flow: {refused}");
    let base = stage.base.clone();
    stage.app().compare_models(base.clone(), trained.clone());
    stage.window.settle();
    let settings = stage.window.harness.state().settings.clone();
    assert!(settings.views.swipe && settings.flow.second_model == Some(base));

    stage.window.perform(Command::ShowRuns);
    stage.wait("the list of runs", |app| app.panels.runs.runs().len() == 2);
    assert!(stage.window.sees("tune-01 · spatial stream, 1 of 2") && stage.window.sees("Finished"));
    // Results stay with their run, after a restart too.
    let run_dir = trained.parent().unwrap().to_owned();
    stage.app().session.training = TrainingState::default();
    stage.app().panels.runs.choose_folder(run_dir);
    stage.wait_to_see("95 % interval");
}

#[test]
fn an_earlier_run_says_how_many_steps_fit_into_the_time() {
    let mut stage = TestStage::new(2);
    stage.wait("the clips", |app| app.panels.training.ready().is_ok());
    let app = stage.app();
    let tuning = app.panels.training.form().tuning();
    (tuning.depth, tuning.streams, tuning.budget_secs) = (Depth::Streams, Streams::Temporal, Some(60.0));
    let plan = app.panels.training.plans(&app.session).unwrap()().unwrap().remove(0);
    let run = app.panels.training.runs_folder().unwrap().join("earlier");
    std::fs::create_dir_all(run.join("checkpoint")).unwrap();
    std::fs::write(run.join("config.toml"), toml::to_string(&inherited(&plan).unwrap()).unwrap()).unwrap();
    let progress = "step = 10\nrate_factor = 1.0\nseconds = 100.0\non_gpu = false";
    std::fs::write(run.join("checkpoint/progress.toml"), progress).unwrap();
    app.session.exporting = Some(Progress::begin(1, "pairs")); // so that no step is timed meanwhile
    app.panels.training.form().tuning().budget_secs = Some(120.0);
    stage.wait_to_see("Temporal: 10.00 s per step – 12 steps fit into 2 minutes, as in an earlier run");
    stage.window.settle(); // what is found out meanwhile may still move the button
    stage.window.harness.get_by_role_and_label(Role::Button, "Use batch size 1").click_accesskit();
    stage.window.settle();
    assert_eq!(stage.app().panels.training.form().tuning().temporal.batch, 1);
}

#[test]
fn labels_of_an_open_project_are_what_is_trained_on_until_a_person_chooses_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    let clips = write_clips(dir.path(), 2);
    let project = project(dir.path(), &clips);
    let window = Window::with(SIZE, Settings::default(), |_| ());
    let mut stage = TestStage { window, base: PathBuf::new(), clips, dir };
    stage.window.perform(Command::ShowTraining);
    let is_chosen = |stage: &TestStage, name: &str| {
        let choice = stage.window.harness.get_by_role_and_label(Role::Button, name);
        choice.accesskit_node().toggled() == Some(Toggled::True)
    };
    stage.wait("the first repaint", |_| true);
    assert!(is_chosen(&stage, "Folder"), "no project is open");
    let opened = stage.dir.path().to_owned();
    stage.app().session.labeling.open(project, Vec::new());
    stage.wait("the project", |_| true);
    assert!(is_chosen(&stage, "Project labels"));
    let ctx = stage.window.harness.ctx.clone();
    stage.app().offer_training_folder(opened.clone(), &ctx);
    stage.wait("the folder", |_| true);
    assert!(is_chosen(&stage, "Project labels"), "a folder that is opened does not push them aside");
    stage.window.harness.get_by_role_and_label(Role::Button, "Folder").click();
    stage.wait("the choice", |_| true);
    assert!(is_chosen(&stage, "Folder"));
    stage.window.harness.get_by_role_and_label(Role::Button, "Train on labels").click();
    stage.wait("the way back", |_| true);
    assert!(is_chosen(&stage, "Project labels"));
    assert!(stage.window.harness.query_by_role_and_label(Role::Button, "Train on labels").is_none(), "Start does it");
    stage.window.perform(Command::ShowProject);
    stage.window.harness.get_by_role_and_label(Role::Button, "Train on labels").click();
    stage.window.settle();
    assert!(stage.window.sees("Clips from"), "it leads to the Training panel");
}

#[test]
fn one_class_alone_cannot_be_recognised() {
    let mut stage = TestStage::new(1);
    let reason = "At least two classes are needed";
    stage.wait("the clips", move |app| app.panels.training.ready() == Err(reason));
    stage.app().panels.training.form().tuning().keep_classes = true;
    stage.wait("the base's classes", |app| app.panels.training.ready().is_ok());
}

#[test]
fn clips_that_vanish_are_told_and_left_out() {
    let mut stage = TestStage::new(2);
    std::fs::remove_file(&stage.clips[0]).unwrap();
    let step = edits::unlabel_clip(stage.app().session.labeling.document().unwrap(), labels::VideoId(5)).unwrap();
    stage.app().session.labeling.perform(step).unwrap();
    stage.wait("the clips", |app| app.panels.training.ready().is_ok());
    stage.wait_to_see("4 clips in 2 classes");
    assert!(stage.window.sees("Skipped") && stage.window.sees("the video is missing"));
}

#[test]
fn a_video_that_cannot_be_read_is_named_and_not_counted() {
    let mut stage = TestStage::new(2);
    std::fs::write(&stage.clips[0], "torn").unwrap();
    stage.app().session.labeling.look_again(labels::VideoId(0));
    stage.wait("the file", |app| app.session.labeling.unreadable().count() == 1);
    stage.wait("the clips", |app| app.panels.training.ready().is_ok());
    stage.wait_to_see("5 clips in 2 classes");
    let name = stage.clips[0].file_name().unwrap().to_string_lossy().into_owned();
    assert!(stage.window.sees("Skipped") && stage.window.sees(&name) && stage.window.sees("Videos: 5 of 5"));
}

#[test]
fn a_clip_label_beside_segments_is_remarked() {
    let mut stage = TestStage::new(2);
    let document = stage.app().session.labeling.document().unwrap();
    let own = document.videos[&labels::VideoId(0)].labels[0];
    let mut classes = document.classes.iter().map(|class| labels::Label::Class(class.id));
    let other = classes.find(|class| *class != own).unwrap();
    let (_, step) = edits::add_segment(document, labels::VideoId(0), other, 0, 5).unwrap();
    stage.app().session.labeling.perform(step).unwrap();
    stage.wait("the clips", |app| app.panels.training.ready().is_ok());
    stage.wait_to_see("1 clip label is not used: its clip has segments (");
}

#[test]
fn the_slider_tells_what_is_tuned() {
    let mut stage = TestStage::new(2);
    stage.wait("the clips", |app| app.panels.training.ready().is_ok());
    for (depth, words) in [(Depth::LastStages, "last stages"), (Depth::Everything, "MotionNet: all layers")] {
        let tuning = stage.app().panels.training.form().tuning();
        tuning.set_depth(depth);
        tuning.streams = Streams::Both;
        stage.wait_to_see(words);
    }
    stage.app().session.notice = None; // of a model that the window began with
    stage.wait_to_see("6 clips in 2 classes");
    stage.wait("the clips of the last change", |app| app.panels.training.ready().is_ok());
    stage.window.settle();
    stage.window.compare("fine_tuning");
}

/// A flow that turns about the middle, as a network of 160×128 pixels tells it.
fn flow(speed: f32) -> FlowView {
    let uv = (0..80 * 64).map(|i| {
        let (x, y) = ((i % 80) as f32 - 40.0, (i / 80) as f32 - 32.0);
        let faded = (1.0 - (x.hypot(y) / 30.0)).max(0.0);
        [-y * speed * faded, x * speed * faded]
    });
    FlowView::on_cpu(FlowField::new(80, 64, uv.collect()), Geometry { width: 160, height: 128 })
}

fn outlook(model: &str, pin: &Pin, speed: f32, logits: [f32; 3]) -> PinnedPrediction {
    let frame = Arc::new(RgbImage::from_fn(320, 240, |x, y| Rgb([(x / 2) as u8, y as u8, 90])));
    PinnedPrediction {
        pin: pin.clone(),
        model: model.into(),
        flow: flow(speed),
        video: [320, 240],
        frame: frame.clone(),
        warped: frame,
        classes: ["wave", "clap", "jump"].map(str::to_owned).to_vec(),
        scores: Scores { window_start: 0, spatial: logits.to_vec(), temporal: logits.to_vec(), square: None },
        fusion: Fusion::default(),
    }
}

#[test]
fn pinned_frames_come_back_at_the_next_start() {
    let mut window = Window::with([760.0, 620.0], Settings::default(), |_| ());
    let pin = Pin { path: "/clips/wave_01.mp4".into(), frame: 12 };
    let app = window.harness.state_mut();
    app.session.pinned.toggle(pin.clone());
    let pins = app.kept_pins();
    let mut settings = Settings::default();
    settings.pins = pins;
    let mut next = Window::with([760.0, 620.0], settings, |_| ());
    next.perform(Command::ShowPinned);
    assert!(next.sees("1 of 4 pinned") && next.sees("wave_01.mp4"));
    assert_eq!(next.harness.state().session.pinned.pins, [pin]);
}

#[test]
fn a_row_says_how_many_predictions_of_pinned_frames_are_computed_and_cancels_them() {
    let pins = [12, 30].map(|frame| Pin { path: "/clips/wave_01.mp4".into(), frame });
    let mut window = Window::with([760.0, 620.0], Settings::default(), |_| ());
    window.perform(Command::ShowPinned);
    let snapshots = [0, 20].map(|step| Snapshot { step, dir: format!("/run/{step}").into() }).to_vec();
    let pinned = &mut window.harness.state_mut().session.pinned;
    pinned.watch(WatchedRun { dir: "/run".into(), snapshots, ..WatchedRun::default() });
    pins.iter().for_each(|pin| pinned.toggle(pin.clone()));
    assert!(pinned.wish(false).is_some_and(|wish| !wish.is_stopped));
    let results = PinnedResults::of(vec![outlook("/run/20", &pins[0], 0.1, [1.0, 0.8, 0.5])]);
    pinned.set_outlooks(results.clone().counting(1, 4));
    window.settle();
    assert!(window.sees("1 of 4 predictions"));
    let cancel = |window: &Window| window.harness.query_all_by_role_and_label(Role::Button, "Cancel").count();
    assert_eq!(cancel(&window), 1, "in the status bar");
    window.perform(Command::StopPinned);
    let pinned = &mut window.harness.state_mut().session.pinned;
    assert!(pinned.wish(false).is_some_and(|wish| wish.is_stopped));
    window.settle();
    assert!(cancel(&window) == 0 && window.sees("Not computed"));
    window.harness.get_by_role_and_label(Role::Button, "Stop or resume pinned frames").click();
    window.settle();
    let pinned = &mut window.harness.state_mut().session.pinned;
    assert!(pinned.wish(false).is_some_and(|wish| !wish.is_stopped));
    pinned.set_outlooks(results.counting(4, 4));
    window.settle();
    assert!(cancel(&window) == 0 && !window.sees("Stop or resume pinned frames"));
}

#[test]
fn pinned_windows_show_before_now_and_what_has_changed() {
    let pin = Pin { path: "/clips/wave_01.mp4".into(), frame: 12 };
    let mut window = Window::with([760.0, 620.0], Settings::default(), |_| ());
    window.perform(Command::ShowPinned);
    assert!(window.sees("No pinned frames"));
    let snapshots = [0, 20, 40].map(|step| Snapshot { step, dir: format!("/run/{step}").into() }).to_vec();
    let pinned = &mut window.harness.state_mut().session.pinned;
    pinned.watch(WatchedRun { dir: "/run".into(), snapshots, ..WatchedRun::default() });
    pinned.toggle(pin.clone());
    let (before, now) =
        (outlook("/run/0", &pin, 0.1, [1.0, 0.8, 0.5]), outlook("/run/40", &pin, 0.14, [3.0, 0.5, 0.2]));
    let middle = outlook("/run/20", &pin, 0.11, [2.0, 0.5, 0.2]);
    pinned.set_outlooks(PinnedResults::of(vec![before, middle, now]));
    window.settle();
    let pictures: Vec<_> = window.harness.query_all_by_role(Role::Image).collect();
    let names: Vec<_> = pictures.iter().filter_map(|node| node.accesskit_node().label()).collect();
    for name in ["Before", "Now", "Difference", "Warped", "Mean change by step"] {
        assert!(names.iter().any(|label| label.starts_with(name)), "{names:?}");
    }
    assert!(window.sees("Mean flow difference") && window.sees("40 of 40") && window.sees("wave"));
    window.compare("pinned");
    window.harness.state_mut().session.pinned.step = Some(20);
    window.settle();
    assert!(window.sees("20 of 40"));
    window.harness.get_by_role_and_label(Role::Button, "Unpin").click();
    window.settle();
    assert!(window.sees("No pinned frames"));
}

/// A run of ten steps in a folder of runs.
fn write_run(folder: &Path, name: &str, rate: f64) {
    let dir = folder.join(name);
    std::fs::create_dir_all(dir.join("checkpoint")).unwrap();
    let plan = TrainingPlan { steps: 10, rate, run_dir: dir.clone(), ..TrainingPlan::of(Network::Temporal) };
    std::fs::write(dir.join("config.toml"), toml::to_string(&plan).unwrap()).unwrap();
    std::fs::write(dir.join("checkpoint/progress.toml"), "step = 10\nrate_factor = 1.0\nseconds = 60.0\n").unwrap();
    let rows: String = (1..=10).map(|step| format!("{step},{}\n", rate * 1e5 / f64::from(step))).collect();
    std::fs::write(dir.join("metrics.csv"), format!("step,loss\n{rows}")).unwrap();
}

#[test]
fn an_interrupted_run_is_offered_until_it_is_dismissed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("runs");
    write_run(&folder, "tune-02", 1e-4);
    let run = folder.join("tune-02");
    std::fs::write(run.join("checkpoint/progress.toml"), "step = 6\nrate_factor = 1.0\nseconds = 60.0\n").unwrap();
    std::fs::write(run.join("under-way"), "").unwrap();
    let mut window = Window::with([1280.0, 900.0], Settings::default(), |_| ());
    window.perform(Command::ShowTraining);
    window.harness.state_mut().panels.runs.choose_folder(folder.clone());
    let mut stage = TestStage { window, base: PathBuf::new(), clips: Vec::new(), dir };
    stage.wait_to_see("tune-02 was interrupted at step 6 of 10.");
    assert!(stage.window.sees("tune-02 was interrupted: see Training"), "in the status bar, whatever is in front");
    stage.window.perform(Command::ShowProject);
    assert!(stage.window.harness.query_by_role_and_label(Role::Button, "Training •").is_some());
    stage.window.perform(Command::ShowTraining);
    stage.app().session.notice = None; // of a model that the window began with
    stage.window.settle();
    let offer = stage.app().session.interrupted.offer().cloned().unwrap();
    assert_eq!((offer.dir.as_path(), offer.plans.len()), (run.as_path(), 1));
    stage.window.harness.get_by_role_and_label(Role::Button, "Resume");
    stage.window.harness.get_by_role_and_label(Role::Button, "Open in Runs").click();
    stage.window.settle();
    stage.wait_to_see("Selected run");
    stage.window.perform(Command::ShowTraining);
    stage.window.harness.get_by_role_and_label(Role::Button, "Dismiss").click();
    stage.window.settle();
    let mark = run.join("under-way");
    stage.wait("the dismissal", move |_| !mark.exists());
    assert!(!stage.window.sees("was interrupted at") && stage.dir.path().exists());
    assert!(stage.window.harness.query_by_role_and_label(Role::Button, "Training •").is_none());
}

#[test]
fn a_run_that_was_killed_is_offered_at_the_next_start_whatever_is_trained_on_next() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("runs");
    write_run(&folder, "tune-02", 1e-4);
    let run = folder.join("tune-02");
    std::fs::write(run.join("checkpoint/progress.toml"), "step = 6\nrate_factor = 1.0\nseconds = 60.0\n").unwrap();
    std::fs::write(run.join("under-way"), "").unwrap();
    let mut settings = Settings::default();
    settings.latest_run = Some(run);
    let mut window = Window::with([1280.0, 900.0], settings, |_| ());
    window.perform(Command::ShowTraining);
    let mut stage = TestStage { window, base: PathBuf::new(), clips: Vec::new(), dir };
    stage.wait_to_see("tune-02 was interrupted at step 6 of 10.");
    assert!(stage.dir.path().exists());
}

#[test]
fn runs_are_listed_compared_and_put_aside() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("runs");
    write_run(&folder, "one", 1e-4);
    write_run(&folder, "two", 2e-4);
    std::fs::create_dir_all(folder.join("torn")).unwrap();
    std::fs::write(folder.join("torn/config.toml"), "not a plan").unwrap();
    let mut window = Window::with([1280.0, 900.0], Settings::default(), |_| ());
    window.perform(Command::ShowRuns);
    assert!(window.sees("No runs yet"));
    window.harness.state_mut().panels.runs.choose_folder(folder.clone());
    let mut stage = TestStage { window, base: PathBuf::new(), clips: Vec::new(), dir };
    stage.wait("the runs", |app| app.panels.runs.runs().len() == 3);
    assert!(stage.app().panels.runs.runs().iter().any(|run| matches!(run.state, RunState::Broken(_))));
    for name in ["Compare one", "Compare two"] {
        stage.window.harness.get_by_role_and_label(Role::CheckBox, name).click();
        stage.window.settle();
    }
    stage.wait("the curves", |app| app.panels.runs.has_curves());
    assert!(stage.window.sees("Setting") && stage.window.sees("0.0002") && stage.window.sees("run_dir"));
    stage.window.harness.get_by_role_and_label(Role::Button, "two").click();
    stage.window.settle();
    assert!(stage.window.sees("Selected run"));
    for button in ["Delete…", "Delete run"] {
        stage.window.harness.get_by_role_and_label(Role::Button, button).click();
        stage.window.settle();
    }
    stage.wait("the deletion", |app| app.panels.runs.runs().len() == 2);
    let other = stage.dir.path().join("elsewhere");
    write_run(&other, "three", 1e-4);
    stage.app().panels.runs.choose_folder(other.clone());
    stage.wait("the other folder", |app| app.settings.run_folders.len() == 2);
    assert_eq!(stage.app().settings.run_folders, [other, folder.clone()]);
    stage.window.harness.get_by_role_and_label(Role::Button, "Recent").click();
    stage.window.settle();
    stage.window.harness.get_by_role_and_label(Role::Button, &folder.display().to_string()).click();
    stage.wait("the first folder", |app| app.panels.runs.runs().len() == 2);
    assert!(folder.join(".deleted/two/config.toml").exists() && stage.dir.path().exists());
    let gone = folder.join("one");
    std::fs::remove_dir_all(&gone).unwrap();
    assert_eq!(Run::read(&gone), None, "a run that was deleted meanwhile is no run");
}
