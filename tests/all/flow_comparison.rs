//! The flow comparison on a generated clip: every source through the engine, what the loss makes of their flows, and
//! what the temporal stream says under them.

use std::fs;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use motionscope::cli::bench::fixture;
use motionscope::engine::{
    BenchmarkPlan, FlowColours, FlowDiagnostics, FlowExport, FlowSettings, FlowSource, InferencePipeline, LiveEvent,
    Message, Request, SourceFlow, Topic,
};
use motionscope::evaluation::flow_benchmarks::FlowDataset;
use motionscope::flow::FlowField;
use motionscope::flow::files::{self, FlowFormat, write_flo};
use motionscope::flow::metrics::end_point_error;
use motionscope::flow::tvl1::Tvl1Parameters;
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::nets::{Architecture, FlowNetConventions, HiddenTwoStream, MotionConfig};
use motionscope::output::{Existing, OutputGuard};
use motionscope::sample::{ACTIONS, STYLES, render_clip};
use motionscope::video::{Geometry, PlayerCommand, Sizes, VideoReader, VideoWriter};
use tempfile::TempDir;

use crate::watched::Watched;

const CLIP: Geometry = Geometry { width: 128, height: 96 };
const FRAMES: usize = 14;
const MOTION: MotionConfig = MotionConfig {
    architecture: Architecture::MotionNet,
    frames: 2,
    width: 2,
    small_displacement: true,
    cdc: true,
    conventions: FlowNetConventions::DEFAULT,
};

/// An engine with a model and a clip whose flow is known.
struct Stage {
    watched: Watched,
    dir: TempDir,
    truth: Vec<FlowField>,
}

impl Deref for Stage {
    type Target = Watched;

    fn deref(&self) -> &Watched {
        &self.watched
    }
}

impl Stage {
    fn new() -> Self {
        let cpu = choose(DeviceChoice::Cpu).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let model = dir.path().join("model");
        fixture::model(&MOTION, Geometry { width: 64, height: 64 }, &cpu.device).save(&model).unwrap();

        let clip = render_clip(ACTIONS[0], &STYLES[0], 1, FRAMES, CLIP);
        let path = dir.path().join("clip.mp4");
        let mut writer = VideoWriter::create(&path, CLIP, 25.0).unwrap();
        clip.frames.iter().for_each(|frame| writer.push(frame).unwrap());
        writer.finish().unwrap();
        let flows = dir.path().join("flows");
        fs::create_dir(&flows).unwrap();
        for (index, flow) in clip.flow.iter().enumerate() {
            write_flo(&flows.join(format!("{index:03}.flo")), flow).unwrap();
        }

        let stage = Self { watched: Watched::new(cpu), dir, truth: clip.flow };
        stage.engine.send(Request::LoadModel(model));
        stage.message(|message| matches!(message, Message::ModelLoaded(_)).then_some(()));
        stage.open(path);
        stage
    }

    fn open(&self, path: PathBuf) {
        self.engine.send(Request::Open(path));
        self.message(|message| matches!(message, Message::Opened(_)).then_some(()));
    }

    fn set(&self, settings: FlowSettings) {
        self.engine.send(Request::FlowComparison(Box::new(settings)));
    }

    fn settings(&self) -> FlowSettings {
        FlowSettings {
            truth: Some(self.dir.path().join("flows")),
            sources: vec![FlowSource::Tvl1, FlowSource::Dis, FlowSource::Codec, FlowSource::Truth],
            tvl1: Tvl1Parameters { warps: 2, ..Tvl1Parameters::opencv() },
            ..FlowSettings::default()
        }
    }

    fn flow(&self, source: FlowSource, wanted: impl Fn(&SourceFlow) -> bool) -> Arc<SourceFlow> {
        self.until(source.name(), || self.engine.source_flow(source).filter(|flow| wanted(flow)))
    }

    fn diagnostics(&self, source: FlowSource, wanted: impl Fn(&FlowDiagnostics) -> bool) -> Arc<FlowDiagnostics> {
        self.until(source.name(), || self.engine.diagnostics(source).filter(|diagnostics| wanted(diagnostics)))
    }
}

