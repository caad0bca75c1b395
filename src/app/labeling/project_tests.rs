//! Projects, searches and clips that come and go while others are under way.

use std::path::Path;
use std::time::Duration;

use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use super::import_export::{ImportOrder, Pending};
use super::project_opener::Start;
use super::tests::{FRAMES, LabelingStage, SIZE, open_clip, project};
use crate::app::App;
use crate::app::command::Command;
use crate::app::flow::tests::{Window, model_of};
use crate::app::live::state::AwaitedTraining;
use crate::app::panel::Edit;
use crate::app::settings::Settings;
use crate::engine::{FileState, LabelingEvent, Message};
use crate::error::Error;
use crate::labels::formats::{Choices, Format, Import};
use crate::labels::{Label, Project, VideoId, edits};

/// What the first `count` searches have found, taken from the channel at once.
fn search_news(app: &mut App, count: usize) -> Vec<LabelingEvent> {
    let mut news = Vec::new();
    while news.len() < count {
        news.extend(app.labeling.news().filter(|news| matches!(news, LabelingEvent::Search { .. })));
        std::thread::sleep(Duration::from_millis(1));
    }
    news
}

pub(super) fn clips(dir: &Path, names: &[&str]) {
    for name in names {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
}

/// Takes answers of threads in until `is_done`.
pub(super) fn wait(window: &mut Window, is_done: impl Fn(&App) -> bool) {
    let ctx = window.harness.ctx.clone();
    while !is_done(window.harness.state()) {
        let app = window.harness.state_mut();
        app.take_answers(&ctx);
        app.follow_project(&ctx);
        std::thread::sleep(Duration::from_millis(1));
    }
    window.settle();
}

#[test]
fn a_sample_that_is_ready_late_does_not_push_a_clip_aside() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), &["clips/wave/1.mp4", "clips/bow/2.mp4"]);
    let mut window = Window::with(SIZE, Settings::default(), |app| app.session.loading_model = None);
    let ctx = window.harness.ctx.clone();
    let app = window.harness.state_mut();
    app.waits_for_sample = true;
    app.open_clip("/mine.mp4".into());
    app.receive(&Message::SampleWritten(dir.path().into()), &ctx);
    window.settle();
    assert!(window.sees("Sample ready"));
    let app = window.harness.state_mut();
    assert_eq!(app.session.opening.as_deref(), Some(Path::new("/mine.mp4")));
    app.waits_for_sample = true;
    app.receive(&Message::SampleWritten(dir.path().into()), &ctx);
    let first = dir.path().join("clips/bow/2.mp4");
    wait(&mut window, |app| app.session.opening.as_ref() == Some(&first));
}

#[test]
fn the_first_clip_of_the_sample_is_opened_while_the_others_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with(SIZE, Settings::default(), |app| app.session.loading_model = None);
    let ctx = window.harness.ctx.clone();
    let app = window.harness.state_mut();
    let first = dir.path().join("clips/wave/1.mp4");
    app.receive(&Message::SampleClip(first.clone()), &ctx);
    assert_eq!(app.session.opening, None, "a person opened something else meanwhile, or asked for nothing");
    app.waits_for_sample = true;
    app.receive(&Message::SampleProgress(1, 64), &ctx);
    app.receive(&Message::SampleClip(first.clone()), &ctx);
    assert_eq!((app.session.opening.as_ref(), app.waits_for_sample), (Some(&first), false));
    window.settle();
    assert!(window.sees("Generating the sample: 1 of 64 clips") && window.sees("clip 1 of 1"), "it is listed at once");
    let other = dir.path().join("clips/bow/2.mp4");
    window.harness.state_mut().receive(&Message::SampleClip(other), &ctx);
    window.settle();
    assert!(window.sees("clip 2 of 2"), "the list grows, in the order that it will have");

    clips(dir.path(), &["clips/wave/1.mp4", "clips/bow/2.mp4"]);
    let app = window.harness.state_mut();
    app.receive(&Message::SampleWritten(dir.path().into()), &ctx);
    assert_eq!(app.session.opening.as_ref(), Some(&first), "it plays on");
    assert!(app.settings.recent.contains(&dir.path().join("clips")) && app.session.writing_sample.is_none());
}

