//! The flow of a frozen MotionNet, computed once a clip and kept in memory (temporal stream, mode (a)).
//!
//! A clip's flow is computed from whole frames the first time a window of it is drawn; crops and flips then act on the
//! flow itself. Nothing is written to disk.

use std::collections::HashMap;
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;

use super::augmentation::{Draw, FlowMap};
use super::clips::Clips;
use crate::error::Result;
use crate::nets::MotionNetwork;
use crate::nets::preprocessing::motion_input;
use crate::video::Geometry;

/// Flow kept at most; what does not fit is computed again.
const BUDGET_BYTES: usize = 4 << 30;
/// Windows given to the network at once.
const WINDOWS_AT_ONCE: usize = 16;

/// Flow of whole clips, on demand.
pub struct FrozenFlow {
    network: MotionNetwork,
    clips: Arc<Clips>,
    kept: HashMap<usize, Arc<ClipFlow>>,
    bytes: usize,
}

/// Raw finest flow of the frames of a clip.
struct ClipFlow {
    width: usize,
    height: usize,
    /// Planes u and v of each stack of the network: of every pair for a 2-frame network, of every window for an 11-frame one.
    stacks: Vec<Vec<f32>>,
    pairs_in_stack: usize,
}

impl FrozenFlow {
    /// `network` must not lie on an autodiff device: nothing is remembered for a backward pass.
    pub fn new(network: MotionNetwork, clips: Arc<Clips>) -> Self {
        Self { network, clips, kept: HashMap::new(), bytes: 0 }
    }

    /// The raw flow of the pairs of drawn windows as the network would see their crops: [draws, 2·pairs, crop/2, crop/2].
    pub fn windows(&mut self, draws: &[Draw], pairs: usize, crop: Geometry, device: &Device) -> Result<Tensor<4>> {
        let cells = Geometry { width: crop.width / 2, height: crop.height / 2 };
        let mut planes = Vec::new();
        for draw in draws {
            let flow = self.clip(draw.clip)?;
            for pair in 0..pairs {
                draw.crop.append_flow(flow.pair(draw.start, pair), cells, &mut planes);
            }
        }
        let shape = [draws.len(), 2 * pairs, cells.height as usize, cells.width as usize];
        Ok(Tensor::from_data(TensorData::new(planes, shape), device))
    }

    fn clip(&mut self, index: usize) -> Result<Arc<ClipFlow>> {
        if let Some(flow) = self.kept.get(&index) {
            return Ok(flow.clone());
        }
        let flow = Arc::new(ClipFlow::compute(&self.network, &self.clips.frames(index)?));
        let bytes = flow.stacks.iter().map(|stack| 4 * stack.len()).sum::<usize>();
        if self.bytes + bytes <= BUDGET_BYTES {
            self.bytes += bytes;
            self.kept.insert(index, flow.clone());
        }
        Ok(flow)
    }
}

impl ClipFlow {
    fn compute(network: &MotionNetwork, frames: &[RgbImage]) -> Self {
        let device = burn::module::Module::devices(network).pop().unwrap_or_else(Device::flex);
        let span = network.frames();
        let window = |start: usize| (start..start + span).map(|i| &frames[i.min(frames.len() - 1)]).collect::<Vec<_>>();
        // What lies beyond the clip shows its last frame twice.
        let last = if span == 2 { frames.len() - 1 } else { frames.len().saturating_sub(span) };
        let windows: Vec<_> = (0..=last).map(window).collect();
        let (mut stacks, mut size) = (Vec::new(), [0, 0]);
        for windows in windows.chunks(WINDOWS_AT_ONCE) {
            let finest = network.forward_any_size(motion_input(windows, &device)).levels.swap_remove(0);
            let [_, channels, height, width] = finest.dims();
            size = [height, width];
            let values: Vec<f32> = finest.into_data().convert::<f32>().try_to_vec().unwrap_or_default();
            stacks.extend(values.chunks_exact(channels * height * width).map(<[f32]>::to_vec));
        }
        Self { width: size[1], height: size[0], stacks, pairs_in_stack: span - 1 }
    }

    /// The flow of pair `pair` of the window that starts at `start`. Pairs beyond the clip show repeated frames: no motion.
    /// A window of more pairs than a stack has is put together of several.
    fn pair(&self, start: usize, pair: usize) -> FlowMap<'_> {
        let plane = 2 * self.width * self.height;
        let stack = (start + pair / self.pairs_in_stack * self.pairs_in_stack).min(self.stacks.len() - 1);
        let within = (start + pair - stack).min(self.pairs_in_stack - 1);
        FlowMap {
            uv: &self.stacks[stack][within * plane..(within + 1) * plane],
            width: self.width,
            height: self.height,
            cells_from_px: 0.5,
        }
    }
}
