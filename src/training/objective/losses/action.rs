//! The action loss: cross-entropy against soft targets, or binary cross-entropy of each class.

use burn::tensor::{Tensor, TensorData, activation};

/// The targets of the action loss: label smoothing and class weights.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionLoss {
    /// Label smoothing: share of a target that is spread over all classes.
    pub smoothing: f32,
    /// Weight of each class, in multi-label training of its positive samples; empty for 1.
    pub class_weights: Vec<f32>,
    /// `true` for multi-label training, in which a sample may show several classes.
    pub multi_label: bool,
}

impl ActionLoss {
    /// Returns the mean over the batch of −Σₖ wₖ tₖ log pₖ, `[1]`, of `logits` [b, K]; in multi-label training, the
    /// mean over the batch and the classes of −wₖ tₖ log σ(xₖ) − (1 − tₖ) log (1 − σ(xₖ)).
    ///
    /// `labels` are the classes of each sample. `mixing` is each sample's share in mixup with the next sample, empty
    /// without mixup. The divisor is the batch size regardless of the weights, so the mean over partial batches equals
    /// the loss of the whole.
    pub fn forward(&self, logits: Tensor<2>, labels: &[Vec<usize>], mixing: &[f32]) -> Tensor<1> {
        let [batch, classes] = logits.dims();
        let device = logits.device();
        let tensor = |rows: Vec<f32>| Tensor::<2>::from_data(TensorData::new(rows, [batch, classes]), &device);
        let targets = self.targets(labels, mixing, classes);
        let weighted = tensor(self.weighted(&targets, classes));
        if self.multi_label {
            let shown = activation::log_sigmoid(logits.clone()) * weighted;
            let absent = activation::log_sigmoid(logits.neg()) * (tensor(targets) * -1.0 + 1.0);
            return (shown + absent).mean().neg();
        }
        (activation::log_softmax(logits, 1) * weighted).sum_dim(1).mean().neg()
    }

    /// Returns the targets, one row per sample.
    fn targets(&self, labels: &[Vec<usize>], mixing: &[f32], classes: usize) -> Vec<f32> {
        let mut targets = vec![self.smoothing / classes as f32; labels.len() * classes];
        let certain = 1.0 - self.smoothing;
        for (i, row) in targets.chunks_exact_mut(classes).enumerate() {
            let own = mixing.get(i).copied().unwrap_or(1.0);
            labels[i].iter().for_each(|&class| row[class] += certain * own);
            labels[(i + 1) % labels.len()].iter().for_each(|&class| row[class] += certain * (1.0 - own));
        }
        targets
    }

    fn weighted(&self, targets: &[f32], classes: usize) -> Vec<f32> {
        let weight = |place: usize| self.class_weights.get(place % classes).copied().unwrap_or(1.0);
        targets.iter().enumerate().map(|(place, target)| target * weight(place)).collect()
    }
}

/// Returns the inverse size of each class, scaled such that the mean weight over all clips is 1.
pub fn class_weights(labels: impl Iterator<Item = usize>, classes: usize) -> Vec<f32> {
    let mut counts = vec![0usize; classes];
    labels.for_each(|label| counts[label] += 1);
    let clips: usize = counts.iter().sum();
    let occupied = counts.iter().filter(|&&count| count > 0).count();
    counts.into_iter().map(|count| clips as f32 / (occupied * count.max(1)) as f32).collect()
}

/// Returns for each class the ratio of clips without it to clips with it, which balances positive and negative samples;
/// 1 for a class that no clip or every clip shows.
pub fn positive_weights(shown: impl Iterator<Item = Vec<usize>>, classes: usize) -> Vec<f32> {
    let mut counts = vec![0usize; classes];
    let mut clips = 0;
    for shown in shown {
        clips += 1;
        shown.into_iter().for_each(|class| counts[class] += 1);
    }
    let weight = |count: usize| if count == 0 || count == clips { 1.0 } else { (clips - count) as f32 / count as f32 };
    counts.into_iter().map(weight).collect()
}

/// Applies mixup: each sample of `x` [b, c, h, w] is mixed with the next one, the last with the first. `mixing` is the
/// share that each sample keeps.
pub fn mixed(x: Tensor<4>, mixing: &[f32]) -> Tensor<4> {
    let batch = x.dims()[0];
    let own = Tensor::<4>::from_data(TensorData::new(mixing.to_vec(), [batch, 1, 1, 1]), &x.device());
    let behind = Tensor::cat(vec![x.clone().narrow(0, 1, batch - 1), x.clone().narrow(0, 0, 1)], 0);
    x * own.clone() + behind * (own * -1.0 + 1.0)
}

