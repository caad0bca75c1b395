//! The pyramid of TV-L1 on the GPU: the buffers of every level and the passes recorded on them.

use image::RgbImage;

use super::Tvl1Parameters;
use super::gpu_iteration::Iteration;
use super::gpu_stages::{GROUP, PROGRESS_BYTES, Resize, Stages, groups_of};
use super::stages::pyramid::sizes;
use crate::error::{Error, Result};
use crate::gpu::{Bindings, FlowBuffer, GpuBuffer, Recorder, SharedWgpu};

/// All levels of pairs of one size.
pub(super) struct Levels {
    /// All levels, the finest first.
    levels: Vec<GpuLevel>,
    /// Both pictures as bytes, and the bindings that convert them to grey at the finest level.
    pictures: [(GpuBuffer, Bindings); 2],
    /// A progress buffer that stays zero, for passes outside an iteration.
    still: GpuBuffer,
    scale_step: f32,
}

/// One level: both images, the flow between them and what the iteration needs.
pub(super) struct GpuLevel {
    size: [u32; 2],
    /// Grey, `[row, column]`.
    images: [GpuBuffer; 2],
    iteration: Iteration,
    gradient: Bindings,
    warp: Bindings,
    /// Bindings that shrink the images of the next finer level to this one.
    shrink: Option<[Bindings; 2]>,
    /// Bindings that enlarge the flow of the next coarser level to this one.
    receive: Option<Bindings>,
}

impl Levels {
    /// Returns an error message if pictures of `size` exceed the limits of the device.
    pub fn check_limits(wgpu: &SharedWgpu, [width, height]: [u32; 2]) -> Result<()> {
        let largest = u64::from(width) * u64::from(height) * Iteration::LARGEST_BYTES_PER_PIXEL;
        let limits = wgpu.device.limits();
        let allowed = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        if largest > allowed || width.max(height).div_ceil(GROUP) > limits.max_compute_workgroups_per_dimension {
            let (needed, allowed) = (largest >> 20, allowed >> 20);
            let cause = format!(
                "{width}×{height} pixels are too many for the GPU: \
                 they need a buffer of {needed} MiB, the limit is {allowed} MiB"
            );
            return Err(Error::new("TV-L1", cause, "Choose a smaller size, or compute on the CPU"));
        }
        Ok(())
    }

    /// Allocates buffers for pairs of `size` and binds the stages to them.
    pub fn new(wgpu: &SharedWgpu, stages: &Stages, parameters: &Tvl1Parameters, size: [u32; 2]) -> Result<Self> {
        let still = GpuBuffer::storage(wgpu, "no progress", PROGRESS_BYTES)?;
        let mut levels: Vec<GpuLevel> = Vec::new();
        for (width, height) in sizes((size[0] as usize, size[1] as usize), parameters) {
            let mut level = GpuLevel::new(wgpu, stages, parameters, [width as u32, height as u32])?;
            if let Some(finer) = levels.last_mut() {
                level.connect(finer, wgpu, stages, &still, parameters.scale_step)?;
            }
            levels.push(level);
        }
        let bytes = (u64::from(size[0]) * u64::from(size[1]) * 3).next_multiple_of(4);
        let size = GpuBuffer::uniform(wgpu, "picture size", &size)?;
        let picture = |index: usize| {
            let rgb = GpuBuffer::storage(wgpu, "picture", bytes)?;
            let image = &levels[0].images[index];
            let grey = stages.grey.bind(wgpu, &[size.binding(), rgb.binding(), image.binding()])?;
            Ok((rgb, grey))
        };
        let pictures = [picture(0)?, picture(1)?];
        Ok(Self { levels, pictures, still, scale_step: parameters.scale_step })
    }

    /// Columns and rows of the pictures.
    pub fn size(&self) -> [u32; 2] {
        self.finest().size
    }

    pub fn finest(&self) -> &GpuLevel {
        &self.levels[0]
    }

    pub fn coarsest_first(&self) -> impl Iterator<Item = &GpuLevel> {
        self.levels.iter().rev()
    }

    /// Copies both pictures to the device.
    pub fn upload(&self, wgpu: &SharedWgpu, pictures: [&RgbImage; 2]) -> Result<()> {
        self.pictures.iter().zip(pictures).try_for_each(|((rgb, _), picture)| rgb.write(wgpu, picture.as_raw()))
    }

    /// Clears the flow and computes the pictures and gradients of every level.
    pub fn prepare(&self, recorder: &mut Recorder<'_>, stages: &Stages) {
        self.levels.iter().for_each(|level| level.iteration.clear(recorder));
        for (_, grey) in &self.pictures {
            recorder.dispatch(&stages.grey, grey, groups_of(self.size(), 1));
        }
        for level in &self.levels {
            for shrink in level.shrink.iter().flatten() {
                recorder.dispatch(&stages.resize, shrink, groups_of(level.size, 1));
            }
            recorder.dispatch(&stages.gradient, &level.gradient, groups_of(level.size, 1));
        }
    }

