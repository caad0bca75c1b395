//! A table of the paper: measured and published figures side by side.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::experiment::ExperimentRow;
use super::row_result::RowResult;
use super::settings::{PaperTable, ReproductionSettings};
use super::speed::Speeds;
use crate::nets::{FlowReading, ModelCard, StreamEntry};

/// The whole table, with everything needed to repeat it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReproductionTable {
    /// [`ReproductionTable::SCHEMA`].
    pub schema: String,
    /// [`ReproductionTable::VERSION`].
    pub version: u32,
    /// Subject of the comparison.
    pub title: String,
    /// The figure in each column.
    pub columns: Vec<Column>,
    /// The rows in the paper's order.
    pub rows: Vec<TableRow>,
    /// Differences from the paper and meaning of the figures, in sentences.
    pub notes: Vec<String>,
    /// Settings, including the seed.
    pub settings: ReproductionSettings,
    /// Device and machine.
    pub device: String,
    /// The program's version.
    pub motionscope_version: String,
    /// FFmpeg's version.
    pub ffmpeg_version: String,
}

/// A figure that is measured for every row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Key in `row.json`.
    pub key: String,
    /// Header.
    pub name: String,
    /// Number of decimals.
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
    /// Standard error of the accuracy on the test clips, in percentage points. The variance between seeds is not
    /// included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
    /// Why figures are missing, or what they do not cover.
    pub missing: Option<String>,
    /// Device of the time measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl ReproductionTable {
    /// Schema name of the JSON.
    pub const SCHEMA: &str = "motionscope-reproduction";
    /// Version of the JSON.
    pub const VERSION: u32 = 1;

    /// Returns the columns of `table`.
    pub(super) fn columns(table: PaperTable) -> Vec<Column> {
        let column =
            |(key, name, decimals): (&str, &str, usize)| Column { key: key.into(), name: name.into(), decimals };
        let columns: &[(&str, &str, usize)] = match table {
            PaperTable::Table1 | PaperTable::Table4 => {
                &[(ACCURACY, "accuracy %", 2), (FPS, "fps", 2), (PARAMETERS, "parameters M", 2), (SIZE, "size MB", 1)]
            }
            PaperTable::Table2 => &[(ACCURACY, "accuracy %", 2), (RATIO, "photometric ratio", 3)],
            PaperTable::Table3 => &[(EPE, "EPE px", 2), (FL, "Fl %", 2), (MS, "ms per pair", 1)],
        };
        columns.iter().copied().map(column).collect()
    }

    /// Returns the notes below the table for these settings.
    pub(super) fn notes(settings: &ReproductionSettings) -> Vec<String> {
        let notes: &[&str] = match settings.table {
            PaperTable::Table1 => &[
                STANDARD_ERROR_NOTE,
                "Published: UCF101 split 1, VGG16, frames per second on a Titan X class GPU.",
                "fps on the device in the same row; TV-L1 on the GPU if there is one, codec vectors on the CPU.",
                "Two-stage flow is quantised to the 256 levels of stored images. (b) and (c) continue from (a) for the same number \
                 of steps; all rows share one MotionNet.",
                "fps: from the compressed file to the scores of every window (and frame), without crops; median over the test clips, \
                 on the machine that computed the row; rows take turns on each clip, in shards those that share networks.",
                "CNN-M and EMV are trained from scratch; the mean of each field is not subtracted from CNN-M's flow. Readings of \
                 unpublished details: a temporal CNN-M without its second normalisation, temperature 2 and weight 4 of EMV's \
                 teacher, fused logits with equal weights (very deep: 1 : 2).",
                "ActionFlowNet is trained from scratch with TV-L1 flow as labels (EpicFlow in the original); its layers for 2 frames are a \
                 reading.",
                "Parameters and size: of every network at work in the row, flow included, at 4 bytes a parameter.",
            ],
            PaperTable::Table2 => &[
                STANDARD_ERROR_NOTE,
                "Each row trains MotionNet from scratch without labels, then a stacked temporal stream (a) on top of it.",
                "Photometric ratio: mean |I₀ − reconstructed I₀| / mean |I₀ − I₁| on the test clips; 1 for zero flow.",
                "Published: UCF101 split 1; the paper gives no photometric ratio.",
            ],
            PaperTable::Table4 => &[
                STANDARD_ERROR_NOTE,
                "Published: UCF101, three splits. On HMDB51: MV + FV 46.7, C3D 49.7, ActionFlowNet 56.4, RGB difference 64.5, hidden \
                 two-stream 60.5 (VGG16), 66.8 (TSN), 78.7 (I3D). On THUMOS14: EMV 41.6, RGB + EMV 61.5, C3D 54.6, ActionFlowNet \
                 51.3, RGB difference 71.9. On ActivityNet: C3D 74.1, ActionFlowNet 68.8, RGB difference 83.0.",
                "Readings of unpublished details: temperature and weight of EMV's teacher, 3DNet's decoder and flow loss, ActionFlowNet's decoder and weights (TV-L1 flow as labels), equal weights of fused logits.",
                "The SVM reads fc6 of 16 frames, 8 apart, averaged over the clip at length 1 (C = 1, a reading), of the network that the \
                 row of C3D trained; the published network had seen Sports-1M, and three joined have 85.2 %. That 3DNet is joined by \
                 its fc6 is a reading. RGB difference and hidden two-stream have the backbone of the settings; the published RGB \
                 difference has BN-Inception.",
                "Frames per second: from the compressed file to the scores of every window and frame, without crops, of at most 200 \
                 frames, on the machine that computed the row. The rows with an SVM read windows 8 apart of the middle square and the whole clip, so that their speeds do \
                 not compare with those of the networks alone.",
                "MV + FV runs on the CPU, is not timed and has no network; 256 Gaussians at the scale paper, 32 otherwise.",
            ],
            PaperTable::Table3 => &[
                "The paper does not state which MPI-Sintel pass was used; its TV-L1 is OpenCV's.",
                "Time: median over the pairs, without file reading, on the device in the same row of the machine that computed it.",
            ],
        };
        let flow_note = settings.rivals.then(|| {
            let pairs = match &settings.pairs {
                Some(pairs) => format!("{} in {}", pairs.benchmark.title(), pairs.root.display()),
                None => "generated pairs with exact flow".into(),
            };
            format!("{} Taught with {pairs}.", FLOW_NETWORKS_NOTE)
        });
        let base = settings.base.as_ref().filter(|_| settings.table != PaperTable::Table3);
        let base = base.map(|base| base_note(base));
        notes.iter().map(|note| (*note).to_owned()).chain(flow_note).chain(base).collect()
    }

    /// Returns the table of `rows`, each with its result, the error message, or `None` if it was not computed yet.
    /// Speeds and the other figures were measured on `device`.
    pub(super) fn of(
        settings: &ReproductionSettings,
        rows: Vec<ExperimentRow>,
        outcomes: Vec<Option<std::result::Result<RowResult, String>>>,
        speeds: &Speeds,
        device: String,
        ffmpeg_version: String,
    ) -> Self {
        let columns = Self::columns(settings.table);
        let row = |(row, outcome): (ExperimentRow, Option<std::result::Result<RowResult, String>>)| {
            let result = outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
            let mut figures = BTreeMap::new();
            if let Some(result) = result {
                figures.clone_from(&result.figures);
                figures.extend(speeds.fps.get(&row.id).map(|fps| (FPS.to_owned(), *fps)));
            }
            let accuracy = figures.get(ACCURACY).map(|percent| percent / 100.0);
            let clips = result.map(|result| result.measured);
            TableRow {
                standard_error: accuracy.zip(clips).map(|(share, clips)| 100.0 * standard_error(share, clips)),
                device: speeds.devices.get(&row.id).cloned().or(result.and_then(|result| result.device.clone())),
                measured: columns.iter().map(|column| figures.get(&column.key).copied()).collect(),
                missing: missing(outcome),
                published: row.published,
                id: row.id,
                name: row.name,
            }
        };
        Self {
            schema: Self::SCHEMA.into(),
            version: Self::VERSION,
            title: settings.table.title().into(),
            rows: rows.into_iter().zip(outcomes).map(row).collect(),
            columns: columns.clone(),
            notes: Self::notes(settings),
            settings: settings.clone(),
            device,
            motionscope_version: env!("CARGO_PKG_VERSION").into(),
            ffmpeg_version,
        }
    }

    /// Returns whether every row has all its figures.
    pub fn is_complete(&self) -> bool {
        self.rows.iter().all(|row| row.missing.is_none())
    }
}

