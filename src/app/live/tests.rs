//! The live panel, the stage and the full screen on sights made by hand: what a person sees of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, TouchPhase, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use image::{Rgb, RgbImage};

use super::settings::SourceKind;
use super::state::Cameras;
use crate::app::App;
use crate::app::command::Command;
use crate::app::command::prompt::PathPrompt;
use crate::app::flow::tests::{Window, model_of};
use crate::app::layout::{Pane, is_shown};
use crate::app::settings::Settings;
use crate::app::viewer::magnitude_scale::MagnitudeScale;
use crate::engine::live::Smoothed;
use crate::engine::{
    FlowView, LiveEvent, LiveResult, LiveView, Message, ModelInfo, RecordingStatus, RemovedCorrection, SceneChange,
    Scores, Timing,
};
use crate::error::Error;
use crate::flow::FlowField;
use crate::nets::MotionSquare;
use crate::nets::fusion::{Firmness, Fusion, FusionRule};
use crate::output::Existing;
use crate::training::TrainingEvent;
use crate::video::{
    CameraDevice, CameraInfo, CameraMode, CameraPhase, CameraSource, CameraStatus, Frame, Geometry, SlowCapture,
    VideoWriter,
};

const CLASSES: [&str; 4] = ["bow", "clap", "jump", "wave"];

fn filled(app: &mut App) {
    app.session.loading_model = None;
    app.session.live.cameras = Cameras::Listed(Vec::new());
    app.session.receive(&Message::ModelLoaded(model_of(&CLASSES)));
}

fn view(phase: CameraPhase) -> LiveView {
    let display = Arc::new(RgbImage::from_fn(160, 120, |x, y| Rgb([x as u8, y as u8, 90])));
    let frame = Arc::new(Frame { index: 99, pts_secs: 4.0, duration_secs: 0.04, display, scaled: Vec::new() });
    let info = CameraInfo { width: 640, height: 480, fps: Some(30.0), codec: "mjpeg".into() };
    LiveView {
        source: CameraSource::device("/dev/video0", None),
        camera: CameraStatus { phase, info: Some(info), fps: 29.97, captured: 100, passed_over: 0 },
        result: Some(Arc::new(result(frame.clone()))),
        frame: Some(frame),
        recording: None,
        held: None,
        slow: None,
    }
}

fn result(frame: Arc<Frame>) -> LiveResult {
    let field = FlowField::new(16, 12, (0..192).map(|i| [i as f32 / 100.0, 0.5]).collect());
    LiveResult {
        captured: Instant::now(),
        frame,
        flow: FlowView::on_cpu(field, Geometry { width: 160, height: 120 }),
        scene: SceneChange::None,
        classes: CLASSES.map(str::to_owned).into(),
        scores: Scores::default(),
        found: None,
        firmness: Firmness::Sure,
        answer: Smoothed { shares: vec![0.1, 0.5, 0.05, 0.35], top: Some(3), is_settled: true, ..Smoothed::default() },
        latency_ms: 212.4,
        fps: 4.2,
        answered: 14,
        skipped: 86,
        timing: Timing::default(),
    }
}

fn window(size: [f32; 2], phase: CameraPhase) -> Window {
    let mut window = Window::with(size, Settings::default(), filled);
    window.perform(Command::ShowLive);
    window.harness.state_mut().session.live.show(Some(view(phase)));
    window.settle();
    window
}

#[test]
fn rates_of_camera_and_networks_stand_apart_and_the_held_answer_comes_first() {
    for size in [[1280.0, 720.0], [720.0, 480.0]] {
        let window = window(size, CameraPhase::Live);
        for text in ["Camera: 30.0 fps", "Inference: 4.2 fps", "Latency: 212 ms", "Skipped: 86 %", "640×480 mjpeg"] {
            assert!(window.sees(text), "{text} at {size:?}");
        }
        let top = |text: &str| window.harness.get_by_label(text).rect().top();
        assert!(top("wave: 35 %") < top("clap: 50 %") && top("clap: 50 %") < top("bow: 10 %"));
        assert!(window.sees("Live video") && window.sees("Live flow"));
    }
}

