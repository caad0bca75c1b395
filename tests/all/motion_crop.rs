//! Streams that look at the square around the motion: trained, resumed, exported, measured and followed live.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use image::{Rgb, RgbImage};
use motionscope::cli::bench::fixture;
use motionscope::data::LabelledClip;
use motionscope::engine::InferencePipeline;
use motionscope::evaluation::{ClipScorer, Crops, MotionNetFlow, Protocol, Spread};
use motionscope::gpu::{Compute, ComputeKind};
use motionscope::nets::{FlowReading, HiddenTwoStream, ModelCard, MotionConfig, MotionCrop, MotionSquare};
use motionscope::training::{FlowSource, Network, RunKind, TemporalMode, TrainingEvent, TrainingPlan};
use motionscope::video::{Frame, Geometry, decode_clip};

use crate::training::{clips, flow_model, small, train, train_until, without_dropout};

const PROTOCOL: Protocol = Protocol { samples: 1, crops: Crops::Whole, spread: Spread::Even, average: None };

fn load(dir: &Path) -> HiddenTwoStream {
    HiddenTwoStream::load(dir, &Device::flex()).unwrap()
}

fn assert_near(a: &[f32], b: &[f32]) {
    let largest = b.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4 * largest), "{a:?} {b:?}");
}

/// Returns a frame of a video that was decoded in both sizes.
fn frame(index: usize, motion: &[RgbImage], pictures: &[RgbImage]) -> Arc<Frame> {
    let scaled = vec![Arc::new(motion[index].clone()), Arc::new(pictures[index].clone())];
    let display = scaled[1].clone();
    Arc::new(Frame { index, pts_secs: 0.0, duration_secs: 0.04, display, scaled })
}

#[test]
fn both_views_are_trained_resumed_and_exported() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 3);
    // Fresh layers and dropout would be drawn from what all trainings of this process share.
    let first = TrainingPlan {
        base: Some(flow_model(dir.path(), &data)),
        steps: 1,
        ..small(Network::Spatial, &data, dir.path().join("first"))
    };
    train(&first).0.unwrap();
    let at = |name: &str| TrainingPlan {
        base: Some(first.run_dir.join("model")),
        spatial_crop: Some(MotionCrop::Both),
        dropout: Some(0.0),
        hold_out: 0.3,
        ..small(Network::Spatial, &data, dir.path().join(name))
    };
    let (result, events) = train(&at("whole"));
    result.unwrap();
    let measured = |event: &&TrainingEvent| matches!(event, TrainingEvent::Validation { name, .. } if name == "top-1");
    assert_eq!(events.iter().filter(measured).count(), 2);
    assert!(events.iter().any(|event| matches!(event, TrainingEvent::Preparing { done: 4, of: 4, .. })), "{events:?}");
    // Finding the motion takes its time of the budget, and none of the rate.
    let progress = std::fs::read_to_string(dir.path().join("whole/checkpoint/progress.toml")).unwrap();
    let prepared = progress.lines().find_map(|line| line.strip_prefix("prepared = ")).unwrap();
    assert!(prepared.parse::<f64>().unwrap() > 0.0, "{progress}");
    train_until(&at("halves"), 2).0.unwrap();
    train(&at("halves")).0.unwrap();
    let bytes = |run: &str| std::fs::read(dir.path().join(run).join("model/spatial.safetensors")).unwrap();
    assert!(bytes("whole") == bytes("halves"));
    let plain = TrainingPlan { spatial_crop: None, ..at("plain") }; // as the base
    train(&plain).0.unwrap();
    assert!(bytes("whole") != bytes("plain"), "other pictures were seen");
    let crop = |run: &str| load(&dir.path().join(run).join("model")).card.preprocessing.spatial.crop;
    assert_eq!([crop("whole"), crop("plain")], [MotionCrop::Both, MotionCrop::Whole]);

    // A last layer that is fitted later sees what the base's stream saw.
    let probe = TrainingPlan {
        base: Some(dir.path().join("whole/model")),
        kind: RunKind::LinearProbe { windows: 3 },
        ..small(Network::Spatial, &data, dir.path().join("probe"))
    };
    train(&probe).0.unwrap();
    assert_eq!(crop("probe"), MotionCrop::Both);
}

