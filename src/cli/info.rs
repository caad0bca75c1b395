//! `motionscope info`: version, device, network sizes and the model card.

use std::path::PathBuf;

use clap::Args;

use super::model_arguments::{DeviceArg, ModelArg};
use super::outcome::{Outcome, complain};
use crate::engine::ModelInfo;
use crate::error::Result;
use crate::nets::{
    Architecture, Backbone, FlowMean, FlowSource, FrameSize, HiddenTwoStream, JointArchitecture, JointConfig, Modality,
    MotionConfig, MotionCrop, Stream, StreamConfig, StreamInput,
};
use crate::video;

const EXAMPLES: &str = "\
Examples:
  motionscope info
  motionscope info --model runs/temporal/model";

/// The lock file of the build, for the versions of dependencies.
const LOCK_FILE: &str = include_str!("../../Cargo.lock");

/// `motionscope info`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct InfoArgs {
    #[command(flatten)]
    model: ModelArg,
    #[command(flatten)]
    device: DeviceArg,
}

pub(super) fn run(arguments: &InfoArgs) -> Result<Outcome> {
    println!("Motionscope {}", env!("CARGO_PKG_VERSION"));
    println!("  Burn {}, wgpu {}, egui {}", locked("burn"), locked("wgpu"), locked("egui"));
    println!("  FFmpeg: {}", video::ffmpeg_version());
    let compute = arguments.device.open()?;
    println!("Device: {}", compute.name);
    println!("Networks at full width");
    for architecture in Architecture::ALL {
        let config = MotionConfig { architecture, ..MotionConfig::default() };
        println!("  {}: {} parameters ({})", architecture.title(), grouped(config.parameters()), architecture.paper());
    }
    println!("Networks for flow and action at full width, for 101 classes");
    for architecture in JointArchitecture::ALL {
        let config = JointConfig { architecture, ..JointConfig::default() };
        println!("  {}: {} parameters", architecture.key(), grouped(config.parameters(101)));
    }
    println!("Stream backbones, for 1,000 image classes");
    for backbone in Backbone::ALL {
        let input = StreamInput::of(Modality::Pictures, backbone, None);
        let config = StreamConfig { backbone, input, classes: 1000, dropout: None };
        println!("  {}: {} parameters", backbone.name(), grouped(config.parameters()));
    }
    let model = arguments.model.folder().and_then(|dir| Ok((HiddenTwoStream::load(&dir, &compute.device)?, dir)));
    match model {
        Ok((model, dir)) => describe(&model, dir),
        // A model that was asked for must be there; the shipped one may be missing.
        Err(error) if arguments.model.model.is_some() => return Err(error),
        Err(error) => complain(&error),
    }
    Ok(Outcome::Done)
}

fn describe(model: &HiddenTwoStream, dir: PathBuf) {
    let info = ModelInfo::of(model, &dir);
    let card = &model.card;
    println!("Model: {} ({})", info.name, dir.display());
    if let Some(hash) = &info.hash {
        println!("  hash: {hash}");
    }
    println!("  motion: {}", info.motion);
    let paper = match (&card.joint, &card.motion) {
        (Some(joint), _) => joint.config.architecture.paper(),
        (None, motion) => motion.as_ref().map_or(Architecture::MotionNet, |entry| entry.config.architecture).paper(),
    };
    println!("  motion network from: {paper}");
    println!("  parameters: {}", grouped(info.parameters));
    println!(
        "  streams: spatial {}, temporal {}",
        described(model.spatial.as_ref()),
        match model.motion.joint() {
            Some(_) => "in the joint network".into(),
            None => described(model.temporal.as_ref()),
        }
    );
    if info.trained_flow != FlowSource::MotionNet {
        println!("  temporal stream: trained on {}", info.trained_flow.in_words());
    }
    let (FrameSize { width, height }, spatial) = (card.preprocessing.motion, card.preprocessing.spatial);
    let view = match spatial.crop {
        MotionCrop::Whole => "",
        MotionCrop::Motion => " around the motion",
        MotionCrop::Both => " and around the motion",
    };
    let of_flow = match model.temporal.as_ref().map(|stream| stream.reading().crop).unwrap_or_default() {
        MotionCrop::Whole => "",
        MotionCrop::Motion => " (the temporal stream sees the square around the motion)",
        MotionCrop::Both => " (the temporal stream also sees the square around the motion)",
    };
    if model.temporal.as_ref().is_some_and(|stream| stream.reading().mean == FlowMean::Field) {
        println!("  temporal stream: reads flow less the mean of each field");
    }
    println!(
        "  frames: {width}x{height} for flow{of_flow}, {}x{}{view} for the spatial stream",
        spatial.width, spatial.height
    );
    if !info.classes.is_empty() {
        println!("  classes ({}): {}", info.classes.len(), info.classes.join(", "));
    }
    if let Some(base) = &info.base {
        println!("  trained from: {base}");
    }
    println!("  trained on: {}", card.origin.trained_on);
    println!("  licence: {}", card.licence);
}

fn described(stream: Option<&Stream>) -> String {
    let Some(stream) = stream else { return "no".into() };
    let differences = if stream.input().modality == Modality::RgbDifference { " of RGB differences" } else { "" };
    format!("yes ({}{differences})", stream.backbone().name())
}

/// Returns the version of a package in the lock file.
fn locked(package: &str) -> &'static str {
    let entry = format!("name = \"{package}\"\nversion = \"");
    LOCK_FILE.split_once(&entry).and_then(|(_, rest)| rest.split('"').next()).unwrap_or("?")
}

/// `42318820` as `42,318,820`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits_are_grouped_and_versions_found() {
        assert_eq!(super::grouped(42_318_820), "42,318,820");
        assert_eq!(super::grouped(999), "999");
        assert_eq!(super::locked("burn"), "0.22.1");
    }
}
