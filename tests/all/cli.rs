//! The program as it is typed: exit codes, files, and what it says about bad input.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use motionscope::cli::bench::fixture;
use motionscope::flow::FlowField;
use motionscope::flow::files::{read_flo, write_flo};
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::nets::MotionConfig;
use motionscope::video::{Geometry, Sizes, VideoReader};
use serde_json::Value;

const CLIP: Geometry = Geometry { width: 96, height: 80 };

/// The program in folder `dir`, with no display.
pub fn program(dir: &Path, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_motionscope"));
    program.args(arguments).current_dir(dir).env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        program.env_remove(name);
    }
    program
}

/// What the program says and how it ends, run in folder `dir`.
pub fn motionscope(dir: &Path, arguments: &[&str]) -> Output {
    program(dir, arguments).output().unwrap()
}

/// What was said.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The exit code; a panic is none.
pub fn code(output: &Output) -> i32 {
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    output.status.code().unwrap()
}

/// A model folder that has learned nothing.
pub fn untrained_model(dir: &Path) {
    let motion = MotionConfig { frames: 2, width: 2, ..MotionConfig::default() };
    let size = Geometry { width: 64, height: 64 };
    fixture::model(&motion, size, &choose(DeviceChoice::Cpu).unwrap().device).save(dir).unwrap();
}

#[test]
fn analyze_writes_scores_flow_and_video_and_survives_bad_clips() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    untrained_model(&at("model"));
    fixture::clip(dir.path(), 24, CLIP).unwrap();
    fs::write(at("broken.mp4"), "not a video").unwrap();
    fs::write(at("empty.avi"), "").unwrap();
    let arguments =
        ["analyze", "broken.mp4", "clip.mp4", "empty.avi", "missing.mov", "--out", "out", "--model", "model"];
    let output =
        motionscope(dir.path(), &[&arguments[..], &["--flow", "--json", "--device", "cpu", "--stride", "4"]].concat());
    assert_eq!(code(&output), 1, "{}", text(&output.stderr));
    for name in ["broken.mp4", "empty.avi", "missing.mov"] {
        assert!(text(&output.stderr).contains(&format!("motionscope: {name}: ")), "{}", text(&output.stderr));
    }

    let scores: Value = serde_json::from_slice(&fs::read(at("out/clip/scores.json")).unwrap()).unwrap();
    assert_eq!(scores, serde_json::from_slice::<Value>(&output.stdout).unwrap(), "--json prints the same document");
    assert_eq!((scores["schema"].as_str(), scores["version"].as_u64()), (Some("motionscope-scores"), Some(1)));
    assert!(scores["model"]["hash"].is_string() && scores["model"]["dir"].is_string(), "{}", scores["model"]);
    assert_eq!(scores["date"].as_str().map(str::len), Some("2026-11-30".len()));
    let starts: Vec<_> =
        scores["windows"].as_array().unwrap().iter().map(|window| window["start_frame"].as_u64().unwrap()).collect();
    assert_eq!(starts, [0, 4, 8, 12]);
    let window = &scores["windows"][2];
    assert!((window["time_secs"].as_f64().unwrap() - 8.0 / 25.0).abs() < 1e-3);
    for stream in ["spatial", "temporal", "fused"] {
        let probabilities = window[stream]["probabilities"].as_array().unwrap();
        let sum: f64 = probabilities.iter().map(|p| p.as_f64().unwrap()).sum();
        assert!(probabilities.len() == 2 && (sum - 1.0).abs() < 1e-5, "{stream}: {probabilities:?}");
    }
    assert!(scores["classes"].as_array().unwrap().contains(&scores["result"]["class"]));

    let flow = read_flo(&at("out/clip/flow/000022.flo")).unwrap();
    assert_eq!((flow.width, flow.height), (96, 80));
    assert_eq!(fs::read_dir(at("out/clip/flow")).unwrap().count(), 23);
    let video = VideoReader::open(&at("out/clip/flow.mp4"), Sizes::default()).unwrap();
    assert_eq!((video.info().frames, video.info().width, video.info().height), (23, 192, 80));
}

