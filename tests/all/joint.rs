//! Networks for flow and action: trained, resumed, kept, measured and followed live like the others.

use std::iter::repeat_with;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use burn::tensor::Device;
use image::RgbImage;
use motionscope::data::{DataSource, Dataset};
use motionscope::engine::{FlowSelection, InferencePipeline, LiveInference, LiveSettings, ModelInfo};
use motionscope::evaluation::{ClipScorer, EvaluationPlan, Protocol, Spread, evaluate_actions};
use motionscope::gpu::{Compute, ComputeKind};
use motionscope::nets::{
    Architecture, FlowNetConventions, HiddenTwoStream, JointArchitecture, ModelCard, MotionConfig, MotionEntry,
};
use motionscope::sample::{ACTIONS, STYLES, render_clip};
use motionscope::training::losses::UnsupervisedLoss;
use motionscope::training::{FlowSource, FlowTeacher, Network, TemporalMode, TrainingEvent, TrainingPlan};
use motionscope::video::{Camera, Frame, Geometry, VideoWriter, decode_clip};

use crate::training::{clips, flow_model, parameters, small, train, train_until};

/// A few steps of a joint network without dropout, which would draw from a generator that other tests use too.
fn plan(architecture: JointArchitecture, data: &DataSource, run_dir: PathBuf) -> TrainingPlan {
    let is_branched = architecture == JointArchitecture::Branched;
    let teacher = architecture.is_taught().then_some(FlowTeacher::Dis);
    TrainingPlan {
        joint: architecture,
        joint_hidden: is_branched.then_some(16),
        dropout: is_branched.then_some(0.0),
        loss: UnsupervisedLoss { teacher, ..UnsupervisedLoss::default() },
        ..small(Network::Joint, data, run_dir)
    }
}

fn load(run_dir: &Path) -> HiddenTwoStream {
    HiddenTwoStream::load(&run_dir.join("model"), &Device::flex()).unwrap()
}

/// The names of the loss terms, whose weighted sum is the loss, and of the measurements of a run.
fn reported(events: &[TrainingEvent]) -> (Vec<String>, Vec<String>) {
    let (mut terms, mut measured) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            TrainingEvent::Step(metrics) => {
                let weighted = metrics.terms.iter().zip(&metrics.weights).map(|((_, value), weight)| value * weight);
                let sum: f32 = weighted.sum();
                assert!((metrics.loss - sum).abs() < 1e-3 * sum, "{} is not the sum of its terms, {sum}", metrics.loss);
                terms = metrics.terms.iter().map(|(name, _)| name.clone()).collect();
            }
            TrainingEvent::Validation { name, .. } => measured.push(name.clone()),
            _ => {}
        }
    }
    measured.sort();
    measured.dedup();
    (terms, measured)
}

#[test]
fn joint_networks_are_trained_measured_and_resumed_to_the_same_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    for (architecture, of_flow) in [
        (JointArchitecture::Branched, vec!["pixel 2", "smooth 6", "ssim 4"]),
        (
            JointArchitecture::ActionFlowNet2,
            vec!["teacher 3", "teacher 4", "teacher 5", "teacher 6", "teacher 7"], // a quarter to a 64th of the size
        ),
        (JointArchitecture::ActionFlowNet16, vec!["teacher 2", "teacher 3", "teacher 4", "teacher 5"]),
    ] {
        let at = |name: &str| dir.path().join(format!("{name}-{}", architecture.key()));
        // Fresh weights are drawn from a generator that other tests draw from too.
        let start = TrainingPlan { steps: 1, ..plan(architecture, &data, at("start")) };
        train(&start).0.unwrap();
        let base = Some(start.run_dir.join("model"));
        let whole = TrainingPlan { hold_out: 0.5, base, ..plan(architecture, &data, at("whole")) };
        let (result, events) = train(&whole);
        result.unwrap();
        if architecture == JointArchitecture::Branched {
            let wider = TrainingPlan { joint_hidden: Some(32), run_dir: at("wider"), ..whole.clone() };
            assert_eq!(train(&wider).0.unwrap_err().cause, "its hidden layers have 16 numbers");
        }
        let (terms, measured) = reported(&events);
        assert!(of_flow.iter().all(|term| terms.iter().any(|found| found == term)), "{terms:?}");
        assert!(terms.iter().any(|term| term == "action"), "{terms:?}");
        assert_eq!(measured, ["photometric ratio", "top-1"]);

        let parts = TrainingPlan { run_dir: at("parts"), ..whole.clone() };
        train_until(&parts, 2).0.unwrap();
        train(&parts).0.unwrap();
        let [whole, parts] = [&whole, &parts].map(|plan| load(&plan.run_dir));
        assert_eq!(parameters(&whole.motion), parameters(&parts.motion), "{architecture:?}");
        let entry = whole.card.joint.as_ref().unwrap();
        assert_eq!((entry.config.architecture, entry.config.width), (architecture, 4));
        assert!(whole.card.motion.is_none() && whole.card.temporal.is_none() && whole.card.classes.len() == 2);
        assert!(whole.card.origin.commands[0].contains(architecture.key()), "{:?}", whole.card.origin);
    }
}

