//! The engine on generated clips with an untrained model: requests in; frames, analyses and messages out.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use motionscope::cli::bench::fixture;
use motionscope::data::DataSource;
use motionscope::engine::{
    Analysis, FlowSelection, FlowSource, InferencePipeline, LiveEvent, Message, Request, StepTimingOrder, WINDOW_FRAMES,
};
use motionscope::flow::metrics::end_point_error;
use motionscope::gpu::{Compute, DeviceChoice, choose};
use motionscope::nets::{
    Architecture, Backbone, FlowNetConventions, HiddenTwoStream, Modality, MotionConfig, StreamEntry,
};
use motionscope::training::{Network, TrainingEvent, TrainingPlan};
use motionscope::video::{Frame, Geometry, PlayerCommand, VideoReader};
use tempfile::TempDir;

use crate::shared;
use crate::watched::Watched;

const SIZE: Geometry = Geometry { width: 64, height: 64 };
const PAIRWISE: MotionConfig = MotionConfig {
    architecture: Architecture::MotionNet,
    frames: 2,
    width: 2,
    small_displacement: true,
    cdc: true,
    conventions: FlowNetConventions::DEFAULT,
};

fn cpu() -> Compute {
    choose(DeviceChoice::Cpu).unwrap()
}

fn clip(dir: &Path, frames: usize) -> PathBuf {
    fixture::clip(dir, frames, Geometry { width: 96, height: 80 }).unwrap()
}

fn frames(clip: &Path, pipeline: &InferencePipeline) -> Vec<Arc<Frame>> {
    let mut reader = VideoReader::open(clip, pipeline.sizes()).unwrap();
    (0..reader.info().frames).map(|index| Arc::new(reader.frame(index).unwrap())).collect()
}

/// An engine, and what a test waits for.
struct Stage {
    watched: Watched,
    dir: TempDir,
}

impl Deref for Stage {
    type Target = Watched;

    fn deref(&self) -> &Watched {
        &self.watched
    }
}

impl Stage {
    fn new() -> Self {
        Self { watched: Watched::new(cpu()), dir: tempfile::tempdir().unwrap() }
    }

    fn with_model() -> Self {
        let stage = Self::new();
        let model = stage.dir.path().join("model");
        fixture::model(&PAIRWISE, SIZE, &cpu().device).save(&model).unwrap();
        stage.engine.send(Request::LoadModel(model));
        stage.message(|message| matches!(message, Message::ModelLoaded(_)).then_some(()));
        stage
    }

    fn analysis(&self, wanted: impl Fn(&Analysis) -> bool) -> Arc<Analysis> {
        self.until("analysis", || self.engine.analysis().filter(|analysis| wanted(analysis)))
    }

    fn open(&self, frames: usize) {
        self.engine.send(Request::Open(clip(self.dir.path(), frames)));
        self.message(|message| matches!(message, Message::Opened(_)).then_some(()));
    }
}

#[test]
fn a_streamed_window_equals_one_computed_from_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let clip = clip(dir.path(), 15);
    for frames_at_once in [2, WINDOW_FRAMES] {
        let config = MotionConfig { frames: frames_at_once, ..PAIRWISE };
        let mut streaming = InferencePipeline::new(fixture::model(&config, SIZE, &cpu().device), &cpu());
        let frames = frames(&clip, &streaming);
        for start in 0..3 {
            streaming.analyse(&frames[start..start + WINDOW_FRAMES]).unwrap();
        }
        let window = &frames[3..3 + WINDOW_FRAMES];
        // A two-frame network lacks nothing but the new pair, any other the whole window.
        assert!(streaming.advance(window, 1).unwrap());
        let streamed = streaming.analyse(window).unwrap();
        streaming.clear();
        let fresh = streaming.analyse(window).unwrap();
        let difference = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert_eq!(streamed.scores.temporal.len(), 2);
        assert!(difference(&streamed.scores.temporal, &fresh.scores.temporal) < 1e-4);
        assert_eq!(streamed.scores.spatial, fresh.scores.spatial);
        let flows = fresh.flows.unwrap();
        assert_eq!(flows.levels[0].dims(), [1, 20, 32, 32]);

        // The flow of a single pair is the pair's part of the stack, in pixels.
        let stack = flows.levels[0].clone().into_data().try_into_vec::<f32>().unwrap();
        let view = streaming.flow(window, 7, 2).unwrap();
        let [u, v] = view.field.at(5, 9);
        let at = |channel: usize| 20.0 * stack[(channel * 32 + 9) * 32 + 5];
        assert!((u - at(14)).abs() < 1e-4 && (v - at(15)).abs() < 1e-4);
    }
}

