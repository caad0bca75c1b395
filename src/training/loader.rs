//! Batches made ahead of the step, on named threads, in the order of their steps.

use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, bounded};

use super::augmentation::{Draw, Sampler};
use super::clips::Clips;
use crate::error::{Error, Result};
use crate::nets::preprocessing::MEAN_BGR;

/// Batches each thread may be ahead.
const AHEAD: usize = 2;

/// What one step sees.
pub struct Batch {
    /// Planes [draws, 3·window, height, width] of BGR frames, normalised; empty where only the draws are wanted.
    pub frames: Vec<f32>,
    /// Labels, one a sample.
    pub labels: Vec<usize>,
    /// The share each sample keeps when it is mixed with the one behind it; empty where none is mixed.
    pub mixing: Vec<f32>,
    /// Which windows these are: those of all segments of the first sample, then of the second, …
    pub draws: Vec<Draw>,
    /// Clips that could not be read and were replaced by others.
    pub warnings: Vec<Error>,
}

/// How frames become network input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pixels {
    /// (x − mean)/255, for MotionNet.
    Motion,
    /// x − mean, for the spatial stream.
    Spatial,
    /// None: the objective takes the draws and reads the clips itself.
    None,
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
            let (sender, receiver) = bounded(AHEAD);
            let (clips, sampler) = (clips.clone(), sampler.clone());
            let work = move || {
                let steps = (first + k..).step_by(threads);
                for batch in steps.map(|step| make_batch(&clips, &sampler, pixels, step)) {
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

fn make_batch(clips: &Clips, sampler: &Sampler, pixels: Pixels, step: usize) -> Result<Batch> {
    let mut batch =
        Batch { frames: Vec::new(), labels: Vec::new(), mixing: Vec::new(), draws: Vec::new(), warnings: Vec::new() };
    for slot in 0..sampler.batch {
        let first = sampler.clip(step, slot);
        let mut failure = None;
        // A clip that cannot be read is replaced by the one after it.
        let readable =
            (first..first + clips.len()).map(|i| i % clips.len()).find_map(|clip| match clips.frames(clip) {
                Ok(frames) => Some((clip, frames)),
                Err(error) => {
                    failure.get_or_insert(error);
                    None
                }
            });
        let Some((clip, frames)) = readable else {
            return Err(
                failure.unwrap_or_else(|| Error::new("training data", "holds no clips", "Choose a folder with clips"))
            );
        };
        batch.warnings.extend(failure);
        let draws = sampler.draws(step, slot, clip, frames.len());
        let (mean, scale) = (MEAN_BGR, if pixels == Pixels::Motion { 1.0 / 255.0 } else { 1.0 });
        if pixels != Pixels::None {
            for draw in &draws {
                for index in draw.indices(sampler.window, frames.len()) {
                    draw.crop.append_bgr(&frames[index], sampler.crop, mean, scale, &mut batch.frames);
                }
            }
        }
        batch.labels.push(clips.label(clip));
        if sampler.mixup > 0.0 {
            batch.mixing.push(sampler.mixing(step, slot));
        }
        batch.draws.extend(draws);
    }
    Ok(batch)
}
