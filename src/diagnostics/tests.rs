//! Tests of crash reports, with crashes of child processes.

use std::os::unix::process::ExitStatusExt;
use std::panic::catch_unwind;
use std::process::{Command, abort};
use std::{env, fs};

use super::*;

/// Selects how the child process crashes.
const CAUSE: &str = "MOTIONSCOPE_TEST_CRASH";

#[test]
#[ignore = "a part of `every_crash_leaves_a_report`, which starts it as a process of its own"]
#[expect(unsafe_code, reason = "an invalid memory access is what is tested")]
fn crash_as_asked() {
    let (Ok(cause), Some(state)) = (env::var(CAUSE), env::var_os("HOME")) else { return };
    begin(Path::new(&state));
    note_device("Test card");
    log::add(&format!("no answer of rtsp://cam:secret@host/a, see {}/a.mp4", state.display()));
    match cause.as_str() {
        // SAFETY: none; this is an invalid access on purpose.
        "access" => _ = unsafe { std::ptr::read_volatile(8 as *const u8) },
        "abort" => abort(),
        "stack" => _ = endless(1),
        _ => {
            let caught = catch_unwind(|| panic!("no frame of rtsp://cam:secret@host/a"));
            report_panic(&*caught.unwrap_err()).unwrap();
        }
    }
}

#[expect(unconditional_recursion, reason = "the stack is to be full")]
fn endless(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    endless(depth + 1) + frame[3]
}

#[test]
fn every_crash_leaves_a_report() {
    for (cause, signal, what) in [
        ("access", Some(libc::SIGSEGV), "SIGSEGV (invalid memory access) in the thread"),
        ("abort", Some(libc::SIGABRT), "SIGABRT"),
        ("stack", Some(libc::SIGABRT), "SIGSEGV (invalid memory access) in the thread"),
        ("panic", None, "panic in the thread"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut program = Command::new(env::current_exe().unwrap());
        program.args(["--exact", "diagnostics::tests::crash_as_asked", "--ignored"]).env(CAUSE, cause);
        let ended = program.env("HOME", home.path()).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.signal(), signal, "{cause}: {said}");
        // Rust's own handler runs too.
        assert_eq!(said.contains("has overflowed its stack"), cause == "stack", "{cause}: {said}");

        let report = take_new_report(&reports_in(home.path()), None).unwrap().expect("a report");
        let text = &report.text;
        for part in [reports::TITLE, what, env!("CARGO_PKG_VERSION"), "Device: Test card", "kernel", "see ~/a.mp4"] {
            assert!(text.contains(part), "{cause}: {part} in {text}");
        }
        let [_, backtrace] = text.split("Backtrace").collect::<Vec<_>>()[..] else { panic!("{text}") };
        assert!(backtrace.lines().count() > 5, "{cause}: {text}");
        assert!(cause == "panic" || backtrace.contains(" motionscope-"), "{cause}: {text}");
        assert!(cause != "panic" || text.contains("no frame of rtsp://cam:…@host"), "{text}");
        let home_path = home.path().display().to_string();
        assert!(!text.contains("secret") && !text.contains(&home_path), "{cause}: {text}");
        assert_eq!(take_new_report(&reports_in(home.path()), None), Ok(None), "it is offered once");
        fs::remove_dir_all(home.path()).unwrap();
    }
}
