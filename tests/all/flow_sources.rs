//! The temporal stream on flow that is not MotionNet's own: trained, measured while training, evaluated, and what is refused.

use std::path::Path;

use burn::tensor::Device;
use motionscope::data::Dataset;
use motionscope::evaluation::{ClipScorer, Crops, Protocol, Spread};
use motionscope::nets::HiddenTwoStream;
use motionscope::training::{ClipFlow, FlowSource, Network, TemporalMode, TrainingEvent, TrainingPlan};

use crate::cli::{code, motionscope, text};
use crate::training::{clips, flow_model, small, train, without_dropout};

#[test]
fn streams_learn_from_the_codec_and_from_classical_flow_without_a_motion_net() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let folder = data.clips().to_owned();
    for source in [FlowSource::Codec, FlowSource::Tvl1Fast, FlowSource::DisFast] {
        let plan = TrainingPlan {
            flow_source: source,
            hold_out: 0.5,
            ..small(Network::Temporal, &data, dir.path().join(source.key()))
        };
        let (result, events) = train(&plan);
        result.unwrap();
        let measured = |event: &&TrainingEvent| matches!(event, TrainingEvent::Validation { .. });
        let names: Vec<_> = events.iter().filter(measured).map(|event| format!("{event:?}")).collect();
        assert!(names.len() == 2 && names.iter().all(|name| name.contains("top-1")), "{names:?}");
        let config = std::fs::read_to_string(plan.run_dir.join("config.toml")).unwrap();
        assert!(config.contains(&format!("flow_source = \"{}\"", source.key())), "{config}");

        let model = plan.run_dir.join("model");
        let line = [
            "evaluate",
            "actions",
            "--data",
            &folder.to_string_lossy(),
            "--views",
            "2x10",
            "--device",
            "cpu",
            "--model",
            &model.to_string_lossy(),
            "--flow-source",
            source.key(),
        ]
        .map(str::to_owned);
        let output = motionscope(dir.path(), &line.each_ref().map(String::as_str));
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("temporal"), "{}", text(&output.stdout));
    }
}

#[test]
fn foreign_flow_is_for_mode_a_of_the_temporal_stream() {
    let dir = tempfile::tempdir().unwrap();
    let plan = |network, mode| TrainingPlan {
        flow_source: FlowSource::Tvl1,
        mode,
        ..small(network, &motionscope::data::DataSource::Folder("clips".into()), dir.path().join("run"))
    };
    let error = plan(Network::Temporal, TemporalMode::C).check().unwrap_err();
    assert!(error.cause.contains("mode (c)") && error.cause.contains("tvl1"), "{error}");
    assert!(plan(Network::Spatial, TemporalMode::A).check().is_err());
    plan(Network::Temporal, TemporalMode::A).check().unwrap();
    let line = ["train", "temporal", "--folder", "clips", "--flow-source", "codec", "--mode", "b"];
    assert_eq!(code(&motionscope(dir.path(), &line)), 2);
}

#[test]
fn plans_without_a_flow_source_are_read_as_before() {
    let text = toml::to_string(&TrainingPlan::of(Network::Temporal)).unwrap();
    let old: String =
        text.lines().filter(|line| !line.contains("flow_source")).map(|line| format!("{line}\n")).collect();
    assert_ne!(old, text);
    assert_eq!(toml::from_str::<TrainingPlan>(&old).unwrap(), TrainingPlan::of(Network::Temporal));
}

/// MotionNet's own flow by way of the seam, against the scorer that never leaves the device; rounding moves the scores a little.
#[test]
fn the_seam_gives_the_scores_of_the_network() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 1);
    let base = without_dropout(&flow_model(dir.path(), &data), &data);
    let model = HiddenTwoStream::load(Path::new(&base), &Device::flex()).unwrap();
    let clip = &Dataset::open(&data).unwrap().clips[0];
    let scorer = ClipScorer::new(&model, Protocol { samples: 3, crops: Crops::WholeMirrored, spread: Spread::Even });
    let frames = clip.decode(scorer.motion_size(), None).unwrap();
    // Of the whole frame alone: the flow of a mirrored frame is not the mirrored flow of an untrained network.
    let upright = ClipScorer::new(&model, Protocol { samples: 3, crops: Crops::Whole, spread: Spread::Even });
    let direct = upright.temporal(&frames).unwrap().unwrap();
    let scores = |scorer: &ClipScorer<'_>, source: FlowSource| {
        let flow: ClipFlow = source.clip_flow(clip, &frames, &model.motion).unwrap();
        scorer.temporal_of(&flow).unwrap().unwrap()
    };
    let seam = scores(&upright, FlowSource::MotionNet);
    let rounded = scores(&upright, FlowSource::MotionNetStored);
    let difference = |a: &[f32]| a.iter().zip(&direct).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference(&seam) < 1e-4, "{seam:?} {direct:?}");
    assert!(difference(&rounded) > 1e-6, "rounding to 0.16 px shows");
    assert_ne!(scores(&scorer, FlowSource::MotionNet), seam, "mirrored views count");
}
