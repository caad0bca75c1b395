//! Batches made ahead of the step, on named threads, in the order of their steps.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, bounded};
use image::RgbImage;

use super::flow::frozen_flow::{Ahead, KeptFlow};
use super::flow::teacher::TeacherFlow;
use crate::data::TruePairs;
use crate::data::augmentation::{Draw, Sampler};
use crate::data::clips::{Clips, Keep};
use crate::error::{Error, Result};
use crate::nets::preprocessing::MEAN_BGR;

/// Batches that may wait for the step, those of all threads together; each thread makes one more meanwhile.
const AHEAD: usize = 4;
/// More threads than these would hold more batches than they save time.
const MOST_THREADS: usize = 16;

/// Returns how many threads make batches: one a core.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, MOST_THREADS)
}

/// A batch of training samples.
#[derive(Clone, Default)]
pub struct Batch {
    /// Planes [draws, 3·window, height, width] of BGR frames, normalised; empty where only the draws are wanted.
    pub frames: Vec<f32>,
    /// Labels, one a sample.
    pub labels: Vec<usize>,
    /// The share each sample keeps when it is mixed with the one behind it; empty where none is mixed.
    pub mixing: Vec<f32>,
    /// Which windows these are: those of all segments of the first sample, then of the second, …
    pub draws: Vec<Draw>,
    /// What was prepared of the flow of the windows.
    pub ahead: Ahead,
    /// Flow of a teacher, [draws, 3·pairs, height/2, width/2], as [`TeacherFlow::append_window`] describes it; empty without one.
    pub teacher: Vec<f32>,
    /// True flow, [draws, 2, height, width] in pixels, NaN where it is unknown; empty where nothing is taught by it.
    pub truth: Vec<f32>,
    /// Clips that could not be read and were replaced by others.
    pub warnings: Vec<Error>,
    /// Clips that have fewer frames than are learned from, and were replaced too.
    pub short: BTreeSet<usize>,
}

