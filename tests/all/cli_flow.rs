//! `motionscope flow` as it is typed: pairs and clips, every format, the video, and what it refuses.

use std::fs;
use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};
use motionscope::cli::bench::fixture;
use motionscope::evaluation::MotionNetFlow;
use motionscope::flow::codec::CodecFlow;
use motionscope::flow::dis::{Dis, DisPreset};
use motionscope::flow::files::{StreamPair, read, read_flo, read_npy, read_two_stream, write_two_stream};
use motionscope::flow::tvl1::{Tvl1, Tvl1Parameters};
use motionscope::flow::{FlowEstimator, FlowField, colour};
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::video::{Geometry, Sizes, VideoReader};
use serde_json::Value;

use crate::cli::{code, motionscope, program, text, untrained_model};
use crate::outputs::files;

const CLIP: Geometry = Geometry { width: 96, height: 80 };

/// Runs `motionscope flow` with words separated by spaces and expects `exit`; what it said on stdout and stderr.
fn flow(dir: &Path, arguments: &str, exit: i32) -> (String, String) {
    let words: Vec<_> = std::iter::once("flow").chain(arguments.split_whitespace()).collect();
    let output = motionscope(dir, &words);
    assert_eq!(code(&output), exit, "{arguments}: {}", text(&output.stderr));
    (text(&output.stdout), text(&output.stderr))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn pictures(dir: &Path) {
    let bar = |left: u32| {
        RgbImage::from_fn(64, 48, |x, y| Rgb([if (left..left + 20).contains(&x) { 220 } else { (y * 3) as u8 }; 3]))
    };
    bar(10).save(dir.join("a.png")).unwrap();
    bar(13).save(dir.join("b.png")).unwrap();
    RgbImage::new(10, 8).save(dir.join("small.png")).unwrap();
}

#[test]
fn flow_of_an_earlier_run_that_stays_among_the_new_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fixture::clip(dir.path(), 5, CLIP).unwrap();
    let (_, said) = flow(dir.path(), "clip.mp4 --method zero --out flow", 0);
    assert!(!said.contains("earlier run"), "{said}");
    fs::write(dir.path().join("flow/notes.txt"), "mine").unwrap();
    let (_, said) = flow(dir.path(), "clip.mp4 --method zero --out flow --count 2 --force", 0);
    assert!(said.contains("earlier run") && said.contains("000002.flo") && said.contains("000003.flo"), "{said}");
    assert!(!said.contains("000001.flo") && !said.contains("notes.txt"), "{said}");
}

#[test]
fn the_codec_flow_of_a_clip_is_written_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fixture::clip(dir.path(), 12, CLIP).unwrap();
    let mut codec = CodecFlow::open(&at("clip.mp4")).unwrap();
    let expected: Vec<FlowField> = (0..11).map(|index| codec.flow(index, 96, 80).unwrap()).collect();

    let (said, _) = flow(dir.path(), "clip.mp4 --method codec --out flo", 0);
    assert!(said.contains("11 pairs") && said.contains("motion vectors"), "{said}");
    let wanted: Vec<_> = (0..11).map(|index| format!("{index:06}.flo")).collect();
    assert_eq!(names(&at("flo")), wanted);
    for (name, field) in wanted.iter().zip(&expected) {
        assert_eq!(read_flo(&at("flo").join(name)).unwrap(), *field, "{name}");
    }

    flow(dir.path(), "clip.mp4 --method codec --out npy --format npy --start 4 --count 2", 0);
    assert_eq!(names(&at("npy")), ["000004.npy", "000005.npy"]);
    assert_eq!(read_npy(&at("npy/000005.npy")).unwrap(), expected[5]);

    flow(dir.path(), "clip.mp4 --method codec --out kitti --format kitti --count 1", 0);
    let field = read(&at("kitti/000000.png")).unwrap();
    assert!(field.uv.iter().zip(&expected[0].uv).all(|(a, b)| (a[0] - b[0]).abs() <= 1.0 / 128.0));

    flow(dir.path(), "clip.mp4 --method codec --out pictures --format picture --count 3 --max-px 4", 0);
    let picture = image::open(at("pictures/000002.png")).unwrap().into_rgb8();
    assert_eq!(picture, colour::picture(&expected[2], 4.0));

    for format in ["jpeg", "png"] {
        let arguments = format!("clip.mp4 --method codec --out pairs --format two-stream-{format} --count 2 --bound 8");
        flow(dir.path(), &arguments, 0);
    }
    let ending = |axis: char| {
        move |number: usize| [format!("flow_{axis}_0000{number}.jpg"), format!("flow_{axis}_0000{number}.png")]
    };
    let wanted: Vec<_> = ['x', 'y'].into_iter().flat_map(|axis| (1..=2).flat_map(ending(axis))).collect();
    assert_eq!(names(&at("pairs")), wanted);
    let pair = |name: &str| StreamPair::named(&at(name)).unwrap();
    write_two_stream(&pair("flow_x.png"), &expected[1], 8.0).unwrap();
    let direct = read_two_stream(&pair("flow_x.png"), 8.0).unwrap();
    assert_eq!(read_two_stream(&pair("pairs/flow_x_00002.png"), 8.0).unwrap(), direct);
}

