//! Evaluation of a flow method on a standard benchmark, and its pairs as clips for the viewer.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::FlowSource;
use super::desired::DesiredFlows;
use crate::engine::runtime::events::EventSender;
use crate::engine::runtime::job::JobStop;
use crate::engine::{BenchmarkPlan, Message, Topic};
use crate::error::{Error, Result};
use crate::evaluation::flow_benchmarks::BenchmarkPair;
use crate::evaluation::{MotionNetFlow, evaluate_flow};
use crate::flow::dis::Dis;
use crate::flow::files::write_flo;
use crate::flow::tvl1::Tvl1;
use crate::flow::{FlowEstimator, FlowField, ZeroFlow};
use crate::gpu::Compute;
use crate::video::{Geometry, VideoWriter};

/// Evaluates all pairs and reports each.
pub(super) fn run(
    plan: &BenchmarkPlan,
    desired: &DesiredFlows,
    compute: &Compute,
    events: &EventSender,
    stop: &JobStop,
) -> Result<()> {
    let pairs = plan.dataset.pairs(&plan.root)?;
    let mut estimator = estimator(plan, desired, compute)?;
    events.send(Message::BenchmarkStarted { pairs: pairs.clone(), method: estimator.name() });
    let report = evaluate_flow(plan.dataset, &pairs, estimator.as_mut(), &mut |outcome| {
        match outcome {
            Ok(result) => events.send(Message::BenchmarkPair(Box::new(result.clone()))),
            Err(error) => events.problem(Topic::Benchmark, error.clone()),
        }
        if stop.is_asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    events.send(Message::BenchmarkReport(Box::new(report)));
    Ok(())
}

fn estimator(plan: &BenchmarkPlan, desired: &DesiredFlows, compute: &Compute) -> Result<Box<dyn FlowEstimator>> {
    let lacks = |what: &str| Error::new("benchmark", format!("no {what} is chosen"), "Load a model first");
    Ok(match plan.source {
        None => Box::new(ZeroFlow),
        Some(FlowSource::Network) => {
            let dir = desired.model.as_ref().ok_or_else(|| lacks("model"))?;
            Box::new(MotionNetFlow::load(dir, &compute.device)?.with_scales(&plan.scales).with_refinement(plan.refine))
        }
        Some(FlowSource::SecondNetwork) => {
            let dir = desired.settings.second_model.as_ref().ok_or_else(|| lacks("second model"))?;
            Box::new(MotionNetFlow::load(dir, &compute.device)?.with_scales(&plan.scales).with_refinement(plan.refine))
        }
        Some(FlowSource::Tvl1) => Box::new(Tvl1::new(desired.settings.tvl1)?),
        Some(FlowSource::Dis) => Box::new(Dis::new(desired.settings.dis)),
        Some(source @ (FlowSource::Codec | FlowSource::Truth)) => {
            let cause = format!("{} cannot be measured on image pairs", source.name());
            return Err(Error::new("benchmark", cause, "Choose MotionNet, TV-L1 or DIS"));
        }
    })
}

/// Writes a pair of images into `dir` as a lossless clip of two frames, and its ground truth beside it.
///
/// # Errors
/// If the images cannot be read or the clip cannot be written.
pub(super) fn as_clip(pair: &BenchmarkPair, dir: &Path) -> Result<(PathBuf, Option<PathBuf>)> {
    let loaded = pair.load()?;
    let name: String = pair.name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let path = dir.join(format!("{name}.mp4"));
    let (width, height) = loaded.first.dimensions();
    let mut writer = VideoWriter::create_exact(&path, Geometry { width, height }, 1.0)?;
    writer.push(&loaded.first)?;
    writer.push(&loaded.second)?;
    writer.finish()?;
    let Some(truth) = loaded.truth else { return Ok((path, None)) };
    let mut flow = truth.flow;
    for (vector, valid) in flow.uv.iter_mut().zip(truth.valid.into_iter().flatten()) {
        if !valid {
            *vector = FlowField::UNKNOWN; // unknown vectors in the file
        }
    }
    let truth_path = dir.join(format!("{name}.flo"));
    write_flo(&truth_path, &flow)?;
    Ok((path, Some(truth_path)))
}