#[test]
fn short_and_tiny_clips_are_padded_and_it_is_said() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    for (frames, geometry) in [(1, CLIP), (10, CLIP), (3, Geometry { width: 16, height: 16 })] {
        fixture::clip(dir.path(), frames, geometry).unwrap();
        let output = motionscope(
            dir.path(),
            &["analyze", "clip.mp4", "--out", "out", "--model", "model", "--device", "cpu", "--force"],
        );
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("its last frame is repeated"), "{}", text(&output.stderr));
        let scores: Value =
            serde_json::from_slice(&fs::read(dir.path().join("out/clip/scores.json")).unwrap()).unwrap();
        assert_eq!(scores["windows"][0]["padded_frames"].as_u64(), Some(11 - frames as u64));
    }
}

#[test]
fn bad_input_gets_a_sentence_and_the_right_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("empty")).unwrap();
    let cases: [(&[&str], i32, &str); 32] = [
        (&[], 1, "no display"),
        (&["analyze", "clip.mp4", "--out", "out", "--model", "empty"], 1, "model.toml"),
        (&["analyze", "empty", "--out", "out"], 1, "no clips"),
        (&["analyze", "clip.mp4"], 2, "--out"),
        (&["analyze", "clip.mp4", "--out", "out", "--fusion", "mean"], 2, "released"),
        (&["train", "flow", "--folder", "empty", "--crop", "100x100"], 2, "multiples of 32"),
        (&["train", "spatial", "--folder", "empty", "--patience", "3"], 2, "no validation clips"),
        (&["train", "spatial", "--folder", "empty", "--effective-batch", "100"], 2, "batch size 16"),
        (&["train", "spatial", "--folder", "empty", "--mixup", "2"], 2, "outside"),
        (&["train", "flow", "--folder", "empty", "--label-smoothing", "0.1"], 2, "without labels"),
        (&["train", "flow", "--folder", "empty", "--freeze", "body"], 2, "cannot freeze 'body'"),
        (&["train", "flow", "--folder", "empty", "--schedule", "step"], 2, "milestones"),
        (&["import", "--motion", "missing.pth", "--out", "model"], 1, "missing.pth"),
        (&["flow", "a.png", "b.png", "--out", "a.flo", "--bound", "9"], 2, "two-stream images"),
        (&["flow", "a.png", "b.png", "--out", "a.flo", "--max-px", "9"], 2, "range of colours"),
        (&["live", "lavfi:testsrc2", "--seconds", "0"], 2, "--seconds"),
        (&["flow", "a.png", "b.png", "--out", "a.flo", "--method", "dis", "--preset", "fast"], 2, "--method tvl1"),
        (&["evaluate", "flow", "--dataset", "middlebury", "--root", ".", "--dis-preset", "fast"], 2, "--method dis"),
        (&["flow", "clip.mp4", "--video", "flow.xyz"], 2, "videos are written as MP4"),
        (&["flow", "clip.mp4", "--out", "out", "--count", "0"], 2, "a whole number of 1 or more"),
        (&["train", "flow", "--folder", "empty", "--frames", "3"], 2, "frames"),
        (
            &["train", "flow", "--folder", "empty", "--teacher", "dis", "--teacher-weight", "1e30"],
            2,
            "outside 1e-6 to 1000",
        ),
        (
            &["train", "flow", "--folder", "empty", "--teacher", "dis", "--teacher-weight", "1e-320"],
            2,
            "1e-320 is outside",
        ),
        (&["train", "temporal", "--folder", "empty", "--teacher", "dis"], 2, "dis teaches flow (train flow)"),
        (&["train", "spatial", "--folder", "empty", "--spatial-crop", "motion"], 2, "needs a trained MotionNet"),
        (&["flow", "a.png", "b.png", "--out", "a.flo", "--scales", "-1"], 2, "a number from 0.01 to 4"),
        (&["evaluate", "flow", "--dataset", "middlebry", "--root", "."], 2, "a similar value exists: 'middlebury'"),
        (&["import", "--motion", "a.pth", "--out", "b", "--temporal-crop", "square"], 2, "values: whole, motion, both"),
        (&["reproduce", "table1", "--base", "missing", "--out", "table"], 1, "missing/model.toml"),
        (&["reproduce", "table3", "--steps", "5"], 2, "it belongs to table1, table2 and table4"),
        (&["sample", "/proc/none"], 1, "/proc: no files can be created there"),
        (&["info", "--model", "missing"], 1, "missing"),
    ];
    for (arguments, expected, words) in cases {
        let output = motionscope(dir.path(), arguments);
        let said = text(&output.stderr);
        assert_eq!(code(&output), expected, "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn info_counts_the_parameters_of_the_paper() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    let output = motionscope(dir.path(), &["info", "--device", "cpu", "--model", "model"]);
    let said = text(&output.stdout);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    for words in ["42,318,820", "1,950,076", "25,557,032", "FFmpeg", "MotionNet-2, 2 frames", "one, two"] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
}

#[test]
fn import_makes_a_model_folder_and_refuses_other_networks() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    fs::write(dir.path().join("classInd.txt"), "1 one\r\n2 two\r\n").unwrap();
    let import = "import --motion model/motion.safetensors --temporal model/temporal.safetensors --classes classInd.txt \
                  --frames 2 --backbone squeezenet1-0 --out imported";
    let import: Vec<_> = import.split_whitespace().collect();
    let refused = motionscope(dir.path(), &[&import[..], &["--width", "3"]].concat());
    assert_eq!(code(&refused), 1);
    assert!(text(&refused.stderr).contains("conv1.weight"), "{}", text(&refused.stderr));
    assert!(!dir.path().join("imported").exists(), "nothing is left of a refused import");

    let imported = motionscope(dir.path(), &[&import[..], &["--width", "2"]].concat());
    assert_eq!(code(&imported), 0, "{}", text(&imported.stderr));
    let info = motionscope(dir.path(), &["info", "--device", "cpu", "--model", "imported"]);
    assert!(text(&info.stdout).contains("spatial no, temporal yes"), "{}", text(&info.stdout));
}

