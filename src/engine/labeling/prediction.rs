//! Predictions for unlabelled videos and whole clips.

use std::ops::Range;

use crate::engine::Scores;
use crate::nets::fusion::{Doubt, Fusion};
use crate::ranking::arg_max;

/// The prediction for a window of a video: class probabilities, which sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowPrediction {
    /// First frame of the window.
    pub start: usize,
    /// The frame after its last one.
    pub end: usize,
    /// Probabilities of the spatial stream; empty if the model has none.
    pub spatial: Vec<f32>,
    /// Probabilities of the temporal stream; empty if the model has none.
    pub temporal: Vec<f32>,
    /// Fused probabilities.
    pub fused: Vec<f32>,
}

impl WindowPrediction {
    /// Creates the prediction from the scores of the window of `frames` under `fusion`.
    pub fn of(scores: &Scores, frames: Range<usize>, fusion: &Fusion) -> Self {
        let shares = |logits: &[f32]| if logits.is_empty() { Vec::new() } else { fusion.of_stream(logits) };
        let (spatial, temporal) = (shares(&scores.spatial), shares(&scores.temporal));
        let fused = scores.fused_probabilities(fusion);
        Self { start: frames.start, end: frames.end, spatial, temporal, fused }
    }
}

/// The prediction for a video.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Its windows in order, at least one.
    pub windows: Vec<WindowPrediction>,
    /// Mean of the fused probabilities over the windows.
    pub fused: Vec<f32>,
    /// Mean of the spatial and the temporal stream; empty for a stream that the model lacks.
    pub streams: [Vec<f32>; 2],
    /// Disagreement of the streams: half the sum of the absolute differences of their mean probabilities (total
    /// variation distance), 0 (agree) to 1; 0 if the model lacks one.
    pub disagreement: f32,
    /// Entropy of `fused` relative to the uniform distribution: 0 (certain) to 1.
    pub uncertainty: f32,
}

impl Prediction {
    /// Combines the windows; `None` without any.
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
        Some(Self { windows, fused, streams, disagreement, uncertainty })
    }

    /// Returns the reason why the prediction is uncertain under `fusion`, if it is.
    pub fn doubt(&self, fusion: &Fusion) -> Option<Doubt> {
        fusion.doubt(&self.fused, self.streams.each_ref().map(Vec::as_slice))
    }

    /// Returns the top class of the video and the number of windows with the same top class; `None` without classes.
    pub fn agreement(&self) -> Option<(usize, usize)> {
        let class = arg_max(&self.fused)?;
        Some((class, self.windows.iter().filter(|window| arg_max(&window.fused) == Some(class)).count()))
    }
}

/// Returns the mean of rows of equal length; `None` without rows.
fn mean<'a>(rows: impl ExactSizeIterator<Item = &'a Vec<f32>>) -> Option<Vec<f32>> {
    let count = rows.len() as f32;
    let sum = rows.cloned().reduce(|sum, row| sum.iter().zip(&row).map(|(a, b)| a + b).collect())?;
    Some(sum.iter().map(|value| value / count).collect())
}

/// Returns the entropy of `shares` relative to the uniform distribution.
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
        // Means over windows: (0.75, 0.25) and (0.5, 0.5) differ by a quarter.
        let half = Prediction::of(vec![window([1.0, 0.0], [1.0, 0.0]), window([0.5, 0.5], [0.0, 1.0])]).unwrap();
        assert!((half.disagreement - 0.25).abs() < 1e-6);
        assert_eq!(Prediction::of(Vec::new()), None);
    }

    #[test]
    fn the_class_of_a_clip_is_that_of_the_mean_with_the_windows_that_agree() {
        let windows = [[0.9, 0.1], [0.4, 0.6], [0.8, 0.2]].map(|shares| window(shares, shares));
        assert_eq!(Prediction::of(windows.to_vec()).unwrap().agreement(), Some((0, 2)));
        // Two of three windows favour the second class; the third favours the first more strongly.
        let windows = [[0.95, 0.05], [0.45, 0.55], [0.45, 0.55]].map(|shares| window(shares, shares));
        assert_eq!(Prediction::of(windows.to_vec()).unwrap().agreement(), Some((0, 1)));
    }

    #[test]
    fn a_model_with_one_stream_never_disagrees() {
        let only = WindowPrediction { spatial: Vec::new(), ..window([0.0, 0.0], [0.9, 0.1]) };
        assert_eq!(Prediction::of(vec![only]).unwrap().disagreement, 0.0);
    }
}
