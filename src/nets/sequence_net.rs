//! A temporal convolutional network over scored frames: it corrects the scores of short windows with several seconds of
//! context.
//!
//! The layers are those of one stage of MS-TCN (Farha & Gall 2019): a 1×1 convolution, residual blocks of doubling
//! dilation, and a 1×1 convolution. The last layer starts at zero and its output is added to the logits of the plain
//! recogniser, so an untrained network does not change them.

use burn::module::{Module, Param};
use burn::nn::PaddingConfig1d;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::tensor::{Device, Tensor, TensorData, activation};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Kernel size of the dilated convolutions, in frames.
const KERNEL: usize = 3;
/// Lower limit of the standard deviation that inputs are divided by, since constant inputs carry no information.
const LEAST_DEVIATION: f32 = 1e-3;

/// Configuration of a [`SequenceNet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceConfig {
    /// Number of input values per scored frame.
    pub inputs: usize,
    /// Number of classes.
    pub classes: usize,
    /// Number of maps between the first and the last layer.
    pub channels: usize,
    /// Number of residual blocks; the dilation of each is twice that of the one before.
    pub blocks: usize,
}

/// A temporal convolutional network that corrects the logits of scored frames.
#[derive(Module, Debug)]
pub struct SequenceNet {
    /// Mean of each input over the training frames, `[C]`; not trained.
    pub mean: Param<Tensor<1>>,
    /// Standard deviation of each input, `[C]`; not trained.
    pub deviation: Param<Tensor<1>>,
    /// 1×1 convolution from inputs to maps.
    pub entry: Conv1d,
    /// Residual blocks with dilated convolutions.
    pub blocks: Vec<DilatedBlock>,
    /// 1×1 convolution from maps to corrections of the logits.
    pub exit: Conv1d,
}

/// A dilated residual block: x + 1×1(relu(dilated 3(x))).
#[derive(Module, Debug)]
pub struct DilatedBlock {
    /// Convolution over a frame and one before and after it, at the distance of the dilation.
    pub dilated: Conv1d,
    /// 1×1 convolution that mixes the maps.
    pub mixing: Conv1d,
}

impl SequenceConfig {
    /// Returns the number of scored frames before and after a frame that affect its scores.
    pub fn reach(&self) -> usize {
        (0..self.blocks).map(|block| (KERNEL / 2) << block).sum()
    }

    /// Builds the network for inputs of this `mean` and `deviation` `[C]`, with fresh weights: He uniform drawn by `seed`, zero biases,
    /// a last layer of zeros.
    pub fn init(&self, mean: &[f32], deviation: &[f32], seed: u64, device: &Device) -> SequenceNet {
        // Of its own, as layers that draw from the device share its numbers with whatever runs beside them.
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut conv = |channels: [usize; 2], dilation: Option<usize>| {
            let (kernel, dilation) = dilation.map_or((1, 1), |dilation| (KERNEL, dilation));
            let mut conv = zero_conv(channels, kernel, dilation, device);
            let bound = (6.0 / (channels[0] * kernel) as f32).sqrt();
            let count = channels[0] * channels[1] * kernel;
            let drawn: Vec<f32> = (0..count).map(|_| rng.random_range(-bound..bound)).collect();
            conv.weight = Param::from_data(TensorData::new(drawn, [channels[1], channels[0], kernel]), device);
            conv
        };
        let wide = [self.channels; 2];
        let deviation: Vec<f32> = deviation.iter().map(|value| value.max(LEAST_DEVIATION)).collect();
        SequenceNet {
            mean: constant(mean, device),
            deviation: constant(&deviation, device),
            entry: conv([self.inputs, self.channels], None),
            blocks: (0..self.blocks)
                .map(|block| DilatedBlock { dilated: conv(wide, Some(1 << block)), mixing: conv(wide, None) })
                .collect(),
            exit: zero_conv([self.channels, self.classes], 1, 1, device),
        }
    }
}

impl SequenceNet {
    /// `input` [b, C, t] and the plain recogniser's logits `plain` [b, K, t] → logits [b, K, t].
    ///
    /// `is_frame` [b, 1, t] is 1 for frames and 0 for the padding before the first and after the last, which is
    /// ignored. `kept` holds the dropout mask of the maps of each block, [b, H, 1], divided by the keep probability; it
    /// is empty without dropout.
    pub fn forward(&self, input: Tensor<3>, plain: Tensor<3>, is_frame: &Tensor<3>, kept: &[Tensor<3>]) -> Tensor<3> {
        let [mean, deviation] = [&self.mean, &self.deviation].map(|value| value.val().reshape([1, -1, 1]));
        let mut x = self.entry.forward((input - mean) / deviation) * is_frame.clone();
        for (place, block) in self.blocks.iter().enumerate() {
            let mut change = block.mixing.forward(activation::relu(block.dilated.forward(x.clone())));
            if let Some(kept) = kept.get(place) {
                change = change * kept.clone();
            }
            x = (x + change) * is_frame.clone();
        }
        plain + self.exit.forward(x)
    }
}

