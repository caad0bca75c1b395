//! One start of the real window, on a virtual screen: the picture it draws is read from the screen's memory.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::shared;
use motionscope::cli::bench::fixture;
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::labels::{Project, Settings, Video, edits};
use motionscope::nets::MotionConfig;
use motionscope::video::Geometry;

const PATIENCE: Duration = Duration::from_secs(120);
const SCREEN_PIXELS: usize = 1280 * 800;
/// The empty window has about 3,200 colours, most of them in its colour wheel.
const COLOURS_OF_A_CLIP: usize = 8000;

/// A child process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A virtual screen whose memory is in `dir`, and its display; none, reported, without Xvfb.
fn screen(dir: &Path, more: &[&str]) -> Option<(Running, String)> {
    let arguments = ["-screen", "0", "1280x800x24", "-nolisten", "tcp", "-displayfd", "1", "-fbdir"];
    let child =
        Command::new("Xvfb").args(arguments).arg(dir).args(more).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else {
        shared::skip("x11", "no Xvfb to open the window on (apt-get install xvfb)");
        return None;
    };
    let mut number = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut number).unwrap();
    Some((Running(child), format!(":{}", number.trim())))
}

/// Distinct colours on the screen: the pixels are the last bytes of its memory, four each.
fn colours(dir: &Path) -> usize {
    let memory = fs::read(dir.join("Xvfb_screen0")).unwrap_or_default();
    let pixels = memory.len().saturating_sub(4 * SCREEN_PIXELS);
    memory[pixels..].chunks_exact(4).collect::<HashSet<_>>().len()
}

/// The program on `display` with all its files in `dir` and a small model.
fn start(dir: &Path, display: &str, open: &Path) -> Running {
    let model = dir.join("model");
    let motion = MotionConfig { frames: 2, width: 2, ..MotionConfig::default() };
    let size = Geometry { width: 64, height: 64 };
    fixture::model(&motion, size, &choose(DeviceChoice::Cpu).unwrap().device).save(&model).unwrap();
    let errors = fs::File::create(dir.join("stderr")).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_motionscope"));
    program.arg(open).arg("--model").arg(&model).args(["--device", "cpu"]);
    program.env("DISPLAY", display).env_remove("WAYLAND_DISPLAY").env("HOME", dir);
    program.env("XDG_DATA_HOME", dir).env("XDG_CONFIG_HOME", dir).env("XDG_RUNTIME_DIR", dir);
    program.env("XDG_CACHE_HOME", dir.join("cache"));
    Running(program.stderr(errors).spawn().unwrap())
}

