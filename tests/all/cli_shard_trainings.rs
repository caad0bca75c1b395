//! Commands in shards that train: cross-validation by fold, and the paper's tables by row.

use std::fs;
use std::path::Path;

use motionscope::cli::bench::fixture;
use motionscope::evaluation::ActionsReport;
use motionscope::flow::FlowField;
use motionscope::flow::files::write_flo;
use motionscope::reproduction::ReproductionTable;
use motionscope::video::Geometry;

use crate::cli::untrained_model;
use crate::cli_shards::{contents, run};

/// Makes a clip at each of these places in `dir`.
fn clips(dir: &Path, names: &[&str]) {
    for (number, name) in names.iter().enumerate() {
        let clip = dir.join(name);
        fs::create_dir_all(clip.parent().unwrap()).unwrap();
        fixture::clip(dir, 13 + number, Geometry { width: 96, height: 80 }).unwrap();
        fs::rename(dir.join("clip.mp4"), clip).unwrap();
    }
}

/// Makes a model and clips of the groups g01 to g03 in `dir`, one of which cannot be read.
fn groups(dir: &Path) {
    untrained_model(&dir.join("model"));
    let name = |class, group| format!("clips/{class}/v_{class}_g{group:02}_c01.mp4");
    let names: Vec<_> = (1..=3).flat_map(|group| ["one", "two"].map(|class| name(class, group))).collect();
    clips(dir, &names.iter().map(String::as_str).collect::<Vec<_>>());
    fs::write(dir.join("clips/one/v_one_g02_c02.mp4"), "not a video").unwrap();
}

/// A report without the measured seconds.
fn without_seconds(path: &Path) -> ActionsReport {
    let mut report = ActionsReport::read(path).unwrap();
    report.folds.iter_mut().for_each(|fold| fold.seconds = 0.0);
    report
}

#[test]
fn folds_in_shards_make_the_report_of_one_machine() {
    let dir = tempfile::tempdir().unwrap();
    groups(dir.path());
    let at = |name: &str| dir.path().join(name);
    let line = "evaluate groups --data clips --model model --device cpu --views 1x1 --run-dir run --report out/report \
                --scores out/scores --json out/result.json";
    let (printed, said, status) = run(dir.path(), line);
    assert_eq!(status, 1, "one clip cannot be read: {said}");
    fs::rename(at("out"), at("alone")).unwrap();
    fs::rename(at("run"), at("run-alone")).unwrap();

    let shard = |options: &str| run(dir.path(), &format!("{line} --parts parts {options}"));
    let (printed_2, said, status) = shard("--shard 2/2");
    assert!(status == 1 && said.contains("g02_c02.mp4"), "the clip that cannot be read: {said}");
    assert_eq!(printed_2, "Shard 2/2: 1 fold scored, written to parts/part-2-of-2.json\n");
    let (printed_2, said, status) = shard("--shard 2/2");
    assert!(status == 1 && printed_2.starts_with("Shard 2/2 is complete"), "{printed_2}");
    assert!(said.contains("g02_c02.mp4"), "its failures are named again: {said}");
    let (_, said, status) = run(dir.path(), "merge parts");
    assert!(status == 1 && said.contains("1 of 2 parts missing: 1/2"), "{said}");
    for (options, refusal) in [
        ("--shard 1/2 --seed 2", "this part is of another job: seed: 1 instead of 2"),
        ("--shard 1/2 --folds 2", "3 folds instead of 2 folds"),
    ] {
        let (_, said, status) = shard(options);
        assert!(status == 1 && said.contains(refusal), "{options}: {said}");
    }
    assert_eq!(shard("--shard 1/2").2, 0);
    assert!(!at("out").exists(), "a shard writes nothing but its part and its run folder");

    let merged = run(dir.path(), "merge parts");
    assert_eq!((merged.0, merged.2), (printed, 1), "{}", merged.1);
    assert!(merged.1.contains("g02_c02.mp4"), "{}", merged.1);
    assert_eq!(contents(&at("out/scores")), contents(&at("alone/scores")));
    assert_eq!(without_seconds(&at("out/result.json")), without_seconds(&at("alone/result.json")));
    // With the folds that the shards have scored, and their seconds, one machine writes the same bytes.
    fs::rename(at("out"), at("together")).unwrap();
    assert_eq!(run(dir.path(), line).2, 1);
    assert!(contents(&at("out")) == contents(&at("together")), "the files differ");

    // Folds that are scored in the run folder are not scored again.
    fs::remove_file(at("parts/part-2-of-2.json")).unwrap();
    let (_, said, status) = shard("--shard 2/2 --force");
    assert!(status == 1 && at("parts/part-2-of-2.json").is_file(), "{said}");
    assert_eq!(run(dir.path(), "merge parts --force").2, 1);
    assert!(contents(&at("out")) == contents(&at("together")), "the files differ");
}

/// The bytes of the table's files in `folder`.
fn tables(folder: &Path) -> Vec<Vec<u8>> {
    ["config.toml", "table.md", "table.csv", "table.json"].map(|name| fs::read(folder.join(name)).unwrap()).to_vec()
}

/// The table in `folder` without the figures of the column `time`.
fn without_times(folder: &Path, time: usize) -> ReproductionTable {
    let text = fs::read_to_string(folder.join("table.json")).unwrap();
    let mut table: ReproductionTable = serde_json::from_str(&text).unwrap();
    table.rows.iter_mut().for_each(|row| row.measured[time] = row.measured[time].map(|_| 0.0));
    table
}