#[test]
fn the_sample_opens_with_the_same_clip_each_time() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), &["clips/bow/bow_01.mp4", "clips/wave/wave_01.mp4", "clips/wave/wave_02.mp4"]);
    let mut window = Window::with(SIZE, Settings::default(), |app| app.session.loading_model = None);
    let first = dir.path().join("clips/wave/wave_01.mp4");
    window.harness.state_mut().settings.sample = Some(dir.path().into());
    for command in [Command::OpenSample, Command::PreviousVideo, Command::OpenSample] {
        window.perform(command);
        let is_sample = command == Command::OpenSample;
        wait(&mut window, |app| {
            app.session.folder.is_some() && (app.session.opening.as_ref() == Some(&first)) == is_sample
        });
    }
    // Any other folder opens with its first clip.
    let other = tempfile::tempdir().unwrap();
    clips(other.path(), &["bow/bow_01.mp4", "wave/wave_01.mp4"]);
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().open(other.path().into(), &ctx);
    wait(&mut window, |app| app.session.opening.as_ref() == Some(&other.path().join("bow/bow_01.mp4")));
}

#[test]
fn corrections_join_the_open_project_and_its_labels_are_trained_on() {
    let mut labeling = LabelingStage::new(&["bend", "wave"], 2);
    labeling.key(Key::Num1);
    let corrections = labeling.dir.path().join("corrections");
    clips(&corrections, &["wave/c1.mp4", "hop/c2.mp4"]);
    let ctx = labeling.window.harness.ctx.clone();
    labeling.app_mut().settings.live.corrections = Some(corrections.clone());
    labeling.app_mut().train_on_corrections(&ctx);
    let videos = |app: &App| app.session.labeling.document().map_or(0, |document| document.videos.len());
    wait(&mut labeling.window, |app| videos(app) == 4);
    assert_eq!(labeling.names(), ["bend", "wave", "hop"]);
    assert_eq!(labeling.video(2).path, "corrections/hop/c2.mp4");
    assert_eq!(
        (&labeling.video(2).labels, &labeling.video(3).labels),
        (&vec![labeling.class(2)], &vec![labeling.class(1)])
    );
    assert_eq!(labeling.app().settings.training_folder, None, "the folder of the form is nobody's to exchange");
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert_eq!((videos(labeling.app()), labeling.names().len()), (2, 2), "one step");
}

#[test]
fn without_a_project_corrections_join_the_folder_that_was_trained_on_last() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), &["train/bend/1.mp4", "train/wave/2.mp4", "mine/wave/c.mp4"]);
    let mut window = Window::with(SIZE, Settings::default(), |app| app.session.loading_model = None);
    let ctx = window.harness.ctx.clone();
    let app = window.harness.state_mut();
    app.settings.live.corrections = Some(dir.path().join("mine"));
    app.choose_training_folder(dir.path().join("train"), &ctx);
    app.train_on_corrections(&ctx);
    while !window.sees("3 clips in 2 classes") {
        let app = window.harness.state_mut();
        app.panels.training.follow(&app.session, &ctx);
        window.settle();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(window.sees("and 1 correction"));
    // One click starts the training; here it says why it cannot.
    let app = window.harness.state_mut();
    assert_eq!(app.session.live.training, AwaitedTraining::Clips);
    app.start_awaited_training(&ctx);
    assert_eq!(app.session.live.training, AwaitedTraining::None);
    let told = app.session.told.as_ref().map(|(text, _)| text.as_str());
    assert!(told.is_some_and(|text| text.starts_with("Training not started: Load a model")), "{told:?}");
    assert_eq!(window.harness.state().settings.training_folder, Some(dir.path().join("train")));
}

