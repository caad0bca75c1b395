//! The program is built for every x86-64 processor; its inner loops are compiled for AVX2 and AVX-512 besides.

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
