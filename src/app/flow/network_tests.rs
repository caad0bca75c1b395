//! Networks of real models in the window: the flow and scores of joint ones, and the rivals of the paper's Figure 2.

use std::path::{Path, PathBuf};

use crate::app::command::Command;
use crate::app::command::prompt::PathPrompt;
use crate::app::flow::tests::Window;
use crate::app::live::tests::until;
use crate::app::settings::Settings;
use crate::app::viewer::views::ViewKind;
use crate::engine::FlowSource;
use crate::gpu::{DeviceChoice, choose};
use crate::nets::fusion::Fusion;
use crate::nets::{
    Architecture, FrameSize, HiddenTwoStream, JointArchitecture, JointConfig, JointEntry, ModelCard, MotionConfig,
    MotionEntry, MotionNetwork, Origin, Precision, Preprocessing,
};
use crate::output::Existing;
use crate::sample::{ACTIONS, STYLES, render_clip};
use crate::video::{Geometry, VideoWriter};

/// A card of the networks that are filled in.
fn card(name: &str) -> ModelCard {
    let size = FrameSize { width: 64, height: 64 };
    ModelCard {
        format: ModelCard::FORMAT,
        name: name.into(),
        hash: None,
        licence: "none".into(),
        precision: Precision::F32,
        classes: Vec::new(),
        thresholds: Vec::new(),
        motion: None,
        joint: None,
        temporal: None,
        spatial: None,
        preprocessing: Preprocessing { motion: size, spatial: size.into() },
        fusion: Fusion::default(),
        origin: Origin::default(),
    }
}

fn save(dir: &Path, card: ModelCard, motion: MotionNetwork) -> PathBuf {
    let folder = dir.join(&card.name);
    HiddenTwoStream { card, motion, temporal: None, spatial: None }.save(&folder).unwrap();
    folder
}

/// A smallest model of a joint network with two classes.
fn joint_model(dir: &Path, architecture: JointArchitecture) -> PathBuf {
    let device = choose(DeviceChoice::Cpu).unwrap().device;
    let map = (architecture == JointArchitecture::Branched).then_some([1, 1]);
    let config = JointConfig { architecture, width: 2, map, ..JointConfig::default() };
    let motion = MotionNetwork::Joint(config.init(2, &device));
    let joint = Some(JointEntry { weights: "joint.safetensors".into(), config });
    let classes = vec!["bow".into(), "wave".into()];
    save(dir, ModelCard { classes, joint, ..card(architecture.key()) }, motion)
}

/// A smallest model of a motion network of pairs.
fn motion_model(dir: &Path, architecture: Architecture) -> PathBuf {
    let config = MotionConfig { architecture, frames: 2, width: 2, ..MotionConfig::default() };
    let motion = config.init(&choose(DeviceChoice::Cpu).unwrap().device);
    let entry = Some(MotionEntry::new("motion.safetensors", config));
    save(dir, ModelCard { motion: entry, ..card(architecture.title()) }, motion)
}

/// A window on a clip of 20 frames.
fn window(dir: &Path) -> Window {
    let (path, size) = (dir.join("clip.mp4"), Geometry { width: 96, height: 64 });
    let mut writer = VideoWriter::create(&path, size, 25.0).unwrap();
    render_clip(ACTIONS[0], &STYLES[0], 5, 20, size).frames.iter().for_each(|frame| writer.push(frame).unwrap());
    writer.finish().unwrap();
    let mut window = Window::with([1280.0, 800.0], Settings::default(), |app| app.open_clip(path));
    until(&mut window, "the clip", |app| app.session.frame.is_some() && app.session.clip.is_some());
    window
}

