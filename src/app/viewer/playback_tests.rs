//! Playing real clips by keys: what a person sees of the player.

use std::path::{Path, PathBuf};

use eframe::egui::{Event, Key, Modifiers};
use image::{Rgb, RgbImage};

use crate::app::App;
use crate::app::command::Command;
use crate::app::flow::tests::Window;
use crate::app::live::tests::until;
use crate::app::settings::Settings;
use crate::video::{Geometry, VideoWriter, hold};

const FRAMES: u8 = 60;

fn clip(dir: &Path, name: &str) -> PathBuf {
    let path = dir.join(name);
    let mut writer = VideoWriter::create(&path, Geometry { width: 64, height: 48 }, 25.0).unwrap();
    (0..FRAMES).for_each(|n| writer.push(&RgbImage::from_pixel(64, 48, Rgb([4 * n; 3]))).unwrap());
    writer.finish().unwrap();
    path
}

fn window_on(path: &Path) -> Window {
    let path = path.to_owned();
    let mut window = Window::with([1280.0, 720.0], Settings::default(), |app| app.open_clip(path));
    until(&mut window, "the clip", |app| app.session.frame.is_some() && app.session.clip.is_some());
    window
}

fn is_at(app: &App, index: usize) -> bool {
    app.session.frame.as_ref().is_some_and(|frame| frame.index == index)
}

/// Presses keys that are all looked at in one repaint.
fn press(window: &mut Window, keys: &[(Key, Modifiers)]) {
    for &(key, modifiers) in keys {
        let event = Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
        window.harness.input_mut().events.push(event);
    }
    window.settle();
}

#[test]
fn several_frames_are_gone_at_a_time_as_many_as_were_chosen_and_not_past_the_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = window_on(&clip(dir.path(), "a.mp4"));
    press(&mut window, &[(Key::PageDown, Modifiers::SHIFT); 2]);
    until(&mut window, "twice ten frames", |app| is_at(app, 20));
    window.harness.state_mut().settings.step_frames = 37;
    press(&mut window, &[(Key::PageDown, Modifiers::SHIFT), (Key::PageDown, Modifiers::SHIFT)]);
    until(&mut window, "the last frame", |app| is_at(app, 59));
    press(&mut window, &[(Key::PageUp, Modifiers::SHIFT)]);
    until(&mut window, "back", |app| is_at(app, 22));
    press(&mut window, &[(Key::PageUp, Modifiers::SHIFT)]);
    until(&mut window, "the first frame", |app| is_at(app, 0));
}

#[test]
fn loop_is_a_setting_that_starts_nothing_and_stays_for_the_next_clip() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = window_on(&clip(dir.path(), "a.mp4"));
    window.perform(Command::LoopSegment);
    until(&mut window, "the loop", |app| app.looping == Some((0, usize::from(FRAMES) - 1)));
    assert!(!window.harness.state().session.player.playing, "a paused clip stays so");
    window.perform(Command::PlayPause);
    until(&mut window, "playback", |app| app.session.player.playing);
    window.harness.state_mut().session.marks.mark_out(40);
    let second = clip(dir.path(), "b.mp4");
    window.harness.state_mut().open_clip(second.clone());
    window.settle(); // The window is drawn several times before the clip is open.
    until(&mut window, "the second clip", |app| {
        app.session.clip.as_ref().is_some_and(|clip| clip.path == second) && is_at(app, 0)
    });
    assert!(window.harness.state().settings.looping);
    assert_eq!(window.harness.state().session.marks.end, None, "marks are of the clip that they were set on");
    window.harness.state_mut().session.marks.mark_in(50);
    window.perform(Command::PlayPause);
    let shows = |app: &App, part: std::ops::Range<usize>| {
        app.session.player.playing && app.session.frame.as_ref().is_some_and(|frame| part.contains(&frame.index))
    };
    until(&mut window, "the last frames", |app| shows(app, 55..60));
    until(&mut window, "the first of them again", |app| shows(app, 50..54));
    window.perform(Command::LoopSegment);
    until(&mut window, "the end", |app| is_at(app, usize::from(FRAMES) - 1) && !app.session.player.playing);
}

