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