/// The conversion of frames to network input.
#[derive(Clone)]
pub enum Pixels {
    /// (x − mean)/255, for MotionNet, and the flow of its teacher, if it has one.
    Motion(Option<Arc<TeacherFlow>>),
    /// The same of pairs of pictures, and their true flow.
    Supervised(Arc<TruePairs>),
    /// x − mean, for the spatial stream.
    Spatial,
    /// None: the objective takes the draws and their flow, of which the loader prepares what is not there.
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
                Error::new("training", format!("could not start a loading thread: {error}"), "Close other programs")
            })?);
            queues.push(receiver);
        }
        Ok(Self { queues, threads: handles, next: 0 })
    }

    /// Returns the next batch.
    ///
    /// # Errors
    /// When no clip can be read at all.
    pub fn next(&mut self) -> Result<Batch> {
        let queue = &self.queues[self.next % self.queues.len()];
        self.next += 1;
        queue.recv().unwrap_or_else(|_| {
            Err(Error::new(
                "training",
                "a data loading thread crashed",
                "Resume the run; report this if it happens again",
            ))
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

/// The sampled window of a clip.
struct ReadClip {
    draws: Vec<Draw>,
    /// The frames of one window after the other, where they are input.
    windows: Vec<Arc<RgbImage>>,
    /// The flow of a teacher in them.
    teacher: Vec<f32>,
    /// Their true flow, where that is taught.
    truth: Vec<f32>,
    /// What was prepared of their flow, where that is input.
    ahead: Ahead,
}

impl ReadClip {
    fn of(draws: Vec<Draw>) -> Self {
        Self { draws, windows: Vec::new(), teacher: Vec::new(), truth: Vec::new(), ahead: Ahead::default() }
    }

    /// Reads a pair and what `sampler` draws of its true flow.
    fn of_pair(
        pairs: &TruePairs,
        path: &Path,
        sampler: &Sampler,
        [step, slot]: [usize; 2],
        clip: usize,
    ) -> Result<Self> {
        let pair = pairs.augmented_pair(path, &mut sampler.pair_rng(step, slot))?;
        let mut seen = Self::of(sampler.draws(step, slot, clip, 2));
        for draw in &seen.draws {
            seen.windows.extend(pair.pictures.iter().cloned());
            pair.append_flow(&draw.crop, pairs.size(), sampler.crop, &mut seen.truth);
        }
        Ok(seen)
    }
}

/// Returns what is drawn of a clip; none if it is too short.
fn read(
    clips: &Clips,
    sampler: &Sampler,
    pixels: &Pixels,
    [step, slot]: [usize; 2],
    clip: usize,
) -> Result<Option<ReadClip>> {
    if let Pixels::Supervised(pairs) = pixels {
        return ReadClip::of_pair(pairs, &clips.clip(clip).path, sampler, [step, slot], clip).map(Some);
    }
    let count = clips.count(clip)?;
    if count < sampler.least {
        return Ok(None);
    }
    let draws = sampler.draws(step, slot, clip, count);
    let mut seen = ReadClip::of(draws);
    if let Pixels::Flow(kept) = pixels {
        seen.ahead = kept.ahead(clips, &seen.draws, sampler.window - 1)?;
    } else {
        let frames: Vec<usize> = seen.draws.iter().flat_map(|draw| draw.indices(sampler.window, count)).collect();
        seen.windows = clips.pictures(clip, &frames, Keep::Clip)?;
        if let Pixels::Motion(Some(teacher)) = pixels {
            let windows = frames.chunks(sampler.window).zip(seen.windows.chunks(sampler.window));
            for (draw, (frames, pictures)) in seen.draws.iter().zip(windows) {
                teacher.append_window(draw, frames, pictures, sampler.crop, &mut seen.teacher)?;
            }
        }
    }
    Ok(Some(seen))
}

fn make_batch(clips: &Clips, sampler: &Sampler, pixels: &Pixels, step: usize) -> Result<Batch> {
    let mut batch = Batch::default();
    for slot in 0..sampler.batch {
        let first = sampler.clip(step, slot);
        let mut failure = None;
        // A clip that cannot be read is replaced by the one after it.
        let readable = (first..first + clips.len()).map(|i| i % clips.len()).find_map(|clip| {
            match read(clips, sampler, pixels, [step, slot], clip) {
                Ok(Some(seen)) => Some((clip, seen)),
                Ok(None) => {
                    batch.short.insert(clip);
                    None
                }
                Err(error) => {
                    failure.get_or_insert(error);
                    None
                }
            }
        });
        let Some((clip, seen)) = readable else {
            return Err(failure.unwrap_or_else(|| too_few(&batch, sampler)));
        };
        batch.warnings.extend(failure);
        let scale = if matches!(pixels, Pixels::Motion(_) | Pixels::Supervised(_)) { 1.0 / 255.0 } else { 1.0 };
        for (draw, pictures) in seen.draws.iter().zip(seen.windows.chunks(sampler.window)) {
            for picture in pictures {
                draw.crop.append_bgr(picture, sampler.crop, MEAN_BGR, scale, &mut batch.frames);
            }
        }
        batch.ahead.extend(seen.ahead);
        batch.teacher.extend(seen.teacher);
        batch.truth.extend(seen.truth);
        batch.labels.push(clips.label(clip));
        if sampler.mixup > 0.0 {
            batch.mixing.push(sampler.mixing(step, slot));
        }
        batch.draws.extend(seen.draws);
    }
    Ok(batch)
}

/// Returns why there is no clip to draw, none of which failed.
fn too_few(batch: &Batch, sampler: &Sampler) -> Error {
    match batch.short.len() {
        0 => Error::new("training data", "holds no clips", "Choose a folder with clips"),
        _ => {
            let cause = format!("no clip has the {} frames of MotionNet's window", sampler.least);
            Error::new("training data", cause, "Choose longer clips, or a MotionNet of fewer frames (--frames 2)")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use burn::tensor::Device;
    use image::Rgb;

    use super::super::flow::frozen_flow::FrozenFlow;
    use super::*;
    use crate::data::LabelledClip;
    use crate::nets::{FlowSource, MotionConfig, MotionCrop};
    use crate::video::Geometry;

    const FRAME: Geometry = Geometry { width: 64, height: 64 };

    fn clip(dir: &Path, label: usize) -> LabelledClip {
        fs::create_dir(dir).unwrap();
        for i in 0..12 {
            RgbImage::from_pixel(64, 64, Rgb([i; 3])).save(dir.join(format!("{i:02}.png"))).unwrap();
        }
        LabelledClip { path: dir.to_owned(), label, segment_secs: None, group: None }
    }

    fn sampler(clips: usize) -> Sampler {
        Sampler {
            seed: 1,
            batch: 2,
            clips,
            window: 5,
            least: 1,
            segments: 1,
            max_stride: 1,
            frame: FRAME,
            crop: FRAME,
            scales: vec![1.0],
            classes: Vec::new(),
            mixup: 0.0,
            seen: MotionCrop::Whole,
            squares: Vec::new(),
        }
    }

    #[test]
    fn what_flow_needs_is_prepared_once() {
        let dir = tempfile::tempdir().unwrap();
        let clips = vec![clip(&dir.path().join("a"), 0), clip(&dir.path().join("b"), 1)];
        let clips = Arc::new(Clips::new(clips, FRAME));
        let network = MotionConfig { frames: 2, width: 1, ..MotionConfig::default() }.init(&Device::flex());
        let mut flow = FrozenFlow::new(FlowSource::MotionNet, network, clips.clone());
        let pixels = Pixels::Flow(flow.kept());
        let batch = || make_batch(&clips, &sampler(2), &pixels, 0).unwrap();
        let first = batch();
        assert!(first.frames.is_empty());
        assert_eq!(first.draws.len(), 2);
        // All that is needed is there.
        for clip in ["a", "b"] {
            fs::rename(dir.path().join(clip), dir.path().join(format!("{clip} elsewhere"))).unwrap();
        }
        flow.windows(&first.draws, 4, FRAME, &first.ahead, &Device::flex()).unwrap();
        let second = batch();
        assert_eq!(second.draws, first.draws);
        flow.windows(&second.draws, 4, FRAME, &second.ahead, &Device::flex()).unwrap();
    }

    #[test]
    fn a_clip_of_which_frames_cannot_be_read_is_replaced_whatever_is_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let clips = vec![clip(&dir.path().join("a"), 0), clip(&dir.path().join("b"), 1)];
        for i in 0..12 {
            fs::write(clips[0].path.join(format!("{i:02}.png")), "not a picture").unwrap();
        }
        let clips = Arc::new(Clips::new(clips, FRAME));
        let network = MotionConfig { frames: 2, width: 1, ..MotionConfig::default() }.init(&Device::flex());
        let flow = FrozenFlow::new(FlowSource::MotionNet, network, clips.clone());
        for pixels in [Pixels::Motion(None), Pixels::Spatial, Pixels::Flow(flow.kept())] {
            let batch = make_batch(&clips, &sampler(2), &pixels, 0).unwrap();
            assert_eq!((batch.labels.as_slice(), batch.warnings.len()), (&[1, 1][..], 1));
        }
    }

    #[test]
    fn batches_come_in_the_order_of_their_steps_from_any_number_of_threads() {
        let dir = tempfile::tempdir().unwrap();
        let clips: Vec<_> = (0..3).map(|i| clip(&dir.path().join(i.to_string()), i)).collect();
        let clips = Arc::new(Clips::new(clips, FRAME));
        let drawn = |threads| {
            let mut loader = Loader::start(clips.clone(), sampler(3), Pixels::Spatial, 2, threads).unwrap();
            (0..6).map(|_| loader.next().unwrap().draws).collect::<Vec<_>>()
        };
        assert_eq!(drawn(1), drawn(7));
    }
}