/// Applies mixup to whole samples, with the same share in all segments; without `mixing`, the input is unchanged.
pub fn mixed_samples(input: Tensor<4>, mixing: &[f32], segments: usize) -> Tensor<4> {
    if mixing.is_empty() {
        return input;
    }
    let [windows, channels, height, width] = input.dims();
    let samples = input.reshape([windows / segments, segments * channels, height, width]);
    mixed(samples, mixing).reshape([windows, channels, height, width])
}

/// Returns the segmental consensus: the mean logits over the `segments` of each sample, [b·S, K] → [b, K].
pub fn consensus(logits: Tensor<2>, segments: usize) -> Tensor<2> {
    let [rows, classes] = logits.dims();
    logits.reshape([rows / segments, segments, classes]).mean_dim(1).squeeze_dim(1)
}

#[cfg(test)]
mod tests {
    use burn::nn::loss::CrossEntropyLossConfig;
    use burn::tensor::{Device, Distribution, Int, Tolerance};

    use super::*;

    const PLAIN: ActionLoss = ActionLoss { smoothing: 0.0, class_weights: Vec::new(), multi_label: false };

    fn logits() -> Tensor<2> {
        Tensor::random([3, 4], Distribution::Normal(0.0, 2.0), &Device::flex())
    }

    /// Returns labels of single-class samples.
    fn single(labels: &[usize]) -> Vec<Vec<usize>> {
        labels.iter().map(|&label| vec![label]).collect()
    }

    /// By hand: the sigmoids of the logits (0, ln 3, −ln 3) are ½, ¾ and ¼. The first two classes are shown.
    #[test]
    fn classes_that_are_answered_by_themselves_have_the_binary_cross_entropy() {
        let logits = Tensor::<2>::from_data([[0.0, 3f32.ln(), -(3f32.ln())]], &Device::flex());
        let loss = ActionLoss { multi_label: true, ..PLAIN };
        let value = loss.forward(logits.clone(), &[vec![0, 1]], &[]).into_scalar::<f32>();
        let expected = -(0.5f32.ln() + 0.75f32.ln() + 0.75f32.ln()) / 3.0;
        assert!((value - expected).abs() < 1e-6, "{value} {expected}");
        let weighted = ActionLoss { class_weights: vec![2.0, 1.0, 5.0], ..loss.clone() };
        let value = weighted.forward(logits, &[vec![0, 1]], &[]).into_scalar::<f32>();
        let expected = -(2.0 * 0.5f32.ln() + 0.75f32.ln() + 0.75f32.ln()) / 3.0;
        assert!((value - expected).abs() < 1e-6, "a weight counts for samples that show its class: {value} {expected}");
        let extreme = Tensor::<2>::from_data([[90.0, -90.0]], &Device::flex());
        let value = loss.forward(extreme, &[vec![1]], &[]).into_scalar::<f32>();
        assert!((value - 90.0).abs() < 1e-3, "{value}");
    }

    #[test]
    fn clips_with_and_without_a_class_weigh_the_same() {
        let shown = [vec![0], vec![0, 1], vec![0], vec![0, 1], vec![0]];
        assert_eq!(positive_weights(shown.into_iter(), 3), [1.0, 1.5, 1.0]);
    }

    #[test]
    fn it_is_burn_s_cross_entropy_with_and_without_smoothing() {
        let device = Device::flex();
        let (logits, labels) = (logits(), Tensor::<1, Int>::from_data([2, 0, 3], &device));
        for (ours, smoothing) in [(PLAIN, None), (ActionLoss { smoothing: 0.1, ..PLAIN }, Some(0.1))] {
            let theirs = CrossEntropyLossConfig::new().with_smoothing(smoothing).init(&device);
            let expected = theirs.forward(logits.clone(), labels.clone()).into_data();
            let loss = ours.forward(logits.clone(), &single(&[2, 0, 3]), &[]).into_data();
            loss.assert_approx_eq::<f32>(&expected, Tolerance::relative(1e-6));
        }
    }

    #[test]
    fn a_mixed_sample_has_both_losses_in_its_shares() {
        let logits = logits();
        let value = |labels: &[usize], mixing: &[f32]| {
            PLAIN.forward(logits.clone(), &single(labels), mixing).into_scalar::<f32>()
        };
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
        let loss = weighted.forward(logits, &single(&labels), &[]).into_scalar::<f32>();
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
