//! Exports a model as ONNX files: MotionNet, each stream, and the whole hidden two-stream network from frames to
//! probabilities.
//!
//! Inputs are RGB images in 0…255, and flow is in pixels of the frames: normalisation and channel reordering are part
//! of the files. Batch size and image size are fixed.

mod c3d;
mod example;
mod flow_nets;
mod graph;
mod layers;
mod networks;
mod proto;
#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::nets::flow_normalisation::{CLIP_PX, LEVELS_PER_PX, MID_LEVEL, TAPS};
use crate::nets::fusion::{Fusion, FusionRule};
use crate::nets::preprocessing::MEAN_BGR;
use crate::nets::stream::Layers;
use crate::nets::{
    FLOW_UNIT_PX, FlowMean, FlowResolution, FlowSource, FrameSize, HiddenTwoStream, Modality, MotionCrop,
    MotionNetwork, Precision, Stream,
};
use graph::{Graph, Value};
use proto::AttributeProto;

pub use example::example;
pub use graph::OPSET;

/// Options of an ONNX export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnnxOptions {
    /// Number of clips per batch.
    pub batch: usize,
    /// Size of the motion network's frames.
    pub motion: FrameSize,
    /// Size of the spatial stream's frames.
    pub spatial: FrameSize,
    /// Precision of the weights and of the computation; inputs and outputs are always 32-bit.
    pub precision: Precision,
}

/// A model as ONNX files.
#[derive(Debug)]
pub struct OnnxFiles {
    /// File names and contents.
    pub files: Vec<(String, Vec<u8>)>,
    /// Parts that were not exported, each with the reason.
    pub left_out: Vec<String>,
}

/// Returns the default frame size for the files of `model`: that of the model, or, if its scores need MotionNet's flow,
/// the next larger one that is a multiple of MotionNet's stride, as the program pads frames for it.
pub fn usual_size(model: &HiddenTwoStream) -> FrameSize {
    let of_model = model.card.preprocessing.motion;
    if needs_motion(model) { suited_size(model, of_model) } else { of_model }
}

/// Returns the smallest size of at least `size` that is a multiple of MotionNet's stride.
fn suited_size(model: &HiddenTwoStream, size: FrameSize) -> FrameSize {
    let [width, height] =
        [size.width, size.height].map(|side| side.max(1).next_multiple_of(model.motion.stride() as u32));
    FrameSize { width, height }
}

/// Returns `true` if MotionNet contributes to the scores, or is the only network.
fn needs_motion(model: &HiddenTwoStream) -> bool {
    let reads_flow = |stream: &Stream| stream.input().modality == Modality::Flow;
    model.temporal.as_ref().is_none_or(|stream| reads_flow(stream) && model.card.flow_source().needs_network())
}

/// Returns the ONNX files of `model`, whose weights must be on the CPU.
///
/// # Errors
/// If the size is not a multiple of MotionNet's stride and the scores need its flow, or if no part of the model can be
/// exported.
pub fn export(model: &HiddenTwoStream, options: &OnnxOptions) -> Result<OnnxFiles> {
    let FrameSize { width, height } = options.motion;
    let suited = suited_size(model, options.motion);
    let unsuited = (suited != options.motion).then(|| {
        let stride = model.motion.stride();
        let network = model.card.flow_network();
        format!("{width}x{height} does not suit {network}, whose sides are multiples of {stride}")
    });
    if let Some(cause) = unsuited.as_ref().filter(|_| needs_motion(model)) {
        return Err(Error::new("size", cause, format!("Use --size {}x{}", suited.width, suited.height)));
    }
    let exporter = Exporter { model, options };
    let motion = match unsuited {
        Some(cause) => Err(format!("{cause}, and it has no part in the scores")),
        None => exporter.motion(),
    };
    let mut export = OnnxFiles { files: Vec::new(), left_out: Vec::new() };
    let parts: [(&str, Option<OrReason<Vec<u8>>>); 4] = [
        ("motion", Some(motion)),
        ("temporal", model.temporal.as_ref().map(|stream| exporter.temporal(stream))),
        ("spatial", model.spatial.as_ref().map(|stream| exporter.spatial(stream))),
        ("two-stream", model.temporal.as_ref().zip(model.spatial.as_ref()).map(|both| exporter.whole(both))),
    ];
    for (name, part) in parts {
        match part {
            Some(Ok(bytes)) => export.files.push((format!("{name}.onnx"), bytes)),
            Some(Err(cause)) => export.left_out.push(format!("{name}.onnx: {cause}")),
            None => {}
        }
    }
    if export.files.is_empty() {
        let remedy = "Export a model with MotionNet, a single FlowNet or NextFlow, or with streams other than I3D";
        return Err(Error::new("model", export.left_out.join("; "), remedy));
    }
    Ok(export)
}

