//! Evaluations that the engine runs: outcomes clip by clip, an early end, and what is wrong with a list.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use motionscope::cli::bench::fixture;
use motionscope::data::{DataSource, ListSource};
use motionscope::engine::{EvaluationOrder, EvaluationSource, EvaluationStart, Message, ProjectLabels, Request};
use motionscope::error::Error;
use motionscope::evaluation::{Crops, Protocol, Spread};
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::labels::{Document, Label, Video, edits};
use motionscope::video::Geometry;

use crate::cli::untrained_model;
use crate::watched::Watched;

const PROTOCOL: Protocol = Protocol { samples: 1, crops: Crops::Whole, spread: Spread::Paper, average: None };

fn project(dir: &Path, clips: usize) {
    untrained_model(&dir.join("model"));
    let folder = dir.join("clips/one");
    fs::create_dir_all(&folder).unwrap();
    let clip = fixture::clip(&folder, 12, Geometry { width: 96, height: 80 }).unwrap();
    for number in 0..clips {
        fs::copy(&clip, folder.join(format!("{number}.mp4"))).unwrap();
    }
    fs::write(dir.join("classInd.txt"), "1 one\n2 two\n").unwrap();
}

fn list(dir: &Path, lines: &str) -> DataSource {
    fs::write(dir.join("list.txt"), lines).unwrap();
    DataSource::List(ListSource::new(dir.join("clips"), dir.join("list.txt")))
}

fn order(dir: &Path, source: DataSource) -> Request {
    let (model, command) = (dir.join("model"), Some("motionscope evaluate actions".into()));
    let source = EvaluationSource::Data(source);
    Request::Evaluate(Some(Box::new(EvaluationOrder { source, model, protocol: PROTOCOL, command })))
}

fn started(message: &Message) -> Option<EvaluationStart> {
    if let Message::EvaluationStarted(start) = message { Some((**start).clone()) } else { None }
}

fn refused(message: &Message) -> Option<Vec<Error>> {
    if let Message::EvaluationFailed(errors) = message { Some(errors.clone()) } else { None }
}

fn ended(message: &Message) -> Option<()> {
    matches!(message, Message::EvaluationEnded).then_some(())
}

#[test]
fn clips_are_scored_one_by_one_and_a_stop_keeps_what_is_done() {
    let dir = tempfile::tempdir().unwrap();
    project(dir.path(), 30);
    fs::write(dir.path().join("clips/one/torn.mp4"), "not a video").unwrap();
    fs::create_dir(dir.path().join("clips/two")).unwrap();
    fs::copy(dir.path().join("clips/one/1.mp4"), dir.path().join("clips/two/1.mp4")).unwrap();
    let watched = Watched::new(choose(DeviceChoice::Cpu).unwrap());
    watched.engine.send(order(dir.path(), list(dir.path(), "one/torn.mp4 1\none/0.mp4 1\ntwo/1.mp4 2\n")));
    let start = watched.message(started);
    assert_eq!((start.clips, start.classes.as_slice()), (3, &["one".to_owned(), "two".to_owned()][..]));
    watched.message(ended);
    let outcomes: Vec<_> = start.outcomes.try_iter().collect();
    assert_eq!(outcomes.iter().map(|outcome| outcome.is_ok()).collect::<Vec<_>>(), [false, true, true]);
    let Some(Ok(scored)) = outcomes.last() else { panic!("it was scored") };
    assert_eq!((scored.clip.label, scored.spatial.as_ref().map(Vec::len)), (1, Some(2)));

    let lines: String = (0..30).map(|number| format!("one/{number}.mp4 1\n")).collect();
    watched.engine.send(order(dir.path(), list(dir.path(), &lines)));
    let start = watched.message(started);
    watched.until("an outcome", || start.outcomes.try_recv().ok()).unwrap();
    watched.engine.send(Request::Evaluate(None));
    watched.message(ended);
    let rest = start.outcomes.try_iter().count();
    assert!(rest < 29, "{rest} more clips were scored after the stop");
}

#[test]
fn the_labelled_clips_of_a_project_are_scored() {
    let dir = tempfile::tempdir().unwrap();
    project(dir.path(), 3);
    let mut document = Document::default();
    let (_, step) = edits::add_class(&document, "one").unwrap();
    document.apply(step);
    let clips = dir.path().join("clips/one");
    let mut paths = BTreeMap::new();
    for name in ["0.mp4", "1.mp4", "2.mp4", "gone.mp4"] {
        let id = document.free_video_id();
        document.apply(edits::add_videos(&document, vec![Video::new(name)]));
        paths.insert(id, clips.join(name));
        if name != "1.mp4" {
            document.apply(edits::label_clip(&document, id, Label::Class(document.classes[0].id)).unwrap());
        }
    }
    let labels = |document: &Document| {
        let labels = ProjectLabels { project: dir.path().into(), document: document.clone(), paths: paths.clone() };
        EvaluationSource::Labels(Box::new(labels))
    };
    let order = |source: EvaluationSource| {
        let order = EvaluationOrder { source, model: dir.path().join("model"), protocol: PROTOCOL, command: None };
        Request::Evaluate(Some(Box::new(order)))
    };
    let watched = Watched::new(choose(DeviceChoice::Cpu).unwrap());
    watched.engine.send(order(labels(&document)));
    let start = watched.message(started);
    assert_eq!((start.clips, start.source.command), (2, None));
    assert!(start.left_out[0].cause.contains("missing"), "{:?}", start.left_out);
    watched.message(ended);
    assert_eq!(start.outcomes.try_iter().filter(|outcome| outcome.is_ok()).count(), 2);

    document.videos.values_mut().for_each(|video| video.labels.clear());
    watched.engine.send(order(labels(&document)));
    assert!(watched.message(refused)[0].cause.contains("no labelled clips"));
}

#[test]
fn everything_that_is_wrong_with_a_list_is_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    project(dir.path(), 1);
    let watched = Watched::new(choose(DeviceChoice::Cpu).unwrap());
    let lines = "one/0.mp4 1\none/missing.mp4 1\none/0.mp4 1\none/0.mp4 7\n";
    watched.engine.send(order(dir.path(), list(dir.path(), lines)));
    let errors = watched.message(refused);
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    for line in ["line 2", "line 3", "line 4"] {
        assert!(told.iter().any(|error| error.contains(line) && error.contains("list.txt")), "{line}: {told:?}");
    }
    watched.message(ended);

    let DataSource::List(source) = list(dir.path(), lines) else { panic!("it is a list") };
    let skipping = DataSource::List(ListSource { skip_bad: true, ..source });
    watched.engine.send(order(dir.path(), skipping));
    let start = watched.message(started);
    assert_eq!((start.clips, start.left_out.len()), (1, 3));
    watched.message(ended);

    watched.engine.send(order(dir.path(), list(dir.path(), "\n")));
    assert!(watched.message(refused)[0].cause.contains("no clips"));
    fs::write(dir.path().join("classInd.txt"), "1 three\n2 four\n").unwrap();
    watched.engine.send(order(dir.path(), list(dir.path(), "one/0.mp4 1\n")));
    let error = watched.message(refused).remove(0);
    assert!(error.cause.contains("1 class not matched ('three'), the model has 'one', 'two'"), "{error}");
}
