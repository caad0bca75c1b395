//! Streams that read clips: trained, kept, measured and followed live like the others.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use image::RgbImage;
use motionscope::engine::{FlowSelection, InferencePipeline};
use motionscope::evaluation::{ClipScorer, Protocol, Spread};
use motionscope::gpu::{Compute, ComputeKind};
use motionscope::nets::preprocessing::{clip_input, motion_input};
use motionscope::nets::{Backbone, HiddenTwoStream, Modality, StreamInput};
use motionscope::training::{Freeze, Network, TemporalMode, TrainingPlan};
use motionscope::video::{Frame, Geometry, decode_clip};

use crate::training::{clips, flow_model, small, train};

/// A model whose streams read clips of `pictures` and `flows`, trained for a moment one after the other.
fn trained(dir: &Path, pictures: usize, flows: usize) -> HiddenTwoStream {
    let data = clips(dir, 2, 2);
    let mut base = flow_model(dir, &data);
    for (network, count, mode) in [
        (Network::Temporal, flows, TemporalMode::A),
        (Network::Temporal, flows, TemporalMode::C),
        (Network::Spatial, pictures, TemporalMode::A),
    ] {
        let run_dir = dir.join(format!("{network:?}{mode:?}"));
        let plan = TrainingPlan {
            base: Some(base),
            backbone: Backbone::I3d,
            clip_frames: Some(count),
            mode,
            segments: 2,
            hold_out: 0.5,
            steps: 1,
            batch: 1,
            ..small(network, &data, run_dir)
        };
        train(&plan).0.unwrap();
        base = plan.run_dir.join("model");
    }
    HiddenTwoStream::load(&base, &Device::flex()).unwrap()
}

fn sample_frames(dir: &Path, size: Geometry) -> Vec<RgbImage> {
    decode_clip(&dir.join("clips/bow/0.mp4"), size, None).unwrap() // 13 of them
}

fn assert_near(a: &[f32], b: &[f32]) {
    let largest = b.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3 * largest), "{a:?} {b:?}");
}

#[test]
fn streams_of_clips_are_trained_kept_measured_and_followed() {
    let dir = tempfile::tempdir().unwrap();
    let model = trained(dir.path(), 7, 15);
    let card = &model.card;
    let frames = [&card.spatial, &card.temporal].map(|entry| entry.as_ref().unwrap().frames);
    assert_eq!(frames, [Some(7), Some(15)]);
    let (spatial, temporal) = (model.spatial.as_ref().unwrap(), model.temporal.as_ref().unwrap());
    assert_eq!(spatial.input(), StreamInput { modality: Modality::Pictures, count: 7 });
    assert_eq!(temporal.input(), StreamInput { modality: Modality::Flow, count: 15 });

    // Measured: a window of 7 in the middle of 13 frames, and one of 16 that the clip is too short for.
    let protocol = Protocol { spread: Spread::Even, ..Protocol::PAPER };
    let protocol = Protocol { samples: 1, crops: "1x1".parse::<Protocol>().unwrap().crops, ..protocol };
    let scorer = ClipScorer::new(&model, protocol);
    let seen = sample_frames(dir.path(), scorer.spatial_size());
    let window: Vec<&RgbImage> = seen[3..10].iter().collect();
    let expected = spatial.spatial_logits(&[window]).unwrap().swap_remove(0);
    assert_near(&scorer.spatial(&seen, None).unwrap().unwrap(), &expected);
    let seen = sample_frames(dir.path(), scorer.motion_size());
    let window: Vec<&RgbImage> = (0..16).map(|index| &seen[index.min(12)]).collect();
    let of_clip = temporal.temporal_logits(model.motion.flows(&[window]).into_finest()).unwrap().swap_remove(0);
    assert_near(&scorer.temporal(&seen).unwrap().unwrap(), &of_clip);

    // Live: what was seen so far, the last frame repeated.
    let pictures = sample_frames(dir.path(), scorer.spatial_size());
    let frame = |index: usize| {
        let scaled = vec![Arc::new(seen[index].clone()), Arc::new(pictures[index].clone())];
        let display = scaled[1].clone();
        Arc::new(Frame { index, pts_secs: 0.0, duration_secs: 0.04, display, scaled })
    };
    let window: Vec<Arc<Frame>> = (0..13).map(frame).collect();
    let compute = Compute { kind: ComputeKind::Cpu, name: "test".into(), device: Device::flex(), wgpu: None };
    let mut pipeline = InferencePipeline::new(model.clone(), &compute);
    assert_eq!(pipeline.window_frames(), 16);
    let result = pipeline.analyse(&window).unwrap();
    assert_eq!((result.padded, result.flows.unwrap().finest().dims()[1]), (3, 30));
    assert_near(&result.scores.temporal, &of_clip);
    assert_near(&result.scores.spatial, &expected);
    let ten = &window[..11];
    assert!(pipeline.flow(ten, 9, FlowSelection::default().level).is_ok(), "what is shown are still ten pairs");
}

#[test]
fn clips_that_cannot_be_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 1);
    let refused = |plan: TrainingPlan| train(&plan).0.unwrap_err().cause;
    let plan = || TrainingPlan { clip_frames: Some(8), ..small(Network::Spatial, &data, dir.path().join("run")) };
    assert!(refused(plan()).contains("SqueezeNet 1.0 does not read clips"));
    assert!(refused(TrainingPlan { network: Network::Flow, ..plan() }).contains("MotionNet does not read clips"));
    let i3d = TrainingPlan { backbone: Backbone::I3d, ..plan() };
    assert!(refused(TrainingPlan { clip_frames: Some(0), ..i3d.clone() }).contains("outside 1 to 256"));
    let named = TrainingPlan { freeze: vec![Freeze::UpTo("mixed_4g".into())], ..i3d };
    let error = train(&named).0.unwrap_err();
    assert!(error.remedy.contains("mixed_5c.b3b.bn, logits"), "{error}");
}

#[test]
fn a_clip_is_its_pictures_one_after_another() {
    let dir = tempfile::tempdir().unwrap();
    clips(dir.path(), 1, 1);
    let seen = sample_frames(dir.path(), Geometry { width: 64, height: 64 });
    let window: Vec<&RgbImage> = seen[..3].iter().collect();
    let (pictures, frames) =
        (clip_input(std::slice::from_ref(&window), &Device::flex()), motion_input(&[window], &Device::flex()));
    (frames * 255.0)
        .into_data()
        .assert_approx_eq::<f32>(&pictures.into_data(), burn::tensor::Tolerance::absolute(1e-2));
}
