//! Prepares batches ahead of the training step, on worker threads, in order.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, bounded};
use image::RgbImage;

use super::flow::frozen_flow::{Ahead, KeptFlow};
use super::flow::teacher::TeacherFlow;
use super::next_frames::{NextFrame, NextFrames};
use crate::data::TruePairs;
use crate::data::augmentation::{Draw, Sampler};
use crate::data::clips::{Clips, Keep};
use crate::error::{Error, Result};
use crate::nets::preprocessing::MEAN_BGR;
use crate::video::Geometry;

/// Number of finished batches that may wait for the step, over all threads; each thread prepares one more meanwhile.
const AHEAD: usize = 4;
/// Maximum number of loader threads; more would use memory for batches without saving time.
const MOST_THREADS: usize = 16;

/// Returns the number of loader threads: one per core.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, MOST_THREADS)
}

/// A batch of training samples.
#[derive(Clone, Default)]
pub struct Batch {
    /// Planes [draws, 3·window, height, width] of BGR frames, normalised; empty if only the draws are needed.
    pub frames: Vec<f32>,
    /// Class labels of each sample: one, or several in multi-label plans.
    pub labels: Vec<Vec<usize>>,
    /// Mixup share of each sample relative to the next one; empty without mixup.
    pub mixing: Vec<f32>,
    /// The drawn windows: those of all segments of the first sample, then of the second, …
    pub draws: Vec<Draw>,
    /// Data prepared for the flow of the windows.
    pub ahead: Ahead,
    /// Flow of a teacher, [draws, 3·pairs, height/2, width/2], see [`TeacherFlow::append_window`]; empty without one.
    pub teacher: Vec<f32>,
    /// True flow, [draws, 2, height, width] in pixels, NaN where unknown; empty without supervision.
    pub truth: Vec<f32>,
    /// The next frame, [draws, 3, height, width] in the format of `frames`, 0 for samples with true flow; empty unless
    /// next frames are learned.
    pub next_frames: Vec<f32>,
    /// 1 for each sample with a next frame, 0 for those with true flow.
    pub has_next_frame: Vec<f32>,
    /// Clips that could not be read and were replaced by others.
    pub warnings: Vec<Error>,
    /// Clips with too few frames for training, which were replaced by others.
    pub short: BTreeSet<usize>,
    /// Clips with fewer frames than a window, whose last frame was repeated.
    pub filled: BTreeSet<usize>,
}

impl Batch {
    /// Appends the next frame of the clip part `seen`, or zeros if it is not learned.
    fn append_next_frame(&mut self, seen: &ReadClip, size: Geometry, scale: f32) {
        let next = seen.next.as_ref().zip(seen.draws.first());
        match next {
            Some((next, draw)) => draw.crop.append_bgr(next, size, MEAN_BGR, scale, &mut self.next_frames),
            None => self.next_frames.extend(std::iter::repeat_n(0.0, 3 * (size.width * size.height) as usize)),
        }
        self.has_next_frame.push(if next.is_some() { 1.0 } else { 0.0 });
    }
}

/// The conversion of frames to network input.
#[derive(Clone)]
pub enum Pixels {
    /// (x − mean)/255, for MotionNet, with the flow of its teacher, if any.
    Motion(Option<Arc<TeacherFlow>>),
    /// (x − mean)/255 of pairs of images, with their true flow; or of pairs of frames, with the next frame.
    Supervised(Arc<TruePairs>, Option<Arc<NextFrames>>),
    /// x − mean, for the spatial stream.
    Spatial,
    /// None: the objective uses the draws and their flow, of which the loader prepares the missing part.
    Flow(Arc<KeptFlow>),
}

/// Prepares batches ahead of the step. Its threads end when it is dropped.
pub struct Loader {
    queues: Vec<Receiver<Result<Batch>>>,
    threads: Vec<JoinHandle<()>>,
    next: usize,
}

impl Loader {
    /// Starts `threads` threads that prepare the batches from step `first`; thread k prepares every `threads`-th.
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
    /// If no clip can be read at all.
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
        self.queues.clear(); // blocked loader threads notice this and end
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// The sampled window of a clip.
struct ReadClip {
    /// Number of frames of the clip.
    frames: usize,
    draws: Vec<Draw>,
    /// The frames of all windows, one after the other, if frames are the input.
    windows: Vec<Arc<RgbImage>>,
    /// The teacher's flow of the windows.
    teacher: Vec<f32>,
    /// The true flow of the windows, if supervised.
    truth: Vec<f32>,
    /// The frame after the window, if next frames are learned.
    next: Option<Arc<RgbImage>>,
    /// Data prepared for the flow of the windows, if flow is the input.
    ahead: Ahead,
}

impl ReadClip {
    fn of(frames: usize, draws: Vec<Draw>) -> Self {
        let (teacher, truth) = (Vec::new(), Vec::new());
        Self { frames, draws, windows: Vec::new(), teacher, truth, next: None, ahead: Ahead::default() }
    }

