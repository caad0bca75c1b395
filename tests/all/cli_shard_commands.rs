//! Commands in shards beside `evaluate actions`: what they write together is what one machine writes.

use std::fs;
use std::path::Path;

use motionscope::cli::bench::fixture;
use motionscope::flow::FlowField;
use motionscope::flow::files::write_flo;
use motionscope::video::Geometry;
use serde_json::Value;

use crate::cli::untrained_model;
use crate::cli_shards::{contents, run};

/// Makes videos of some frames in `dir`, and a model.
fn videos(dir: &Path, videos: &[(&str, usize)]) {
    untrained_model(&dir.join("model"));
    for (name, frames) in videos {
        fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
        fixture::clip(dir, *frames, Geometry { width: 96, height: 80 }).unwrap();
        fs::rename(dir.join("clip.mp4"), dir.join(name)).unwrap();
    }
}

/// Runs `line` on one machine, and moves what it wrote to `out` to `alone`; returns what it prints, and the exit code.
fn alone(dir: &Path, line: &str) -> (String, i32) {
    let (printed, said, status) = run(dir, line);
    assert!(status <= 1, "{said}");
    fs::rename(dir.join("out"), dir.join("alone")).unwrap();
    (printed, status)
}

fn assert_same(dir: &Path) {
    let (alone, together) = (contents(&dir.join("alone")), contents(&dir.join("out")));
    assert_eq!(alone.keys().collect::<Vec<_>>(), together.keys().collect::<Vec<_>>());
    for (name, content) in &alone {
        assert!(*content == together[name], "{} differs", name.display());
    }
}

#[test]
fn predictions_in_shards_are_the_files_of_one_machine() {
    let dir = tempfile::tempdir().unwrap();
    videos(dir.path(), &[("videos/a.mp4", 9), ("videos/b.mp4", 6), ("videos/d.mp4", 12)]);
    fs::write(dir.path().join("videos/c.mp4"), "not a video").unwrap();
    let line = "predict videos --out out --csv --stride 3 --model model --device cpu";
    assert_eq!(alone(dir.path(), line).1, 1, "one video cannot be read");
    let shard = |options: &str| run(dir.path(), &format!("{line} --parts parts {options}"));

    let (printed, said, status) = shard("--shard 1/3");
    assert_eq!(status, 0, "{said}");
    assert!(printed.ends_with("Shard 1/3: 2 videos predicted, written to parts/part-1-of-3.json\n"), "{printed}");
    assert_eq!(contents(&dir.path().join("out")).len(), 4, "the first and the last video, each with a table");
    let (_, said, status) = run(dir.path(), "merge parts");
    assert!(status == 1 && said.contains("2 of 3 parts missing: 2/3, 3/3"), "{said}");
    let (_, said, status) = run(dir.path(), &line.replace("3 --model", "4 --parts parts --shard 2/3 --model"));
    assert!(status == 1 && said.contains("this part is of another job: stride: 3 instead of 4"), "{said}");
    assert_eq!(shard("--shard 2/3").2, 0);
    let (printed, said, status) = shard("--shard 3/3");
    assert!(status == 1 && said.contains("c.mp4") && printed.contains("0 videos predicted, 1 failed"), "{printed}");
    assert!(shard("--shard 1/3").0.starts_with("Shard 1/3 is complete"));

    let (printed, said, status) = run(dir.path(), "merge parts");
    assert_eq!(status, 1, "one video cannot be read: {said}");
    assert_eq!(printed.lines().next(), Some("out/a.mp4.parquet: 3 scored frames"), "{printed}");
    assert!(printed.lines().count() == 3 && said.contains("c.mp4"), "{printed}{said}");
    assert!(said.contains("6 files of 4 videos are there"), "{said}");
    assert_same(dir.path());

    fs::remove_file(dir.path().join("out/d.mp4.csv")).unwrap();
    let (_, said, status) = run(dir.path(), "merge parts");
    assert!(status == 1 && said.contains("d.mp4.csv: the file is missing"), "{said}");
    assert!(said.contains("Delete parts/part-1-of-3.json and run"), "{said}");
    fs::remove_file(dir.path().join("parts/part-1-of-3.json")).unwrap();
    assert_eq!(shard("--shard 1/3").2, 0);
    assert_eq!(run(dir.path(), "merge parts").2, 1);
    assert_same(dir.path());
}

/// What is left of a report without the measured times.
fn without_times(text: &str, is_json: bool) -> String {
    let is_time = |line: &&str| !line.trim_start().starts_with("\"ms\":");
    let lines = text.lines().filter(|line| !is_json || is_time(line));
    lines.map(|line| if is_json { line } else { line.rsplit_once(',').unwrap().0 }.to_owned() + "\n").collect()
}

