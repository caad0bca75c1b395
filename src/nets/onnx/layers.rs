//! Network layers as nodes of a graph. As the sizes of all maps are known, padding becomes explicit. Batch
//! normalisation is folded into the convolution before it.

use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv3d, ConvTranspose2d};
use burn::nn::pool::MaxPool2d;
use burn::nn::{Linear, PaddingConfig2d};
use burn::tensor::Tensor;

use super::graph::{Graph, Value};
use super::proto::AttributeProto;
use crate::nets::ConvNorm;
use crate::nets::kernels::Activation;
use crate::nets::prelu::PRelu;

/// Returns the values of a parameter, read on the CPU as 32-bit floats.
pub(super) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("weights are loaded as numbers of 32 bits")
}

/// The weights of a convolution as vectors of floats.
struct Weights {
    dims: Vec<usize>,
    values: Vec<f32>,
    bias: Option<Vec<f32>>,
}

impl Weights {
    fn of<const D: usize>(weight: &Param<Tensor<D>>, bias: Option<&Param<Tensor<1>>>) -> Self {
        let weight = weight.val();
        let dims = weight.dims().to_vec();
        Self { dims, values: numbers(weight), bias: bias.map(|bias| numbers(bias.val())) }
    }

    /// Returns the weights of a convolution with the normalisation after it folded in.
    fn normalised(layer: &ConvNorm) -> Self {
        let mut weights = Self::of(&layer.conv.weight, layer.conv.bias.as_ref());
        let device = layer.conv.weight.val().device();
        let (scale, shift) = layer.scale_and_shift(&device);
        let (scale, mut shift) = (numbers(scale), numbers(shift));
        let of_map = weights.values.len() / scale.len();
        for (values, scale) in weights.values.chunks_mut(of_map).zip(&scale) {
            values.iter_mut().for_each(|value| *value *= scale);
        }
        for ((shift, bias), scale) in shift.iter_mut().zip(weights.bias.iter().flatten()).zip(&scale) {
            *shift += bias * scale;
        }
        weights.bias = Some(shift);
        weights
    }
}

/// Returns the padding before and after an axis of `size`.
fn padding(padding: &PaddingConfig2d, axis: usize, size: usize, kernel: usize, stride: usize) -> [usize; 2] {
    match *padding {
        PaddingConfig2d::Valid => [0, 0],
        PaddingConfig2d::Explicit(top, left, bottom, right) => [[top, bottom], [left, right]][axis],
        PaddingConfig2d::Same => {
            let zeros = ((size.div_ceil(stride).max(1) - 1) * stride + kernel).saturating_sub(size);
            [zeros / 2, zeros - zeros / 2]
        }
    }
}

/// Returns the `[before, after]` padding of both axes in ONNX's order.
fn pads([rows, columns]: [[usize; 2]; 2]) -> AttributeProto {
    AttributeProto::ints("pads", &[rows[0], columns[0], rows[1], columns[1]])
}

impl Graph {
    /// Adds a convolution of `x`, followed by `activation`.
    pub fn conv(&mut self, layer: &Conv2d, x: &Value, activation: Activation) -> Value {
        self.conv_of(layer, Weights::of(&layer.weight, layer.bias.as_ref()), x, activation)
    }

    /// Adds a convolution of `x` with batch normalisation, followed by `activation`.
    pub fn conv_norm(&mut self, layer: &ConvNorm, x: &Value, activation: Activation) -> Value {
        self.conv_of(&layer.conv, Weights::normalised(layer), x, activation)
    }

    fn conv_of(&mut self, layer: &Conv2d, weights: Weights, x: &Value, activation: Activation) -> Value {
        let [batch, _, height, width] = x.maps();
        let axis = |axis: usize| {
            let (size, kernel, stride) = ([height, width][axis], layer.kernel_size[axis], layer.stride[axis]);
            let pads = padding(&layer.padding, axis, size, kernel, stride);
            (pads, (size + pads[0] + pads[1] - kernel) / stride + 1)
        };
        let [rows, columns] = [axis(0), axis(1)];
        let attributes = vec![
            AttributeProto::ints("kernel_shape", &layer.kernel_size),
            AttributeProto::ints("strides", &layer.stride),
            AttributeProto::int("group", layer.groups),
            pads([rows.0, columns.0]),
        ];
        let dims = vec![batch, weights.dims[0], rows.1, columns.1];
        self.weighted("Conv", weights, x, attributes, dims, activation)
    }

