//! Convolutions and their way back: sums over taps of maps in padded planes.
//!
//! A task copies a band of rows into planes, for all input maps of a picture, and goes over it with one block of output
//! maps after the other. A tile of `M` maps and `N` vectors of pixels stays in registers while the sum runs over all
//! input maps and taps (`tile.rs`); the weights of a block are in the order of that sum. Three sizes matter:
//!
//! - The planes of a band fit the second level of the cache, so that all blocks find them there. Large maps are cut into
//!   bands of rows for it.
//! - The weights of a block are read again for every tile: a block of narrow layers fits the first level, one of wide
//!   layers the second.
//! - Tasks are pictures × bands × blocks. With few pictures and bands the blocks are split, or, where weights are few,
//!   more bands made, so that one picture keeps all threads busy. Groups are split like blocks.
//!
//! 1×1 convolutions without steps read the maps where they are.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::planes::PlaneLayout;
use super::scratch::with_buffers;
use super::simd::Vectors;
use super::sizes::{ConvolutionAxis, ConvolutionSizes, KernelTap};
use super::tile::{Activation, Band, LARGEST_BLOCK, LONGEST_TILE};

/// Numbers of the planes of a task: half a megabyte.
const BAND: usize = 128 * 1024;

/// Steps of the sum whose weights are packed at a time.
const STEPS_PACKED: usize = 64;

/// Tasks for each thread, so that one that is interrupted does not keep the others waiting.
const TASKS_PER_THREAD: usize = 3;

/// What is done with the sums of each map.
#[derive(Clone, Copy, Debug)]
pub struct Finish<'a> {
    /// Multiplied with each map, before the bias is added.
    pub scale: Option<&'a [f32]>,
    /// Added to each map.
    pub bias: Option<&'a [f32]>,
    /// Behind all.
    pub activation: Activation,
}

impl Finish<'_> {
    /// Nothing.
    pub const NONE: Self = Self { scale: None, bias: None, activation: Activation::NONE };
}

/// Returns `y` of the convolution of `x` [b, c, h, w] with `weight` [maps, c / groups, kh, kw].
pub fn convolve(vectors: Vectors, sizes: &ConvolutionSizes, x: &[f32], weight: &[f32], finish: Finish) -> Vec<f32> {
    let ([of_x, of_y], taps) = (sizes.maps_of_group(), sizes.taps());
    let strides = [of_y * of_x * taps, of_x * taps, taps];
    let axes = [sizes.forward(0), sizes.forward(1)];
    Correlation::new(vectors, sizes, axes, [of_x, of_y], strides).run(x, weight, finish)
}

/// Returns `x` of the transposed convolution of `y`, which is also the gradient of [`convolve`] for its input.
pub fn convolve_back(
    vectors: Vectors,
    sizes: &ConvolutionSizes,
    y: &[f32],
    weight: &[f32],
    finish: Finish,
) -> Vec<f32> {
    let ([of_x, of_y], taps) = (sizes.maps_of_group(), sizes.taps());
    let strides = [of_y * of_x * taps, taps, of_x * taps];
    let axes = [sizes.backward(0), sizes.backward(1)];
    Correlation::new(vectors, sizes, axes, [of_y, of_x], strides).run(y, weight, finish)
}

/// Consecutive output maps of a group that are computed together.
#[derive(Clone, Copy, Debug)]
struct MapBlock {
    first: usize,
    maps: usize,
}

/// A convolution in one of its directions.
struct Correlation {
    vectors: Vectors,
    axes: [ConvolutionAxis; 2],
    batch: usize,
    groups: usize,
    /// Maps of a group that are read and written.
    maps: [usize; 2],
    /// From the weights of one group, output map and input map to the next.
    strides: [usize; 3],
    blocks: Vec<MapBlock>,
    /// Pairs of taps of each part of the output, rows before columns.
    parts: Vec<Vec<[KernelTap; 2]>>,
    /// Where the weights of an output map are, in the order in which they are used: part, input map, tap.
    reads: Vec<u32>,
}