/// In mode (c) MotionNet itself learns through both views.
#[test]
fn both_views_of_the_flow_are_trained_resumed_and_exported() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = without_dropout(&flow_model(dir.path(), &data), &data);
    let at = |name: &str, mode, crop| TrainingPlan {
        base: Some(base.clone()),
        temporal_crop: crop,
        mode,
        hold_out: 0.5,
        ..small(Network::Temporal, &data, dir.path().join(name))
    };
    let bytes = |run: &str| {
        ["temporal", "motion"]
            .map(|network| std::fs::read(dir.path().join(run).join(format!("model/{network}.safetensors"))).unwrap())
    };
    for mode in [TemporalMode::A, TemporalMode::C] {
        let [whole, halves, plain] = ["whole", "halves", "plain"].map(|name| format!("{name} {mode:?}"));
        train(&at(&whole, mode, Some(MotionCrop::Both))).0.unwrap();
        train_until(&at(&halves, mode, Some(MotionCrop::Both)), 2).0.unwrap();
        train(&at(&halves, mode, Some(MotionCrop::Both))).0.unwrap();
        assert!(bytes(&whole) == bytes(&halves), "mode {mode:?}");
        train(&at(&plain, mode, None)).0.unwrap();
        let [[temporal, motion], [other_temporal, other_motion]] = [bytes(&whole), bytes(&plain)];
        assert!(temporal != other_temporal, "other flow was seen");
        assert_eq!(motion == other_motion, mode == TemporalMode::A);
    }
    let crop = |run: &str| load(&dir.path().join(run).join("model")).card.temporal.unwrap().crop;
    assert_eq!([crop("whole A"), crop("plain A")], [MotionCrop::Both, MotionCrop::Whole]);
    let probe = TrainingPlan {
        base: Some(dir.path().join("whole A/model")),
        kind: RunKind::LinearProbe { windows: 3 },
        ..small(Network::Temporal, &data, dir.path().join("probe"))
    };
    train(&probe).0.unwrap();
    assert_eq!(crop("probe"), MotionCrop::Both);
    let error = TrainingPlan { network: Network::Spatial, ..at("wrong", TemporalMode::A, Some(MotionCrop::Both)) };
    assert!(error.check().unwrap_err().cause.contains("temporal stream"));
}

/// The window in the middle of a clip of 13 frames.
#[test]
fn the_flow_of_a_clip_is_scored_as_it_is_followed_live() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 1);
    let mut model = load(&without_dropout(&flow_model(dir.path(), &data), &data));
    let path = dir.path().join("clips/bow/0.mp4");
    let clip = motionscope::data::Dataset::open(&data).unwrap().clips.swap_remove(0);
    assert_eq!(clip.path, path);
    let mut scores = Vec::new();
    for crop in [MotionCrop::Whole, MotionCrop::Motion, MotionCrop::Both] {
        let reading = FlowReading { crop, ..FlowReading::default() };
        model.temporal = model.temporal.map(|stream| stream.with_reading(reading));
        let scorer = ClipScorer::new(&model, PROTOCOL);
        let motion = decode_clip(&path, scorer.motion_size(), None).unwrap();
        let of_file = scorer.score(&clip, FlowSource::MotionNet).unwrap().temporal.unwrap();
        let scored = scorer.temporal(&motion).unwrap().unwrap();
        assert_near(&of_file, &scored);

        let pictures = decode_clip(&path, scorer.spatial_size(), None).unwrap();
        let frame = |index: usize| frame(index, &motion, &pictures);
        let window: Vec<Arc<Frame>> = (1..12).map(frame).collect();
        let compute = Compute { kind: ComputeKind::Cpu, name: "test".into(), device: Device::flex(), wgpu: None };
        let live = InferencePipeline::new(model.clone(), &compute).analyse(&window).unwrap().scores;
        assert_near(&live.temporal, &scored);
        assert_eq!(live.square.is_some(), crop.sees_motion());
        scores.push(scored);
    }
    assert_ne!(scores[0], scores[1]);
    let mean: Vec<f32> = scores[0].iter().zip(&scores[1]).map(|(a, b)| (a + b) / 2.0).collect();
    assert_near(&scores[2], &mean);
}

#[test]
fn a_square_needs_a_motion_net_and_a_spatial_stream() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 1);
    let spatial_crop = Some(MotionCrop::Motion);
    let plan = TrainingPlan { spatial_crop, ..small(Network::Spatial, &data, dir.path().join("run")) };
    let error = train(&plan).0.unwrap_err();
    assert!(error.cause.contains("needs a trained MotionNet") && error.remedy.contains("--base"), "{error}");
    assert!(!plan.run_dir.exists(), "nothing is left of a refused run");
    let error = TrainingPlan { network: Network::Flow, ..plan }.check().unwrap_err();
    assert!(error.cause.contains("spatial stream"), "{error}");
}

