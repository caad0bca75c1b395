//! Predictions by the window's engine: the files that the command line writes, stopped, continued and failing.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use motionscope::cli::bench::fixture;
use motionscope::engine::{
    Message, NamedVideo, PredictionFolder, PredictionOrder, PredictionReport, Request, Topic, model_predictions,
};
use motionscope::error::Error;
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::nets::ModelCard;
use motionscope::output::Existing;
use motionscope::predictions::read_predictions;
use motionscope::video::Geometry;

use crate::cli::{code, motionscope, text, untrained_model};
use crate::watched::Watched;

const SIZE: Geometry = Geometry { width: 96, height: 80 };

/// Makes a model, and the project `golf` with videos of so many frames.
fn prepare(dir: &Path, videos: &[(&str, usize)]) {
    untrained_model(&dir.join("model"));
    fs::create_dir(dir.join("golf")).unwrap();
    for (name, frames) in videos {
        fixture::clip(dir, *frames, SIZE).unwrap();
        fs::rename(dir.join("clip.mp4"), dir.join("golf").join(name)).unwrap();
    }
}

fn run(dir: &Path, line: &str) {
    let output = motionscope(dir, &line.split(' ').collect::<Vec<_>>());
    assert_eq!(code(&output), 0, "{line}: {}", text(&output.stderr));
}

/// An order for these videos of the project `golf`.
fn order(dir: &Path, videos: &[&str], stride: usize, existing: Existing) -> Request {
    let video = |name: &&str| NamedVideo { path: dir.join("golf").join(name), name: (*name).to_owned() };
    Request::Predict(Some(Box::new(PredictionOrder {
        model: dir.join("model"),
        videos: videos.iter().map(video).collect(),
        folder: PredictionFolder::Project(dir.join("golf")),
        stride: NonZeroUsize::new(stride).unwrap(),
        existing,
    })))
}

/// The folder of the predictions of the model in the project.
fn folder(dir: &Path) -> PathBuf {
    let card = ModelCard::read(&dir.join("model")).unwrap();
    model_predictions(&dir.join("golf"), &card.name, card.hash.as_deref().unwrap_or_default())
}

/// Waits for the end; returns the problems before it and the report.
fn ended(watched: &Watched) -> (Vec<Error>, Option<PredictionReport>) {
    let (mut problems, mut report) = (Vec::new(), None);
    watched.message(|message| match message {
        Message::Problem(Topic::Predictions, error) => {
            problems.push(error.clone());
            None
        }
        Message::Predicted(found) => {
            report = Some(found.clone());
            None
        }
        Message::PredictionsEnded => Some(()),
        _ => None,
    });
    (problems, report)
}

fn counts(report: Option<PredictionReport>) -> (usize, usize, usize, bool) {
    let report = report.unwrap();
    (report.predicted, report.complete, report.failed, report.is_stopped)
}

#[test]
fn the_files_are_those_of_the_command_line_and_one_that_fails_does_not_hold_up_the_others() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path(), &[("a.mp4", 30), ("b.mp4", 14)]);
    run(dir.path(), "project new golf golf --classes swing");
    run(dir.path(), "predict golf --model model --device cpu");
    let out = folder(dir.path());
    let read = |name: &str| fs::read(out.join(name)).unwrap();
    let names = ["a.mp4.parquet", "b.mp4.parquet"];
    let by_command_line = names.map(read);
    fs::remove_dir_all(&out).unwrap();

    let watched = Watched::new(choose(DeviceChoice::Cpu).unwrap());
    fs::write(dir.path().join("golf/torn.mp4"), "not a video").unwrap();
    let videos = ["torn.mp4", "a.mp4", "b.mp4"];
    watched.engine.send(order(dir.path(), &videos, 4, Existing::Keep));
    let mut last = None;
    watched.message(|message| match message {
        Message::PredictionProgress(progress) => {
            last = Some(*progress);
            (progress.video == 3 && progress.done == progress.of).then_some(())
        }
        _ => None,
    });
    let last = last.unwrap();
    assert_eq!((last.videos, last.of), (3, 4));
    assert!(names.map(|name| watched.until("a file", || fs::read(out.join(name)).ok())) == by_command_line);

    watched.message(|message| matches!(message, Message::PredictionsEnded).then_some(()));
    watched.engine.send(order(dir.path(), &videos, 4, Existing::Keep));
    let (problems, report) = ended(&watched);
    assert!(problems.len() == 1 && problems[0].subject.contains("torn.mp4"), "{problems:?}");
    assert_eq!(counts(report), (0, 2, 1, false));

    // Another stride replaces nothing by itself.
    watched.engine.send(order(dir.path(), &["a.mp4"], 8, Existing::Keep));
    let (problems, report) = ended(&watched);
    assert!(problems[0].cause.contains("it holds other predictions: the stride is 4, not 8"), "{problems:?}");
    assert!(counts(report) == (0, 0, 1, false) && read("a.mp4.parquet") == by_command_line[0]);
    watched.engine.send(order(dir.path(), &["a.mp4"], 8, Existing::Replace));
    assert_eq!(counts(ended(&watched).1), (1, 0, 0, false));
    assert_eq!(read_predictions(&out.join("a.mp4.parquet")).unwrap().0.stride, 8);
}

#[test]
fn what_was_scored_when_it_was_stopped_is_continued_to_the_same_file() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path(), &[("a.mp4", 80)]);
    let out = folder(dir.path());
    let watched = Watched::new(choose(DeviceChoice::Cpu).unwrap());
    let order = || order(dir.path(), &["a.mp4"], 1, Existing::Keep);
    watched.engine.send(order());
    let begun = |message: &Message| match message {
        Message::PredictionProgress(progress) if progress.done > 3 => Some(()),
        _ => None,
    };
    watched.message(begun);
    watched.engine.send(Request::Predict(None));
    let (problems, report) = ended(&watched);
    assert!(problems.is_empty() && counts(report) == (0, 0, 0, true), "{problems:?}");
    assert!(!out.join("a.mp4.parquet").exists());

    watched.engine.send(order());
    let first = watched.message(|message| match message {
        Message::PredictionProgress(progress) => Some(progress.done),
        _ => None,
    });
    assert!((4..80).contains(&first), "continues after {first}");
    assert_eq!(counts(ended(&watched).1), (1, 0, 0, false));
    let names: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["a.mp4.parquet"], "nothing unfinished stays");
    run(dir.path(), "predict golf/a.mp4 --out whole --stride 1 --model model --device cpu");
    assert!(fs::read(out.join("a.mp4.parquet")).unwrap() == fs::read(dir.path().join("whole/a.mp4.parquet")).unwrap());
}
