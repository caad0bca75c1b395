//! The action loss: cross entropy against soft targets.

use burn::tensor::{Tensor, TensorData, activation};

/// The targets of the action loss: label smoothing and class weights.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionLoss {
    /// Share of a target that is spread over all classes.
    pub smoothing: f32,
    /// Weight of each class; empty for 1.
    pub class_weights: Vec<f32>,
}

impl ActionLoss {
    /// Returns the mean over the batch of −Σₖ wₖ tₖ log pₖ, `[1]`, of `logits` [b, K].
    ///
    /// `mixing` is the share of each sample's own label where samples are mixed with the one behind them, empty where not. The
    /// divisor is the size of the batch whatever the weights, so that the mean of parts is the loss of the whole.
    pub fn forward(&self, logits: Tensor<2>, labels: &[usize], mixing: &[f32]) -> Tensor<1> {
        let [batch, classes] = logits.dims();
        let targets = TensorData::new(self.targets(labels, mixing, classes), [batch, classes]);
        let targets = Tensor::<2>::from_data(targets, &logits.device());
        (activation::log_softmax(logits, 1) * targets).sum_dim(1).mean().neg()
    }

    /// Weighted targets, a row a sample.
    fn targets(&self, labels: &[usize], mixing: &[f32], classes: usize) -> Vec<f32> {
        let mut targets = vec![self.smoothing / classes as f32; labels.len() * classes];
        let certain = 1.0 - self.smoothing;
        for (i, row) in targets.chunks_exact_mut(classes).enumerate() {
            let own = mixing.get(i).copied().unwrap_or(1.0);
            row[labels[i]] += certain * own;
            row[labels[(i + 1) % labels.len()]] += certain * (1.0 - own);
            row.iter_mut().zip(&self.class_weights).for_each(|(target, weight)| *target *= weight);
        }
        targets
    }
}

/// Returns the inverse size of each class, scaled so that the weights of all clips are 1 on average.
pub fn class_weights(labels: impl Iterator<Item = usize>, classes: usize) -> Vec<f32> {
    let mut counts = vec![0usize; classes];
    labels.for_each(|label| counts[label] += 1);
    let clips: usize = counts.iter().sum();
    let occupied = counts.iter().filter(|&&count| count > 0).count();
    counts.into_iter().map(|count| clips as f32 / (occupied * count.max(1)) as f32).collect()
}

/// Mixup: each sample of `x` [b, c, h, w] with a share of the sample behind it, the last one with the first. `mixing` is the
/// share each keeps.
pub fn mixed(x: Tensor<4>, mixing: &[f32]) -> Tensor<4> {
    let batch = x.dims()[0];
    let own = Tensor::<4>::from_data(TensorData::new(mixing.to_vec(), [batch, 1, 1, 1]), &x.device());
    let behind = Tensor::cat(vec![x.clone().narrow(0, 1, batch - 1), x.clone().narrow(0, 0, 1)], 0);
    x * own.clone() + behind * (own * -1.0 + 1.0)
}

/// Mixes samples as wholes, segment by segment in equal shares; without `mixing` they stay as they are.
pub fn mixed_samples(input: Tensor<4>, mixing: &[f32], segments: usize) -> Tensor<4> {
    if mixing.is_empty() {
        return input;
    }
    let [windows, channels, height, width] = input.dims();
    let samples = input.reshape([windows / segments, segments * channels, height, width]);
    mixed(samples, mixing).reshape([windows, channels, height, width])
}

/// Returns the segmental consensus: the mean of the logits of each sample's `segments`, [b·S, K] → [b, K].
pub fn consensus(logits: Tensor<2>, segments: usize) -> Tensor<2> {
    let [rows, classes] = logits.dims();
    logits.reshape([rows / segments, segments, classes]).mean_dim(1).squeeze_dim(1)
}

#[cfg(test)]
mod tests {
    use burn::nn::loss::CrossEntropyLossConfig;
    use burn::tensor::{Device, Distribution, Int, Tolerance};

    use super::*;

    const PLAIN: ActionLoss = ActionLoss { smoothing: 0.0, class_weights: Vec::new() };

    fn logits() -> Tensor<2> {
        Tensor::random([3, 4], Distribution::Normal(0.0, 2.0), &Device::flex())
    }

    #[test]
    fn it_is_burn_s_cross_entropy_with_and_without_smoothing() {
        let device = Device::flex();
        let (logits, labels) = (logits(), Tensor::<1, Int>::from_data([2, 0, 3], &device));
        for (ours, smoothing) in [(PLAIN, None), (ActionLoss { smoothing: 0.1, ..PLAIN }, Some(0.1))] {
            let theirs = CrossEntropyLossConfig::new().with_smoothing(smoothing).init(&device);
            let expected = theirs.forward(logits.clone(), labels.clone()).into_data();
            let loss = ours.forward(logits.clone(), &[2, 0, 3], &[]).into_data();
            loss.assert_approx_eq::<f32>(&expected, Tolerance::relative(1e-6));
        }
    }

    #[test]
    fn a_mixed_sample_has_both_losses_in_its_shares() {
        let logits = logits();
        let value =
            |labels: &[usize], mixing: &[f32]| PLAIN.forward(logits.clone(), labels, mixing).into_scalar::<f32>();
        let mixed = value(&[2, 0, 3], &[0.75; 3]);
        let expected = 0.75 * value(&[2, 0, 3], &[]) + 0.25 * value(&[0, 3, 2], &[]);
        assert!((mixed - expected).abs() < 1e-5, "{mixed} {expected}");
    }

    #[test]
    fn classes_weigh_the_same_however_many_clips_they_have() {
        let labels = [0, 0, 0, 1, 3, 3];
        let weights = class_weights(labels.into_iter(), 4);
        let of_class = |class: usize| labels.iter().filter(|&&label| label == class).count() as f32 * weights[class];
        assert_eq!([0, 1, 3].map(of_class), [2.0; 3], "six clips in three classes");
        let weighted = ActionLoss { class_weights: weights, ..PLAIN };
        let logits = Tensor::<2>::zeros([6, 4], &Device::flex());
        let loss = weighted.forward(logits, &labels, &[]).into_scalar::<f32>();
        assert!((loss - 4f32.ln()).abs() < 1e-6, "the weights are 1 on average");
    }

    #[test]
    fn consensus_is_the_mean_of_a_sample_s_segments() {
        let logits = Tensor::<2>::from_data([[1.0, 0.0], [3.0, 2.0], [5.0, -2.0], [0.0, 4.0]], &Device::flex());
        let values = |segments| consensus(logits.clone(), segments).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(values(2), [2.0, 1.0, 2.5, 1.0]);
        assert_eq!(values(1), [1.0, 0.0, 3.0, 2.0, 5.0, -2.0, 0.0, 4.0]);
    }

    #[test]
    fn the_last_sample_is_mixed_with_the_first() {
        let x = Tensor::<4>::from_data([[[[1.0]]], [[[2.0]]], [[[4.0]]]], &Device::flex());
        let values: Vec<f32> = mixed(x, &[1.0, 0.5, 0.75]).into_data().try_to_vec().unwrap();
        assert_eq!(values, [1.0, 3.0, 3.25]);
    }
}