#[test]
fn every_source_follows_the_position_and_is_judged_by_the_truth() {
    let stage = Stage::new();
    stage.set(FlowSettings { inspected: FlowSource::ALL.to_vec(), occlusion: true, ..stage.settings() });
    stage.engine.send(Request::Player(PlayerCommand::SeekFrame(5)));
    let reversible = [FlowSource::Network, FlowSource::Tvl1, FlowSource::Dis];
    for source in [FlowSource::Network, FlowSource::Tvl1, FlowSource::Dis, FlowSource::Codec, FlowSource::Truth] {
        let flow = stage.flow(source, |flow| flow.frame == 5);
        assert_eq!((flow.source, flow.stride), (source, 1));
        let diagnostics = stage.diagnostics(source, |diagnostics| {
            diagnostics.frame == 5 && (diagnostics.statistics.errors.is_some() || source == FlowSource::Truth)
        });
        let (width, height) = (flow.flow.field.width, flow.flow.field.height);
        assert_eq!((diagnostics.error.width, diagnostics.error.height), (width, height));
        assert_eq!(diagnostics.first.dimensions(), (width as u32, height as u32));
        assert_eq!(diagnostics.occlusion.is_some(), reversible.contains(&source));
    }
    let dis = stage.diagnostics(FlowSource::Dis, |diagnostics| diagnostics.frame == 5).statistics;
    let tvl1 = stage.diagnostics(FlowSource::Tvl1, |diagnostics| diagnostics.frame == 5).statistics;
    let truth = stage.diagnostics(FlowSource::Truth, |diagnostics| diagnostics.frame == 5).statistics;
    let zero_epe = {
        let truth = &stage.truth[5];
        let zero = FlowField::new(truth.width, truth.height, vec![[0.0; 2]; truth.uv.len()]);
        end_point_error(truth, &zero)
    };
    let errors = tvl1.errors.unwrap();
    assert!(errors.epe < 0.6 * f64::from(zero_epe), "TV-L1 {} px, zero flow {zero_epe} px", errors.epe);
    let dis_errors = dis.errors.unwrap();
    assert!(dis_errors.epe < 0.8 * f64::from(zero_epe), "DIS {} px, zero flow {zero_epe} px", dis_errors.epe);
    assert!(tvl1.photometric_ratio < 0.8, "TV-L1 explains what changes: {tvl1:?}");
    assert!(truth.photometric_ratio < 0.8 && truth.ssim > 0.5, "so does the truth: {truth:?}");
    assert!((tvl1.magnitudes.mean - truth.magnitudes.mean).abs() < 0.5 * truth.magnitudes.mean);
}

#[test]
fn a_longer_stride_is_a_longer_way() {
    let stage = Stage::new();
    stage.set(FlowSettings { stride: 3, ..stage.settings() });
    stage.engine.send(Request::Player(PlayerCommand::SeekFrame(2)));
    for source in [FlowSource::Network, FlowSource::Tvl1, FlowSource::Codec] {
        let flow = stage.flow(source, |flow| flow.frame == 2 && flow.stride == 3);
        let mean = |field: &FlowField| field.uv.iter().map(|[u, v]| u.hypot(*v)).sum::<f32>() / field.uv.len() as f32;
        if source == FlowSource::Tvl1 {
            let one = &stage.truth[2];
            assert!(mean(&flow.flow.field) > 1.5 * mean(one), "three steps are longer than one");
        }
    }
    let last = stage.engine.analysis().unwrap();
    assert_eq!(last.stride, 3);
    stage.engine.send(Request::Player(PlayerCommand::SeekFrame(FRAMES - 1)));
    // 13 → 13 − 3: the last pair of that phase that the clip has, as there is no frame 16.
    let flow = stage.flow(FlowSource::Network, |flow| flow.frame != 2 && flow.frame + flow.stride == FRAMES - 1);
    assert_eq!(flow.stride, 3);
}

