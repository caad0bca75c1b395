//! The stages of TV-L1 as kernels, and their constants: the structs of shaders/tvl1 in Rust.

use bytemuck::{Pod, Zeroable};

use super::Tvl1Parameters;
use crate::error::Result;
use crate::gpu::{Kernel, SharedWgpu};

/// The source of a stage, preceded by the code that all stages share.
macro_rules! source {
    ($stage:literal) => {
        concat!(
            include_str!("../../../shaders/tvl1/common.wgsl"),
            include_str!(concat!("../../../shaders/tvl1/", $stage, ".wgsl"))
        )
    };
}

/// Bytes of `Progress` in shaders/tvl1/common.wgsl.
pub(super) const PROGRESS_BYTES: u64 = 16;
/// Most steps of a block; `iterate` has room for the errors of 8. More of them make fewer dispatches, but leave less of
/// the tile inside of the halo: 22² of 32² pixels with 5 steps, 16² with 8.
pub(super) const STEPS_MAX: usize = 5;
/// Pixels on a side of a workgroup's tile in `iterate`, halo included.
pub(super) const TILE: u32 = 32;

/// The kernels in the order in which they run.
pub(super) struct Stages {
    pub grey: Kernel,
    pub resize: Kernel,
    pub gradient: Kernel,
    pub warp: Kernel,
    /// `None` if the flow is not median-filtered.
    pub median: Option<Kernel>,
    pub iterate: Kernel,
    pub decide: Kernel,
}

impl Stages {
    pub fn new(wgpu: &SharedWgpu, parameters: &Tvl1Parameters) -> Result<Self> {
        let radius = [("radius", (parameters.median / 2) as f64)];
        let median = || Kernel::new(wgpu, "median", source!("median"), &radius);
        Ok(Self {
            grey: Kernel::new(wgpu, "grey", source!("grey"), &[])?,
            resize: Kernel::new(wgpu, "resize", source!("resize"), &[])?,
            gradient: Kernel::new(wgpu, "gradient", source!("gradient"), &[])?,
            warp: Kernel::new(wgpu, "warp", source!("warp"), &[])?,
            median: (parameters.median > 1).then(median).transpose()?,
            iterate: Kernel::new(wgpu, "iterate", source!("iterate"), &[])?,
            decide: Kernel::new(wgpu, "decide", source!("decide"), &[])?,
        })
    }
}

/// `Resize` in resize.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct Resize {
    pub old_size: [u32; 2],
    pub new_size: [u32; 2],
    pub ratio: [f32; 2],
    pub gain: f32,
    pub _unused: u32,
}

impl Resize {
    /// Returns the constants for resampling between two grids that cover the same picture.
    pub fn onto(old_size: [u32; 2], new_size: [u32; 2], gain: f32) -> Self {
        let ratio = [0, 1].map(|axis| old_size[axis] as f32 / new_size[axis] as f32);
        Self { old_size, new_size, ratio, gain, _unused: 0 }
    }

    /// Returns the constants for shrinking a level to the next coarser one. The ratio is not that of the sizes, which
    /// are rounded.
    pub fn by_step(old_size: [u32; 2], new_size: [u32; 2], step: f32, gain: f32) -> Self {
        Self { old_size, new_size, ratio: [1.0 / step; 2], gain, _unused: 0 }
    }
}

/// `Block` in iterate.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct KernelBlock {
    pub size: [u32; 2],
    pub halo: u32,
    pub steps: u32,
    pub smoothed: u32,
    pub theta: f32,
    pub step_limit: f32,
    pub dual_step: f32,
}

/// `Decision` in decide.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct Decision {
    pub groups: u32,
    pub steps: u32,
    pub smoothed: u32,
    pub limit: f32,
}

/// Invocations per side of a workgroup in the stages that compute each pixel independently.
pub(super) const GROUP: u32 = 16;

/// Returns the workgroups that cover `planes` planes of `size`.
pub(super) fn groups_of([width, height]: [u32; 2], planes: u32) -> [u32; 3] {
    [width.div_ceil(GROUP), height.div_ceil(GROUP), planes]
}
