//! `motionscope import`: creates a model folder from weights trained elsewhere.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use clap::Args;

use super::outcome::Outcome;
use super::output_arguments::ForceArg;
use super::values::{choice, geometry, named};
use crate::calendar::today;
use crate::data::class_names;
use crate::error::{Error, Result};
use crate::nets::fusion::Fusion;
use crate::nets::import::{Colours, Imported, import_motion, import_stream};
use crate::nets::{
    Architecture, Backbone, BaseModel, FlowMean, FlowReading, FlowResolution, FlowSource, FrameSize, HiddenTwoStream,
    Modality, ModelCard, MotionConfig, MotionCrop, MotionCue, MotionEntry, MotionNetwork, Origin, Precision,
    Preprocessing, Stream, StreamEntry, StreamInput,
};
use crate::output::Staging;
use crate::video::Geometry;

const EXAMPLES: &str = "\
Examples:
  motionscope import --motion motionnet.pth --out models/ours
  motionscope import --motion flow.pt --frames 2 --width 16 --temporal temporal.pt \\
                     --spatial rgb.safetensors --backbone vgg16 \\
                     --classes classInd.txt --out models/ours
  motionscope import --base models/ours --temporal better.pt --out models/better
  motionscope import --base models/ours --spatial resnet50.pth --backbone resnet50 --out resnet
  motionscope import --motion FlowNet2_checkpoint.pth --architecture flownet2 --out flownet2
  motionscope import --motion both.caffemodel --temporal both.caffemodel \\
                     --classes classInd.txt --out models/stacked

Accepts the layer names of models/README.md, torchvision, timm, mmaction2 and the authors' Caffe
files. Prefixes such as module. are ignored. Unused tensors are listed. No code in a checkpoint is
executed.";

/// Input size of networks that do not say theirs.
const SIZE: Geometry = Geometry { width: 224, height: 224 };

/// `motionscope import`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("sources").args(["motion", "temporal", "spatial"]).required(true).multiple(true))]
pub(super) struct ImportArgs {
    /// Weights of a motion network (.pt, .pth, .safetensors, .caffemodel, .onnx)
    #[arg(long, value_name = "FILE", required_unless_present = "base")]
    motion: Option<PathBuf>,
    /// Weights of the temporal stream
    #[arg(long, value_name = "FILE")]
    temporal: Option<PathBuf>,
    /// Weights of the spatial stream
    #[arg(long, value_name = "FILE")]
    spatial: Option<PathBuf>,
    /// Model folder that provides the networks not given as files
    #[arg(long, value_name = "DIR")]
    base: Option<PathBuf>,
    /// Class names, one per line, optionally numbered; required for streams
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
    /// Model folder to create
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Motion network: motion-net, tiny-motion-net or a supervised one
    ///
    /// One of motion-net, tiny-motion-net, flownet-s, flownet-c, flownet-sd, flownet2-cs, flownet2-css, flownet2 and next-flow.
    #[arg(long, default_value = "motion-net", value_parser = named::<Architecture>(), requires = "motion")]
    architecture: Architecture,
    /// Input frames of the motion network: 11 or 2 [default: 11; 2 for a supervised one]
    #[arg(long, requires = "motion")]
    frames: Option<usize>,
    /// Channels of the motion network's first layer
    #[arg(long, default_value_t = MotionConfig::default().width, requires = "motion")]
    width: usize,
    /// Backbone of the streams given as files
    ///
    /// One of squeezenet1-0, mobilenet-v2, efficientnet-lite0, efficientnet-lite1, efficientnet-lite2, bn-inception,
    /// resnet18, i3d, c3d, c3d-padded and 3dnet (which read clips), resnet50, cnn-m-2048, emv and vgg16.
    #[arg(long, default_value = "vgg16", value_parser = named::<Backbone>())]
    backbone: Backbone,
    /// What the temporal stream reads: flow or rgb-difference
    #[arg(long, default_value = "flow", value_parser = choice::<MotionCue>(), requires = "temporal")]
    input: MotionCue,
    /// Clip length of an i3d or c3d, or flows of a stack [default: 64, 16, 10]
    #[arg(long, value_name = "N")]
    clip_frames: Option<usize>,
    /// Flow resolution of the temporal stream: frames or flow [default: frames, or from the base]
    ///
    /// frames: upsampled to the size of MotionNet's frames, as in the authors' files. flow: half of it, as MotionNet predicts it.
    #[arg(long, value_name = "RESOLUTION", value_parser = named::<FlowResolution>())]
    flow_resolution: Option<FlowResolution>,
    /// Flow the temporal stream was trained on [default: motionnet, or from the base]
    #[arg(long, value_parser = choice::<FlowSource>())]
    flow_source: Option<FlowSource>,
    /// View of the temporal stream: whole, motion or both [default: whole, or from the base]
    ///
    /// motion is the square around the motion in its flow; both averages the logits of the two.
    #[arg(long, value_name = "VIEW", value_parser = named::<MotionCrop>())]
    temporal_crop: Option<MotionCrop>,
    /// Level subtracted from flow: middle or field [default: field for cnn-m-2048, or from the base]
    #[arg(long, value_name = "LEVEL", value_parser = choice::<FlowMean>())]
    flow_mean: Option<FlowMean>,
    /// View of the spatial stream: whole, motion or both [default: whole, or from the base]
    ///
    /// motion is the square around the motion, found in the flow of the temporal stream; both averages both logits.
    #[arg(long, value_name = "VIEW", value_parser = named::<MotionCrop>())]
    spatial_crop: Option<MotionCrop>,
    /// Input normalisation: bgr, tsn, c3d-rgb, rgb, lite or signed [default: from the layer names]
    ///
    /// bgr: 0 to 255 minus the mean, as in Caffe. tsn: the same with another mean for red. c3d-rgb: mmaction2's C3D. rgb: 0 to 1, standardised, as in
    /// torchvision. lite: −1 to 1, as in EfficientNet-Lite. signed: −1 to 1, as in I3D, also for flow.
    #[arg(long, value_parser = named::<Colours>())]
    colours: Option<Colours>,
    /// Input size of the networks given as files [default: 224x224, or from the base]
    #[arg(long, value_name = "WxH", value_parser = geometry)]
    size: Option<Geometry>,
    /// Model name [default: the folder name]
    #[arg(long)]
    name: Option<String>,
    /// Store the weights in half precision
    #[arg(long)]
    half: bool,
    /// Licence of the weights [default: not stated]
    #[arg(long)]
    licence: Option<String>,
    #[command(flatten)]
    force: ForceArg,
}