#[test]
fn flow_and_scores_come_from_one_pass_live_and_are_those_of_the_protocol() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 1);
    for architecture in JointArchitecture::ALL {
        let plan = TrainingPlan { steps: 1, ..plan(architecture, &data, dir.path().join(architecture.key())) };
        train(&plan).0.unwrap();
        let model = load(&plan.run_dir);
        let reach = architecture.frames();
        let protocol: Protocol = "1x1".parse().unwrap();
        let scorer = ClipScorer::new(&model, Protocol { spread: Spread::Even, ..protocol });
        let seen = decode_clip(&dir.path().join("clips/bow/0.mp4"), scorer.motion_size(), None).unwrap(); // 13 frames
        let middle = |count: usize| {
            let start = seen.len().saturating_sub(count) / 2;
            start..start + count
        };
        let logits = |count: usize| {
            let window: Vec<&RgbImage> = middle(count).map(|index| &seen[index.min(12)]).collect();
            model.motion.logits(&[window]).unwrap().swap_remove(0)
        };
        let scored = scorer.temporal(&seen).unwrap().unwrap();
        let are_alike = |one: &[f32], other: &[f32]| one.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-4);
        assert!(are_alike(&scored, &logits(reach)), "{architecture:?}: {scored:?}");

        let frame = |index: usize| {
            let picture = Arc::new(seen[index].clone());
            let scaled = vec![picture.clone(), Arc::new(RgbImage::new(96, 64))];
            Arc::new(Frame { index, pts_secs: 0.0, duration_secs: 0.04, display: picture, scaled })
        };
        let shown = reach.max(11); // a network of pairs sees those of a whole window
        let window: Vec<Arc<Frame>> = middle(shown).filter(|index| *index < 13).map(frame).collect();
        let compute = Compute { kind: ComputeKind::Cpu, name: "test".into(), device: Device::flex(), wgpu: None };
        let mut pipeline = InferencePipeline::new(model.clone(), &compute);
        let source = "lavfi:testsrc2=size=96x64:rate=30".parse().unwrap();
        let mut live = LiveInference::new(Arc::new(Camera::open(source, pipeline.sizes(), Arc::new(|_| ()))));
        let answer = repeat_with(|| {
            sleep(Duration::from_millis(5)); // less than a frame: the first window that is long enough is looked at
            live.step(&mut pipeline, LiveSettings::default(), FlowSelection::default().level).unwrap()
        });
        let answer = answer.take(12_000).flatten().next().expect("an answer within a minute");
        assert!(answer.frame.index + 1 >= reach.max(11) && answer.scores.temporal.len() == 2, "{architecture:?}");
        pipeline.clear();
        let window: Vec<Arc<Frame>> = window.iter().map(|frame| pipeline.fitted(frame)).collect();
        assert_eq!((pipeline.window_frames(), pipeline.flow_frames()), (shown, shown));
        for pair in 0..shown - 1 {
            pipeline.flow(&window, pair, FlowSelection::default().level).unwrap();
        }
        assert!(pipeline.advance(&window, 0).unwrap(), "the scores need no other pass than the flow");
        let result = pipeline.analyse(&window).unwrap();
        assert!(are_alike(&result.scores.temporal, &logits(shown)), "{architecture:?}: {:?}", result.scores.temporal);
        let flows = result.flows.unwrap();
        assert_eq!(flows.finest().dims()[1], 2 * (shown - 1));
        let info = ModelInfo::of(&model, &plan.run_dir);
        assert!(info.has_temporal && !info.reads_flow && info.motion.starts_with(architecture.name()), "{info:?}");
        assert_eq!(info.levels.len(), flows.levels.len());
        if architecture == JointArchitecture::ActionFlowNet2 {
            assert_eq!(info.motion, "ActionFlowNet-2, width 4, 2 frames, flow and action");
        }
    }
}

