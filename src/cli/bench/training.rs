//! Training and evaluation: their rows of the table, and what of them is waiting for clips to be decoded.

use std::path::Path;
use std::time::{Duration, Instant};

use super::fixture::{self, CLIP, CLIP_FRAMES, PAIRWISE};
use super::table::{BenchmarkTable, NetworkCost};
use crate::data::{DataSource, Dataset};
use crate::error::{Error, Result};
use crate::evaluation::{ClipScorer, Protocol};
use crate::gpu::Compute;
use crate::nets::multiply_adds;
use crate::training::{self, BareSteps, TrainingControl, TrainingEvent, TrainingPlan, loading_time};

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
    let plan = TrainingPlan {
        data: DataSource::Folder(dir.join("clips")),
        run_dir: dir.join("run"),
        motion: PAIRWISE,
        steps: 1 + STEPS,
        checkpoint_every: 2 + STEPS,
        ..TrainingPlan::default()
    };
    let names = RowNames::of(&plan);
    if !table.wants_any(&names.all()) {
        return Ok(());
    }
    let class = dir.join("clips").join("class");
    std::fs::create_dir_all(&class).map_err(|error| Error::io(&class, &error))?;
    let first = fixture::clip(&class, CLIP_FRAMES, CLIP)?;
    for number in 1..CLIPS {
        let copy = class.join(format!("clip{number:02}.mp4"));
        std::fs::copy(&first, &copy).map_err(|error| Error::io(&copy, &error))?;
    }
    bare_step(table, &names.bare_step, compute, &plan)?;
    training_step(table, &names.step, compute, &plan)?;
    evaluation(table, &names.evaluation, compute, &plan)?;
    loading(table, &names.loading, &plan)
}

/// The names of all rows.
struct RowNames {
    bare_step: String,
    step: String,
    evaluation: String,
    loading: [String; THREADS.len()],
}

impl RowNames {
    fn of(plan: &TrainingPlan) -> Self {
        let (crop, frame) = (plan.crop, plan.frame);
        let size = format!("{} × {}×{}", plan.batch, crop.width, crop.height);
        Self {
            bare_step: format!("MotionNet-{}, training step, {size}", plan.motion.width),
            step: format!("training step of a run, {size}"),
            evaluation: format!("evaluating a clip, {VIEWS} views of {}×{}", frame.width, frame.height),
            loading: THREADS.map(|threads| format!("loading {CLIPS} clips, threads: {threads}")),
        }
    }

    fn all(&self) -> Vec<&str> {
        let Self { bare_step, step, evaluation, loading } = self;
        [bare_step, step, evaluation].into_iter().chain(loading).map(String::as_str).collect()
    }
}

/// Network, all losses and the optimiser on one batch.
fn bare_step(table: &mut BenchmarkTable, name: &str, compute: &Compute, plan: &TrainingPlan) -> Result<()> {
    if !table.wants(name) {
        return Ok(());
    }
    let mut steps = BareSteps::new(plan, &compute.device)?;
    let mut first = Ok(());
    let forward = multiply_adds(|| first = steps.step());
    first?;
    // Each layer is computed again for the gradient of its weights and for that of its input, which frames do not need.
    let multiply_adds = 3 * forward.iter().sum::<u64>() - forward.first().unwrap_or(&0);
    let cost = NetworkCost { parameters: plan.motion.parameters(), multiply_adds };
    table.measure_network(name, cost, || steps.step())
}

/// A step of a whole run of MotionNet-16 without labels, as the shipped weights were trained.
fn training_step(table: &mut BenchmarkTable, name: &str, compute: &Compute, plan: &TrainingPlan) -> Result<()> {
    if !table.wants(name) {
        return Ok(());
    }
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
    table.add(name, times, 1.0);
    waiting(table, stall);
    Ok(())
}

/// A clip of the list, from its file to the mean logits of both streams.
fn evaluation(table: &mut BenchmarkTable, name: &str, compute: &Compute, plan: &TrainingPlan) -> Result<()> {
    if !table.wants(name) {
        return Ok(());
    }
    let model = fixture::model(&PAIRWISE, plan.frame, &compute.device);
    let protocol: Protocol = VIEWS.parse().map_err(|cause: String| Error::new("views", cause, "Report this"))?;
    let scorer = ClipScorer::new(&model, protocol);
    let mut clips = Dataset::open(&plan.data)?.clips.into_iter().cycle();
    let (mut decoding, started) = (Duration::ZERO, Instant::now());
    table.measure(name, 1.0, || {
        let began = Instant::now();
        let clip = clips.next().expect("a data set has clips");
        let frames = clip.decode(scorer.motion_size(), None)?;
        decoding += began.elapsed();
        scorer.temporal(&frames)?;
        scorer.spatial(&frames, None).map(drop)
    })?;
    waiting(table, decoding.as_secs_f64() / started.elapsed().as_secs_f64());
    Ok(())
}

fn waiting(table: &BenchmarkTable, share: f64) {
    table.note(&format!("  share spent waiting for clips: {:.1} %", 100.0 * share));
}

/// An epoch of nothing but loading.
fn loading(table: &mut BenchmarkTable, names: &[String; THREADS.len()], plan: &TrainingPlan) -> Result<()> {
    let plan = TrainingPlan { batch: LOADED_AT_ONCE, ..plan.clone() };
    let mut medians = Vec::new();
    for (threads, name) in THREADS.into_iter().zip(names) {
        if table.wants(name) {
            let times = (0..table.repeats()).map(|_| loading_time(&plan, threads, CLIPS / LOADED_AT_ONCE));
            let times = times.collect::<Result<Vec<_>>>()?;
            medians.push(table.add(name, times, CLIPS as f64));
        }
    }
    if medians.len() == THREADS.len() {
        let speed_up = |(threads, median): (&usize, &Duration)| {
            format!("{threads} threads {:.2}×", medians[0].as_secs_f64() / median.as_secs_f64())
        };
        let speed_ups: Vec<_> = THREADS.iter().zip(&medians).skip(1).map(speed_up).collect();
        table.note(&format!("  speed-up over one thread: {}", speed_ups.join(", ")));
    }
    Ok(())
}