#[test]
fn a_joint_model_shows_its_flow_and_its_scores() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = window(dir.path());
    window.perform(Command::ShowScores);
    for architecture in JointArchitecture::ALL {
        let folder = joint_model(dir.path(), architecture);
        window.harness.state_mut().load_model(folder.clone());
        until(&mut window, "the model", |app| app.session.model.as_ref().is_some_and(|model| model.dir == folder));
        let generation = window.harness.state().session.model.as_ref().unwrap().generation;
        until(&mut window, "its flow", |app| {
            let flow = app.session.flow.source(FlowSource::Network).flow.clone();
            flow.is_some_and(|flow| flow.basis.model == generation)
        });
        until(&mut window, "its scores", |app| {
            let analysis = app.session.analysis.as_ref().filter(|analysis| analysis.model == generation);
            analysis.and_then(|analysis| analysis.scores.as_ref()).is_some_and(|scores| scores.temporal.len() == 2)
        });
        let session = &window.harness.state().session;
        let scores = session.analysis.as_ref().unwrap().scores.clone().unwrap();
        assert!(scores.spatial.is_empty() && scores.temporal.iter().all(|logit| logit.is_finite()), "{scores:?}");
        let flow = session.flow.source(FlowSource::Network).flow.clone().unwrap();
        let field = flow.flow.at_size(96, 64);
        assert!(field.uv.iter().flatten().all(|component| component.is_finite()), "{architecture:?}");
        assert!(window.sees("Joint network of the model"), "the flow is called so");
        assert!(window.sees("Knows 2 classes") && window.sees("This window: "), "{architecture:?}");
        assert!(!window.sees("Temporal stream with"), "flow of other sources has no scores");
    }
}

#[test]
fn only_a_joint_network_of_pairs_is_a_second_network() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = window(dir.path());
    window.perform(Command::ArrangeRivals);
    for (architecture, cause) in [
        (JointArchitecture::ActionFlowNet2, None),
        (JointArchitecture::Branched, Some("its motion network reads 11 frames at once, not a pair")),
        (JointArchitecture::ActionFlowNet16, Some("its motion network reads 16 frames at once, not a pair")),
    ] {
        let folder = joint_model(dir.path(), architecture);
        let settings = &mut window.harness.state_mut().settings.flow;
        (settings.second_model, settings.coarse_to_fine) = (Some(folder), false);
        settings.second_edition += 1;
        let expected = format!("{} of {}", architecture.name(), architecture.key());
        until(&mut window, "its name", |app| app.session.flow.name_of(FlowSource::SecondNetwork) == expected);
        until(&mut window, "its flow, or why there is none", |app| {
            let source = app.session.flow.source(FlowSource::SecondNetwork);
            match cause {
                None => source.flow.is_some(),
                Some(cause) => source.unavailable.as_ref().is_some_and(|error| error.cause == cause),
            }
        });
    }
}

#[test]
fn the_rivals_of_figure_2_are_laid_out_and_saved_as_a_picture() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = window(dir.path());
    let settings = &mut window.harness.state_mut().settings.flow;
    (settings.second_model, settings.coarse_to_fine) = (Some(motion_model(dir.path(), Architecture::FlowNet2)), false);
    settings.second_edition += 1;
    window.harness.state_mut().load_model(motion_model(dir.path(), Architecture::MotionNet));
    window.perform(Command::ArrangeRivals);
    let sources = [FlowSource::Tvl1, FlowSource::Network, FlowSource::SecondNetwork];
    let views = &window.harness.state().settings.views;
    let shown: Vec<_> = views.list().iter().map(|view| (view.kind, view.source)).collect();
    assert_eq!(shown[0].0, ViewKind::Frame);
    assert_eq!(shown[1..], sources.map(|source| (ViewKind::Flow, source)), "beside the frame");
    assert!(!views.swipe);
    until(&mut window, "all flows", |app| {
        let is_there = |source: &FlowSource| {
            app.session.flow.source(*source).flow.as_ref().is_some_and(|flow| flow.frame == 0 && !flow.is_draft)
        };
        app.session.model.is_some() && sources.iter().all(is_there)
    });
    for name in ["TV-L1", "MotionNet of the model", "FlowNet2 of FlowNet2"] {
        assert!(window.pictures().iter().any(|picture| picture.contains(name)), "{name}: {:?}", window.pictures());
    }

    let (path, ctx) = (dir.path().join("rivals.png"), window.harness.ctx.clone());
    let app = window.harness.state_mut();
    app.open_as(PathPrompt::Of(Command::SaveComparison), path.clone(), Existing::Keep, &ctx);
    until(&mut window, "the picture", |_| path.is_file());
    // Four tiles of four times the clip's size, each with two lines of text below.
    let saved = image::open(&path).unwrap();
    assert_eq!((saved.width(), saved.height()), (2 * 384, 2 * (256 + 2 * 27)));
}
