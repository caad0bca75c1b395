//! Convolution and transposed convolution: sums over kernel taps of maps in padded planes.
//!
//! A task copies a band of rows of some input maps into planes and processes it tile by tile: `M` maps and `N` vectors
//! of pixels stay in registers while the sum runs over these input maps and all taps (`tile.rs`). The block sizes
//! follow from the cache sizes:
//!
//! - The pixels that a tile reads in one pass over input maps fit in the L1 cache ([`LINES_OF_TILE`]), so all blocks of
//!   output maps find them there. Further input maps are added in further passes.
//! - The planes of a band fit in the L2 cache ([`BAND`]) together with the weights of the blocks computed in one pass
//!   ([`WEIGHTS`]), from where the weights stream through the L1 cache.
//! - Tasks are images × bands × blocks. With few images and bands, the blocks are split, or, if there are few weights,
//!   more bands are used, so that a single image keeps all threads busy. Groups are split like blocks.
//!
//! 1×1 convolutions of stride 1 read the maps in place, without planes.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::planes::PlaneLayout;
use super::scratch::with_buffers;
use super::simd::Vectors;
use super::sizes::{ConvolutionAxis, ConvolutionSizes, KernelTap};
use super::tile::{Activation, Band, LARGEST_BLOCK, LONGEST_TILE, LONGEST_VECTOR, OutputBlock};

/// Floats in the planes of a task: a quarter of the smallest L2 cache of current processors.
const BAND: usize = 32 * 1024;

/// Floats in the weights of a pass over a band: another quarter of the L2 cache.
const WEIGHTS: usize = 32 * 1024;

/// Number of weights up to which every task may read all of them.
const FEW_WEIGHTS: usize = 128 * 1024;

/// Floats per cache line.
const LINE: usize = 16;

/// Cache lines available to the pixels of a tile: half the L1 cache.
const LINES_OF_TILE: usize = 256;

/// Tasks per thread; more than one, so an interrupted task does not keep the other threads waiting.
const TASKS_PER_THREAD: usize = 3;

/// Operations applied to the sums of each map.
#[derive(Clone, Copy, Debug)]
pub struct Finish<'a> {
    /// Scale of each map, applied before the bias.
    pub scale: Option<&'a [f32]>,
    /// Bias of each map.
    pub bias: Option<&'a [f32]>,
    /// Activation, applied last.
    pub activation: Activation,
}

impl Finish<'_> {
    /// No operations.
    pub const NONE: Self = Self { scale: None, bias: None, activation: Activation::NONE };
}

/// Returns `y` of the convolution of `x` [b, c, h, w] with `weight` [maps, c / groups, kh, kw].
pub fn convolve(vectors: Vectors, sizes: &ConvolutionSizes, x: &[f32], weight: &[f32], finish: Finish) -> Vec<f32> {
    let ([of_x, of_y], taps) = (sizes.maps_of_group(), sizes.taps());
    let strides = [of_y * of_x * taps, of_x * taps, taps];
    let axes = [sizes.forward(0), sizes.forward(1)];
    Correlation::new(vectors, sizes, axes, [of_x, of_y], strides).run(x, weight, finish)
}

/// Returns `x` of the transposed convolution of `y`, which is also the gradient of [`convolve`] with respect to its
/// input.
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

/// A convolution in one of its two directions.
struct Correlation {
    vectors: Vectors,
    axes: [ConvolutionAxis; 2],
    batch: usize,
    groups: usize,
    /// Numbers of maps read and written in a group.
    maps: [usize; 2],
    /// Strides of the weights between groups, output maps and input maps.
    strides: [usize; 3],
    blocks: Vec<MapBlock>,
    /// Taps (row, column) of each interleaved part of the output.
    parts: Vec<Vec<[KernelTap; 2]>>,
    /// Number of input maps per pass.
    pass: usize,
    /// Offsets of the weights of an output map in the order of use: pass, part, input map, tap.
    reads: Vec<u32>,
    /// `true` if `reads` counts up from 0.
    in_order: bool,
}