#[test]
fn a_motion_net_that_was_never_trained_is_refused_until_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 1);
    let plan = |network, run: &str| TrainingPlan { steps: 1, ..small(network, &data, dir.path().join(run)) };
    train(&plan(Network::Spatial, "alone")).0.unwrap();
    let base = dir.path().join("alone/model");
    let hash = |card: &ModelCard| card.hash.clone();
    let card = ModelCard::read(&base).unwrap();
    assert!(card.has_untrained_motion() && hash(&card) == hash(&load(&base).card));
    let error = MotionNetFlow::load(&base, &Device::flex()).unwrap_err();
    assert!(error.cause.contains("never trained"), "{error}");
    let from = |network, run| TrainingPlan { base: Some(base.clone()), ..plan(network, run) };
    let error = train(&TrainingPlan { spatial_crop: Some(MotionCrop::Motion), ..from(Network::Spatial, "square") }).0;
    assert!(error.unwrap_err().cause.contains("needs a trained MotionNet"));
    assert!(!dir.path().join("square").exists());
    let error = train(&from(Network::Temporal, "temporal")).0.unwrap_err();
    assert!(error.cause.contains("needs a trained MotionNet"), "{error}");
    train(&from(Network::Spatial, "again")).0.unwrap();
    assert!(load(&dir.path().join("again/model")).card.has_untrained_motion());
    train(&from(Network::Flow, "flow")).0.unwrap();
    assert!(!load(&dir.path().join("flow/model")).card.has_untrained_motion());
}

/// The clip has 13 frames; the middle one is looked at, with the ten flows around it.
#[test]
fn a_clip_is_scored_as_it_is_followed_live() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 1);
    let base = Some(flow_model(dir.path(), &data));
    let plan = TrainingPlan { base, steps: 1, ..small(Network::Spatial, &data, dir.path().join("run")) };
    train(&plan).0.unwrap();
    let mut model = load(&plan.run_dir.join("model"));
    let path = dir.path().join("clips/bow/0.mp4");
    let mut scores = Vec::new();
    for crop in [MotionCrop::Whole, MotionCrop::Motion, MotionCrop::Both] {
        model.card.preprocessing.spatial.crop = crop;
        let scorer = ClipScorer::new(&model, PROTOCOL);
        let motion = decode_clip(&path, scorer.motion_size(), None).unwrap();
        let pictures = decode_clip(&path, scorer.spatial_size(), None).unwrap();
        let squares = scorer.motion_squares(&motion).unwrap();
        assert_eq!(squares.is_some(), crop != MotionCrop::Whole);
        let scored = scorer.spatial(&pictures, squares.as_deref()).unwrap().unwrap();

        let clip = motionscope::data::Dataset::open(&data).unwrap().clips.swap_remove(0);
        assert_eq!(clip.path, path);
        let of_file = scorer.score(&clip, FlowSource::MotionNet).unwrap();
        assert_near(&of_file.spatial.unwrap(), &scored);

        let frame = |index: usize| frame(index, &motion, &pictures);
        let window: Vec<Arc<Frame>> = (1..12).map(frame).collect(); // frame 6 is in the middle of both
        let compute = Compute { kind: ComputeKind::Cpu, name: "test".into(), device: Device::flex(), wgpu: None };
        let mut pipeline = InferencePipeline::new(model.clone(), &compute);
        let live = pipeline.analyse(&window).unwrap().scores;
        assert_near(&live.spatial, &scored);
        assert_eq!(live.square, squares.map(|squares| squares[0]));
        scores.push(scored);
    }
    assert_ne!(scores[0], scores[1]);
    let mean: Vec<f32> = scores[0].iter().zip(&scores[1]).map(|(a, b)| (a + b) / 2.0).collect();
    assert_near(&scores[2], &mean);
}

/// Returns the frames of a clip in which a patch moves to the right in the lower right quarter of a picture that stands still. What
/// an untrained MotionNet sees in them is something else.
fn moving_patch() -> Vec<RgbImage> {
    let grain = |x: u32, y: u32| 40 + (x * 37 + y * 91 + x * y * 13) % 160;
    let picture = |shift: u32| {
        RgbImage::from_fn(64, 64, |x, y| {
            let is_inside = (36 + shift..52 + shift).contains(&x) && (40..56).contains(&y);
            Rgb([if is_inside { grain(x - shift + 99, y + 7) } else { grain(x, y) } as u8; 3])
        })
    };
    (0..11).map(picture).collect()
}

/// Writes `frames` as a clip in `dir`.
fn folder_clip(dir: &Path, frames: &[RgbImage]) -> LabelledClip {
    let path = dir.join("frames");
    std::fs::create_dir_all(&path).unwrap();
    frames.iter().enumerate().for_each(|(i, frame)| frame.save(path.join(format!("{i:02}.png"))).unwrap());
    LabelledClip { path, label: 0, segment_secs: None, group: None, also: Vec::new() }
}

