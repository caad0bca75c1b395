//! Training of flow networks against true flow: on generated pairs, resumed, saved, measured, refused.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use motionscope::data::flow_benchmarks::FlowDataset;
use motionscope::data::{DataSource, PairAugmentation, PairSource};
use motionscope::nets::{Architecture, HiddenTwoStream, MotionConfig};
use motionscope::sample::write_pairs;
use motionscope::training::losses::SupervisedLoss;
use motionscope::training::{Network, TrainingEvent, TrainingPlan};
use motionscope::video::Geometry;

use crate::training::{clips, parameters, train, train_until};

const FRAME: Geometry = Geometry { width: 64, height: 64 };

/// Generated pairs in the layout of FlyingChairs.
fn pairs(dir: &Path, name: &str, count: usize, seed: u64) -> DataSource {
    let root = dir.join(name);
    write_pairs(&root, count, Geometry { width: 80, height: 72 }, seed, &mut |_, _| {}).unwrap();
    DataSource::Pairs(PairSource { benchmark: FlowDataset::FlyingChairs, root })
}

fn plan(data: &DataSource, architecture: Architecture, run_dir: PathBuf) -> TrainingPlan {
    TrainingPlan {
        data: data.clone(),
        run_dir,
        supervised: Some(SupervisedLoss::Caffe),
        motion: MotionConfig { architecture, frames: 2, width: 2, ..MotionConfig::default() },
        frame: FRAME,
        crop: FRAME,
        batch: 2,
        steps: 4,
        warm_up: 1,
        checkpoint_every: 2,
        ..TrainingPlan::of(Network::Flow)
    }
}

fn trained(plan: &TrainingPlan) -> Vec<f32> {
    parameters(&HiddenTwoStream::load(&plan.run_dir.join("model"), &Device::flex()).unwrap().motion)
}

