//! Visibility: the pixels of a frame that are visible in the next one too, according to the consistency of forward and
//! backward flow (UnFlow: Meister, Hur, Roth 2018, section 3.2).
//!
//! The mask has no gradient. Hidden pixels have a constant penalty, as in UnFlow, so the loss cannot be reduced by
//! hiding pixels: [`HIDDEN_PIXEL`] and [`HIDDEN_SSIM`].

use burn::tensor::Tensor;

use super::penalty::border_width;
use super::warp;

/// Relative tolerance: share of the squared lengths by which the flows may disagree (α₁ in UnFlow).
const RELATIVE: f32 = 0.01;
/// Absolute tolerance in squared pixels (α₂ in UnFlow).
const ABSOLUTE: f32 = 0.5;
/// Photometric penalty of a hidden pixel (λ_p in UnFlow): larger than that of nearly all visible ones, about that of 23
/// grey levels.
pub const HIDDEN_PIXEL: f32 = 12.4;
/// SSIM penalty (1 − SSIM) of a hidden pixel: that of uncorrelated windows.
pub const HIDDEN_SSIM: f32 = 1.0;
/// Lower limit of the number of pixels in a mean, which makes the mean over no pixels zero.
pub(super) const LEAST_PIXELS: f32 = 1e-6;

/// Returns 1 where following the flow forward and then backward returns to the start, else 0: [n, 1, h, w].
///
/// The condition is |w_f + w_b(x + w_f)|² < 0.01·(|w_f|² + |w_b(x + w_f)|²) + 0.5. Outside the frame the backward flow
/// is zero, so pixels that leave the frame by more than a little are hidden.
///
/// * `forward`, `backward`: [n, 2, h, w], in pixels of these maps
pub fn visible(forward: Tensor<4>, backward: Tensor<4>) -> Tensor<4> {
    let (forward, backward) = (forward.detach(), backward.detach());
    let back = warp(backward, forward.clone());
    let squared = |flow: Tensor<4>| flow.powi_scalar(2).sum_dim(1);
    let bound = (squared(forward.clone()) + squared(back.clone())) * RELATIVE + ABSOLUTE;
    squared(forward + back).lower(bound).float()
}

/// Returns the visible pixels of all pairs of windows: [n, pairs, h, w].
///
/// * `forward`: [n, 2·pairs, h, w], raw flow of the pairs, in units of `px_from_raw` pixels
/// * `reversed`: the flow of the windows in reverse order, whose first pair is the last one backward
pub fn visible_pairs(forward: Tensor<4>, reversed: Tensor<4>, px_from_raw: f32) -> Tensor<4> {
    let [n, channels, h, w] = forward.dims();
    let pairs = channels / 2;
    let backward = reversed.reshape([n, pairs, 2, h, w]).flip([1]);
    let px = |flow: Tensor<4>| flow * px_from_raw;
    let forward = px(forward.reshape([n * pairs, 2, h, w]));
    visible(forward, px(backward.reshape([n * pairs, 2, h, w]))).reshape([n, pairs, h, w])
}

/// Returns frames [n, 3·frames, h, w] in reverse order.
pub fn reversed(frames: Tensor<4>) -> Tensor<4> {
    let [n, channels, h, w] = frames.dims();
    frames.reshape([n, channels / 3, 3, h, w]).flip([1]).reshape([n, channels, h, w])
}

/// Returns the mean of [n, c, h, w] maps over the visible part ([n, 1, h, w]; all if `None`) inside the border mask,
/// and the weight of each cell in it.
pub(super) fn visible_mean(maps: Tensor<4>, visible: Option<Tensor<4>>) -> (Tensor<1>, Tensor<4>) {
    let [n, c, h, w] = maps.dims();
    let border = border_width(h, w);
    let inside = |maps: Tensor<4>| maps.narrow(2, border, h - 2 * border).narrow(3, border, w - 2 * border);
    let visible = inside(visible.unwrap_or_else(|| Tensor::ones([n, 1, h, w], &maps.device())));
    let weight = visible.clone() / (visible.sum().clamp_min(LEAST_PIXELS) * c as f32).reshape([1, 1, 1, 1]);
    let mean = (inside(maps.clone()) * weight.clone()).sum();
    let ranges = [0..n, 0..1, border..h - border, border..w - border];
    (mean, Tensor::zeros([n, 1, h, w], &maps.device()).slice_assign(ranges, weight))
}

