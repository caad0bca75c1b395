//! The real window, driven without a display: what a person clicks and types, and what they then see.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, SnapshotOptions};
use motionscope::app::{App, Command, Options, TrainingPhase, measure_repaints};
use motionscope::cli::bench::fixture;
use motionscope::gpu::{Compute, DeviceChoice, choose};
use motionscope::nets::{Architecture, FlowNetConventions, MotionConfig};
use motionscope::video::Geometry;
use tempfile::TempDir;

use eframe::egui::{DroppedFile, Event, Key, Modifiers, Rect, accesskit::Role, pos2};

const PATIENCE: Duration = Duration::from_secs(120);
const MOTION: MotionConfig = MotionConfig {
    architecture: Architecture::MotionNet,
    frames: 2,
    width: 2,
    small_displacement: true,
    cdc: true,
    conventions: FlowNetConventions::DEFAULT,
};

/// The window in a folder of its own, with an untrained model and a clip of 30 frames.
pub struct Window {
    pub harness: Harness<'static, App>,
    pub dir: TempDir,
}

impl Window {
    /// A window with nothing open.
    pub fn empty() -> Self {
        Self::sized([1280.0, 800.0], |_| Options::default())
    }

    /// A window with a model and a clip.
    fn with_clip() -> Self {
        Self::sized([1280.0, 800.0], |dir| Options {
            open: Some(fixture::clip(dir, 30, Geometry { width: 96, height: 80 }).unwrap()),
            ..Options::default()
        })
    }

    pub fn sized(size: [f32; 2], options: impl FnOnce(&Path) -> Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // The status bar names the processor, which is not the same on every machine.
        let compute = Compute { name: "CPU".into(), ..choose(DeviceChoice::Cpu).unwrap() };
        let model = dir.path().join("untrained");
        fixture::model(&MOTION, Geometry { width: 64, height: 64 }, &compute.device).save(&model).unwrap();
        let options = Options { model: Some(model), ..options(dir.path()) };
        let data_dir = dir.path().join("data");
        let harness = Harness::builder()
            .with_size(size)
            .with_max_steps(8)
            .build_eframe(|cc| App::new(cc, compute, &options, data_dir));
        Self { harness, dir }
    }

    /// Repaints until `seen` holds.
    pub fn until(&mut self, what: &str, mut seen: impl FnMut(&Harness<'static, App>) -> bool) {
        let started = Instant::now();
        while !seen(&self.harness) {
            assert!(started.elapsed() < PATIENCE, "never seen: {what}\n{:?}", self.harness);
            std::thread::sleep(Duration::from_millis(10));
            self.harness.step();
        }
    }

    pub fn until_text(&mut self, text: &str) {
        self.until(text, |harness| harness.query_all_by_label_contains(text).next().is_some());
    }

    pub fn sees(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
    }

    pub fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run_ok();
    }

    pub fn click(&mut self, label: &str) {
        self.harness.get_by_role_and_label(Role::Button, label).click();
        self.harness.run_ok();
    }

    pub fn type_text(&mut self, text: &str) {
        self.harness.event(Event::Text(text.into()));
        self.harness.run_ok();
    }

    pub fn perform(&mut self, command: Command) {
        let ctx = self.harness.ctx.clone();
        self.harness.state_mut().perform(command, &ctx);
        self.harness.run_ok();
    }

    /// Drops a file or a folder onto the window.
    pub fn drop_path(&mut self, path: PathBuf) {
        self.harness.input_mut().dropped_files.push(Arc::new(Dropped(path)));
        self.harness.run_ok();
    }

    /// Texts that the left or right edge of the window cuts off; downwards there is a scroll bar.
    pub fn texts_outside(&self, size: [f32; 2]) -> Vec<String> {
        let nodes = self.harness.root().children_recursive();
        let outside = nodes.filter(|node| node.accesskit_node().role() == Role::Label).filter(|node| {
            let rect = node.rect();
            rect.is_positive() && (rect.min.x < -0.5 || rect.max.x > size[0] + 0.5)
        });
        outside.map(|node| format!("{:?} at {:?}", node.accesskit_node().label(), node.rect())).collect()
    }
}

