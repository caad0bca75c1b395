//! Results of the flow comparison: the newest values of each source, and those sent as messages.

use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;

use super::{FlowSettings, FlowSource};
use crate::engine::FlowView;
use crate::flow::metrics::{Magnitudes, RegionErrors};
use crate::nets::flow_normalisation::CLIP_PX;

/// The model and settings that a flow was computed with, to tell whether results belong together.
#[derive(Debug, Clone, Default)]
pub struct FlowBasis {
    /// The [generation](crate::engine::InferencePipeline::generation) of the model in use.
    pub model: u64,
    /// The settings; irrelevant for [`FlowSource::Network`], whose flow depends on its model only.
    pub settings: Arc<FlowSettings>,
}

impl FlowBasis {
    /// Returns whether `source` computes the same flow of a pair under both.
    pub fn is_same(&self, other: &Self, source: FlowSource) -> bool {
        let (a, b) = (&*self.settings, &*other.settings);
        match source {
            FlowSource::Network => self.model == other.model,
            FlowSource::SecondNetwork => {
                (&a.second_model, a.second_edition) == (&b.second_model, b.second_edition)
                    && (a.coarse_to_fine, a.refine) == (b.coarse_to_fine, b.refine)
            }
            FlowSource::Tvl1 => (a.tvl1, a.tvl1_side, a.warm_start) == (b.tvl1, b.tvl1_side, b.warm_start),
            FlowSource::Dis => a.dis == b.dis,
            FlowSource::Codec => true,
            FlowSource::Truth => a.truth == b.truth,
        }
    }

    /// Returns whether `source` has the same statistics under both: the same flow, stride and ground truth.
    pub fn has_same_figures(&self, other: &Self, source: FlowSource) -> bool {
        let of_pair = |basis: &Self| (basis.settings.stride(), basis.settings.truth.clone());
        self.is_same(other, source) && of_pair(self) == of_pair(other)
    }
}

/// The flow of one source from frame `frame` to frame `frame + stride`.
#[derive(Clone)]
pub struct SourceFlow {
    /// The source of the flow.
    pub source: FlowSource,
    /// Model and settings that it was computed with.
    pub basis: FlowBasis,
    /// The player's position when it was computed.
    pub position: usize,
    /// The first frame of the pair.
    pub frame: usize,
    /// Distance to the second frame; smaller than requested at the end of the clip.
    pub stride: usize,
    /// The flow.
    pub flow: FlowView,
    /// The flow from the second frame to the first, if requested and supported by the source.
    pub backward: Option<FlowView>,
    /// The flow at every scale, finest first, if requested; empty from a source without a pyramid.
    pub pyramid: Vec<FlowView>,
    /// Run time in milliseconds; 0 if it is not the method's: for ground truth, and between repeated frames.
    pub millis: f32,
    /// Whether it is a fast draft during playback, which is recomputed in full when the clip pauses.
    pub is_draft: bool,
    /// A remark, such as `intra frame: vectors of the frame before`.
    pub note: Option<String>,
}

/// Ten flows of a window of eleven frames, the input of the temporal stream.
#[derive(Clone)]
pub struct FlowStack {
    /// The source of the flows.
    pub source: FlowSource,
    /// First frame of the window.
    pub window_start: usize,
    /// Distance between its frames.
    pub stride: usize,
    /// The flows in order.
    pub flows: Vec<FlowView>,
    /// The [generation](crate::engine::InferencePipeline::generation) of the model whose temporal stream scored them.
    pub model: u64,
    /// The temporal stream's logits for this flow; `None` if the model has no temporal stream.
    pub temporal: Option<Vec<f32>>,
    /// The temporal stream's input.
    pub input: TemporalInput,
}

/// The temporal stream's actual input: flow clipped to ±20 px and scaled to 0 … 255, before 128 is subtracted.
#[derive(Debug, Clone, PartialEq)]
pub struct TemporalInput {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Twenty planes u0, v0, u1, v1 …, row after row.
    pub planes: Vec<Vec<f32>>,
    /// Counts of the flow's components before clipping, in 80 bins of 1 px from −40 to 40; values outside count in the
    /// outermost bins.
    pub histogram: Vec<u32>,
    /// Share of the components beyond ±20 px, 0 … 1.
    pub clipped: f32,
}

/// Bins of [`TemporalInput::histogram`], 1 px each.
const BINS: usize = 80;

impl TemporalInput {
    /// Creates the input with the histogram of the flow's components `px` before clipping.
    pub(in crate::engine) fn new(width: usize, height: usize, planes: Vec<Vec<f32>>, px: &[f32]) -> Self {
        let mut histogram = vec![0; BINS];
        for px in px {
            let bin = (px + (BINS / 2) as f32).clamp(0.0, (BINS - 1) as f32);
            histogram[bin as usize] += 1; // the cast rounds down
        }
        let beyond = px.iter().filter(|px| px.abs() > CLIP_PX).count();
        Self { width, height, planes, histogram, clipped: beyond as f32 / px.len().max(1) as f32 }
    }
}

/// All terms of the unsupervised loss for a pair and its flow, on the grid of the flow (spec, section 2).
#[derive(Debug, Clone)]
pub struct FlowDiagnostics {
    /// The source of the flow.
    pub source: FlowSource,
    /// Model and settings that the flow was computed with.
    pub basis: FlowBasis,
    /// The ground truth that `statistics` compares it with.
    pub truth: Option<PathBuf>,
    /// The first frame of the pair.
    pub frame: usize,
    /// Distance to the second frame.
    pub stride: usize,
    /// Whether the flow is a [draft](SourceFlow::is_draft), whose statistics do not represent the source.
    pub is_draft: bool,
    /// The first loss image, after local response normalisation, with the mean colour restored.
    pub first: Arc<RgbImage>,
    /// The second loss image, warped by the flow; black where it points outside.
    pub warped: Arc<RgbImage>,
    /// |I₀ − warped I₁|, mean over the channels, in grey levels of the loss images.
    pub error: ScalarMap,
    /// Structural similarity per window, −1 … 1.
    pub ssim: ScalarMap,
    /// Width in cells of the border that the loss excludes.
    pub border: usize,
    /// 1 where the forward–backward check fails; `None` if not requested or the source has no backward flow.
    pub occlusion: Option<ScalarMap>,
    /// The statistics.
    pub statistics: FlowStatistics,
}

/// A map with one number per cell.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalarMap {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row after row; NaN for missing values.
    pub values: Vec<f32>,
}

/// Statistics of one flow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowStatistics {
    /// Lengths of the vectors, in pixels of the video.
    pub magnitudes: Magnitudes,
    /// Mean of |I₀ − warped I₁| inside the border mask, in grey levels of the loss images.
    pub photometric: f32,
    /// The same divided by that of zero flow; below 1 the flow explains part of the difference. NaN for equal frames.
    pub photometric_ratio: f32,
    /// Mean structural similarity.
    pub ssim: f32,
    /// Errors against the ground truth, if there is one.
    pub errors: Option<RegionErrors>,
}

/// Statistics of one frame from the measurement of a whole clip.
#[derive(Debug, Clone)]
pub struct ClipMeasure {
    /// The number of the measurement.
    pub measurement: u64,
    /// The source of the flow.
    pub source: FlowSource,
    /// Model and settings that the flow was computed with, including the stride and the ground truth of the statistics.
    pub basis: FlowBasis,
    /// The first frame of the pair.
    pub frame: usize,
    /// The statistics.
    pub statistics: FlowStatistics,
}
