//! Labelling in the real window with its threads: real clips are found, looked into, shown, labelled and suggested.

use std::path::Path;
use std::time::Duration;

use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use motionscope::app::{App, Command, Options};
use motionscope::cli::bench::fixture;
use motionscope::labels::{Project, Settings, VideoId, edits};
use motionscope::video::Geometry;

use crate::app::Window;

/// A project of the classes of the untrained model, without videos.
fn project(dir: &Path) {
    let mut project = Project::create(dir, Settings { name: "kitchen".into(), ..Settings::default() }).unwrap();
    for class in ["one", "two"] {
        let (_, step) = edits::add_class(project.document(), class).unwrap();
        project.perform(step).unwrap();
    }
}

fn clip(folder: &Path, frames: usize) {
    std::fs::create_dir_all(folder).unwrap();
    fixture::clip(folder, frames, Geometry { width: 96, height: 80 }).unwrap();
}

fn sees(harness: &Harness<'static, App>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

/// Lets the untrained model add logits: the released rule finds all classes equally likely where no logit is positive, and
/// what is no likelier than chance is not proposed.
fn add_logits(dir: &Path) {
    let card = dir.join("untrained/model.toml");
    let text = std::fs::read_to_string(&card).unwrap();
    assert!(text.contains("\"released\""));
    std::fs::write(&card, text.replace("\"released\"", "\"logits\"")).unwrap();
}

#[test]
fn dropped_clips_are_labelled_suggested_and_there_again() {
    let mut window = Window::sized([1280.0, 800.0], |dir| {
        add_logits(dir);
        Options::default()
    });
    let dir = window.dir.path().join("kitchen");
    project(&dir);
    let footage = window.dir.path().join("footage");
    clip(&footage.join("a"), 30);
    clip(&footage.join("b"), 12);
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().open(dir.clone(), &ctx);
    window.until_text("No videos in the project");
    window.drop_path(footage.clone());
    window.until_text("0 of 2 labelled");

    window.press(Modifiers::COMMAND, Key::ArrowDown);
    window.until_text("frame 0 of 30, from 0");
    window.press(Modifiers::NONE, Key::Num2);
    window.until_text("1 of 2 labelled");
    window.until_text("Flow 0 → 1"); // the networks are loaded
    for _ in 0..1000 {
        if ["Loading model", "Suggesting", "unlabelled, suggested"].into_iter().any(|text| window.sees(text)) {
            break;
        }
        window.perform(Command::Suggest); // once both clips are looked into
        std::thread::sleep(Duration::from_millis(50));
        window.harness.step();
    }
    window.until("a suggestion", |harness| sees(harness, "unlabelled, suggested"));
    window.press(Modifiers::COMMAND, Key::ArrowRight);
    window.until_text("frame 0 of 12, from 0");
    window.press(Modifiers::NONE, Key::Y);
    window.until_text("2 of 2 labelled");

    // What is said outlives the window, and a moved file is told.
    let Window { harness, dir: folder, .. } = window;
    drop(harness);
    std::fs::rename(footage.join("b/clip.mp4"), footage.join("moved.mp4")).unwrap();
    let opened = Project::open(&dir).unwrap();
    let document = opened.project.document();
    assert!(document.videos.values().all(|video| video.labels.len() == 1), "labels are there again");
    assert_eq!(
        document.videos[&VideoId(0)].facts.as_ref().map(|facts| (facts.frames, facts.size)),
        Some((30, [96, 80]))
    );
    drop(opened);
    let mut window = Window::empty();
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().open(dir, &ctx);
    window.until_text("2 of 2 labelled");
    window.until("the missing file", |harness| sees(harness, "its file is missing"));
    drop(folder);
}
