//! Batches made ahead of the step, on named threads, in the order of their steps.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, bounded};
use image::RgbImage;

use super::augmentation::{Draw, Sampler};
use super::clips::{Clips, Keep};
use super::frozen_flow::{KeptFlow, Pictures};
use crate::error::{Error, Result};
use crate::nets::preprocessing::MEAN_BGR;

/// Batches that may wait for the step, those of all threads together; each thread makes one more meanwhile.
const AHEAD: usize = 4;
/// More threads than these would hold more batches than they save time.
const MOST_THREADS: usize = 16;

/// How many threads make batches: one a core.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, MOST_THREADS)
}

/// What one step sees.
#[derive(Default)]
#[cfg_attr(test, derive(Clone))]
pub struct Batch {
    /// Planes [draws, 3·window, height, width] of BGR frames, normalised; empty where only the draws are wanted.
    pub frames: Vec<f32>,
    /// Labels, one a sample.
    pub labels: Vec<usize>,
    /// The share each sample keeps when it is mixed with the one behind it; empty where none is mixed.
    pub mixing: Vec<f32>,
    /// Which windows these are: those of all segments of the first sample, then of the second, …
    pub draws: Vec<Draw>,
    /// Frames that flow of the windows is still to be computed from.
    pub pictures: Pictures,
    /// Clips that could not be read and were replaced by others.
    pub warnings: Vec<Error>,
}

/// How frames become network input.
#[derive(Clone)]
pub enum Pixels {
    /// (x − mean)/255, for MotionNet.
    Motion,
    /// x − mean, for the spatial stream.
    Spatial,
    /// None: the objective takes the draws and their flow, and decoded frames of what is not there of it.
    Flow(Arc<KeptFlow>),
}

/// Makes batches ahead of the step. Dropping it ends its threads.
pub struct Loader {
    queues: Vec<Receiver<Result<Batch>>>,
    threads: Vec<JoinHandle<()>>,
    next: usize,
}

impl Loader {
    /// Starts `threads` threads that make the batches from step `first` on; thread k makes every k-th.
    pub fn start(clips: Arc<Clips>, sampler: Sampler, pixels: Pixels, first: usize, threads: usize) -> Result<Self> {
        let (mut queues, mut handles) = (Vec::new(), Vec::new());
        for k in 0..threads {
            let (sender, receiver) = bounded(AHEAD / threads);
            let (clips, sampler, pixels) = (clips.clone(), sampler.clone(), pixels.clone());
            let work = move || {
                let steps = (first + k..).step_by(threads);
                for batch in steps.map(|step| make_batch(&clips, &sampler, &pixels, step)) {
                    if sender.send(batch).is_err() {
                        return; // the run has ended
                    }
                }
            };
            let thread = std::thread::Builder::new().name(format!("loader-{k}")).spawn(work);
            handles.push(thread.map_err(|error| {
                Error::new("training", format!("no thread for loading: {error}"), "Close other programs")
            })?);
            queues.push(receiver);
        }
        Ok(Self { queues, threads: handles, next: 0 })
    }

    /// The next batch.
    ///
    /// # Errors
    /// When no clip can be read at all.
    pub fn next(&mut self) -> Result<Batch> {
        let queue = &self.queues[self.next % self.queues.len()];
        self.next += 1;
        queue.recv().unwrap_or_else(|_| {
            Err(Error::new("training", "a loading thread has died", "Resume the run; report this if it happens again"))
        })
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.queues.clear(); // Threads that wait to send see it and end.
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// What is seen of a clip.
struct Seen {
    draws: Vec<Draw>,
    /// The frames of one window after the other, where they are input.
    windows: Vec<Arc<RgbImage>>,
    /// The frames that flow is computed from, where that is input.
    pictures: Pictures,
}

fn look(clips: &Clips, sampler: &Sampler, pixels: &Pixels, [step, slot]: [usize; 2], clip: usize) -> Result<Seen> {
    let count = clips.count(clip)?;
    let draws = sampler.draws(step, slot, clip, count);
    let mut seen = Seen { draws, windows: Vec::new(), pictures: Pictures::new() };
    if let Pixels::Flow(kept) = pixels {
        let of_draw = |draw| kept.frames_to_decode(draw, sampler.window - 1, count);
        let frames: Vec<usize> = seen.draws.iter().flat_map(of_draw).collect::<BTreeSet<_>>().into_iter().collect();
        if !frames.is_empty() {
            let pictures = clips.pictures(clip, &frames, Keep::Nothing)?;
            seen.pictures = frames.into_iter().map(|frame| (clip, frame)).zip(pictures).collect();
        }
    } else {
        let frames: Vec<usize> = seen.draws.iter().flat_map(|draw| draw.indices(sampler.window, count)).collect();
        seen.windows = clips.pictures(clip, &frames, Keep::Clip)?;
    }
    Ok(seen)
}

fn make_batch(clips: &Clips, sampler: &Sampler, pixels: &Pixels, step: usize) -> Result<Batch> {
    let mut batch = Batch::default();
    for slot in 0..sampler.batch {
        let first = sampler.clip(step, slot);
        let mut failure = None;
        // A clip that cannot be read is replaced by the one after it.
        let readable = (first..first + clips.len()).map(|i| i % clips.len()).find_map(|clip| {
            match look(clips, sampler, pixels, [step, slot], clip) {
                Ok(seen) => Some((clip, seen)),
                Err(error) => {
                    failure.get_or_insert(error);
                    None
                }
            }
        });
        let Some((clip, seen)) = readable else {
            return Err(
                failure.unwrap_or_else(|| Error::new("training data", "holds no clips", "Choose a folder with clips"))
            );
        };
        batch.warnings.extend(failure);
        let scale = if matches!(pixels, Pixels::Motion) { 1.0 / 255.0 } else { 1.0 };
        for (draw, pictures) in seen.draws.iter().zip(seen.windows.chunks(sampler.window)) {
            for picture in pictures {
                draw.crop.append_bgr(picture, sampler.crop, MEAN_BGR, scale, &mut batch.frames);
            }
        }
        batch.pictures.extend(seen.pictures);
        batch.labels.push(clips.label(clip));
        if sampler.mixup > 0.0 {
            batch.mixing.push(sampler.mixing(step, slot));
        }
        batch.draws.extend(seen.draws);
    }
    Ok(batch)
}