#[test]
fn stride_size_and_json_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fixture::clip(dir.path(), 12, CLIP).unwrap();
    let (said, _) = flow(dir.path(), "clip.mp4 --method codec --out out --stride 3 --size 48x40 --json", 0);
    assert_eq!(names(&at("out")).len(), 9, "frames 0…8 have a frame three later");
    let field = read_flo(&at("out/000002.flo")).unwrap();
    assert_eq!(field, CodecFlow::open(&at("clip.mp4")).unwrap().flow_between(2, 5, 48, 40).unwrap());

    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((report["schema"].as_str(), report["version"].as_u64()), (Some("motionscope-flow"), Some(1)));
    assert_eq!((report["width"].as_u64(), report["height"].as_u64()), (Some(48), Some(40)));
    let pair = &report["pairs"][2];
    assert_eq!((pair["first"].as_u64(), pair["second"].as_u64()), (Some(2), Some(5)));
    assert_eq!(pair["files"][0].as_str(), PathBuf::from("out").join("000002.flo").to_str());
    assert!((pair["max_px"].as_f64().unwrap() - f64::from(field.magnitude_max())).abs() < 1e-5);
    assert_eq!((report["interrupted"].as_bool(), report["video"].is_null()), (Some(false), true));
}

#[test]
fn the_video_shows_frame_flow_and_another_flow() {
    let dir = tempfile::tempdir().unwrap();
    fixture::clip(dir.path(), 6, CLIP).unwrap();
    for (compare, width) in [("", 192), ("--compare zero", 288)] {
        let (said, _) = flow(dir.path(), &format!("clip.mp4 --method codec --video flow.mp4 --force {compare}"), 0);
        assert!(said.contains("flow.mp4"), "{said}");
        let mut video = VideoReader::open(&dir.path().join("flow.mp4"), Sizes::default()).unwrap();
        assert_eq!((video.info().frames, video.info().width, video.info().height), (5, width, 80));
        let row = video.frame(4).unwrap().display;
        let mut original = VideoReader::open(&dir.path().join("clip.mp4"), Sizes::default()).unwrap();
        let frame = original.frame(4).unwrap().display;
        let difference: u64 =
            frame.enumerate_pixels().map(|(x, y, p)| u64::from(p[1].abs_diff(row.get_pixel(x, y)[1]))).sum();
        assert!(difference < 5 * 96 * 80, "the first pane is the frame");
        if !compare.is_empty() {
            let pane = (192..288).flat_map(|x| (0..80).map(move |y| (x, y)));
            assert!(pane.clone().all(|(x, y)| row.get_pixel(x, y)[1] > 240), "no motion is white");
        }
    }
    assert_eq!(names(dir.path()), ["clip.mp4", "flow.mp4"]);
}