struct Exporter<'a> {
    model: &'a HiddenTwoStream,
    options: &'a OnnxOptions,
}

impl Exporter<'_> {
    /// Frames [b, n, 3, h, w] → flow [b, n−1, 2, h/2, w/2].
    fn motion(&self) -> OrReason<Vec<u8>> {
        let mut graph = Graph::new(self.options.precision);
        let frames = self.frames(&mut graph, self.model.motion.frames());
        let raw = self.raw_flow(&mut graph, frames)?;
        let flow = as_flow(&mut graph, raw);
        graph.output(&flow, "flow", FLOW_MEANING);
        Ok(self.encode(graph, "motion"))
    }

    /// Flow [b, n, 2, h/2, w/2], or frames where it reads their differences → logits [b, K].
    fn temporal(&self, stream: &Stream) -> OrReason<Vec<u8>> {
        let mut graph = Graph::new(self.options.precision);
        let [batch, height, width] = [self.options.batch, rows(self.options.motion), columns(self.options.motion)];
        let input = match stream.input().modality {
            Modality::Flow => {
                let count = stream.input().count;
                let dims = [batch, count, 2, height / 2, width / 2];
                let flow = graph.input("flow", &dims, FLOW_MEANING);
                let raw = graph.reshape(flow, &[batch, 2 * count, height / 2, width / 2]);
                let raw = graph.with_scalar("Div", raw, FLOW_UNIT_PX);
                flow_input(&mut graph, stream, raw)
            }
            _ => {
                let frames = self.frames(&mut graph, stream.input().frames());
                let [batch, count, _, height, width] = five(&frames);
                let mut of_frames = |first| {
                    let part = graph.slice(&frames, 1, first, first + count - 1);
                    let part = graph.reversed_colours(part, 2);
                    graph.reshape(part, &[batch, 3 * (count - 1), height, width])
                };
                let [later, earlier] = [1, 0].map(&mut of_frames);
                graph.both("Sub", &later, &earlier)
            }
        };
        let logits = logits(&mut graph, stream, &input)?;
        graph.output(&logits, "logits", "of each class, before softmax");
        Ok(self.encode(graph, "temporal"))
    }

    /// Images [b, 3, h, w], or clips of them [b, t, 3, h, w] → logits [b, K].
    fn spatial(&self, stream: &Stream) -> OrReason<Vec<u8>> {
        let mut graph = Graph::new(self.options.precision);
        let input = self.picture(&mut graph, stream);
        let logits = logits(&mut graph, stream, &input)?;
        graph.output(&logits, "logits", "of each class, before softmax");
        Ok(self.encode(graph, "spatial"))
    }

    /// Frames [b, n, 3, h, w] and images [b, 3, h', w'] → flow, the logits of both streams and the fused probabilities.
    fn whole(&self, (temporal, spatial): (&Stream, &Stream)) -> OrReason<Vec<u8>> {
        let card = &self.model.card;
        if card.flow_source() != FlowSource::MotionNet {
            return Err(format!("the temporal stream reads {}", card.flow_source().in_words()));
        }
        if temporal.input().modality != Modality::Flow {
            return Err("the temporal stream reads no flow".into());
        }
        if temporal.reading().crop != MotionCrop::Whole || card.preprocessing.spatial.crop != MotionCrop::Whole {
            return Err(
                "the square around the motion has no ONNX operations; its views go through the streams' files".into()
            );
        }
        let mut graph = Graph::new(self.options.precision);
        let frames = self.frames(&mut graph, temporal.input().frames());
        let raw = self.raw_flow(&mut graph, frames)?;
        let flow = as_flow(&mut graph, raw.clone());
        let input = flow_input(&mut graph, temporal, raw);
        let of_temporal = logits(&mut graph, temporal, &input)?;
        let input = self.picture(&mut graph, spatial);
        let of_spatial = logits(&mut graph, spatial, &input)?;
        let fused = fused(&mut graph, card.fusion, of_spatial.clone(), of_temporal.clone());
        graph.output(&flow, "flow", FLOW_MEANING);
        graph.output(&of_temporal, "temporal_logits", "of each class, before softmax");
        graph.output(&of_spatial, "spatial_logits", "of each class, before softmax");
        graph.output(&fused, "probabilities", "of each class, after fusion");
        Ok(self.encode(graph, "two-stream"))
    }

    /// Adds an input of `count` frames.
    fn frames(&self, graph: &mut Graph, count: usize) -> Value {
        let dims = [self.options.batch, count, 3, rows(self.options.motion), columns(self.options.motion)];
        graph.input("frames", &dims, "adjacent frames: red, green, blue of 0 to 255")
    }

    /// Adds the input of the spatial stream `stream`, and returns it in the format of its first layer.
    fn picture(&self, graph: &mut Graph, stream: &Stream) -> Value {
        let [batch, height, width] = [self.options.batch, rows(self.options.spatial), columns(self.options.spatial)];
        let (count, mean) = (stream.input().count, graph.constant(&[1, 3, 1, 1], &MEAN_BGR));
        let centred = |graph: &mut Graph, pictures: Value| {
            let axis = pictures.dims.len() - 3;
            let pictures = graph.reversed_colours(pictures, axis);
            graph.node("Sub", &[&pictures.name, &mean], Vec::new(), pictures.dims)
        };
        if stream.backbone().reads_clips() {
            let meaning = "adjacent frames: red, green, blue of 0 to 255";
            let pictures = graph.input("pictures", &[batch, count, 3, height, width], meaning);
            let pictures = centred(graph, pictures);
            return graph.reshape(pictures, &[batch, 3 * count, height, width]);
        }
        let picture =
            graph.input("picture", &[batch, 3, height, width], "the middle frame: red, green, blue of 0 to 255");
        centred(graph, picture)
    }

    /// Frames [b, n, 3, h, w] → raw flow of all adjacent pairs, [b, 2(n−1), h/2, w/2].
    fn raw_flow(&self, graph: &mut Graph, frames: Value) -> OrReason<Value> {
        let network = &self.model.motion;
        let [batch, count, _, height, width] = five(&frames);
        let reach = network.frames();
        if reach != 2 && reach != count {
            return Err(format!("MotionNet reads {reach} frames at once, the temporal stream {count}"));
        }
        let frames = graph.reversed_colours(frames, 2);
        let mean = graph.constant(&[1, 1, 3, 1, 1], &MEAN_BGR);
        let frames = graph.node("Sub", &[&frames.name, &mean], Vec::new(), frames.dims);
        let frames = graph.with_scalar("Mul", frames, 1.0 / 255.0);
        // For a network of two frames, pairs are the samples of one batch.
        let parts = count - (reach - 1);
        let windows: Vec<Value> = (0..reach).map(|first| graph.slice(&frames, 1, first, first + parts)).collect();
        let windows = graph.concat(&windows, 2); // [b, parts, 3·reach, h, w]
        let input = graph.reshape(windows, &[batch * parts, 3 * reach, height, width]);
        let flow = match network {
            MotionNetwork::Full(network) => network.graph(graph, &input),
            MotionNetwork::Tiny(network) => network.graph(graph, &input),
            MotionNetwork::Joint(_) => return Err("networks for flow and action are not exported".into()),
            MotionNetwork::FlowNet(network) => network.graph(graph, &input)?,
        };
        let [_, _, height, width] = flow.maps();
        Ok(graph.reshape(flow, &[batch, 2 * (count - 1), height, width]))
    }

    fn encode(&self, graph: Graph, name: &str) -> Vec<u8> {
        let card = &self.model.card;
        let rule = match card.fusion.rule {
            FusionRule::Released => "released",
            FusionRule::Softmax => "softmax",
            FusionRule::Logits => "logits",
            FusionRule::Sigmoid => "sigmoid",
        };
        let metadata = [
            ("model", card.name.clone()),
            ("hash", card.hash.clone().unwrap_or_default()),
            ("licence", card.licence.clone()),
            ("classes", card.classes.join("\n")),
            ("fusion_rule", rule.into()),
            ("temporal_weight", card.fusion.temporal_weight.to_string()),
        ];
        graph.encode(name, &metadata)
    }
}