/// How the work is cut into tasks.
struct TaskGrid {
    /// Rows of a band.
    rows: usize,
    bands: usize,
    /// Blocks of the only group, or groups.
    units: usize,
    units_of_task: usize,
    splits: usize,
}

/// A band of rows of some units of a picture.
struct Task<'a> {
    picture: usize,
    rows: [usize; 2],
    units: [usize; 2],
    /// The rows of every map that it writes.
    out: Vec<&'a mut [f32]>,
}

impl Correlation {
    fn new(
        vectors: Vectors,
        sizes: &ConvolutionSizes,
        axes: [ConvolutionAxis; 2],
        maps: [usize; 2],
        strides: [usize; 3],
    ) -> Self {
        let largest = if vectors == Vectors::Widest { LARGEST_BLOCK } else { 6 };
        let mut blocks = Vec::new();
        let mut first = 0;
        while first < maps[1] {
            let left = maps[1] - first;
            let maps = if left >= largest { largest } else { 1 << left.ilog2() };
            blocks.push(MapBlock { first, maps });
            first += maps;
        }
        let pairs = |ys: &[KernelTap], xs: &[KernelTap]| ys.iter().flat_map(|y| xs.iter().map(|x| [*y, *x])).collect();
        let [y, x] = &axes;
        let parts: Vec<Vec<_>> = y.taps.iter().flat_map(|ys| x.taps.iter().map(|xs| pairs(ys, xs))).collect();
        let mut reads = Vec::new();
        for taps in &parts {
            for from in 0..maps[0] {
                let read = |[y, x]: &[KernelTap; 2]| from * strides[2] + y.kernel * sizes.kernel[1] + x.kernel;
                reads.extend(taps.iter().map(|taps| read(taps) as u32));
            }
        }
        Self { vectors, axes, batch: sizes.batch, groups: sizes.groups, maps, strides, blocks, parts, reads }
    }

    /// Products in the sums of one output map.
    fn steps(&self) -> usize {
        self.reads.len()
    }

    fn cut(&self) -> TaskGrid {
        let y = &self.axes[0];
        let wanted = TASKS_PER_THREAD * rayon::current_num_threads();
        let weights = self.maps[1] * self.steps();
        let whole = PlaneLayout::new(&self.axes, y.grid, 1);
        let row = self.maps[0] * whole.phases[0] * whole.phases[1] * whole.row;
        // Every band reads all weights: where they are many, larger bands are the lesser evil.
        let room = (weights / 4).clamp(BAND, 2 * BAND) / row;
        let mut bands = y.grid.div_ceil(room.saturating_sub(y.halo()).max(1));
        if self.groups == 1 && weights <= BAND && self.batch * bands < wanted {
            let most = y.grid.div_ceil((4 * y.halo()).max(4));
            bands = bands.max(wanted.div_ceil(self.batch).min(most));
        }
        let rows = y.grid.div_ceil(bands);
        let bands = y.grid.div_ceil(rows);
        let units = if self.groups > 1 { self.groups } else { self.blocks.len() };
        let units_of_task = units.div_ceil(wanted.div_ceil(self.batch * bands).clamp(1, units));
        TaskGrid { rows, bands, units, units_of_task, splits: units.div_ceil(units_of_task) }
    }

