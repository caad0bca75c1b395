//! Folders of clips that are opened: without a project, beside one, and as the folder of a new one.

use std::path::Path;

use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable;
use image::RgbImage;

use super::project_opener::Start;
use super::project_tests::{clips, wait};
use super::tests::{LabelingStage, SIZE, open_clip};
use crate::app::App;
use crate::app::command::Command;
use crate::app::flow::tests::Window;
use crate::app::settings::Settings;
use crate::app::shell::log::LogLevel;
use crate::video::{Geometry, VideoWriter};

/// Writes a video of four frames.
fn write_video(path: &Path) {
    let mut writer = VideoWriter::create(path, Geometry { width: 64, height: 48 }, 25.0).unwrap();
    (0..4).for_each(|_| writer.push(&RgbImage::new(64, 48)).unwrap());
    writer.finish().unwrap();
}

#[test]
fn a_folder_of_clips_is_listed_stepped_through_and_made_a_project() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), &["clip_2.mp4", "clip_10.mp4", "clip_1.mp4", "notes.txt", "._clip_1.mp4"]);
    let at = |name: &str| dir.path().join(name);
    let mut window = Window::with(SIZE, Settings::default(), |app| app.session.loading_model = None);
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().open(dir.path().into(), &ctx);
    wait(&mut window, |app| app.session.folder.is_some());
    let opening = |window: &Window| window.harness.state().session.opening.clone().unwrap();
    assert_eq!(opening(&window), at("clip_1.mp4"));
    assert!(window.sees("clip 1 of 3") && window.sees("clip_10.mp4"));
    window.perform(Command::PreviousVideo);
    assert_eq!(opening(&window), at("clip_1.mp4"), "it is the first");
    window.perform(Command::NextVideo);
    assert_eq!(opening(&window), at("clip_2.mp4"), "in the order in which people count");
    window.perform(Command::NextVideo);
    assert!(window.sees("clip 3 of 3"));
    window.harness.get_by_label("Create a project").click();
    window.settle();
    let videos = |app: &App| app.session.labeling.document().map_or(0, |document| document.videos.len());
    wait(&mut window, |app| videos(app) == 3);
    assert!(at("project.toml").is_file());
}

#[test]
fn a_new_project_closes_a_clip_that_is_not_its_own() {
    for (clip, is_left) in [("other/clip_2.mp4", false), ("new/clip_1.mp4", true)] {
        let dir = tempfile::tempdir().unwrap();
        clips(dir.path(), &["new/clip_1.mp4", "other/clip_2.mp4"]);
        // A real one: what cannot be opened is closed at some moment.
        write_video(&dir.path().join(clip));
        let mut window = Window::with(SIZE, Settings::default(), |app| app.session.loading_model = None);
        let ctx = window.harness.ctx.clone();
        open_clip(window.harness.state_mut(), &dir.path().join(clip));
        window.harness.state_mut().begin_project(Start::New, dir.path().join("new"), &ctx);
        wait(&mut window, |app| app.session.labeling.project().is_some());
        assert_eq!(window.harness.state().session.clip_path().is_some(), is_left, "{clip}");
        let closed = "Closed clip_2.mp4, which is not in the new project";
        let log = &window.harness.state().session.log;
        assert_eq!(log.lines(LogLevel::Info).any(|line| line.text == closed), !is_left, "{clip}");
    }
}

#[test]
fn a_new_project_in_a_missing_folder_is_created_only_after_a_question_with_its_full_path() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("new");
    let mut window = Window::with(SIZE, Settings::default(), |app| app.session.loading_model = None);
    let ctx = window.harness.ctx.clone();
    for answer in ["Cancel", "Create folder"] {
        window.harness.state_mut().begin_project(Start::New, at.clone(), &ctx);
        wait(&mut window, |app| app.overlay.is_open());
        assert!(window.sees(&at.display().to_string()) && !at.exists());
        window.harness.get_by_role_and_label(Role::Button, answer).click();
        window.settle();
        assert!(!window.harness.state().overlay.is_open());
    }
    wait(&mut window, |app| app.session.labeling.project().is_some());
    assert!(at.join("project.toml").is_file());
    // A relative path is shown as what it means.
    window.harness.state_mut().begin_project(Start::New, "no such folder".into(), &ctx);
    wait(&mut window, |app| app.overlay.is_open());
    assert!(window.sees(&std::path::absolute("no such folder").unwrap().display().to_string()));
}

#[test]
fn a_folder_of_class_folders_is_labelled_at_once() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), &["wave/1.mp4", "wave/2.mp4", "bow/3.mp4", "bow/torn.mp4"]);
    ["wave/1.mp4", "wave/2.mp4", "bow/3.mp4"].iter().for_each(|name| write_video(&dir.path().join(name)));
    let mut window = Window::with(SIZE, Settings::default(), |app| app.session.loading_model = None);
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().open(dir.path().into(), &ctx);
    wait(&mut window, |app| app.session.faults.len() == 1);
    window.harness.get_by_label("Label by folder").click();
    window.settle();
    let labelled = |app: &App| {
        let videos = app.session.labeling.document().into_iter().flat_map(|document| document.videos.values());
        videos.filter(|video| !video.is_unlabelled()).count()
    };
    wait(&mut window, |app| labelled(app) == 3);
    let classes = &window.harness.state().session.labeling.document().unwrap().classes;
    assert_eq!(classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>(), ["bow", "wave"]);
    assert!(window.sees("3 of 4 labelled") && window.sees("skipped 1 unreadable video"));
}

#[test]
fn a_folder_that_is_opened_leaves_a_person_at_the_panel_that_was_chosen() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), &["wave/1.mp4", "bow/2.mp4"]);
    for (before, is_left) in [(Command::ShowTraining, false), (Command::ShowScores, true)] {
        let mut window = Window::with(SIZE, Settings::default(), |app| app.session.loading_model = None);
        window.perform(before);
        let ctx = window.harness.ctx.clone();
        window.harness.state_mut().open(dir.path().into(), &ctx);
        wait(&mut window, |app| app.session.folder.is_some());
        assert!(window.sees("clip 1 of 2"));
        assert_eq!(window.sees("Create a project"), is_left, "{before:?}");
        assert_eq!(window.sees("Clips from"), before == Command::ShowTraining);
    }
}

#[test]
fn a_folder_beside_the_project_is_listed_and_can_be_added_to_it() {
    let mut labeling = LabelingStage::new(&["bend", "wave"], 2);
    let folder = labeling.dir.path().join("other");
    clips(&folder, &["wave/o1.mp4", "bend/o2.mp4"]);
    let (ctx, window) = (labeling.window.harness.ctx.clone(), &mut labeling.window);
    assert!(window.harness.query_by_role_and_label(Role::Button, "Folder").is_none(), "no folder is open");
    window.harness.state_mut().open(folder, &ctx);
    wait(window, |app| app.session.folder.is_some());
    window.perform(Command::ShowProject);
    assert!(window.sees("clip 1 of 2") && window.sees("Label by folder") && window.sees("beside the project"));
    window.harness.get_by_role_and_label(Role::Button, "Add to project").click();
    window.settle();
    let videos = |app: &App| app.session.labeling.document().map_or(0, |document| document.videos.len());
    wait(window, |app| videos(app) == 4);
    assert!(!window.sees("clip 1 of 2"), "the project's list is in front again");
}
