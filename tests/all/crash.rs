//! What a crash of the program leaves behind.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::{program, text};

/// What a command says that keeps its state in `state` and ends by a signal, here sent from outside.
fn said_by_a_crash(dir: &Path, state: &Path) -> String {
    let camera = TcpListener::bind("127.0.0.1:0").unwrap(); // One that never answers.
    let address = format!("rtsp://cam:secret@{}/a", camera.local_addr().unwrap());
    let mut live = program(dir, &["live", &address, "--device", "cpu"]);
    let running = live.env("XDG_STATE_HOME", state).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    camera.accept().unwrap();
    Command::new("kill").args(["-SEGV", &running.id().to_string()]).status().unwrap();
    let ended = running.wait_with_output().unwrap();
    let said = text(&ended.stderr);
    assert_eq!(ended.status.signal(), Some(11), "{said}");
    assert!(!said.contains("secret"), "{said}");
    said
}

#[test]
fn a_command_that_crashes_leaves_a_report_without_passwords() {
    let dir = tempfile::tempdir().unwrap();
    let said = said_by_a_crash(dir.path(), dir.path());
    let crashes = dir.path().join("motionscope/crashes");
    let report = fs::read_dir(&crashes).unwrap().next().unwrap().unwrap().path();
    assert!(said.contains(&format!("the program crashed; report: {}", report.display())), "{said}");
    let report = fs::read_to_string(report).unwrap();
    let command = "live 'rtsp://cam:…@127.0.0.1";
    for part in ["What happened: SIGSEGV", "Device: ", "kernel", command, "Last log lines", "Backtrace"] {
        assert!(report.contains(part), "{part} in {report}");
    }
    assert!(!report.contains("secret"), "{report}");

    let file = dir.path().join("a file in place of the folder");
    fs::write(&file, "").unwrap();
    let said = said_by_a_crash(dir.path(), &file);
    assert_eq!(said.matches("no report could be written to").count(), 1, "{said}");
}

/// The log has what was said; that it cannot be kept is said once, and the command does its work.
#[test]
fn a_log_that_cannot_be_written_is_said_once() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("state"), "a file in place of the folder").unwrap();
    let check = ["data", "check", "--data", "gone"];
    let ended = program(dir.path(), &check).env("XDG_STATE_HOME", dir.path().join("state")).output().unwrap();
    let said = text(&ended.stderr);
    assert_eq!(said.matches("no log is kept").count(), 1, "{said}");
    let kept = tempfile::tempdir().unwrap();
    let usual = program(dir.path(), &check).env("XDG_STATE_HOME", kept.path()).output().unwrap();
    assert_eq!((ended.status, ended.stdout), (usual.status, usual.stdout));
    assert!(said.starts_with(&text(&usual.stderr)), "{said}");
    let log = fs::read_to_string(kept.path().join("motionscope/motionscope.log")).unwrap();
    for part in [
        "Version: Motionscope",
        "data check --data gone",
        "ERROR",
        text(&usual.stderr).trim_start_matches("motionscope: ").trim(),
    ] {
        assert!(log.contains(part), "{part} in {log}");
    }
}
