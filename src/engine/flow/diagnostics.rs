//! The thread "diagnostics": evaluates the unsupervised loss on the newest flows.
//!
//! It always runs on the CPU: the grids are small, and the networks are not delayed.

use std::collections::HashMap;
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use image::{Rgb, RgbImage};

use super::desired::SharedDesiredFlows;
use super::{FlowDiagnostics, FlowSource, FlowStatistics, LatestFlows, ScalarMap, SourceFlow};
use crate::engine::runtime::events::EventSender;
use crate::engine::{FlowView, Topic};
use crate::error::{Error, Result};
use crate::flow::FlowField;
use crate::flow::metrics::{FlowErrors, Magnitudes, forward_backward_occlusion};
use crate::nets::preprocessing::{MEAN_BGR, motion_input};
use crate::panic_guard::caught;
use crate::training::losses::Intermediates;
use crate::video::{Frame, Geometry};

/// Longest side of the pictures for the statistics: the same for all sources, to make them comparable.
const STATISTICS_SIDE: u32 = 480;

/// Frames that differ by less, in grey levels, count as equal.
const LEAST_CHANGE: f32 = 0.01;

/// The state of the thread.
pub(super) struct DiagnosticsWorker {
    desired: SharedDesiredFlows,
    flows: Arc<LatestFlows>,
    events: EventSender,
    /// The flow and ground truth inspected last, per source.
    inspected: HashMap<FlowSource, (Arc<SourceFlow>, Option<Arc<SourceFlow>>)>,
}

impl DiagnosticsWorker {
    /// Creates a worker that inspects `flows`.
    pub fn new(desired: SharedDesiredFlows, flows: Arc<LatestFlows>, events: EventSender) -> Self {
        Self { desired, flows, events, inspected: HashMap::new() }
    }

    /// Inspects one flow that was not inspected before; returns false if there is none.
    pub fn step(&mut self) -> bool {
        let desired = self.desired.get();
        let Some(clip) = desired.clip else { return false };
        for &source in &desired.settings.inspected {
            let Some(flow) = self.flows.flow(source) else { continue };
            let truth = self.flows.flow(FlowSource::Truth);
            let truth = truth.filter(|truth| truth.frame == flow.frame && truth.stride == flow.stride);
            let is_known = self.inspected.get(&source).is_some_and(|(old, old_truth)| {
                let same_truth = match (old_truth, &truth) {
                    (Some(old), Some(new)) => Arc::ptr_eq(old, new),
                    (old, new) => old.is_none() && new.is_none(),
                };
                Arc::ptr_eq(old, &flow) && same_truth
            });
            if is_known {
                continue;
            }
            // The player may have moved on from the pair.
            let Some(pair) = clip.pair([flow.frame, flow.frame + flow.stride]) else { continue };
            match caught("inspection", || diagnose(&flow, &pair, clip.size, truth.as_deref())) {
                Ok(diagnostics) => self.flows.put_diagnostics(diagnostics, &clip),
                Err(error) => self.events.problem(Topic::Flow, error),
            }
            self.inspected.insert(source, (flow, truth));
            self.events.wake();
            return true;
        }
        false
    }
}

/// Computes all diagnostics of one flow.
fn diagnose(
    flow: &SourceFlow,
    pair: &[Arc<Frame>; 2],
    video: Geometry,
    truth: Option<&SourceFlow>,
) -> Result<FlowDiagnostics> {
    let field = &flow.flow.field;
    let (width, height) = (field.width, field.height);
    let on_grid = flow.flow.in_pixels_of(width, height);
    let seen = compared(pair, &on_grid);
    let [rows, columns] = [seen.ssim.dims()[2], seen.ssim.dims()[3]];
    let error = (seen.first.clone() - seen.warped.clone()).abs().mean_dim(1) * 255.0;
    let ssim = seen.ssim.clone().mean_dim(1);
    let occlusion = flow.backward.as_ref().map(|backward| {
        let backward = backward.in_pixels_of(width, height).resized(width, height);
        let values =
            forward_backward_occlusion(&on_grid, &backward).into_iter().map(|occluded| f32::from(u8::from(occluded)));
        ScalarMap { width, height, values: values.collect() }
    });
    Ok(FlowDiagnostics {
        source: flow.source,
        basis: flow.basis.clone(),
        truth: truth.and_then(|truth| truth.basis.settings.truth.clone()),
        frame: flow.frame,
        stride: flow.stride,
        is_draft: flow.is_draft,
        first: Arc::new(picture(seen.first)?),
        warped: Arc::new(picture(seen.warped)?),
        error: ScalarMap { width, height, values: numbers(error)? },
        ssim: ScalarMap { width: columns, height: rows, values: numbers(ssim)? },
        border: seen.border,
        occlusion,
        statistics: statistics(&flow.flow, pair, video, truth.map(|truth| &truth.flow))?,
    })
}

