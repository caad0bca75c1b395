//! Files of the user's under commands that write: nothing is lost that was not offered up, and nothing is there by half.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};
use motionscope::output::{Existing, OutputGuard};
use motionscope::video::{Geometry, Sizes, VideoReader, VideoWriter};

use crate::cli::{code, motionscope, program, text, untrained_model};

const SIZE: Geometry = Geometry { width: 64, height: 48 };
const RED: [u8; 3] = [200, 30, 30];
const GREEN: [u8; 3] = [30, 200, 30];
const BLUE: [u8; 3] = [30, 30, 200];
const YELLOW: [u8; 3] = [200, 200, 30];

/// Writes a clip of one colour.
fn clip(path: &Path, frames: usize, color: [u8; 3]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = VideoWriter::create(path, SIZE, 25.0).unwrap();
    let picture = RgbImage::from_pixel(SIZE.width, SIZE.height, Rgb(color));
    (0..frames).for_each(|_| writer.push(&picture).unwrap());
    writer.finish().unwrap();
}

/// The colour of the first frame, and the number of frames.
fn seen(path: &Path) -> ([u8; 3], usize) {
    let mut reader = VideoReader::open(path, Sizes::default()).unwrap();
    let color = reader.frame(0).unwrap().display.get_pixel(32, 24).0;
    let nearest = [RED, GREEN, BLUE, YELLOW]
        .into_iter()
        .min_by_key(|other| other.iter().zip(color).map(|(a, b)| u32::from(a.abs_diff(b))).sum::<u32>());
    (nearest.unwrap(), reader.info().frames)
}

/// Every file below a folder with its content, by name.
pub fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
                found.extend(fs::read(&path).ok().map(|content| (name, content))); // It may just have been moved.
            }
        }
    }
    found.sort();
    found
}

#[test]
fn lists_with_clips_are_not_exported_over_the_videos_they_are_cut_from() {
    let dir = tempfile::tempdir().unwrap();
    let ds = dir.path().join("ds");
    for (name, color) in [("v_A_g01_c01", RED), ("v_A_g02_c01", GREEN), ("v_A_g03_c01", BLUE)] {
        clip(&ds.join(format!("A/{name}.mp4")), 8, color);
    }
    clip(&dir.path().join("aaa.mp4"), 8, YELLOW);
    fs::write(ds.join("classInd.txt"), "1 A\n").unwrap();
    let list: String = (1..=3).map(|group| format!("A/v_A_g{group:02}_c01.mp4 1\n")).collect();
    fs::write(ds.join("trainlist01.txt"), list).unwrap();
    let run = |arguments: &[&str]| {
        let output = motionscope(dir.path(), &[&["project"], arguments].concat());
        (code(&output), text(&output.stdout) + &text(&output.stderr))
    };
    assert_eq!(run(&["new", "p", "ds", "aaa.mp4"]).0, 0);
    let (status, said) = run(&["import", "p", "ds", "--format", "ucf", "--add-classes"]);
    assert_eq!(status, 0, "{said}");
    fs::write(dir.path().join("more.csv"), "path,label,start,end\naaa.mp4,A,,\n").unwrap();
    assert_eq!(run(&["import", "p", "more.csv"]).0, 0);

    let before = files(&ds);
    for consent in [&[][..], &["--force"]] {
        let (status, said) = run(&[&["export", "p", "ds", "--format", "ucf", "--cut"], consent].concat());
        assert!(status == 1 && said.contains("v_A_g01_c01.mp4") && said.contains("would be lost"), "{said}");
        assert_eq!(files(&ds), before);
    }
    let (status, said) = run(&["export", "p", "ds", "--format", "ucf"]);
    assert!(status == 1 && said.contains("exist") && said.contains("--force"), "the lists are kept as well: {said}");
    assert_eq!(files(&ds), before);

    let (status, said) = run(&["export", "p", "other", "--format", "ucf", "--cut"]);
    assert!(status == 0 && said.contains("4 clips cut out"), "{said}");
    for (group, color) in [(1, RED), (2, GREEN), (3, BLUE), (4, YELLOW)] {
        let clip = dir.path().join(format!("other/A/v_A_g{group:02}_c01.mp4"));
        assert_eq!(seen(&clip), (color, 8), "group {group} keeps its number and its content");
    }
}

