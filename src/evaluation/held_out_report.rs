//! The accuracy of each stream of a fine-tuned model on held-out clips, and the best fusion weight for them.

use std::path::Path;

use super::{ScoreTable, SweepPoint, weight_sweep, wilson_interval};
use crate::data::LabelledClip;
use crate::nets::fusion::Fusion;
use crate::ranking::arg_max;
use crate::training::HeldOut;

/// The predictions of a stream, or of both fused, for held-out clips.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOutStream {
    /// `spatial`, `temporal` or `fused`.
    pub name: &'static str,
    /// The predicted class of each clip.
    pub guesses: Vec<usize>,
    /// Number of correct clips.
    pub correct: usize,
    /// 95 % confidence interval of the accuracy.
    pub interval: [f64; 2],
}

/// The results of fine-tuning on held-out clips.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOutReport {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The held-out clips.
    pub clips: Vec<LabelledClip>,
    /// The available streams, and both fused.
    pub streams: Vec<HeldOutStream>,
    /// The fusion of the model.
    pub fusion: Fusion,
    /// The weight of the temporal stream with the most correct clips; among equals, the one nearest to the model's.
    pub best: Option<SweepPoint>,
    /// Whether the results are from leave-one-out cross-validation instead of a single hold-out set.
    pub is_cross_validated: bool,
}

impl HeldOutReport {
    /// Returns the report on the run in `run_dir`; `None` if it has no held-out clips, or for a multi-label model,
    /// where a clip has no single right answer.
    pub fn read(run_dir: &Path) -> Option<Self> {
        HeldOut::read(run_dir).filter(|held| !held.fusion.is_multi_label()).map(Self::of)
    }

    /// Returns the report on these clips.
    pub fn of(held: HeldOut) -> Self {
        let HeldOut { classes, clips, spatial, temporal, fusion, is_cross_validated } = held;
        let labels: Vec<usize> = clips.iter().map(|clip| clip.label).collect();
        let shown: Vec<[usize; 1]> = labels.iter().map(|&label| [label]).collect();
        let table = |rows: Vec<Vec<f32>>| {
            let mut table = ScoreTable::new(classes.len());
            rows.iter().for_each(|row| table.push(row));
            table
        };
        let (spatial, temporal) = (spatial.map(table), temporal.map(table));
        let both = spatial.as_ref().zip(temporal.as_ref());
        let fused = both.map(|(spatial, temporal)| ScoreTable::fused(spatial, temporal, fusion));
        let sweep = both
            .map(|(spatial, temporal)| weight_sweep(spatial, temporal, &shown, fusion.rule, fusion.temporal_weight));
        let best = sweep.and_then(|points| best_of(points, fusion.temporal_weight));
        let tables = [("spatial", &spatial), ("temporal", &temporal), ("fused", &fused)];
        let streams = tables.into_iter().filter_map(|(name, table)| Some(stream(name, table.as_ref()?, &labels)));
        Self { streams: streams.collect(), classes, clips, fusion, best, is_cross_validated }
    }

    /// Returns the classes without held-out clips: those with a single recording, and those kept from the base model.
    pub fn unmeasured(&self) -> Vec<&str> {
        let is_without = |class: &usize| self.clips.iter().all(|clip| clip.label != *class);
        (0..self.classes.len()).filter(is_without).map(|class| self.classes[class].as_str()).collect()
    }

    /// Returns the stream that determines the result: both fused, if there are two.
    pub fn decisive(&self) -> Option<&HeldOutStream> {
        self.streams.last()
    }

    /// Returns whether `stream` misclassifies the clip at this index.
    pub fn is_wrong(&self, stream: &HeldOutStream, clip: usize) -> bool {
        stream.guesses[clip] != self.clips[clip].label
    }

    /// Returns the number of correct clips of `stream` and of all clips, per class.
    pub fn by_class(&self, stream: &HeldOutStream) -> Vec<[usize; 2]> {
        let mut counts = vec![[0, 0]; self.classes.len()];
        for (place, clip) in self.clips.iter().enumerate() {
            if let Some([correct, of]) = counts.get_mut(clip.label) {
                *correct += usize::from(!self.is_wrong(stream, place));
                *of += 1;
            }
        }
        counts
    }
}

fn stream(name: &'static str, table: &ScoreTable, labels: &[usize]) -> HeldOutStream {
    let guesses: Vec<usize> = table.rows().map(|row| arg_max(row).unwrap_or_default()).collect();
    let correct = guesses.iter().zip(labels).filter(|(guess, label)| guess == label).count();
    HeldOutStream { name, interval: wilson_interval(correct, labels.len()).unwrap_or([0.0, 1.0]), guesses, correct }
}

/// Returns the point with the most correct clips; among equals, the one nearest to `weight`.
fn best_of(points: Vec<SweepPoint>, weight: f64) -> Option<SweepPoint> {
    let distance = |point: &SweepPoint| (point.weight - weight).abs();
    points.into_iter().max_by(|a, b| a.correct.cmp(&b.correct).then(distance(b).total_cmp(&distance(a))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::fusion::FusionRule;

    /// By hand: the spatial stream is right about clip 0 only, the temporal about clip 1 only; fused at weight w both
    /// are right for 1 < w ≤ 2.5.
    #[test]
    fn streams_and_the_best_weight_are_reported() {
        let clip = |label| LabelledClip { path: "a".into(), label, segment_secs: None, group: None, also: Vec::new() };
        let held = |weight| HeldOut {
            classes: vec!["bow".into(), "clap".into()],
            clips: vec![clip(0), clip(1)],
            spatial: Some(vec![vec![1.0, 0.0], vec![1.0, 0.0]]),
            temporal: Some(vec![vec![0.0, 0.4], vec![0.0, 1.0]]),
            fusion: Fusion { rule: FusionRule::Logits, temporal_weight: weight, ..Fusion::default() },
            is_cross_validated: false,
        };
        let report = HeldOutReport::of(held(4.0));
        let correct: Vec<_> = report.streams.iter().map(|stream| (stream.name, stream.correct)).collect();
        assert_eq!(correct, [("spatial", 1), ("temporal", 1), ("fused", 1)]);
        assert_eq!(report.best.map(|best| (best.weight, best.correct)), Some((2.5, 2)), "the nearest to 4 of the best");
        let [spatial, temporal, fused] = [0, 1, 2].map(|stream| report.by_class(&report.streams[stream]));
        assert_eq!((spatial, temporal), (vec![[1, 1], [0, 1]], vec![[0, 1], [1, 1]]));
        assert_eq!(fused, [[0, 1], [1, 1]]);
        assert!(report.is_wrong(report.decisive().unwrap(), 0));
        assert_eq!(Some(report.streams[0].interval), wilson_interval(1, 2));
        let kept = HeldOutReport::of(held(1.6));
        assert_eq!(kept.best.map(|best| best.weight), Some(1.6), "no change is proposed without a gain");
        let one = HeldOut { clips: vec![clip(1)], spatial: None, temporal: Some(vec![vec![0.0, 0.4]]), ..held(1.0) };
        assert_eq!(HeldOutReport::of(one).unmeasured(), ["bow"]);
        let alone = HeldOutReport::of(HeldOut { spatial: None, ..held(1.0) });
        assert!(alone.streams.len() == 1 && alone.best.is_none() && alone.decisive().unwrap().name == "temporal");
    }
}