#[test]
fn what_is_marked_while_a_clip_plays_is_the_frame_on_the_screen() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = window_on(&clip(dir.path(), "a.mp4"));
    let session = &mut window.harness.state_mut().session;
    (session.player.position, session.player.playing) = (9, true);
    assert_eq!(session.seen_frame(), 0, "the picture is late");
    window.perform(Command::MarkIn);
    let session = &mut window.harness.state_mut().session;
    assert_eq!(session.marks.start, Some(0));
    session.player.playing = false;
    assert_eq!(session.seen_frame(), 9, "where the last step leads, though its picture is not there yet");
}

#[test]
fn every_press_of_a_step_counts_however_late_it_is_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = window_on(&clip(dir.path(), "a.mp4"));
    press(&mut window, &[(Key::ArrowRight, Modifiers::NONE); 10]);
    until(&mut window, "frame 10", |app| is_at(app, 10));
    press(&mut window, &[(Key::ArrowRight, Modifiers::SHIFT); 2]);
    until(&mut window, "two seconds later", |app| is_at(app, 59));
    press(&mut window, &[(Key::ArrowLeft, Modifiers::SHIFT); 2]);
    until(&mut window, "two seconds earlier", |app| is_at(app, 9));
    press(&mut window, &[(Key::ArrowLeft, Modifiers::NONE); 4]);
    until(&mut window, "frame 5", |app| is_at(app, 5));
    // What is marked after two steps is where they lead.
    press(
        &mut window,
        &[(Key::ArrowRight, Modifiers::NONE), (Key::ArrowRight, Modifiers::NONE), (Key::I, Modifiers::NONE)],
    );
    assert_eq!(window.harness.state().session.marks.start, Some(7));
}

#[test]
fn a_key_that_is_held_steps_on_but_does_not_toggle() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = window_on(&clip(dir.path(), "a.mp4"));
    let held = |(key, modifiers)| Event::Key { key, physical_key: None, pressed: true, repeat: true, modifiers };
    window.harness.input_mut().events.extend([(Key::ArrowRight, Modifiers::NONE); 3].map(held));
    window.settle();
    until(&mut window, "frame 3", |app| is_at(app, 3));
    window.harness.input_mut().events.extend([(Key::Space, Modifiers::SHIFT); 2].map(held));
    window.settle();
    assert!(window.harness.state().settings.looping, "once, though twice in one repaint");
}

#[test]
fn a_long_video_shows_its_first_picture_and_how_far_its_index_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = clip(dir.path(), "long.mp4");
    let listing_goes_on = hold(&path);
    let opened = path.clone();
    let mut window = Window::with([1280.0, 720.0], Settings::default(), |app| app.open_clip(opened));
    until(&mut window, "the first picture", |app| app.session.frame.is_some() && app.session.indexing.is_some());
    assert!(window.harness.state().session.clip.is_none());
    assert!(window.sees("Indexing long.mp4: 0 % of") && window.sees("Indexing / 00:02"));
    // It plays from its beginning meanwhile; what needs the list says why it waits.
    press(&mut window, &[(Key::Space, Modifiers::NONE)]);
    let is_beyond_5 = |app: &App| app.session.frame.as_ref().is_some_and(|frame| frame.index >= 5);
    until(&mut window, "playback", |app| app.session.player.playing && is_beyond_5(app));
    assert!(window.sees("Indexing / 00:02"));
    let app = window.harness.state();
    let reason = Command::LastFrame.available(app.conditions()).unwrap_err();
    assert!(reason.contains("still being indexed"), "{reason}");
    // Another clip does not wait for this one.
    let other = clip(dir.path(), "other.mp4");
    window.harness.state_mut().open_clip(other.clone());
    until(&mut window, "the other clip", |app| app.session.clip.as_ref().is_some_and(|clip| clip.path == other));
    assert!(!window.sees("Indexing"));
    listing_goes_on();
}