#[test]
fn the_temporal_stream_is_fed_from_every_source() {
    let stage = Stage::new();
    stage.set(FlowSettings { score_all: true, ..stage.settings() });
    let strip = |source| stage.until("strip", || stage.engine.strip(source).filter(|strip| strip.temporal.is_some()));
    let [network, truth] = [FlowSource::Network, FlowSource::Truth].map(strip);
    assert_eq!((network.flows.len(), truth.flows.len()), (10, 10));
    assert_eq!(network.temporal.as_ref().map(Vec::len), Some(2));
    assert_ne!(network.temporal, truth.temporal, "another flow, another opinion");
    // What the stream sees of the truth is the truth, halved in size and back, in grey levels around 127.5.
    let input = &truth.input;
    assert_eq!((input.width, input.height, input.planes.len()), (64, 64, 20));
    assert_eq!(input.histogram.iter().sum::<u32>(), 20 * 32 * 32);
    let centre = |plane: &[f32]| plane[32 * 64 + 32];
    let [u, _] = truth.flows[4].at_size(64, 64).at(32, 32);
    assert!((centre(&input.planes[8]) - (u + 20.0) * 6.375).abs() < 3.0, "{} and {u} px", centre(&input.planes[8]));
}

#[test]
fn a_two_stage_stream_answers_under_motion_nets_flow_too() {
    let (stage, cpu) = (Stage::new(), choose(DeviceChoice::Cpu).unwrap());
    let folder = stage.dir.path().join("two-stage");
    let mut model = fixture::model(&MOTION, Geometry { width: 64, height: 64 }, &cpu.device);
    model.card.temporal.as_mut().unwrap().flow_source = motionscope::nets::FlowSource::Dis;
    model.save(&folder).unwrap();
    stage.engine.send(Request::LoadModel(folder.clone()));
    stage.message(|message| matches!(message, Message::ModelLoaded(_)).then_some(()));
    stage.set(FlowSettings { score_all: true, ..FlowSettings::default() });
    let strip = stage.until("strip", || stage.engine.strip(FlowSource::Network));
    let analysis = stage.until("scores", || stage.engine.analysis().filter(|analysis| analysis.scores.is_some()));
    assert_eq!((strip.model, strip.window_start), (analysis.model, analysis.window_start));
    let pipeline = InferencePipeline::new(HiddenTwoStream::load(&folder, &cpu.device).unwrap(), &cpu);
    let expected = pipeline.temporal_under(&strip.flows).unwrap();
    let difference = |other: &[f32]| {
        let said = strip.temporal.as_ref().unwrap();
        said.iter().zip(other).map(|(said, other)| (said - other).abs()).fold(0.0, f32::max)
    };
    assert!(difference(&expected) < 1e-4, "{:?} instead of {expected:?}", strip.temporal);
    let to_dis = difference(&analysis.scores.as_ref().unwrap().temporal);
    assert!(to_dis > 10.0 * difference(&expected), "that is its answer to DIS flow");
}

#[test]
fn a_source_that_cannot_work_says_why_and_the_others_go_on() {
    let stage = Stage::new();
    let text = stage.dir.path().join("broken.flo");
    fs::write(&text, "PIEH").unwrap();
    let diverging = Tvl1Parameters { tau: 5.0, ..Tvl1Parameters::opencv() };
    stage.set(FlowSettings { truth: Some(text.clone()), tvl1: diverging, ..stage.settings() });
    let mut told = Vec::new();
    while told.len() < 2 {
        told.push(stage.message(|message| match message {
            Message::SourceUnavailable(source, Some(error)) => Some((*source, error.clone())),
            _ => None,
        }));
    }
    let about = |source| &told.iter().find(|(kind, _)| *kind == source).unwrap().1;
    assert_eq!(about(FlowSource::Truth).subject, text.display().to_string());
    assert!(about(FlowSource::Tvl1).to_string().contains("tau"), "{}", about(FlowSource::Tvl1));
    stage.flow(FlowSource::Codec, |_| true);
    // Sound settings bring the source back.
    stage.set(stage.settings());
    stage.flow(FlowSource::Tvl1, |_| true);
    stage.flow(FlowSource::Truth, |_| true);
}