#[test]
fn a_short_window_repeats_its_last_frame() {
    let dir = tempfile::tempdir().unwrap();
    let mut pipeline = InferencePipeline::new(fixture::model(&PAIRWISE, SIZE, &cpu().device), &cpu());
    let frames = frames(&clip(dir.path(), 4), &pipeline);
    let result = pipeline.analyse(&frames).unwrap();
    assert_eq!(result.padded, 7);
    let at_rest = [3, 9].map(|pair| pipeline.flow(&frames, pair, 2).unwrap().field);
    assert_eq!(at_rest[0], at_rest[1], "pairs of the repeated frame are one and the same");
    assert!(pipeline.analyse(&[]).is_err());
}

#[test]
fn on_a_graphics_device_the_flow_is_the_same_and_stays_there() {
    let Ok(graphics) = choose(DeviceChoice::Gpu) else {
        return shared::skip("gpu", "no graphics device, not even an emulated one");
    };
    let dir = tempfile::tempdir().unwrap();
    let model = dir.path().join("model");
    fixture::model(&PAIRWISE, SIZE, &cpu().device).save(&model).unwrap();
    let clip = clip(dir.path(), 3);
    let [on_cpu, on_graphics] = [cpu(), graphics].map(|compute| {
        let mut pipeline = InferencePipeline::new(HiddenTwoStream::load(&model, &compute.device).unwrap(), &compute);
        let window = frames(&clip, &pipeline);
        pipeline.flow(&window, 1, 2).unwrap()
    });
    assert!(on_cpu.gpu.is_none());
    assert_eq!(on_graphics.gpu.map(|buffer| (buffer.channels, buffer.height, buffer.width)), Some((2, 32, 32)));
    assert!(end_point_error(&on_cpu.field, &on_graphics.field) < 1e-3 * on_cpu.max_px.max(1.0));
}

#[test]
fn flow_and_scores_follow_the_position() {
    let stage = Stage::with_model();
    stage.open(30);
    let first = stage.analysis(|analysis| analysis.scores.is_some());
    assert_eq!((first.frame, first.window_start, first.pair, first.padded), (0, 0, 0, 0));

    stage.engine.send(Request::Player(PlayerCommand::SeekFrame(25)));
    let near_end = stage.analysis(|analysis| analysis.frame == 25);
    assert_eq!((near_end.window_start, near_end.pair), (19, 6), "the last window ends with the clip");
    let scored = stage.analysis(|analysis| analysis.scores.as_ref().is_some_and(|scores| scores.window_start == 19));
    assert_eq!(scored.frame, 25);
    for analysis in [near_end, scored] {
        let of_window = analysis.scores.as_ref().is_some_and(|scores| scores.window_start == 19);
        assert_eq!(analysis.scored, if of_window { [25, 1] } else { [0, 1] });
    }
    // Its last frames share a window, which is scored once.
    stage.engine.send(Request::Player(PlayerCommand::SeekFrame(27)));
    let later = stage.analysis(|analysis| analysis.frame == 27);
    assert_eq!((later.window_start, later.scored), (19, [27, 1]));

    stage.engine.send(Request::Select(FlowSelection { pair: Some(2), level: 4 }));
    let coarse = stage.analysis(|analysis| analysis.level == 4);
    let flow = stage.engine.source_flow(FlowSource::Network).unwrap();
    assert_eq!((coarse.pair, flow.flow.field.width), (2, 8));

    stage.engine.send(Request::Player(PlayerCommand::Play));
    stage.until("the end", || (stage.engine.player().position == 29).then_some(()));
    stage.engine.send(Request::Close);
    stage.until("closed", || (stage.engine.frame().is_none() && stage.engine.analysis().is_none()).then_some(()));
}

