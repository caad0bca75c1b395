//! Frames a second from the file to the scores: what is decoded, flow however it is made, and every window and frame
//! classified.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::experiment::{Training, classifier_dir, model_dirs};
use crate::atomic;
use crate::data::LabelledClip;
use crate::descriptors::SvmModel;
use crate::error::Result;
use crate::evaluation::{ClipScorer, Crops, DescriptorNetworks, Protocol, Spread};
use crate::files;
use crate::flow::tvl1::Tvl1OnGpu;
use crate::gpu::Compute;
use crate::nets::HiddenTwoStream;
use crate::training::FlowSource;
use crate::video::{ClipReader, Geometry};

/// Clips that are gone through at most; the median counts.
const CLIPS: usize = 5;
/// Frames of a clip at most.
const FRAMES: usize = 200;
const FILE: &str = "speed.json";
/// Version of what is measured. Version 0, without a number, read single windows of clips by spatial streams that read
/// clips.
const VERSION: u32 = 1;

/// The streams of a row.
pub struct MeasuredStreams {
    /// The temporal stream and where its flow comes from.
    pub temporal: Option<(HiddenTwoStream, FlowSource)>,
    /// The spatial stream.
    pub spatial: Option<HiddenTwoStream>,
    /// TV-L1 where that is the source of flow and the graphics device computes it; the CPU does without.
    pub tvl1: Option<Tvl1OnGpu>,
}

impl MeasuredStreams {
    /// Adds TV-L1 on the graphics device of `compute` where the temporal stream reads it and there is one that can.
    pub fn on(self, compute: &Compute) -> Self {
        let parameters = self.temporal.as_ref().and_then(|(_, source)| source.tvl1_parameters());
        Self { tvl1: parameters.zip(compute.wgpu.as_ref()).and_then(|(p, wgpu)| Tvl1OnGpu::new(wgpu, p).ok()), ..self }
    }

    /// In words, what runs where: the networks on the device called `networks`, flow from elsewhere maybe on the CPU.
    pub fn device(&self, networks: &Compute) -> String {
        let on_cpu = match &self.temporal {
            _ if networks.wgpu.is_none() => None,
            Some((_, source)) if source.tvl1_parameters().is_some() && self.tvl1.is_none() => Some("TV-L1"),
            Some((_, source)) if source.dis_preset().is_some() => Some("DIS"),
            Some((_, FlowSource::Codec | FlowSource::Emv)) => Some("codec vectors"),
            _ => None,
        };
        on_cpu.map_or(networks.name.clone(), |flow| format!("{}, {flow} on the CPU", networks.name))
    }
}

/// The speeds of all rows, measured together, and the device.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Speeds {
    /// Version of what was measured.
    #[serde(default)]
    version: u32,
    /// The device.
    pub device: String,
    /// Frames a second by row.
    pub fps: BTreeMap<String, f64>,
    /// Device and machine of each row's measurement.
    #[serde(default)]
    pub devices: BTreeMap<String, String>,
}

impl Speeds {
    /// Returns what was measured on `device`.
    pub fn new(device: String, fps: BTreeMap<String, f64>, devices: BTreeMap<String, String>) -> Self {
        Self { version: VERSION, device, fps, devices }
    }

    /// Returns what was measured on `device` before; none if that was elsewhere, or something else was measured then.
    pub fn read(dir: &Path, device: &str) -> Option<Self> {
        let speeds: Self = serde_json::from_str(&files::read_to_string(dir.join(FILE)).ok()?).ok()?;
        (speeds.device == device && speeds.version == VERSION).then_some(speeds)
    }

