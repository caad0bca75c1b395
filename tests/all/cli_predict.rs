//! `motionscope predict` as it is typed.

use std::fs;
use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use motionscope::cli::bench::fixture;
use motionscope::engine::{ClipFrames, InferencePipeline};
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::nets::{HiddenTwoStream, Stream};
use motionscope::predictions::{PredictionWriter, read_features, read_predictions};
use motionscope::video::Geometry;

use crate::cli::{code, motionscope, text, untrained_model};

const SIZE: Geometry = Geometry { width: 96, height: 80 };

/// What is printed, what is said besides, and the exit code.
fn run(dir: &Path, line: &str) -> (String, String, i32) {
    let output = motionscope(dir, &line.split_whitespace().collect::<Vec<_>>());
    (text(&output.stdout), text(&output.stderr), code(&output))
}

/// Makes a model, and videos of so many frames.
fn prepare(dir: &Path, videos: &[(&str, usize)]) {
    untrained_model(&dir.join("model"));
    for (name, frames) in videos {
        fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
        fixture::clip(dir, *frames, SIZE).unwrap();
        fs::rename(dir.join("clip.mp4"), dir.join(name)).unwrap();
    }
}

#[test]
fn every_nth_frame_has_the_probabilities_of_the_window_around_it() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path(), &[("videos/long.mp4", 30), ("videos/short.mp4", 5)]);
    fs::write(dir.path().join("videos/broken.mp4"), "not a video").unwrap();
    let line = "predict videos --out out --csv --stride 4 --model model --device cpu";
    let (printed, said, status) = run(dir.path(), line);
    assert_eq!(status, 1, "one video cannot be read: {said}");
    assert!(said.contains("broken.mp4") && printed.contains("long.mp4.parquet"), "{printed}{said}");

    let (facts, scores) = read_predictions(&dir.path().join("out/long.mp4.parquet")).unwrap();
    assert_eq!((facts.video.as_str(), facts.frames, facts.stride, scores.scored()), ("long.mp4", 30, 4, 8));
    assert_eq!(facts.devices, [choose(DeviceChoice::Cpu).unwrap().name]);
    assert_eq!((scores.secs[1], facts.end_secs), (4.0 / 25.0, 30.0 / 25.0));
    let compute = choose(DeviceChoice::Cpu).unwrap();
    let model = HiddenTwoStream::load(&dir.path().join("model"), &compute.device).unwrap();
    let mut pipeline = InferencePipeline::new(model, &compute);
    // The windows of the first frame, of one in the middle, and of the last scored one.
    for (index, start) in [(0, 0), (3, 7), (7, 19)] {
        let mut clip = ClipFrames::open(&dir.path().join("videos/long.mp4"), pipeline.sizes()).unwrap();
        pipeline.clear();
        let window = clip.window(start, 11).unwrap();
        let expected = pipeline.analyse(&window).unwrap().scores.fused_probabilities(&facts.fusion);
        for (found, expected) in scores.row(index).iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5, "{index}: {found} instead of {expected}");
        }
        assert!((scores.row(index).iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
    assert_eq!(read_predictions(&dir.path().join("out/short.mp4.parquet")).unwrap().1.scored(), 2);
    let csv = fs::read_to_string(dir.path().join("out/long.mp4.csv")).unwrap();
    assert_eq!((csv.lines().count(), csv.lines().nth(2).unwrap().starts_with("4,0.16")), (9, true), "{csv}");

    // What is complete is kept; other settings replace nothing by themselves.
    let before = fs::read(dir.path().join("out/long.mp4.parquet")).unwrap();
    assert!(run(dir.path(), line).0.contains("long.mp4.parquet: complete"));
    fs::write(dir.path().join("out/long.mp4.csv"), "of another run").unwrap();
    run(dir.path(), line);
    assert_eq!(fs::read_to_string(dir.path().join("out/long.mp4.csv")).unwrap(), "of another run");
    run(dir.path(), &format!("{line} --force"));
    assert_eq!(fs::read_to_string(dir.path().join("out/long.mp4.csv")).unwrap(), csv);
    // What is refused is refused before the first video.
    fs::rename(dir.path().join("videos/broken.mp4"), dir.path().join("videos/0.mp4")).unwrap();
    let (printed, said, status) = run(dir.path(), &line.replace("--stride 4", "--stride 8"));
    assert!(status == 1 && printed.is_empty(), "{printed}{said}");
    let refused = "long.mp4.parquet: it holds other predictions: the stride is 4, not 8; also affects 1 more";
    assert!(said.contains(refused) && !said.contains("0.mp4:"), "{said}");
    fs::write(dir.path().join("out/0.mp4.parquet"), "notes of mine").unwrap();
    let (_, said, status) = run(dir.path(), line);
    assert!(status == 1 && said.contains("0.mp4.parquet: it exists"), "{said}");
    fs::remove_file(dir.path().join("out/0.mp4.parquet")).unwrap();
    assert_eq!(fs::read(dir.path().join("out/long.mp4.parquet")).unwrap(), before);
    run(dir.path(), &line.replace("--stride 4", "--stride 8 --force"));
    assert_eq!(read_predictions(&dir.path().join("out/long.mp4.parquet")).unwrap().1.scored(), 4);
}

#[test]
fn the_videos_of_a_project_are_predicted_into_it() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path(), &[("golf/day 1/a.mp4", 12)]);
    let (_, said, status) = run(dir.path(), "project new golf golf --classes swing");
    assert_eq!(status, 0, "{said}");
    let (printed, said, status) = run(dir.path(), "predict golf --model model --device cpu");
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("classes of the project that the model does not know: swing"), "{said}");
    let folder = fs::read_dir(dir.path().join("golf/predictions")).unwrap().next().unwrap().unwrap().path();
    let (facts, _) = read_predictions(&folder.join("day 1-a.mp4.parquet")).unwrap();
    assert_eq!(facts.video, "day 1/a.mp4", "{printed}");
    let (table, said, status) =
        run(dir.path(), &format!("summary {}", folder.strip_prefix(dir.path()).unwrap().display()));
    assert!(status == 0 && table.contains("All: 1 video"), "{table}{said}");
}