#[test]
fn what_was_computed_of_a_clip_goes_with_it() {
    let stage = Stage::with_model();
    for _ in 0..5 {
        stage.open(20);
        stage.analysis(|_| true);
        stage.engine.send(Request::Player(PlayerCommand::Play)); // so that more is being computed
        stage.engine.send(Request::Close);
        stage.until("the end", || stage.engine.frame().is_none().then_some(()));
        assert!(stage.engine.analysis().is_none() && stage.engine.source_flow(FlowSource::Network).is_none());
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(stage.engine.analysis().is_none(), "nothing comes behind");
    }
}

#[test]
fn a_stream_of_clips_is_given_the_frames_around_the_position() {
    let stage = Stage::new();
    let folder = stage.dir.path().join("model");
    let mut model = fixture::model(&PAIRWISE, SIZE, &cpu().device);
    let entry = StreamEntry { backbone: Backbone::I3d, frames: Some(24), ..model.card.temporal.clone().unwrap() };
    model.temporal = Some(entry.config(Modality::Flow, model.card.classes.len()).init(&cpu().device));
    model.card.temporal = Some(entry);
    model.save(&folder).unwrap();
    stage.engine.send(Request::LoadModel(folder.clone()));
    let info = stage.message(|message| match message {
        Message::ModelLoaded(info) => Some(info.clone()),
        _ => None,
    });
    assert_eq!((info.reads_flow, info.compares_flow), (true, false), "the flows of other sources are too few");
    stage.open(30);

    let mut pipeline = InferencePipeline::new(HiddenTwoStream::load(&folder, &cpu().device).unwrap(), &cpu());
    let frames = frames(&stage.dir.path().join("clip.mp4"), &pipeline);
    for (position, first) in [(0, 0), (25, 5)] {
        stage.engine.send(Request::Player(PlayerCommand::SeekFrame(position)));
        let is_there =
            |analysis: &Analysis| analysis.scores.as_ref().is_some_and(|scores| scores.window_start == first);
        let live = stage.analysis(is_there).scores.clone().unwrap();
        let expected = pipeline.analyse(&frames[first..first + 25]).unwrap().scores;
        for (a, b) in [(&live.temporal, &expected.temporal), (&live.spatial, &expected.spatial)] {
            let largest = b.iter().fold(1e-3f32, |largest, b| largest.max(b.abs()));
            assert!(a.len() == 2 && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3 * largest), "{a:?} {b:?}");
        }
    }
}

#[test]
fn no_request_is_lost_however_many_come_while_a_clip_is_being_opened() {
    const REQUESTS: usize = 600;
    let stage = Stage::new();
    stage.engine.send(Request::Open(clip(stage.dir.path(), 5)));
    for number in 0..REQUESTS {
        stage.engine.send(Request::Player(PlayerCommand::Step(if number % 2 == 0 { 1 } else { -1 })));
        stage.engine.send(Request::ListCorrections(stage.dir.path().join(number.to_string())));
    }
    stage.engine.send(Request::Player(PlayerCommand::Step(3)));
    let mut counted = 0;
    stage.message(|message| {
        counted += usize::from(matches!(message, Message::Live(LiveEvent::Corrections { .. })));
        (counted == REQUESTS).then_some(())
    });
    stage.until("the last step", || (stage.engine.player().position == 3).then_some(()));
}

