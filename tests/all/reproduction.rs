//! The paper's tables in miniature: trained, evaluated, fused, timed; interrupted and gone on with; refused.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use motionscope::data::DataSource;
use motionscope::error::Result;
use motionscope::flow::FlowField;
use motionscope::flow::files::write_flo;
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::nets::{Backbone, HiddenTwoStream};
use motionscope::reproduction::{
    Ending, Lists, PaperTable, ReproductionEvent, ReproductionScale, ReproductionSettings, ReproductionTable, reproduce,
};
use motionscope::training::{TrainingControl, TrainingEvent};
use motionscope::video::Geometry;

use crate::cli::{code, motionscope, text, untrained_model};
use crate::training::{clips, parameters};

fn miniature(table: PaperTable, data: &DataSource) -> ReproductionSettings {
    ReproductionSettings {
        width: 2,
        backbone: Backbone::SqueezeNet,
        frame: Geometry { width: 64, height: 64 },
        views: "1x1".into(),
        flow_steps: 2,
        steps: 2,
        batch: 2,
        data: Some(Lists { train: data.clone(), test: data.clone() }),
        ..ReproductionSettings::of(table, ReproductionScale::Tiny)
    }
}

/// The outcome and the events in words: `row NAME`, `kept NAME`, `step`.
fn run(
    settings: &ReproductionSettings,
    dir: &Path,
    control: &TrainingControl,
    stop_at: &str,
) -> (Result<(ReproductionTable, Ending)>, Vec<String>) {
    run_rows(settings, dir, &[], control, stop_at)
}

/// The same of chosen rows.
fn run_rows(
    settings: &ReproductionSettings,
    dir: &Path,
    rows: &[&str],
    control: &TrainingControl,
    stop_at: &str,
) -> (Result<(ReproductionTable, Ending)>, Vec<String>) {
    let rows: Vec<String> = rows.iter().map(|&row| row.to_owned()).collect();
    let mut events = Vec::new();
    let compute = choose(DeviceChoice::Cpu).unwrap();
    let outcome = reproduce(settings, dir, false, &rows, &compute, control, &mut |event| {
        match event {
            ReproductionEvent::Row { name, .. } => events.push(format!("row {name}")),
            ReproductionEvent::Kept(name) => events.push(format!("kept {name}")),
            ReproductionEvent::Failed { name, error } => events.push(format!("failed {name}: {error}")),
            ReproductionEvent::Training(TrainingEvent::Step(_)) => events.push("step".into()),
            _ => {}
        }
        if events.last().is_some_and(|last| last == stop_at) {
            control.stop();
        }
    });
    (outcome, events)
}

fn count(events: &[String], prefix: &str) -> usize {
    events.iter().filter(|event| event.starts_with(prefix)).count()
}

#[test]
fn table_1_resumes_row_by_row_and_refuses_other_settings() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let settings = miniature(PaperTable::Table1, &data);
    let out = dir.path().join("out");

    let (stopped, events) = run(&settings, &out, &TrainingControl::default(), "step");
    let (table, ending) = stopped.unwrap();
    assert_eq!((ending, count(&events, "row"), count(&events, "step")), (Ending::Stopped, 1, 1), "{events:?}");
    assert!(table.rows.iter().all(|row| row.missing.as_deref() == Some("not evaluated yet")));
    assert!(out.join("tvl1/run/checkpoint/progress.toml").is_file(), "the training was saved");

    let (finished, events) = run(&settings, &out, &TrainingControl::default(), "");
    let (table, ending) = finished.unwrap();
    assert_eq!(ending, Ending::Complete, "{events:?}");
    // Eight trainings of two steps, of which one was made before; MotionNet is trained once for all.
    assert_eq!((count(&events, "row"), count(&events, "step")), (10, 2 * 8 - 1), "{events:?}");
    let ids: Vec<_> = table.rows.iter().map(|row| row.id.as_str()).collect();
    let expected = ["tvl1", "motionnet-stored", "codec", "spatial", "stacked-a", "stacked-b", "stacked-c"];
    assert_eq!((&ids[..7], &ids[7..]), (&expected[..], &["hidden-a", "hidden-b", "hidden-c"][..]));
    for row in &table.rows {
        let [Some(accuracy), Some(fps), Some(millions), Some(megabytes)] = row.measured[..] else { panic!("{row:?}") };
        assert!(millions > 0.1 && (megabytes - 4.0 * millions).abs() < 1e-9, "{row:?}");
        assert!([0.0, 25.0, 50.0, 75.0, 100.0].contains(&accuracy) && fps > 0.0, "{row:?}");
        assert_eq!(row.device.as_ref(), Some(&table.device), "the CPU computes everything");
    }
    assert_eq!(table.rows[9].published, [Some(89.82), Some(120.48), None, None]);
    let millions = |row: usize| table.rows[row].measured[2].unwrap();
    assert!((millions(9) - millions(3) - millions(6)).abs() < 1e-9, "the spatial stream and the stacked stream (c)");
    assert!(millions(4) > millions(0), "MotionNet counts where its flow is read, and TV-L1 has no parameters");
    assert!(fs::read_to_string(out.join("table.md")).unwrap().contains("| Hidden two-stream (c) |"));

    fs::remove_file(out.join("spatial/row.json")).unwrap();
    let (again, events) = run(&settings, &out, &TrainingControl::default(), "");
    assert_eq!((count(&events, "row"), count(&events, "kept"), count(&events, "step")), (1, 9, 0), "{events:?}");
    let accuracies = |table: &ReproductionTable| table.rows.iter().map(|row| row.measured[0]).collect::<Vec<_>>();
    assert_eq!(accuracies(&again.unwrap().0), accuracies(&table));
    let (kept, events) = run(&settings, &out, &TrainingControl::default(), "");
    assert_eq!((count(&events, "kept"), events.len()), (10, 10));
    let json = fs::read_to_string(out.join("table.json")).unwrap();
    assert_eq!(serde_json::from_str::<ReproductionTable>(&json).unwrap(), kept.unwrap().0);

    let other = ReproductionSettings { seed: 5, ..settings };
    let error = run(&other, &out, &TrainingControl::default(), "").0.unwrap_err();
    assert!(error.cause.contains("seed is 1 there, 5 now"), "{error}");
}

