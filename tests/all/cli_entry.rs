//! What happens before and after the work of a command: mistyped names, no display, a reader that leaves, a full disk.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use motionscope::cli::bench::fixture;
use motionscope::video::Geometry;

use crate::cli::{code, motionscope, program, text, untrained_model};

#[test]
fn a_mistyped_command_is_an_error_with_the_nearest_one() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&["analyse", "clip.mp4", "--out", "out"][..], "Did you mean 'analyze'?"),
        (&["evalute"], "Did you mean 'evaluate'?"),
        (&["--device", "cpu", "nosuch"], "nosuch: no such command or file"),
        (&["nosuch.mp4"], "nosuch.mp4: no such file or folder"),
    ] {
        // A display that cannot be reached: a window would be another error, with another code.
        let output = program(dir.path(), arguments).env("DISPLAY", ":nowhere").output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(code(&output), 2, "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn commands_survive_a_reader_that_leaves() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    for class in ["wave", "jump"] {
        fs::create_dir_all(dir.path().join("clips").join(class)).unwrap();
        fixture::clip(&dir.path().join("clips").join(class), 12, Geometry { width: 96, height: 80 }).unwrap();
    }
    assert_eq!(code(&motionscope(dir.path(), &["project", "new", "labels", "clips"])), 0);
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    for arguments in [
        &["info", "--model", "model", "--device", "cpu"][..],
        &["project", "labels", "labels", "--videos"],
        &["data", "check", "--data", "clips"],
        &["data", "check", "--data", "nosuch"],
        &["live", "--list"],
        &["live", "lavfi:testsrc2=size=64x64", "--model", "model", "--device", "cpu"],
        &["--help"],
    ] {
        let read = |stdout: Stdio, stderr: Stdio| {
            program(dir.path(), arguments).stdout(stdout).stderr(stderr).spawn().unwrap().wait_with_output().unwrap()
        };
        let errors = read(closed(), Stdio::piped());
        let said = text(&errors.stderr);
        assert!(!said.contains("panicked") && !said.contains("Broken pipe"), "{arguments:?}: {said}");
        let silent = read(closed(), closed());
        assert!(silent.status.code().is_some_and(|code| code < 3), "{arguments:?}: {}", silent.status);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn results_that_cannot_be_written_are_an_error() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("clips/wave")).unwrap();
    fixture::clip(&dir.path().join("clips/wave"), 12, Geometry { width: 96, height: 80 }).unwrap();
    let full = || File::options().write(true).open(Path::new("/dev/full")).unwrap();
    let output = program(dir.path(), &["data", "check", "--data", "clips", "--json"]).stdout(full()).output().unwrap();
    assert_eq!(code(&output), 1);
    assert!(text(&output.stderr).contains("standard output: the disk is full"), "{}", text(&output.stderr));
}

#[test]
fn no_message_shows_a_password() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        (&["live", "rtsp://cam:se#cret@127.0.0.1/s"][..], 1),
        (&["live", "rtsp://cam:se/cret@127.0.0.1/s", "--json"], 1),
        (&["live", "rtsp:/cam:secret@127.0.0.1/s"], 1),
        (&["live", "rtsp://cam:secret@127.0.0.1/s", "--size", "640x480", "--fps", "30"], 2),
        (&["live", "rtsp://cam:secret@127.0.0.1/s", "--nosuch"], 2),
        (&["live", "clip.mp4", "rtsp://cam:secret@127.0.0.1/s?pwd=secret"], 2),
        (&["rtsp://cam:secret@127.0.0.1/s"], 2),
        (&["flow", "rtsp://cam:secret@127.0.0.1/s", "--method", "codec", "--out", "flow"], 1),
        (&["analyze", "rtsp://cam:secret@127.0.0.1/s", "--out=rtsp://cam:secret@x", "--flaw"], 2),
    ] {
        let output = motionscope(dir.path(), arguments);
        let said = text(&output.stderr) + &text(&output.stdout);
        assert_eq!(code(&output), expected, "{arguments:?}: {said}");
        assert!(!said.contains("cret"), "{arguments:?}: {said}");
    }
    let said = text(&motionscope(dir.path(), &["live", "rtsp://cam:se#cret@127.0.0.1/s"]).stderr);
    assert!(said.contains("%23"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_display_that_cannot_be_used_is_an_error_and_commands_work_without_one() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("clips")).unwrap();
    fixture::clip(&dir.path().join("clips"), 12, Geometry { width: 96, height: 80 }).unwrap();
    let displays = [
        ("DISPLAY", "", "no display"),
        ("DISPLAY", ":7777", "the display ':7777' cannot be used"),
        ("WAYLAND_DISPLAY", "nowhere", "the display 'nowhere' cannot be used"),
    ];
    for (number, (name, display, words)) in displays.into_iter().enumerate() {
        let run = |arguments: &[&str]| {
            let mut program = program(dir.path(), arguments);
            program.env("HOME", dir.path()).env("XDG_RUNTIME_DIR", dir.path()).env(name, display).output().unwrap()
        };
        let output = run(&["--device", "cpu"]);
        let said = text(&output.stderr);
        assert_eq!(code(&output), 1, "{name}={display}: {said}");
        assert!(said.contains(words) && said.contains("motionscope analyze"), "{name}={display}: {said}");
        let project = format!("labels-{number}");
        let made = run(&["project", "new", &project, "clips"]);
        assert_eq!(code(&made), 0, "{name}={display}: {}", text(&made.stderr));
    }
}

