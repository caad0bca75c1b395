//! Leave one group out, as typed: folds, one report of all, and what is done staying done.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Device;
use motionscope::cli::bench::fixture;
use motionscope::data::{DataSource, Dataset};
use motionscope::evaluation::{
    ActionsReport, FoldCount, GroupsEvaluation, GroupsEvent, GroupsPlan, Learning, Protocol,
};
use motionscope::training::{Network, TrainingEvent, TrainingPlan};
use motionscope::video::Geometry;

use crate::cli::{code, motionscope, text, untrained_model};

/// Two clips each of two classes, of the groups g01 and g02, and a model that has learned nothing.
fn project(dir: &Path) {
    untrained_model(&dir.join("model"));
    for class in ["one", "two"] {
        let folder = dir.join("clips").join(class);
        fs::create_dir_all(&folder).unwrap();
        for group in 1..=2 {
            let clip = fixture::clip(&folder, 12 + group, Geometry { width: 96, height: 80 }).unwrap();
            fs::rename(clip, folder.join(format!("v_{class}_g{group:02}_c01.mp4"))).unwrap();
        }
    }
}

fn groups(dir: &Path, more: &[&str], expected: i32) -> String {
    let common = ["evaluate", "groups", "--data", "clips", "--model", "model", "--device", "cpu", "--run", "run"];
    let output = motionscope(dir, &[&common[..], more].concat());
    assert_eq!(code(&output), expected, "{more:?}: {}{}", text(&output.stdout), text(&output.stderr));
    if expected == 0 { text(&output.stdout) } else { text(&output.stderr) }
}

/// The report without the times that it took.
fn report(path: &Path) -> ActionsReport {
    let mut report = ActionsReport::read(path).unwrap();
    report.folds.iter_mut().for_each(|fold| fold.seconds = 0.0);
    report.source.iter_mut().for_each(|source| source.command = None); // it names the report
    report
}

#[test]
fn every_clip_is_scored_by_networks_of_the_other_groups_once() {
    let dir = tempfile::tempdir().unwrap();
    project(dir.path());
    let at = |name: &str| dir.path().join(name);
    let said = groups(dir.path(), &["--views", "1x1", "--report", "report"], 0);
    assert!(
        ["g01", "g02", "4 clips, 1x1 views", "cannot be verified"].iter().all(|words| said.contains(words)),
        "{said}"
    );
    let whole = report(&at("report/report.json"));
    let folds: Vec<_> = whole.folds.iter().map(|f| (f.name.as_str(), f.clips, f.learned_from)).collect();
    assert_eq!((folds, whole.clips), (vec![("g01", 2, 2), ("g02", 2, 2)], 4));
    assert!(fs::read_to_string(at("report/report.html")).unwrap().contains("Training clips"));
    let names: Vec<_> = whole.results.iter().map(|result| result.path.as_str()).collect();
    assert!(names.is_sorted(), "in the order of the data: {names:?}");

    // As after a kill in the second fold: the first is not scored again, the second is as it was.
    let first = fs::metadata(at("run/fold-001/scores.json")).unwrap().modified().unwrap();
    fs::remove_file(at("run/fold-002/scores.json")).unwrap();
    groups(dir.path(), &["--views", "1x1", "--json", "again.json"], 0);
    assert_eq!(report(&at("again.json")), whole);
    assert_eq!(fs::metadata(at("run/fold-001/scores.json")).unwrap().modified().unwrap(), first);

    let said = groups(dir.path(), &["--views", "1x2"], 1);
    assert!(said.contains("run: it holds an evaluation with other views"), "{said}");
    fs::write(at("run/fold-001/scores.json"), "{").unwrap();
    assert!(groups(dir.path(), &["--views", "1x1"], 1).contains("scores.json: it is damaged"));
}

#[test]
fn classes_without_clips_are_named_beside_what_the_networks_learned_from() {
    let dir = tempfile::tempdir().unwrap();
    project(dir.path());
    let names = ["one", "two"]
        .into_iter()
        .zip(1..)
        .flat_map(|(class, id)| (1..=2).map(move |group| format!("{class}/v_{class}_g{group:02}_c01.mp4 {id}\n")));
    fs::write(dir.path().join("all.txt"), names.collect::<String>()).unwrap();
    fs::write(dir.path().join("classInd.txt"), "1 one\n2 two\n3 three\n").unwrap();
    let line = ["--views", "1x1", "--list", "all.txt", "--classes", "classInd.txt", "--json", "report.json"];
    groups(dir.path(), &line, 0);
    let remarks = report(&dir.path().join("report.json")).remarks;
    assert!(remarks[0].contains("trained on other recordings"), "{remarks:?}");
    assert!(remarks.iter().any(|remark| remark.contains("without") && remark.contains("three")), "{remarks:?}");
}

