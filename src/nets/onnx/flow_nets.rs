//! ONNX graphs of the supervised flow networks: the same layers in the same order as in their `forward`.

use super::graph::{Graph, Value};
use super::proto::AttributeProto;
use crate::nets::FLOW_UNIT_PX;
use crate::nets::convolve::LEAKY;
use crate::nets::flow_nets::operators::{RADIUS, SHIFT_STEP, SHIFTS};
use crate::nets::flow_nets::{
    FirstLayers, FlowDecoder, FlowNet, FlowNetC, FlowNetConventions, FlowNetLayers, FlowTrunk, NextFlowHeads,
};
use crate::nets::kernels::Activation;
use crate::nets::preprocessing::MEAN_BGR;
use crate::nets::separable::bilinear_matrix;

const LINEAR: Activation = Activation::NONE;

impl FlowNet {
    /// Adds the network: prepared pairs of frames [b, 6, h, w] → raw flow [b, 2, h/2, w/2]; the error is the reason why
    /// it cannot be exported.
    pub(super) fn graph(&self, graph: &mut Graph, frames: &Value) -> Result<Value, String> {
        let [_, _, height, width] = frames.maps();
        let x = network_input(self.conventions(), graph, frames);
        let flow = match &self.layers {
            FlowNetLayers::S(network) => {
                let [level2, conv3] = first_layers(graph, &network.first, &x);
                let levels = trunk(graph, &network.trunk, level2, &conv3);
                decoded(graph, &network.decoder, levels, None)
            }
            FlowNetLayers::C(network) => correlated(graph, network, &x),
            FlowNetLayers::Sd(network) => {
                let first = &network.first;
                let layers = [&first.conv0, &first.conv1, &first.conv1_1, &first.conv2, &first.conv2_1];
                let level2 = layers.into_iter().fold(x, |x, layer| graph.conv(layer, &x, LEAKY));
                let conv3 = graph.conv(&network.reduction.conv3, &level2, LEAKY);
                let levels = trunk(graph, &network.trunk, level2, &conv3);
                decoded(graph, &network.decoder, levels, None)
            }
            FlowNetLayers::Next(network) => {
                let [level2, conv3] = first_layers(graph, &network.first, &x);
                let levels = trunk(graph, &network.trunk, level2, &conv3);
                decoded(graph, &network.decoder, levels, Some(&network.heads))
            }
            FlowNetLayers::Stack(_) => {
                return Err("FlowNet2 warps frames between its networks, which is not exported".into());
            }
        };
        let half = graph.resized(flow, [height / 2, width / 2], bilinear_matrix);
        Ok(graph.with_scalar("Mul", half, self.unit_px() / FLOW_UNIT_PX))
    }
}

/// Like [`FlowNetConventions::network_input`].
fn network_input(conventions: FlowNetConventions, graph: &mut Graph, frames: &Value) -> Value {
    let [batch, channels, height, width] = frames.maps();
    let count = channels / 3;
    let rgb = graph.reshape(frames.clone(), &[batch, count, 3, height, width]);
    let rgb = graph.reversed_colours(rgb, 2);
    let centred = match conventions.mean.stored() {
        Some(stored) => {
            let offsets = [0, 1, 2].map(|channel: usize| MEAN_BGR[2 - channel] / 255.0 - stored[channel]);
            let offsets = graph.constant(&[1, 1, 3, 1, 1], &offsets);
            graph.node("Add", &[&rgb.name, &offsets], Vec::new(), rgb.dims)
        }
        None => {
            let attributes = vec![AttributeProto::ints("axes", &[1, 3, 4]), AttributeProto::int("keepdims", 1)];
            let mean = graph.node("ReduceMean", &[&rgb.name], attributes, vec![batch, 1, 3, 1, 1]);
            graph.both("Sub", &rgb, &mean)
        }
    };
    graph.reshape(centred, &frames.dims)
}

/// Returns `conv2` and `conv3`.
fn first_layers(graph: &mut Graph, layers: &FirstLayers, x: &Value) -> [Value; 2] {
    let conv1 = graph.conv(&layers.conv1, x, LEAKY);
    let conv2 = graph.conv(&layers.conv2, &conv1, LEAKY);
    let conv3 = graph.conv(&layers.conv3, &conv2, LEAKY);
    [conv2, conv3]
}

/// Returns the features of levels 2 to 6, given those of level 2 and the input of the deeper half of the encoder.
fn trunk(graph: &mut Graph, layers: &FlowTrunk, level2: Value, x: &Value) -> [Value; 5] {
    let pair = |graph: &mut Graph, x: &Value, first, second| {
        let x = graph.conv(first, x, LEAKY);
        graph.conv(second, &x, LEAKY)
    };
    let level3 = graph.conv(&layers.conv3_1, x, LEAKY);
    let level4 = pair(graph, &level3, &layers.conv4, &layers.conv4_1);
    let level5 = pair(graph, &level4, &layers.conv5, &layers.conv5_1);
    let level6 = pair(graph, &level5, &layers.conv6, &layers.conv6_1);
    [level2, level3, level4, level5, level6]
}

