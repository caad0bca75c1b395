//! The sizes of a convolution, and both of its directions along one axis as positions and taps.

/// The sizes of a convolution from `x` to `y`. A transposed convolution goes from `y` to `x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionSizes {
    /// Number of images.
    pub batch: usize,
    /// Numbers of maps of `x` and of `y`.
    pub maps: [usize; 2],
    /// Number of independent groups of maps.
    pub groups: usize,
    /// Height and width of `x`.
    pub x: [usize; 2],
    /// Height and width of `y`.
    pub y: [usize; 2],
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Stride: positions of `x` per position of `y`.
    pub stride: [usize; 2],
    /// Zeros above and to the left of `x`; the padding below and to the right follows from the size of `y`.
    pub padding: [usize; 2],
}

impl ConvolutionSizes {
    /// Returns the numbers of maps of `x` and of `y` per group.
    pub fn maps_of_group(&self) -> [usize; 2] {
        self.maps.map(|maps| maps / self.groups)
    }

    /// Returns the number of kernel elements between two maps.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Returns the computation of `y` from `x` along rows (0) or columns (1).
    pub fn forward(&self, axis: usize) -> ConvolutionAxis {
        ConvolutionAxis {
            from: self.x[axis],
            to: self.y[axis],
            step_from: self.stride[axis],
            step_to: 1,
            grid: self.y[axis],
            low: self.padding[axis] as isize,
            extent: self.kernel[axis],
            taps: vec![(0..self.kernel[axis]).map(|k| KernelTap { offset: k, kernel: k }).collect()],
        }
    }

    /// Returns the computation of `x` from `y`: each of `stride` interleaved parts of `x` is a convolution with every
    /// `stride`-th tap.
    pub fn backward(&self, axis: usize) -> ConvolutionAxis {
        let (kernel, stride, padding) = (self.kernel[axis], self.stride[axis], self.padding[axis]);
        // Position stride·g + part of x reads position g + shift - t of y through kernel element first + stride·t.
        let parts = (0..stride).map(|part| {
            let (first, shift) = ((part + padding) % stride, ((part + padding) / stride) as isize);
            (first, shift, kernel.saturating_sub(first).div_ceil(stride) as isize)
        });
        let low = parts.clone().filter(|part| part.2 > 0).map(|(_, shift, count)| count - 1 - shift).max().unwrap_or(0);
        let tap =
            |first, shift, t| KernelTap { offset: (shift - t + low) as usize, kernel: first + stride * t as usize };
        let taps: Vec<Vec<KernelTap>> =
            parts.map(|(first, shift, count)| (0..count).map(|t| tap(first, shift, t)).collect()).collect();
        ConvolutionAxis {
            from: self.y[axis],
            to: self.x[axis],
            step_from: 1,
            step_to: stride,
            grid: self.x[axis].div_ceil(stride),
            low,
            extent: taps.iter().flatten().map(|tap| tap.offset + 1).max().unwrap_or(1),
            taps,
        }
    }
}

/// A kernel element and the position it reads.
#[derive(Clone, Copy, Debug)]
pub struct KernelTap {
    /// Offset from the first padded position.
    pub offset: usize,
    /// Index of the kernel element.
    pub kernel: usize,
}

/// One direction of a convolution along one axis: position `g` of a grid reads `step_from·g + offset - low` for every
/// tap of a part, and writes `step_to·g + part`.
#[derive(Clone, Debug)]
pub struct ConvolutionAxis {
    /// Number of positions read.
    pub from: usize,
    /// Number of positions written.
    pub to: usize,
    /// Step between the positions read.
    pub step_from: usize,
    /// Step between the positions written; also the number of parts.
    pub step_to: usize,
    /// Number of grid positions.
    pub grid: usize,
    /// Zeros before the first position; negative if the first positions are not read at all.
    pub low: isize,
    /// The largest offset plus one.
    pub extent: usize,
    /// Taps of each part.
    pub taps: Vec<Vec<KernelTap>>,
}

impl ConvolutionAxis {
    /// Returns the number of distinct offsets modulo the step.
    pub fn phases(&self) -> usize {
        self.step_from.min(self.extent)
    }

    /// Returns the number of positions beyond the grid that its last one reads.
    pub fn halo(&self) -> usize {
        (self.extent - 1) / self.step_from
    }

    /// Returns the number of zeros at the end of a row that can be shared with the beginning of the next.
    pub fn shared(&self) -> usize {
        let (step, columns) = (self.step_from as isize, (self.grid + self.halo()) as isize);
        let ceil = |a: isize| a.div_euclid(step) + isize::from(a.rem_euclid(step) > 0);
        let shared = |phase| {
            let left = ceil(self.low - phase).clamp(0, columns);
            let right = (columns - ceil(self.from as isize + self.low - phase)).clamp(0, columns);
            left.min(right) as usize
        };
        (0..self.phases() as isize).map(shared).min().unwrap_or(0).min(self.halo())
    }
}