#[test]
fn a_joint_model_is_evaluated_with_its_own_flow_only() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 1);
    let plan = TrainingPlan { steps: 1, ..plan(JointArchitecture::Branched, &data, dir.path().join("run")) };
    train(&plan).0.unwrap();
    let (model, dataset) = (load(&plan.run_dir), Dataset::open(&data).unwrap());
    let evaluate = |flow_source| {
        let protocol: Protocol = "2x1".parse().unwrap();
        let plan = EvaluationPlan { data: "clips".into(), protocol, fusion: model.card.fusion, flow_source };
        evaluate_actions(&model, &dataset, &plan, &mut |_, _| ControlFlow::Continue(()), &mut |error| panic!("{error}"))
    };
    let report = evaluate(FlowSource::MotionNet).unwrap().report;
    assert!(report.temporal.is_some() && report.spatial.is_none());
    let error = evaluate(FlowSource::Tvl1).unwrap_err();
    assert_eq!(error.cause, "a joint network classifies frames, not the flow of another source");
}

#[test]
fn action_flow_net_of_pairs_starts_from_a_flow_net_s_and_keeps_its_conventions() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 1);
    let (flow, architecture) = (flow_model(dir.path(), &data), JointArchitecture::ActionFlowNet2);
    let HiddenTwoStream { card, .. } = HiddenTwoStream::load(&flow, &Device::flex()).unwrap();
    let config = MotionConfig {
        architecture: Architecture::FlowNetS,
        frames: 2,
        width: 2,
        conventions: FlowNetConventions::PYTORCH,
        ..MotionConfig::default()
    };
    let motion = config.init(&Device::flex());
    let entry = MotionEntry::new("motion.safetensors", config);
    let base = dir.path().join("flownet-s");
    let (before, card) = (parameters(&motion), ModelCard { motion: Some(entry), ..card });
    HiddenTwoStream { card, motion, temporal: None, spatial: None }.save(&base).unwrap();

    let started = |base: &Path| TrainingPlan {
        base: Some(base.to_owned()),
        rate: 1e-9,
        steps: 1,
        ..plan(architecture, &data, dir.path().join("joint"))
    };
    train(&started(&base)).0.unwrap();
    let model = load(&dir.path().join("joint"));
    let after = parameters(&model.motion);
    let largest = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(after.len() > before.len() && largest < 1e-6, "FlowNetS's parameters come first: {largest}");
    let config = model.card.joint.unwrap().config;
    assert_eq!((config.width, config.conventions), (2, FlowNetConventions::PYTORCH));

    let error = train(&TrainingPlan { run_dir: dir.path().join("no"), ..started(&flow) }).0.unwrap_err();
    assert_eq!(error.cause, "its motion network is not FlowNetS");
    let odd = TrainingPlan {
        crop: Geometry { width: 96, height: 32 },
        run_dir: dir.path().join("odd"),
        base: None,
        ..started(&base)
    };
    assert!(train(&odd).0.unwrap_err().cause.contains("no multiple of 64"));
    assert!(!odd.run_dir.exists(), "nothing is left of it");
}

