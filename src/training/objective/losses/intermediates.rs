//! The intermediate images of the unsupervised loss for one pair at one scale, as shown in the flow comparison.

use burn::tensor::Tensor;

use super::penalty::border_width;
use super::ssim::{CAFFE_WINDOW, ssim};
use super::{local_response_normalisation, loss_images, warp};

/// The intermediates of one pair on a grid of h × w cells.
pub struct Intermediates {
    /// The first loss image, [1, 3, h, w].
    pub first: Tensor<4>,
    /// The second loss image warped by the flow, [1, 3, h, w].
    pub warped: Tensor<4>,
    /// The second loss image unwarped, equivalent to zero flow, [1, 3, h, w].
    pub second: Tensor<4>,
    /// Structural similarity of `first` and `warped` per channel and window, [1, 3, rows, columns].
    pub ssim: Tensor<4>,
    /// Width in cells of the border that is masked out.
    pub border: usize,
}

impl Intermediates {
    /// Compares the frames of a pair under its flow.
    ///
    /// * `frames`: [1, 6, H, W], (x − mean)/255
    /// * `flow`: [1, 2, h, w] in cells of its own grid
    pub fn new(frames: Tensor<4>, flow: Tensor<4>) -> Self {
        let [_, _, h, w] = flow.dims();
        let images = loss_images(&local_response_normalisation(frames), &[[h, w]]).swap_remove(0);
        let first = images.clone().narrow(1, 0, 3);
        let second = images.narrow(1, 3, 3);
        let warped = warp(second.clone(), flow);
        let ssim = ssim(first.clone(), warped.clone(), CAFFE_WINDOW);
        Self { first, warped, second, ssim, border: border_width(h, w) }
    }
}
