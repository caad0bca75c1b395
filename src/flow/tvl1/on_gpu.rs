//! TV-L1 on the GPU: runs the stages of shaders/tvl1 in order, from the pictures to a flow that stays on the GPU.
//!
//! Nothing is read back in between. The loops are recorded at full length, and once an iteration has converged the GPU
//! skips the rest.

use image::RgbImage;

use super::Tvl1Parameters;
use super::gpu_levels::Levels;
use super::gpu_stages::{Stages, groups_of};
use crate::error::{Error, Result};
use crate::flow::{FlowEstimator, FlowField};
use crate::gpu::{FlowBuffer, Recorder, SharedWgpu, read_back};

/// TV-L1 (Zach, Pock, Bischof 2007) as compute passes, with OpenCV's results.
///
/// Keeps its memory, some 260 bytes per pixel, from pair to pair as long as the size stays the same.
pub struct Tvl1OnGpu {
    wgpu: SharedWgpu,
    parameters: Tvl1Parameters,
    stages: Stages,
    levels: Option<Levels>,
    previous: Option<FlowBuffer>,
}

impl Tvl1OnGpu {
    /// Compiles the stages.
    ///
    /// # Errors
    /// A parameter is out of its range, or illumination is to be estimated, γ ≠ 0, which only the CPU does; the device
    /// falls short of what the stages need.
    pub fn new(wgpu: &SharedWgpu, parameters: Tvl1Parameters) -> Result<Self> {
        let parameters = parameters.checked()?;
        if parameters.gamma != 0.0 {
            let cause = "illumination (gamma) is not supported on the GPU";
            return Err(Error::new("TV-L1", cause, "Set gamma to 0, or compute on the CPU"));
        }
        let stages = Stages::new(wgpu, &parameters)?;
        Ok(Self { wgpu: wgpu.clone(), parameters, stages, levels: None, previous: None })
    }

    /// Returns the flow from `first` to `second` in pixels, `[2, height, width]`, in memory of its own. Does not wait for it:
    /// whatever is submitted to the same queue afterwards sees it.
    ///
    /// `warm` starts from the flow that was computed before, if there is one of the same size, instead of from zero.
    ///
    /// # Errors
    /// The pictures are empty, differ in size or are too large for the device, its memory is full, or it was lost.
    pub fn flow(&mut self, first: &RgbImage, second: &RgbImage, warm: bool) -> Result<FlowBuffer> {
        let size = self.size_of(first, second)?;
        if self.levels.as_ref().is_none_or(|levels| levels.size() != size) {
            // Frees the old buffers first, so that both are never allocated at once.
            (self.levels, self.previous) = (None, None);
        }
        let levels = match self.levels.take() {
            Some(levels) => levels,
            None => Levels::new(&self.wgpu, &self.stages, &self.parameters, size)?,
        };
        let start = self.previous.take().filter(|_| warm);
        let flow = self.run(&levels, [first, second], start)?;
        self.levels = Some(levels);
        self.previous = Some(flow.clone());
        Ok(flow)
    }

    /// Waits for `flow` and copies its first pair to the CPU.
    ///
    /// # Errors
    /// The device was lost, or its memory is full.
    pub fn read(&self, flow: &FlowBuffer) -> Result<FlowField> {
        let values: Vec<f32> = read_back(&self.wgpu, flow.binding())?;
        let (us, vs) = values.split_at(flow.width * flow.height);
        Ok(FlowField::new(flow.width, flow.height, us.iter().zip(vs).map(|(&u, &v)| [u, v]).collect()))
    }

    fn size_of(&self, first: &RgbImage, second: &RgbImage) -> Result<[u32; 2]> {
        let refused = |cause: String, remedy| Err(Error::new("TV-L1", cause, remedy));
        let (width, height) = first.dimensions();
        if first.dimensions() != second.dimensions() {
            let (other_width, other_height) = second.dimensions();
            let cause = format!("the images are {width}×{height} and {other_width}×{other_height} pixels");
            return refused(cause, "Choose two images of the same size");
        }
        if width == 0 || height == 0 {
            return refused("the images are empty".into(), "Choose other images");
        }
        Levels::check_limits(&self.wgpu, [width, height])?;
        Ok([width, height])
    }

    /// Runs from the coarsest level to the finest. Every warp is submitted separately: it starts while the next one is
    /// being recorded, and no submission is so long that the system takes the device for hung.
    fn run(&self, levels: &Levels, pictures: [&RgbImage; 2], start: Option<FlowBuffer>) -> Result<FlowBuffer> {
        let (wgpu, stages) = (&self.wgpu, &self.stages);
        levels.upload(wgpu, pictures)?;
        let mut recorder = Recorder::new(wgpu, "TV-L1");
        levels.prepare(&mut recorder, stages);
        if let Some(start) = start {
            levels.start_from(&mut recorder, wgpu, stages, &start)?;
        }
        for level in levels.coarsest_first() {
            level.receive(&mut recorder, stages);
            for _ in 0..self.parameters.warps {
                level.warp(&mut recorder, stages, self.parameters.outer_iterations);
                recorder.submit()?;
            }
        }
        let [width, height] = levels.size();
        let flow = FlowBuffer::new(wgpu, [2, height as usize, width as usize])?;
        let copying = levels.finest().copying(wgpu, stages, &flow)?;
        recorder.dispatch(&stages.resize, &copying, groups_of([width, height], 2));
        recorder.submit()?;
        Ok(flow)
    }
}

impl FlowEstimator for Tvl1OnGpu {
    fn name(&self) -> String {
        format!("TV-L1 ({}), GPU", self.parameters.preset_name())
    }

    fn estimate(&mut self, first: &RgbImage, second: &RgbImage) -> Result<FlowField> {
        let flow = self.flow(first, second, false)?;
        self.read(&flow)
    }
}
