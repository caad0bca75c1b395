//! The peak of the processor: single-precision multiply-adds in registers, on all cores at once.

use std::any::TypeId;
use std::hint::black_box;
use std::time::Instant;

use pulp::{Scalar128b, Simd, WithSimd};

/// Independent sums. Processors start two vectors of multiply-adds per cycle and finish each after four or five, so ten
/// keep them busy; with the two operands they fit into AVX2's 16 registers.
const CHAINS: usize = 12;
/// Multiply-adds of each chain in one run: about half a millisecond, less than a thread has a core for itself.
const ROUNDS: usize = 1 << 18;
/// Runs per thread, of which the fastest counts: the others were disturbed.
const RUNS: usize = 200;

/// Returns the multiply-adds per second of all threads together.
pub fn multiply_adds_per_sec() -> f64 {
    rayon::broadcast(|_| fastest_run()).into_iter().sum()
}

/// Returns the multiply-adds per second of this thread.
fn fastest_run() -> f64 {
    let run = |_| {
        let started = Instant::now();
        let multiply_adds = widest(MultiplyAdds);
        multiply_adds as f64 / started.elapsed().as_secs_f64()
    };
    (0..RUNS).map(run).fold(0.0, f64::max)
}

/// Runs `work` compiled for the widest vectors this processor has.
fn widest<W: WithSimd>(work: W) -> W::Output {
    let arch = pulp::Arch::new();
    #[cfg(target_arch = "x86_64")]
    if let (pulp::Arch::Scalar, Some(avx2)) = (arch, pulp::x86::V3::try_new()) {
        return Simd::vectorize(avx2, work);
    }
    arch.dispatch(work)
}

/// One run; returns the number of its multiply-adds.
struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        // Values unknown to the compiler, and chains that differ, so that nothing is optimised away.
        let [factor, addend] = black_box([0.999_f32, 0.001]).map(|value| simd.splat_f32s(value));
        let mut sums: [S::f32s; CHAINS] = std::array::from_fn(|chain| simd.splat_f32s(black_box(chain as f32)));
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = multiply_add(simd, *sum, factor, addend);
            }
        }
        black_box(sums.map(|sum| simd.reduce_sum_f32s(sum)));
        CHAINS * ROUNDS * S::F32_LANES
    }
}

/// `a · b + c`; without the instruction for it, the exact result would take a function call.
#[inline(always)]
fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if TypeId::of::<S>() == TypeId::of::<Scalar128b>() {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    } else {
        simd.mul_add_f32s(a, b, c)
    }
}