pub(super) fn run(arguments: &ImportArgs) -> Result<Outcome> {
    let inputs = [&arguments.motion, &arguments.temporal, &arguments.spatial, &arguments.base, &arguments.classes];
    let guard = arguments.force.guard(inputs.into_iter().flatten());
    guard.check(&[arguments.out.join(ModelCard::FILE_NAME)])?;
    let model = arguments.model(&Device::flex())?;
    let staging = Staging::begin(&arguments.out)?;
    model.save(&staging.root())?;
    staging.publish(&guard)?;
    println!("{}: {} parameters", arguments.out.display(), model.parameters());
    println!("Use it with `motionscope --model {}`.", arguments.out.display());
    Ok(Outcome::Done)
}

impl ImportArgs {
    fn model(&self, device: &Device) -> Result<HiddenTwoStream> {
        let base = self.base.as_deref().map(|dir| HiddenTwoStream::load(dir, device)).transpose()?;
        let of_base = base.as_ref().map(|base| base.card.clone());
        let mut model = match (&self.motion, base) {
            (None, Some(base)) => base,
            (None, None) => return Err(no_motion()),
            (Some(file), base) => self.with_motion(file, base, device)?,
        };
        if let Some(file) = &self.classes {
            model.card.classes = class_names(file)?;
        }
        if let Some(file) = &self.temporal {
            if model.motion.joint().is_some() {
                let cause = "the base has a joint network, which takes the temporal stream's place";
                return Err(Error::file(file, cause, "Import it into a model with a motion network"));
            }
            let (entry, stream) = self.stream(file, "temporal.safetensors", self.input.into(), &model, device)?;
            (model.card.temporal, model.temporal) = (Some(entry), Some(stream));
        }
        if let Some(file) = &self.spatial {
            let (entry, stream) = self.stream(file, "spatial.safetensors", Modality::Pictures, &model, device)?;
            (model.card.spatial, model.spatial) = (Some(entry), Some(stream));
        }
        let of_temporal = [
            ("--temporal-crop", self.temporal_crop.is_some()),
            ("--flow-resolution", self.flow_resolution.is_some()),
            ("--flow-mean", self.flow_mean.is_some()),
            ("--flow-source", self.flow_source.is_some()),
        ];
        if let Some((option, _)) = of_temporal.into_iter().find(|(_, is_given)| *is_given) {
            let (Some(entry), Some(stream)) = (&mut model.card.temporal, model.temporal.take()) else {
                return Err(no_stream(option, "temporal"));
            };
            entry.crop = self.temporal_crop.unwrap_or(entry.crop);
            entry.resolution = self.flow_resolution.unwrap_or(entry.resolution);
            entry.mean = self.flow_mean.unwrap_or(entry.mean);
            entry.flow_source = self.flow_source.unwrap_or(entry.flow_source);
            model.temporal = Some(stream.with_reading(entry.reading()));
        }
        if let Some(crop) = self.spatial_crop {
            if model.spatial.is_none() {
                return Err(no_stream("--spatial-crop", "spatial"));
            }
            if crop.sees_motion() && model.card.has_untrained_squares() {
                model.card.check_motion(self.base.as_deref().unwrap_or(&self.out))?;
            }
            model.card.preprocessing.spatial.crop = crop;
        }
        if let Some(Geometry { width, height }) = self.size {
            let sizes = &mut model.card.preprocessing;
            if self.motion.is_some() || self.temporal.is_some() {
                sizes.motion = FrameSize { width, height };
            }
            if self.spatial.is_some() {
                (sizes.spatial.width, sizes.spatial.height) = (width, height);
            }
        }
        self.report_kept(&model);
        model.card.fusion.unsure_below = None; // It was chosen on the scores of other weights.
        model.card.name = self.model_name();
        model.card.licence = self.licence(of_base.as_ref());
        model.card.origin = self.origin(of_base.as_ref());
        // A base of 16 bits is no reason to round what is imported.
        model.card.precision = if self.half { Precision::F16 } else { Precision::F32 };
        Ok(model)
    }