#[test]
fn flow_networks_of_other_systems_are_taught_true_flow_before_their_streams() {
    let dir = tempfile::tempdir().unwrap();
    let settings = ReproductionSettings {
        rivals: true,
        flow_steps: 1,
        steps: 1,
        ..miniature(PaperTable::Table1, &clips(dir.path(), 2, 1))
    };
    let (out, rows) = (dir.path().join("out"), ["flownet2", "nextflow"]);
    let (stopped, _) = run_rows(&settings, &out, &rows, &TrainingControl::default(), "step");
    assert_eq!(stopped.unwrap().1, Ending::Stopped);
    let (outcome, events) = run_rows(&settings, &out, &rows, &TrainingControl::default(), "");
    let (table, ending) = outcome.unwrap();
    // Five networks of FlowNet2, of which the first was taught before, NextFlow, and two streams.
    assert_eq!((ending, count(&events, "step")), (Ending::Complete, 7), "{events:?}");
    let row = |id: &str| table.rows.iter().find(|row| row.id == id).unwrap();
    for id in rows {
        assert!(row(id).measured.iter().all(Option::is_some) && row(id).standard_error.is_some(), "{:?}", row(id));
    }
    assert_eq!((row("flownet2").published[0], row("nextflow").published[1]), (Some(79.64), Some(42.02)));
    assert!(row("flownet2").measured[2] > row("nextflow").measured[2], "five networks have more parameters than one");
    assert_eq!(row("flownet").missing.as_deref(), Some("not evaluated yet"));

    let motion = |name: &str| {
        let model = out.join("flownet2").join(name).join("model");
        parameters(&HiddenTwoStream::load(&model, &Device::flex()).unwrap().motion)
    };
    let (first, second, whole) = (motion("flownet-c"), motion("flownet2-cs"), motion("motion"));
    assert_eq!((&second[..first.len()], &whole[..second.len()]), (&first[..], &second[..]), "each network stays");

    let paper = ReproductionSettings { scale: ReproductionScale::Paper, ..settings };
    let out = dir.path().join("paper");
    let (outcome, events) = run_rows(&paper, &out, &[], &TrainingControl::default(), "step");
    let error = outcome.unwrap_err();
    assert!(error.remedy.contains("--pairs FlyingChairs") && error.cause.contains("flownet"), "{error}");
    assert!(events.is_empty() && !out.exists(), "before anything is trained: {events:?}");
}

#[test]
fn a_row_of_rgb_differences_has_the_parameters_of_its_stream_alone() {
    let dir = tempfile::tempdir().unwrap();
    let settings = miniature(PaperTable::Table4, &clips(dir.path(), 2, 1));
    let out = dir.path().join("out");
    let (outcome, events) = run_rows(&settings, &out, &["rgb-difference"], &TrainingControl::default(), "");
    let (table, _) = outcome.unwrap();
    let row = table.rows.iter().find(|row| row.id == "rgb-difference").unwrap();
    let model = HiddenTwoStream::load(&out.join("rgb-difference/run/model"), &Device::flex()).unwrap();
    let millions = model.temporal.unwrap().parameters() as f64 / 1e6;
    assert!(row.measured.iter().flatten().any(|value| (value - millions).abs() < 1e-9), "{row:?} {events:?}");
}