/// The division of the work into tasks.
struct TaskGrid {
    /// Rows per band.
    rows: usize,
    bands: usize,
    /// Number of blocks if there is a single group, else number of groups.
    units: usize,
    units_of_task: usize,
    splits: usize,
}

/// A band of rows of some units of an image.
struct Task<'a> {
    picture: usize,
    rows: [usize; 2],
    units: [usize; 2],
    /// Output rows of every map.
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
        let [y, x] = &axes;
        // Blocks are as large as the registers of the available vectors allow.
        let vectors = vectors.available();
        let [largest, tile] = match vectors {
            Vectors::Widest => [LARGEST_BLOCK, 48],
            Vectors::Avx2 => [6, 16],
            Vectors::Portable => [6, 8],
        };
        // Blocks of nearly equal size, as a last block of one or two maps would leave registers unused.
        let count = maps[1].div_ceil(largest);
        let bounds = (0..count).map(|index| [index * maps[1] / count, (index + 1) * maps[1] / count]);
        let blocks = bounds.map(|[first, end]| MapBlock { first, maps: end - first }).collect();
        let pairs = |ys: &[KernelTap], xs: &[KernelTap]| ys.iter().flat_map(|y| xs.iter().map(|x| [*y, *x])).collect();
        let parts: Vec<Vec<_>> = y.taps.iter().flat_map(|ys| x.taps.iter().map(|xs| pairs(ys, xs))).collect();
        let lines = y.extent * x.phases() * ((tile + x.halo()).div_ceil(LINE) + 1);
        let pass = maps[0].div_ceil(maps[0].div_ceil((LINES_OF_TILE / lines).max(1)).max(1)).max(1);
        let mut reads = Vec::new();
        for first in (0..maps[0]).step_by(pass) {
            for taps in &parts {
                for from in first..(first + pass).min(maps[0]) {
                    let read = |[y, x]: &[KernelTap; 2]| from * strides[2] + y.kernel * sizes.kernel[1] + x.kernel;
                    reads.extend(taps.iter().map(|taps| read(taps) as u32));
                }
            }
        }
        let in_order = reads.iter().zip(0..).all(|(read, step)| *read == step);
        let [batch, groups] = [sizes.batch, sizes.groups];
        Self { vectors, axes, batch, groups, maps, strides, blocks, parts, pass, reads, in_order }
    }

    /// Returns the number of products per output value.
    fn steps(&self) -> usize {
        self.reads.len()
    }

    /// Returns the number of products per output value and input map.
    fn taps(&self) -> usize {
        self.parts.iter().map(Vec::len).sum()
    }

    fn cut(&self) -> TaskGrid {
        let y = &self.axes[0];
        let wanted = TASKS_PER_THREAD * rayon::current_num_threads();
        let whole = PlaneLayout::new(&self.axes, y.grid, 1);
        let room = BAND / (self.pass * whole.phases[0] * whole.phases[1] * whole.row).max(1);
        let mut bands = y.grid.div_ceil(room.saturating_sub(y.halo()).max(1));
        if self.groups == 1 && self.maps[1] * self.steps() <= FEW_WEIGHTS && self.batch * bands < wanted {
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
            && last * x.to >= LONGEST_VECTOR;
        let map = if direct { y.from * x.from } else { layout.map() };
        let mut offsets = Vec::with_capacity(self.parts.len());
        for taps in &self.parts {
            let taps: Vec<_> = taps.iter().map(|[y, x]| layout.offset(&self.axes, [y.offset, x.offset])).collect();
            let of_map = |index: usize| taps.iter().map(move |offset| (index * map + offset) as u32);
            offsets.push((0..self.pass).flat_map(of_map).collect());
        }
        // Weights used by several tasks are packed once.
        let packed = if self.batch * cut.bands > 2 { self.pack_all(weight, finish.scale) } else { Vec::new() };
        let shared =
            CorrelationInput { of: self, input, weight, packed: &packed, offsets: &offsets, layout, direct, finish };
        let of_block = self.pass * self.taps() * self.blocks.iter().map(|block| block.maps).max().unwrap_or(1);
        let blocks_of_pass = (WEIGHTS / of_block.max(1)).max(1);
        let maps_of_task =
            if self.groups > 1 { self.maps[1] } else { (cut.units_of_task * LARGEST_BLOCK).min(self.maps[1]) };
        let kept =
            if self.pass == self.maps[0] { 0 } else { self.parts.len() * (cut.rows * layout.row + LONGEST_TILE) };
        let lengths = [
            if direct { 0 } else { self.pass * map + LONGEST_TILE },
            x.step_to * LARGEST_BLOCK * LONGEST_TILE,
            if packed.is_empty() { blocks_of_pass * of_block } else { 0 },
            maps_of_task * kept,
        ];
        self.tasks(&cut, &mut out).into_par_iter().for_each(|task| {
            with_buffers(lengths, |[planes, tiles, weights, sums]| {
                let work = CorrelationWork { shared, task, blocks_of_pass, kept, planes, tiles, weights, sums };
                self.vectors.run(work);
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

    /// Returns the packed weights of all blocks of all groups.
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
        let least = BAND / 4 / (LARGEST_BLOCK * steps + 1) + 1;
        let jobs = jobs.into_par_iter().with_min_len(least);
        jobs.for_each(|(group, block, packed)| self.pack(group, block, &self.reads, weight, scale, packed));
        packed
    }

    /// Packs the weights of a block in the order of `reads`, interleaving the maps.
    fn pack(
        &self,
        group: usize,
        block: MapBlock,
        reads: &[u32],
        weight: &[f32],
        scale: Option<&[f32]>,
        packed: &mut [f32],
    ) {
        let mut scales = [1.0; LARGEST_BLOCK];
        if let Some(all) = scale {
            scales[..block.maps].copy_from_slice(&all[group * self.maps[1] + block.first..][..block.maps]);
        }
        let weight = weight.get(group * self.strides[0] + block.first * self.strides[1]..).unwrap_or_default();
        match block.maps {
            8 => self.pack_maps::<8>(reads, weight, &scales, packed),
            7 => self.pack_maps::<7>(reads, weight, &scales, packed),
            6 => self.pack_maps::<6>(reads, weight, &scales, packed),
            5 => self.pack_maps::<5>(reads, weight, &scales, packed),
            4 => self.pack_maps::<4>(reads, weight, &scales, packed),
            3 => self.pack_maps::<3>(reads, weight, &scales, packed),
            2 => self.pack_maps::<2>(reads, weight, &scales, packed),
            _ => self.pack_maps::<1>(reads, weight, &scales, packed),
        }
    }

    /// The loop over steps is outside and the loop over maps inside, so the output is written in order and each map's
    /// weights are read in order.
    fn pack_maps<const M: usize>(
        &self,
        reads: &[u32],
        weight: &[f32],
        scales: &[f32; LARGEST_BLOCK],
        packed: &mut [f32],
    ) {
        let (places, _) = packed.as_chunks_mut::<M>();
        if let (true, Some(first)) = (self.in_order, reads.first()) {
            let rows: [&[f32]; M] =
                std::array::from_fn(|map| &weight[map * self.strides[1] + *first as usize..][..reads.len()]);
            for (step, place) in places.iter_mut().enumerate().take(reads.len()) {
                for map in 0..M {
                    place[map] = rows[map][step] * scales[map];
                }
            }
            return;
        }
        for (read, place) in reads.iter().zip(places) {
            let weight = &weight[*read as usize..];
            for map in 0..M {
                place[map] = weight[map * self.strides[1]] * scales[map];
            }
        }
    }
}

/// Shared input of all tasks.
#[derive(Clone, Copy)]
struct CorrelationInput<'a> {
    of: &'a Correlation,
    input: &'a [f32],
    weight: &'a [f32],
    /// Packed weights; empty if every task packs its own.
    packed: &'a [f32],
    /// Offsets read by the products of each part, in the order of the weights of a pass.
    offsets: &'a [Vec<u32>],
    layout: PlaneLayout,
    /// `true` if the maps are read in place.
    direct: bool,
    finish: Finish<'a>,
}

/// A task with buffers for its planes, the tiles of all parts, the weights of a pass and the sums between two passes.
struct CorrelationWork<'a> {
    shared: CorrelationInput<'a>,
    task: Task<'a>,
    blocks_of_pass: usize,
    /// Number of sums kept per map.
    kept: usize,
    planes: &'a mut [f32],
    tiles: &'a mut [f32],
    weights: &'a mut [f32],
    sums: &'a mut [f32],
}

impl WithSimd for CorrelationWork<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let of = self.shared.of;
        let [first, end] = self.task.units;
        let mut out = std::mem::take(&mut self.task.out);
        if of.groups == 1 {
            self.group(simd, 0, &of.blocks[first..end], &mut out);
        } else {
            for (group, out) in (first..end).zip(out.chunks_mut(of.maps[1])) {
                self.group(simd, group, &of.blocks, out);
            }
        }
    }
}