#[test]
fn what_cannot_be_opened_is_said_and_the_engine_goes_on() {
    let stage = Stage::with_model();
    let dir = stage.dir.path();
    fs::write(dir.join("text.mp4"), "no video at all").unwrap();
    fs::create_dir(dir.join("no model")).unwrap();
    let requests = [
        Request::Open(dir.join("missing.mp4")),
        Request::Open(dir.join("text.mp4")),
        Request::LoadModel(dir.join("no model")),
        Request::Train(TrainingPlan {
            run_dir: dir.join("run"),
            data: DataSource::Folder(dir.join("nowhere")),
            ..TrainingPlan::default()
        }),
    ];
    for request in requests {
        stage.engine.send(request);
        let problem = stage.message(|message| match message {
            Message::OpenFailed(_, error) | Message::ModelFailed(_, error) | Message::TrainingFailed(error) => {
                Some(error.clone())
            }
            _ => None,
        });
        assert!(problem.subject.starts_with(&*dir.to_string_lossy()), "{problem}");
    }
    stage.open(5);
    let analysis = stage.analysis(|analysis| analysis.scores.is_some());
    assert_eq!(analysis.padded, 6);
}

#[test]
fn a_step_is_timed_without_a_run() {
    let stage = Stage::new();
    let clips = stage.dir.path().join("clips/wave");
    fs::create_dir_all(&clips).unwrap();
    clip(&clips, 12);
    let frame = Geometry { width: 64, height: 64 };
    let plan = TrainingPlan {
        data: DataSource::Folder(stage.dir.path().join("clips")),
        run_dir: stage.dir.path().join("run"),
        motion: PAIRWISE,
        batch: 4,
        frame,
        crop: frame,
        ..TrainingPlan::default()
    };
    let nowhere = TrainingPlan { data: DataSource::Folder(stage.dir.path().join("nowhere")), ..plan.clone() };
    for (id, plan) in [(7, plan), (8, nowhere)] {
        stage.engine.send(Request::TimeSteps(Some(Box::new(StepTimingOrder { id, plans: vec![plan] }))));
        let timed = stage.message(|message| match message {
            Message::StepsTimed(of, timed) if *of == id => Some(timed.clone()),
            _ => None,
        });
        match timed {
            Ok(times) => assert!(id == 7 && times.len() == 1 && times[0].0 == Network::Flow && times[0].1 > 0.0),
            Err(error) => assert!(id == 8 && error.subject.contains("nowhere"), "{error}"),
        }
        stage.message(|message| matches!(message, Message::StepTimingEnded(of) if *of == id).then_some(()));
    }
    assert!(!stage.dir.path().join("run").exists(), "nothing is written");
}

#[test]
fn a_training_can_be_stopped_and_its_model_used() {
    let stage = Stage::new();
    let clips = stage.dir.path().join("clips/wave");
    fs::create_dir_all(&clips).unwrap();
    clip(&clips, 12);
    let frame = Geometry { width: 64, height: 64 };
    let plan = TrainingPlan {
        data: DataSource::Folder(stage.dir.path().join("clips")),
        run_dir: stage.dir.path().join("run"),
        motion: PAIRWISE,
        steps: 100_000,
        batch: 2,
        frame,
        crop: frame,
        ..TrainingPlan::default()
    };
    stage.engine.send(Request::Train(plan));
    stage.message(|message| {
        matches!(message, Message::Training(TrainingEvent::Step(metrics)) if metrics.step >= 3).then_some(())
    });
    stage.engine.send(Request::StopTraining);
    let model = stage.message(|message| match message {
        Message::Training(TrainingEvent::Finished { model_dir, stopped_early: true }) => Some(model_dir.clone()),
        _ => None,
    });
    stage.engine.send(Request::LoadModel(model));
    stage.message(|message| {
        matches!(message, Message::ModelLoaded(info) if info.motion == "MotionNet-2, 2 frames").then_some(())
    });
}
