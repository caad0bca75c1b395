//! The parameters of TV-L1, named as OpenCV's DualTVL1 names them.

use serde::{Deserialize, Serialize};

/// Parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tvl1Parameters {
    /// Time step of the dual update.
    pub tau: f32,
    /// Weight of the data term.
    pub lambda: f32,
    /// Tightness of the coupling.
    pub theta: f32,
    /// Pyramid levels.
    pub scales: usize,
    /// Warps per level.
    pub warps: usize,
    /// Stopping threshold.
    pub epsilon: f32,
    /// Inner iterations.
    pub inner_iterations: usize,
    /// Outer iterations.
    pub outer_iterations: usize,
    /// Ratio between levels.
    pub scale_step: f32,
    /// Illumination weight.
    pub gamma: f32,
    /// Side of the median filter.
    pub median: usize,
}

impl Tvl1Parameters {
    /// The defaults of OpenCV.
    pub const fn opencv() -> Self {
        Self {
            tau: 0.25,
            lambda: 0.15,
            theta: 0.3,
            scales: 5,
            warps: 5,
            epsilon: 0.01,
            inner_iterations: 30,
            outer_iterations: 10,
            scale_step: 0.8,
            gamma: 0.0,
            median: 5,
        }
    }
}
