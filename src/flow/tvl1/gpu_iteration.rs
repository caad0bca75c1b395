//! The inner and outer iterations of a level on the GPU, in blocks of steps.
//!
//! Shaders/tvl1/iterate.wgsl runs a block, decide.wgsl tests it for convergence.

use super::Tvl1Parameters;
use super::gpu_stages::{Decision, KernelBlock, PROGRESS_BYTES, STEPS_MAX, Stages, TILE, groups_of};
use crate::error::Result;
use crate::gpu::{Bindings, GpuBuffer, Recorder, SharedWgpu};

/// The buffers of the iteration on one level.
pub(super) struct Iteration {
    size: [u32; 2],
    /// `[half, u or v, row, column]`; `progress` says which half counts.
    pub flow: GpuBuffer,
    /// `Progress` in shaders/tvl1/common.wgsl.
    pub progress: GpuBuffer,
    /// ∂I/∂x, ∂I/∂y, |∇I|², ρc of every pixel.
    pub data_term: GpuBuffer,
    /// `[half, row, column]`, four components each.
    dual: GpuBuffer,
    median: Option<Bindings>,
    /// Workgroups of `iterate`.
    groups: [u32; 3],
    /// The blocks of an inner iteration: the first one after the median filter, the middle ones, and the last one with
    /// the remaining steps.
    first: BoundBlock,
    middle: (BoundBlock, usize),
    last: Option<BoundBlock>,
    /// The block that ends a warp: repeats the steps of the last block up to convergence if it went past it.
    end: BoundBlock,
}

/// A block of steps and its convergence test.
struct BoundBlock {
    iterate: Bindings,
    decide: Bindings,
}

impl Iteration {
    /// Bytes per pixel of the dual variable, the largest buffer.
    pub const LARGEST_BYTES_PER_PIXEL: u64 = 32;

    pub fn new(wgpu: &SharedWgpu, stages: &Stages, parameters: &Tvl1Parameters, size: [u32; 2]) -> Result<Self> {
        let pixels = u64::from(size[0]) * u64::from(size[1]);
        let buffer = |label, bytes_per_pixel| GpuBuffer::storage(wgpu, label, bytes_per_pixel * pixels);
        let flow = buffer("flow of a level", 16)?;
        let smoothed = buffer("smoothed flow", 8)?;
        let data_term = buffer("data term", 16)?;
        let dual = buffer("dual variable", Self::LARGEST_BYTES_PER_PIXEL)?;
        let progress = GpuBuffer::storage(wgpu, "progress", PROGRESS_BYTES)?;

        let plan = BlockPlan::new(parameters.inner_iterations);
        let answered_for = TILE - 2 * plan.steps;
        let groups = [size[0].div_ceil(answered_for), size[1].div_ceil(answered_for), 1];
        let errors = GpuBuffer::storage(wgpu, "errors", 32 * u64::from(groups[0]) * u64::from(groups[1]))?;

        let block = |steps: u32, smoothed_first: bool| -> Result<BoundBlock> {
            let smoothed_first = u32::from(smoothed_first);
            let block = KernelBlock {
                size,
                halo: plan.steps,
                steps,
                smoothed: smoothed_first,
                theta: parameters.theta,
                step_limit: parameters.data_step(),
                dual_step: parameters.dual_step(),
            };
            let limit = parameters.stop_below(pixels as usize) as f32;
            let decision = Decision { groups: groups[0] * groups[1], steps, smoothed: smoothed_first, limit };
            let block = GpuBuffer::uniform(wgpu, "block", &block)?;
            let decision = GpuBuffer::uniform(wgpu, "decision", &decision)?;
            let iterate = [&block, &progress, &data_term, &smoothed, &flow, &dual, &errors].map(GpuBuffer::binding);
            let decide = [&decision, &errors, &progress].map(GpuBuffer::binding);
            Ok(BoundBlock { iterate: stages.iterate.bind(wgpu, &iterate)?, decide: stages.decide.bind(wgpu, &decide)? })
        };
        let level_size = GpuBuffer::uniform(wgpu, "level size", &size)?;
        let median = [&level_size, &progress, &flow, &smoothed].map(GpuBuffer::binding);
        Ok(Self {
            size,
            groups,
            median: stages.median.as_ref().map(|kernel| kernel.bind(wgpu, &median)).transpose()?,
            first: block(plan.steps, stages.median.is_some())?,
            middle: (block(plan.steps, false)?, plan.repeats),
            last: (plan.rest > 0).then(|| block(plan.rest, false)).transpose()?,
            end: block(0, false)?,
            flow,
            progress,
            data_term,
            dual,
        })
    }

    /// Clears flow, dual variable and progress.
    pub fn clear(&self, recorder: &mut Recorder<'_>) {
        [&self.flow, &self.dual, &self.progress].into_iter().for_each(|buffer| recorder.clear(buffer));
    }

    /// Records the iterations of a warp; the device skips the rest once they have converged.
    pub fn run(&self, recorder: &mut Recorder<'_>, stages: &Stages, outer_iterations: usize) {
        for _ in 0..outer_iterations {
            if let (Some(kernel), Some(median)) = (&stages.median, &self.median) {
                recorder.dispatch(kernel, median, groups_of(self.size, 1));
            }
            self.record(recorder, stages, &self.first);
            let (middle, repeats) = &self.middle;
            (0..*repeats).for_each(|_| self.record(recorder, stages, middle));
            self.last.iter().for_each(|last| self.record(recorder, stages, last));
        }
        self.record(recorder, stages, &self.end);
    }

    fn record(&self, recorder: &mut Recorder<'_>, stages: &Stages, block: &BoundBlock) {
        recorder.dispatch(&stages.iterate, &block.iterate, self.groups);
        recorder.dispatch(&stages.decide, &block.decide, [1; 3]);
    }
}

/// The division of an inner iteration into blocks.
struct BlockPlan {
    /// Steps of each block but the last.
    steps: u32,
    /// Blocks between the first and the last.
    repeats: usize,
    /// Steps of the last block; 0 if there is none besides the first and the middle ones.
    rest: u32,
}

impl BlockPlan {
    /// Divides the iterations into as few blocks as possible, of nearly the same length.
    fn new(inner_iterations: usize) -> Self {
        let steps = inner_iterations.div_ceil(inner_iterations.div_ceil(STEPS_MAX));
        let whole = inner_iterations / steps;
        Self { steps: steps as u32, repeats: whole - 1, rest: (inner_iterations % steps) as u32 }
    }
}