#[test]
fn a_flow_benchmark_in_shards_has_the_errors_of_one_machine() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("pairs")).unwrap();
    for number in 1..=5_u8 {
        let at = |end: &str| dir.path().join(format!("pairs/{number:05}_{end}"));
        let picture = image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([(x * y) as u8, x as u8 * number, y as u8]));
        ["img1.ppm", "img2.ppm"].iter().for_each(|end| picture.save(at(end)).unwrap());
        let flow = [f32::from(number) / 3.0, 0.1];
        write_flo(&at("flow.flo"), &FlowField::new(40, 30, vec![flow; 1200])).unwrap();
    }
    fs::write(dir.path().join("pairs/00002_img2.ppm"), "P6").unwrap();
    let line = "evaluate flow --dataset flyingchairs --root pairs --method dis --json out/f.json --csv out/f.csv";
    let (_, said, status) = run(dir.path(), line);
    assert!(status == 1 && said.contains("out/f.json"), "the folder is missing, and known before the work: {said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    fs::create_dir(dir.path().join("out")).unwrap();
    let (printed, status) = alone(dir.path(), line);
    assert_eq!(status, 1, "one pair cannot be read");

    let shard = |options: &str| run(dir.path(), &format!("{line} --parts parts {options}"));
    assert!(shard("--shard 2/2").1.contains("out/f.json"), "refused as on one machine");
    fs::create_dir(dir.path().join("out")).unwrap();
    assert_eq!(shard("--shard 2/2").2, 1, "the pair that cannot be read");
    let (_, said, status) = shard("--shard 1/2 --dis-preset fast");
    assert!(status == 1 && said.contains("of another job: dis preset: medium instead of fast"), "{said}");
    assert_eq!(shard("--shard 1/2").2, 0);
    assert_eq!(contents(&dir.path().join("out")).len(), 0);
    let (merged, said, status) = run(dir.path(), "merge parts");
    assert!(status == 1 && said.contains("00002_img2.ppm"), "{said}");
    let cut = |text: &str| text.lines().map(|line| line.chars().take(90).collect::<String>()).collect::<Vec<_>>();
    assert_eq!(cut(&merged), cut(&printed), "but for the times");
    for (name, is_json) in [("f.json", true), ("f.csv", false)] {
        let read = |folder: &str| fs::read_to_string(dir.path().join(folder).join(name)).unwrap();
        assert_eq!(without_times(&read("out"), is_json), without_times(&read("alone"), is_json));
    }
    let report: Value = serde_json::from_slice(&fs::read(dir.path().join("out/f.json")).unwrap()).unwrap();
    assert_eq!((report["pairs"].as_array().unwrap().len(), report["failures"].as_array().unwrap().len()), (4, 1));
    // The times are those of the parts.
    let part: Value = serde_json::from_slice(&fs::read(dir.path().join("parts/part-2-of-2.json")).unwrap()).unwrap();
    let item = &part["results"]["items"][1];
    assert_eq!(item["outcome"]["Ok"]["ms"], report["pairs"][2]["ms"], "{item}");

    fs::write(dir.path().join("pairs/00005_img1.ppm"), "P6").unwrap();
    fs::remove_file(dir.path().join("parts/part-1-of-2.json")).unwrap();
    let said = shard("--shard 1/2").1;
    assert!(said.contains("the list of pairs, or the size of a file, is not the same"), "{said}");
}

#[test]
fn clips_analyzed_in_shards_have_the_files_and_lines_of_one_machine() {
    let dir = tempfile::tempdir().unwrap();
    videos(dir.path(), &[("clips/a.mp4", 4), ("clips/b.mp4", 3), ("clips/c.mp4", 3)]);
    let line = "analyze clips --out out --flow --json --model model --device cpu";
    let (printed, status) = alone(dir.path(), line);
    assert_eq!(status, 0);
    let shard = |options: &str| run(dir.path(), &format!("{line} --parts parts {options}"));
    assert_eq!(shard("--shard 2/2").2, 0);
    let (_, said, status) = run(dir.path(), &format!("{line} --parts other --shard 2/2"));
    assert!(status == 1 && said.contains("out/b/scores.json"), "what is there is not replaced: {said}");

    // As of a process that was killed after its first clip: the files are there, and the part does not know of them.
    assert_eq!(shard("--shard 1/2").2, 0);
    let part = dir.path().join("parts/part-1-of-2.json");
    let mut kept: Value = serde_json::from_slice(&fs::read(&part).unwrap()).unwrap();
    kept["results"] = serde_json::json!({ "of": 2, "results": [] });
    fs::remove_file(part).unwrap();
    fs::write(dir.path().join("parts/unfinished-1-of-2.json"), kept.to_string()).unwrap();
    fs::remove_dir_all(dir.path().join("out/c")).unwrap();
    let (_, said, status) = shard("--shard 1/2");
    assert_eq!(status, 0, "{said}");

    let (merged, said, status) = run(dir.path(), "merge parts");
    assert_eq!((merged, status), (printed, 0), "{said}");
    assert_same(dir.path());
}

#[test]
fn the_flow_of_a_clip_in_shards_is_that_of_one_machine() {
    let dir = tempfile::tempdir().unwrap();
    fixture::clip(dir.path(), 8, Geometry { width: 96, height: 80 }).unwrap();
    let line = "flow clip.mp4 --out out --method dis --format two-stream-png";
    assert_eq!(alone(dir.path(), line).1, 0);
    let shard = |options: &str| run(dir.path(), &format!("{line} --parts parts {options}"));
    for (options, words) in [
        ("--shard 1/3 --video v.mp4", "--video: a shard has only some of the pairs"),
        ("--shard 1/3 --json", "--json: a shard has only some of the pairs"),
    ] {
        let (_, said, status) = shard(options);
        assert!(status == 2 && said.contains(words), "{options}: {said}");
    }
    let picture = "flow clip.mp4 --out out --method dis --format picture --parts parts --shard 1/3";
    assert!(run(dir.path(), picture).1.contains("--max-px: colours depend on the pairs before"));
    for (number, words) in [(3, "2 pairs written"), (1, "3 pairs written"), (2, "2 pairs written")] {
        let (printed, said, status) = shard(&format!("--shard {number}/3"));
        assert!(status == 0 && printed.contains(words), "{printed}{said}");
    }
    let (_, said, status) = run(dir.path(), "merge parts");
    assert!(status == 0 && said.contains("14 files of 7 pairs are there"), "{said}");
    assert_same(dir.path());
    let (_, said, status) = run(dir.path(), &format!("{line} --bound 10 --parts parts --shard 1/3"));
    assert!(status == 1 && said.contains("bound px: 20.0 instead of 10.0"), "{said}");
}