#[test]
fn training_resumes_where_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let class = dir.path().join("clips/wave");
    fs::create_dir_all(&class).unwrap();
    fixture::clip(&class, 12, CLIP).unwrap();
    let arguments =
        "train flow --folder clips --run run --device cpu --width 2 --batch 2 --frame 64x64 --crop 64x64 --steps 3";
    let arguments: Vec<_> = arguments.split(' ').collect();
    let output = motionscope(dir.path(), &arguments);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    for words in ["it/s", "left", "pixel 2", "ssim 2"] {
        assert!(text(&output.stderr).contains(words), "{words} is not in {}", text(&output.stderr));
    }
    assert!(dir.path().join("run/model/model.toml").is_file() && dir.path().join("run/config.toml").is_file());
    let again = motionscope(dir.path(), &arguments);
    assert_eq!(code(&again), 0, "{}", text(&again.stderr));
    assert!(text(&again.stderr).contains("finished already"), "{}", text(&again.stderr));
    assert!(text(&again.stdout).contains("run/model"), "{}", text(&again.stdout));
    // As after a kill while the model was written: it is written again.
    fs::remove_file(dir.path().join("run/model/model.toml")).unwrap();
    let exported = motionscope(dir.path(), &arguments);
    assert_eq!(code(&exported), 0, "{}", text(&exported.stderr));
    assert!(dir.path().join("run/model/model.toml").is_file());

    fs::write(dir.path().join("classInd.txt"), "1 wave\n").unwrap();
    fs::write(dir.path().join("testlist01.txt"), "wave/clip.mp4\n").unwrap();
    let evaluate =
        "evaluate actions --data clips --list testlist01.txt --classes classInd.txt --model run/model --json";
    let measured = motionscope(dir.path(), &evaluate.split(' ').collect::<Vec<_>>());
    let report: Value = serde_json::from_slice(&measured.stdout).unwrap();
    assert_eq!((code(&measured), report["clips"].as_u64()), (0, Some(1)), "{}", text(&measured.stderr));
    assert!(report["photometric_ratio"].as_f64().unwrap() > 0.0);
}

