//! Labelling as a person does it: by keys and by pointer, on projects made by hand.

use std::path::Path;
use std::time::{Duration, Instant};

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, MouseWheelUnit, PointerButton, Pos2, TouchPhase, vec2};
use egui_kittest::kittest::Queryable;
use tempfile::TempDir;

use crate::app::App;
use crate::app::command::Command;
use crate::app::flow::tests::Window;
use crate::app::settings::Settings;
use crate::engine::Message;
use crate::labels::{self, Facts, Label, Project, Video, VideoId, edits};
use crate::video::VideoInfo;

pub(in crate::app) const SIZE: [f32; 2] = [1280.0, 800.0];
pub(in crate::app) const FRAMES: usize = 100;

/// A project of these classes and of `videos` videos of 100 frames in a folder of its own.
pub(in crate::app) fn project(dir: &Path, classes: &[&str], videos: usize) -> Project {
    let settings = labels::Settings { name: "kitchen".into(), reviewer: "me".into(), ..Default::default() };
    let mut project = Project::create(dir, settings).unwrap();
    for name in classes {
        let (_, step) = edits::add_class(project.document(), name).unwrap();
        project.perform(step).unwrap();
    }
    let video = |i: usize| {
        let facts = Facts {
            frames: FRAMES,
            fps: 25.0,
            start_secs: Some(0.0),
            variable_rate: false,
            size: [64, 48],
            bytes: 9,
            hash: format!("{i:04x}"),
        };
        Video { facts: Some(facts), ..Video::new(format!("clip_{i}.mp4")) }
    };
    let step = edits::add_videos(project.document(), (0..videos).map(video).collect());
    project.perform(step).unwrap();
    project
}

/// A window on a project, whose first clip is open.
pub(in crate::app) struct LabelingStage {
    pub(in crate::app) window: Window,
    pub(in crate::app) dir: TempDir,
}

impl LabelingStage {
    pub(in crate::app) fn new(classes: &[&str], videos: usize) -> Self {
        Self::with(classes, videos, Settings::default())
    }

    pub(in crate::app) fn with(classes: &[&str], videos: usize, settings: Settings) -> Self {
        Self::all(SIZE, classes, videos, settings)
    }

    fn sized(size: [f32; 2], classes: &[&str], videos: usize) -> Self {
        Self::all(size, classes, videos, Settings::default())
    }

    fn all(size: [f32; 2], classes: &[&str], videos: usize, settings: Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let project = project(dir.path(), classes, videos);
        let first = project.video_path(VideoId(0));
        let mut window = Window::with(size, settings, |app| {
            app.session.loading_model = None;
            app.session.labeling.open(project, Vec::new());
            if let Some(path) = first {
                open_clip(app, &path);
            }
        });
        window.perform(Command::ShowProject);
        Self { window, dir }
    }

    pub(in crate::app) fn app(&self) -> &App {
        self.window.harness.state()
    }

    pub(in crate::app) fn app_mut(&mut self) -> &mut App {
        self.window.harness.state_mut()
    }

    pub(in crate::app) fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.window.harness.key_press_modifiers(modifiers, key);
        self.window.settle();
    }

    pub(in crate::app) fn key(&mut self, key: Key) {
        self.press(Modifiers::NONE, key);
    }

    /// The player stands at `frame`.
    pub(in crate::app) fn at(&mut self, frame: usize) {
        self.app_mut().session.player.position = frame;
        self.window.settle();
    }

    pub(in crate::app) fn video(&self, id: u32) -> &Video {
        &self.app().session.labeling.document().unwrap().videos[&VideoId(id)]
    }

    pub(in crate::app) fn class(&self, place: usize) -> Label {
        self.app().session.labeling.class_label(place).unwrap()
    }

    /// The clip of a video is open.
    pub(in crate::app) fn see(&mut self, id: u32) {
        let path = self.app().session.labeling.project().unwrap().video_path(VideoId(id)).unwrap();
        open_clip(self.app_mut(), &path);
    }

    /// Names of the classes in their order.
    pub(in crate::app) fn names(&self) -> Vec<&str> {
        let classes = &self.app().session.labeling.document().unwrap().classes;
        classes.iter().map(|class| class.name.as_str()).collect()
    }

    pub(in crate::app) fn segments(&self) -> Vec<(Label, usize, usize)> {
        let (_, video) = self.app().session.labeling.video().unwrap();
        video.segments.iter().map(|segment| (segment.label, segment.start, segment.end)).collect()
    }

    pub(in crate::app) fn drag(&mut self, from: Pos2, to: Pos2) {
        self.hold(from, to);
        self.button(to, false);
    }

    /// Drags without letting go.
    pub(in crate::app) fn hold(&mut self, from: Pos2, to: Pos2) {
        self.window.point_at(from);
        self.button(from, true);
        self.window.point_at(from + (to - from) * 0.5);
        self.window.point_at(to);
    }

    pub(in crate::app) fn button(&mut self, pos: Pos2, pressed: bool) {
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        self.window.harness.event(Event::PointerButton { pos, button, pressed, modifiers });
        self.window.settle();
    }

    /// Where a node with this text lies.
    pub(in crate::app) fn place(&self, text: &str) -> eframe::egui::Rect {
        self.window.harness.get_by_label_contains(text).rect()
    }
}