#[test]
fn a_supervised_run_is_measured_against_the_truth_and_resumes_to_the_same_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let (data, validation) = (pairs(dir.path(), "pairs", 6, 1), pairs(dir.path(), "unseen", 2, 2));
    let fresh = plan(&data, Architecture::FlowNetS, dir.path().join("start"));
    // Fresh weights are drawn from a generator that other tests draw from too.
    train(&TrainingPlan { steps: 1, ..fresh.clone() }).0.unwrap();
    let base = Some(fresh.run_dir.join("model"));
    let whole = TrainingPlan { validation: Some(validation), base, run_dir: dir.path().join("whole"), ..fresh };
    let (result, events) = train(&whole);
    result.unwrap();
    let names: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            TrainingEvent::Validation { name, value, .. } => Some((name.as_str(), value)),
            _ => None,
        })
        .map(|(name, value)| {
            assert!(value.is_finite() && *value > 0.0, "{name} {value}");
            name
        })
        .collect();
    assert_eq!(names[..2], ["relative end-point error", "end-point error"]);
    let terms = events.iter().find_map(|event| match event {
        TrainingEvent::Step(metrics) => Some(metrics.terms.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(terms.unwrap(), ["flow 3", "flow 4", "flow 5", "flow 6", "flow 7"], "a quarter to a 64th of the size");

    let interrupted = TrainingPlan { run_dir: dir.path().join("interrupted"), ..whole.clone() };
    train_until(&interrupted, 2).0.unwrap();
    train(&interrupted).0.unwrap();
    assert_eq!(trained(&interrupted), trained(&whole));
    let card = fs::read_to_string(whole.run_dir.join("model/model.toml")).unwrap();
    assert!(card.contains("architecture = \"flownet-s\"") && card.contains("supervised (caffe)"), "{card}");
}

#[test]
fn every_network_trains_resumes_and_earlier_networks_of_a_stack_can_be_frozen() {
    let dir = tempfile::tempdir().unwrap();
    let data = pairs(dir.path(), "pairs", 4, 1);
    for (number, architecture) in Architecture::ALL.into_iter().enumerate() {
        let start = TrainingPlan { steps: 1, ..plan(&data, architecture, dir.path().join(format!("start{number}"))) };
        train(&start).0.unwrap_or_else(|error| panic!("{architecture:?}: {error}"));
        let model = HiddenTwoStream::load(&start.run_dir.join("model"), &Device::flex()).unwrap();
        assert_eq!(model.card.motion.unwrap().config.architecture, architecture);
        // Fresh weights are drawn from a generator that other tests draw from too.
        let [whole, interrupted] = ["whole", "interrupted"].map(|name| TrainingPlan {
            base: Some(start.run_dir.join("model")),
            steps: 2,
            checkpoint_every: 1,
            run_dir: dir.path().join(format!("{name}{number}")),
            ..start.clone()
        });
        train(&whole).0.unwrap();
        train_until(&interrupted, 1).0.unwrap();
        train(&interrupted).0.unwrap();
        assert!(trained(&whole) == trained(&interrupted), "{architecture:?} resumes to the same numbers");
        assert!(trained(&whole) != trained(&start), "{architecture:?} learns");
    }
    let base = plan(&data, Architecture::FlowNet2Cs, dir.path().join("base"));
    train(&base).0.unwrap();
    let frozen = TrainingPlan {
        base: Some(base.run_dir.join("model")),
        freeze: vec!["flownetc".parse().unwrap()],
        ..plan(&data, Architecture::FlowNet2Cs, dir.path().join("frozen"))
    };
    train(&frozen).0.unwrap();
    let (before, after) = (trained(&base), trained(&frozen));
    let first = MotionConfig { architecture: Architecture::FlowNetC, frames: 2, width: 2, ..MotionConfig::default() };
    let first = first.parameters();
    assert_eq!(before[..first], after[..first], "FlowNetC stays as it is");
    assert_ne!(before[first..], after[first..], "FlowNetS is taught");
}

#[test]
fn next_flow_learns_flow_and_the_next_frames_of_clips() {
    let dir = tempfile::tempdir().unwrap();
    let data = pairs(dir.path(), "pairs", 2, 1);
    let clips = clips(dir.path(), 1, 2);
    let start = plan(&data, Architecture::NextFlow, dir.path().join("start"));
    train(&TrainingPlan { steps: 1, ..start.clone() }).0.unwrap();
    let with = |name: &str, next_frames: Option<&DataSource>| TrainingPlan {
        base: Some(start.run_dir.join("model")),
        next_frames: next_frames.cloned(),
        run_dir: dir.path().join(name),
        ..start.clone()
    };
    let (whole, interrupted) = (with("whole", Some(&clips)), with("interrupted", Some(&clips)));
    let (result, events) = train(&whole);
    result.unwrap();
    let step = events.iter().find_map(|event| match event {
        TrainingEvent::Step(metrics) => Some(metrics.clone()),
        _ => None,
    });
    let names: Vec<String> = step.unwrap().terms.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, ["next frame", "flow 3", "flow 4", "flow 5", "flow 6", "flow 7"]);
    train_until(&interrupted, 2).0.unwrap();
    train(&interrupted).0.unwrap();
    assert!(trained(&interrupted) == trained(&whole), "a resumed run sees the same frames");
    let plain = with("plain", None);
    train(&plain).0.unwrap();
    // The last layer predicts the finest frame, on which no flow depends.
    let last = |plan: &TrainingPlan| {
        let mut all = trained(plan);
        all.split_off(all.len() - (9 * (2 * 2 + 2 + 5) * 3 + 3))
    };
    let before = last(&TrainingPlan { run_dir: start.run_dir.clone(), ..plain.clone() });
    assert!(last(&plain) == before && last(&whole) != before);

    let other = plan(&data, Architecture::FlowNetS, dir.path().join("other"));
    let error = train(&TrainingPlan { next_frames: Some(clips.clone()), ..other }).0.unwrap_err();
    assert_eq!(error.cause, "only NextFlow learns the next frame, beside true flow");
    let single = TrainingPlan { batch: 1, ..with("single", Some(&clips)) };
    assert_eq!(single.check().unwrap_err().cause, "next frames are every second sample");
}

#[test]
fn a_run_with_the_published_augmentation_resumes_to_the_same_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let data = pairs(dir.path(), "pairs", 3, 1);
    let start = plan(&data, Architecture::FlowNetS, dir.path().join("start"));
    train(&start).0.unwrap();
    let with = |name: &str, augmentation| {
        let base = Some(start.run_dir.join("model"));
        TrainingPlan {
            run_dir: dir.path().join(name),
            base,
            steps: 2,
            checkpoint_every: 1,
            augmentation,
            ..start.clone()
        }
    };
    let whole = with("whole", PairAugmentation::Published);
    let interrupted = with("interrupted", PairAugmentation::Published);
    let plain = with("plain", PairAugmentation::None);
    [&whole, &plain].iter().for_each(|plan| train(plan).0.unwrap());
    train_until(&interrupted, 1).0.unwrap();
    train(&interrupted).0.unwrap();
    assert!(trained(&interrupted) == trained(&whole), "a resumed run sees the same pairs");
    assert!(trained(&plain) != trained(&whole), "the pairs are changed");
    let clips = TrainingPlan { supervised: None, data: DataSource::Folder("clips".into()), ..whole };
    assert_eq!(clips.check().unwrap_err().cause, "the augmentation is of pairs with true flow");
}