#[test]
fn corrections_that_leave_out_classes_of_the_model_wait_for_start_and_say_what_becomes_of_them() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), &["mine/bend/a.mp4", "mine/wave/b.mp4", "mine/wave/c.mp4"]);
    let mut window = Window::with(SIZE, Settings::default(), |app| {
        app.session.loading_model = None;
        app.session.receive(&Message::ModelLoaded(model_of(&["bend", "wave", "hop", "run"])));
    });
    let ctx = window.harness.ctx.clone();
    let app = window.harness.state_mut();
    app.settings.live.corrections = Some(dir.path().join("mine"));
    app.train_on_corrections(&ctx);
    while !window.sees("3 clips in 2 classes") {
        let app = window.harness.state_mut();
        app.panels.training.follow(&app.session, &ctx);
        window.settle();
        std::thread::sleep(Duration::from_millis(1));
    }
    let app = window.harness.state_mut();
    app.start_awaited_training(&ctx);
    let told = app.session.told.as_ref().map(|(text, _)| text.as_str());
    assert_eq!(told, Some("Check clips and classes, then press Start"));
    assert!(!app.session.training.is_active());
    assert!(window.sees("The clips show 2 of the model's 4 classes. The other 2 are kept"));
    window.harness.state_mut().panels.training.choose_classes(false);
    window.settle();
    assert!(window.sees("The new model cannot predict the other 2"));
}

#[test]
fn the_videos_of_two_folders_that_are_found_at_once_are_all_added() {
    let mut labeling = LabelingStage::new(&["wave"], 0);
    let dir = labeling.dir.path().to_owned();
    clips(&dir, &["one/a.mp4", "one/b.mp4", "two/c.mp4"]);
    let app = labeling.app_mut();
    app.find_videos(vec![dir.join("one")]);
    app.find_videos(vec![dir.join("two")]);
    assert!(app.session.labeling.is_searching());
    let news = search_news(app, 2);
    for found in app.session.labeling.receive_news(news.into_iter(), &mut app.session.log) {
        app.take_found(found);
    }
    assert!(!app.session.labeling.is_searching());
    let mut paths: Vec<_> = app.session.labeling.document().unwrap().videos.values().map(|video| &video.path).collect();
    paths.sort();
    assert_eq!(paths, ["one/a.mp4", "one/b.mp4", "two/c.mp4"]);
}

#[test]
fn what_was_looked_for_in_one_project_does_not_come_into_the_next() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    let dir = labeling.dir.path().to_owned();
    clips(&dir, &["one/a.mp4", "moved/clip_0.mp4"]);
    let other = tempfile::tempdir().unwrap();
    let next = project(other.path(), &["jump"], 1);
    let app = labeling.app_mut();
    app.find_videos(vec![dir.join("one")]);
    let document = app.session.labeling.document().unwrap().clone();
    let search = app.labeling.find_moved(document, dir.clone(), vec![VideoId(0)], dir.join("moved"));
    app.session.labeling.searches.begin(search);
    let news = search_news(app, 2);
    drop(app.session.labeling.close());
    app.session.labeling.open(next, Vec::new());
    let before = app.session.labeling.document().unwrap().clone();
    for found in app.session.labeling.receive_news(news.into_iter(), &mut app.session.log) {
        app.take_found(found);
    }
    assert_eq!(app.session.labeling.document(), Some(&before));
    // Nor does what was found of a file, though the number of its video is one of this project too.
    let path = app.session.labeling.project().unwrap().video_path(VideoId(0)).unwrap();
    let news = LabelingEvent::File { id: VideoId(0), number: 1, dir, path, state: FileState::Missing };
    let _ = app.session.labeling.receive_news([news].into_iter(), &mut app.session.log);
    assert_eq!(app.session.labeling.missing(), []);
}

#[test]
fn a_search_is_cancelled_with_a_button() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    assert!(!labeling.window.sees("Searching for videos"));
    let folder = labeling.dir.path().to_owned();
    labeling.app_mut().find_videos(vec![folder]);
    labeling.window.settle();
    assert!(labeling.window.sees("Searching for videos"));
    let cancels: Vec<_> = labeling.window.harness.query_all_by_label("Cancel").collect();
    assert_eq!(cancels.len(), 2, "in the panel and in the status bar");
    cancels[0].click();
    labeling.window.settle();
    assert!(!labeling.app().session.labeling.is_searching() && !labeling.window.sees("Searching for videos"));
}