#[test]
fn a_clip_is_stepped_through_and_scored() {
    let mut window = Window::with_clip();
    window.until_text("frame 0 of 30, from 0");
    window.until_text("Flow 0 → 1");
    window.until("the fused share of a class", |harness| harness.query_by_label_contains("one: spatial").is_some());

    window.press(Modifiers::NONE, Key::ArrowRight);
    window.until_text("frame 1 of 30, from 0");
    window.press(Modifiers::NONE, Key::End);
    window.until_text("frame 29 of 30, from 0");
    window.press(Modifiers::NONE, Key::ArrowLeft);
    window.until_text("frame 28 of 30, from 0");
    window.press(Modifiers::NONE, Key::Home);
    window.until_text("frame 0 of 30, from 0");
    window.click("Play or pause");
    window.until("a frame played", |harness| harness.query_by_label_contains("frame 0 of 30, from 0").is_none());
}

#[test]
fn the_window_rests_while_nothing_happens() {
    let mut window = Window::with_clip();
    window.until_text("Flow 0 → 1");
    window.until("scores", |harness| harness.query_by_label_contains("one: spatial").is_some());
    // Other work of the engine may end a little later.
    let rests = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(300));
        window.harness.run();
        !window.harness.ctx.has_requested_repaint()
    });
    assert!(rests, "{:?}", window.harness.ctx.repaint_causes());
}

#[test]
fn another_weight_scores_anew_without_inference() {
    let mut window = Window::with_clip();
    window.until("scores", |harness| harness.query_by_label_contains("one: spatial").is_some());
    // `one: spatial 48.1 %, temporal 53.0 %, fused 51.0 %`
    let row = |window: &Window| window.harness.get_by_label_contains("one: spatial").accesskit_node().label().unwrap();
    window.harness.get_by_role_and_label(Role::ComboBox, "Fusion rule").click();
    window.harness.run_ok();
    window.click("Softmax");
    window.harness.get_by_role_and_label(Role::SpinButton, "Temporal").set_value_accesskit(0.0);
    window.harness.run_ok();
    let text = row(&window);
    let shares: Vec<&str> =
        text.split(' ').filter(|word| word.starts_with(|c: char| c.is_ascii_digit() || c == '>')).collect();
    assert_eq!(shares[0], shares[2], "without weight the temporal stream has no say: {text}");
    window.harness.get_by_role_and_label(Role::SpinButton, "Temporal").set_value_accesskit(5.0);
    window.harness.run_ok();
    assert_ne!(row(&window), text);
}

#[test]
fn a_second_source_is_swiped_over_the_first_and_measured() {
    let mut window = Window::with_clip();
    window.until_text("Flow 0 → 1");
    window.perform(Command::ArrangeNetworkOrTvl1);
    let shows = |harness: &Harness<'static, App>, text: &str| {
        let mut pictures = harness.query_all_by_role(Role::Image);
        pictures.any(|node| {
            node.accesskit_node().label().is_some_and(|label| label.starts_with(text) && label.ends_with("TV-L1"))
        })
    };
    window.until("TV-L1's flow", |harness| shows(harness, "Flow 0 → 1"));
    window.perform(Command::LongerStride);
    window.until("its flow to the frame after the next", |harness| shows(harness, "Flow 0 → 2"));
    window.perform(Command::ShowStatistics);
    window.perform(Command::MeasureClip);
    window.until_text("of 56 flows"); // 28 pairs, two sources
    let measuring =
        |harness: &Harness<'static, App>| harness.query_all_by_label_contains("of 56 flows").next().is_some();
    window.until("the end of the measurement", |harness| !measuring(harness));
    assert!(!window.harness.get_by_role_and_label(Role::Button, "Save statistics…").accesskit_node().is_disabled());
}

#[test]
fn what_the_loss_sees_appears_with_its_values() {
    let mut window = Window::with_clip();
    window.until_text("Flow 0 → 1");
    window.perform(Command::ArrangeLoss);
    for picture in ["I₀ 0 → 1", "I₁ warped 0 → 1", "Photometric error 0 → 1", "SSIM 0 → 1", "Occlusion 0 → 1"]
    {
        window.until_text(picture);
    }
    window.perform(Command::ArrangeTemporalInput);
    window.until_text("Temporal input 0 → 10");
}

