//! One start of the real window, on a virtual screen: the picture it draws is read from the screen's memory.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use motionscope::cli::bench::fixture;
use motionscope::gpu::{DeviceChoice, choose};
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

/// A virtual screen whose memory lies in `dir`, and its display; none, said loudly, without Xvfb.
fn screen(dir: &Path) -> Option<(Running, String)> {
    let arguments = ["-screen", "0", "1280x800x24", "-nolisten", "tcp", "-displayfd", "1", "-fbdir"];
    let child = Command::new("Xvfb").args(arguments).arg(dir).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else {
        eprintln!("SKIPPED: no Xvfb to open the window on (apt-get install xvfb)");
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

#[test]
fn the_window_opens_and_shows_a_clip_with_its_flow() {
    let dir = tempfile::tempdir().unwrap();
    let Some((_screen, display)) = screen(dir.path()) else { return };
    let clip = fixture::clip(dir.path(), 24, Geometry { width: 320, height: 240 }).unwrap();
    let model = dir.path().join("model");
    let motion = MotionConfig { frames: 2, width: 2, ..MotionConfig::default() };
    let size = Geometry { width: 64, height: 64 };
    fixture::model(&motion, size, &choose(DeviceChoice::Cpu).unwrap().device).save(&model).unwrap();

    let errors = fs::File::create(dir.path().join("stderr")).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_motionscope"));
    program.arg(&clip).arg("--model").arg(&model).args(["--device", "cpu"]);
    program.env("DISPLAY", &display).env_remove("WAYLAND_DISPLAY").env("HOME", dir.path());
    program.env("XDG_DATA_HOME", dir.path()).env("XDG_CONFIG_HOME", dir.path()).env("XDG_RUNTIME_DIR", dir.path());
    let mut window = Running(program.stderr(errors).spawn().unwrap());

    let said = || fs::read_to_string(dir.path().join("stderr")).unwrap_or_default();
    let started = Instant::now();
    while colours(dir.path()) < COLOURS_OF_A_CLIP {
        assert!(window.0.try_wait().unwrap().is_none(), "the window closed: {}", said());
        assert!(started.elapsed() < PATIENCE, "{} colours on the screen; {}", colours(dir.path()), said());
        sleep(Duration::from_millis(200));
    }
    assert!(!said().contains("panicked"), "{}", said());
}