#[test]
fn a_late_prediction_says_the_same_everywhere_and_counts_the_frames_that_wait() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    let mut late = view(CameraPhase::Live);
    let frame = late.frame.take().unwrap();
    late.frame = Some(Arc::new(Frame { index: frame.index + 66, ..(*frame).clone() }));
    late.result = Some(Arc::new(LiveResult { latency_ms: 13_260.0, answered: 1, skipped: 0, ..result(frame) }));
    late.slow = SlowCapture::new(5.0, Some(30.0));
    window.harness.state_mut().session.live.show(Some(late));
    window.settle();
    assert!(window.sees("A clip saved now has 5 of 30 frames a second: motion between frames is larger"));
    assert!(window.sees("Latency: 13.3 s") && window.sees("Skipped: 98 %"));
}

#[test]
fn the_colour_wheel_lies_over_the_live_flow_and_is_dragged_and_hidden() {
    let mut window = window([1280.0, 800.0], CameraPhase::Live);
    let wheel = |window: &Window| {
        let mut found = window.harness.query_all_by_label("Colour wheel");
        found.next().map(|node| node.rect())
    };
    let before = wheel(&window).unwrap();
    let flow = window.harness.get_by_label("Live flow").rect();
    assert!(flow.contains_rect(before));
    let (from, to) = (before.center(), before.center() - vec2(60.0, 40.0));
    for (pos, pressed) in [(from, true), (to, false)] {
        window.point_at(pos);
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        window.harness.event(Event::PointerButton { pos, button, pressed, modifiers });
        window.settle();
    }
    let moved = wheel(&window).unwrap();
    assert!(moved.left() < before.left() - 40.0 && moved.top() < before.top() - 20.0, "{before:?} to {moved:?}");
    window.perform(Command::ShrinkWheel);
    assert!(wheel(&window).unwrap().height() < moved.height() - 20.0);
    window.perform(Command::ToggleWheel);
    assert_eq!(wheel(&window), None);
}

#[test]
fn the_wheel_zooms_the_live_pictures_around_the_pointer_and_a_double_click_shows_all() {
    let mut window = window([1280.0, 800.0], CameraPhase::Live);
    let place = window.harness.get_by_label("Live video").rect();
    let at = place.lerp_inside(vec2(0.25, 0.5));
    window.point_at(at);
    let zoom = |window: &Window| window.harness.state().panels.viewer.live_zoom();
    let (unit, phase, source) = (MouseWheelUnit::Point, TouchPhase::Move, MouseWheelSource::Unknown);
    let (delta, modifiers) = (vec2(0.0, 200.0), Modifiers::NONE);
    window.harness.event(Event::MouseWheel { unit, delta, phase, source, modifiers });
    (0..20).for_each(|_| window.settle());
    let by_wheel = zoom(&window);
    assert!(by_wheel > 1.2, "{by_wheel}");
    window.harness.event(Event::Zoom(1.5));
    window.settle();
    assert!(zoom(&window) > 1.4 * by_wheel, "as Ctrl and the wheel do");
    let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
    let event = |pressed| Event::PointerButton { pos: at, button, pressed, modifiers };
    window.harness.input_mut().events.extend([true, false, true, false].map(event));
    window.settle();
    assert_eq!(zoom(&window), 1.0);
}

#[test]
fn a_file_is_no_camera_and_a_live_source_is_no_missing_clip() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    assert!(window.sees("Camera: 30.0 fps") && !window.sees("No clip"));
    let view = LiveView { source: CameraSource::File("/clips/wave.mp4".into()), ..view(CameraPhase::Live) };
    window.harness.state_mut().session.live.show(Some(view));
    window.settle();
    assert!(window.sees("Video: 30.0 fps") && !window.sees("Camera: 30.0 fps"));
}

