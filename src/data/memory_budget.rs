//! The memory budget for decoded clips and their flow, shared by the whole process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use super::memory::available_bytes;

/// Limit on systems that do not report free memory.
const FALLBACK_BYTES: u64 = 4 << 30;

/// The budget of all runs of the process.
static OF_PROCESS: LazyLock<MemoryBudget> =
    LazyLock::new(|| MemoryBudget(Arc::new(Inner { taken: AtomicU64::new(0), limit: None })));

/// A memory budget shared by several parts of a run. Clones share the same budget.
#[derive(Debug, Clone)]
pub struct MemoryBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    taken: AtomicU64,
    /// Limit in bytes; `None` for half of the machine's free memory.
    limit: Option<u64>,
}

impl MemoryBudget {
    /// Returns the budget shared by all runs of the process: half of the memory that would be free without them.
    pub fn of_process() -> Self {
        OF_PROCESS.clone()
    }

    /// Returns a separate budget of `limit` bytes.
    pub fn of_bytes(limit: u64) -> Self {
        Self(Arc::new(Inner { taken: AtomicU64::new(0), limit: Some(limit) }))
    }

    /// Creates a share of the budget, which can grow and is returned when dropped.
    pub(crate) fn share(&self) -> Share {
        Share { budget: self.clone(), taken: AtomicU64::new(0) }
    }

    fn take(&self, bytes: u64) -> bool {
        let inner = &self.0;
        let fits = |taken: u64| {
            // Memory that was taken is no longer free.
            let limit =
                inner.limit.unwrap_or_else(|| available_bytes().map_or(FALLBACK_BYTES, |free| (free + taken) / 2));
            taken.checked_add(bytes).filter(|sum| *sum <= limit)
        };
        inner.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }
}

/// A part of a [`MemoryBudget`].
#[derive(Debug)]
pub(crate) struct Share {
    budget: MemoryBudget,
    taken: AtomicU64,
}

impl Share {
    /// Takes `bytes` more, or none if they do not fit; returns `true` if they were taken.
    pub fn take(&self, bytes: usize) -> bool {
        let fits = self.budget.take(bytes as u64);
        if fits {
            self.taken.fetch_add(bytes as u64, Ordering::Relaxed);
        }
        fits
    }

    /// Returns `bytes` to the budget.
    pub fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes as u64, Ordering::Relaxed);
        self.budget.0.taken.fetch_sub(bytes as u64, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.0.taken.fetch_sub(*self.taken.get_mut(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_take_from_one_budget_and_give_back() {
        let budget = MemoryBudget::of_bytes(10);
        let (a, b) = (budget.share(), budget.clone().share());
        assert!(a.take(6) && !b.take(5) && b.take(4) && !a.take(1));
        a.give_back(2);
        assert!(b.take(2) && !b.take(1));
        drop(b);
        assert!(a.take(6) && !a.take(1));
        assert!(!budget.share().take(usize::MAX), "a sum that overflows does not fit");
    }

    #[test]
    fn the_budget_of_the_process_is_part_of_its_memory() {
        let share = MemoryBudget::of_process().share();
        assert!(share.take(1) && !share.take(1 << 60));
    }
}
