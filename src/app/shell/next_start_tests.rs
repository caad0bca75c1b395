//! What is open again after a restart.

use std::path::PathBuf;

use super::tests::{nothing_open, video, wait};
use crate::app::App;
use crate::app::flow::tests::Window;
use crate::app::settings::{LastPlace, Settings};
use crate::app::shell::opener::ModelRole;
use crate::app::viewer::views::Views;
use crate::engine::Message;
use crate::error::Error;
use crate::video::VideoInfo;

const SIZE: [f32; 2] = [1280.0, 800.0];

#[test]
fn the_last_clip_is_opened_again_at_its_frame() {
    let dir = tempfile::tempdir().unwrap();
    let clip = video(dir.path());
    let last = |clip: PathBuf| {
        let mut settings = Settings::default();
        settings.last = Some(LastPlace { clip, frame: 7, folder: None, lists_sub_folders: false });
        settings
    };
    let mut window = nothing_open(SIZE, last(clip.clone()));
    wait(&mut window, |app| app.session.opening.as_ref() == Some(&clip));
    let returning = window.harness.state().session.live.returning.clone().unwrap();
    assert_eq!((returning.path, returning.position), (clip, 7));

    let mut window = nothing_open(SIZE, last(dir.path().join("gone.mp4")));
    wait(&mut window, |app| app.settings.last.is_none());
    assert!(window.harness.state().session.notice.is_none(), "nobody asked for it");
}

#[test]
fn a_model_that_is_missing_at_the_start_is_reported_with_what_to_do() {
    let mut window = nothing_open(SIZE, Settings::default());
    let app = window.harness.state_mut();
    app.known_model(ModelRole::First, Err(Error::new("models/default", "no model was found", "Pass --model")));
    window.settle();
    assert!(window.sees("No model was found. Choose File › Load model… to load another"));
    let mut settings = Settings::default();
    settings.model = Some("/runs/gone".into());
    let mut window = nothing_open(SIZE, settings);
    let app = window.harness.state_mut();
    app.known_model(ModelRole::First, Ok("/models/default".into()));
    assert_eq!(app.session.loading_model.as_deref(), Some("/models/default".as_ref()));
    window.settle();
    assert!(window.sees("/runs/gone") && window.sees("The model of the last session is no longer there"));
    window.harness.state_mut().session.notice = None;
    window.harness.state_mut().known_model(ModelRole::First, Ok("/runs/gone".into()));
    assert!(window.harness.state().session.notice.is_none(), "it is there");
}

#[test]
fn a_folder_that_was_listed_with_its_sub_folders_is_listed_so_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let clip = video(dir.path());
    std::fs::create_dir(dir.path().join("more")).unwrap();
    let below = dir.path().join("more/2.mp4");
    std::fs::copy(&clip, &below).unwrap();
    let mut window = Window::new(SIZE, Views::default());
    let ctx = window.harness.ctx.clone();
    let known = window.harness.state().session.clip.clone().unwrap();
    let listed = |app: &App| app.session.folder.as_ref().map(|folder| folder.clips.clone());
    window.harness.state_mut().open(dir.path().into(), &ctx);
    wait(&mut window, |app| app.session.folder.is_some());
    assert_eq!(listed(window.harness.state()), Some(vec![clip.clone()]));
    let app = window.harness.state_mut();
    app.list_sub_folders(&ctx);
    app.open_clip(below.clone());
    app.receive(&Message::Opened(VideoInfo { path: below.clone(), ..known }), &ctx);
    let last = app.last_place().unwrap();
    assert!(last.lists_sub_folders && last.clip == below, "{last:?}");

    let mut settings = Settings::default();
    settings.last = Some(last);
    let mut window = nothing_open(SIZE, settings);
    wait(&mut window, |app| app.session.opening.as_ref() == Some(&below));
    assert_eq!(listed(window.harness.state()), Some(vec![clip, below]));
}
