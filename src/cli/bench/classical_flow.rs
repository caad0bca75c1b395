//! TV-L1 and DIS on the processor: their rows of the table, and a pair of pictures from outside for the comparison with
//! OpenCV.

use std::cell::LazyCell;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::fixture;
use super::table::BenchmarkTable;
use crate::error::{Error, Result};
use crate::flow::dis::{Dis, DisPreset};
use crate::flow::tvl1::{Tvl1, Tvl1Parameters};
use crate::flow::{FlowField, Plane, files};
use crate::video::{Geometry, decode_picture};

/// The sizes that both are measured at.
const SIZES: [Geometry; 2] = [Geometry { width: 320, height: 240 }, Geometry { width: 640, height: 480 }];

/// The options used by `tests/compare_opencv.py`.
#[derive(Debug, Args)]
pub(super) struct PairArgs {
    /// Measure only TV-L1 or DIS between two images and print the times as JSON
    #[arg(long, num_args = 2, value_names = ["FIRST", "SECOND"])]
    pair: Option<Vec<PathBuf>>,
    /// Preset for --pair: opencv, two-stream or fast of TV-L1; dis-ultrafast, dis-fast or dis-medium
    #[arg(long, value_name = "PRESET", default_value = "opencv", value_parser = PairPreset::named, requires = "pair")]
    preset: PairPreset,
    /// Output file for the flow of --pair
    #[arg(long, value_name = "FILE.flo", requires = "pair")]
    flow: Option<PathBuf>,
}

/// A method and its parameters, by one name.
#[derive(Debug, Clone, Copy)]
enum PairPreset {
    Tvl1(Tvl1Parameters),
    Dis(DisPreset),
}

/// The solver of a [`PairPreset`].
enum PairSolver {
    Tvl1(Box<Tvl1>),
    Dis(Dis),
}

impl PairPreset {
    /// What the names of DIS's presets begin with; those of TV-L1 came first and have no prefix.
    const DIS: &str = "dis-";

    fn named(name: &str) -> Result<Self> {
        if let Some(name) = name.strip_prefix(Self::DIS) {
            return DisPreset::named(name).map(Self::Dis);
        }
        let named = Tvl1Parameters::PRESETS.into_iter().find(|(preset, _)| *preset == name);
        named.map(|(_, parameters)| Self::Tvl1(parameters)).ok_or_else(|| {
            let tvl1 = Tvl1Parameters::PRESETS.map(|(name, _)| name.to_owned());
            let dis = DisPreset::ALL.map(|preset| format!("{}{}", Self::DIS, preset.name()));
            let remedy = format!("Choose one of {}, {}", tvl1.join(", "), dis.join(", "));
            Error::new(format!("--preset {name}"), "no such preset", remedy)
        })
    }

    fn solver(self) -> Result<PairSolver> {
        Ok(match self {
            Self::Tvl1(parameters) => PairSolver::Tvl1(Box::new(Tvl1::new(parameters)?)),
            Self::Dis(preset) => PairSolver::Dis(Dis::new(preset)),
        })
    }
}

impl PairSolver {
    fn flow(&mut self, first: &Plane, second: &Plane) -> Result<FlowField> {
        match self {
            Self::Tvl1(tvl1) => tvl1.flow(first, second, None),
            Self::Dis(dis) => dis.flow(first, second),
        }
    }
}

impl PairArgs {
    /// Measures the pair that was asked for; whether there was one.
    pub fn run(&self, repeats: usize) -> Result<bool> {
        let Some([first, second]) = self.pair.as_deref() else { return Ok(false) };
        let (first, second) = (grey(first)?, grey(second)?);
        let mut solver = self.preset.solver()?;
        let mut field = solver.flow(&first, &second)?; // the run that does not count
        let mut milliseconds = Vec::with_capacity(repeats);
        for _ in 0..repeats {
            let started = Instant::now();
            field = solver.flow(&first, &second)?;
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
        for preset in DisPreset::ALL {
            let name = format!("DIS ({}), {}×{}", preset.name(), size.width, size.height);
            if !table.wants(&name) {
                continue;
            }
            let [first, second] = &*pair;
            table.measure(&name, 1.0, || Dis::new(preset).flow(first, second).map(drop))?;
        }
    }
    Ok(())
}
