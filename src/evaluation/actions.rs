//! Action recognition on a list of clips: accuracy of each stream and of both, and what MotionNet explains of the motion.
//!
//! A clip is seen through evenly spread windows (and single frames), each also mirrored; logits are averaged over them
//! before fusion (paper, section 4.4, with whole frames in the place of ten crops).

use image::RgbImage;
use image::imageops::flip_horizontal;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::nets::fusion::Fusion;
use crate::nets::{FrameSize, HiddenTwoStream, WINDOW_FRAMES};
use crate::training::dataset::{Dataset, LabelledClip};
use crate::training::validation::{PhotometricError, arg_max, spatial_logits, temporal_logits};
use crate::video::Geometry;

/// How clips are seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvaluationPlan {
    /// Windows and frames of each clip, evenly spread; each is seen mirrored as well.
    pub windows: usize,
    /// How the streams are joined.
    pub fusion: Fusion,
}

/// What was measured. Accuracies are fractions of all clips that could be read.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ActionsReport {
    /// Clips that were scored.
    pub clips: usize,
    /// The spatial stream alone.
    pub spatial: Accuracy,
    /// The temporal stream alone.
    pub temporal: Accuracy,
    /// Both.
    pub fused: Accuracy,
    /// Mean |I₀ − rebuilt I₀| / mean |I₀ − I₁| over the pairs in the middle of the clips: 1 for zero flow.
    pub photometric_ratio: f32,
    /// Every clip, in the order of the list.
    pub results: Vec<ClipResult>,
}

/// How often the best class was the right one.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Accuracy {
    /// Share of the clips, or none if there is no such stream.
    pub top1: Option<f64>,
}

/// The outcome of one clip; classes are indices, none where there is no such stream.
#[derive(Debug, Clone, Serialize)]
pub struct ClipResult {
    /// The file.
    pub path: String,
    /// The right class.
    pub label: usize,
    /// What the spatial stream says.
    pub spatial: Option<usize>,
    /// What the temporal stream says.
    pub temporal: Option<usize>,
    /// What both say.
    pub fused: Option<usize>,
}

/// Scores all clips of `dataset`. `progress` is told how many of how many are done; a clip that cannot be read is handed to
/// `on_unreadable` and left out.
///
/// # Errors
/// A model whose classes are not those of the data, or no readable clip at all.
pub fn evaluate_actions(
    model: &HiddenTwoStream,
    dataset: &Dataset,
    plan: EvaluationPlan,
    progress: &mut dyn FnMut(usize, usize),
    on_unreadable: &mut dyn FnMut(Error),
) -> Result<ActionsReport> {
    let has_streams = model.spatial.is_some() || model.temporal.is_some();
    if has_streams && model.card.classes != dataset.classes {
        let first = model.card.classes.iter().zip(&dataset.classes).position(|(model, data)| model != data);
        let cause = match first {
            Some(i) => format!(
                "class {} is '{}' in the model and '{}' in the data",
                i + 1,
                model.card.classes[i],
                dataset.classes[i]
            ),
            None => format!("the model has {} classes, the data {}", model.card.classes.len(), dataset.classes.len()),
        };
        return Err(Error::new("classes", cause, "Evaluate on the classes the model was trained for"));
    }
    let mut photometric = PhotometricError::default();
    let mut results = Vec::new();
    for (done, clip) in dataset.clips.iter().enumerate() {
        progress(done, dataset.clips.len());
        match score(model, clip, plan, &mut photometric) {
            Ok(result) => results.push(result),
            Err(error) => on_unreadable(error),
        }
    }
    progress(dataset.clips.len(), dataset.clips.len());
    if results.is_empty() {
        return Err(Error::new("evaluation", "no clip could be read", "See the errors above"));
    }
    let accuracy = |guess: fn(&ClipResult) -> Option<usize>| {
        let right = results.iter().filter(|result| guess(result) == Some(result.label)).count();
        let present = results.iter().any(|result| guess(result).is_some());
        Accuracy { top1: present.then(|| right as f64 / results.len() as f64) }
    };
    Ok(ActionsReport {
        clips: results.len(),
        spatial: accuracy(|result| result.spatial),
        temporal: accuracy(|result| result.temporal),
        fused: accuracy(|result| result.fused),
        photometric_ratio: photometric.ratio(),
        results,
    })
}

fn score(
    model: &HiddenTwoStream,
    clip: &LabelledClip,
    plan: EvaluationPlan,
    photometric: &mut PhotometricError,
) -> Result<ClipResult> {
    let frames = clip.decode(geometry(model.card.preprocessing.motion), None)?;
    photometric.add_clip(&model.motion, &frames);
    let temporal = model.temporal.as_ref().map(|stream| {
        average(starts(frames.len(), plan.windows).flat_map(|start| {
            let window: Vec<_> = (start..start + WINDOW_FRAMES).map(|i| &frames[i.min(frames.len() - 1)]).collect();
            let mirrored: Vec<RgbImage> = window.iter().map(|frame| flip_horizontal(*frame)).collect();
            temporal_logits(&model.motion, stream, &[window, mirrored.iter().collect()])
        }))
    });
    let spatial = match &model.spatial {
        Some(stream) => Some(spatial_average(stream, clip, geometry(model.card.preprocessing.spatial), plan.windows)?),
        None => None,
    };
    let fused = spatial.as_ref().zip(temporal.as_ref()).map(|(spatial, temporal)| plan.fusion.fuse(spatial, temporal));
    let best = |scores: &Option<Vec<f32>>| scores.as_ref().and_then(|scores| arg_max(scores));
    Ok(ClipResult {
        path: clip.path.display().to_string(),
        label: clip.label,
        spatial: best(&spatial),
        temporal: best(&temporal),
        fused: best(&fused),
    })
}

fn spatial_average(
    stream: &crate::nets::Stream,
    clip: &LabelledClip,
    size: Geometry,
    count: usize,
) -> Result<Vec<f32>> {
    let frames = clip.decode(size, None)?;
    let last = frames.len() - 1;
    let picks = (0..count).map(|i| if count == 1 { last / 2 } else { i * last / (count - 1) });
    Ok(average(picks.flat_map(|i| spatial_logits(stream, &[&frames[i], &flip_horizontal(&frames[i])]))))
}

/// `count` evenly spread first frames of windows in a clip of `frames`, the only one in the middle.
fn starts(frames: usize, count: usize) -> impl Iterator<Item = usize> {
    let last = frames.saturating_sub(WINDOW_FRAMES);
    (0..count).map(move |i| if count == 1 { last / 2 } else { i * last / (count - 1) })
}

/// Mean of the rows.
fn average(rows: impl Iterator<Item = Vec<f32>>) -> Vec<f32> {
    let mut count = 0;
    let sum = rows.inspect(|_| count += 1).reduce(|sum, row| sum.iter().zip(row).map(|(a, b)| a + b).collect());
    sum.unwrap_or_default().into_iter().map(|value| value / count as f32).collect()
}

fn geometry(size: FrameSize) -> Geometry {
    Geometry { width: size.width, height: size.height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_spread_over_the_clip() {
        assert_eq!(starts(41, 4).collect::<Vec<_>>(), [0, 10, 20, 30]);
        assert_eq!(starts(41, 1).collect::<Vec<_>>(), [15]);
        assert_eq!(starts(5, 3).collect::<Vec<_>>(), [0, 0, 0]);
        assert_eq!(average([vec![1.0, 2.0], vec![3.0, 6.0]].into_iter()), [2.0, 4.0]);
    }
}
