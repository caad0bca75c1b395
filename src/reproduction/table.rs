//! A table of the paper: what was measured beside what was published.

use serde::{Deserialize, Serialize};

use super::settings::{PaperTable, ReproductionSettings};

/// The whole table, with all that is needed to repeat it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReproductionTable {
    /// [`ReproductionTable::SCHEMA`].
    pub schema: String,
    /// [`ReproductionTable::VERSION`].
    pub version: u32,
    /// Subject of the comparison.
    pub title: String,
    /// The figures of each row.
    pub columns: Vec<Column>,
    /// The rows in the paper's order.
    pub rows: Vec<TableRow>,
    /// Differences from the paper and meaning of the figures, in sentences.
    pub notes: Vec<String>,
    /// Settings, seed included.
    pub settings: ReproductionSettings,
    /// Device and machine.
    pub device: String,
    /// The program's version.
    pub motionscope_version: String,
    /// FFmpeg's version.
    pub ffmpeg_version: String,
}

/// A figure that is measured of every row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its key in `row.json`.
    pub key: String,
    /// Header.
    pub name: String,
    /// Digits after the point.
    pub decimals: usize,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableRow {
    /// The name of its folder.
    pub id: String,
    /// The measured row.
    pub name: String,
    /// Measured values, one per column.
    pub measured: Vec<Option<f64>>,
    /// Published values.
    pub published: Vec<Option<f64>>,
    /// Standard error of the accuracy on the test clips, in percentage points. The spread between seeds is not part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
    /// Why there are no figures, or what is missing from them.
    pub missing: Option<String>,
    /// Device of the time measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl ReproductionTable {
    /// The schema name of its JSON.
    pub const SCHEMA: &str = "motionscope-reproduction";
    /// The version of the JSON.
    pub const VERSION: u32 = 1;

    /// Returns the columns of `table`.
    pub(super) fn columns(table: PaperTable) -> Vec<Column> {
        let column =
            |(key, name, decimals): (&str, &str, usize)| Column { key: key.into(), name: name.into(), decimals };
        let columns: &[(&str, &str, usize)] = match table {
            PaperTable::Table1 => {
                &[(ACCURACY, "accuracy %", 2), (FPS, "fps", 2), (PARAMETERS, "parameters M", 2), (SIZE, "size MB", 1)]
            }
            PaperTable::Table2 => &[(ACCURACY, "accuracy %", 2), (RATIO, "photometric ratio", 3)],
            PaperTable::Table3 => &[(EPE, "EPE px", 2), (FL, "Fl %", 2), (MS, "ms per pair", 1)],
        };
        columns.iter().copied().map(column).collect()
    }

    /// Returns the notes below the table at these settings.
    pub(super) fn notes(settings: &ReproductionSettings) -> Vec<String> {
        let notes: &[&str] = match settings.table {
            PaperTable::Table1 => &[
                STANDARD_ERROR_NOTE,
                "Published: UCF101 split 1, VGG16, frames per second on a Titan X class GPU.",
                "fps on the device in the same row; TV-L1 on the GPU if there is one, codec vectors on the CPU.",
                "Two-stage flow is quantised to the 256 levels of stored images. (b) and (c) continue from (a) for the same number \
                 of steps; all rows share one MotionNet.",
                "fps: from the compressed file to the scores of every window (and frame), without crops; median over the test clips, \
                 with all rows timed in turn on each clip.",
                "Parameters and size: of every network at work in the row, flow included, at 4 bytes a parameter.",
            ],
            PaperTable::Table2 => &[
                STANDARD_ERROR_NOTE,
                "Each row trains MotionNet from scratch without labels, then a stacked temporal stream (a) on top of it.",
                "Photometric ratio: mean |I₀ − reconstructed I₀| / mean |I₀ − I₁| on the test clips; 1 for zero flow.",
                "Published: UCF101 split 1; the paper gives no photometric ratio.",
            ],
            PaperTable::Table3 => &[
                "The paper does not state which MPI-Sintel pass was used; its TV-L1 is OpenCV's.",
                "Time: median over the pairs, without file reading, on the device in the same row.",
            ],
        };
        let base = settings.base.as_ref().filter(|_| settings.table == PaperTable::Table1);
        let base = base.map(|base| {
            let model = base.display();
            format!("All networks start from {model}; its temporal stream, if any, was trained on MotionNet flow.")
        });
        notes.iter().map(|note| (*note).to_owned()).chain(base).collect()
    }

    /// Returns whether every row has all its figures.
    pub fn is_complete(&self) -> bool {
        self.rows.iter().all(|row| row.missing.is_none())
    }
}

const STANDARD_ERROR_NOTE: &str = "Accuracy ± its standard error, √(p (1 − p) / n) for n test clips; seeds add to it.";

/// Keys of the figures.
pub(super) const ACCURACY: &str = "accuracy_percent";
pub(super) const FPS: &str = "fps";
pub(super) const PARAMETERS: &str = "parameters_millions";
pub(super) const SIZE: &str = "size_mb";
pub(super) const RATIO: &str = "photometric_ratio";
pub(super) const EPE: &str = "epe_px";
pub(super) const FL: &str = "fl_percent";
pub(super) const MS: &str = "ms";
