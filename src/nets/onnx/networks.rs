//! ONNX graphs of the motion networks and backbones: the same layers in the same order as in their `forward` and
//! `features`.

use super::graph::{Graph, Value};
use super::proto::AttributeProto;
use crate::nets::backbone::EFFICIENTNET_MIDDLE;
use crate::nets::bn_inception::Inception;
use crate::nets::cnn_m::{EMV_NORM_K, NORM_K};
use crate::nets::convolve::LEAKY;
use crate::nets::kernels::Activation;
use crate::nets::layers::Refinement;
use crate::nets::local_response::{ALPHA, CHANNELS};
use crate::nets::preprocessing::MEAN_BGR;
use crate::nets::resnet::Block;
use crate::nets::squeezenet::Fire;
use crate::nets::vgg16::MAP_SIDE;
use crate::nets::{
    BnInception, CnnM, EfficientNetLite, InvertedResidual, MobileNetV2, MotionNet, ResNet, SqueezeNet, TinyMotionNet,
    Vgg16,
};

const RELU: Activation = Activation::RELU;
const RELU6: Activation = Activation::RELU6;
const LINEAR: Activation = Activation::NONE;

impl MotionNet {
    /// Adds the network: preprocessed frames [b, 3n, h, w] → raw flow of the finest level, [b, 2(n−1), h/2, w/2].
    pub(super) fn graph(&self, graph: &mut Graph, frames: &Value) -> Value {
        let optional = |graph: &mut Graph, layer: &Option<_>, x: Value| match layer {
            Some(layer) => graph.conv(layer, &x, LEAKY),
            None => x,
        };
        let x = graph.conv(&self.conv1, frames, LEAKY);
        let x = optional(graph, &self.conv1_1, x);
        let x = graph.conv(&self.conv2, &x, LEAKY);
        let skip2 = optional(graph, &self.conv2_1, x);
        let pair = |graph: &mut Graph, x: &Value, first, second| {
            let x = graph.conv(first, x, LEAKY);
            graph.conv(second, &x, LEAKY)
        };
        let skip3 = pair(graph, &skip2, &self.conv3, &self.conv3_1);
        let skip4 = pair(graph, &skip3, &self.conv4, &self.conv4_1);
        let skip5 = pair(graph, &skip4, &self.conv5, &self.conv5_1);
        let x = pair(graph, &skip5, &self.conv6, &self.conv6_1);
        let flow = graph.conv(&self.conv_pr6, &x, LINEAR);
        let levels = [(self.level5(), skip5), (self.level4(), skip4), (self.level3(), skip3), (self.level2(), skip2)];
        decoded(graph, levels, x, flow)
    }
}

impl TinyMotionNet {
    /// Like [`MotionNet::graph`].
    pub(super) fn graph(&self, graph: &mut Graph, frames: &Value) -> Value {
        let x = graph.conv(&self.conv1, frames, LEAKY);
        let skip2 = graph.conv(&self.conv2, &x, LEAKY);
        let skip3 = graph.conv(&self.conv3, &skip2, LEAKY);
        let x = graph.conv(&self.conv4, &skip3, LEAKY);
        let flow = graph.conv(&self.conv_pr4, &x, LINEAR);
        decoded(graph, [(self.level3(), skip3), (self.level2(), skip2)], x, flow)
    }
}

