//! Scores the clips of a list on the thread "evaluation": what the command line does at one go, clip by clip.

use std::path::PathBuf;

use crossbeam_channel::{Receiver, unbounded};

use super::Message;
use super::job::Stop;
use super::outbox::Outbox;
use crate::error::{Error, Result};
use crate::evaluation::{Protocol, ReportSource, ScoredClip, check_classes, score_clips};
use crate::gpu::Compute;
use crate::gpu::panics::caught;
use crate::nets::HiddenTwoStream;
use crate::training::dataset::{Dataset, Problem, no_clips};
use crate::training::{DataSource, FlowSource};

/// What is to be scored, by what, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationOrder {
    /// The clips.
    pub source: DataSource,
    /// The model folder.
    pub model: PathBuf,
    /// How the clips are seen.
    pub protocol: Protocol,
}

/// An evaluation that begins.
#[derive(Debug, Clone)]
pub struct EvaluationStart {
    /// Name of the model.
    pub model: String,
    /// Which model it is, where and when it is measured.
    pub source: ReportSource,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// How many clips there are.
    pub clips: usize,
    /// Rows of the list that are left out.
    pub left_out: Vec<Error>,
    /// What was said of each clip, or why it cannot be read, in their order. A channel of its own: however late the reader
    /// looks, none is lost.
    pub outcomes: Receiver<Result<ScoredClip>>,
}

/// Scores until all is done or `stop` is asked for; failures are told in a message.
pub(super) fn run(order: &EvaluationOrder, compute: &Compute, outbox: &Outbox, stop: &Stop) {
    let fail = |errors| outbox.send(Message::EvaluationFailed(errors));
    let (dataset, left_out) = match read(&order.source) {
        Ok(read) => read,
        Err(errors) => return fail(errors),
    };
    if let Err(error) = caught("evaluation", || score(order, &dataset, left_out, compute, outbox, stop)) {
        fail(vec![error]);
    }
}

/// The clips, and what is wrong with the rows that the source lets one leave out.
fn read(source: &DataSource) -> std::result::Result<(Dataset, Vec<Error>), Vec<Error>> {
    let (dataset, problems) = Dataset::with_problems(source).map_err(|error| vec![error])?;
    let problems: Vec<Error> = problems.into_iter().map(Problem::into_error).collect();
    match dataset.clips.is_empty() {
        _ if !problems.is_empty() && !source.skips_bad() => Err(problems),
        true => Err(std::iter::once(no_clips(source)).chain(problems).collect()),
        false => Ok((dataset, problems)),
    }
}

fn score(
    order: &EvaluationOrder,
    dataset: &Dataset,
    left_out: Vec<Error>,
    compute: &Compute,
    outbox: &Outbox,
    stop: &Stop,
) -> Result<()> {
    let model = HiddenTwoStream::load(&order.model, &compute.device)?;
    check_classes(&model, dataset)?;
    let (sender, outcomes) = unbounded(); // one outcome a clip
    let (name, classes) = (model.card.name.clone(), dataset.classes.clone());
    let source = ReportSource::of(&model.card, &order.model, &compute.name);
    let start = EvaluationStart { model: name, source, classes, clips: dataset.clips.len(), left_out, outcomes };
    outbox.send(Message::EvaluationStarted(Box::new(start)));
    score_clips(&model, dataset, order.protocol, FlowSource::MotionNet, &|| stop.is_asked(), &mut |outcome| {
        // Nobody reads on after the window is gone.
        let _ = sender.send(outcome);
        outbox.wake();
    })
}