#[test]
fn opening_the_open_project_shows_it_and_it_can_still_be_changed() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    let dir = labeling.dir.path().to_owned();
    let ctx = labeling.window.harness.ctx.clone();
    let mut paths = vec![dir.clone(), dir.join("project.toml"), dir.join("sub/..")];
    std::fs::create_dir(dir.join("sub")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&dir, dir.join("link")).unwrap();
        paths.push(dir.join("link"));
    }
    for path in paths {
        let app = labeling.app_mut();
        app.begin_project(Start::Open, path, &ctx);
        while app.session.labeling.opening.is_some() {
            app.follow_project(&ctx);
            std::thread::sleep(Duration::from_millis(1));
        }
        labeling.window.settle();
        assert!(!labeling.window.sees("read-only") && labeling.app().session.notice.is_none());
        labeling.key(Key::Num1);
        assert_eq!(labeling.video(0).labels, [labeling.class(0)]);
        labeling.press(Modifiers::COMMAND, Key::Z);
        assert!(labeling.video(0).is_unlabelled());
    }
}

#[test]
fn a_project_that_another_window_had_open_can_be_changed_once_that_is_closed() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    let dir = labeling.dir.path().to_owned();
    let ctx = labeling.window.harness.ctx.clone();
    labeling.window.perform(Command::CloseProject);
    let mut other = Project::open(&dir).unwrap().project;
    while other.is_read_only() {
        other = Project::open(&dir).unwrap().project; // It is being closed.
    }
    let app = labeling.app_mut();
    app.begin_project(Start::Open, dir, &ctx);
    let follow = |app: &mut App| {
        app.follow_project(&ctx);
        std::thread::sleep(Duration::from_millis(1));
    };
    while app.session.labeling.opening.is_some() {
        follow(app);
    }
    assert!(app.session.labeling.project().unwrap().is_in_use_elsewhere());
    drop(other);
    while app.session.labeling.project().is_none_or(Project::is_read_only) {
        follow(app);
    }
    assert!(app.session.told.as_ref().unwrap().0.contains("can be changed"));
}

#[test]
fn a_project_that_was_closed_can_be_opened_again_at_once() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    labeling.key(Key::Num1);
    let dir = labeling.dir.path().to_owned();
    let ctx = labeling.window.harness.ctx.clone();
    labeling.window.perform(Command::CloseProject);
    let app = labeling.app_mut();
    assert!(app.session.labeling.project().is_none());
    app.begin_project(Start::Open, dir, &ctx);
    while app.session.labeling.opening.is_some() {
        app.follow_project(&ctx);
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(!app.session.labeling.project().unwrap().is_read_only());
    assert_eq!(labeling.video(0).labels, [labeling.class(0)]);
}

#[test]
fn of_two_changes_in_one_repaint_the_second_keeps_the_first() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    let app = labeling.app_mut();
    let document = app.session.labeling.document().unwrap().clone();
    let note = |text: &'static str| {
        Edit::new(move |document| edits::change_video(document, VideoId(0), "Note", |video| video.note = text.into()))
    };
    let group =
        Edit::new(|document| edits::change_video(document, VideoId(0), "Group", |video| video.group = "hall".into()));
    // Both as panels ask for them while they draw one document.
    let asked = [note("first"), group];
    assert!(asked.iter().all(|edit| edit.step(&document).is_ok()));
    asked.iter().for_each(|edit| app.change_project(edit));
    let video = labeling.video(0);
    assert_eq!((video.note.as_str(), video.group.as_str()), ("first", "hall"));
}

#[test]
fn a_digit_labels_what_the_window_shows_as_marked() {
    let mut labeling = LabelingStage::new(&["wave", "golf"], 2);
    let (wave, golf) = (labeling.class(0), labeling.class(1));
    labeling.key(Key::Num2);
    assert_eq!(labeling.video(0).labels, [golf]);
    labeling.at(36);
    labeling.key(Key::O);
    labeling.key(Key::Num1);
    assert_eq!((labeling.segments(), labeling.video(0).labels.clone()), (vec![(wave, 0, 37)], vec![golf]));
    labeling.key(Key::Escape);
    labeling.at(80);
    labeling.key(Key::I);
    labeling.key(Key::Enter);
    assert_eq!(labeling.segments()[1..], [(wave, 80, FRAMES)]);
    // Marks of a clip are not for the next one, which is not open yet.
    labeling.key(Key::Escape);
    labeling.at(50);
    labeling.key(Key::I);
    labeling.press(Modifiers::COMMAND, Key::ArrowDown);
    assert_eq!(labeling.app().session.labeling.selected(), Some(VideoId(1)));
    labeling.key(Key::Num1);
    assert!(labeling.video(1).is_unlabelled(), "nobody has seen it yet");
    labeling.see(1);
    labeling.key(Key::Num1);
    assert!(labeling.video(1).segments.is_empty());
    assert_eq!((labeling.video(1).labels.clone(), labeling.video(0).segments.len()), (vec![wave], 2));
}