#[test]
fn a_recording_is_not_replaced_by_a_clip_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let original = dir.path().join("d2/A/v_A_g01_c01.mp4");
    clip(&original, 50, RED);
    let run = |arguments: &[&str]| {
        let output = motionscope(dir.path(), &[&["project"], arguments].concat());
        (code(&output), text(&output.stdout) + &text(&output.stderr))
    };
    assert_eq!(run(&["new", "p", "d2", "--classes", "A"]).0, 0);
    fs::write(
        dir.path().join("s.csv"),
        "path,label,start,end\nd2/A/v_A_g01_c01.mp4,A,0.2,0.4\nd2/A/v_A_g01_c01.mp4,A,1,1.4\n",
    )
    .unwrap();
    let (status, said) = run(&["import", "p", "s.csv"]);
    assert_eq!(status, 0, "{said}");
    let before = fs::read(&original).unwrap();
    // By another name of the same folder, too.
    #[cfg(unix)]
    std::os::unix::fs::symlink(dir.path().join("d2"), dir.path().join("link")).unwrap();
    for target in [
        "d2",
        "p/../d2",
        #[cfg(unix)]
        "link",
    ] {
        let (status, said) = run(&["export", "p", target, "--format", "ucf", "--cut", "--force"]);
        assert!(status == 1 && said.contains("would be lost"), "{target}: {said}");
        assert!(fs::read(&original).unwrap() == before, "{target}");
    }
}

#[test]
fn labels_are_not_exported_over_anything_without_consent() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    clip(&at("p/talk.mp4"), 8, RED);
    let run = |arguments: &[&str]| {
        let output = motionscope(dir.path(), &[&["project"], arguments].concat());
        (code(&output), text(&output.stdout) + &text(&output.stderr))
    };
    assert_eq!(run(&["new", "p", "p", "--classes", "A"]).0, 0);
    fs::write(at("p/talk.eaf"), "an hour of work").unwrap();
    let (status, said) = run(&["export", "p", "p", "--format", "elan"]);
    assert!(status == 1 && said.contains("talk.eaf") && said.contains("exists"), "{said}");
    assert_eq!(fs::read_to_string(at("p/talk.eaf")).unwrap(), "an hour of work");

    let project = fs::read(at("p/project.toml")).unwrap();
    for target in ["p/project.toml", "p/labels/x.json", "p/journal.jsonl"] {
        let (status, said) = run(&["export", "p", target, "--format", "json", "--force"]);
        assert!(status == 1 && said.contains("of the project"), "{target}: {said}");
    }
    assert!(fs::read(at("p/project.toml")).unwrap() == project);

    assert_eq!(run(&["export", "p", "out.csv"]).0, 0);
    let (status, said) = run(&["export", "p", "out.csv"]);
    assert!(status == 1 && said.contains("--force"), "{said}");
    assert_eq!(run(&["export", "p", "p", "--format", "elan", "--force"]).0, 0);
    assert!(fs::read_to_string(at("p/talk.eaf")).unwrap().contains("ANNOTATION_DOCUMENT"));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at("out.csv"), at("link.csv")).unwrap();
        assert_eq!(run(&["export", "p", "link.csv"]).0, 1, "what it leads to exists");
        assert_eq!(run(&["export", "p", "link.csv", "--force"]).0, 0);
        assert!(at("link.csv").is_symlink() && at("out.csv").is_file(), "a link is written through");
    }
}

