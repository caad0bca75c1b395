//! The temporal stream on flow that is not MotionNet's own: trained, measured while training, evaluated, and what is refused.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData, Tolerance};
use motionscope::data::Dataset;
use motionscope::engine::{ClipFrames, InferencePipeline};
use motionscope::evaluation::{ClipScorer, Crops, Protocol, Spread};
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::nets::{FlowReading, FlowResolution, HiddenTwoStream};
use motionscope::training::{ClipFlow, FlowSource, Network, TemporalMode, TrainingEvent, TrainingPlan};
use motionscope::video::Geometry;

use crate::cli::{code, motionscope, text};
use crate::training::{clips, flow_model, small, train, train_until, without_dropout};

#[test]
fn streams_learn_from_the_codec_and_from_classical_flow_without_a_motion_net() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let folder = data.clips().to_owned();
    for source in [FlowSource::Codec, FlowSource::Tvl1Fast, FlowSource::DisFast, FlowSource::DisUltrafast] {
        let plan = TrainingPlan {
            flow_source: Some(source),
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
        assert_eq!(HiddenTwoStream::load(&model, &Device::flex()).unwrap().card.flow_source(), source);
        let line = ["evaluate", "actions", "--views", "2x10", "--device", "cpu"];
        let (folder, model) = (folder.to_string_lossy(), model.to_string_lossy());
        let line = [&line[..], &["--data", &folder, "--model", &model]].concat();
        let printed = |more: &[&str]| {
            let output = motionscope(dir.path(), &[&line, more].concat());
            assert_eq!(code(&output), 0, "{}", text(&output.stderr));
            text(&output.stdout)
        };
        let plain = printed(&[]);
        let remark = format!("The temporal stream read {}, on which it was trained.", source.in_words());
        assert!(plain.contains("temporal") && plain.contains(&remark), "{plain}");
        assert_eq!(printed(&["--flow-source", source.key()]), plain);
        if source == FlowSource::Tvl1Fast {
            assert!(
                printed(&["--flow-source", "dis-fast"]).contains("was trained on TV-L1 flow (preset fast) and read")
            );
            let output = motionscope(dir.path(), &[&line[..], &["--flow-source", "motionnet"]].concat());
            assert!(code(&output) == 1 && text(&output.stderr).contains("never trained"), "{}", text(&output.stderr));
        }
    }
}

