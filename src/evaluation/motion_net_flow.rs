//! MotionNet as a flow method for pairs of frames of any size.

use std::borrow::Cow;
use std::path::Path;

use burn::tensor::{Device, Tensor};
use image::RgbImage;
use image::imageops::{FilterType, resize};

use crate::error::{Error, Result};
use crate::flow::dis;
use crate::flow::selection::{best_explanation, better_than_none};
use crate::flow::warp::warp_backward;
use crate::flow::{FlowEstimator, FlowField, check_stop, common_size};
use crate::nets::{FLOW_UNIT_PX, ModelCard, MotionNetwork, read_back, weights};

/// Minimum side of the frames that the network reads: two cells of its coarsest level.
const SMALLEST_SIDE: usize = 64;
/// Fixed-point iterations of the variational refinement after each pass.
const ITERATIONS_PER_PASS: usize = 10;
/// Fixed-point iterations after the last pass, on the selected flow.
const LAST_ITERATIONS: usize = 30;

/// A motion network of two frames, applied once or coarse-to-fine.
///
/// The network resolves displacements of up to some pixels. In smaller frames longer displacements come within this
/// range: at each scale the second frame is warped by the current flow, and the network estimates the residual. Every
/// pixel takes the candidate flow that explains its neighbourhood best.
///
/// The flow may be refined variationally after each pass and at the end, as in FlowNetS+v (Fischer et al. 2015): it
/// becomes smooth except where the frames contradict that, and accurate to subpixels. The refinement needs the
/// network's flow as a start, since from zero flow it converges only for short displacements. If the refined flow
/// explains the whole pair worse than zero flow, zero flow is used.
#[derive(Debug, Clone)]
pub struct MotionNetFlow {
    network: MotionNetwork,
    name: String,
    scales: Vec<f32>,
    refines: bool,
    continues_border: bool,
}

impl MotionNetFlow {
    /// The scales that also resolve and refine long motion, at about three times the cost of a single pass.
    pub const COARSE_TO_FINE: [f32; 5] = [0.125, 0.25, 0.5, 1.0, 1.0];

    /// Returns the motion network of the model in folder `dir`, applied at the original frame size.
    ///
    /// # Errors
    /// If the model cannot be read, or its motion network reads more than two frames.
    pub fn load(dir: &Path, device: &Device) -> Result<Self> {
        let card = ModelCard::read(dir)?;
        card.check_motion(dir)?;
        let network = weights::load_module(card.init_flow_network(device), &dir.join(card.flow_weights()))?;
        if network.frames() != 2 {
            let cause = format!("its motion network reads {} frames at once", network.frames());
            return Err(Error::file(dir, cause, "Choose a model whose motion network reads pairs"));
        }
        Ok(Self {
            network,
            name: format!("{} ({})", card.flow_network(), card.name),
            scales: vec![1.0],
            refines: false,
            continues_border: false,
        })
    }

    /// Sets the scales at which the network reads the frames, as multiples of their size, from coarse to fine. With 1
    /// alone, or an empty list, it is applied once.
    pub fn with_scales(mut self, scales: &[f32]) -> Self {
        self.scales = if scales.is_empty() { vec![1.0] } else { scales.to_vec() };
        self
    }

    /// Sets whether the flow is refined variationally.
    pub fn with_refinement(mut self, refines: bool) -> Self {
        self.refines = refines;
        self
    }

    /// Sets whether the outermost cells of the network's prediction are replaced by their inner neighbours. This is for
    /// display: benchmarks measure the prediction itself.
    pub fn with_continued_border(mut self, continues_border: bool) -> Self {
        self.continues_border = continues_border;
        self
    }

    /// Like [`estimate`](FlowEstimator::estimate), but returns an error when `stop` returns true, which is checked
    /// before each pass.
    ///
    /// # Errors
    /// Same as for `estimate`, and if it was stopped.
    pub fn estimate_unless(&self, first: &RgbImage, second: &RgbImage, stop: &dyn Fn() -> bool) -> Result<FlowField> {
        self.passes(first, second, stop, &mut |_| {})
    }