#[test]
fn the_branched_network_starts_from_a_motion_net_and_takes_a_spatial_stream() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 1);
    let motion = MotionConfig { frames: 11, width: 4, ..MotionConfig::default() };
    let flow = TrainingPlan { steps: 1, motion, ..small(Network::Flow, &data, dir.path().join("flow")) };
    train(&flow).0.unwrap();
    let base = flow.run_dir.join("model");
    let branched = TrainingPlan {
        base: Some(base.clone()),
        motion: MotionConfig { width: 8, ..MotionConfig::default() }, // the base has its own
        rate: 1e-9,
        steps: 1,
        ..plan(JointArchitecture::Branched, &data, dir.path().join("joint"))
    };
    train(&branched).0.unwrap();
    let [before, after] = [&flow, &branched].map(|plan| parameters(&load(&plan.run_dir).motion));
    let largest = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(after.len() > before.len() && largest < 1e-6, "MotionNet's parameters come first: {largest}");

    let joint = branched.run_dir.join("model");
    let spatial =
        TrainingPlan { base: Some(joint.clone()), steps: 1, ..small(Network::Spatial, &data, dir.path().join("s")) };
    train(&spatial).0.unwrap();
    let both = load(&spatial.run_dir);
    assert!(both.spatial.is_some() && both.motion.joint().is_some());
    assert_eq!(parameters(&both.motion), after);

    // Continued with other classes: a new last layer, and the rest as it was.
    let more = clips(&dir.path().join("more"), 3, 1);
    let continued = TrainingPlan {
        data: more.clone(),
        base: Some(joint.clone()),
        run_dir: dir.path().join("more-run"),
        ..branched
    };
    train(&continued).0.unwrap();
    let continued = load(&continued.run_dir);
    assert_eq!((continued.card.classes.len(), continued.motion.joint().unwrap().classes()), (3, 3));
    let kept = parameters(&continued.motion);
    let largest = before.iter().zip(&kept).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest < 1e-6, "{largest}");

    let refused = |plan: TrainingPlan| train(&TrainingPlan { run_dir: dir.path().join("no"), ..plan }).0.unwrap_err();
    let on = |base: &Path, plan: TrainingPlan| TrainingPlan { base: Some(base.to_owned()), ..plan };
    let joint_plan = |architecture| plan(architecture, &data, PathBuf::new());
    let two = flow_model(&dir.path().join("two"), &data);
    for (plan, cause) in [
        (on(&two, joint_plan(JointArchitecture::Branched)), "its MotionNet reads 2 frames, the branched network 11"),
        (
            on(&base, joint_plan(JointArchitecture::ActionFlowNet16)),
            "it has no actionflownet-16, whose encoder is its own",
        ),
        (
            on(&joint, joint_plan(JointArchitecture::ActionFlowNet16)),
            "its joint network is branched, not actionflownet-16",
        ),
        (on(&joint, small(Network::Flow, &data, PathBuf::new())), "its flow is that of a joint network"),
        (
            on(&joint, TrainingPlan { mode: TemporalMode::C, ..small(Network::Temporal, &data, PathBuf::new()) }),
            "its joint network is in the place of a temporal stream",
        ),
        (on(&joint, small(Network::Spatial, &more, PathBuf::new())), "its joint network knows other classes"),
    ] {
        assert_eq!(refused(plan).cause, cause);
    }
    let size = Geometry { width: 96, height: 64 };
    assert_eq!(ClipScorer::new(&both, Protocol::PAPER).motion_size(), size);
}

#[test]
fn clips_shorter_than_sixteen_frames_end_with_their_last_frame() {
    let dir = tempfile::tempdir().unwrap();
    let architecture = JointArchitecture::ActionFlowNet16;
    for frames in [1, 5] {
        let folder = dir.path().join(format!("{frames}"));
        for class in ["bow", "wave"] {
            let size = Geometry { width: 96, height: 64 };
            std::fs::create_dir_all(folder.join(class)).unwrap();
            let mut writer = VideoWriter::create(&folder.join(class).join("0.mp4"), size, 25.0).unwrap();
            let clip = render_clip(ACTIONS[0], &STYLES[0], 5, frames, size);
            clip.frames.iter().for_each(|frame| writer.push(frame).unwrap());
            writer.finish().unwrap();
        }
        let data = DataSource::Folder(folder);
        let run_dir = dir.path().join(format!("run{frames}"));
        let plan = TrainingPlan { steps: 1, ..plan(architecture, &data, run_dir) };
        let (result, events) = train(&plan);
        result.unwrap_or_else(|error| panic!("{frames} frames: {error}"));
        let (terms, _) = reported(&events);
        assert!(terms.iter().any(|term| term == "action"), "{terms:?}");
    }
}
