//! Projects of labels under what happens to programs: killed while writing, out of room, typed at a shell.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use motionscope::cli::bench::fixture;
use motionscope::labels::{Label, Opened, Project, Settings, Video, VideoId, edits};
use motionscope::video::Geometry;

use crate::cli::{code, motionscope, text};

/// Where the writers below are to write.
const PROJECT: &str = "MOTIONSCOPE_TEST_PROJECT";

/// A process of this test binary that runs one of the writers below.
fn writer(name: &str, project: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([&format!("labels::{name}"), "--exact", "--ignored", "--nocapture"]).env(PROJECT, project);
    command
}

fn create(dir: &Path) -> Project {
    let mut project = Project::create(dir, Settings::default()).unwrap();
    project.perform(edits::add_videos(project.document(), vec![Video::new("a.mp4"), Video::new("b.mp4")])).unwrap();
    project
}

fn note(project: &mut Project, video: u32, note: String) -> motionscope::error::Result<()> {
    let step = edits::change_video(project.document(), VideoId(video), "Note", |video| video.note = note)?;
    project.perform(step)
}

/// Notes one number after the other, says each when it is done, and saves now and then.
#[test]
#[ignore = "run and killed by another test"]
fn endless_writer() {
    let Some(dir) = env::var_os(PROJECT) else { return };
    let mut project = Project::open(Path::new(&dir)).unwrap().project;
    let start: usize = project.document().videos[&VideoId(0)].note.parse().unwrap_or(0);
    for number in start + 1.. {
        note(&mut project, (number % 2) as u32, format!("{number}")).unwrap();
        note(&mut project, 0, format!("{number}")).unwrap();
        println!("done {number}");
        std::io::stdout().flush().unwrap();
        if number % 5 == 0 {
            project.save().unwrap();
        }
    }
}

#[test]
fn whatever_is_done_when_the_program_is_killed_is_there_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    drop(create(dir.path()));
    let mut last = 0;
    for round in 0..12 {
        let mut child = writer("endless_writer", dir.path()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut numbers = lines.map_while(|line| line.ok()).filter_map(|line| line.strip_prefix("done ")?.parse().ok());
        last = numbers.by_ref().nth(5 + 7 * round).unwrap();
        child.kill().unwrap();
        last = numbers.last().unwrap_or(last);
        child.wait().unwrap();
        let Opened { project, notes } = Project::open(dir.path()).unwrap();
        assert!(!project.is_read_only(), "the lock of a process that is gone does not matter: {notes:?}");
        let found: usize = project.document().videos[&VideoId(0)].note.parse().unwrap();
        assert!((last..=last + 1).contains(&found), "round {round}: {last} was done, {found} is there: {notes:?}");
    }
    assert!(last > 100);
}

/// Notes something that does not fit onto what is left of the disk, then something that does.
#[test]
#[ignore = "run with little room by another test"]
fn cramped_writer() {
    let Some(dir) = env::var_os(PROJECT) else { return };
    let mut project = Project::open(Path::new(&dir)).unwrap().project;
    note(&mut project, 0, "small".into()).unwrap();
    let before = project.document().clone();
    let error = note(&mut project, 0, "x".repeat(1 << 20)).unwrap_err();
    assert!(error.subject.contains("journal.jsonl") && error.cause.contains("not made"), "{error}");
    assert_eq!(*project.document(), before);
    assert_eq!(project.unsaved(), 2, "with the step that was recovered");
    note(&mut project, 1, "small too".into()).unwrap();
    println!("told");
}

#[test]
#[cfg(target_os = "linux")]
fn a_step_that_does_not_fit_onto_the_disk_is_refused_and_the_next_one_that_fits_is_done() {
    let dir = tempfile::tempdir().unwrap();
    drop(create(dir.path()));
    let writer = writer("cramped_writer", dir.path());
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
        .arg(writer.get_program())
        .args(writer.get_args())
        .env(PROJECT, dir.path())
        .output()
        .unwrap();
    assert!(text(&output.stdout).contains("told"), "{}{}", text(&output.stdout), text(&output.stderr));
    let Opened { project, notes } = Project::open(dir.path()).unwrap();
    assert!(notes.iter().all(|note| note.cause.contains("recovered")), "{notes:?}");
    let noted: Vec<_> = project.document().videos.values().map(|video| video.note.as_str()).collect();
    assert_eq!(noted, ["small", "small too"]);
}

