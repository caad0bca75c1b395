//! TV-L1 on the graphics device: its rows of the table.

use super::fixture::CLIP;
use super::table::BenchmarkTable;
use crate::error::Result;
use crate::flow::tvl1::{Tvl1OnGpu, Tvl1Parameters};
use crate::gpu::Compute;
use crate::sample::{ACTIONS, STYLES, render_clip};

/// Every preset between two neighbouring frames of a generated clip, read-back included; nothing on the CPU.
pub(super) fn rows(table: &mut BenchmarkTable, compute: &Compute) -> Result<()> {
    let Some(wgpu) = &compute.wgpu else { return Ok(()) };
    let clip = render_clip(ACTIONS[0], &STYLES[0], 1, 2, CLIP);
    for (name, parameters) in Tvl1Parameters::PRESETS {
        let mut tvl1 = Tvl1OnGpu::new(wgpu, parameters)?;
        table.measure(&format!("TV-L1 ({name}) on the GPU, {}×{}", CLIP.width, CLIP.height), 1.0, || {
            let flow = tvl1.flow(&clip.frames[0], &clip.frames[1], false)?;
            tvl1.read(&flow).map(drop)
        })?;
    }
    Ok(())
}