    /// Returns the flow after all passes; `progress` gets the completed fraction after each.
    fn passes(
        &self,
        first: &RgbImage,
        second: &RgbImage,
        stop: &dyn Fn() -> bool,
        progress: &mut dyn FnMut(f64),
    ) -> Result<FlowField> {
        let [width, height] = common_size(first, second)?;
        let mut flow = FlowField::new(width, height, vec![[0.0; 2]; width * height]);
        // The network predicts a little motion even between identical frames.
        if first == second {
            return Ok(flow);
        }
        let (mut candidates, mut work) = (Vec::new(), PassWork::of(&self.scales, self.refines));
        for (step, scale) in self.scales.iter().enumerate() {
            check_stop(stop)?;
            let rest = self.at_scale(first, &warp_backward(first, second, &flow), *scale)?;
            for (sum, rest) in flow.uv.iter_mut().zip(rest.uv) {
                *sum = [sum[0] + rest[0], sum[1] + rest[1]];
            }
            if self.refines {
                flow = self.refined(first, second, &flow, *scale);
            }
            candidates.push(flow.clone());
            // Short motion that earlier passes missed is resolved by the network alone, or by the refinement from zero
            // flow.
            if step > 0 && !self.refines && !self.scales[..step].contains(scale) {
                candidates.push(self.at_scale(first, second, *scale)?);
            }
            progress(work.done(*scale));
        }
        if candidates.len() > 1 {
            candidates.reverse(); // the most refined one first, so that it wins ties
            flow = best_explanation(first, second, candidates);
        }
        if !self.refines {
            return Ok(flow);
        }
        check_stop(stop)?;
        let refined = dis::refined(first, second, &flow, LAST_ITERATIONS);
        // Only for whole pairs: zero flow as a further candidate per pixel increases the errors on the benchmarks by up
        // to a third, as untextured regions then become static.
        Ok(better_than_none(first, second, refined))
    }

    /// Returns the frames as the network reads them at `scale` times their size, rounded to a multiple of its stride.
    fn seen_at<'p>(&self, pictures: [&'p RgbImage; 2], scale: f32) -> [Cow<'p, RgbImage>; 2] {
        let stride = self.network.stride();
        // Supervised networks were published with frames stretched to the next multiple.
        let rounded = |strides: f32| if self.network.is_supervised() { strides.ceil() } else { strides.round() };
        let side = |side: u32| {
            let strides = rounded(side as f32 * scale / stride as f32) as usize;
            (strides * stride).max(SMALLEST_SIDE) as u32
        };
        pictures.map(|picture| fitted(picture, side(picture.width()), side(picture.height())))
    }

    /// Returns the network's flow for frames at `scale` times their size, in pixels of the original frames.
    fn at_scale(&self, first: &RgbImage, second: &RgbImage, scale: f32) -> Result<FlowField> {
        let (width, height) = first.dimensions();
        let seen = self.seen_at([first, second], scale);
        let flow = self.network.best_flow(&[seen.iter().map(|picture| &**picture).collect()]);
        let mut flow = in_level_pixels(flow, seen[0].width() as usize)?;
        if self.continues_border && !self.network.is_supervised() {
            continue_border(&mut flow);
        }
        Ok(flow.resized(width as usize, height as usize))
    }

    /// Returns `flow` refined at `scale` times the frame size; 1 is the original size.
    fn refined(&self, first: &RgbImage, second: &RgbImage, flow: &FlowField, scale: f32) -> FlowField {
        if scale >= 1.0 {
            return dis::refined(first, second, flow, ITERATIONS_PER_PASS);
        }
        let [one, other] = self.seen_at([first, second], scale);
        let flow_there = flow.resized(one.width() as usize, one.height() as usize);
        dis::refined(&one, &other, &flow_there, ITERATIONS_PER_PASS).resized(flow.width, flow.height)
    }
}

/// The cost of an estimate: passes cost in proportion to their pixels, and the single steps at full size are added.
struct PassWork {
    done: f64,
    all: f64,
}

impl PassWork {
    /// Cost of selecting among the candidates and of the last refinement, relative to a pass at full size.
    const LAST: f64 = 0.5;

