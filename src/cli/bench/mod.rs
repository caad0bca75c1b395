//! `motionscope bench`: run times on this machine, as ratios to the full MotionNet and as shares of the processor's peak.

mod classical_flow;
pub mod fixture;
mod networks;
mod peak;
mod recognition;
mod table;
mod training;
mod tvl1_on_gpu;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use crossbeam_channel::bounded;
use tempfile::TempDir;

use super::model_arguments::DeviceArg;
use super::outcome::Outcome;
use crate::app::measure_repaints;
use crate::engine::{Engine, Message, Request};
use crate::error::{Error, Result};
use crate::gpu::{Compute, is_gpu};
use crate::nets::HiddenTwoStream;
use crate::video::{Sizes, VideoReader};
use fixture::{CLIP, CLIP_FRAMES, INPUT, PAIRWISE};
use table::{BenchmarkOptions, BenchmarkTable};

/// Number of window repaints measured.
const REPAINTS: usize = 500;
/// Time without any output after which the machine counts as stuck, not slow.
const PATIENCE: Duration = Duration::from_secs(120);

const EXAMPLES: &str = "\
Examples:
  motionscope bench
  motionscope bench --device gpu --repeats 20
  motionscope bench --only forward --only \"training step\" --json
  motionscope bench --pair frame10.png frame11.png --preset fast --flow fast.flo
  motionscope bench --pair frame10.png frame11.png --preset dis-medium

The networks are untrained and the clip is generated; neither affects the speed. Ratios are relative
to the first row. GMAC are billions of multiply-adds, counted from the shapes of the convolutions;
the peak is what all threads together reach in registers.";

/// `motionscope bench`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BenchArgs {
    /// Runs per measurement; the median is reported
    #[arg(long, value_name = "N", default_value = "7")]
    repeats: NonZeroUsize,
    /// Measure only what contains TEXT in its name; repeatable
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Print one JSON document (schema motionscope-bench, version 1)
    #[arg(long, conflicts_with = "pair")]
    json: bool,
    #[command(flatten)]
    device: DeviceArg,
    #[command(flatten)]
    pair: classical_flow::PairArgs,
}

pub(super) fn run(arguments: &BenchArgs) -> Result<Outcome> {
    if arguments.pair.run(arguments.repeats.get())? {
        return Ok(Outcome::Done);
    }
    let compute = arguments.device.open()?;
    let dir = TempDir::new().map_err(|error| Error::io(&std::env::temp_dir(), &error))?;
    let mut table = BenchmarkTable::new(BenchmarkOptions {
        repeats: arguments.repeats.get(),
        only: arguments.only.iter().map(|part| part.to_lowercase()).collect(),
        json: arguments.json,
        device: compute.name.clone(),
        on_cpu: !is_gpu(&compute.device),
    });
    networks::rows(&mut table, &compute)?;
    classical_flow::rows(&mut table)?;
    tvl1_on_gpu::rows(&mut table, &compute)?;
    recognition::rows(&mut table, &compute, dir.path())?;
    decoding(&mut table, dir.path())?;
    first_flow(&mut table, &compute, dir.path())?;
    repaints(&mut table, compute.clone(), dir.path())?;
    training::rows(&mut table, &compute, dir.path())?;
    table.finish()
}

fn decoding(table: &mut BenchmarkTable, dir: &Path) -> Result<()> {
    let name = "decoding 320×240 into three sizes, 60 frames";
    if !table.wants(name) {
        return Ok(());
    }
    let clip = fixture::clip(dir, CLIP_FRAMES, CLIP)?;
    let sizes = Sizes { display_max: 1280, scaled: vec![INPUT, INPUT] };
    table.measure(name, CLIP_FRAMES as f64, || {
        let mut reader = VideoReader::open(&clip, sizes.clone())?;
        (0..CLIP_FRAMES).try_for_each(|index| reader.frame(index).map(drop))
    })
}

/// From the request to open a clip to the first flow in the slot the window draws from.
fn first_flow(table: &mut BenchmarkTable, compute: &Compute, dir: &Path) -> Result<()> {
    let name = "open a clip until its first flow";
    if !table.wants(name) {
        return Ok(());
    }
    let (clip, model) = clip_and_model(compute, dir)?;
    HiddenTwoStream::load(&model, &compute.device)?; // whose failure the engine would only report in a message
    let (news, is_new) = bounded(1);
    let engine = Engine::new(compute.clone(), Arc::new(move || _ = news.try_send(())));
    let wait_for = |is_there: &dyn Fn() -> bool| {
        let started = Instant::now();
        while !is_there() && started.elapsed() < PATIENCE {
            // A missed wake-up only delays the next look.
            let _ = is_new.recv_timeout(Duration::from_millis(5));
        }
    };
    engine.send(Request::LoadModel(model));
    wait_for(&|| engine.messages().try_iter().any(|message| matches!(message, Message::ModelLoaded(_))));
    let mut times = Vec::with_capacity(table.repeats());
    for _ in 0..table.repeats() {
        let started = Instant::now();
        engine.send(Request::Open(clip.clone()));
        wait_for(&|| engine.analysis().is_some());
        times.push(started.elapsed());
        // The engine is at rest again when all it could find out about the first window is there.
        wait_for(&|| engine.analysis().is_some_and(|analysis| analysis.scores.is_some()));
        engine.send(Request::Close);
        wait_for(&|| engine.analysis().is_none());
    }
    table.add(name, times, 1.0);
    Ok(())
}

/// Writes both into `dir`.
fn clip_and_model(compute: &Compute, dir: &Path) -> Result<(PathBuf, PathBuf)> {
    let model = dir.join("model");
    fixture::model(&PAIRWISE, INPUT, &compute.device).save(&model)?;
    Ok((fixture::clip(dir, CLIP_FRAMES, CLIP)?, model))
}

/// The window's own share: what the processor does for a repaint before the graphics driver takes over.
fn repaints(table: &mut BenchmarkTable, compute: Compute, dir: &Path) -> Result<()> {
    let names = ["window repaint", "window repaint, 99th percentile"];
    if !table.wants_any(&names) {
        return Ok(());
    }
    let (clip, model) = clip_and_model(&compute, dir)?;
    let repaints = measure_repaints(compute, &clip, &model, REPAINTS)?;
    for (name, quantile) in names.into_iter().zip([0.5, 0.99]) {
        table.add(name, vec![repaints.quantile(quantile)], 1.0);
    }
    table.note(&format!("  repaints requested within half a second of idling: {}", repaints.at_rest));
    Ok(())
}