/// The clip at `path` is open; there is no such file.
pub(in crate::app) fn open_clip(app: &mut App, path: &Path) {
    app.session.receive(&Message::Opened(VideoInfo {
        path: path.to_owned(),
        codec: "h264".into(),
        width: 64,
        height: 48,
        frames: FRAMES,
        duration_secs: 4.0,
        fps: 25.0,
        times: crate::frame_times::FrameTimes::even(FRAMES, 25.0, 0.0).unwrap(),
        variable_rate: false,
        rotation_degrees: 0,
        interlaced: false,
        has_sound: false,
        recorded: None,
        notes: Vec::new(),
    }));
}

#[test]
fn without_a_project_the_panel_says_what_to_do() {
    let mut window = Window::with(SIZE, Settings::default(), |app| app.session.loading_model = None);
    window.perform(Command::ShowProject);
    assert!(window.sees("Label your videos") && window.sees("New project…") && window.sees("Open project…"));
}

#[test]
fn a_clip_is_labelled_by_a_digit_and_everything_is_taken_back_and_done_again() {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 3);
    labeling.key(Key::Num2);
    assert_eq!(labeling.video(0).labels, [labeling.class(1)]);
    assert!(labeling.window.sees("1 of 3 labelled"));
    labeling.key(Key::Num1);
    assert_eq!(labeling.video(0).labels, [labeling.class(0)], "another digit corrects it");
    labeling.key(Key::B);
    assert_eq!(labeling.video(0).labels, [Label::Background]);
    labeling.key(Key::U);
    assert!(labeling.video(0).is_unlabelled());
    for _ in 0..3 {
        labeling.press(Modifiers::COMMAND, Key::Z);
    }
    assert_eq!(labeling.video(0).labels, [labeling.class(1)]);
    labeling.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    labeling.press(Modifiers::COMMAND, Key::Y);
    assert_eq!(labeling.video(0).labels, [Label::Background]);
    labeling.key(Key::Num9);
    assert_eq!(labeling.video(0).labels, [Label::Background], "there is no ninth class");
}

#[test]
fn a_segment_is_marked_made_nudged_relabelled_and_deleted_by_keys_and_is_there_again_after_reopening() {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 1);
    let (wave, jump) = (labeling.class(0), labeling.class(1));
    labeling.at(10);
    labeling.key(Key::I);
    labeling.at(19);
    labeling.key(Key::O);
    labeling.key(Key::Enter);
    assert_eq!(labeling.segments(), [(wave, 10, 20)]);
    assert_eq!(labeling.app().session.marks.start, None, "the marks were used");
    labeling.press(Modifiers::ALT, Key::Comma);
    labeling.press(Modifiers::COMMAND, Key::Period);
    assert_eq!(labeling.segments(), [(wave, 9, 21)]);
    labeling.key(Key::Num2);
    assert_eq!(labeling.segments(), [(jump, 9, 21)], "the digit is for the selected segment");
    assert!(labeling.video(0).labels.is_empty());

    labeling.at(40);
    labeling.key(Key::I);
    labeling.at(49);
    labeling.key(Key::O);
    labeling.key(Key::Num1);
    assert_eq!(labeling.segments(), [(jump, 9, 21), (wave, 40, 50)], "the digit is for what is marked");
    labeling.key(Key::Comma);
    assert_eq!(labeling.app().session.labeling.segment().unwrap().label, jump);
    labeling.key(Key::Delete);
    assert_eq!(labeling.segments(), [(wave, 40, 50)]);
    labeling.press(Modifiers::COMMAND, Key::Z);

    let LabelingStage { window, dir } = labeling;
    drop(window); // nothing is saved: the journal has it all
    let opened = Project::open(dir.path()).unwrap();
    let video = &opened.project.document().videos[&VideoId(0)];
    assert_eq!(
        video.segments.iter().map(|s| (s.label, s.start, s.end)).collect::<Vec<_>>(),
        [(jump, 9, 21), (wave, 40, 50)]
    );
    assert_eq!(video.reviewer, "me");
}

