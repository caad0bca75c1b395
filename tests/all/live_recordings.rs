//! What is kept of live sources: corrections and recordings.

use std::path::Path;

use motionscope::data::{DataSource, Dataset, live_recording};
use motionscope::engine::{FlowColours, LiveEvent, Message, RecordingOrder, Request, Topic};
use motionscope::output::OutputGuard;
use motionscope::video::{Sizes, VideoReader, decode_clip};

use crate::live::{CLIP, Stage, step_of};

#[test]
fn a_correction_keeps_what_was_seen_when_it_was_asked_for() {
    let stage = Stage::new();
    stage.watch_steps();
    let before = stage.view("two seconds", |view| view.camera.captured > 60).camera.captured;
    stage.send(Request::HoldLive(true));
    let held = stage.view("what is held", |view| view.held.is_some()).held.unwrap();
    let when = stage.watched.engine.live().unwrap().camera.captured;
    // The person thinks about it.
    stage.view("a second more", |view| view.camera.captured > when + 25);
    let folder = stage.dir.path().join("corrections");
    stage.send(Request::CorrectLive { folder: folder.clone(), class: "two/hands".into() });
    let corrected = |event: &LiveEvent| match event {
        LiveEvent::Corrected { path, class, frames, .. } => Some((path.clone(), class.clone(), *frames)),
        _ => None,
    };
    let (path, class, frames) = stage.event(corrected);
    // All clips of the video are of one recording.
    let recording = live_recording(&stage.dir.path().join("steps.mp4"));
    let clip = |number: usize| folder.join(format!("two／hands/two／hands_{recording}_{number:03}.mp4"));
    assert_eq!((path.clone(), class.as_str()), (clip(1), "two/hands"));
    assert_eq!(frames, held);
    let shown: Vec<usize> = decode_clip(&path, CLIP, None).unwrap().iter().map(step_of).collect();
    assert_eq!(shown.len(), frames);
    assert!(shown.windows(2).all(|pair| pair[1] == (pair[0] + 1) % 30), "{shown:?}");
    let last = *shown.last().unwrap();
    assert!((before - 1..when).any(|index| index as usize % 30 == last), "{last} is not from {before} to {when}");
    assert!((11..=90).contains(&frames), "at most three seconds, half a second caught up with: {frames}");
    let fps = VideoReader::open(&path, Sizes::default()).unwrap().info().fps;
    assert!((fps - 25.0).abs() < 0.1, "the rate of the video, however fast it was played: {fps}");
    let counts = stage.event(|event| match event {
        LiveEvent::Corrections { clips, .. } => Some(clips.clone()),
        _ => None,
    });
    assert_eq!(counts, [("two/hands".to_owned(), vec![path.clone()])]);
    let read = Dataset::open(&DataSource::Folder(folder.clone())).unwrap();
    assert_eq!(read.classes, ["two/hands"], "trained on and added to projects as what it was corrected to");
    // Without holding it is the last seconds; another clip of the class has another name.
    stage.send(Request::CorrectLive { folder: folder.clone(), class: "two/hands".into() });
    assert_eq!(stage.event(corrected).0, clip(2));
    let listed = Dataset::open(&DataSource::Folder(folder.clone())).unwrap().clips;
    assert!(listed.len() == 2 && listed.iter().all(|clip| clip.recording() == recording), "{listed:?}");
    // A folder that cannot be made is reported.
    std::fs::write(stage.dir.path().join("file"), "").unwrap();
    stage.send(Request::CorrectLive { folder: stage.dir.path().join("file"), class: "wave".into() });
    stage.watched.message(|message| matches!(message, Message::Problem(Topic::Corrections, _)).then_some(()));
    // What was held is saved though the source ends while the person thinks about it.
    stage.send(Request::HoldLive(true));
    stage.view("frames that are held", |view| view.held.is_some());
    stage.send(Request::Live(None));
    stage.send(Request::CorrectLive { folder: folder.clone(), class: "two/hands".into() });
    let (path, _, frames) = stage.event(corrected);
    assert!(path == clip(3) && frames >= 11, "{path:?}: {frames}");
    // A correction without held frames after the end of the source is reported.
    stage.send(Request::CorrectLive { folder, class: "wave".into() });
    let is_lost = |message: &Message| matches!(message, Message::Problem(_, error) if error.subject == "correction");
    stage.watched.message(|message| is_lost(message).then_some(()));
}

