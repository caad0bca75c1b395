//! Statistics of all sources over a whole clip.

use super::clip_pairs::ClipPairs;
use super::desired::DesiredFlows;
use super::diagnostics::statistics;
use super::{ClipMeasure, FlowSource};
use crate::engine::Message;
use crate::engine::runtime::events::EventSender;
use crate::engine::runtime::job::JobStop;
use crate::error::Result;
use crate::gpu::Compute;
use crate::video::Sizes;

/// Measures the clip of `desired` with every selected source, as measurement `number`. Frames are decoded in `sizes`.
pub(super) fn measure(
    number: u64,
    desired: &DesiredFlows,
    sizes: Sizes,
    compute: &Compute,
    events: &EventSender,
    stop: &JobStop,
) -> Result<()> {
    let clip = desired.open_clip()?;
    let kinds: Vec<_> = FlowSource::ALL.into_iter().filter(|kind| desired.settings.wants(*kind)).collect();
    let mut pairs = ClipPairs::open(clip, &kinds, desired, sizes, compute, events)?;
    let basis = desired.basis();
    while let Some((pair, flows)) = pairs.next()? {
        if stop.is_asked() {
            return Ok(());
        }
        let truth = flows.iter().find(|(kind, _)| *kind == FlowSource::Truth).map(|(_, truth)| truth.flow.clone());
        for (source, estimate) in flows.into_iter().filter(|(kind, _)| *kind != FlowSource::Truth) {
            let statistics = statistics(&estimate.flow, &pair, clip.size, truth.as_ref())?;
            events.send(Message::Measured(ClipMeasure {
                measurement: number,
                source,
                basis: basis.clone(),
                frame: pair[0].index,
                statistics,
            }));
        }
    }
    Ok(())
}
