//! The prediction of one video, from its first frame to its last.

use std::num::NonZeroUsize;
use std::path::Path;

use super::decoding::decode_ahead;
use super::source::SourceVideo;
use super::windows::{BLOCK, DenseWindows};
use crate::engine::{ClipFrames, GoOn, InferencePipeline, WindowResult};
use crate::error::{Error, Result};
use crate::nets::fusion::Fusion;
use crate::video::{Sizes, VideoInfo};

/// The frames are not displayed, so this is the smallest useful size.
const DISPLAY_MAX: u32 = 16;

/// A scored frame of a video.
#[derive(Debug)]
pub struct ScoredFrame {
    /// Index among the scored frames.
    pub index: usize,
    /// From this scored frame to the next one or the end, in seconds on the clock of the file.
    pub span_secs: [f64; 2],
    /// Fused probabilities of the classes.
    pub probabilities: Vec<f32>,
    /// Features of both streams; empty unless the pipeline keeps them.
    pub features: Vec<f32>,
}

/// The outcome of a run without failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DenseEnd {
    /// All frames are scored.
    Finished,
    /// The run was stopped.
    Stopped,
}

/// The prediction of every `stride`-th frame of a video.
pub struct DensePrediction {
    source: SourceVideo,
    clip: ClipFrames,
    windows: DenseWindows,
    damages: Vec<Error>,
}

impl DensePrediction {
    /// Opens the video at `path` for the model of `pipeline`, and counts its frames.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open(path: &Path, pipeline: &InferencePipeline, stride: NonZeroUsize) -> Result<Self> {
        let source = SourceVideo::look(path)?;
        let clip = ClipFrames::open(path, Sizes { display_max: DISPLAY_MAX, ..pipeline.sizes() })?;
        let windows =
            DenseWindows { frames: clip.info().frames, length: pipeline.window_frames(), stride: stride.get() };
        Ok(Self { source, clip, windows, damages: Vec::new() })
    }

    /// Returns the video as it was when opened.
    pub fn source(&self) -> &SourceVideo {
        &self.source
    }

    /// Returns the properties of the video.
    pub fn info(&self) -> &VideoInfo {
        self.clip.info()
    }

    /// Returns the end of the video on the clock of the file, seconds.
    pub fn end_secs(&self) -> f64 {
        self.clip.times().span_secs(&(0..self.windows.frames))[1]
    }

    /// Returns the number of frames to score.
    pub fn scored(&self) -> usize {
        self.windows.count()
    }

    /// Returns the damage found in the video, without duplicates.
    pub fn damages(&self) -> &[Error] {
        &self.damages
    }

    /// Scores the frames from number `first` on and passes each to `push` in order, until `go_on` returns false. The
    /// probabilities of a frame do not depend on `first`.
    ///
    /// # Errors
    /// Those of `push`, if the device fails, and if the video has changed or cannot be read any more; frames read since
    /// are not passed on.
    pub fn run(
        &mut self,
        pipeline: &mut InferencePipeline,
        fusion: &Fusion,
        first: usize,
        go_on: GoOn<'_>,
        push: &mut dyn FnMut(ScoredFrame) -> Result<()>,
    ) -> Result<DenseEnd> {
        let Self { source, clip, windows, damages } = self;
        let (windows, times) = (*windows, clip.times().clone());
        let begin = first - first % BLOCK;
        let end = decode_ahead(clip, windows, begin, |decoded| {
            for start in (begin..windows.count()).step_by(windows.batch()) {
                let batch = start..(start + windows.batch()).min(windows.count());
                let mut frames = Vec::new();
                for window in decoded.iter().take(batch.len()) {
                    let window = window?;
                    frames.push(window.frames);
                    add_new(damages, window.damages);
                }
                if start % BLOCK == 0 {
                    pipeline.clear();
                }
                if batch.end <= first {
                    if !pipeline.advance_all(&frames, go_on)? {
                        return Ok(DenseEnd::Stopped);
                    }
                    continue;
                }
                let Some(results) = pipeline.scores(&frames, go_on)? else { return Ok(DenseEnd::Stopped) };
                source.check()?;
                for (index, result) in batch.zip(results).filter(|(index, _)| *index >= first) {
                    let WindowResult { scores, features, .. } = result;
                    let span_secs = times.span_secs(&(windows.frame(index)..windows.frame(index + 1)));
                    let probabilities = scores.fused_probabilities(fusion);
                    push(ScoredFrame { index, span_secs, probabilities, features })?;
                }
            }
            Ok(DenseEnd::Finished)
        });
        // A read error may be due to a changed file, which is then the better message.
        let end = end.map_err(|error| self.source.check_content().err().unwrap_or(error))?;
        if end == DenseEnd::Finished {
            self.source.check_content()?;
        }
        Ok(end)
    }
}

/// Appends those of `found` that are not yet in `damages`.
fn add_new(damages: &mut Vec<Error>, found: Vec<Error>) {
    for damage in found {
        if !damages.contains(&damage) {
            damages.push(damage);
        }
    }
}