#[test]
fn what_is_labelled_is_the_clip_that_is_being_opened() {
    let mut labeling = LabelingStage::new(&["wave"], 2);
    let selected = |labeling: &LabelingStage| labeling.app().session.labeling.selected();
    let other = labeling.app().session.labeling.project().unwrap().video_path(VideoId(1)).unwrap();
    labeling.app_mut().open_clip(other);
    assert_eq!(selected(&labeling), Some(VideoId(1)), "before it is open");
    let foreign = labeling.dir.path().join("elsewhere/clip_0.mp4");
    labeling.app_mut().open_clip(foreign);
    assert_eq!(selected(&labeling), None);
    labeling.key(Key::Num1);
    assert!(labeling.window.sees("This clip is not in the project. Add it below"));
    assert!([0, 1].iter().all(|id| labeling.video(*id).is_unlabelled()));
    // A clip that is being opened is followed by a project that is opened meanwhile.
    let first = labeling.app().session.labeling.project().unwrap().video_path(VideoId(0)).unwrap();
    labeling.app_mut().open_clip(first);
    labeling.app_mut().session.labeling.select(None);
    labeling.app_mut().session.follow_clip();
    assert_eq!(selected(&labeling), Some(VideoId(0)));
}

#[test]
fn a_video_that_was_taken_out_and_put_back_while_its_clip_is_open_is_selected_again() {
    let mut labeling = LabelingStage::new(&["wave"], 2);
    labeling.app_mut().change_project(&Edit::new(|document| edits::remove_video(document, VideoId(0))));
    assert_eq!(labeling.app().session.labeling.selected(), None);
    labeling.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(labeling.app().session.labeling.selected(), Some(VideoId(0)));
    assert!(labeling.window.sees("Undone: Removed a video (clip_0.mp4)"));
    labeling.key(Key::Num1);
    assert!(!labeling.video(0).is_unlabelled());
}

#[test]
fn a_digit_on_locked_labels_says_why_and_reading_them_again_leaves_no_old_notice() {
    let dir = tempfile::tempdir().unwrap();
    let mut saved = project(dir.path(), &["wave"], 1);
    let wave = saved.document().classes[0].id;
    let (_, step) = edits::add_segment(saved.document(), VideoId(0), Label::Class(wave), 10, 20).unwrap();
    saved.perform(step).unwrap();
    saved.save().unwrap();
    drop(saved);
    let file = dir.path().join("labels/00000-clip_0.toml");
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, "labels = [").unwrap();
    let opened = Project::open(dir.path()).unwrap();
    let mut window = Window::with(SIZE, Settings::default(), |app| {
        let path = opened.project.video_path(VideoId(0)).unwrap();
        app.session.labeling.open(opened.project, opened.notes);
        open_clip(app, &path);
    });
    window.perform(Command::ShowProject);
    window.harness.key_press(Key::Num1);
    window.settle();
    assert!(window.sees("locked: their file could not be read") && window.sees("press Reload"));

    let read_again = |window: &mut Window| {
        let ctx = window.harness.ctx.clone();
        let app = window.harness.state_mut();
        app.read_labels_again(&ctx);
        let revision = app.session.labeling.project().unwrap().revision();
        while app.session.labeling.project().unwrap().revision() == revision {
            app.take_labels_read(&ctx);
            std::thread::yield_now();
        }
    };
    read_again(&mut window);
    let app = window.harness.state();
    assert_eq!((app.session.labeling.notes.len(), app.session.notice.is_some()), (1, true), "it is as bad as before");
    std::fs::write(&file, whole.replace("end = 20", "end = 120")).unwrap();
    read_again(&mut window);
    let app = window.harness.state();
    let notes: Vec<&str> = app.session.labeling.notes.iter().map(|note| note.cause.as_str()).collect();
    assert!(
        app.session.notice.is_none() && notes.len() == 1 && notes[0].contains("beyond its 100 frames"),
        "{notes:?}"
    );
    window.settle();
    assert!(window.sees("Reloaded labels of 1 video"));
    assert_eq!(window.harness.state().session.labeling.video().unwrap().1.segments.len(), 1);
}