/// Presses keys in the window, as soon as there is one; false without the program that does so.
fn press(display: &str, keys: &[&str]) -> bool {
    let mut xdotool = Command::new("xdotool");
    xdotool.env("DISPLAY", display).args(["search", "--name", "otionscope", "windowfocus", "key", "--delay", "60"]);
    xdotool.args(keys).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// What is said in a window that is killed is there when the project is opened again.
#[test]
fn labels_survive_a_killed_window() {
    let dir = tempfile::tempdir().unwrap();
    let Some((_screen, display)) = screen(dir.path(), &[]) else { return };
    let folder = dir.path().join("project");
    let mut project = Project::create(&folder, Settings::default()).unwrap();
    for class in ["wave", "jump"] {
        let (_, step) = edits::add_class(project.document(), class).unwrap();
        project.perform(step).unwrap();
    }
    fixture::clip(&folder, 24, Geometry { width: 320, height: 240 }).unwrap();
    let step = edits::add_videos(project.document(), vec![Video::new("clip.mp4")]);
    project.perform(step).unwrap();
    project.save().unwrap();
    drop(project);

    let mut window = start(dir.path(), &display, &folder);
    let journal = || fs::read_to_string(folder.join("journal.jsonl")).unwrap_or_default();
    let said = || fs::read_to_string(dir.path().join("stderr")).unwrap_or_default();
    let started = Instant::now();
    // The first video of the list is the only one, so that asking for the one before it again leads nowhere else.
    for (keys, title) in [
        (&["ctrl+Up", "2"][..], "Labelled as jump"),
        (&["Home", "i", "Right", "Right", "Right", "o", "Return"], "Added a segment of jump"),
    ] {
        while !journal().contains(title) {
            if !press(&display, keys) {
                shared::skip("x11", "no xdotool to press keys with (apt-get install xdotool)");
                return;
            }
            assert!(window.0.try_wait().unwrap().is_none(), "the window closed: {}", said());
            assert!(started.elapsed() < PATIENCE, "never in the journal: {title}; {}", said());
            sleep(Duration::from_millis(500));
        }
    }
    window.0.kill().unwrap(); // as kill -9 does
    window.0.wait().unwrap();

    let opened = Project::open(&folder).unwrap();
    assert!(!opened.project.is_read_only(), "the lock went with the window");
    let document = opened.project.document();
    let video = document.videos.values().next().unwrap();
    assert_eq!(video.labels.iter().map(|label| document.label_name(*label)).collect::<Vec<_>>(), ["jump"]);
    assert_eq!(video.segments.len(), 1);
    assert_eq!(video.facts.as_ref().map(|facts| facts.frames), Some(24), "the video was looked into");
    assert!(!said().contains("panicked"), "{}", said());
}

#[test]
fn the_window_opens_and_shows_a_clip_with_its_flow() {
    let dir = tempfile::tempdir().unwrap();
    let Some((_screen, display)) = screen(dir.path(), &[]) else { return };
    let clip = fixture::clip(dir.path(), 24, Geometry { width: 320, height: 240 }).unwrap();
    let mut window = start(dir.path(), &display, &clip);
    let said = || fs::read_to_string(dir.path().join("stderr")).unwrap_or_default();
    let started = Instant::now();
    while colours(dir.path()) < COLOURS_OF_A_CLIP {
        assert!(window.0.try_wait().unwrap().is_none(), "the window closed: {}", said());
        assert!(started.elapsed() < PATIENCE, "{} colours on the screen; {}", colours(dir.path()), said());
        sleep(Duration::from_millis(200));
    }
    assert!(!said().contains("panicked"), "{}", said());
}

#[test]
fn a_window_that_the_system_asks_to_end_closes_and_does_not_break_off() {
    let dir = tempfile::tempdir().unwrap();
    let Some((_screen, display)) = screen(dir.path(), &[]) else { return };
    let clip = dir.path().join("clip");
    fs::create_dir(&clip).unwrap();
    fixture::clip(&clip, 24, Geometry { width: 320, height: 240 }).unwrap();
    let mut window = start(dir.path(), &display, &clip);
    let started = Instant::now();
    while colours(dir.path()) < 1000 {
        assert!(started.elapsed() < PATIENCE, "never drawn");
        sleep(Duration::from_millis(200));
    }
    assert!(Command::new("kill").args(["-TERM", &window.0.id().to_string()]).status().unwrap().success());
    let started = Instant::now();
    let status = loop {
        if let Some(status) = window.0.try_wait().unwrap() {
            break status;
        }
        assert!(started.elapsed() < PATIENCE, "it does not close");
        sleep(Duration::from_millis(50));
    };
    let said = fs::read_to_string(dir.path().join("stderr")).unwrap_or_default();
    assert!(status.success(), "{status:?}: {said}"); // a signal would be no success
}

#[test]
fn a_screen_without_xrandr_is_an_error_and_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    let Some((_screen, display)) = screen(dir.path(), &["-extension", "RANDR"]) else { return };
    let mut window = start(dir.path(), &display, dir.path());
    let started = Instant::now();
    let status = loop {
        match window.0.try_wait().unwrap() {
            Some(status) => break status,
            None => assert!(started.elapsed() < PATIENCE, "it neither opened nor ended"),
        }
        sleep(Duration::from_millis(100));
    };
    let said = fs::read_to_string(dir.path().join("stderr")).unwrap_or_default();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("XRandR") && said.contains("motionscope analyze") && !said.contains("panicked"), "{said}");
}