/// The stream reads flow of 32×32 of frames of 64×64: trained, resumed, exported, taken over by the next training.
#[test]
fn a_stream_learns_flow_at_its_own_resolution() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    // Its fresh layers and its dropout would be drawn from what all trainings of this process share.
    let base = without_dropout(&flow_model(dir.path(), &data), &data);
    let at = |name: &str, mode| TrainingPlan {
        base: Some(base.clone()),
        flow_resolution: Some(FlowResolution::Flow),
        mode,
        hold_out: 0.5,
        ..small(Network::Temporal, &data, dir.path().join(name))
    };
    let bytes = |run: &str| std::fs::read(dir.path().join(run).join("model/temporal.safetensors")).unwrap();
    for mode in [TemporalMode::A, TemporalMode::C] {
        let (whole, halves) = (format!("whole {mode:?}"), format!("halves {mode:?}"));
        train(&at(&whole, mode)).0.unwrap();
        train_until(&at(&halves, mode), 2).0.unwrap();
        train(&at(&halves, mode)).0.unwrap();
        assert!(bytes(&whole) == bytes(&halves), "mode {mode:?}");
    }
    let load = |run: &str| HiddenTwoStream::load(&dir.path().join(run).join("model"), &Device::flex()).unwrap();
    let model = load("whole A");
    assert_eq!(model.card.temporal.as_ref().unwrap().resolution, FlowResolution::Flow);
    let stream = model.temporal.as_ref().unwrap();
    let flow = Tensor::<4>::ones([1, 20, 32, 32], &Device::flex()).mul_scalar(0.1); // 2 px
    let read = stream.flow_inputs(flow.clone()).unwrap().swap_remove(0);
    assert_eq!(read.dims(), [1, 20, 32, 32]);
    read.clone().into_data().assert_approx_eq::<f32>(
        &TensorData::full([1, 20, 32, 32], 22.0 * 255.0 / 40.0 - 128.0),
        Tolerance::absolute(1e-4),
    );
    let (logits, expected) = (stream.temporal_logits(flow.clone()).unwrap(), stream.forward(read).into_data());
    assert_eq!(logits[0], expected.try_into_vec::<f32>().unwrap());
    let upsampled = stream.clone().with_reading(FlowReading::default());
    assert_eq!(upsampled.flow_inputs(flow.clone()).unwrap()[0].dims(), [1, 20, 64, 64]);
    assert_ne!(upsampled.temporal_logits(flow).unwrap(), logits);

    let next = TrainingPlan {
        base: Some(dir.path().join("whole A/model")),
        dropout: Some(0.3),
        ..small(Network::Temporal, &data, dir.path().join("next"))
    };
    train(&next).0.unwrap();
    assert_eq!(load("next").card.temporal.unwrap().resolution, FlowResolution::Flow);
    let wrong = TrainingPlan { network: Network::Spatial, ..at("spatial", TemporalMode::A) };
    assert!(wrong.check().unwrap_err().to_string().contains("only the temporal stream reads flow"));
    let small_crop = TrainingPlan { crop: Geometry { width: 64, height: 32 }, ..at("small", TemporalMode::A) };
    let error = train(&small_crop).0.unwrap_err();
    assert_eq!((error.subject.as_str(), error.remedy.as_str()), ("crop", "Use at least 64x64"), "{error}");
}

#[test]
fn foreign_flow_is_for_mode_a_of_the_temporal_stream() {
    let dir = tempfile::tempdir().unwrap();
    let plan = |network, mode| TrainingPlan {
        flow_source: Some(FlowSource::Tvl1),
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
    let old = toml::to_string(&TrainingPlan::of(Network::Temporal)).unwrap();
    assert!(!old.contains("flow_source"), "{old}");
    let plan = toml::from_str::<TrainingPlan>(&old).unwrap();
    assert_eq!((plan.flow_source(), &plan), (FlowSource::MotionNet, &TrainingPlan::of(Network::Temporal)));
}

/// MotionNet's own flow by way of the seam, against the scorer that never leaves the device; rounding moves the scores a little.
#[test]
fn the_seam_gives_the_scores_of_the_network() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 1);
    let base = without_dropout(&flow_model(dir.path(), &data), &data);
    let model = HiddenTwoStream::load(Path::new(&base), &Device::flex()).unwrap();
    let clip = &Dataset::open(&data).unwrap().clips[0];
    let scorer = ClipScorer::new(
        &model,
        Protocol { samples: 3, crops: Crops::WholeMirrored, spread: Spread::Even, average: None },
    );
    let frames = clip.decode(scorer.motion_size(), None).unwrap();
    // Of the whole frame alone: the flow of a mirrored frame is not the mirrored flow of an untrained network.
    let upright =
        ClipScorer::new(&model, Protocol { samples: 3, crops: Crops::Whole, spread: Spread::Even, average: None });
    let direct = upright.temporal(&frames).unwrap().unwrap();
    let scores = |scorer: &ClipScorer<'_>, source: FlowSource| {
        let flow: ClipFlow = source.clip_flow(clip, &frames, &model.motion).unwrap();
        scorer.temporal_of(&flow).unwrap().unwrap()
    };
    let seam = scores(&upright, FlowSource::MotionNet);
    let rounded = scores(&upright, FlowSource::MotionNetStored);
    let difference = |a: &[f32]| a.iter().zip(&direct).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference(&seam) < 1e-4, "{seam:?} {direct:?}");
    assert!(difference(&rounded) > difference(&seam), "rounding to 0.16 px shows");
    assert_ne!(scores(&scorer, FlowSource::MotionNet), seam, "mirrored views count");
}

