//! Vectorised inner loops: the program is built for every x86-64 processor, its inner loops also for AVX2 and AVX-512.

use std::ops::{Add, Div, Mul, Sub};

use pulp::{Scalar128b, Simd, WithSimd};

/// Runs `work` compiled for the widest vectors this processor has.
///
/// Only what is inlined into `work` is compiled again, hence the `#[inline(always)]` on the loops below it. Results do
/// not depend on the width: nothing is contracted or reordered.
pub fn widest<R>(work: impl FnOnce() -> R) -> R {
    let arch = pulp::Arch::new();
    #[cfg(target_arch = "x86_64")]
    if let (pulp::Arch::Scalar, Some(avx2)) = (arch, pulp::x86::V3::try_new()) {
        return avx2.vectorize(work);
    }
    arch.dispatch(work)
}

/// Runs `work` with vectors of eight numbers where the processor has them, else of four, for work in blocks of eight.
///
/// Only what is inlined into `with_simd` is compiled for them: closures are not.
pub fn with_lanes<W: WithSimd>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(avx2) = pulp::x86::V3::try_new() {
            return Simd::vectorize(avx2, work);
        }
        Simd::vectorize(Scalar128b, work)
    }
    #[cfg(target_arch = "aarch64")]
    return pulp::Arch::new().dispatch(work);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return Simd::vectorize(Scalar128b, work);
}

/// `N` vectors, calculated with like numbers: nothing is contracted, so that results do not depend on the processor.
#[derive(Debug, Clone, Copy)]
pub struct Lanes<S: Simd, const N: usize> {
    simd: S,
    vectors: [S::f32s; N],
}

impl<S: Simd, const N: usize> Lanes<S, N> {
    /// Returns one number in all lanes.
    #[inline(always)]
    pub fn splat(simd: S, value: f32) -> Self {
        Self { simd, vectors: [simd.splat_f32s(value); N] }
    }

    /// Returns the first numbers of a row.
    ///
    /// # Panics
    /// If it is too short.
    #[inline(always)]
    pub fn load(simd: S, row: &[f32]) -> Self {
        let (vectors, _) = S::as_simd_f32s(row);
        Self { simd, vectors: *vectors.first_chunk().expect("the row is long enough") }
    }

    /// Writes to the beginning of a row.
    ///
    /// # Panics
    /// If it is too short.
    #[inline(always)]
    pub fn store(self, row: &mut [f32]) {
        let (vectors, _) = S::as_mut_simd_f32s(row);
        *vectors.first_chunk_mut().expect("the row is long enough") = self.vectors;
    }

    #[inline(always)]
    fn zip(self, other: Self, operation: impl Fn(S, S::f32s, S::f32s) -> S::f32s) -> Self {
        let mut vectors = self.vectors;
        for (a, b) in vectors.iter_mut().zip(other.vectors) {
            *a = operation(self.simd, *a, b);
        }
        Self { simd: self.simd, vectors }
    }

    /// Returns the larger numbers of each lane.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        self.zip(
            other,
            #[inline(always)]
            |simd, a, b| simd.max_f32s(a, b),
        )
    }

    /// Returns the square roots.
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        let mut vectors = self.vectors;
        for vector in &mut vectors {
            *vector = self.simd.sqrt_f32s(*vector);
        }
        Self { simd: self.simd, vectors }
    }

    /// Returns the magnitudes.
    #[inline(always)]
    pub fn abs(self) -> Self {
        let mut vectors = self.vectors;
        for vector in &mut vectors {
            *vector = self.simd.abs_f32s(*vector);
        }
        Self { simd: self.simd, vectors }
    }
}

/// Returns the first `count` vectors of a row, to be calculated with by [`Lanes::of`].
///
/// # Panics
/// If it is too short.
#[inline(always)]
pub fn vectors<S: Simd>(row: &[f32], count: usize) -> &[S::f32s] {
    &S::as_simd_f32s(row).0[..count]
}

/// Returns the first `count` vectors of a row, to be written.
///
/// # Panics
/// If it is too short.
#[inline(always)]
pub fn vectors_mut<S: Simd>(row: &mut [f32], count: usize) -> &mut [S::f32s] {
    &mut S::as_mut_simd_f32s(row).0[..count]
}

impl<S: Simd> Lanes<S, 1> {
    /// Returns one vector.
    #[inline(always)]
    pub fn of(simd: S, vector: S::f32s) -> Self {
        Self { simd, vectors: [vector] }
    }

    /// Returns the vector.
    #[inline(always)]
    pub fn vector(self) -> S::f32s {
        self.vectors[0]
    }
}

impl<S: Simd, const N: usize> Add for Lanes<S, N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(
            other,
            #[inline(always)]
            |simd, a, b| simd.add_f32s(a, b),
        )
    }
}

impl<S: Simd, const N: usize> Sub for Lanes<S, N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(
            other,
            #[inline(always)]
            |simd, a, b| simd.sub_f32s(a, b),
        )
    }
}

impl<S: Simd, const N: usize> Mul for Lanes<S, N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(
            other,
            #[inline(always)]
            |simd, a, b| simd.mul_f32s(a, b),
        )
    }
}

impl<S: Simd, const N: usize> Div for Lanes<S, N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(
            other,
            #[inline(always)]
            |simd, a, b| simd.div_f32s(a, b),
        )
    }
}
