//! Tests of the session.

use super::*;
use crate::engine::FlowSource;
use crate::frame_times::FrameTimes;

#[test]
fn a_mark_beyond_the_other_one_replaces_it() {
    let mut marks = Marks::default();
    marks.mark_in(10);
    marks.mark_out(20);
    assert_eq!(marks.segment(100), (10, 20));
    marks.mark_in(30);
    assert_eq!(marks.segment(100), (30, 99));
    marks.mark_out(5);
    assert_eq!(marks.segment(100), (0, 5));
}

#[test]
fn the_marks_of_an_evaluated_segment_follow_the_time_stamps() {
    let stamps =
        (0..150).map(|frame| f64::from(frame) / 30.0).chain((0..50).map(|frame| 5.0 + f64::from(frame) / 10.0));
    let info = VideoInfo {
        path: "/a.mp4".into(),
        codec: "h264".into(),
        width: 4,
        height: 4,
        frames: 200,
        duration_secs: 10.0,
        fps: 20.0,
        times: FrameTimes::listed(stamps.collect::<Vec<_>>(), 10.0).unwrap(),
        variable_rate: true,
        rotation_degrees: 0,
        interlaced: false,
        has_sound: false,
        recorded: None,
        notes: Vec::new(),
    };
    let mut session = Session::new("CPU".into());
    for (secs, first_and_last) in [([2.0, 3.0], (60, 89)), ([5.0, 6.0], (150, 159)), ([8.0, 9.0], (180, 189))] {
        session.known =
            Some(KnownClip { path: "/a.mp4".into(), class: "a".into(), segment_secs: Some(secs), evaluated: None });
        assert_eq!(session.known_marks(&info).segment(200), first_and_last, "{secs:?} s");
    }
}

fn info(path: &str) -> VideoInfo {
    VideoInfo {
        path: path.into(),
        codec: "h264".into(),
        width: 4,
        height: 4,
        frames: 50,
        duration_secs: 2.0,
        fps: 25.0,
        times: FrameTimes::even(50, 25.0, 0.0).unwrap(),
        variable_rate: false,
        rotation_degrees: 0,
        interlaced: false,
        has_sound: false,
        recorded: None,
        notes: Vec::new(),
    }
}

#[test]
fn marks_are_of_the_clip_they_were_set_on_and_late_answers_are_not_taken() {
    let mut session = Session::new("CPU".into());
    session.leave_for(Path::new("/a.mp4"));
    session.receive(&Message::Opened(info("/a.mp4")));
    session.marks.mark_out(36);
    assert_eq!(session.marked(), Some((0, 36)), "as it is shown");
    session.leave_for(Path::new("/b.mp4"));
    assert_eq!((session.marked(), session.marks), (None, Marks::default()));
    session.leave_for(Path::new("/c.mp4"));
    session.receive(&Message::Opened(info("/b.mp4")));
    assert_eq!((session.clip.is_some(), session.opening.as_deref()), (false, Some(Path::new("/c.mp4"))));
    let torn = Error::new("/c.mp4", "no video stream", "Choose a video");
    session.receive(&Message::OpenFailed("/b.mp4".into(), torn.clone()));
    assert!(session.opening.is_some(), "another one is awaited");
    session.receive(&Message::OpenFailed("/c.mp4".into(), torn));
    assert_eq!((session.clip.is_some(), session.opening.as_deref()), (false, None));
    session.leave_for(Path::new("/a.mp4"));
    session.leave_clip();
    session.receive(&Message::Opened(info("/a.mp4")));
    assert!(session.clip.is_none(), "it was closed meanwhile");
}