/// A full disk, played by a limit on the size of files.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_during_a_checkpoint_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir_all(at("clips/wave")).unwrap();
    fixture::clip(&at("clips/wave"), 12, CLIP).unwrap();
    let words = |steps: usize| {
        format!(
            "train flow --folder clips --run run --device cpu --width 2 --batch 1 --frame 64x64 --crop 64x64 --schedule constant --checkpoint-every 2 --steps {steps}"
        )
    };
    let train = |steps: usize| motionscope(dir.path(), &words(steps).split(' ').collect::<Vec<_>>());
    assert_eq!(code(&train(2)), 0);
    let config = fs::read_to_string(at("run/config.toml")).unwrap().replace("steps = 2\n", "steps = 4\n");
    fs::write(at("run/config.toml"), config).unwrap();
    let kept = || {
        let names = ["checkpoint/progress.toml", "checkpoint/motion.bpk", "model/motion.safetensors"];
        names.map(|name| fs::read(at("run").join(name)).unwrap())
    };
    let before = kept();

    let program = env!("CARGO_BIN_EXE_motionscope");
    // 64 blocks of 512 bytes hold the metrics, but no network.
    let limited = format!("trap '' XFSZ; ulimit -f 64; exec {program} {}", words(4));
    let full = Command::new("sh").args(["-c", &limited]).current_dir(dir.path()).output().unwrap();
    let said = text(&full.stderr);
    assert_eq!(code(&full), 1, "{said}");
    assert!(said.contains("motion.bpk") && said.contains("resume with the same command"), "{said}");
    assert!(kept() == before, "what was saved before is as it was");
    let metrics = fs::read_to_string(at("run/metrics.csv")).unwrap();
    assert!(metrics.lines().count() >= 3, "a header and two steps: {metrics}");

    let resumed = train(4);
    assert_eq!(code(&resumed), 0, "{}", text(&resumed.stderr));
    assert!(text(&resumed.stderr).contains("Resumed after step 2"), "{}", text(&resumed.stderr));
    assert_eq!(fs::read_to_string(at("run/metrics.csv")).unwrap().lines().count(), 5);
}

/// Steps of the run in `dir` that the next process would not repeat.
#[cfg(unix)]
fn steps_saved(dir: &Path) -> usize {
    let texts = ["checkpoint", "checkpoint.old"].map(|name| fs::read_to_string(dir.join(name).join("progress.toml")));
    let step = |text: &String| text.lines().find_map(|line| line.strip_prefix("step = ")?.parse().ok());
    texts.iter().flatten().find_map(step).unwrap_or(0)
}

