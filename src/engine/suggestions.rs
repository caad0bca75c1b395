//! What the model says about videos that nobody has labelled yet, window by window, on the thread "suggestions".

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use crossbeam_channel::{Receiver, unbounded};

use super::job::Stop;
use super::outbox::Outbox;
use super::{Message, Recogniser, Scores};
use crate::error::Result;
use crate::gpu::Compute;
use crate::gpu::panics::caught;
use crate::labels::VideoId;
use crate::nets::HiddenTwoStream;
use crate::nets::fusion::Fusion;
use crate::video::{Frame, Sizes, VideoReader};

/// Fewest windows of a video that is longer than one.
const FEWEST_WINDOWS: usize = 5;
/// Most windows of a video.
const MOST_WINDOWS: usize = 40;
/// Between two windows of a long video, in seconds.
const WINDOW_EVERY_SECS: f64 = 1.0;
/// Nobody looks at the frames.
const DISPLAY_MAX: u32 = 16;

/// What is to be scored, and by what.
#[derive(Debug, Clone, PartialEq)]
pub struct SuggestionOrder {
    /// The model folder.
    pub model: PathBuf,
    /// How the streams are joined.
    pub fusion: Fusion,
    /// The videos in the order in which they are wanted.
    pub videos: Vec<(VideoId, PathBuf)>,
}

/// Suggestions that begin to be made.
#[derive(Debug, Clone)]
pub struct SuggestionStart {
    /// Names of the model's classes.
    pub classes: Vec<String>,
    /// How many videos there are.
    pub videos: usize,
    /// What is said of each, or why it cannot be read, in their order. A channel of its own: however late the reader looks,
    /// none is lost.
    pub outcomes: Receiver<(VideoId, Result<Arc<Prediction>>)>,
}

/// What the streams say about a part of a video: shares of the model's classes, which add up to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowPrediction {
    /// First frame of the window.
    pub start: usize,
    /// The frame after its last one.
    pub end: usize,
    /// The spatial stream; empty if the model has none.
    pub spatial: Vec<f32>,
    /// The temporal stream; empty if the model has none.
    pub temporal: Vec<f32>,
    /// Both.
    pub fused: Vec<f32>,
}

/// What the streams say about a video.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Its windows in their order, at least one.
    pub windows: Vec<WindowPrediction>,
    /// Mean over the windows, of both streams together.
    pub fused: Vec<f32>,
    /// How far the streams are apart: half the sum of the differences between their mean shares, 0 (agree) to 1; 0 if
    /// the model lacks one.
    pub disagreement: f32,
    /// Entropy of `fused` over that of no idea at all: 0 (sure) to 1.
    pub uncertainty: f32,
}

impl Prediction {
    /// Puts the windows together; `None` without any.
    pub fn of(windows: Vec<WindowPrediction>) -> Option<Self> {
        let fused = mean(windows.iter().map(|window| &window.fused))?;
        let streams =
            [mean(windows.iter().map(|window| &window.spatial))?, mean(windows.iter().map(|window| &window.temporal))?];
        let [spatial, temporal] = &streams;
        let disagreement = match streams.iter().any(Vec::is_empty) {
            true => 0.0,
            false => spatial.iter().zip(temporal).map(|(a, b)| (a - b).abs()).sum::<f32>() / 2.0,
        };
        let uncertainty = uncertainty(&fused);
        Some(Self { windows, fused, disagreement, uncertainty })
    }
}

/// Names the weights in a model folder: the same folder holds others after another training.
pub fn model_stamp(dir: &Path) -> String {
    let files = std::fs::read_dir(dir).into_iter().flatten().filter_map(|entry| entry.ok()?.metadata().ok());
    let newest = files.filter_map(|file| file.modified().ok()?.duration_since(UNIX_EPOCH).ok()).max();
    format!("{} {}", dir.display(), newest.unwrap_or_default().as_nanos())
}

/// Scores until all is done or `stop` is asked for.
pub(super) fn run(order: &SuggestionOrder, compute: &Compute, outbox: &Outbox, stop: &Stop) -> Result<()> {
    let model = HiddenTwoStream::load(&order.model, &compute.device)?;
    let classes = model.card.classes.clone();
    // Nothing is drawn from this recogniser's flow.
    let mut recogniser = Recogniser::new(model, &Compute { wgpu: None, ..compute.clone() });
    let (sender, outcomes) = unbounded(); // one outcome a video
    let videos = order.videos.len();
    outbox.send(Message::SuggestionsStarted(Box::new(SuggestionStart { classes, videos, outcomes })));
    for (id, path) in &order.videos {
        let scored = caught("suggestions", || score(&mut recogniser, path, &order.fusion, stop));
        if stop.is_asked() {
            break;
        }
        // Nobody reads on after the window is gone.
        let _ = sender.send((*id, scored.map(Arc::new)));
        outbox.wake();
    }
    Ok(())
}

