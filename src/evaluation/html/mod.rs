//! A report as one page: no script, no second file, nothing from the network; plots are SVG.

mod escape;
mod plots;
mod tables;

use super::ActionsReport;
use escape::escaped;

/// The looks of the page; colours of the plots are classes here.
const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; } th, td { padding: .15rem .8rem .15rem 0; text-align: right; }
th:first-child, td.name { text-align: left; } th { font-weight: 600; border-bottom: 1px solid #8888; }
svg { max-width: 100%; height: auto; overflow: visible; } svg text { font-size: 11px; fill: currentColor; }
.axis { stroke: currentColor; stroke-opacity: .4; fill: none; } .line { stroke: #2f7fd6; stroke-width: 2; fill: none; }
.mark { fill: #d6602f; } .bar { fill: #2f7fd6; } .gap { fill: #d6602f; fill-opacity: .35; } .right { fill: #2f7fd6; } .wrong { fill: #d6602f; }
.plots { display: flex; flex-wrap: wrap; gap: 2rem; } figure { margin: 0; } figcaption { font-size: .85rem; opacity: .75; }";

/// Returns the HTML page of `report`.
pub(super) fn page(report: &ActionsReport) -> String {
    let title = escaped(&format!("Action recognition: {}", report.model));
    let body = [
        tables::run(report),
        tables::accuracies(report),
        tables::remarks(report),
        plots(report),
        section("Folds", &tables::folds(report)),
        section("Confusion matrix", &confusion(report)),
        section("Per-class results", &tables::classes(report)),
        section("Most frequent confusions", &tables::most_confused(report)),
        section("Most confident errors", &tables::worst(report)),
        section("Clips that could not be read", &tables::failures(report)),
    ];
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>\n{STYLE}\n</style>\n</head>\n<body>\n<h1>{title}</h1>\n{}</body>\n</html>\n",
        body.concat()
    )
}

fn plots(report: &ActionsReport) -> String {
    let mut figures: Vec<String> = report
        .streams()
        .map(|(name, stream)| figure(&plots::reliability(&stream.calibration), &format!("Reliability diagram, {name}")))
        .collect();
    if !report.sweep.is_empty() {
        let weight = report.fusion.temporal_weight;
        figures.insert(0, figure(&plots::sweep(&report.sweep, weight), "Fused top-1 accuracy by temporal weight"));
    }
    section("Plots", &format!("<div class=\"plots\">\n{}</div>\n", figures.concat()))
}

/// Returns the confusion matrix of the fused streams, or of the only one.
fn confusion(report: &ActionsReport) -> String {
    let Some((name, stream)) = report.streams().last() else { return String::new() };
    let plot = plots::confusion(&stream.confusion, &report.classes);
    figure(&plot, &format!("True (rows) and predicted (columns) classes, {name}: share of the row; hover for counts"))
}

/// Returns a section of the page, or nothing for no content.
fn section(title: &str, content: &str) -> String {
    if content.is_empty() { String::new() } else { format!("<h2>{}</h2>\n{content}", escaped(title)) }
}

fn figure(plot: &str, caption: &str) -> String {
    format!("<figure>\n{plot}<figcaption>{}</figcaption>\n</figure>\n", escaped(caption))
}
