//! The terms of the unsupervised loss at one level of the pyramid.

use burn::tensor::Tensor;

use super::census;
use super::kernels::{self, LevelShape, applies, level_losses};
use super::penalty::{Charbonnier, EPSILON, border_width};
use super::ssim::{ssim, visible_ssim};
use super::visibility::{HIDDEN_PIXEL, HIDDEN_SSIM, LEAST_PIXELS, hidden, hidden_inside, visible_mean};
use super::warp;
use crate::nets::separable::SeparableWindow;

/// Inputs of the terms of a level.
#[derive(Debug, Clone)]
pub struct LevelInputs {
    /// The loss images of the level, constants, [n, 3·(pairs+1), h, w].
    pub images: Tensor<4>,
    /// The frames' grey values at the level, constants, [n, pairs+1, h, w], if the photometric term is the census term.
    pub grey: Option<Tensor<4>>,
    /// Raw flow, [n, 2·pairs, h, w].
    pub raw: Tensor<4>,
    /// Visible fraction of each pixel in both frames, a constant, [n, pairs, h, w]; 1 if `None`.
    pub visible: Option<Tensor<4>>,
    /// Pixels of the level per unit of raw flow.
    pub px_from_raw: f32,
    /// Geometry of SSIM's windows.
    pub window: SeparableWindow,
}

/// The means of the terms of a level, `[1]` each.
#[derive(Debug, Clone)]
pub struct LevelTerms {
    /// Charbonnier penalty of the differences, or census distances, between frame and reconstruction inside the border
    /// mask.
    pub pixel: Tensor<1>,
    /// Charbonnier penalty of the differences of u.
    pub smooth_u: Tensor<1>,
    /// Charbonnier penalty of the differences of v.
    pub smooth_v: Tensor<1>,
    /// 1 − SSIM over samples, channels and windows.
    pub ssim: Tensor<1>,
}

impl LevelTerms {
    /// Computes the terms of a level.
    pub fn new(inputs: LevelInputs) -> Self {
        let LevelInputs { grey, raw, visible, .. } = inputs.clone();
        let mut terms = Self::without_census(inputs.clone());
        if let Some(grey) = grey {
            let ([_, _, h, w], px_from_raw) = (raw.dims(), inputs.px_from_raw);
            terms.pixel = if applies(&grey) && applies(&raw) {
                kernels::census(grey, raw, visible.clone(), LevelShape::new([h, w], px_from_raw, inputs.window))
            } else {
                census::composed(grey, raw, visible.clone(), px_from_raw)
            };
        }
        if let Some(visible) = visible {
            // Without this penalty, flow that hides all pixels would minimise the loss.
            terms.pixel = terms.pixel + hidden_inside(&visible) * HIDDEN_PIXEL;
            terms.ssim = terms.ssim + hidden(&visible) * HIDDEN_SSIM;
        }
        terms
    }

    /// Computes the terms with the photometric term on the loss images, without a penalty on hidden pixels.
    pub(super) fn without_census(inputs: LevelInputs) -> Self {
        if !(applies(&inputs.images) && applies(&inputs.raw)) {
            return Self::composed(inputs);
        }
        let LevelInputs { images, raw, visible, px_from_raw, window, .. } = inputs;
        let [_, _, h, w] = raw.dims();
        let losses = level_losses(images, raw, visible, LevelShape::new([h, w], px_from_raw, window));
        let [pixel, smooth_u, smooth_v, ssim] = [0, 1, 2, 3].map(|index| losses.clone().narrow(0, index, 1));
        Self { pixel, smooth_u, smooth_v, ssim }
    }

    /// Computes the same terms by Burn's operations.
    pub(super) fn composed(inputs: LevelInputs) -> Self {
        let LevelInputs { images, raw, visible, px_from_raw, window, .. } = inputs;
        let [n, flow_channels, h, w] = raw.dims();
        let pairs = flow_channels / 2;
        let frames = images.clone().narrow(1, 0, 3 * pairs).reshape([n * pairs, 3, h, w]);
        let next = images.narrow(1, 3, 3 * pairs).reshape([n * pairs, 3, h, w]);
        let maps = raw.reshape([n * pairs, 2, h, w]);
        let rebuilt = warp(next, maps.clone() * px_from_raw);
        let visible = visible.map(|visible| visible.reshape([n * pairs, 1, h, w]));
        let penalty = penalty_of(Charbonnier::PIXEL, frames.clone() - rebuilt.clone());
        let pixel = match &visible {
            None => mean_inside(penalty),
            Some(visible) => visible_mean(penalty, Some(visible.clone())).0,
        };
        let smoothness = |component| smoothness(maps.clone().narrow(1, component, 1), Charbonnier::smooth(px_from_raw));
        let (smooth_u, smooth_v) = (smoothness(0), smoothness(1));
        let ssim = match visible {
            None => (ssim(frames, rebuilt, window) * -1.0 + 1.0).mean(),
            Some(visible) => {
                let (ssim, share) = visible_ssim(frames, rebuilt, visible, window);
                let colours = 3.0;
                let divisor = share.clone().sum().clamp_min(LEAST_PIXELS) * colours;
                ((ssim * -1.0 + 1.0) * share).sum() / divisor
            }
        };
        Self { pixel, smooth_u, smooth_v, ssim }
    }
}

