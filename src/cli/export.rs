//! `motionscope export`: a model as ONNX files.

use std::path::PathBuf;

use burn::tensor::Device;
use clap::Args;

use super::model_arguments::ModelArg;
use super::outcome::Outcome;
use super::output_arguments::ForceArg;
use super::values::geometry;
use crate::error::{Error, Result};
use crate::nets::onnx::{self, OPSET, OnnxOptions};
use crate::nets::{FrameSize, HiddenTwoStream, Precision};
use crate::output::Staging;
use crate::video::Geometry;

const EXAMPLES: &str = "\
Examples:
  motionscope export --onnx onnx
  motionscope export --model models/ours --onnx onnx --batch 8 --size 256x192
  motionscope export --onnx onnx-half --half
  motionscope export --onnx onnx --example     inputs and outputs to check a runtime against

Writes motion.onnx (frames to flow), temporal.onnx (flow to logits), spatial.onnx (a picture to
logits) and two-stream.onnx (frames and a picture to flow, logits and fused probabilities).
Pictures are red, green, blue of 0 to 255, flow is in pixels of the frames; the networks' own
normalisation is in the files.";

/// `motionscope export`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    model: ModelArg,
    /// Folder of the ONNX files, created if missing
    #[arg(long, value_name = "DIR")]
    onnx: PathBuf,
    /// Clips at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,
    /// Size of MotionNet's frames [default: the model's, or the next that MotionNet can read]
    #[arg(long, value_name = "WxH", value_parser = geometry)]
    size: Option<Geometry>,
    /// Store and compute in half precision; inputs and outputs keep 32 bits
    #[arg(long)]
    half: bool,
    /// Also write example.safetensors: inputs with this program's outputs
    #[arg(long)]
    example: bool,
    #[command(flatten)]
    force: ForceArg,
}

pub(super) fn run(arguments: &ExportArgs) -> Result<Outcome> {
    let folder = arguments.model.folder()?;
    let model = HiddenTwoStream::load(&folder, &Device::flex())?;
    let of_model = model.card.preprocessing;
    let given = arguments.size.map(|Geometry { width, height }| FrameSize { width, height });
    let motion = given.unwrap_or_else(|| onnx::usual_size(&model));
    if given.is_none() && motion != of_model.motion {
        let [wanted, used] = [of_model.motion, motion].map(|size| format!("{}x{}", size.width, size.height));
        eprintln!(
            "motionscope: {wanted}, the model's size, does not suit MotionNet as ONNX; the files are for {used} (--size)"
        );
    }
    let options = OnnxOptions {
        batch: arguments.batch.into(),
        motion,
        spatial: of_model.spatial.size(),
        precision: if arguments.half { Precision::F16 } else { Precision::F32 },
    };
    let mut export = onnx::export(&model, &options)?;
    if arguments.example {
        export.files.push(("example.safetensors".into(), onnx::example(&model, &options)?));
    }
    let targets: Vec<PathBuf> = export.files.iter().map(|(name, _)| arguments.onnx.join(name)).collect();
    let guard = arguments.force.guard([&folder]);
    guard.check(&targets)?;
    let staging = Staging::begin(&arguments.onnx)?;
    for ((_, bytes), target) in export.files.iter().zip(&targets) {
        let staged = staging.file(target)?;
        std::fs::write(&staged, bytes).map_err(|error| Error::io(target, &error))?;
    }
    staging.publish(&guard)?;
    for ((_, bytes), target) in export.files.iter().zip(&targets) {
        println!("{}  {:.1} MB", target.display(), bytes.len() as f64 / 1e6);
    }
    println!("ONNX operator set {OPSET}");
    for reason in &export.left_out {
        eprintln!("motionscope: not exported: {reason}");
    }
    Ok(Outcome::Done)
}