#[test]
fn a_model_without_streams_is_refused_and_one_stream_is_enough() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path(), &[("a.mp4", 12)]);
    let device = choose(DeviceChoice::Cpu).unwrap().device;
    for (name, streams) in [("none", [false, false]), ("spatial", [false, true]), ("temporal", [true, false])] {
        let mut model = HiddenTwoStream::load(&dir.path().join("model"), &device).unwrap();
        if !streams[0] {
            (model.temporal, model.card.temporal) = (None, None);
        }
        if !streams[1] {
            (model.spatial, model.card.spatial) = (None, None);
        }
        model.save(&dir.path().join(name)).unwrap();
        let (_, said, status) = run(dir.path(), &format!("predict a.mp4 --out {name}-out --model {name} --device cpu"));
        let file = dir.path().join(format!("{name}-out/a.mp4.parquet"));
        match streams.contains(&true) {
            true => assert_eq!((status, read_predictions(&file).unwrap().1.scored()), (0, 3), "{said}"),
            false => assert!(status == 1 && said.contains("it has no stream") && !file.exists(), "{said}"),
        }
    }
}

/// What was scored of an earlier content is of no use, and that is said.
#[test]
fn scores_of_a_video_that_has_changed_since_are_discarded_with_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path(), &[("b.mp4", 16), ("a.mp4", 12)]);
    let out = dir.path().join("out");
    fs::create_dir(&out).unwrap();
    let line = "predict a.mp4 --out out --stride 1 --model model --device cpu";
    run(dir.path(), line);
    let (facts, _) = read_predictions(&out.join("a.mp4.parquet")).unwrap();
    fs::remove_file(out.join("a.mp4.parquet")).unwrap();
    let mut writer = PredictionWriter::begin(&out.join("a.mp4.parquet"), facts).unwrap();
    writer.push(0.0, &[0.5, 0.5]).unwrap();
    writer.pause().unwrap();
    fs::copy(dir.path().join("b.mp4"), dir.path().join("a.mp4")).unwrap();
    let (_, said, status) = run(dir.path(), line);
    let words = "a.mp4: scores of an earlier run are discarded: the content of the video differs";
    assert!(status == 0 && said.contains(words), "{said}");
    assert_eq!(read_predictions(&out.join("a.mp4.parquet")).unwrap().1.scored(), 16);
}

