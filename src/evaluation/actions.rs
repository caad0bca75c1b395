//! Action recognition on a list of clips: from a model and a data set to a report.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use burn::module::Module;

use super::{ActionsReport, ClipScorer, ClipScores, EvaluationPlan, Protocol, ScoredClip, fusion_of_views};
use crate::data::Dataset;
use crate::data::memory::available_bytes;
use crate::error::{Error, Result};
use crate::gpu::is_gpu;
use crate::names::{are_alike, composed};
use crate::nets::HiddenTwoStream;
use crate::panic_guard::caught;
use crate::plural::counted;
use crate::training::FlowSource;

/// Maximum total size in bytes of the frames of all clips that are scored in parallel; also limited to a quarter of the
/// free memory.
const MEMORY: usize = 2 << 30;
/// Stack size of the scoring threads: networks are moved by value, and the deepest take a hundred kilobytes each.
const STACK_BYTES: usize = 16 << 20;

/// A report and the scores it was computed from.
#[derive(Debug, Clone)]
pub struct ActionsOutcome {
    /// The figures.
    pub report: ActionsReport,
    /// The scores of the streams for each clip of the report.
    pub scores: ClipScores,
}

/// Scores all clips of `dataset`. `progress` gets the number of finished clips and of all clips, and may stop the
/// evaluation; a clip that cannot be read is passed to `on_unreadable` and skipped.
///
/// # Errors
/// If the model's classes are not those of the data, no clip can be read, or `progress` stopped it.
pub fn evaluate_actions(
    model: &HiddenTwoStream,
    dataset: &Dataset,
    plan: &EvaluationPlan,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    on_unreadable: &mut dyn FnMut(&Error),
) -> Result<ActionsOutcome> {
    let mut scores = ClipScores::new(dataset.classes.len()).with_thresholds(model.card.thresholds.clone());
    score_all(model, dataset, plan, progress, &mut |outcome| match outcome {
        Ok(clip) => scores.push(clip),
        Err(error) => {
            on_unreadable(&error);
            scores.fail(&error.to_string());
        }
    })?;
    let fusion = fusion_of_views(&model.card, plan.protocol.average, plan.fusion);
    ActionsOutcome::of(scores, &model.card.name, &dataset.classes, &EvaluationPlan { fusion, ..plan.clone() })
}

impl ActionsOutcome {
    /// Returns the outcome of all `scores` by the model named `model` for the clips of `plan`.
    ///
    /// # Errors
    /// If no clip could be read.
    pub fn of(scores: ClipScores, model: &str, classes: &[String], plan: &EvaluationPlan) -> Result<Self> {
        if scores.is_empty() {
            return Err(Error::new("evaluation", "no clip could be read", "See the errors above"));
        }
        let report = scores.report(model, classes, plan);
        Ok(Self { report, scores })
    }
}

/// Scores all clips of `dataset` and passes the scores of each, or why it cannot be read, to `report` in dataset order.
/// `progress` gets the number of finished clips and of all clips, and may stop the evaluation.
///
/// # Errors
/// If the model's classes are not those of the data, or `progress` stopped it.
fn score_all(
    model: &HiddenTwoStream,
    dataset: &Dataset,
    plan: &EvaluationPlan,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    report: &mut dyn FnMut(Result<ScoredClip>),
) -> Result<()> {
    let (mut seen, all) = (0, dataset.clips.len());
    let stopped = AtomicBool::new(progress(0, all).is_break());
    let is_stopped = || stopped.load(Ordering::Relaxed);
    score_clips(model, dataset, plan.protocol, plan.flow_source, &is_stopped, &mut |outcome| {
        report(outcome);
        seen += 1;
        if progress(seen, all).is_break() {
            stopped.store(true, Ordering::Relaxed);
        }
    })?;
    if seen < all {
        let cause = format!("stopped after {}", counted(seen, "clip"));
        return Err(Error::cancelled("evaluation", cause, "Run the evaluation again"));
    }
    Ok(())
}

/// Scores the clips of `dataset` and passes the scores of each, or why it cannot be read, to `report` in dataset order,
/// until all are done or `stop` returns true. Clips that were not completely scored by then are not reported. On the
/// CPU, clips are scored in parallel.
///
/// # Errors
/// If the model's classes are not those of the data, or a computation fails.
pub fn score_clips(
    model: &HiddenTwoStream,
    dataset: &Dataset,
    protocol: Protocol,
    flow_source: FlowSource,
    stop: &(dyn Fn() -> bool + Sync),
    report: &mut dyn FnMut(Result<ScoredClip>),
) -> Result<()> {
    check_classes(model, dataset)?;
    check_source(model, flow_source)?;
    // A failure stops the other threads.
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let stop = || is_over.load(Ordering::Relaxed) || stop();
    let (sender, outcomes) = mpsc::channel();
    let workers = workers(model, dataset, protocol);
    let work = |model: HiddenTwoStream, sender: mpsc::Sender<(usize, Result<Result<ScoredClip>>)>| {
        let scorer = ClipScorer::new(&model, protocol).until(&stop);
        while !stop() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(clip) = dataset.clips.get(index) else { return };
            let outcome = caught("evaluation", || Ok(scorer.score(clip, flow_source)));
            if matches!(outcome, Ok(Err(_))) && stop() {
                return; // the error is caused by the stop
            }
            is_over.fetch_or(outcome.is_err(), Ordering::Relaxed);
            if sender.send((index, outcome)).is_err() {
                return;
            }
        }
    };
    thread::scope(|scope| {
        for number in 0..workers {
            let (model, sender, work) = (model.clone(), sender.clone(), &work);
            let thread = thread::Builder::new().name(format!("evaluation {number}")).stack_size(STACK_BYTES);
            let started = thread.spawn_scoped(scope, move || work(model, sender));
            if let (Err(error), 0) = (started, number) {
                return Err(Error::no_thread("evaluation", &error));
            }
        }
        drop(sender);
        report_in_order(outcomes, report)
    })
}

