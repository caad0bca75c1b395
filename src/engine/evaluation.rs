//! Evaluation of a list of clips on the thread "evaluation", clip by clip.

use crossbeam_channel::unbounded;

use super::runtime::events::EventSender;
use super::runtime::job::JobStop;
use super::{EvaluationOrder, EvaluationSource, EvaluationStart, Message, ProjectLabels};
use crate::data::{Chosen, DataSource, Dataset, FromLabels, Problem, no_clips};
use crate::error::{Error, Result};
use crate::evaluation::{MatchedClips, ReportSource, average_remark, flow_remark, match_classes, score_clips};
use crate::gpu::Compute;
use crate::labels::Video;
use crate::nets::{HiddenTwoStream, ModelCard};
use crate::panic_guard::caught;
use crate::training::trained_on_remark;

/// Scores all clips, or until `stop` is requested; failures are sent as messages.
pub(super) fn run(order: &EvaluationOrder, compute: &Compute, events: &EventSender, stop: &JobStop) {
    let fail = |errors| events.send(Message::EvaluationFailed(errors));
    let is_multi_label = ModelCard::read(&order.model).is_ok_and(|card| card.fusion.is_multi_label());
    let (dataset, left_out) = match read(&order.source, is_multi_label) {
        Ok(read) => read,
        Err(errors) => return fail(errors),
    };
    if let Err(error) = caught("evaluation", || score(order, dataset, left_out, compute, events, stop)) {
        fail(vec![error]);
    }
}

/// Returns the clips, and what is wrong with the rows that the source lets one leave out. Labels of several classes at a time are for
/// a multi-label model.
fn read(source: &EvaluationSource, multi_label: bool) -> std::result::Result<(Dataset, Vec<Error>), Vec<Error>> {
    match source {
        EvaluationSource::Data(source) => read_data(&source.clone().with_several(multi_label)),
        EvaluationSource::Labels(labels) => {
            let ProjectLabels { project, document, paths } = &**labels;
            let used = document.videos.values().flat_map(Video::all_labels).collect();
            let chosen = Chosen { labels: used, multi_label, ..Chosen::default() };
            let FromLabels { pieces, left_out, .. } =
                FromLabels::new(document, project, &chosen, &|id| paths.get(&id).cloned());
            if pieces.pieces.is_empty() {
                let none = Error::file(project, "the project has no labelled clips", "Label some clips first");
                return Err(std::iter::once(none).chain(left_out).collect());
            }
            let (dataset, problems) = read_data(&DataSource::Pieces(pieces))?;
            Ok((dataset, left_out.into_iter().chain(problems).collect()))
        }
    }
}

fn read_data(source: &DataSource) -> std::result::Result<(Dataset, Vec<Error>), Vec<Error>> {
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
    dataset: Dataset,
    left_out: Vec<Error>,
    compute: &Compute,
    events: &EventSender,
    stop: &JobStop,
) -> Result<()> {
    let model = HiddenTwoStream::load(&order.model, &compute.device)?;
    let MatchedClips { dataset, mut remarks, .. } = match_classes(&model, dataset)?;
    let flow_source = model.card.flow_source();
    remarks.extend(trained_on_remark(&order.model, &dataset.clips));
    remarks.extend(flow_remark(&model.card, flow_source));
    let of_mean = average_remark(&model.card, order.protocol.average);
    let by_softmax = of_mean.is_some();
    remarks.extend(of_mean);
    let (sender, outcomes) = unbounded(); // one outcome per clip
    let (name, classes) = (model.card.name.clone(), dataset.classes.clone());
    let source = ReportSource::of(&model.card, &order.model, &compute.name, order.command.clone());
    let clips = dataset.clips.len();
    let thresholds = model.card.thresholds.clone();
    let start =
        EvaluationStart { model: name, source, classes, clips, left_out, remarks, by_softmax, thresholds, outcomes };
    events.send(Message::EvaluationStarted(Box::new(start)));
    score_clips(&model, &dataset, order.protocol, flow_source, &|| stop.is_asked(), &mut |outcome| {
        // Sending fails after the window is closed.
        let _ = sender.send(outcome);
        events.wake();
    })
}