#[test]
fn the_rows_of_table_3_in_shards_make_the_table_of_one_machine() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    fs::create_dir(dir.path().join("pairs")).unwrap();
    let at = |name: &str| dir.path().join(name);
    let picture = image::RgbImage::from_fn(70, 64, |x, y| image::Rgb([(x * y) as u8, x as u8, y as u8]));
    ["img1", "img2"].iter().for_each(|name| picture.save(at(&format!("pairs/00001_{name}.ppm"))).unwrap());
    write_flo(&at("pairs/00001_flow.flo"), &FlowField::new(70, 64, vec![[0.5, 0.0]; 70 * 64])).unwrap();
    let line = "reproduce table3 --out out --device cpu --flow-root flyingchairs=pairs --model model";
    assert_eq!(run(dir.path(), line).2, 0);
    fs::rename(at("out"), at("alone")).unwrap();

    let shard = |options: &str| run(dir.path(), &format!("{line} --parts parts {options}"));
    let (printed, said, status) = shard("--shard 2/2");
    assert!(status == 0 && printed.starts_with("Shard 2/2: 2 row groups computed"), "{printed}{said}");
    assert!(at("out/config.toml").is_file() && !at("out/table.json").exists(), "the table is that of the merge");
    let (_, said, status) = run(dir.path(), "merge parts");
    assert!(status == 1 && said.contains("1 of 2 parts missing: 1/2"), "{said}");
    let other = |parts: &str| run(dir.path(), &format!("{line}s --parts {parts} --shard 1/2"));
    assert!(other("parts").1.contains("this part is of another job: model: model instead of models"));
    let (_, said, status) = other("others");
    assert!(status == 1 && said.contains("other settings: model is \"model\" there"), "the same --out: {said}");
    let (_, said, status) = shard("--shard 1/2 --fresh");
    assert!(status == 2 && said.contains("--fresh: other shards may have begun"), "{said}");
    assert_eq!(shard("--shard 1/2").2, 0);

    let (printed, said, status) = run(dir.path(), "merge parts");
    assert!(status == 0 && printed.contains("FlyingChairs, TV-L1 "), "{printed}{said}");
    assert_eq!(without_times(&at("out"), 2), without_times(&at("alone"), 2));
    assert_eq!(contents(&at("out")).keys().collect::<Vec<_>>(), contents(&at("alone")).keys().collect::<Vec<_>>());
    // With the rows of the shards, and their times, one machine writes the same bytes.
    let merged = tables(&at("out"));
    assert_eq!(run(dir.path(), line).2, 0);
    assert_eq!(tables(&at("out")), merged);

    fs::remove_file(at("out/1-dis/row.json")).unwrap();
    let (_, said, status) = run(dir.path(), "merge parts");
    assert!(status == 1 && said.contains("out/1-dis: its results are missing"), "{said}");
}

#[test]
fn trained_rows_in_shards_have_the_figures_of_one_machine_and_speeds_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    clips(dir.path(), &["clips/one/a.mp4", "clips/two/b.mp4"]);
    fs::write(at("list.csv"), "one/a.mp4,one\ntwo/b.mp4,two\n").unwrap();
    let line = "reproduce table1 --out out --device cpu --data clips --list list.csv --test-list list.csv --width 2 \
                --backbone squeezenet1-0 --frame-size 64x64 --views 1x1 --steps 1 --batch 1 --rows codec,spatial";
    let (_, said, status) = run(dir.path(), line);
    assert_eq!(status, 0, "{said}");
    fs::rename(at("out"), at("alone")).unwrap();

    let shard = |options: &str| run(dir.path(), &format!("{line} --parts parts {options}"));
    for number in [2, 1, 3] {
        let (printed, said, status) = shard(&format!("--shard {number}/3"));
        let groups = if number == 3 { "0 row groups" } else { "1 row group" };
        assert!(status == 0 && printed.contains(&format!("{groups} computed")), "{printed}{said}");
    }
    assert!(!at("out/table.json").exists() && !at("out/speed.json").exists());
    let (printed, said, status) = run(dir.path(), "merge parts");
    assert!(status == 0 && printed.contains("Codec vectors, two-stage "), "{printed}{said}");
    let [own, whole] = [at("out"), at("alone")].map(|folder| without_times(&folder, 1));
    assert_eq!(own, whole);
    let is_timed = |id: &str| own.rows.iter().any(|row| row.id == id && row.measured[1].is_some());
    assert!(is_timed("codec") && is_timed("spatial") && !is_timed("tvl1"));
    for name in ["codec/row.json", "spatial/row.json", "codec/scores/temporal.npy", "spatial/scores/spatial.npy"] {
        assert!(fs::read(at("out").join(name)).unwrap() == fs::read(at("alone").join(name)).unwrap(), "{name} differs");
    }
    assert_eq!(contents(&at("out")).keys().collect::<Vec<_>>(), contents(&at("alone")).keys().collect::<Vec<_>>());
    // With the rows of the shards, and their speeds, one machine writes the same bytes.
    let merged = (tables(&at("out")), fs::read(at("out/speed.json")).unwrap());
    let (_, said, status) = run(dir.path(), line);
    assert!(status == 0 && said.contains("already done"), "{said}");
    assert_eq!((tables(&at("out")), fs::read(at("out/speed.json")).unwrap()), merged);

    let (printed, said, status) =
        run(dir.path(), "submit slurm --array 5 --parts p --dry-run -- reproduce table4 --out out");
    assert!(status == 0 && printed.contains("#SBATCH --array=1-5\n"), "{printed}{said}");
}
