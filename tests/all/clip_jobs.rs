//! What the engine does with a whole clip: the annotated video, and the scores of windows all over it.

use motionscope::cli::bench::fixture;
use motionscope::engine::{ClipScoresOrder, FlowColours, Message, OverlayExport, Request};
use motionscope::nets::fusion::Fusion;
use motionscope::output::OutputGuard;
use motionscope::video::{Sizes, VideoReader};

use crate::live::{CLIP, Stage};

#[test]
fn a_clip_is_exported_with_everything_drawn_in_or_not_at_all() {
    let stage = Stage::new();
    let clip = fixture::clip(stage.dir.path(), 14, CLIP).unwrap();
    let path = stage.dir.path().join("annotated.mp4");
    let (fusion, colours, guard) = (Fusion::default(), FlowColours::default(), OutputGuard::default());
    let export = OverlayExport { clip, path: path.clone(), model: stage.model(), fusion, colours, guard };
    stage.send(Request::ExportAnnotated(Box::new(export.clone())));
    stage.watched.message(|message| matches!(message, Message::ExportProgress { done: 3.., total: 14 }).then_some(()));
    let frames = stage.watched.message(|message| match message {
        Message::Annotated { frames, .. } => Some(*frames),
        _ => None,
    });
    let info = VideoReader::open(&path, Sizes::default()).unwrap().info().clone();
    assert_eq!((frames, info.frames, info.width), (14, 14, 640));
    assert!(info.height > 267 && info.height < 400, "{}", info.height);
    std::fs::remove_file(&path).unwrap();
    stage.send(Request::ExportAnnotated(Box::new(export)));
    stage.send(Request::Export(None));
    stage.watched.message(|message| matches!(message, Message::ExportEnded).then_some(()));
    assert!(!path.exists());
}

#[test]
fn windows_all_over_a_clip_are_scored_until_it_is_closed() {
    let stage = Stage::new();
    let clip = fixture::clip(stage.dir.path(), 40, CLIP).unwrap();
    let order = |id| {
        let classes = ["one", "two"].map(str::to_owned).to_vec();
        Request::ScoreClip(Some(ClipScoresOrder { id, clip: clip.clone(), model: stage.model(), classes }))
    };
    stage.send(order(1));
    let mut windows = Vec::new();
    stage.watched.message(|message| match message {
        Message::ClipWindow(window) => {
            windows.push((window.id, window.start, window.scores.temporal.len()));
            None
        }
        Message::ClipScoresEnded(1) => Some(()),
        _ => None,
    });
    assert_eq!(windows, [0, 7, 14, 21, 29].map(|start| (1, start, 2)));
    stage.send(order(2));
    stage.send(Request::Close);
    stage.watched.message(|message| matches!(message, Message::ClipScoresEnded(2)).then_some(()));
}