#[test]
fn a_correction_can_be_removed_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, clip) = (dir.path().to_owned(), dir.path().join("wave/wave_live_001.mp4"));
    std::fs::create_dir_all(clip.parent().unwrap()).unwrap();
    std::fs::write(&clip, "").unwrap();
    let mut settings = Settings::default();
    settings.live.corrections = Some(folder.clone());
    let mut window = Window::with([1280.0, 900.0], settings, filled);
    window.perform(Command::ShowLive);
    let listed = |clips: &[&std::path::Path]| {
        let clips = clips.iter().map(|clip| clip.to_path_buf()).collect::<Vec<_>>();
        let clips = if clips.is_empty() { Vec::new() } else { vec![("wave".to_owned(), clips)] };
        Message::Live(LiveEvent::Corrections { folder: folder.clone(), clips })
    };
    window.harness.state_mut().session.receive(&listed(&[&clip]));
    window.settle();
    window.harness.get_by_label("wave: 1 clip").click();
    (0..8).for_each(|_| window.settle()); // it unfolds
    window.harness.get_by_role_and_label(Role::Button, "Remove wave_live_001.mp4").click();
    window.settle();
    let wait_until = |is_done: &dyn Fn() -> bool| {
        while !is_done() {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    wait_until(&|| !clip.exists());
    let place = dir.path().join("wave/.deleted/wave_live_001.mp4");
    assert!(place.is_file(), "it is moved, not deleted");
    let removed = RemovedCorrection { folder: folder.clone(), clip: clip.clone(), place };
    let session = &mut window.harness.state_mut().session;
    session.receive(&Message::Live(LiveEvent::CorrectionRemoved(removed)));
    session.receive(&listed(&[]));
    window.settle();
    assert!(window.sees("Removed wave_live_001.mp4") && window.sees(".deleted"), "the status bar says where it is");
    window.harness.get_by_label("Undo").click();
    window.settle();
    wait_until(&|| clip.exists());
    assert!(!window.sees("Removed wave_live_001.mp4"));
}

#[test]
fn nothing_moves_while_something_is_recorded() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    let places = |window: &Window| {
        let screen = window.harness.get_by_label("Live full screen").rect();
        (screen, window.harness.get_by_label("wave: 35 %").rect())
    };
    let before = places(&window);
    for secs in [0.0, 9.0, 754.0] {
        let recording = Some(RecordingStatus { path: "/rec.mp4".into(), secs, lost: 0 });
        let view = LiveView { recording, ..view(CameraPhase::Live) };
        window.harness.state_mut().session.live.show(Some(view));
        window.settle();
        assert_eq!(places(&window), before, "after {secs} s");
    }
}

#[test]
fn the_full_screen_shows_that_a_recording_runs_and_how_long() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    window.perform(Command::DemoLive);
    assert!(!window.sees("Recording"));
    let recording = Some(RecordingStatus { path: "/rec.mp4".into(), secs: 75.0, lost: 0 });
    window.harness.state_mut().session.live.show(Some(LiveView { recording, ..view(CameraPhase::Live) }));
    window.settle();
    let sign = window.harness.get_by_label("Recording 1:15").rect();
    assert!(sign.left() < 60.0 && sign.top() < 60.0 && sign.width() < 120.0, "{sign:?}");
}

#[test]
fn a_recording_is_seen_and_stopped_whatever_panel_is_in_front() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    window.perform(Command::ShowTraining);
    assert!(!window.sees("Recording 1:15"));
    let recording = Some(RecordingStatus { path: "/rec.mp4".into(), secs: 75.0, lost: 0 });
    window.harness.state_mut().session.live.show(Some(LiveView { recording, ..view(CameraPhase::Live) }));
    assert!(window.harness.state().session.window_title().starts_with("Recording – "));
    window.settle();
    assert!(window.sees("Recording 1:15"));
    let stop = window.harness.get_by_role_and_label(Role::Button, "Stop recording");
    assert!(!stop.accesskit_node().is_disabled());
}

#[test]
fn an_answer_is_unsure_below_the_threshold_of_the_model() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    assert!(!window.sees("unsure, wave?"));
    window.harness.state_mut().session.fusion.unsure_below = Some(0.6);
    window.settle();
    assert!(window.sees("unsure, wave?"), "the highest share is 50 %");
}

