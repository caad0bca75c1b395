//! Counts the multiply-adds of networks from the shapes of the layers that are executed.

use std::cell::RefCell;

thread_local! {
    /// Multiply-adds of each convolution since counting began; `None` while not counting.
    static COUNT: RefCell<Option<Vec<u64>>> = const { RefCell::new(None) };
}

/// Returns the multiply-adds of each two-dimensional convolution that `work` executes on this thread, in order: the
/// number of weights times the number of positions, including products with the padding.
///
/// Other layers are not counted. The largest, fully connected last layers, contribute less than 1 %.
pub fn multiply_adds(work: impl FnOnce()) -> Vec<u64> {
    let outer = COUNT.replace(Some(Vec::new()));
    work();
    COUNT.replace(outer).unwrap_or_default()
}

/// Counts a layer whose `weight` is applied at every position of maps [b, c, h, w]: of its output, or of its input for
/// a transposed convolution.
pub(super) fn count(weight: [usize; 4], [batch, _, height, width]: [usize; 4]) {
    COUNT.with_borrow_mut(|count| {
        if let Some(count) = count {
            count.push((weight.iter().product::<usize>() * batch * height * width) as u64);
        }
    });
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor};

    use super::*;
    use crate::nets::{Backbone, MotionConfig, StreamConfig, StreamInput};

    fn total(work: impl FnOnce()) -> u64 {
        multiply_adds(work).into_iter().sum()
    }

    #[test]
    fn networks_have_the_multiply_adds_that_pytorch_counts() {
        let device = Device::flex();
        // From `torch.utils.flop_counter` for the same networks at 224², halved.
        let counted = [(Backbone::SqueezeNet, 732_908_576), (Backbone::EfficientNetLite2, 575_229_424)];
        for (backbone, multiply_adds) in counted {
            let config = StreamConfig { backbone, input: StreamInput::PICTURE, classes: 1000, dropout: None };
            let stream = config.init(&device);
            assert_eq!(total(|| _ = stream.forward(Tensor::zeros([1, 3, 224, 224], &device))), multiply_adds);
        }
    }

    #[test]
    fn every_sample_counts_and_counts_do_not_mix() {
        let device = Device::flex();
        let network = MotionConfig { frames: 2, width: 1, ..MotionConfig::default() }.init(&device);
        let run = |batch: usize| _ = network.forward(Tensor::zeros([batch, 6, 32, 32], &device));
        let mut inner = Vec::new();
        let outer = multiply_adds(|| {
            run(1);
            inner = multiply_adds(|| run(2));
        });
        assert_eq!(inner, outer.iter().map(|of_one| 2 * of_one).collect::<Vec<_>>());
        assert_eq!(outer.len(), 29, "12 of the encoder, a predictor, and four a level of the decoder");
        run(1); // not counting
        assert!(multiply_adds(|| ()).is_empty());
    }
}
