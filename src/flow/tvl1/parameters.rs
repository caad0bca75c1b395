//! The parameters of TV-L1, their presets, and the bounds within which the scheme converges.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The parameters of TV-L1 in OpenCV's names and units, for grey values 0…255.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tvl1Parameters {
    /// Time step of the dual iteration; at most 1/4.
    pub tau: f32,
    /// Weight of the data term: the smaller, the smoother the flow.
    pub lambda: f32,
    /// Coupling of the auxiliary flow of the data term to the smooth flow (θ).
    pub theta: f32,
    /// Levels of the pyramid; fewer where a level would be under 16 pixels wide or high.
    pub scales: usize,
    /// Number of warps of the second image per level.
    pub warps: usize,
    /// Iterations stop when the flow of a pixel moves by less than this in the root mean square; pixels, 0 for never.
    pub epsilon: f32,
    /// Iterations between two median filters.
    pub inner_iterations: usize,
    /// Median filters per warp, each followed by `inner_iterations` iterations.
    pub outer_iterations: usize,
    /// Size of a level relative to the next finer one.
    pub scale_step: f32,
    /// Weight of the change of illumination that is estimated along with the flow; 0 for none, which is much faster.
    pub gamma: f32,
    /// Side of the median filter in pixels: 1 (off), 3 or 5.
    pub median: usize,
}

impl Default for Tvl1Parameters {
    fn default() -> Self {
        Self::opencv()
    }
}

impl Tvl1Parameters {
    /// The named presets, with their names on the command line and in the interface.
    pub const PRESETS: [(&str, Self); 3] =
        [("opencv", Self::opencv()), ("two-stream", Self::two_stream()), ("fast", Self::fast())];

    /// Returns the preset with this name.
    ///
    /// # Errors
    /// If there is no such preset; the error lists the known names.
    pub fn preset(name: &str) -> Result<Self> {
        let known = Self::PRESETS.map(|(name, _)| name).join(", ");
        let found = Self::PRESETS.into_iter().find(|(preset, _)| *preset == name);
        found.map(|(_, parameters)| parameters).ok_or_else(|| {
            Error::new(format!("TV-L1's preset {name}"), "no such preset", format!("Choose one of {known}"))
        })
    }

    /// Returns the defaults of OpenCV's `DualTVL1OpticalFlow`.
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

    /// Returns the parameters for extracting flow for two-stream networks: `dense_flow` of Temporal Segment Networks (Wang et al.
    /// 2016) takes the defaults of OpenCV's CUDA version, which has no median filter and 300 iterations in a row.
    pub const fn two_stream() -> Self {
        Self { inner_iterations: 300, outer_iterations: 1, median: 1, ..Self::opencv() }
    }

    /// Returns parameters for live video: a pyramid with a scale of one half, and 40 iterations per level in total. On
    /// Middlebury about eight times as
    /// fast as [`opencv`](Self::opencv), a quarter less exact where motion is small, and far better where it is large.
    pub const fn fast() -> Self {
        Self {
            warps: 2,
            epsilon: 0.0,
            inner_iterations: 10,
            outer_iterations: 2,
            scale_step: 0.5,
            median: 3,
            ..Self::opencv()
        }
    }

    /// Returns the name of the preset for reports, or "own parameters".
    pub(super) fn preset_name(&self) -> &'static str {
        Self::PRESETS.iter().find(|(_, preset)| preset == self).map_or("own parameters", |(name, _)| name)
    }

    /// Returns the parameters themselves if the scheme converges with them and can be run in finite time.
    ///
    /// # Errors
    /// Names the parameter, its value and its range.
    pub fn checked(self) -> Result<Self> {
        // The dual iteration is a gradient step on ‖v + θ div p‖², and with forward differences in two dimensions
        // ‖div‖² ≤ 8: beyond τ = 2/8 it overshoots where the flow is smooth and never comes to rest. (Chambolle 2004,
        // theorem 3.1, proves convergence up to 1/8 and observes it up to 1/4.)
        within("tau", self.tau, 1e-3..=0.25)?;
        within("lambda", self.lambda, 1e-4..=100.0)?;
        within("theta", self.theta, 1e-3..=10.0)?;
        within("scales", self.scales, 1..=32)?;
        within("warps", self.warps, 1..=100)?;
        within("epsilon", self.epsilon, 0.0..=10.0)?;
        within("inner iterations", self.inner_iterations, 1..=10_000)?;
        within("outer iterations", self.outer_iterations, 1..=1_000)?;
        within("scale step", self.scale_step, 0.3..=0.95)?;
        within("gamma", self.gamma, 0.0..=10.0)?;
        if ![1, 3, 5].contains(&self.median) {
            return Err(refusal("median", self.median, "1 (off), 3 or 5"));
        }
        Ok(self)
    }

    /// λθ: how far the data term may move the flow along the gradient of the picture in one iteration.
    pub(super) fn data_step(&self) -> f32 {
        self.lambda * self.theta
    }

    /// τ/θ: the step of the dual iteration.
    pub(super) fn dual_step(&self) -> f32 {
        self.tau / self.theta
    }

    /// Returns the sum of squared changes of the flow of `pixels` pixels at which iterations stop.
    pub(super) fn stop_below(&self, pixels: usize) -> f64 {
        f64::from(self.epsilon * self.epsilon * pixels as f32)
    }
}

/// Returns an error unless `value` is in `range`; NaN never is.
fn within<T: PartialOrd + Display>(name: &str, value: T, range: RangeInclusive<T>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(refusal(name, value, &format!("{} to {}", range.start(), range.end())))
}

fn refusal(name: &str, value: impl Display, allowed: &str) -> Error {
    Error::new(format!("TV-L1's {name}"), format!("{value} is not allowed"), format!("Choose {allowed}"))
}
