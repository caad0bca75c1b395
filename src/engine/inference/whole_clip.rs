//! Scores of a whole clip from evenly spaced windows, on the thread "clip scores".

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

/// Minimum number of windows of a video longer than one window.
const FEWEST_WINDOWS: usize = 5;
/// Maximum number of windows of a video, so that an hour takes no longer than a minute.
const MOST_WINDOWS: usize = 40;
/// Window spacing in a long video, in seconds.
const WINDOW_EVERY_SECS: f64 = 1.0;
/// The frames are not displayed, so this is the smallest useful size.
const DISPLAY_MAX: u32 = 16;

/// Scores the windows of a clip from front to back, or until `stop` is requested. `model` is the one in use; without it
/// the model of the order is loaded.
///
/// A failure is sent as a note, not as a problem: the user did not request these scores, and playback continues.
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
    // Its flow is not drawn.
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
        // One flow at a time, so that the clip is released soon after a stop.
        while !stop.is_asked() && !pipeline.advance(&window, 1)? {}
        if stop.is_asked() {
            break;
        }
        let scores = pipeline.analyse(&window)?.scores;
        tell(ClipWindow { id: 0, start, end: start + length, total, scores });
    }
    Ok(())
}

/// Returns the first frames of windows of `length` frames that are spread evenly over a video of `frames` frames: a few
/// in a short one, one per second in a long one.
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
