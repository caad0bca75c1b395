//! Training and evaluation: their rows of the table, and what of them is waiting for clips to be decoded.

use std::path::Path;
use std::time::{Duration, Instant};

use super::fixture::{self, CLIP, CLIP_FRAMES, PAIRWISE};
use super::table::BenchmarkTable;
use crate::data::{DataSource, Dataset};
use crate::error::{Error, Result};
use crate::evaluation::{ClipScorer, Protocol};
use crate::gpu::Compute;
use crate::training::{self, TrainingControl, TrainingEvent, TrainingPlan, loading_time};

/// Training steps measured after the first.
const STEPS: usize = 4;
/// Clips of the data set that is loaded and evaluated.
const CLIPS: usize = 16;
/// Clips in a batch where only loading is measured: the batches of an epoch, so that every clip is decoded once.
const LOADED_AT_ONCE: usize = 2;
/// Loading threads that are compared.
const THREADS: [usize; 3] = [1, 2, 4];
/// Views of a clip.
const VIEWS: &str = "5x2";

/// All rows, on a data set of one class in folder `dir`.
pub(super) fn rows(table: &mut BenchmarkTable, compute: &Compute, dir: &Path) -> Result<()> {
    let class = dir.join("clips").join("class");
    std::fs::create_dir_all(&class).map_err(|error| Error::io(&class, &error))?;
    let first = fixture::clip(&class, CLIP_FRAMES, CLIP)?;
    for number in 1..CLIPS {
        let copy = class.join(format!("clip{number:02}.mp4"));
        std::fs::copy(&first, &copy).map_err(|error| Error::io(&copy, &error))?;
    }
    let plan = TrainingPlan {
        data: DataSource::Folder(dir.join("clips")),
        run_dir: dir.join("run"),
        motion: PAIRWISE,
        steps: 1 + STEPS,
        checkpoint_every: 2 + STEPS,
        ..TrainingPlan::default()
    };
    training_step(table, compute, &plan)?;
    evaluation(table, compute, &plan)?;
    loading(table, &plan)
}

/// A step of MotionNet-16 without labels, as the shipped weights were trained.
fn training_step(table: &mut BenchmarkTable, compute: &Compute, plan: &TrainingPlan) -> Result<()> {
    let (mut times, mut stall) = (Vec::new(), 0.0);
    let mut last = Instant::now();
    training::run(plan, &compute.device, &TrainingControl::default(), &mut |event| {
        if let TrainingEvent::Step(metrics) = event {
            times.push(last.elapsed());
            stall = metrics.stall;
        }
        last = Instant::now();
    })?;
    times.remove(0); // includes what is set up on first use
    table.add(&format!("training step, {} × {}×{}", plan.batch, plan.crop.width, plan.crop.height), times, 1.0);
    waiting(stall);
    Ok(())
}

/// A clip of the list, from its file to the mean logits of both streams.
fn evaluation(table: &mut BenchmarkTable, compute: &Compute, plan: &TrainingPlan) -> Result<()> {
    let model = fixture::model(&PAIRWISE, plan.frame, &compute.device);
    let protocol: Protocol = VIEWS.parse().map_err(|cause: String| Error::new("views", cause, "Report this"))?;
    let scorer = ClipScorer::new(&model, protocol);
    let mut clips = Dataset::open(&plan.data)?.clips.into_iter().cycle();
    let (mut decoding, started) = (Duration::ZERO, Instant::now());
    let name = format!("evaluating a clip, {VIEWS} views of {}×{}", plan.frame.width, plan.frame.height);
    table.measure(&name, 1.0, || {
        let began = Instant::now();
        let clip = clips.next().expect("a data set has clips");
        let frames = clip.decode(scorer.motion_size(), None)?;
        decoding += began.elapsed();
        scorer.temporal(&frames)?;
        scorer.spatial(&frames).map(drop)
    })?;
    waiting(decoding.as_secs_f64() / started.elapsed().as_secs_f64());
    Ok(())
}

fn waiting(share: f64) {
    println!("  share spent waiting for clips: {:.1} %", 100.0 * share);
}

/// An epoch of nothing but loading.
fn loading(table: &mut BenchmarkTable, plan: &TrainingPlan) -> Result<()> {
    let plan = TrainingPlan { batch: LOADED_AT_ONCE, ..plan.clone() };
    let mut medians = Vec::new();
    for threads in THREADS {
        let times = (0..table.repeats).map(|_| loading_time(&plan, threads, CLIPS / LOADED_AT_ONCE));
        let times = times.collect::<Result<Vec<_>>>()?;
        medians.push(table.add(&format!("loading {CLIPS} clips, threads: {threads}"), times, CLIPS as f64));
    }
    let speed_up = |(threads, median): (&usize, &Duration)| {
        format!("{threads} threads {:.2}×", medians[0].as_secs_f64() / median.as_secs_f64())
    };
    let speed_ups: Vec<_> = THREADS.iter().zip(&medians).skip(1).map(speed_up).collect();
    println!("  speed-up over one thread: {}", speed_ups.join(", "));
    Ok(())
}