/// The exported part, or the reason why it cannot be exported.
type OrReason<T> = std::result::Result<T, String>;

const FLOW_MEANING: &str = "from each frame to the next, right and down, in pixels of the frames";

fn rows(size: FrameSize) -> usize {
    size.height as usize
}

fn columns(size: FrameSize) -> usize {
    size.width as usize
}

fn five(value: &Value) -> [usize; 5] {
    value.dims[..].try_into().expect("frames have five axes")
}

/// Raw flow [b, 2n, h, w] → flow in pixels [b, n, 2, h, w].
fn as_flow(graph: &mut Graph, raw: Value) -> Value {
    let [batch, maps, height, width] = raw.maps();
    let flow = graph.with_scalar("Mul", raw, FLOW_UNIT_PX);
    graph.reshape(flow, &[batch, maps / 2, 2, height, width])
}

/// Raw flow → the first layer's input in the temporal stream.
fn flow_input(graph: &mut Graph, stream: &Stream, raw: Value) -> Value {
    let px = graph.with_scalar("Mul", raw, FLOW_UNIT_PX);
    let px = graph.clipped(px, -CLIP_PX, CLIP_PX);
    let px = graph.with_scalar("Add", px, CLIP_PX);
    let mut levels = graph.with_scalar("Mul", px, LEVELS_PER_PX);
    let above_middle = (stream.reading().mean == FlowMean::Field).then(|| means_above_middle(graph, levels.clone()));
    if stream.reading().resolution == FlowResolution::Frames {
        let [batch, maps, height, width] = levels.maps();
        let taps: Vec<f32> = TAPS.iter().flat_map(|y| TAPS.map(|x| x * y)).collect();
        // One kernel for every map: maps are processed as a batch of single-channel images.
        let kernel = graph.constant(&[1, 1, 4, 4], &taps);
        let single = graph.reshape(levels, &[batch * maps, 1, height, width]);
        let attributes = vec![
            AttributeProto::ints("kernel_shape", &[4, 4]),
            AttributeProto::ints("strides", &[2, 2]),
            AttributeProto::ints("pads", &[1; 4]),
        ];
        let dims = vec![batch * maps, 1, 2 * height, 2 * width];
        let doubled = graph.node("ConvTranspose", &[&single.name, &kernel], attributes, dims);
        levels = graph.reshape(doubled, &[batch, maps, 2 * height, 2 * width]);
    }
    let levels = graph.with_scalar("Sub", levels, MID_LEVEL);
    match above_middle {
        Some(means) => graph.node("Sub", &[&levels.name, &means.name], Vec::new(), levels.dims),
        None => levels,
    }
}