#[test]
fn a_multi_label_model_shows_all_classes_at_their_thresholds() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    for (thresholds, expected) in [([0.5, 0.5, 0.5, 0.3], "clap, wave"), ([0.6; 4], "none of its classes")] {
        let fusion = Fusion { rule: FusionRule::Sigmoid, ..Fusion::default() };
        let model = ModelInfo { fusion, thresholds: thresholds.to_vec(), ..model_of(&CLASSES) };
        window.harness.state_mut().session.receive(&Message::ModelLoaded(model));
        window.settle();
        assert!(window.sees(expected), "{expected}");
    }
    // Fullscreen.
    window.perform(Command::DemoLive);
    window.settle();
    assert!(window.sees("none of its classes"));
}

#[test]
fn the_wait_for_frames_ends_with_the_eleventh_and_that_for_the_networks_begins() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    for (captured, said, not) in [(10, "eleven frames", "first prediction"), (11, "first prediction", "eleven frames")]
    {
        let mut view = view(CameraPhase::Live);
        (view.result, view.camera.captured) = (None, captured);
        window.harness.state_mut().session.live.show(Some(view));
        window.settle();
        assert!(window.sees(said) && !window.sees(not), "{captured} frames");
    }
}

#[test]
fn a_source_that_broke_off_says_why_and_when_it_is_tried_again() {
    let error = Error::new("v4l2:/dev/video0", "it is not there, or was unplugged", "Plug it in");
    let retry_at = Instant::now() + Duration::from_secs(60);
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    let smoothing = |window: &Window| window.harness.get_by_role_and_label(Role::ComboBox, "Smoothing").rect();
    let place = smoothing(&window);
    assert!(window.sees("wave: 35 %") && window.sees("Inference: 4.2 fps"));
    let lost = CameraPhase::Waiting { error, retry_at, attempt: 4 };
    window.harness.state_mut().session.live.show(Some(view(lost)));
    window.settle();
    assert!(window.sees("Reconnecting in") && window.sees("was unplugged. Plug it in"));
    assert!(window.sees("Live source stopped, reconnecting (attempt 4)") && !window.sees("Ready"));
    assert!(!window.sees("wave: 35 %") && !window.sees("Inference: 4.2 fps"), "they are out of date");
    assert_eq!(smoothing(&window), place, "nothing moves");
    window.perform(Command::DemoLive);
    assert!(window.sees("Live video") && !window.sees("Find a command") && !window.sees("wave 35 %"));
    window.harness.key_press_modifiers(Modifiers::NONE, Key::Escape);
    window.settle();
    assert!(window.sees("Find a command"));
}

#[test]
fn the_right_class_is_asked_for_where_it_always_stands() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    window.perform(Command::CorrectLive);
    let top = |text: &str| window.harness.get_by_role_and_label(Role::Button, text).rect().top();
    assert!(window.sees("Choose the correct class"));
    let tops = CLASSES.map(top);
    assert!(tops.windows(2).all(|pair| pair[0] < pair[1]), "{tops:?}");
}

fn choose(window: &mut Window, field: &str, entry: &str) {
    window.harness.get_by_role_and_label(Role::ComboBox, field).click();
    window.settle();
    window.harness.get_by_role_and_label(Role::Button, entry).click();
    window.settle();
}