/// Waits until `is_so`; a minute is for machines that are busy with other things.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_export_that_is_killed_leaves_nothing_by_half_and_the_next_one_tidies_up() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    clip(&at("a.mp4"), 1500, RED);
    let run = |arguments: &[&str]| code(&motionscope(dir.path(), &[&["project"], arguments].concat()));
    assert_eq!(run(&["new", "p", "a.mp4", "--classes", "A"]), 0);
    let rows: String = (0..14).map(|start| format!("a.mp4,A,{start},{}\n", start + 1)).collect();
    fs::write(at("s.csv"), format!("path,label,start,end\n{rows}")).unwrap();
    assert_eq!(run(&["import", "p", "s.csv"]), 0);
    fs::create_dir(at("out")).unwrap();
    let hidden = || fs::read_dir(at("out")).unwrap().next().map(|entry| entry.unwrap().path());
    let export = ["project", "export", "p", "out", "--format", "ucf", "--cut"];
    let mut child = program(dir.path(), &export).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("it begins to cut", || hidden().is_some_and(|hidden| hidden.join("files/A").is_dir()));
    child.kill().unwrap();
    child.wait().unwrap();
    let names: Vec<_> = fs::read_dir(at("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name.to_string_lossy().starts_with(".motionscope-")), "{names:?}");
    assert!(!names.is_empty(), "it was killed in the middle");
    assert_eq!(run(&export[1..]), 0);
    let found = files(&at("out"));
    assert_eq!(found.len(), 3 + 2 + 14, "the lists of UCF101, those of mmaction2, the clips");
    assert!(found.iter().all(|(name, _)| !name.contains("partial")));
}

/// Runs words separated by spaces and expects `exit`; what was said.
fn run(dir: &Path, line: &str, exit: i32) -> String {
    let output = motionscope(dir, &line.split(' ').collect::<Vec<_>>());
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(code(&output), exit, "{line}: {said}");
    said
}

#[test]
fn flow_is_not_written_over_its_clip_nor_over_other_files() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    clip(&at("c.mp4"), 6, RED);
    fs::write(at("mine.mp4"), "mine").unwrap();
    let before = files(dir.path());
    for video in ["c.mp4", "./c.mp4", "x/../c.mp4"] {
        let said = run(dir.path(), &format!("flow c.mp4 --method zero --video {video} --force"), 1);
        assert!(said.contains("would be lost"), "{said}");
    }
    let said = run(dir.path(), "flow c.mp4 --method zero --out flow --video mine.mp4", 1);
    assert!(said.contains("mine.mp4: it exists") && said.contains("--force"), "{said}");
    assert_eq!(files(dir.path()), before, "nothing was begun, either");

    run(dir.path(), "flow c.mp4 --method zero --out flow --video mine.mp4 --force", 0);
    assert_eq!(seen(&at("mine.mp4")).1, 5);
    fs::write(at("flow/000003.flo"), "mine").unwrap();
    let said = run(dir.path(), "flow c.mp4 --method zero --out flow --start 2", 1);
    assert!(said.contains("3 files exist"), "{said}");
    assert_eq!(fs::read(at("flow/000003.flo")).unwrap(), b"mine");
    run(dir.path(), "flow c.mp4 --method zero --out flow --start 2 --force", 0);
    assert_ne!(fs::read(at("flow/000003.flo")).unwrap(), b"mine");
    let names: Vec<_> = files(dir.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 2 + 5, "nothing is left over: {names:?}");
}

#[test]
fn results_of_an_analysis_are_neither_analysed_nor_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    untrained_model(&at("model"));
    clip(&at("clips/c.mp4"), 12, RED);
    let line = "analyze clips --out clips --model model --device cpu";
    run(dir.path(), line, 0);
    let before = files(&at("clips/c"));
    assert_eq!(before.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["flow.mp4", "scores.json"]);
    let said = run(dir.path(), line, 1);
    assert!(said.contains("2 files exist") && said.contains("scores.json"), "{said}");
    let said = run(dir.path(), "analyze clips/c/flow.mp4 --out clips --model model --device cpu", 0);
    assert!(said.contains("flow.mp4"), "as a clip that is named, it is one: {said}");
    clip(&at("own/flow/flow.mp4"), 12, RED);
    let own = fs::read(at("own/flow/flow.mp4")).unwrap();
    let said = run(dir.path(), "analyze own/flow/flow.mp4 --out own --model model --device cpu --force", 1);
    assert!(said.contains("would be lost"), "{said}");
    assert!(fs::read(at("own/flow/flow.mp4")).unwrap() == own);
    assert_eq!(files(&at("clips/c")), before);
    run(dir.path(), &format!("{line} --force"), 0);
    assert!(!at("clips/flow-2").exists(), "what was written is no clip to analyse");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode();
        fs::write(at("any"), "").unwrap();
        assert_eq!(mode("clips/c/scores.json"), mode("any"));
        assert_eq!(mode("clips/c/flow.mp4"), mode("any"));
    }
}