    fn run(&self, input: &[f32], weight: &[f32], finish: Finish) -> Vec<f32> {
        let [y, x] = &self.axes;
        let mut out = vec![0.0; self.batch * self.groups * self.maps[1] * y.to * x.to];
        if out.is_empty() {
            return out;
        }
        let cut = self.cut();
        let layout = PlaneLayout::new(&self.axes, cut.rows, 1);
        let last = y.grid - (cut.bands - 1) * cut.rows;
        let steps = [y.step_from, x.step_from, y.step_to, x.step_to];
        let direct = [y.extent, x.extent] == [1, 1]
            && [y.low, x.low] == [0, 0]
            && steps == [1; 4]
            && [y.from, x.from] == [y.to, x.to]
            && last * x.to >= LONGEST_TILE;
        let map = if direct { y.from * x.from } else { layout.map() };
        let mut offsets = Vec::with_capacity(self.parts.len());
        for taps in &self.parts {
            let taps: Vec<_> = taps.iter().map(|[y, x]| layout.offset(&self.axes, [y.offset, x.offset])).collect();
            let of_map = |index: usize| taps.iter().map(move |offset| (index * map + offset) as u32);
            offsets.push((0..self.maps[0]).flat_map(of_map).collect());
        }
        // Weights that several tasks use are packed once.
        let packed = if self.batch * cut.bands > 2 { self.pack_all(weight, finish.scale) } else { Vec::new() };
        let shared =
            CorrelationInput { of: self, input, weight, packed: &packed, offsets: &offsets, layout, direct, finish };
        let planes = if direct { 0 } else { self.maps[0] * map + LONGEST_TILE };
        let lengths = [planes, x.step_to * LARGEST_BLOCK * LONGEST_TILE, LARGEST_BLOCK * self.steps()];
        self.tasks(&cut, &mut out).into_par_iter().for_each(|task| {
            with_buffers(lengths, |[planes, tiles, weights]| {
                self.vectors.run(CorrelationWork { shared, task, planes, tiles, weights });
            });
        });
        out
    }

    fn tasks<'a>(&self, cut: &TaskGrid, out: &'a mut [f32]) -> Vec<Task<'a>> {
        let [y, x] = &self.axes;
        let mut tasks = Vec::with_capacity(self.batch * cut.splits * cut.bands);
        for picture in 0..self.batch {
            for split in 0..cut.splits {
                let units = [split, split + 1].map(|split| (split * cut.units_of_task).min(cut.units));
                for band in 0..cut.bands {
                    let rows = [band, band + 1].map(|band| (band * cut.rows).min(y.grid));
                    tasks.push(Task { picture, rows, units, out: Vec::new() });
                }
            }
        }
        let all = self.groups * self.maps[1];
        for (index, map) in out.chunks_mut(y.to * x.to).enumerate() {
            let (picture, map_index) = (index / all, index % all);
            let unit = match self.groups {
                1 => self.blocks.partition_point(|block| block.first <= map_index) - 1,
                _ => map_index / self.maps[1],
            };
            let first = (picture * cut.splits + unit / cut.units_of_task) * cut.bands;
            for (task, rows) in tasks[first..].iter_mut().zip(map.chunks_mut(cut.rows * y.step_to * x.to)) {
                task.out.push(rows);
            }
        }
        tasks
    }

    /// Returns the weights of all blocks of all groups.
    fn pack_all(&self, weight: &[f32], scale: Option<&[f32]>) -> Vec<f32> {
        let steps = self.steps();
        let mut packed = vec![0.0; self.groups * self.maps[1] * steps];
        let mut rest = &mut packed[..];
        let mut jobs = Vec::with_capacity(self.groups * self.blocks.len());
        for group in 0..self.groups {
            for block in &self.blocks {
                let (mine, after) = rest.split_at_mut(block.maps * steps);
                rest = after;
                jobs.push((group, *block, mine));
            }
        }
        let least = BAND / 16 / (LARGEST_BLOCK * steps + 1) + 1;
        let jobs = jobs.into_par_iter().with_min_len(least);
        jobs.for_each(|(group, block, packed)| self.pack(group, block, weight, scale, packed));
        packed
    }

    /// Writes the weights of a block in the order in which they are read: part, input map, tap, output map.
    fn pack(&self, group: usize, block: MapBlock, weight: &[f32], scale: Option<&[f32]>, packed: &mut [f32]) {
        let mut scales = [1.0; LARGEST_BLOCK];
        if let Some(all) = scale {
            scales[..block.maps].copy_from_slice(&all[group * self.maps[1] + block.first..][..block.maps]);
        }
        let weight = weight.get(group * self.strides[0] + block.first * self.strides[1]..).unwrap_or_default();
        match block.maps {
            8 => self.pack_maps::<8>(weight, &scales, packed),
            6 => self.pack_maps::<6>(weight, &scales, packed),
            4 => self.pack_maps::<4>(weight, &scales, packed),
            2 => self.pack_maps::<2>(weight, &scales, packed),
            _ => self.pack_maps::<1>(weight, &scales, packed),
        }
    }

    /// A few steps of all `M` maps at a time: those of one map alone would go over all places again for the next.
    fn pack_maps<const M: usize>(&self, weight: &[f32], scales: &[f32; LARGEST_BLOCK], packed: &mut [f32]) {
        let (places, _) = packed.as_chunks_mut::<M>();
        for (reads, places) in self.reads.chunks(STEPS_PACKED).zip(places.chunks_mut(STEPS_PACKED)) {
            for map in 0..M {
                let weight = &weight[map * self.strides[1]..];
                for (read, place) in reads.iter().zip(&mut *places) {
                    place[map] = weight[*read as usize] * scales[map];
                }
            }
        }
    }
}