#[test]
fn a_camera_is_chosen_with_its_sizes_and_rates() {
    let mut window = Window::with([1280.0, 720.0], Settings::default(), filled);
    window.perform(Command::ShowLive);
    assert!(window.sees("No camera found. Connect one"));
    let available = |window: &Window, command: Command| command.available(window.harness.state().conditions());
    assert!(available(&window, Command::StartLive).is_err() && available(&window, Command::CorrectLive).is_err());
    let mode = |width, height, fps| CameraMode { size: Geometry { width, height }, fps, format: None };
    let modes = vec![mode(1280, 720, 30.0), mode(640, 480, 30.0), mode(640, 480, 15.0)];
    let device = CameraDevice { name: "/dev/video0".into(), title: "Integrated camera".into(), modes: modes.clone() };
    let app = window.harness.state_mut();
    app.session.receive(&Message::Cameras(Ok(vec![device])));
    app.settings.live.mode = Some(modes[1].clone());
    window.settle();
    assert_eq!(available(&window, Command::StartLive), Ok(()));
    let live = &window.harness.state().settings.live;
    assert_eq!(live.source(), Ok(CameraSource::device("/dev/video0", Some(modes[1].clone()))));
    // The size comes first, then its rates; another size keeps the rate.
    choose(&mut window, "Size", "1280×720");
    assert_eq!(window.harness.state().settings.live.mode, Some(modes[0].clone()));
    choose(&mut window, "Size", "640×480");
    choose(&mut window, "Frame rate", "15 fps");
    assert_eq!(window.harness.state().settings.live.mode, Some(modes[2].clone()));
    choose(&mut window, "Size", "Camera default");
    assert!(window.harness.state().settings.live.mode.is_none() && !window.sees("Frame rate"));
    window.harness.state_mut().settings.live.kind = SourceKind::Address;
    window.harness.state_mut().settings.live.address = "webcam".into();
    window.settle();
    window.perform(Command::StartLive);
    assert!(window.sees("not a camera, a stream address or a video"));
}

/// Repaints and takes in what happens until `seen` holds.
pub(in crate::app) fn until(window: &mut Window, what: &str, seen: impl Fn(&App) -> bool) {
    let started = Instant::now();
    while !seen(window.harness.state()) {
        assert!(started.elapsed() < Duration::from_secs(60), "never seen: {what}");
        std::thread::sleep(Duration::from_millis(10));
        let ctx = window.harness.ctx.clone();
        window.harness.state_mut().take_news(&ctx);
        window.settle();
    }
}

#[test]
fn a_clip_makes_way_for_a_live_source_and_comes_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.mp4");
    let mut writer = VideoWriter::create(&path, Geometry { width: 64, height: 48 }, 25.0).unwrap();
    (0..20).for_each(|n| writer.push(&RgbImage::from_pixel(64, 48, Rgb([8 * n; 3]))).unwrap());
    writer.finish().unwrap();
    for (address, works) in [("lavfi:testsrc2=size=64x48:rate=30", true), ("lavfi:nosuchfilter", false)] {
        let mut settings = Settings::default();
        (settings.live.kind, settings.live.address) = (SourceKind::Address, address.into());
        let mut window = Window::with([1280.0, 720.0], settings, |app| app.open_clip(path.clone()));
        until(&mut window, "the clip", |app| app.session.frame.is_some() && app.session.clip.is_some());
        window.perform(Command::ShowLog);
        let is_at = |app: &App, index| app.session.frame.as_ref().is_some_and(|frame| frame.index == index);
        for _ in 0..7 {
            window.perform(Command::StepForward);
        }
        until(&mut window, "frame 7", |app| is_at(app, 7));
        window.perform(Command::MarkIn);
        let (marks, layout) = (window.harness.state().session.marks, window.harness.state().settings.layout.clone());

        window.perform(Command::StartLive);
        let app = window.harness.state();
        assert!(app.session.clip.is_none() && app.session.marks.start.is_none());
        assert!(!window.sees("Open sample"), "the start page does not flash up");
        let app = window.harness.state();
        assert!(app.settings.layout != layout, "the live panel is in front");
        if works {
            until(&mut window, "a live picture", |app| {
                app.session.live.view.as_ref().is_some_and(|view| view.frame.is_some())
            });
            window.perform(Command::DemoLive);
            window.perform(Command::StartLive);
        }
        until(&mut window, "the clip again", |app| app.session.clip.is_some() && is_at(app, 7));
        let app = window.harness.state();
        assert!(app.session.live.view.is_none() && !app.session.live.demo && !app.session.player.playing);
        assert!(app.session.marks == marks && marks.start == Some(7) && app.settings.layout == layout);
        assert_eq!(app.session.notice.is_some(), !works, "why the source does not work is still told");

        // Another clip that is opened instead stays.
        let other = dir.path().join("other.mp4");
        std::fs::copy(&path, &other).unwrap();
        if works {
            window.perform(Command::StartLive);
            until(&mut window, "a live source", |app| app.session.live.view.is_some());
            window.harness.state_mut().open_clip(other.clone());
            until(&mut window, "the other clip", |app| app.session.clip.is_some() && is_at(app, 0));
            assert!(window.harness.state().session.clip.as_ref().is_some_and(|clip| clip.path == other));
        }
    }
}