#[test]
fn the_clip_before_one_that_cannot_be_opened_comes_back() {
    let torn = || Error::new("/b.mp4", "no video stream", "Choose a video");
    let mut session = Session::new("CPU".into());
    session.refused = Some(("No clip is open".into(), Instant::now()));
    session.leave_for(Path::new("/a.mp4"));
    assert_eq!(session.refused, None, "that is about to be no longer so");
    session.receive(&Message::Opened(info("/a.mp4")));
    session.marks.mark_in(10);
    session.player.position = 30;
    session.leave_for(Path::new("/b.mp4"));
    session.leave_for(Path::new("/c.mp4"));
    session.receive(&Message::OpenFailed("/b.mp4".into(), torn()));
    assert_eq!(session.comes_back, None, "another one is awaited");
    session.receive(&Message::OpenFailed("/c.mp4".into(), torn()));
    let place = session.comes_back.clone().unwrap();
    assert_eq!((place.path.as_path(), place.position), (Path::new("/a.mp4"), 30));
    assert_eq!(place.marks.start, Some(10));
    session.leave_for(Path::new("/a.mp4"));
    session.receive(&Message::OpenFailed("/a.mp4".into(), torn()));
    assert_eq!(session.comes_back, None, "not for ever");
    session.leave_for(Path::new("/b.mp4"));
    session.receive(&Message::Opened(info("/b.mp4")));
    session.leave_clip();
    session.leave_for(Path::new("/c.mp4"));
    session.receive(&Message::OpenFailed("/c.mp4".into(), torn()));
    assert_eq!(session.comes_back, None, "it was closed");
}

#[test]
fn an_error_ends_only_what_it_is_about() {
    let mut session = Session::new("CPU".into());
    session.leave_for(Path::new("/clips/a"));
    session.receive(&Message::SampleProgress(3, 64));
    session.loading_model = Some("/models/net".into());
    let torn = || Error::new("/models/net/model.toml", "it is torn", "Copy it again");
    session.problem(&torn());
    session.receive(&Message::OpenFailed("/clips/a.mp4".into(), torn()));
    session.receive(&Message::ModelFailed("/models/network".into(), torn()));
    assert_eq!(session.opening.as_deref(), Some(Path::new("/clips/a")));
    assert_eq!(session.writing_sample.map(|progress| progress.counts()), Some((3, 64)));
    assert!(session.loading_model.is_some());
    session.receive(&Message::ModelFailed("/models/net".into(), torn()));
    assert!(session.loading_model.is_none() && session.opening.is_some());
    session.receive(&Message::SampleFailed(Error::new("/data/sample", "the disk is full", "Free some space")));
    assert!(session.writing_sample.is_none());
}

#[test]
fn a_clip_that_cannot_be_opened_is_told_and_waited_for_no_longer() {
    let mut session = Session::new("CPU".into());
    session.opening = Some("/clips/a.mp4".into());
    let torn = Error::new("decoder thread", "no video stream", "Choose a video");
    session.receive(&Message::OpenFailed("/clips/a.mp4".into(), torn));
    assert_eq!(session.opening, None);
    assert_eq!(session.notice.as_ref().map(|error| error.cause.as_str()), Some("no video stream"));
    assert_eq!(session.log.lines(LogLevel::Error).count(), 1);
}

#[test]
fn a_sample_that_is_cancelled_says_what_is_kept() {
    let mut session = Session::new("CPU".into());
    session.receive(&Message::SampleProgress(12, 40));
    session.receive(&Message::SampleEnded);
    let told = |session: &Session| session.told.as_ref().map(|(text, _)| text.clone());
    assert_eq!(told(&session).as_deref(), Some("Sample cancelled: 12 of 40 clips drawn and kept"));
    session.told = None;
    session.receive(&Message::SampleProgress(40, 40));
    session.receive(&Message::SampleWritten("/data/sample".into()));
    session.receive(&Message::SampleEnded);
    assert_eq!(told(&session), None, "it was complete");
    session.receive(&Message::SampleProgress(0, 40));
    session.receive(&Message::SampleEnded);
    assert_eq!(told(&session).as_deref(), Some("Sample cancelled before its first clip was drawn"));
}

#[test]
fn no_flow_of_the_clip_before_is_shown_while_the_next_one_opens() {
    let mut session = Session::new("CPU".into());
    session.receive(&Message::Opened(info("/a.mp4")));
    let flow = crate::app::flow::tests::source_flow(FlowSource::Network, 0.0);
    session.flow.set_flow(FlowSource::Network, Some(Arc::new(flow)));
    session.flow.motion = Some(0.1);
    session.leave_for(Path::new("/b.mp4"));
    assert!(!session.flow.has_flow() && session.flow.motion.is_none());
}