/// What all tasks read.
#[derive(Clone, Copy)]
struct CorrelationInput<'a> {
    of: &'a Correlation,
    input: &'a [f32],
    weight: &'a [f32],
    /// Empty where every task packs its own.
    packed: &'a [f32],
    /// Where the products of each part are read, in the order of the weights.
    offsets: &'a [Vec<u32>],
    layout: PlaneLayout,
    /// The maps are read where they are.
    direct: bool,
    finish: Finish<'a>,
}

/// A task and room for its planes, the tiles of all parts and the weights of a block.
struct CorrelationWork<'a> {
    shared: CorrelationInput<'a>,
    task: Task<'a>,
    planes: &'a mut [f32],
    tiles: &'a mut [f32],
    weights: &'a mut [f32],
}

impl WithSimd for CorrelationWork<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shared, task, planes, tiles, weights } = self;
        let CorrelationInput { of, layout, finish, .. } = shared;
        let [y, x] = &of.axes;
        let (plane, steps) = (y.from * x.from, of.steps());
        let mut out = task.out;
        if !shared.direct {
            planes[of.maps[0] * layout.map()..].fill(0.0);
        }
        let [first, end] = task.units;
        let (groups, blocks) =
            if of.groups > 1 { (first..end, &of.blocks[..]) } else { (0..1, &of.blocks[first..end]) };
        let mut written = 0;
        for group in groups {
            let at = (task.picture * of.groups + group) * of.maps[0] * plane;
            let maps = &shared.input[at..at + of.maps[0] * plane];
            let planes = if shared.direct {
                &maps[task.rows[0] * x.from..]
            } else {
                for (index, planes) in planes.chunks_exact_mut(layout.map()).take(of.maps[0]).enumerate() {
                    layout.fill(simd, &of.axes, task.rows[0], 0, &maps[index * plane..(index + 1) * plane], planes);
                }
                &*planes
            };
            for block in blocks {
                let map = group * of.maps[1] + block.first;
                let mut bias = [0.0; LARGEST_BLOCK];
                if let Some(all) = finish.bias {
                    bias[..block.maps].copy_from_slice(&all[map..map + block.maps]);
                }
                let weights = if shared.packed.is_empty() {
                    of.pack(group, *block, shared.weight, finish.scale, &mut weights[..block.maps * steps]);
                    &weights[..block.maps * steps]
                } else {
                    &shared.packed[map * steps..(map + block.maps) * steps]
                };
                let band = Band {
                    axes: &of.axes,
                    planes,
                    row: layout.row,
                    rows: task.rows[1] - task.rows[0],
                    flat: shared.direct,
                    offsets: shared.offsets,
                    weights,
                    bias,
                    activation: finish.activation,
                };
                band.run(simd, &mut out[written..written + block.maps], tiles);
                written += block.maps;
            }
        }
    }
}