#[test]
fn the_palette_finds_and_runs_a_command() {
    let mut window = Window::empty();
    window.press(Modifiers::COMMAND, Key::P);
    window.type_text("keyb");
    window.press(Modifiers::NONE, Key::Enter);
    assert!(window.sees("Over a view: scroll to zoom"), "the list of keys is open");
    for command in [Command::PlayPause, Command::MarkIn, Command::Palette] {
        assert!(window.sees(command.text()), "{command:?} is listed");
    }
    window.press(Modifiers::NONE, Key::Escape);
    assert!(!window.sees("Over a view: scroll to zoom"));
}

#[test]
fn a_typed_path_opens_and_a_wrong_one_says_why() {
    let mut window = Window::empty();
    let clip = fixture::clip(window.dir.path(), 12, Geometry { width: 64, height: 48 }).unwrap();
    window.press(Modifiers::COMMAND, Key::L);
    window.type_text(&clip.with_file_name("missing.mp4").display().to_string());
    window.press(Modifiers::NONE, Key::Enter);
    window.until_text("No such file or folder. Check the spelling of the path.");
    window.press(Modifiers::NONE, Key::Escape); // The path is asked for again.
    window.click("Dismiss");
    assert!(!window.sees("No such file or folder. Check"));

    let text = window.dir.path().join("notes.mp4");
    std::fs::write(&text, "not a video").unwrap();
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().open(text, &ctx);
    window.until("a notice", |harness| harness.query_by_label("Dismiss").is_some());

    window.harness.state_mut().open(clip, &ctx);
    window.until_text("frame 0 of 12, from 0");
    assert!(window.harness.query_by_label("Dismiss").is_none(), "what went wrong before is no longer in the way");
}

#[test]
fn what_cannot_be_opened_leaves_the_open_clip_where_it_is() {
    let mut window = Window::empty();
    let clip = fixture::clip(window.dir.path(), 12, Geometry { width: 64, height: 48 }).unwrap();
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().open(clip.clone(), &ctx);
    window.until_text("frame 0 of 12, from 0");
    window.press(Modifiers::NONE, Key::End);
    window.until_text("frame 11 of 12, from 0");
    let text = window.dir.path().join("notes.mp4");
    std::fs::write(&text, "not a video").unwrap();
    window.harness.state_mut().open(text, &ctx);
    window.until("a notice", |harness| harness.query_by_label("Dismiss").is_some());
    assert!(window.sees("frame 11 of 12, from 0"));

    // Beside it in a folder, where it is opened without being looked at before.
    let folder = window.dir.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(&clip, folder.join("a.mp4")).unwrap();
    std::fs::write(folder.join("b.mp4"), "not a video").unwrap();
    window.harness.state_mut().open(folder, &ctx);
    window.until_text("clip 1 of 2");
    window.until_text("frame 0 of 12, from 0");
    window.press(Modifiers::NONE, Key::End);
    window.until_text("frame 11 of 12, from 0");
    window.perform(Command::NextVideo);
    window.until("a notice", |harness| harness.query_by_label("Dismiss").is_some());
    window.until_text("frame 11 of 12, from 0");
    assert!(window.sees("clip 1 of 2") && window.harness.query_by_label("Dismiss").is_some());
}

/// A file as the window system hands it over.
#[derive(Debug)]
struct Dropped(PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("nobody reads a clip at once".into())
    }
}

#[test]
fn a_dropped_clip_opens_and_is_offered_again() {
    let mut window = Window::empty();
    let clip = fixture::clip(window.dir.path(), 12, Geometry { width: 64, height: 48 }).unwrap();
    window.drop_path(clip);
    window.until_text("frame 0 of 12, from 0");
    window.perform(Command::CloseClip);
    window.until("the welcome screen", |harness| harness.query_by_label("Open sample").is_some());
    window.click("clip.mp4");
    window.until_text("frame 0 of 12, from 0");
}

#[test]
fn a_repaint_takes_milliseconds_and_rest_takes_none() {
    let dir = tempfile::tempdir().unwrap();
    let compute = choose(DeviceChoice::Cpu).unwrap();
    let model = dir.path().join("model");
    fixture::model(&MOTION, Geometry { width: 64, height: 64 }, &compute.device).save(&model).unwrap();
    let clip = fixture::clip(dir.path(), 12, Geometry { width: 320, height: 240 }).unwrap();
    let repaints = measure_repaints(compute, &clip, &model, 60).unwrap();
    assert_eq!(repaints.at_rest, 0);
    // The quick ones: inference and other tests have the processor too. Inference within a repaint would slow down all of them.
    assert!(repaints.quantile(0.1) < Duration::from_millis(100), "{:?}", repaints.quantile(0.1));
}

