//! Local response normalisation across channels (Krizhevsky et al. 2012), as in Caffe.

use burn::tensor::Tensor;

/// Number of channels whose squares are summed: the channel itself and two on either side.
pub(super) const CHANNELS: usize = 5;
/// Weight of the mean square.
pub(super) const ALPHA: f64 = 5e-4;

/// Returns x / (k + α/5 · Σ x²)^¾ for `x` [b, c, h, w]. The sum is over five adjacent channels, with zeros beyond the
/// first and the last; α is 5e-4.
pub fn local_response_norm(x: Tensor<4>, k: f64) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let beyond = Tensor::zeros([batch, CHANNELS / 2, height, width], &x.device());
    let squares = Tensor::cat(vec![beyond.clone(), x.clone() * x.clone(), beyond], 1);
    let sum = (0..CHANNELS).map(|first| squares.clone().narrow(1, first, channels)).reduce(|sum, part| sum + part);
    let base = sum.expect("five parts") * (ALPHA / CHANNELS as f64) + k;
    // A power of ¾ is far slower than two square roots.
    let root = base.sqrt();
    x / (root.clone() * root.sqrt())
}