/// Returns the statistics of a flow; all sources are compared on pictures of one size.
pub(super) fn statistics(
    flow: &FlowView,
    pair: &[Arc<Frame>; 2],
    video: Geometry,
    truth: Option<&FlowView>,
) -> Result<FlowStatistics> {
    let size = video.fitted(STATISTICS_SIDE);
    let seen = compared(pair, &flow.at_size(size.width as usize, size.height as usize));
    let photometric = mean_inside((seen.first.clone() - seen.warped).abs(), seen.border)? * 255.0;
    let zero_flow = mean_inside((seen.first - seen.second).abs(), seen.border)? * 255.0;
    let errors = truth.and_then(|truth| {
        let (width, height) = (truth.field.width, truth.field.height);
        FlowErrors::between(&flow.at_size(width, height), &truth.in_pixels_of(width, height), None, None)
    });
    Ok(FlowStatistics {
        magnitudes: Magnitudes::of(&flow.in_pixels_of(video.width as usize, video.height as usize)),
        photometric,
        // Between equal frames there is no error to explain.
        photometric_ratio: if zero_flow > LEAST_CHANGE { photometric / zero_flow } else { f32::NAN },
        ssim: numbers(seen.ssim.mean())?[0],
        errors: errors.map(|errors| errors.all),
    })
}

/// Returns the loss terms of a pair under a flow in cells of its own grid; unknown vectors count as zero.
fn compared(pair: &[Arc<Frame>; 2], flow: &FlowField) -> Intermediates {
    let device = Device::flex();
    let frames = motion_input(&[pair.iter().map(|frame| &*frame.display).collect()], &device); // [1, 6, h, w]
    let plane =
        |component: usize| flow.uv.iter().map(move |uv| if FlowField::is_known(*uv) { uv[component] } else { 0.0 });
    let values: Vec<f32> = plane(0).chain(plane(1)).collect();
    Intermediates::new(frames, Tensor::from_data(TensorData::new(values, [1, 2, flow.height, flow.width]), &device))
}

/// Converts a loss image [1, 3, h, w] (blue, green, red) to a picture.
fn picture(image: Tensor<4>) -> Result<RgbImage> {
    let [_, _, height, width] = image.dims();
    let values = numbers(image)?;
    let level = |plane: usize, at: usize| (values[plane * width * height + at] * 255.0 + MEAN_BGR[plane]) as u8; // saturates
    Ok(RgbImage::from_fn(width as u32, height as u32, |x, y| {
        let at = y as usize * width + x as usize;
        Rgb([level(2, at), level(1, at), level(0, at)])
    }))
}

/// Returns the mean of a map without its border.
fn mean_inside(map: Tensor<4>, border: usize) -> Result<f32> {
    let [_, _, h, w] = map.dims();
    Ok(numbers(map.narrow(2, border, h - 2 * border).narrow(3, border, w - 2 * border).mean())?[0])
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let failed = |error: &dyn std::fmt::Debug| {
        Error::new("inspection", format!("the computation failed ({error:?})"), "Try another clip; please report it")
    };
    let data = tensor.try_into_data().map_err(|error| failed(&error))?;
    data.convert::<f32>().try_into_vec().map_err(|error| failed(&error))
}