#[test]
fn a_clip_is_measured_from_end_to_end() {
    let stage = Stage::new();
    stage.set(stage.settings());
    stage.engine.send(Request::MeasureClip(Some(1)));
    let mut measured = Vec::new();
    stage.until("the end of the measurement", || {
        stage.engine.messages().try_iter().find_map(|message| match message {
            Message::Measured(measure) => {
                measured.push(measure);
                None
            }
            Message::MeasureEnded(1) => Some(()),
            Message::Problem(_, error) => panic!("{error}"),
            _ => None,
        })
    });
    for source in [FlowSource::Network, FlowSource::Tvl1, FlowSource::Codec] {
        let frames: Vec<_> =
            measured.iter().filter(|measure| measure.source == source).map(|measure| measure.frame).collect();
        assert_eq!(frames, (0..FRAMES - 1).collect::<Vec<_>>(), "{}", source.name());
    }
    assert!(measured.iter().all(|measure| measure.statistics.errors.is_some()));
}

#[test]
fn a_measurement_ends_when_its_figures_would_be_others() {
    let stage = Stage::new();
    stage.set(stage.settings());
    stage.engine.send(Request::MeasureClip(Some(1)));
    stage.set(FlowSettings { stride: 2, ..stage.settings() });
    let mut measured = Vec::new();
    stage.message(|message| match message {
        Message::Measured(measure) => {
            measured.push(measure.clone());
            None
        }
        Message::MeasureEnded(1) => Some(()),
        _ => None,
    });
    let codec = measured.iter().filter(|measure| measure.source == FlowSource::Codec).count();
    assert!(codec < FRAMES - 1, "it was not measured to its end");
    assert!(measured.iter().all(|measure| measure.basis.settings.stride == 1), "figures bear what they were made with");
    // Scores have no part in the figures.
    stage.set(FlowSettings { score_all: true, stride: 2, ..stage.settings() });
    stage.engine.send(Request::MeasureClip(Some(2)));
    stage.set(FlowSettings { stride: 2, ..stage.settings() });
    measured.clear();
    stage.message(|message| match message {
        Message::Measured(measure) => {
            measured.push(measure.clone());
            None
        }
        Message::MeasureEnded(2) => Some(()),
        _ => None,
    });
    let codec = measured.iter().filter(|measure| measure.source == FlowSource::Codec).count();
    assert_eq!(codec, FRAMES - 2);
}

#[test]
fn the_flow_of_a_clip_is_exported_as_files_and_as_a_video() {
    let stage = Stage::new();
    stage.set(stage.settings());
    let dir = stage.dir.path().join("exported");
    let folder = FlowExport::Folder {
        dir: dir.clone(),
        source: FlowSource::Truth,
        format: FlowFormat::Flo,
        bound_px: 20.0,
        colours: FlowColours::default(),
        guard: OutputGuard::default(),
    };
    let video_path = stage.dir.path().join("comparison.mp4");
    let sources = vec![FlowSource::Tvl1, FlowSource::Codec];
    let (path, guard) = (video_path.clone(), OutputGuard::default());
    let video = FlowExport::Video { path, sources, colours: FlowColours::default(), guard };
    for export in [folder, video] {
        let path = export.path().clone();
        stage.engine.send(Request::Export(Some(export)));
        let pairs = stage.message(|message| match message {
            Message::Exported { path: exported, pairs } if *exported == path => Some(*pairs),
            Message::Problem(_, error) => panic!("{error}"),
            _ => None,
        });
        assert_eq!(pairs, FRAMES - 1);
        stage.message(|message| matches!(message, Message::ExportEnded).then_some(()));
    }
    let files = files::list(&dir).unwrap();
    assert_eq!(files.len(), FRAMES - 1);
    assert_eq!(files::read(&files[3]).unwrap(), stage.truth[3], "the truth at its own size is the truth");
    let info = VideoReader::open(&video_path, Sizes::default()).unwrap().info().clone();
    assert_eq!((info.frames, info.width, info.height), (FRAMES - 1, 3 * CLIP.width, CLIP.height));
}