    fn of(scales: &[f32], refines: bool) -> Self {
        let last = if refines || scales.len() > 1 { Self::LAST } else { 0.0 };
        Self { done: 0.0, all: scales.iter().map(|scale| f64::from(scale * scale)).sum::<f64>() + last }
    }

    /// Returns the completed fraction after a pass at `scale`.
    fn done(&mut self, scale: f32) -> f64 {
        self.done += f64::from(scale * scale);
        self.done / self.all
    }
}

/// Replaces the outermost cells by their inner neighbours: zero padding of the feature maps makes the flow there up to
/// a half too short, and the unsupervised loss, which excludes the border, does not correct that.
fn continue_border(flow: &mut FlowField) {
    let (width, height) = (flow.width, flow.height);
    if width.min(height) < 3 {
        return;
    }
    for row in flow.uv.chunks_exact_mut(width) {
        (row[0], row[width - 1]) = (row[1], row[width - 2]);
    }
    flow.uv.copy_within(width..2 * width, 0);
    flow.uv.copy_within((height - 2) * width..(height - 1) * width, (height - 1) * width);
}

/// Returns the frame resized; the frame itself if it already has this size.
fn fitted(picture: &RgbImage, width: u32, height: u32) -> Cow<'_, RgbImage> {
    if picture.dimensions() == (width, height) {
        return Cow::Borrowed(picture);
    }
    Cow::Owned(resize(picture, width, height, FilterType::Triangle))
}

/// Returns a raw level [1, 2, h, w] of the flow of a frame of `full_width` as a field in pixels of the level.
fn in_level_pixels(level: Tensor<4>, full_width: usize) -> Result<FlowField> {
    let [_, _, height, width] = level.dims();
    let unit = FLOW_UNIT_PX * width as f32 / full_width as f32;
    let values = read_back(level * unit)?;
    let (u, v) = values.split_at(width * height);
    Ok(FlowField::new(width, height, u.iter().zip(v).map(|(u, v)| [*u, *v]).collect()))
}

impl FlowEstimator for MotionNetFlow {
    fn name(&self) -> String {
        let passes = match self.scales.as_slice() {
            [1.0] => String::new(),
            scales if scales == Self::COARSE_TO_FINE => ", coarse to fine".into(),
            scales => format!(", at {}", scales.iter().map(f32::to_string).collect::<Vec<_>>().join(" → ")),
        };
        let refinement = if self.refines { ", refined" } else { "" };
        format!("{}{passes}{refinement}", self.name)
    }

    fn estimate(&mut self, first: &RgbImage, second: &RgbImage) -> Result<FlowField> {
        self.passes(first, second, &|| false, &mut |_| {})
    }

    fn estimate_with(
        &mut self,
        first: &RgbImage,
        second: &RgbImage,
        progress: &mut dyn FnMut(f64),
    ) -> Result<FlowField> {
        self.passes(first, second, &|| false, progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_continues_the_flow_within() {
        let at = |x: usize, y: usize| [x as f32, y as f32];
        let mut flow = FlowField::new(4, 3, (0..12).map(|i| at(i % 4, i / 4)).collect());
        continue_border(&mut flow);
        let expected: Vec<_> = (0..12).map(|i| at((i % 4).clamp(1, 2), 1)).collect();
        assert_eq!(flow.uv, expected);
        let mut narrow = FlowField::new(2, 3, vec![[1.0, 0.0]; 6]);
        continue_border(&mut narrow);
        assert_eq!(narrow.uv, vec![[1.0, 0.0]; 6]);
    }

    #[test]
    fn progress_rises_with_the_pixels_of_each_pass() {
        let scales = MotionNetFlow::COARSE_TO_FINE;
        let mut work = PassWork::of(&scales, true);
        let shares = scales.map(|scale| work.done(scale));
        assert!(shares.is_sorted() && shares[0] < 0.01 && (0.4..0.6).contains(&shares[3]), "{shares:?}");
        assert!((0.7..1.0).contains(&shares[4]), "the last refinement is left: {shares:?}");
        assert_eq!(PassWork::of(&[1.0], false).done(1.0), 1.0);
    }
}