/// Whenever the power fails: the same command continues, and leads to the same numbers.
#[cfg(unix)]
#[test]
fn a_training_that_is_killed_again_and_again_leads_to_the_same_numbers() {
    use std::time::{Duration, Instant};
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("clips/wave")).unwrap();
    fixture::clip(&dir.path().join("clips/wave"), 12, CLIP).unwrap();
    let words = |run: &str| {
        let words = format!(
            "train flow --folder clips --run {run} --device cpu --width 2 --batch 1 --frame 64x64 --crop 64x64 --steps 40 --checkpoint-every 1 --snapshots 3 --ema 0.9"
        );
        words.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let spawn = |run: &str| {
        let words = words(run);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        program(dir.path(), &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    assert!(spawn("whole").wait().unwrap().success());
    // By the steps that are saved, not by the clock: other work slows the program down. With a checkpoint every step, most of the
    // moments between two checkpoints are in the writing of one.
    let mut kills = 0;
    for moment in [0.0, 0.2, 0.4, 0.6, 0.8, 0.95] {
        let mut running = spawn("torn");
        let mut is_over = false;
        let mut saved_at = |steps: usize| {
            while !is_over && steps_saved(&dir.path().join("torn")) < steps {
                std::thread::sleep(Duration::from_millis(1));
                is_over = running.try_wait().unwrap().is_some();
            }
            Instant::now()
        };
        let [before, after] = [4 * kills + 2, 4 * kills + 3].map(&mut saved_at);
        std::thread::sleep((after - before).mul_f64(moment));
        if running.try_wait().unwrap().is_some() {
            break;
        }
        running.kill().unwrap();
        running.wait().unwrap();
        kills += 1;
    }
    assert!(kills > 2, "it was over after {kills} kills");
    assert!(spawn("torn").wait().unwrap().success());
    let file = |run: &str, name: &str| fs::read(dir.path().join(run).join(name)).unwrap();
    for name in ["metrics.csv", "model/motion.safetensors"] {
        assert!(file("whole", name) == file("torn", name), "{name} differs");
    }
    let steps = |run: &str| {
        let found = motionscope::training::snapshots::list(&dir.path().join(run));
        found.iter().map(|snapshot| snapshot.step).collect::<Vec<_>>()
    };
    assert_eq!(steps("whole"), steps("torn"));
}

#[test]
fn flow_methods_are_measured_on_benchmarks() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    for i in 1..=2 {
        let picture = image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([(x * y) as u8, x as u8, y as u8]));
        picture.save(dir.path().join(format!("{i:05}_img1.ppm"))).unwrap();
        picture.save(dir.path().join(format!("{i:05}_img2.ppm"))).unwrap();
        write_flo(&dir.path().join(format!("{i:05}_flow.flo")), &FlowField::new(40, 30, vec![[3.0, 4.0]; 1200]))
            .unwrap();
    }
    let evaluate = |rest: &str| {
        let arguments = format!("evaluate flow --dataset flyingchairs --root . --device cpu {rest}");
        motionscope(dir.path(), &arguments.split(' ').collect::<Vec<_>>())
    };
    let zero = evaluate("--method zero --json zero.json --csv zero.csv");
    assert_eq!(code(&zero), 0, "{}", text(&zero.stderr));
    for words in ["FlyingChairs: zero flow", "00002", "40×30", "5.000", "100.000", "mean of 2"] {
        assert!(text(&zero.stdout).contains(words), "{words} is not in {}", text(&zero.stdout));
    }
    let report: Value = serde_json::from_slice(&fs::read(dir.path().join("zero.json")).unwrap()).unwrap();
    assert_eq!(report["mean"]["errors"]["all"]["epe"], 5.0);
    assert_eq!(fs::read_to_string(dir.path().join("zero.csv")).unwrap().lines().count(), 4);

    fs::write(dir.path().join("00001_img2.ppm"), "P6").unwrap();
    let network = evaluate("--method motionnet --model model --scales 1,0.5");
    assert_eq!(code(&network), 1, "a pair is broken");
    assert!(text(&network.stdout).contains("MotionNet (untrained)") && text(&network.stdout).contains("mean of 1"));
    assert!(text(&network.stderr).contains("00001_img2.ppm"), "{}", text(&network.stderr));
    let nothing = evaluate("--dataset kitti2015");
    assert_eq!(code(&nothing), 2, "given twice");
    let nothing = motionscope(dir.path(), &["evaluate", "flow", "--dataset", "kitti2015", "--root", "."]);
    assert!(code(&nothing) == 1 && text(&nothing.stderr).contains("training/image_2"), "{}", text(&nothing.stderr));
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_and_sigterm_save_the_training_and_say_how_to_resume_it() {
    let dir = tempfile::tempdir().unwrap();
    let class = dir.path().join("clips/wave");
    fs::create_dir_all(&class).unwrap();
    fixture::clip(&class, 12, CLIP).unwrap();
    let arguments = "train flow --folder clips --run run --device cpu --width 2 --batch 2 --frame 64x64 --crop 64x64 --steps 100000";
    let arguments: Vec<_> = arguments.split(' ').collect();
    for (signal, code) in [("-INT", 130), ("-TERM", 75)] {
        let mut running =
            program(dir.path(), &arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut news = BufReader::new(running.stderr.take().unwrap()).lines();
        assert!(news.any(|line| line.unwrap().contains("it/s")), "no step was made");
        Command::new("kill").args([signal, &running.id().to_string()]).status().unwrap();
        news.for_each(drop);
        let mut said = String::new();
        running.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(running.wait().unwrap().code(), Some(code), "{signal}");
        assert!(said.contains("--steps 100000") && said.contains("Resume with"), "{said}");
    }
    assert!(dir.path().join("run/model/model.toml").is_file(), "what was trained so far can be used");
}