#[test]
fn an_export_that_the_end_of_the_program_interrupts_leaves_nothing() {
    let stage = Stage::new();
    // Slow enough to be interrupted.
    stage.set(FlowSettings { tvl1: Tvl1Parameters { warps: 60, ..Tvl1Parameters::opencv() }, ..stage.settings() });
    let dir = stage.dir.path().join("exported");
    stage.engine.send(Request::Export(Some(FlowExport::Folder {
        dir: dir.clone(),
        source: FlowSource::Tvl1,
        format: FlowFormat::Flo,
        bound_px: 20.0,
        colours: FlowColours::default(),
        guard: OutputGuard::default(),
    })));
    stage.message(|message| matches!(message, Message::ExportProgress { .. }).then_some(()));
    let Stage { watched, dir: home, .. } = stage;
    drop(watched);
    assert!(!dir.exists(), "a part of the flow would pass for the whole");
    let mut left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["clip.mp4", "flows", "model"]);
}

#[test]
fn an_export_that_cannot_be_written_says_so_and_ends() {
    let stage = Stage::new();
    stage.set(stage.settings());
    let file = stage.dir.path().join("file");
    fs::write(&file, "").unwrap();
    stage.engine.send(Request::Export(Some(FlowExport::Video {
        path: file.join("impossible.mp4"),
        sources: vec![FlowSource::Codec],
        colours: FlowColours::default(),
        guard: OutputGuard::default(),
    })));
    let problem = stage.message(|message| match message {
        Message::Problem(_, error) => Some(error.clone()),
        _ => None,
    });
    assert!(problem.subject.contains("impossible.mp4"), "{problem}");
    stage.message(|message| matches!(message, Message::ExportEnded).then_some(()));
}