#[test]
fn a_project_is_made_labelled_exported_moved_and_relinked_from_the_shell() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("clips")).unwrap();
    fixture::clip(&at("clips"), 24, Geometry { width: 64, height: 48 }).unwrap();
    fs::write(at("clips/broken.mp4"), "not a video").unwrap();
    let run = |arguments: &[&str]| {
        let output = motionscope(dir.path(), &[&["project"], arguments].concat());
        (code(&output), text(&output.stdout), text(&output.stderr))
    };

    let (status, _, errors) = run(&["new", "golf", "clips", "--classes", "swing,putt", "--multi-label"]);
    assert!(status == 1 && errors.contains("broken.mp4"), "one cannot be read: {errors}");
    assert_eq!(run(&["new", "golf"]).0, 1, "there is one already");
    assert_eq!(run(&["check", "golf", "--thorough"]).0, 0);

    fs::write(at("labels.csv"), "path,label,start,end\nclip.mp4,swing,,\nclip.mp4,chip,0.2,0.4\n").unwrap();
    let (status, output, _) = run(&["import", "golf", "labels.csv"]);
    assert!(status == 1 && output.contains("Unknown classes (use --add-classes to add them): chip"), "{output}");
    let (status, output, errors) = run(&["import", "golf", "labels.csv", "--add-classes", "--replace"]);
    assert!(status == 0 && output.contains("1 video labelled"), "{output}{errors}");
    let (_, output, _) = run(&["labels", "golf", "--videos"]);
    assert!(output.contains("clips/clip.mp4: swing") && output.contains("chip"), "{output}");

    let (status, output, errors) = run(&["export", "golf", "lists", "--format", "ucf", "--cut"]);
    // As training takes it: a clip with segments is its segments.
    assert!(status == 0 && output.contains("1 clip cut out"), "{status}: {output}{errors}");
    assert!(errors.contains("clip labels of clips with segments skipped"), "{errors}");
    assert!(at("lists/chip/v_chip_g01_c01.mp4").is_file() && at("lists/classInd.txt").is_file());
    assert_eq!(run(&["export", "golf", "all.unknown"]).0, 2);
    assert_eq!(run(&["export", "golf", "all.csv", "--cut"]).0, 2, "a table names no clips");

    fs::rename(at("clips"), at("moved")).unwrap();
    let (status, _, errors) = run(&["check", "golf"]);
    assert!(status == 1 && errors.contains("missing"), "{errors}");
    assert_eq!(run(&["check", "golf", "--relink", "moved"]).0, 0);
    let Opened { project, .. } = Project::open(&at("golf")).unwrap();
    let video = &project.document().videos[&VideoId(0)];
    assert_eq!(video.path, "../moved/clip.mp4");
    assert!(matches!(video.labels[..], [Label::Class(_)]));

    // While the project is open here, it cannot be changed there.
    let (status, _, errors) = run(&["add", "golf", "moved"]);
    assert!(status == 1 && errors.contains("project.lock"), "{errors}");
    assert_eq!(run(&["labels", "golf"]).0, 0, "but looked at");
    let (_, output, errors) = run(&["import", "golf", "labels.csv", "--dry-run"]);
    assert!(output.contains("would be labelled") && !errors.contains("project.lock"), "{output}{errors}");
    fs::copy(at("moved/clip.mp4"), at("new.mp4")).unwrap();
    fs::write(at("labels.csv"), "path,label,start,end\nnew.mp4,swing,,\n").unwrap();
    let (_, output, _) = run(&["import", "golf", "labels.csv", "--dry-run"]);
    assert!(output.contains("Videos not in the project (use --add-videos to add them): 1"), "{output}");
    let (_, output, _) = run(&["import", "golf", "labels.csv", "--dry-run", "--add-videos"]);
    assert!(output.contains("Videos that would be added: 1") && !output.contains("use --add-videos"), "{output}");
}

#[test]
fn a_message_about_locked_labels_is_said_once_and_ends_with_1() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("clips")).unwrap();
    fixture::clip(&at("clips"), 24, Geometry { width: 64, height: 48 }).unwrap();
    let run = |arguments: &[&str]| {
        let output = motionscope(dir.path(), &[&["project"], arguments].concat());
        (code(&output), text(&output.stdout), text(&output.stderr))
    };
    assert_eq!(run(&["new", "golf", "clips", "--classes", "swing,putt"]).0, 0);
    fs::write(at("labels.csv"), "path,label,start,end\nclip.mp4,swing,,\n").unwrap();
    assert_eq!(run(&["import", "golf", "labels.csv"]).0, 0);
    let (status, output, errors) = run(&["export", "golf", "whole.json", "--format", "json"]);
    assert_eq!(status, 0, "{output}{errors}");
    for entry in fs::read_dir(at("golf/labels")).unwrap() {
        fs::write(entry.unwrap().path(), "labels = [\n").unwrap();
    }
    fs::write(at("labels.csv"), "path,label,start,end\nclip.mp4,putt,,\n").unwrap();
    for arguments in [
        &["import", "golf", "labels.csv", "--replace", "--dry-run"][..],
        &["import", "golf", "labels.csv", "--replace"],
        &["export", "golf", "less.json", "--format", "json"],
    ] {
        let (status, output, errors) = run(arguments);
        assert_eq!(status, 1, "{arguments:?}: {output}{errors}");
        assert_eq!(errors.matches("are locked").count(), 1, "{arguments:?}: {errors}");
    }
    assert!(at("less.json").is_file());
}

#[test]
fn a_folder_without_videos_is_named_and_ends_with_1() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("frames")).unwrap();
    fs::write(dir.path().join("frames/img_00001.jpg"), "a picture").unwrap();
    let run = |arguments: &[&str]| {
        let output = motionscope(dir.path(), &[&["project"], arguments].concat());
        (code(&output), text(&output.stderr))
    };
    let (status, errors) = run(&["new", "golf", "frames"]);
    assert!(status == 1 && errors.contains("frames: no videos found in the folder"), "{errors}");
    assert!(dir.path().join("golf/project.toml").is_file(), "the project is made");
    assert_eq!(run(&["new", "empty"]).0, 0, "nothing was to be added");
    fs::create_dir(dir.path().join("clips")).unwrap();
    fixture::clip(&dir.path().join("clips"), 2, Geometry { width: 64, height: 48 }).unwrap();
    let (status, errors) = run(&["add", "golf", "clips", "frames"]);
    assert!(status == 1 && errors.contains("frames: no videos found in the folder"), "{errors}");
    let Opened { project, .. } = Project::open(&dir.path().join("golf")).unwrap();
    assert_eq!(project.document().videos.len(), 1, "those of the other folder are added");
}