#[test]
fn segments_that_would_overlap_are_refused_with_the_reason() {
    let mut labeling = LabelingStage::new(&["wave", "jump"], 1);
    for (from, to) in [(10, 30), (20, 40)] {
        labeling.at(from);
        labeling.key(Key::I);
        labeling.at(to);
        labeling.key(Key::O);
        labeling.key(Key::Enter);
    }
    assert_eq!(labeling.segments().len(), 1);
    assert!(labeling.window.sees("verlaps the segment of wave"));
    assert_eq!(labeling.app().session.marks.start, Some(20), "the marks stay, to be corrected");
}

#[test]
fn the_edge_of_a_segment_is_dragged_to_a_frame_in_one_step() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    let wave = labeling.class(0);
    let (_, step) =
        edits::add_segment(labeling.app().session.labeling.document().unwrap(), VideoId(0), wave, 20, 40).unwrap();
    labeling.app_mut().session.labeling.perform(step).unwrap();
    labeling.window.settle();
    let before = labeling.place("Frames of the clip");
    let x = |frame: f32| before.left() + frame / FRAMES as f32 * before.width();
    let edge = labeling.place("End of wave at 39").center();
    labeling.drag(Pos2::new(x(40.0), edge.y), Pos2::new(x(60.2), edge.y));
    assert_eq!(labeling.segments(), [(wave, 20, 60)]);
    let body = labeling.place("wave, frames 20 to 59").center();
    labeling.drag(body, body + vec2(x(10.0) - x(0.0), 0.0));
    assert_eq!(labeling.segments(), [(wave, 30, 70)]);
    assert_eq!(labeling.place("Frames of the clip"), before, "nothing has jumped");
    labeling.press(Modifiers::COMMAND, Key::Z);
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(labeling.segments(), [(wave, 20, 40)], "one step for each drag");
}

#[test]
fn nothing_jumps_when_the_project_of_the_last_time_is_there() {
    // Of a clip that the project does not have there were no tracks the last time.
    for (is_inside, tracks) in [(true, 5), (false, 0)] {
        let dir = tempfile::tempdir().unwrap();
        let project = project(dir.path(), &["a", "b", "c", "d"], 1);
        let clip = if is_inside { project.video_path(VideoId(0)).unwrap() } else { "/a.mp4".into() };
        let mut settings = Settings::default();
        settings.labeling.tracks = tracks;
        let mut window = Window::with(SIZE, settings, |app| {
            app.session.loading_model = None;
            app.session.labeling.opening = Some("/project".into());
            open_clip(app, &clip);
        });
        let timeline = |window: &Window| window.harness.get_by_label("Timeline").rect();
        let before = timeline(&window);
        assert!(!window.sees("This clip is not in the project"));
        let session = &mut window.harness.state_mut().session;
        session.labeling.opening = None;
        session.labeling.open(project, Vec::new());
        session.follow_clip();
        window.settle();
        assert_eq!(timeline(&window), before, "{is_inside}");
        assert_eq!(window.sees("This clip is not in the project"), !is_inside);
        assert_eq!(window.harness.state().settings.labeling.tracks, tracks, "for the next start");
    }
}

/// 1280×720 pixels at 150 %.
#[test]
fn the_list_of_videos_has_its_share_of_a_small_window() {
    let mut labeling = LabelingStage::sized([853.0, 480.0], &["bend", "clap", "jump", "walk", "wave"], 30);
    let window = &mut labeling.window;
    let below = window.harness.get_by_role_and_label(Role::Button, "Play or pause").rect().top() - 6.0;
    let seen = |window: &Window| {
        let rows = window.harness.query_all_by_label_contains(".mp4, ").map(|node| node.rect());
        rows.filter(|row| row.bottom() <= below).count()
    };
    assert!(seen(window) >= 4, "{} rows", seen(window));
    window.compare("labelled_project_small");
    let button = |window: &Window| window.harness.get_by_role_and_label(Role::Button, "Label as wave").rect();
    let (before, at) = (button(window), window.harness.get_by_role_and_label(Role::Button, "Add…").rect().center());
    window.point_at(at);
    let (unit, phase, delta) = (MouseWheelUnit::Point, TouchPhase::Move, vec2(0.0, -80.0));
    let (modifiers, source) = (Modifiers::NONE, eframe::egui::MouseWheelSource::Unknown);
    window.harness.event(Event::MouseWheel { unit, phase, delta, modifiers, source });
    (0..8).for_each(|_| window.settle());
    assert!(button(window).bottom() < before.bottom() - 40.0, "what is above the list scrolls");
}