/// Levels [b, c, h, w] → the mean of each map minus the middle level, [b, c, 1, 1]. The axes are averaged one after the
/// other, as the sum of a whole map would overflow half precision.
fn means_above_middle(graph: &mut Graph, levels: Value) -> Value {
    let levels = graph.with_scalar("Sub", levels, MID_LEVEL);
    [3, 2].into_iter().fold(levels, |x, axis| {
        let mut dims = x.dims.clone();
        dims[axis] = 1;
        let attributes = vec![AttributeProto::ints("axes", &[axis]), AttributeProto::int("keepdims", 1)];
        graph.node("ReduceMean", &[&x.name], attributes, dims)
    })
}

/// The first layer's input of a stream → logits [b, K].
fn logits(graph: &mut Graph, stream: &Stream, x: &Value) -> OrReason<Value> {
    Ok(match &stream.layers {
        Layers::SqueezeNet(network) => network.graph(graph, x),
        Layers::MobileNetV2(network) => network.graph(graph, x),
        Layers::EfficientNetLite(network) => network.graph(graph, x),
        Layers::BnInception(network) => network.graph(graph, x),
        Layers::ResNet(network) => network.graph(graph, x),
        Layers::CnnM(network) => network.graph(graph, x),
        Layers::Vgg16(network) => network.graph(graph, x),
        Layers::C3d(network) => network.graph(graph, x),
        Layers::I3d(_) => return Err(format!("{}, which reads clips, is not exported", stream.backbone().name())),
    })
}

