//! `motionscope bench`: run times on this machine, also as ratios to the full MotionNet.

pub mod fixture;
mod table;
mod training;
mod tvl1;
mod tvl1_on_gpu;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::tensor::{Distribution, Tensor};
use clap::Args;
use crossbeam_channel::bounded;
use tempfile::TempDir;

use super::model_arguments::DeviceArg;
use super::outcome::Outcome;
use crate::app::measure_repaints;
use crate::engine::{Engine, InferencePipeline, Message, Request, WINDOW_FRAMES, default_model};
use crate::error::{Error, Result};
use crate::gpu::Compute;
use crate::nets::{HiddenTwoStream, MotionConfig};
use crate::video::{Frame, Geometry, VideoReader};
use fixture::{CLIP, CLIP_FRAMES, PAIRWISE};
use table::BenchmarkTable;

/// The paper's input.
const INPUT: Geometry = Geometry { width: 224, height: 224 };
/// Number of window repaints measured.
const REPAINTS: usize = 500;
/// Time without any output after which the machine counts as stuck, not slow.
const PATIENCE: Duration = Duration::from_secs(120);

const EXAMPLES: &str = "\
Examples:
  motionscope bench
  motionscope bench --device gpu --repeats 20
  motionscope bench --pair frame10.png frame11.png --preset fast --flow fast.flo

The networks are untrained and the clip is generated; neither affects the speed. Ratios are relative
to the first row.";

/// `motionscope bench`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BenchArgs {
    /// Runs per measurement; the median is reported
    #[arg(long, value_name = "N", default_value = "7")]
    repeats: NonZeroUsize,
    #[command(flatten)]
    device: DeviceArg,
    #[command(flatten)]
    pair: tvl1::PairArgs,
}

pub(super) fn run(arguments: &BenchArgs) -> Result<Outcome> {
    if arguments.pair.run(arguments.repeats.get())? {
        return Ok(Outcome::Done);
    }
    let compute = arguments.device.open()?;
    println!("{}", compute.name);
    let dir = TempDir::new().map_err(|error| Error::io(&std::env::temp_dir(), &error))?;
    let clip = fixture::clip(dir.path(), CLIP_FRAMES, CLIP)?;
    let mut table = BenchmarkTable::new(arguments.repeats.get());
    motion_networks(&mut table, &compute)?;
    tvl1::rows(&mut table)?;
    tvl1_on_gpu::rows(&mut table, &compute)?;
    recognition(&mut table, &compute, &clip, fixture::model(&PAIRWISE, INPUT, &compute.device), "")?;
    if let Ok(shipped) = default_model() {
        recognition(&mut table, &compute, &clip, HiddenTwoStream::load(&shipped, &compute.device)?, ", default")?;
    }
    decoding(&mut table, &clip)?;
    first_flow(&mut table, &compute, &clip, &dir.path().join("model"))?;
    repaints(&mut table, compute.clone(), &clip, &dir.path().join("model"))?;
    training::rows(&mut table, &compute, dir.path())?;
    Ok(Outcome::Done)
}

/// The bare networks at 224².
fn motion_networks(table: &mut BenchmarkTable, compute: &Compute) -> Result<()> {
    let full = MotionConfig::default();
    let narrow = MotionConfig { width: PAIRWISE.width, ..MotionConfig::default() };
    for (name, config) in
        [("MotionNet-64, 11 frames", full), ("MotionNet-16, 11 frames", narrow), ("MotionNet-16, 2 frames", PAIRWISE)]
    {
        let network = config.init(&compute.device);
        let shape = [1, 3 * config.frames, INPUT.height as usize, INPUT.width as usize];
        let input = Tensor::random(shape, Distribution::Uniform(-0.5, 0.5), &compute.device);
        table.measure(&format!("{name}, forward"), 1.0, || {
            let _ = network.forward(input.clone());
            compute.device.sync().map_err(|error| Error::new("device", format!("{error:?}"), "Try --device cpu"))
        })?;
    }
    Ok(())
}