#[test]
fn an_export_without_any_source_that_works_leaves_the_video_that_is_there() {
    let stage = Stage::new();
    stage.set(FlowSettings { truth: None, ..stage.settings() });
    let path = stage.dir.path().join("comparison.mp4");
    fs::write(&path, "mine").unwrap();
    stage.engine.send(Request::Export(Some(FlowExport::Video {
        path: path.clone(),
        sources: vec![FlowSource::Truth],
        colours: FlowColours::default(),
        guard: OutputGuard::new(Existing::Replace),
    })));
    let problem = stage.message(|message| match message {
        Message::Problem(Topic::Export, error) => Some(error.clone()),
        _ => None,
    });
    assert!(problem.cause.contains("no flow was written"), "{problem}");
    stage.message(|message| matches!(message, Message::ExportEnded).then_some(()));
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn a_benchmark_runs_and_its_pairs_are_looked_at_to_the_pixel() {
    let stage = Stage::new();
    let root = stage.dir.path().join("benchmark");
    let clip = render_clip(ACTIONS[1], &STYLES[1], 2, 2, CLIP);
    let (pictures, flows) = (root.join("other-data/Scene"), root.join("other-gt-flow/Scene"));
    [&pictures, &flows].into_iter().for_each(|dir| fs::create_dir_all(dir).unwrap());
    clip.frames[0].save(pictures.join("frame10.png")).unwrap();
    clip.frames[1].save(pictures.join("frame11.png")).unwrap();
    write_flo(&flows.join("flow10.flo"), &clip.flow[0]).unwrap();

    let plan = BenchmarkPlan {
        dataset: FlowDataset::Middlebury,
        root,
        source: Some(FlowSource::Tvl1),
        scales: vec![1.0],
        refine: false,
    };
    stage.engine.send(Request::Benchmark(Some(plan)));
    let mut pairs = Vec::new();
    let report = stage.message(|message| match message {
        Message::BenchmarkStarted { pairs: started, .. } => {
            pairs = started.clone();
            None
        }
        Message::BenchmarkReport(report) => Some(report.clone()),
        Message::Problem(_, error) => panic!("{error}"),
        _ => None,
    });
    let errors = report.mean.errors.unwrap().all;
    assert!(errors.epe < report.mean.zero_epe.unwrap(), "{errors:?}");

    stage.engine.send(Request::ShowPair(Box::new(pairs.remove(0))));
    let (path, truth) = stage.message(|message| match message {
        Message::PairReady { clip, truth } => Some((clip.clone(), truth.clone())),
        _ => None,
    });
    let mut reader = VideoReader::open(&path, Sizes::default()).unwrap();
    assert_eq!(reader.info().frames, 2);
    for (index, frame) in clip.frames.iter().enumerate() {
        assert_eq!(*reader.frame(index).unwrap().display, *frame, "frame {index} lost something");
    }
    assert_eq!(files::read(&truth.unwrap()).unwrap(), clip.flow[0]);
}

#[test]
fn a_benchmark_that_is_stopped_holds_up_nothing_else() {
    let stage = Stage::new();
    let root = stage.dir.path().join("benchmark");
    // The first of a size that TV-L1 needs more time for than an answer takes.
    let picture = |shift, [width, height]: [u32; 2]| {
        image::RgbImage::from_fn(width, height, |x, y| image::Rgb([((x + shift) * y) as u8, x as u8, 0]))
    };
    let sides = [[640, 480], [64, 48], [64, 48], [64, 48]];
    for (scene, side) in ["A", "B", "C", "D"].into_iter().zip(sides) {
        let folder = root.join("other-data").join(scene);
        fs::create_dir_all(&folder).unwrap();
        picture(0, side).save(folder.join("frame10.png")).unwrap();
        picture(3, side).save(folder.join("frame11.png")).unwrap();
    }
    let (dataset, source) = (FlowDataset::Middlebury, Some(FlowSource::Tvl1));
    let plan = BenchmarkPlan { dataset, root, source, scales: vec![1.0], refine: false };
    stage.engine.send(Request::Benchmark(Some(plan)));
    stage.message(|message| matches!(message, Message::BenchmarkStarted { .. }).then_some(()));
    stage.engine.send(Request::Benchmark(None));
    stage.engine.send(Request::ListCorrections(stage.dir.path().join("corrections")));
    let mut has_ended = false;
    stage.message(|message| {
        has_ended |= matches!(message, Message::BenchmarkEnded);
        matches!(message, Message::Live(LiveEvent::Corrections { .. })).then_some(())
    });
    assert!(!has_ended, "the next request waited for the pair");
    let mut pairs = 0;
    stage.message(|message| {
        pairs += usize::from(matches!(message, Message::BenchmarkPair(_)));
        matches!(message, Message::BenchmarkEnded).then_some(())
    });
    assert!(pairs < sides.len(), "it went through all of them");
}

#[test]
fn still_pictures_have_no_flow_whatever_the_streams_read() {
    let stage = Stage::new();
    let still = stage.dir.path().join("still.mp4");
    let picture = render_clip(ACTIONS[0], &STYLES[0], 1, 1, CLIP).frames.swap_remove(0);
    let mut writer = VideoWriter::create_exact(&still, CLIP, 25.0).unwrap();
    (0..FRAMES).for_each(|_| writer.push(&picture).unwrap());
    writer.finish().unwrap();
    let networks = [FlowSource::Network, FlowSource::SecondNetwork];
    let settings = FlowSettings {
        sources: vec![FlowSource::SecondNetwork],
        second_model: Some(stage.dir.path().join("model")),
        coarse_to_fine: false,
        occlusion: true,
        pyramid: true,
        inspected: networks.to_vec(),
        strips: networks.to_vec(),
        ..FlowSettings::default()
    };
    stage.set(settings.clone());
    stage.open(still);
    let is_still = |field: &FlowField| field.uv.iter().all(|uv| *uv == [0.0; 2]);
    for source in networks {
        let flow = stage.flow(source, |flow| flow.backward.is_some());
        assert!(is_still(&flow.flow.field) && flow.pyramid.iter().all(|level| is_still(&level.field)), "{source:?}");
        assert!(flow.backward.as_ref().is_some_and(|backward| is_still(&backward.field)), "{source:?}");
        let strip = stage.until("strip", || stage.engine.strip(source));
        assert!(strip.flows.iter().all(|flow| is_still(&flow.field)), "{source:?}");
        // An untrained network sees something everywhere, and so does the stream.
        assert!(strip.input.planes.iter().flatten().any(|level| (level - 128.0).abs() > 1e-3), "{source:?}");
    }
    // From coarse to fine, too, while it plays and when it is paused.
    stage.set(FlowSettings { coarse_to_fine: true, refine: false, occlusion: false, strips: Vec::new(), ..settings });
    let flow = stage.flow(FlowSource::SecondNetwork, |flow| flow.flow.field.width > 64);
    assert!(is_still(&flow.flow.field));
}