#[test]
fn features_are_what_the_last_layers_read() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path(), &[("a.mp4", 14)]);
    let (_, said, status) = run(dir.path(), "predict a.mp4 --out out --features --model model --device cpu");
    assert_eq!(status, 0, "{said}");
    let (facts, scores, features) = read_features(&dir.path().join("out/a.mp4.parquet")).unwrap();
    let compute = choose(DeviceChoice::Cpu).unwrap();
    let model = HiddenTwoStream::load(&dir.path().join("model"), &compute.device).unwrap();
    let streams = [&model.spatial, &model.temporal].map(|stream| stream.as_ref().unwrap());
    let counts = facts.features.unwrap();
    assert_eq!([counts.spatial, counts.temporal], streams.map(|stream| stream.feature_width()));
    // Their last layers make the stored probabilities of them.
    for (index, row) in features.chunks(counts.all()).enumerate() {
        let logits = |stream: &Stream, features: &[f32]| -> Vec<f32> {
            let data = TensorData::new(features.to_vec(), [1, features.len()]);
            stream.classify(Tensor::from_data(data, &compute.device)).into_data().try_to_vec().unwrap()
        };
        let (spatial, temporal) = row.split_at(counts.spatial);
        let fused = facts.fusion.fuse(&logits(streams[0], spatial), &logits(streams[1], temporal));
        for (found, expected) in facts.fusion.shares(&fused).iter().zip(scores.row(index)) {
            assert!((found - expected).abs() < 0.01, "{index}: {found} instead of {expected}");
        }
    }
    // A run that does not ask for features keeps the file that has them.
    let (printed, said, _) = run(dir.path(), "predict a.mp4 --out out --model model --device cpu");
    assert!(printed.contains("a.mp4.parquet: complete"), "{printed}{said}");
    let (_, said, status) = run(dir.path(), "predict a.mp4 --out plain --model model --device cpu");
    assert_eq!(status, 0, "{said}");
    let (_, said, status) = run(dir.path(), "predict a.mp4 --out plain --features --model model --device cpu");
    assert!(status == 1 && said.contains("the set of stored features differs"), "{said}");
    let plain = read_predictions(&dir.path().join("plain/a.mp4.parquet")).unwrap().1;
    assert_eq!(plain, scores, "features change no probability");
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path(), &[("a/x.mp4", 3), ("b/x.mp4", 3)]);
    for (line, words) in [
        ("predict a/x.mp4", "--out: it is missing"),
        ("predict a/x.mp4 b/x.mp4 --out out", "its file of predictions would be that of"),
        ("predict nowhere.mp4 --out out", "nowhere.mp4"),
        ("predict model --out out", "there are no videos in this folder"),
    ] {
        let (_, said, status) = run(dir.path(), &format!("{line} --model model --device cpu"));
        assert!(status > 0 && said.contains(words), "{line}: {said}");
    }
}

/// Asked to end, as at the time limit of a batch system, and killed.
#[test]
#[cfg(target_os = "linux")]
fn a_run_that_is_stopped_or_killed_continues_to_the_same_file() {
    use std::process::{Command, Output, Stdio};
    use std::thread;
    use std::time::Duration;

    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path(), &[("a.mp4", 700)]);
    let line = "predict a.mp4 --out out --stride 1 --model model --device cpu";
    let parts = dir.path().join("out/.motionscope-a.mp4.parquet.parts");
    let written = || {
        let names = fs::read_dir(&parts).into_iter().flatten().flatten().map(|entry| entry.file_name());
        names.filter(|name| name.to_string_lossy().starts_with("part-")).count()
    };
    // Ends a run by `signal` once `is_time`.
    let ended = |signal: &str, is_time: &dyn Fn() -> bool| -> Output {
        let mut program = crate::cli::program(dir.path(), &line.split_whitespace().collect::<Vec<_>>());
        let mut running = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while !is_time() {
            assert!(running.try_wait().unwrap().is_none(), "it ended before it was to be ended");
            thread::sleep(Duration::from_millis(2));
        }
        Command::new("kill").args([signal, &running.id().to_string()]).status().unwrap();
        running.wait_with_output().unwrap()
    };
    let output = ended("-TERM", &|| parts.join("facts.json").exists());
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    let kept = written();
    assert_eq!(ended("-KILL", &|| written() > kept).status.code(), None);
    assert!(!dir.path().join("out/a.mp4.parquet").exists());

    let (_, said, status) = run(dir.path(), line);
    assert!(status == 0 && said.contains("a.mp4: continues after 5"), "{said}");
    assert_eq!(run(dir.path(), &line.replace("--out out", "--out whole")).2, 0);
    let file = |folder: &str| fs::read(dir.path().join(folder).join("a.mp4.parquet")).unwrap();
    assert!(file("out") == file("whole"), "{said}");
    assert_eq!(fs::read_dir(dir.path().join("out")).unwrap().count(), 1, "nothing unfinished stays");
}
