//! What a person sees while something is opened or computed, and where it failed.

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Rect};
use egui_kittest::kittest::Queryable;

use crate::app::command::Command;
use crate::app::flow::tests::{Window, model_of};
use crate::app::live::panel::ClassPicker;
use crate::app::settings::Settings;
use crate::app::viewer::views::Views;
use crate::engine::{Message, ModelInfo};
use crate::error::Error;

const SIZE: [f32; 2] = [1280.0, 720.0];

fn nothing_open() -> Window {
    Window::with(SIZE, Settings::default(), |app| app.session.loading_model = None)
}

#[test]
fn a_clip_that_cannot_be_opened_says_so_in_the_place_of_its_pictures() {
    let mut window = nothing_open();
    window.perform(Command::ShowScores);
    window.harness.state_mut().open_clip("/clips/torn.mp4".into());
    window.settle();
    assert!(window.sees("Opening the clip…") && !window.sees("No clip is open"), "in the Scores panel");
    let error = Error::new("/clips/torn.mp4", "it has no video stream", "Choose a video");
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().receive(&Message::OpenFailed("/clips/torn.mp4".into(), error), &ctx);
    window.settle();
    assert!(window.sees("Cannot open torn.mp4") && window.sees("It has no video stream. Choose a video."));
    assert!(!window.sees("See the optical flow") && !window.sees("Dismiss"), "it is said once");
    assert!(window.sees("No clip is open"));
    window.compare("open_failure");
    window.harness.state_mut().close_clip();
    window.settle();
    assert!(window.sees("See the optical flow"));
}

#[test]
fn a_question_for_a_class_comes_back_when_what_covers_it_is_closed() {
    let mut window = nothing_open();
    let app = window.harness.state_mut();
    app.overlay.show_picker(ClassPicker::new(&app.session));
    window.settle();
    assert!(window.sees("Choose the correct class"));
    window.harness.state_mut().overlay.show_about();
    window.settle();
    assert!(!window.sees("Choose the correct class"));
    window.harness.key_press(Key::Escape);
    window.settle();
    assert!(window.sees("Choose the correct class"), "its frames are still held");
    window.harness.key_press(Key::Escape);
    window.settle();
    assert!(!window.harness.state().overlay.is_open());
}

#[test]
fn the_model_keeps_its_whole_name_in_the_status_bar_while_the_sample_is_generated() {
    let mut window = Window::new(SIZE, Views::default());
    let name = "hidden two-stream network of J-HMDB";
    let session = &mut window.harness.state_mut().session;
    session.device = "AMD EPYC 9654 96-Core Processor (CPU)".into();
    session.receive(&Message::ModelLoaded(ModelInfo { name: name.into(), ..model_of(&["wave", "clap"]) }));
    window.settle();
    let width = |window: &Window| {
        let all = window.harness.query_all_by_label_contains(name).map(|node| node.rect());
        let lowest = all.max_by(|a: &Rect, b: &Rect| a.top().total_cmp(&b.top())).unwrap();
        assert!(lowest.top() > SIZE[1] - 40.0, "{lowest:?} is in the status bar");
        lowest.width()
    };
    let before = width(&window);
    window.harness.state_mut().session.receive(&Message::SampleProgress(3, 64));
    window.settle();
    assert!(window.sees("3 of 64 clips"));
    assert!((width(&window) - before).abs() < 0.5, "{before} became {}", width(&window));
}

#[test]
fn whatever_is_waited_for_is_cancelled_at_the_right_end_of_the_status_bar() {
    let right = |window: &Window, label: &str| window.harness.get_by_role_and_label(Role::Button, label).rect().right();
    let mut window = Window::new(SIZE, Views::default());
    window.harness.state_mut().session.loading_model = Some("/models/slow".into());
    window.settle();
    assert!(right(&window, "Cancel opening") > SIZE[0] - 30.0);
    window.harness.state_mut().session.receive(&Message::SampleProgress(3, 64));
    window.settle();
    assert!(right(&window, "Cancel") > SIZE[0] - 30.0 && right(&window, "Cancel opening") < SIZE[0] - 30.0);
}