impl CorrelationWork<'_> {
    /// Computes the band for `blocks` of a group, one pass of input maps after another.
    #[inline(always)]
    fn group<S: Simd>(&mut self, simd: S, group: usize, blocks: &[MapBlock], out: &mut [&mut [f32]]) {
        let CorrelationInput { of, weight, packed, layout, direct, finish, .. } = self.shared;
        let [y, x] = &of.axes;
        let plane = y.from * x.from;
        let input = &self.shared.input[(self.task.picture * of.groups + group) * of.maps[0] * plane..];
        let mut first = 0;
        while first < of.maps[0] {
            let count = of.pass.min(of.maps[0] - first);
            let maps = &input[first * plane..(first + count) * plane];
            let planes = if direct {
                &maps[self.task.rows[0] * x.from..]
            } else {
                for (index, planes) in self.planes.chunks_exact_mut(layout.map()).take(count).enumerate() {
                    let map = &maps[index * plane..(index + 1) * plane];
                    layout.fill(simd, &of.axes, self.task.rows[0], 0, map, planes);
                }
                self.planes[count * layout.map()..].fill(0.0);
                &*self.planes
            };
            let mut offsets = Vec::with_capacity(of.parts.len());
            for (all, taps) in self.shared.offsets.iter().zip(&of.parts) {
                offsets.push(&all[..count * taps.len()]);
            }
            let band = Band {
                axes: &of.axes,
                planes,
                row: layout.row,
                rows: self.task.rows[1] - self.task.rows[0],
                flat: direct,
                offsets: &offsets,
                first: first == 0,
                last: first + count == of.maps[0],
                activation: finish.activation,
            };
            let (mut out, mut sums) = (&mut *out, &mut *self.sums);
            let reads = &of.reads[first * of.taps()..(first + count) * of.taps()];
            for blocks in blocks.chunks(self.blocks_of_pass) {
                let mut outputs = Vec::with_capacity(blocks.len());
                let mut weights = &mut *self.weights;
                for block in blocks {
                    let map = group * of.maps[1] + block.first;
                    let mut bias = [0.0; LARGEST_BLOCK];
                    if let Some(all) = finish.bias {
                        bias[..block.maps].copy_from_slice(&all[map..map + block.maps]);
                    }
                    let length = block.maps * reads.len();
                    let weights: &[f32] = if packed.is_empty() {
                        let (mine, rest) = weights.split_at_mut(length);
                        weights = rest;
                        of.pack(group, *block, reads, weight, finish.scale, mine);
                        mine
                    } else {
                        &packed[map * of.steps() + block.maps * first * of.taps()..][..length]
                    };
                    let (mine, rest) = out.split_at_mut(block.maps);
                    out = rest;
                    let (kept, rest) = sums.split_at_mut(block.maps * self.kept);
                    sums = rest;
                    outputs.push(OutputBlock { weights, bias, out: mine, sums: kept });
                }
                band.run(simd, &mut outputs, self.tiles);
            }
            first += count;
        }
    }
}
