//! TV-L1 as a flow source: on the networks' GPU if there is one, else on the CPU.

use std::sync::Arc;

use image::RgbImage;
use image::imageops::{FilterType, resize};

use super::source::{ClipSource, Estimate};
use crate::engine::FlowView;
use crate::error::Result;
use crate::flow::Plane;
use crate::flow::tvl1::{Tvl1, Tvl1OnGpu, Tvl1Parameters};
use crate::gpu::Compute;
use crate::video::{Frame, Geometry};

/// TV-L1 on pictures of at most a given size.
pub(super) struct Tvl1Source {
    solver: Solver,
    /// Longest side of its input pictures; `None` for the display size.
    side: Option<u32>,
    warm_start: bool,
    /// The second frame of the previous pair and its flow, to initialise the next pair.
    previous: Option<(usize, FlowView)>,
}

enum Solver {
    Gpu(Box<Tvl1OnGpu>),
    Cpu(Box<Tvl1>),
}

impl Tvl1Source {
    /// Creates a solver with `parameters` on the device of `compute`.
    ///
    /// # Errors
    /// If a parameter is outside its range, or the GPU fails.
    pub fn new(parameters: Tvl1Parameters, side: Option<u32>, warm_start: bool, compute: &Compute) -> Result<Self> {
        let solver = match &compute.wgpu {
            // The illumination term is rarely used, so only the CPU supports it.
            Some(wgpu) if parameters.gamma == 0.0 => Solver::Gpu(Box::new(Tvl1OnGpu::new(wgpu, parameters)?)),
            _ => Solver::Cpu(Box::new(Tvl1::new(parameters)?)),
        };
        Ok(Self { solver, side, warm_start, previous: None })
    }

    /// Returns whether the pair follows the previous one closely enough for initialisation by its flow.
    fn is_next(&self, first: &Frame, size: Geometry) -> bool {
        self.warm_start
            && self.previous.as_ref().is_some_and(|(end, flow)| {
                // Playback skips frames on a slow machine; their flow is still similar.
                first.index.abs_diff(*end) <= 2 && flow.frame_size == size
            })
    }
}

impl ClipSource for Tvl1Source {
    fn estimate(&mut self, [first, second]: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
        let [width, height] = [first.display.width(), first.display.height()];
        let whole = Geometry { width, height };
        let size = self.side.map_or(whole, |side| whole.fitted(side));
        let warm = self.is_next(first, size);
        let [a, b] = [first, second].map(|frame| fitted(&frame.display, size));
        let flow = match &mut self.solver {
            Solver::Gpu(solver) => {
                let buffer = solver.flow(&a, &b, warm)?;
                FlowView { gpu: Some(buffer.clone()), ..FlowView::on_cpu(solver.read(&buffer)?, size) }
            }
            Solver::Cpu(solver) => {
                let initial = self.previous.as_ref().filter(|_| warm).map(|(_, flow)| &*flow.field);
                FlowView::on_cpu(solver.flow(&Plane::grey(&a), &Plane::grey(&b), initial)?, size)
            }
        };
        self.previous = Some((second.index, flow.clone()));
        Ok(Some(flow.into()))
    }

    fn is_reversible(&self) -> bool {
        true
    }

    fn forget_previous(&mut self) {
        self.previous = None;
    }
}

/// Returns the picture at `size`, without a copy if it already has that size.
fn fitted(picture: &Arc<RgbImage>, size: Geometry) -> Arc<RgbImage> {
    if picture.dimensions() == (size.width, size.height) {
        return picture.clone();
    }
    Arc::new(resize(&**picture, size.width, size.height, FilterType::Triangle))
}
