//! The table of measurements of one run.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::peak;
use crate::cli::outcome::Outcome;
use crate::error::{Error, Result};

/// The size and the cost of a network.
#[derive(Clone, Copy)]
pub(super) struct NetworkCost {
    /// Number of trained parameters.
    pub parameters: usize,
    /// Multiply-adds of one run.
    pub multiply_adds: u64,
}

/// A measurement.
struct BenchmarkRow {
    name: String,
    times: Vec<Duration>,
    median: Duration,
    /// Number of frames (or steps) in one run of it.
    units: f64,
    /// For measurements that consist only of networks.
    cost: Option<NetworkCost>,
}

impl BenchmarkRow {
    /// Multiply-adds per second, if known.
    fn multiply_adds_per_sec(&self) -> Option<f64> {
        self.cost.map(|cost| cost.multiply_adds as f64 / self.median.as_secs_f64())
    }
}

/// The selection of measurements and their output.
pub(super) struct BenchmarkOptions {
    /// Runs of each measurement.
    pub repeats: usize,
    /// Parts of names in lower case, one of which a measurement must have; none for all measurements.
    pub only: Vec<String>,
    /// Whether to print one document at the end instead of lines.
    pub json: bool,
    /// The name of the device.
    pub device: String,
    /// Whether that is the processor, whose peak is known.
    pub on_cpu: bool,
}

/// Rows in order of measurement; all others are relative to the first.
pub(super) struct BenchmarkTable {
    rows: Vec<BenchmarkRow>,
    options: BenchmarkOptions,
    /// Multiply-adds per second in registers, measured before the first network.
    peak: Option<f64>,
}

impl BenchmarkTable {
    /// Every measurement is the median of several runs after a warm-up run.
    pub fn new(options: BenchmarkOptions) -> Self {
        let table = Self { rows: Vec::new(), options, peak: None };
        table.note(&table.options.device);
        table
    }

    /// Runs of each measurement.
    pub fn repeats(&self) -> usize {
        self.options.repeats
    }

    /// Returns whether a measurement of this name is selected.
    pub fn wants(&self, name: &str) -> bool {
        let (name, only) = (name.to_lowercase(), &self.options.only);
        only.is_empty() || only.iter().any(|part| name.contains(part))
    }

