//! Export of the flow of a whole clip to files or a side-by-side video.

use std::time::Instant;

use super::clip_pairs::ClipPairs;
use super::desired::DesiredFlows;
use super::source::Estimate;
use crate::engine::flow_colours::FlowScale;
use crate::engine::runtime::events::EventSender;
use crate::engine::runtime::job::JobStop;
use crate::engine::{FlowExport, Message, Topic};
use crate::error::{Error, Result};
use crate::flow::files::Scales;
use crate::gpu::Compute;
use crate::output::Staging;
use crate::video::{Frame, SideBySide, Sizes};

/// Writes `export` of the clip of `desired`. Frames are decoded in `sizes`. If the user stops it, the finished part is
/// kept; if it fails, or the program ends, nothing is.
pub(super) fn write(
    export: &FlowExport,
    desired: &DesiredFlows,
    sizes: Sizes,
    compute: &Compute,
    events: &EventSender,
    stop: &JobStop,
) -> Result<()> {
    let clip = desired.open_clip()?;
    let mut pairs = ClipPairs::open(clip, &export.sources(), desired, sizes, compute, events)?;
    let nothing = || {
        let cause = "no flow was written, as no source has any for this clip";
        Err(Error::file(export.path(), cause, "Choose a source that works on the clip"))
    };
    if pairs.sources() == 0 {
        return nothing();
    }
    let total = pairs.count();
    let panes_count = pairs.sources() as u32 + 1;
    let staging = match export {
        FlowExport::Folder { dir, .. } => Some(Staging::begin(dir)?),
        FlowExport::Video { path, guard, .. } => {
            guard.check(std::slice::from_ref(path))?;
            None
        }
    };
    let [width, height] = [clip.size.width as usize, clip.size.height as usize];
    let pace = pairs.info().pace();
    let mut video = None;
    let (mut scale, now) = (FlowScale::held(export.colours()), Instant::now());
    let mut done = 0;
    while let Some((pair, flows)) = pairs.next()? {
        if stop.is_asked() {
            break;
        }
        if flows.len() + 1 < panes_count as usize && matches!(export, FlowExport::Video { .. }) {
            continue; // a pane without a picture would be black
        }
        let fields: Vec<_> = flows.iter().map(|(_, estimate)| estimate.flow.at_size(width, height)).collect();
        let moves = |(_, (_, estimate)): &(_, &(_, Estimate))| estimate.flow.typical_px > 0.0;
        let moving = fields.iter().zip(&flows).filter(moves);
        moving.for_each(|(field, _)| scale.see(field, now));
        match export {
            FlowExport::Folder { format, bound_px, .. } => {
                let scales = Scales { bound_px: *bound_px, max_px: scale.px(), gamma: scale.gamma() };
                for (field, staging) in fields.iter().zip(&staging) {
                    format.write(&format.path_in(&staging.root(), pair[0].index), field, scales)?;
                }
            }
            FlowExport::Video { path, .. } => {
                let pictures: Vec<_> = fields.iter().map(|field| scale.coloured(field)).collect();
                let frame: &Frame = &pair[0];
                let panes: Vec<_> = std::iter::once(&*frame.display).chain(&pictures).collect();
                let video = match &mut video {
                    Some(video) => video,
                    none => none.insert(SideBySide::create(path, &frame.display, panes_count, pace)?),
                };
                video.push(&panes, frame.shown_secs())?;
            }
        }
        done += usize::from(!fields.is_empty());
        events.send(Message::ExportProgress { done, total });
    }
    if stop.is_abandoned() || (stop.is_asked() && done == 0) {
        return Ok(()); // A part must not pass for the whole, and before the first pair there is nothing to keep.
    }
    if done == 0 {
        return nothing();
    }
    if let (Some(video), FlowExport::Video { guard, .. }) = (video, export) {
        video.complete()?.publish(guard)?;
    }
    if let (Some(staging), FlowExport::Folder { guard, .. }) = (staging, export) {
        staging.publish(guard)?;
    }
    events.send(Message::Exported { path: export.path().clone(), pairs: done });
    pairs.take_warnings().into_iter().for_each(|damage| events.problem(Topic::Other, damage));
    Ok(())
}