/// Decodes the flow of the last of `levels`, given the features and the flow of the coarsest.
fn decoded<const N: usize>(
    graph: &mut Graph,
    levels: [(Refinement<'_>, Value); N],
    mut features: Value,
    mut flow: Value,
) -> Value {
    for (level, skip) in levels {
        let upsampled = graph.deconv(level.deconv, &features, LEAKY);
        let upsampled_flow = graph.deconv(level.upsample_flow, &flow, LINEAR);
        let concat = graph.concat(&[skip, upsampled, upsampled_flow], 1);
        features = match level.smooth_conv {
            Some(smooth_conv) => graph.conv(smooth_conv, &concat, LINEAR),
            None => concat,
        };
        flow = graph.conv(level.conv_pr, &features, LINEAR);
    }
    flow
}

impl SqueezeNet {
    /// Adds the network: input of the first layer [b, c, h, w] → logits [b, K].
    pub(super) fn graph(&self, graph: &mut Graph, x: &Value) -> Value {
        let mut x = graph.conv(&self.conv1, x, RELU);
        x = graph.max_pool(&self.pool, &x);
        for fire in [&self.fire2, &self.fire3, &self.fire4] {
            x = fire.graph(graph, &x);
        }
        x = graph.max_pool(&self.pool, &x);
        for fire in [&self.fire5, &self.fire6, &self.fire7, &self.fire8] {
            x = fire.graph(graph, &x);
        }
        x = graph.max_pool(&self.pool, &x);
        x = self.fire9.graph(graph, &x);
        let features = graph.global_average(&x);
        let [batch, channels] = [features.dims[0], features.dims[1]];
        let features = graph.reshape(features, &[batch, channels, 1, 1]);
        let logits = graph.conv(&self.conv10, &features, LINEAR);
        let classes = logits.dims[1];
        graph.reshape(logits, &[batch, classes])
    }
}

impl Fire {
    fn graph(&self, graph: &mut Graph, x: &Value) -> Value {
        let x = graph.conv(&self.squeeze1x1, x, RELU);
        let parts = [&self.expand1x1, &self.expand3x3].map(|layer| graph.conv(layer, &x, RELU));
        graph.concat(&parts, 1)
    }
}

impl MobileNetV2 {
    /// Like [`SqueezeNet::graph`].
    pub(super) fn graph(&self, graph: &mut Graph, x: &Value) -> Value {
        let x = graph.conv_norm(&self.first, x, RELU6);
        let x = self.blocks.iter().fold(x, |x, block| block.graph(graph, &x));
        let x = graph.conv_norm(&self.last, &x, RELU6);
        let features = graph.global_average(&x);
        graph.linear(&self.classifier, &features)
    }
}

impl EfficientNetLite {
    /// Like [`SqueezeNet::graph`].
    pub(super) fn graph(&self, graph: &mut Graph, x: &Value) -> Value {
        let x = if self.first.input_maps() == MEAN_BGR.len() {
            let offsets = graph.constant(&[1, 3, 1, 1], &MEAN_BGR.map(|mean| mean - EFFICIENTNET_MIDDLE));
            graph.node("Add", &[&x.name, &offsets], Vec::new(), x.dims.clone())
        } else {
            x.clone()
        };
        let x = graph.conv_norm(&self.first, &x, RELU6);
        let x = self.blocks.iter().fold(x, |x, block| block.graph(graph, &x));
        let x = graph.conv_norm(&self.last, &x, RELU6);
        let features = graph.global_average(&x);
        graph.linear(&self.classifier, &features)
    }
}

impl InvertedResidual {
    fn graph(&self, graph: &mut Graph, x: &Value) -> Value {
        let inner = match &self.expand {
            Some(expand) => graph.conv_norm(expand, x, RELU6),
            None => x.clone(),
        };
        let inner = graph.conv_norm(&self.depthwise, &inner, RELU6);
        let y = graph.conv_norm(&self.project, &inner, LINEAR);
        if y.dims == x.dims { graph.both("Add", &y, x) } else { y }
    }
}

impl ResNet {
    /// Like [`SqueezeNet::graph`].
    pub(super) fn graph(&self, graph: &mut Graph, x: &Value) -> Value {
        let x = graph.conv_norm(&self.conv1, x, RELU);
        let x = graph.max_pool(&self.pool, &x);
        let stages = [&self.layer1, &self.layer2, &self.layer3, &self.layer4];
        let x = stages.into_iter().flatten().fold(x, |x, block| block.graph(graph, &x));
        let features = graph.global_average(&x);
        graph.linear(&self.fc, &features)
    }
}

impl Block {
    fn graph(&self, graph: &mut Graph, x: &Value) -> Value {
        let shortcut = match &self.downsample {
            Some(downsample) => graph.conv_norm(downsample, x, LINEAR),
            None => x.clone(),
        };
        let y = graph.conv_norm(&self.conv1, x, RELU);
        let y = match &self.conv3 {
            Some(conv3) => {
                let y = graph.conv_norm(&self.conv2, &y, RELU);
                graph.conv_norm(conv3, &y, LINEAR)
            }
            None => graph.conv_norm(&self.conv2, &y, LINEAR),
        };
        let sum = graph.both("Add", &y, &shortcut);
        graph.activated(sum, RELU)
    }
}

impl BnInception {
    /// Like [`SqueezeNet::graph`].
    pub(super) fn graph(&self, graph: &mut Graph, x: &Value) -> Value {
        let x = graph.conv_norm(&self.conv1, x, RELU);
        let x = halved(graph, &x);
        let x = graph.conv_norm(&self.conv2_reduce, &x, RELU);
        let x = graph.conv_norm(&self.conv2, &x, RELU);
        let x = halved(graph, &x);
        let modules = [
            &self.inception_3a,
            &self.inception_3b,
            &self.inception_3c,
            &self.inception_4a,
            &self.inception_4b,
            &self.inception_4c,
            &self.inception_4d,
            &self.inception_4e,
            &self.inception_5a,
            &self.inception_5b,
        ];
        let x = modules.into_iter().fold(x, |x, module| module.graph(graph, &x));
        let features = graph.global_average(&x);
        graph.linear(&self.fc, &features)
    }
}

impl Inception {
    fn graph(&self, graph: &mut Graph, x: &Value) -> Value {
        let triple = graph.conv_norm(&self.conv_3x3_reduce, x, RELU);
        let triple = graph.conv_norm(&self.conv_3x3, &triple, RELU);
        let double = graph.conv_norm(&self.double_3x3_reduce, x, RELU);
        let double = graph.conv_norm(&self.double_3x3_1, &double, RELU);
        let double = graph.conv_norm(&self.double_3x3_2, &double, RELU);
        let (Some(conv_1x1), Some(pool_proj)) = (&self.conv_1x1, &self.pool_proj) else {
            let pooled = halved(graph, x);
            return graph.concat(&[triple, double, pooled], 1);
        };
        let pooled = if self.mean.is_some() { graph.mean3x3(x) } else { graph.max_pool(&self.largest, x) };
        let single = graph.conv_norm(conv_1x1, x, RELU);
        let pooled = graph.conv_norm(pool_proj, &pooled, RELU);
        graph.concat(&[single, triple, double, pooled], 1)
    }
}

/// Adds a 3×3 max pooling of stride 2. All values are non-negative, so padding does not affect the result.
fn halved(graph: &mut Graph, x: &Value) -> Value {
    let [_, _, height, width] = x.maps();
    let missing = |side: usize| [0, 2 * side.div_ceil(2) + 1 - side];
    graph.largest(x, [3; 2], [2; 2], [missing(height), missing(width)])
}

impl Vgg16 {
    /// Like [`SqueezeNet::graph`].
    pub(super) fn graph(&self, graph: &mut Graph, x: &Value) -> Value {
        let blocks: [&[_]; 5] = [
            &[&self.conv1_1, &self.conv1_2],
            &[&self.conv2_1, &self.conv2_2],
            &[&self.conv3_1, &self.conv3_2, &self.conv3_3],
            &[&self.conv4_1, &self.conv4_2, &self.conv4_3],
            &[&self.conv5_1, &self.conv5_2, &self.conv5_3],
        ];
        let x = blocks.into_iter().fold(x.clone(), |x, block| {
            let x = block.iter().fold(x, |x, layer| graph.conv(layer, &x, RELU));
            graph.max_pool(&self.pool, &x)
        });
        let x = graph.averaged_to(x, MAP_SIDE);
        let [batch, maps, height, width] = x.maps();
        let mut x = graph.reshape(x, &[batch, maps * height * width]);
        for layer in [&self.fc6, &self.fc7] {
            x = graph.linear(layer, &x);
            x = graph.activated(x, RELU);
        }
        graph.linear(&self.fc8, &x)
    }
}

impl CnnM {
    /// Like [`SqueezeNet::graph`].
    pub(super) fn graph(&self, graph: &mut Graph, x: &Value) -> Value {
        let layers = [
            (&self.conv1, &self.relu1),
            (&self.conv2, &self.relu2),
            (&self.conv3, &self.relu3),
            (&self.conv4, &self.relu4),
            (&self.conv5, &self.relu5),
        ];
        let mut x = x.clone();
        for (index, (layer, relu)) in layers.into_iter().enumerate() {
            x = graph.conv(layer, &x, LINEAR);
            x = self.rectified(graph, relu.as_ref(), x);
            if index < self.norms {
                x = self.normalised_graph(graph, x);
            }
            if [0, 1, 4].contains(&index) {
                let [_, _, height, width] = x.maps();
                let missing = [height, width].map(|side| [0, self.pool.kernel_size[0].saturating_sub(side)]);
                x = match missing {
                    [[0, 0], [0, 0]] => graph.max_pool(&self.pool, &x),
                    _ => graph.largest(&x, self.pool.kernel_size, self.pool.stride, missing),
                };
            }
        }
        let x = graph.averaged_to(x, self.side);
        let [batch, maps, height, width] = x.maps();
        let mut x = graph.reshape(x, &[batch, maps * height * width]);
        for (layer, relu) in [(&self.fc6, &self.relu6), (&self.fc7, &self.relu7)] {
            x = graph.linear(layer, &x);
            x = self.rectified(graph, relu.as_ref(), x);
        }
        graph.linear(&self.fc8, &x)
    }

    fn rectified(&self, graph: &mut Graph, relu: Option<&crate::nets::prelu::PRelu>, x: Value) -> Value {
        match relu {
            Some(relu) => graph.prelu(relu, x),
            None => graph.activated(x, RELU),
        }
    }

    fn normalised_graph(&self, graph: &mut Graph, x: Value) -> Value {
        let k = if self.is_emv { EMV_NORM_K } else { NORM_K };
        let attributes = vec![
            AttributeProto::float("alpha", ALPHA as f32),
            AttributeProto::float("beta", 0.75),
            AttributeProto::float("bias", k as f32),
            AttributeProto::int("size", CHANNELS),
        ];
        graph.node("LRN", &[&x.name], attributes, x.dims)
    }
}