    /// Returns whether one of these is selected.
    pub fn wants_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.wants(name))
    }

    /// Measures `work`, which handles `units` frames per run, if it is selected.
    pub fn measure(&mut self, name: &str, units: f64, mut work: impl FnMut() -> Result<()>) -> Result<()> {
        if self.wants(name) {
            work()?;
            let times = self.times(work)?;
            self.add(name, times, units);
        }
        Ok(())
    }

    /// Measures `work`, which runs networks of this `cost` and little else; it has run before.
    pub fn measure_network(&mut self, name: &str, cost: NetworkCost, work: impl FnMut() -> Result<()>) -> Result<()> {
        if self.options.on_cpu && self.peak.is_none() {
            let peak = peak::multiply_adds_per_sec();
            self.note(&format!("  peak of {} threads: {:.1} GMAC/s", rayon::current_num_threads(), peak / 1e9));
            self.peak = Some(peak);
        }
        let times = self.times(work)?;
        self.push(name, times, 1.0, Some(cost));
        Ok(())
    }

    fn times(&self, mut work: impl FnMut() -> Result<()>) -> Result<Vec<Duration>> {
        let time = |_| {
            let started = Instant::now();
            work().map(|()| started.elapsed())
        };
        (0..self.options.repeats).map(time).collect()
    }

    /// Adds what was measured elsewhere, if it is asked for, and returns the median; there must be a time.
    pub fn add(&mut self, name: &str, times: Vec<Duration>, units: f64) -> Duration {
        self.push(name, times, units, None)
    }

    fn push(&mut self, name: &str, times: Vec<Duration>, units: f64, cost: Option<NetworkCost>) -> Duration {
        let mut sorted = times.clone();
        sorted.sort();
        let median = sorted[sorted.len() / 2];
        if self.wants(name) {
            self.rows.push(BenchmarkRow { name: name.into(), times, median, units, cost });
            self.print_last();
        }
        median
    }

    /// Prints a line between the rows.
    pub fn note(&self, line: &str) {
        if !self.options.json {
            println!("{line}");
        }
    }

    fn print_last(&self) {
        let (Some(first), Some(row)) = (self.rows.first(), self.rows.last()) else { return };
        if self.rows.len() == 1 {
            let heads = ["median ms", "per s", "ratio", "GMAC", "GMAC/s", "of peak"];
            let [ms, per_sec, ratio, cost, speed, share] = heads;
            self.note(&format!("{:<44} {ms:>10} {per_sec:>10} {ratio:>8} {cost:>7} {speed:>7} {share:>8}", ""));
        }
        let seconds = row.median.as_secs_f64();
        let ratio = seconds / first.median.as_secs_f64();
        let mut line = format!("{:<44} {:>10.1} {:>10.1} {ratio:>8.3}", row.name, seconds * 1e3, row.units / seconds);
        if let (Some(cost), Some(speed)) = (row.cost, row.multiply_adds_per_sec()) {
            line += &format!(" {:>7.2} {:>7.1}", cost.multiply_adds as f64 / 1e9, speed / 1e9);
            line += &self.peak.map(|peak| format!(" {:>6.0} %", 100.0 * speed / peak)).unwrap_or_default();
        }
        self.note(&line);
    }

    /// Prints the document, if one is asked for and anything was measured.
    ///
    /// # Errors
    /// If no measurement has a part of a name that was asked for.
    pub fn finish(self) -> Result<Outcome> {
        if self.options.json && !self.rows.is_empty() {
            println!("{:#}", self.document());
        }
        let unknown: Vec<&str> = self.unknown_parts().collect();
        if unknown.is_empty() {
            return Ok(Outcome::Done);
        }
        let cause = format!("no measurement's name contains '{}'", unknown.join("' or '"));
        Err(Error::usage("--only", cause, "Use part of a name that `motionscope bench` prints"))
    }

    /// Parts of names that were asked for and that no measurement has.
    fn unknown_parts(&self) -> impl Iterator<Item = &str> {
        let has = |part: &str| self.rows.iter().any(|row| row.name.to_lowercase().contains(part));
        self.options.only.iter().map(String::as_str).filter(move |part| !has(part))
    }

    /// Everything measured: schema `motionscope-bench`, version 1.
    fn document(&self) -> Value {
        let milliseconds = |time: &Duration| time.as_secs_f64() * 1e3;
        let row = |row: &BenchmarkRow| {
            json!({
                "name": row.name.trim(),
                "milliseconds": row.times.iter().map(milliseconds).collect::<Vec<_>>(),
                "median_ms": milliseconds(&row.median),
                "units": row.units,
                "parameters": row.cost.map(|cost| cost.parameters),
                "multiply_adds": row.cost.map(|cost| cost.multiply_adds),
                "multiply_adds_per_sec": row.multiply_adds_per_sec(),
            })
        };
        json!({
            "schema": "motionscope-bench",
            "version": 1,
            "device": self.options.device,
            "threads": rayon::current_num_threads(),
            "peak_multiply_adds_per_sec": self.peak,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn table(only: &[&str]) -> BenchmarkTable {
        let only = only.iter().map(|&part| part.into()).collect();
        let device = "a device".into();
        BenchmarkTable::new(BenchmarkOptions { repeats: 3, only, json: true, device, on_cpu: true })
    }

    #[test]
    fn rows_have_medians_and_networks_their_speed() {
        let mut table = table(&[]);
        let seconds = [4, 1, 2].map(Duration::from_secs);
        assert_eq!(table.add("loading", seconds.to_vec(), 8.0), seconds[2]);
        let cost = NetworkCost { parameters: 10, multiply_adds: 4_000_000_000 };
        table.push("  a network", seconds.to_vec(), 1.0, Some(cost));
        let document = table.document();
        assert_eq!(document["rows"][0]["milliseconds"], json!([4000.0, 1000.0, 2000.0]));
        assert_eq!((&document["rows"][0]["median_ms"], &document["rows"][0]["units"]), (&json!(2000.0), &json!(8.0)));
        assert!(document["rows"][0]["multiply_adds"].is_null());
        assert_eq!(
            (&document["rows"][1]["name"], &document["rows"][1]["parameters"]),
            (&json!("a network"), &json!(10))
        );
        assert_eq!(document["rows"][1]["multiply_adds_per_sec"], 2e9);
        assert_eq!(table.finish(), Ok(Outcome::Done));
    }

    #[test]
    fn only_what_is_asked_for_is_measured() {
        let mut table = table(&["squeeze", "16, 2"]);
        let mut runs = 0;
        for name in ["MotionNet-16, 2 frames", "MotionNet-64", "SqueezeNet 1.0"] {
            let work = || {
                runs += 1;
                Ok(())
            };
            table.measure(name, 1.0, work).unwrap();
        }
        assert_eq!(
            table.rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(),
            ["MotionNet-16, 2 frames", "SqueezeNet 1.0"]
        );
        assert_eq!(runs, 2 * (3 + 1), "the first run of each does not count");
        assert!(table.wants_any(&["VGG16", "SqueezeNet"]) && !table.wants_any(&["VGG16"]));
        assert_eq!(table.finish(), Ok(Outcome::Done));
        let mut table = super::tests::table(&["loading", "nosuch"]);
        table.add("loading", vec![Duration::from_secs(1)], 1.0);
        assert_eq!(table.unknown_parts().collect::<Vec<_>>(), ["nosuch"]);
        assert_eq!(table.finish().unwrap_err().kind, ErrorKind::Usage);
    }
}
