//! The tables of a report.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::evaluation::{ActionsReport, ReportSource, interval_in_percent, interval_of_share};
use crate::nets::fusion;
use crate::plural::counted;

/// Maximum number of clips in a list that is not collapsed.
const OPEN_CLIPS: usize = 200;

/// Returns the table of the settings of the evaluation.
pub(super) fn run(report: &ActionsReport) -> Markup {
    let fusion = format!("{:?} rule, 1 : {}", report.fusion.rule, report.fusion.temporal_weight);
    let spread = format!("{:?}", report.spread).to_lowercase();
    let mut rows = vec![
        ["Data".into(), report.data.clone()],
        ["Clips".into(), coverage(report)],
        ["Views per clip".into(), format!("{} (samples × crops), {spread} sampling", report.views)],
        ["Fusion".into(), fusion],
    ];
    if let Some(all) = report.stopped_of {
        rows.push([
            "Stopped".into(),
            format!("after {} of {} (partial result)", report.clips + report.failures.len(), counted(all, "clip")),
        ]);
    }
    if let Some(ratio) = report.photometric_ratio {
        rows.push([
            "Photometric ratio".into(),
            format!("{:.1} % (photometric error relative to zero flow)", 100.0 * ratio),
        ]);
    }
    rows.extend(report.source.iter().flat_map(ReportSource::rows));
    table(&[], rows.into_iter().map(|row| row.to_vec()), 2)
}

/// Returns the number of scored clips and classes: `4 of 3 classes; the model has 21`.
fn coverage(report: &ActionsReport) -> String {
    let shown = report.results.iter().flat_map(|result| [result.label].into_iter().chain(result.also.iter().copied()));
    let seen: BTreeSet<usize> = shown.collect();
    let rest = match report.classes.len() {
        all if all > seen.len() => format!("; the model has {all}"),
        _ => String::new(),
    };
    format!("{} of {}{rest}", report.clips, counted(seen.len(), "class"))
}

/// Returns the table of the multi-label figures by stream.
fn several(report: &ActionsReport) -> Markup {
    let rows = report.streams().filter_map(|(name, stream)| {
        let own = stream.multi_label.as_ref()?;
        Some(vec![name.into(), share(own.map), share(own.macro_f1), share(own.micro_f1), share(Some(stream.top1))])
    });
    html! {
        (table(&["Stream", "mAP", "Macro F1", "Micro F1", "Likeliest class shown"], rows, 1))
        p.small { "Each class counts by itself, at the threshold of the model. mAP: mean average precision of the classes that clips show." }
    }
}

/// Returns the table of accuracies by stream.
pub(super) fn accuracies(report: &ActionsReport) -> Markup {
    if report.is_multi_label() {
        return several(report);
    }
    let top5 = report.has_top5();
    let rows = report.streams().map(|(name, stream)| {
        let first = [
            name.into(),
            share(Some(stream.top1)),
            interval(stream.interval),
            format!("{} of {}", stream.correct, report.clips),
        ];
        let last = [share(stream.mean_class), format!("{:.3}", stream.calibration.ece)];
        first.into_iter().chain(top5.then(|| share(stream.top5))).chain(last).collect()
    });
    let head: Vec<&str> = ["Stream", "Top-1", "95 % interval", "Correct"]
        .into_iter()
        .chain(top5.then_some("Top-5"))
        .chain(["Mean class accuracy", "ECE"])
        .collect();
    html! {
        (table(&head, rows, 1))
        p.small { "Intervals are 95 % Wilson score intervals: where the accuracy on many such clips probably is." }
    }
}

/// Returns the table of folds.
pub(super) fn folds(report: &ActionsReport) -> Option<Markup> {
    (!report.folds.is_empty()).then_some(())?;
    let head = ["Held out", "Clips", "Training clips", "Top-1 spatial", "Top-1 temporal", "Top-1 fused", "Seconds"];
    let rows = report.folds.iter().map(|fold| {
        let with_interval =
            |top1: f64| format!("{} ({})", share(Some(top1)), interval_in_percent(interval_of_share(top1, fold.clips)));
        let shares = [fold.spatial, fold.temporal, fold.fused].map(|top1| top1.map(with_interval).unwrap_or_default());
        let counts = [fold.name.clone(), fold.clips.to_string(), fold.learned_from.to_string()];
        counts.into_iter().chain(shares).chain([format!("{:.1}", fold.seconds)]).collect()
    });
    Some(table(&head, rows, 1))
}

