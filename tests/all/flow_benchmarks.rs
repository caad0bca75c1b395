//! The layouts of the flow benchmarks, small and generated, broken, and real where they are at hand.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use image::{GrayImage, Luma, Rgb, RgbImage};
use motionscope::error::{Error, Result};
use motionscope::evaluation::flow_benchmarks::{FlowDataset, Occlusion};
use motionscope::evaluation::{FlowReport, evaluate_flow};
use motionscope::flow::{FlowEstimator, FlowField, ZeroFlow, files};
use serde_json::Value;
use tempfile::TempDir;

use crate::shared;

/// Size of the generated pictures.
const SIZE: [usize; 2] = [6, 4];

/// A benchmark that is being made.
struct Root(TempDir);

impl Root {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, rel: &str) -> PathBuf {
        self.0.path().join(rel)
    }

    fn place(&self, rel: &str) -> PathBuf {
        fs::create_dir_all(self.at(rel).parent().unwrap()).unwrap();
        self.at(rel)
    }

    fn pictures(&self, names: &[&str]) {
        for name in names {
            RgbImage::from_pixel(6, 4, Rgb([90, 120, 30])).save(self.place(name)).unwrap();
        }
    }

    /// A mask whose first `white` pixels are white.
    fn mask(&self, rel: &str, white: u32) {
        let pixel = |x, y| Luma([if y * 6 + x < white { 255 } else { 0 }]);
        GrayImage::from_fn(6, 4, pixel).save(self.place(rel)).unwrap();
    }

    /// A flow of (u, 0) everywhere but at the first `unknown` pixels.
    fn flow(&self, rel: &str, u: f32, unknown: usize) {
        let uv = (0..24).map(|i| if i < unknown { FlowField::UNKNOWN } else { [u, 0.0] }).collect();
        files::write(&self.place(rel), &FlowField::new(SIZE[0], SIZE[1], uv)).unwrap();
    }

    fn evaluate(&self, dataset: FlowDataset) -> FlowReport {
        evaluate(dataset, self.0.path(), &mut ZeroFlow).unwrap()
    }
}

fn evaluate(dataset: FlowDataset, root: &Path, estimator: &mut dyn FlowEstimator) -> Result<FlowReport> {
    evaluate_flow(dataset, &dataset.pairs(root)?, estimator, &mut |_| ControlFlow::Continue(()))
}

fn names(report: &FlowReport) -> Vec<&str> {
    report.pairs.iter().map(|pair| pair.name.as_str()).collect()
}

#[test]
fn middlebury_has_scenes_with_and_without_truth() {
    let root = Root::new();
    for scene in ["Walking", "Grove2", "Empty"] {
        root.pictures(&[&format!("other-data/{scene}/frame10.png"), &format!("other-data/{scene}/frame11.png")]);
    }
    fs::remove_file(root.at("other-data/Empty/frame10.png")).unwrap();
    root.flow("other-gt-flow/Grove2/flow10.flo", 2.0, 3);
    for folder in ["", "other-data"] {
        let report = evaluate(FlowDataset::Middlebury, &root.at(folder), &mut ZeroFlow).unwrap();
        assert_eq!(names(&report), ["Grove2", "Walking"]);
        let errors = report.pairs[0].errors.unwrap();
        assert!((errors.all.epe, errors.all.pixels) == (2.0, 21) && errors.matched.is_none());
        assert!(report.pairs[1].errors.is_none() && report.pairs[1].zero_epe.is_none());
        assert_eq!((report.mean.pairs, report.mean.errors, report.mean.zero_epe), (1, Some(errors), Some(2.0)));
    }
}

