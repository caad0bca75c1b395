//! Export of a clip as an annotated video.

use std::path::Path;
use std::time::{Duration, Instant};

use super::drawing::{Annotated, Drawing};
use crate::engine::flow_colours::FlowScale;
use crate::engine::inference::clip_frames::{ClipFrames, start_around};
use crate::engine::inference::pipeline::FINEST_LEVEL;
use crate::engine::runtime::events::EventSender;
use crate::engine::runtime::job::JobStop;
use crate::engine::{FlowColours, InferencePipeline, Message, OverlayExport, Topic};
use crate::error::{Error, Result};
use crate::gpu::Compute;
use crate::nets::HiddenTwoStream;
use crate::nets::fusion::{Firmness, Fusion};
use crate::output::OutputGuard;
use crate::ranking::falling;
use crate::video::{Geometry, Sizes, VideoWriter};

/// Frame distance between scored windows.
const SCORE_EVERY: usize = 3;
/// Longest side of the frames in the video, pixels.
const DISPLAY_MAX: u32 = 960;

/// Writes `clip` with flow, bars and labels to `path` if `guard` permits it when the video is complete, and returns the
/// damage found in the clip. Returns `None` and writes nothing if `go_on`, which receives the numbers of frames written
/// and of all frames, stopped it.
///
/// # Errors
/// If the clip cannot be read, the video cannot be written, or the device fails.
pub fn annotate(
    clip: &Path,
    path: &Path,
    guard: &OutputGuard,
    pipeline: &mut InferencePipeline,
    fusion: &Fusion,
    colours: FlowColours,
    go_on: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Option<Vec<Error>>> {
    let sizes = Sizes { display_max: DISPLAY_MAX, ..pipeline.sizes() };
    let mut frames = ClipFrames::open(clip, sizes)?;
    pipeline.clear();
    let (total, pace) = (frames.info().frames, frames.info().pace());
    let (classes, thresholds) = (pipeline.card().classes.clone(), pipeline.card().thresholds.clone());
    let mut video: Option<(Drawing, VideoWriter)> = None;
    let own = [frames.info().width, frames.info().height];
    let (mut ranked, mut firmness, mut found, mut square) = (Vec::new(), Firmness::Sure, None, None);
    let (mut scale, began) = (FlowScale::following(colours), Instant::now());
    for index in 0..total {
        if !go_on(index, total) {
            return Ok(None);
        }
        let read = pipeline.window_frames();
        let scored_start = start_around(index, read, total);
        let window = frames.window(scored_start, read)?;
        // The window of the displayed pairs is within the scored one.
        let shown = pipeline.flow_frames();
        let start = start_around(index, shown, total);
        let pairs = &window[start - scored_start..];
        let pairs = &pairs[..pairs.len().min(shown)];
        if index % SCORE_EVERY == 0 {
            let scores = pipeline.analyse(&window)?.scores;
            square = scores.square;
            firmness = scores.doubt(fusion).map_or(Firmness::Sure, Firmness::Unsure);
            let shares = scores.fused_probabilities(fusion);
            found = fusion.found(&thresholds, &classes, &shares);
            ranked = classes.iter().cloned().zip(shares).collect();
            ranked.sort_by(|(_, a), (_, b)| falling(a, b));
        }
        let place = (index - start).min(shown - 2);
        let [before, after] = [place, place + 1].map(|place| &*pairs[place.min(pairs.len() - 1)].display);
        let flow = pipeline.flow(pairs, place, FINEST_LEVEL)?.shown_between(before, after);
        let at = began + Duration::try_from_secs_f64(window[index - scored_start].pts_secs).unwrap_or_default();
        let flow = scale.picture(&flow, own, at);
        let frame = &window[index - scored_start];
        let (drawing, writer) = match &mut video {
            Some(video) => video,
            none => {
                let (width, height) = frame.display.dimensions();
                let drawing = Drawing::new(Geometry { width, height });
                let writer = VideoWriter::create(path, drawing.size(), pace)?;
                none.insert((drawing, writer))
            }
        };
        let (flow, secs) = (Some((&flow, scale.px())), frame.pts_secs);
        let annotated = Annotated {
            frame: &frame.display,
            square,
            flow,
            ranked: &ranked,
            firmness,
            found: found.as_deref(),
            secs,
            late_secs: 0.0,
        };
        writer.push_at(&drawing.draw(&annotated), frame.shown_secs())?;
    }
    video.map_or(Ok(()), |(_, writer)| writer.complete()?.publish(guard))?;
    Ok(Some(frames.take_warnings()))
}

/// Exports with a separate copy of the networks, and reports the progress.
pub(in crate::engine) fn run(
    export: &OverlayExport,
    compute: &Compute,
    events: &EventSender,
    stop: &JobStop,
) -> Result<()> {
    export.guard.check(std::slice::from_ref(&export.path))?;
    let model = HiddenTwoStream::load(&export.model, &compute.device)?;
    let mut pipeline = InferencePipeline::new(model, compute);
    let mut frames = 0;
    let mut go_on = |done, total| {
        frames = total;
        events.send(Message::ExportProgress { done, total });
        !stop.is_asked()
    };
    let OverlayExport { clip, path, fusion, colours, guard, .. } = export;
    if let Some(damages) = annotate(clip, path, guard, &mut pipeline, fusion, *colours, &mut go_on)? {
        events.send(Message::Annotated { path: path.clone(), frames });
        damages.into_iter().for_each(|damage| events.problem(Topic::Other, damage));
    }
    Ok(())
}
