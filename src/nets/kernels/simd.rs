//! The SIMD instruction sets of the kernels, selected at run time.

use std::any::TypeId;

use pulp::{Scalar128b, Simd, WithSimd};

/// A SIMD instruction set that kernels are compiled for, narrowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vectors {
    /// The baseline of the architecture.
    Portable,
    /// AVX2: eight floats, 16 registers.
    Avx2,
    /// The widest set supported by the SIMD crate, with 32 registers: AVX-512, NEON.
    Widest,
}

impl Vectors {
    /// Returns the widest set that this processor supports.
    pub fn best() -> Self {
        if cfg!(target_arch = "aarch64") {
            return Self::Widest;
        }
        #[cfg(target_arch = "x86_64")]
        {
            if pulp::x86::V4::try_new().is_some() {
                return Self::Widest;
            }
            if pulp::x86::V3::try_new().is_some() {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// Returns this set, or the widest supported one if this processor does not support it.
    pub fn available(self) -> Self {
        self.min(Self::best())
    }

    /// Runs `work` compiled for this set, or for the next narrower one that this processor supports.
    ///
    /// Only code inlined into `work` is compiled for the set; closures are not.
    pub fn run<W: WithSimd>(self, work: W) -> W::Output {
        #[cfg(target_arch = "x86_64")]
        {
            if self == Self::Widest
                && let Some(simd) = pulp::x86::V4::try_new()
            {
                return Simd::vectorize(simd, work);
            }
            if self != Self::Portable
                && let Some(simd) = pulp::x86::V3::try_new()
            {
                return Simd::vectorize(simd, work);
            }
        }
        #[cfg(target_arch = "aarch64")]
        if self == Self::Widest {
            return pulp::Arch::new().dispatch(work);
        }
        Simd::vectorize(Scalar128b, work)
    }
}

/// Returns `a · b + c`, fused where the processor supports it. Without hardware support, a fused result would need a
/// function call.
#[inline(always)]
pub fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if TypeId::of::<S>() == TypeId::of::<Scalar128b>() {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    } else {
        simd.mul_add_f32s(a, b, c)
    }
}

/// Copies a row of any length; for short rows `memcpy` is slow.
#[inline(always)]
pub fn copy<S: Simd>(simd: S, from: &[f32], to: &mut [f32]) {
    match from.len() {
        0..4 => {
            for (to, from) in to.iter_mut().zip(from) {
                *to = *from;
            }
        }
        4..8 => copy_ends::<4>(from, to),
        8..16 => copy_ends::<8>(from, to),
        16..32 => copy_ends::<16>(from, to),
        _ => copy_vectors(simd, from, to),
    }
}

/// Copies the first and the last `N` elements of a row of at most `2 · N`.
#[inline(always)]
fn copy_ends<const N: usize>(from: &[f32], to: &mut [f32]) {
    let last = from.len() - N;
    to[..N].copy_from_slice(&from[..N]);
    to[last..last + N].copy_from_slice(&from[last..last + N]);
}

/// Copies vector by vector; the last one overlaps the one before.
#[inline(always)]
fn copy_vectors<S: Simd>(_: S, from: &[f32], to: &mut [f32]) {
    let (vectors, rest) = S::as_simd_f32s(from);
    let (places, _) = S::as_mut_simd_f32s(to);
    for (place, vector) in places.iter_mut().zip(vectors) {
        *place = *vector;
    }
    if !rest.is_empty() {
        let start = from.len() - S::F32_LANES;
        S::as_mut_simd_f32s(&mut to[start..]).0[0] = S::as_simd_f32s(&from[start..]).0[0];
    }
}