    /// Adds a 3×3×3 convolution of clips [b, c, t, h, w] with zero padding, followed by `activation`.
    pub fn conv3x3x3(&mut self, layer: &Conv3d, x: &Value, activation: Activation) -> Value {
        let weights = Weights::of(&layer.weight, layer.bias.as_ref());
        let attributes = vec![AttributeProto::ints("kernel_shape", &[3; 3]), AttributeProto::ints("pads", &[1; 6])];
        let mut dims = x.dims.clone();
        dims[1] = weights.dims[0];
        self.weighted("Conv", weights, x, attributes, dims, activation)
    }

    /// Adds a transposed convolution of `x`, followed by `activation`.
    pub fn deconv(&mut self, layer: &ConvTranspose2d, x: &Value, activation: Activation) -> Value {
        let [batch, _, height, width] = x.maps();
        let size = |axis: usize| {
            ([height, width][axis] - 1) * layer.stride[axis] + layer.kernel_size[axis] + layer.padding_out[axis]
                - 2 * layer.padding[axis]
        };
        let weights = Weights::of(&layer.weight, layer.bias.as_ref());
        let attributes = vec![
            AttributeProto::ints("kernel_shape", &layer.kernel_size),
            AttributeProto::ints("strides", &layer.stride),
            AttributeProto::ints("output_padding", &layer.padding_out),
            AttributeProto::int("group", layer.groups),
            pads(layer.padding.map(|zeros| [zeros; 2])),
        ];
        let dims = vec![batch, weights.dims[1] * layer.groups, size(0), size(1)];
        self.weighted("ConvTranspose", weights, x, attributes, dims, activation)
    }

    fn weighted(
        &mut self,
        op: &str,
        weights: Weights,
        x: &Value,
        attributes: Vec<AttributeProto>,
        dims: Vec<usize>,
        activation: Activation,
    ) -> Value {
        let weight = self.constant(&weights.dims, &weights.values);
        let bias = weights.bias.map(|bias| self.constant(&[bias.len()], &bias));
        let inputs: Vec<&str> = [x.name.as_str(), &weight].into_iter().chain(bias.as_deref()).collect();
        let y = self.node(op, &inputs, attributes, dims);
        self.activated(y, activation)
    }

    /// Adds `activation` of `x`.
    pub fn activated(&mut self, x: Value, activation: Activation) -> Value {
        let Activation { slope, ceiling } = activation;
        if activation == Activation::NONE {
            x
        } else if ceiling.is_finite() {
            self.clipped(x, 0.0, ceiling)
        } else if slope == 0.0 {
            self.each("Relu", x)
        } else {
            self.node("LeakyRelu", &[&x.name], vec![AttributeProto::float("alpha", slope)], x.dims)
        }
    }

    /// Clips `x` to the range `least`…`most`.
    pub fn clipped(&mut self, x: Value, least: f32, most: f32) -> Value {
        let [least, most] = [least, most].map(|limit| self.scalar(limit));
        self.node("Clip", &[&x.name, &least, &most], Vec::new(), x.dims)
    }

    /// Adds a PReLU with a slope per channel, for maps or features.
    pub fn prelu(&mut self, layer: &PRelu, x: Value) -> Value {
        let slopes = numbers(layer.slopes());
        let spread = vec![1; x.dims.len() - 2];
        let slopes = self.constant(&[vec![slopes.len()], spread].concat(), &slopes);
        self.node("PRelu", &[&x.name, &slopes], Vec::new(), x.dims)
    }

    /// Adds a max pooling.
    pub fn max_pool(&mut self, layer: &MaxPool2d, x: &Value) -> Value {
        let [_, _, height, width] = x.maps();
        let axis = |axis: usize| {
            let (size, kernel, stride) = ([height, width][axis], layer.kernel_size[axis], layer.stride[axis]);
            let [before, behind] = padding(&layer.padding, axis, size, kernel, stride);
            if layer.ceil_mode { ceiling_pads(size, kernel, stride, [before, behind]) } else { [before, behind] }
        };
        self.largest(x, layer.kernel_size, layer.stride, [axis(0), axis(1)])
    }