    /// Returns whether the row was measured.
    pub fn are_of(&self, row: &str) -> bool {
        self.fps.contains_key(row)
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

/// Frames a second from the file of `clip` to all its scores. Every frame is classified by the spatial stream, every
/// window by the temporal one; frames are seen whole.
///
/// # Errors
/// If the clip cannot be read, or the device fails.
pub fn frames_per_second(streams: &mut MeasuredStreams, clip: &LabelledClip, frame: Geometry) -> Result<f64> {
    let started = Instant::now();
    let frames = through(streams, clip, frame)?;
    Ok(frames as f64 / started.elapsed().as_secs_f64())
}

/// Returns the frames a second from the file of `clip` to the scores of the SVM of the row in folder `dir`, whose
/// networks `trainings` trained.
///
/// # Errors
/// If a model or the clip cannot be read, or the device fails.
pub(super) fn descriptor_frames_per_second(
    dir: &Path,
    trainings: &[Training],
    clip: &LabelledClip,
    device: &Device,
) -> Result<f64> {
    let classifier = SvmModel::load(&classifier_dir(dir))?.classifier;
    let networks = DescriptorNetworks::load(&model_dirs(trainings), device)?;
    let frames = ClipReader::open(&clip.path, clip.segment_secs)?.frames();
    let started = Instant::now();
    classifier.scores(&networks.descriptor(clip, &|| false)?);
    Ok(frames as f64 / started.elapsed().as_secs_f64())
}

/// Returns the median; none of nothing.
pub fn median(mut rates: Vec<f64>) -> Option<f64> {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied()
}

/// From the file of a clip to all its scores; how many frames those were.
fn through(streams: &mut MeasuredStreams, clip: &LabelledClip, frame: Geometry) -> Result<usize> {
    let frames = clip.decode(frame, Some(FRAMES))?;
    if let Some((model, source)) = &streams.temporal {
        let scorer = ClipScorer::new(model, every_window(frames.len(), model.motion_window()));
        temporal(&scorer, model, *source, streams.tvl1.as_mut(), clip, &frames)?;
    }
    if let Some(model) = &streams.spatial {
        let window = model.spatial.as_ref().map_or(1, |stream| stream.input().count);
        ClipScorer::new(model, every_window(frames.len(), window)).spatial(&frames, None)?;
    }
    Ok(frames.len())
}

/// Returns the views of every window of `window` frames, which may be 1, of a clip of `frames`.
fn every_window(frames: usize, window: usize) -> Protocol {
    let samples = (frames + 1).saturating_sub(window).max(1);
    Protocol { samples, crops: Crops::Whole, spread: Spread::Paper, average: None }
}

fn temporal(
    scorer: &ClipScorer<'_>,
    model: &HiddenTwoStream,
    source: FlowSource,
    tvl1: Option<&mut Tvl1OnGpu>,
    clip: &LabelledClip,
    frames: &[RgbImage],
) -> Result<()> {
    match (source, tvl1) {
        (FlowSource::MotionNet, _) => scorer.temporal(frames).map(drop),
        (_, Some(tvl1)) => scorer.temporal_of(&FlowSource::flow_by(tvl1, frames)?).map(drop),
        (source, None) => scorer.temporal_of(&source.clip_flow(clip, frames, &model.motion)?).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn speeds_of_another_device_or_an_earlier_version_are_measured_again() {
        let dir = tempfile::tempdir().unwrap();
        let before = r#"{"device": "GPU", "fps": {"c3d": 3500.0}, "devices": {"c3d": "GPU"}}"#;
        fs::write(dir.path().join(FILE), before).unwrap();
        assert_eq!(Speeds::read(dir.path(), "GPU"), None, "of one window of a clip");
        let devices = BTreeMap::from([("tvl1".into(), "GPU".into())]);
        let speeds = Speeds::new("GPU".into(), BTreeMap::from([("tvl1".into(), 3.5)]), devices);
        speeds.write(dir.path()).unwrap();
        assert_eq!(Speeds::read(dir.path(), "GPU"), Some(speeds.clone()));
        assert!(speeds.are_of("tvl1") && !speeds.are_of("codec"));
        assert_eq!(Speeds::read(dir.path(), "CPU"), None);
    }

    #[test]
    fn every_window_and_every_frame_is_classified_once() {
        let starts = |frames, window| every_window(frames, window).window_starts(frames, window);
        assert_eq!(starts(20, 16), [0, 1, 2, 3, 4], "pictures of a network for clips");
        assert_eq!((starts(13, 11), starts(9, 16)), (vec![0, 1, 2], vec![0]));
        assert_eq!(every_window(4, 1).frame_indices(4), [0, 1, 2, 3]);
    }
}