#[test]
fn sintel_has_passes_occlusions_and_invalid_pixels() {
    let root = Root::new();
    for pass in ["clean", "final"] {
        let frame = |sequence: &str, i: usize| format!("training/{pass}/{sequence}/frame_{i:04}.png");
        root.pictures(&[1, 2, 3].map(|i| frame("alley", i)).each_ref().map(String::as_str));
        root.pictures(&[&frame("bamboo", 1), &frame("bamboo", 2)]);
    }
    root.flow("training/flow/alley/frame_0002.flo", 4.0, 0);
    root.mask("training/occlusions/alley/frame_0002.png", 10);
    root.mask("training/invalid/alley/frame_0002.png", 4);
    for (dataset, folder) in [(FlowDataset::SintelClean, ""), (FlowDataset::SintelFinal, "training")] {
        let pairs = dataset.pairs(&root.at(folder)).unwrap();
        assert!(
            pairs[1].second.ends_with("alley/frame_0003.png") && matches!(pairs[1].occlusion, Some(Occlusion::Mask(_)))
        );
        let report = evaluate(dataset, &root.at(folder), &mut ZeroFlow).unwrap();
        assert_eq!(names(&report), ["alley/frame_0001", "alley/frame_0002", "bamboo/frame_0001"]);
        let errors = report.pairs[1].errors.unwrap();
        let pixels = [Some(errors.all), errors.matched, errors.unmatched].map(|region| region.unwrap().pixels);
        assert_eq!(pixels, [20, 14, 6]);
        assert!(errors.all.fl == 1.0 && errors.all.epe == 4.0);
    }
}

#[test]
fn kitti_matches_what_stays_visible() {
    for (dataset, camera) in [
        (FlowDataset::Kitti2012, "image_0"),
        (FlowDataset::Kitti2012, "colored_0"),
        (FlowDataset::Kitti2015, "image_2"),
    ] {
        let root = Root::new();
        for drive in ["000000", "000001"] {
            let picture = |i: usize| format!("training/{camera}/{drive}_{i}.png");
            root.pictures(&[&picture(10), &picture(11), &picture(12)]);
        }
        root.flow("training/flow_occ/000000_10.png", 1.0, 4);
        root.flow("training/flow_noc/000000_10.png", 1.0, 9);
        root.flow("training/flow_occ/000001_10.png", -8.0, 0);
        let report = root.evaluate(dataset);
        assert_eq!(names(&report), ["000000", "000001"]);
        let errors = report.pairs[0].errors.unwrap();
        let pixels = [Some(errors.all), errors.matched, errors.unmatched].map(|region| region.unwrap().pixels);
        assert_eq!(pixels, [20, 15, 5]);
        assert!(report.pairs[1].errors.unwrap().matched.is_none());
        let mean = report.mean.errors.unwrap();
        assert_eq!((mean.all.epe, mean.all.pixels), (4.5, 44));
        assert!((mean.all.fl - 24.0 / 44.0).abs() < 1e-12, "outliers of all pixels together");
    }
}

/// A method without flow on the right half of the pictures.
struct LeftHalf;

impl FlowEstimator for LeftHalf {
    fn name(&self) -> String {
        "left half".into()
    }

    fn estimate(&mut self, first: &RgbImage, second: &RgbImage) -> Result<FlowField> {
        let mut flow = ZeroFlow.estimate(first, second)?;
        let width = flow.width;
        let right = flow.uv.iter_mut().enumerate().filter(|(i, _)| i % width >= width / 2);
        right.for_each(|(_, uv)| *uv = FlowField::UNKNOWN);
        Ok(flow)
    }
}

#[test]
fn where_a_method_gives_no_flow_counts_as_no_motion_and_as_an_outlier() {
    let root = Root::new();
    root.pictures(&["other-data/Grove2/frame10.png", "other-data/Grove2/frame11.png"]);
    root.flow("other-gt-flow/Grove2/flow10.flo", 2.0, 0);
    let errors = evaluate(FlowDataset::Middlebury, &root.at(""), &mut LeftHalf).unwrap().pairs[0].errors.unwrap().all;
    assert_eq!((errors.epe, errors.pixels), (2.0, 24), "as zero flow");
    assert_eq!((errors.fl, errors.density), (0.5, 0.5), "2 px alone would be no outlier");
}

