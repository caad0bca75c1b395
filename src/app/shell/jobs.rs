//! Running jobs: the progress of each, and the command that cancels it.

use std::time::Instant;

use crate::app::command::Command;
use crate::app::panel::Action;
use crate::app::session::Session;
use crate::app::ui::progress::Progress;

/// What the exports are called while they are under way.
pub(in crate::app) const EXPORTING_FLOW: &str = "Exporting flow";
pub(in crate::app) const EXPORTING_COMPARISON: &str = "Exporting the comparison video";
pub(in crate::app) const EXPORTING_ANNOTATED: &str = "Exporting the annotated video";
const EXPORTING_LABELS: &str = "Exporting labels";

/// A running job.
pub(super) struct BackgroundJob {
    /// Short description.
    pub title: &'static str,
    /// Progress.
    pub text: String,
    /// The command that cancels it, and its effect.
    pub cancel: (Action, &'static str),
    /// Start time.
    began: Instant,
}

/// Returns what is under way beside a training, what began last first.
pub(super) fn jobs(session: &Session) -> Vec<BackgroundJob> {
    let labeling = &session.labeling;
    let cuts = labeling.interchange.exporting;
    let predicting = session.predicting.in_words();
    let counted = [
        ("Measuring the flow of the clip", "Measuring", session.flow.measuring, Command::MeasureClip),
        (session.export_title, "Exporting", session.exporting, Command::StopExport),
        (EXPORTING_LABELS, "Cutting clips", cuts, Command::StopExport),
        ("Running the flow benchmark", "Benchmark", session.benchmark.progress(), Command::RunBenchmark),
        ("Evaluating the model", "Evaluating", evaluation(session), Command::RunEvaluation),
        ("Suggesting labels", "Suggesting labels", labeling.suggestions.progress(), Command::Suggest),
        ("Predicting clips", &predicting, session.predicting.progress(), Command::StopPredicting),
        ("Computing pinned frames", "Pinned frames", session.pinned.progress(), Command::StopPinned),
        ("Generating the sample", "Generating the sample", session.writing_sample, Command::StopSample),
    ];
    let job = |(title, work, progress, command): (_, &str, Option<Progress>, Command)| {
        let progress = progress?;
        let tooltip = if command == Command::StopExport { stop_export_tooltip(title) } else { command.tooltip() };
        let cancel = (Action::Run(command), tooltip);
        Some(BackgroundJob { title, text: progress.of_work(work), cancel, began: progress.began() })
    };
    let search = labeling.searches.since().map(|began| BackgroundJob {
        title: "Searching for videos",
        text: labeling.searches.in_words(),
        cancel: (Action::StopSearches, "Stop searching for videos"),
        began,
    });
    let mut jobs: Vec<BackgroundJob> = counted.into_iter().filter_map(job).chain(search).collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.began));
    jobs
}

/// Returns what stopping the export called `title` stops, and what stays of it.
pub(in crate::app) fn stop_export_tooltip(title: &str) -> &'static str {
    match title {
        EXPORTING_FLOW => "Stop exporting flow; pairs written so far stay",
        EXPORTING_COMPARISON => "Stop the comparison video; its part so far stays",
        EXPORTING_ANNOTATED => "Stop the annotated video; nothing of it stays",
        _ => "Stop exporting labels; nothing is written",
    }
}

fn evaluation(session: &Session) -> Option<Progress> {
    session.evaluation.work().filter(|_| session.evaluation.is_running())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Message;

    #[test]
    fn each_job_says_how_far_it_is_and_the_newest_comes_first() {
        let mut session = Session::new("CPU".into());
        assert!(jobs(&session).is_empty());
        session.receive(&Message::ExportProgress { done: 1, total: 9 });
        assert!(jobs(&session).is_empty(), "it was cancelled");
        session.export_title = "Exporting the comparison video";
        session.exporting = Some(Progress::begin(0, "pairs"));
        session.receive(&Message::ExportProgress { done: 3, total: 300 });
        session.receive(&Message::SampleProgress(0, 24));
        let jobs = jobs(&session);
        let shown: Vec<_> = jobs.iter().map(|job| (job.title, job.text.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("Generating the sample", "Generating the sample: 0 of 24 clips"),
                ("Exporting the comparison video", "Exporting: 3 of 300 pairs"),
            ]
        );
        assert!(matches!(jobs[1].cancel.0, Action::Run(Command::StopExport)));
        assert!(jobs[1].cancel.1.starts_with("Stop the comparison video"));
    }

    #[test]
    fn what_is_stopped_is_named_and_what_stays_of_it() {
        let mut session = Session::new("CPU".into());
        let mut tooltip = |title: &'static str, labels: bool| {
            session.export_title = title;
            let begun = || Some(Progress::begin(0, "clips"));
            session.exporting = if labels { None } else { begun() };
            session.labeling.interchange.exporting = if labels { begun() } else { None };
            jobs(&session)[0].cancel.1
        };
        let tooltips = [
            tooltip(EXPORTING_FLOW, false),
            tooltip(EXPORTING_COMPARISON, false),
            tooltip(EXPORTING_ANNOTATED, false),
            tooltip(EXPORTING_FLOW, true),
        ];
        for (tooltip, what) in tooltips.into_iter().zip(["flow", "comparison", "annotated", "labels"]) {
            assert!(tooltip.contains(what), "{tooltip}");
        }
    }
}
