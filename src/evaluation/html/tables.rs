//! The tables of a report.

use super::escape::escaped;
use crate::evaluation::{ActionsReport, ReportSource};
use crate::nets::fusion;
use crate::plural::counted;

/// Returns the table of the settings of the evaluation.
pub(super) fn run(report: &ActionsReport) -> String {
    let fusion = format!("{:?} rule, 1 : {}", report.fusion.rule, report.fusion.temporal_weight);
    let spread = format!("{:?}", report.spread).to_lowercase();
    let mut rows = vec![
        ["Data".into(), report.data.clone()],
        ["Clips".into(), format!("{} of {}", report.clips, counted(report.classes.len(), "class"))],
        ["Views per clip".into(), format!("{} (samples × crops), {spread} sampling", report.views)],
        ["Fusion".into(), fusion],
    ];
    if let Some(all) = report.stopped_of {
        rows.push([
            "Stopped".into(),
            format!("after {} of {all} clips (partial result)", report.clips + report.failures.len()),
        ]);
    }
    if let Some(ratio) = report.photometric_ratio {
        rows.push([
            "Photometric ratio".into(),
            format!("{:.1} % (warping error relative to zero flow)", 100.0 * ratio),
        ]);
    }
    rows.extend(report.source.iter().flat_map(ReportSource::rows));
    table(None, rows.into_iter().map(|row| row.to_vec()), 2)
}

/// Returns the table of accuracies by stream.
pub(super) fn accuracies(report: &ActionsReport) -> String {
    let rows = report.streams().map(|(name, stream)| {
        vec![
            name.into(),
            share(Some(stream.top1)),
            stream.correct.to_string(),
            share(Some(stream.top5)),
            share(stream.mean_class),
            format!("{:.3}", stream.calibration.ece),
        ]
    });
    table(Some(&["Stream", "Top-1", "Correct", "Top-5", "Mean class accuracy", "ECE"]), rows, 1)
}

/// Returns the remarks as paragraphs.
pub(super) fn remarks(report: &ActionsReport) -> String {
    report.remarks.iter().map(|remark| format!("<p>{}</p>\n", escaped(remark))).collect()
}

/// Returns the table of folds.
pub(super) fn folds(report: &ActionsReport) -> String {
    if report.folds.is_empty() {
        return String::new();
    }
    let head = ["Held out", "Clips", "Training clips", "Top-1 spatial", "Top-1 temporal", "Top-1 fused", "Seconds"];
    let rows = report.folds.iter().map(|fold| {
        let shares = [fold.spatial, fold.temporal, fold.fused].map(share);
        let counts = [fold.name.clone(), fold.clips.to_string(), fold.learned_from.to_string()];
        counts.into_iter().chain(shares).chain([format!("{:.1}", fold.seconds)]).collect()
    });
    table(Some(&head), rows, 1)
}

/// Returns the table of classes: recall of each stream, precision and F1 of the last one.
pub(super) fn classes(report: &ActionsReport) -> String {
    let Some((last, headline)) = report.streams().last() else { return String::new() };
    let streams: Vec<_> = report.streams().collect();
    let recalls = streams.iter().map(|(name, _)| format!("Recall, {name}"));
    let last = [format!("Precision, {last}"), format!("F1, {last}")];
    let head: Vec<String> = ["Class".into(), "Clips".into()].into_iter().chain(recalls).chain(last).collect();
    let rows = report.classes.iter().enumerate().map(|(class, name)| {
        let figures = &headline.classes[class];
        let recalls = streams.iter().map(|(_, stream)| share(stream.classes[class].recall));
        let rest = [share(figures.precision), share(figures.f1)];
        [name.clone(), figures.clips.to_string()].into_iter().chain(recalls).chain(rest).collect()
    });
    table(Some(&head.iter().map(String::as_str).collect::<Vec<_>>()), rows, 1)
}

/// Returns the table of the largest confusions of the last stream.
pub(super) fn most_confused(report: &ActionsReport) -> String {
    let Some((_, stream)) = report.streams().last() else { return String::new() };
    if stream.most_confused.is_empty() {
        return String::new();
    }
    let rows = stream.most_confused.iter().map(|pair| {
        vec![report.classes[pair.label].clone(), report.classes[pair.guess].clone(), pair.clips.to_string()]
    });
    table(Some(&["Class", "Predicted as", "Clips"]), rows, 2)
}

/// Returns the table of misclassified clips of the last stream, the most confident first.
pub(super) fn worst(report: &ActionsReport) -> String {
    let Some((name, stream)) = report.streams().last() else { return String::new() };
    if stream.worst.is_empty() {
        return String::new();
    }
    let rows = stream.worst.iter().map(|&clip| {
        let result = &report.results[clip];
        let [class, confidence] = result.guess(name).map_or_else(Default::default, |guess| {
            [report.classes[guess.class].clone(), format!("{} %", fusion::percent(guess.confidence, 1))]
        });
        vec![result.path.clone(), report.classes[result.label].clone(), class, confidence]
    });
    table(Some(&["Clip", "Class", "Predicted", "Confidence"]), rows, 3)
}

/// Returns the table of clips that could not be read.
pub(super) fn failures(report: &ActionsReport) -> String {
    if report.failures.is_empty() {
        return String::new();
    }
    table(None, report.failures.iter().map(|failure| vec![failure.clone()]), 1)
}

/// Rows of plain text whose first `names` columns are names.
fn table(head: Option<&[&str]>, rows: impl Iterator<Item = Vec<String>>, names: usize) -> String {
    let head = head.map_or_else(String::new, |cells| {
        let cells: String = cells.iter().map(|cell| format!("<th>{}</th>", escaped(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    });
    let cell = |(column, text): (usize, &String)| {
        let class = if column < names { " class=\"name\"" } else { "" };
        format!("<td{class}>{}</td>", escaped(text))
    };
    let rows = rows.map(|row| format!("<tr>{}</tr>\n", row.iter().enumerate().map(cell).collect::<String>()));
    format!("<table>\n{head}{}</table>\n", rows.collect::<String>())
}

/// Returns a share in percent, empty if there is none.
fn share(share: Option<f64>) -> String {
    share.map(|share| format!("{:.1} %", 100.0 * share)).unwrap_or_default()
}
