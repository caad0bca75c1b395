//! What is typed faster than the window is drawn.

use std::path::{Path, PathBuf};

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::app::App;
use crate::app::flow::tests::Window;
use crate::app::settings::Settings;

/// A key that is pressed and let go: without that, egui takes the next press of it for a repetition.
fn press(key: Key, modifiers: Modifiers) -> [Event; 2] {
    [true, false].map(|pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers })
}

/// The keys of `texts` with their letters, each text with Enter behind it.
fn entered(texts: &[&str]) -> Vec<Event> {
    let letter = |letter: char| {
        let key = Key::from_name(&letter.to_uppercase().to_string()).unwrap_or(Key::Space);
        let [down, up] = press(key, Modifiers::NONE);
        [down, Event::Text(letter.to_string()), up]
    };
    let entered = |text: &&str| text.chars().flat_map(letter).chain(press(Key::Enter, Modifiers::NONE)).collect();
    texts.iter().flat_map(|text| -> Vec<Event> { entered(text) }).collect()
}

/// Waits for what the disk says.
fn looked_at(window: &mut Window, is_done: impl Fn(&App) -> bool) {
    let ctx = window.harness.ctx.clone();
    while !is_done(window.harness.state()) {
        window.harness.state_mut().take_answers(&ctx);
        std::thread::yield_now();
    }
    window.settle();
}

#[test]
fn a_command_and_its_path_typed_in_one_repaint_are_taken_whole() {
    let missing = Path::new("/no/such/clip.mp4");
    for is_open in [false, true] {
        let mut window = Window::with([1280.0, 720.0], Settings::default(), |app| app.session.loading_model = None);
        // All at once: an event that is queued with the harness has a repaint of its own.
        window.harness.input_mut().events.extend(press(Key::P, Modifiers::COMMAND));
        if is_open {
            window.settle();
        }
        window.harness.input_mut().events.extend(entered(&["open path", "/no/such/clip.mp4"]));
        (0..6).for_each(|_| window.settle());
        looked_at(&mut window, |app| app.session.notice.is_some());
        let subject = window.harness.state().session.notice.as_ref().map(|notice| PathBuf::from(&notice.subject));
        assert_eq!(subject.as_deref(), Some(missing), "the list of commands was open before: {is_open}");
        // The path is asked for again: nothing of what was typed is left over or missing.
        let field = window.harness.get_by_role(Role::TextInput);
        let text = field.accesskit_node().value();
        assert_eq!(text.as_deref(), missing.to_str(), "the list of commands was open before: {is_open}");
        window.harness.key_press(Key::Escape);
        window.settle();
        assert!(!window.harness.state().overlay.is_open());
    }
}

#[test]
fn a_typed_path_that_cannot_be_opened_stays_in_the_field_with_the_reason_below() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = dir.path().join("clipz.mp4");
    let mut window = Window::with([1280.0, 720.0], Settings::default(), |app| app.session.loading_model = None);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::L);
    window.settle();
    window.harness.event(Event::Text(wrong.display().to_string()));
    window.settle();
    window.harness.key_press(Key::Enter);
    window.settle();
    looked_at(&mut window, |app| app.session.notice.is_some());
    let bottom = {
        let field = window.harness.get_by_role(Role::TextInput);
        assert_eq!(field.accesskit_node().value().as_deref(), wrong.to_str());
        field.rect().bottom()
    };
    let is_below = |top: f32| top >= bottom && top < bottom + 60.0;
    let reasons = window.harness.query_all_by_label_contains("no such file");
    assert!(reasons.into_iter().any(|reason| is_below(reason.rect().top())));
    window.harness.key_press(Key::Backspace);
    window.settle();
    let text = window.harness.get_by_role(Role::TextInput).accesskit_node().value();
    assert!(text.is_some_and(|text| wrong.to_str().unwrap().starts_with(&text) && text.ends_with(".mp")));
}
