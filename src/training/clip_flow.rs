//! The flow of a whole clip as the temporal stream reads it: made once, then seen through any window and crop.

use burn::module::Module;
use burn::tensor::Device;
use image::RgbImage;

use super::augmentation::{Crop, FlowMap};
use crate::flow::FlowField;
use crate::nets::preprocessing::motion_input;
use crate::nets::{FLOW_UNIT_PX, MotionNetwork};
use crate::video::Geometry;

/// Windows given to the network at once.
const WINDOWS_AT_ONCE: usize = 16;
/// Frame pixels a cell of what does not come from a network: the resolution of MotionNet's finest flow.
const CELL_PX: usize = 2;

/// Raw flow of the frames of a clip: full-resolution pixels ÷ 20 on a grid coarser than the frames (spec, section 3).
pub struct ClipFlow {
    frames: usize,
    width: usize,
    height: usize,
    cells_from_px: f32,
    /// Planes u and v of each stack: of every pair for a source that sees pairs, of every window for one that sees windows.
    stacks: Vec<Vec<f32>>,
    pairs_in_stack: usize,
}

impl ClipFlow {
    /// The finest flow that `network` sees in `frames`, of which there is at least one.
    pub fn of_network(network: &MotionNetwork, frames: &[RgbImage]) -> Self {
        let device = network.devices().pop().unwrap_or_else(Device::flex);
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
        // A half, or a quarter without the layers for small displacements.
        let cells_from_px = 1.0 / (frames[0].width() as f32 / size[1].max(1) as f32).round();
        Self { frames: frames.len(), width: size[1], height: size[0], cells_from_px, stacks, pairs_in_stack: span - 1 }
    }

    /// The flow of `fields`, one from each of `frames` frames of size `frame` to the next (or fewer: the rest stands still).
    /// Unknown vectors are no motion.
    pub fn of_pairs(fields: impl Iterator<Item = FlowField>, frames: usize, frame: Geometry) -> Self {
        let [width, height] = [frame.width as usize, frame.height as usize].map(|side| side.div_ceil(CELL_PX));
        let mut stacks: Vec<Vec<f32>> = fields.map(|field| cells(&field)).collect();
        stacks.resize(frames.max(1), vec![0.0; 2 * width * height]);
        Self { frames, width, height, cells_from_px: 1.0 / CELL_PX as f32, stacks, pairs_in_stack: 1 }
    }

    /// All vectors through `map`, which takes and gives a component in pixels.
    pub fn mapped_px(mut self, map: impl Fn(f32) -> f32) -> Self {
        for value in self.stacks.iter_mut().flatten() {
            *value = map(*value * FLOW_UNIT_PX) / FLOW_UNIT_PX;
        }
        self
    }

    /// What the window of `pairs` pairs that starts at frame `start` shows through `crop`, as the network would see frames of
    /// size `seen`: appends 2·pairs planes of the returned height and width to `planes`.
    pub fn append_window(
        &self,
        start: usize,
        pairs: usize,
        crop: &Crop,
        seen: Geometry,
        planes: &mut Vec<f32>,
    ) -> [usize; 2] {
        let cells = |side: u32| ((side as f32 * self.cells_from_px) as u32).max(1);
        let size = Geometry { width: cells(seen.width), height: cells(seen.height) };
        (0..pairs).for_each(|pair| crop.append_flow(self.pair(start, pair), size, planes));
        [size.height as usize, size.width as usize]
    }

    /// How many frames the clip has.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Memory it takes.
    pub fn bytes(&self) -> usize {
        self.stacks.iter().map(|stack| size_of::<f32>() * stack.len()).sum()
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
            cells_from_px: self.cells_from_px,
        }
    }
}

/// Planes u and v of the means of [`CELL_PX`]² vectors, raw.
fn cells(field: &FlowField) -> Vec<f32> {
    let mut planes = Vec::new();
    for component in 0..2 {
        for y in (0..field.height).step_by(CELL_PX) {
            planes.extend((0..field.width).step_by(CELL_PX).map(|x| {
                let (columns, rows) = (x..(x + CELL_PX).min(field.width), y..(y + CELL_PX).min(field.height));
                let count = (columns.len() * rows.len()) as f32;
                let known = rows
                    .flat_map(|y| columns.clone().map(move |x| field.at(x, y)))
                    .filter(|uv| FlowField::is_known(*uv));
                known.map(|uv| uv[component]).sum::<f32>() / count / FLOW_UNIT_PX
            }));
        }
    }
    planes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_flow_become_raw_flow_at_half_the_size() {
        let frame = Geometry { width: 3, height: 2 };
        let uv = vec![[20.0, 0.0], [40.0, 0.0], [-20.0, 10.0], [0.0, 0.0], [20.0, 0.0], FlowField::UNKNOWN];
        let flow = ClipFlow::of_pairs(std::iter::once(FlowField::new(3, 2, uv)), 12, frame);
        assert_eq!((flow.width, flow.height, flow.stacks.len()), (2, 1, 12), "beyond the clip nothing moves");
        assert_eq!(flow.stacks[0], [1.0, -0.5, 0.0, 0.25], "u of both cells, then v; what is unknown stands still");
        assert_eq!(flow.stacks[10], [0.0; 4], "there was no more");
    }

    #[test]
    fn windows_are_mirrored_and_end_in_rest() {
        let frame = Geometry { width: 4, height: 2 };
        let row = [[20.0, 0.0], [20.0, 0.0], [-10.0, 5.0], [-10.0, 5.0]];
        let flow = ClipFlow::of_pairs(std::iter::once(FlowField::new(4, 2, [row, row].concat())), 12, frame);
        let mut planes = Vec::new();
        let size = flow.append_window(0, 10, &Crop { mirrored: true, ..Crop::whole(frame) }, frame, &mut planes);
        assert_eq!((size, planes.len()), ([1, 2], 20 * 2));
        assert_eq!(planes[..4], [0.5, -1.0, 0.25, 0.0], "u from the right, with its sign changed, then v");
        assert!(planes[4..].iter().all(|value| *value == 0.0));
    }

    #[test]
    fn components_are_mapped_in_pixels() {
        let frame = Geometry { width: 2, height: 2 };
        let field = FlowField::new(2, 2, vec![[1.24, -3.1]; 4]);
        let flow = ClipFlow::of_pairs(std::iter::once(field), 2, frame).mapped_px(f32::round);
        assert_eq!(flow.stacks, [[0.05, -0.15], [0.0; 2]]);
        assert_eq!(flow.bytes(), 16);
    }
}
