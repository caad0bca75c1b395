//! The flow of a clip for the temporal stream: computed once, then cropped per window.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use image::RgbImage;

use crate::data::augmentation::{Crop, FlowMap};
use crate::error::Result;
use crate::flow::FlowField;
use crate::nets::{FLOW_UNIT_PX, MotionNetwork, device_of, read_back};
use crate::training::batches;
use crate::video::Geometry;

/// Number of windows per network pass.
const WINDOWS_AT_ONCE: usize = 16;
/// Frame pixels per cell of flow that is not from a network: the resolution of MotionNet's finest flow.
const CELL_PX: usize = 2;

/// The flow stacks of a clip: one per pair or one per window, depending on the source.
///
/// A stack is identified by its first frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stacking {
    /// Frames of the clip, at least one.
    pub frames: usize,
    /// Number of frames that the source reads at once, at least two.
    pub span: usize,
}

impl Stacking {
    /// Returns the range of all stacks. The pair that starts with the last frame repeats it; windows end with the clip.
    pub fn all(self) -> Range<usize> {
        let last = if self.span == 2 { self.frames - 1 } else { self.frames.saturating_sub(self.span) };
        0..last + 1
    }

    /// Returns the stacks that contain the window of `pairs` pairs starting at frame `start`.
    pub fn of_window(self, start: usize, pairs: usize) -> BTreeSet<usize> {
        (0..pairs).map(|pair| self.place(start, pair).0).collect()
    }

    /// Returns the frames of stack `start`; beyond the end of the clip, its last frame is repeated.
    pub fn frames_of(self, start: usize) -> impl Iterator<Item = usize> {
        (start..start + self.span).map(move |frame| frame.min(self.frames - 1))
    }

    /// Returns the stack that contains pair `pair` of the window starting at frame `start`, and the pair's index in it.
    /// Pairs beyond the clip consist of repeated frames, without motion. A window of more pairs than a stack is
    /// assembled from several stacks.
    fn place(self, start: usize, pair: usize) -> (usize, usize) {
        let pairs = self.span - 1;
        let stack = (start + pair / pairs * pairs).min(self.all().end - 1);
        (stack, (start + pair - stack).min(pairs - 1))
    }
}

/// The grid of raw flow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Number of columns.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// Cells per frame pixel.
    pub cells_from_px: f32,
}

/// Raw flow: full-resolution pixels ÷ 20 on a grid coarser than the frames (spec, section 3).
#[derive(Debug, Clone, PartialEq)]
pub struct Stacks {
    /// Grid of all stacks.
    pub grid: Grid,
    /// Planes u and v of each pair, one vector per stack.
    pub values: Vec<Vec<f32>>,
}

impl Stacks {
    /// Returns the finest flow of `network` for `windows`, at least one, each with as many frames as the network reads.
    ///
    /// # Errors
    /// If the device fails.
    pub fn of_network(network: &MotionNetwork, windows: &[Vec<&RgbImage>]) -> Result<Self> {
        let (device, (width, height)) = (device_of(network), windows[0][0].dimensions());
        let batch = batches::size(batches::parallel_budget_px(&device), Geometry { width, height }, 1);
        let batches: Vec<_> = windows.chunks(batch.min(WINDOWS_AT_ONCE)).collect();
        let parts = batches::for_each(&device, &batches, |windows| {
            let finest = network.flows(windows).into_finest();
            let [_, channels, height, width] = finest.dims();
            let flow = read_back(finest)?;
            let values: Vec<_> = flow.chunks_exact(channels * height * width).map(<[f32]>::to_vec).collect();
            Ok(([height, width], values))
        })?;
        let size = parts[0].0;
        let values = parts.into_iter().flat_map(|(_, values)| values).collect();
        // A half, or a quarter in the ablation without full-resolution layers.
        let cells_from_px = 1.0 / (width as f32 / size[1].max(1) as f32).round();
        Ok(Self { grid: Grid { width: size[1], height: size[0], cells_from_px }, values })
    }

    /// Returns the flow of `fields`, each from a frame of size `frame` to the next; `None` for the last frame. Unknown
    /// vectors are set to zero.
    pub fn of_pairs(fields: impl IntoIterator<Item = Option<FlowField>>, frame: Geometry) -> Self {
        let [width, height] = [frame.width as usize, frame.height as usize].map(|side| side.div_ceil(CELL_PX));
        let rest = || vec![0.0; 2 * width * height];
        let values = fields.into_iter().map(|field| field.map_or_else(rest, |field| cells(&field))).collect();
        Self { grid: Grid { width, height, cells_from_px: 1.0 / CELL_PX as f32 }, values }
    }

    /// Applies `map` to every component, in pixels.
    pub fn mapped_px(mut self, map: impl Fn(f32) -> f32) -> Self {
        for value in self.values.iter_mut().flatten() {
            *value = map(*value * FLOW_UNIT_PX) / FLOW_UNIT_PX;
        }
        self
    }
}

