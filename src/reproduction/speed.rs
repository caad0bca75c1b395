//! Frames a second from the file to the scores: what is decoded, flow however it is made, and every window and frame
//! classified.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::error::Result;
use crate::evaluation::{ClipScorer, Crops, Protocol, Spread};
use crate::nets::{HiddenTwoStream, WINDOW_FRAMES};
use crate::training::FlowSource;
use crate::training::dataset::LabelledClip;
use crate::video::Geometry;

/// Clips that are gone through at most; the median counts.
const CLIPS: usize = 5;
/// Frames of a clip at most.
const FRAMES: usize = 200;
const FILE: &str = "speed.json";

/// The streams of a row.
pub struct Streams {
    /// The temporal stream and where its flow comes from.
    pub temporal: Option<(HiddenTwoStream, FlowSource)>,
    /// The spatial stream.
    pub spatial: Option<HiddenTwoStream>,
}

/// What was measured of all rows in one go, and where.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Speeds {
    /// The device.
    pub device: String,
    /// Frames a second by row.
    pub fps: BTreeMap<String, f64>,
}

impl Speeds {
    /// What was measured on `device` before; none if that was elsewhere.
    pub fn read(dir: &Path, device: &str) -> Option<Self> {
        let speeds: Self = serde_json::from_str(&fs::read_to_string(dir.join(FILE)).ok()?).ok()?;
        (speeds.device == device).then_some(speeds)
    }

    /// Keeps it in `dir`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, dir: &Path) -> Result<()> {
        atomic::replace(&dir.join(FILE), |writer| {
            serde_json::to_writer_pretty(&mut *writer, self)?;
            writeln!(writer)
        })
    }
}

/// Clips to measure on, evenly spread over `clips`.
pub fn chosen(clips: &[LabelledClip]) -> Vec<LabelledClip> {
    clips.iter().step_by(clips.len().div_ceil(CLIPS).max(1)).cloned().collect()
}

/// Frames a second from the file of `clip` to all its scores. Every frame is classified by the spatial stream, every window by
/// the temporal one; frames are seen whole.
///
/// # Errors
/// If the clip cannot be read, or the device fails.
pub fn frames_per_second(streams: &Streams, clip: &LabelledClip, frame: Geometry) -> Result<f64> {
    let started = Instant::now();
    let frames = through(streams, clip, frame)?;
    Ok(frames as f64 / started.elapsed().as_secs_f64())
}

/// The median; none of nothing.
pub fn median(mut rates: Vec<f64>) -> Option<f64> {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied()
}

/// From the file of a clip to all its scores; how many frames those were.
fn through(streams: &Streams, clip: &LabelledClip, frame: Geometry) -> Result<usize> {
    let frames = clip.decode(frame, Some(FRAMES))?;
    let every = |samples: usize| Protocol { samples: samples.max(1), crops: Crops::Whole, spread: Spread::Paper };
    if let Some((model, source)) = &streams.temporal {
        let window = model.temporal.as_ref().map_or(WINDOW_FRAMES, |stream| stream.input().frames());
        let windows = (frames.len() + 1).saturating_sub(window);
        temporal(&ClipScorer::new(model, every(windows)), model, *source, clip, &frames)?;
    }
    if let Some(model) = &streams.spatial {
        ClipScorer::new(model, every(frames.len())).spatial(&frames)?;
    }
    Ok(frames.len())
}

fn temporal(
    scorer: &ClipScorer<'_>,
    model: &HiddenTwoStream,
    source: FlowSource,
    clip: &LabelledClip,
    frames: &[RgbImage],
) -> Result<()> {
    match source {
        FlowSource::MotionNet => scorer.temporal(frames).map(drop),
        source => scorer.temporal_of(&source.clip_flow(clip, frames, &model.motion)?).map(drop),
    }
}