fn zero_conv(channels: [usize; 2], kernel: usize, dilation: usize, device: &Device) -> Conv1d {
    let padding = kernel / 2 * dilation;
    let mut conv = Conv1dConfig::new(channels[0], channels[1], kernel)
        .with_dilation(dilation)
        .with_padding(PaddingConfig1d::Explicit(padding, padding))
        .init(device);
    let zeros = |count: usize| vec![0.0_f32; count];
    let shape = [channels[1], channels[0], kernel];
    conv.weight = Param::from_data(TensorData::new(zeros(shape.iter().product()), shape), device);
    conv.bias = Some(Param::from_data(TensorData::new(zeros(channels[1]), [channels[1]]), device));
    conv
}

fn constant(values: &[f32], device: &Device) -> Param<Tensor<1>> {
    Param::from_data(TensorData::new(values.to_vec(), [values.len()]), device).set_require_grad(false)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Distribution, Tolerance};

    use super::*;
    use crate::nets::{Precision, weights};

    const CONFIG: SequenceConfig = SequenceConfig { inputs: 5, classes: 3, channels: 8, blocks: 3 };

    fn random(shape: [usize; 3]) -> Tensor<3> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
    }

    /// Returns a network whose last layer is not zero.
    fn trained() -> SequenceNet {
        let mut net = CONFIG.init(&[0.5; 5], &[2.0; 5], 1, &Device::flex());
        net.exit.weight = Param::from_tensor(random([3, 8, 1]));
        net
    }

    #[test]
    fn an_untrained_network_is_the_plain_recogniser() {
        let net = CONFIG.init(&[0.0; 5], &[1.0; 5], 1, &Device::flex());
        let plain = random([2, 3, 20]);
        let logits = net.forward(random([2, 5, 20]), plain.clone(), &Tensor::ones([2, 1, 20], &Device::flex()), &[]);
        assert_eq!(logits.into_data(), plain.into_data());
    }

    #[test]
    fn a_frame_is_decided_by_those_within_reach_and_no_others() {
        assert_eq!(CONFIG.reach(), 7);
        let (net, frames) = (trained(), Tensor::ones([1, 1, 40], &Device::flex()));
        let (input, plain) = (random([1, 5, 40]), random([1, 3, 40]));
        let logits = |input: Tensor<3>| -> Vec<f32> {
            net.forward(input, plain.clone(), &frames, &[]).into_data().try_to_vec().unwrap()
        };
        let before = logits(input.clone());
        let after = logits(input.slice_assign([0..1, 0..5, 20..21], random([1, 5, 1])));
        let changed: Vec<usize> = (0..40).filter(|&frame| before[frame] != after[frame]).collect();
        assert_eq!((changed.first(), changed.last()), (Some(&13), Some(&27)), "{changed:?}");
    }

    #[test]
    fn what_is_no_frame_counts_as_nothing() {
        let net = trained();
        let (input, plain) = (random([1, 5, 12]), random([1, 3, 12]));
        let device = Device::flex();
        let alone = net.forward(input.clone(), plain.clone(), &Tensor::ones([1, 1, 12], &device), &[]);
        let padded = |x: Tensor<3>, rows: usize| Tensor::cat(vec![random([1, rows, 9]), x, random([1, rows, 9])], 2);
        let nothing = || Tensor::<3>::zeros([1, 1, 9], &device);
        let frames = Tensor::cat(vec![nothing(), Tensor::ones([1, 1, 12], &device), nothing()], 2);
        let within = net.forward(padded(input, 5), padded(plain, 3), &frames, &[]).narrow(2, 9, 12);
        within.into_data().assert_approx_eq::<f32>(&alone.into_data(), Tolerance::absolute(1e-5));
    }

    #[test]
    fn weights_are_those_of_the_seed_and_survive_their_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sequence.safetensors");
        let net = |seed| CONFIG.init(&[0.5; 5], &[0.0; 5], seed, &Device::flex());
        let bytes = |net: &SequenceNet| weights::encode(net, Precision::F32, &path).unwrap();
        assert!(bytes(&net(1)) == bytes(&net(1)) && bytes(&net(1)) != bytes(&net(2)));
        weights::save_module(&trained(), &path, Precision::F32).unwrap();
        let read = weights::load_module(net(3), &path).unwrap();
        assert!(bytes(&read) == std::fs::read(&path).unwrap());
    }
}