#[test]
fn videos_of_one_name_are_listed_with_the_folder_that_distinguishes_them() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    let paths = ["day1/clip.mp4", "day2/clip.mp4"].map(|name| labeling.dir.path().join(name));
    labeling.app_mut().add_videos(&paths);
    labeling.window.settle();
    for name in ["clip.mp4 – day1, unlabelled", "clip.mp4 – day2, unlabelled", "clip_0.mp4, unlabelled"] {
        assert!(labeling.window.sees(name), "{name}");
    }
    labeling.app_mut().change_project(&Edit::new(|document| edits::remove_video(document, VideoId(2))));
    labeling.window.settle();
    assert!(labeling.window.sees("Removed a video (clip.mp4 – day2)"));
    assert!(labeling.window.sees("clip.mp4, unlabelled"), "it is the only one of its name now");
}

#[test]
fn the_window_is_called_after_the_clip_that_is_being_opened_and_the_project() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    assert_eq!(labeling.app().session.window_title(), "clip_0.mp4 – kitchen – Motionscope");
    labeling.app_mut().open_clip("/videos/long.mp4".into());
    labeling.window.settle();
    assert_eq!(labeling.app().session.window_title(), "long.mp4 – kitchen – Motionscope");
    assert!(labeling.window.sees("long.mp4"), "beside the menus");
    labeling.app_mut().session.leave_clip();
    assert_eq!(labeling.app().session.window_title(), "kitchen – Motionscope");
}

#[test]
fn the_buttons_of_labels_of_other_programs_stay_where_they_are() {
    let mut labeling = LabelingStage::new(&["wave"], 1);
    labeling.window.perform(Command::ExchangeLabels);
    let places =
        |labeling: &LabelingStage| ["Import…", "Export…", "Label by folder name"].map(|name| labeling.place(name));
    let before = places(&labeling);
    labeling.app_mut().session.labeling.interchange.reading = Some("/labels.csv".into());
    labeling.window.settle();
    assert!(labeling.window.sees("Reading…"));
    assert_eq!(places(&labeling), before);
    let revision = labeling.app().session.labeling.project().unwrap().revision();
    let interchange = &mut labeling.app_mut().session.labeling.interchange;
    let order = ImportOrder { format: Format::Csv, source: "/labels.csv".into(), choices: Choices::default() };
    let import = Import { kept: vec!["a.mp4".into(), "b.mp4".into()], ..Import::default() };
    (interchange.reading, interchange.pending) = (None, Some(Pending { order, revision, import: Ok(import) }));
    interchange.exported = Some(("/elan".into(), Err(Error::new("/elan", "the disk is full", "Free some space"))));
    labeling.window.settle();
    assert!(labeling.window.sees("Import labels.csv as CSV") && labeling.window.sees("the disk is full"));
    assert_eq!(places(&labeling), before);
}

#[test]
fn several_files_that_are_dropped_are_added_to_the_open_project() {
    let mut labeling = LabelingStage::new(&["wave"], 0);
    let dir = labeling.dir.path().to_owned();
    clips(&dir, &["new/a.mp4", "new/b.mp4", "new/labels.csv", "more/c.mp4"]);
    let files = ["new/a.mp4", "new/b.mp4", "new/labels.csv", "more"].map(|name| dir.join(name));
    let ctx = labeling.window.harness.ctx.clone();
    labeling.app_mut().drop_paths(files.to_vec(), &ctx);
    let videos = |app: &App| app.session.labeling.document().map_or(0, |document| document.videos.len());
    wait(&mut labeling.window, |app| videos(app) > 0);
    assert_eq!(videos(labeling.app()), 3, "a table is no video");
}