/// Returns how many clips are scored in parallel: one on a GPU, which it keeps busy; otherwise as many as have their
/// frames fit in memory.
fn workers(model: &HiddenTwoStream, dataset: &Dataset, protocol: Protocol) -> usize {
    if model.motion.devices().iter().any(is_gpu) {
        return 1;
    }
    let room = available_bytes().map_or(MEMORY, |free| MEMORY.min((free / 4) as usize));
    let fitting = room / ClipScorer::new(model, protocol).bytes().max(1);
    rayon::current_num_threads().min(fitting).min(dataset.clips.len()).max(1)
}

/// Passes outcomes on in the order of their indices, each as soon as all before it have arrived.
///
/// # Errors
/// The first computation that failed.
fn report_in_order<T>(outcomes: impl IntoIterator<Item = (usize, Result<T>)>, report: &mut dyn FnMut(T)) -> Result<()> {
    let (mut waiting, mut due) = (BTreeMap::new(), 0);
    for (index, outcome) in outcomes {
        waiting.insert(index, outcome?);
        while let Some(outcome) = waiting.remove(&due) {
            report(outcome);
            due += 1;
        }
    }
    Ok(())
}

/// Rejects a model whose classes are not those of the data.
///
/// # Errors
/// If the model has a stream and its classes are not those of the data.
pub fn check_classes(model: &HiddenTwoStream, dataset: &Dataset) -> Result<()> {
    if !model.classifies() || are_alike(&model.card.classes, &dataset.classes) {
        return Ok(());
    }
    if let Some(error) = partial(&model.card.classes, &dataset.classes) {
        return Err(error);
    }
    let first =
        model.card.classes.iter().zip(&dataset.classes).position(|(model, data)| composed(model) != composed(data));
    let cause = match first {
        Some(i) => {
            format!(
                "class {} is '{}' in the model and '{}' in the data",
                i + 1,
                model.card.classes[i],
                dataset.classes[i]
            )
        }
        None => {
            format!("the model has {}, the data {}", counted(model.card.classes.len(), "class"), dataset.classes.len())
        }
    };
    Err(Error::new("classes", cause, "Evaluate on the classes the model was trained for"))
}

/// Rejects flow from another source for a joint network, which classifies frames, and flow of an untrained motion
/// network.
fn check_source(model: &HiddenTwoStream, source: FlowSource) -> Result<()> {
    let reads_flow = model.temporal.as_ref().is_some_and(|stream| !stream.input().modality.is_of_frames());
    if reads_flow && source.needs_network() && model.card.has_untrained_motion() {
        let cause = "the model's MotionNet was never trained: its flow is noise";
        return Err(Error::new("flow source", cause, "Leave it out: the stream then reads the flow it was trained on"));
    }
    if model.motion.joint().is_none() || source == FlowSource::MotionNet {
        return Ok(());
    }
    let cause = "a joint network classifies frames, not the flow of another source";
    Err(Error::new("flow source", cause, "Leave it out, or evaluate a model with a temporal stream"))
}

/// Returns the error for data with only some of the model's classes: class indices then differ.
fn partial(model: &[String], data: &[String]) -> Option<Error> {
    let known = |class: &String| model.iter().any(|other| composed(other) == composed(class));
    if data.len() >= model.len() || !data.iter().all(known) {
        return None;
    }
    let cause = format!("the data has {} of the model's {} classes", data.len(), model.len());
    let remedy = "Name a list of the clips and a class index with all of the model's classes";
    Some(Error::new("classes", cause, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_told_in_order_and_a_failure_ends_it() {
        let mut told = Vec::new();
        report_in_order([2, 0, 1, 4].map(|index| (index, Ok(index))), &mut |index| told.push(index)).unwrap();
        assert_eq!(told, [0, 1, 2], "number 3 never came");
        let broken = [(0, Ok(0)), (2, Err(Error::new("device", "lost", "Try again"))), (1, Ok(1))];
        told.clear();
        assert_eq!(report_in_order(broken, &mut |index| told.push(index)).unwrap_err().subject, "device");
        assert_eq!(told, [0]);
    }

    #[test]
    fn a_part_of_the_classes_is_not_called_another_class() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let model = names(&["brush", "golf", "pour"]);
        let error = partial(&model, &names(&["golf", "pour"])).unwrap();
        assert_eq!(error.cause, "the data has 2 of the model's 3 classes");
        assert_eq!(partial(&model, &names(&["golf", "swim"])), None);
        assert_eq!(partial(&model, &model), None);
    }
}