#[test]
fn seven_videos_are_seen_in_a_low_window() {
    let mut labeling = LabelingStage::sized([1280.0, 720.0], &["bend", "clap", "jump", "walk", "wave"], 30);
    labeling.key(Key::Num2);
    let window = &labeling.window;
    let below = window.harness.get_by_role_and_label(Role::Button, "Play or pause").rect().top() - 6.0;
    let rows = window.harness.query_all_by_label_contains(".mp4, ").map(|node| node.rect());
    let seen = rows.filter(|row| row.bottom() <= below).count();
    assert!(seen >= 7, "{seen} rows");
    labeling.window.compare("labelled_project_low");
}

#[test]
fn the_list_shows_the_clip_of_the_last_time_though_it_is_opened_after_the_project() {
    let mut labeling = LabelingStage::new(&["wave"], 200);
    assert!(labeling.window.sees("clip_0.mp4, ") && !labeling.window.sees("clip_150.mp4, "));
    // As after a start: nothing was drawn yet, and no clip is open.
    let app = labeling.app_mut();
    app.panels.project = Default::default();
    app.session.labeling.select(None);
    labeling.window.settle();
    assert!(labeling.app().session.labeling.selected().is_none());
    labeling.see(150);
    (0..2).for_each(|_| labeling.window.settle());
    assert!(labeling.window.sees("clip_150.mp4, ") && !labeling.window.sees("clip_0.mp4, "));
}

#[test]
fn thousands_of_videos_cost_no_more_than_those_in_view() {
    let mut labeling = LabelingStage::new(&["wave"], 5000);
    assert!(labeling.window.sees("0 of 5000 labelled"));
    let drawn = labeling.app().panels.project.drawn_rows();
    assert!((5..40).contains(&drawn), "{drawn} rows");
    let made = |labeling: &mut LabelingStage| labeling.app_mut().session.labeling.list().made();
    let named = |labeling: &mut LabelingStage| labeling.app_mut().session.labeling.list().named();
    let (before, names) = (made(&mut labeling), named(&mut labeling));
    // The quickest of several: other programs may have the processor meanwhile.
    let repaint = (0..20).map(|_| {
        let started = Instant::now();
        labeling.window.harness.step();
        started.elapsed()
    });
    let repaint = repaint.min().unwrap();
    assert!(repaint < Duration::from_millis(150), "{repaint:?} a repaint");
    assert_eq!(made(&mut labeling), before, "the list is not rebuilt while nothing changes");
    let started = Instant::now();
    labeling.key(Key::Num1);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?} to label", started.elapsed());
    assert_eq!(made(&mut labeling), before + 1);
    assert_eq!(named(&mut labeling), names, "a label changes neither names nor order");
    labeling.press(Modifiers::COMMAND, Key::ArrowDown);
    assert_eq!(labeling.app().session.labeling.selected(), Some(VideoId(1)), "in the order in which people count");
    labeling.app_mut().session.labeling.choice.text = "clip_499".into();
    labeling.window.settle();
    assert_eq!(labeling.app_mut().session.labeling.list().rows().len(), 11, "clip_499 and clip_4990 to clip_4999");
}

#[test]
fn the_next_unlabelled_video_follows_a_label_if_one_wants_that() {
    let mut settings = Settings::default();
    settings.labeling.advance = true;
    let mut labeling = LabelingStage::with(&["wave"], 3, settings);
    for (id, next) in [(0, 1), (1, 2), (2, 2)] {
        labeling.key(Key::Num1);
        assert!(!labeling.video(id).is_unlabelled());
        assert_eq!(labeling.app().session.labeling.selected(), Some(VideoId(next)));
        if next > id {
            labeling.key(Key::Num1);
            assert!(labeling.video(next).is_unlabelled(), "nobody has seen it yet");
            assert!(labeling.window.sees("The clip is still loading"));
        }
        labeling.see(next);
    }
    assert!(labeling.window.sees("3 of 3 labelled"));
    labeling.press(Modifiers::COMMAND, Key::ArrowRight);
    assert!(labeling.window.sees("All other videos are labelled"));
}