/// Every kind of file that an argument names.
#[test]
#[cfg(unix)]
fn no_command_waits_for_a_pipe_that_nobody_writes_to() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = |name: &str| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    untrained_model(&dir.path().join("model"));
    fixture::clip(dir.path(), 12, Geometry { width: 96, height: 80 }).unwrap();
    assert_eq!(code(&motionscope(dir.path(), &["project", "new", "labels", "clip.mp4"])), 0);
    [
        "p.png",
        "p.mp4",
        "p.csv",
        "p.json",
        "p.txt",
        "p.pth",
        "p.caffemodel",
        "p.safetensors",
        "p.npy",
        "card/model.toml",
    ]
    .iter()
    .for_each(|name| pipe(name));
    for arguments in [
        &["analyze", "p.mp4", "--out", "out", "--model", "model", "--device", "cpu"][..],
        &["flow", "p.png", "p.png", "--out", "a.flo", "--method", "tvl1"],
        &["flow", "p.mp4", "--out", "a", "--method", "tvl1"],
        &["train", "spatial", "--data", ".", "--list", "p.csv", "--run", "run", "--device", "cpu"],
        &["data", "check", "--data", ".", "--list", "p.txt"],
        &["project", "import", "labels", "p.json"],
        &["project", "import", "labels", "p.csv"],
        &["compare", "p.json", "p.json"],
        &["evaluate", "segments", "--truth", "p.json", "--detections", "p.json"],
        &["import", "--motion", "p.pth", "--out", "made"],
        &["import", "--motion", "p.caffemodel", "--out", "made"],
        &["import", "--motion", "p.safetensors", "--out", "made"],
        &["import", "--base", "model", "--temporal", "p.pth", "--classes", "p.txt", "--out", "made"],
        &["fuse", "--spatial", "p.npy", "--temporal", "p.npy", "--labels", "p.txt"],
        &["live", "file:p.mp4", "--model", "model", "--device", "cpu"],
        &["info", "--model", "card", "--device", "cpu"],
    ] {
        let mut started = program(dir.path(), arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // A generous guard, so that what waits for ever fails instead.
        let is_over = (0..1200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            started.try_wait().unwrap().is_some()
        });
        if !is_over {
            started.kill().unwrap();
        }
        let output = started.wait_with_output().unwrap();
        let said = text(&output.stderr);
        assert!(is_over && said.contains("pipe"), "{arguments:?}: {said}");
        assert!([1, 2].contains(&code(&output)), "{arguments:?}: {said}");
    }
}

/// Vulkan's layers look for a compositor even where there is no window.
#[test]
fn commands_without_a_window_need_no_session() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    let arguments = ["info", "--model", "model"];
    let output = program(dir.path(), &arguments).env_remove("XDG_RUNTIME_DIR").output().unwrap();
    assert_eq!((code(&output), text(&output.stderr).as_str()), (0, ""));
}

#[test]
fn a_benchmark_is_one_document_with_every_time() {
    let dir = tempfile::tempdir().unwrap();
    let bench = |only: &str| {
        let arguments = ["bench", "--device", "cpu", "--repeats", "2", "--json", "--only", only];
        motionscope(dir.path(), &arguments)
    };
    let output = bench("squeezenet 1.0, forward");
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["schema"], &document["version"]), (&"motionscope-bench".into(), &1.into()));
    let [row] = &document["rows"].as_array().unwrap()[..] else { panic!("one row: {document}") };
    assert_eq!((&row["name"], &row["parameters"]), (&"SqueezeNet 1.0, forward".into(), &1_248_424.into()));
    let times: Vec<f64> = row["milliseconds"].as_array().unwrap().iter().map(|time| time.as_f64().unwrap()).collect();
    assert_eq!((times.len(), row["median_ms"].as_f64().unwrap()), (2, times[0].max(times[1])));
    let speed = row["multiply_adds"].as_f64().unwrap() / row["median_ms"].as_f64().unwrap() * 1e3;
    assert!((row["multiply_adds_per_sec"].as_f64().unwrap() / speed - 1.0).abs() < 1e-6, "{row}");
    assert!(document["peak_multiply_adds_per_sec"].as_f64().unwrap() > 1e8, "{document}");

    let nothing = bench("nosuch");
    assert_eq!((code(&nothing), nothing.stdout.len()), (2, 0), "{}", text(&nothing.stderr));
    assert!(text(&nothing.stderr).contains("nosuch"), "{}", text(&nothing.stderr));
}