/// The same with everything around it: pictures in, flow and scores out; `of` says in the table which model it is.
fn recognition(
    table: &mut BenchmarkTable,
    compute: &Compute,
    clip: &Path,
    model: HiddenTwoStream,
    of: &str,
) -> Result<()> {
    let mut pipeline = InferencePipeline::new(model, compute);
    let mut reader = VideoReader::open(clip, pipeline.sizes())?;
    let frames = (0..CLIP_FRAMES).map(|index| reader.frame(index).map(Arc::new)).collect::<Result<Vec<_>>>()?;
    let mut starts = (0..=CLIP_FRAMES - WINDOW_FRAMES).cycle();
    let mut next_window = || -> &[Arc<Frame>] {
        let start = starts.next().unwrap_or_default();
        &frames[start..start + WINDOW_FRAMES]
    };
    table.measure(&format!("  a new frame's flow, frames to read-back{of}"), 1.0, || {
        pipeline.clear();
        pipeline.flow(next_window(), 0, 2).map(drop)
    })?;
    pipeline.clear();
    pipeline.analyse(next_window())?;
    let streaming = format!("  a new frame's flow and scores{of}");
    table.measure(&streaming, 1.0, || pipeline.analyse(next_window()).map(drop))?;
    table.measure(&format!("  a window's flows and scores{of}"), 1.0, || {
        pipeline.clear();
        pipeline.analyse(next_window()).map(drop)
    })
}

fn decoding(table: &mut BenchmarkTable, clip: &Path) -> Result<()> {
    let sizes = crate::video::Sizes { display_max: 1280, scaled: vec![INPUT, INPUT] };
    table.measure("decoding 320×240 into three sizes, 60 frames", CLIP_FRAMES as f64, || {
        let mut reader = VideoReader::open(clip, sizes.clone())?;
        (0..CLIP_FRAMES).try_for_each(|index| reader.frame(index).map(drop))
    })
}

/// From the request to open a clip to the first flow in the slot the window draws from.
fn first_flow(table: &mut BenchmarkTable, compute: &Compute, clip: &Path, model: &Path) -> Result<()> {
    fixture::model(&PAIRWISE, INPUT, &compute.device).save(model)?;
    HiddenTwoStream::load(model, &compute.device)?;
    let (news, is_new) = bounded(1);
    let engine = Engine::new(compute.clone(), Arc::new(move || _ = news.try_send(())));
    let wait_for = |is_there: &dyn Fn() -> bool| {
        let started = Instant::now();
        while !is_there() && started.elapsed() < PATIENCE {
            // A missed wake-up only delays the next look.
            let _ = is_new.recv_timeout(Duration::from_millis(5));
        }
    };
    engine.send(Request::LoadModel(model.to_owned()));
    wait_for(&|| engine.messages().try_iter().any(|message| matches!(message, Message::ModelLoaded(_))));
    let mut times = Vec::with_capacity(table.repeats);
    for _ in 0..table.repeats {
        let started = Instant::now();
        engine.send(Request::Open(clip.to_owned()));
        wait_for(&|| engine.analysis().is_some());
        times.push(started.elapsed());
        // The engine is at rest again when all it could find out about the first window is there.
        wait_for(&|| engine.analysis().is_some_and(|analysis| analysis.scores.is_some()));
        engine.send(Request::Close);
        wait_for(&|| engine.analysis().is_none());
    }
    table.add("open a clip until its first flow", times, 1.0);
    Ok(())
}

/// The window's own share: what the processor does for a repaint before the graphics driver takes over.
fn repaints(table: &mut BenchmarkTable, compute: Compute, clip: &Path, model: &Path) -> Result<()> {
    let repaints = measure_repaints(compute, clip, model, REPAINTS)?;
    table.add("window repaint", vec![repaints.quantile(0.5)], 1.0);
    table.add("window repaint, 99th percentile", vec![repaints.quantile(0.99)], 1.0);
    println!("  repaints requested within half a second of idling: {}", repaints.at_rest);
    Ok(())
}