    /// Adds a max pooling with a window of `kernel`, with padding `around` each axis that never is the maximum.
    pub fn largest(&mut self, x: &Value, kernel: [usize; 2], stride: [usize; 2], around: [[usize; 2]; 2]) -> Value {
        self.pooled("MaxPool", x, kernel, stride, around, Vec::new())
    }

    /// Adds a 3×3 average pooling with zero padding that is included in the mean.
    pub fn mean3x3(&mut self, x: &Value) -> Value {
        self.pooled("AveragePool", x, [3; 2], [1; 2], [[1; 2]; 2], vec![AttributeProto::int("count_include_pad", 1)])
    }

    fn pooled(
        &mut self,
        op: &str,
        x: &Value,
        kernel: [usize; 2],
        stride: [usize; 2],
        around: [[usize; 2]; 2],
        mut attributes: Vec<AttributeProto>,
    ) -> Value {
        let [batch, maps, height, width] = x.maps();
        let side =
            |axis: usize| ([height, width][axis] + around[axis][0] + around[axis][1] - kernel[axis]) / stride[axis] + 1;
        attributes.extend([
            AttributeProto::ints("kernel_shape", &kernel),
            AttributeProto::ints("strides", &stride),
            pads(around),
        ]);
        self.node(op, &[&x.name], attributes, vec![batch, maps, side(0), side(1)])
    }

    /// Adds a global average pooling: [b, c, h, w] → [b, c].
    pub fn global_average(&mut self, x: &Value) -> Value {
        let [batch, maps, ..] = x.maps();
        let mean = self.node("GlobalAveragePool", &[&x.name], Vec::new(), vec![batch, maps, 1, 1]);
        self.reshape(mean, &[batch, maps])
    }

    /// Averages maps to `side`×`side` with PyTorch's adaptive pooling regions.
    pub fn averaged_to(&mut self, x: Value, side: usize) -> Value {
        self.resized(x, [side; 2], shares)
    }

    /// Resizes maps to `to` rows and columns by multiplying each axis with the matrix `weights(from, to)`, `to` rows of
    /// `from`; maps of that size are unchanged.
    pub fn resized(&mut self, x: Value, to: [usize; 2], weights: fn(usize, usize) -> Vec<f32>) -> Value {
        let [batch, maps, height, width] = x.maps();
        let [rows, columns] = to;
        if [height, width] == to {
            return x;
        }
        let mixed = self.constant(&[rows, height], &weights(height, rows));
        let x = self.node("MatMul", &[&mixed, &x.name], Vec::new(), vec![batch, maps, rows, width]);
        let of_columns = weights(width, columns);
        let transposed: Vec<f32> =
            (0..width).flat_map(|column| of_columns.iter().skip(column).step_by(width).copied()).collect();
        let mixed = self.constant(&[width, columns], &transposed);
        self.node("MatMul", &[&x.name, &mixed], Vec::new(), vec![batch, maps, rows, columns])
    }

    /// Adds a fully connected layer: [b, f] → [b, k].
    pub fn linear(&mut self, layer: &Linear, x: &Value) -> Value {
        let Weights { dims, values, bias } = Weights::of(&layer.weight, layer.bias.as_ref());
        let weight = self.constant(&dims, &values);
        let bias = bias.map(|bias| self.constant(&[bias.len()], &bias));
        let inputs: Vec<&str> = [x.name.as_str(), &weight].into_iter().chain(bias.as_deref()).collect();
        self.node("Gemm", &inputs, Vec::new(), vec![x.dims[0], dims[1]])
    }
}

/// Returns the padding of an axis with which pooling in ceil mode fits, if its last window starts within the axis.
fn ceiling_pads(size: usize, kernel: usize, stride: usize, [before, behind]: [usize; 2]) -> [usize; 2] {
    let positions = (size + before + behind - kernel).div_ceil(stride) + 1;
    // A window that starts after the last value would be empty.
    let positions = if (positions - 1) * stride >= size + before { positions - 1 } else { positions };
    [before, ((positions - 1) * stride + kernel).saturating_sub(size + before)]
}

/// Returns the weights `[to, from]` of `from` values in each of `to` means.
fn shares(from: usize, to: usize) -> Vec<f32> {
    let mut shares = vec![0.0; to * from];
    for (place, row) in shares.chunks_mut(from).enumerate() {
        let range = place * from / to..((place + 1) * from).div_ceil(to);
        let share = 1.0 / range.len() as f32;
        row[range].fill(share);
    }
    shares
}
