//! Live sources in the real window: what a person clicks and types, and what becomes of it.

use std::path::PathBuf;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use motionscope::app::Command;

use crate::app::Window;

/// A window that watches generated pictures.
fn watching() -> Window {
    let mut window = Window::empty();
    window.press(Modifiers::COMMAND, Key::Num9);
    window.until_text("Stopped");
    window.harness.get_by_label("Address").click();
    window.harness.run_ok();
    window.harness.get_by_role(Role::TextInput).focus();
    window.harness.run_ok();
    window.type_text("lavfi:testsrc2=size=640x480:rate=30");
    window.perform(Command::StartLive);
    window.until("a latency", |harness| {
        harness.query_all_by_label_contains("Latency: ").next().is_some()
            && harness.query_all_by_label_contains("Latency: –").next().is_none()
    });
    window
}

fn clips(folder: PathBuf) -> Vec<PathBuf> {
    let entries = |dir: &PathBuf| std::fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries(&folder).flat_map(|class| entries(&class).collect::<Vec<_>>()).collect()
}

#[test]
fn a_wrong_answer_is_corrected_with_two_keys_and_put_into_the_training_panel() {
    let mut window = watching();
    assert!(window.sees("Live video") && window.sees("Live flow"));
    window.press(Modifiers::NONE, Key::C);
    window.until_text("Choose the correct class");
    // While the question is open, keys belong to it.
    window.press(Modifiers::NONE, Key::Escape);
    window.until("no question", |harness| harness.query_by_label("Choose the correct class").is_none());
    window.press(Modifiers::NONE, Key::C);
    window.until_text("Choose the correct class");
    window.press(Modifiers::NONE, Key::Num2);
    window.until_text("1 clip");
    let corrections = window.dir.path().join("data/corrections");
    let saved = clips(corrections.clone());
    assert_eq!(saved.len(), 1, "{saved:?}");
    assert!(["one/one_live_001.mp4", "two/two_live_001.mp4"].iter().any(|name| saved[0].ends_with(name)), "{saved:?}");

    window.press(Modifiers::NONE, Key::C);
    window.until_text("Choose the correct class");
    window.type_text("hop");
    window.until_text("hop");
    window.press(Modifiers::NONE, Key::Enter);
    window.until("a new class", |_| corrections.join("hop/hop_live_001.mp4").is_file());
    window.perform(Command::TrainOnCorrections);
    window.until_text("hop");
}

#[test]
fn the_full_screen_shows_the_answer_and_escape_leaves_it() {
    let mut window = watching();
    window.perform(Command::DemoLive);
    assert!(!window.sees("Find a command") && window.sees("Live video"));
    window.until("an answer", |harness| harness.query_all_by_label_contains(" %").next().is_some());
    window.press(Modifiers::NONE, Key::Escape);
    window.until_text("Find a command");
    window.perform(Command::StartLive);
    window.until_text("Stopped");
}

#[test]
fn nothing_of_the_live_panel_is_cut_off_in_a_small_window() {
    let size = [720.0, 480.0];
    let mut window = Window::sized(size, |_| motionscope::app::Options::default());
    window.press(Modifiers::COMMAND, Key::Num9);
    window.until_text("Stopped");
    assert_eq!(window.texts_outside(size), Vec::<String>::new());
}
