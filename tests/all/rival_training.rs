//! The streams of the systems that the paper compares itself with: trained, kept, resumed, measured and followed live.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use ffmpeg_next::format::Pixel;
use image::RgbImage;
use motionscope::data::DataSource;
use motionscope::engine::InferencePipeline;
use motionscope::evaluation::{ClipScorer, Protocol, Spread};
use motionscope::gpu::{Compute, ComputeKind};
use motionscope::nets::{Backbone, HiddenTwoStream, Modality, MotionCue, StreamInput};
use motionscope::training::{
    Distillation, FlowSource, Freeze, Network, OptimiserKind, RunKind, TemporalMode, TrainingEvent, TrainingPlan,
};
use motionscope::video::{Frame, Geometry, decode_clip};

use crate::codec_vectors::encode_moving_texture;
use crate::training::{clips, flow_model, parameters, small, train, train_until, without_dropout};

/// One window in the middle of a clip, as a whole.
fn single() -> Protocol {
    Protocol { spread: Spread::Even, ..("1x1".parse().unwrap()) }
}

fn load(plan: &TrainingPlan) -> HiddenTwoStream {
    HiddenTwoStream::load(&plan.run_dir.join("model"), &Device::flex()).unwrap()
}

fn assert_near(a: &[f32], b: &[f32]) {
    let largest = b.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3 * largest), "{a:?} {b:?}");
}

fn sample_frames(dir: &Path, size: Geometry) -> Vec<RgbImage> {
    decode_clip(&dir.join("clips/bow/0.mp4"), size, None).unwrap() // 13 of them
}

#[test]
fn a_stream_of_rgb_differences_is_trained_without_flow_resumed_measured_and_followed() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let plan = |name: &str| TrainingPlan {
        input: Some(MotionCue::RgbDifference),
        dropout: Some(0.0),
        segments: 2,
        ..small(Network::Temporal, &data, dir.path().join(name))
    };
    // Fresh weights are drawn from a generator that other tests draw from too.
    train(&TrainingPlan { steps: 1, ..plan("start") }).0.unwrap();
    let base = plan("start").run_dir.join("model");
    let plan = |name: &str| TrainingPlan { base: Some(base.clone()), ..plan(name) };
    train(&plan("whole")).0.unwrap();
    train_until(&plan("broken"), 2).0.unwrap();
    train(&plan("broken")).0.unwrap();
    let [model, resumed] = ["whole", "broken"].map(|name| load(&plan(name)));
    let stream = model.temporal.as_ref().unwrap();
    assert_eq!(stream.input(), StreamInput::DIFFERENCES);
    assert_eq!(model.card.temporal.as_ref().unwrap().input, MotionCue::RgbDifference);
    assert_eq!(parameters(stream), parameters(resumed.temporal.as_ref().unwrap()), "resumed to the same numbers");

    // Its last layer alone: no flow has a part in that.
    let probe = TrainingPlan { kind: RunKind::LinearProbe { windows: 2 }, segments: 1, ..plan("probe") };
    train(&probe).0.unwrap();
    assert_eq!(load(&probe).temporal.unwrap().input(), StreamInput::DIFFERENCES);

    // Measured: six frames in the middle of 13, whatever flow is asked for.
    let scorer = ClipScorer::new(&model, single());
    let frames = sample_frames(dir.path(), scorer.motion_size());
    let window = |start: usize| frames[start..start + 6].iter().collect::<Vec<_>>();
    let expected = stream.spatial_logits(&[window(3)]).unwrap().swap_remove(0);
    assert_near(&scorer.temporal(&frames).unwrap().unwrap(), &expected);

    // Live: the six frames in the middle of the window.
    let spatial = sample_frames(dir.path(), scorer.spatial_size());
    let frame = |index: usize| {
        let scaled = vec![Arc::new(frames[index].clone()), Arc::new(spatial[index].clone())];
        let display = scaled[1].clone();
        Arc::new(Frame { index, pts_secs: 0.0, duration_secs: 0.04, display, scaled })
    };
    let live: Vec<Arc<Frame>> = (0..11).map(frame).collect();
    let compute = Compute { kind: ComputeKind::Cpu, name: "test".into(), device: Device::flex(), wgpu: None };
    let mut pipeline = InferencePipeline::new(model.clone(), &compute);
    let expected = stream.spatial_logits(&[window(2)]).unwrap().swap_remove(0);
    assert_near(&pipeline.analyse(&live).unwrap().scores.temporal, &expected);
    let flows: Vec<_> = (0..10).map(|pair| pipeline.flow(&live, pair, 2).unwrap()).collect();
    assert!(pipeline.temporal_under(&flows).unwrap().is_empty(), "flow of another source has no effect");
}

#[test]
fn what_is_for_flow_is_refused_beside_rgb_differences() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 1);
    let plan = TrainingPlan {
        input: Some(MotionCue::RgbDifference),
        ..small(Network::Temporal, &data, dir.path().join("run"))
    };
    let refused = |plan: TrainingPlan| train(&plan).0.unwrap_err().cause;
    assert!(refused(TrainingPlan { mode: TemporalMode::C, ..plan.clone() }).contains("no mode b or c"));
    assert!(refused(TrainingPlan { flow_source: Some(FlowSource::Dis), ..plan.clone() }).contains("no flow source"));
    assert!(refused(TrainingPlan { backbone: Backbone::C3d, ..plan.clone() }).contains("C3D reads clips"));
    assert!(refused(TrainingPlan { clip_frames: Some(5), ..plan.clone() }).contains("six frames"));
    assert!(refused(TrainingPlan { network: Network::Spatial, ..plan }).contains("temporal stream"));
}

