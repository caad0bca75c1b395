//! The networks with everything around them, pictures in, flow and scores out: their rows of the table.

use std::path::Path;
use std::sync::Arc;

use super::fixture::{self, CLIP, CLIP_FRAMES, INPUT, PAIRWISE};
use super::table::BenchmarkTable;
use crate::engine::{InferencePipeline, WINDOW_FRAMES, default_model};
use crate::error::Result;
use crate::gpu::Compute;
use crate::nets::HiddenTwoStream;
use crate::video::{Frame, VideoReader};

/// Rows of an untrained model at the paper's size.
const UNTRAINED: [&str; 3] = [
    "  a new frame's flow, frames to read-back",
    "  a new frame's flow and scores, streaming",
    "  a window's flows and scores, from scratch",
];
/// The same of the shipped model at its own sizes.
const SHIPPED: [&str; 3] = [
    "  shipped model: a new frame's flow",
    "  shipped model: flow and scores, streaming",
    "  shipped model: a window from scratch",
];

/// All rows; the clip is written into `dir`.
pub(super) fn rows(table: &mut BenchmarkTable, compute: &Compute, dir: &Path) -> Result<()> {
    if table.wants_any(&UNTRAINED) {
        let model = fixture::model(&PAIRWISE, INPUT, &compute.device);
        rows_of(table, compute, dir, model, UNTRAINED)?;
    }
    if !table.wants_any(&SHIPPED) {
        return Ok(());
    }
    match default_model().and_then(|folder| HiddenTwoStream::load(&folder, &compute.device)) {
        Ok(model) => rows_of(table, compute, dir, model, SHIPPED),
        Err(error) => {
            table.note(&format!("  without the shipped model: {error}"));
            Ok(())
        }
    }
}

fn rows_of(
    table: &mut BenchmarkTable,
    compute: &Compute,
    dir: &Path,
    model: HiddenTwoStream,
    [flow, streaming, from_scratch]: [&str; 3],
) -> Result<()> {
    let clip = fixture::clip(dir, CLIP_FRAMES, CLIP)?;
    let mut pipeline = InferencePipeline::new(model, compute);
    let mut reader = VideoReader::open(&clip, pipeline.sizes())?;
    let frames = (0..CLIP_FRAMES).map(|index| reader.frame(index).map(Arc::new)).collect::<Result<Vec<_>>>()?;
    let mut starts = (0..=CLIP_FRAMES - WINDOW_FRAMES).cycle();
    let mut next_window = || -> &[Arc<Frame>] {
        let start = starts.next().unwrap_or_default();
        &frames[start..start + WINDOW_FRAMES]
    };
    table.measure(flow, 1.0, || {
        pipeline.clear();
        pipeline.flow(next_window(), 0, 2).map(drop)
    })?;
    pipeline.clear();
    pipeline.analyse(next_window())?;
    table.measure(streaming, 1.0, || pipeline.analyse(next_window()).map(drop))?;
    table.measure(from_scratch, 1.0, || {
        pipeline.clear();
        pipeline.analyse(next_window()).map(drop)
    })
}