/// Returns the table of classes: recall of each stream, precision and F1 of the last one.
pub(super) fn classes(report: &ActionsReport) -> Option<Markup> {
    let (last, headline) = report.streams().last()?;
    let streams: Vec<_> = report.streams().collect();
    let recalls = streams.iter().flat_map(|(name, _)| [format!("Recall, {name}"), "95 % interval".into()]);
    let of_last = [format!("Precision, {last}"), format!("F1, {last}")];
    let several = headline.multi_label.as_ref();
    let of_several = several.map(|_| ["Threshold".to_owned(), format!("Average precision, {last}")]);
    let head = ["Class".into(), "Clips".into()].into_iter().chain(recalls).chain(of_last);
    let head: Vec<String> = head.chain(of_several.into_iter().flatten()).collect();
    let rows = report.classes.iter().enumerate().map(|(class, name)| {
        let figures = &headline.classes[class];
        let recalls = streams
            .iter()
            .flat_map(|(_, stream)| [share(stream.classes[class].recall), interval(stream.classes[class].interval)]);
        let rest = [share(figures.precision), share(figures.f1)];
        let of_several = several.map(|own| [share(Some(own.thresholds[class])), share(own.average_precision[class])]);
        let cells = [name.clone(), figures.clips.to_string()].into_iter().chain(recalls).chain(rest);
        cells.chain(of_several.into_iter().flatten()).collect()
    });
    Some(table(&head.iter().map(String::as_str).collect::<Vec<_>>(), rows, 1))
}

/// Returns the table of the largest confusions of the last stream.
pub(super) fn most_confused(report: &ActionsReport) -> Option<Markup> {
    let (_, stream) = report.streams().last().filter(|(_, stream)| !stream.most_confused.is_empty())?;
    (!report.is_multi_label()).then_some(())?;
    let rows = stream.most_confused.iter().map(|pair| {
        vec![report.classes[pair.label].clone(), report.classes[pair.guess].clone(), pair.clips.to_string()]
    });
    Some(table(&["Class", "Predicted as", "Clips"], rows, 2))
}

/// Returns the table of misclassified clips of the last stream, the most confident first.
pub(super) fn worst(report: &ActionsReport) -> Option<Markup> {
    let (name, stream) = report.streams().last().filter(|(_, stream)| !stream.worst.is_empty())?;
    let rows = stream.worst.iter().map(|&clip| {
        let result = &report.results[clip];
        let [class, confidence] = result.guess(name).map_or_else(Default::default, |guess| {
            [report.classes[guess.class].clone(), format!("{} %", fusion::percent(guess.confidence, 1))]
        });
        vec![result.path.clone(), result.shown(&report.classes), class, confidence]
    });
    Some(table(&["Clip", "Class", "Predicted", "Confidence"], rows, 3))
}

/// Returns the table of all clips with the prediction of each stream, collapsed if long.
pub(super) fn clips(report: &ActionsReport) -> Option<Markup> {
    (!report.results.is_empty()).then_some(())?;
    let streams: Vec<&str> = report.streams().map(|(name, _)| name).collect();
    Some(html! {
        details open[report.results.len() <= OPEN_CLIPS] {
            summary { (counted(report.results.len(), "clip")) ", predictions with their confidence, errors in colour" }
            table {
                tr { th { "Clip" } th { "Class" } @for name in &streams { th { (name) } } }
                @for result in &report.results {
                    tr {
                        td.name { (result.path) }
                        td.name { (result.shown(&report.classes)) }
                        @for name in &streams {
                            @match result.guess(name) {
                                Some(guess) => td.name.error[!result.shows(guess.class)] {
                                    (report.classes[guess.class]) " " (fusion::percent(guess.confidence, 1)) " %"
                                },
                                None => td {},
                            }
                        }
                    }
                }
            }
        }
    })
}

/// Returns the table of clips that could not be read.
pub(super) fn failures(report: &ActionsReport) -> Option<Markup> {
    let rows = report.failures.iter().map(|failure| vec![failure.clone()]);
    (!report.failures.is_empty()).then(|| table(&[], rows, 1))
}

/// Returns rows of plain text, whose first `names` columns are names, below `head` if that is not empty.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>, names: usize) -> Markup {
    html! {
        table {
            @if !head.is_empty() { tr { @for cell in head { th { (cell) } } } }
            @for row in rows {
                tr { @for (column, cell) in row.iter().enumerate() { td.name[column < names] { (cell) } } }
            }
        }
    }
}

/// Returns an interval in percent, empty if there is none.
fn interval(interval: Option<[f64; 2]>) -> String {
    interval.map(|interval| format!("{} %", interval_in_percent(Some(interval)))).unwrap_or_default()
}

/// Returns a share in percent, empty if there is none.
fn share(share: Option<f64>) -> String {
    share.map(|share| format!("{:.1} %", 100.0 * share)).unwrap_or_default()
}
