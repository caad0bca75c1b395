//! What is typed faster than the window is drawn.

use std::path::{Path, PathBuf};

use eframe::egui::{Event, Key, Modifiers};

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
fn a_command_and_its_path_typed_in_one_repaint_leave_nothing_open() {
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
        assert!(!window.harness.state().overlay.is_open(), "the list of commands was open before: {is_open}");
        looked_at(&mut window, |app| app.session.notice.is_some());
        let subject = window.harness.state().session.notice.as_ref().map(|notice| PathBuf::from(&notice.subject));
        assert_eq!(subject.as_deref(), Some(missing), "the list of commands was open before: {is_open}");
    }
}