/// Returns the flow of level 2 in the network's unit, like [`FlowDecoder::forward`].
fn decoded(graph: &mut Graph, layers: &FlowDecoder, levels: [Value; 5], beside: Option<&NextFlowHeads>) -> Value {
    let [level2, level3, level4, level5, mut features] = levels;
    let mut flow = graph.conv(&layers.predict_flow6, &features, LINEAR);
    let mut frame = beside.map(|heads| graph.conv(heads.predictors()[0], &features, LINEAR));
    for (at, (step, skip)) in layers.steps().into_iter().zip([level5, level4, level3, level2]).enumerate() {
        let upsampled = graph.deconv(step.deconv, &features, LEAKY);
        let mut parts = vec![skip, upsampled, graph.deconv(step.upsampled_flow, &flow, LINEAR)];
        let next = beside.zip(frame);
        parts.extend(next.map(|(heads, frame)| graph.deconv(heads.enlargements()[at], &frame, LINEAR)));
        features = graph.concat(&parts, 1);
        let inter = step.inter_conv.map(|layer| graph.conv(layer, &features, LINEAR));
        flow = graph.conv(step.predict_flow, inter.as_ref().unwrap_or(&features), LINEAR);
        // The finest frame is not upsampled to a further level.
        let read = beside.filter(|heads| at + 1 < heads.enlargements().len());
        frame = read.map(|heads| graph.conv(heads.predictors()[at + 1], &features, LINEAR));
    }
    flow
}

/// Like the `forward` of FlowNetC.
fn correlated(graph: &mut Graph, network: &FlowNetC, x: &Value) -> Value {
    let [first, second] = [0, 3].map(|channel| graph.slice(x, 1, channel, channel + 3));
    let [level2, first] = first_layers(graph, &network.first, &first);
    let [_, second] = first_layers(graph, &network.first, &second);
    let redirected = graph.conv(&network.redirection.conv_redir, &first, LEAKY);
    let correlated = correlation(graph, &first, &second);
    let correlated = graph.activated(correlated, LEAKY);
    let joined = graph.concat(&[redirected, correlated], 1);
    let levels = trunk(graph, &network.trunk, level2, &joined);
    decoded(graph, &network.decoder, levels, None)
}

/// Like [`correlation`](crate::nets::flow_nets::operators::correlation), which extracts the diagonals in the same way.
fn correlation(graph: &mut Graph, a: &Value, b: &Value) -> Value {
    let [n, channels, height, width] = a.maps();
    let padded = width + 2 * RADIUS;
    let rows = graph.transposed(a, &[0, 2, 3, 1]); // [n, h, w, c]
    let frame =
        [0, 0, RADIUS, RADIUS, 0, 0, RADIUS, RADIUS].map(|places| i64::try_from(places).expect("a small number"));
    let frame = graph.integers(&frame);
    let others = graph.node("Pad", &[&b.name, &frame], Vec::new(), vec![n, channels, height + 2 * RADIUS, padded]);
    let others = graph.transposed(&others, &[0, 2, 1, 3]); // [n, h + 40, c, w + 40]
    let beyond = Value {
        name: graph.constant(&[n, height, width], &vec![0.0; n * height * width]),
        dims: vec![n, height, width],
    };
    let shifts: Vec<Value> = (0..SHIFTS)
        .map(|shift| {
            let others = graph.slice(&others, 1, shift * SHIFT_STEP, shift * SHIFT_STEP + height);
            let products =
                graph.node("MatMul", &[&rows.name, &others.name], Vec::new(), vec![n, height, width, padded]);
            // Reshaped to rows one element longer, row x starts at column x, so diagonals become columns.
            let products = graph.reshape(products, &[n, height, width * padded]);
            let flat = graph.concat(&[products, beyond.clone()], 2);
            let skewed = graph.reshape(flat, &[n, height, width, padded + 1]);
            let skewed = graph.slice(&skewed, 3, 0, SHIFTS * SHIFT_STEP);
            let pairs = graph.reshape(skewed, &[n * height, width, SHIFTS, SHIFT_STEP]);
            let wanted = graph.slice(&pairs, 3, 0, 1);
            graph.reshape(wanted, &[n, height, width, SHIFTS])
        })
        .collect();
    let all = graph.concat(&shifts, 3);
    let all = graph.transposed(&all, &[0, 3, 1, 2]);
    graph.with_scalar("Mul", all, 1.0 / channels as f32)
}