#[test]
fn a_folder_whose_first_file_is_broken_opens_at_the_first_that_is_not() {
    let mut window = Window::with_clip();
    let folder = window.dir.path().join("mixed");
    std::fs::create_dir_all(&folder).unwrap();
    for broken in ["a.mp4", "b.mp4"] {
        std::fs::write(folder.join(broken), "").unwrap();
    }
    std::fs::rename(fixture::clip(&folder, 14, Geometry { width: 96, height: 80 }).unwrap(), folder.join("c.mp4"))
        .unwrap();
    window.until_text("frame 0 of 30, from 0");
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().open(folder, &ctx);
    window.until_text("frame 0 of 14, from 0");
    window.until_text("clip 3 of 3");
}

#[test]
fn a_network_is_trained_held_and_used() {
    let mut window = Window::with_clip();
    let clips = window.dir.path().join("clips");
    for class in ["first", "second"] {
        let folder = clips.join(class);
        std::fs::create_dir_all(&folder).unwrap();
        fixture::clip(&folder, 14, Geometry { width: 96, height: 80 }).unwrap();
    }
    let ctx = window.harness.ctx.clone();
    window.until_text("frame 0 of 30, from 0");
    window.perform(Command::ShowTraining);
    window.until_text("Single network");
    window.click("Single network");
    window.until_text("Start from untrained");
    assert!(window.harness.get_by_role_and_label(Role::Button, "Start training").accesskit_node().is_disabled());
    window.harness.state_mut().open(clips, &ctx);
    window.until_text("clip 1 of 2"); // its clips are listed
    window.perform(Command::ShowTraining);
    window.until_text("2 clips in 2 classes");
    for (field, value) in [("Steps", 4.0), ("Batch size", 1.0)] {
        window.harness.get_by_role_and_label(Role::SpinButton, field).set_value_accesskit(value);
        window.harness.run_ok();
    }
    window.click("Start training");
    window.until("the training runs", |harness| *harness.state().training_phase() == TrainingPhase::Running);
    window.perform(Command::PauseTraining);
    let held = |phase: &TrainingPhase| matches!(phase, TrainingPhase::Paused | TrainingPhase::Finished { .. });
    window.until("the training is held", |harness| held(harness.state().training_phase()));
    window.perform(Command::PauseTraining);
    window.until_text("4 of 4 steps");
    window.until_text("Model saved to");
    assert!(window.sees("Photometric"), "the curves of the loss terms have their legend");

    window.click("Load new model");
    window.click("New run");
    window.until_text("Start from clips (flow-01)");
}

#[test]
fn no_text_is_cut_off_in_a_small_window() {
    let size = [900.0, 600.0];
    let mut window = Window::sized(size, |dir| Options {
        open: Some(fixture::clip(dir, 30, Geometry { width: 96, height: 80 }).unwrap()),
        ..Options::default()
    });
    window.until_text("Flow 0 → 1");
    for command in [Command::ShowScores, Command::ShowTraining, Command::ShowLog] {
        window.perform(command);
        assert_eq!(window.texts_outside(size), Vec::<String>::new(), "{command:?}");
    }
}

/// Pictures are compared on whatever adapter there is; letters differ a little from one to the next.
fn compare(window: &mut Window, name: &str) {
    // Panels take the room of what has just arrived in the next repaint.
    window.harness.run_steps(4);
    let options = SnapshotOptions::new().threshold(1.0).max_failed_pixels(20);
    // The device's name is the machine's own.
    window.harness.mask(Rect::from_min_max(pos2(300.0, 452.0), pos2(720.0, 480.0)));
    window.harness.snapshot_options(name, &options);
}

#[test]
fn the_welcome_screen_and_the_list_of_keys_look_as_they_did() {
    let mut window = Window::sized([720.0, 480.0], |_| Options::default());
    window.until_text("untrained, 2 classes");
    compare(&mut window, "welcome_dark");
    window.perform(Command::ToggleTheme);
    compare(&mut window, "welcome_light");
    window.perform(Command::Shortcuts);
    compare(&mut window, "shortcuts_light");
}
