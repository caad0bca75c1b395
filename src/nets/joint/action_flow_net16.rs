//! ActionFlowNet with 16 frames (Ng, Choi, Neumann & Davis 2018). The paper specifies a 3-D ResNet-18 encoder and a
//! decoder like FlowNet's; here the encoder is torchvision's `r3d_18`, and the decoder is our reading of the text.

use burn::module::{Initializer, Module};
use burn::nn::conv::{Conv3d, Conv3dConfig, ConvTranspose3d, ConvTranspose3dConfig};
use burn::nn::{Linear, PaddingConfig3d};
use burn::tensor::{Device, Tensor, activation};

use super::residual_block::{ResidualBlock3d, conv_norm, normalised};
use crate::nets::BatchNorm;
use crate::nets::layers::{HE_NORMAL, PREDICTOR_STD, linear};

/// Slope of the LeakyReLU after transposed convolutions, as in FlowNet.
const SLOPE: f32 = 0.1;
/// Number of flow components: u and v.
const FLOW_MAPS: usize = 2;

/// ActionFlowNet-16 with the layer names of torchvision's `r3d_18` and of FlowNet's decoder.
#[derive(Module, Debug)]
#[expect(missing_docs, reason = "the layers bear the names of the published parts")]
pub struct ActionFlowNet16 {
    pub stem: (Conv3d, BatchNorm),
    pub layer1: Vec<ResidualBlock3d>,
    pub layer2: Vec<ResidualBlock3d>,
    pub layer3: Vec<ResidualBlock3d>,
    pub layer4: Vec<ResidualBlock3d>,
    pub fc: Linear,
    pub predict_flow4: Conv3d,
    /// A single layer; a list because FlowNet's files number the layers of a block.
    pub deconv3: Vec<ConvTranspose3d>,
    pub upsampled_flow4_to_3: ConvTranspose3d,
    pub predict_flow3: Conv3d,
    /// A single layer, see `deconv3`.
    pub deconv2: Vec<ConvTranspose3d>,
    pub upsampled_flow3_to_2: ConvTranspose3d,
    pub predict_flow2: Conv3d,
    /// A single layer, see `deconv3`.
    pub deconv1: Vec<ConvTranspose3d>,
    pub upsampled_flow2_to_1: ConvTranspose3d,
    pub predict_flow1: Conv3d,
}

impl ActionFlowNet16 {
    /// Builds the network with `w` maps in its first layer (64 in the paper), and fresh parameters.
    pub(super) fn new(w: usize, classes: usize, device: &Device) -> Self {
        let stage = |channels: [usize; 2], stride: usize| {
            let last = [channels[1]; 2];
            vec![ResidualBlock3d::new(channels, stride, device), ResidualBlock3d::new(last, 1, device)]
        };
        let deconv = |channels: [usize; 2]| vec![doubling(channels, true, device)];
        let upsampled_flow = || doubling([FLOW_MAPS; 2], false, device);
        // Maps after concatenating the skip connection, features and flow.
        let concat = |level_maps: usize| 2 * level_maps + FLOW_MAPS;
        Self {
            stem: conv_norm([3, w], [3, 7, 7], [1, 2, 2], device),
            layer1: stage([w, w], 1),
            layer2: stage([w, 2 * w], 2),
            layer3: stage([2 * w, 4 * w], 2),
            layer4: stage([4 * w, 8 * w], 2),
            fc: linear(8 * w, classes, device),
            predict_flow4: predictor(8 * w, device),
            deconv3: deconv([8 * w, 4 * w]),
            upsampled_flow4_to_3: upsampled_flow(),
            predict_flow3: predictor(concat(4 * w), device),
            deconv2: deconv([concat(4 * w), 2 * w]),
            upsampled_flow3_to_2: upsampled_flow(),
            predict_flow2: predictor(concat(2 * w), device),
            deconv1: deconv([concat(2 * w), w]),
            upsampled_flow2_to_1: upsampled_flow(),
            predict_flow1: predictor(concat(w), device),
        }
    }

    /// `clip` [b, 3, t, y, x] in red, green and blue, t a multiple of 8, y and x of 16 → flow of levels 1 to 4,
    /// [b, 2, t/2^(ℓ−1), y/2^ℓ, x/2^ℓ], and logits [b, K].
    pub fn forward(&self, clip: Tensor<5>) -> (Vec<Tensor<5>>, Tensor<2>) {
        let through = |blocks: &[ResidualBlock3d], x| blocks.iter().fold(x, |x, block| block.forward(x));
        let x = activation::relu(normalised(&self.stem, clip)); // [b, w, t, y/2, x/2]
        let skip1 = through(&self.layer1, x);
        let skip2 = through(&self.layer2, skip1.clone()); // [b, 2w, t/2, y/4, x/4]
        let skip3 = through(&self.layer3, skip2.clone()); // [b, 4w, t/4, y/8, x/8]
        let last = through(&self.layer4, skip3.clone()); // [b, 8w, t/8, y/16, x/16]
        let logits = self.fc.forward(last.clone().flatten::<3>(2, 4).mean_dim(2).squeeze_dim(2));

        let flow4 = self.predict_flow4.forward(last.clone());
        let up = |deconv: &[ConvTranspose3d], upsample: &ConvTranspose3d, skip, features, flow: &Tensor<5>| {
            let features = deconv.iter().fold(features, |x, layer| leaky(layer.forward(x)));
            Tensor::cat(vec![skip, features, upsample.forward(flow.clone())], 1)
        };
        let x = up(&self.deconv3, &self.upsampled_flow4_to_3, skip3, last, &flow4);
        let flow3 = self.predict_flow3.forward(x.clone());
        let x = up(&self.deconv2, &self.upsampled_flow3_to_2, skip2, x, &flow3);
        let flow2 = self.predict_flow2.forward(x.clone());
        let x = up(&self.deconv1, &self.upsampled_flow2_to_1, skip1, x, &flow2);
        let flow1 = self.predict_flow1.forward(x);
        (vec![flow1, flow2, flow3, flow4], logits)
    }
}

fn leaky(x: Tensor<5>) -> Tensor<5> {
    activation::leaky_relu(x, f64::from(SLOPE))
}

/// Returns the layer that predicts flow from so many maps: 3×3×3 with bias, near zero at first.
fn predictor(features: usize, device: &Device) -> Conv3d {
    let initializer = Initializer::Normal { mean: 0.0, std: PREDICTOR_STD };
    let config = Conv3dConfig::new([features, FLOW_MAPS], [3; 3]).with_padding(PaddingConfig3d::Explicit(1, 1, 1));
    let mut conv = config.with_initializer(initializer).init(device);
    conv.bias = Some(Initializer::Zeros.init([FLOW_MAPS], device));
    conv
}

/// Returns a transposed 4×4×4 convolution that doubles time, height and width: stride 2, pad 1.
fn doubling(channels: [usize; 2], bias: bool, device: &Device) -> ConvTranspose3d {
    let mut layer = ConvTranspose3dConfig::new(channels, [4; 3])
        .with_stride([2; 3])
        .with_padding([1; 3])
        .with_bias(false)
        .with_initializer(HE_NORMAL)
        .init(device);
    layer.bias = bias.then(|| Initializer::Zeros.init([channels[1]], device));
    layer
}