#[test]
fn a_two_stage_model_finds_the_square_in_the_flow_that_its_temporal_stream_reads() {
    let (dir, device) = (tempfile::tempdir().unwrap(), Device::flex());
    let frames = moving_patch();
    let clip = folder_clip(dir.path(), &frames);
    let pairs: Vec<_> = frames.windows(2).map(|pair| [&pair[0], &pair[1]]).collect();
    let flow = Tensor::cat(FlowSource::Dis.of_pictures(&pairs, &device).unwrap(), 1);
    let by_dis = MotionSquare::of(flow, 1.0).unwrap();
    assert!(by_dis.left > 0.3 && by_dis.top > 0.4, "{by_dis:?}");

    let config = MotionConfig { frames: 2, width: 2, ..MotionConfig::default() };
    let mut model = fixture::model(&config, Geometry { width: 64, height: 64 }, &device);
    model.card.preprocessing.spatial.crop = MotionCrop::Motion;
    let by_network = |model: &HiddenTwoStream| {
        ClipScorer::new(model, PROTOCOL).motion_squares(&frames).unwrap().unwrap().swap_remove(0)
    };
    let by_network = by_network(&model);
    assert!((by_network.left - by_dis.left).abs() + (by_network.top - by_dis.top).abs() > 0.01, "{by_network:?}");

    for own in [FlowSource::MotionNet, FlowSource::Dis] {
        model.card.temporal.as_mut().unwrap().flow_source = own;
        let scorer = ClipScorer::new(&model, PROTOCOL);
        for read in [FlowSource::MotionNet, FlowSource::Dis] {
            // MotionNet's own model keeps its square under another --flow-source.
            let square =
                if own == read { [by_network, by_dis][usize::from(own != FlowSource::MotionNet)] } else { by_network };
            let scored = scorer.score(&clip, read).unwrap();
            assert_eq!(scored.spatial, scorer.spatial(&frames, Some(&[square])).unwrap(), "{own:?} {read:?}");
        }
        let compute = Compute { kind: ComputeKind::Cpu, name: "test".into(), device: device.clone(), wgpu: None };
        let mut pipeline = InferencePipeline::new(model.clone(), &compute);
        let window: Vec<Arc<Frame>> = (0..11).map(|index| frame(index, &frames, &frames)).collect();
        assert!(!pipeline.advance(&window, 9).unwrap() && pipeline.advance(&window, 1).unwrap());
        let result = pipeline.analyse(&window).unwrap();
        let (square, is_run) = if own == FlowSource::Dis { (by_dis, false) } else { (by_network, true) };
        assert_eq!((result.scores.square, result.flows.is_some()), (Some(square), is_run), "{own:?}");
        assert_near(&result.scores.spatial, &scorer.score(&clip, own).unwrap().spatial.unwrap());
    }
}

/// The base's MotionNet was never trained: its flow has no part in the squares.
#[test]
fn a_stream_learns_from_squares_in_the_flow_of_a_two_stage_base() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let plan = |network, run: &str| TrainingPlan { steps: 1, ..small(network, &data, dir.path().join(run)) };
    train(&TrainingPlan { flow_source: Some(FlowSource::DisFast), ..plan(Network::Temporal, "temporal") }).0.unwrap();
    let spatial = |run: &str, base: &str| TrainingPlan {
        base: Some(dir.path().join(base)),
        spatial_crop: Some(MotionCrop::Motion),
        hold_out: 0.5,
        ..plan(Network::Spatial, run)
    };
    let (result, events) = train(&spatial("spatial", "temporal/model"));
    result.unwrap();
    assert!(events.iter().any(|event| matches!(event, TrainingEvent::Preparing { done: 2, of: 2, .. })), "{events:?}");
    let card = ModelCard::read(&dir.path().join("spatial/model")).unwrap();
    assert_eq!((card.flow_source(), card.preprocessing.spatial.crop), (FlowSource::DisFast, MotionCrop::Motion));
    let probe = TrainingPlan { kind: RunKind::LinearProbe { windows: 3 }, ..spatial("probe", "spatial/model") };
    train(&probe).0.unwrap();

    // Videos without flow images can be read, but no square can be found in them.
    let card = dir.path().join("temporal/model/model.toml");
    std::fs::write(&card, std::fs::read_to_string(&card).unwrap().replace("dis-fast", "stored")).unwrap();
    let error = train(&spatial("stored", "temporal/model")).0.unwrap_err();
    assert!(error.cause.contains("flow image"), "{error}");
}