    /// Resamples a full-size flow down to the coarsest level as the start.
    pub fn start_from(
        &self,
        recorder: &mut Recorder<'_>,
        wgpu: &SharedWgpu,
        stages: &Stages,
        start: &FlowBuffer,
    ) -> Result<()> {
        let mut old_size = self.size();
        let mut old = start.binding();
        for level in &self.levels {
            let flow = level.iteration.flow.binding();
            let constants = if level.shrink.is_some() {
                Resize::by_step(old_size, level.size, self.scale_step, self.scale_step)
            } else {
                Resize::onto(old_size, level.size, 1.0)
            };
            let constants = GpuBuffer::uniform(wgpu, "start", &constants)?;
            let buffers = [constants.binding(), self.still.binding(), old, flow.clone()];
            recorder.dispatch(&stages.resize, &stages.resize.bind(wgpu, &buffers)?, groups_of(level.size, 2));
            (old, old_size) = (flow, level.size);
        }
        Ok(())
    }
}

impl GpuLevel {
    fn new(wgpu: &SharedWgpu, stages: &Stages, parameters: &Tvl1Parameters, size: [u32; 2]) -> Result<Self> {
        let pixels = u64::from(size[0]) * u64::from(size[1]);
        let image = || GpuBuffer::storage(wgpu, "image", 4 * pixels);
        let images = [image()?, image()?];
        let with_gradient = GpuBuffer::storage(wgpu, "image and gradient", 16 * pixels)?;
        let iteration = Iteration::new(wgpu, stages, parameters, size)?;
        let level_size = GpuBuffer::uniform(wgpu, "level size", &size)?;
        let gradient = [level_size.binding(), images[1].binding(), with_gradient.binding()];
        let warp = [
            level_size.binding(),
            iteration.progress.binding(),
            iteration.flow.binding(),
            images[0].binding(),
            with_gradient.binding(),
            iteration.data_term.binding(),
        ];
        Ok(Self {
            gradient: stages.gradient.bind(wgpu, &gradient)?,
            warp: stages.warp.bind(wgpu, &warp)?,
            shrink: None,
            receive: None,
            size,
            images,
            iteration,
        })
    }

    /// Binds the passes between this level and the next `finer` one: images to this level, flow to the finer.
    fn connect(
        &mut self,
        finer: &mut Self,
        wgpu: &SharedWgpu,
        stages: &Stages,
        still: &GpuBuffer,
        step: f32,
    ) -> Result<()> {
        let constants = GpuBuffer::uniform(wgpu, "shrinking", &Resize::by_step(finer.size, self.size, step, 1.0))?;
        let shrink = |index: usize| {
            let [old, new] = [&finer.images[index], &self.images[index]];
            stages.resize.bind(wgpu, &[constants.binding(), still.binding(), old.binding(), new.binding()])
        };
        self.shrink = Some([shrink(0)?, shrink(1)?]);
        let constants = GpuBuffer::uniform(wgpu, "upscaling", &Resize::onto(self.size, finer.size, 1.0 / step))?;
        let Iteration { progress, flow, .. } = &self.iteration;
        let receive = [constants.binding(), progress.binding(), flow.binding(), finer.iteration.flow.binding()];
        finer.receive = Some(stages.resize.bind(wgpu, &receive)?);
        Ok(())
    }

    /// Enlarges the flow of the next coarser level onto this one, if there is one.
    pub fn receive(&self, recorder: &mut Recorder<'_>, stages: &Stages) {
        if let Some(receive) = &self.receive {
            recorder.dispatch(&stages.resize, receive, groups_of(self.size, 2));
        }
    }

    /// Linearises the data term around the flow and iterates.
    pub fn warp(&self, recorder: &mut Recorder<'_>, stages: &Stages, outer_iterations: usize) {
        recorder.dispatch(&stages.warp, &self.warp, groups_of(self.size, 1));
        self.iteration.run(recorder, stages, outer_iterations);
    }

    /// Returns the bindings that copy the flow of this level, from the half that its iteration ended in, to `flow` of
    /// the same size.
    pub fn copying(&self, wgpu: &SharedWgpu, stages: &Stages, flow: &FlowBuffer) -> Result<Bindings> {
        let constants = GpuBuffer::uniform(wgpu, "handing out", &Resize::onto(self.size, self.size, 1.0))?;
        let Iteration { progress, flow: own, .. } = &self.iteration;
        stages.resize.bind(wgpu, &[constants.binding(), progress.binding(), own.binding(), flow.binding()])
    }
}
