//! A table of the paper: what was measured beside what was published.

use serde::{Deserialize, Serialize};

use super::settings::{PaperTable, Settings};

/// The whole table, with all that is needed to repeat it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// [`Table::SCHEMA`].
    pub schema: String,
    /// [`Table::VERSION`].
    pub version: u32,
    /// What is compared.
    pub title: String,
    /// The figures of each row.
    pub columns: Vec<Column>,
    /// The rows in the paper's order.
    pub rows: Vec<TableRow>,
    /// What is different from the paper and what the figures mean, in sentences.
    pub notes: Vec<String>,
    /// What was asked for, seed included.
    pub settings: Settings,
    /// Where it was computed.
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
    /// What stands above it.
    pub name: String,
    /// Digits after the point.
    pub decimals: usize,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableRow {
    /// The name of its folder.
    pub id: String,
    /// What is measured.
    pub name: String,
    /// What was measured, one a column.
    pub measured: Vec<Option<f64>>,
    /// What the paper says.
    pub published: Vec<Option<f64>>,
    /// Why there are no figures, or what is missing from them.
    pub missing: Option<String>,
    /// Where its time was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl Table {
    /// What its JSON is.
    pub const SCHEMA: &str = "motionscope-reproduction";
    /// The version of the JSON.
    pub const VERSION: u32 = 1;

    /// The columns of `table`.
    pub(super) fn columns(table: PaperTable) -> Vec<Column> {
        let column =
            |(key, name, decimals): (&str, &str, usize)| Column { key: key.into(), name: name.into(), decimals };
        let columns: &[(&str, &str, usize)] = match table {
            PaperTable::Table1 => &[(ACCURACY, "accuracy %", 2), (FPS, "fps", 2)],
            PaperTable::Table2 => &[(ACCURACY, "accuracy %", 2), (RATIO, "photometric ratio", 3)],
            PaperTable::Table3 => &[(EPE, "EPE px", 2), (FL, "Fl %", 2), (MS, "ms a pair", 1)],
        };
        columns.iter().copied().map(column).collect()
    }

    /// What has to be said about `table` at these settings.
    pub(super) fn notes(settings: &Settings) -> Vec<String> {
        let notes: &[&str] = match settings.table {
            PaperTable::Table1 => &[
                "Published: UCF101 split 1, VGG16, frames per second on a GPU of the Titan X class.",
                "fps on the device that stands beside it, TV-L1 on the GPU too where there is one; codec vectors come from the CPU.",
                "Two-stage flow is rounded to the 256 levels of stored pictures. (b) and (c) go on from (a) with as many steps again; \
                 all rows share one MotionNet.",
                "fps: from the compressed file to the scores of every window (and frame), frames seen whole, the median over test \
                 clips; all rows take their turn with every clip.",
            ],
            PaperTable::Table2 => &[
                "For each row MotionNet is trained anew without labels, then a stacked temporal stream (a) on top of it.",
                "Photometric ratio: mean |I₀ − rebuilt I₀| / mean |I₀ − I₁| on the test clips; 1 is no flow at all.",
                "Published: UCF101 split 1; the paper gives no photometric ratio.",
            ],
            PaperTable::Table3 => &[
                "The paper does not say which pass of MPI-Sintel was measured; TV-L1 is OpenCV's.",
                "Time is the median over the pairs, without reading files, on the device that stands beside it.",
            ],
        };
        let base = settings.base.as_ref().filter(|_| settings.table == PaperTable::Table1);
        let base = base.map(|base| {
            let model = base.display();
            format!("All networks go on from {model}, whose temporal stream, if it has one, has learnt the flow of a MotionNet.")
        });
        notes.iter().map(|note| (*note).to_owned()).chain(base).collect()
    }

    /// Whether every row has all its figures.
    pub fn is_complete(&self) -> bool {
        self.rows.iter().all(|row| row.missing.is_none())
    }
}

/// Keys of the figures.
pub(super) const ACCURACY: &str = "accuracy_percent";
pub(super) const FPS: &str = "fps";
pub(super) const RATIO: &str = "photometric_ratio";
pub(super) const EPE: &str = "epe_px";
pub(super) const FL: &str = "fl_percent";
pub(super) const MS: &str = "ms";