#[test]
fn flying_chairs_are_numbered() {
    let root = Root::new();
    root.pictures(&["data/00002_img1.ppm", "data/00002_img2.ppm", "data/00001_img1.ppm", "data/00001_img2.ppm"]);
    root.flow("data/00001_flow.flo", 1.0, 0);
    let report = root.evaluate(FlowDataset::FlyingChairs);
    assert_eq!(names(&report), ["00001", "00002"]);
    assert_eq!(
        names(&evaluate(FlowDataset::FlyingChairs, &root.at("data"), &mut ZeroFlow).unwrap()),
        ["00001", "00002"]
    );
    assert_eq!(report.mean.zero_epe, Some(1.0));
}

#[test]
fn a_wrong_folder_is_told_what_was_expected() {
    let root = Root::new();
    fs::create_dir_all(root.at("training/image_2")).unwrap();
    for (dataset, layout) in [
        (FlowDataset::Middlebury, "other-data"),
        (FlowDataset::SintelClean, "training/clean"),
        (FlowDataset::SintelFinal, "training/final"),
        (FlowDataset::Kitti2012, "colored_0"),
        (FlowDataset::Kitti2015, "image_2"),
        (FlowDataset::FlyingChairs, "_img1.ppm"),
    ] {
        let error = dataset.pairs(root.0.path()).unwrap_err();
        assert!(error.subject == root.0.path().display().to_string() && error.remedy.contains(layout), "{error}");
        assert!(dataset.pairs(&root.at("missing")).is_err());
    }
}

