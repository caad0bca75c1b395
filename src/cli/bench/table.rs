//! Measurements of one run beside each other.

use std::time::{Duration, Instant};

use crate::error::Result;

/// One thing that was measured.
struct BenchmarkRow {
    name: String,
    each: Duration,
    /// Number of frames (or steps) in one run of it.
    units: f64,
}

/// Rows in the order of measuring; the first is what all others are related to.
pub(super) struct BenchmarkTable {
    rows: Vec<BenchmarkRow>,
    /// Runs of each measurement.
    pub repeats: usize,
}

impl BenchmarkTable {
    /// Every measurement is the median of `repeats` runs after one that does not count.
    pub fn new(repeats: usize) -> Self {
        Self { rows: Vec::new(), repeats }
    }

    /// Measures `work`, which handles `units` frames each time.
    pub fn measure(&mut self, name: &str, units: f64, mut work: impl FnMut() -> Result<()>) -> Result<()> {
        work()?;
        let mut times = Vec::with_capacity(self.repeats);
        for _ in 0..self.repeats {
            let started = Instant::now();
            work()?;
            times.push(started.elapsed());
        }
        self.add(name, times, units);
        Ok(())
    }

    /// Adds the median of `times` that were measured elsewhere, and returns it; there must be one.
    pub fn add(&mut self, name: &str, mut times: Vec<Duration>, units: f64) -> Duration {
        times.sort();
        let each = times[times.len() / 2];
        self.rows.push(BenchmarkRow { name: name.into(), each, units });
        self.print_last();
        each
    }

    fn print_last(&self) {
        let (Some(first), Some(row)) = (self.rows.first(), self.rows.last()) else { return };
        if self.rows.len() == 1 {
            println!("{:<44} {:>10} {:>10} {:>8}", "", "median ms", "per s", "ratio");
        }
        let seconds = row.each.as_secs_f64();
        let ratio = seconds / first.each.as_secs_f64();
        println!("{:<44} {:>10.1} {:>10.1} {ratio:>8.3}", row.name, seconds * 1e3, row.units / seconds);
    }
}