    /// Says how the new streams read what they see, where the base decides that.
    fn report_kept(&self, model: &HiddenTwoStream) {
        if self.base.is_none() {
            return;
        }
        let reading = model.card.temporal.as_ref().filter(|_| self.temporal.is_some()).map(StreamEntry::reading);
        if let Some(FlowReading { resolution, crop, mean }) = reading {
            if crop.sees_motion() && self.temporal_crop.is_none() {
                println!("Temporal stream: view '{}', as in the base; --temporal-crop changes it", crop.key());
            }
            if resolution != FlowResolution::default() && self.flow_resolution.is_none() {
                println!(
                    "Temporal stream: flow resolution '{}', as in the base; --flow-resolution changes it",
                    resolution.key()
                );
            }
            if mean != FlowMean::default() && self.flow_mean.is_none() {
                println!("Temporal stream: reads flow less the mean of each field; --flow-mean changes it");
            }
            let source = model.card.flow_source();
            if source != FlowSource::default() && self.flow_source.is_none() {
                println!("Temporal stream: trained on '{}', as in the base; --flow-source changes it", source.key());
            }
        }
        let is_kept = model.temporal.is_some() && self.temporal.is_none();
        if self.motion.is_some() && is_kept && model.card.flow_source().needs_network() {
            println!("Temporal stream: from the base, trained on the flow of another MotionNet");
        }
        let crop = model.card.preprocessing.spatial.crop;
        if crop.sees_motion() && self.spatial.is_some() && self.spatial_crop.is_none() {
            println!("Spatial stream: view '{}', as in the base; --spatial-crop changes it", crop.key());
        }
    }

    /// Returns the base with another motion network, or a model of nothing else.
    fn with_motion(&self, file: &Path, base: Option<HiddenTwoStream>, device: &Device) -> Result<HiddenTwoStream> {
        let usual = if self.architecture.is_supervised() { 2 } else { MotionConfig::default().frames };
        let mut config = MotionConfig {
            architecture: self.architecture,
            frames: self.frames.unwrap_or(usual),
            width: self.width,
            ..MotionConfig::default()
        };
        config.validate().map_err(Error::as_usage)?;
        let motion: MotionNetwork = reported(file, import_motion(file, config.init(device))?);
        if let MotionNetwork::FlowNet(network) = &motion {
            config.conventions = network.conventions();
        }
        let entry = MotionEntry::new("motion.safetensors", config);
        Ok(match base {
            Some(base) => {
                let card = ModelCard { motion: Some(entry), joint: None, ..base.card };
                HiddenTwoStream { card, motion, ..base }
            }
            None => HiddenTwoStream { card: self.card(entry), motion, temporal: None, spatial: None },
        })
    }

    fn card(&self, motion: MotionEntry) -> ModelCard {
        let Geometry { width, height } = self.size.unwrap_or(SIZE);
        let size = FrameSize { width, height };
        ModelCard {
            format: ModelCard::FORMAT,
            name: self.model_name(),
            hash: None,
            licence: self.licence(None),
            precision: Precision::F32,
            classes: Vec::new(),
            thresholds: Vec::new(),
            motion: Some(motion),
            joint: None,
            temporal: None,
            spatial: None,
            preprocessing: Preprocessing { motion: size, spatial: size.into() },
            fusion: Fusion::default(),
            origin: self.origin(None),
        }
    }