fn penalty_of(Charbonnier { alpha, beta }: Charbonnier, x: Tensor<4>) -> Tensor<4> {
    ((x * beta).powi_scalar(2) + EPSILON * EPSILON).powf_scalar(alpha)
}

/// Returns the mean inside the border mask.
fn mean_inside(map: Tensor<4>) -> Tensor<1> {
    let [_, _, h, w] = map.dims();
    let border = border_width(h, w);
    map.narrow(2, border, h - 2 * border).narrow(3, border, w - 2 * border).mean()
}

/// Returns the mean penalty of the forward differences in x and y of [n, 1, h, w] maps; the differences of the last
/// column and row are zero, and counted if inside the mask.
fn smoothness(map: Tensor<4>, penalty: Charbonnier) -> Tensor<1> {
    let difference = |dim: usize| {
        let side = map.dims()[dim];
        let inner = map.clone().narrow(dim, 0, side - 1) - map.clone().narrow(dim, 1, side - 1);
        let last = map.clone().narrow(dim, 0, 1).zeros_like();
        mean_inside(penalty_of(penalty, Tensor::cat(vec![inner, last], dim)))
    };
    (difference(3) + difference(2)) / 2.0
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::super::ssim::CAFFE_WINDOW;
    use super::*;

    const SIDE: usize = 24;

    /// Returns a textured pair, the second image brighter by `brighter` grey levels, with uniform flow `raw`.
    fn inputs(brighter: f32, raw: f32, visible: Option<f32>) -> LevelInputs {
        let device = Device::flex();
        let map = |value: &dyn Fn(usize, usize) -> f32| {
            (0..SIDE * SIDE).map(|at| value(at % SIDE, at / SIDE)).collect::<Vec<f32>>()
        };
        let texture =
            map(&|x, y| 0.2 * (x as f32 * 0.9).sin() * (y as f32 * 0.7).cos() + 0.1 * (x as f32 * 0.31).cos());
        let second: Vec<f32> = texture.iter().map(|value| value + brighter / 255.0).collect();
        let of = |values: Vec<f32>, channels: usize| {
            Tensor::from_data(TensorData::new(values, [1, channels, SIDE, SIDE]), &device)
        };
        let colours = |picture: &Vec<f32>| [picture.clone(), picture.clone(), picture.clone()].concat();
        let grey = [&texture, &second].map(|picture| picture.iter().map(|value| 255.0 * value).collect::<Vec<f32>>());
        LevelInputs {
            images: of([colours(&texture), colours(&second)].concat(), 6),
            grey: Some(of(grey.concat(), 2)),
            raw: of(vec![raw; 2 * SIDE * SIDE], 2),
            visible: visible.map(|share| Tensor::full([1, 1, SIDE, SIDE], share, &device)),
            px_from_raw: 10.0,
            window: CAFFE_WINDOW,
        }
    }

    fn value(term: Tensor<1>) -> f32 {
        term.into_scalar()
    }

    #[test]
    fn census_does_not_see_a_change_of_brightness_and_grey_differences_do() {
        let pixel = |brighter, census: bool| {
            let inputs = inputs(brighter, 0.0, None);
            let grey = inputs.grey.clone().filter(|_| census);
            value(LevelTerms::new(LevelInputs { grey, ..inputs }).pixel)
        };
        let [same, brighter] = [0.0, 20.0].map(|brighter| pixel(brighter, true));
        // Not zero: the penalty of a zero distance is 10⁻⁶ to the power of 0.45.
        assert!(same < 2.1e-3 && brighter < 2.5e-3, "{same} {brighter}");
        let [same, brighter] = [0.0, 20.0].map(|brighter| pixel(brighter, false));
        assert!(same < 0.01 && brighter > 5.0, "{same} {brighter}");
    }

    #[test]
    fn census_sees_motion() {
        let moved = value(LevelTerms::new(inputs(20.0, 0.15, None)).pixel);
        assert!(moved > 1.0, "{moved}");
    }

    #[test]
    fn hiding_everything_does_not_pay() {
        for grey in [true, false] {
            let of = |raw, visible| {
                let inputs = inputs(5.0, raw, visible);
                let grey = inputs.grey.clone().filter(|_| grey);
                let LevelTerms { pixel, ssim, .. } = LevelTerms::new(LevelInputs { grey, ..inputs });
                [value(pixel), value(ssim)]
            };
            let [pixel, ssim] = of(0.05, Some(0.0));
            assert!(pixel == HIDDEN_PIXEL && ssim == HIDDEN_SSIM, "{pixel} {ssim}");
            let [wrong, all] = [of(0.05, None), of(0.05, Some(1.0))];
            assert!(wrong[0] < pixel && wrong[1] < ssim, "{wrong:?}");
            assert!(wrong.iter().zip(all).all(|(a, b)| (a - b).abs() < 1e-5), "{wrong:?} {all:?}");
        }
    }
}