#[test]
fn clips_that_were_changed_or_repaired_are_scored_again_and_other_weights_refused() {
    let dir = tempfile::tempdir().unwrap();
    project(dir.path());
    let broken = dir.path().join("clips/one/v_one_g01_c01.mp4");
    let whole = fs::read(&broken).unwrap();
    fs::write(&broken, "not a video").unwrap();
    groups(dir.path(), &["--views", "1x1", "--json", "first.json"], 1);
    let first = report(&dir.path().join("first.json"));
    assert_eq!((first.clips, first.failures.len()), (3, 1));

    fs::write(&broken, whole).unwrap();
    groups(dir.path(), &["--views", "1x1", "--json", "second.json"], 0);
    assert_eq!(report(&dir.path().join("second.json")).clips, 4, "the clip that was repaired is scored");

    // As after another training into the same folder: the card says the same.
    let weights = dir.path().join("model/spatial.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&weights, bytes).unwrap();
    let said = groups(dir.path(), &["--views", "1x1"], 1);
    assert!(said.contains("it holds an evaluation with other model"), "{said}");
}

#[test]
fn folds_are_trained_as_the_training_command_would() {
    let dir = tempfile::tempdir().unwrap();
    project(dir.path());
    let words = "temporal --steps 1 --batch 1 --frame 64x64 --crop 64x64";
    let said = groups(dir.path(), &["--views", "1x1", "--train", words, "--folds", "2"], 0);
    assert!(said.contains("fold 2") && said.contains("temporal, 1 step"), "{said}");
    assert!(dir.path().join("run/fold-002/training-1/model/model.toml").is_file());
    let list = fs::read_to_string(dir.path().join("run/fold-001/train.csv")).unwrap();
    assert_eq!(list.lines().count(), 3, "a header and the two clips that are not held out: {list}");

    assert!(groups(dir.path(), &["--train", "temporal --mode x"], 2).contains("--train"));
    assert!(groups(dir.path(), &["--folds", "5"], 1).contains("4 recordings cannot be 5 folds"));
    assert!(groups(dir.path(), &["--folds", "1"], 2).contains("2 or more"));
}

#[test]
fn the_training_of_a_fold_resumes_after_a_stop() {
    let dir = tempfile::tempdir().unwrap();
    project(dir.path());
    let dataset = Dataset::open(&DataSource::Folder(dir.path().join("clips"))).unwrap();
    let size = Geometry { width: 64, height: 64 };
    let training =
        TrainingPlan { steps: 2, batch: 1, warm_up: 0, frame: size, crop: size, ..TrainingPlan::of(Network::Temporal) };
    let plan = GroupsPlan {
        run_dir: dir.path().join("run"),
        data: "clips".into(),
        model: dir.path().join("model"),
        folds: FoldCount::All,
        learning: Learning::Plans(vec![training]),
        protocol: "1x1".parse::<Protocol>().unwrap(),
        fusion: None,
        seed: 1,
    };
    let device = Device::flex();
    let mut evaluation = GroupsEvaluation::open(&plan, &dataset, &device).unwrap();
    let (asked, mut steps) = (AtomicBool::new(false), 0);
    let mut count = |event: GroupsEvent<'_>| {
        if let GroupsEvent::Training(TrainingEvent::Step(_)) = event {
            steps += 1;
            asked.store(true, Ordering::Relaxed);
        }
    };
    let stopped = evaluation.score(0, &|| asked.load(Ordering::Relaxed), &mut count);
    assert!(stopped.unwrap_err().is_cancelled());
    assert!(!dir.path().join("run/fold-001/scores.json").exists());
    evaluation.score(0, &|| false, &mut count).unwrap();
    assert_eq!(steps, 2, "one before the stop, one after");
    assert!(dir.path().join("run/fold-001/scores.json").is_file());
}