#[test]
fn a_recording_is_as_long_as_it_was_and_can_be_watched_before_it_is_complete() {
    let stage = Stage::new();
    stage.watch_steps();
    stage.view("a frame", |view| view.frame.is_some());
    let path = stage.dir.path().join("recorded.mp4");
    let record = |path: &Path| {
        let guard = OutputGuard::default();
        stage.send(Request::RecordLive(Some(Box::new(RecordingOrder { path: path.to_owned(), guard, overlay: None }))));
    };
    record(&path);
    stage.view("seconds", |view| view.recording.as_ref().is_some_and(|recording| recording.secs > 3.0));
    // As it would be if the program were gone now.
    let torn = stage.dir.path().join("torn.mp4");
    std::fs::copy(&path, &torn).unwrap();
    let info = VideoReader::open(&torn, Sizes::default()).unwrap().info().clone();
    assert!(info.duration_secs > 1.0, "{}", info.duration_secs);
    stage.send(Request::RecordLive(None));
    let secs = stage.event(|event| match event {
        LiveEvent::Recorded { secs, .. } => Some(*secs),
        _ => None,
    });
    let info = VideoReader::open(&path, Sizes::default()).unwrap().info().clone();
    assert!((info.duration_secs - secs).abs() < 0.1 && secs > 1.0 && secs < 30.0, "{secs} {}", info.duration_secs);
    let recorded = std::fs::read(&path).unwrap();
    record(&path);
    let said = stage.watched.message(|message| match message {
        Message::Problem(Topic::Recording, error) => Some(error.to_string()),
        _ => None,
    });
    assert!(said.contains("it exists") && std::fs::read(&path).unwrap() == recorded, "{said}");
    record(Path::new("/no/such/folder/recorded.mp4"));
    stage.watched.message(|message| matches!(message, Message::Problem(Topic::Recording, _)).then_some(()));
    stage.view("no recording", |view| view.recording.is_none());
    // A recording is completed when the source is closed.
    let last = stage.dir.path().join("last.mp4");
    record(&last);
    stage.view("a recording", |view| view.recording.as_ref().is_some_and(|recording| recording.secs > 0.2));
    stage.send(Request::Live(None));
    stage.event(|event| matches!(event, LiveEvent::Recorded { .. }).then_some(()));
    assert!(VideoReader::open(&last, Sizes::default()).is_ok());
}

#[test]
fn a_recording_has_the_size_of_the_source() {
    let stage = Stage::new();
    stage.watch("lavfi:testsrc2=size=1280x720:rate=10");
    stage.view("a frame", |view| view.frame.as_ref().is_some_and(|frame| frame.display.width() == 960));
    let path = stage.dir.path().join("large.mp4");
    let order = RecordingOrder { path: path.clone(), guard: OutputGuard::default(), overlay: None };
    stage.send(Request::RecordLive(Some(Box::new(order))));
    stage.view("pictures", |view| view.recording.as_ref().is_some_and(|recording| recording.secs > 0.5));
    stage.send(Request::RecordLive(None));
    stage.event(|event| matches!(event, LiveEvent::Recorded { .. }).then_some(()));
    let info = VideoReader::open(&path, Sizes::default()).unwrap().info().clone();
    assert_eq!((info.width, info.height), (1280, 720));
    // With flow and prediction beside and below the picture it is larger.
    let path = stage.dir.path().join("drawn.mp4");
    let overlay = Some(FlowColours::default());
    let order = RecordingOrder { path: path.clone(), guard: OutputGuard::default(), overlay };
    stage.send(Request::RecordLive(Some(Box::new(order))));
    stage.view("pictures", |view| view.recording.as_ref().is_some_and(|recording| recording.secs > 0.5));
    stage.send(Request::RecordLive(None));
    stage.event(|event| matches!(event, LiveEvent::Recorded { .. }).then_some(()));
    let info = VideoReader::open(&path, Sizes::default()).unwrap().info().clone();
    assert!(info.width == 1920 && info.height > 540, "{}×{}", info.width, info.height);
}