    /// Reads a pair, augmented with its true flow as drawn by `sampler`.
    fn of_pair(
        pairs: &TruePairs,
        path: &Path,
        sampler: &Sampler,
        [step, slot]: [usize; 2],
        clip: usize,
    ) -> Result<Self> {
        let pair = pairs.augmented_pair(path, &mut sampler.pair_rng(step, slot))?;
        let mut seen = Self::of(2, sampler.draws(step, slot, clip, 2));
        for draw in &seen.draws {
            seen.windows.extend(pair.pictures.iter().cloned());
            pair.append_flow(&draw.crop, pairs.size(), sampler.crop, &mut seen.truth);
        }
        Ok(seen)
    }

    /// Returns a pair of frames with the next frame, without flow.
    fn of_frames(frames: NextFrame, sampler: &Sampler) -> Self {
        let NextFrame { draw, pair, next } = frames;
        let truth = vec![f32::NAN; 2 * (sampler.crop.width * sampler.crop.height) as usize];
        Self { windows: pair.to_vec(), truth, next: Some(next), ..Self::of(sampler.window, vec![draw]) }
    }
}

impl Pixels {
    /// Returns the next-frame clips if the sample at position `slot` of a step is one of them.
    fn next_frames(&self, slot: usize) -> Option<&NextFrames> {
        match self {
            Self::Supervised(_, Some(frames)) => Some(&**frames).filter(|frames| frames.has(slot)),
            _ => None,
        }
    }
}

/// Reads the sampled window of a clip; `None` if the clip is too short.
fn read(
    clips: &Clips,
    sampler: &Sampler,
    pixels: &Pixels,
    [step, slot]: [usize; 2],
    clip: usize,
) -> Result<Option<ReadClip>> {
    if let Some(frames) = pixels.next_frames(slot) {
        let read = frames.read(sampler, [step, slot], clip)?;
        return Ok(read.map(|read| ReadClip::of_frames(read, sampler)));
    }
    if let Pixels::Supervised(pairs, _) = pixels {
        return ReadClip::of_pair(pairs, &clips.clip(clip).path, sampler, [step, slot], clip).map(Some);
    }
    let count = clips.count(clip)?;
    if count < sampler.least {
        return Ok(None);
    }
    let draws = sampler.draws(step, slot, clip, count);
    let mut seen = ReadClip::of(count, draws);
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
        let next_frames = pixels.next_frames(slot);
        let (first, count) = match next_frames {
            Some(frames) => (frames.clip(sampler, [step, slot]), frames.len()),
            None => (sampler.clip(step, slot), clips.len()),
        };
        let mut failure = None;
        // An unreadable clip is replaced by the next one.
        let readable = (first..first + count).map(|i| i % count).find_map(|clip| {
            match read(clips, sampler, pixels, [step, slot], clip) {
                Ok(Some(seen)) => Some((clip, seen)),
                Ok(None) => {
                    if next_frames.is_none() {
                        batch.short.insert(clip);
                    }
                    None
                }
                Err(error) => {
                    failure.get_or_insert(error);
                    None
                }
            }
        });
        let Some((clip, seen)) = readable else {
            let too_few = || next_frames.map_or_else(|| too_few(&batch, sampler), |_| NextFrames::too_short());
            return Err(failure.unwrap_or_else(too_few));
        };
        batch.warnings.extend(failure);
        if seen.frames < sampler.window {
            batch.filled.insert(clip);
        }
        let scale = if matches!(pixels, Pixels::Motion(_) | Pixels::Supervised(..)) { 1.0 / 255.0 } else { 1.0 };
        for (draw, pictures) in seen.draws.iter().zip(seen.windows.chunks(sampler.window)) {
            for picture in pictures {
                draw.crop.append_bgr(picture, sampler.crop, MEAN_BGR, scale, &mut batch.frames);
            }
        }
        if let Pixels::Supervised(_, Some(_)) = pixels {
            batch.append_next_frame(&seen, sampler.crop, scale);
        }
        batch.ahead.extend(seen.ahead);
        batch.teacher.extend(seen.teacher);
        batch.truth.extend(seen.truth);
        batch.labels.push(if next_frames.is_some() { vec![0] } else { clips.clip(clip).shown() });
        if sampler.mixup > 0.0 {
            batch.mixing.push(sampler.mixing(step, slot));
        }
        batch.draws.extend(seen.draws);
    }
    Ok(batch)
}

/// Returns the error if no clip can be drawn although none failed.
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

    const FRAME: Geometry = Geometry { width: 64, height: 64 };

    fn clip(dir: &Path, label: usize) -> LabelledClip {
        fs::create_dir(dir).unwrap();
        for i in 0..12 {
            RgbImage::from_pixel(64, 64, Rgb([i; 3])).save(dir.join(format!("{i:02}.png"))).unwrap();
        }
        LabelledClip { path: dir.to_owned(), label, segment_secs: None, group: None, also: Vec::new() }
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
        // All required data has been prepared.
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
            assert_eq!((batch.labels.as_slice(), batch.warnings.len()), (&[vec![1], vec![1]][..], 1));
        }
    }

    #[test]
    fn clips_whose_last_frame_is_repeated_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let clips = Arc::new(Clips::new(vec![clip(&dir.path().join("a"), 0)], FRAME)); // 12 frames
        let filled =
            |window| make_batch(&clips, &Sampler { window, ..sampler(1) }, &Pixels::Spatial, 0).unwrap().filled;
        assert_eq!((filled(12).len(), filled(13)), (0, BTreeSet::from([0])));
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