#[test]
fn broken_pairs_are_named_and_left_out() {
    let root = Root::new();
    for i in 1..=7 {
        root.pictures(&[&format!("{i:05}_img1.ppm"), &format!("{i:05}_img2.ppm")]);
        root.flow(&format!("{i:05}_flow.flo"), 1.0, 0);
    }
    fs::remove_file(root.at("00001_img2.ppm")).unwrap();
    RgbImage::new(5, 4).save(root.at("00002_img2.ppm")).unwrap();
    fs::write(root.at("00003_img1.ppm"), "P6 6 4 255\nshort").unwrap();
    files::write(&root.at("00004_flow.flo"), &FlowField::new(4, 6, vec![[0.0; 2]; 24])).unwrap();
    root.flow("00005_flow.flo", f32::NAN, 0);
    for name in ["00006_img1.ppm", "00006_img2.ppm"] {
        RgbImage::new(1, 1).save(root.at(name)).unwrap();
    }
    files::write(&root.at("00006_flow.flo"), &FlowField::new(1, 1, vec![[3.0, 4.0]])).unwrap();
    let report = root.evaluate(FlowDataset::FlyingChairs);
    assert_eq!(names(&report), ["00005", "00006", "00007"]);
    let named = ["00001_img2.ppm", "00002_img2.ppm: 5×4", "00003_img1.ppm", "00004_flow.flo: 4×6"];
    assert!(report.failures.len() == 4 && report.failures.iter().zip(named).all(|(f, n)| f.contains(n)), "{report:?}");
    assert!(report.pairs[0].errors.is_none(), "no pixel of the truth is known");
    assert_eq!((report.mean.pairs, report.mean.zero_epe), (2, Some(3.0)));

    struct Broken;
    impl FlowEstimator for Broken {
        fn name(&self) -> String {
            "broken".into()
        }
        fn estimate(&mut self, _: &RgbImage, _: &RgbImage) -> Result<FlowField> {
            Err(Error::new("device", "lost", "Restart"))
        }
    }
    assert!(evaluate(FlowDataset::FlyingChairs, root.0.path(), &mut Broken).is_err());
    let pairs = FlowDataset::FlyingChairs.pairs(root.0.path()).unwrap();
    let mut seen = 0;
    let mut stop = |_: std::result::Result<&_, &_>| {
        seen += 1;
        if seen == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let report = evaluate_flow(FlowDataset::FlyingChairs, &pairs, &mut ZeroFlow, &mut stop).unwrap();
    assert_eq!((report.pairs.len(), report.failures.len()), (1, 4), "stopped after the fifth");
}

#[test]
fn reports_hold_every_figure() {
    let root = Root::new();
    let drive = ["training/image_2/000000_10.png", "training/image_2/000000_11.png"];
    root.pictures(&drive);
    root.pictures(&["training/image_2/000001_10.png", "training/image_2/000001_11.png"]);
    root.flow("training/flow_occ/000000_10.png", 4.0, 4);
    root.flow("training/flow_noc/000000_10.png", 4.0, 9);
    let report = root.evaluate(FlowDataset::Kitti2015);
    report.write_json(&root.at("report.json")).unwrap();
    let json: Value = serde_json::from_slice(&fs::read(root.at("report.json")).unwrap()).unwrap();
    assert_eq!((&json["dataset"], &json["method"]), (&"kitti2015".into(), &"zero flow".into()));
    assert_eq!(json["pairs"][0]["errors"]["matched"]["pixels"], 15);
    assert_eq!(json["mean"]["errors"]["all"]["epe"], 4.0);
    assert!(json["pairs"][1]["errors"].is_null() && json["pairs"][0]["ms"].as_f64().unwrap() >= 0.0);

    report.write_csv(&root.at("report.csv")).unwrap();
    let csv = fs::read_to_string(root.at("report.csv")).unwrap();
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert!(rows.len() == 4 && rows.iter().all(|row| row.len() == rows[0].len()), "{csv}");
    let cell = |row: usize, name: &str| rows[row][rows[0].iter().position(|column| *column == name).unwrap()];
    assert_eq!((cell(1, "pair"), cell(1, "epe"), cell(1, "fl_percent")), ("000000", "4.0000", "100.0000"));
    assert_eq!((cell(1, "density_percent"), cell(1, "matched_density_percent")), ("100.0000", "100.0000"));
    assert_eq!((cell(1, "unmatched_pixels"), cell(2, "epe"), cell(3, "pair")), ("5", "", "mean"));
    let other = FlowReport { method: "other, with a comma".into(), ..report.clone() };
    FlowReport::write_table(&[report.clone(), other], &root.at("table.csv")).unwrap();
    let table = fs::read_to_string(root.at("table.csv")).unwrap();
    assert_eq!(table.lines().count(), 7, "{table}");
    assert_eq!(table.lines().next(), Some(format!("method,{}", csv.lines().next().unwrap()).as_str()));
    assert_eq!(table.lines().last(), Some(format!("\"other, with a comma\",{}", csv.lines().last().unwrap()).as_str()));
    assert!(report.write_csv(&root.at("missing/report.csv")).is_err());
}

#[test]
fn real_benchmarks_are_read() {
    for (dataset, folder, pairs, truths) in [
        (FlowDataset::Middlebury, "middlebury", 9, 5),
        (FlowDataset::SintelClean, "sintel", 3, 1),
        (FlowDataset::SintelFinal, "sintel", 3, 1),
        (FlowDataset::Kitti2015, "kitti2015", 1, 1),
        (FlowDataset::FlyingChairs, "flyingchairs", 9, 9),
    ] {
        let Some(root) = shared::data(&format!("data/flow/{folder}")) else { return };
        let report = evaluate(dataset, &root, &mut ZeroFlow).unwrap();
        assert!(report.failures.is_empty(), "{:?}", report.failures);
        let mean = &report.mean;
        assert!(report.pairs.len() >= pairs && mean.pairs >= truths, "{dataset:?}: {mean:?}");
        let errors = mean.errors.unwrap();
        assert_eq!(mean.zero_epe, Some(errors.all.epe), "the method is zero flow itself");
        assert!((0.5..100.0).contains(&errors.all.epe) && errors.all.pixels > 10_000, "{dataset:?}: {errors:?}");
        assert_eq!(errors.matched.is_some(), folder == "sintel", "{dataset:?}");
        println!("{dataset:?}: {} pairs, {errors:?}", report.pairs.len());
    }
}