#[test]
fn live_flow_has_the_floor_of_the_settings() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    let app = window.harness.state_mut();
    let mut scale = |least_px: f32| {
        app.settings.least_scale_px = least_px;
        MagnitudeScale::of_live(&app.settings, &app.session).max_px
    };
    let longest = scale(0.01);
    assert!((1.5..2.0).contains(&longest), "{longest}");
    assert_eq!((scale(0.5), scale(3.0)), (longest, 3.0));
}

#[test]
fn the_live_scale_ignores_a_flow_across_a_cut_and_starts_over_after_it() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    let live = &mut window.harness.state_mut().session.live;
    let mut px = |scene, length: f32| {
        let mut view = view(CameraPhase::Live);
        let mut result = LiveResult::clone(view.result.as_ref().unwrap());
        let field = FlowField::new(8, 6, vec![[length, 0.0]; 48]);
        result.flow = FlowView::on_cpu(field, Geometry { width: 640, height: 480 });
        result.scene = scene;
        view.result = Some(Arc::new(result));
        live.show(Some(view));
        live.scale_px
    };
    let slow = px(SceneChange::Before, 8.0);
    assert_eq!(px(SceneChange::Within, 60.0), slow);
    let other = px(SceneChange::None, 2.0);
    assert!((other - slow / 4.0).abs() < 1e-3, "{slow} became {other} with the first flow of the next scene");
    assert_eq!(px(SceneChange::Before, 1.0), slow / 8.0);
}

#[test]
fn the_square_around_the_motion_is_on_the_live_picture() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    let place = window.harness.get_by_label("Live video").rect();
    let without = window.harness.render().unwrap();
    let mut view = view(CameraPhase::Live);
    let mut result = LiveResult::clone(view.result.as_ref().unwrap());
    result.scores.square = Some(MotionSquare { left: 0.25, top: 0.25, width: 0.5, height: 0.5 });
    view.result = Some(Arc::new(result));
    window.harness.state_mut().session.live.show(Some(view));
    window.settle();
    let with = window.harness.render().unwrap();
    let is_changed = |x: f32, y: f32| {
        let at = place.min + vec2(x * place.width(), y * place.height());
        let near = |shift: i32| (at.x.round() as i32 + shift) as u32;
        (-2..=2).any(|shift| with.get_pixel(near(shift), at.y as u32) != without.get_pixel(near(shift), at.y as u32))
    };
    assert!(is_changed(0.25, 0.5) && is_changed(0.75, 0.5), "its left and right sides");
    assert!(!is_changed(0.5, 0.5) && !is_changed(0.1, 0.5), "nothing else is covered");
}

#[test]
fn all_of_the_panel_is_in_view_while_a_source_is_watched_and_the_timeline_makes_way() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    assert!(!window.sees("Play or pause"));
    let bottom = |role, label: &str| window.harness.get_by_role_and_label(role, label).rect().bottom();
    assert!(bottom(Role::ComboBox, "Smoothing") < 690.0 && bottom(Role::CheckBox, "Mirror") < 690.0);
    window.harness.state_mut().session.live.show(None);
    window.settle();
    assert!(window.harness.query_by_role_and_label(Role::Button, "Play or pause").is_some());
}

#[test]
fn clips_of_corrections_are_opened_by_a_button_that_says_that_live_stops() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = window([1280.0, 800.0], CameraPhase::Live);
    let (folder, clip) = (dir.path().to_owned(), dir.path().join("golf/golf_live_001.mp4"));
    window.harness.state_mut().settings.live.corrections = Some(folder.clone());
    let listed = LiveEvent::Corrections { folder, clips: vec![("golf".into(), vec![clip])] };
    window.harness.state_mut().session.receive(&Message::Live(listed));
    window.settle();
    window.harness.get_by_label("golf: 1 clip").click();
    (0..8).for_each(|_| window.settle()); // it unfolds
    let has = |window: &Window, button: &str| window.harness.query_by_role_and_label(Role::Button, button).is_some();
    assert!(has(&window, "Open (stops live)") && !has(&window, "golf_live_001.mp4"));
    window.harness.state_mut().session.live.show(None);
    window.settle();
    assert!(!has(&window, "Open (stops live)") && has(&window, "golf_live_001.mp4"));
}

