//! `motionscope tune` as it is typed: results of a run that is under way or finished, and its exit codes.

use std::fs;
use std::path::Path;

use motionscope::cli::bench::fixture;
use motionscope::nets::ModelCard;
use motionscope::video::Geometry;
use serde_json::Value;

use crate::cli::{code, motionscope, text, untrained_model};

const CLIP: Geometry = Geometry { width: 96, height: 80 };

/// Two classes of `recordings` clips each, and a model that has learned nothing.
fn project(dir: &Path, recordings: usize) {
    untrained_model(&dir.join("model"));
    for (place, class) in ["one", "two"].into_iter().enumerate() {
        let folder = dir.join("clips").join(class);
        fs::create_dir_all(&folder).unwrap();
        // No two alike: features are kept by what clips hold.
        for number in 0..recordings {
            let clip = fixture::clip(&folder, 12 + 2 * number + place, CLIP).unwrap();
            fs::rename(clip, folder.join(format!("clip{number}.mp4"))).unwrap();
        }
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

const TUNE: &str = "tune --data clips --model model --run-dir run --device cpu --steps 3";

#[test]
fn a_finished_run_prints_the_results_of_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    project(dir.path(), 2);
    let run = || {
        let output = motionscope(dir.path(), &words(&format!("{TUNE} --json")));
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        (json, text(&output.stderr))
    };
    let (first, _) = run();
    for stream in ["spatial", "temporal", "fused"] {
        let figures = &first["held_out"][stream];
        assert_eq!((&figures["clips"], &figures["step"]), (&4.into(), &3.into()), "{stream}: {first:#}");
        assert_eq!(figures["classes"][1]["name"], "two", "{stream}");
    }
    let (again, said) = run();
    assert!(said.contains("finished already"), "{said}");
    assert_eq!(again, first);
    // The second run was interrupted: the first one's figures are those of its folder.
    fs::remove_dir_all(dir.path().join("run/checkpoint")).unwrap();
    let (resumed, said) = run();
    assert!(said.contains("Run 2 of 2") && !said.contains("Run 1 of 2"), "{said}");
    assert_eq!(resumed["held_out"]["spatial"], first["held_out"]["spatial"]);
    let output = motionscope(dir.path(), &words(TUNE));
    assert!(text(&output.stdout).contains("of 4 clips correct"), "{}", text(&output.stdout));
}

#[test]
fn a_finished_run_says_that_its_clips_are_not_those_of_now() {
    let dir = tempfile::tempdir().unwrap();
    project(dir.path(), 2);
    let said = || {
        let output = motionscope(dir.path(), &words(TUNE));
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        text(&output.stderr)
    };
    said();
    assert!(!said().contains("since the run finished"), "nothing has happened");
    let clips = ["one/clip0.mp4", "two/clip1.mp4"].map(|name| dir.path().join("clips").join(name));
    let contents = clips.each_ref().map(|path| fs::read(path).unwrap());
    fs::write(&clips[0], &contents[1]).unwrap();
    fs::write(&clips[1], &contents[0]).unwrap();
    let exchanged = said();
    assert!(exchanged.contains("since the run finished, 2 clips changed, such as clips/one/clip0.mp4"), "{exchanged}");
    fs::remove_file(&clips[0]).unwrap();
    let removed = said();
    assert!(removed.contains("1 clip changed, 1 clip removed, such as clips/two/clip1.mp4"), "{removed}");
}

#[test]
fn classes_of_the_model_are_found_whatever_their_spelling() {
    let dir = tempfile::tempdir().unwrap();
    project(dir.path(), 2);
    for (from, to) in [("clips/one", "clips/One"), ("clips/two", "clips/kick-ball")] {
        fs::rename(dir.path().join(from), dir.path().join(to)).unwrap();
    }
    let known = ModelCard::read(&dir.path().join("model")).unwrap().classes;
    let tuned = |more: &str, run: &str| {
        let line = format!("tune --data clips --model model --device cpu --steps 3 --run-dir {run}{more}");
        let output = motionscope(dir.path(), &words(&line));
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        ModelCard::read(&dir.path().join(run).join("model")).unwrap().classes
    };
    assert_eq!(tuned(" --keep-classes", "kept"), [known.clone(), vec!["kick-ball".into()]].concat());
    fs::create_dir(dir.path().join("clips/Kick Ball")).unwrap();
    let clip = dir.path().join("clips/Kick Ball/clip0.mp4");
    fs::copy(dir.path().join("clips/kick-ball/clip0.mp4"), clip).unwrap();
    let checked = motionscope(dir.path(), &words("data check --data clips"));
    let said = text(&checked.stdout);
    assert!(
        code(&checked) == 1 && said.contains("the classes 'Kick Ball', 'kick-ball' differ in spelling only"),
        "{said}"
    );
}

#[test]
fn wrong_usage_of_tune_is_that_of_train() {
    let dir = tempfile::tempdir().unwrap();
    project(dir.path(), 1);
    assert_eq!(code(&motionscope(dir.path(), &["project", "new", "labels", "--classes", "wave"])), 0);
    for (rest, expected, said) in [
        ("--data clips --hold-out 2", 2, "hold-out: 2 is outside"),
        ("--data clips --hold-out=-1", 2, "--hold-out"),
        ("--data clips --minutes 0", 2, "--minutes"),
        ("--data clips --steps 0", 2, "a count is zero"),
        ("--data clips --class one", 2, "cannot be used with"),
        ("--data clips --background", 2, "cannot be used with"),
        ("--data clips --mode c", 2, "--depth everything"),
        ("--project labels --class swim", 2, "the project has no such class"),
        ("--project nowhere", 1, "nowhere"),
        ("--data clips --model nowhere", 1, "nowhere"),
    ] {
        let model = if rest.contains("--model") { "" } else { " --model model" };
        let output = motionscope(dir.path(), &words(&format!("tune {rest}{model} --run-dir run --device cpu")));
        let printed = text(&output.stderr);
        assert!(code(&output) == expected && printed.contains(said), "{rest}: {printed}");
    }
    assert!(!dir.path().join("run").exists());
}

#[test]
#[cfg(unix)]
fn ctrl_c_before_the_first_step_is_no_failure() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let dir = tempfile::tempdir().unwrap();
    project(dir.path(), 12);
    let mut running =
        crate::cli::program(dir.path(), &words(TUNE)).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut news = BufReader::new(running.stderr.take().unwrap()).lines();
    assert!(news.any(|line| line.unwrap().contains("extracting features")), "no clip was looked at");
    Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    news.for_each(drop);
    let mut said = String::new();
    running.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(130), "{said}");
    assert!(
        said.contains("The run folder run is resumed by the same command") && said.contains("tune --data"),
        "{said}"
    );
}