#[test]
fn a_stack_of_five_flows_is_trained_and_measured() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let plan = TrainingPlan {
        base: Some(flow_model(dir.path(), &data)),
        clip_frames: Some(5),
        ..small(Network::Temporal, &data, dir.path().join("run"))
    };
    train(&plan).0.unwrap();
    let model = load(&plan);
    let stream = model.temporal.as_ref().unwrap();
    assert_eq!(stream.input(), StreamInput { modality: Modality::Flow, count: 5 });
    let scorer = ClipScorer::new(&model, single());
    let frames = sample_frames(dir.path(), scorer.motion_size());
    let window = frames[3..9].iter().collect();
    let expected = stream.temporal_logits(model.motion.flows(&[window]).into_finest()).unwrap().swap_remove(0);
    assert_near(&scorer.temporal(&frames).unwrap().unwrap(), &expected);
}

#[test]
fn a_student_of_motion_vectors_starts_from_its_teacher_and_learns_from_its_scores() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let teacher = without_dropout(&flow_model(dir.path(), &data), &data);
    let distillation = Distillation { weight: Some(4.0), ..Distillation::of(teacher.clone()) };
    let plan = TrainingPlan {
        base: Some(teacher),
        flow_source: Some(FlowSource::Emv),
        distillation: Some(distillation),
        ..small(Network::Temporal, &data, dir.path().join("run"))
    };
    let (result, events) = train(&plan);
    result.unwrap();
    let steps = events.iter().filter_map(|event| match event {
        TrainingEvent::Step(metrics) => Some(metrics),
        _ => None,
    });
    for metrics in steps {
        let term = |name: &str| metrics.terms.iter().find(|(term, _)| term == name).map(|(_, value)| *value).unwrap();
        let expected = term("action") + 4.0 * term("teacher");
        assert!((metrics.loss - expected).abs() < 1e-4 * expected, "{} instead of {expected}", metrics.loss);
        assert!(term("teacher") > 0.0);
    }
    // The same teacher in the place of the student's own labels only.
    let other = TrainingPlan { distillation: None, run_dir: dir.path().join("alone"), ..plan.clone() };
    train(&other).0.unwrap();
    let [taught, alone] = [&plan, &other].map(|plan| parameters(load(plan).temporal.as_ref().unwrap()));
    assert_ne!(taught, alone, "the teacher has an effect");

    let refused = |plan: TrainingPlan| train(&plan).0.unwrap_err().cause;
    let spatial = small(Network::Spatial, &data, dir.path().join("spatial"));
    let plan = TrainingPlan { distillation: plan.distillation, ..spatial };
    assert!(refused(plan).contains("no spatial stream"));
}

/// At full width, and so for two steps only: their parameters fill 300 MB each. The largest layers stay as they are: the program
/// keeps Burn's default device on the CPU, but tests leave it to a software GPU, through which the state of an optimiser is read and
/// which has no buffers of that size.
#[test]
fn large_networks_are_trained_kept_and_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 1);
    let plan = |backbone: Backbone, network: Network| TrainingPlan {
        backbone,
        flow_source: Some(if network == Network::Temporal { FlowSource::Emv } else { FlowSource::Dis }),
        optimiser: OptimiserKind::Sgd,
        freeze: vec![Freeze::UpTo("fc6".into())],
        frame: Geometry { width: 48, height: 32 },
        crop: Geometry { width: 32, height: 32 },
        dropout: Some(0.0),
        batch: 1,
        steps: 2,
        checkpoint_every: 1,
        snapshots: 1,
        ..small(network, &data, dir.path().join(format!("{backbone:?}")))
    };
    let c3d = TrainingPlan { flow_source: None, ..plan(Backbone::C3d, Network::Spatial) };
    for plan in [plan(Backbone::Emv, Network::Temporal), plan(Backbone::ThreeDNet, Network::Spatial), c3d] {
        train_until(&plan, 1).0.unwrap();
        train(&plan).0.unwrap();
        let model = load(&plan);
        let stream = if plan.network == Network::Temporal { &model.temporal } else { &model.spatial };
        let stream = stream.as_ref().unwrap();
        assert_eq!(stream.backbone(), plan.backbone);
        let scorer = ClipScorer::new(&model, single());
        // A clip of 13 frames, of which the last is repeated for 16.
        let logits = match plan.network {
            Network::Temporal => scorer.temporal(&sample_frames(dir.path(), scorer.motion_size())),
            _ => scorer.spatial(&sample_frames(dir.path(), scorer.spatial_size()), None),
        };
        assert_eq!(logits.unwrap().unwrap().len(), 2);
        std::fs::remove_dir_all(&plan.run_dir).unwrap();
    }
}

#[test]
fn clips_without_motion_vectors_are_named_to_a_stream_that_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    for class in ["down", "up"] {
        let folder = dir.path().join("clips").join(class);
        std::fs::create_dir_all(&folder).unwrap();
        // Key frames only.
        encode_moving_texture(&folder.join("intra.avi"), "mpeg4", Pixel::YUV420P, 0, 0);
    }
    let data = DataSource::Folder(dir.path().join("clips"));
    for source in [FlowSource::Emv, FlowSource::Codec] {
        let plan =
            TrainingPlan { flow_source: Some(source), ..small(Network::Temporal, &data, dir.path().join("run")) };
        let error = train(&plan).0.unwrap_err();
        assert!(error.subject.ends_with("intra.avi"), "{error}");
        assert_eq!(error.cause, "all of its frames are intra-coded: there are no motion vectors");
        assert!(!plan.run_dir.join("model").exists(), "nothing is trained on no motion");
        std::fs::remove_dir_all(&plan.run_dir).unwrap_or_default();
    }
}
