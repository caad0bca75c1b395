//! The scores of a whole clip: windows spread evenly over it, on the thread "clip scores".

use std::path::Path;

use super::clip_frames::ClipFrames;
use crate::engine::runtime::events::EventSender;
use crate::engine::runtime::job::JobStop;
use crate::engine::{ClipScoresOrder, ClipWindow, InferencePipeline, Message};
use crate::error::{Error, Result};
use crate::gpu::Compute;
use crate::nets::HiddenTwoStream;
use crate::panic_guard::caught;
use crate::training::batches;
use crate::video::Sizes;

/// Fewest windows of a video that is longer than one.
const FEWEST_WINDOWS: usize = 5;
/// Most windows of a video, so that an hour takes no longer than a minute.
const MOST_WINDOWS: usize = 40;
/// Between two windows of a long video, in seconds.
const WINDOW_EVERY_SECS: f64 = 1.0;
/// The frames are not displayed.
const DISPLAY_MAX: u32 = 16;

/// Scores the windows of a clip from front to back until all are scored or `stop` is asked for. `model` is the one in use;
/// without it that of the order is loaded.
///
/// A failure is a note, not a problem: nobody has asked for these scores, and the clip plays on.
pub(in crate::engine) fn run(
    order: &ClipScoresOrder,
    model: Option<InferencePipeline>,
    compute: &Compute,
    events: &EventSender,
    stop: &JobStop,
) {
    let score = || {
        let mut pipeline = match model {
            Some(pipeline) => pipeline,
            None => load(order, compute)?,
        };
        let mut tell = |window| events.send(Message::ClipWindow(Box::new(ClipWindow { id: order.id, ..window })));
        batches::in_background(&compute.device, || score_windows(&mut pipeline, &order.clip, &mut tell, stop))
    };
    if let Err(error) = caught("clip scores", score) {
        events.send(Message::Note(format!("The whole clip was not scored: {error}")));
    }
}

/// Loads the model of the order.
fn load(order: &ClipScoresOrder, compute: &Compute) -> Result<InferencePipeline> {
    let model = HiddenTwoStream::load(&order.model, &compute.device)?;
    if model.card.classes != order.classes {
        let cause = "it has other classes than when it was loaded";
        return Err(Error::file(&order.model, cause, "Load the model again"));
    }
    // Nothing is drawn from its flow.
    Ok(InferencePipeline::new(model, &Compute { wgpu: None, ..compute.clone() }))
}

fn score_windows(
    pipeline: &mut InferencePipeline,
    clip: &Path,
    tell: &mut (dyn FnMut(ClipWindow) + Send),
    stop: &JobStop,
) -> Result<()> {
    pipeline.clear();
    let mut clip = ClipFrames::open(clip, Sizes { display_max: DISPLAY_MAX, ..pipeline.sizes() })?;
    let (frames, secs) = (clip.info().frames, clip.info().duration_secs);
    let length = pipeline.window_frames().min(frames);
    let starts = window_starts(frames, length, secs);
    let total = starts.len();
    for start in starts {
        let window = clip.window(start, length)?;
        // A flow at a time, so that a clip that is left is soon let go of.
        while !stop.is_asked() && !pipeline.advance(&window, 1)? {}
        if stop.is_asked() {
            break;
        }
        let scores = pipeline.analyse(&window)?.scores;
        tell(ClipWindow { id: 0, start, end: start + length, total, scores });
    }
    Ok(())
}

/// Returns the first frames of windows of `length` frames that are spread evenly over a video of `frames`: a few in a short one,
/// one a second in a long one.
pub(in crate::engine) fn window_starts(frames: usize, length: usize, secs: f64) -> Vec<usize> {
    if frames == 0 {
        return Vec::new();
    }
    let last = frames.saturating_sub(length);
    let count = ((secs / WINDOW_EVERY_SECS) as usize).clamp(FEWEST_WINDOWS, MOST_WINDOWS).min(last + 1);
    (0..count).map(|i| i * last / (count - 1).max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_spread_from_the_first_frame_to_the_last() {
        assert!(window_starts(0, 0, 0.0).is_empty());
        assert_eq!(window_starts(4, 4, 0.2), [0]);
        assert_eq!(window_starts(12, 11, 0.5), [0, 1]);
        assert_eq!(window_starts(51, 11, 2.0), [0, 10, 20, 30, 40]);
        let long = window_starts(100_000, 11, 4000.0);
        assert_eq!((long.len(), long[MOST_WINDOWS - 1]), (MOST_WINDOWS, 100_000 - 11));
    }
}