/// Scores windows that are evenly spread over a video.
fn score(recogniser: &mut Recogniser, path: &Path, fusion: &Fusion, stop: &Stop) -> Result<Prediction> {
    recogniser.clear();
    let mut reader = VideoReader::open(path, Sizes { display_max: DISPLAY_MAX, ..recogniser.sizes() })?;
    let (frames, secs) = (reader.info().frames, reader.info().duration_secs);
    let length = recogniser.window_frames().min(frames);
    let mut windows = Vec::new();
    for start in starts(frames, length, secs) {
        if stop.is_asked() {
            break;
        }
        let read = (start..start + length).map(|index| reader.frame(index).map(Arc::new));
        let read: Vec<Arc<Frame>> = read.collect::<Result<_>>()?;
        let scores = recogniser.analyse(&read)?.scores;
        windows.push(window(&scores, start, start + length, fusion));
    }
    let cause = "no frame of it can be scored";
    Prediction::of(windows).ok_or_else(|| crate::error::Error::file(path, cause, "Open the video to see what is wrong"))
}

fn window(scores: &Scores, start: usize, end: usize, fusion: &Fusion) -> WindowPrediction {
    let share = |logits: &[f32], shares: fn(&Scores) -> Vec<f32>| match logits.is_empty() {
        true => Vec::new(),
        false => shares(scores),
    };
    let spatial = share(&scores.spatial, Scores::spatial_probabilities);
    let temporal = share(&scores.temporal, Scores::temporal_probabilities);
    WindowPrediction { start, end, spatial, temporal, fused: scores.fused_probabilities(fusion) }
}

/// First frames of the windows of `length` frames in a video of `frames`: a few in a short one, one a second in a long one.
fn starts(frames: usize, length: usize, secs: f64) -> Vec<usize> {
    let last = frames.saturating_sub(length);
    let count = ((secs / WINDOW_EVERY_SECS) as usize).clamp(FEWEST_WINDOWS, MOST_WINDOWS).min(last + 1);
    (0..count).map(|i| i * last / (count - 1).max(1)).collect()
}

/// Mean of rows of one length, `None` without rows.
fn mean<'a>(rows: impl ExactSizeIterator<Item = &'a Vec<f32>>) -> Option<Vec<f32>> {
    let count = rows.len() as f32;
    let sum = rows.cloned().reduce(|sum, row| sum.iter().zip(&row).map(|(a, b)| a + b).collect())?;
    Some(sum.iter().map(|value| value / count).collect())
}

/// Entropy of shares over that of equal shares.
fn uncertainty(shares: &[f32]) -> f32 {
    let entropy: f32 = shares.iter().filter(|share| **share > 0.0).map(|share| -share * share.ln()).sum();
    if shares.len() > 1 { (entropy / (shares.len() as f32).ln()).clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(spatial: [f32; 2], temporal: [f32; 2]) -> WindowPrediction {
        let fused = vec![(spatial[0] + temporal[0]) / 2.0, (spatial[1] + temporal[1]) / 2.0];
        WindowPrediction { start: 0, end: 11, spatial: spatial.into(), temporal: temporal.into(), fused }
    }

    #[test]
    fn streams_that_contradict_each_other_disagree_and_equal_shares_are_uncertain() {
        let torn = Prediction::of(vec![window([1.0, 0.0], [0.0, 1.0])]).unwrap();
        assert_eq!((torn.disagreement, torn.uncertainty), (1.0, 1.0));
        let sure = Prediction::of(vec![window([1.0, 0.0], [1.0, 0.0]); 3]).unwrap();
        assert_eq!((sure.disagreement, sure.uncertainty, &sure.fused[..]), (0.0, 0.0, &[1.0, 0.0][..]));
        // Means over windows: (0.75, 0.25) and (0.5, 0.5) are a quarter apart.
        let half = Prediction::of(vec![window([1.0, 0.0], [1.0, 0.0]), window([0.5, 0.5], [0.0, 1.0])]).unwrap();
        assert!((half.disagreement - 0.25).abs() < 1e-6);
        assert_eq!(Prediction::of(Vec::new()), None);
    }

    #[test]
    fn a_model_with_one_stream_never_disagrees() {
        let only = WindowPrediction { spatial: Vec::new(), ..window([0.0, 0.0], [0.9, 0.1]) };
        assert_eq!(Prediction::of(vec![only]).unwrap().disagreement, 0.0);
    }

    #[test]
    fn windows_are_spread_from_the_first_frame_to_the_last() {
        assert_eq!(starts(4, 4, 0.2), [0]);
        assert_eq!(starts(12, 11, 0.5), [0, 1]);
        assert_eq!(starts(51, 11, 2.0), [0, 10, 20, 30, 40]);
        let long = starts(100_000, 11, 4000.0);
        assert_eq!((long.len(), long[MOST_WINDOWS - 1]), (MOST_WINDOWS, 100_000 - 11));
    }
}