/// Logits of both streams → fused probabilities, as in [`Fusion::fuse`] and [`Fusion::shares`].
fn fused(graph: &mut Graph, fusion: Fusion, spatial: Value, temporal: Value) -> Value {
    let softmax =
        |graph: &mut Graph, x: Value| graph.node("Softmax", &[&x.name], vec![AttributeProto::int("axis", 1)], x.dims);
    let normalised = |graph: &mut Graph, logits: Value| match fusion.rule {
        FusionRule::Released => shares_of_positive(graph, logits),
        FusionRule::Softmax => softmax(graph, logits),
        FusionRule::Logits => logits,
        FusionRule::Sigmoid => graph.each("Sigmoid", logits),
    };
    let [spatial, temporal] = [spatial, temporal].map(|logits| normalised(graph, logits));
    let weight = fusion.temporal_weight as f32;
    let temporal = graph.with_scalar("Mul", temporal, weight);
    let sum = graph.both("Add", &spatial, &temporal);
    let mean = graph.with_scalar("Div", sum, 1.0 + weight);
    if fusion.rule == FusionRule::Logits { softmax(graph, mean) } else { mean }
}

/// Divides each positive logit by their sum; uniform if none is positive.
fn shares_of_positive(graph: &mut Graph, logits: Value) -> Value {
    let [batch, classes] = [logits.dims[0], logits.dims[1]];
    let positive = graph.each("Relu", logits);
    let axes = graph.integers(&[1]);
    let sum =
        graph.node("ReduceSum", &[&positive.name, &axes], vec![AttributeProto::int("keepdims", 1)], vec![batch, 1]);
    let zero = graph.scalar(0.0);
    let is_any = graph.node("Greater", &[&sum.name, &zero], Vec::new(), vec![batch, 1]);
    let one = graph.scalar(1.0);
    let divisor = graph.node("Where", &[&is_any.name, &sum.name, &one], Vec::new(), vec![batch, 1]);
    let shares = graph.both("Div", &positive, &divisor);
    let uniform = graph.scalar(1.0 / classes as f32);
    graph.node("Where", &[&is_any.name, &shares.name, &uniform], Vec::new(), vec![batch, classes])
}
