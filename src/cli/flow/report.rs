//! The output of `motionscope flow --json`: schema `motionscope-flow`, version 1, one document per run.

use std::path::PathBuf;

use serde::Serialize;

use crate::flow::FlowField;
use crate::plural::counted;

/// The document.
#[derive(Debug, Serialize)]
pub(super) struct FlowExportReport {
    /// The schema name: `motionscope-flow`.
    pub schema: &'static str,
    /// The schema version: 1.
    pub version: u32,
    /// The version of the program.
    pub motionscope: &'static str,
    /// Two images or a clip.
    pub input: Vec<PathBuf>,
    /// The name of the method.
    pub method: String,
    /// The method in the third pane of the video; `null` without one.
    pub compared_with: Option<String>,
    /// Of the flow, in pixels.
    pub width: usize,
    /// Of the flow, in pixels.
    pub height: usize,
    pub pairs: Vec<PairReport>,
    /// The comparison video; `null` if none was asked for.
    pub video: Option<PathBuf>,
    /// The time spent on flow, without reading and writing.
    pub flow_secs: f64,
    /// True if Ctrl-C stopped it.
    pub interrupted: bool,
}

/// One flow field.
#[derive(Debug, Serialize)]
pub(super) struct PairReport {
    /// Frame at which it begins, from 0.
    pub first: usize,
    /// Frame to which it leads.
    pub second: usize,
    /// Mean length of the known vectors, pixels; `null` if none is known.
    pub mean_px: Option<f32>,
    /// Length of the longest known vector, pixels.
    pub max_px: f32,
    /// Share of the vectors that are known.
    pub known: f32,
    pub files: Vec<PathBuf>,
}

impl PairReport {
    pub fn new([first, second]: [usize; 2], field: &FlowField, files: Vec<PathBuf>) -> Self {
        let lengths: Vec<f64> = field
            .uv
            .iter()
            .filter(|uv| FlowField::is_known(**uv))
            .map(|[u, v]| f64::from(*u).hypot(f64::from(*v)))
            .collect();
        let mean = lengths.iter().sum::<f64>() / lengths.len() as f64;
        Self {
            first,
            second,
            mean_px: (!lengths.is_empty()).then_some(mean as f32),
            max_px: field.magnitude_max(),
            known: lengths.len() as f32 / field.uv.len().max(1) as f32,
            files,
        }
    }
}

impl FlowExportReport {
    /// Returns a one-line summary.
    pub fn in_words(&self) -> String {
        let input: Vec<_> = self.input.iter().map(|path| path.display().to_string()).collect();
        let count = self.pairs.len();
        let pairs = counted(count, "pair");
        let milliseconds = 1e3 * self.flow_secs / count.max(1) as f64;
        format!("{}: flow of {pairs} by {}, {milliseconds:.1} ms each", input.join(", "), self.method)
    }
}