#[test]
fn pairs_of_pictures_go_to_the_file_that_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    pictures(dir.path());
    for name in ["f.flo", "f.npy", "f.png", "flow_x.jpg"] {
        flow(dir.path(), &format!("a.png b.png --method zero --out {name}"), 0);
        let field = read(&at(name)).unwrap();
        assert_eq!((field.width, field.height), (64, 48), "{name}");
        assert!(field.magnitude_max() < 0.12, "{name}: half a level of two-stream pictures at most");
    }
    assert!(at("flow_y.jpg").exists());
    let (said, _) = flow(dir.path(), "a.png b.png --method tvl1 --preset fast --out tvl1.flo", 0);
    assert!(said.contains("TV-L1 (fast)") && said.contains("tvl1.flo"), "{said}");
    let [a, b] = ["a.png", "b.png"].map(|name| image::open(at(name)).unwrap().into_rgb8());
    let expected = Tvl1::new(Tvl1Parameters::fast()).unwrap().estimate(&a, &b).unwrap();
    assert_eq!(read_flo(&at("tvl1.flo")).unwrap(), expected);
    assert!(expected.magnitude_max() > 1.0, "the bar moves by 3 pixels");
    for (option, preset) in [("", DisPreset::Medium), (" --dis-preset ultrafast", DisPreset::Ultrafast)] {
        let (said, _) = flow(dir.path(), &format!("a.png b.png --method dis{option} --out dis.flo --force"), 0);
        assert!(said.contains(&format!("DIS ({})", preset.name())), "{said}");
        assert_eq!(read_flo(&at("dis.flo")).unwrap(), Dis::new(preset).estimate(&a, &b).unwrap());
    }
    let (_, refused) = flow(dir.path(), "a.png b.png --method dis --dis-preset slow --out none.flo", 2);
    assert!(refused.contains("ultrafast, fast, medium"), "{refused}");
    flow(dir.path(), "a.png b.png --method zero --out colours.png --format picture --size 32x16", 0);
    let picture = image::open(at("colours.png")).unwrap().into_rgb8();
    assert_eq!(picture, RgbImage::from_pixel(32, 16, Rgb([255; 3])));
}

#[test]
fn motionnet_gives_what_the_library_gives() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    pictures(dir.path());
    untrained_model(&at("model"));
    flow(dir.path(), "a.png b.png --model model --device cpu --out f.flo", 0);
    let network = MotionNetFlow::load(&at("model"), &choose(DeviceChoice::Cpu).unwrap().device).unwrap();
    let mut network = network.with_scales(&MotionNetFlow::COARSE_TO_FINE).with_refinement(true);
    let [a, b] = ["a.png", "b.png"].map(|name| image::open(at(name)).unwrap().into_rgb8());
    let (written, expected) = (read_flo(&at("f.flo")).unwrap(), network.estimate(&a, &b).unwrap());
    let worst = written.uv.as_flattened().iter().zip(expected.uv.as_flattened()).map(|(a, b)| (a - b).abs());
    assert!(worst.fold(0.0, f32::max) < 1e-4 * expected.magnitude_max().max(1.0));
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    pictures(dir.path());
    fixture::clip(dir.path(), 5, CLIP).unwrap();
    fs::write(dir.path().join("broken.png"), "no picture").unwrap();
    let cases: [(&str, i32, &[&str]); 13] = [
        ("a.png small.png --method zero --out f.flo", 1, &["small.png", "a.png", "10×8", "64×48"]),
        ("a.png broken.png --method zero --out f.flo", 1, &["broken.png"]),
        ("a.png missing.png --method zero --out f.flo", 1, &["missing.png", "no such file"]),
        ("a.png b.png --method codec --out f.flo", 2, &["codec", "clip"]),
        ("a.png b.png --method zero --out f.flo --stride 2", 2, &["--stride"]),
        ("a.png b.png --method zero --out f.xyz", 2, &["f.xyz", ".npy"]),
        ("a.png b.png --method zero --out f.png --format two-stream-png", 2, &["f.png", "flow_x"]),
        ("a.png b.png --method zero", 2, &["--out"]),
        ("clip.mp4 --method codec --out out --start 4", 1, &["5 frames", "--start"]),
        ("clip.mp4 --method codec --out out --stride 0", 2, &["--stride"]),
        ("clip.mp4 --method codec --out out --bound 0", 2, &["above 0"]),
        ("missing.mp4 --method codec --out out", 1, &["missing.mp4"]),
        ("clip.mp4 --method codec --out clip.mp4", 1, &["clip.mp4"]),
    ];
    for (arguments, exit, words) in cases {
        let (_, said) = flow(dir.path(), arguments, exit);
        for word in words {
            assert!(said.contains(word), "{arguments}: {word} is not in {said}");
        }
    }
    let left = names(dir.path());
    assert_eq!(left, ["a.png", "b.png", "broken.png", "clip.mp4", "small.png"], "nothing is left of what was refused");
}

