//! ONNX graphs of C3D and of the classifier of 3DNet: the same layers in the same order as in their `forward`.

use burn::nn::conv::Conv3d;

use super::graph::{Graph, Value};
use super::proto::AttributeProto;
use crate::nets::C3d;
use crate::nets::kernels::Activation;

impl C3d {
    /// Adds the network: input of the first layer [b, c·t, h, w], image by image or flow by flow → logits [b, K].
    pub(super) fn graph(&self, graph: &mut Graph, x: &Value) -> Value {
        let [batch, channels, height, width] = x.maps();
        let planes = self.conv1a.weight.lazy_shape()[1];
        let x = graph.reshape(x.clone(), &[batch, channels / planes, planes, height, width]);
        let x = graph.transposed(&x, &[0, 2, 1, 3, 4]);
        let x = rectified(graph, &[&self.conv1a], x);
        let x = largest(graph, &x, [1, 2, 2], [0; 3]);
        let x = rectified(graph, &[&self.conv2a], x);
        let x = largest(graph, &x, [2; 3], [0; 3]);
        let x = rectified(graph, &[&self.conv3a, &self.conv3b], x);
        let x = largest(graph, &x, [2; 3], [0; 3]);
        let x = rectified(graph, &[&self.conv4a, &self.conv4b], x);
        let x = largest(graph, &x, [2; 3], [0; 3]);
        let x = rectified(graph, &[&self.conv5a, &self.conv5b], x);
        let border = usize::from(self.is_padded);
        let x = largest(graph, &x, [2; 3], [0, border, border]);
        let x = averaged_over_time(graph, x);
        let x = graph.averaged_to(x, self.side);
        let [batch, maps, height, width] = x.maps();
        let mut x = graph.reshape(x, &[batch, maps * height * width]);
        for layer in [&self.fc6, &self.fc7] {
            x = graph.linear(layer, &x);
            x = graph.activated(x, Activation::RELU);
        }
        graph.linear(&self.fc8, &x)
    }
}

fn rectified(graph: &mut Graph, layers: &[&Conv3d], x: Value) -> Value {
    layers.iter().fold(x, |x, layer| graph.conv3x3x3(layer, &x, Activation::RELU))
}

/// Returns the max pooling with a contiguous window of `kernel`; each axis starts with `before` padding, and the last
/// window may extend beyond the edge. All values are non-negative, so padding does not affect the result.
fn largest(graph: &mut Graph, x: &Value, kernel: [usize; 3], before: [usize; 3]) -> Value {
    let sizes = [0, 1, 2].map(|axis| (x.dims[axis + 2] + before[axis]).div_ceil(kernel[axis]));
    let behind = [0, 1, 2].map(|axis| sizes[axis] * kernel[axis] - x.dims[axis + 2] - before[axis]);
    let attributes = vec![
        AttributeProto::ints("kernel_shape", &kernel),
        AttributeProto::ints("strides", &kernel),
        AttributeProto::ints("pads", &[before, behind].concat()),
    ];
    let dims = [&x.dims[..2], &sizes].concat();
    graph.node("MaxPool", &[&x.name], attributes, dims)
}

/// Averages maps [b, c, t, h, w] over time → [b, c, h, w].
fn averaged_over_time(graph: &mut Graph, x: Value) -> Value {
    let [batch, maps, times, height, width] = x.dims[..] else { unreachable!("maps of clips have five axes") };
    if times == 1 {
        return graph.reshape(x, &[batch, maps, height, width]);
    }
    let attributes = vec![AttributeProto::ints("axes", &[2]), AttributeProto::int("keepdims", 0)];
    graph.node("ReduceMean", &[&x.name], attributes, vec![batch, maps, height, width])
}
