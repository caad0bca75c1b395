//! Benchmarks of the pieces that decide how fluent the window is. `motionscope bench` measures the same on any machine.
#![allow(missing_docs)] // of what criterion's macros define

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use burn::tensor::{Distribution, Tensor};
use criterion::{Criterion, criterion_group, criterion_main};
use motionscope::app::{BusyState, BusyWindow, RepaintCost};
use motionscope::cli::bench::fixture;
use motionscope::engine::{InferencePipeline, WINDOW_FRAMES};
use motionscope::flow::dis::{Dis, DisPreset};
use motionscope::flow::tvl1::{Tvl1, Tvl1Parameters};
use motionscope::flow::{FlowField, colour};
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::nets::MotionConfig;
use motionscope::video::{Frame, Geometry, VideoReader};

const INPUT: Geometry = Geometry { width: 224, height: 224 };
const FRAMES: usize = 32;

fn motion_networks(criterion: &mut Criterion) {
    let device = choose(DeviceChoice::Cpu).expect("there is a CPU").device;
    let mut group = criterion.benchmark_group("motion network, 224²");
    group.sample_size(10);
    for (width, frames) in [(64, 11), (16, 11), (16, 2)] {
        let network = MotionConfig { width, frames, ..MotionConfig::default() }.init(&device);
        let input = Tensor::random([1, 3 * frames, 224, 224], Distribution::Uniform(-0.5, 0.5), &device);
        group.bench_function(format!("width {width}, {frames} frames"), |bencher| {
            bencher.iter(|| black_box(network.forward(input.clone())));
        });
    }
}

fn recognition(criterion: &mut Criterion) {
    let compute = choose(DeviceChoice::Cpu).expect("there is a CPU");
    let pairwise = MotionConfig { width: 16, frames: 2, ..MotionConfig::default() };
    let mut pipeline = InferencePipeline::new(fixture::model(&pairwise, INPUT, &compute.device), &compute);
    let dir = tempfile::tempdir().expect("there is a place for temporary files");
    let clip = fixture::clip(dir.path(), FRAMES, INPUT).expect("clips can be written");
    let mut reader = VideoReader::open(&clip, pipeline.sizes()).expect("it was just written");
    let frames: Vec<Arc<Frame>> =
        (0..FRAMES).map(|index| Arc::new(reader.frame(index).expect("it was just written"))).collect();
    let mut windows = frames.windows(WINDOW_FRAMES).cycle();
    let mut group = criterion.benchmark_group("recogniser");
    group.sample_size(10);
    group.bench_function("flow of a new frame", |bencher| {
        bencher.iter(|| {
            pipeline.clear();
            pipeline.flow(windows.next().expect("cycles do not end"), 0, 2).map(drop)
        });
    });
    group.bench_function("flow and scores, streaming", |bencher| {
        bencher.iter(|| pipeline.analyse(windows.next().expect("cycles do not end")).map(drop));
    });
}

fn tvl1(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("TV-L1");
    group.sample_size(10);
    for (width, height) in [(320, 240), (640, 480)] {
        let [first, second] = fixture::neighbours(Geometry { width, height });
        for (name, parameters) in Tvl1Parameters::PRESETS {
            let mut solver = Tvl1::new(parameters).expect("presets are allowed");
            group.bench_function(format!("{name}, {width}×{height}"), |bencher| {
                bencher.iter(|| black_box(solver.flow(&first, &second, None)));
            });
        }
    }
}

fn dis(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("DIS");
    for (width, height) in [(320, 240), (640, 480)] {
        let [first, second] = fixture::neighbours(Geometry { width, height });
        for preset in DisPreset::ALL {
            group.bench_function(format!("{}, {width}×{height}", preset.name()), |bencher| {
                bencher.iter(|| black_box(Dis::new(preset).flow(&first, &second)));
            });
        }
    }
}

fn pictures(criterion: &mut Criterion) {
    let vector = |index: usize| [(index % 97) as f32 / 10.0 - 4.0, (index % 61) as f32 / 10.0 - 3.0];
    let field = FlowField::new(112, 112, (0..112 * 112).map(vector).collect());
    criterion.bench_function("flow colours, 112²", |bencher| bencher.iter(|| black_box(colour::picture(&field, 8.0))));
}

/// Repaints whose times are ranked.
const REPAINTS: usize = 400;

/// The window's own work in a repaint: all that happens before the graphics driver takes over. Criterion measures the mean, and
/// what a person notices is the slowest of many, so that the quantiles are printed beside it.
fn window(criterion: &mut Criterion) {
    let compute = choose(DeviceChoice::Cpu).expect("there is a CPU");
    let dir = tempfile::tempdir().expect("there is a place for temporary files");
    let clip = fixture::clip(dir.path(), FRAMES, Geometry { width: 1280, height: 720 }).expect("clips can be written");
    let model = dir.path().join("model");
    fixture::model(&fixture::PAIRWISE, INPUT, &compute.device).save(&model).expect("models can be written");
    let mut group = criterion.benchmark_group("window, 1440×900");
    group.sample_size(10);
    for videos in [50, 5000] {
        let folder = dir.path().join(format!("{videos}"));
        let window = BusyWindow::new(compute.clone(), &folder, &clip, &model, videos);
        let mut window = window.expect("a project can be made");
        for state in BusyState::ALL {
            window.show(state);
            // Text is laid out, and pictures are asked for, in the first repaints.
            (0..60).for_each(|_| _ = window.repaint());
            let costs: Vec<RepaintCost> = (0..REPAINTS).map(|_| window.repaint()).collect();
            let ui = quantiles(costs.iter().map(|cost| cost.ui));
            let all = quantiles(costs.iter().map(|cost| cost.ui + cost.tessellation));
            println!(
                "{state:?}, {videos} videos: p50 and p99 of the interface {ui:.2?} ms, with triangles {all:.2?} ms"
            );
            group.bench_function(format!("{state:?}, {videos} videos"), |bencher| bencher.iter(|| window.repaint()));
        }
    }
}

/// The median and the 99th percentile in milliseconds.
fn quantiles(times: impl Iterator<Item = Duration>) -> [f64; 2] {
    let mut times: Vec<f64> = times.map(|time| time.as_secs_f64() * 1000.0).collect();
    times.sort_by(f64::total_cmp);
    [0.5, 0.99].map(|share| times[(share * (times.len() - 1) as f64).round() as usize])
}

criterion_group!(benches, motion_networks, recognition, tvl1, dis, pictures, window);
criterion_main!(benches);