#[test]
#[cfg(unix)]
fn ctrl_c_leaves_nothing_of_the_clip_that_is_not_done() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    untrained_model(&at("model"));
    clip(&at("c.mp4"), 1000, RED);
    assert_eq!(code(&motionscope(dir.path(), &["project", "new", "p", "c.mp4", "--classes", "A"])), 0);
    fs::write(at("s.csv"), "path,label,start,end\nc.mp4,A,0,1\nc.mp4,A,1,40\n").unwrap();
    assert_eq!(code(&motionscope(dir.path(), &["project", "import", "p", "s.csv"])), 0);
    let lines =
        ["analyze c.mp4 --out out --model model --device cpu --flow", "project export p out --format ucf --cut"];
    for (line, begun) in lines.into_iter().zip(["files/flow/000020.flo", "files/A/v_A_g01_c01.mp4"]) {
        fs::create_dir_all(at("out/c")).unwrap();
        let words: Vec<_> = line.split(' ').collect();
        let mut child = program(dir.path(), &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until(line, || files(&at("out")).iter().any(|(name, _)| name.ends_with(begun)));
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{line}");
        assert_eq!(files(&at("out")), [], "{line}");
    }
}

#[test]
fn the_settings_of_another_program_are_no_run_to_go_on_with() {
    let dir = tempfile::tempdir().unwrap();
    clip(&dir.path().join("clips/a/c.mp4"), 12, RED);
    fs::create_dir(dir.path().join("site")).unwrap();
    let mine = "baseURL = 'https://example.org/'\n";
    fs::write(dir.path().join("site/config.toml"), mine).unwrap();
    let said = run(dir.path(), "train flow --folder clips --steps 1 --run site --device cpu", 1);
    assert!(said.contains("config.toml") && said.contains("another program"), "{said}");
    assert_eq!(fs::read_to_string(dir.path().join("site/config.toml")).unwrap(), mine);
    fs::create_dir(dir.path().join("figures")).unwrap();
    fs::write(dir.path().join("figures/metrics.csv"), "mine").unwrap();
    let said = run(dir.path(), "train flow --folder clips --steps 1 --run figures --device cpu", 1);
    assert!(said.contains("metrics.csv") && said.contains("another program"), "{said}");
    assert_eq!(fs::read_to_string(dir.path().join("figures/metrics.csv")).unwrap(), "mine");
}

#[test]
fn samples_and_models_are_written_whole_and_replace_nothing_by_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("sample")).unwrap();
    fs::write(at("sample/README.txt"), "mine").unwrap();
    let said = run(dir.path(), "sample sample", 1);
    assert!(said.contains("README.txt") && said.contains("--force"), "{said}");
    untrained_model(&at("model"));
    let before = files(&at("model"));
    for consent in ["", " --force"] {
        let said =
            run(dir.path(), &format!("import --base model --motion model/motion.safetensors --out model{consent}"), 1);
        assert!(said.contains("would be lost"), "{said}");
    }
    assert_eq!(files(&at("model")), before);
}

#[test]
#[cfg(target_os = "linux")]
fn a_sample_that_is_stopped_leaves_no_unfinished_files() {
    let dir = tempfile::tempdir().unwrap();
    let names = || fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let arguments = ["sample", "long", "--recordings", "1", "--minutes", "60", "--size", "64x64"];
        let mut running = program(dir.path(), &arguments).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while names().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing is written");
            std::thread::sleep(Duration::from_millis(20));
        }
        std::process::Command::new("kill").args([signal, &running.id().to_string()]).status().unwrap();
        assert_eq!(running.wait().unwrap().code(), Some(code), "{signal}");
        assert_eq!(names(), [""; 0], "{signal}");
    }
}

