//! The analysis of the current frame: the value in the engine's analysis slot.

use std::sync::Arc;

use image::RgbImage;

use super::repeated_frame::is_repeated;
use crate::flow::FlowField;
use crate::gpu::FlowBuffer;
use crate::nets::MotionSquare;
use crate::nets::fusion::{Doubt, Fusion};
use crate::video::Geometry;

/// The scores around one frame of the clip, whose flow is a [`SourceFlow`](crate::engine::SourceFlow).
#[derive(Clone)]
pub struct Analysis {
    /// The [generation](crate::engine::InferencePipeline::generation) of the model: its classes belong to the scores.
    pub model: u64,
    /// The frame that was current when the flow was computed.
    pub frame: usize,
    /// First frame of the window of eleven.
    pub window_start: usize,
    /// Index of the flow's pair in the window: from frame `window_start + pair · stride` to the next.
    pub pair: usize,
    /// Pyramid level of the flow.
    pub level: usize,
    /// Distance between the frames of a pair.
    pub stride: usize,
    /// Number of frames in the window that repeat the clip's last frame (clips shorter than eleven frames).
    pub padded: usize,
    /// The newest complete scores of this clip; `None` until the first window is done.
    pub scores: Option<Scores>,
    /// Frame and stride of `scores`; they differ from `frame` and `stride` while new scores are computed.
    pub scored: [usize; 2],
    /// Run times of the latest evaluations.
    pub timing: Timing,
}

impl Analysis {
    /// Returns whether the scores are those of the window with this first frame and stride.
    pub(in crate::engine) fn has_scores_of(&self, window: [usize; 2]) -> bool {
        self.scored == [self.frame, self.stride] && window == [self.window_start, self.stride]
    }
}

/// A flow field ready for drawing and read-out.
#[derive(Clone)]
pub struct FlowView {
    /// The flow on its own grid, in pixels of `frame_size`.
    pub field: Arc<FlowField>,
    /// Size of the picture whose pixels are the unit of the vectors: the network's frame, or TV-L1's input.
    pub frame_size: Geometry,
    /// The largest magnitude, in pixels of `frame_size`.
    pub max_px: f32,
    /// The length that exceeds nearly all vectors, in pixels of `frame_size`, for the colour scale. 0 between repeated
    /// frames, whose flow does not represent the motion of the clip.
    pub typical_px: f32,
    /// The same flow on the GPU, `[1, 2, h, w]`; `None` if it was computed on the CPU.
    pub gpu: Option<FlowBuffer>,
    /// The unit of `gpu` in pixels of `frame_size`: 20 for the networks' raw unit, 1 for TV-L1.
    pub gpu_unit_px: f32,
}

impl FlowView {
    /// Creates a view of a flow computed on the CPU, in pixels of a picture of `frame_size`.
    pub fn on_cpu(field: FlowField, frame_size: Geometry) -> Self {
        let (max_px, typical_px) = (field.magnitude_max(), field.typical_magnitude());
        Self { field: Arc::new(field), frame_size, max_px, typical_px, gpu: None, gpu_unit_px: 1.0 }
    }

    /// Returns the displayed flow for a network's flow from `first` to `second`: networks predict some motion even
    /// between equal pictures, which is displayed as zero. The streams' input is not changed.
    pub fn shown_between(self, first: &RgbImage, second: &RgbImage) -> Self {
        if !is_repeated(first, second) {
            return self;
        }
        if first != second {
            return Self { typical_px: 0.0, ..self };
        }
        let FlowField { width, height, .. } = *self.field;
        Self::on_cpu(FlowField::new(width, height, vec![[0.0; 2]; width * height]), self.frame_size)
    }

    /// Returns the same vectors on the same grid in pixels of a picture of `width` × `height` of the same scene.
    pub fn in_pixels_of(&self, width: usize, height: usize) -> FlowField {
        let scale = [width as f32 / self.frame_size.width as f32, height as f32 / self.frame_size.height as f32];
        let uv = self.field.uv.iter().map(|[u, v]| [u * scale[0], v * scale[1]]).collect();
        FlowField::new(self.field.width, self.field.height, uv)
    }

    /// Returns the flow in a picture of `width` × `height` pixels of the same scene: one vector per pixel, in its
    /// pixels.
    pub fn at_size(&self, width: usize, height: usize) -> FlowField {
        // Resampling expects vectors in cells of their own grid.
        self.in_pixels_of(self.field.width, self.field.height).resized(width, height)
    }
}

/// The logits of the streams for one window; empty for a stream that the model lacks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scores {
    /// First frame of the scored window; during playback it may be slightly before the shown flow.
    pub window_start: usize,
    /// Logits of the spatial stream, in the order of the model's classes.
    pub spatial: Vec<f32>,
    /// Logits of the temporal stream.
    pub temporal: Vec<f32>,
    /// The part of the frame that the spatial stream processed besides, or instead of, the whole.
    pub square: Option<MotionSquare>,
}

impl Scores {
    /// Returns the probabilities of the spatial logits: softmax, or sigmoids for multi-label models.
    pub fn spatial_probabilities(&self, fusion: &Fusion) -> Vec<f32> {
        fusion.of_stream(&self.spatial)
    }

    /// Returns the probabilities of the temporal logits.
    pub fn temporal_probabilities(&self, fusion: &Fusion) -> Vec<f32> {
        fusion.of_stream(&self.temporal)
    }

    /// Returns the scores of both streams under `fusion`; a stream that the model lacks has no weight.
    pub fn fused(&self, fusion: &Fusion) -> Vec<f32> {
        fusion.fuse(&self.spatial, &self.temporal)
    }

    /// Returns [`Scores::fused`] scaled to a sum of 1, see [`Fusion::shares`].
    pub fn fused_probabilities(&self, fusion: &Fusion) -> Vec<f32> {
        fusion.shares(&self.fused(fusion))
    }

    /// Returns the reason why the fused result is uncertain under `fusion`, if it is.
    pub fn doubt(&self, fusion: &Fusion) -> Option<Doubt> {
        fusion.doubt(&self.fused_probabilities(fusion), [&self.spatial, &self.temporal])
    }
}

/// The latest run time of each network in milliseconds; 0 before the first.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timing {
    /// The motion network, for the new pairs.
    pub motion_ms: f32,
    /// Flow normalisation and the temporal stream, including another method's flow that it reads.
    pub temporal_ms: f32,
    /// The spatial stream.
    pub spatial_ms: f32,
}