/// Raw flow of the frames of a clip.
pub struct ClipFlow {
    stacking: Stacking,
    grid: Grid,
    /// Stacks by their first frame.
    stacks: BTreeMap<usize, Arc<[f32]>>,
}

impl ClipFlow {
    /// Returns the flow of a clip, complete or only the stacks needed for some windows.
    pub fn new(stacking: Stacking, grid: Grid, stacks: BTreeMap<usize, Arc<[f32]>>) -> Self {
        Self { stacking, grid, stacks }
    }

    /// Appends the flow of the window of `pairs` pairs starting at frame `start`, cropped by `crop` and resized for
    /// frames of size `seen`: 2·pairs planes of the returned height and width.
    ///
    /// # Panics
    /// If the clip's flow lacks stacks of the window.
    pub fn append_window(
        &self,
        start: usize,
        pairs: usize,
        crop: &Crop,
        seen: Geometry,
        planes: &mut Vec<f32>,
    ) -> [usize; 2] {
        let cells = |side: u32| ((side as f32 * self.grid.cells_from_px) as u32).max(1);
        let size = Geometry { width: cells(seen.width), height: cells(seen.height) };
        (0..pairs).for_each(|pair| crop.append_flow(self.pair(start, pair), size, planes));
        [size.height as usize, size.width as usize]
    }

    /// Returns the number of frames of the clip.
    pub fn frames(&self) -> usize {
        self.stacking.frames
    }

    /// Returns the flow of pair `pair` of the window starting at `start`.
    fn pair(&self, start: usize, pair: usize) -> FlowMap<'_> {
        let Grid { width, height, cells_from_px } = self.grid;
        let plane = 2 * width * height;
        let (stack, within) = self.stacking.place(start, pair);
        FlowMap { uv: &self.stacks[&stack][within * plane..(within + 1) * plane], width, height, cells_from_px }
    }
}

/// Returns planes u and v of raw flow, averaged over cells of [`CELL_PX`]² vectors.
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

    fn clip_flow(fields: Vec<FlowField>, frames: usize, frame: Geometry) -> ClipFlow {
        let stacking = Stacking { frames, span: 2 };
        let mut fields = fields.into_iter();
        let Stacks { grid, values } = Stacks::of_pairs(stacking.all().map(|_| fields.next()), frame);
        ClipFlow::new(stacking, grid, values.into_iter().map(Arc::from).enumerate().collect())
    }

    #[test]
    fn pictures_of_flow_become_raw_flow_at_half_the_size() {
        let frame = Geometry { width: 3, height: 2 };
        let uv = vec![[20.0, 0.0], [40.0, 0.0], [-20.0, 10.0], [0.0, 0.0], [20.0, 0.0], FlowField::UNKNOWN];
        let flow = clip_flow(vec![FlowField::new(3, 2, uv)], 12, frame);
        assert_eq!((flow.grid.width, flow.grid.height, flow.stacks.len()), (2, 1, 12), "beyond the clip nothing moves");
        assert_eq!(*flow.stacks[&0], [1.0, -0.5, 0.0, 0.25], "u of both cells, then v; what is unknown stands still");
        assert_eq!(*flow.stacks[&10], [0.0; 4], "there was no more");
    }

    #[test]
    fn windows_are_mirrored_and_end_in_rest() {
        let frame = Geometry { width: 4, height: 2 };
        let row = [[20.0, 0.0], [20.0, 0.0], [-10.0, 5.0], [-10.0, 5.0]];
        let flow = clip_flow(vec![FlowField::new(4, 2, [row, row].concat())], 12, frame);
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
        let flow = Stacks::of_pairs([Some(field), None], frame).mapped_px(f32::round);
        assert_eq!(flow.values, [[0.05, -0.15], [0.0; 2]]);
    }

    #[test]
    fn windows_need_the_stacks_that_they_show_and_no_others() {
        let of = |frames, span, start, pairs| -> Vec<usize> {
            Stacking { frames, span }.of_window(start, pairs).into_iter().collect()
        };
        assert_eq!(of(300, 2, 40, 10), (40..50).collect::<Vec<_>>());
        assert_eq!(of(44, 2, 40, 10), [40, 41, 42, 43], "the last shows the last frame twice");
        assert_eq!(of(300, 11, 40, 10), [40]);
        assert_eq!(of(300, 11, 40, 63), [40, 50, 60, 70, 80, 90, 100]);
        assert_eq!(of(46, 11, 40, 10), [35], "windows end with the clip");
        assert_eq!(of(5, 11, 0, 10), [0]);
        let short = Stacking { frames: 3, span: 11 };
        assert_eq!(short.frames_of(0).collect::<Vec<_>>(), [0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
    }
}