/// The base's stream, its flow and its untrained MotionNet: what a run or a window takes over of a two-stage model.
#[test]
fn a_two_stage_model_stays_on_the_flow_it_was_trained_on() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let first = TrainingPlan {
        flow_source: Some(FlowSource::DisFast),
        ..small(Network::Temporal, &data, dir.path().join("first"))
    };
    train(&first).0.unwrap();
    let base = first.run_dir.join("model");
    let plan = |mode, run: &str| TrainingPlan {
        base: Some(base.clone()),
        mode,
        ..small(Network::Temporal, &data, dir.path().join(run))
    };
    train(&plan(TemporalMode::A, "next")).0.unwrap();
    let card = HiddenTwoStream::load(&dir.path().join("next/model"), &Device::flex()).unwrap().card;
    assert_eq!(card.flow_source(), FlowSource::DisFast);
    assert!(card.origin.commands[1].contains("on DIS flow (preset fast)"), "{:?}", card.origin.commands);
    let error = train(&plan(TemporalMode::C, "end to end")).0.unwrap_err();
    assert!(error.cause.contains("trained on DIS flow (preset fast), in which MotionNet has no part"), "{error}");
    assert!(error.remedy.contains("--flow-source motionnet"), "{error}");

    // The scores of a window are those of the stream on that flow.
    let model = HiddenTwoStream::load(&base, &Device::flex()).unwrap();
    let clip = &Dataset::open(&data).unwrap().clips[0];
    let mut pipeline = InferencePipeline::new(model.clone(), &choose(DeviceChoice::Cpu).unwrap());
    let window = ClipFrames::open(&clip.path, pipeline.sizes()).unwrap().window(1, 11).unwrap();
    let scores = pipeline.analyse(&window).unwrap().scores.temporal;
    let frames: Vec<_> = window.iter().map(|frame| (*frame.scaled[0]).clone()).collect();
    let scorer =
        ClipScorer::new(&model, Protocol { samples: 1, crops: Crops::Whole, spread: Spread::Even, average: None });
    let scored = |source: FlowSource| {
        let flow = source.clip_flow(clip, &frames, &model.motion).unwrap();
        scorer.temporal_of(&flow).unwrap().unwrap()
    };
    let difference = |a: &[f32]| a.iter().zip(&scores).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let [own, other] = [FlowSource::DisFast, FlowSource::MotionNet].map(|source| difference(&scored(source)));
    assert!(own < 1e-5 && other > 10.0 * own, "{own} {other} {scores:?}");

    let run = |line: &str| motionscope(dir.path(), &line.split(' ').collect::<Vec<_>>());
    let info = run("info --model first/model --device cpu");
    assert!(
        text(&info.stdout).contains("temporal stream: trained on DIS flow (preset fast)"),
        "{}",
        text(&info.stdout)
    );
    let tune = "tune --data clips --model first/model --run-dir tuned --device cpu";
    let tuned = run(&format!("{tune} --steps 2"));
    assert!(code(&tuned) == 0 && text(&tuned.stderr).contains("and is tuned on it"), "{}", text(&tuned.stderr));
    let refused = run(&format!("{tune} --depth everything"));
    assert!(code(&refused) == 2 && text(&refused.stderr).contains("in which MotionNet has no part"));
    // Motion vectors are not to be had of single frames.
    let card = std::fs::read_to_string(base.join("model.toml")).unwrap().replace("dis-fast", "codec");
    std::fs::write(base.join("model.toml"), card).unwrap();
    let name = clip.path.strip_prefix(dir.path()).unwrap().display();
    let analyzed = run(&format!("analyze {name} --out out --model first/model --device cpu"));
    let said = text(&analyzed.stderr);
    assert!(code(&analyzed) == 0 && said.contains("trained on motion vectors of the codec"), "{said}");
}
