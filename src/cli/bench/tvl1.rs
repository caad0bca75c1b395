//! TV-L1 on the processor: its rows of the table, and a pair of pictures from outside for the comparison with OpenCV.

use std::cell::LazyCell;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::fixture;
use super::table::BenchmarkTable;
use crate::error::Result;
use crate::flow::tvl1::{Tvl1, Tvl1Parameters};
use crate::flow::{Plane, files};
use crate::video::{Geometry, decode_picture};

/// The sizes that TV-L1 is measured at.
const SIZES: [Geometry; 2] = [Geometry { width: 320, height: 240 }, Geometry { width: 640, height: 480 }];

/// The options used by `tests/compare_opencv.py`.
#[derive(Debug, Args)]
pub(super) struct PairArgs {
    /// Measure only TV-L1 between two images and print the times as JSON
    #[arg(long, num_args = 2, value_names = ["FIRST", "SECOND"])]
    pair: Option<Vec<PathBuf>>,
    /// TV-L1 parameters for --pair: opencv, two-stream or fast
    #[arg(long, value_name = "PRESET", default_value = "opencv", value_parser = Tvl1Parameters::preset)]
    preset: Tvl1Parameters,
    /// Output file for the flow of --pair
    #[arg(long, value_name = "FILE.flo", requires = "pair")]
    flow: Option<PathBuf>,
}

impl PairArgs {
    /// Measures the pair that was asked for; whether there was one.
    pub fn run(&self, repeats: usize) -> Result<bool> {
        let Some([first, second]) = self.pair.as_deref() else { return Ok(false) };
        let (first, second) = (grey(first)?, grey(second)?);
        let mut solver = Tvl1::new(self.preset)?;
        let mut field = solver.flow(&first, &second, None)?; // the run that does not count
        let mut milliseconds = Vec::with_capacity(repeats);
        for _ in 0..repeats {
            let started = Instant::now();
            field = solver.flow(&first, &second, None)?;
            milliseconds.push(started.elapsed().as_secs_f64() * 1e3);
        }
        if let Some(path) = &self.flow {
            files::write_flo(path, &field)?;
        }
        println!(
            "{}",
            serde_json::json!({ "width": field.width, "height": field.height, "milliseconds": milliseconds })
        );
        Ok(true)
    }
}

fn grey(path: &Path) -> Result<Plane> {
    Ok(Plane::grey(&decode_picture(path)?.into_rgb8()))
}

/// Every preset at every size, between two neighbouring frames of a generated clip.
pub(super) fn rows(table: &mut BenchmarkTable) -> Result<()> {
    for size in SIZES {
        let pair = LazyCell::new(|| fixture::neighbours(size));
        for (name, parameters) in Tvl1Parameters::PRESETS {
            let name = format!("TV-L1 ({name}), {}×{}", size.width, size.height);
            if !table.wants(&name) {
                continue;
            }
            let [first, second] = &*pair;
            let mut solver = Tvl1::new(parameters)?;
            table.measure(&name, 1.0, || solver.flow(first, second, None).map(drop))?;
        }
    }
    Ok(())
}