#[test]
fn a_label_given_when_all_videos_have_one_is_named_in_the_status_bar() {
    let mut settings = Settings::default();
    settings.labeling.advance = true;
    let mut labeling = LabelingStage::with(&["wave", "clap"], 1, settings);
    labeling.key(Key::Num1);
    labeling.key(Key::Num2);
    let told = labeling.app().session.told.as_ref().map(|(text, _)| text.as_str()).unwrap_or_default();
    assert!(told.starts_with("Labelled as clap") && told.ends_with("All other videos are labelled"), "{told}");
    labeling.key(Key::Num2);
    let told = labeling.app().session.told.as_ref().map(|(text, _)| text.as_str());
    assert_eq!(told, Some("All other videos are labelled"), "nothing was changed");
}

#[test]
fn a_project_that_another_window_has_can_be_looked_at_and_says_why_not_more() {
    let dir = tempfile::tempdir().unwrap();
    let _first = project(dir.path(), &["wave"], 1);
    let opened = Project::open(dir.path()).unwrap();
    let mut window = Window::with(SIZE, Settings::default(), |app| {
        let path = opened.project.video_path(VideoId(0)).unwrap();
        app.session.labeling.open(opened.project, opened.notes);
        open_clip(app, &path);
    });
    window.perform(Command::ShowProject);
    assert!(window.sees("read-only"));
    window.harness.key_press(Key::Num1);
    window.settle();
    let labeling = &window.harness.state().session.labeling;
    assert!(labeling.video().unwrap().1.is_unlabelled());
    let answer = Command::Class1.available(window.harness.state().conditions());
    assert!(answer.unwrap_err().contains("another window"));
}

#[test]
fn keys_are_changed_with_a_warning_of_conflicts_and_restored() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    labeling.window.perform(Command::Shortcuts);
    labeling.window.harness.get_by_label("Edit shortcuts").click_accesskit();
    labeling.window.settle();
    let keys_of_unlabel = |labeling: &mut LabelingStage| {
        labeling.window.harness.get_by_label("Shortcut for Clear label").click_accesskit();
        labeling.window.settle();
    };
    keys_of_unlabel(&mut labeling);
    labeling.press(Modifiers::ALT, Key::AltLeft); // as a keyboard sends it first
    labeling.press(Modifiers::ALT, Key::U);
    keys_of_unlabel(&mut labeling);
    labeling.key(Key::Escape);
    assert!(labeling.window.sees("Keyboard shortcuts"), "Esc leaves the keys, not the list");
    keys_of_unlabel(&mut labeling);
    labeling.press(Modifiers::COMMAND, Key::P);
    assert!(labeling.window.sees("is assigned to “Find a command…”"));
    labeling.window.harness.get_by_label("Cancel").click_accesskit();
    labeling.window.settle();
    labeling.window.harness.get_by_label("Close").click_accesskit();
    labeling.window.settle();

    labeling.key(Key::Num1);
    labeling.key(Key::U);
    assert!(!labeling.video(0).is_unlabelled(), "U has no meaning any more");
    labeling.press(Modifiers::ALT, Key::U);
    assert!(labeling.video(0).is_unlabelled());
    assert!(labeling.app().settings.keys.is_any_changed());
    labeling.window.perform(Command::Shortcuts);
    labeling.window.harness.get_by_label("Restore defaults").click_accesskit();
    labeling.window.settle();
    assert!(!labeling.app().settings.keys.is_any_changed());
}

#[test]
fn no_page_cuts_its_text_off() {
    for size in [[1280.0, 720.0], [1000.0, 640.0]] {
        let dir = tempfile::tempdir().unwrap();
        let project = project(dir.path(), &["wave", "a class with a rather long name that goes on", "jump"], 30);
        let path = project.video_path(VideoId(0)).unwrap();
        let mut window = Window::with(size, Settings::default(), |app| {
            app.session.labeling.open(project, Vec::new());
            open_clip(app, &path);
        });
        window.perform(Command::ShowProject);
        for page in ["Videos", "Classes", "Clip"] {
            window.harness.get_by_role_and_label(Role::Button, page).click();
            window.settle();
            let outside = window.texts_beyond(size[0]);
            assert!(outside.is_empty(), "{page} at {size:?}: {outside:?}");
        }
    }
}
