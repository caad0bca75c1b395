//! Agreement of predictions with labels, frame by frame.

use serde::{Deserialize, Serialize};

use super::recordings::{FrameLabel, SequenceRecording};
use crate::evaluation::Confusion;
use crate::ranking::arg_max;

/// Metrics of the most probable classes of labelled frames.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceFigures {
    /// Number of scored frames labelled with a class.
    pub frames: usize,
    /// Accuracy: fraction of these frames whose most probable class is the labelled one.
    pub accuracy: f64,
    /// Mean F1 of the classes that are labelled or predicted there.
    pub macro_f1: f64,
    /// Mean cross-entropy of all labelled frames, including background.
    pub loss: f64,
}

impl SequenceFigures {
    /// Compares `probabilities`, `[scored frames, classes]` of each of `recordings`, with the labels; `None` if no
    /// class is labelled.
    pub(super) fn of(recordings: &[&SequenceRecording], probabilities: &[Vec<f32>], classes: usize) -> Option<Self> {
        let (mut pairs, mut loss, mut labelled) = (Vec::new(), 0.0, 0);
        for (recording, probabilities) in recordings.iter().zip(probabilities) {
            for (label, row) in recording.labels.iter().zip(probabilities.chunks(classes.max(1))) {
                let Some(label) = label else { continue };
                let target = target(*label, classes);
                let log = |probability: f32| f64::from(probability.max(f32::MIN_POSITIVE)).ln();
                loss -= target.iter().zip(row).map(|(&share, &value)| f64::from(share) * log(value)).sum::<f64>();
                labelled += 1;
                if let (FrameLabel::Class(class), Some(guess)) = (label, arg_max(row)) {
                    pairs.push((*class, guess));
                }
            }
        }
        let frames = pairs.len();
        let confusion = Confusion::of(classes, pairs.into_iter());
        let f1: Vec<f64> = confusion.classes().iter().filter_map(|class| class.f1).collect();
        (frames > 0).then(|| Self {
            frames,
            accuracy: confusion.right().0 as f64 / frames as f64,
            macro_f1: f1.iter().sum::<f64>() / f1.len() as f64,
            loss: loss / f64::from(labelled),
        })
    }
}

/// Returns the target probabilities of a frame with this label. Background, if the model has no class for it, is the
/// uniform distribution, so that no class reaches the threshold of a bout.
pub(super) fn target(label: FrameLabel, classes: usize) -> Vec<f32> {
    match label {
        FrameLabel::Class(label) => (0..classes).map(|class| if class == label { 1.0 } else { 0.0 }).collect(),
        FrameLabel::Background => vec![1.0 / classes as f32; classes],
    }
}
