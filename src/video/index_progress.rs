//! The progress of indexing a video, readable from any thread.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Share of the packet scan in the total work, if all pictures are decoded afterwards.
const SCAN_SHARE: f64 = 0.2;

/// The progress of indexing one video, in bytes of the file.
#[derive(Debug, Default)]
pub(super) struct IndexProgress {
    /// Length of the file, bytes; 0 before it is known.
    bytes: AtomicU64,
    /// Bytes read so far.
    reached: AtomicU64,
    /// Bytes decoded on the second pass.
    decoded: AtomicU64,
    /// True if a second pass is needed.
    decodes: AtomicBool,
}

impl IndexProgress {
    /// Starts the first pass over a file of `bytes` bytes.
    pub fn begin(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
        self.reached.store(0, Ordering::Relaxed);
        self.decoded.store(0, Ordering::Relaxed);
        self.decodes.store(false, Ordering::Relaxed);
    }

    /// Announces a second pass, which decodes.
    pub fn expect_decoding(&self) {
        self.decodes.store(true, Ordering::Relaxed);
    }

    /// Records that the packet at `position` was read.
    pub fn reach(&self, position: isize) {
        self.reached.fetch_max(u64::try_from(position).unwrap_or(0), Ordering::Relaxed);
    }

    /// Records that the packet at `position` was decoded on the second pass.
    pub fn decode(&self, position: i64) {
        self.expect_decoding();
        self.decoded.fetch_max(u64::try_from(position).unwrap_or(0), Ordering::Relaxed);
    }

    /// Copies the progress of `other`.
    pub fn copy(&self, other: &Self) {
        for (own, other) in
            [(&self.bytes, &other.bytes), (&self.reached, &other.reached), (&self.decoded, &other.decoded)]
        {
            own.store(other.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.decodes.store(other.decodes.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Returns the progress from 0 to 1; 0 before anything is known.
    pub fn fraction(&self) -> f64 {
        let bytes = self.bytes.load(Ordering::Relaxed).max(1) as f64;
        let part = |of: &AtomicU64| (of.load(Ordering::Relaxed) as f64 / bytes).min(1.0);
        match self.decodes.load(Ordering::Relaxed) {
            false => part(&self.reached),
            true => SCAN_SHARE * part(&self.reached) + (1.0 - SCAN_SHARE) * part(&self.decoded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_never_leaves_its_range_and_follows_both_passes() {
        let progress = IndexProgress::default();
        assert_eq!(progress.fraction(), 0.0);
        progress.begin(1000);
        progress.reach(500);
        progress.reach(-1);
        assert_eq!(progress.fraction(), 0.5);
        progress.reach(5000);
        assert_eq!(progress.fraction(), 1.0);
        progress.decode(500);
        assert!((progress.fraction() - 0.6).abs() < 1e-9);
        let awaited = IndexProgress::default();
        awaited.begin(1000);
        awaited.expect_decoding();
        awaited.reach(1000);
        assert!((awaited.fraction() - SCAN_SHARE).abs() < 1e-9, "it never goes back");
        let other = IndexProgress::default();
        other.copy(&progress);
        assert_eq!(other.fraction(), progress.fraction());
    }
}