/// Returns the fraction of [n, pairs, h, w] that is hidden, inside the border mask.
pub(super) fn hidden_inside(visible: &Tensor<4>) -> Tensor<1> {
    let [_, _, h, w] = visible.dims();
    let border = border_width(h, w);
    hidden(&visible.clone().narrow(2, border, h - 2 * border).narrow(3, border, w - 2 * border))
}

/// Returns the fraction of [n, pairs, h, w] that is hidden.
pub(super) fn hidden(visible: &Tensor<4>) -> Tensor<1> {
    visible.clone().mean() * -1.0 + 1.0
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    /// Returns flow of a 20×12 image that is `motion` where `moves` returns `true`, and zero elsewhere.
    fn field(motion: [f32; 2], moves: impl Fn(usize, usize) -> bool) -> Tensor<4> {
        let component = |value: f32| {
            let moves = &moves;
            (0..12).flat_map(move |y| (0..20).map(move |x| if moves(x, y) { value } else { 0.0 }))
        };
        let values = component(motion[0]).chain(component(motion[1])).collect();
        Tensor::from_data(TensorData::new(values, [1, 2, 12, 20]), &Device::flex())
    }

    #[test]
    fn a_moving_square_hides_the_strip_in_front_of_it_and_nothing_else() {
        // Columns 5 to 9 and rows 3 to 7 move by 3 pixels to the right, which hides the background in columns 10 to 12.
        let rows = 3..8;
        let forward = field([3.0, 0.0], |x, y| (5..10).contains(&x) && rows.contains(&y));
        let backward = field([-3.0, 0.0], |x, y| (8..13).contains(&x) && rows.contains(&y));
        let seen: Vec<f32> = visible(forward, backward).into_data().try_to_vec().unwrap();
        for (at, seen) in seen.iter().enumerate() {
            let (x, y) = (at % 20, at / 20);
            let is_hidden = (10..13).contains(&x) && rows.contains(&y);
            assert_eq!(*seen == 0.0, is_hidden, "column {x}, row {y}");
        }
    }

    #[test]
    fn small_disagreement_is_allowed_and_what_leaves_the_picture_is_hidden() {
        let everywhere = |motion| field(motion, |_, _| true);
        let share =
            |forward, backward| 1.0 - hidden(&visible(everywhere(forward), everywhere(backward))).into_scalar::<f32>();
        assert_eq!(share([0.0, 0.0], [0.6, 0.3]), 1.0, "|w_f + w_b|² is below a half");
        assert_eq!(share([0.0, 0.0], [0.6, 0.5]), 0.0);
        let seen = share([4.0, 0.0], [-4.0, 0.0]);
        assert!((seen - 16.0 / 20.0).abs() < 1e-6, "four of twenty columns leave it: {seen}");
    }

    #[test]
    fn windows_are_reversed_pair_by_pair() {
        let device = Device::flex();
        // Three frames of one pixel, and flow with pairs 1, 2 forward; backward, the last pair comes first.
        let frames =
            Tensor::<1>::from_floats([0., 1., 2., 10., 11., 12., 20., 21., 22.], &device).reshape([1, 9, 1, 1]);
        let back: Vec<f32> = reversed(frames).into_data().try_to_vec().unwrap();
        assert_eq!(back, [20., 21., 22., 10., 11., 12., 0., 1., 2.]);
        let flow = |pairs: [f32; 2]| {
            let planes = pairs.map(|u| field([u, 0.0], |_, _| true)).to_vec();
            Tensor::cat(planes, 1)
        };
        let seen = visible_pairs(flow([0.1, 0.2]), flow([-0.2, -0.1]), 10.0);
        assert_eq!(seen.dims(), [1, 2, 12, 20]);
        let hidden = hidden(&seen).into_scalar::<f32>();
        assert!((hidden - 1.5 / 20.0).abs() < 1e-6, "one and two columns leave the picture: {hidden}");
    }

    #[test]
    fn means_are_over_what_is_visible_and_none_of_none_is_zero() {
        let device = Device::flex();
        let maps = Tensor::<1>::from_floats([1.0, 2.0, 3.0, 4.0], &device).reshape([1, 1, 2, 2]);
        let seen = |shares: [f32; 4]| Some(Tensor::<1>::from_floats(shares, &device).reshape([1, 1, 2, 2]));
        let mean = |visible| visible_mean(maps.clone(), visible).0.into_scalar::<f32>();
        assert_eq!(mean(None), 2.5);
        assert!((mean(seen([1.0, 0.0, 0.5, 0.0])) - 2.5 / 1.5).abs() < 1e-6);
        assert_eq!(mean(seen([0.0; 4])), 0.0);
    }
}