#[test]
fn a_stack_starts_from_the_networks_before_it_and_refuses_others() {
    let dir = tempfile::tempdir().unwrap();
    let data = pairs(dir.path(), "pairs", 2, 1);
    let first = TrainingPlan { steps: 1, ..plan(&data, Architecture::FlowNetC, dir.path().join("first")) };
    train(&first).0.unwrap();
    let stack = |width: usize, architecture| {
        let parts = vec![first.run_dir.join("model")];
        let plan = plan(&data, architecture, dir.path().join("stack"));
        let motion = MotionConfig { width, ..plan.motion.clone() };
        TrainingPlan { steps: 1, parts, motion, freeze: vec!["flownetc".parse().unwrap()], ..plan }
    };
    let wider = train(&stack(3, Architecture::FlowNet2Cs)).0.unwrap_err();
    assert_eq!(wider.cause, "FlowNetC has a width of 2, not 3 as the stack");
    let itself = TrainingPlan { parts: vec![dir.path().join("stack/model")], ..stack(2, Architecture::FlowNet2Cs) };
    train(&stack(2, Architecture::FlowNet2Cs)).0.unwrap();
    let (before, after) = (trained(&first), trained(&itself));
    assert_eq!(before[..], after[..before.len()]);
    let itself = TrainingPlan { run_dir: dir.path().join("again"), ..itself };
    assert_eq!(train(&itself).0.unwrap_err().cause, "FlowNet2-CS is no part of FlowNet2-CS");
}

#[test]
fn what_true_flow_cannot_teach_is_refused() {
    let pairs = DataSource::Pairs(PairSource { benchmark: FlowDataset::FlyingChairs, root: "pairs".into() });
    let good = plan(&pairs, Architecture::FlowNetS, "run".into());
    good.check().unwrap();
    let clips = DataSource::Folder("clips".into());
    for (plan, cause) in [
        (TrainingPlan { data: clips.clone(), ..good.clone() }, "clips have no true flow"),
        (TrainingPlan { validation: Some(clips), ..good.clone() }, "the validation clips have no true flow"),
        (TrainingPlan { supervised: None, ..good.clone() }, "pairs with true flow are for it alone"),
        (TrainingPlan { network: Network::Spatial, ..good.clone() }, "it is for flow alone"),
        (TrainingPlan { network: Network::Joint, base: Some("model".into()), ..good.clone() }, "it is for flow alone"),
        (TrainingPlan { parts: vec!["model".into()], ..good.clone() }, "FlowNetS is no stack of networks"),
        (TrainingPlan { max_stride: 2, ..good.clone() }, "true flow is of neighbouring frames"),
        (
            TrainingPlan {
                crop: Geometry { width: 96, height: 64 },
                frame: Geometry { width: 96, height: 64 },
                ..good
            },
            "96×64 leaves too few pixels at the coarsest flow level",
        ),
    ] {
        assert_eq!(plan.check().unwrap_err().cause, cause);
    }
    let empty = tempfile::tempdir().unwrap();
    let none = DataSource::Pairs(PairSource { benchmark: FlowDataset::SintelClean, root: empty.path().into() });
    let error = train(&plan(&none, Architecture::FlowNetS, empty.path().join("run"))).0.unwrap_err();
    assert_eq!(error.cause, "no pair of MPI-Sintel clean is found here");
}

#[test]
fn crops_that_are_no_multiple_of_64_are_refused_and_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let data = pairs(dir.path(), "pairs", 2, 1);
    let frame = Geometry { width: 96, height: 64 };
    for architecture in Architecture::ALL.into_iter().filter(|architecture| architecture.is_supervised()) {
        let plan = plan(&data, architecture, dir.path().join("run"));
        let error = train(&TrainingPlan { frame, crop: frame, ..plan.clone() }).0.unwrap_err();
        assert_eq!(error.cause, "96×64 leaves too few pixels at the coarsest flow level", "{architecture:?}");
        assert_eq!(error.remedy, format!("Use multiples of 64 from 64 on for this {}", architecture.title()));
        assert!(!plan.run_dir.exists());
    }
}