    fn stream(
        &self,
        file: &Path,
        weights: &str,
        modality: Modality,
        model: &HiddenTwoStream,
        device: &Device,
    ) -> Result<(StreamEntry, Stream)> {
        let classes = model.card.classes.len();
        if classes == 0 {
            return Err(Error::file(file, "its class names are unknown", "Name them with --classes FILE"));
        }
        let frames = self.clip_frames;
        if let Some(count) = frames {
            let refuse = |cause| {
                Error::usage("clip frames", cause, "They are for --backbone i3d and c3d, and for stacks of flow")
            };
            StreamInput::check_clip(self.backbone, modality, count).map_err(refuse)?;
        }
        let of_base = model.card.temporal.as_ref().filter(|_| modality == Modality::Flow);
        let usual = FlowReading::usual(self.backbone, modality);
        let reading = of_base.map_or(usual, StreamEntry::reading);
        let flow_source = of_base.map(|entry| entry.flow_source).unwrap_or_default();
        let input = if modality == Modality::RgbDifference { MotionCue::RgbDifference } else { MotionCue::Flow };
        let new = StreamEntry::new(weights, self.backbone);
        let entry = StreamEntry { input, frames, flow_source, ..new.with_reading(reading) };
        let refuse = |cause| Error::usage("input", cause, "Choose another backbone or view, or read flow");
        input.check(self.backbone, entry.reading()).map_err(refuse)?;
        let stream = entry.config(modality, classes).init(device).with_reading(entry.reading());
        if modality == Modality::Flow && stream.input().frames() < model.motion.frames() {
            let remedy = format!("Give --clip-frames of {} or more", model.motion.frames() - 1);
            return Err(Error::usage("clip frames", "the motion network reads more at once", remedy));
        }
        let imported = import_stream(file, stream, self.colours)?;
        if modality == Modality::Pictures && imported.colours != Colours::Bgr {
            println!("{}: first layer adapted to Motionscope's input normalisation", file.display());
        }
        Ok((entry, reported(file, imported)))
    }

    fn model_name(&self) -> String {
        let folder = self.out.file_name().map(|name| name.to_string_lossy().into_owned());
        self.name.clone().or(folder).unwrap_or_else(|| "imported".into())
    }

    /// Returns the licence that is given, else that of the base, whose networks are in the model too.
    fn licence(&self, base: Option<&ModelCard>) -> String {
        let of_base = base.map(|card| format!("{}; imported weights: not stated", card.licence));
        self.licence.clone().or(of_base).unwrap_or_else(|| "not stated".into())
    }

    /// Returns the files that were imported, after what the base was made by.
    fn origin(&self, base: Option<&ModelCard>) -> Origin {
        let files = [("motion", &self.motion), ("temporal", &self.temporal), ("spatial", &self.spatial)];
        let files = || files.into_iter().filter_map(|(network, file)| Some((network, file.as_ref()?)));
        let names: Vec<_> = files().map(|(_, file)| file.display().to_string()).collect();
        let imported = format!("imported from {}", names.join(", "));
        let version = env!("CARGO_PKG_VERSION").into();
        let Some(card) = base else {
            return Origin { trained_on: imported, motionscope_version: version, ..Origin::default() };
        };
        let options: Vec<_> = files().map(|(network, file)| format!("--{network} {}", file.display())).collect();
        let mut commands = card.origin.commands.clone();
        commands.push(format!("import {}", options.join(" ")));
        Origin {
            trained_on: format!("{imported}; the other networks on {}", card.origin.trained_on),
            commands,
            date: today(),
            motionscope_version: version,
            base: Some(BaseModel {
                name: card.name.clone(),
                hash: card.hash.clone(),
                trained_on: card.origin.trained_on.clone(),
            }),
        }
    }
}

/// The imported network; says what of the file is not in it.
fn reported<M>(file: &Path, imported: Imported<M>) -> M {
    if !imported.left_out.is_empty() {
        println!(
            "{}: skipped tensors that do not belong to this network: {}",
            file.display(),
            imported.left_out.join(", ")
        );
    }
    imported.network
}

fn no_stream(option: &str, stream: &str) -> Error {
    let cause = format!("the model has no {stream} stream");
    Error::usage(option, cause, format!("Name its weights with --{stream} FILE, or leave the option out"))
}

fn no_motion() -> Error {
    Error::usage("--motion", "a model needs a motion network", "Name its weights, or a model folder with --base")
}