#[test]
fn a_linear_svm_reads_the_network_that_the_row_of_c3d_trains() {
    let dir = tempfile::tempdir().unwrap();
    let small = ReproductionSettings { steps: 1, batch: 1, ..miniature(PaperTable::Table4, &clips(dir.path(), 2, 1)) };
    let out = dir.path().join("out");
    let (stopped, events) = run_rows(&small, &out, &["c3d-svm"], &TrainingControl::default(), "step");
    assert_eq!((stopped.unwrap().1, count(&events, "step")), (Ending::Stopped, 1), "{events:?}");
    let (outcome, events) = run_rows(&small, &out, &["c3d-svm"], &TrainingControl::default(), "");
    let (table, ending) = outcome.unwrap();
    assert_eq!((ending, count(&events, "step")), (Ending::Complete, 0), "the training is resumed: {events:?}");
    let row = table.rows.iter().find(|row| row.id == "c3d-svm").unwrap();
    let [Some(accuracy), Some(fps), Some(millions), _] = row.measured[..] else { panic!("{row:?} {events:?}") };
    assert!([0.0, 50.0, 100.0].contains(&accuracy) && fps > 0.0 && row.published[0] == Some(82.3), "{row:?}");
    let network = HiddenTwoStream::load(&out.join("c3d/run/model"), &Device::flex()).unwrap().spatial.unwrap();
    let head = (4096 * 4096 + 4096) + (4096 * 2 + 2); // fc7 and fc8
    let expected = (network.parameters() - head + 2 * (4096 + 1)) as f64 / 1e6;
    assert!((millions - expected).abs() < 1e-9, "{millions} instead of {expected}");
}

/// Every switch of MotionNet, among them the one that quarters the size of its flow.
#[test]
fn table_2_trains_every_ablation_and_a_failing_row_leaves_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let frame = Geometry { width: 128, height: 128 };
    let settings = ReproductionSettings {
        flow_steps: 1,
        steps: 1,
        frame,
        ..miniature(PaperTable::Table2, &clips(dir.path(), 2, 1))
    };
    let out = dir.path().join("out");
    fs::create_dir_all(&out).unwrap();
    fs::write(out.join("no-cdc"), "in the way").unwrap();
    let (outcome, events) = run(&settings, &out, &TrainingControl::default(), "");
    let (table, ending) = outcome.unwrap();
    assert_eq!((ending, table.rows.len(), count(&events, "failed")), (Ending::SomeMissing, 7, 1), "{events:?}");
    for row in &table.rows {
        let complete = row.measured.iter().all(Option::is_some);
        assert_eq!((complete, row.missing.is_none()), (row.id != "no-cdc", row.id != "no-cdc"), "{row:?}");
        assert!(row.published[0].is_some_and(|accuracy| accuracy > 77.0), "{row:?}");
    }
    fs::remove_file(out.join("no-cdc")).unwrap();
    let (outcome, events) = run(&settings, &out, &TrainingControl::default(), "");
    assert_eq!((outcome.unwrap().1, count(&events, "row")), (Ending::Complete, 1), "{events:?}");
}

#[test]
fn table_3_is_typed_and_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    let picture = image::RgbImage::from_fn(70, 64, |x, y| image::Rgb([(x * y) as u8, x as u8, y as u8]));
    for name in ["img1", "img2"] {
        picture.save(dir.path().join(format!("00001_{name}.ppm"))).unwrap();
    }
    let still = FlowField::new(70, 64, vec![[0.0; 2]; 70 * 64]);
    write_flo(&dir.path().join("00001_flow.flo"), &still).unwrap();
    let typed = |rest: &str| {
        let out = if rest.contains("--out") { "" } else { "--out out" };
        let line = format!("reproduce table3 {out} --device cpu --flow-root flyingchairs=. {rest}");
        motionscope(dir.path(), &line.split_whitespace().collect::<Vec<_>>())
    };
    let broken = typed("--model nowhere");
    let said = text(&broken.stdout);
    assert_eq!(code(&broken), 1, "{said}{}", text(&broken.stderr));
    assert!(said.contains("FlyingChairs, MotionNet: nowhere/model.toml: no such file"), "{said}");
    assert!(said.lines().any(|line| line.starts_with("FlyingChairs, TV-L1 ") && line.contains(" 0.00 ")), "{said}");

    let refused = typed("--model model");
    assert!(code(&refused) == 1 && text(&refused.stderr).contains("nowhere"), "{}", text(&refused.stderr));
    let fresh = typed("--model model --fresh");
    assert_eq!(code(&fresh), 0, "{}", text(&fresh.stderr));
    assert_eq!(fs::read_to_string(dir.path().join("out/table.csv")).unwrap().lines().count(), 6);
    let rivals = typed("--model model --out rivals --rivals --pairs . --width 2 --flow-steps 1 --batch 1");
    let said = text(&rivals.stdout);
    assert_eq!(code(&rivals), 0, "{said}{}", text(&rivals.stderr));
    assert!(said.lines().any(|line| line.starts_with("FlyingChairs, FlowNet2 ")), "{said}");
    for wrong in
        ["reproduce table3", "reproduce table1 --frame-size 16x16", "reproduce table5", "reproduce table1 --list a"]
    {
        let output = motionscope(dir.path(), &wrong.split(' ').collect::<Vec<_>>());
        assert_eq!(code(&output), 2, "{wrong}: {}", text(&output.stderr));
    }
}