#[test]
fn a_video_does_not_replace_a_file_that_was_made_while_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flow.mp4");
    let complete = || {
        let mut writer = VideoWriter::create(&path, SIZE, 25.0).unwrap();
        writer.push(&RgbImage::from_pixel(SIZE.width, SIZE.height, Rgb(RED))).unwrap();
        writer.complete().unwrap()
    };
    let video = complete();
    fs::write(&path, "mine").unwrap();
    assert!(video.publish(&OutputGuard::default()).is_err());
    assert_eq!(files(dir.path()), [("flow.mp4".to_owned(), b"mine".to_vec())]);
    complete().publish(&OutputGuard::new(Existing::Replace)).unwrap();
    assert_eq!(seen(&path), (RED, 1));
}

/// Records noise to the file that is named in the environment until that fails or somebody ends it.
#[test]
#[ignore = "run and ended by other tests"]
fn endless_recording() {
    let Some(path) = std::env::var_os(RECORDING) else { return };
    let mut writer = VideoWriter::create_growing(Path::new(&path), SIZE, 25.0, None, Existing::Keep).unwrap();
    for picture in 0_u32.. {
        // Noise: there is a lot of it to write.
        let noise = |x: u32, y: u32| (x * 7919 + y * 104_729 + picture * 1_299_709).wrapping_mul(2_654_435_761) >> 24;
        let picture = RgbImage::from_fn(SIZE.width, SIZE.height, |x, y| Rgb([noise(x, y) as u8; 3]));
        if let Err(error) = writer.push(&picture) {
            println!("told: {error}");
            return;
        }
    }
}

/// Where [`endless_recording`] records to.
const RECORDING: &str = "MOTIONSCOPE_TEST_RECORDING";

fn recording(path: &Path) -> std::process::Command {
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 600; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["outputs::endless_recording", "--exact", "--ignored", "--nocapture"])
        .env(RECORDING, path);
    command
}

#[test]
#[cfg(target_os = "linux")]
fn a_recording_outlives_a_full_disk_and_the_end_of_its_program() {
    let dir = tempfile::tempdir().unwrap();
    let full = dir.path().join("full.mp4");
    let output = recording(&full).output().unwrap();
    assert!(text(&output.stdout).contains("told: ") && text(&output.stdout).contains("full.mp4"), "{output:?}");
    let frames = |path: &Path| VideoReader::open(path, Sizes::default()).unwrap().info().frames;
    assert!(frames(&full) >= 30, "{}", frames(&full));

    let killed = dir.path().join("killed.mp4");
    let mut child = recording(&killed).stdout(Stdio::null()).spawn().unwrap();
    wait_until("it grows", || fs::metadata(&killed).is_ok_and(|facts| facts.len() > 150_000));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(frames(&killed) >= 30, "{}", frames(&killed));
    let names: Vec<_> = files(dir.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["full.mp4", "killed.mp4"]);
    let error = VideoWriter::create_growing(&killed, SIZE, 25.0, None, Existing::Keep).map(drop).unwrap_err();
    assert!(fs::metadata(&killed).unwrap().len() > 150_000, "{error}");
    // A recording that cannot be encoded leaves the file that it would replace.
    let none = Geometry { width: 0, height: 0 };
    VideoWriter::create_growing(&killed, none, 25.0, None, Existing::Replace).map(drop).unwrap_err();
    assert!(fs::metadata(&killed).unwrap().len() > 150_000);
    drop(VideoWriter::create_growing(&killed, SIZE, 25.0, None, Existing::Replace).unwrap());
    assert!(fs::metadata(&killed).unwrap().len() < 150_000);
    assert_eq!(files(dir.path()).len(), 2, "nothing is left beside");
}
