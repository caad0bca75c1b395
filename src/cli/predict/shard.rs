//! The videos of one shard.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde::Serialize;

use super::inputs::PredictInputs;
use super::job::PredictionJob;
use crate::cli::outcome::Outcome;
use crate::cli::shard_files::{ItemFiles, absolute};
use crate::cli::shard_task::{ShardItems, ShardTask, ShardWork};
use crate::engine::{VideoEnd, prediction_targets};
use crate::error::Result;
use crate::nets::fusion::Fusion;
use crate::plural::counted;
use crate::predictions::PredictionFacts;
use crate::shards::{Job, JobInputs, Shard, assigned};

/// The name of the command in parts.
pub(in crate::cli) const COMMAND: &str = "predict";

/// What all shards have in common.
#[derive(Serialize)]
struct PredictSettings<'a> {
    model: &'a str,
    model_hash: &'a str,
    fusion: Fusion,
    thresholds: &'a [f64],
    stride: usize,
    features: bool,
    csv: bool,
    out: PathBuf,
}

/// The videos of a shard.
struct PredictShard<'a> {
    job: &'a mut PredictionJob,
    inputs: &'a PredictInputs,
    targets: Vec<PathBuf>,
}

/// Predicts the videos of a shard to `out` and writes its part, unless it is there.
pub(super) fn run_shard(
    task: &ShardTask,
    job: &mut PredictionJob,
    inputs: &PredictInputs,
    out: &Path,
    device: &str,
) -> Result<Outcome> {
    let PredictionFacts { model, model_hash, fusion, thresholds, stride, features, .. } = job.predictor.settings();
    let settings = PredictSettings {
        model,
        model_hash,
        fusion: *fusion,
        thresholds,
        stride: *stride,
        features: features.is_some(),
        csv: job.predictor.files(out).len() > 1,
        out: absolute(out),
    };
    let list = inputs.videos.iter().map(|video| (video.name.clone(), vec![&video.path]));
    let shared = Job::new(COMMAND, &settings, JobInputs::of_files("video", list))?;
    task.run(shared, device, &mut PredictShard { job, inputs, targets: prediction_targets(&inputs.videos, out)? })
}

impl ShardWork for PredictShard<'_> {
    type Item = ItemFiles;
    type Source = ();
    const DONE: &'static str = "predicted";

    fn positions(&self, shard: Shard) -> Vec<usize> {
        assigned(&self.inputs.videos.iter().map(|video| &video.name).collect::<Vec<_>>(), shard)
    }

    /// Files of other videos or settings are refused when their video is to be predicted, as on one machine.
    fn prepare(&mut self, _task: &ShardTask, _positions: &[usize], _is_begun: bool) -> Result<()> {
        Ok(())
    }

    /// Each video has a bar of its own.
    fn bar(&self, _items: usize, _kind: &str) -> ProgressBar {
        ProgressBar::hidden()
    }

    fn compute(&mut self, items: ShardItems<'_, ItemFiles>) -> Result<()> {
        items.each(|position| {
            let target = &self.targets[position];
            let frames = match self.job.predict(&self.inputs.videos[position], target) {
                Ok(VideoEnd::Stopped) => return Ok(None),
                Ok(VideoEnd::Complete { of } | VideoEnd::Scored { of, .. }) => of,
                Err(error) => return Ok(Some(Err(error))),
            };
            let line = format!("{}: {}", target.display(), counted(frames, "scored frame"));
            println!("{line}");
            Ok(Some(Ok(ItemFiles::new(Some(line), self.job.predictor.files(target)))))
        })
    }

    fn source(&self) {}
}
