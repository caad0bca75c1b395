//! What a crash of the program leaves behind.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use crate::cli::{program, text};

/// A signal that ends a command, here sent from outside, leaves a report that names the command and no password.
#[test]
fn a_command_that_crashes_leaves_a_report() {
    let dir = tempfile::tempdir().unwrap();
    let camera = TcpListener::bind("127.0.0.1:0").unwrap(); // One that never answers.
    let address = format!("rtsp://cam:secret@{}/a", camera.local_addr().unwrap());
    let mut live = program(dir.path(), &["live", &address, "--device", "cpu"]);
    live.env("XDG_STATE_HOME", dir.path()).stdout(Stdio::null()).stderr(Stdio::piped());
    let running = live.spawn().unwrap();
    camera.accept().unwrap();
    Command::new("kill").args(["-SEGV", &running.id().to_string()]).status().unwrap();
    let ended = running.wait_with_output().unwrap();
    let said = text(&ended.stderr);
    assert_eq!(ended.status.signal(), Some(11), "{said}");

    let crashes = dir.path().join("motionscope/crashes");
    let report = fs::read_dir(&crashes).unwrap().next().unwrap().unwrap().path();
    assert!(said.contains(&format!("the program crashed; report: {}", report.display())), "{said}");
    let report = fs::read_to_string(report).unwrap();
    let command = "live 'rtsp://cam:…@127.0.0.1";
    for part in ["What happened: SIGSEGV", "Device: ", "kernel", command, "Last log lines", "Backtrace"] {
        assert!(report.contains(part), "{part} in {report}");
    }
    assert!(!report.contains("secret"), "{report}");
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