#[test]
#[cfg(unix)]
fn ctrl_c_leaves_whole_files_only() {
    let dir = tempfile::tempdir().unwrap();
    fixture::clip(dir.path(), 60, CLIP).unwrap();
    let arguments = "flow clip.mp4 --method tvl1 --size 480x400 --out out --video flow.mp4 --json";
    let mut running = program(dir.path(), &arguments.split(' ').collect::<Vec<_>>())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while !files(dir.path()).iter().any(|(name, _)| name.ends_with("000001.flo")) {
        assert!(running.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::process::Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let written = report["pairs"].as_array().unwrap().len();
    assert!(report["interrupted"].as_bool().unwrap() && (2..59).contains(&written), "{written} pairs");
    let wanted: Vec<_> = (0..written).map(|index| format!("{index:06}.flo")).collect();
    assert_eq!(names(&dir.path().join("out")), wanted);
    wanted.iter().for_each(|name| assert_eq!(read_flo(&dir.path().join("out").join(name)).unwrap().width, 480));
    let video = VideoReader::open(&dir.path().join("flow.mp4"), Sizes::default()).unwrap();
    assert_eq!(video.info().frames, written);
}

#[test]
fn a_folder_of_frames_is_a_clip_and_one_frame_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let frames = dir.path().join("wave");
    fs::create_dir(&frames).unwrap();
    let bar =
        |left: u32| RgbImage::from_fn(32, 24, |x, _| Rgb([if (left..left + 8).contains(&x) { 220 } else { 30 }; 3]));
    (1..=5).for_each(|number| bar(2 * number).save(frames.join(format!("v_wave_{number}.png"))).unwrap());
    let (said, notes) = flow(dir.path(), "wave --method tvl1 --out flo", 0);
    assert!(said.contains("4 pairs") && notes.contains("25 frames per second are assumed"), "{said} {notes}");
    assert_eq!(names(&dir.path().join("flo")), ["000000.flo", "000001.flo", "000002.flo", "000003.flo"]);
    let before = names(&frames);
    for output in ["--video wave/flow.mp4", "--out wave", "--out new/../wave --force"] {
        let (_, refused) = flow(dir.path(), &format!("wave --method tvl1 {output}"), 1);
        assert!(
            refused.contains("it would be written among the input frames of") && refused.contains("wave"),
            "{refused}"
        );
        assert_eq!(names(&frames), before, "{output}");
    }
    fixture::clip(dir.path(), 1, CLIP).unwrap();
    let (_, refused) = flow(dir.path(), "clip.mp4 --method tvl1 --out none", 1);
    assert!(refused.contains("it has 1 frame, so there is no pair of frames 0 and 1"), "{refused}");
}
