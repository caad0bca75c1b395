//! The inputs of a sequence model for a video, and their windows.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};

use crate::predictions::FrameScores;

/// Lower bound of probabilities before taking logarithms: the released fusion gives 0 to most classes.
const LEAST_PROBABILITY: f32 = 1e-4;

/// The inputs of a sequence model for the scored frames of a video.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SequenceFrames {
    /// Number of scored frames.
    pub count: usize,
    /// Number of values per frame.
    pub inputs: usize,
    /// Number of classes.
    pub classes: usize,
    /// `[count, inputs]`: the logarithms of the probabilities, then the features.
    values: Vec<f32>,
}

/// A batch of windows.
pub(super) struct WindowBatch {
    /// `[b, C, t]`
    pub input: Tensor<3>,
    /// The base model's logits, `[b, K, t]`.
    pub plain: Tensor<3>,
    /// Mask: 1 for frames, 0 beyond the ends, `[b, 1, t]`.
    pub is_frame: Tensor<3>,
}

impl SequenceFrames {
    /// Creates the inputs from the probabilities of a video and its features, `[scored frames, features]`, which may be
    /// empty.
    pub fn of(scores: &FrameScores, features: &[f32]) -> Self {
        let (count, classes) = (scores.scored(), scores.classes.len());
        let width = features.len() / count.max(1);
        let mut values = Vec::with_capacity(count * (classes + width));
        for index in 0..count {
            values.extend(scores.row(index).iter().map(|probability| probability.max(LEAST_PROBABILITY).ln()));
            values.extend_from_slice(&features[index * width..][..width]);
        }
        Self { count, inputs: classes + width, classes, values }
    }

    /// Returns the values of scored frame `index`.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.inputs..][..self.inputs]
    }
}

/// Returns the mean and the standard deviation of each value over all frames of `videos`.
pub(super) fn statistics<'a>(videos: impl Iterator<Item = &'a SequenceFrames> + Clone) -> (Vec<f32>, Vec<f32>) {
    let inputs = videos.clone().next().map_or(0, |frames| frames.inputs);
    let (mut count, mut sums, mut squares) = (0usize, vec![0.0f64; inputs], vec![0.0f64; inputs]);
    for frames in videos {
        count += frames.count;
        for (place, &value) in frames.values.iter().enumerate() {
            sums[place % inputs] += f64::from(value);
            squares[place % inputs] += f64::from(value).powi(2);
        }
    }
    let count = count.max(1) as f64;
    let mean: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
    let deviation = squares.iter().zip(&mean).map(|(square, mean)| (square / count - mean * mean).max(0.0).sqrt());
    (mean.iter().map(|&mean| mean as f32).collect(), deviation.map(|deviation| deviation as f32).collect())
}

impl WindowBatch {
    /// Cuts `length` frames from each start, plus `reach` on both sides, out of its video. Values beyond the ends are
    /// zero.
    pub fn cut(windows: &[(&SequenceFrames, usize)], length: usize, reach: usize, device: &Device) -> Self {
        let (inputs, classes) = windows.first().map_or((0, 0), |(frames, _)| (frames.inputs, frames.classes));
        let whole = length + 2 * reach;
        let (mut input, mut plain, mut is_frame) = (Vec::new(), Vec::new(), Vec::new());
        for (frames, start) in windows {
            for place in 0..whole {
                match (start + place).checked_sub(reach).filter(|&index| index < frames.count) {
                    Some(index) => {
                        input.extend_from_slice(frames.row(index));
                        plain.extend_from_slice(&frames.row(index)[..classes]);
                        is_frame.push(1.0_f32);
                    }
                    None => {
                        input.resize(input.len() + inputs, 0.0);
                        plain.resize(plain.len() + classes, 0.0);
                        is_frame.push(0.0);
                    }
                }
            }
        }
        let tensor = |values: Vec<f32>, width: usize| {
            let data = TensorData::new(values, [windows.len(), whole, width]);
            Tensor::<3>::from_data(data, device).swap_dims(1, 2)
        };
        Self { input: tensor(input, inputs), plain: tensor(plain, classes), is_frame: tensor(is_frame, 1) }
    }
}

/// Returns the starts and lengths of the windows of `length` frames that cover `count` frames; the last is the
/// remainder.
pub(super) fn windows_of(count: usize, length: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(length).map(move |start| start..(start + length).min(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(count: usize) -> SequenceFrames {
        let scores = FrameScores {
            video: "a.mp4".into(),
            frames: count,
            fps: 10.0,
            stride: 1,
            classes: vec!["walk".into(), "rear".into()],
            secs: (0..count).map(|index| index as f64 / 10.0).collect(),
            end_secs: count as f64 / 10.0,
            probabilities: (0..count).flat_map(|_| [1.0, 0.0]).collect(),
        };
        SequenceFrames::of(&scores, &(0..count).map(|index| index as f32).collect::<Vec<_>>())
    }

    #[test]
    fn windows_reach_beyond_the_ends_where_nothing_is() {
        let frames = frames(4);
        let least = LEAST_PROBABILITY.ln();
        assert_eq!((frames.inputs, frames.row(3)), (3, &[0.0, least, 3.0][..]));
        let batch = WindowBatch::cut(&[(&frames, 2), (&frames, 0)], 2, 1, &Device::flex());
        let values = |tensor: Tensor<3>| tensor.into_data().try_to_vec::<f32>().unwrap();
        let features = batch.input.narrow(1, 2, 1);
        assert_eq!(values(features), [1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
        assert_eq!(values(batch.is_frame), [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        assert_eq!(values(batch.plain.narrow(1, 1, 1)), [least, least, least, 0.0, 0.0, least, least, least]);
        assert_eq!(windows_of(5, 2).collect::<Vec<_>>(), [0..2, 2..4, 4..5]);
    }

    /// By hand: 0, 1, 2, 3 twice have a mean of 1.5 and a variance of 1.25.
    #[test]
    fn inputs_have_their_mean_and_deviation() {
        let frames = frames(4);
        let (mean, deviation) = statistics([&frames, &frames].into_iter());
        assert_eq!((mean[2], deviation[0]), (1.5, 0.0));
        assert!((deviation[2] - 1.25_f32.sqrt()).abs() < 1e-6, "{deviation:?}");
    }
}