/// Returns the note on a row without results or with skipped clips.
fn missing(outcome: Option<std::result::Result<RowResult, String>>) -> Option<String> {
    match outcome {
        None => Some("not evaluated yet".into()),
        Some(Err(failure)) => Some(failure),
        Some(Ok(result)) => {
            let first = result.failures.first()?;
            Some(format!("{} could not be read, the first: {first}", result.failures.len()))
        }
    }
}

/// Returns the standard error of a binomial proportion counted over `n` cases.
fn standard_error(share: f64, n: usize) -> f64 {
    (share * (1.0 - share) / n.max(1) as f64).sqrt()
}

/// Returns the note on the base model in folder `base`. The folder of a finished table may have been deleted.
fn base_note(base: &Path) -> String {
    let start = format!("All networks start from {}", base.display());
    let Ok(card) = ModelCard::read(base) else { return format!("{start}.") };
    let flow = card
        .temporal
        .as_ref()
        .map(|_| format!("; its temporal stream was trained on {}", card.flow_source().in_words()));
    let reading = card.temporal.as_ref().map(StreamEntry::reading).unwrap_or_default();
    let differs = reading != FlowReading::default() || card.preprocessing.spatial.crop.sees_motion();
    let whole = if differs { " Here its streams see whole frames, and flow at the size of the frames." } else { "" };
    format!("{start}{}.{whole}", flow.unwrap_or_default())
}

const FLOW_NETWORKS_NOTE: &str = "FlowNet (read as FlowNetS), FlowNet2 and NextFlow learn from true flow, then a fresh temporal stream \
    from their frozen flow. FlowNet2: FlowNetC, the second and the third network one after the other, FlowNet-SD, then fusion, each for \
    the same number of steps. Readings: that order, Caffe's loss for all but NextFlow, NextFlow's layers and losses; half of its samples are the \
    next frames of the training clips.";
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