#[test]
fn each_correction_of_an_opened_class_has_a_row_of_its_own_height() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = window([1280.0, 1000.0], CameraPhase::Live);
    window.harness.state_mut().session.live.show(None);
    let folder = dir.path().to_owned();
    window.harness.state_mut().settings.live.corrections = Some(folder.clone());
    let clips: Vec<_> = (10..40).map(|i| folder.join(format!("golf/golf_live_0{i}.mp4"))).collect();
    let listed = LiveEvent::Corrections { folder, clips: vec![("golf".into(), clips)] };
    window.harness.state_mut().session.receive(&Message::Live(listed));
    window.settle();
    window.harness.get_by_label("golf: 30 clips").click();
    (0..8).for_each(|_| window.settle()); // it unfolds
    let top = |label: &str| window.harness.get_by_label(label).rect().top();
    let row = top("Remove golf_live_011.mp4") - top("Remove golf_live_010.mp4");
    assert!((12.0..40.0).contains(&row), "{row}");
    let below = top("Choose corrections folder…") - top("golf: 30 clips");
    assert!(below < 260.0, "the rest of the list scrolls: {below}");
}

#[test]
fn a_training_that_ends_leaves_the_panel_in_use_in_front_and_its_tab_has_a_dot() {
    let end = Message::Training(TrainingEvent::Finished { model_dir: "/m".into(), stopped_early: false });
    for is_live in [true, false] {
        let mut window = window([1280.0, 720.0], CameraPhase::Live);
        if !is_live {
            window.harness.state_mut().session.live.show(None);
        }
        let ctx = window.harness.ctx.clone();
        window.harness.state_mut().receive(&end, &ctx);
        window.settle();
        assert!(is_shown(&window.harness.state().settings.layout, Pane::Live));
        assert!(window.sees("Training •") && window.sees("Training finished: see the Training panel"));
        window.perform(Command::ShowTraining);
        assert!(!window.sees("Training •"), "it has been looked at");
    }
}

#[test]
fn a_class_that_waits_for_its_lead_to_last_is_not_unsure() {
    let mut window = window([1280.0, 720.0], CameraPhase::Live);
    let mut view = view(CameraPhase::Live);
    let mut result = LiveResult::clone(view.result.as_ref().unwrap());
    result.answer = Smoothed {
        shares: vec![0.02, 0.92, 0.02, 0.04],
        top: Some(1),
        is_settled: false,
        waits_secs: Some(0.4),
        ..Smoothed::default()
    };
    view.result = Some(Arc::new(result));
    window.harness.state_mut().session.live.show(Some(view));
    window.settle();
    assert!(window.sees("clap, waiting 0.4 s") && !window.sees("unsure"));
    window.perform(Command::DemoLive);
    assert!(window.sees("clap, waiting 0.4 s 92 %"));
    assert!(window.harness.query_by_label("Colour wheel").is_some(), "the full screen has the colours' scale");
}

#[test]
fn a_video_file_is_chosen_as_the_live_source() {
    let mut window = Window::with([1280.0, 720.0], Settings::default(), filled);
    window.perform(Command::ShowLive);
    window.harness.state_mut().settings.live.kind = SourceKind::Address;
    window.settle();
    assert!(window.harness.query_by_role_and_label(Role::Button, "Play video as live source…").is_some());
    let ctx = window.harness.ctx.clone();
    let question = PathPrompt::Of(Command::ChooseLiveVideo);
    window.harness.state_mut().open_as(question, "/clips/wave.mp4".into(), Existing::Keep, &ctx);
    assert_eq!(window.harness.state().settings.live.address, "/clips/wave.mp4");
}
